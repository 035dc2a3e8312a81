//! The system database in PostgreSQL, shared by the nodes of a cluster.

mod bridge;
mod connect;
mod nodes;
mod executions;
mod results;
mod sources;

use std::path::Path;
use std::sync::Arc;

use deadpool_postgres::{Object, Pool};
use nextlink_results::peer::NodeFacts;
use nextlink_results::{Moved, Registry, RegistryError};

use crate::error::{Error, told};
use crate::node::System;
use bridge::Bridge;
use results::PostgresResults;

/// The system database in PostgreSQL.
pub struct PostgresSystem {
    bridge: Bridge,
    pool: Pool,
}

impl PostgresSystem {
    /// Connects, and brings the schema up to date. `ca` is a file of certificates (PEM) by which the server's is
    /// checked in place of those of the operating system. May block.
    ///
    /// # Errors
    /// [`Error`].
    pub fn open(url: &str, ca: Option<&Path>) -> Result<Self, Error> {
        let system = Self::connect(url, ca)?;
        let pool = system.pool.clone();
        let migrated = system.bridge.wait(async move { connect::migrate(&pool, connect::STEPS).await });
        migrated.unwrap_or_else(no_answer)?;
        Ok(system)
    }

    /// Connects, and changes nothing; `None` where the schema is not up to date. May block.
    ///
    /// # Errors
    /// [`Error`].
    pub fn look(url: &str, ca: Option<&Path>) -> Result<Option<Self>, Error> {
        let system = Self::connect(url, ca)?;
        let pool = system.pool.clone();
        let current = system.bridge.wait(async move { connect::is_current(&pool, connect::STEPS).await });
        Ok(current.unwrap_or_else(no_answer)?.then_some(system))
    }

    fn connect(url: &str, ca: Option<&Path>) -> Result<Self, Error> {
        let pool = connect::pool(connect::config(url)?, ca)?;
        let bridge = Bridge::start().map_err(|error| Error::Server(error.to_string()))?;
        Ok(Self { bridge, pool })
    }

    /// Reads a URL without using it.
    ///
    /// # Errors
    /// [`Error::Url`].
    pub fn check_url(url: &str) -> Result<(), Error> {
        connect::config(url).map(drop)
    }

    /// Runs statements on a connection of the pool.
    fn call<T: Send + 'static, F: Future<Output = Result<T, tokio_postgres::Error>> + Send>(
        &self,
        run: impl FnOnce(Object) -> F + Send + 'static,
    ) -> Result<T, RegistryError> {
        let pool = self.pool.clone();
        self.bridge.call(async move {
            let refused = |error| RegistryError::Unavailable(connect::refused(&error));
            let connection = pool.get().await.map_err(refused)?;
            run(connection).await.map_err(|error| RegistryError::Unavailable(told(&error)))
        })
    }
}

fn no_answer<T>() -> Result<T, Error> {
    Err(Error::Server("it does not answer in time".into()))
}

impl System for PostgresSystem {
    fn results(self: Arc<Self>, node: &NodeFacts) -> Arc<dyn Registry> {
        Arc::new(PostgresResults { system: self, node: node.id, boot: node.boot })
    }

    fn import(&self, results: &[Moved]) -> Result<u64, RegistryError> {
        self.add_moved(results)
    }
}

impl std::fmt::Debug for PostgresSystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresSystem").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
