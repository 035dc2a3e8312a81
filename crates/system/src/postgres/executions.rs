//! Executions of results in PostgreSQL: how one is added, claimed and found again.

use nextlink_results::{Continues, Generation, Moved, NodeId, RegistryError, ResultId, ResultRow};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::PostgresSystem;
use super::results::PostgresResults;
use crate::words::{
    invalid, number, of_nodes, of_recovery, of_state, to_continues, to_nodes, to_recovery, to_state, unsigned,
};

const COLUMNS: &str =
    "id, generation, owner, state, \"user\", source, recovery, pages, rows, bytes, created_ms,
    expires_ms, absolute_ms, replicas, continues_generation, continues_page";

/// What has to be true for an execution to go on for a lost one. The row of the owner is locked, so that a sign of life
/// that comes at the same time counts.
const CLAIM: &str = " AND (SELECT max(generation) FROM results WHERE id = $1) = $20::bigint
    AND EXISTS (SELECT 1 FROM results AS r WHERE r.id = $1 AND r.generation = $15
        AND (r.state = 'failed' AND r.pages <= $16 OR r.owner = $18
            OR coalesce((SELECT n.lease_ms FROM nodes AS n WHERE n.id = r.owner FOR SHARE), 0)
                <= extract(epoch FROM clock_timestamp()) * 1000))
    ON CONFLICT DO NOTHING";

impl PostgresResults {
    /// Adds a row, if nobody has taken this node over; with `known` behind the last one there is, if nobody is about to
    /// go on with the lost one.
    pub(super) fn add(
        &self,
        row: &ResultRow,
        header: &[u8],
        known: Option<u32>,
    ) -> Result<bool, RegistryError> {
        let condition = if known.is_some() { CLAIM } else { "" };
        let sql = [
            "INSERT INTO results (",
            COLUMNS,
            ", header) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17
            WHERE EXISTS (SELECT 1 FROM nodes WHERE id = $18 AND boot = $19) AND $20::bigint >= 0",
            condition,
        ]
        .concat();
        let header = (!header.is_empty()).then(|| header.to_vec());
        let (row, node, boot) = (row.clone(), self.node, number(self.boot));
        let known = i64::from(known.unwrap_or(0));
        let written = self.system.call(move |connection| async move {
            let statement = connection.prepare_cached(&sql).await?;
            let (id, owner, node) =
                (row.id.as_bytes().as_slice(), row.owner.as_bytes().as_slice(), node.as_bytes().as_slice());
            let values: [&(dyn ToSql + Sync); 20] = [
                &id,
                &i64::from(row.generation),
                &owner,
                &of_state(row.state),
                &row.user,
                &row.source,
                &of_recovery(row.recovery),
                &i64::from(row.pages),
                &number(row.rows),
                &number(row.bytes),
                &number(row.created_ms),
                &number(row.expires_ms),
                &number(row.absolute_ms),
                &of_nodes(&row.replicas),
                &row.continues.map(|lost| i64::from(lost.generation)),
                &row.continues.map(|lost| i64::from(lost.page)),
                &header,
                &node,
                &boot,
                &known,
            ];
            connection.execute(&statement, &values).await
        })?;
        Ok(written > 0)
    }

    pub(super) fn rows_where(
        &self,
        condition: &str,
        value: impl ToSql + Sync + Send + 'static,
    ) -> Result<Vec<ResultRow>, RegistryError> {
        let sql = ["SELECT ", COLUMNS, " FROM results WHERE ", condition].concat();
        let rows = self.system.call(move |connection| async move {
            let statement = connection.prepare_cached(&sql).await?;
            connection.query(&statement, &[&value]).await
        })?;
        rows.iter().map(read).collect::<Option<_>>().ok_or_else(|| invalid("a result"))
    }

    pub(super) fn all_continued(&self) -> Result<Vec<(ResultId, Continues)>, RegistryError> {
        let sql = "SELECT id, continues_generation, continues_page FROM results
            WHERE continues_generation IS NOT NULL";
        let rows = self.system.call(move |connection| async move {
            let statement = connection.prepare_cached(sql).await?;
            connection.query(&statement, &[]).await
        })?;
        let one = |row: &Row| {
            let id = ResultId::from_bytes(row.get::<_, &[u8]>(0).try_into().ok()?);
            Some((id, to_continues(row.get(1), row.get(2))?))
        };
        rows.iter().map(one).collect::<Option<_>>().ok_or_else(|| invalid("an execution"))
    }

    pub(super) fn executions_of(&self, id: ResultId) -> Result<Vec<Generation>, RegistryError> {
        let sql = [
            "SELECT ",
            COLUMNS,
            ", EXISTS (SELECT 1 FROM nodes AS n WHERE n.id = results.owner
                AND coalesce(n.lease_ms, 0) > extract(epoch FROM clock_timestamp()) * 1000), header
            FROM results WHERE id = $1 ORDER BY generation",
        ]
        .concat();
        let rows = self.system.call(move |connection| async move {
            let statement = connection.prepare_cached(&sql).await?;
            connection.query(&statement, &[&id.as_bytes().as_slice()]).await
        })?;
        let one = |row: &Row| {
            let header: Option<Vec<u8>> = row.get(17);
            Some(Generation { row: read(row)?, live: row.get(16), header: header.unwrap_or_default().into() })
        };
        rows.iter().map(one).collect::<Option<_>>().ok_or_else(|| invalid("a result"))
    }
}

impl PostgresSystem {
    /// Adds rows that another database knew, in one transaction; a row that is there stays as it is.
    pub(super) fn add_moved(&self, results: &[Moved]) -> Result<u64, RegistryError> {
        let sql = [
            "INSERT INTO results (",
            COLUMNS,
            ", header) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
            ON CONFLICT DO NOTHING",
        ]
        .concat();
        let results = results.to_vec();
        self.call(move |mut connection| async move {
            let transaction = connection.transaction().await?;
            let statement = transaction.prepare_cached(&sql).await?;
            let mut added = 0;
            for Moved { row, header } in &results {
                let values: [&(dyn ToSql + Sync); 17] = [
                    &row.id.as_bytes().as_slice(),
                    &i64::from(row.generation),
                    &row.owner.as_bytes().as_slice(),
                    &of_state(row.state),
                    &row.user,
                    &row.source,
                    &of_recovery(row.recovery),
                    &i64::from(row.pages),
                    &number(row.rows),
                    &number(row.bytes),
                    &number(row.created_ms),
                    &number(row.expires_ms),
                    &number(row.absolute_ms),
                    &of_nodes(&row.replicas),
                    &row.continues.map(|lost| i64::from(lost.generation)),
                    &row.continues.map(|lost| i64::from(lost.page)),
                    &header.as_ref(),
                ];
                added += transaction.execute(&statement, &values).await?;
            }
            transaction.commit().await?;
            Ok(added)
        })
    }
}

fn read(row: &Row) -> Option<ResultRow> {
    let count = |at: usize| unsigned(row.get(at));
    let small = |at: usize| u32::try_from(row.get::<_, i64>(at)).ok();
    Some(ResultRow {
        id: ResultId::from_bytes(row.get::<_, &[u8]>(0).try_into().ok()?),
        generation: small(1)?,
        owner: NodeId::from_bytes(row.get::<_, &[u8]>(2).try_into().ok()?),
        state: to_state(row.get(3)),
        user: row.get(4),
        source: row.get(5),
        recovery: to_recovery(row.get(6)),
        pages: small(7)?,
        rows: count(8),
        bytes: count(9),
        created_ms: count(10),
        expires_ms: count(11),
        absolute_ms: count(12),
        replicas: to_nodes(row.get(13)),
        continues: to_continues(row.get(14), row.get(15)),
    })
}
