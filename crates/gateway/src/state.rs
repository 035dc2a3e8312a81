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
use tokio::sync::{Notify, Semaphore, watch};

use crate::answer::Refusal;
use crate::cluster::{Cluster, Drained, Joined};
use crate::config::Config;
use crate::observe::Exporter;
use crate::served::Served;
use crate::slot::Slot;
use crate::slots::Slots;
use crate::turns::{Places, Queue, Turn, shared};
use crate::vocabularies::Vocabularies;

/// Bytes that one permit for memory stands for.
pub const MEMORY_UNIT: usize = 1024;

/// What a statement holds that others may wait for.
#[derive(Debug, Clone)]
pub struct Held {
    /// Turns of the node.
    pub node: Arc<Queue>,
    /// Turns of the source, where it has a limit of them.
    pub source: Option<Arc<Queue>>,
    /// Whose connections they are.
    pub served: Arc<Served>,
    /// Of which login.
    pub login: Option<Login>,
}

impl Held {
    /// Whether somebody waits for it now.
    pub fn is_awaited(&self) -> bool {
        self.node.is_awaited()
            || self.source.as_ref().is_some_and(|queue| queue.is_awaited())
            || self.served.source.is_awaited(self.login.as_ref())
    }
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
    queries: Arc<Queue>,
    /// The share of them that may go on behind the first page.
    storing: Arc<Semaphore>,
    /// Memory for the bodies of requests, in the unit of memory.
    pub bodies: Arc<Semaphore>,
    /// Memory for what slow clients have not taken, in the unit of memory.
    pub untaken: Arc<Semaphore>,
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
        let (queries, storing) = (Queue::of(config.limits.queries), shared(config.limits.queries));
        let [bodies, untaken] = [config.limits.bodies_mib, config.limits.slow_clients_mib].map(memory);
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
            storing,
            bodies,
            untaken,
            stopping,
        }
    }

    /// Waits for a turn to run a statement of a source: one of those of the source, where it has a limit of them, and then
    /// one of those of the node, which so are not taken by who only waits.
    ///
    /// # Errors
    /// 503 where the wait is too long.
    pub async fn turn(&self, slot: &Slot) -> Result<Turn, Refusal> {
        let own = slot.effective.limits.running(&slot.config).map(|running| running.turns);
        if own.is_none()
            && let Some(of_node) = self.queries.try_take()
        {
            return Ok(Turn::new(of_node, None));
        }
        // Boxed, as the future of a request is to be small.
        Box::pin(self.awaited_turn(own)).await
    }

    async fn awaited_turn(&self, own: Option<Arc<Queue>>) -> Result<Turn, Refusal> {
        let waited = async {
            let of_source = match own {
                Some(turns) => Some(turns.take().await?),
                None => None,
            };
            Some(Turn::new(self.queries.take().await?, of_source))
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

    /// What a statement of a source holds.
    pub fn held(&self, slot: &Slot, served: &Arc<Served>, login: Option<&Login>) -> Held {
        let source = slot.effective.limits.running(&slot.config).map(|running| running.turns);
        Held { node: Arc::clone(&self.queries), source, served: Arc::clone(served), login: login.cloned() }
    }

    /// Places for statements of a user whose rows are stored.
    pub fn places(&self, slot: &Slot, served: &Served, user: &str) -> Places {
        let of_source = slot.effective.limits.running(&slot.config).map(|running| running.storing);
        let connections = served.source.connections().map(|most| slot.storing.of(user, most));
        // What has the fewest of them comes first, so that who waits there takes none of the others.
        Places::new(connections.into_iter().chain(of_source).chain([Arc::clone(&self.storing)]))
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

/// So many MiB of memory.
fn memory(mib: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(mib * (1024 * 1024 / MEMORY_UNIT)))
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
