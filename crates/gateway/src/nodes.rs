//! The nodes of a cluster as administration sees them.

use std::collections::HashMap;

use nextlink_odata::temporal::Instant;
use nextlink_results::{NodeId, RegistryError};
use nextlink_system::{Holding, NodeRow, NodeState, Roll, System};
use serde::Serialize;

/// All nodes, by name.
#[derive(Debug, Clone, Serialize)]
pub struct NodeList {
    /// The nodes.
    pub nodes: Vec<ListedNode>,
}

/// A node.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedNode {
    /// Its short name.
    pub name: String,
    /// Its name for ever.
    pub id: String,
    /// The name of its last start.
    pub registration: String,
    /// How often it has been started.
    pub boot: u64,
    /// `up`, `draining`, `down`, or `lost` where its lease ended without a word.
    pub state: &'static str,
    /// Where the other nodes reach it.
    pub address: Option<String>,
    /// Whether it is the node that was asked.
    pub is_self: bool,
    /// When it was started last, in UTC.
    pub started_at: String,
    /// When it was heard of last, in UTC.
    pub heartbeat_at: Option<String>,
    /// Seconds until it is given up.
    pub lease_seconds: Option<f64>,
    /// The results that it holds.
    pub results: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Lists all nodes; `own` is the one that was asked. May block.
///
/// # Errors
/// The system database does not answer.
pub fn list(system: &dyn System, own: Option<NodeId>) -> Result<NodeList, RegistryError> {
    let roll = system.roll()?;
    let held: HashMap<NodeId, Holding> =
        system.holdings()?.into_iter().map(|held| (held.owner, held)).collect();
    let nodes = roll.nodes.iter().map(|row| listed(row, &roll, held.get(&row.facts.id), own)).collect();
    Ok(NodeList { nodes })
}

fn listed(row: &NodeRow, roll: &Roll, held: Option<&Holding>, own: Option<NodeId>) -> ListedNode {
    let facts = &row.facts;
    let over = row.lease_ms.is_some() && roll.lease_left(row).is_zero();
    ListedNode {
        name: facts.name.clone(),
        id: facts.id.to_string(),
        registration: facts.registration.to_string(),
        boot: facts.boot,
        state: match row.state {
            NodeState::Down => "down",
            NodeState::Up | NodeState::Draining if over => "lost",
            NodeState::Up => "up",
            NodeState::Draining => "draining",
        },
        address: facts.address.clone(),
        is_self: own == Some(facts.id),
        started_at: utc(row.started_ms),
        heartbeat_at: row.heartbeat_ms.map(utc),
        lease_seconds: row.lease_ms.map(|_| roll.lease_left(row).as_secs_f64()),
        results: held.map_or(0, |held| held.results),
        bytes: held.map_or(0, |held| held.bytes),
    }
}

/// Milliseconds since 1970 as text.
pub fn utc(ms: u64) -> String {
    let instant = Instant {
        seconds: i64::try_from(ms / 1_000).unwrap_or(0),
        picos: (ms % 1_000) * 1_000_000_000,
        offset: 0,
    };
    let mut out = String::with_capacity(32);
    // Only a clock beyond the year 9999 has no such text.
    instant.write_utc(&mut out).unwrap_or_default();
    out
}
