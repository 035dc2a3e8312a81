//! Membership: how the node joins, keeps its lease, learns of the others, and leaves.

use std::collections::HashSet;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use nextlink_results::keys::MasterKeys;
use nextlink_results::peer::{NodeFacts, PeerKeys, Replays};
use nextlink_results::{NodeId, Registration, RegistryError};
use nextlink_system::{Join, JoinError, NodeState, Roll, System};
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::Instant;

use super::ahead::Ahead;
use super::belonging::check_keys;
use super::client::Peers;
use super::foreign::Foreigners;
use super::lease::Lease;
use super::members::{Clock, Distrust, Member, Members};
use super::sources::{Known, Shared};
use super::suspects::Suspects;
use super::tls::Tls;
use crate::config::{ClusterConfig, Config};
use crate::observe::{Event, event};

/// The least time between two looks into the system database for a node that is not known.
const LOOK: Duration = Duration::from_millis(500);
/// The longest wait before a heartbeat that failed is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// The node as one of several.
pub struct Cluster {
    /// Settings.
    pub config: ClusterConfig,
    /// What it registered.
    pub own: NodeFacts,
    pub(super) keys: Arc<PeerKeys>,
    pub(super) clock: Clock,
    pub(super) replays: Replays,
    pub(super) peers: Peers,
    pub(super) tls: Option<Tls>,
    pub(super) foreigners: Foreigners,
    pub(super) ahead: Ahead,
    pub(super) suspects: Suspects,
    /// Copies that are given at one time.
    pub(super) copying: Arc<tokio::sync::Semaphore>,
    system: Arc<dyn System>,
    members: RwLock<Arc<Members>>,
    /// When the system database was asked that says so.
    learned: Mutex<Option<Instant>>,
    distrusted: Mutex<HashSet<Distrust>>,
    looked: tokio::sync::Mutex<Option<Instant>>,
    listener: Mutex<Option<TcpListener>>,
    draining: AtomicBool,
    closing: AtomicBool,
    pub(super) lease: Lease,
    /// What all nodes serve.
    pub shared: Shared,
    /// The last revision of that which was seen.
    sources_revision: watch::Sender<u64>,
}

/// What a node is after it has joined.
pub struct Joined {
    /// The system database.
    pub system: Arc<dyn System>,
    /// What the node registered.
    pub own: NodeFacts,
    /// The keys of the cluster, or of the node that is alone.
    pub keys: MasterKeys,
    /// The other nodes, unless it is alone.
    pub cluster: Option<Arc<Cluster>>,
}

/// The system database and the keys of a node, before it has joined.
pub struct Connected {
    /// The system database.
    pub system: Arc<dyn System>,
    /// The keys of the cluster, or of the node that is alone.
    pub keys: MasterKeys,
    /// The sources of the cluster, unless the node is alone.
    pub shared: Option<Shared>,
}

/// Opens the keys and the system database, and brings its schema up to date. Blocks.
///
/// # Errors
/// They cannot be opened.
pub fn connect(config: &Config) -> anyhow::Result<Connected> {
    let cluster = &config.cluster;
    let Some(url) = &cluster.system else {
        let keys = MasterKeys::open(&config.data_dir)?;
        let url = format!("sqlite:{}", config.data_dir.join("system.db").display());
        return Ok(Connected { system: nextlink_system::open(&url, None)?, keys, shared: None });
    };
    let keys = keys(cluster)?;
    let system = nextlink_system::open(url.reveal(), cluster.system_ca.as_deref())?;
    let shared = Some(Shared::new(Arc::clone(&system), &keys)?);
    Ok(Connected { system, keys, shared })
}

/// The keys of a cluster.
fn keys(cluster: &ClusterConfig) -> anyhow::Result<MasterKeys> {
    let key_file = cluster.key_file.as_deref().context("cluster.key_file must be set")?;
    MasterKeys::read(key_file).context("cluster.key_file")
}

/// Finds what keeps this node from joining, and changes nothing.
pub fn look(config: &Config, own: Option<NodeId>) -> Vec<anyhow::Error> {
    let cluster = &config.cluster;
    let Some(url) = &cluster.system else { return Vec::new() };
    let system = nextlink_system::look(url.reveal(), cluster.system_ca.as_deref()).context("cluster.system");
    match (keys(cluster), system) {
        (Ok(keys), Ok(Some(system))) => {
            let shared = Shared::new(Arc::clone(&system), &keys);
            let checked = shared.and_then(|shared| check_keys(&*system, &shared, &keys, own));
            checked.err().into_iter().collect()
        }
        (keys, system) => keys.err().into_iter().chain(system.err()).collect(),
    }
}

impl Connected {
    /// Refuses keys that are not those of the cluster. Blocks.
    ///
    /// # Errors
    /// The keys open nothing of what the live nodes or the sources have written; the system database does not answer.
    pub fn check_keys(&self, own: NodeId) -> anyhow::Result<()> {
        match &self.shared {
            Some(shared) => check_keys(&*self.system, shared, &self.keys, Some(own)),
            None => Ok(()),
        }
    }
}

/// Registers the node. Blocks; for the lease of an earlier start that was reached elsewhere, too.
///
/// # Errors
/// The listener for other nodes cannot be opened, the system database does not answer, or the node lives elsewhere.
pub fn join(config: &Config, connected: Connected, tls: Option<Tls>, id: NodeId) -> anyhow::Result<Joined> {
    let cluster = &config.cluster;
    let registration = Registration::generate().map_err(|_| anyhow::anyhow!("no random bytes"))?;
    let Connected { system, keys, shared } = connected;
    let Some(shared) = shared else {
        let sign = |_: &NodeFacts| Vec::new();
        let alone = Join { id, registration, name: None, address: None, lease: None, sign: &sign };
        let own =
            system.join(&alone).with_context(|| format!("in {} (data_dir)", config.data_dir.display()))?;
        return Ok(Joined { system, own, keys, cluster: None });
    };
    let peer_keys = Arc::new(PeerKeys::new(&keys)?);
    // Whoever holds the listener of an address is the only one there: that is what a registration builds on.
    let listener = TcpListener::bind(cluster.listen)
        .with_context(|| format!("cannot listen on {} (cluster.listen)", cluster.listen))?;
    listener.set_nonblocking(true)?;
    let listening = listener.local_addr()?;
    let address = cluster.address.unwrap_or(listening).to_string();
    event(&Event::Listening { what: "cluster.listen", address: listening });
    let sign = |facts: &NodeFacts| peer_keys.sign_row(facts);
    let wanted = Join {
        id,
        registration,
        name: cluster.name.as_deref(),
        address: Some(&address),
        lease: Some(cluster.lease()),
        sign: &sign,
    };
    let (given, own) = join_when_free(&*system, &wanted).context("cluster.system")?;
    event(&Event::Joined { name: &own.name, id: &own.id, boot: own.boot });
    let asked = Instant::now();
    let roll = system.roll()?;
    let clock = Clock::start(roll.now_ms, asked, Instant::now());
    let joined = Arc::new(Cluster {
        config: cluster.clone(),
        peers: Peers::new(cluster, tls.as_ref(), own.party(), Arc::clone(&peer_keys)),
        tls,
        own: own.clone(),
        keys: peer_keys,
        clock,
        replays: Replays::default(),
        foreigners: Foreigners::default(),
        ahead: Ahead::new(cluster.read_ahead),
        suspects: Suspects::default(),
        copying: Arc::new(tokio::sync::Semaphore::new(super::replicas::AT_ONCE)),
        system: Arc::clone(&system),
        members: RwLock::default(),
        learned: Mutex::default(),
        distrusted: Mutex::default(),
        looked: tokio::sync::Mutex::default(),
        listener: Mutex::new(Some(listener)),
        draining: AtomicBool::new(false),
        closing: AtomicBool::new(false),
        lease: Lease::new(cluster.lease(), given),
        shared,
        sources_revision: watch::Sender::new(roll.sources_revision),
    });
    joined.learn(&roll, asked);
    Ok(Joined { system, own, keys, cluster: Some(joined) })
}

/// Joins; where an earlier start of this node may still be alive elsewhere, once its lease is over. If it goes on
/// beating meanwhile, there are two of them, and this one is not to start.
///
/// Gives when the lease begins at the earliest, too.
fn join_when_free(system: &dyn System, wanted: &Join<'_>) -> Result<(Instant, NodeFacts), JoinError> {
    let mut beat_before = None;
    loop {
        let given = Instant::now();
        match system.join(wanted) {
            Err(JoinError::Held { left, heartbeat_ms, address }) => {
                if beat_before.is_some_and(|before| before != heartbeat_ms) {
                    return Err(JoinError::Held { left, heartbeat_ms, address });
                }
                beat_before = Some(heartbeat_ms);
                event(&Event::WaitingForLease { address: &address, left });
                std::thread::sleep(left + Duration::from_millis(50));
            }
            joined => return Ok((given, joined?)),
        }
    }
}

impl Cluster {
    /// The time of day as the system database has it.
    pub fn time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.clock.now_ms())
    }

    /// The other nodes as they are known now.
    pub fn members(&self) -> Arc<Members> {
        Arc::clone(&self.members.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A node that calls.
    pub(super) async fn caller(&self, registration: Registration) -> Option<Arc<Member>> {
        if let Some(member) = self.members().registered(registration) {
            return Some(member);
        }
        self.look().await;
        self.members().registered(registration)
    }

    /// Looks who is there; where somebody has done so just now, after a while.
    pub async fn look(&self) {
        let asked = Instant::now();
        let mut looked = self.looked.lock().await;
        // Whoever waited here while another looked has what it wanted.
        match *looked {
            Some(last) if last > asked => return,
            Some(last) => tokio::time::sleep(LOOK.saturating_sub(last.elapsed())).await,
            None => {}
        }
        let (system, started) = (Arc::clone(&self.system), Instant::now());
        let roll = tokio::task::spawn_blocking(move || system.roll()).await;
        *looked = Some(started);
        if let Ok(Ok(roll)) = roll {
            self.learn(&roll, started);
        }
    }

    /// Takes over what the system database, asked at that moment, says of the other nodes; unless it was asked later
    /// and has answered sooner.
    fn learn(&self, roll: &Roll, asked: Instant) {
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        if learned.is_some_and(|last| asked < last) {
            return;
        }
        *learned = Some(asked);
        let (members, distrusted) = Members::of(roll, asked, self.own.id, &self.keys, &self.config.networks);
        self.sources_revision
            .send_if_modified(|seen| std::mem::replace(seen, roll.sources_revision) != roll.sources_revision);
        let members = Arc::new(members);
        let known = |registration| members.registered(registration).is_some();
        self.replays.keep(known);
        self.peers.keep(known);
        *self.members.write().unwrap_or_else(PoisonError::into_inner) = members;
        let distrusted: HashSet<Distrust> = distrusted.into_iter().collect();
        let before = {
            let mut before = self.distrusted.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *before, distrusted.clone())
        };
        for row in distrusted.difference(&before) {
            event(&Event::NodeDistrusted { id: &row.id, why: row.why });
        }
    }

    /// Lets the others know at once that this node has come: whoever is called by a node that it does not know looks who
    /// is there.
    async fn announce(self: Arc<Self>) {
        let target = format!("{}/ping", super::wire::ROOT);
        for member in self.members().all().filter(|member| member.is_live()) {
            let (now_ms, body) = (self.clock.now_ms(), bytes::Bytes::new());
            let called = self.peers.call(member, http::Method::GET, &target, body, now_ms, LOOK).await;
            if let Err(error) = called {
                event(&Event::CallFailed { cause: &error.to_string() });
            }
        }
    }

    /// Keeps the lease and learns of the others, until it is aborted.
    pub async fn live(self: Arc<Self>) {
        let heartbeat = self.config.heartbeat();
        tokio::spawn(Arc::clone(&self).announce());
        // Since when signs of life fail, and why the last one did.
        let mut failing: Option<(Instant, String)> = None;
        loop {
            self.ahead.sweep();
            let wait = match self.beat().await {
                Ok(()) => {
                    if let Some((since, _)) = failing.take() {
                        event(&Event::HeartbeatBack { after: since.elapsed() });
                    }
                    heartbeat
                }
                Err(error) => {
                    let cause = error.to_string();
                    let again = failing.as_ref().is_some_and(|(_, before)| *before == cause);
                    event(&Event::HeartbeatFailed { cause: &cause, again });
                    let since = failing.map_or_else(Instant::now, |(since, _)| since);
                    failing = Some((since, cause));
                    heartbeat.min(RETRY)
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    async fn beat(self: &Arc<Self>) -> Result<(), RegistryError> {
        let state = if self.is_draining() { NodeState::Draining } else { NodeState::Up };
        let this = Arc::clone(self);
        let beaten = tokio::task::spawn_blocking(move || {
            let given = Instant::now();
            let beat = this.system.beat(this.own.id, this.own.party(), state, this.config.lease())?;
            if this.lease.beaten(given, beat) {
                event(&Event::Fenced { name: &this.own.name });
            }
            let asked = Instant::now();
            let roll = this.system.roll()?;
            this.clock.set(roll.now_ms, asked, Instant::now());
            this.learn(&roll, asked);
            this.forget_unseen(&roll)
        });
        let failed = |error: tokio::task::JoinError| Err(RegistryError::Unavailable(error.to_string()));
        beaten.await.unwrap_or_else(failed)
    }

    /// Removes the rows of nodes that were away for too long: of those whose disk is lost nobody else would.
    fn forget_unseen(&self, roll: &Roll) -> Result<(), RegistryError> {
        let unseen = self.config.forget();
        let last = roll.now_ms.saturating_sub(unseen.as_millis() as u64);
        if roll.nodes.iter().any(|row| row.heartbeat_ms.is_some_and(|beat| beat < last)) {
            let nodes = self.system.forget_unseen(unseen)?;
            if nodes > 0 {
                event(&Event::NodesForgotten { nodes });
            }
        }
        Ok(())
    }

    /// The revision of the sources, whenever another one is seen.
    pub fn sources_revision(&self) -> watch::Receiver<u64> {
        self.sources_revision.subscribe()
    }

    /// The sources as the system database has them.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn read_sources(&self) -> Result<Known, RegistryError> {
        let shared = self.shared.clone();
        let read = tokio::task::spawn_blocking(move || shared.read()).await;
        read.unwrap_or_else(|error| Err(RegistryError::Unavailable(error.to_string())))
    }

    /// Tells in the system database what this node serves; `false` when that did not come there.
    pub async fn tell_sources(&self, report: impl Serialize) -> bool {
        let (system, id, party) = (Arc::clone(&self.system), self.own.id, self.own.party());
        let Ok(text) = serde_json::to_string(&report) else { return false };
        let told = tokio::task::spawn_blocking(move || system.tell(id, party, &text)).await;
        matches!(told, Ok(Ok(())))
    }

    /// Whether the system database has taken the last sign of life: one that does not answer is waited for by nobody else.
    pub fn is_heard(&self) -> bool {
        self.lease.given().elapsed() < self.config.heartbeat() * 2
    }

    /// Whether another process has taken this node over. It serves what it holds, and nothing else.
    pub fn is_fenced(&self) -> bool {
        self.lease.is_fenced()
    }

    /// Says that the node takes no new work.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Says that no new result is to be stored: those that are there go to other nodes.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Whether no new result is to be stored.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Says that the node is gone; its lease ends.
    pub async fn leave(&self) {
        let (system, id, party) = (Arc::clone(&self.system), self.own.id, self.own.party());
        let left =
            tokio::task::spawn_blocking(move || system.beat(id, party, NodeState::Down, Duration::ZERO));
        if let Ok(Err(error)) = left.await {
            event(&Event::HeartbeatFailed { cause: &error.to_string(), again: false });
        }
    }

    /// Reads the certificates of the node again, if it has any; where they are not right, those before go on being used.
    pub fn renew(&self) {
        let Some(tls) = &self.tls else { return };
        let renewed = tls.renew().map(|()| self.peers.renew(tls));
        event(&Event::CertificatesRead {
            failed: renewed.err().map(|error| format!("{error:#}")).as_deref(),
        });
    }

    /// What the URL of the listener for the others begins with.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Where the node listens for the others.
    pub fn listening(&self) -> Option<SocketAddr> {
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        listener.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// The listener, once.
    pub(super) fn take_listener(&self) -> Option<TcpListener> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
