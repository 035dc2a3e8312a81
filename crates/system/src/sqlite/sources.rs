//! The table of sources in SQLite.

use nextlink_results::RegistryError;
use rusqlite::{Connection, Row, TransactionBehavior, params};

use super::nodes::{NOW, REVISION};
use super::{SqliteSystem, unavailable};
use crate::source::{SourceChange, SourceRoll, SourceRow, Sources};
use crate::words::{number, source_key, unsigned};

impl Sources for SqliteSystem {
    fn sources(&self) -> Result<SourceRoll, RegistryError> {
        let mut connection = self.connection();
        let mut read = || {
            let transaction = connection.transaction()?;
            let revision: i64 = transaction.prepare_cached(REVISION)?.query_row([], |row| row.get(0))?;
            let sql = "SELECT name, revision, changed_ms, sealed FROM sources ORDER BY key";
            let mut statement = transaction.prepare_cached(sql)?;
            let rows = statement.query_map([], read_source)?.collect::<rusqlite::Result<_>>()?;
            Ok(SourceRoll { revision: unsigned(revision), rows })
        };
        read().map_err(unavailable)
    }

    fn change_sources(&self, changes: &[SourceChange], known: u64) -> Result<Option<u64>, RegistryError> {
        let mut connection = self.connection();
        let mut write = || {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let sql = "UPDATE revisions SET revision = revision + 1 WHERE what = 'sources' AND revision = ?1";
            if transaction.execute(sql, [number(known)])? == 0 {
                return Ok(None);
            }
            let now: i64 = transaction.prepare_cached(NOW)?.query_row([], |row| row.get(0))?;
            for change in changes {
                make(&transaction, change, number(known + 1), now)?;
            }
            transaction.commit()?;
            Ok(Some(known + 1))
        };
        write().map_err(unavailable)
    }
}

fn make(connection: &Connection, change: &SourceChange, revision: i64, now: i64) -> rusqlite::Result<()> {
    let key = source_key(change.name());
    match change {
        SourceChange::Put { name, sealed } => {
            let sql =
                "INSERT INTO sources (key, name, revision, changed_ms, sealed) VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT (key) DO UPDATE SET name = excluded.name, revision = excluded.revision,
                    changed_ms = excluded.changed_ms, sealed = excluded.sealed";
            connection.execute(sql, params![key, name, revision, now, sealed])?;
        }
        SourceChange::Remove { .. } => {
            connection.execute("DELETE FROM sources WHERE key = ?1", [&key])?;
            // A node that is away now finds at its next start that nobody knows them any more.
            connection.execute("DELETE FROM results WHERE lower(source) = ?1", [&key])?;
        }
    }
    Ok(())
}

fn read_source(row: &Row<'_>) -> rusqlite::Result<SourceRow> {
    Ok(SourceRow {
        name: row.get(0)?,
        revision: row.get(1).map(unsigned)?,
        changed_ms: row.get(2).map(unsigned)?,
        sealed: row.get(3)?,
    })
}
