//! Ownership, leases and claims under simulation: thousands of runs, each drawn from a seed, in which nodes are killed,
//! paused, cut off, started twice and drained, in time that costs none.
//!
//! What decides is the product's: the system database with its statements (SQLite, with a clock of its own), members and
//! leases, the search for a page, the succession. Network, disks and the source are models. A run that fails is run
//! again with `NEXTLINK_SIM_SEED=<seed>`; `NEXTLINK_SIM_RUNS` is how many there are.

mod oracle;
mod disk;
mod world;
mod node;
mod search;
mod copies;
mod reader;
mod faults;

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::sleep;

use nextlink_results::NodeId;
use node::Node;
use oracle::Sums;
use world::World;

/// Nodes at the start.
const NODES: usize = 3;
const READERS: u64 = 4;
const HEARTBEAT: Duration = Duration::from_millis(300);
const LEASE: Duration = Duration::from_millis(1_500);
const ANSWER: Duration = Duration::from_millis(400);
const HEDGE: Duration = Duration::from_millis(100);
/// How long the system database is waited for.
const CALL: Duration = Duration::from_millis(1_000);
/// How long a page is waited for that is not written yet.
const WAIT: Duration = Duration::from_millis(1_500);
const ROUND: Duration = Duration::from_millis(100);
/// How long there are faults.
const FAULTS: Duration = Duration::from_secs(6);
/// How long readers may take once there are none.
const PATIENCE: Duration = Duration::from_secs(60);
/// The first seed of those in which the clock of the database jumps.
const JUMPS: u64 = 1_000_000;
/// Runs of the main test.
const RUNS: u64 = 1_000;

/// Rules that can be broken, to see that it is noticed; and what a run is about.
#[derive(Clone, Copy, Debug, Default)]
struct Rules {
    /// A claim asks for no lease, and not who was first.
    claim_always: bool,
    /// After its lease was over a node does not ask what others did.
    learn_nothing: bool,
    /// Pages are copied although the lease of their owner may be over.
    copy_unsure: bool,
    /// A node that lives and does not answer is taken for one without a copy.
    forget_the_silent: bool,
    /// Writes down what happens.
    tell: bool,
    /// The clock of the database is put forward: nodes are given up that know nothing of it.
    steps: bool,
}

/// One run; what was wrong, and what happened.
fn run(seed: u64, rules: Rules) -> (Vec<String>, Sums) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let world = World::new(seed, rules);
        for machine in 0..NODES {
            let id = NodeId::from_bytes(world.bytes());
            assert!(Node::start(&world, machine, id).await.is_some(), "a node starts");
        }
        let mut readers: Vec<_> =
            (0..READERS).map(|_| tokio::spawn(reader::reader(Arc::clone(&world)))).collect();
        faults::all(&world).await;
        let late = sleep(PATIENCE);
        tokio::pin!(late);
        for reader in &mut readers {
            tokio::select! {
                biased;
                ended = reader => ended.expect("a reader does not panic"),
                () = &mut late => {
                    world.oracle.wrong("a reader does not come to an end".to_owned());
                    break;
                }
            }
        }
        (world.oracle.all_wrong(), world.oracle.sums())
    })
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs many seeds, on all cores; the first one that fails, and what happened in all.
fn many(seeds: std::ops::Range<u64>, rules: Rules) -> (Option<(u64, Vec<String>)>, Sums) {
    let next = std::sync::atomic::AtomicU64::new(seeds.start);
    let found = std::sync::Mutex::new((None, Sums::default()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if seed >= seeds.end || world::lock(&found).0.is_some() {
                        return;
                    }
                    let (wrong, sums) = run(seed, rules);
                    let mut found = world::lock(&found);
                    found.1 += sums;
                    if !wrong.is_empty() && found.0.is_none() {
                        found.0 = Some((seed, wrong));
                    }
                }
            });
        }
    });
    found.into_inner().expect("no thread panics")
}

#[track_caller]
fn all_good(first: u64, runs: u64, rules: Rules) {
    let seeds = match number("NEXTLINK_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => first..first + number("NEXTLINK_SIM_RUNS").unwrap_or(runs),
    };
    let runs = seeds.end - seeds.start;
    let rules = Rules { tell: runs == 1, ..rules };
    let (failed, sums) = many(seeds, rules);
    println!("{runs} runs: {sums:?}");
    if let Some((seed, wrong)) = failed {
        panic!("NEXTLINK_SIM_SEED={seed} fails:\n- {}", wrong.join("\n- "));
    }
    if runs > 100 {
        let Sums { pages, whole, claims, fenced, handed_over, lapses, .. } = sums;
        let each = [pages, whole, claims, fenced, handed_over, lapses];
        assert!(each.iter().all(|sum| *sum > 0), "something does not happen: {sums:?}");
    }
}

#[test]
fn nothing_is_lost_doubled_or_mixed() {
    all_good(0, RUNS, Rules::default());
}

/// Rows are as whole when the database's clock is wrong; only a link may lead back for a moment.
#[test]
fn the_clock_of_the_database_may_jump() {
    all_good(JUMPS, RUNS / 3, Rules { steps: true, ..Rules::default() });
}

#[test]
fn a_seed_gives_the_same_run() {
    let (one, other) = (run(7, Rules::default()), run(7, Rules::default()));
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}

/// Each rule is needed, and the simulation would notice if it were broken.
#[test]
fn broken_rules_are_noticed() {
    for (what, rules) in [
        ("claims", Rules { claim_always: true, ..Rules::default() }),
        ("learning", Rules { learn_nothing: true, ..Rules::default() }),
        ("copies", Rules { copy_unsure: true, ..Rules::default() }),
        ("silence", Rules { forget_the_silent: true, ..Rules::default() }),
    ] {
        let (failed, sums) = many(0..RUNS, rules);
        let (seed, wrong) = failed.unwrap_or_else(|| panic!("{what}: nobody notices: {sums:?}"));
        println!("{what}: seed {seed}: {}", wrong[0]);
    }
}
