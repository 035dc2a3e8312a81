//! The registry of nodes and results in an embedded SQLite file.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nextlink_results::{
    NodeId, NodeRow, Recovery, Registry, RegistryError, ResultId, ResultRow, ResultState, Touch,
};
use rusqlite::{Connection, Row, TransactionBehavior, params};

use crate::migrate::{MIGRATIONS, migrate};

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the system database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be made.
    #[error("cannot make {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// SQLite refuses it.
    #[error("cannot open the system database {}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// A later version of the program made it.
    #[error("the system database {} was made by a later version", path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
    },
}

/// The registry in a SQLite file (WAL, one connection).
#[derive(Debug)]
pub struct SqliteRegistry {
    connection: Mutex<Connection>,
}

impl SqliteRegistry {
    /// Opens or makes the file (mode 0600) and brings its schema up to date.
    ///
    /// # Errors
    /// [`Error`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let io = |source| Error::Io {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        // SQLite gives the files beside this one the same mode.
        options
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(io)?;
        let sqlite = |source| Error::Sqlite {
            path: path.to_owned(),
            source,
        };
        let mut connection = Connection::open(path).map_err(sqlite)?;
        prepare(&connection).map_err(sqlite)?;
        if !migrate(&mut connection, MIGRATIONS).map_err(sqlite)? {
            return Err(Error::TooNew {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            connection: Mutex::new(connection),
        })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // No wait for the disk at each commit: what a power cut takes back is swept at the next start.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)
}

fn unavailable(error: rusqlite::Error) -> RegistryError {
    RegistryError::Unavailable(error.to_string())
}

impl Registry for SqliteRegistry {
    fn register(&self, node: &NodeRow) -> Result<u64, RegistryError> {
        let sql = "INSERT INTO nodes (id, boot, address, state, started_ms) VALUES (?1, 1, ?2, 'up', ?3)
            ON CONFLICT (id) DO UPDATE SET boot = boot + 1, address = ?2, state = 'up', started_ms = ?3
            RETURNING boot";
        let row = params![node.id.as_bytes(), node.address, number(node.started_ms)];
        let boot: i64 = self
            .connection()
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(row, |row| row.get(0)))
            .map_err(unavailable)?;
        u64::try_from(boot).map_err(|_| RegistryError::Invalid("a negative boot sequence".into()))
    }

    fn insert(&self, row: &ResultRow) -> Result<(), RegistryError> {
        let sql = "INSERT INTO results (id, generation, owner, state, user, source, recovery, pages, rows, bytes,
            created_ms, expires_ms, absolute_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        let values = params![
            row.id.as_bytes(),
            row.generation,
            row.owner.as_bytes(),
            state_text(row.state),
            row.user,
            row.source,
            recovery_text(row.recovery),
            row.pages,
            number(row.rows),
            number(row.bytes),
            number(row.created_ms),
            number(row.expires_ms),
            number(row.absolute_ms),
        ];
        self.run(sql, values)
    }

    fn update(&self, row: &ResultRow) -> Result<(), RegistryError> {
        let sql =
            "UPDATE results SET state = ?4, pages = ?5, rows = ?6, bytes = ?7, expires_ms = ?8
            WHERE id = ?1 AND generation = ?2 AND owner = ?3";
        let values = params![
            row.id.as_bytes(),
            row.generation,
            row.owner.as_bytes(),
            state_text(row.state),
            row.pages,
            number(row.rows),
            number(row.bytes),
            number(row.expires_ms),
        ];
        self.run(sql, values)
    }

    fn touch(&self, touches: &[Touch]) -> Result<(), RegistryError> {
        let sql =
            "UPDATE results SET expires_ms = max(expires_ms, ?3) WHERE id = ?1 AND generation = ?2";
        self.batch(sql, touches, |statement, touch| {
            statement.execute(params![
                touch.id.as_bytes(),
                touch.generation,
                number(touch.expires_ms)
            ])
        })
    }

    fn remove(&self, owner: NodeId, results: &[(ResultId, u32)]) -> Result<(), RegistryError> {
        let sql = "DELETE FROM results WHERE id = ?1 AND generation = ?2 AND owner = ?3";
        self.batch(sql, results, |statement, (id, generation)| {
            statement.execute(params![id.as_bytes(), generation, owner.as_bytes()])
        })
    }

    fn owned_by(&self, owner: NodeId) -> Result<Vec<ResultRow>, RegistryError> {
        let sql = "SELECT id, generation, state, user, source, recovery, pages, rows, bytes, created_ms, expires_ms,
            absolute_ms FROM results WHERE owner = ?1";
        let connection = self.connection();
        let mut statement = connection.prepare_cached(sql).map_err(unavailable)?;
        let mut rows = statement.query([owner.as_bytes()]).map_err(unavailable)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(unavailable)? {
            found.push(
                read_row(row, owner).map_err(|error| RegistryError::Invalid(error.to_string()))?,
            );
        }
        Ok(found)
    }
}

impl SqliteRegistry {
    fn run(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<(), RegistryError> {
        let connection = self.connection();
        let done = connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values));
        done.map(drop).map_err(unavailable)
    }

    fn batch<T>(
        &self,
        sql: &str,
        items: &[T],
        one: impl Fn(&mut rusqlite::CachedStatement<'_>, &T) -> rusqlite::Result<usize>,
    ) -> Result<(), RegistryError> {
        if items.is_empty() {
            return Ok(());
        }
        let all = |connection: &mut Connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut statement = transaction.prepare_cached(sql)?;
            for item in items {
                one(&mut statement, item)?;
            }
            drop(statement);
            transaction.commit()
        };
        all(&mut self.connection()).map_err(unavailable)
    }
}

fn read_row(row: &Row<'_>, owner: NodeId) -> rusqlite::Result<ResultRow> {
    let unsigned = |at: usize| -> rusqlite::Result<u64> {
        row.get::<_, i64>(at).map(|value| value.max(0) as u64)
    };
    let state: String = row.get(2)?;
    let recovery: String = row.get(5)?;
    Ok(ResultRow {
        id: ResultId::from_bytes(row.get(0)?),
        generation: row.get(1)?,
        owner,
        state: match state.as_str() {
            "writing" => ResultState::Writing,
            "complete" => ResultState::Complete,
            _ => ResultState::Failed,
        },
        user: row.get(3)?,
        source: row.get(4)?,
        recovery: if recovery == "key" {
            Recovery::Key
        } else {
            Recovery::None
        },
        pages: row.get(6)?,
        rows: unsigned(7)?,
        bytes: unsigned(8)?,
        created_ms: unsigned(9)?,
        expires_ms: unsigned(10)?,
        absolute_ms: unsigned(11)?,
    })
}

fn state_text(state: ResultState) -> &'static str {
    match state {
        ResultState::Writing => "writing",
        ResultState::Complete => "complete",
        ResultState::Failed => "failed",
    }
}

fn recovery_text(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::None => "none",
        Recovery::Key => "key",
    }
}

/// SQLite's integers are signed; a time or size beyond them is kept as the largest.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
