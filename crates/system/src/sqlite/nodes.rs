//! The table of nodes in SQLite.

use std::time::Duration;

use nextlink_results::peer::{NodeFacts, Party};
use nextlink_results::{NodeId, Registration, RegistryError};
use rusqlite::{OptionalExtension as _, Row, TransactionBehavior, params};

use super::{SqliteSystem, unavailable};
use crate::node::{Beat, Holding, NodeRow, NodeState, Nodes, Roll};
use crate::words::{number, of_node_state, to_node_state, unsigned};

/// The clock of the database.
pub(super) const NOW: &str = "SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER)";

/// The revision of the sources.
pub(super) const REVISION: &str = "SELECT revision FROM revisions WHERE what = 'sources'";

impl Nodes for SqliteSystem {
    fn roll(&self) -> Result<Roll, RegistryError> {
        let sql = "SELECT id, coalesce(registration, zeroblob(16)), boot, coalesce(name, ''), address,
            coalesce(mac, zeroblob(0)), state, started_ms, heartbeat_ms, lease_ms, sources FROM nodes ORDER BY name, id";
        let mut connection = self.connection();
        let mut read = || {
            let transaction = connection.transaction()?;
            let now: i64 = transaction.prepare_cached(NOW)?.query_row([], |row| row.get(0))?;
            let mut statement = transaction.prepare_cached(sql)?;
            let nodes = statement.query_map([], read_node)?.collect::<rusqlite::Result<_>>()?;
            let revision: i64 = transaction.prepare_cached(REVISION)?.query_row([], |row| row.get(0))?;
            Ok(Roll { now_ms: unsigned(now), nodes, sources_revision: unsigned(revision) })
        };
        read().map_err(unavailable)
    }

    fn put(
        &self,
        facts: &NodeFacts,
        signature: &[u8],
        lease: Option<Duration>,
    ) -> Result<bool, RegistryError> {
        let sql = "INSERT INTO nodes
            (id, registration, boot, name, address, state, mac, started_ms, heartbeat_ms, lease_ms)
            VALUES (?1, ?2, ?3, ?4, ?5, 'up', ?6, ?7, CASE WHEN ?8 IS NOT NULL THEN ?7 END, ?7 + ?8)
            ON CONFLICT (id) DO UPDATE SET registration = excluded.registration, boot = excluded.boot,
                name = excluded.name, address = excluded.address, state = excluded.state, mac = excluded.mac,
                started_ms = excluded.started_ms, heartbeat_ms = excluded.heartbeat_ms,
                lease_ms = excluded.lease_ms, sources = NULL
            WHERE nodes.boot + 1 = excluded.boot
                AND (coalesce(nodes.lease_ms, 0) <= ?7 OR nodes.address IS excluded.address)";
        let mut connection = self.connection();
        let mut write = || {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let now: i64 = transaction.prepare_cached(NOW)?.query_row([], |row| row.get(0))?;
            let taken = "SELECT count(*) FROM nodes WHERE name = ?1 AND id <> ?2";
            let named = params![facts.name, facts.id.as_bytes()];
            let taken: u32 = transaction.prepare_cached(taken)?.query_row(named, |row| row.get(0))?;
            if taken > 0 {
                return Ok(false);
            }
            let values = params![
                facts.id.as_bytes(),
                facts.registration.as_bytes(),
                number(facts.boot),
                facts.name,
                facts.address,
                signature,
                now,
                lease.map(|lease| number(lease.as_millis() as u64)),
            ];
            let written = transaction.prepare_cached(sql)?.execute(values)?;
            transaction.commit()?;
            Ok(written > 0)
        };
        let written = self.reserve.with_room(&mut write).map_err(unavailable)?;
        self.reserve.keep();
        Ok(written)
    }

    fn beat(
        &self,
        id: NodeId,
        party: Party,
        state: NodeState,
        lease: Duration,
    ) -> Result<Beat, RegistryError> {
        let before =
            "SELECT coalesce(lease_ms, 0) FROM nodes WHERE id = ?1 AND registration = ?2 AND boot = ?3";
        let sql = "UPDATE nodes SET heartbeat_ms = ?2, lease_ms = ?2 + ?3, state = ?4 WHERE id = ?1";
        let lease = number(lease.as_millis() as u64);
        let mut connection = self.connection();
        let mut write = || {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let now: i64 = transaction.prepare_cached(NOW)?.query_row([], |row| row.get(0))?;
            let named = params![id.as_bytes(), party.registration.as_bytes(), number(party.boot)];
            let until: Option<i64> =
                transaction.prepare_cached(before)?.query_row(named, |row| row.get(0)).optional()?;
            let Some(until) = until else { return Ok(Beat::TakenOver) };
            let values = params![id.as_bytes(), now, lease, of_node_state(state)];
            transaction.prepare_cached(sql)?.execute(values)?;
            transaction.commit()?;
            Ok(if until > now { Beat::Kept } else { Beat::Lapsed })
        };
        write().map_err(unavailable)
    }

    fn tell(&self, id: NodeId, party: Party, sources: &str) -> Result<(), RegistryError> {
        let sql = "UPDATE nodes SET sources = ?4 WHERE id = ?1 AND registration = ?2 AND boot = ?3";
        let registration = party.registration.as_bytes();
        let values = params![id.as_bytes(), registration, number(party.boot), sources];
        let connection = self.connection();
        let done = connection.prepare_cached(sql).and_then(|mut statement| statement.execute(values));
        done.map(drop).map_err(unavailable)
    }

    fn forget(&self, id: NodeId, registration: Registration) -> Result<(), RegistryError> {
        let sql = "DELETE FROM nodes WHERE id = ?1 AND coalesce(registration, zeroblob(16)) = ?2
            AND coalesce(lease_ms, 0) <= unixepoch('subsec') * 1000";
        let values = params![id.as_bytes(), registration.as_bytes()];
        let connection = self.connection();
        let done = connection.prepare_cached(sql).and_then(|mut statement| statement.execute(values));
        done.map(drop).map_err(unavailable)
    }

    fn forget_unseen(&self, unseen: Duration) -> Result<u64, RegistryError> {
        let sql = "DELETE FROM nodes WHERE heartbeat_ms + ?1 < unixepoch('subsec') * 1000
            AND coalesce(lease_ms, 0) <= unixepoch('subsec') * 1000
            AND NOT EXISTS (SELECT 1 FROM results AS r WHERE r.owner = nodes.id)";
        let unseen = number(unseen.as_millis() as u64);
        let connection = self.connection();
        let done = connection.prepare_cached(sql).and_then(|mut statement| statement.execute([unseen]));
        done.map(|rows| rows as u64).map_err(unavailable)
    }

    fn holdings(&self) -> Result<Vec<Holding>, RegistryError> {
        let sql = "SELECT owner, count(*), CAST(total(bytes) AS INTEGER) FROM results GROUP BY owner";
        let connection = self.connection();
        let read = |row: &Row<'_>| {
            let count = |at: usize| row.get::<_, i64>(at).map(unsigned);
            Ok(Holding { owner: NodeId::from_bytes(row.get(0)?), results: count(1)?, bytes: count(2)? })
        };
        let all =
            || connection.prepare_cached(sql)?.query_map([], read)?.collect::<rusqlite::Result<Vec<_>>>();
        all().map_err(unavailable)
    }
}

fn read_node(row: &Row<'_>) -> rusqlite::Result<NodeRow> {
    let state: String = row.get(6)?;
    let time = |at: usize| row.get::<_, Option<i64>>(at).map(|value| value.map(unsigned));
    Ok(NodeRow {
        facts: NodeFacts {
            id: NodeId::from_bytes(row.get(0)?),
            registration: Registration::from_bytes(row.get(1)?),
            boot: row.get::<_, i64>(2).map(unsigned)?,
            name: row.get(3)?,
            address: row.get(4)?,
        },
        signature: row.get(5)?,
        state: to_node_state(&state),
        started_ms: time(7)?.unwrap_or(0),
        heartbeat_ms: time(8)?,
        lease_ms: time(9)?,
        sources: row.get(10)?,
    })
}
