//! What a node knows of its own lease: whether it is the node that it says, and whether others may have gone on with
//! what it holds.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nextlink_system::Beat;
use tokio::sync::Notify;
use tokio::time::Instant;

#[derive(Debug)]
struct State {
    /// When the last sign of life was given that has arrived.
    given: Instant,
    /// Since when the lease has not been over.
    steady: Instant,
    /// How often the lease was over.
    lapses: u64,
    /// Of how many of these it is known what others did meanwhile.
    learned: u64,
    fenced: bool,
}

/// A node's own lease. Whether it was over is what the system database says; the node's clock only makes it careful, and
/// takes a long silence for a lapse, since an answer may be lost.
#[derive(Debug)]
pub struct Lease {
    lasts: Duration,
    state: Mutex<State>,
    lapsed: Notify,
}

impl Lease {
    /// A lease that begins at the earliest at `given`.
    pub fn new(lasts: Duration, given: Instant) -> Lease {
        let state = State { given, steady: given, lapses: 0, learned: 0, fenced: false };
        Lease { lasts, state: Mutex::new(state), lapsed: Notify::new() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a sign of life has done that was given at `given`; `true` when it is news that another process has
    /// taken the node over.
    pub fn beaten(&self, given: Instant, beat: Beat) -> bool {
        let mut state = self.state();
        if beat == Beat::Lapsed || state.given.elapsed() >= self.lasts {
            state.steady = Instant::now();
        }
        // An answer may have been lost that said so: the database told it once, and says now that the lease goes on.
        let unheard = given.saturating_duration_since(state.given) >= self.lasts;
        match beat {
            Beat::Kept if !unheard => state.given = given,
            Beat::Kept | Beat::Lapsed => {
                state.given = given;
                state.lapses += 1;
                self.lapsed.notify_one();
            }
            Beat::TakenOver => return !std::mem::replace(&mut state.fenced, true),
        }
        false
    }

    /// When the last sign of life was given that has arrived.
    pub fn given(&self) -> Instant {
        self.state().given
    }

    /// Since when the lease has not been over: before, the system database may have been out of reach of all nodes.
    pub fn steady_since(&self) -> Instant {
        let state = self.state();
        if state.given.elapsed() >= self.lasts { Instant::now() } else { state.steady }
    }

    /// Whether another process has taken the node over.
    pub fn is_fenced(&self) -> bool {
        self.state().fenced
    }

    /// Whether nobody can have gone on with what is here without its being known here.
    pub fn is_sure(&self) -> bool {
        let state = self.state();
        !state.fenced && state.learned == state.lapses && state.given.elapsed() < self.lasts
    }

    /// The lapse up to which it is to be learned what others did meanwhile.
    pub fn unlearned(&self) -> Option<u64> {
        let state = self.state();
        (state.learned < state.lapses).then_some(state.lapses)
    }

    /// Notes that it is known what others did up to a lapse.
    pub fn learned(&self, lapse: u64) {
        self.state().learned = lapse;
    }

    /// Waits until the lease has been over.
    pub async fn has_lapsed(&self) {
        self.lapsed.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTS: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn a_node_is_sure_until_its_lease_may_be_over() {
        let lease = Lease::new(LASTS, Instant::now());
        assert!(lease.is_sure());
        tokio::time::advance(LASTS).await;
        assert!(!lease.is_sure(), "whatever the database would say");
        assert_eq!(lease.unlearned(), None, "nobody has said that it was over");
        assert_eq!(lease.steady_since(), Instant::now(), "others may not have reached the database either");
        // What the database said before may have been lost.
        let given = Instant::now();
        tokio::time::advance(LASTS).await;
        assert!(!lease.beaten(given, Beat::Kept));
        let lapse = lease.unlearned().expect("a lapse, for all that is known");
        lease.learned(lapse);
        assert!(!lease.is_sure(), "what took long to arrive was given long ago");
        assert!(!lease.beaten(given + LASTS / 2, Beat::Kept));
        assert_eq!(lease.unlearned(), None);
        assert!(lease.is_sure());
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_lapse_it_is_sure_once_it_has_learned() {
        let lease = Lease::new(LASTS, Instant::now());
        for lapse in 1..3 {
            assert!(!lease.beaten(Instant::now(), Beat::Lapsed));
            assert!(!lease.beaten(Instant::now(), Beat::Kept));
            assert!(!lease.is_sure());
            assert_eq!(lease.unlearned(), Some(lapse));
            lease.has_lapsed().await;
            lease.learned(lapse);
            assert!(lease.is_sure());
        }
        // Over once more while it asks.
        lease.beaten(Instant::now(), Beat::Lapsed);
        let lapse = lease.unlearned().expect("a lapse");
        lease.beaten(Instant::now(), Beat::Lapsed);
        lease.learned(lapse);
        assert!(!lease.is_sure());
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_was_taken_over_stays_so() {
        let lease = Lease::new(LASTS, Instant::now());
        assert!(lease.beaten(Instant::now(), Beat::TakenOver));
        assert!(!lease.beaten(Instant::now(), Beat::TakenOver), "it is no news");
        assert!(!lease.beaten(Instant::now(), Beat::Kept));
        assert!(lease.is_fenced() && !lease.is_sure());
    }
}
