//! The table of results in PostgreSQL, as one registered node sees it.

use std::sync::Arc;

use nextlink_results::{NodeId, Registry, RegistryError, ResultId, ResultRow, Touch};
use tokio_postgres::Row;

use super::PostgresSystem;
use crate::words::{invalid, number, of_recovery, of_state, to_recovery, to_state, unsigned};

/// The results of one node. Nothing is written once another process has registered as that node.
pub(super) struct PostgresResults {
    pub(super) system: Arc<PostgresSystem>,
    pub(super) node: NodeId,
    pub(super) boot: u64,
}

impl Registry for PostgresResults {
    fn insert(&self, row: &ResultRow) -> Result<(), RegistryError> {
        let sql = "INSERT INTO results (id, generation, owner, state, \"user\", source, recovery, pages,
            rows, bytes, created_ms, expires_ms, absolute_ms)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
            WHERE EXISTS (SELECT 1 FROM nodes WHERE id = $14 AND boot = $15)";
        let (row, node, boot) = (row.clone(), self.node, number(self.boot));
        let written = self.system.call(move |connection| async move {
            let statement = connection.prepare_cached(sql).await?;
            let (id, owner, node) =
                (row.id.as_bytes().as_slice(), row.owner.as_bytes().as_slice(), node.as_bytes().as_slice());
            connection
                .execute(
                    &statement,
                    &[
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
                        &node,
                        &boot,
                    ],
                )
                .await
        })?;
        if written == 0 { Err(RegistryError::Fenced) } else { Ok(()) }
    }

    fn update(&self, row: &ResultRow) -> Result<(), RegistryError> {
        let sql = "UPDATE results SET state = $4, pages = $5, rows = $6, bytes = $7, expires_ms = $8
            WHERE id = $1 AND generation = $2 AND owner = $3
            AND EXISTS (SELECT 1 FROM nodes WHERE id = $9 AND boot = $10)";
        let (row, node, boot) = (row.clone(), self.node, number(self.boot));
        self.system.call(move |connection| async move {
            let statement = connection.prepare_cached(sql).await?;
            let (id, owner, node) =
                (row.id.as_bytes().as_slice(), row.owner.as_bytes().as_slice(), node.as_bytes().as_slice());
            connection
                .execute(
                    &statement,
                    &[
                        &id,
                        &i64::from(row.generation),
                        &owner,
                        &of_state(row.state),
                        &i64::from(row.pages),
                        &number(row.rows),
                        &number(row.bytes),
                        &number(row.expires_ms),
                        &node,
                        &boot,
                    ],
                )
                .await
                .map(drop)
        })
    }

    fn touch(&self, touches: &[Touch]) -> Result<(), RegistryError> {
        let sql = "UPDATE results AS r SET expires_ms = greatest(r.expires_ms, t.expires_ms)
            FROM unnest($1::bytea[], $2::bigint[], $3::bigint[]) AS t (id, generation, expires_ms)
            WHERE r.id = t.id AND r.generation = t.generation
            AND EXISTS (SELECT 1 FROM nodes WHERE id = $4 AND boot = $5)";
        if touches.is_empty() {
            return Ok(());
        }
        let ids: Vec<Vec<u8>> = touches.iter().map(|touch| touch.id.as_bytes().to_vec()).collect();
        let generations: Vec<i64> = touches.iter().map(|touch| i64::from(touch.generation)).collect();
        let expiries: Vec<i64> = touches.iter().map(|touch| number(touch.expires_ms)).collect();
        let (node, boot) = (self.node, number(self.boot));
        self.system.call(move |connection| async move {
            let statement = connection.prepare_cached(sql).await?;
            let node = node.as_bytes().as_slice();
            connection.execute(&statement, &[&ids, &generations, &expiries, &node, &boot]).await.map(drop)
        })
    }

    fn remove(&self, owner: NodeId, results: &[(ResultId, u32)]) -> Result<(), RegistryError> {
        let sql = "DELETE FROM results AS r USING unnest($1::bytea[], $2::bigint[]) AS t (id, generation)
            WHERE r.id = t.id AND r.generation = t.generation AND r.owner = $3
            AND EXISTS (SELECT 1 FROM nodes WHERE id = $4 AND boot = $5)";
        if results.is_empty() {
            return Ok(());
        }
        let ids: Vec<Vec<u8>> = results.iter().map(|(id, _)| id.as_bytes().to_vec()).collect();
        let generations: Vec<i64> = results.iter().map(|(_, generation)| i64::from(*generation)).collect();
        let (node, boot) = (self.node, number(self.boot));
        self.system.call(move |connection| async move {
            let statement = connection.prepare_cached(sql).await?;
            let (owner, node) = (owner.as_bytes().as_slice(), node.as_bytes().as_slice());
            connection.execute(&statement, &[&ids, &generations, &owner, &node, &boot]).await.map(drop)
        })
    }

    fn owned_by(&self, owner: NodeId) -> Result<Vec<ResultRow>, RegistryError> {
        let sql = "SELECT id, generation, state, \"user\", source, recovery, pages, rows, bytes,
            created_ms, expires_ms, absolute_ms FROM results WHERE owner = $1";
        let rows = self.system.call(move |connection| async move {
            let statement = connection.prepare_cached(sql).await?;
            connection.query(&statement, &[&owner.as_bytes().as_slice()]).await
        })?;
        rows.iter().map(|row| read(row, owner)).collect::<Option<_>>().ok_or_else(|| invalid("a result"))
    }
}

fn read(row: &Row, owner: NodeId) -> Option<ResultRow> {
    let count = |at: usize| unsigned(row.get(at));
    let small = |at: usize| u32::try_from(row.get::<_, i64>(at)).ok();
    Some(ResultRow {
        id: ResultId::from_bytes(row.get::<_, &[u8]>(0).try_into().ok()?),
        generation: small(1)?,
        owner,
        state: to_state(row.get(2)),
        user: row.get(3),
        source: row.get(4),
        recovery: to_recovery(row.get(5)),
        pages: small(6)?,
        rows: count(7),
        bytes: count(8),
        created_ms: count(9),
        expires_ms: count(10),
        absolute_ms: count(11),
    })
}
