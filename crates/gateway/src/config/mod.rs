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

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use client_login::ClientLogin;
pub use cluster::{ClusterConfig, SystemUrl};
pub use cookie::{CookieConfig, SameSite, Secure};
pub use cors::CorsConfig;
pub use hidden::{SourceUrl, without_urls};
pub use limits::LimitsConfig;
pub use log::{LogConfig, LogFormat};
pub use results::ResultsConfig;
pub use server::{HERE, Network, ServerConfig};
pub use source::{OnLoss, SourceConfig, is_source_name, with_model_texts};
pub use source_limits::SourceLimits;
pub use tls::TlsConfig;

/// All settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Directory for what the server keeps: node identity, keys, system database, stored results. Created when missing.
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

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is no valid TOML, or has a key or a value that is not known. The line itself is not shown: it may hold a
    /// password.
    #[error("{}, line {line}, column {column}: {problem}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// Why.
        problem: String,
    },
    /// A value cannot be used.
    #[error("{key}: {problem}")]
    Value {
        /// The key, dotted.
        key: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

/// The key whose value stands at a place of a TOML text.
fn key_at(text: &str, at: usize) -> Option<&str> {
    let line = &text[text[..at].rfind('\n').map_or(0, |end| end + 1)..at];
    let key = line.split_once('=')?.0.trim();
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!key.is_empty() && key.chars().all(is_key)).then_some(key)
}

/// What an address of a listener is.
pub const ADDRESS: &str = "an IP address and a port are needed, as in 127.0.0.1:8080";

/// What is wrong with the value of a key; a value that may be secret is not repeated.
fn named(key: Option<&str>, problem: &str) -> String {
    match key {
        Some(key) if key.contains("password") => format!("{key}: a text in quotes is needed"),
        Some(key) if problem.starts_with("invalid socket address") => format!("{key}: {ADDRESS}"),
        Some(key) => format!("{key}: {problem}"),
        None => problem.to_owned(),
    }
}

/// The line of a TOML text, from 1, in which a dotted key stands.
pub fn line_of(text: &str, key: &str) -> Option<usize> {
    let root = toml::de::DeTable::parse(text).ok()?.into_inner();
    let mut table = &root;
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        let (name, value) = table.iter().find(|(name, _)| name.get_ref().as_ref() == part)?;
        if parts.peek().is_none() {
            return Some(text.get(..name.span().start)?.matches('\n').count() + 1);
        }
        table = value.get_ref().as_table()?;
    }
    None
}

/// A value that cannot be used.
pub(crate) fn bad(key: &str, problem: impl Into<String>) -> ConfigError {
    ConfigError::Value { key: key.to_owned(), problem: problem.into() }
}

impl Config {
    /// Reads a file, whose relative paths begin at its folder; it is validated when all settings are together.
    ///
    /// # Errors
    /// The file cannot be read, or is not right: with line and column.
    pub fn read(path: &Path) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Read { path: path.to_owned(), error })?;
        let mut config: Config = toml::from_str(&text).map_err(|error| {
            let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            let problem = named(key_at(&text, before.len()), &without_urls(error.message()));
            ConfigError::Syntax { path: path.to_owned(), line, column, problem }
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        config.beside(folder, line_of(&text, "data_dir").is_some());
        Ok(config)
    }

    /// Checks all values.
    ///
    /// # Errors
    /// The first value that cannot be used, by its key.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.server.validate()?;
        self.limits.validate()?;
        self.results.validate()?;
        self.cluster.validate()?;
        self.log.validate()?;
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for (name, source) in &self.sources {
            if let Some(other) = seen.insert(name.to_lowercase(), name) {
                let problem =
                    format!("'{other}' and '{name}' differ only in case; source names are case-insensitive");
                return Err(bad("sources", problem));
            }
            source.check(name)?;
        }
        Ok(())
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
            let error = config.validate().expect_err(text).to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn keys_have_lines() {
        let text =
            "data_dir = \"x\"\n[limits]\nqueries = 0\n\n[sources]\na.url = \"x\"\n[sources.b]\nurl = \"y\"\n";
        for (key, expected) in [
            ("data_dir", Some(1)),
            ("limits.queries", Some(3)),
            ("sources.a.url", Some(6)),
            ("sources.b.url", Some(8)),
            ("sources.b.page_rows", None),
            ("limits.queries.x", None),
        ] {
            assert_eq!(line_of(text, key), expected, "{key}");
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
