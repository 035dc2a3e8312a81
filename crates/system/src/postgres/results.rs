//! The table of results in PostgreSQL, as one registered node sees it.

use std::sync::Arc;

use nextlink_results::{Continues, Generation, NodeId, Registry, RegistryError, ResultId, ResultRow, Touch};

use super::PostgresSystem;
use crate::words::{number, of_nodes, of_state};

/// The results of one node. Nothing is written once another process has registered as that node.
pub(super) struct PostgresResults {
    pub(super) system: Arc<PostgresSystem>,
    pub(super) node: NodeId,
    pub(super) boot: u64,
}

impl Registry for PostgresResults {
    fn insert(&self, row: &ResultRow, header: &[u8]) -> Result<(), RegistryError> {
        if self.add(row, header, None)? { Ok(()) } else { Err(RegistryError::Fenced) }
    }

    fn claim(&self, row: &ResultRow, header: &[u8], known: u32) -> Result<bool, RegistryError> {
        self.add(row, header, Some(known))
    }

    fn take_over(&self, result: (ResultId, u32), from: NodeId) -> Result<bool, RegistryError> {
        let sql = "UPDATE results SET owner = $4 WHERE id = $1 AND generation = $2 AND owner = $3
            AND EXISTS (SELECT 1 FROM nodes WHERE id = $4 AND boot = $5)";
        let (node, boot) = (self.node, number(self.boot));
        self.system.call(move |connection| async move {
            let statement = connection.prepare_cached(sql).await?;
            let (id, from, node) =
                (result.0.as_bytes().as_slice(), from.as_bytes().as_slice(), node.as_bytes().as_slice());
            let written =
                connection.execute(&statement, &[&id, &i64::from(result.1), &from, &node, &boot]).await?;
            Ok(written > 0)
        })
    }

    fn generations(&self, id: ResultId) -> Result<Vec<Generation>, RegistryError> {
        self.executions_of(id)
    }

    fn continued(&self) -> Result<Vec<(ResultId, Continues)>, RegistryError> {
        self.all_continued()
    }

    fn remove_lost(&self) -> Result<u64, RegistryError> {
        let sql = "DELETE FROM results AS r
            USING (SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now) AS t
            WHERE least(r.expires_ms, r.absolute_ms) < t.now
            AND NOT EXISTS (SELECT 1 FROM nodes AS n WHERE n.id = r.owner AND coalesce(n.lease_ms, 0) > t.now)
            AND EXISTS (SELECT 1 FROM nodes WHERE id = $1 AND boot = $2)";
        let (node, boot) = (self.node, number(self.boot));
        self.system.call(move |connection| async move {
            let statement = connection.prepare_cached(sql).await?;
            connection.execute(&statement, &[&node.as_bytes().as_slice(), &boot]).await
        })
    }

    fn update(&self, row: &ResultRow) -> Result<(), RegistryError> {
        let sql = "UPDATE results SET state = $4, pages = $5, rows = $6, bytes = $7, expires_ms = $8,
            replicas = $11 WHERE id = $1 AND generation = $2 AND owner = $3
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
                        &of_nodes(&row.replicas),
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
        self.rows_where("owner = $1", owner.as_bytes().to_vec())
    }

    fn kept_by(&self, holder: NodeId) -> Result<Vec<ResultRow>, RegistryError> {
        self.rows_where("strpos(replicas, $1) > 0", holder.to_string())
    }
}
