//! What nodes live in: time, a network, the system database, machines with disks; and everything that goes wrong there.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nextlink_results::RegistryError;
use nextlink_results::keys::{MasterKey, MasterKeys};
use nextlink_results::peer::PeerKeys;
use nextlink_system::SqliteSystem;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::disk::Disk;
use super::node::Node;
use super::oracle::Oracle;
use super::{ANSWER, CALL, Rules};
use crate::cluster::client::CallError;
use crate::cluster::members::Member;
use crate::config::Network;

/// Machines: one more than nodes, for a node that is started twice.
pub(super) const MACHINES: usize = 4;
/// The place of the system database in the network.
pub(super) const DATABASE: usize = MACHINES;
/// The time at which a simulation begins, in milliseconds since 1970.
const BEGIN_MS: u64 = 1_800_000_000_000;

pub(super) struct World {
    pub(super) rules: Rules,
    /// Copies of each result: none in every other run.
    pub(super) replicas: usize,
    random: Mutex<fastrand::Rng>,
    begun: Instant,
    /// By how much the clock of the database was put forward.
    steps_ms: AtomicU64,
    clock: Arc<AtomicU64>,
    pub(super) system: Arc<SqliteSystem>,
    pub(super) keys: Arc<PeerKeys>,
    pub(super) networks: Vec<Network>,
    /// Pairs of places between which nothing passes.
    cut: Mutex<HashSet<(usize, usize)>>,
    /// Whether the database answers nobody, and keeps what it is asked.
    halted: AtomicBool,
    machines: Mutex<Vec<Option<Arc<Node>>>>,
    disks: Mutex<Vec<Arc<Mutex<Disk>>>>,
    pub(super) oracle: Oracle,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(super) fn new(seed: u64, rules: Rules) -> Arc<World> {
        let key = MasterKey::from_bytes([7; 32]).expect("a key");
        let keys = PeerKeys::new(&MasterKeys::new(key, Vec::new()).expect("keys")).expect("keys");
        let clock = Arc::new(AtomicU64::new(BEGIN_MS));
        Arc::new(World {
            rules,
            replicas: (seed % 2) as usize,
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
            begun: Instant::now(),
            steps_ms: AtomicU64::new(0),
            system: Arc::new(SqliteSystem::in_memory(Arc::clone(&clock)).expect("a database")),
            clock,
            keys: Arc::new(keys),
            networks: vec!["10.0.0.0/8".parse().expect("a network")],
            cut: Mutex::default(),
            halted: AtomicBool::new(false),
            machines: Mutex::new(vec![None; MACHINES]),
            disks: Mutex::new((0..MACHINES).map(|_| Arc::default()).collect()),
            oracle: Oracle::default(),
        })
    }

    pub(super) fn random(&self, range: std::ops::Range<u64>) -> u64 {
        lock(&self.random).u64(range)
    }

    pub(super) fn bytes(&self) -> [u8; 16] {
        lock(&self.random).u128(..).to_le_bytes()
    }

    /// Writes down what happens, in a run of one seed.
    pub(super) fn note(&self, what: impl FnOnce() -> String) {
        if self.rules.tell {
            println!("{:>6} {}", self.elapsed().as_millis(), what());
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Puts the clock of the database forward.
    pub(super) fn step_clock(&self, by: Duration) {
        self.steps_ms.fetch_add(by.as_millis() as u64, Ordering::Relaxed);
    }

    /// What the source holds now: the same for all that is read at one moment.
    pub(super) fn version(&self) -> u64 {
        self.elapsed().as_millis() as u64
    }

    // Machines

    pub(super) fn process(&self, machine: usize) -> Option<Arc<Node>> {
        lock(&self.machines)[machine].clone()
    }

    pub(super) fn put_process(&self, machine: usize, node: Option<Arc<Node>>) {
        lock(&self.machines)[machine] = node;
    }

    pub(super) fn disk(&self, machine: usize) -> Arc<Mutex<Disk>> {
        Arc::clone(&lock(&self.disks)[machine])
    }

    pub(super) fn put_disk(&self, machine: usize, disk: Disk) {
        lock(&self.disks)[machine] = Arc::new(Mutex::new(disk));
    }

    /// Where a machine is reached.
    pub(super) fn address(machine: usize) -> String {
        format!("10.0.0.{}:8190", machine + 1)
    }

    fn machine_at(member: &Member) -> usize {
        match member.address.ip() {
            std::net::IpAddr::V4(ip) => usize::from(ip.octets()[3]) - 1,
            std::net::IpAddr::V6(_) => DATABASE,
        }
    }

    // Network

    pub(super) fn cut(&self, one: usize, other: usize) {
        self.note(|| format!("{one} and {other} are cut off"));
        lock(&self.cut).insert((one.min(other), one.max(other)));
    }

    pub(super) fn heal(&self, one: usize, other: usize) {
        self.note(|| format!("{one} and {other} are not cut off"));
        lock(&self.cut).remove(&(one.min(other), one.max(other)));
    }

    pub(super) fn halt(&self, halted: bool) {
        self.note(|| format!("the database is halted: {halted}"));
        self.halted.store(halted, Ordering::Relaxed);
    }

    fn is_cut(&self, one: usize, other: usize) -> bool {
        one != other && lock(&self.cut).contains(&(one.min(other), one.max(other)))
    }

    /// The time that something takes on its way: mostly little.
    async fn travel(&self) {
        let ms = if self.random(0..20) == 0 { self.random(20..250) } else { self.random(1..8) };
        sleep(Duration::from_millis(ms)).await;
    }

    /// Asks the process on a machine, as a client does: it may be none, be paused, or end meanwhile.
    pub(super) async fn client<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        machine: usize,
        ask: impl FnOnce(Arc<Node>) -> F,
    ) -> Option<T> {
        self.travel().await;
        let target = self.process(machine)?;
        let (tell, told) = oneshot::channel();
        let asked = ask(Arc::clone(&target));
        let gate = Arc::clone(&target);
        target.spawn(async move {
            gate.awake().await;
            let _ = tell.send(asked.await);
        });
        let answer = timeout(Duration::from_secs(5), told).await.ok()?.ok()?;
        self.travel().await;
        Some(answer)
    }

    /// A call from one node to another one: what it does may be done although nobody hears of it.
    pub(super) async fn call<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        self: &Arc<Self>,
        from: &Node,
        to: &Member,
        wait: Duration,
        ask: impl FnOnce(Arc<Node>) -> F + Send,
    ) -> Result<T, CallError> {
        let unreachable = |cause: &str| CallError::Unreachable {
            name: to.facts.name.clone(),
            address: to.address,
            cause: cause.to_owned(),
        };
        let machine = World::machine_at(to);
        let (party, registration) = (to.facts.party(), from.own.registration);
        let call = async {
            from.awake().await;
            self.travel().await;
            let Some(target) = self.process(machine) else { return Err(unreachable("refused")) };
            if self.is_cut(from.machine, machine) {
                std::future::pending::<()>().await;
            }
            let (tell, told) = oneshot::channel();
            let asked = ask(Arc::clone(&target));
            let admitting = Arc::clone(&target);
            target.spawn(async move {
                admitting.awake().await;
                let admitted = admitting.own.party() == party && admitting.knows(registration).await;
                let _ = tell.send(if admitted { Some(asked.await) } else { None });
            });
            let answer = told.await.map_err(|_| unreachable("broken off"))?;
            self.travel().await;
            if self.is_cut(from.machine, machine) {
                std::future::pending::<()>().await;
            }
            answer.ok_or_else(|| CallError::Refused { name: to.facts.name.clone(), address: to.address })
        };
        let answer = timeout(ANSWER + wait, call).await;
        from.awake().await;
        answer.unwrap_or_else(|_| Err(unreachable("no answer in time")))
    }

    /// Asks the system database: what is asked may be done late, and although nobody hears of it.
    pub(super) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        node: &Node,
        what: impl FnOnce(&World) -> Result<T, RegistryError> + Send + 'static,
    ) -> Result<T, RegistryError> {
        node.awake().await;
        let answer = self.ask_from(node.machine, what).await;
        node.awake().await;
        answer
    }

    /// The same, of a node that is none yet.
    pub(super) async fn ask_from<T: Send + 'static>(
        self: &Arc<Self>,
        machine: usize,
        what: impl FnOnce(&World) -> Result<T, RegistryError> + Send + 'static,
    ) -> Result<T, RegistryError> {
        let (world, (tell, told)) = (Arc::clone(self), oneshot::channel());
        tokio::spawn(async move {
            world.travel().await;
            while world.halted.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(10)).await;
            }
            if world.is_cut(machine, DATABASE) {
                // Lost on its way.
                sleep(CALL).await;
                return;
            }
            let now = BEGIN_MS + world.elapsed().as_millis() as u64 + world.steps_ms.load(Ordering::Relaxed);
            world.clock.store(now, Ordering::Relaxed);
            let done = what(&world);
            world.travel().await;
            if !world.is_cut(machine, DATABASE) {
                let _ = tell.send(done);
            } else {
                sleep(CALL).await;
            }
        });
        let late = || Err(RegistryError::Unavailable("it does not answer in time".into()));
        timeout(CALL, told).await.map_or_else(|_| late(), |told| told.unwrap_or_else(|_| late()))
    }
}
