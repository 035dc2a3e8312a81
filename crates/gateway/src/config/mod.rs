//! Configuration: a tree of small structs, read from one TOML file, validated once.

mod limits;
mod log;
mod results;
mod cors;
mod server;
mod cookie;
mod tls;
mod cluster;
mod hidden;
mod client_login;
mod source_limits;
mod source;
mod login;
mod paths;
mod mistakes;
mod file;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use client_login::ClientLogin;
pub use cluster::{ClusterConfig, SystemUrl};
pub use cookie::{CookieConfig, SameSite, Secure};
pub use cors::CorsConfig;
pub use hidden::{SourceUrl, without_urls};
pub use limits::LimitsConfig;
pub use log::{LogConfig, LogFormat};
pub use mistakes::Mistakes;
pub use results::ResultsConfig;
pub use server::{HERE, Network, ServerConfig};
pub use source::{OnLoss, SourceConfig, is_source_name, with_model_texts};
pub use tls::TlsConfig;

/// All settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Directory for what the server keeps: node identity, keys, system database, stored results. Created when missing. Default `nextlink-data` in the current directory.
    pub data_dir: PathBuf,
    /// Listeners and links.
    pub server: ServerConfig,
    /// Bounds on what clients can make large.
    pub limits: LimitsConfig,
    /// Stored results.
    pub results: ResultsConfig,
    /// Several nodes that are one service.
    pub cluster: ClusterConfig,
    /// Logs.
    pub log: LogConfig,
    /// The databases, by the name in their URL.
    pub sources: BTreeMap<String, SourceConfig>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            data_dir: PathBuf::from("nextlink-data"),
            server: ServerConfig::default(),
            limits: LimitsConfig::default(),
            results: ResultsConfig::default(),
            cluster: ClusterConfig::default(),
            log: LogConfig::default(),
            sources: BTreeMap::new(),
        }
    }
}

/// What an address of a listener is.
pub const ADDRESS: &str = "an IP address and a port are needed, as in 127.0.0.1:8080";

impl Config {
    /// Checks all values, and adds to the mistakes of what was read.
    ///
    /// # Errors
    /// The values that cannot be used, by their keys.
    pub fn validate(&self, mut found: Mistakes) -> Result<(), Mistakes> {
        self.server.validate(&mut found);
        self.limits.validate(&mut found);
        self.results.validate(&mut found);
        self.cluster.validate(&mut found);
        self.log.validate(&mut found);
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for (name, source) in &self.sources {
            if let Some(other) = seen.insert(name.to_lowercase(), name) {
                let problem =
                    format!("'{other}' and '{name}' differ only in case; source names are case-insensitive");
                found.add("sources", problem);
            }
            source.validate(name, &mut found);
        }
        found.unless_any(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_files_name_the_place() {
        for (text, expected) in [
            ("data_dir = 5", "line 1"),
            ("[server]\nlisen = \"x\"", "line 2"),
            ("[limits]\nurl_bytes = -1", "line 2"),
        ] {
            let error = toml::from_str::<Config>(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn bad_values_name_the_key() {
        for (text, expected) in [
            ("[sources.shop]\nurl = \"oracle:x\"", "sources.shop.url"),
            ("[sources.\"a/b\"]\nurl = \"sqlite:x\"", "sources.a/b"),
            ("[sources.\"postgres://u:p@h/d\"]\nurl = \"sqlite:x\"", "sources.: a source name"),
            ("[sources.A]\nurl = \"sqlite:x\"\n[sources.a]\nurl = \"sqlite:x\"", "sources"),
            ("[sources.a]\nurl = \"sqlite:x\"\npage_rows = 0", "sources.a.page_rows"),
            (
                "[sources.a]\nurl = \"sqlite:x\"\nmodel_text = \"a: 1\"",
                "sources.a.model_text: line 1, column 1: ",
            ),
            ("[sources.a]\nurl = \"sqlite:x\"\nmodel = \"m\"\nmodel_text = \"\"", "sources.a.model_text"),
            ("[sources.a]\nurl = \"sqlite:x\"\nrefresh_seconds = 0", "sources.a.refresh_seconds"),
            ("[sources.a]\nurl = \"sqlite:x\"\nreplicas = 3", "sources.a.replicas: must be 0 to 2"),
            (
                "[sources.a]\nurl = \"sqlite:x\"\nread_only = false",
                "sources.a.read_only: there is no writing",
            ),
            ("[sources.a]\nurl = \"sqlite:x\"\nlimits.rows = 0", "sources.a.limits.rows: must be 1 to "),
            ("[server]\nlisten = \"0.0.0.0:8080\"", "server.listen"),
            ("[server]\npublic_url = \"example.com\"", "server.public_url"),
            ("[server]\nadmin_hosts = [\"http://a\"]", "server.admin_hosts"),
            ("[server]\nadmin_hosts = [\"a:8189\"]", "server.admin_hosts"),
            ("[server.cors]\norigins = [\"app.example\"]", "server.cors.origins"),
            ("[server.cors]\norigins = [\"https://app.example/\"]", "server.cors.origins"),
            ("[server.cors]\norigins = [\"*\"]\ncredentials = true", "server.cors.credentials"),
            ("[limits]\nbody_bytes = 0", "limits.body_bytes"),
            ("[limits]\nqueries = 0", "limits.queries"),
            ("[results]\nidle_minutes = 0", "results.idle_minutes"),
            ("[cluster]\nsystem = \"sqlite:x\"", "cluster.key_file"),
            ("[cluster]\nsystem = \"oracle:x\"\nkey_file = \"k\"", "cluster.system"),
            ("[cluster]\nname = \"a.b\"", "cluster.name"),
            ("[cluster]\naddress = \"0.0.0.0:1\"", "cluster.address"),
            (
                "[cluster]\nsystem = \"sqlite:x\"\nkey_file = \"k\"\nlisten = \"0.0.0.0:8190\"",
                "cluster.address",
            ),
            ("[cluster]\nheartbeat_ms = 6000", "cluster.lease_ms"),
            ("[cluster.cookie]\nname = \"\"", "cluster.cookie.name"),
            ("[cluster.cookie]\nname = \"a;b\"", "cluster.cookie.name"),
            ("[cluster.cookie]\nname = \"a=b\"", "cluster.cookie.name"),
            ("[cluster.cookie]\npath = \"odata\"", "cluster.cookie.path"),
            ("[cluster.cookie]\npath = \"/; Domain=x\"", "cluster.cookie.path"),
            ("[cluster.cookie]\ndomain = \"a b\"", "cluster.cookie.domain"),
            ("[cluster.cookie]\nsame_site = \"none\"\nsecure = \"never\"", "cluster.cookie.same_site"),
            (
                "[cluster.tls]\ncertificate = \"c\"\nkey = \"k\"\nca = \"a\"\nname = \"a b\"",
                "cluster.tls.name",
            ),
            ("[log]\nlevel = \"loud\"", "log.level"),
            ("[log]\nlevel = \"info,nextlink=\"", "log.level"),
        ] {
            let config: Config = toml::from_str(text).expect(text);
            let error = config.validate(Mistakes::default()).expect_err(text).to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_printed_can_be_read() {
        let config = Config::default();
        let text = toml::to_string(&config).expect("defaults can be written");
        let back: Config = toml::from_str(&text).expect("and read");
        assert_eq!(toml::to_string(&back).expect("again"), text);
    }
}
