//! A node: membership, search and succession are those of the product; around them as much of a node as they need.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nextlink_results::peer::NodeFacts;
use nextlink_results::token::Token;
use nextlink_results::{Continues, NodeId, Registration, Registry, ResultId, ResultRow, ResultState};
use nextlink_system::{Beat, Join, JoinError, NodeState, Nodes as _, Roll, System as _};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use super::disk::{Disk, Entry, Key, Stage};
use super::world::{World, lock};
use super::{HEARTBEAT, LEASE, ROUND};
use crate::cluster::lease::Lease;
use crate::cluster::members::Members;
use crate::cluster::seek::Around;
use crate::cluster::suspects::Suspects;

/// A process.
pub(super) struct Node {
    pub(super) world: Arc<World>,
    pub(super) machine: usize,
    pub(super) own: NodeFacts,
    pub(super) registry: Arc<dyn Registry>,
    pub(super) members: Mutex<(Option<Instant>, Arc<Members>)>,
    pub(super) suspects: Suspects,
    pub(super) lease: Lease,
    pub(super) disk: Arc<Mutex<Disk>>,
    pub(super) closing: AtomicBool,
    paused: AtomicBool,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl Node {
    /// Starts a process on a machine: it joins, takes over what is on the disk, and lives. `None` where the same node
    /// lives elsewhere.
    pub(super) async fn start(world: &Arc<World>, machine: usize, id: NodeId) -> Option<Arc<Node>> {
        let registration = Registration::from_bytes(world.bytes());
        let (given, own) = join(world, machine, id, registration).await?;
        let registry = Arc::clone(&world.system).results(&own);
        let node = Arc::new(Node {
            machine,
            registry,
            members: Mutex::default(),
            suspects: Suspects::default(),
            lease: Lease::new(LEASE, given),
            disk: world.disk(machine),
            closing: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            tasks: Mutex::default(),
            own,
            world: Arc::clone(world),
        });
        node.adopt().await;
        world.put_process(machine, Some(Arc::clone(&node)));
        node.note(|| format!("starts, boot {}", node.own.boot));
        Around::look(&*node).await;
        node.spawn(Arc::clone(&node).live());
        node.spawn(Arc::clone(&node).keep_learning());
        Some(node)
    }

    /// Takes over what the system database knows; what was being written ends where it is.
    async fn adopt(&self) {
        let (id, rows) = (
            self.own.id,
            loop {
                let (registry, id) = (Arc::clone(&self.registry), self.own.id);
                let asked = move |_: &World| Ok((registry.owned_by(id)?, registry.kept_by(id)?));
                match self.world.ask(self, asked).await {
                    Ok((owned, kept)) => break [owned, kept].concat(),
                    Err(_) => sleep(HEARTBEAT).await,
                }
            },
        );
        let known = |key: &Key| rows.iter().find(|row| (row.id, row.generation) == *key);
        lock(&self.disk).entries.retain(|key, entry| {
            let Some(row) = known(key) else { return false };
            entry.owner = row.owner;
            entry.continued.clear();
            if row.owner == id && entry.stage == Stage::Writing {
                entry.stage = Stage::Failed;
            }
            true
        });
        while !self.learn().await {
            sleep(HEARTBEAT).await;
        }
        let here: Vec<(Key, Entry)> =
            lock(&self.disk).entries.iter().map(|(key, entry)| (*key, entry.clone())).collect();
        for (key, entry) in here.iter().filter(|(_, entry)| entry.owner == id) {
            self.update(*key, entry).await;
        }
        for row in rows.into_iter().filter(|row| row.owner == id) {
            if !here.iter().any(|(key, _)| *key == (row.id, row.generation)) {
                let registry = Arc::clone(&self.registry);
                let bare = ResultRow { state: ResultState::Failed, pages: 0, ..row };
                let _ = self.world.ask(self, move |_| registry.update(&bare)).await;
            }
        }
    }

    // The process

    pub(super) fn spawn(self: &Arc<Self>, what: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        tasks.retain(|task| !task.is_finished());
        tasks.push(tokio::spawn(what).abort_handle());
    }

    /// Waits while the process is stopped in its tracks.
    pub(super) async fn awake(&self) {
        while self.paused.load(Ordering::Relaxed) {
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
        let what = if paused { "is paused" } else { "goes on" };
        self.note(|| what.to_owned());
    }

    pub(super) fn note(&self, what: impl FnOnce() -> String) {
        self.world.note(|| {
            let name = &self.own.registration.to_string()[..4];
            format!("{name} (node {}, machine {}) {}", &self.own.id.to_string()[..4], self.machine, what())
        });
    }

    pub(super) fn kill(&self) {
        self.note(|| "is killed".to_owned());
        lock(&self.tasks).drain(..).for_each(|task| task.abort());
    }

    pub(super) async fn sleep(&self, time: Duration) {
        sleep(time).await;
        self.awake().await;
    }

    // Membership

    async fn live(self: Arc<Self>) {
        loop {
            let _ = self.beat().await;
            self.sleep(HEARTBEAT).await;
        }
    }

    async fn beat(&self) -> Result<(), nextlink_results::RegistryError> {
        let (id, party, given) = (self.own.id, self.own.party(), Instant::now());
        let beat =
            self.world.ask(self, move |world| world.system.beat(id, party, NodeState::Up, LEASE)).await?;
        let news = self.lease.beaten(given, beat);
        if beat != Beat::Kept {
            self.note(|| format!("{beat:?}"));
        }
        self.world.oracle.count(|sums| {
            sums.fenced += u64::from(news);
            sums.lapses += u64::from(beat == Beat::Lapsed);
        });
        self.look().await;
        Ok(())
    }

    pub(super) fn take_roll(&self, roll: &Roll, asked: Instant) {
        let (keys, networks) = (&self.world.keys, &self.world.networks);
        let (members, distrusted) = Members::of(roll, asked, self.own.id, keys, networks);
        assert!(distrusted.is_empty(), "{distrusted:?}");
        let mut known = lock(&self.members);
        if known.0.is_none_or(|last| last <= asked) {
            *known = (Some(asked), Arc::new(members));
        }
    }

    /// Whether a process that calls is one of the cluster.
    pub(super) async fn knows(&self, registration: Registration) -> bool {
        if self.members().registered(registration).is_none() {
            Around::look(self).await;
        }
        self.members().registered(registration).is_some()
    }

    /// Learns what others did while the lease was over.
    async fn keep_learning(self: Arc<Self>) {
        loop {
            tokio::select! {
                biased;
                () = self.lease.has_lapsed() => {}
                () = sleep(ROUND) => {}
            }
            self.awake().await;
            if let Some(lapse) = self.lease.unlearned()
                && (self.world.rules.learn_nothing || self.learn().await)
            {
                self.lease.learned(lapse);
            }
        }
    }

    pub(super) async fn learn(&self) -> bool {
        let registry = Arc::clone(&self.registry);
        let Ok(found) = self.world.ask(self, move |_| registry.continued()).await else { return false };
        let mut disk = lock(&self.disk);
        for (id, at) in found {
            if let Some(entry) = disk.entries.get_mut(&(id, at.generation)) {
                entry.continued.insert(at.page);
            }
        }
        self.note(|| "has learned".to_owned());
        true
    }

    // Results

    pub(super) fn holders(&self, id: ResultId) -> Vec<NodeId> {
        let members = self.members().ranked(id);
        let able = members.iter().filter(|member| member.is_live() && member.state == NodeState::Up);
        able.map(|member| member.facts.id).take(self.world.replicas).collect()
    }

    pub(super) fn may_store(&self) -> bool {
        !self.lease.is_fenced() && !self.closing.load(Ordering::Relaxed)
    }

    /// Runs a query: gives the link to the second page, where it can be stored.
    pub(super) async fn query(self: Arc<Self>) -> Option<Token> {
        if !self.may_store() {
            return None;
        }
        let key = (ResultId::from_bytes(self.world.bytes()), 1);
        let entry = self.lay_down(key, 1, None);
        let writing = Arc::clone(&self);
        self.spawn(async move { writing.write(key, Some(entry)).await });
        let (result, generation) = key;
        let owner = self.own.id;
        Some(Token { result, owner, generation, page: 0, first_row: 1, rows_left: None, extra: Vec::new() })
    }

    pub(super) fn lay_down(&self, key: Key, first_row: u32, continues: Option<Continues>) -> Entry {
        let (writer, version) = (self.own.id, self.world.version());
        Entry {
            writer,
            owner: writer,
            holders: self.holders(key.0),
            first_row,
            version,
            pages: 0,
            stage: Stage::Writing,
            continues,
            continued: Default::default(),
        }
    }

    /// Writes pages behind one another; `unregistered`, where the system database does not know it yet.
    pub(super) async fn write(self: Arc<Self>, key: Key, unregistered: Option<Entry>) {
        if let Some(entry) = &unregistered {
            lock(&self.disk).entries.insert(key, entry.clone());
        }
        self.replicate(key);
        let mut registered = true;
        if let Some(entry) = unregistered {
            registered = self.insert(key, &entry).await;
        }
        loop {
            self.sleep(Duration::from_millis(self.world.random(5..80))).await;
            let entry = {
                let mut disk = lock(&self.disk);
                let Some(entry) = disk.entries.get_mut(&key) else { return };
                entry.append();
                entry.clone()
            };
            if entry.stage == Stage::Complete {
                let _ =
                    if registered { self.update(key, &entry).await } else { self.insert(key, &entry).await };
                return;
            }
        }
    }

    async fn insert(&self, key: Key, entry: &Entry) -> bool {
        let (registry, row, boot) = (Arc::clone(&self.registry), entry.row(key), self.own.boot);
        let insert = move |world: &World| {
            let roll = world.system.roll()?;
            registry.insert(&row, b"header")?;
            world.oracle.registered(&row, boot, &roll, None);
            Ok(())
        };
        self.world.ask(self, insert).await.is_ok()
    }

    pub(super) async fn update(&self, key: Key, entry: &Entry) -> bool {
        let (registry, row) = (Arc::clone(&self.registry), entry.row(key));
        self.world.ask(self, move |_| registry.update(&row)).await.is_ok()
    }
}

async fn join(
    world: &Arc<World>,
    machine: usize,
    id: NodeId,
    registration: Registration,
) -> Option<(Instant, NodeFacts)> {
    let mut beat_before = None;
    loop {
        let given = Instant::now();
        let joined = move |world: &World| {
            let sign = |facts: &NodeFacts| world.keys.sign_row(facts);
            let (address, lease) = (World::address(machine), Some(LEASE));
            let wanted = Join { id, registration, name: None, address: Some(&address), lease, sign: &sign };
            Ok(world.system.join(&wanted))
        };
        match world.ask_from(machine, joined).await {
            Ok(Ok(facts)) => return Some((given, facts)),
            Ok(Err(JoinError::Held { left, heartbeat_ms, .. })) => {
                if beat_before.is_some_and(|before| before != heartbeat_ms) {
                    return None;
                }
                beat_before = Some(heartbeat_ms);
                sleep(left + Duration::from_millis(50)).await;
            }
            Ok(Err(_)) | Err(_) => sleep(HEARTBEAT).await,
        }
    }
}
