//! What all requests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nextlink_db::location::Login;
use nextlink_db::run::{Cancel, RunOptions};
use nextlink_odata::temporal::Instant as PointInTime;
use nextlink_results::token::TokenKeys;
use nextlink_results::{Registry, Store};
use nextlink_sql::shape::Limit;
use nextlink_system::System;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use crate::answer::Refusal;
use crate::cluster::{Cluster, Drained, Joined};
use crate::config::Config;
use crate::observe::Exporter;
use crate::slot::Slot;
use crate::slots::Slots;
use crate::vocabularies::Vocabularies;

/// Bytes that one permit for the body of a request stands for.
pub const BODY_UNIT: usize = 1024;

/// A turn to run a statement, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _of_node: OwnedSemaphorePermit,
    _of_source: Option<OwnedSemaphorePermit>,
}

/// What all requests share.
pub struct State {
    /// Settings.
    pub config: Config,
    /// The sources that are served now.
    pub slots: Arc<Slots>,
    /// Stored results.
    pub store: Arc<Store>,
    /// Seals page tokens.
    pub tokens: TokenKeys,
    /// The node's name.
    pub name: String,
    /// The system database.
    pub system: Arc<dyn System>,
    /// Its table of results.
    pub registry: Arc<dyn Registry>,
    /// The other nodes, unless this one is alone.
    pub cluster: Option<Arc<Cluster>>,
    /// The standard vocabularies, where the node serves them.
    pub vocabularies: Vocabularies,
    /// Metrics.
    pub exporter: Exporter,
    /// Says that administration asks for the end of the node.
    pub end_asked: Notify,
    /// What became of the node's results, once it has handed them over.
    pub drained: watch::Sender<Option<Drained>>,
    queries: Arc<Semaphore>,
    /// Memory for the bodies of requests.
    pub bodies: Arc<Semaphore>,
    stopping: AtomicBool,
}

impl State {
    /// Puts the state together.
    pub fn new(
        config: Config,
        slots: Arc<Slots>,
        store: Arc<Store>,
        tokens: TokenKeys,
        joined: Joined,
        vocabularies: Vocabularies,
        exporter: Exporter,
    ) -> State {
        let registry = Arc::clone(&joined.system).results(&joined.own);
        let Joined { system, cluster, own, .. } = joined;
        let name = own.name;
        let queries = Arc::new(Semaphore::new(config.limits.queries));
        let bodies = Arc::new(Semaphore::new(body_units(config.limits.bodies_mib)));
        let stopping = AtomicBool::new(false);
        State {
            config,
            slots,
            store,
            tokens,
            name,
            system,
            registry,
            cluster,
            vocabularies,
            exporter,
            end_asked: Notify::new(),
            drained: watch::Sender::new(None),
            queries,
            bodies,
            stopping,
        }
    }

    /// Waits for a turn to run a statement of a source: one of those of the source, where it has a limit of them, and then
    /// one of those of the node, which so are not taken by who only waits.
    ///
    /// # Errors
    /// 503 where the wait is too long.
    pub async fn turn(&self, slot: &Slot) -> Result<Turn, Refusal> {
        let own = slot.effective.limits.turns(&slot.config).map(|(_, turns)| turns);
        if own.is_none()
            && let Ok(of_node) = Arc::clone(&self.queries).try_acquire_owned()
        {
            return Ok(Turn { _of_node: of_node, _of_source: None });
        }
        // Boxed, as the future of a request is to be small.
        Box::pin(self.awaited_turn(own)).await
    }

    async fn awaited_turn(&self, own: Option<Arc<Semaphore>>) -> Result<Turn, Refusal> {
        let waited = async {
            let of_source = match own {
                Some(turns) => Some(turns.acquire_owned().await.ok()?),
                None => None,
            };
            let of_node = Arc::clone(&self.queries).acquire_owned().await.ok()?;
            Some(Turn { _of_node: of_node, _of_source: of_source })
        };
        let wait = Duration::from_secs(self.config.limits.queue_seconds);
        match tokio::time::timeout(wait, waited).await {
            Ok(Some(turn)) => Ok(turn),
            Ok(None) | Err(_) => {
                let message = "Too many statements are running (limit `queries`); try again.";
                Err(Refusal::unavailable("Busy", message, 1).about("queries"))
            }
        }
    }

    /// The bounds of a run, and who reads where a client says so.
    pub fn run_options(&self, slot: &Slot, cancel: Cancel, login: Option<&Login>) -> RunOptions {
        RunOptions {
            timeout: Duration::from_secs(slot.limits(&self.config).get(Limit::StatementSeconds)),
            lock_wait: Duration::from_secs(self.config.limits.lock_wait_seconds),
            cancel,
            login: login.cloned(),
        }
    }

    /// Says that the server is stopping: it is not ready for new work.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        if let Some(cluster) = &self.cluster {
            cluster.drain();
        }
    }

    /// Whether the server is stopping.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

/// How much memory there is for bodies, in the unit of its semaphore.
fn body_units(mib: usize) -> usize {
    mib * (1024 * 1024 / BODY_UNIT)
}

/// The time of now as UTC text that compares, to the microsecond.
pub fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let instant = PointInTime {
        seconds: i64::try_from(since.as_secs()).unwrap_or(0),
        picos: u64::from(since.subsec_micros()) * 1_000_000,
        offset: 0,
    };
    let mut out = String::with_capacity(32);
    // Only a clock beyond the year 9999 has no such text.
    instant.write_utc(&mut out).unwrap_or_default();
    out
}
