//! A connection, and what is known of its state.

use std::collections::HashSet;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{BinaryProtocol, Column, Conn, Error as Failure, Opts, QueryResult, Row, Value};

use super::errors::{Done, Fault, TOO_LARGE, too_large};
use super::facts::Facts;

/// Statements of which a connection knows that they run only once; more are learnt again.
const RUN_ONCE: usize = 256;

/// A connection whose settings are those that statements expect.
pub(super) struct Session {
    conn: Conn,
    /// What the server is.
    pub(super) facts: Facts,
    /// The bounds in force.
    bounds: Option<(Duration, Duration)>,
    /// Whether a statement may be running, or its rows may not all be read.
    busy: bool,
    in_transaction: bool,
    /// Statements that failed when they ran a second time.
    run_once: HashSet<Box<str>>,
}

impl Session {
    /// Connects, and makes the session ready.
    pub(super) async fn open(opts: Opts) -> Result<Session, Failure> {
        let mut conn = Conn::new(opts).await?;
        let version: Option<String> = conn.query_first("SELECT VERSION()").await?;
        let facts = version.as_deref().and_then(Facts::read);
        // What has no version that can be read is tried as the oldest MySQL.
        let facts = facts.unwrap_or(Facts { maria: false, version: (0, 0, 0) });
        if facts.too_old().is_none() {
            conn.query_drop(facts.setup()).await?;
        }
        Ok(Session {
            conn,
            facts,
            bounds: None,
            busy: false,
            in_transaction: false,
            run_once: HashSet::new(),
        })
    }

    /// The number that the server knows the connection by.
    pub(super) fn id(&self) -> u32 {
        self.conn.id()
    }

    /// Whether the connection waits for a statement, and no transaction is open.
    pub(super) fn is_clean(&self) -> bool {
        !self.busy && !self.in_transaction && !self.conn.is_disconnected()
    }

    /// Whether a statement may be running at the server.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Whether something was given up between a request and the first packet of its answer. Whoever asked next would be
    /// given that answer.
    pub(super) fn is_broken(&self) -> bool {
        self.conn.is_disconnected()
    }

    /// Bounds the time of statements and that of waiting for a lock.
    pub(super) async fn bound(&mut self, statement: Duration, lock: Duration) -> Done<()> {
        if self.bounds == Some((statement, lock)) {
            return Ok(());
        }
        self.bounds = None;
        self.command(&self.facts.bounds(statement, lock)).await?;
        self.bounds = Some((statement, lock));
        Ok(())
    }

    /// Starts a transaction in which all statements see what is committed now.
    pub(super) async fn begin(&mut self) -> Done<()> {
        self.command("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY").await?;
        self.in_transaction = true;
        Ok(())
    }

    /// Ends the transaction, if there is one.
    pub(super) async fn end(&mut self) -> Done<()> {
        if self.in_transaction {
            self.command("ROLLBACK").await?;
            self.in_transaction = false;
        }
        Ok(())
    }

    /// Reads what is left of a result, once its statement was ended from outside, until the connection is known to wait
    /// for the next one. Not for a connection that is broken.
    pub(super) async fn drain(&mut self) -> Done<()> {
        // The first one may hear that the statement before it was ended, the second one may have been ended itself by a
        // request that came too late.
        let mut left = 3;
        loop {
            left -= 1;
            match self.conn.query_drop("ROLLBACK").await.map_err(Fault::from) {
                Ok(()) => {
                    self.busy = false;
                    self.in_transaction = false;
                    return Ok(());
                }
                Err(fault) if fault.lost || left == 0 => return Err(fault),
                Err(_) => {}
            }
        }
    }

    /// Runs a statement that gives no rows and takes no values.
    async fn command(&mut self, sql: &str) -> Done<()> {
        self.busy = true;
        match self.conn.query_drop(sql).await {
            Ok(()) => {
                self.busy = false;
                Ok(())
            }
            Err(failure) => Err(failed(failure, &mut self.busy)),
        }
    }

    /// The columns that a statement gives, and how many values it takes.
    pub(super) async fn describe(&mut self, sql: &str) -> Done<(Vec<Column>, usize)> {
        let Session { conn, busy, .. } = self;
        *busy = true;
        match conn.prep(sql).await {
            Ok(statement) => {
                *busy = false;
                Ok((statement.columns().to_vec(), statement.params().len()))
            }
            Err(failure) => Err(failed(failure, busy)),
        }
    }

    /// Runs a statement, which is prepared once for a connection. MariaDB loses columns of some derived tables when it runs a
    /// statement a second time, so one that names a column that is not there is prepared anew before that is believed.
    pub(super) async fn query(&mut self, sql: &str, params: Vec<Value>) -> Done<Rows<'_>> {
        let again = self.facts.maria.then(|| params.clone());
        self.busy = true;
        if let Err(failure) = self.start(sql, params).await {
            let Some(params) = again.filter(|_| is_unknown_column(&failure)) else {
                return Err(failed(failure, &mut self.busy));
            };
            if let Err(failure) = self.start_anew(sql, params).await {
                return Err(failed(failure, &mut self.busy));
            }
        }
        let Session { conn, busy, .. } = self;
        Ok(Rows { conn, busy })
    }

    /// Sends a statement. Its rows are read from the connection.
    async fn start(&mut self, sql: &str, params: Vec<Value>) -> Result<(), Failure> {
        if self.run_once.contains(sql) {
            self.forget(sql).await?;
        }
        self.conn.exec_iter(sql, params).await.map(drop)
    }

    /// The same for a statement that failed as it was prepared before, if it was: it does not fail like this again.
    async fn start_anew(&mut self, sql: &str, params: Vec<Value>) -> Result<(), Failure> {
        self.forget(sql).await?;
        self.conn.exec_iter(sql, params).await.map(drop)?;
        if self.run_once.len() >= RUN_ONCE {
            self.run_once.clear();
        }
        self.run_once.insert(sql.into());
        Ok(())
    }

    /// Gives up what is prepared of a statement.
    async fn forget(&mut self, sql: &str) -> Result<(), Failure> {
        let prepared = self.conn.prep(sql).await?;
        self.conn.close(prepared).await
    }
}

/// Whether a statement names a column that is not there.
fn is_unknown_column(failure: &Failure) -> bool {
    matches!(failure, Failure::Server(error) if error.code == 1054)
}

/// The rows of a statement, read one by one as they come.
pub(super) struct Rows<'a> {
    conn: &'a mut Conn,
    busy: &'a mut bool,
}

impl Rows<'_> {
    /// The next row; none where there are no more.
    ///
    /// # Errors
    /// The statement failed, or the server has computed NULL where a text became too large: what was read is wrong then.
    pub(super) async fn next(&mut self) -> Done<Option<Row>> {
        match QueryResult::<BinaryProtocol>::new(&mut *self.conn).next().await {
            Ok(Some(row)) => Ok(Some(row)),
            Ok(None) => {
                if self.conn.get_warnings() > 0 {
                    self.look_at_warnings().await?;
                }
                *self.busy = false;
                Ok(None)
            }
            Err(failure) => Err(failed(failure, self.busy)),
        }
    }

    /// Takes for an error what is one: of a text beyond `max_allowed_packet` the server only warns.
    async fn look_at_warnings(&mut self) -> Done<()> {
        let warned: Result<Vec<Row>, Failure> = self.conn.query("SHOW WARNINGS").await;
        let warned = warned.map_err(|failure| failed(failure, self.busy))?;
        *self.busy = false;
        // Level, code and message.
        let is_one = |row: &Row| matches!(row.get_opt(1), Some(Ok(TOO_LARGE)));
        if warned.iter().any(is_one) { Err(too_large().into()) } else { Ok(()) }
    }
}

/// A statement that failed at the server is over.
fn failed(failure: Failure, busy: &mut bool) -> Fault {
    let fault = Fault::from(failure);
    *busy = fault.lost;
    fault
}
