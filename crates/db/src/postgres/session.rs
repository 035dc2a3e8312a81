//! A connection with its settings and prepared statements, and the guard that holds it for one run.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{self, Metrics, Object, RecycleError, RecycleResult};
use tokio::runtime::Handle;
use tokio_postgres::{Client, Config, GenericClient, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::line::Line;
use crate::error::Error;
use crate::run::RunOptions;

/// Prepared statements kept by a connection.
const KEPT_STATEMENTS: usize = 64;
/// Time to wait for a server to stop a statement that nobody wants any more.
const STOPPING: Duration = Duration::from_secs(10);
/// Time after which it is told so again.
const CANCEL_AGAIN: Duration = Duration::from_millis(250);

/// What a session is told first. All texts that the server makes of values have one form, whatever is set for the
/// server, the database or the user; names of functions mean those of the server, before any others of the same name.
/// A statement is not compiled: that takes seconds, mostly where a table was never analysed. The server itself closes a connection that lies idle for some minutes, and tells of what an error stands in only where that is more than a
/// statement.
pub const SETTINGS: &str = "SET default_transaction_read_only = on; \
    SET default_transaction_isolation = 'read committed'; \
    SET TimeZone = 'UTC'; \
    SET DateStyle = 'ISO, YMD'; \
    SET IntervalStyle = 'iso_8601'; \
    SET bytea_output = 'hex'; \
    SET extra_float_digits = 1; \
    SET standard_conforming_strings = on; \
    SET jit = off; \
    SET log_parameter_max_length_on_error = 0; \
    SELECT pg_catalog.set_config('idle_session_timeout', '300000', false) \
    WHERE pg_catalog.current_setting('server_version_num')::int >= 140000; \
    SELECT pg_catalog.set_config('search_path', 'pg_catalog, ' || pg_catalog.current_setting('search_path'), false)";

/// Makes connections of one login.
pub struct Manager {
    /// Where and who.
    pub config: Config,
    /// How TLS is made.
    pub tls: MakeRustlsConnect,
    /// Greatest age of a connection that is used again.
    pub age: Duration,
}

impl managed::Manager for Manager {
    type Type = Connected;
    type Error = Error;

    async fn create(&self) -> Result<Connected, Error> {
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        let line = Line::new(connection);
        line.over(client.batch_execute(SETTINGS)).await?;
        let (tls, runtime) = (self.tls.clone(), Handle::current());
        let statements = Statements::default();
        Ok(Connected { client, line, statements, tls, runtime, bounds: None })
    }

    async fn recycle(&self, connected: &mut Connected, metrics: &Metrics) -> RecycleResult<Error> {
        if metrics.age() >= self.age {
            return Err(RecycleError::message("too old"));
        }
        // The server may have closed it while it lay idle.
        connected.line.look();
        if connected.client.is_closed() { Err(RecycleError::message("closed")) } else { Ok(()) }
    }
}

/// A connection.
pub struct Connected {
    /// The connection itself.
    pub client: Client,
    /// What all waiting for an answer goes over.
    pub line: Line,
    /// What is prepared there.
    pub statements: Statements,
    tls: MakeRustlsConnect,
    /// Where its last words are said.
    runtime: Handle,
    /// The time that a statement and the wait for a lock may take, as the session knows it.
    bounds: Option<(Duration, Duration)>,
}

impl Connected {
    /// Puts the bounds of a run in force.
    pub async fn bound(&mut self, options: &RunOptions) -> Result<(), tokio_postgres::Error> {
        let bounds = (options.timeout, options.lock_wait);
        if self.bounds == Some(bounds) {
            return Ok(());
        }
        // For the server, zero is no limit.
        let millis = |time: Duration| time.as_millis().clamp(1, i32::MAX as u128).to_string();
        let (statement, lock) = (millis(options.timeout), millis(options.lock_wait));
        let settings = [
            "SET statement_timeout = ",
            &statement,
            "; SET idle_in_transaction_session_timeout = ",
            &statement,
            "; SET lock_timeout = ",
            &lock,
        ];
        self.bounds = None;
        self.client.batch_execute(&settings.concat()).await?;
        self.bounds = Some(bounds);
        Ok(())
    }

    /// Stops the statement that runs, and waits until the server has nothing left to say.
    async fn stop(&self) {
        let stopped = self.line.over(async {
            // Answered behind all that is under way.
            let mut end = pin!(self.client.batch_execute("ROLLBACK"));
            loop {
                self.client.cancel_token().cancel_query(self.tls.clone()).await?;
                // It may have come before the statement, which may have waited to be sent until now.
                if let Ok(ended) = tokio::time::timeout(CANCEL_AGAIN, &mut end).await {
                    return ended;
                }
            }
        });
        if !matches!(tokio::time::timeout(STOPPING, stopped).await, Ok(Ok(()))) {
            self.line.cut();
        }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let line = self.line.clone();
        // The clock is taken inside: whoever drops it may have none.
        self.runtime.spawn(async move { tokio::time::timeout(STOPPING, line.end()).await });
    }
}

/// What is known of the statements of a connection; those not used for longest are dropped first.
pub struct Recent<T> {
    kept: HashMap<Arc<str>, (T, u64)>,
    clock: u64,
}

impl<T> Default for Recent<T> {
    fn default() -> Recent<T> {
        Recent { kept: HashMap::new(), clock: 0 }
    }
}

impl<T: Clone> Recent<T> {
    /// What is known of a statement.
    pub fn find(&mut self, sql: &str) -> Option<T> {
        self.clock += 1;
        let (known, used) = self.kept.get_mut(sql)?;
        *used = self.clock;
        Some(known.clone())
    }

    /// Keeps it.
    pub fn keep(&mut self, sql: &Arc<str>, known: T) {
        if self.kept.len() >= KEPT_STATEMENTS {
            let oldest = self.kept.iter().min_by_key(|(_, (_, used))| used).map(|(sql, _)| Arc::clone(sql));
            oldest.and_then(|sql| self.kept.remove(&sql));
        }
        self.kept.insert(Arc::clone(sql), (known, self.clock));
    }

    /// Drops it.
    pub fn forget(&mut self, sql: &str) {
        self.kept.remove(sql);
    }

    /// Drops all.
    pub fn clear(&mut self) {
        self.kept.clear();
    }
}

/// Prepared statements of a connection.
pub type Statements = Recent<Statement>;

impl Statements {
    /// Prepares a statement where it is not.
    pub async fn prepare(
        &mut self,
        client: &impl GenericClient,
        sql: &Arc<str>,
    ) -> Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.find(sql) {
            return Ok(statement);
        }
        let statement = client.prepare(sql).await?;
        self.keep(sql, statement.clone());
        Ok(statement)
    }
}

/// A connection that a run holds. One that is given up in the middle of a statement does not go back to its pool:
/// the server is told to stop, and the connection is closed.
pub struct Session {
    object: Option<Object<Manager>>,
    busy: bool,
}

impl Session {
    /// Holds a connection.
    pub fn new(object: Object<Manager>) -> Session {
        Session { object: Some(object), busy: false }
    }

    /// A statement starts.
    pub fn begin(&mut self) {
        self.busy = true;
    }

    /// It ends; settled where the server has nothing left to say.
    pub fn end(&mut self, settled: bool) {
        self.busy = !settled;
    }
}

impl Deref for Session {
    type Target = Connected;

    fn deref(&self) -> &Connected {
        // invariant: only `drop` takes it out
        self.object.as_ref().expect("held until dropped")
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Connected {
        // invariant: only `drop` takes it out
        self.object.as_mut().expect("held until dropped")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.busy {
            return;
        }
        if let Some(object) = self.object.take() {
            // Until the server has stopped, the connection counts as one of its pool.
            let runtime = object.runtime.clone();
            runtime.spawn(async move {
                object.stop().await;
                drop(Object::take(object));
            });
        }
    }
}
