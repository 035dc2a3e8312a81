//! `[sources.NAME]`: a database that is served.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nextlink_sql::mapping::ModelOptions;
use nextlink_sql::shape::{ONLY_READS, PAGE_BYTES, PAGE_ROWS, REFRESH_SECONDS, REPLICAS, Shape, must_be};
use nextlink_sql::zone::Zone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Mistakes;
use super::client_login::ClientLogin;
use super::hidden::{Password, SourceUrl, without_urls};
use super::source_limits::SourceLimits;

/// A database that is served.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Seconds after which a connection that was made with a client's login is made anew before it is used again, so that the database is asked for the login again. Default 300.
    pub client_login_seconds: Option<u64>,
    /// Rows of a page. Default 2000, unless the model file has another number.
    pub page_rows: Option<u64>,
    /// Bytes of rows after which a page is closed early. Default 4194304 (4 MiB), unless the model file has another number.
    pub page_bytes: Option<usize>,
    /// What becomes of a result that is lost with its node before a client has read all of it: `continue` reads on from the last row in the order, from the data as it is then, and says so; `strict` answers with 410. Default continue, unless the model file says `strict`.
    pub on_loss: Option<OnLoss>,
    /// Other nodes that get a copy of each stored result of this source, 0 to 2. Default `cluster.replicas`, unless the model file has another number.
    pub replicas: Option<u64>,
    /// That nothing of it can be changed: `true`. It cannot be otherwise yet.
    pub read_only: Option<bool>,
    /// Model file (YAML) that says how the model is to differ from what the database has; see [model.md](model.md). Read again whenever the source is opened.
    pub model: Option<PathBuf>,
    /// What would stand in such a file, in place of `model`. In a cluster it is this that all nodes have; `nextlink sources` makes it of the file.
    pub model_text: Option<String>,
    /// Seconds after which database and model file are read again, although nobody asks. Default: never, unless the model file has a number; they are at SIGHUP, and when a change shows.
    pub refresh_seconds: Option<u64>,
    /// Time zone in which points in time of the database are meant that say none: a name such as `Europe/Berlin`, or an offset such as `+02:00`. Default UTC, unless the model file has another one.
    pub time_zone: Option<String>,
    /// Namespace of the model. Default is made of the source's name.
    pub namespace: Option<String>,
    /// Entity sets in the plural, entity types in the singular. Default false: both as the table.
    pub plural_sets: bool,
    /// Tables, views and functions of the database to serve, with `*` and `?`. Empty serves all.
    pub include: Vec<String>,
    /// Tables, views and functions of the database not to serve.
    pub exclude: Vec<String>,
    /// Key columns of views and tables that have no key of their own.
    pub keys: BTreeMap<String, Vec<String>>,
    /// Limits of this source, in place of those of all.
    pub limits: SourceLimits,
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

    /// Checks all values of a source of that name.
    ///
    /// # Errors
    /// The values that cannot be used, by their keys.
    pub fn check(&self, name: &str) -> Result<(), Mistakes> {
        let mut found = Mistakes::default();
        self.validate(name, &mut found);
        found.unless_any(())
    }

    /// Reads settings from JSON, with the keys of the file.
    ///
    /// # Errors
    /// What is wrong, without what may be secret.
    pub fn from_json(text: &[u8]) -> Result<SourceConfig, String> {
        serde_json::from_slice(text).map_err(|error| without_urls(&error.to_string()))
    }

    /// All settings that are not as they are by default, as JSON, with passwords as they are: to be sealed at once.
    pub fn revealed(&self) -> Vec<u8> {
        let mut all = self.unusual();
        all.insert("url".to_owned(), self.url.reveal().into());
        if let Some(password) = &self.password {
            all.insert("password".to_owned(), password.reveal().into());
        }
        Value::Object(all).to_string().into_bytes()
    }

    /// All settings that are not as they are by default, with everything hidden that may be secret.
    pub fn unusual(&self) -> Map<String, Value> {
        let map = |config: &SourceConfig| match serde_json::to_value(config) {
            Ok(Value::Object(map)) => map,
            Ok(_) | Err(_) => Map::new(),
        };
        let (mut all, usual) = (map(self), map(&SourceConfig::default()));
        all.retain(|key, value| usual.get(key) != Some(value));
        all
    }

    pub(super) fn validate(&self, name: &str, found: &mut Mistakes) {
        let key = |field: &str| ["sources.", name, ".", field].concat();
        if !is_source_name(name) {
            // What should have been a URL is not repeated.
            let shown = if name.contains([':', '@']) { "" } else { name };
            let problem = "a source name has letters, digits, - and _, at most 64";
            // Nor is it in what could be said of the rest.
            return found.add(&["sources.", shown].concat(), problem);
        }
        let numbers = [
            ("page_rows", self.page_rows, PAGE_ROWS),
            ("page_bytes", self.page_bytes.map(|bytes| bytes as u64), PAGE_BYTES),
            ("refresh_seconds", self.refresh_seconds, REFRESH_SECONDS),
            ("replicas", self.replicas, REPLICAS),
        ];
        for (field, value, range) in numbers {
            if value.is_some_and(|value| !range.contains(&value)) {
                found.add(&key(field), must_be(&range));
            }
        }
        if self.read_only == Some(false) {
            found.add(&key("read_only"), ONLY_READS);
        }
        self.limits.validate(&key("limits"), found);
        if let Some(Err(error)) = self.time_zone.as_deref().map(Zone::parse) {
            found.add(&key("time_zone"), error.to_string());
        }
        if self.model.is_some() && self.model_text.is_some() {
            found.add(&key("model_text"), "give either `model`, a file, or `model_text`");
        }
        if let Some(Err(error)) = self.model_text.as_deref().map(Shape::parse) {
            found.add(&key("model_text"), error.to_string());
        }
        for (field, problem) in self.wrong_access() {
            found.add(&key(field), problem);
        }
    }

    /// Whether there is a model file.
    pub fn has_model(&self) -> bool {
        self.model.is_some() || self.model_text.is_some()
    }

    /// What the model file says, if there is one. Reads it.
    ///
    /// # Errors
    /// It cannot be read, or is not right: with line and column.
    pub fn shape(&self) -> Result<Shape, String> {
        let parsed = |text: &str, place: &str| {
            Shape::parse(text).map_err(|error| [place, ", ", &error.to_string()].concat())
        };
        match (&self.model, &self.model_text) {
            (Some(path), _) => parsed(&model_file(path)?, &path.display().to_string()),
            (None, Some(text)) => parsed(text, "model_text"),
            (None, None) => Ok(Shape::default()),
        }
    }

    /// The same with the text of the model file in the place of its path, so that nodes elsewhere have it, too. Reads it.
    ///
    /// # Errors
    /// As [`SourceConfig::shape`].
    pub fn with_model_text(mut self) -> Result<SourceConfig, String> {
        if let Some(path) = &self.model {
            self.shape()?;
            self.model_text = Some(model_file(path)?);
            self.model = None;
        }
        Ok(self)
    }

    /// How the model is made.
    pub fn model_options(&self, name: &str, shape: Shape) -> ModelOptions {
        ModelOptions {
            shape,
            namespace: self.namespace.clone().unwrap_or_else(|| name.replace('-', "_")),
            plural_sets: self.plural_sets,
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            keys: self.keys.clone(),
            // It was checked.
            time_zone: self.time_zone.as_deref().and_then(|text| Zone::parse(text).ok()),
            ..ModelOptions::default()
        }
    }
}

/// Sources with the texts of their model files, which other nodes do not have. Reads the files.
///
/// # Errors
/// Those that cannot be read, or are not right.
pub fn with_model_texts(
    sources: &BTreeMap<String, SourceConfig>,
) -> Result<BTreeMap<String, SourceConfig>, Mistakes> {
    let (mut found, mut all) = (Mistakes::default(), BTreeMap::new());
    for (name, source) in sources {
        match source.clone().with_model_text() {
            Ok(source) => drop(all.insert(name.clone(), source)),
            Err(problem) => found.add(&["sources.", name, ".model"].concat(), problem),
        }
    }
    found.unless_any(all)
}

/// Reads a model file.
fn model_file(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_settings_are_kept_as_json() {
        let every = r#"
            url = "postgres://h/d?sslmode=require"
            user = "ü"
            password = "p\"*"
            client_login = "allowed"
            client_login_seconds = 30
            schemas = ["a", "b"]
            tls = "require"
            tls_ca = "/ca.pem"
            connect_seconds = 3
            connections = 4
            pool_wait_seconds = 5
            page_rows = 6
            page_bytes = 7000
            on_loss = "strict"
            model = "m.yaml"
            refresh_seconds = 60
            time_zone = "Europe/Berlin"
            namespace = "n"
            plural_sets = true
            include = ["x*"]
            exclude = ["y"]
            keys = { v = ["k", "l"] }
            replicas = 2
            read_only = true
            limits = { rows = 5, queries = 2 }
        "#;
        let other = "url = 'mysql://u@h/d'\npassword_env = 'E'";
        for (text, settings) in [
            ("url = 'sqlite:x'", 1),
            (other, 2),
            ("url = 'mysql://u@h/d'\npassword_file = 'F'", 2),
            ("url = 'sqlite:x'\nmodel_text = 'entities: {}'", 2),
            (every, 25),
        ] {
            let config: SourceConfig = toml::from_str(text).expect(text);
            let kept = config.revealed();
            assert_eq!(SourceConfig::from_json(&kept), Ok(config), "{text}");
            let kept: Map<String, Value> = serde_json::from_slice(&kept).expect("JSON");
            // What is as usual is left out, so that earlier versions can read what they know.
            assert_eq!(kept.len(), settings, "{text}: {kept:?}");
        }
        let known = serde_json::to_value(SourceConfig::default()).expect("it can be written");
        let ways = ["password_env", "password_file", "model_text"];
        let set = every.lines().filter_map(|line| line.split_once('=')).map(|(key, _)| key.trim());
        let set: Vec<&str> = set.chain(ways).collect();
        for key in known.as_object().expect("a table").keys() {
            assert!(set.contains(&key.as_str()), "{key} is in this test");
        }
    }

    #[test]
    fn bad_json_is_refused_without_what_is_secret() {
        for text in [
            "",
            "5",
            "\"postgres://u:S3CRET@h/d\"",
            "{\"url\": \"postgres://u:S3CRET@h/d\", \"pass\": 1}",
            "{\"url\": \"postgres://u:S3CRET@h/d\"",
            "{\"password\": [\"S3CRET\"]}",
            "{\"url\": [\"postgres://u:S3CRET@h/d\"]}",
            "{\"page_rows\": \"postgres://u:S3CRET@h/d\"}",
        ] {
            let error = SourceConfig::from_json(text.as_bytes()).expect_err(text);
            assert!(!error.contains("S3CRET"), "{text}: {error}");
        }
    }
}
