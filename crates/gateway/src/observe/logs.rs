//! Log lines, as text or JSON, on standard error.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nextlink_results::Event as StoreEvent;
use tracing::{debug, error, info, warn};
use tracing_subscriber::EnvFilter;

use super::{Answered, Event};
use crate::config::{LogConfig, LogFormat};

/// Whether every request gets a line.
static REQUESTS: AtomicBool = AtomicBool::new(false);

/// Starts logging. To be called once.
///
/// # Errors
/// The level cannot be read.
pub fn start(config: &LogConfig) -> Result<(), String> {
    let filter = EnvFilter::try_new(&config.level).map_err(|e| format!("log.level: {e}"))?;
    REQUESTS.store(config.requests, Ordering::Relaxed);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    match config.format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Writes the line of an event.
pub(super) fn log(event: &Event<'_>) {
    match event {
        Event::Listening { what, address } => info!(%address, "{what} listening"),
        Event::SourceOpened { .. }
        | Event::SourceRefreshed { .. }
        | Event::SourceFailed { .. }
        | Event::SourceRemoved { .. }
        | Event::SourcesFollowed { .. }
        | Event::SourcesNone
        | Event::SourceSet { .. }
        | Event::SourceUnset { .. }
        | Event::SourcesUnread { .. }
        | Event::SourcesShared { .. }
        | Event::SourcesNotShared { .. } => log_source(event),
        // Whoever asks could fill the log, and users are not named there; they are counted.
        Event::LoginRefused { told: None, .. } => {}
        Event::LoginRefused { source, told: Some(logins) } => {
            warn!(source, logins, "logins of clients were refused by the database");
        }
        Event::SourceNotice { source, notice } => warn!(source, "{notice}"),
        Event::Answered { answered } => log_answered(answered),
        Event::BrokenOff { source, trace, cause } => warn!(source, trace, cause, "first page broke off"),
        Event::NotStored { source, trace, cause } => {
            warn!(source, trace, cause, "result not stored to its end")
        }
        Event::Store(event) => log_store(event),
        Event::Joined { name, id, boot } => info!(name, %id, boot, "joined the cluster"),
        Event::WaitingForLease { address, left } => {
            let seconds = seconds(*left);
            info!(address, seconds, "waiting for the lease of an earlier start to end");
        }
        // Once for each cause, not once for each attempt.
        Event::HeartbeatFailed { again: true, .. } => {}
        Event::HeartbeatFailed { cause, again: false } => {
            warn!(cause, "heartbeat failed: the system database does not answer; it is tried again");
        }
        Event::HeartbeatBack { after } => {
            info!(seconds = seconds(*after), "heartbeat is back: the system database answers again");
        }
        Event::Fenced { name } => error!(name, "another process has registered as this node"),
        Event::NodesForgotten { nodes } => info!(nodes, "nodes that were away for too long are forgotten"),
        Event::NodeDistrusted { id, why } => warn!(%id, why, "row of a node is not believed"),
        Event::CallFailed { cause } => warn!(cause, "call to another node failed"),
        // Whoever can reach the port could fill the log; they are counted.
        Event::CallRefused { peer, why } => debug!(%peer, why, "call refused"),
        Event::CertificatesRead { failed: None } => info!("certificates for other nodes read again"),
        Event::CertificatesRead { failed: Some(cause) } => {
            error!(cause, "certificates for other nodes cannot be read again; those before are used");
        }
        Event::Drained { moved, left: [] } => info!(moved, "stored results handed over"),
        Event::Drained { moved, left } => {
            warn!(moved, left = left.len(), ids = ?left, "stored results handed over, not all of them");
        }
        Event::GoesOn { id, generation } => warn!(%id, generation, "lost result is read on"),
        Event::CopyGivenUp { id, cause } => warn!(%id, cause, "copy of a stored result given up"),
        Event::CopyRenewed { id } => debug!(%id, "stored result is copied anew"),
        Event::PageOwn | Event::PageFetched | Event::PageAhead | Event::PageFromCopy => {}
        Event::Connection { cause } => debug!(cause, "connection failed"),
        Event::AcceptFailed { cause, times } => warn!(cause, times, "connections of clients cannot be taken"),
        Event::FewHandles { limit, connections } => {
            warn!(
                limit,
                connections, "limits.connections is more than the limit of open files leaves room for"
            );
        }
        Event::Refreshing { signal } => info!(signal, "reading all sources again"),
        Event::Stopping { signal } => info!(signal, "stopping"),
        Event::Stopped { connections } => info!(connections, "stopped"),
    }
}

/// Seconds with three digits behind the point.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}

/// A request that was answered: when that went wrong on this side, or when every request gets a line.
fn log_answered(a: &Answered<'_>) {
    // Both can say of people what not everybody wants in logs: keys, and who asks for them.
    let every = REQUESTS.load(Ordering::Relaxed);
    let (path, client) = (every.then_some(a.path), every.then(|| a.peer.to_string()));
    let ms = a.elapsed.as_micros() as f64 / 1e3;
    macro_rules! line {
        ($level:ident, $($more:tt)+) => {
            $level!(
                method = a.method,
                source = a.source,
                path,
                client,
                kind = a.kind,
                status = a.status,
                code = a.code,
                trace = a.trace,
                ms,
                $($more)+
            )
        };
    }
    if a.status >= 500 && a.status != 501 {
        line!(error, cause = a.cause.unwrap_or(""), "request failed");
    } else if every {
        line!(info, "request");
    }
}

/// Writes the line of an event about sources.
fn log_source(event: &Event<'_>) {
    match event {
        Event::SourceOpened { source, sets } => info!(source, sets, "source opened"),
        Event::SourceRefreshed { source, sets, same: true } => {
            info!(source, sets, "source read again, no change")
        }
        Event::SourceRefreshed { source, sets, same: false } => {
            info!(source, sets, "source read again, changed")
        }
        Event::SourceFailed { source, cause, served: true } => {
            warn!(source, cause, "source cannot be read again; it is served as before");
        }
        Event::SourceFailed { source, cause, served: false } => {
            warn!(source, cause, "source cannot be served yet")
        }
        Event::SourceRemoved { source } => info!(source, "source removed"),
        Event::SourcesFollowed { revision } => info!(revision, "the cluster's sources have changed"),
        Event::SourcesNone => warn!("the cluster has no sources yet: `nextlink sources` sets them"),
        Event::SourceSet { source } => info!(source, "source set by administration"),
        Event::SourceUnset { source } => info!(source, "source removed by administration"),
        Event::SourcesUnread { cause } => warn!(cause, "the cluster's sources cannot be read"),
        Event::SourcesShared { names } => {
            info!(?names, "sources of this node's configuration are those of the cluster from now on");
        }
        Event::SourcesNotShared { names } => {
            warn!(
                ?names,
                "sources of this node's configuration are not served as they stand there: those of the cluster count"
            );
        }
        _ => {}
    }
}

fn log_store(event: &StoreEvent<'_>) {
    match event {
        StoreEvent::Damaged { id, page, what } => error!(%id, page, what, "stored page is damaged"),
        StoreEvent::RegistryFailed { what, error } => warn!(what, %error, "system database failed"),
        StoreEvent::RemovalFailed { id, error } => warn!(%id, %error, "stored result cannot be removed"),
        StoreEvent::Adopted { id, pages } => info!(%id, pages, "stored result taken over"),
        StoreEvent::Discarded { name, why } => debug!(name, why, "left-over file removed"),
        StoreEvent::Cleared { files } => info!(files, "left-over files removed"),
        StoreEvent::Interrupted { id, why } => warn!(%id, %why, "stored result is incomplete"),
        StoreEvent::Created { id, source } => debug!(%id, source, "stored result begun"),
        StoreEvent::Completed { id, pages, rows, bytes } => {
            debug!(%id, pages, rows, bytes, "stored result complete");
        }
        StoreEvent::Removed { id, expired } => debug!(%id, expired, "stored result removed"),
        other => tracing::trace!(?other, "store"),
    }
}
