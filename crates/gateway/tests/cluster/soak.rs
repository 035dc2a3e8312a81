//! A short soak of a cluster: many faults, some at the same time, and every reading is whole or ends by an explicit error.

use std::time::Duration;

use nextlink_testkit::soak::{Options, run};

use crate::group::PROGRAM;

/// The same faults in the same order each time; what they meet is not the same.
const SEED: u64 = 7;

#[test]
fn a_short_soak_leaves_nothing_wrong_and_nothing_behind() {
    let options = Options {
        program: PROGRAM.into(),
        length: Duration::from_secs(40),
        seed: SEED,
        nodes: 3,
        replicas: 1,
        disks: false,
    };
    let counts = run(&options, |line| println!("{line}"));
    println!("{counts}");
    assert_eq!(counts.wrong, Vec::<String>::new(), "seed {SEED}");
    assert!(counts.read > 0 && counts.again > 0 && counts.changes > 0, "{counts}");
    assert!(counts.faults.values().sum::<u64>() > 5, "{counts}");
}
