//! `serve`: opens everything, prints where it is, and serves.

use std::net::SocketAddr;
use std::sync::Arc;

use super::out::say;
use crate::config::Config;
use crate::observe;
use crate::server::{self, Listeners};
use crate::state::State;

/// Serves a configuration; `banner` is printed when the listeners are open.
pub fn serve(config: Config, banner: impl FnOnce(&State, SocketAddr)) -> anyhow::Result<()> {
    observe::start_logs(&config.log).map_err(anyhow::Error::msg)?;
    let exporter = observe::start_metrics().map_err(anyhow::Error::msg)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let state = server::open(config, exporter).await?;
        let cluster = state.cluster.as_ref().and_then(|cluster| Some((cluster, cluster.listening()?)));
        if let Some((cluster, address)) = cluster {
            say!("node {} on {}://{address}", cluster.own.name, cluster.scheme());
        }
        let listeners = Listeners::open(&state.config).await?;
        let (public, admin) = listeners.addresses()?;
        say!("listening on http://{public}");
        say!("admin on http://{admin}");
        banner(&state, public);
        server::serve(Arc::clone(&state), listeners).await;
        anyhow::Ok(())
    })?;
    // Statements of clients that are gone end by themselves; the process does not wait for them.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    Ok(())
}

/// Says where the sources are.
pub fn banner(state: &State, public: SocketAddr) {
    for slot in state.slots.all() {
        let later = if slot.served(None).is_ok() { "" } else { " (its database cannot be read yet)" };
        say!("{}: http://{public}/api/odata4/{}/{later}", slot.name, slot.name);
    }
}
