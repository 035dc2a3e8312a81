//! The sources that are served now, and how those of a cluster follow what the system database says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use nextlink_results::Store;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::cluster::{Cluster, Known, KnownSource};
use crate::config::{Config, SourceConfig};
use crate::observe::{Event, event};
use crate::served::OpenError;
use crate::slot::{Slot, tend};

/// The pause after the system database did not answer.
const RETRY: Duration = Duration::from_millis(500);
/// Sources that are served and read again at one time.
const READ_AGAIN: usize = 4;
/// The most characters that others are told of a failure.
const CAUSE: usize = 300;

/// The sources by their names in lower case.
#[derive(Debug)]
pub struct Slots {
    map: RwLock<BTreeMap<String, Placed>>,
    /// The revision of the cluster's sources that was looked at last.
    revision: AtomicU64,
    vocabulary_url: String,
    /// Turns of sources that are served and read again.
    turns: Arc<Semaphore>,
}

/// A source in its place.
#[derive(Debug, Clone)]
struct Placed {
    slot: Arc<Slot>,
    /// The revision of its settings.
    revision: u64,
    /// The revision of those with which it is being opened.
    wanted: u64,
}

/// What a node says of the sources that it serves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// The revision that it knows.
    pub revision: u64,
    /// Sources that are being opened, for the first time or with other settings than they are served with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub opening: Vec<String>,
    /// Sources that are not served, and why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub down: BTreeMap<String, String>,
}

impl Slots {
    /// The sources of a configuration file, opened as far as they can be; each may have to wait for its server, so all at
    /// one time.
    ///
    /// # Errors
    /// No source can be served, and waiting does not help.
    pub async fn of_file(config: &Config) -> anyhow::Result<Arc<Slots>> {
        let url = config.server.vocabularies();
        let one = |(name, source): (&String, &SourceConfig)| (Slot::new(name, source, url), 0);
        let (slots, hopeless) = Slots::open(url, 0, config.sources.iter().map(one)).await?;
        hopeless.map_or(Ok(slots), |error| Err(error.into()))
    }

    /// The sources of a cluster, likewise; a node without any that can be opened serves what others have stored.
    ///
    /// # Errors
    /// Opening one has panicked.
    pub async fn of_cluster(config: &Config, known: &Known) -> anyhow::Result<Arc<Slots>> {
        let url = config.server.vocabularies();
        let one = |source: &KnownSource| (slot(source, url), source.revision);
        Ok(Slots::open(url, known.revision, known.sources.iter().map(one)).await?.0)
    }

    /// Gives the error of one as well, if there is no hope for any.
    async fn open(
        url: &str,
        revision: u64,
        slots: impl Iterator<Item = (Slot, u64)>,
    ) -> anyhow::Result<(Arc<Slots>, Option<OpenError>)> {
        let mut opening = Vec::new();
        for (slot, revision) in slots {
            let slot = Arc::new(slot);
            opening.push((Arc::clone(&slot), revision, open(slot)));
        }
        let (mut map, mut hopeless, mut hopes) = (BTreeMap::new(), None, 0);
        for (slot, revision, opened) in opening {
            match opened.await? {
                Err(error) if !error.may_pass => hopeless = hopeless.or(Some(error)),
                Ok(()) | Err(_) => hopes += 1,
            }
            map.insert(slot.name.to_lowercase(), Placed { slot, revision, wanted: revision });
        }
        let (map, revision) = (RwLock::new(map), AtomicU64::new(revision));
        let turns = Arc::new(Semaphore::new(READ_AGAIN));
        let slots = Slots { map, revision, vocabulary_url: url.to_owned(), turns };
        Ok((Arc::new(slots), hopeless.filter(|_| hopes == 0)))
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Placed>> {
        self.map.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Placed>> {
        self.map.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A source by its name in lower case.
    pub fn listed(&self, name: &str) -> Option<Arc<Slot>> {
        self.read().get(name).map(|placed| Arc::clone(&placed.slot))
    }

    /// A source by its name, in any case.
    pub fn get(&self, name: &str) -> Option<Arc<Slot>> {
        self.listed(&name.to_lowercase())
    }

    /// All sources, by name.
    pub fn all(&self) -> Vec<Arc<Slot>> {
        self.read().values().map(|placed| Arc::clone(&placed.slot)).collect()
    }

    /// Opens all sources again whenever that is due.
    pub fn tend(&self) {
        self.all().into_iter().for_each(|slot| self.tend_one(slot));
    }

    fn tend_one(&self, slot: Arc<Slot>) {
        tokio::spawn(tend(slot, Arc::clone(&self.turns)));
    }

    /// Opens none of them again.
    pub fn close(&self) {
        self.all().iter().for_each(|slot| slot.close());
    }

    /// What this node says of them.
    pub fn report(&self) -> Report {
        let mut report = Report { revision: self.revision.load(Ordering::Relaxed), ..Report::default() };
        for placed in self.read().values() {
            let name = placed.slot.name.clone();
            if placed.revision != placed.wanted || placed.slot.is_new() {
                report.opening.push(name);
            } else if let Some(cause) = placed.slot.down() {
                report.down.insert(name, cause.chars().take(CAUSE).collect());
            }
        }
        report
    }

    /// Serves what is known now: what is new or has other settings is opened in the background, and what was served is
    /// served until then. Gives the names of those that are gone.
    fn take(self: &Arc<Slots>, known: Known) -> BTreeSet<String> {
        let mut map = self.write();
        let mut removed = BTreeSet::new();
        map.retain(|key, placed| {
            let stays = known.find(key).is_some();
            if !stays {
                removed.insert(key.clone());
                placed.slot.close();
                event(&Event::SourceRemoved { source: &placed.slot.name });
            }
            stays
        });
        for source in &known.sources {
            let (key, revision) = (source.name.to_lowercase(), source.revision);
            match map.get_mut(&key) {
                Some(placed) if placed.wanted == revision => {}
                Some(placed) if placed.revision == placed.wanted && is_of(&placed.slot, source) => {
                    (placed.revision, placed.wanted) = (revision, revision);
                }
                Some(placed) => {
                    placed.wanted = revision;
                    let slot = Arc::new(slot(source, &self.vocabulary_url));
                    tokio::spawn(Arc::clone(self).replace(key, slot, revision));
                }
                None => {
                    let slot = Arc::new(slot(source, &self.vocabulary_url));
                    slot.refresh();
                    self.tend_one(Arc::clone(&slot));
                    map.insert(key, Placed { slot, revision, wanted: revision });
                }
            }
        }
        self.revision.store(known.revision, Ordering::Relaxed);
        removed
    }

    /// Sources that are not there, and of which results are. Of a cluster that has never had sources nothing is known.
    fn left(&self, store: &Store) -> BTreeSet<String> {
        let map = self.read();
        let known = self.revision.load(Ordering::Relaxed) > 0;
        let sources = store.list().into_iter().map(|result| result.row.source.to_lowercase());
        sources.filter(|source| known && !map.contains_key(source)).collect()
    }

    /// Opens a source with other settings and puts it in its place, whether it can be served or not: what all nodes have
    /// been told to serve is what they serve.
    async fn replace(self: Arc<Slots>, key: String, slot: Arc<Slot>, revision: u64) {
        // A failure was told, and it is tried again in its place.
        let _ = open(Arc::clone(&slot)).await;
        let mut map = self.write();
        // It may have been changed again, or removed, meanwhile.
        let Some(placed) = map.get_mut(&key).filter(|placed| placed.wanted == revision) else { return };
        let before = std::mem::replace(&mut placed.slot, Arc::clone(&slot));
        placed.revision = revision;
        drop(map);
        before.close();
        self.tend_one(slot);
    }
}

/// Whether a place has these settings already: they were sealed anew.
fn is_of(slot: &Slot, source: &KnownSource) -> bool {
    slot.check().is_ok() && slot.name == source.name && source.config.as_ref() == Ok(&slot.config)
}

/// The place of a source of a cluster; nothing is served there yet.
fn slot(source: &KnownSource, vocabulary_url: &str) -> Slot {
    match &source.config {
        Ok(config) => Slot::new(&source.name, config, vocabulary_url),
        Err(cause) => {
            event(&Event::SourceFailed { source: &source.name, cause, served: false });
            Slot::unusable(&source.name, cause)
        }
    }
}

fn open(slot: Arc<Slot>) -> JoinHandle<Result<(), OpenError>> {
    tokio::task::spawn_blocking(move || slot.open())
}

/// Follows what the system database says, and tells there what this node serves, until it is aborted.
pub async fn follow(cluster: Arc<Cluster>, slots: Arc<Slots>, store: Arc<Store>) {
    let mut seen = cluster.sources_revision();
    let mut told = None;
    // Sources of which results may be left, and how often they are still to be looked for: a request that came before a
    // source was removed may begin a result behind that.
    let mut removed = (slots.left(&store), 2);
    loop {
        let revision = *seen.borrow_and_update();
        if revision != slots.revision.load(Ordering::Relaxed) {
            match cluster.read_sources().await {
                Ok(known) => {
                    event(&Event::SourcesFollowed { revision: known.revision });
                    removed.0.append(&mut slots.take(known));
                    removed.1 = 2;
                }
                Err(error) => {
                    event(&Event::SourcesUnread { cause: &error.to_string() });
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            }
        }
        if removed.1 > 0 && !removed.0.is_empty() {
            end_results(&slots, &store, removed.0.clone()).await;
            removed.1 -= 1;
        } else {
            removed.0.clear();
        }
        let report = Some(slots.report());
        if report != told && cluster.tell_sources(report.as_ref()).await {
            told = report;
        }
        // Whoever sees no change looks at what is served at least.
        if let Ok(Err(_)) = tokio::time::timeout(cluster.config.heartbeat(), seen.changed()).await {
            return;
        }
    }
}

/// Ends the results of sources that are no more: nobody is to read them under a source that gets the name later.
async fn end_results(slots: &Arc<Slots>, store: &Arc<Store>, removed: BTreeSet<String>) {
    let (slots, store) = (Arc::clone(slots), Arc::clone(store));
    let ended = tokio::task::spawn_blocking(move || {
        for result in store.list() {
            let source = result.row.source.to_lowercase();
            if removed.contains(&source) && slots.get(&source).is_none() {
                store.end_generation(result.row.id, result.row.generation);
            }
        }
    });
    // It is tried again.
    let _ = ended.await;
}
