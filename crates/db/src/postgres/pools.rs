//! A pool of connections for the source's own login, and one for each login that clients bring.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{Object, Pool, PoolError, QueueMode, TimeoutType, Timeouts};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::session::{Manager, Session};
use super::{NAME, tls};
use crate::error::Error;
use crate::location::{Login, Server};

/// Logins of clients whose pools are kept; those not used for longest are closed first.
const LOGINS: usize = 64;
/// A source that may have so many connections may have some more that are shared.
const MANY: usize = 8;
/// Silence on a connection after which its other end is looked for, and the time it may take to answer.
const KEEPALIVE: Duration = Duration::from_secs(60);
const UNANSWERED: Duration = Duration::from_secs(30);

/// Pools of connections to one server.
pub struct Pools {
    server: Server,
    tls: MakeRustlsConnect,
    own: Option<Pool<Manager>>,
    clients: Mutex<Clients>,
}

#[derive(Default)]
struct Clients {
    pools: HashMap<Login, (Pool<Manager>, u64)>,
    clock: u64,
}

impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pools").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Pools {
    /// Pools without connections.
    ///
    /// # Errors
    /// The certificates to trust cannot be read.
    pub fn new(server: &Server) -> Result<Pools, Error> {
        let tls = tls::connector(&server.tls)?;
        let own =
            server.login.as_ref().map(|login| pool(server, manager(server, &tls, login, Duration::MAX)));
        let own = own.transpose()?;
        Ok(Pools { server: server.clone(), tls, own, clients: Mutex::default() })
    }

    /// A connection for a login, or for that of the source. Waits for one to be free.
    pub async fn session(&self, login: Option<&Login>) -> Result<Session, Error> {
        let login = login.filter(|login| !self.is_own(Some(login)));
        let object = match (login, &self.own) {
            (Some(login), _) => self.of_client(login).await?,
            (None, Some(own)) => self.connection(own).await?,
            (None, None) => return Err(Error::LoginNeeded),
        };
        Ok(Session::new(object))
    }

    /// Makes connections of the source's own login, where it has one and may have more than a few.
    pub fn own_manager(&self) -> Option<Manager> {
        let login = self.server.login.as_ref().filter(|_| self.server.connections >= MANY)?;
        Some(manager(&self.server, &self.tls, login, Duration::MAX))
    }

    /// Whether a run is one of the source's own login.
    pub fn is_own(&self, login: Option<&Login>) -> bool {
        login.is_none_or(|login| self.server.login.as_ref() == Some(login))
    }

    /// Whether somebody waits for a connection of a login, or of the source's own.
    pub fn is_awaited(&self, login: Option<&Login>) -> bool {
        self.kept(login).is_some_and(|pool| {
            let status = pool.status();
            status.size >= status.max_size && status.waiting > 0
        })
    }

    /// The pool of a login, or of the source's own, if there is one.
    fn kept(&self, login: Option<&Login>) -> Option<Pool<Manager>> {
        let of_client = login.and_then(|login| self.clients().pools.get(login).map(|(pool, _)| pool.clone()));
        of_client.or_else(|| self.own.clone())
    }

    /// Closes the connections of a login that lie idle, as they may be dead.
    pub fn forget_idle(&self, login: Option<&Login>) {
        if let Some(pool) = self.kept(login) {
            pool.retain(|_, _| false);
        }
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn of_client(&self, login: &Login) -> Result<Object<Manager>, Error> {
        let kept = self.clients().find(login);
        if let Some(pool) = kept {
            return self.connection(&pool).await;
        }
        let manager = manager(&self.server, &self.tls, login, self.server.client_age);
        let pool = pool(&self.server, manager)?;
        // Kept once the server has taken the login, so that wrong ones drive no others out.
        let object = self.connection(&pool).await?;
        self.clients().keep(login.clone(), pool);
        Ok(object)
    }

    async fn connection(&self, pool: &Pool<Manager>) -> Result<Object<Manager>, Error> {
        // Most often one is free, and then there is no need for a clock.
        let at_once = Timeouts { wait: Some(Duration::ZERO), ..pool.timeouts() };
        let mut taken = pool.timeout_get(&at_once).await;
        if matches!(taken, Err(PoolError::Timeout(TimeoutType::Wait))) {
            taken = pool.get().await;
        }
        taken.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Timeout(TimeoutType::Wait) => Error::PoolFull { connections: self.server.connections },
            PoolError::Timeout(_) => Error::Unreachable("it does not answer".to_owned()),
            PoolError::Closed => Error::Ended("the connections of this login were closed".to_owned()),
            other => Error::Server { database: NAME, message: other.to_string() },
        })
    }
}

impl Clients {
    fn find(&mut self, login: &Login) -> Option<Pool<Manager>> {
        self.clock += 1;
        let (pool, used) = self.pools.get_mut(login)?;
        *used = self.clock;
        Some(pool.clone())
    }

    fn keep(&mut self, login: Login, pool: Pool<Manager>) {
        if self.pools.len() >= LOGINS && !self.pools.contains_key(&login) {
            let oldest = self.pools.iter().min_by_key(|(_, (_, used))| used).map(|(login, _)| login.clone());
            if let Some((pool, _)) = oldest.and_then(|login| self.pools.remove(&login)) {
                // Connections in use end with their runs.
                pool.close();
            }
        }
        self.pools.insert(login, (pool, self.clock));
    }
}

fn manager(server: &Server, tls: &MakeRustlsConnect, login: &Login, age: Duration) -> Manager {
    Manager { config: config(server, login), tls: tls.clone(), age }
}

fn pool(server: &Server, manager: Manager) -> Result<Pool<Manager>, Error> {
    Pool::builder(manager)
        .max_size(server.connections.max(1))
        .wait_timeout(Some(server.pool_wait))
        .create_timeout(Some(server.connect_timeout))
        // The one used last is the likeliest to be alive and to have statements prepared; others grow old and close.
        .queue_mode(QueueMode::Lifo)
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|e| Error::Server { database: NAME, message: e.to_string() })
}

fn config(server: &Server, login: &Login) -> Config {
    let mut config = Config::new();
    // No TLS over a socket in a directory.
    let local = server.host.starts_with('/');
    config
        .host(&server.host)
        .port(server.port)
        .dbname(&server.database)
        .user(&login.user)
        .password(&login.password.0)
        .application_name("nextlink")
        .ssl_mode(if local { SslMode::Disable } else { tls::mode(&server.tls) })
        .connect_timeout(server.connect_timeout)
        .keepalives_idle(KEEPALIVE)
        .tcp_user_timeout(UNANSWERED);
    config
}
