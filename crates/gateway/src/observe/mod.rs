//! Everything that happens is an [`Event`]; logs and metrics are two readers of it.

mod logs;
mod numbers;

use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use nextlink_results::{Event as StoreEvent, Observer};

pub use logs::start as start_logs;
pub use numbers::{Exporter, start as start_metrics};

/// Something that happened.
#[allow(missing_docs)]
pub enum Event<'a> {
    /// A listener is open.
    Listening { what: &'static str, address: std::net::SocketAddr },
    /// A source is served.
    SourceOpened { source: &'a str, sets: usize },
    /// The catalogue of a source was read again; `same`: clients are told the same model.
    SourceRefreshed { source: &'a str, sets: usize, same: bool },
    /// A source could not be opened, or its catalogue not read again; `served`: what was read before is still served.
    SourceFailed { source: &'a str, cause: &'a str, served: bool },
    /// A source is not served any more.
    SourceRemoved { source: &'a str },
    /// The cluster has other sources, or other settings of them, than before.
    SourcesFollowed { revision: u64 },
    /// The cluster has no sources.
    SourcesNone,
    /// Administration has set a source of the cluster.
    SourceSet { source: &'a str },
    /// Administration has removed a source of the cluster.
    SourceUnset { source: &'a str },
    /// The system database does not tell the sources of the cluster.
    SourcesUnread { cause: &'a str },
    /// The sources of the node's own file or command line became those of the cluster, which had none.
    SourcesShared { names: &'a [String] },
    /// Sources of the node's own file or command line that the cluster has with other settings, or has not.
    SourcesNotShared { names: &'a [String] },
    /// A source's database does not accept the login of a client; `told`: so many since the log told of it last, where it is
    /// to tell.
    LoginRefused { source: &'a str, told: Option<u64> },
    /// Something of a source is not served, or other than declared.
    SourceNotice { source: &'a str, notice: &'a str },
    /// A request was answered.
    Answered { answered: Answered<'a> },
    /// A first page was sent in part and broke off.
    BrokenOff { source: &'a str, trace: &'a str, cause: &'a str },
    /// The rest of a result could not be stored.
    NotStored { source: &'a str, trace: &'a str, cause: &'a str },
    /// Something happened in the store of results.
    Store(&'a StoreEvent<'a>),
    /// The node is one of a cluster.
    Joined { name: &'a str, id: &'a dyn Display, boot: u64 },
    /// An earlier start of this node may still be alive elsewhere.
    WaitingForLease { address: &'a str, left: Duration },
    /// The system database does not answer; the lease is not extended. `again`: as before, for the same cause.
    HeartbeatFailed { cause: &'a str, again: bool },
    /// The system database answers again.
    HeartbeatBack { after: Duration },
    /// Another process has registered as this node.
    Fenced { name: &'a str },
    /// A row of the system database that claims to be of a node is not believed.
    NodeDistrusted { id: &'a dyn Display, why: &'a str },
    /// Nodes that were away for too long are known no more.
    NodesForgotten { nodes: u64 },
    /// A call to another node failed.
    CallFailed { cause: &'a str },
    /// A call that does not come from a node of the cluster, or comes again.
    CallRefused { peer: IpAddr, why: &'a str },
    /// The certificates of the node were read again, or could not be.
    CertificatesRead { failed: Option<&'a str> },
    /// A page was asked of the node that holds it.
    PageOwn,
    /// The node has handed over what it held; `left`: what could not be.
    Drained { moved: usize, left: &'a [String] },
    /// A lost result is gone on with by a new execution.
    GoesOn { id: &'a dyn Display, generation: u32 },
    /// A result gets a copy in place of one that is gone with its node.
    CopyRenewed { id: &'a dyn Display },
    /// A copy on another node is given up.
    CopyGivenUp { id: &'a dyn Display, cause: &'a str },
    /// A page came from a copy, as the node that holds the result did not give it.
    PageFromCopy,
    /// A page came from another node.
    PageFetched,
    /// A page of another node was here before it was asked for.
    PageAhead,
    /// A connection of a client failed.
    Connection { cause: &'a str },
    /// No connection of a client could be taken, so many times since this was told last.
    AcceptFailed { cause: &'a str, times: u64 },
    /// The operating system lets the process hold so few handles that there may be only so many connections of clients.
    FewHandles { limit: u64, connections: usize },
    /// All sources are to be read again.
    Refreshing { signal: &'a str },
    /// The server is stopping.
    Stopping { signal: &'a str },
    /// The server has stopped.
    Stopped { connections: usize },
}

/// What is told of an answered request.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Answered<'a> {
    pub method: &'a str,
    pub peer: IpAddr,
    pub source: &'a str,
    /// Behind the name of the source, without the query.
    pub path: &'a str,
    pub kind: &'static str,
    pub status: u16,
    pub code: &'a str,
    pub trace: &'a str,
    pub elapsed: Duration,
    /// What went wrong, for the log only.
    pub cause: Option<&'a str>,
}

/// Tells an event to its readers.
pub fn event(event: &Event<'_>) {
    logs::log(event);
    numbers::count(event);
}

/// Passes on what happens in the store.
pub fn store_observer() -> Arc<dyn Observer> {
    struct Reader;
    impl Observer for Reader {
        fn event(&self, happened: &StoreEvent<'_>) {
            event(&Event::Store(happened));
        }
    }
    Arc::new(Reader)
}
