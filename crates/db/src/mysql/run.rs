//! Runs a program on one connection.

use mysql_async::{Row, Value};
use nextlink_odata::rows::{Flow, PieceSink, RowSink};
use nextlink_sql::position;
use nextlink_sql::statement::{ChildStatement, NodeStatement, Program, ResultColumn, Statement, Stream};
use nextlink_sql::tree::Param;
use tokio::time::Instant;

use super::cells;
use super::errors::Done;
use super::params::{of_cell, sent};
use super::session::Session;
use crate::error::Error;
use crate::run::{Outcome, RunOptions, pieces};

/// Rows between two looks at the clock.
const ROWS: u32 = 64;

/// Runs a program. `begun` becomes true when the sink gets something, after which nothing can be tried again.
pub(super) async fn run<S: RowSink>(
    session: &mut Session,
    program: &Program,
    watch: &mut Watch<'_>,
    sink: &mut S,
) -> Done<Outcome> {
    session.bound(watch.options.timeout, watch.options.lock_wait).await?;
    let single = program.nodes.len() == 1 && program.count.is_none() && program.parent.is_none();
    // A single statement is its own snapshot.
    if !single {
        session.begin().await?;
    }
    if let Some(count) = &program.count {
        let rows = number(session, count).await?;
        watch.begun = true;
        sink.count(0, 0, rows);
    }
    let Some(root) = program.nodes.first() else {
        return Ok(Outcome { rows: 0, complete: true, parent: None });
    };
    let (rows, complete) = flat(session, root, watch, sink).await?;
    let parent = match &program.parent {
        Some(statement) if rows == 0 => Some(exists(session, statement).await?),
        _ => None,
    };
    Ok(Outcome { rows, complete, parent })
}

/// Reads the bytes of one value in pieces, which see one snapshot.
pub(super) async fn stream<S: PieceSink>(
    session: &mut Session,
    stream: &Stream,
    watch: &mut Watch<'_>,
    sink: &mut S,
) -> Done<Outcome> {
    session.bound(watch.options.timeout, watch.options.lock_wait).await?;
    session.begin().await?;
    let Some(head) = stream.head.nodes.first() else {
        return Ok(Outcome { rows: 0, complete: true, parent: None });
    };
    let (rows, mut complete) = flat(session, head, watch, sink).await?;
    if rows > 0 {
        for (behind, length) in sink.wanted().into_iter().flat_map(pieces) {
            watch.check()?;
            complete = flat(session, &stream.piece(behind, length), watch, sink).await?.1;
            if !complete {
                break;
            }
        }
    }
    let parent = match &stream.head.parent {
        Some(statement) if rows == 0 => Some(exists(session, statement).await?),
        _ => None,
    };
    Ok(Outcome { rows, complete, parent })
}

/// Runs the first statement of a program for its number, and looks for the parent where that is zero.
pub(super) async fn count(
    session: &mut Session,
    program: &Program,
    watch: &Watch<'_>,
) -> Done<(u64, Option<bool>)> {
    session.bound(watch.options.timeout, watch.options.lock_wait).await?;
    let Some(ChildStatement { one, .. }) = program.nodes.first().and_then(|n| n.rows.as_ref()) else {
        return Ok((0, None));
    };
    if program.parent.is_some() {
        session.begin().await?;
    }
    let rows = number(session, one).await?;
    let parent = match &program.parent {
        Some(statement) if rows == 0 => Some(exists(session, statement).await?),
        _ => None,
    };
    Ok((rows, parent))
}

/// When a run has to end, and whether it may still start again.
pub(super) struct Watch<'a> {
    /// What bounds the run.
    pub(super) options: &'a RunOptions,
    deadline: Instant,
    rows: u32,
    /// Whether the sink got something.
    pub(super) begun: bool,
}

impl<'a> Watch<'a> {
    /// Starts the clock.
    pub(super) fn start(options: &'a RunOptions) -> Watch<'a> {
        Watch { options, deadline: Instant::now() + options.timeout, rows: 0, begun: false }
    }

    /// Waits until the run has to end, and says why.
    pub(super) fn end(&self) -> impl Future<Output = Error> + use<'a> {
        let (options, deadline) = (self.options, self.deadline);
        async move {
            tokio::select! {
                () = options.cancel.cancelled() => Error::Cancelled,
                () = tokio::time::sleep_until(deadline) => timed_out(options),
            }
        }
    }

    /// Another one on the same clock.
    pub(super) fn again(&self) -> Watch<'a> {
        Watch { ..*self }
    }

    /// Looks whether the run has to end: rows that come without a pause leave no other moment for it.
    pub(super) fn row(&mut self) -> Result<(), Error> {
        self.begun = true;
        if self.options.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        self.rows = (self.rows + 1) % ROWS;
        if self.rows == 0 { self.check() } else { Ok(()) }
    }

    /// The same, whatever number of rows have come.
    fn check(&self) -> Result<(), Error> {
        if self.options.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        if Instant::now() >= self.deadline { Err(timed_out(self.options)) } else { Ok(()) }
    }
}

fn timed_out(options: &RunOptions) -> Error {
    Error::TimedOut { seconds: options.timeout.as_secs() }
}

/// The values of a statement.
pub(super) fn values(statement: &Statement) -> Vec<Value> {
    statement.params.iter().map(sent).collect()
}

pub(super) async fn number(session: &mut Session, statement: &Statement) -> Done<u64> {
    let mut rows = session.query(&statement.sql, values(statement)).await?;
    let mut number = 0;
    while let Some(row) = rows.next().await? {
        number = whole(&row, 0);
    }
    Ok(number)
}

pub(super) async fn exists(session: &mut Session, statement: &Statement) -> Done<bool> {
    let mut rows = session.query(&statement.sql, values(statement)).await?;
    let mut found = false;
    while rows.next().await?.is_some() {
        found = true;
    }
    Ok(found)
}

/// A whole number that is not negative.
pub(super) fn whole(row: &Row, column: usize) -> u64 {
    match row.as_ref(column) {
        Some(Value::Int(number)) => u64::try_from(*number).unwrap_or(0),
        Some(Value::UInt(number)) => *number,
        _ => 0,
    }
}

/// Pushes the cells of a row, the first of which is column `first`.
#[inline]
pub(super) fn push_cells<S: RowSink>(
    row: &Row,
    first: usize,
    columns: &[ResultColumn],
    sink: &mut S,
) -> Result<(), Error> {
    let wire = row.columns_ref();
    for (i, column) in columns.iter().enumerate() {
        let value = row.as_ref(first + i).unwrap_or(&Value::NULL);
        if cells::push(sink, column, &wire[first + i], value).is_err() {
            return Err(misfit(i, column, value).among(columns));
        }
    }
    Ok(())
}

/// Tells where the row stands, if that is wanted and known.
#[inline]
pub(super) fn push_position<S: RowSink>(row: &Row, node: &NodeStatement, sink: &mut S) {
    if let Some(columns) = node.position.as_ref().filter(|_| sink.wants_position()) {
        let values: Vec<Param> = columns.iter().map(|&column| of_cell(row, column)).collect();
        sink.position(position::to_bytes(&values));
    }
}

#[cold]
fn misfit(column: usize, served: &ResultColumn, value: &Value) -> Error {
    Error::Value { column, property: None, expected: served.primitive.name(), found: cells::shown(value) }
}

/// One level: rows go straight to the sink.
async fn flat<S: RowSink>(
    session: &mut Session,
    node: &NodeStatement,
    watch: &mut Watch<'_>,
    sink: &mut S,
) -> Done<(u64, bool)> {
    let Some(statement) = &node.rows else {
        return Ok((0, true));
    };
    let mut rows = session.query(&statement.one.sql, values(&statement.one)).await?;
    let mut handed: u64 = 0;
    while let Some(row) = rows.next().await? {
        watch.row()?;
        if !sink.begin_row(0, 0) {
            return Ok((handed, false));
        }
        push_cells(&row, 0, &node.cells, sink)?;
        handed += 1;
        if sink.end_row() == Flow::Stop {
            return Ok((handed, false));
        }
        push_position(&row, node, sink);
    }
    Ok((handed, true))
}
