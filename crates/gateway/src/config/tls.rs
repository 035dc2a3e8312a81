//! `[cluster.tls]`: mutual TLS between the nodes of a cluster.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Mistakes;

/// What certificates of nodes are made out to, where nothing else is said.
fn node() -> String {
    "nextlink-node".to_owned()
}

/// Mutual TLS between the nodes, all of them or none. The files are read at the start, and again at SIGHUP.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// File with the certificate of the node (PEM), and those of authorities between it and `ca` behind it. It is used
    /// for calls and for answers, and made out to `name`. No default.
    pub certificate: PathBuf,
    /// File with its private key (PEM). No default.
    pub key: PathBuf,
    /// File with the certificates (PEM) of the authorities that sign those of the nodes; none else is believed, not those
    /// of the operating system either. No default.
    pub ca: PathBuf,
    /// DNS name that the certificates of all nodes are made out to, and by which nodes know one another as nodes: their
    /// addresses may change, and who is where is proved in each call. Default nextlink-node.
    #[serde(default = "node")]
    pub name: String,
}

impl TlsConfig {
    pub(super) fn validate(&self, found: &mut Mistakes) {
        if rustls::pki_types::DnsName::try_from(self.name.as_str()).is_err() {
            found.add("cluster.tls.name", "must be a DNS name such as nextlink-node");
        }
    }
}
