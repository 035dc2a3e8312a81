//! Listeners, connections, clean-up and the orderly stop.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use nextlink_results::token::TokenKeys;
use nextlink_results::{NodeIdentity, Placement, Rules, Store, StoreConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use crate::body::Body;
use crate::cluster::{self, Cluster, Done, Known, Rule, Shared};
use crate::config::{Config, with_model_texts};
use crate::observe::{Event, Exporter, event, store_observer};
use crate::slots::{Slots, follow};
use crate::state::State;
use crate::watch::Watch;
use crate::{admin, handles, router, start};

/// Requests of one connection at one time (HTTP/2): as many as are commended as the least (RFC 9113 section 6.5.2).
const STREAMS: u32 = 100;
/// The least time between two log lines about connections that cannot be taken.
const QUIET: Duration = Duration::from_secs(10);

/// Opens everything that a server needs. Sources that cannot be opened are served as soon as they can.
///
/// # Errors
/// No source of a node that is alone can be served and waiting does not help, or the data directory or the system database
/// cannot be opened.
pub async fn open(config: Config, exporter: Exporter) -> anyhow::Result<Arc<State>> {
    let (vocabularies, tls) = (start::vocabularies(&config)?, start::tls(&config)?);
    let of_file = match config.cluster.system {
        None => Some(Slots::of_file(&config).await?),
        Some(_) => None,
    };
    let dir = &config.data_dir;
    let node = NodeIdentity::open(dir).context("data_dir")?;
    let connected = cluster::connect(&config)?;
    connected.check_keys(node.id())?;
    // Before the node joins: opening may take longer than a lease that nobody extends yet.
    let slots = match (of_file, &connected.shared) {
        (Some(slots), _) => slots,
        (None, Some(shared)) => Slots::of_cluster(&config, &settled(shared, &config)?).await?,
        (None, None) => anyhow::bail!("a node that is alone serves what its configuration names"),
    };
    let joined = cluster::join(&config, connected, tls, node.id())?;
    let tokens = TokenKeys::new(&joined.keys)?;
    let (idle, absolute) = config.results.expiry();
    let mut store = StoreConfig::new(dir.join("results"), node, joined.keys.clone());
    store.quotas = config.results.quotas();
    store.idle_expiry = idle;
    store.absolute_expiry = absolute;
    store.observer = Some(store_observer());
    if let Some(cluster) = joined.cluster.clone() {
        // Expiries are compared with those of other nodes, by the database, too.
        store.clock = Arc::new(move || cluster.time());
    }
    store.rules = Some(rules(&slots, config.clone()));
    store.placement = joined.cluster.clone().map(|cluster| cluster as Arc<dyn Placement>);
    let store = Store::open(store, Arc::clone(&joined.system).results(&joined.own))?;
    Ok(Arc::new(State::new(config, slots, store, tokens, joined, vocabularies, exporter)))
}

/// How much may be stored of each source, as its settings are then.
fn rules(slots: &Arc<Slots>, config: Config) -> Rules {
    let slots = Arc::clone(slots);
    Arc::new(move |source| slots.get(source).map(|slot| slot.rules(&config)).unwrap_or_default())
}

/// The sources of the cluster. They are those of the configuration of the first node that names any; what another one names
/// besides counts for nothing, and it says so.
fn settled(shared: &Shared, config: &Config) -> anyhow::Result<Known> {
    shared.reseal()?;
    let wanted = match with_model_texts(&config.sources) {
        // A file that counts for nothing any more need not be right.
        Err(_) if shared.read()?.revision > 0 => config.sources.clone(),
        wanted => wanted?,
    };
    let done = shared.put(&wanted, Rule::First)?;
    let named = |wanted: &[Done]| -> Vec<String> {
        done.iter().filter(|(_, done)| wanted.contains(done)).map(|(name, _)| name.clone()).collect()
    };
    let (made, others) = (named(&[Done::Made]), named(&[Done::Kept, Done::Ignored]));
    if !made.is_empty() {
        event(&Event::SourcesShared { names: &made });
    }
    if !others.is_empty() {
        event(&Event::SourcesNotShared { names: &others });
    }
    let known = shared.read()?;
    if known.sources.is_empty() {
        event(&Event::SourcesNone);
    }
    Ok(known)
}

/// The listeners of a server, and its signals: who is told that it listens may send one at once.
pub struct Listeners {
    public: TcpListener,
    admin: TcpListener,
    stops: Stops,
    hangups: Signal,
}

impl Listeners {
    /// Opens the listeners.
    ///
    /// # Errors
    /// An address cannot be used, or signals cannot be caught.
    pub async fn open(config: &Config) -> anyhow::Result<Listeners> {
        let (stops, hangups) = (Stops::new()?, signal(SignalKind::hangup())?);
        let bind = async |what: &'static str, address: SocketAddr| {
            let listener = TcpListener::bind(address)
                .await
                .with_context(|| format!("cannot listen on {address} (server.{what})"))?;
            event(&Event::Listening { what, address: listener.local_addr()? });
            anyhow::Ok(listener)
        };
        Ok(Listeners {
            public: bind("listen", config.server.listen).await?,
            admin: bind("admin_listen", config.server.admin_listen).await?,
            stops,
            hangups,
        })
    }

    /// Takes no more connections; gives what says that a stop is asked for once more.
    fn close(self) -> Stops {
        self.stops
    }

    /// Addresses of the public and the administration listener.
    ///
    /// # Errors
    /// The operating system does not tell.
    pub fn addresses(&self) -> std::io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.public.local_addr()?, self.admin.local_addr()?))
    }
}

/// Serves until a stop is asked for, then lets requests end.
pub async fn serve(state: Arc<State>, mut listeners: Listeners) {
    let graceful = GracefulShutdown::new();
    let most = handles::connections(state.config.limits.connections);
    let connections = Arc::new(Semaphore::new(most));
    let mut failures = Failures::default();
    let (mut background, mut membership) = begin(&state);
    let mut drain: Option<JoinHandle<()>> = None;
    let mut asked = false;
    // Who asks by a signal again does not want to wait.
    let at_once = loop {
        tokio::select! {
            signal = listeners.stops.next() => {
                if std::mem::replace(&mut asked, true) {
                    break true;
                }
                if drain.is_none() {
                    drain = Some(begin_end(&state, signal));
                }
                if state.cluster.is_none() {
                    break false;
                }
            }
            () = state.end_asked.notified(), if drain.is_none() => {
                drain = Some(begin_end(&state, "administration"));
            }
            () = ended(&mut drain) => break false,
            Some(()) = listeners.hangups.recv() => refresh(&state),
            accepted = listeners.public.accept() => {
                let Some((stream, peer)) = failures.without(accepted).await else { continue };
                let Ok(permit) = Arc::clone(&connections).try_acquire_owned() else { continue };
                let (state, watcher) = (Arc::clone(&state), graceful.watcher());
                tokio::spawn(async move {
                    let answer = {
                        let state = Arc::clone(&state);
                        move |request| router::public(Arc::clone(&state), request, peer.ip())
                    };
                    connection(&state.config, stream, watcher, answer).await;
                    drop(permit);
                });
            }
            accepted = listeners.admin.accept() => {
                let Some((stream, _)) = failures.without(accepted).await else { continue };
                let (state, watcher) = (Arc::clone(&state), graceful.watcher());
                tokio::spawn(async move {
                    let answer = {
                        let state = Arc::clone(&state);
                        move |request| admin::admin(Arc::clone(&state), request)
                    };
                    connection(&state.config, stream, watcher, answer).await;
                });
            }
        }
    };
    let mut stops = listeners.close();
    let patience = Duration::from_secs(if at_once { 0 } else { state.config.server.shutdown_seconds });
    let left = most - connections.available_permits();
    tokio::select! {
        _ = tokio::time::timeout(patience, graceful.shutdown()) => {}
        _ = stops.next() => {}
    }
    background.abort_all();
    state.slots.close();
    if let Some(cluster) = &state.cluster {
        cluster.leave().await;
        membership.shutdown().await;
    }
    event(&Event::Stopped { connections: left });
}

/// Reads again what can be, since somebody asks.
fn refresh(state: &State) {
    event(&Event::Refreshing { signal: "SIGHUP" });
    state.slots.all().iter().for_each(|slot| slot.refresh());
    if let Some(cluster) = &state.cluster {
        cluster.renew();
    }
}

/// Serves a connection until its client or the server ends it; what was asked for is answered first.
async fn connection<F>(
    config: &Config,
    stream: TcpStream,
    watcher: Watcher,
    answer: impl Fn(Request<Incoming>) -> F + Send + 'static,
) where
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let _ = stream.set_nodelay(true);
    let watch = Watch::default();
    let watched = watch.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let answering = watched.answering(request.version());
        let answered = answer(request);
        async move { Ok::<_, Infallible>(answering.with(answered.await)) }
    });
    let stream = TokioIo::new(watch.over(stream));
    let connection = http(config).serve_connection(stream, service).into_owned();
    if let Some(Err(error)) = watch.attend(watcher.watch(connection), still(config)).await {
        event(&Event::Connection { cause: &error.to_string() });
    }
}

/// Starts what runs beside the listeners: what ends with them, and what the other nodes need to the end.
fn begin(state: &Arc<State>) -> (JoinSet<()>, JoinSet<std::io::Result<()>>) {
    let (mut background, mut membership) = (JoinSet::new(), JoinSet::new());
    background.spawn(sweep(Arc::clone(state)));
    state.slots.tend();
    if let Some(cluster) = &state.cluster {
        let (slots, store) = (Arc::clone(&state.slots), Arc::clone(&state.store));
        background.spawn(follow(Arc::clone(cluster), slots, store));
        membership.spawn(cluster::listen(Arc::clone(cluster), Arc::clone(&state.store)));
        membership.spawn(live(Arc::clone(cluster)));
        membership.spawn(cluster::keep_copies(Arc::clone(cluster), Arc::clone(&state.store)));
        membership.spawn(cluster::renew_copies(Arc::clone(cluster), Arc::clone(&state.store)));
    }
    (background, membership)
}

/// Says that the node is about to end, and begins with it.
fn begin_end(state: &Arc<State>, signal: &str) -> JoinHandle<()> {
    event(&Event::Stopping { signal });
    state.stop();
    tokio::spawn(end(Arc::clone(state)))
}

/// Hands over what the node holds, while it goes on answering.
async fn end(state: Arc<State>) {
    if let Some(cluster) = &state.cluster {
        let drained = cluster.end(&state.store).await;
        state.drained.send_replace(Some(drained));
    }
}

/// Waits until the node has handed over what it holds.
async fn ended(drain: &mut Option<JoinHandle<()>>) {
    match drain {
        Some(drain) => drop(drain.await),
        None => std::future::pending().await,
    }
}

/// Connections that could not be taken, as where too many files are open.
#[derive(Default)]
struct Failures {
    untold: u64,
    told: Option<Instant>,
}

impl Failures {
    /// What was taken. After a failure not at once again; it is told of, but not each.
    async fn without<T>(&mut self, accepted: std::io::Result<T>) -> Option<T> {
        let error = match accepted {
            Ok(taken) => return Some(taken),
            Err(error) => error,
        };
        self.untold += 1;
        if self.told.is_none_or(|told| told.elapsed() >= QUIET) {
            event(&Event::AcceptFailed { cause: &error.to_string(), times: self.untold });
            *self = Failures { untold: 0, told: Some(Instant::now()) };
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        None
    }
}

/// How long nothing may go on on a connection.
fn still(config: &Config) -> Duration {
    Duration::from_secs(config.limits.header_seconds)
}

/// HTTP of one connection.
fn http(config: &Config) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Without `pipeline_flush`: with it the answer to a request that is no HTTP is never sent, and bodies do not wait
    // for slow clients.
    builder.http1().header_read_timeout(None);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(config.limits.header_bytes as u32);
    builder.http2().max_concurrent_streams(STREAMS);
    builder
}

/// Keeps the node's place in the cluster.
async fn live(cluster: Arc<Cluster>) -> std::io::Result<()> {
    cluster.live().await;
    Ok(())
}

/// Removes what has expired and sums up what was counted, every few seconds.
async fn sweep(state: Arc<State>) {
    let mut every = tokio::time::interval(Duration::from_secs(state.config.results.sweep_seconds));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        state.exporter.upkeep();
        let store = Arc::clone(&state.store);
        let _ = tokio::task::spawn_blocking(move || store.sweep()).await;
    }
}

/// Signals that ask for a stop.
struct Stops {
    terminate: Signal,
    interrupt: Signal,
}

impl Stops {
    fn new() -> std::io::Result<Stops> {
        Ok(Stops { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
