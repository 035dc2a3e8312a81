//! The table of nodes in PostgreSQL.

use std::time::Duration;

use nextlink_results::peer::{NodeFacts, Party};
use nextlink_results::{NodeId, Registration, RegistryError};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::PostgresSystem;
use crate::node::{Beat, Holding, NodeRow, NodeState, Nodes, Roll};
use crate::words::{invalid, number, of_node_state, to_node_state, unsigned};

impl Nodes for PostgresSystem {
    fn roll(&self) -> Result<Roll, RegistryError> {
        // The clock is read in the same statement, so that no wait lies between; a row of it comes without nodes too.
        let sql =
            "SELECT t.now, n.id, n.registration, n.boot, n.name, n.address, n.mac, n.state, n.started_ms,
            n.heartbeat_ms, n.lease_ms, n.sources, (SELECT revision FROM revisions WHERE what = 'sources')
            FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now) AS t
            LEFT JOIN nodes AS n ON true ORDER BY n.name, n.id";
        let rows = self.call(move |connection| async move {
            let statement = connection.prepare_cached(sql).await?;
            connection.query(&statement, &[]).await
        })?;
        let first = rows.first().ok_or_else(|| invalid("no time"))?;
        let (now, revision): (i64, Option<i64>) = (first.get(0), first.get(12));
        let sources_revision = unsigned(revision.unwrap_or(0));
        let filled = rows.iter().filter(|row| row.get::<_, Option<&[u8]>>(1).is_some());
        let nodes = filled.map(read_node).collect::<Option<Vec<_>>>();
        let nodes = nodes.ok_or_else(|| invalid("a node"))?;
        Ok(Roll { now_ms: unsigned(now), nodes, sources_revision })
    }

    fn put(
        &self,
        facts: &NodeFacts,
        signature: &[u8],
        lease: Option<Duration>,
    ) -> Result<bool, RegistryError> {
        let sql = "INSERT INTO nodes AS n
            (id, registration, boot, name, address, state, mac, started_ms, heartbeat_ms, lease_ms)
            SELECT $1, $2, $3, $4, $5, 'up', $6, t.now, CASE WHEN $7::bigint IS NOT NULL THEN t.now END, t.now + $7
            FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now) AS t
            ON CONFLICT (id) DO UPDATE SET registration = excluded.registration, boot = excluded.boot,
                name = excluded.name, address = excluded.address, state = excluded.state, mac = excluded.mac,
                started_ms = excluded.started_ms, heartbeat_ms = excluded.heartbeat_ms,
                lease_ms = excluded.lease_ms, sources = NULL
            WHERE n.boot + 1 = excluded.boot
                AND (coalesce(n.lease_ms, 0) <= excluded.started_ms
                    OR n.address IS NOT DISTINCT FROM excluded.address)";
        let (facts, signature) = (facts.clone(), signature.to_vec());
        let lease = lease.map(|lease| number(lease.as_millis() as u64));
        self.call(move |connection| async move {
            let statement = connection.prepare_cached(sql).await?;
            let (id, registration) =
                (facts.id.as_bytes().as_slice(), facts.registration.as_bytes().as_slice());
            let (boot, name, address) = (number(facts.boot), facts.name.as_str(), facts.address.as_deref());
            let written = connection
                .execute(&statement, &[&id, &registration, &boot, &name, &address, &signature, &lease])
                .await;
            match written {
                // Another node took the name meanwhile.
                Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => Ok(false),
                written => written.map(|rows| rows > 0),
            }
        })
    }

    fn beat(
        &self,
        id: NodeId,
        party: Party,
        state: NodeState,
        lease: Duration,
    ) -> Result<Beat, RegistryError> {
        // The row is locked before the clock is read, so that the answer holds for the moment of the change.
        let sql = "WITH before AS MATERIALIZED (SELECT coalesce(lease_ms, 0) AS until FROM nodes
                WHERE id = $1 AND registration = $2 AND boot = $3 FOR UPDATE),
            t AS MATERIALIZED (SELECT until, (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM before)
            UPDATE nodes SET heartbeat_ms = t.now, lease_ms = t.now + $4, state = $5 FROM t
            WHERE id = $1 RETURNING t.until > t.now";
        self.call(move |connection| async move {
            let statement = connection.prepare_cached(sql).await?;
            let (id, registration) = (id.as_bytes().as_slice(), party.registration.as_bytes().as_slice());
            let (boot, lease) = (number(party.boot), number(lease.as_millis() as u64));
            let state = of_node_state(state);
            let rows = connection.query(&statement, &[&id, &registration, &boot, &lease, &state]).await?;
            Ok(match rows.first().map(|row| row.get(0)) {
                Some(true) => Beat::Kept,
                Some(false) => Beat::Lapsed,
                None => Beat::TakenOver,
            })
        })
    }

    fn tell(&self, id: NodeId, party: Party, sources: &str) -> Result<(), RegistryError> {
        let sql = "UPDATE nodes SET sources = $4 WHERE id = $1 AND registration = $2 AND boot = $3";
        let sources = sources.to_owned();
        self.call(move |connection| async move {
            let statement = connection.prepare_cached(sql).await?;
            let (id, registration) = (id.as_bytes().as_slice(), party.registration.as_bytes().as_slice());
            let boot = number(party.boot);
            connection.execute(&statement, &[&id, &registration, &boot, &sources]).await.map(drop)
        })
    }

    fn forget(&self, id: NodeId, registration: Registration) -> Result<(), RegistryError> {
        let sql = "DELETE FROM nodes WHERE id = $1 AND registration = $2
            AND coalesce(lease_ms, 0) <= extract(epoch FROM clock_timestamp()) * 1000";
        self.call(move |connection| async move {
            let statement = connection.prepare_cached(sql).await?;
            let (id, registration) = (id.as_bytes().as_slice(), registration.as_bytes().as_slice());
            connection.execute(&statement, &[&id, &registration]).await.map(drop)
        })
    }

    fn forget_unseen(&self, unseen: Duration) -> Result<u64, RegistryError> {
        let sql =
            "DELETE FROM nodes AS n WHERE n.heartbeat_ms + $1 < extract(epoch FROM clock_timestamp()) * 1000
            AND coalesce(n.lease_ms, 0) <= extract(epoch FROM clock_timestamp()) * 1000
            AND NOT EXISTS (SELECT 1 FROM results AS r WHERE r.owner = n.id)";
        let unseen = number(unseen.as_millis() as u64);
        self.call(move |connection| async move {
            let statement = connection.prepare_cached(sql).await?;
            connection.execute(&statement, &[&unseen]).await
        })
    }

    fn holdings(&self) -> Result<Vec<Holding>, RegistryError> {
        let sql = "SELECT owner, count(*), coalesce(sum(bytes), 0)::bigint FROM results GROUP BY owner";
        let rows = self.call(move |connection| async move {
            let statement = connection.prepare_cached(sql).await?;
            connection.query(&statement, &[]).await
        })?;
        let read = |row: &Row| {
            let owner = NodeId::from_bytes(row.get::<_, &[u8]>(0).try_into().ok()?);
            Some(Holding { owner, results: unsigned(row.get(1)), bytes: unsigned(row.get(2)) })
        };
        rows.iter().map(read).collect::<Option<_>>().ok_or_else(|| invalid("an owner"))
    }
}

fn read_node(row: &Row) -> Option<NodeRow> {
    let time = |at: usize| row.get::<_, Option<i64>>(at).map(unsigned);
    Some(NodeRow {
        facts: NodeFacts {
            id: NodeId::from_bytes(row.get::<_, &[u8]>(1).try_into().ok()?),
            registration: Registration::from_bytes(row.get::<_, &[u8]>(2).try_into().ok()?),
            boot: unsigned(row.get(3)),
            name: row.get(4),
            address: row.get(5),
        },
        signature: row.get(6),
        state: to_node_state(row.get(7)),
        started_ms: time(8)?,
        heartbeat_ms: time(9),
        lease_ms: time(10),
        sources: row.get(11),
    })
}
