//! The table of results in SQLite, as one registered node sees it.

use std::sync::Arc;

use nextlink_results::{Continues, Generation, NodeId, Registry, RegistryError, ResultId, ResultRow, Touch};
use rusqlite::{Connection, ToSql, TransactionBehavior, params};

use super::{SqliteSystem, unavailable};
use crate::words::{number, of_nodes, of_state};

/// The results of one node. Nothing is written once another process has registered as that node.
pub(super) struct SqliteResults {
    pub(super) system: Arc<SqliteSystem>,
    pub(super) node: NodeId,
    pub(super) boot: u64,
}

impl Registry for SqliteResults {
    fn insert(&self, row: &ResultRow, header: &[u8]) -> Result<(), RegistryError> {
        if self.add(row, header)? { Ok(()) } else { Err(RegistryError::Fenced) }
    }

    fn claim(&self, row: &ResultRow, header: &[u8], known: u32) -> Result<bool, RegistryError> {
        self.add_after(row, header, known)
    }

    fn take_over(&self, result: (ResultId, u32), from: NodeId) -> Result<bool, RegistryError> {
        let sql = "UPDATE results SET owner = ?4 WHERE id = ?1 AND generation = ?2 AND owner = ?3
            AND EXISTS (SELECT 1 FROM nodes WHERE id = ?4 AND boot = ?5)";
        let (id, node) = (result.0.as_bytes(), self.node.as_bytes());
        let values = params![id, result.1, from.as_bytes(), node, number(self.boot)];
        self.run(sql, values).map(|rows| rows > 0)
    }

    fn generations(&self, id: ResultId) -> Result<Vec<Generation>, RegistryError> {
        self.executions_of(id)
    }

    fn continued(&self) -> Result<Vec<(ResultId, Continues)>, RegistryError> {
        self.all_continued()
    }

    fn remove_lost(&self) -> Result<u64, RegistryError> {
        let sql = "DELETE FROM results WHERE min(expires_ms, absolute_ms) < unixepoch('subsec') * 1000
            AND NOT EXISTS (SELECT 1 FROM nodes AS n WHERE n.id = results.owner
                AND coalesce(n.lease_ms, 0) > unixepoch('subsec') * 1000)
            AND EXISTS (SELECT 1 FROM nodes WHERE id = ?1 AND boot = ?2)";
        self.run(sql, params![self.node.as_bytes(), number(self.boot)]).map(|rows| rows as u64)
    }

    fn update(&self, row: &ResultRow) -> Result<(), RegistryError> {
        let sql = "UPDATE results SET state = ?4, pages = ?5, rows = ?6, bytes = ?7, expires_ms = ?8,
            replicas = ?11 WHERE id = ?1 AND generation = ?2 AND owner = ?3
            AND EXISTS (SELECT 1 FROM nodes WHERE id = ?9 AND boot = ?10)";
        let values = params![
            row.id.as_bytes(),
            row.generation,
            row.owner.as_bytes(),
            of_state(row.state),
            row.pages,
            number(row.rows),
            number(row.bytes),
            number(row.expires_ms),
            self.node.as_bytes(),
            number(self.boot),
            of_nodes(&row.replicas),
        ];
        self.run(sql, values).map(drop)
    }

    fn touch(&self, touches: &[Touch]) -> Result<(), RegistryError> {
        let sql = "UPDATE results SET expires_ms = max(expires_ms, ?3) WHERE id = ?1 AND generation = ?2
            AND EXISTS (SELECT 1 FROM nodes WHERE id = ?4 AND boot = ?5)";
        self.batch(sql, touches, |statement, touch| {
            let (node, boot) = (self.node.as_bytes(), number(self.boot));
            let expires = number(touch.expires_ms);
            statement.execute(params![touch.id.as_bytes(), touch.generation, expires, node, boot])
        })
    }

    fn remove(&self, owner: NodeId, results: &[(ResultId, u32)]) -> Result<(), RegistryError> {
        let sql = "DELETE FROM results WHERE id = ?1 AND generation = ?2 AND owner = ?3
            AND EXISTS (SELECT 1 FROM nodes WHERE id = ?4 AND boot = ?5)";
        self.batch(sql, results, |statement, (id, generation)| {
            let (node, boot) = (self.node.as_bytes(), number(self.boot));
            statement.execute(params![id.as_bytes(), generation, owner.as_bytes(), node, boot])
        })
    }

    fn owned_by(&self, owner: NodeId) -> Result<Vec<ResultRow>, RegistryError> {
        self.rows_where("owner = ?1", owner.as_bytes())
    }

    fn kept_by(&self, holder: NodeId) -> Result<Vec<ResultRow>, RegistryError> {
        self.rows_where("instr(replicas, ?1) > 0", &holder.to_string())
    }
}

impl SqliteResults {
    pub(super) fn run(&self, sql: &str, values: &[&dyn ToSql]) -> Result<usize, RegistryError> {
        let connection = self.system.connection();
        let done = connection.prepare_cached(sql).and_then(|mut statement| statement.execute(values));
        done.map_err(unavailable)
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
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut statement = transaction.prepare_cached(sql)?;
            for item in items {
                one(&mut statement, item)?;
            }
            drop(statement);
            transaction.commit()
        };
        all(&mut self.system.connection()).map_err(unavailable)
    }
}
