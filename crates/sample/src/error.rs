//! What can go wrong while a sample database is written.

use std::io;
use std::path::PathBuf;

/// Why a sample database could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of that name is there already; it is left as it is.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// The file or its folder cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// The file in question.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A script cannot be written.
    #[error("cannot write the script: {0}")]
    Script(#[source] io::Error),
    /// SQLite refused a statement, for example because the disk is full.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
}
