//! A database of a MySQL or MariaDB server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use nextlink_odata::rows::{PieceSink, RowSink};
use nextlink_sql::catalog::Catalog;
use nextlink_sql::dialect::{Dialect, MARIADB};
use nextlink_sql::full_text::FullTexts;
use nextlink_sql::notice::Notice;
use nextlink_sql::statement::{Program, Stream};

use super::describe::{columns, describe};
use super::errors::{Done, Fault};
use super::facts::Facts;
use super::full_text::full_texts;
use super::introspect::introspect;
use super::levels;
use super::pool::{Lease, Pools};
use super::run::{self, Watch};
use super::session::Session;
use crate::error::Error;
use crate::location::{Login, Server};
use crate::run::{Cancel, Outcome, RunOptions};
use crate::runtime::Runtime;
use crate::sqlite::IntrospectLimits;

/// Time that reading the catalogue may take.
const INTROSPECTION: Duration = Duration::from_secs(120);
/// Time that reading the catalogue waits for a lock.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// A database of a MySQL or MariaDB server.
pub struct MySqlSource {
    // Dropped first, while the runtime of its connections is there.
    pools: Pools,
    runtime: Runtime,
}

impl fmt::Debug for MySqlSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MySqlSource").field("server", self.pools.server()).finish_non_exhaustive()
    }
}

impl MySqlSource {
    /// Opens a database, and looks what the server is where the source has a login of its own. Blocks.
    ///
    /// # Errors
    /// The server cannot be reached, is too old, or refuses the login.
    pub fn open(server: &Server) -> Result<MySqlSource, Error> {
        let runtime = Runtime::new()?;
        let pools = Pools::new(server)?;
        if server.login.is_some() {
            runtime.block_on(async {
                let lease = pools.lease(None, false).await.map_err(|fault| fault.error)?;
                lease.give_back().await;
                Ok::<(), Error>(())
            })?;
        }
        Ok(MySqlSource { pools, runtime })
    }

    /// Connections at most, for each login.
    pub fn connections(&self) -> usize {
        self.pools.server().connections
    }

    /// Whether somebody waits for a connection of a login, or of the source's own.
    pub fn is_awaited(&self, login: Option<&Login>) -> bool {
        self.pools.is_awaited(login)
    }

    /// See [`crate::source::Source::admits`].
    ///
    /// # Errors
    /// As there.
    pub async fn admits(&self, options: &RunOptions) -> Result<(), Error> {
        self.lease(&Watch::start(options), false).await.map(drop)
    }

    /// The facts of the server: those of MariaDB until it was reached.
    pub fn dialect(&self) -> &'static dyn Dialect {
        self.pools.facts().map_or(&MARIADB, Facts::dialect)
    }

    /// Reads the catalogue, as the source's own login sees it. Blocks.
    ///
    /// # Errors
    /// The server cannot be read, or a limit was passed.
    pub fn introspect(&self, limits: &IntrospectLimits) -> Result<(Catalog, Vec<Notice>), Error> {
        let server = self.pools.server();
        self.look(async |session| introspect(session, &server.database, &server.schemas, limits).await)
    }

    /// The columns that SELECTs give, as if they were tables.
    ///
    /// # Errors
    /// The server cannot be read.
    pub fn describe(
        &self,
        name: &str,
        select: &Arc<str>,
        limits: &IntrospectLimits,
    ) -> Result<Result<(Catalog, Vec<Notice>), String>, Error> {
        self.look(async |session| describe(session, name, select, limits).await)
    }

    /// The columns of a SELECT with so many places for values; why there are none, where the server refuses it.
    ///
    /// # Errors
    /// The server cannot be read.
    pub fn columns(&self, select: &str, places: usize) -> Result<Result<Vec<String>, String>, Error> {
        self.look(async |session| columns(session, select, places).await)
    }

    /// The indexes over words.
    ///
    /// # Errors
    /// The server cannot be read.
    pub fn full_texts(&self) -> Result<FullTexts, Error> {
        self.look(async |session| full_texts(session).await)
    }

    /// Asks what the server says about itself. That can be done again at any time.
    fn look<T>(&self, work: impl AsyncFn(&mut Session) -> Done<T>) -> Result<T, Error> {
        let options = RunOptions {
            timeout: INTROSPECTION,
            lock_wait: LOCK_WAIT,
            cancel: Cancel::default(),
            login: None,
        };
        self.runtime.block_on(self.on_connection(&options, Looking(work)))
    }

    /// See [`crate::source::Source::run`].
    ///
    /// # Errors
    /// See there.
    pub fn run<S: RowSink>(
        &self,
        program: &Program,
        options: &RunOptions,
        sink: &mut S,
    ) -> Result<Outcome, Error> {
        if program.nodes.len() < 2 {
            return self.runtime.block_on(self.run_async(program, options, sink));
        }
        let mut watch = Watch::start(options);
        let mut fresh = false;
        loop {
            let mut lease = self.runtime.block_on(self.lease(&watch, fresh))?;
            let ran = levels::run(&self.runtime, lease.session(), program, &mut watch, sink);
            match self.runtime.block_on(self.after(lease, ran, &watch)) {
                Some(result) => return result,
                None => fresh = true,
            }
        }
    }

    /// See [`crate::source::Source::run_point`].
    ///
    /// # Errors
    /// See there.
    pub async fn run_point<S: RowSink>(
        &self,
        program: &Program,
        options: &RunOptions,
        sink: &mut S,
    ) -> Result<Outcome, Error> {
        self.run_async(program, options, sink).await
    }

    async fn run_async<S: RowSink>(
        &self,
        program: &Program,
        options: &RunOptions,
        sink: &mut S,
    ) -> Result<Outcome, Error> {
        self.on_connection(options, Reading { program, sink }).await
    }

    /// See [`crate::source::Source::stream`].
    ///
    /// # Errors
    /// See there.
    pub fn stream<S: PieceSink>(
        &self,
        stream: &Stream,
        options: &RunOptions,
        sink: &mut S,
    ) -> Result<Outcome, Error> {
        self.runtime.block_on(self.on_connection(options, Streaming { stream, sink }))
    }

    /// See [`crate::source::Source::count`].
    ///
    /// # Errors
    /// See there.
    pub fn count(&self, program: &Program, options: &RunOptions) -> Result<(u64, Option<bool>), Error> {
        self.runtime.block_on(self.on_connection(options, Counting(program)))
    }

    /// Works on a connection, and on another one where that turned out to be dead.
    async fn on_connection<T>(&self, options: &RunOptions, mut work: impl Work<T>) -> Result<T, Error> {
        let mut watch = Watch::start(options);
        let mut fresh = false;
        loop {
            let mut lease = self.lease(&watch, fresh).await?;
            let end = watch.end();
            let ran = tokio::select! {
                biased;
                ran = work.go(lease.session(), &mut watch) => ran,
                why = end => Err(why.into()),
            };
            match self.after(lease, ran, &watch).await {
                Some(result) => return result,
                None => fresh = true,
            }
        }
    }

    /// A connection for a run.
    async fn lease(&self, watch: &Watch<'_>, fresh: bool) -> Result<Lease, Error> {
        let leased = tokio::select! {
            biased;
            leased = self.pools.lease(watch.options.login.as_ref(), fresh) => leased,
            why = watch.end() => Err(why.into()),
        };
        leased.map_err(|fault| self.told(fault.error, watch.options))
    }

    /// Ends the use of a connection. None where the connection turned out to be dead before anything was done with it:
    /// another one may work.
    async fn after<T>(&self, lease: Lease, ran: Done<T>, watch: &Watch<'_>) -> Option<Result<T, Error>> {
        match ran {
            Err(Fault { lost: true, error }) => {
                let again = lease.was_dead() && !watch.begun;
                lease.close();
                (!again).then(|| Err(self.told(error, watch.options)))
            }
            ran => {
                lease.give_back().await;
                Some(ran.map_err(|fault| self.told(fault.error, watch.options)))
            }
        }
    }

    /// An error with what the server does not know of it.
    fn told(&self, error: Error, options: &RunOptions) -> Error {
        match error {
            Error::Ended(_) if options.cancel.is_cancelled() => Error::Cancelled,
            Error::TimedOut { .. } => Error::TimedOut { seconds: options.timeout.as_secs() },
            Error::PoolFull { .. } => Error::PoolFull { connections: self.pools.server().connections },
            Error::Server { message, .. } => {
                let database = self.pools.facts().map_or("MySQL", Facts::name);
                Error::Server { database, message }
            }
            other => other,
        }
    }
}

/// What is done on a connection.
trait Work<T> {
    /// Does it.
    async fn go(&mut self, session: &mut Session, watch: &mut Watch<'_>) -> Done<T>;
}

/// Reads rows.
struct Reading<'w, S> {
    program: &'w Program,
    sink: &'w mut S,
}

impl<S: RowSink> Work<Outcome> for Reading<'_, S> {
    async fn go(&mut self, session: &mut Session, watch: &mut Watch<'_>) -> Done<Outcome> {
        run::run(session, self.program, watch, self.sink).await
    }
}

/// Reads a long value.
struct Streaming<'w, S> {
    stream: &'w Stream,
    sink: &'w mut S,
}

impl<S: PieceSink> Work<Outcome> for Streaming<'_, S> {
    async fn go(&mut self, session: &mut Session, watch: &mut Watch<'_>) -> Done<Outcome> {
        run::stream(session, self.stream, watch, self.sink).await
    }
}

/// Counts rows.
struct Counting<'w>(&'w Program);

impl Work<(u64, Option<bool>)> for Counting<'_> {
    async fn go(&mut self, session: &mut Session, watch: &mut Watch<'_>) -> Done<(u64, Option<bool>)> {
        run::count(session, self.0, watch).await
    }
}

/// Asks what the server says about itself.
struct Looking<F>(F);

impl<T, F: AsyncFn(&mut Session) -> Done<T>> Work<T> for Looking<F> {
    async fn go(&mut self, session: &mut Session, _: &mut Watch<'_>) -> Done<T> {
        (self.0)(session).await
    }
}
