//! The end of a run: its time is over, or nobody waits any more.

use std::time::Instant;

use super::errors::Failed;
use crate::error::Error;
use crate::run::RunOptions;

/// The bounds of a run that has started.
pub struct Bounds<'a> {
    options: &'a RunOptions,
    started: Instant,
}

impl<'a> Bounds<'a> {
    /// A run starts.
    pub fn start(options: &'a RunOptions) -> Bounds<'a> {
        Bounds { options, started: Instant::now() }
    }

    /// What was asked for.
    pub fn options(&self) -> &RunOptions {
        self.options
    }

    /// Work that is given up when the run is to end.
    pub async fn within<T>(&self, work: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
        let deadline = self.started + self.options.timeout;
        tokio::select! {
            biased;
            done = work => done.map_err(|failed| self.named(failed)),
            () = self.options.cancel.cancelled() => Err(Error::Cancelled.into()),
            () = tokio::time::sleep_until(deadline.into()) => Err(self.timed_out().into()),
        }
    }

    /// The same on a thread that may block.
    pub fn wait<T>(&self, work: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
        // Not by the runtime's own means: rows are handed over inside, and whoever takes them may use those.
        futures_executor::block_on(self.within(work))
    }

    /// Whether to go on, for work that has no need to wait.
    ///
    /// # Errors
    /// The run is to end.
    pub fn check(&self) -> Result<(), Error> {
        if self.options.cancel.is_cancelled() {
            Err(Error::Cancelled)
        } else if self.is_over() {
            Err(self.timed_out())
        } else {
            Ok(())
        }
    }

    fn is_over(&self) -> bool {
        self.started.elapsed() >= self.options.timeout
    }

    fn timed_out(&self) -> Error {
        Error::TimedOut { seconds: self.options.timeout.as_secs() }
    }

    /// The server keeps the time as well, and may be first.
    fn named(&self, failed: Failed) -> Failed {
        match failed.error {
            Error::Ended(_) if self.is_over() => Failed { error: self.timed_out(), ..failed },
            _ => failed,
        }
    }
}
