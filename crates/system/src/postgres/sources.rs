//! The table of sources in PostgreSQL.

use nextlink_results::RegistryError;
use tokio_postgres::{Error, Row, Transaction};

use super::PostgresSystem;
use crate::source::{SourceChange, SourceRoll, SourceRow, Sources};
use crate::words::{invalid, number, source_key, unsigned};

impl Sources for PostgresSystem {
    fn sources(&self) -> Result<SourceRoll, RegistryError> {
        // One statement, so that revision and rows are of one moment; a row of it comes without sources too.
        let sql = "SELECT r.revision, s.name, s.revision, s.changed_ms, s.sealed FROM revisions AS r
            LEFT JOIN sources AS s ON true WHERE r.what = 'sources' ORDER BY s.key";
        let rows = self.call(move |connection| async move {
            let statement = connection.prepare_cached(sql).await?;
            connection.query(&statement, &[]).await
        })?;
        let revision = rows.first().ok_or_else(|| invalid("no revision"))?.get(0);
        Ok(SourceRoll { revision: unsigned(revision), rows: rows.iter().filter_map(read).collect() })
    }

    fn change_sources(&self, changes: &[SourceChange], known: u64) -> Result<Option<u64>, RegistryError> {
        let (changes, next) = (changes.to_vec(), known + 1);
        self.call(move |mut connection| async move {
            let transaction = connection.transaction().await?;
            // Whoever changes this row first is first; another one waits, and then finds another revision.
            let sql = "UPDATE revisions SET revision = revision + 1 WHERE what = 'sources' AND revision = $1";
            if transaction.execute(sql, &[&number(known)]).await? == 0 {
                return Ok(None);
            }
            for change in &changes {
                make(&transaction, change, number(next)).await?;
            }
            transaction.commit().await?;
            Ok(Some(next))
        })
    }
}

async fn make(transaction: &Transaction<'_>, change: &SourceChange, revision: i64) -> Result<(), Error> {
    let key = source_key(change.name());
    match change {
        SourceChange::Put { name, sealed } => {
            let sql = "INSERT INTO sources (key, name, revision, changed_ms, sealed)
                VALUES ($1, $2, $3, (extract(epoch FROM clock_timestamp()) * 1000)::bigint, $4)
                ON CONFLICT (key) DO UPDATE SET name = excluded.name, revision = excluded.revision,
                    changed_ms = excluded.changed_ms, sealed = excluded.sealed";
            transaction.execute(sql, &[&key, name, &revision, sealed]).await?;
        }
        SourceChange::Remove { .. } => {
            transaction.execute("DELETE FROM sources WHERE key = $1", &[&key]).await?;
            // A node that is away now finds at its next start that nobody knows them any more.
            let sql = "DELETE FROM results WHERE lower(source COLLATE \"C\") = $1";
            transaction.execute(sql, &[&key]).await?;
        }
    }
    Ok(())
}

fn read(row: &Row) -> Option<SourceRow> {
    Some(SourceRow {
        name: row.get::<_, Option<String>>(1)?,
        revision: unsigned(row.get(2)),
        changed_ms: unsigned(row.get(3)),
        sealed: row.get(4),
    })
}
