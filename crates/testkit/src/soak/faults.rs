//! Faults, one after the other in two lanes, drawn from a seed: each is brought about, lasts a while, and ends.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::site::{LEASE, Site};
use crate::node::Node;
use crate::proxy::Behaviour;

/// What may happen to a node, or to the system database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Kill,
    KillAndLoseDisk,
    PauseShort,
    PauseLong,
    Partition,
    Refuse,
    Cut,
    Slow,
    NoSystemShort,
    NoSystemLong,
    SystemPaused,
    SystemRestarted,
    DiskFull,
    Drain,
    Rolling,
    PairCut,
    KeysChanged,
}

use Fault::{
    Cut, DiskFull, Drain, KeysChanged, Kill, KillAndLoseDisk, NoSystemLong, NoSystemShort, PairCut,
    Partition, PauseLong, PauseShort, Refuse, Rolling, Slow, SystemPaused, SystemRestarted,
};

/// Keys that a cluster may have.
const KEYS: usize = 4;

/// The rarer ones once.
const FAULTS: [Fault; 24] = [
    Kill,
    Kill,
    KillAndLoseDisk,
    KillAndLoseDisk,
    PauseShort,
    PauseShort,
    PauseLong,
    PauseLong,
    Partition,
    Partition,
    Refuse,
    Cut,
    Slow,
    NoSystemShort,
    NoSystemLong,
    SystemPaused,
    SystemRestarted,
    DiskFull,
    Drain,
    Drain,
    Rolling,
    PairCut,
    PairCut,
    KeysChanged,
];

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Kill => "killed",
            KillAndLoseDisk => "killed and disk lost",
            PauseShort => "paused shorter than the lease",
            PauseLong => "paused longer than the lease",
            Partition => "not reached by nodes",
            Refuse => "connections refused",
            Cut => "answers cut",
            Slow => "slow link",
            NoSystemShort => "no system database for a moment",
            NoSystemLong => "no system database for longer than the lease",
            SystemPaused => "system database paused",
            SystemRestarted => "system database killed and restarted",
            DiskFull => "disk full",
            Drain => "drained and restarted",
            Rolling => "all restarted one after the other",
            PairCut => "not reached by one of the others",
            KeysChanged => "all given another key",
        }
    }

    /// How long it lasts.
    fn lasts(self, random: &mut fastrand::Rng) -> Duration {
        let lease = LEASE.as_millis() as u64;
        let of = match self {
            PauseShort | NoSystemShort => lease / 10..lease * 7 / 10,
            PauseLong | NoSystemLong => lease * 5 / 4..lease * 2,
            Kill | KillAndLoseDisk | Drain | Rolling | KeysChanged => 0..lease * 3 / 2,
            Partition | PairCut | Refuse | Cut | Slow | SystemPaused | SystemRestarted | DiskFull => {
                200..lease * 2
            }
        };
        Duration::from_millis(random.u64(of))
    }
}

/// Brings about one fault after the other until it is to stop.
pub(super) fn lane(site: &Site, seed: u64, mut pause: std::ops::Range<u64>) {
    let mut random = fastrand::Rng::with_seed(seed);
    pause.end = pause.end.max(pause.start + 1);
    while !site.stop.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(random.u64(pause.clone())));
        let fault = FAULTS[random.usize(0..FAULTS.len())];
        let number = random.usize(0..site.nodes.len());
        let lasts = fault.lasts(&mut random);
        let bytes = random.usize(0..4_000);
        site.tally.note(&format!("node {number}: {} for {lasts:?}", fault.name()));
        let befallen = befall(site, fault, number, lasts, bytes);
        site.tally.note(&format!("node {number}: no longer {}", fault.name()));
        if befallen {
            *site.tally.counts().faults.entry(fault.name()).or_default() += 1;
        }
    }
}

/// Brings a fault about and ends it; `false` where this machine cannot.
fn befall(site: &Site, fault: Fault, number: usize, lasts: Duration, bytes: usize) -> bool {
    let mut node = site.node(number);
    if node.has_ended() {
        site.tally.wrong(format!("node {number} has ended by itself"));
        *node = node.start_again();
    }
    let wait = || std::thread::sleep(lasts);
    match fault {
        Kill => restart(site, &mut node, Node::kill, wait),
        KillAndLoseDisk => restart(site, &mut node, Node::kill, || {
            wait();
            lose(site, number);
        }),
        Drain => restart(site, &mut node, |node| end(site, number, node), wait),
        PauseShort | PauseLong => {
            node.signal("STOP");
            wait();
            node.signal("CONT");
        }
        Partition => behave(&site.peers[number], Behaviour::Hole, wait),
        Refuse => behave(&site.peers[number], Behaviour::Refuse, wait),
        Cut => behave(&site.peers[number], Behaviour::CutAfter(bytes), wait),
        Slow => behave(&site.peers[number], Behaviour::Trickle(bytes + 100), wait),
        NoSystemShort | NoSystemLong => behave(&site.lines[number], Behaviour::Hole, wait),
        SystemPaused | SystemRestarted => {
            drop(node);
            let mut server = site.server.write().unwrap_or_else(PoisonError::into_inner);
            if fault == SystemPaused {
                server.pause();
                wait();
                server.resume();
            } else {
                server.kill();
                wait();
                server.start();
            }
        }
        DiskFull => {
            let Some(disk) = site.disks.get(number) else { return false };
            disk.fill();
            wait();
            disk.empty();
        }
        Rolling => {
            drop(node);
            rolling(site);
        }
        PairCut => {
            let other = (number + 1 + bytes % (site.nodes.len() - 1).max(1)) % site.nodes.len();
            // Where the other lane has that node, it is no fault of a pair.
            let Ok(pid) = site.nodes[other].try_lock().map(|node| node.pid()) else { return false };
            behave(&site.peers[number], Behaviour::HoleFrom(pid), wait);
        }
        KeysChanged => {
            drop(node);
            return other_keys(site);
        }
    }
    true
}

fn rolling(site: &Site) {
    for number in 0..site.nodes.len() {
        let mut node = site.node(number);
        restart(site, &mut node, |node| end(site, number, node), || {});
    }
}

/// A new key is known to all nodes first, and seals afterwards. All earlier ones stay, as links are sealed with them;
/// `false` where there are as many as there may be.
fn other_keys(site: &Site) -> bool {
    let Ok(_alone) = site.keys.try_lock() else { return false };
    let mut keys = site.plan.keys();
    if keys.len() == KEYS {
        return false;
    }
    keys.push(site.plan.new_key());
    site.plan.set_keys(&keys);
    rolling(site);
    keys.rotate_right(1);
    site.plan.set_keys(&keys);
    rolling(site);
    true
}

fn behave(proxy: &crate::proxy::Proxy, behaviour: Behaviour, wait: impl FnOnce()) {
    proxy.behave(behaviour);
    wait();
    proxy.behave(Behaviour::Pass);
}

/// Ends a node and starts it again, while the system database is there: a node does not start without.
fn restart(site: &Site, node: &mut Node, end: impl FnOnce(&mut Node), meanwhile: impl FnOnce()) {
    end(node);
    meanwhile();
    let _there = site.server.read().unwrap_or_else(PoisonError::into_inner);
    site.heard(node);
    *node = node.start_until_it_listens();
}

fn end(site: &Site, number: usize, node: &mut Node) {
    let status = node.terminate();
    if !status.success() {
        site.tally.wrong(format!("node {number}, asked to end, ended with {status}"));
    }
}

/// Everything that a node has kept is gone.
fn lose(site: &Site, number: usize) {
    let files = std::fs::read_dir(site.plan.data_dir(number)).expect("the directory of a node can be listed");
    for file in files {
        let path = file.expect("the directory of a node can be listed").path();
        let removed =
            if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        removed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}
