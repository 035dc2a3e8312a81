//! Connections to one SQLite file: read-only, opened when needed, kept for reuse.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nextlink_odata::rows::RowSink;
use nextlink_sql::catalog::Catalog;
use nextlink_sql::notice::Notice;
use nextlink_sql::statement::Program;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::introspect::{IntrospectLimits, introspect};
use super::{functions, run};
use crate::error::Error;
use crate::run::{Outcome, RunOptions};

/// Connections kept for reuse.
const IDLE_CONNECTIONS: usize = 8;
/// Prepared statements kept by a connection.
const CACHED_STATEMENTS: usize = 64;
/// Page cache of a connection, in KiB (negative is how SQLite names that unit). The file is not mapped into memory: the
/// operating system caches it anyway, and a process that maps large files looks as if it used that memory.
const CACHE_KIB: i64 = -1024;
/// Only the start of the file is mapped: its first page is looked at for every statement.
const MAPPED_BYTES: i64 = 64 * 1024;
/// Virtual machine steps between two looks at the clock.
const STEPS: i32 = 5_000;

/// A SQLite file.
#[derive(Debug)]
pub struct SqliteSource {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl SqliteSource {
    /// Opens a file, and looks at its header.
    ///
    /// # Errors
    /// It is not there, cannot be read, is locked, or is no database.
    pub fn open(path: &Path) -> Result<SqliteSource, Error> {
        let source = SqliteSource { path: path.to_owned(), idle: Mutex::new(Vec::new()) };
        let connection = source.connect()?;
        connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
        source.give_back(connection);
        Ok(source)
    }

    fn connect(&self) -> Result<Connection, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        // A name in double quotes is a name, never a text; views cannot call what is not harmless.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", CACHE_KIB)?;
        connection.pragma_update(None, "mmap_size", MAPPED_BYTES)?;
        functions::register(&connection)?;
        Ok(connection)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Result<Connection, Error> {
        let kept = self.idle().pop();
        match kept {
            Some(connection) => Ok(connection),
            None => self.connect(),
        }
    }

    fn give_back(&self, connection: Connection) {
        // A connection that is still inside a transaction would hold its snapshot; it is closed instead.
        if connection.is_autocommit() {
            let mut idle = self.idle();
            if idle.len() < IDLE_CONNECTIONS {
                idle.push(connection);
            }
        }
    }

    /// Runs something with a connection on which the bounds of the run are in force.
    fn bounded<T>(
        &self,
        options: &RunOptions,
        work: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut connection = self.take()?;
        connection.busy_timeout(options.lock_wait)?;
        let deadline = Instant::now() + options.timeout;
        let cancel = options.cancel.clone();
        connection
            .progress_handler(STEPS, Some(move || cancel.is_cancelled() || Instant::now() >= deadline))?;
        let result = work(&connection);
        connection.progress_handler(0, None::<fn() -> bool>)?;
        self.give_back(connection);
        match result {
            Err(Error::Cancelled) if !options.cancel.is_cancelled() => {
                Err(Error::TimedOut { seconds: options.timeout.as_secs() })
            }
            other => other,
        }
    }

    /// Reads the catalogue.
    ///
    /// # Errors
    /// See [`introspect`].
    pub fn introspect(&self, limits: &IntrospectLimits) -> Result<(Catalog, Vec<Notice>), Error> {
        let connection = self.take()?;
        connection.busy_timeout(Duration::from_secs(5))?;
        let result = introspect(&connection, limits);
        self.give_back(connection);
        result
    }

    /// See [`crate::source::Source::run`].
    pub fn run<S: RowSink>(
        &self,
        program: &Program,
        options: &RunOptions,
        sink: &mut S,
    ) -> Result<Outcome, Error> {
        self.bounded(options, |connection| run::run(connection, program, sink))
    }

    /// See [`crate::source::Source::run_now`].
    pub fn run_now<S: RowSink>(&self, program: &Program, sink: &mut S) -> Option<Result<Outcome, Error>> {
        let kept = self.idle().pop();
        let connection = match kept {
            Some(connection) => connection,
            None => match self.connect() {
                Ok(connection) => connection,
                Err(error) => return Some(Err(error)),
            },
        };
        let result = match connection.busy_timeout(Duration::ZERO) {
            Ok(()) => run::run(&connection, program, sink),
            Err(error) => Err(error.into()),
        };
        self.give_back(connection);
        match result {
            Err(Error::Locked) => None,
            other => Some(other),
        }
    }

    /// See [`crate::source::Source::count`].
    pub fn count(&self, program: &Program, options: &RunOptions) -> Result<(u64, Option<bool>), Error> {
        self.bounded(options, |connection| run::count(connection, program))
    }
}
