//! Waiting for what comes true by itself.

use std::time::{Duration, Instant};

/// How long is waited at most.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// Waits until a condition is true. Fails when it is still false after a minute.
#[track_caller]
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < PATIENCE, "still not after {PATIENCE:?}: {what}");
        std::thread::sleep(LOOK);
    }
}
