//! Connections that wait for their next use; and reads that follow one another closely, which lock the file once for all.
//!
//! Locking a file and looking for the journal of a writer takes as long as finding a row by its key. Where reads come one
//! behind the other, the connections they use keep the lock for a moment: none of them can miss a change, since nobody
//! can commit one meanwhile. After that moment all locks are given up, and taken again only once none is left, so that a
//! writer who waits gets its turn. A file with a write-ahead log is not held: there, others can commit.

use std::fs::File;
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::error::Error;

/// Connections kept for reuse.
const IDLE_CONNECTIONS: usize = 8;
/// Time between two looks at which file the path leads to.
const LOOK: Duration = Duration::from_secs(1);
/// Reads follow one another closely with less time than this between them.
const CLOSE: Duration = Duration::from_micros(100);
/// How long the file is held then.
const HOLD: Duration = Duration::from_millis(1);
/// Where the header of a file says whether it has a write-ahead log, and what it says then (SQLite file format, 1.3.3).
const LOG_OFFSET: u64 = 18;
const LOG: [u8; 2] = [2, 2];

/// Which file a path leads to: one that is put in its place by a rename has other numbers. None where there is none.
pub(super) type FileId = Option<(u64, u64)>;

pub(super) fn file_id(path: &Path) -> FileId {
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Whether nobody can change the file while somebody reads it.
fn is_locked_by_readers(path: &Path) -> bool {
    let mut log = [0; 2];
    File::open(path).and_then(|file| file.read_exact_at(&mut log, LOG_OFFSET)).is_ok() && log != LOG
}

/// Connections to a file.
#[derive(Debug)]
pub(super) struct Connections(Mutex<Kept>);

/// Those that wait for their next use, all to the same file; and how the file is held.
#[derive(Debug)]
struct Kept {
    idle: Vec<Opened>,
    file: FileId,
    looked: Instant,
    may_hold: bool,
    /// Connections in use.
    taken: usize,
    /// Connections that hold the file, in use or not.
    holding: usize,
    /// Until when it is held.
    until: Option<Instant>,
    /// When the last read ended.
    last: Instant,
}

/// A connection, the file it reads, and the thread that used it last.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) file: FileId,
    pub(super) thread: ThreadId,
    /// Time that it waits for a lock.
    pub(super) lock_wait: Duration,
    /// Whether it is in a transaction that holds the file.
    pub(super) holds: bool,
}

impl Opened {
    pub(super) fn wait_for_locks(&mut self, time: Duration) -> Result<(), Error> {
        if self.lock_wait != time {
            self.connection.busy_timeout(time)?;
            self.lock_wait = time;
        }
        Ok(())
    }

    fn execute(&self, sql: &str) -> Result<(), Error> {
        Ok(self.connection.prepare_cached(sql)?.raw_execute().map(|_| ())?)
    }
}

impl Connections {
    /// None yet, to this file.
    pub(super) fn to(path: &Path) -> Arc<Connections> {
        let (file, now) = (file_id(path), Instant::now());
        let may_hold = is_locked_by_readers(path);
        Arc::new(Connections(Mutex::new(Kept {
            idle: Vec::new(),
            file,
            looked: now,
            may_hold,
            taken: 0,
            holding: 0,
            until: None,
            last: now,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the hold when its time is over although nothing else comes.
    fn end_later(self: &Arc<Self>) -> bool {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return false };
        let connections = Arc::downgrade(self);
        runtime.spawn(async move {
            tokio::time::sleep(HOLD).await;
            if let Some(connections) = connections.upgrade() {
                connections.lock().let_go(Instant::now());
            }
        });
        true
    }
}

impl Kept {
    /// Closes connections to a file that was replaced. One that is only gone may come back by a rename.
    fn look(&mut self, path: &Path, now: Instant) {
        self.looked = now;
        self.may_hold = is_locked_by_readers(path);
        let file = file_id(path);
        if file.is_some() && file != self.file {
            self.file = file;
            let held = self.idle.iter().filter(|opened| opened.holds).count();
            self.holding -= held;
            self.idle.clear();
        }
    }

    /// The connection that this thread used last, if it is here: its memory is in the cache of the processor that the
    /// thread runs on, and fetching it from another one's takes longer than a read by key.
    fn take(&mut self) -> Option<Opened> {
        let thread = thread::current().id();
        let last = self.idle.len().checked_sub(1)?;
        let place = self.idle.iter().rposition(|opened| opened.thread == thread).unwrap_or(last);
        Some(self.idle.swap_remove(place))
    }

    /// Whether a read that begins now may hold the file.
    fn is_to_hold(&mut self, now: Instant, connections: &Arc<Connections>) -> bool {
        self.let_go(now);
        if self.until.is_some() {
            return self.until.is_some_and(|until| now < until);
        }
        // Nobody has the lock at this moment: whoever waits to write would have got it.
        let begins = self.may_hold
            && self.holding == 0
            && self.taken == 0
            && now.saturating_duration_since(self.last) < CLOSE
            && connections.end_later();
        if begins {
            self.until = Some(now + HOLD);
        }
        begins
    }

    /// Whether a connection may hold the file still, which counts from here on as one that does.
    fn joins(&mut self, now: Instant) -> bool {
        let joins = self.until.is_some_and(|until| now < until);
        self.holding += usize::from(joins);
        joins
    }

    /// Gives up the locks of connections that are not in use, once the time for that has come.
    fn let_go(&mut self, now: Instant) {
        if self.until.is_none_or(|until| now < until) {
            return;
        }
        let mut ended = 0;
        self.idle.retain_mut(|opened| {
            if !opened.holds {
                return true;
            }
            ended += 1;
            opened.holds = false;
            opened.execute("COMMIT").is_ok()
        });
        self.holding -= ended;
        if self.holding == 0 {
            self.until = None;
        }
    }
}

/// A connection in use, until it is dropped.
pub(super) struct Taken<'s> {
    /// Always there until then.
    opened: Option<Opened>,
    connections: &'s Arc<Connections>,
    to_hold: bool,
}

impl<'s> Taken<'s> {
    /// A connection that holds nothing.
    pub(super) fn new(
        connections: &'s Arc<Connections>,
        path: &Path,
        connect: impl FnOnce() -> Result<Opened, Error>,
    ) -> Result<Taken<'s>, Error> {
        let mut taken = Taken::to_hold(connections, path, connect)?;
        taken.to_hold = false;
        taken.let_go()?;
        Ok(taken)
    }

    /// A connection for a read that may hold the file.
    pub(super) fn to_hold(
        connections: &'s Arc<Connections>,
        path: &Path,
        connect: impl FnOnce() -> Result<Opened, Error>,
    ) -> Result<Taken<'s>, Error> {
        let now = Instant::now();
        let mut kept = connections.lock();
        if now.saturating_duration_since(kept.looked) >= LOOK {
            kept.look(path, now);
        }
        let to_hold = kept.is_to_hold(now, connections);
        let idle = kept.take();
        kept.taken += 1;
        drop(kept);
        let mut taken = Taken { opened: idle, connections, to_hold };
        if taken.opened.is_none() {
            taken.opened = Some(connect()?);
        }
        Ok(taken)
    }

    /// Runs a read, which leaves the file held where that is to be.
    pub(super) fn held<T>(&mut self, read: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        // The time may be over by now, and all others have let go: who held the file then would do so for ever.
        if self.to_hold && !self.holds && self.connections.lock().joins(Instant::now()) {
            self.holds = true;
            if let Err(error) = self.execute("BEGIN") {
                let _ = self.let_go();
                return Err(error);
            }
        }
        let result = read(&self.connection);
        if result.is_err() {
            // A transaction that cannot be ended is closed with its connection.
            let _ = self.let_go();
        }
        result
    }

    fn let_go(&mut self) -> Result<(), Error> {
        if !std::mem::take(&mut self.holds) {
            return Ok(());
        }
        self.connections.lock().holding -= 1;
        self.execute("COMMIT")
    }
}

impl Deref for Taken<'_> {
    type Target = Opened;

    fn deref(&self) -> &Opened {
        // invariant: it is taken out when this is dropped
        self.opened.as_ref().expect("a connection that is in use")
    }
}

impl DerefMut for Taken<'_> {
    fn deref_mut(&mut self) -> &mut Opened {
        // invariant: as above
        self.opened.as_mut().expect("a connection that is in use")
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut kept = self.connections.lock();
        kept.taken -= 1;
        kept.last = Instant::now();
        let Some(mut opened) = self.opened.take() else { return };
        opened.thread = thread::current().id();
        // A connection that is still inside a transaction would hold its snapshot; it is closed instead.
        let usable = opened.holds || opened.connection.is_autocommit();
        if usable && kept.idle.len() < IDLE_CONNECTIONS && opened.file == kept.file {
            kept.idle.push(opened);
            let last = kept.last;
            kept.let_go(last);
        } else if opened.holds {
            kept.holding -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(path: &Path) -> Result<Opened, Error> {
        let (connection, file) = (Connection::open(path)?, file_id(path));
        let thread = thread::current().id();
        Ok(Opened { connection, file, thread, lock_wait: Duration::MAX, holds: false })
    }

    /// Whether nobody holds the file.
    fn is_free(path: &Path) -> bool {
        let writer = Connection::open(path).expect("the file");
        writer.busy_timeout(Duration::ZERO).expect("no wait");
        writer.execute("UPDATE T SET V = V + 1", []).is_ok()
    }

    #[tokio::test]
    async fn nobody_holds_the_file_behind_its_time() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("t.db");
        let made = Connection::open(&path).expect("a file");
        made.execute_batch("CREATE TABLE T (V INTEGER); INSERT INTO T VALUES (1)").expect("a table");
        let connections = Connections::to(&path);
        let read = |connection: &Connection| {
            Ok(connection.prepare_cached("SELECT V FROM T")?.query_row([], |row| row.get::<_, i64>(0))?)
        };
        let take = || Taken::to_hold(&connections, &path, || connect(&path)).expect("a connection");
        // Late: it was taken to hold the file, and reads when the time for that is over.
        for late in [false, true] {
            let held = loop {
                drop(take());
                let mut taken = take();
                if !taken.to_hold {
                    continue;
                }
                if late {
                    thread::sleep(2 * HOLD);
                    connections.lock().let_go(Instant::now());
                }
                taken.held(read).expect("a row");
                // On a busy machine the time may be over without that.
                if late || taken.holds {
                    break taken;
                }
            };
            assert_eq!(held.holds, !late);
            assert_eq!(is_free(&path), late, "late: {late}");
            drop(held);
            thread::sleep(2 * HOLD);
            drop(take());
            assert!(is_free(&path), "late: {late}");
            let kept = connections.lock();
            assert_eq!((kept.taken, kept.holding, kept.until), (0, 0, None), "late: {late}");
        }
    }
}
