//! Why the system database cannot be opened.

use std::path::PathBuf;

/// Why the system database cannot be opened. No text repeats a URL: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be made or read.
    #[error("cannot open {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// SQLite refuses it.
    #[error("cannot open the system database {}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// There is no room for what SQLite writes when it is opened.
    #[error(
        "there is no room left on the disk for the system database {}, where a start writes a few pages: {source}",
        path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
        /// What failed.
        source: rusqlite::Error,
    },
    /// A later version of the program has changed it such that this one cannot use it.
    #[error(
        "the system database was changed by a later version: it takes one that knows step {reader} of its schema, and \
         this one knows those up to {known}; start the later version here, too"
    )]
    TooNew {
        /// The step that has to be known.
        reader: u32,
        /// The last step that this version knows.
        known: u32,
    },
    /// Its URL is not one.
    #[error("the URL of the system database cannot be used: {0}")]
    Url(String),
    /// The server cannot be reached, or refuses.
    #[error("cannot open the system database: {0}")]
    Server(String),
    /// The server's schema cannot be brought up to date.
    #[error("cannot bring the system database up to date: {0}")]
    Migrate(String),
    /// What TLS needs is not there.
    #[error("TLS of the system database: {0}")]
    Tls(String),
}

/// An error with all its causes in one line.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        // Some errors repeat their cause in their own text.
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}
