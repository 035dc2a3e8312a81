//! What the parts of a store share: the map of results, removal, time and events.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, UNIX_EPOCH};

use tokio::sync::Semaphore;

use crate::buffers::Buffers;
use crate::config::{Clock, Disk, StoreConfig};
use crate::entry::{Entry, Reading, Stage};
use crate::error::PageError;
use crate::event::{Counters, Event, Observer, Stats, SweepReport};
use crate::files::{Files, Key, LeftOver};
use crate::id::{NodeId, ResultId};
use crate::keys::MasterKeys;
use crate::placement::Placement;
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
    /// Whether the registry has a row of it that is this node's.
    owned: bool,
}

/// A result of this node that was removed, and who else has it.
pub(crate) type Ended = (Key, Vec<NodeId>);

type Map = BTreeMap<Key, Arc<Entry>>;

/// What the parts of a store share.
pub(crate) struct Inner {
    pub(crate) files: Files,
    pub(crate) buffers: Arc<Buffers>,
    pub(crate) keys: MasterKeys,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) counters: Counters,
    pub(crate) slow_reads: Arc<Semaphore>,
    pub(crate) absolute_expiry: Duration,
    pub(crate) queue_bytes: usize,
    pub(crate) placement: Option<Arc<dyn Placement>>,
    idle_expiry: Duration,
    clock: Clock,
    observer: Option<Arc<dyn Observer>>,
    results: RwLock<Map>,
    doomed: Mutex<Vec<Doomed>>,
    ended: Mutex<Vec<Ended>>,
    bare_rows: Mutex<Vec<(Key, u64)>>,
    /// Files of an earlier run that the next sweep removes.
    pub(crate) left_over: Mutex<Vec<LeftOver>>,
}

impl Inner {
    pub(crate) fn new(config: &StoreConfig, registry: Arc<dyn Registry>) -> Arc<Self> {
        Arc::new(Self {
            files: Files::new(config.dir.clone(), config.node.id(), config.open_results),
            buffers: Arc::default(),
            keys: config.keys.clone(),
            ledger: Ledger::new(config.quotas, config.rules.clone()),
            disk: config.disk.clone(),
            registry,
            counters: Counters::default(),
            slow_reads: Arc::new(Semaphore::new(config.slow_reads)),
            absolute_expiry: config.absolute_expiry,
            queue_bytes: config.queue_bytes,
            placement: config.placement.clone(),
            idle_expiry: config.idle_expiry,
            clock: config.clock.clone(),
            observer: config.observer.clone(),
            results: RwLock::default(),
            doomed: Mutex::default(),
            ended: Mutex::default(),
            bare_rows: Mutex::default(),
            left_over: Mutex::default(),
        })
    }

    pub(crate) fn now_ms(&self) -> u64 {
        let since = (self.clock)().duration_since(UNIX_EPOCH).unwrap_or_default();
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
        self.write().insert(entry.key(), entry.clone());
    }

    pub(crate) fn get(&self, key: Key) -> Option<Arc<Entry>> {
        self.read().get(&key).cloned()
    }

    /// The last execution of a result.
    pub(crate) fn find(&self, id: ResultId) -> Option<Arc<Entry>> {
        self.read().range(all_of(id)).next_back().map(|(_, entry)| entry.clone())
    }

    /// All executions of a result that are here.
    pub(crate) fn generations(&self, id: ResultId) -> Vec<Arc<Entry>> {
        self.read().range(all_of(id)).map(|(_, entry)| entry.clone()).collect()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Entry>> {
        self.read().values().cloned().collect()
    }

    /// Finds a result and keeps it from being swept; slides its expiry.
    pub(crate) fn begin_read(&self, id: ResultId, generation: u32) -> Result<Reading, PageError> {
        let reading = self.hold(id, generation)?;
        reading.touch(self.idle_until_ms(self.now_ms()));
        reading.note_read();
        Ok(reading)
    }

    /// Finds a result and keeps it from being swept, and leaves its expiry alone.
    pub(crate) fn hold(&self, id: ResultId, generation: u32) -> Result<Reading, PageError> {
        let results = self.read();
        let Some(entry) = results.get(&(id, generation)) else {
            let other = results.range(all_of(id)).next_back();
            return Err(other.map_or(PageError::Unknown, |((_, current), _)| PageError::OtherGeneration {
                current: *current,
            }));
        };
        if entry.is_expired(self.now_ms()) {
            return Err(PageError::Expired);
        }
        Ok(Reading::begin(entry))
    }

    /// Asks the registry at which pages of what is here, results and copies, other executions go on: whoever followed a
    /// link to one of them has seen those. `false` when it does not say. May block.
    pub(crate) fn learn_continued(&self) -> bool {
        let found = match self.registry.continued() {
            Ok(found) => found,
            Err(error) => return self.note("continued", Err(error)),
        };
        for (id, at) in found {
            if let Some(entry) = self.get((id, at.generation)) {
                entry.note_continued(at.page);
            }
        }
        true
    }

    /// Tells the registry that a result of this node is there, if it does not know yet; `false` when it still does not.
    /// May block.
    pub(crate) fn register(&self, entry: &Entry) -> bool {
        let mut unregistered = lock(&entry.unregistered);
        let Some(header) = unregistered.as_ref() else { return true };
        let (row, registry) = (entry.row(), &self.registry);
        let mut registered = self.note("insert", registry.insert(&row, header));
        if !registered {
            // It may have been told before, and nobody heard that it was.
            let all = registry.generations(row.id).unwrap_or_default();
            registered = all.iter().any(|one| one.row.generation == row.generation)
                && self.note("update", registry.update(&row));
        }
        if registered {
            *unregistered = None;
            // It may have been ended before its row was there to be removed.
            if matches!(entry.progress().stage, Stage::Gone) {
                self.note("remove", registry.remove(self.files.owner(), &[entry.key()]));
            }
        }
        registered
    }

    /// A row of this node without files: its number is not given again, and it is removed when it has expired.
    pub(crate) fn keep_row(&self, key: Key, expires_ms: u64) {
        lock(&self.bare_rows).push((key, expires_ms));
    }

    /// Removes one result now, with its files and its row. `false` when it is not here. May block.
    pub(crate) fn remove(&self, key: Key) -> bool {
        let Some(entry) = self.write().remove(&key) else {
            return false;
        };
        let mut doomed = vec![self.doom(&entry, false)];
        self.clean(&mut doomed);
        lock(&self.doomed).append(&mut doomed);
        true
    }

    /// Removes what has expired and is not being read, tries again what failed before, and writes
    /// the expiries of results that were read to the registry. May block.
    pub(crate) fn sweep(&self) -> SweepReport {
        let now = self.now_ms();
        let mut expired = Vec::new();
        self.write().retain(|_, entry| {
            let goes = entry.is_expired(now) && !entry.is_read();
            if goes {
                expired.push(self.doom(entry, true));
            }
            !goes
        });
        let count = expired.len();
        // Where it does not answer, it is asked once.
        let _ = self.all().iter().filter(|entry| entry.is_owned()).all(|entry| self.register(entry));
        lock(&self.bare_rows).retain(|(key, expires_ms)| {
            let goes = *expires_ms <= now;
            if goes {
                expired.push(Doomed {
                    key: *key,
                    reservation: None,
                    files_gone: true,
                    expired: true,
                    owned: true,
                });
            }
            !goes
        });
        Counters::add(&self.counters.expired, count as u64);
        let mut doomed = std::mem::take(&mut *lock(&self.doomed));
        doomed.append(&mut expired);
        self.clean(&mut doomed);
        let touched = self.write_expiries();
        let mut pending = lock(&self.doomed);
        pending.append(&mut doomed);
        SweepReport { expired: count, pending: pending.len(), touched }
    }

    /// Writes the expiries of results that were read; gives their number.
    pub(crate) fn write_expiries(&self) -> usize {
        let touch = |entry: Arc<Entry>| {
            let expires_ms = entry.unregistered_expiry()?;
            let (id, generation) = entry.key();
            Some((entry, Touch { id, generation, expires_ms }))
        };
        let (entries, touches): (Vec<_>, Vec<_>) = self.all().into_iter().filter_map(touch).unzip();
        let mut written = 0;
        for (entries, touches) in entries.chunks(BATCH).zip(touches.chunks(BATCH)) {
            if self.note("touch", self.registry.touch(touches)) {
                written += touches.len();
                for (entry, touch) in entries.iter().zip(touches) {
                    entry.set_registered_expiry(touch.expires_ms);
                }
            }
        }
        written
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
        let gone = doomed.iter().filter(|item| item.files_gone && item.owned);
        let ready: Vec<Key> = gone.map(|item| item.key).collect();
        let removed = |batch: &[Key]| self.note("remove", self.registry.remove(owner, batch));
        if ready.chunks(BATCH).all(removed) {
            doomed.retain(|item| !item.files_gone);
        }
    }

    /// The nodes that are to get a copy of a result of this node.
    pub(crate) fn holders(&self, entry: &Entry) -> Vec<NodeId> {
        let replicas = self.ledger.rules(&entry.about.source).replicas;
        let holders = self.placement.as_ref().map(|all| all.holders(entry.about.id, replicas));
        holders.unwrap_or_default()
    }

    fn doom(&self, entry: &Entry, expired: bool) -> Doomed {
        let (key, owned, holders) = (entry.key(), entry.is_owned(), entry.holders());
        if owned && !holders.is_empty() {
            lock(&self.ended).push((key, holders));
        }
        Doomed { key, reservation: entry.end(), files_gone: false, expired, owned }
    }

    /// Results of this node that were removed since this was asked last, and who has copies of them.
    pub(crate) fn take_ended(&self) -> Vec<Ended> {
        std::mem::take(&mut *lock(&self.ended))
    }

    fn files_gone(&self, item: &mut Doomed) {
        item.files_gone = true;
        item.reservation = None;
        self.tell(&Event::Removed { id: item.key.0, expired: item.expired });
    }

    fn removal_failed(&self, item: &Doomed, error: &io::Error) {
        self.tell(&Event::RemovalFailed { id: item.key.0, error });
    }

    pub(crate) fn stats(&self) -> Stats {
        let entries = self.all();
        let mut stats = Stats {
            results: entries.iter().filter(|entry| entry.is_owned()).count(),
            replicas: entries.iter().filter(|entry| !entry.is_owned()).count(),
            writing: entries.iter().filter(|entry| entry.is_owned() && entry.is_writing()).count(),
            bytes: self.ledger.bytes(),
            open_files: self.files.open_count(),
            pending_removals: lock(&self.doomed).len(),
            ..Stats::default()
        };
        self.counters.fill(&mut stats);
        stats
    }
}

/// The keys of all executions of a result.
fn all_of(id: ResultId) -> std::ops::RangeInclusive<Key> {
    (id, 0)..=(id, u32::MAX)
}
