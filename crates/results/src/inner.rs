//! What the parts of a store share: the map of results, removal, time and events.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, UNIX_EPOCH};

use tokio::sync::Semaphore;

use crate::config::{Clock, Disk, StoreConfig};
use crate::entry::{Entry, Reading};
use crate::error::PageError;
use crate::event::{Counters, Event, Observer, Stats, SweepReport};
use crate::files::{Files, Key};
use crate::id::ResultId;
use crate::keys::MasterKeys;
use crate::quota::{Ledger, Reservation};
use crate::registry::{Registry, RegistryError, Touch};
use crate::wire::lock;

/// How many registry rows are written in one transaction.
const BATCH: usize = 1000;

/// A result that is gone from the map but not yet from disk and registry.
pub(crate) struct Doomed {
    key: Key,
    /// Held until the files are gone.
    reservation: Option<Reservation>,
    files_gone: bool,
    expired: bool,
}

type Map = HashMap<ResultId, Arc<Entry>>;

/// What the parts of a store share.
pub(crate) struct Inner {
    pub(crate) files: Files,
    pub(crate) keys: MasterKeys,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) counters: Counters,
    pub(crate) slow_reads: Arc<Semaphore>,
    pub(crate) absolute_expiry: Duration,
    pub(crate) queue_bytes: usize,
    idle_expiry: Duration,
    clock: Clock,
    observer: Option<Arc<dyn Observer>>,
    results: RwLock<Map>,
    doomed: Mutex<Vec<Doomed>>,
}

impl Inner {
    pub(crate) fn new(config: &StoreConfig, registry: Arc<dyn Registry>) -> Arc<Self> {
        Arc::new(Self {
            files: Files::new(config.dir.clone(), config.node.id(), config.open_results),
            keys: config.keys.clone(),
            ledger: Ledger::new(config.quotas),
            disk: config.disk.clone(),
            registry,
            counters: Counters::default(),
            slow_reads: Arc::new(Semaphore::new(config.slow_reads)),
            absolute_expiry: config.absolute_expiry,
            queue_bytes: config.queue_bytes,
            idle_expiry: config.idle_expiry,
            clock: config.clock.clone(),
            observer: config.observer.clone(),
            results: RwLock::default(),
            doomed: Mutex::default(),
        })
    }

    pub(crate) fn now_ms(&self) -> u64 {
        let since = (self.clock)()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        since.as_millis() as u64
    }

    /// Until when a result that is used now is kept.
    pub(crate) fn idle_until_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_add(self.idle_expiry.as_millis() as u64)
    }

    pub(crate) fn tell(&self, event: &Event<'_>) {
        if let Some(observer) = &self.observer {
            observer.event(event);
        }
    }

    pub(crate) fn note(&self, what: &'static str, outcome: Result<(), RegistryError>) -> bool {
        if let Err(error) = &outcome {
            self.tell(&Event::RegistryFailed { what, error });
        }
        outcome.is_ok()
    }

    fn read(&self) -> RwLockReadGuard<'_, Map> {
        self.results.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Map> {
        self.results.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn insert(&self, entry: &Arc<Entry>) {
        self.write().insert(entry.about.id, entry.clone());
    }

    pub(crate) fn find(&self, id: ResultId) -> Option<Arc<Entry>> {
        self.read().get(&id).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Entry>> {
        self.read().values().cloned().collect()
    }

    /// Finds a result and keeps it from being swept; slides its expiry.
    pub(crate) fn begin_read(&self, id: ResultId, generation: u32) -> Result<Reading, PageError> {
        let results = self.read();
        let entry = results.get(&id).ok_or(PageError::Unknown)?;
        if entry.about.generation != generation {
            return Err(PageError::OtherGeneration {
                current: entry.about.generation,
            });
        }
        let now = self.now_ms();
        if entry.is_expired(now) {
            return Err(PageError::Expired);
        }
        entry.touch(self.idle_until_ms(now));
        Ok(Reading::begin(entry))
    }

    /// Removes one result now, with its files and its row. `false` when it is not here. May block.
    pub(crate) fn remove(&self, id: ResultId) -> bool {
        let Some(entry) = self.write().remove(&id) else {
            return false;
        };
        let mut doomed = vec![doom(&entry, false)];
        self.clean(&mut doomed);
        lock(&self.doomed).append(&mut doomed);
        true
    }

    /// Removes what has expired and is not being read, tries again what failed before, and writes the expiries of
    /// results that were read to the registry. May block.
    pub(crate) fn sweep(&self) -> SweepReport {
        let now = self.now_ms();
        let mut expired = Vec::new();
        self.write().retain(|_, entry| {
            let goes = entry.is_expired(now) && !entry.is_read();
            if goes {
                expired.push(doom(entry, true));
            }
            !goes
        });
        let count = expired.len();
        Counters::add(&self.counters.expired, count as u64);
        let mut doomed = std::mem::take(&mut *lock(&self.doomed));
        doomed.append(&mut expired);
        self.clean(&mut doomed);
        let touched = self.write_expiries();
        let mut pending = lock(&self.doomed);
        pending.append(&mut doomed);
        SweepReport {
            expired: count,
            pending: pending.len(),
            touched,
        }
    }

    /// Writes the expiries of results that were read; gives their number.
    pub(crate) fn write_expiries(&self) -> usize {
        let touch = |entry: &Arc<Entry>| {
            let expires_ms = entry.unregistered_expiry()?;
            Some(Touch {
                id: entry.about.id,
                generation: entry.about.generation,
                expires_ms,
            })
        };
        let touches: Vec<Touch> = self.all().iter().filter_map(touch).collect();
        for batch in touches.chunks(BATCH) {
            self.note("touch", self.registry.touch(batch));
        }
        touches.len()
    }

    /// Removes files and rows; what cannot be removed yet stays in the list.
    fn clean(&self, doomed: &mut Vec<Doomed>) {
        for item in doomed.iter_mut().filter(|item| !item.files_gone) {
            match self.files.remove(item.key) {
                Ok(()) => self.files_gone(item),
                Err(error) => self.removal_failed(item, &error),
            }
        }
        let owner = self.files.owner();
        let ready: Vec<Key> = doomed
            .iter()
            .filter(|item| item.files_gone)
            .map(|item| item.key)
            .collect();
        let removed = |batch: &[Key]| self.note("remove", self.registry.remove(owner, batch));
        if ready
            .chunks(BATCH)
            .fold(true, |good, batch| removed(batch) && good)
        {
            doomed.retain(|item| !item.files_gone);
        }
    }

    fn files_gone(&self, item: &mut Doomed) {
        item.files_gone = true;
        item.reservation = None;
        self.tell(&Event::Removed {
            id: item.key.0,
            expired: item.expired,
        });
    }

    fn removal_failed(&self, item: &Doomed, error: &io::Error) {
        self.tell(&Event::RemovalFailed {
            id: item.key.0,
            error,
        });
    }

    pub(crate) fn stats(&self) -> Stats {
        let entries = self.all();
        let mut stats = Stats {
            results: entries.len(),
            writing: entries.iter().filter(|entry| entry.is_writing()).count(),
            bytes: self.ledger.bytes(),
            open_files: self.files.open_count(),
            pending_removals: lock(&self.doomed).len(),
            ..Stats::default()
        };
        self.counters.fill(&mut stats);
        stats
    }
}

fn doom(entry: &Entry, expired: bool) -> Doomed {
    Doomed {
        key: entry.key(),
        reservation: entry.end(),
        files_gone: false,
        expired,
    }
}
