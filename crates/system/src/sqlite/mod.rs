//! The system database in a SQLite file: of one node, or of all nodes of one machine.

mod reserve;
mod nodes;
mod executions;
mod results;
mod sources;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nextlink_results::peer::NodeFacts;
use nextlink_results::{Moved, Registry, RegistryError};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::Error;
use crate::migrate::{Fit, MIGRATIONS, is_current, migrate};
use crate::node::System;
use reserve::{Reserve, is_full};
use results::SqliteResults;

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const BUSY_STEP: Duration = Duration::from_millis(5);

/// What is said where the disk is full.
const NO_ROOM: &str = "there is no room left on the disk of the system database";

/// The system database in a SQLite file (WAL, one connection).
#[derive(Debug)]
pub struct SqliteSystem {
    connection: Mutex<Connection>,
    /// Behind the connection, as it is filled when that is closed.
    reserve: Reserve,
}

impl SqliteSystem {
    /// Opens or makes the file (mode 0600) and brings its schema up to date.
    ///
    /// # Errors
    /// [`Error`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let io = |source| Error::Io { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        // SQLite gives the files beside this one the same mode.
        options.write(true).create(true).truncate(false).mode(0o600).open(path).map_err(io)?;
        let opened = || {
            let mut connection = Connection::open(path)?;
            prepare(&connection)?;
            let fit = migrate(&mut connection, MIGRATIONS)?;
            Ok((connection, fit))
        };
        let reserve = Reserve::beside(path);
        let (connection, fit) = reserve.with_room(opened).map_err(|source| match is_full(&source) {
            true => Error::Full { path: path.to_owned(), source },
            false => Error::Sqlite { path: path.to_owned(), source },
        })?;
        usable(fit)?;
        Ok(Self { connection: Mutex::new(connection), reserve })
    }

    /// Opens the file if it is there, and changes nothing in it; `None` where it is not or its schema is not up to date.
    ///
    /// # Errors
    /// [`Error`]; the directory is not there either.
    pub fn look(path: &Path) -> Result<Option<Self>, Error> {
        if matches!(path.try_exists(), Ok(false)) {
            let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let there = std::fs::read_dir(dir).map(drop);
            return there.map(|()| None).map_err(|source| Error::Io { path: path.to_owned(), source });
        }
        let sqlite = |source| Error::Sqlite { path: path.to_owned(), source };
        let connection =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(sqlite)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(sqlite)?;
        let Some(fit) = is_current(&connection, MIGRATIONS).map_err(sqlite)? else { return Ok(None) };
        usable(fit)?;
        Ok(Some(Self { connection: Mutex::new(connection), reserve: Reserve::default() }))
    }

    /// A database in memory with a clock of its own, in milliseconds since 1970: for simulations, which are faster than
    /// time.
    ///
    /// # Errors
    /// [`Error`].
    pub fn in_memory(clock_ms: Arc<AtomicU64>) -> Result<Self, Error> {
        let sqlite = |source| Error::Sqlite { path: ":memory:".into(), source };
        let mut connection = Connection::open_in_memory().map_err(sqlite)?;
        // The statements are the same ones: the clock takes the place of the one that SQLite has.
        let now = move |_: &Context<'_>| Ok(clock_ms.load(Ordering::Relaxed) as f64 / 1_000.0);
        connection.create_scalar_function("unixepoch", 1, FunctionFlags::SQLITE_UTF8, now).map_err(sqlite)?;
        migrate(&mut connection, MIGRATIONS).map_err(sqlite)?;
        Ok(Self { connection: Mutex::new(connection), reserve: Reserve::default() })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses a schema that only later versions can use.
fn usable(fit: Fit) -> Result<(), Error> {
    let known = MIGRATIONS.last().map_or(0, |migration| migration.number);
    match fit {
        Fit::Good => Ok(()),
        Fit::TooNew { reader } => Err(Error::TooNew { reader, known }),
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // The first use of this mode of a file does not wait by itself for others who do the same.
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if is_busy(&error) && Instant::now() < deadline => std::thread::sleep(BUSY_STEP),
            done => break done?,
        }
    }
    // No wait for the disk at each commit: what a power cut takes back is swept at the next start.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)
}

fn unavailable(error: rusqlite::Error) -> RegistryError {
    let why = error.to_string();
    RegistryError::Unavailable(if is_full(&error) { [NO_ROOM, ": ", &why].concat() } else { why })
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

impl System for SqliteSystem {
    fn results(self: Arc<Self>, node: &NodeFacts) -> Arc<dyn Registry> {
        Arc::new(SqliteResults { system: self, node: node.id, boot: node.boot })
    }

    fn import(&self, results: &[Moved]) -> Result<u64, RegistryError> {
        self.add_moved(results)
    }
}

#[cfg(test)]
mod tests;
