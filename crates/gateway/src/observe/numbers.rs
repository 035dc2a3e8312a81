//! Metrics in the form of Prometheus.

use std::sync::LazyLock;

use metrics::{
    Counter, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use nextlink_results::{Event as StoreEvent, Stats};

use super::Event;

/// Seconds that the buckets of request times end at.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Whether a source is served.
const UP: &str = "nextlink_source_up";

/// Requests by kind and status.
const REQUESTS: &str = "nextlink_requests_total";
/// How long they took, by kind.
const SECONDS: &str = "nextlink_request_seconds";

/// Gauges, and what they tell.
const GAUGES: [(&str, &str); 7] = [
    (UP, "Whether a source is served."),
    ("nextlink_cluster_other_nodes", "Other nodes of the cluster that live."),
    ("nextlink_results", "Stored results of this node."),
    ("nextlink_result_copies", "Copies of results of other nodes."),
    ("nextlink_results_writing", "Results that are being written."),
    (
        "nextlink_results_bytes",
        "Bytes on disk for stored results and copies, with what is reserved for them.",
    ),
    ("nextlink_results_open_files", "Files of stored results that are open."),
];

/// Counters of what has happened since the start, and what they tell; they are there before anything has.
const COUNTERS: [(&str, &str); 24] = [
    (REQUESTS, "Requests answered, by kind and status."),
    ("nextlink_broken_off_total", "Answers that broke off behind their beginning."),
    (
        "nextlink_not_stored_total",
        "First pages behind which nothing could be stored, so that the rest is read without a snapshot.",
    ),
    ("nextlink_connection_failures_total", "Connections of clients that failed."),
    ("nextlink_logins_refused_total", "Logins of clients that a database refused."),
    ("nextlink_own_pages_total", "Further pages asked of the node that has them."),
    ("nextlink_peer_pages_total", "Further pages fetched from the node that has them."),
    ("nextlink_peer_pages_ahead_total", "Further pages that had been fetched before they were asked for."),
    ("nextlink_copy_pages_total", "Further pages answered from a copy."),
    ("nextlink_result_pages_written_total", "Pages written to disk."),
    ("nextlink_result_pages_read_total", "Pages read from disk."),
    ("nextlink_result_pages_sent_total", "Pages given to other nodes."),
    ("nextlink_result_bytes_written_total", "Bytes of pages written to disk."),
    ("nextlink_result_bytes_read_total", "Bytes of pages read from disk, as they are without compression."),
    ("nextlink_result_pages_damaged_total", "Pages found damaged on disk."),
    ("nextlink_results_expired_total", "Results removed because they had expired."),
    ("nextlink_results_refused_total", "Results for which there was no room: a quota, or the disk."),
    ("nextlink_results_read_on_total", "Results that were lost and read on from the source."),
    ("nextlink_copies_given_up_total", "Copies of results that another node did not take."),
    ("nextlink_copies_renewed_total", "Copies of results that were given to other nodes when one was lost."),
    (
        "nextlink_registry_failures_total",
        "Changes of rows of stored results that the system database did not take.",
    ),
    ("nextlink_heartbeat_failures_total", "Signs of life that the system database did not take."),
    ("nextlink_peer_failures_total", "Calls to other nodes that failed."),
    ("nextlink_peer_refused_total", "Calls of other nodes that were refused."),
];

/// Renders the metrics.
#[derive(Clone)]
pub struct Exporter(PrometheusHandle);

/// Starts counting. To be called once.
///
/// # Errors
/// Another recorder is in place.
pub fn start() -> Result<Exporter, String> {
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).map_err(|e| e.to_string())?;
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|e| e.to_string())?;
    for (name, told) in GAUGES {
        describe_gauge!(name, told);
    }
    for (name, told) in COUNTERS {
        describe_counter!(name, told);
    }
    describe_histogram!(SECONDS, "Seconds until an answer began, by kind of request.");
    Ok(Exporter(handle))
}

impl Exporter {
    /// Puts recorded times into their buckets. Until then each is kept by itself, so this is due now and then even where
    /// nobody asks for the metrics.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }

    /// All metrics as text, with the state of the store as it is now.
    pub fn render(&self, stats: Stats, other_nodes: usize) -> String {
        gauge!("nextlink_cluster_other_nodes").set(other_nodes as f64);
        gauge!("nextlink_results").set(stats.results as f64);
        gauge!("nextlink_result_copies").set(stats.replicas as f64);
        gauge!("nextlink_results_writing").set(stats.writing as f64);
        gauge!("nextlink_results_bytes").set(stats.bytes as f64);
        gauge!("nextlink_results_open_files").set(stats.open_files as f64);
        counter!("nextlink_result_pages_written_total").absolute(stats.pages_written);
        counter!("nextlink_result_pages_read_total").absolute(stats.pages_read);
        counter!("nextlink_result_pages_sent_total").absolute(stats.pages_sent);
        counter!("nextlink_result_bytes_written_total").absolute(stats.bytes_written);
        counter!("nextlink_result_bytes_read_total").absolute(stats.bytes_read);
        counter!("nextlink_results_expired_total").absolute(stats.expired);
        counter!("nextlink_results_refused_total").absolute(stats.refused);
        counter!("nextlink_result_pages_damaged_total").absolute(stats.damaged);
        for (name, _) in COUNTERS.into_iter().filter(|(name, _)| *name != REQUESTS) {
            counter!(name).increment(0);
        }
        LazyLock::force(&HANDLES);
        LazyLock::force(&PAGES);
        self.0.run_upkeep();
        let gone = |line: &&str| line.starts_with(UP) && line.ends_with(" NaN");
        self.0.render().split_inclusive('\n').filter(|line| !gone(&line.trim_end())).collect()
    }
}

/// Counts an event.
pub(super) fn count(event: &Event<'_>) {
    match event {
        Event::Answered { answered: a } => {
            let kind = KINDS.iter().position(|k| *k == a.kind).unwrap_or(0);
            let handles = &HANDLES[kind];
            handles.answered[class(a.status)].increment(1);
            handles.seconds.record(a.elapsed.as_secs_f64());
        }
        Event::SourceOpened { source, .. } | Event::SourceRefreshed { source, .. } => up(source, true),
        Event::SourceFailed { source, served, .. } => up(source, *served),
        Event::SourceRemoved { source } => gone(source),
        Event::LoginRefused { .. } => counter!("nextlink_logins_refused_total").increment(1),
        Event::BrokenOff { .. } => counter!("nextlink_broken_off_total").increment(1),
        Event::NotStored { .. } => counter!("nextlink_not_stored_total").increment(1),
        Event::Connection { .. } => counter!("nextlink_connection_failures_total").increment(1),
        Event::AcceptFailed { times, .. } => counter!("nextlink_connection_failures_total").increment(*times),
        Event::HeartbeatFailed { .. } => counter!("nextlink_heartbeat_failures_total").increment(1),
        Event::CallFailed { .. } => counter!("nextlink_peer_failures_total").increment(1),
        Event::CallRefused { .. } => counter!("nextlink_peer_refused_total").increment(1),
        Event::PageOwn => PAGES.own.increment(1),
        Event::GoesOn { .. } => counter!("nextlink_results_read_on_total").increment(1),
        Event::CopyGivenUp { .. } => counter!("nextlink_copies_given_up_total").increment(1),
        Event::CopyRenewed { .. } => counter!("nextlink_copies_renewed_total").increment(1),
        Event::PageFromCopy => counter!("nextlink_copy_pages_total").increment(1),
        Event::PageFetched => PAGES.peer.increment(1),
        Event::PageAhead => PAGES.ahead.increment(1),
        Event::Store(StoreEvent::RegistryFailed { .. }) => {
            counter!("nextlink_registry_failures_total").increment(1);
        }
        Event::Store(_)
        | Event::Listening { .. }
        | Event::SourceNotice { .. }
        | Event::SourcesFollowed { .. }
        | Event::SourcesNone
        | Event::SourceSet { .. }
        | Event::SourceUnset { .. }
        | Event::SourcesUnread { .. }
        | Event::SourcesShared { .. }
        | Event::SourcesNotShared { .. }
        | Event::Refreshing { .. }
        | Event::Joined { .. }
        | Event::WaitingForLease { .. }
        | Event::HeartbeatBack { .. }
        | Event::Fenced { .. }
        | Event::Drained { .. }
        | Event::CertificatesRead { .. }
        | Event::NodeDistrusted { .. }
        | Event::NodesForgotten { .. }
        | Event::FewHandles { .. }
        | Event::Stopping { .. }
        | Event::Stopped { .. } => {}
    }
}

/// Whether a source is served.
fn up(source: &str, up: bool) {
    gauge!(UP, "source" => source.to_owned()).set(if up { 1.0 } else { 0.0 });
}

/// A series cannot be taken back; one that is no number is left out.
fn gone(source: &str) {
    gauge!(UP, "source" => source.to_owned()).set(f64::NAN);
}

fn class(status: u16) -> usize {
    usize::from(status / 100).clamp(2, 5) - 2
}

/// Kinds of requests.
const KINDS: [&str; 4] = ["read", "page", "metadata", "batch"];

/// Metrics of a kind of requests, looked up once: every request counts in them.
struct Handles {
    answered: [Counter; 4],
    seconds: Histogram,
}

static HANDLES: LazyLock<[Handles; 4]> = LazyLock::new(|| {
    KINDS.map(|kind| Handles {
        answered: ["2xx", "3xx", "4xx", "5xx"]
            .map(|status| counter!(REQUESTS, "kind" => kind, "status" => status)),
        seconds: histogram!(SECONDS, "kind" => kind),
    })
});

/// Metrics of further pages, looked up once.
struct Pages {
    own: Counter,
    peer: Counter,
    ahead: Counter,
}

static PAGES: LazyLock<Pages> = LazyLock::new(|| Pages {
    own: counter!("nextlink_own_pages_total"),
    peer: counter!("nextlink_peer_pages_total"),
    ahead: counter!("nextlink_peer_pages_ahead_total"),
});
