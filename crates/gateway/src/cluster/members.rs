//! The other nodes, as far as they can be believed; and the clock that all of them share.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nextlink_results::peer::{NodeFacts, PeerKeys};
use nextlink_results::{NodeId, Registration, ResultId};
use nextlink_system::{NodeState, Roll};
use tokio::time::Instant;

use crate::config::Network;

/// Another node of the cluster: its row was signed by one that has the cluster's key.
#[derive(Debug, Clone)]
pub struct Member {
    /// What it registered.
    pub facts: NodeFacts,
    /// Where it is reached.
    pub address: SocketAddr,
    /// What it is about to do.
    pub state: NodeState,
    /// Until when its lease lasts at most.
    pub lease_until: Instant,
    /// Until when its lease lasts at least, if it is not cut short.
    pub sure_until: Instant,
}

impl Member {
    /// Whether its lease may not be over yet.
    pub fn is_live(&self) -> bool {
        Instant::now() < self.lease_until
    }

    /// Whether its lease is surely not over.
    pub fn is_surely_live(&self) -> bool {
        Instant::now() < self.sure_until
    }
}

/// All other nodes at one moment.
#[derive(Debug, Default)]
pub struct Members {
    by_id: HashMap<NodeId, Arc<Member>>,
    by_registration: HashMap<Registration, NodeId>,
}

/// A row that is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Distrust {
    /// The node that it seems to be of.
    pub id: NodeId,
    /// Why it is not believed.
    pub why: &'static str,
}

impl Members {
    /// Takes the rows of a roll that can be believed, and tells of the others. The system database was `asked` for it
    /// then, and has answered by now: it read its clock at some moment between.
    pub fn of(
        roll: &Roll,
        asked: Instant,
        own: NodeId,
        keys: &PeerKeys,
        networks: &[Network],
    ) -> (Members, Vec<Distrust>) {
        let now = Instant::now();
        let mut members = Members::default();
        let mut distrusted = Vec::new();
        for row in roll.nodes.iter().filter(|row| row.facts.id != own) {
            let facts = &row.facts;
            // An address is looked at only once it is known who wrote it.
            let address = if keys.check_row(facts, &row.signature) {
                literal(facts.address.as_deref(), networks)
            } else {
                Err("its row is not signed with the key of the cluster")
            };
            let address = match address {
                Ok(address) => address,
                Err(why) => {
                    distrusted.push(Distrust { id: facts.id, why });
                    continue;
                }
            };
            let (lease_until, sure_until) = (now + roll.lease_left(row), asked + roll.lease_left(row));
            let member = Member { facts: facts.clone(), address, state: row.state, lease_until, sure_until };
            members.by_registration.insert(facts.registration, facts.id);
            members.by_id.insert(facts.id, Arc::new(member));
        }
        (members, distrusted)
    }

    /// A node by its name for ever.
    pub fn node(&self, id: NodeId) -> Option<Arc<Member>> {
        self.by_id.get(&id).cloned()
    }

    /// Nodes that are likely to have what belongs to a result, the likeliest first: every node makes the same list, so
    /// that nobody has to be told where copies are.
    pub fn ranked(&self, result: ResultId) -> Vec<Arc<Member>> {
        let mut all: Vec<Arc<Member>> = self.by_id.values().cloned().collect();
        all.sort_by_cached_key(|member| {
            std::cmp::Reverse((weight(result, member.facts.id), member.facts.id))
        });
        all
    }

    /// How many other nodes are alive.
    pub fn live(&self) -> usize {
        self.by_id.values().filter(|member| member.is_live()).count()
    }

    /// All other nodes.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.by_id.values()
    }

    /// A node by its name since its last start.
    pub fn registered(&self, registration: Registration) -> Option<Arc<Member>> {
        self.node(*self.by_registration.get(&registration)?)
    }
}

/// How much a node is one for a result: the highest of all nodes wins, and keeps winning whoever else comes or goes.
fn weight(result: ResultId, node: NodeId) -> u64 {
    let bytes = result.as_bytes().iter().chain(node.as_bytes());
    // FNV-1a; its last bits are mixed once more, as only they would differ between similar names.
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// An address is a number in a network where nodes are, never a name: names can come to mean something else.
fn literal(address: Option<&str>, networks: &[Network]) -> Result<SocketAddr, &'static str> {
    let address: SocketAddr =
        address.and_then(|text| text.parse().ok()).ok_or("its address is not an IP address and a port")?;
    if networks.iter().any(|network| network.contains(address.ip())) {
        Ok(address)
    } else {
        Err("its address is in none of cluster.networks")
    }
}

/// The time of the system database, kept going by the node's own steady clock: the nodes agree on it however their
/// times of day differ, and while the database is away.
#[derive(Debug)]
pub struct Clock {
    start: Instant,
    /// Time of the database at `start`, in milliseconds since 1970.
    at_start_ms: AtomicU64,
}

impl Clock {
    /// Starts with what the database said between these two moments.
    pub fn start(said_ms: u64, asked: Instant, told: Instant) -> Clock {
        let clock = Clock { start: asked, at_start_ms: AtomicU64::new(0) };
        clock.set(said_ms, asked, told);
        clock
    }

    /// Corrects it by what the database said between these two moments.
    pub fn set(&self, said_ms: u64, asked: Instant, told: Instant) {
        let middle = asked + told.saturating_duration_since(asked) / 2;
        let since = millis(middle.saturating_duration_since(self.start));
        self.at_start_ms.store(said_ms.saturating_sub(since), Ordering::Relaxed);
    }

    /// The time in milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.at_start_ms.load(Ordering::Relaxed).saturating_add(millis(self.start.elapsed()))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use nextlink_results::keys::{MasterKey, MasterKeys};
    use nextlink_system::NodeRow;

    use super::*;

    fn keys(byte: u8) -> PeerKeys {
        let key = MasterKey::from_bytes([byte; 32]).expect("a key");
        PeerKeys::new(&MasterKeys::new(key, Vec::new()).expect("keys")).expect("keys")
    }

    fn row(byte: u8, address: Option<&str>) -> NodeRow {
        let facts = NodeFacts {
            id: NodeId::from_bytes([byte; 16]),
            registration: Registration::from_bytes([byte + 100; 16]),
            boot: 1,
            name: format!("n{byte}"),
            address: address.map(str::to_owned),
        };
        let signature = keys(1).sign_row(&facts);
        NodeRow {
            facts,
            signature,
            state: NodeState::Up,
            started_ms: 0,
            heartbeat_ms: None,
            lease_ms: Some(11_000),
            sources: None,
        }
    }

    #[test]
    fn only_signed_rows_with_addresses_of_the_cluster_are_believed() {
        let networks: Vec<Network> = ["10.0.0.0/8", "::1"].map(|n| n.parse().expect("a network")).into();
        let good = row(2, Some("10.1.2.3:8190"));
        let mut elsewhere = good.clone();
        elsewhere.facts.address = Some("10.9.9.9:8190".into());
        let mut stranger = good.clone();
        stranger.signature = keys(2).sign_row(&stranger.facts);
        let mut unsigned = good.clone();
        unsigned.signature.clear();
        for (what, row, believed) in [
            ("good", good.clone(), true),
            ("IPv6", row(2, Some("[::1]:8190")), true),
            ("its own", row(1, Some("10.1.2.3:8190")), false),
            ("pointed elsewhere", elsewhere, false),
            ("of another cluster", stranger, false),
            ("unsigned", unsigned, false),
            ("outside the networks", row(2, Some("11.1.2.3:8190")), false),
            ("a name", row(2, Some("localhost:8190")), false),
            ("a URL", row(2, Some("http://10.1.2.3:8190")), false),
            ("no port", row(2, Some("10.1.2.3")), false),
            ("no address", row(2, None), false),
        ] {
            let (id, registration) = (row.facts.id, row.facts.registration);
            let roll = Roll { now_ms: 1_000, nodes: vec![row], ..Roll::default() };
            let (members, distrusted) =
                Members::of(&roll, Instant::now(), NodeId::from_bytes([1; 16]), &keys(1), &networks);
            assert_eq!(members.node(id).is_some(), believed, "{what}");
            assert_eq!(members.registered(registration).is_some(), believed, "{what}");
            assert_eq!(
                distrusted.len(),
                usize::from(!believed && what != "its own"),
                "{what}: {distrusted:?}"
            );
        }
    }

    #[test]
    fn leases_run_from_the_clock_of_the_database() {
        let networks = ["10.0.0.0/8".parse().expect("a network")];
        for (now_ms, live) in [(0, true), (10_000, true), (11_000, false), (1 << 50, false)] {
            let roll = Roll { now_ms, nodes: vec![row(2, Some("10.1.2.3:8190"))], ..Roll::default() };
            let (members, _) =
                Members::of(&roll, Instant::now(), NodeId::from_bytes([1; 16]), &keys(1), &networks);
            let member = members.node(NodeId::from_bytes([2; 16])).expect("it is believed");
            assert_eq!(member.is_live(), live, "{now_ms}");
        }
    }

    #[test]
    fn the_clock_follows_the_database() {
        let asked = Instant::now();
        let told = asked + Duration::from_millis(200);
        let clock = Clock::start(1_000_000, asked, told);
        let now = clock.now_ms();
        assert!((999_800..1_060_000).contains(&now), "{now}");
        clock.set(5_000_000, asked, told);
        let now = clock.now_ms();
        assert!((4_999_800..5_060_000).contains(&now), "{now}");
    }
}
