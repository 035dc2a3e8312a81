//! A lock on a table, held until the test lets go.

use super::{Database, GLANCE, STUCK, talk};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Instant;

/// Keeps everybody else from a table, until it is dropped.
#[derive(Debug)]
pub struct TableLock {
    release: Option<Sender<()>>,
    holder: Option<JoinHandle<Result<String, String>>>,
}

impl Database {
    /// Locks a table, and waits until it is locked.
    ///
    /// # Panics
    /// When the server does not lock it.
    #[track_caller]
    pub fn lock(&self, table: &str) -> TableLock {
        let (take, held) = if self.is_postgres() {
            (
                format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;\n"),
                format!(
                    "SELECT 1 FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock' AND relation = '{table}'::regclass"
                ),
            )
        } else {
            // A lock of tables is told by nobody; one by name, which is taken behind it, is.
            let name = format!("{}.{table}", self.name());
            (
                format!("LOCK TABLES {table} WRITE; SELECT GET_LOCK('{name}', 0);\n"),
                format!("SELECT 1 FROM DUAL WHERE IS_USED_LOCK('{name}') IS NOT NULL"),
            )
        };
        let (release, released) = channel::<()>();
        let mut client = self.client();
        let holder = std::thread::spawn(move || {
            talk(&mut client, |to| {
                to.write_all(take.as_bytes())?;
                to.flush()?;
                // The client, and its lock with it, ends with its input.
                let _ = released.recv();
                Ok(())
            })
        });
        let lock = TableLock { release: Some(release), holder: Some(holder) };
        let since = Instant::now();
        while self.query(&held).is_empty() {
            assert!(since.elapsed() < STUCK, "{table} is not locked");
            std::thread::sleep(GLANCE);
        }
        lock
    }

    /// How many statements wait for a lock in this database.
    ///
    /// # Panics
    /// When the server does not say.
    #[track_caller]
    pub fn waiting(&self) -> usize {
        let sql = if self.is_postgres() {
            "SELECT pid FROM pg_locks JOIN pg_database AS d ON d.oid = database \
             WHERE NOT granted AND datname = current_database()"
        } else {
            "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND STATE LIKE 'Waiting for%lock'"
        };
        self.query(sql).len()
    }
}

impl Drop for TableLock {
    fn drop(&mut self) {
        drop(self.release.take());
        let _ = self.holder.take().map(JoinHandle::join);
    }
}
