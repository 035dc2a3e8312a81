//! `[sources.NAME]`: a database that is served.

use std::collections::BTreeMap;
use std::path::PathBuf;

use nextlink_sql::mapping::ModelOptions;
use serde::{Deserialize, Serialize};

use super::client_login::ClientLogin;
use super::hidden::{Password, SourceUrl};
use super::{ConfigError, bad};

/// A database that is served.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceConfig {
    /// Where it is: `sqlite:/path/to/file.db`, `postgres://user:password@host:5432/database` or `mysql://user:password@host:3306/database` (also `mariadb://`). What follows down to `pool_wait_seconds` is for such servers; see [databases.md](databases.md).
    pub url: SourceUrl,
    /// The user, where `url` does not name one.
    pub user: Option<String>,
    /// The password, where `url` does not hold it. `dump-config` prints `***` instead.
    pub password: Option<Password>,
    /// Variable of the environment that holds the password.
    pub password_env: Option<String>,
    /// File that holds the password, without the end of its line. Read again whenever the source is opened.
    pub password_file: Option<PathBuf>,
    /// Whether clients say who reads, by the headers `ddcloud-datasource-user` and `ddcloud-datasource-password`: `never`, `allowed` (also `true`) or `required`; the user above then reads the catalogue only. Default never.
    pub client_login: ClientLogin,
    /// Schemas to serve, for MySQL and MariaDB other databases of the server. Default all but the server's own, for MySQL and MariaDB the database of `url`.
    pub schemas: Option<Vec<String>>,
    /// TLS to the server: `disable`, `prefer` and `require` (unchecked), `verify-ca` (a certificate of `tls_ca`), `verify-full` (for this host). Default prefer.
    pub tls: Option<String>,
    /// PEM file with the certificates to trust. Default those of the system.
    pub tls_ca: Option<PathBuf>,
    /// Seconds to wait for a connection to be made. Default 10.
    pub connect_seconds: Option<u64>,
    /// Connections at most, for each user. From 8 on, PostgreSQL gets up to 4 more that reads by key share. Default 20.
    pub connections: Option<usize>,
    /// Seconds that a request waits for one of them to be free before it is answered with 503. Default 5.
    pub pool_wait_seconds: Option<u64>,
    /// Rows of a page. Default 2000.
    pub page_rows: Option<u64>,
    /// Bytes of rows after which a page is closed early. Default 4194304 (4 MiB).
    pub page_bytes: Option<usize>,
    /// What becomes of a result that is lost with its node before a client has read all of it: `continue` reads on from the last row in the order, from the data as it is then, and says so; `strict` answers with 410. Default continue.
    pub on_loss: OnLoss,
    /// Namespace of the model. Default is made of the source's name.
    pub namespace: Option<String>,
    /// Entity sets in the plural, entity types in the singular. Default false: both as the table.
    pub plural_sets: bool,
    /// Tables and views to serve, with `*` and `?`. Empty serves all.
    pub include: Vec<String>,
    /// Tables and views not to serve.
    pub exclude: Vec<String>,
    /// Key columns of views and tables that have no key of their own.
    pub keys: BTreeMap<String, Vec<String>>,
}

/// What becomes of a result that is lost before a client has read all of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnLoss {
    /// The rest is read anew.
    #[default]
    Continue,
    /// The client has to start again.
    Strict,
}

/// Rows of a page.
const PAGE_ROWS: u64 = 2_000;
/// Bytes of a page.
const PAGE_BYTES: usize = 4 << 20;

/// Whether a text can be the name of a source.
pub fn is_source_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !name.is_empty() && name.len() <= 64 && name.chars().all(legal)
}

impl SourceConfig {
    /// A source with nothing but its location.
    pub fn at(url: &str) -> SourceConfig {
        SourceConfig { url: url.into(), ..SourceConfig::default() }
    }

    pub(super) fn validate(&self, name: &str) -> Result<(), ConfigError> {
        let key = |field: &str| ["sources.", name, ".", field].concat();
        if !is_source_name(name) {
            // What should have been a URL is not repeated.
            let shown = if name.contains([':', '@']) { "" } else { name };
            let problem = "a source name has letters, digits, - and _, at most 64";
            return Err(bad(&["sources.", shown].concat(), problem));
        }
        if !(1..=100_000).contains(&self.page_rows()) {
            return Err(bad(&key("page_rows"), "must be 1 to 100000"));
        }
        if !(1_024..=16 << 20).contains(&self.page_bytes()) {
            return Err(bad(&key("page_bytes"), "must be 1024 to 16777216"));
        }
        Ok(())
    }

    /// Rows of a page.
    pub fn page_rows(&self) -> u64 {
        self.page_rows.unwrap_or(PAGE_ROWS)
    }

    /// Bytes of a page.
    pub fn page_bytes(&self) -> usize {
        self.page_bytes.unwrap_or(PAGE_BYTES)
    }

    /// How the model is made.
    pub fn model_options(&self, name: &str) -> ModelOptions {
        ModelOptions {
            namespace: self.namespace.clone().unwrap_or_else(|| name.replace('-', "_")),
            plural_sets: self.plural_sets,
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            keys: self.keys.clone(),
            ..ModelOptions::default()
        }
    }
}
