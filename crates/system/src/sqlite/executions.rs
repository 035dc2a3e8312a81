//! Executions of results in SQLite: how one is added, claimed and found again.

use nextlink_results::{Continues, Generation, Moved, NodeId, RegistryError, ResultId, ResultRow};
use rusqlite::{Row, ToSql, TransactionBehavior, params};

use super::results::SqliteResults;
use super::{SqliteSystem, unavailable};
use crate::words::{
    number, of_nodes, of_recovery, of_state, to_continues, to_nodes, to_recovery, to_state, unsigned,
};

const COLUMNS: &str = "id, generation, owner, state, user, source, recovery, pages, rows, bytes, created_ms,
    expires_ms, absolute_ms, replicas, continues_generation, continues_page";

impl SqliteResults {
    /// Adds a row, if nobody has taken this node over.
    pub(super) fn add(&self, row: &ResultRow, header: &[u8]) -> Result<bool, RegistryError> {
        self.add_where(row, header, 0, "")
    }

    /// Adds a row behind the last one there is, if nobody is about to go on with the lost one.
    pub(super) fn add_after(
        &self,
        row: &ResultRow,
        header: &[u8],
        known: u32,
    ) -> Result<bool, RegistryError> {
        let condition = "AND (SELECT max(generation) FROM results WHERE id = ?1) = ?20
            AND EXISTS (SELECT 1 FROM results AS r WHERE r.id = ?1 AND r.generation = ?15
                AND (r.state = 'failed' AND r.pages <= ?16 OR r.owner = ?18 OR NOT EXISTS (SELECT 1 FROM nodes AS n
                    WHERE n.id = r.owner AND coalesce(n.lease_ms, 0) > unixepoch('subsec') * 1000)))
            ON CONFLICT DO NOTHING";
        self.add_where(row, header, known, condition)
    }

    fn add_where(
        &self,
        row: &ResultRow,
        header: &[u8],
        known: u32,
        condition: &str,
    ) -> Result<bool, RegistryError> {
        let sql = [
            "INSERT INTO results (",
            COLUMNS,
            ", header) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17
            WHERE EXISTS (SELECT 1 FROM nodes WHERE id = ?18 AND boot = ?19) AND ?20 >= 0 ",
            condition,
        ];
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
            of_nodes(&row.replicas),
            row.continues.map(|lost| lost.generation),
            row.continues.map(|lost| lost.page),
            (!header.is_empty()).then_some(header),
            self.node.as_bytes(),
            number(self.boot),
            known,
        ];
        self.run(&sql.concat(), values).map(|rows| rows > 0)
    }

    pub(super) fn rows_where(
        &self,
        condition: &str,
        value: &dyn ToSql,
    ) -> Result<Vec<ResultRow>, RegistryError> {
        let sql = ["SELECT ", COLUMNS, " FROM results WHERE ", condition].concat();
        let connection = self.system.connection();
        let mut statement = connection.prepare_cached(&sql).map_err(unavailable)?;
        let rows = statement.query_map([value], read).map_err(unavailable)?;
        rows.collect::<rusqlite::Result<_>>().map_err(|error| RegistryError::Invalid(error.to_string()))
    }

    pub(super) fn all_continued(&self) -> Result<Vec<(ResultId, Continues)>, RegistryError> {
        let sql = "SELECT id, continues_generation, continues_page FROM results
            WHERE continues_generation IS NOT NULL";
        let connection = self.system.connection();
        let mut statement = connection.prepare_cached(sql).map_err(unavailable)?;
        let one = |row: &Row<'_>| {
            let at = Continues { generation: row.get(1)?, page: row.get(2)? };
            Ok((ResultId::from_bytes(row.get(0)?), at))
        };
        let rows = statement.query_map([], one).map_err(unavailable)?;
        rows.collect::<rusqlite::Result<_>>().map_err(|error| RegistryError::Invalid(error.to_string()))
    }

    pub(super) fn executions_of(&self, id: ResultId) -> Result<Vec<Generation>, RegistryError> {
        let sql = [
            "SELECT ",
            COLUMNS,
            ", EXISTS (SELECT 1 FROM nodes AS n WHERE n.id = results.owner
                AND coalesce(n.lease_ms, 0) > unixepoch('subsec') * 1000), coalesce(header, zeroblob(0))
            FROM results WHERE id = ?1 ORDER BY generation",
        ];
        let connection = self.system.connection();
        let mut statement = connection.prepare_cached(&sql.concat()).map_err(unavailable)?;
        let one = |row: &Row<'_>| {
            let header: Vec<u8> = row.get(17)?;
            Ok(Generation { row: read(row)?, live: row.get(16)?, header: header.into() })
        };
        let rows = statement.query_map([id.as_bytes()], one).map_err(unavailable)?;
        rows.collect::<rusqlite::Result<_>>().map_err(|error| RegistryError::Invalid(error.to_string()))
    }
}

impl SqliteSystem {
    /// Adds rows that another database knew, in one transaction; a row that is there stays as it is.
    pub(super) fn add_moved(&self, results: &[Moved]) -> Result<u64, RegistryError> {
        let sql = [
            "INSERT INTO results (",
            COLUMNS,
            ", header) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
            ON CONFLICT DO NOTHING",
        ]
        .concat();
        let mut connection = self.connection();
        let mut all = || {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut added = 0;
            for Moved { row, header } in results {
                added += transaction.prepare_cached(&sql)?.execute(params![
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
                    of_nodes(&row.replicas),
                    row.continues.map(|lost| lost.generation),
                    row.continues.map(|lost| lost.page),
                    header.as_ref(),
                ])?;
            }
            transaction.commit()?;
            Ok(added as u64)
        };
        all().map_err(unavailable)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<ResultRow> {
    let count = |at: usize| row.get::<_, i64>(at).map(unsigned);
    let (state, recovery): (String, String) = (row.get(3)?, row.get(6)?);
    let replicas: Option<String> = row.get(13)?;
    Ok(ResultRow {
        id: ResultId::from_bytes(row.get(0)?),
        generation: row.get(1)?,
        owner: NodeId::from_bytes(row.get(2)?),
        state: to_state(&state),
        user: row.get(4)?,
        source: row.get(5)?,
        recovery: to_recovery(&recovery),
        pages: row.get(7)?,
        rows: count(8)?,
        bytes: count(9)?,
        created_ms: count(10)?,
        expires_ms: count(11)?,
        absolute_ms: count(12)?,
        replicas: to_nodes(replicas.as_deref()),
        continues: to_continues(row.get(14)?, row.get(15)?),
    })
}
