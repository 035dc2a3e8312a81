//! What can go wrong: one enum for opening, one for each thing a caller does with a result.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::registry::RegistryError;

/// Opening a store, an identity or keys.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process owns the directory.
    #[error("{} is in use by another process", path.display())]
    Locked {
        /// The locked directory or file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The key file is not one.
    #[error("the key file is not usable: {0}")]
    KeyFile(&'static str),
    /// The same, by its path.
    #[error("the key file {} is not usable: {why}", path.display())]
    KeyFileAt {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The key file can be read by others than its owner.
    #[error("{} may be read by others: its mode must be 0600", path.display())]
    KeysExposed {
        /// The key file.
        path: PathBuf,
    },
    /// The identity file is not one.
    #[error("{} does not hold a node identity", path.display())]
    Identity {
        /// The identity file.
        path: PathBuf,
    },
    /// A setting that cannot work.
    #[error("setting {name}: {why}")]
    Setting {
        /// The field of [`StoreConfig`](crate::StoreConfig).
        name: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The registry refused or could not be reached.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The cryptographic library failed; the system may have no random bytes.
    #[error("the cryptographic library failed")]
    Crypto,
}

impl Error {
    pub(crate) fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { what, path: path.to_owned(), source }
    }
}

/// Whose quota it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuotaLevel {
    /// Of all results.
    Node,
    /// Of the results of one source.
    Source,
    /// Of the results of one user.
    User,
    /// Of one result.
    Result,
}

impl fmt::Display for QuotaLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Node => "node",
            Self::Source => "source",
            Self::User => "user",
            Self::Result => "result",
        })
    }
}

/// Why no new result can be stored. The query then has to do without one.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A quota is used up.
    #[error("the quota of bytes stored for this {level} ({limit_bytes}) is used up")]
    Quota {
        /// Whose quota.
        level: QuotaLevel,
        /// The quota in bytes.
        limit_bytes: u64,
    },
    /// As many results as allowed are stored.
    #[error("{limit} results are stored, which is the limit")]
    TooManyResults {
        /// The limit.
        limit: usize,
    },
    /// The disk is full, or so full that the minimum of free space would not be kept.
    #[error("the disk of the stored results is full")]
    DiskFull,
    /// Metadata, user or source name longer than allowed.
    #[error("{what} is longer than {limit_bytes} bytes")]
    TooLarge {
        /// The field of [`NewResult`](crate::NewResult).
        what: &'static str,
        /// Its limit in bytes.
        limit_bytes: usize,
    },
    /// Another node goes on for the lost execution, or its owner lives.
    #[error("another node goes on with the result")]
    Claimed,
    /// The system database did not do as asked.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The node stores no new results: it is about to end, or another process has taken it over.
    #[error("this node stores no new results")]
    NotAny,
    /// The store is being closed.
    #[error("the store is closed")]
    Closed,
    /// The operating system refused.
    #[error("cannot create the file of a result: {0}")]
    Io(io::Error),
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Crypto,
}

/// Why a page could not be added. The result stays as it is: pages already written can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A quota is used up.
    #[error("the quota of bytes stored for this {level} is used up")]
    Quota {
        /// Whose quota.
        level: QuotaLevel,
    },
    /// The disk is full, or so full that the minimum of free space would not be kept.
    #[error("the disk of the stored results is full")]
    DiskFull,
    /// The result was ended or has expired.
    #[error("the result was ended")]
    Ended,
    /// The store is being closed.
    #[error("the store is closed")]
    Closed,
    /// The page contradicts itself or is too large.
    #[error("the page cannot be stored: {0}")]
    Page(&'static str),
    /// The operating system refused.
    #[error("cannot write a stored result: {0}")]
    Io(Arc<str>),
}

/// Why nothing was added to a copy of another node's result.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// It goes on elsewhere.
    #[error("the copy goes on at byte {expected}, page {pages}")]
    Offset {
        /// Where.
        expected: u64,
        /// Pages that are here.
        pages: u32,
    },
    /// A quota is used up, or the disk is full.
    #[error("there is no room for the copy")]
    NoRoom,
    /// What came is not what comes next in that result.
    #[error("the copy cannot be kept: {0}")]
    Invalid(&'static str),
    /// The operating system refused.
    #[error("cannot write a copy: {0}")]
    Io(io::Error),
}

/// Why a result ends before its last page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    /// The writer went away without saying that the result was at its end.
    #[error("it was not written to its end")]
    WriterGone,
    /// The node was restarted while the result was being written.
    #[error("the node was restarted while it was being written")]
    Restarted,
    /// The end of its index is damaged or cut.
    #[error("its index is damaged")]
    Damaged,
    /// It could not be written further.
    #[error(transparent)]
    Write(WriteError),
    /// What the node says that holds it.
    #[error("{0}")]
    Elsewhere(Arc<str>),
}

/// Why a page cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The page is not written yet; ask again.
    #[error("the page is not yet written")]
    NotYet,
    /// No such result here: never made, ended, or expired and removed.
    #[error("no such result is stored here")]
    Unknown,
    /// The result has expired.
    #[error("the result has expired")]
    Expired,
    /// The result is here, but of another execution.
    #[error("the result is stored in generation {current}")]
    OtherGeneration {
        /// The generation that is here.
        current: u32,
    },
    /// The result is complete and has fewer pages.
    #[error("the result has {pages} pages")]
    NoSuchPage {
        /// How many it has; the last one is `pages - 1`.
        pages: u32,
    },
    /// The source failed before it came to this page.
    #[error("the source failed: {message}")]
    SourceFailed {
        /// The code the writer gave.
        code: Arc<str>,
        /// The message the writer gave.
        message: Arc<str>,
    },
    /// The result ends before this page for another reason than the source.
    #[error("the result is incomplete: {0}")]
    Incomplete(Incomplete),
    /// What is stored is not what was written.
    #[error("the stored page is damaged: {0}")]
    Corrupt(&'static str),
    /// The operating system refused.
    #[error("cannot read a stored result: {0}")]
    Io(io::Error),
}
