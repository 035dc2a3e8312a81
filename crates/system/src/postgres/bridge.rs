//! The way from methods that block to a driver that does not: a thread of its own, on which the driver runs. So the
//! methods can be called from any thread.

use std::io;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use nextlink_results::RegistryError;
use tokio::runtime::{Builder, Runtime};

/// The longest that one call may take.
const CALL: Duration = Duration::from_secs(5);

pub(super) struct Bridge {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
}

impl Bridge {
    pub(super) fn start() -> io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("system").enable_all().build()?;
        Ok(Self { runtime: Some(runtime) })
    }

    /// Runs a call to its end, but not for ever.
    pub(super) fn call<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, RegistryError>> + Send + 'static,
    ) -> Result<T, RegistryError> {
        let done = self.wait(async move { tokio::time::timeout(CALL, call).await });
        let late = || Err(RegistryError::Unavailable("it does not answer in time".into()));
        done.and_then(Result::ok).unwrap_or_else(late)
    }

    /// Runs something to its end; `None` when it panicked.
    pub(super) fn wait<T: Send + 'static>(
        &self,
        what: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (send, receive) = sync_channel(1);
        self.runtime.as_ref()?.spawn(async move {
            let done = what.await;
            // Nobody may wait any more; then nobody has to be told.
            let _ = send.send(done);
        });
        receive.recv().ok()
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Other than a plain drop this is allowed on any thread.
            runtime.shutdown_background();
        }
    }
}
