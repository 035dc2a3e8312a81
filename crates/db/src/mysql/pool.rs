//! Connections kept for reuse: a pool for each login.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{
    Manager, Metrics, Object, Pool, PoolConfig, PoolError, QueueMode, RecycleError, RecycleResult,
    TimeoutType, Timeouts,
};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Error as Failure, IoError, Opts, OptsBuilder, SslOpts};

use super::errors::{Done, Fault};
use super::facts::Facts;
use super::session::Session;
use super::tls;
use crate::error::Error;
use crate::location::{Login, Server, TlsMode};

/// Logins whose connections are kept.
const LOGINS: usize = 64;
/// Prepared statements kept by a connection.
const CACHED_STATEMENTS: usize = 64;
/// Greatest packet that the protocol knows, in bytes: a row may be as large as the server lets it.
const PACKET_BYTES: usize = 1 << 30;
/// Seconds that a connection may be idle by the server's own default; a connection that is gone is noticed anyway.
const IDLE_SECONDS: usize = 28_800;
/// Time between two signs of life on an idle connection.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// Time within which a connection that is dead says so.
const SOON: Duration = Duration::from_secs(1);
/// Time that ending a statement may take.
const ENDING: Duration = Duration::from_secs(5);

/// The pools of a source.
pub(super) struct Pools {
    server: Server,
    tls: Option<SslOpts>,
    facts: OnceLock<Facts>,
    /// By login, the one used last at the end.
    pools: Mutex<Vec<(Login, Pool<Connector>)>>,
}

impl Pools {
    /// Pools without a connection yet.
    ///
    /// # Errors
    /// The certificates to trust cannot be read.
    pub(super) fn new(server: &Server) -> Result<Pools, Error> {
        let tls = tls::options(&server.tls)?;
        let pools = Mutex::new(Vec::new());
        Ok(Pools { server: server.clone(), tls, facts: OnceLock::new(), pools })
    }

    /// Where the server is.
    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// What the server is, once it was reached.
    pub(super) fn facts(&self) -> Option<Facts> {
        self.facts.get().copied()
    }

    /// A connection of this login, or of the source's own. `fresh` asks for one that was just made, and gives up all
    /// others of the login: they may be as dead as the one before.
    pub(super) async fn lease(&self, login: Option<&Login>, fresh: bool) -> Done<Lease> {
        let login = login.or(self.server.login.as_ref()).ok_or(Error::LoginNeeded)?;
        let found = self.find(login);
        let is_new = found.is_none();
        let pool = match found {
            Some(pool) => pool,
            None => self.connector(login)?.pool(&self.server)?,
        };
        if fresh {
            pool.retain(|_, _| false);
        }
        let object = match pool.get().await {
            Ok(object) => object,
            Err(PoolError::Backend(fault)) => return Err(fault),
            Err(PoolError::Timeout(TimeoutType::Wait)) => {
                return Err(Error::PoolFull { connections: self.server.connections }.into());
            }
            // Closed to make room for other logins, between the two lines above.
            Err(_) => return Err(Error::PoolFull { connections: self.server.connections }.into()),
        };
        let _ = self.facts.set(object.facts);
        // Kept once the server has taken the login, so that wrong ones drive no others out.
        if is_new {
            self.keep(login, &pool);
        }
        let reused = Object::metrics(&object).recycle_count > 0;
        Ok(Lease { opts: pool.manager().opts(), object: Some(object), reused, since: Instant::now() })
    }

    /// Whether somebody waits for a connection of a login, or of the source's own.
    pub(super) fn is_awaited(&self, login: Option<&Login>) -> bool {
        let login = login.or(self.server.login.as_ref());
        self.pools().iter().find(|(known, _)| Some(known) == login).is_some_and(|(_, pool)| {
            let status = pool.status();
            status.size >= status.max_size && status.waiting > 0
        })
    }

    fn pools(&self) -> MutexGuard<'_, Vec<(Login, Pool<Connector>)>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pool of a login, which becomes the one used last.
    fn find(&self, login: &Login) -> Option<Pool<Connector>> {
        let mut pools = self.pools();
        let at = pools.iter().position(|(known, _)| known == login)?;
        let found = pools.remove(at);
        let pool = found.1.clone();
        pools.push(found);
        Some(pool)
    }

    /// Keeps the pool of a login, unless there is one; the one not used for longest is closed where there are too many.
    fn keep(&self, login: &Login, pool: &Pool<Connector>) {
        let mut pools = self.pools();
        if pools.iter().any(|(known, _)| known == login) {
            return;
        }
        if pools.len() >= LOGINS {
            pools.remove(0).1.close();
        }
        pools.push((login.clone(), pool.clone()));
    }

    /// What makes connections for a login.
    ///
    /// # Errors
    /// The server would take the name for another one.
    fn connector(&self, login: &Login) -> Result<Connector, Error> {
        let server = &self.server;
        let is_own = server.login.as_ref() == Some(login);
        if !is_own && is_quoted(&login.user) {
            let message = "a user does not stand in quotes".to_owned();
            return Err(Error::LoginRefused { message, wrong_password: true });
        }
        let is_socket = server.host.starts_with('/');
        let socket = is_socket.then(|| server.host.clone());
        let opts = OptsBuilder::default()
            .ip_or_hostname(server.host.clone())
            .socket(socket)
            .tcp_port(server.port)
            .prefer_socket(false)
            .tcp_keepalive(Some(KEEPALIVE))
            .user(Some(login.user.clone()))
            .pass(Some(login.password.0.clone()))
            .db_name(Some(server.database.clone()))
            .max_allowed_packet(Some(PACKET_BYTES))
            .wait_timeout(Some(IDLE_SECONDS))
            .stmt_cache_size(Some(CACHED_STATEMENTS));
        // A socket never leaves the machine, and the server offers no TLS there.
        let tls =
            self.tls.clone().filter(|_| !is_socket).map(|tls| Opts::from(opts.clone().ssl_opts(Some(tls))));
        Ok(Connector {
            plain: (tls.is_none() || server.tls.mode == TlsMode::Prefer).then(|| Opts::from(opts)),
            tls,
            without_tls: AtomicBool::new(false),
            timeout: server.connect_timeout,
            age: if is_own { Duration::MAX } else { server.client_age },
        })
    }
}

/// Whether a user is given in quotes, which MariaDB takes off: it would be known by two names.
fn is_quoted(user: &str) -> bool {
    user.starts_with('\'') && user.ends_with('\'')
}

/// Makes connections for one login.
pub(super) struct Connector {
    tls: Option<Opts>,
    plain: Option<Opts>,
    /// The server was found to have no TLS, where that is no condition.
    without_tls: AtomicBool,
    timeout: Duration,
    /// Greatest age of a connection that is used again.
    age: Duration,
}

impl Connector {
    fn pool(self, server: &Server) -> Result<Pool<Connector>, Error> {
        let timeouts = Timeouts { wait: Some(server.pool_wait), create: None, recycle: None };
        let mut config = PoolConfig::new(server.connections.max(1));
        config.timeouts = timeouts;
        // Few connections that are used often keep their statements prepared.
        config.queue_mode = QueueMode::Lifo;
        let pool = Pool::builder(self).config(config).runtime(Runtime::Tokio1).build();
        pool.map_err(|e| Error::Unreachable(e.to_string()))
    }

    /// The options that the last connection was made with.
    fn opts(&self) -> Opts {
        let plain =
            self.plain.as_ref().filter(|_| self.tls.is_none() || self.without_tls.load(Ordering::Relaxed));
        // Where there are no options with TLS, there are some without.
        plain.or(self.tls.as_ref()).cloned().unwrap_or_default()
    }

    async fn connect(&self) -> Result<Session, Failure> {
        let without = self.without_tls.load(Ordering::Relaxed);
        match (&self.tls, &self.plain) {
            (Some(tls), None) => Session::open(tls.clone()).await,
            (Some(tls), Some(plain)) if !without => match Session::open(tls.clone()).await {
                Err(failure) if is_about_tls(&failure) => {
                    let session = Session::open(plain.clone()).await?;
                    self.without_tls.store(true, Ordering::Relaxed);
                    Ok(session)
                }
                opened => opened,
            },
            (_, plain) => Session::open(plain.clone().unwrap_or_default()).await,
        }
    }
}

/// Whether the server has no TLS, or none that is understood here.
fn is_about_tls(failure: &Failure) -> bool {
    match failure {
        Failure::Driver(DriverError::NoClientSslFlagFromServer) | Failure::Io(IoError::Tls(_)) => true,
        Failure::Io(IoError::Io(error)) => error.kind() == std::io::ErrorKind::InvalidData,
        _ => false,
    }
}

impl Manager for Connector {
    type Type = Session;
    type Error = Fault;

    async fn create(&self) -> Result<Session, Fault> {
        let session = match tokio::time::timeout(self.timeout, self.connect()).await {
            Ok(connected) => connected?,
            Err(_) => {
                let waited = format!("no answer within {} s", self.timeout.as_secs_f32());
                return Err(Error::Unreachable(waited).into());
            }
        };
        match session.facts.too_old() {
            None => Ok(session),
            Some(message) => Err(Error::Server { database: session.facts.name(), message }.into()),
        }
    }

    async fn recycle(&self, session: &mut Session, metrics: &Metrics) -> RecycleResult<Fault> {
        if metrics.age() >= self.age {
            return Err(RecycleError::message("too old"));
        }
        if session.is_clean() { Ok(()) } else { Err(RecycleError::message("in an unknown state")) }
    }
}

/// A connection in use.
pub(super) struct Lease {
    object: Option<Object<Connector>>,
    opts: Opts,
    /// Whether it was used before, and so may have died since.
    reused: bool,
    since: Instant,
}

impl Lease {
    /// Whether a loss of the connection now tells that it was dead before: what dies later was ended by somebody, or
    /// took the server with it.
    pub(super) fn was_dead(&self) -> bool {
        self.reused && self.since.elapsed() < SOON
    }

    /// The connection.
    pub(super) fn session(&mut self) -> &mut Session {
        // invariant: only what consumes the lease takes the object.
        self.object.as_mut().expect("a connection")
    }

    /// Closes the connection, as it does not work any more.
    pub(super) fn close(mut self) {
        if let Some(object) = self.object.take() {
            drop(Object::take(object));
        }
    }

    /// Gives the connection back. A statement that still runs is ended at the server, and a connection that cannot be
    /// brought to a known state is closed.
    pub(super) async fn give_back(mut self) {
        let Some(mut object) = self.object.take() else {
            return;
        };
        let session: &mut Session = &mut object;
        let known = if session.is_busy() {
            let stopped = tokio::time::timeout(ENDING, async {
                end_statement(self.opts.clone(), session.id()).await?;
                if session.is_broken() { Ok(false) } else { session.drain().await.map(|()| true) }
            });
            matches!(stopped.await, Ok(Ok(true)))
        } else {
            session.end().await.is_ok()
        };
        if !known || !object.is_clean() {
            drop(Object::take(object));
        }
    }
}

impl Drop for Lease {
    /// Nobody waits any more: the statement is ended in the background, and the connection closed.
    fn drop(&mut self) {
        let Some(object) = self.object.take() else {
            return;
        };
        if object.is_clean() {
            return;
        }
        let session = Object::take(object);
        if let (true, Ok(handle)) = (session.is_busy(), tokio::runtime::Handle::try_current()) {
            let opts = self.opts.clone();
            let id = session.id();
            handle.spawn(tokio::time::timeout(ENDING, async move { end_statement(opts, id).await.is_ok() }));
        }
    }
}

/// Ends the statement that a connection runs, through another connection of the same login.
async fn end_statement(opts: Opts, id: u32) -> Done<()> {
    let mut conn = Conn::new(opts).await?;
    conn.query_drop(format!("KILL QUERY {id}")).await?;
    conn.disconnect().await?;
    Ok(())
}
