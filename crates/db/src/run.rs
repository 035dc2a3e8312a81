//! What running a program gives and what bounds it, the same for every database.

use std::ops::Range;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::location::Login;

/// Bounds of a run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Time that one request may take in the database.
    pub timeout: Duration,
    /// Time to wait for a lock of another process.
    pub lock_wait: Duration,
    /// Ends the run from outside.
    pub cancel: Cancel,
    /// Who reads, where the client says so itself; else the login of the source.
    pub login: Option<Login>,
}

/// Ends a run from outside: the statement stops soon after.
#[derive(Debug, Clone, Default)]
pub struct Cancel(CancellationToken);

impl Cancel {
    /// Ends the run.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether the run is to end.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until the run is to end.
    pub async fn cancelled(&self) {
        self.0.cancelled().await;
    }
}

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Rows of the first level that were handed over.
    pub rows: u64,
    /// Whether the source said that there are no more rows; otherwise the sink wanted no more.
    pub complete: bool,
    /// Where there was no row at all: whether the entity before the last navigation is there.
    pub parent: Option<bool>,
}

/// Bytes of a value that are read at one time.
const PIECE_BYTES: u64 = 512 * 1024;

/// The pieces of some bytes, each by the bytes before it and its length.
pub(crate) fn pieces(range: Range<u64>) -> impl Iterator<Item = (u64, u64)> {
    let end = range.end;
    let starts = range.step_by(PIECE_BYTES as usize);
    starts.map(move |start| (start, PIECE_BYTES.min(end - start)))
}
