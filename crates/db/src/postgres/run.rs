//! Runs the statements of a program: one on its own, or several in one transaction.

use nextlink_odata::rows::{PieceSink, RowSink};
use nextlink_sql::statement::{ChildStatement, Program, Stream};
use tokio_postgres::IsolationLevel;

use super::bounds::Bounds;
use super::errors::Failed;
use super::flat::{Flat, flat};
use super::session::{Connected, Session};
use super::snapshot::Snapshot;
use crate::error::Error;
use crate::run::{Outcome, pieces};

/// Whether a program is a single statement, which is its own snapshot.
pub fn is_single(program: &Program) -> bool {
    program.nodes.len() == 1 && program.count.is_none() && program.parent.is_none()
}

/// Runs a program of one statement.
pub async fn single<S: RowSink>(
    session: &mut Session,
    program: &Program,
    bounds: &Bounds<'_>,
    sink: &mut S,
) -> Result<Outcome, Failed> {
    session.begin();
    let line = session.line.clone();
    let result = line.over(single_inside(session, program, bounds, sink)).await;
    session.end(match &result {
        Ok(flat) => flat.settled,
        Err(failed) => failed.settled,
    });
    result.map(|flat| Outcome { rows: flat.rows, complete: flat.complete, parent: None })
}

async fn single_inside<S: RowSink>(
    session: &mut Session,
    program: &Program,
    bounds: &Bounds<'_>,
    sink: &mut S,
) -> Result<Flat, Failed> {
    session.bound(bounds.options()).await?;
    let Connected { client, statements, .. } = &mut **session;
    match program.nodes.first() {
        Some(node) => flat(client, statements, node, bounds, sink).await,
        None => Ok(Flat::default()),
    }
}

/// Runs a program of several statements, which see one snapshot. Blocks.
pub fn several<S: RowSink>(
    session: &mut Session,
    program: &Program,
    bounds: &Bounds<'_>,
    sink: &mut S,
) -> Result<Outcome, Failed> {
    in_snapshot(session, bounds, |snapshot| {
        if let Some(count) = &program.count {
            let rows = snapshot.number(count)?.unwrap_or(0);
            snapshot.begun = true;
            sink.count(0, 0, rows);
        }
        let (rows, complete) = match program.nodes.as_slice() {
            [] => (0, true),
            [root] => snapshot.flat(root, sink)?,
            nodes => snapshot.levels(nodes, sink)?,
        };
        let parent = match &program.parent {
            Some(statement) if rows == 0 => Some(snapshot.number(statement)?.is_some()),
            _ => None,
        };
        Ok(Outcome { rows, complete, parent })
    })
}

/// Reads the bytes of one value in pieces, which see one snapshot. Blocks.
pub fn stream<S: PieceSink>(
    session: &mut Session,
    stream: &Stream,
    bounds: &Bounds<'_>,
    sink: &mut S,
) -> Result<Outcome, Failed> {
    in_snapshot(session, bounds, |snapshot| {
        let Some(head) = stream.head.nodes.first() else {
            return Ok(Outcome { rows: 0, complete: true, parent: None });
        };
        let (rows, mut complete) = snapshot.flat(head, sink)?;
        if rows > 0 {
            snapshot.begun = true;
            for (behind, length) in sink.wanted().into_iter().flat_map(pieces) {
                bounds.check()?;
                complete = snapshot.flat(&stream.piece(behind, length), sink)?.1;
                if !complete {
                    break;
                }
            }
        }
        let parent = match &stream.head.parent {
            Some(statement) if rows == 0 => Some(snapshot.number(statement)?.is_some()),
            _ => None,
        };
        Ok(Outcome { rows, complete, parent })
    })
}

/// Runs the first statement of a program for its number, and looks for the parent where that is zero. Blocks.
pub fn count(
    session: &mut Session,
    program: &Program,
    bounds: &Bounds<'_>,
) -> Result<(u64, Option<bool>), Failed> {
    in_snapshot(session, bounds, |snapshot| {
        let Some(ChildStatement { one, .. }) = program.nodes.first().and_then(|n| n.rows.as_ref()) else {
            return Ok((0, None));
        };
        let rows = snapshot.number(one)?.unwrap_or(0);
        let parent = match &program.parent {
            Some(statement) if rows == 0 => Some(snapshot.number(statement)?.is_some()),
            _ => None,
        };
        Ok((rows, parent))
    })
}

fn in_snapshot<T>(
    session: &mut Session,
    bounds: &Bounds<'_>,
    work: impl FnOnce(&mut Snapshot<'_>) -> Result<T, Error>,
) -> Result<T, Failed> {
    session.begin();
    let mut settled = false;
    let result = snapshot(session, bounds, work, &mut settled);
    session.end(settled);
    result
}

fn snapshot<T>(
    session: &mut Session,
    bounds: &Bounds<'_>,
    work: impl FnOnce(&mut Snapshot<'_>) -> Result<T, Error>,
    settled: &mut bool,
) -> Result<T, Failed> {
    let line = session.line.clone();
    let started = bounds.wait(line.over(async {
        session.bound(bounds.options()).await?;
        let Connected { client, statements, .. } = &mut **session;
        let builder = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
        // What is dropped without an end is rolled back, which nobody has to wait for.
        Ok((builder.read_only(true).start().await?, statements))
    }));
    let (transaction, statements) = started.inspect_err(|failed| *settled = failed.settled)?;
    let mut snapshot = Snapshot {
        bounds,
        line: &line,
        transaction: &transaction,
        statements,
        begun: false,
        again: None,
        settled: true,
    };
    let result = work(&mut snapshot);
    *settled = snapshot.settled;
    let again = snapshot.again.filter(|_| !snapshot.begun);
    drop(transaction);
    // So that the server hears of its end now.
    line.look();
    result.map_err(|error| Failed { error, again, settled: *settled })
}
