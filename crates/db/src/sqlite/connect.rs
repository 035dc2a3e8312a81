//! Connections to one SQLite file: read-only, opened when needed, kept for reuse as long as the file is the same.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nextlink_odata::rows::{PieceSink, RowSink};
use nextlink_odata::value::Value;
use nextlink_sql::catalog::Catalog;
use nextlink_sql::full_text::FullTexts;
use nextlink_sql::notice::Notice;
use nextlink_sql::statement::{Program, Stream};
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::full_text::full_texts;
use super::introspect::{IntrospectLimits, columns_of, describe_select, introspect};
use super::kept::{Connections, Opened, Taken, file_id};
use super::{functions, run, stream};
use crate::error::Error;
use crate::run::{Outcome, RunOptions};

/// Prepared statements kept by a connection.
const CACHED_STATEMENTS: usize = 64;
/// Page cache of a connection, in KiB (negative is how SQLite names that unit). The file is not mapped into memory: the
/// operating system caches it anyway, and a process that maps large files looks as if it used that memory.
const CACHE_KIB: i64 = -2048;
/// Only the start of the file is mapped: its first page is looked at for every statement.
const MAPPED_BYTES: i64 = 64 * 1024;
/// Bytes of a value, and of a row that is sorted: a short URL can ask for text that doubles many times. Streams are not bound by it
/// where their bytes lie in a table.
const VALUE_BYTES: i32 = 64 << 20;
/// Time that reading the catalogue waits for a lock.
const CATALOGUE_LOCK: Duration = Duration::from_secs(5);
/// Virtual machine steps between two looks at the clock.
const STEPS: i32 = 5_000;
/// A SQLite file.
#[derive(Debug)]
pub struct SqliteSource {
    path: PathBuf,
    connections: Arc<Connections>,
}

impl SqliteSource {
    /// Opens a file, and looks at its header.
    ///
    /// # Errors
    /// It is not there, cannot be read, is locked, or is no database.
    pub fn open(path: &Path) -> Result<SqliteSource, Error> {
        let source = SqliteSource { path: path.to_owned(), connections: Connections::to(path) };
        source.take()?.connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(source)
    }

    fn connect(&self) -> Result<Opened, Error> {
        // Looked at before it is opened: where it is replaced in between, the connection is closed too early, not too late.
        let file = file_id(&self.path);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        // A name in double quotes is a name, never a text; views cannot call what is not harmless.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", CACHE_KIB)?;
        connection.pragma_update(None, "mmap_size", MAPPED_BYTES)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES)?;
        functions::register(&connection)?;
        let lock_wait = Duration::ZERO;
        connection.busy_timeout(lock_wait)?;
        Ok(Opened { connection, file, thread: thread::current().id(), lock_wait, holds: false })
    }

    /// A connection that holds nothing, and its return to those that are kept.
    fn take(&self) -> Result<Taken<'_>, Error> {
        Taken::new(&self.connections, &self.path, || self.connect())
    }

    /// Runs something with a connection on which the bounds of the run are in force.
    fn bounded<T>(
        &self,
        options: &RunOptions,
        work: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut opened = self.take()?;
        opened.wait_for_locks(options.lock_wait)?;
        let connection = &mut opened.connection;
        let deadline = Instant::now() + options.timeout;
        let cancel = options.cancel.clone();
        connection
            .progress_handler(STEPS, Some(move || cancel.is_cancelled() || Instant::now() >= deadline))?;
        let result = work(connection);
        connection.progress_handler(0, None::<fn() -> bool>)?;
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
        let mut opened = self.take()?;
        opened.wait_for_locks(CATALOGUE_LOCK)?;
        introspect(&opened.connection, limits)
    }

    /// The columns that SELECTs give, as if they were tables.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn describe(
        &self,
        name: &str,
        select: &Arc<str>,
        limits: &IntrospectLimits,
    ) -> Result<Result<(Catalog, Vec<Notice>), String>, Error> {
        let mut opened = self.take()?;
        opened.wait_for_locks(CATALOGUE_LOCK)?;
        describe_select(&opened.connection, name, select, limits)
    }

    /// The columns of a SELECT with so many places for values; why there are none, where SQLite refuses it.
    ///
    /// # Errors
    /// As [`introspect`].
    pub fn columns(&self, select: &str, places: usize) -> Result<Result<Vec<String>, String>, Error> {
        let mut opened = self.take()?;
        opened.wait_for_locks(CATALOGUE_LOCK)?;
        columns_of(&opened.connection, select, places)
    }

    /// The indexes over words.
    ///
    /// # Errors
    /// As [`introspect`].
    pub fn full_texts(&self) -> Result<FullTexts, Error> {
        let mut opened = self.take()?;
        opened.wait_for_locks(CATALOGUE_LOCK)?;
        full_texts(&opened.connection)
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

    /// See [`crate::source::Source::run_point`].
    pub fn run_now<S: RowSink>(
        &self,
        program: &Program,
        key: Option<&Value>,
        sink: &mut S,
    ) -> Option<Result<Outcome, Error>> {
        match self.try_now(program, key, sink) {
            Err(Error::Locked) => None,
            other => Some(other),
        }
    }

    /// Runs a program without waiting for any lock.
    fn try_now<S: RowSink>(
        &self,
        program: &Program,
        key: Option<&Value>,
        sink: &mut S,
    ) -> Result<Outcome, Error> {
        let Some(key) = key else {
            let mut opened = self.take()?;
            opened.wait_for_locks(Duration::ZERO)?;
            return run::run(&opened.connection, program, sink);
        };
        let mut opened = Taken::to_hold(&self.connections, &self.path, || self.connect())?;
        opened.wait_for_locks(Duration::ZERO)?;
        opened.held(|connection| run::point(connection, program, key, sink))
    }

    /// See [`crate::source::Source::stream`].
    pub fn stream<S: PieceSink>(
        &self,
        asked: &Stream,
        options: &RunOptions,
        sink: &mut S,
    ) -> Result<Outcome, Error> {
        let deadline = Instant::now() + options.timeout;
        // What is read without a statement is not looked at by anybody else.
        let check = || match (options.cancel.is_cancelled(), Instant::now() >= deadline) {
            (true, _) => Err(Error::Cancelled),
            (_, true) => Err(Error::TimedOut { seconds: options.timeout.as_secs() }),
            _ => Ok(()),
        };
        self.bounded(options, |connection| stream::stream(connection, asked, check, sink))
    }

    /// See [`crate::source::Source::count`].
    pub fn count(&self, program: &Program, options: &RunOptions) -> Result<(u64, Option<bool>), Error> {
        self.bounded(options, |connection| run::count(connection, program))
    }
}
