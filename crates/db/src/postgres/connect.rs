//! A database of a PostgreSQL server that is served.

use std::sync::OnceLock;

use nextlink_odata::rows::RowSink;
use nextlink_sql::catalog::Catalog;
use nextlink_sql::notice::Notice;
use nextlink_sql::statement::Program;
use tokio::runtime::{Builder, EnterGuard, Handle, Runtime};

use super::bounds::Bounds;
use super::errors::{Again, Failed};
use super::pools::Pools;
use super::run;
use super::session::Session;
use super::{NAME, introspect};
use crate::error::Error;
use crate::location::Server;
use crate::run::{Outcome, RunOptions};
use crate::sqlite::IntrospectLimits;

/// A database of a PostgreSQL server.
#[derive(Debug)]
pub struct PostgresSource {
    pools: Pools,
    server: Server,
    own: OwnRuntime,
}

/// Where connections live that are made on a thread without a runtime.
#[derive(Debug, Default)]
struct OwnRuntime(OnceLock<Runtime>);

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Not waited for: this may be a thread on which nobody may wait.
            runtime.shutdown_background();
        }
    }
}

impl OwnRuntime {
    /// Makes sockets and clocks work on this thread, if they do not already.
    fn enter(&self) -> Result<Option<EnterGuard<'_>>, Error> {
        if Handle::try_current().is_ok() {
            return Ok(None);
        }
        if self.0.get().is_none() {
            let runtime =
                Builder::new_multi_thread().worker_threads(1).thread_name("postgres").enable_all().build();
            let runtime = runtime.map_err(|e| Error::Server { database: NAME, message: e.to_string() })?;
            // Another thread may have been first; then that one's is used.
            if let Err(late) = self.0.set(runtime) {
                late.shutdown_background();
            }
        }
        Ok(self.0.get().map(Runtime::enter))
    }
}
