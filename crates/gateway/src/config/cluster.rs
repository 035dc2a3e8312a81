//! `[cluster]`: several nodes that are one service.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::Mistakes;
use super::cookie::CookieConfig;
use super::server::Network;
use super::tls::TlsConfig;

/// Several nodes that are one service. Without `system` the node is alone, and listens to no other.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterConfig {
    /// The system database that all nodes share: `postgres://user:password@host/database`, or, for nodes on one
    /// machine, `sqlite:/path/to/system.db`. Default: none, the node is alone and keeps its own in `data_dir`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemUrl>,
    /// File of certificates (PEM) by which the certificate of the system database is checked. Default: those of the
    /// operating system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_ca: Option<PathBuf>,
    /// File with the keys of the cluster, the same on all nodes, mode 0600: that of a first node (`keys` in its
    /// `data_dir`), or a new one from `nextlink new-keys FILE`. No default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// Name of the node: letters, digits and hyphens, at most 32. Default: n1, n2, … in the order of first starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Address of the listener for the other nodes; not for the public network. Default 127.0.0.1:8190.
    pub listen: SocketAddr,
    /// Address at which the other nodes reach that listener, where it is another one. Default: that of `listen`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<SocketAddr>,
    /// Networks in which the other nodes are; no node elsewhere is asked or answered. Default: the private ones.
    pub networks: Vec<Network>,
    /// Milliseconds between two signs of life in the system database. Default 2000.
    pub heartbeat_ms: u64,
    /// Milliseconds without a sign of life after which a node is given up. Default 10000.
    pub lease_ms: u64,
    /// Milliseconds that another node may take to answer. Default 1500.
    pub answer_ms: u64,
    /// Calls to one other node at one time; further ones wait. Default 64.
    pub calls: usize,
    /// Pages of other nodes that are fetched before they are asked for, at one time. Default 16.
    pub read_ahead: usize,
    /// Whether tokens of pages begin with the name of the node that holds the result, as in `$skiptoken=n1--…`, so that
    /// load balancers can send a request there; the same on all nodes. Default true.
    pub route: bool,
    /// The cookie that says the same.
    pub cookie: CookieConfig,
    /// Mutual TLS between the nodes. Default: none; calls are signed, and pages are encrypted, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsConfig>,
    /// Milliseconds that a node that is to end goes on taking requests before it hands over what it holds, so that load
    /// balancers notice. Default 2000.
    pub drain_grace_ms: u64,
    /// Status by which such a node says that it is not ready: 503, or 404 for load balancers such as HAProxy that then
    /// take it out softly. Default 503.
    pub drain_status: u16,
    /// Seconds that handing over may take. Default 30.
    pub drain_seconds: u64,
    /// Other nodes that get a copy of each stored result, 0 to 2. Default 1; a node that is alone keeps none.
    pub replicas: usize,
    /// Milliseconds that the node with a result may be silent before those with copies are asked, too. Default 300.
    pub hedge_ms: u64,
    /// Hours without a sign of life after which the row of a node is removed from the system database, once its results
    /// have expired; fractions are allowed. Should it come back, it is a new one. Default 24.
    pub forget_hours: f64,
}

impl Default for ClusterConfig {
    fn default() -> ClusterConfig {
        const PRIVATE: [&str; 7] = [
            "127.0.0.0/8",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "::1/128",
            "fc00::/7",
            "fe80::/10",
        ];
        ClusterConfig {
            system: None,
            system_ca: None,
            key_file: None,
            name: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8190)),
            address: None,
            networks: PRIVATE.iter().filter_map(|network| network.parse().ok()).collect(),
            heartbeat_ms: 2_000,
            lease_ms: 10_000,
            answer_ms: 1_500,
            calls: 64,
            read_ahead: 16,
            route: true,
            cookie: CookieConfig::default(),
            tls: None,
            drain_grace_ms: 2_000,
            drain_status: 503,
            drain_seconds: 30,
            replicas: 1,
            hedge_ms: 300,
            forget_hours: 24.0,
        }
    }
}

impl ClusterConfig {
    pub(super) fn validate(&self, found: &mut Mistakes) {
        let named = |name: &String| {
            (1..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let rules = [
            (
                "cluster.key_file",
                self.system.is_none() || self.key_file.is_some(),
                "must be set where cluster.system is",
            ),
            (
                "cluster.name",
                self.name.as_ref().is_none_or(named),
                "must be 1 to 32 letters, digits and hyphens",
            ),
            (
                "cluster.address",
                self.system.is_none() || self.address.is_some() || !self.listen.ip().is_unspecified(),
                "must be set where cluster.listen is no address that other nodes can use",
            ),
            (
                "cluster.address",
                self.address.is_none_or(|a| !a.ip().is_unspecified() && a.port() != 0),
                "must be an address and a port that other nodes can use",
            ),
            ("cluster.heartbeat_ms", (50..=60_000).contains(&self.heartbeat_ms), "must be 50 to 60000"),
            (
                "cluster.lease_ms",
                self.lease_ms >= self.heartbeat_ms.saturating_mul(2) && self.lease_ms <= 600_000,
                "must be at least twice cluster.heartbeat_ms, and at most 600000",
            ),
            ("cluster.answer_ms", (50..=60_000).contains(&self.answer_ms), "must be 50 to 60000"),
            ("cluster.calls", (1..=1_000).contains(&self.calls), "must be 1 to 1000"),
            ("cluster.drain_grace_ms", self.drain_grace_ms <= 600_000, "must be at most 600000"),
            ("cluster.drain_status", matches!(self.drain_status, 404 | 503), "must be 404 or 503"),
            ("cluster.drain_seconds", self.drain_seconds <= 3_600, "must be at most 3600"),
            ("cluster.replicas", self.replicas <= 2, "must be 0 to 2"),
            ("cluster.hedge_ms", (10..=60_000).contains(&self.hedge_ms), "must be 10 to 60000"),
            (
                "cluster.forget_hours",
                (0.0001..=8_760.0).contains(&self.forget_hours),
                "must be 0.0001 to 8760",
            ),
            ("cluster.read_ahead", self.read_ahead <= 1_000, "must be 0 to 1000"),
        ];
        found.rules(rules);
        self.cookie.validate(found);
        if let Some(tls) = &self.tls {
            tls.validate(found);
        }
        if let Some(Err(error)) = self.system.as_ref().map(|url| nextlink_system::check_url(url.reveal())) {
            found.add("cluster.system", error.to_string());
        }
    }

    /// How long a node lives without a sign of life.
    pub fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms)
    }

    /// How long another node may take to answer.
    pub fn answer(&self) -> Duration {
        Duration::from_millis(self.answer_ms)
    }

    /// How long the node with a result may be silent before others are asked.
    pub fn hedge(&self) -> Duration {
        Duration::from_millis(self.hedge_ms)
    }

    /// How long a node is known without a sign of life.
    pub fn forget(&self) -> Duration {
        Duration::from_secs_f64(self.forget_hours * 3_600.0)
    }

    /// Time between two signs of life.
    pub fn heartbeat(&self) -> Duration {
        Duration::from_millis(self.heartbeat_ms)
    }
}

/// The URL of the system database; shown without user and password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SystemUrl(String);

impl SystemUrl {
    /// The URL with all that is in it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for SystemUrl {
    fn from(url: String) -> SystemUrl {
        SystemUrl(url)
    }
}

impl fmt::Debug for SystemUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&nextlink_system::shown(&self.0))
    }
}

impl Serialize for SystemUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&nextlink_system::shown(&self.0))
    }
}
