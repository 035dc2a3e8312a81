//! Nodes: how one registers, keeps its lease, and is told that another process has taken it over.

use std::sync::Arc;
use std::time::Duration;

use nextlink_results::peer::{NodeFacts, Party};
use nextlink_results::{Moved, NodeId, Registration, Registry, RegistryError};

use crate::source::Sources;

/// How often a registration that another node's crossed is tried again.
const TRIES: u32 = 20;

/// What a node is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    /// It takes requests.
    Up,
    /// It hands over what it holds and will go.
    Draining,
    /// It has ended in order.
    Down,
}

/// A row of the table of nodes. Anybody who can write to the database can have made it: what it says of the node is to
/// be believed only where the signature is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// What the node registered.
    pub facts: NodeFacts,
    /// Its signature under the cluster's key; empty for a node that is alone.
    pub signature: Vec<u8>,
    /// Its state.
    pub state: NodeState,
    /// When it was started, in milliseconds since 1970.
    pub started_ms: u64,
    /// When it was heard of last, in milliseconds since 1970.
    pub heartbeat_ms: Option<u64>,
    /// Until when nobody else may take it over, in milliseconds since 1970; `None` for a node that is alone.
    pub lease_ms: Option<u64>,
    /// What it said last of the sources that it serves.
    pub sources: Option<String>,
}

/// What a sign of life has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// The lease is longer.
    Kept,
    /// The lease was over: others may have gone on with what is there. It lasts again.
    Lapsed,
    /// Another process has taken the node over.
    TakenOver,
}

/// All nodes at one moment of the database's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roll {
    /// The moment, in milliseconds since 1970.
    pub now_ms: u64,
    /// The nodes, by name.
    pub nodes: Vec<NodeRow>,
    /// The revision of the sources.
    pub sources_revision: u64,
}

impl Roll {
    /// How long a node's lease lasts from now on; zero when it is over or never was.
    #[must_use]
    pub fn lease_left(&self, row: &NodeRow) -> Duration {
        Duration::from_millis(row.lease_ms.unwrap_or(0).saturating_sub(self.now_ms))
    }

    /// The row of a node.
    #[must_use]
    pub fn find(&self, id: NodeId) -> Option<&NodeRow> {
        self.nodes.iter().find(|row| row.facts.id == id)
    }

    /// Whether a node's lease is not over.
    #[must_use]
    pub fn is_live(&self, row: &NodeRow) -> bool {
        !self.lease_left(row).is_zero()
    }
}

/// What a node holds, as the registry counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The node.
    pub owner: NodeId,
    /// Its results.
    pub results: u64,
    /// Their bytes on disk when they were last told.
    pub bytes: u64,
}

/// A registration to be made.
pub struct Join<'a> {
    /// The node.
    pub id: NodeId,
    /// The name of this registration.
    pub registration: Registration,
    /// A name that the node wants; without one it keeps the one it had, or gets one that is free.
    pub name: Option<&'a str>,
    /// Where other nodes reach it; `None` for a node that is alone. The node listens there already: two that name one
    /// address are never alive at one time.
    pub address: Option<&'a str>,
    /// How long nobody else may take it over; `None` for a node that is alone.
    pub lease: Option<Duration>,
    /// Signs what is registered.
    pub sign: &'a dyn Fn(&NodeFacts) -> Vec<u8>,
}

/// Why a node was not registered.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The same node lives elsewhere: the data directory was copied, or it was started anew at another address.
    #[error("this node is registered at {address}, and its lease ends in {} s", left.as_secs_f32())]
    Held {
        /// Where.
        address: String,
        /// How long its lease lasts.
        left: Duration,
        /// When it was heard of last: unchanged when asked again later, it is gone.
        heartbeat_ms: Option<u64>,
    },
    /// Another node that lives has this name.
    #[error("the name '{name}' is that of the node {other}; give this one another (cluster.name)")]
    NameTaken {
        /// The name.
        name: String,
        /// The node that has it.
        other: NodeId,
    },
    /// Other nodes registered at the same time, again and again.
    #[error("other nodes register at the same time; try again")]
    Crossed,
    /// The database did not do as asked.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// The table of nodes. All methods may block.
pub trait Nodes: Send + Sync {
    /// All nodes.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn roll(&self) -> Result<Roll, RegistryError>;

    /// Writes the row of a node that has been started `facts.boot` times; `false` when another start, a lease of the
    /// same node at another address or another node of that name came between.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn put(
        &self,
        facts: &NodeFacts,
        signature: &[u8],
        lease: Option<Duration>,
    ) -> Result<bool, RegistryError>;

    /// Says that a node is alive and what it is about to do, and extends its lease. Whether that was over is decided
    /// by the same clock, and in the same moment, by which others decide it.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn beat(
        &self,
        id: NodeId,
        party: Party,
        state: NodeState,
        lease: Duration,
    ) -> Result<Beat, RegistryError>;

    /// Keeps what a node says of the sources that it serves.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn tell(&self, id: NodeId, party: Party, sources: &str) -> Result<(), RegistryError>;

    /// Removes the row of a node whose lease is over.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn forget(&self, id: NodeId, registration: Registration) -> Result<(), RegistryError>;

    /// Removes the rows of nodes that gave no sign of life for so long and own no result; those of nodes that are alone
    /// give none, and stay. Gives how many they were.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn forget_unseen(&self, unseen: Duration) -> Result<u64, RegistryError>;

    /// What the nodes hold; owners without a row among them.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn holdings(&self) -> Result<Vec<Holding>, RegistryError>;

    /// Registers a node, and gives what was registered.
    ///
    /// # Errors
    /// [`JoinError`].
    fn join(&self, join: &Join<'_>) -> Result<NodeFacts, JoinError> {
        for _ in 0..TRIES {
            let roll = self.roll()?;
            let before = roll.find(join.id);
            if let Some(row) = before.filter(|row| roll.is_live(row)) {
                let address = row.facts.address.as_deref();
                if address != join.address {
                    return Err(JoinError::Held {
                        address: address.unwrap_or_default().to_owned(),
                        left: roll.lease_left(row),
                        heartbeat_ms: row.heartbeat_ms,
                    });
                }
            }
            let name = name(join, &roll)?;
            if let Some(other) = namesake(join.id, &roll, &name) {
                self.forget(other.facts.id, other.facts.registration)?;
            }
            let facts = NodeFacts {
                id: join.id,
                registration: join.registration,
                boot: before.map_or(0, |row| row.facts.boot) + 1,
                name,
                address: join.address.map(str::to_owned),
            };
            if self.put(&facts, &(join.sign)(&facts), join.lease)? {
                return Ok(facts);
            }
        }
        Err(JoinError::Crossed)
    }
}

/// The system database.
pub trait System: Nodes + Sources {
    /// The table of results as a registered node sees it.
    fn results(self: Arc<Self>, node: &NodeFacts) -> Arc<dyn Registry>;

    /// Adds results that another system database knew; those that are known here stay as they are. Gives how many were
    /// added.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn import(&self, results: &[Moved]) -> Result<u64, RegistryError>;
}

fn namesake<'a>(id: NodeId, roll: &'a Roll, name: &str) -> Option<&'a NodeRow> {
    roll.nodes.iter().find(|row| row.facts.name == name && row.facts.id != id)
}

/// The name that is wanted, the one it had, or the first that is free.
fn name(join: &Join<'_>, roll: &Roll) -> Result<String, JoinError> {
    if let Some(name) = join.name {
        return match namesake(join.id, roll, name).filter(|other| roll.is_live(other)) {
            Some(other) => Err(JoinError::NameTaken { name: name.to_owned(), other: other.facts.id }),
            None => Ok(name.to_owned()),
        };
    }
    if let Some(before) = roll.find(join.id).filter(|row| !row.facts.name.is_empty()) {
        return Ok(before.facts.name.clone());
    }
    let free = |name: &String| namesake(join.id, roll, name).is_none();
    let mut names = (1u64..).map(|number| ["n", &number.to_string()].concat());
    names.find(free).ok_or(JoinError::Crossed)
}
