//! What happens in a store, told to an observer, and counted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::error::Incomplete;
use crate::id::ResultId;
use crate::registry::RegistryError;

/// Something that happened. The store itself logs nothing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A result was begun.
    Created {
        /// The result.
        id: ResultId,
        /// The source it is read from.
        source: &'a str,
    },
    /// A page was written.
    PageWritten {
        /// The result.
        id: ResultId,
        /// The page, from 0.
        page: u32,
        /// Bytes added to the files.
        bytes: u64,
    },
    /// The last page was written.
    Completed {
        /// The result.
        id: ResultId,
        /// Its pages.
        pages: u32,
        /// Its rows.
        rows: u64,
        /// Its bytes on disk.
        bytes: u64,
    },
    /// The source failed, as the writer said.
    SourceFailed {
        /// The result.
        id: ResultId,
        /// The writer's code.
        code: &'a str,
        /// The writer's message.
        message: &'a str,
    },
    /// A result ends before its last page.
    Interrupted {
        /// The result.
        id: ResultId,
        /// Why.
        why: &'a Incomplete,
    },
    /// A page was read.
    PageRead {
        /// The result.
        id: ResultId,
        /// The page, from 0.
        page: u32,
        /// Its plain bytes.
        bytes: u64,
    },
    /// A page was given to another node, as it lies on disk.
    PageSent {
        /// The result.
        id: ResultId,
        /// The page, from 0.
        page: u32,
        /// Its bytes on disk.
        bytes: u64,
    },
    /// What is stored is not what was written.
    Damaged {
        /// The result.
        id: ResultId,
        /// The page, from 0.
        page: u32,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A result of an earlier run was taken over.
    Adopted {
        /// The result.
        id: ResultId,
        /// Its pages.
        pages: u32,
    },
    /// A file of an earlier run was removed.
    Discarded {
        /// The file's name.
        name: &'a str,
        /// Why it was not taken over.
        why: &'static str,
    },
    /// All files of an earlier run that are of no use were removed.
    Cleared {
        /// How many there were.
        files: usize,
    },
    /// A result was removed with its files.
    Removed {
        /// The result.
        id: ResultId,
        /// It had expired; otherwise it was ended or cancelled.
        expired: bool,
    },
    /// A file could not be removed; it is tried again at the next sweep.
    RemovalFailed {
        /// The result.
        id: ResultId,
        /// Why not.
        error: &'a std::io::Error,
    },
    /// The registry did not do as asked; results are served all the same.
    RegistryFailed {
        /// What was asked.
        what: &'static str,
        /// Why not.
        error: &'a RegistryError,
    },
}

/// Is told what happens, on the thread where it happens: it must return at once.
pub trait Observer: Send + Sync {
    /// Takes note of an event.
    fn event(&self, event: &Event<'_>);
}

/// A snapshot of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Results that are here.
    pub results: usize,
    /// Copies of results of other nodes that are here.
    pub replicas: usize,
    /// Of the results, those that are still being written.
    pub writing: usize,
    /// Bytes reserved on disk.
    pub bytes: u64,
    /// Open pairs of files.
    pub open_files: usize,
    /// Pages written since the start.
    pub pages_written: u64,
    /// Pages read since the start.
    pub pages_read: u64,
    /// Pages given to other nodes since the start.
    pub pages_sent: u64,
    /// Bytes written since the start.
    pub bytes_written: u64,
    /// Plain bytes of pages read since the start.
    pub bytes_read: u64,
    /// Pages found damaged since the start.
    pub damaged: u64,
    /// Results removed since the start because they had expired.
    pub expired: u64,
    /// New results refused since the start.
    pub refused: u64,
    /// Removed results whose files or registry rows are still to be cleaned up.
    pub pending_removals: usize,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Results that had expired and were removed.
    pub expired: usize,
    /// Files or registry rows that could not be removed and are tried again.
    pub pending: usize,
    /// Expiries written to the registry.
    pub touched: usize,
}

/// Counts since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) pages_written: AtomicU64,
    pub(crate) pages_read: AtomicU64,
    pub(crate) pages_sent: AtomicU64,
    pub(crate) bytes_written: AtomicU64,
    pub(crate) bytes_read: AtomicU64,
    pub(crate) damaged: AtomicU64,
    pub(crate) expired: AtomicU64,
    pub(crate) refused: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, by: u64) {
        counter.fetch_add(by, Relaxed);
    }

    pub(crate) fn fill(&self, stats: &mut Stats) {
        stats.pages_written = self.pages_written.load(Relaxed);
        stats.pages_read = self.pages_read.load(Relaxed);
        stats.pages_sent = self.pages_sent.load(Relaxed);
        stats.bytes_written = self.bytes_written.load(Relaxed);
        stats.bytes_read = self.bytes_read.load(Relaxed);
        stats.damaged = self.damaged.load(Relaxed);
        stats.expired = self.expired.load(Relaxed);
        stats.refused = self.refused.load(Relaxed);
    }
}
