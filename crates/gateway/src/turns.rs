//! Turns to run statements, who waits for them, and places for statements that go on behind the first page.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

/// How long a statement waits for a place in any case: small results are stored sooner than that.
const MOMENT: Duration = Duration::from_millis(250);
/// How long it waits at most.
const LONGEST: Duration = Duration::from_secs(2);
/// How often it looks whether somebody waits for what it holds.
const LOOK: Duration = Duration::from_millis(25);
/// Users whose places are remembered without a look at which of them are used.
const USERS: usize = 64;

/// Permits of which there are so many, and how many wait for one.
#[derive(Debug)]
pub struct Queue {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// Somebody who waits, until it is dropped.
struct Waits<'a>(&'a AtomicUsize);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Queue {
    /// With so many permits.
    pub fn of(permits: usize) -> Arc<Queue> {
        Arc::new(Queue { permits: Arc::new(Semaphore::new(permits)), waiting: AtomicUsize::new(0) })
    }

    /// A permit, if one is free.
    pub fn try_take(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }

    /// Waits for a permit.
    pub async fn take(&self) -> Option<OwnedSemaphorePermit> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waits = Waits(&self.waiting);
        Arc::clone(&self.permits).acquire_owned().await.ok()
    }

    /// Whether somebody waits for one.
    pub fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }
}

/// A turn to run a statement, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _of_node: OwnedSemaphorePermit,
    _of_source: Option<OwnedSemaphorePermit>,
}

impl Turn {
    /// One of those of the node, and one of those of the source, where it has a limit of them.
    pub fn new(of_node: OwnedSemaphorePermit, of_source: Option<OwnedSemaphorePermit>) -> Self {
        Self { _of_node: of_node, _of_source: of_source }
    }
}

/// The share that statements may have which go on although their first page is out: half, and one at least.
fn share(all: usize) -> usize {
    (all / 2).max(1)
}

/// A share of so many.
pub fn shared(all: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(share(all)))
}

/// The share of the connections that each user of a source has.
#[derive(Debug, Default)]
pub struct Connections(Mutex<HashMap<String, Weak<Semaphore>>>);

impl Connections {
    /// That of a user, who has so many connections.
    pub fn of(&self, user: &str, connections: usize) -> Arc<Semaphore> {
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = users.get(user).and_then(Weak::upgrade) {
            return known;
        }
        if users.len() >= USERS {
            users.retain(|_, places| places.strong_count() > 0);
        }
        let places = shared(connections);
        users.insert(user.to_owned(), Arc::downgrade(&places));
        places
    }
}

/// Places for statements whose rows are stored: in a share of everything that such a statement holds.
#[derive(Debug, Clone)]
pub struct Places(Vec<Arc<Semaphore>>);

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Place {
    _permits: Vec<OwnedSemaphorePermit>,
}

impl Places {
    /// In all of these shares.
    pub fn new(shares: impl IntoIterator<Item = Arc<Semaphore>>) -> Places {
        Places(shares.into_iter().collect())
    }

    /// A place, if one is free.
    pub fn try_take(&self) -> Option<Place> {
        let permits = self.0.iter().map(|share| Arc::clone(share).try_acquire_owned().ok());
        Some(Place { _permits: permits.collect::<Option<_>>()? })
    }

    /// Waits for a place.
    pub async fn take(&self) -> Option<Place> {
        let mut permits = Vec::with_capacity(self.0.len());
        for share in &self.0 {
            permits.push(Arc::clone(share).acquire_owned().await.ok()?);
        }
        Some(Place { _permits: permits })
    }

    /// Waits for a place as a statement may that has begun: for a moment, and for two seconds where nobody waits for what
    /// it holds, as `awaited` tells.
    pub async fn take_soon(&self, awaited: impl Fn() -> bool) -> Option<Place> {
        if let Some(place) = self.try_take() {
            return Some(place);
        }
        let began = Instant::now();
        let too_long = async {
            sleep(MOMENT).await;
            while began.elapsed() < LONGEST && !awaited() {
                sleep(LOOK).await;
            }
        };
        tokio::select! {
            place = self.take() => place,
            () = too_long => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_is_one_of_all_shares() {
        let (wide, narrow) = (shared(10), shared(3));
        let places = Places::new([Arc::clone(&wide), Arc::clone(&narrow)]);
        let held = places.try_take().expect("one is free");
        assert_eq!((wide.available_permits(), narrow.available_permits()), (4, 0));
        assert!(places.try_take().is_none(), "half of three is one");
        assert_eq!(wide.available_permits(), 4, "what is had in vain is given back");
        let (taken, ()) = tokio::join!(places.take(), async move { drop(held) });
        drop(taken.expect("it was given back"));
        assert_eq!((wide.available_permits(), narrow.available_permits()), (5, 1));
    }

    #[tokio::test]
    async fn who_waits_is_seen() {
        let queue = Queue::of(1);
        let held = queue.try_take().expect("it is free");
        assert!(queue.try_take().is_none() && !queue.is_awaited(), "nobody waits");
        let mut waits = Box::pin(queue.take());
        assert!(futures_pending(&mut waits).await && queue.is_awaited());
        drop(waits);
        assert!(!queue.is_awaited(), "who gives up does not wait");
        drop(held);
        assert!(queue.take().await.is_some() && !queue.is_awaited());
    }

    /// Whether it waits.
    async fn futures_pending<F: Future + Unpin>(future: &mut F) -> bool {
        tokio::time::timeout(Duration::ZERO, future).await.is_err()
    }

    #[test]
    fn each_user_has_a_share() {
        let connections = Connections::default();
        let (one, same, other) = (connections.of("a", 4), connections.of("a", 4), connections.of("b", 1));
        assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
        assert_eq!((one.available_permits(), other.available_permits()), (2, 1));
        drop(other);
        for user in 0..2 * USERS {
            connections.of(&user.to_string(), 4);
        }
        assert!(connections.0.lock().expect("it is whole").len() <= USERS, "who left is forgotten");
        assert!(Arc::ptr_eq(&one, &connections.of("a", 4)));
    }
}
