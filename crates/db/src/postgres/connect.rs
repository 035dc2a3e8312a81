//! A database of a PostgreSQL server that is served.

use std::sync::Arc;
use std::time::Duration;

use nextlink_odata::rows::{PieceSink, RowSink};
use nextlink_sql::catalog::Catalog;
use nextlink_sql::full_text::FullTexts;
use nextlink_sql::notice::Notice;
use nextlink_sql::statement::{Program, Stream};
use tokio_postgres::{IsolationLevel, Transaction};

use super::bounds::Bounds;
use super::describe::{columns, describe};
use super::errors::{Again, Failed};
use super::full_text::full_texts;
use super::introspect::introspect;
use super::pools::Pools;
use super::run;
use super::session::Session;
use super::shared::Shared;
use crate::error::Error;
use crate::location::{Login, Server};
use crate::run::{Cancel, Outcome, RunOptions};
use crate::runtime::Runtime;
use crate::sqlite::IntrospectLimits;

/// A database of a PostgreSQL server.
#[derive(Debug)]
pub struct PostgresSource {
    pools: Pools,
    shared: Option<Shared>,
    server: Server,
    runtime: Runtime,
}

/// Time that reading the catalogue may take, and that it waits for a lock.
const CATALOGUE: Duration = Duration::from_secs(60);
const CATALOGUE_LOCK: Duration = Duration::from_secs(10);

impl PostgresSource {
    /// Opens a database: where the source has a login of its own, by a first connection.
    ///
    /// # Errors
    /// The server cannot be reached, or does not take the login; the certificates to trust cannot be read.
    pub fn open(server: &Server) -> Result<PostgresSource, Error> {
        let (pools, runtime) = (Pools::new(server)?, Runtime::new()?);
        let shared = pools.own_manager().map(|manager| Shared::new(manager, runtime.handle().clone()));
        let source = PostgresSource { pools, shared, server: server.clone(), runtime };
        if server.login.is_some() {
            source.runtime.block_on(source.pools.session(None))?;
        }
        Ok(source)
    }

    /// Connections at most, for each login.
    pub fn connections(&self) -> usize {
        self.server.connections
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
        let session = async { Ok(self.pools.session(options.login.as_ref()).await?) };
        Bounds::start(options).within(session).await.map(drop).map_err(|failed| failed.error)
    }

    /// Reads the catalogue.
    ///
    /// # Errors
    /// The server fails, or a limit was passed.
    pub fn introspect(&self, limits: &IntrospectLimits) -> Result<(Catalog, Vec<Notice>), Error> {
        self.look(async |transaction| introspect(transaction, &self.server.schemas, limits).await)
    }

    /// The columns that SELECTs give, as if they were tables.
    ///
    /// # Errors
    /// The server fails.
    pub fn describe(
        &self,
        name: &str,
        select: &Arc<str>,
        limits: &IntrospectLimits,
    ) -> Result<Result<(Catalog, Vec<Notice>), String>, Error> {
        self.look(async |transaction| describe(transaction, name, select, limits).await)
    }

    /// The columns of a SELECT with so many places for values; why there are none, where the server refuses it.
    ///
    /// # Errors
    /// The server fails.
    pub fn columns(&self, select: &str, places: usize) -> Result<Result<Vec<String>, String>, Error> {
        self.look(async |transaction| columns(transaction, select, places).await)
    }

    /// The indexes over words.
    ///
    /// # Errors
    /// The server cannot be read.
    pub fn full_texts(&self) -> Result<FullTexts, Error> {
        self.look(async |transaction| full_texts(transaction).await)
    }

    /// Asks the server's catalogue in one snapshot.
    fn look<T>(&self, work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let _context = self.runtime.enter();
        let options = RunOptions {
            timeout: CATALOGUE,
            lock_wait: CATALOGUE_LOCK,
            cancel: Cancel::default(),
            login: None,
        };
        let bounds = Bounds::start(&options);
        let work = async {
            let mut session = self.pools.session(None).await?;
            session.begin();
            let line = session.line.clone();
            let found = line.over(async {
                session.bound(&options).await?;
                let builder =
                    session.client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
                let transaction = builder.read_only(true).start().await?;
                work(&transaction).await
            });
            let found = found.await;
            line.look();
            session.end(true);
            Ok(found?)
        };
        bounds.wait(work).map_err(|failed| failed.error)
    }

    /// See [`crate::source::Source::run`].
    ///
    /// # Errors
    /// As there.
    pub fn run<S: RowSink>(
        &self,
        program: &Program,
        options: &RunOptions,
        sink: &mut S,
    ) -> Result<Outcome, Error> {
        let _context = self.runtime.enter();
        let bounds = Bounds::start(options);
        if run::is_single(program) {
            return bounds.wait(self.single(program, &bounds, sink)).map_err(|failed| failed.error);
        }
        self.attempts(&bounds, |session| run::several(session, program, &bounds, sink))
    }

    /// See [`crate::source::Source::run_point`].
    ///
    /// # Errors
    /// As [`PostgresSource::run`].
    pub async fn run_point<S: RowSink>(
        &self,
        program: &Program,
        options: &RunOptions,
        sink: &mut S,
    ) -> Option<Result<Outcome, Error>> {
        if !run::is_single(program) {
            return None;
        }
        let shared = self.shared.as_ref().filter(|_| self.pools.is_own(options.login.as_ref()));
        // Kept to the end, so that others see that it runs.
        let running = shared.map(Shared::begin);
        if let Some(running) = &running
            && let Some(ran) = running.point(program, sink).await
        {
            return Some(ran);
        }
        let bounds = Bounds::start(options);
        let ran = bounds.within(self.single(program, &bounds, sink)).await;
        Some(ran.map_err(|failed| failed.error))
    }

    /// See [`crate::source::Source::stream`].
    ///
    /// # Errors
    /// As [`PostgresSource::run`].
    pub fn stream<S: PieceSink>(
        &self,
        stream: &Stream,
        options: &RunOptions,
        sink: &mut S,
    ) -> Result<Outcome, Error> {
        let _context = self.runtime.enter();
        let bounds = Bounds::start(options);
        self.attempts(&bounds, |session| run::stream(session, stream, &bounds, sink))
    }

    /// See [`crate::source::Source::count`].
    ///
    /// # Errors
    /// As [`PostgresSource::run`].
    pub fn count(&self, program: &Program, options: &RunOptions) -> Result<(u64, Option<bool>), Error> {
        let _context = self.runtime.enter();
        let bounds = Bounds::start(options);
        self.attempts(&bounds, |session| run::count(session, program, &bounds))
    }

    async fn single<S: RowSink>(
        &self,
        program: &Program,
        bounds: &Bounds<'_>,
        sink: &mut S,
    ) -> Result<Outcome, Failed> {
        let login = bounds.options().login.as_ref();
        let mut first = true;
        loop {
            let mut session = self.pools.session(login).await?;
            match run::single(&mut session, program, bounds, sink).await {
                Err(Failed { again: Some(again), .. }) if first => self.mend(&mut session, login, again),
                other => return other,
            }
            first = false;
        }
    }

    /// Runs with a connection, and once more where that helps. Blocks.
    fn attempts<T>(
        &self,
        bounds: &Bounds<'_>,
        mut work: impl FnMut(&mut Session) -> Result<T, Failed>,
    ) -> Result<T, Error> {
        let login = bounds.options().login.as_ref();
        let mut first = true;
        loop {
            let session = bounds.wait(async { Ok(self.pools.session(login).await?) });
            let mut session = session.map_err(|failed| failed.error)?;
            match work(&mut session) {
                Err(Failed { again: Some(again), .. }) if first => self.mend(&mut session, login, again),
                other => return other.map_err(|failed| failed.error),
            }
            first = false;
        }
    }

    /// Makes another attempt worth it.
    fn mend(&self, session: &mut Session, login: Option<&Login>, again: Again) {
        match again {
            Again::NewConnection => self.pools.forget_idle(login),
            Again::NewStatement => session.statements.clear(),
            Again::Repeat => {}
        }
    }
}
