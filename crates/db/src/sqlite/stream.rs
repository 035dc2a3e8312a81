//! The bytes of one value, read where they lie, so that no piece costs more than itself.

use std::ops::Range;

use nextlink_odata::rows::{Flow, PieceSink};
use nextlink_sql::statement::{StoredCell, Stream};
use rusqlite::blob::Blob;
use rusqlite::{Connection, MAIN_DB};

use super::run::{flat, prepare, run_inside};
use crate::error::Error;
use crate::run::{Outcome, pieces};

/// Reads the bytes that the sink wants.
pub fn stream<S: PieceSink>(
    connection: &Connection,
    stream: &Stream,
    check: impl Fn() -> Result<(), Error>,
    sink: &mut S,
) -> Result<Outcome, Error> {
    let transaction = connection.unchecked_transaction()?;
    let mut outcome = run_inside(connection, &stream.head, sink)?;
    if outcome.rows > 0
        && let Some(range) = sink.wanted()
    {
        outcome.complete = bytes(connection, stream, range, check, sink)?;
    }
    transaction.finish()?;
    Ok(outcome)
}

/// Hands over bytes; false where the sink wants no more.
fn bytes<S: PieceSink>(
    connection: &Connection,
    stream: &Stream,
    range: Range<u64>,
    check: impl Fn() -> Result<(), Error>,
    sink: &mut S,
) -> Result<bool, Error> {
    let stored = stream.cell.as_ref().and_then(|cell| open(connection, cell));
    let mut room = Vec::new();
    for (behind, length) in pieces(range) {
        check()?;
        let flow = match &stored {
            Some(blob) => {
                room.resize(usize::try_from(length).unwrap_or(0), 0);
                blob.read_at_exact(&mut room, usize::try_from(behind).unwrap_or(usize::MAX))?;
                if !sink.begin_row(0, 0) {
                    return Ok(false);
                }
                sink.binary(&room);
                sink.end_row()
            }
            None => {
                let (_, complete) = flat(connection, &stream.piece(behind, length), sink)?;
                if complete { Flow::Continue } else { Flow::Stop }
            }
        };
        if flow == Flow::Stop {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Opens the bytes where they lie. That cannot be done in a view, nor in a table whose rows have no numbers.
fn open<'c>(connection: &'c Connection, cell: &StoredCell) -> Option<Blob<'c>> {
    let mut prepared = prepare(connection, &cell.row, 0).ok()?;
    let row = prepared.raw_query().next().ok()??.get::<_, i64>(0).ok()?;
    connection.blob_open(MAIN_DB, cell.table.as_str(), cell.column.as_str(), row, true).ok()
}
