//! Where the sockets and timers of a driver live: in the runtime it is opened in, or in one of its own.

use std::future::Future;

use tokio::runtime::{Builder, EnterGuard, Handle, Runtime as Own, RuntimeFlavor};

use crate::error::Error;

/// A runtime for sockets and timers.
#[derive(Debug)]
pub struct Runtime {
    handle: Handle,
    own: Option<Own>,
}

impl Runtime {
    /// That of the caller. A caller without one, and one whose only thread may be the one that waits, gets a thread for
    /// itself.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn new() -> Result<Runtime, Error> {
        match Handle::try_current() {
            Ok(handle) if handle.runtime_flavor() != RuntimeFlavor::CurrentThread => {
                Ok(Runtime { handle, own: None })
            }
            _ => {
                let own = Builder::new_multi_thread()
                    .worker_threads(1)
                    .thread_name("nextlink-db")
                    .enable_all()
                    .build()
                    .map_err(|e| Error::Unreachable(e.to_string()))?;
                Ok(Runtime { handle: own.handle().clone(), own: Some(own) })
            }
        }
    }

    /// The runtime itself.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Makes sockets and timers work on this thread, for as long as what it gives is kept.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// Waits on this thread. What the work calls may wait on this thread too, which tokio's own way forbids.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        let _context = self.enter();
        futures_executor::block_on(work)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(own) = self.own.take() {
            // Waiting for its threads is forbidden where the last owner is itself a task.
            own.shutdown_background();
        }
    }
}
