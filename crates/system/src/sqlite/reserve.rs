//! Room on the disk that is kept beside the database file, so that a node can start where others have filled the disk.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Error, ErrorCode, ffi};

/// How much is kept: for the files that SQLite makes beside an open database, and for the pages that a start writes.
const BYTES: u64 = 512 * 1024;
const STEP: usize = 64 * 1024;

/// The file that keeps the room. It is filled when a node has started, and again at its end.
#[derive(Debug, Default)]
pub(super) struct Reserve {
    /// None for a database in memory.
    path: Option<PathBuf>,
    kept: AtomicBool,
}

impl Reserve {
    pub(super) fn beside(database: &Path) -> Reserve {
        let mut path = database.to_owned().into_os_string();
        path.push("-reserve");
        Reserve { path: Some(path.into()), kept: AtomicBool::new(false) }
    }

    /// Does what may need room; if there is none on the disk, once more with the room that was kept.
    pub(super) fn with_room<T>(&self, mut act: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
        match act() {
            Err(error) if is_full(&error) && self.give_up() => act(),
            done => done,
        }
    }

    fn give_up(&self) -> bool {
        let given_up = self.path.as_ref().is_some_and(|path| std::fs::remove_file(path).is_ok());
        // Whoever only looked leaves it as it was.
        self.kept.fetch_or(given_up, Ordering::Relaxed);
        given_up
    }

    /// Keeps room from now on, as much as there is.
    pub(super) fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
        self.fill();
    }

    fn fill(&self) {
        let Some(path) = &self.path else { return };
        let Ok(mut file) = OpenOptions::new().append(true).create(true).mode(0o600).open(path) else {
            return;
        };
        let mut len = file.metadata().map_or(BYTES, |found| found.len());
        // Less than all is better than none.
        while len < BYTES && file.write_all(&[0; STEP]).is_ok() {
            len += STEP as u64;
        }
    }
}

impl Drop for Reserve {
    /// The database has been closed, and no longer takes the room of the files beside it.
    fn drop(&mut self) {
        if self.kept.load(Ordering::Relaxed) {
            self.fill();
        }
    }
}

/// Whether there is no room on the disk. A quota that is used up is an error of writing to SQLite.
pub(super) fn is_full(error: &Error) -> bool {
    let of_writing = [ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_SHMSIZE];
    let extended = error.sqlite_error().map(|error| error.extended_code);
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
        || extended.is_some_and(|code| of_writing.contains(&code))
}
