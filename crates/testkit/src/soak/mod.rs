//! A soak: a cluster under readers and a writer, with faults from a seed. All rows or an explicit error for every
//! reader, and nothing left at the end.
//!
//! Beside `cargo xtask soak` a short one runs with the tests.

mod tally;
mod source;
mod site;
mod reader;
mod faults;

pub use tally::Counts;

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use site::Site;

/// Readers at one time.
const READERS: u64 = 6;
/// Time between two lines of what was seen so far.
const ROUND: Duration = Duration::from_secs(10);
/// How long nobody may have read anything before nothing is left: results are kept for a minute.
const FORGOTTEN: Duration = Duration::from_secs(90);
/// Milliseconds between two faults, in each of the lanes.
const PAUSES: [std::ops::Range<u64>; 2] = [100..1_500, 1_000..6_000];

/// What is to be soaked, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program under test.
    pub program: PathBuf,
    /// How long there are faults.
    pub length: Duration,
    /// What they are drawn from.
    pub seed: u64,
    /// How many nodes there are.
    pub nodes: usize,
    /// How many copies each result gets.
    pub replicas: usize,
    /// Whether nodes get disks of their own that can be full, if this user may mount them.
    pub disks: bool,
}

/// Runs a soak to its end; `tell` is given lines of what was seen so far.
///
/// # Panics
/// When servers or nodes do not start.
pub fn run(options: &Options, tell: impl Fn(&str)) -> Counts {
    let site = Site::start(options);
    if options.disks && site.disks.is_empty() {
        tell("no disk can be mounted by this user: none will be full");
    }
    let mut seeds = fastrand::Rng::with_seed(options.seed);
    std::thread::scope(|scope| {
        let changing = scope.spawn(|| site.source.change(&site.still));
        let mut running = Vec::new();
        for pause in PAUSES {
            let (site, seed) = (&site, seeds.u64(..));
            running.push(scope.spawn(move || faults::lane(site, seed, pause)));
        }
        for _ in 0..READERS {
            let (site, seed) = (&site, seeds.u64(..));
            running.push(scope.spawn(move || reader::reader(site, seed)));
        }
        let begun = Instant::now();
        while begun.elapsed() < options.length && !running.iter().any(|thread| thread.is_finished()) {
            std::thread::sleep(ROUND.min(options.length.saturating_sub(begun.elapsed())));
            tell(&format!("{:>5} s: {}", begun.elapsed().as_secs(), site.tally.counts().line()));
        }
        site.stop.store(true, Ordering::Relaxed);
        let ended: Vec<_> = running.into_iter().map(|thread| thread.join().is_ok()).collect();
        site.still.store(true, Ordering::Relaxed);
        site.tally.counts().changes = changing.join().unwrap_or(0);
        assert!(ended.iter().all(|good| *good), "a part of the soak has panicked");
    });
    site.acquainted();
    tell("the faults are over; what was stored is forgotten within a minute");
    forgotten(&site);
    for number in 0..options.nodes {
        site.heard(&site.node(number));
    }
    let counts = site.tally.counts().clone();
    if !counts.wrong.is_empty() {
        let dir = std::env::temp_dir().join(format!("nextlink-soak-{}", options.seed));
        match site.write(&dir) {
            Ok(()) => tell(&format!("what happened, and what the nodes wrote: {}", dir.display())),
            Err(error) => tell(&format!("{}: {error}", dir.display())),
        }
    }
    counts
}

/// Waits until nothing is left of all results, and says what is.
fn forgotten(site: &Site) {
    let begun = Instant::now();
    loop {
        let left = site.left();
        if left.is_empty() {
            return;
        }
        if begun.elapsed() > FORGOTTEN {
            left.into_iter().for_each(|what| site.tally.wrong(format!("at the end there is left: {what}")));
            return;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}
