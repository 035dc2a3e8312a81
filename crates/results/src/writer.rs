//! The writing end of a result, for the thread that reads rows.

use std::sync::Arc;
use std::time::Duration;

use crate::codec::Codec;
use crate::drain::{Drain, Job};
use crate::entry::Failure;
use crate::error::{Incomplete, WriteError};
use crate::id::{NodeId, ResultId};
use crate::page::PageIn;
use crate::pool::Pool;
use crate::registry::{Continues, Recovery};

/// A result to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewResult {
    /// The source it is read from; at most [`MAX_NAME_BYTES`](crate::MAX_NAME_BYTES).
    pub source: String,
    /// Whose query it answers; at most [`MAX_NAME_BYTES`](crate::MAX_NAME_BYTES).
    pub user: String,
    /// What the caller wants back with every page (the request); kept encrypted; at most
    /// [`MAX_META_BYTES`](crate::MAX_META_BYTES).
    pub meta: Vec<u8>,
    /// How pages are compressed.
    pub codec: Codec,
    /// The number of the first stored row in the whole result: above 0 when earlier pages are not
    /// stored.
    pub first_row: u64,
    /// What can be done when the pages are lost.
    pub recovery: Recovery,
    /// About how large a page is. A result begins only where there is room for one of twice that
    /// size, so that its first page hardly ever finds none.
    pub page_bytes: u64,
    /// What it goes on for, if it is not a first execution.
    pub after: Option<After>,
}

/// A lost execution that another one goes on for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    /// The result.
    pub id: ResultId,
    /// Its last execution, as far as is known; the new one gets the next number, if that is still true.
    pub known: u32,
    /// Where it goes on.
    pub continues: Continues,
}

/// A result that was written to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its pages.
    pub pages: u32,
    /// Its stored rows.
    pub rows: u64,
    /// Its bytes on disk.
    pub bytes: u64,
}

/// The writing end of a result. Its methods block while the queue is full; they are for a plain
/// thread.
///
/// Dropped without [`finish`](Self::finish), [`fail`](Self::fail) or [`cancel`](Self::cancel), it
/// leaves the pages that are written, and an explicit error behind them.
pub struct ResultWriter {
    pool: Arc<Pool>,
    drain: Arc<Drain>,
    open: bool,
}

impl ResultWriter {
    pub(crate) fn new(pool: Arc<Pool>, drain: Arc<Drain>) -> Self {
        Self { pool, drain, open: true }
    }

    /// The result's name.
    #[must_use]
    pub fn id(&self) -> ResultId {
        self.drain.entry.about.id
    }

    /// Its generation; 1 for a first execution.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.drain.entry.about.generation
    }

    /// The node it lies on.
    #[must_use]
    pub fn owner(&self) -> NodeId {
        self.drain.entry.about.node
    }

    /// Waits until the registry was told of the result, or did not take it, but no longer than `most`: from then on it can
    /// be gone on with although this node is lost at once.
    pub fn wait_registered(&self, most: Duration) {
        self.drain.wait_registered(most);
    }

    /// An empty buffer for the body of the next page, with the memory of an earlier one where
    /// possible.
    #[must_use]
    pub fn buffer(&self) -> Vec<u8> {
        self.drain.buffer()
    }

    /// Adds a page that is not the last one: at least one more row follows. Waits while the queue
    /// is full. Errors of earlier pages are told here too; after an error no page is taken any
    /// more.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn page(&mut self, page: PageIn) -> Result<(), WriteError> {
        self.drain.push_page(&self.pool, page, false)
    }

    /// Adds the last page, which may be empty, and waits until all is written.
    ///
    /// # Errors
    /// [`WriteError`]; the result then ends with an explicit error behind its last good page.
    pub fn finish(mut self, last: PageIn) -> Result<Finished, WriteError> {
        self.drain.push_page(&self.pool, last, true)?;
        self.open = false;
        self.drain.settle()?;
        let progress = self.drain.entry.progress();
        Ok(Finished { pages: progress.pages, rows: progress.rows, bytes: progress.bytes })
    }

    /// Says that the source failed. Pages already added stay; beyond them readers get this code and
    /// message.
    pub fn fail(mut self, code: &str, message: &str) {
        self.open = false;
        let failure = Failure::Source { code: code.into(), message: message.into() };
        let _ = self.drain.push(&self.pool, Job::Fail(failure));
    }

    /// Removes the result and its files: nobody will ask for it.
    pub fn cancel(mut self) {
        self.open = false;
        let _ = self.drain.push(&self.pool, Job::Cancel);
    }
}

impl Drop for ResultWriter {
    fn drop(&mut self) {
        if self.open {
            let failure = Failure::Incomplete(Incomplete::WriterGone);
            let _ = self.drain.push(&self.pool, Job::Fail(failure));
        }
    }
}

impl std::fmt::Debug for ResultWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ResultWriter({})", self.id())
    }
}
