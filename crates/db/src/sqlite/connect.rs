//! Connections to one SQLite file: read-only, opened when needed, kept for reuse as long as the file is the same.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use nextlink_odata::rows::RowSink;
use nextlink_odata::value::Value;
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
const CACHE_KIB: i64 = -2048;
/// Only the start of the file is mapped: its first page is looked at for every statement.
const MAPPED_BYTES: i64 = 64 * 1024;
/// Time that reading the catalogue waits for a lock.
const CATALOGUE_LOCK: Duration = Duration::from_secs(5);
/// Virtual machine steps between two looks at the clock.
const STEPS: i32 = 5_000;
/// Time between two looks at which file the path leads to.
const LOOK: Duration = Duration::from_secs(1);

/// A SQLite file.
#[derive(Debug)]
pub struct SqliteSource {
    path: PathBuf,
    idle: Mutex<Idle>,
}

/// Which file a path leads to: one that is put in its place by a rename has other numbers. None where there is none.
type FileId = Option<(u64, u64)>;

fn file_id(path: &Path) -> FileId {
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Connections that wait for their next use, all to the same file.
#[derive(Debug)]
struct Idle {
    connections: Vec<Opened>,
    file: FileId,
    looked: Instant,
}

/// A connection, the file it reads, and the thread that used it last.
#[derive(Debug)]
struct Opened {
    connection: Connection,
    file: FileId,
    thread: ThreadId,
    /// Time that it waits for a lock.
    lock_wait: Duration,
}

impl Opened {
    fn wait_for_locks(&mut self, time: Duration) -> Result<(), Error> {
        if self.lock_wait != time {
            self.connection.busy_timeout(time)?;
            self.lock_wait = time;
        }
        Ok(())
    }
}

impl Idle {
    /// Closes connections to a file that was replaced. One that is only gone may come back by a rename.
    fn look(&mut self, path: &Path) {
        self.looked = Instant::now();
        let file = file_id(path);
        if file.is_some() && file != self.file {
            self.file = file;
            self.connections.clear();
        }
    }

    /// The connection that this thread used last, if it is here: its memory is in the cache of the processor that the
    /// thread runs on, and fetching it from another one's takes longer than a read by key.
    fn take(&mut self) -> Option<Opened> {
        let thread = thread::current().id();
        let last = self.connections.len().checked_sub(1)?;
        let place = self.connections.iter().rposition(|opened| opened.thread == thread).unwrap_or(last);
        Some(self.connections.swap_remove(place))
    }
}

impl SqliteSource {
    /// Opens a file, and looks at its header.
    ///
    /// # Errors
    /// It is not there, cannot be read, is locked, or is no database.
    pub fn open(path: &Path) -> Result<SqliteSource, Error> {
        let idle = Idle { connections: Vec::new(), file: file_id(path), looked: Instant::now() };
        let source = SqliteSource { path: path.to_owned(), idle: Mutex::new(idle) };
        let opened = source.connect()?;
        opened.connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
        source.give_back(opened);
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
        functions::register(&connection)?;
        let lock_wait = Duration::ZERO;
        connection.busy_timeout(lock_wait)?;
        Ok(Opened { connection, file, thread: thread::current().id(), lock_wait })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Result<Opened, Error> {
        let mut idle = self.idle();
        if idle.looked.elapsed() >= LOOK {
            idle.look(&self.path);
        }
        let kept = idle.take();
        drop(idle);
        match kept {
            Some(opened) => Ok(opened),
            None => self.connect(),
        }
    }

    fn give_back(&self, mut opened: Opened) {
        opened.thread = thread::current().id();
        // A connection that is still inside a transaction would hold its snapshot; it is closed instead.
        if opened.connection.is_autocommit() {
            let mut idle = self.idle();
            if idle.connections.len() < IDLE_CONNECTIONS && opened.file == idle.file {
                idle.connections.push(opened);
            }
        }
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
        self.give_back(opened);
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
        let result = introspect(&opened.connection, limits);
        self.give_back(opened);
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
        let mut opened = self.take()?;
        opened.wait_for_locks(Duration::ZERO)?;
        let result = match key {
            Some(key) => run::point(&opened.connection, program, key, sink),
            None => run::run(&opened.connection, program, sink),
        };
        self.give_back(opened);
        result
    }

    /// See [`crate::source::Source::count`].
    pub fn count(&self, program: &Program, options: &RunOptions) -> Result<(u64, Option<bool>), Error> {
        self.bounded(options, |connection| run::count(connection, program))
    }
}
