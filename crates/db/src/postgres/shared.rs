//! Reads of one row that share a few connections: each is sent without waiting for the answers to those before it. What is
//! not answered at once is left to a connection of its own.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use nextlink_odata::rows::{Flow, RowSink};
use nextlink_sql::statement::{NodeStatement, Program};
use tokio::runtime::Handle;
use tokio_postgres::{Client, Row, Statement};

use super::cells::{Cells, Forms};
use super::params::Bound;
use super::session::{Manager, Recent, SETTINGS};
use crate::error::Error;
use crate::run::Outcome;

/// What the server is told these connections are.
const NAME: &str = "nextlink shared";
/// Connections that are shared.
const CONNECTIONS: usize = 4;
/// Reads on their way at most; more would wait here for longer than elsewhere.
const READS: usize = 256;
/// Time that may pass without any answer. A lock, a dead network or a long row of another reader must not hold many up.
const PATIENCE: Duration = Duration::from_millis(250);
/// Time that making a connection may take.
const CONNECTING: Duration = Duration::from_secs(10);
/// Time after a failure until the connection is made anew.
const PAUSE: Duration = Duration::from_secs(2);
/// What the server is told, so that nothing that is given up here goes on there.
const BOUNDS: &str = "SET statement_timeout = 1000; SET lock_timeout = 100";

/// A few connections of one login.
pub struct Shared {
    manager: Arc<Manager>,
    runtime: Handle,
    places: Arc<[Place; CONNECTIONS]>,
    turn: AtomicUsize,
    running: AtomicUsize,
}

/// The place of a connection.
#[derive(Default)]
struct Place(Mutex<Standing>);

#[derive(Default)]
enum Standing {
    #[default]
    New,
    Opening,
    Open(Arc<Open>),
    /// Given up, not to be tried again before that time.
    Closed(Instant),
}

/// A connection that is open.
struct Open {
    client: Client,
    statements: Mutex<Recent<Known>>,
    /// Somebody prepares a statement; others do not wait for that.
    preparing: AtomicBool,
    /// How many reads were answered.
    answers: AtomicU64,
}

/// Somebody prepares a statement.
struct Preparing<'a>(&'a AtomicBool);

impl Drop for Preparing<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// A statement that is prepared, and how its columns are read.
#[derive(Clone)]
struct Known {
    statement: Statement,
    forms: Forms,
}

/// Why there is no answer.
enum Missed {
    /// The statement failed; the connection is as good as before.
    Statement,
    /// The connection is to be closed.
    Connection,
}

impl From<tokio_postgres::Error> for Missed {
    fn from(error: tokio_postgres::Error) -> Missed {
        if error.as_db_error().is_some() { Missed::Statement } else { Missed::Connection }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("running", &self.running).finish_non_exhaustive()
    }
}

/// One of the reads that run now, over whatever connection.
pub struct Running<'a> {
    shared: &'a Shared,
    /// How many others there were when it began.
    others: usize,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.shared.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Shared {
    /// Without connections: they are made when several read at one time.
    pub fn new(manager: Manager, runtime: Handle) -> Shared {
        Shared {
            manager: Arc::new(manager),
            runtime,
            places: Arc::default(),
            turn: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
        }
    }

    /// A read begins.
    pub fn begin(&self) -> Running<'_> {
        Running { shared: self, others: self.running.fetch_add(1, Ordering::Relaxed) }
    }

    /// The connection in a place. Where there is none, one is made for those who come later.
    fn open(&self, number: usize) -> Option<Arc<Open>> {
        let mut standing = self.places[number].standing();
        match &*standing {
            Standing::Open(open) if !open.client.is_closed() => return Some(Arc::clone(open)),
            Standing::Opening => return None,
            Standing::Closed(until) if *until > Instant::now() => return None,
            Standing::Open(_) | Standing::Closed(_) | Standing::New => *standing = Standing::Opening,
        }
        drop(standing);
        let (manager, places) = (Arc::clone(&self.manager), Arc::clone(&self.places));
        self.runtime.spawn(async move {
            // A server that takes the connection and then says nothing must not keep the place for ever.
            let opened = tokio::time::timeout(CONNECTING, Open::connect(&manager)).await;
            *places[number].standing() = match opened {
                Ok(Ok(open)) => Standing::Open(Arc::new(open)),
                // Whoever reads over a connection of its own meets the error too.
                Ok(Err(_)) | Err(_) => Standing::Closed(Instant::now() + PAUSE),
            };
        });
        None
    }
}

impl Running<'_> {
    /// Reads the row of a program. None for whoever reads alone, finds no connection, or gets no answer in time or an
    /// error; then nothing was handed over.
    ///
    /// # Errors
    /// A value is not one of its type.
    pub async fn point<S: RowSink>(&self, program: &Program, sink: &mut S) -> Option<Result<Outcome, Error>> {
        if self.others == 0 || self.others >= READS {
            return None;
        }
        let shared = self.shared;
        let node = program.nodes.first()?;
        let number = shared.turn.fetch_add(1, Ordering::Relaxed) % CONNECTIONS;
        let open = shared.open(number)?;
        let read = match open.read_in_time(node).await {
            Ok(read) => read,
            Err(Missed::Statement) => return None,
            Err(Missed::Connection) => {
                shared.places[number].give_up(&open);
                return None;
            }
        };
        let Some((row, forms)) = read else {
            return Some(Ok(Outcome { rows: 0, complete: true, parent: None }));
        };
        let mut rows = 0;
        let mut flow = Flow::Stop;
        if sink.begin_row(0, 0) {
            if let Err(error) = Cells::of(forms, 0).push(&row, sink) {
                return Some(Err(error.among(&node.cells)));
            }
            rows = 1;
            flow = sink.end_row();
        }
        Some(Ok(Outcome { rows, complete: flow == Flow::Continue, parent: None }))
    }
}

impl Place {
    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes a connection once those who wait on it have their answers or have given up as well.
    fn give_up(&self, failed: &Arc<Open>) {
        let mut standing = self.standing();
        if matches!(&*standing, Standing::Open(open) if Arc::ptr_eq(open, failed)) {
            *standing = Standing::Closed(Instant::now() + PAUSE);
        }
    }
}

impl Open {
    async fn connect(manager: &Manager) -> Result<Open, tokio_postgres::Error> {
        let mut config = manager.config.clone();
        config.application_name(NAME);
        let (client, connection) = config.connect(manager.tls.clone()).await?;
        // What ends it is also met by the next statement.
        tokio::spawn(async move { drop(connection.await) });
        client.batch_execute(SETTINGS).await?;
        client.batch_execute(BOUNDS).await?;
        Ok(Open {
            client,
            statements: Mutex::default(),
            preparing: AtomicBool::new(false),
            answers: AtomicU64::new(0),
        })
    }

    fn statements(&self) -> MutexGuard<'_, Recent<Known>> {
        self.statements.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a row, as long as the server goes on answering anybody on this connection.
    async fn read_in_time(&self, node: &NodeStatement) -> Result<Option<(Row, Forms)>, Missed> {
        let mut read = pin!(self.read(node));
        loop {
            let answers = self.answers.load(Ordering::Relaxed);
            match tokio::time::timeout(PATIENCE, read.as_mut()).await {
                Ok(read) => {
                    self.answers.fetch_add(1, Ordering::Relaxed);
                    return read;
                }
                Err(_) if self.answers.load(Ordering::Relaxed) != answers => {}
                Err(_) => return Err(Missed::Connection),
            }
        }
    }

    async fn read(&self, node: &NodeStatement) -> Result<Option<(Row, Forms)>, Missed> {
        let Some(rows) = &node.rows else {
            return Ok(None);
        };
        let sql = &rows.one.sql;
        let found = self.statements().find(sql);
        let known = match found {
            Some(known) => known,
            None => self.prepare(node, sql).await?,
        };
        let params = rows.one.params.iter().map(Bound::from);
        let row = async {
            let mut stream = pin!(self.client.query_raw(&known.statement, params).await?);
            stream.try_next().await
        };
        match row.await {
            Ok(row) => Ok(row.map(|row| (row, known.forms))),
            Err(error) => {
                // It may have been prepared for tables as they were.
                self.statements().forget(sql);
                Err(error.into())
            }
        }
    }

    async fn prepare(&self, node: &NodeStatement, sql: &Arc<str>) -> Result<Known, Missed> {
        if self.preparing.swap(true, Ordering::Relaxed) {
            return Err(Missed::Statement);
        }
        let _preparing = Preparing(&self.preparing);
        let statement = self.client.prepare(sql).await?;
        let forms = Cells::forms(&node.cells, statement.columns(), 0).map_err(|_| Missed::Statement)?;
        let known = Known { statement, forms };
        self.statements().keep(sql, known.clone());
        Ok(known)
    }
}
