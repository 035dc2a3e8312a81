//! The table of results in SQLite, as one registered node sees it.

use std::sync::Arc;

use nextlink_results::{NodeId, Registry, RegistryError, ResultId, ResultRow, Touch};
use rusqlite::{Connection, Row, ToSql, TransactionBehavior, params};

use super::{SqliteSystem, unavailable};
use crate::words::{number, of_recovery, of_state, to_recovery, to_state, unsigned};

/// The results of one node. Nothing is written once another process has registered as that node.
pub(super) struct SqliteResults {
    pub(super) system: Arc<SqliteSystem>,
    pub(super) node: NodeId,
    pub(super) boot: u64,
}

impl Registry for SqliteResults {
    fn insert(&self, row: &ResultRow) -> Result<(), RegistryError> {
        let sql = "INSERT INTO results (id, generation, owner, state, user, source, recovery, pages,
            rows, bytes, created_ms, expires_ms, absolute_ms)
            SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
            WHERE EXISTS (SELECT 1 FROM nodes WHERE id = ?14 AND boot = ?15)";
        let values = params![
            row.id.as_bytes(),
            row.generation,
            row.owner.as_bytes(),
            of_state(row.state),
            row.user,
            row.source,
            of_recovery(row.recovery),
            row.pages,
            number(row.rows),
            number(row.bytes),
            number(row.created_ms),
            number(row.expires_ms),
            number(row.absolute_ms),
            self.node.as_bytes(),
            number(self.boot),
        ];
        if self.run(sql, values)? == 0 { Err(RegistryError::Fenced) } else { Ok(()) }
    }

    fn update(&self, row: &ResultRow) -> Result<(), RegistryError> {
        let sql = "UPDATE results SET state = ?4, pages = ?5, rows = ?6, bytes = ?7, expires_ms = ?8
            WHERE id = ?1 AND generation = ?2 AND owner = ?3
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
        let sql = "SELECT id, generation, state, user, source, recovery, pages, rows, bytes,
            created_ms, expires_ms, absolute_ms FROM results WHERE owner = ?1";
        let connection = self.system.connection();
        let mut statement = connection.prepare_cached(sql).map_err(unavailable)?;
        let mut rows = statement.query([owner.as_bytes()]).map_err(unavailable)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(unavailable)? {
            found.push(read(row, owner).map_err(|error| RegistryError::Invalid(error.to_string()))?);
        }
        Ok(found)
    }
}

impl SqliteResults {
    fn run(&self, sql: &str, values: &[&dyn ToSql]) -> Result<usize, RegistryError> {
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

fn read(row: &Row<'_>, owner: NodeId) -> rusqlite::Result<ResultRow> {
    let count = |at: usize| row.get::<_, i64>(at).map(unsigned);
    let (state, recovery): (String, String) = (row.get(2)?, row.get(5)?);
    Ok(ResultRow {
        id: ResultId::from_bytes(row.get(0)?),
        generation: row.get(1)?,
        owner,
        state: to_state(&state),
        user: row.get(3)?,
        source: row.get(4)?,
        recovery: to_recovery(&recovery),
        pages: row.get(6)?,
        rows: count(7)?,
        bytes: count(8)?,
        created_ms: count(9)?,
        expires_ms: count(10)?,
        absolute_ms: count(11)?,
    })
}
