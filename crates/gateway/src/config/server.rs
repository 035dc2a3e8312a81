//! `[server]`: listeners, and what links look like from outside.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{CorsConfig, Mistakes};

/// Listeners and links.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address of the public listener. Default 127.0.0.1:8080.
    pub listen: SocketAddr,
    /// Address of the administration listener (metrics, health). Default 127.0.0.1:8189; keep it off public networks.
    pub admin_listen: SocketAddr,
    /// Names by which the administration listener may be asked, besides IP addresses and `localhost`: others are refused, as pages in browsers could use them to reach it. Default none.
    pub admin_hosts: Vec<String>,
    /// Whether sources of a cluster can be changed over the administration listener, where nobody logs in; `nextlink sources` can in any case. Default: where it listens on a loopback address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_sources: Option<bool>,
    /// Allows listening on other addresses than loopback although nobody has to log in. Default false.
    pub allow_anonymous_network: bool,
    /// Base of all links, as in `https://data.example.com`; without it links follow the request.
    pub public_url: Option<String>,
    /// Whether links leave scheme and host to the client, as in `/api/odata4/shop/…`. Some clients need them. Default false.
    pub relative_links: bool,
    /// Networks of load balancers whose forwarding headers are believed, as in `10.0.0.0/8`. Default none.
    pub trusted_proxies: Vec<Network>,
    /// Hosts that links may name; empty allows all. Others are answered with 400.
    pub allowed_hosts: Vec<String>,
    /// Where the standard vocabularies are referenced in `$metadata`.
    pub vocabulary_url: String,
    /// Folder with the standard vocabularies (`Org.OData.Core.V1.xml`, `Org.OData.Core.V1.json`, …), read at the start: the node serves its files at `/api/vocabularies/`, and `$metadata` references them there instead of at `vocabulary_url`, so that clients that follow references need nothing else. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vocabulary_folder: Option<PathBuf>,
    /// Seconds that requests may go on after a stop was asked for; whoever asks for it again does not wait for them. Default 30.
    pub shutdown_seconds: u64,
    /// Pages of other origins that may read.
    pub cors: CorsConfig,
}

impl Default for ServerConfig {
    fn default() -> ServerConfig {
        ServerConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_listen: SocketAddr::from(([127, 0, 0, 1], 8189)),
            admin_hosts: Vec::new(),
            admin_sources: None,
            allow_anonymous_network: false,
            public_url: None,
            relative_links: false,
            trusted_proxies: Vec::new(),
            allowed_hosts: Vec::new(),
            vocabulary_url: nextlink_odata::csdl::VOCABULARIES.to_owned(),
            vocabulary_folder: None,
            shutdown_seconds: 30,
            cors: CorsConfig::default(),
        }
    }
}

impl ServerConfig {
    pub(super) fn validate(&self, found: &mut Mistakes) {
        for (key, address) in [("server.listen", self.listen), ("server.admin_listen", self.admin_listen)] {
            if !address.ip().is_loopback() && !self.allow_anonymous_network {
                let problem = format!(
                    "{address} is not a loopback address, and nobody has to log in; set \
                     server.allow_anonymous_network = true if everybody who can reach it may read all data"
                );
                found.add(key, problem);
            }
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if let Some(host) = self.admin_hosts.iter().find(|host| host.is_empty() || !host.chars().all(is_name))
        {
            let problem = format!("'{host}' is no name of a host; write it without scheme and port");
            found.add("server.admin_hosts", problem);
        }
        if let Some(url) = &self.public_url {
            let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
            if rest.is_none_or(|r| r.is_empty() || r.contains(['?', '#', ' ', '"', '\\'])) {
                let problem = format!(
                    "'{url}' is no base of links; it starts with http:// or https:// and has no query"
                );
                found.add("server.public_url", problem);
            }
        }
        self.cors.validate(found);
    }

    /// What addresses of vocabularies begin with: a URL, or [`HERE`].
    pub fn vocabularies(&self) -> &str {
        if self.vocabulary_folder.is_some() { HERE } else { &self.vocabulary_url }
    }

    /// Whether sources can be changed over the administration listener.
    pub fn may_change_sources(&self) -> bool {
        self.admin_sources.unwrap_or(self.admin_listen.ip().is_loopback())
    }
}

/// Stands in metadata documents where the address of the node will be.
pub const HERE: &str = "nextlink-vocabularies:";

/// An IP network: an address, and how many of its leading bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether an address lies in it.
    pub fn contains(&self, other: IpAddr) -> bool {
        match (self.address, other.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                u32::from(a) & mask == u32::from(b) & mask
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                u128::from(a) & mask == u128::from(b) & mask
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Network, String> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let problem = || format!("'{text}' is no network; write 10.0.0.0/8 or one address");
        let address: IpAddr = address.parse().map_err(|_| problem())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |b| b.parse::<u8>().map_err(|_| problem()))?;
        if bits > most {
            return Err(problem());
        }
        Ok(Network { address, bits })
    }
}

impl Serialize for Network {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}/{}", self.address, self.bits))
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Network, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        for (network, address, expected) in [
            ("10.0.0.0/8", "10.200.3.4", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "10.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
        ] {
            let network: Network = network.parse().expect(network);
            assert_eq!(network.contains(address.parse().expect(address)), expected, "{network:?} {address}");
        }
        for bad in ["10.0.0.0/33", "x", "10.0.0.0/", "::1/129"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}
