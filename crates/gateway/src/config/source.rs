//! `[sources.NAME]`: a database that is served.

use std::collections::BTreeMap;

use nextlink_db::location::Location;
use nextlink_sql::mapping::ModelOptions;
use serde::{Deserialize, Serialize};

use super::{ConfigError, bad};

/// A database that is served.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceConfig {
    /// Where it is: `sqlite:/path/to/file.db`.
    pub url: String,
    /// Rows of a page. Default 2000.
    pub page_rows: Option<u64>,
    /// Bytes of rows after which a page is closed early. Default 4194304 (4 MiB).
    pub page_bytes: Option<usize>,
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

/// Rows of a page.
const PAGE_ROWS: u64 = 2_000;
/// Bytes of a page.
const PAGE_BYTES: usize = 4 << 20;

impl SourceConfig {
    /// A source with nothing but its location.
    pub fn at(url: &str) -> SourceConfig {
        SourceConfig { url: url.to_owned(), ..SourceConfig::default() }
    }

    pub(super) fn validate(&self, name: &str) -> Result<(), ConfigError> {
        let key = |field: &str| ["sources.", name, field].concat();
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 64 || !name.chars().all(legal) {
            return Err(bad(&key(""), "a source name has letters, digits, - and _, at most 64"));
        }
        if let Err(error) = self.url.parse::<Location>() {
            return Err(bad(&key(".url"), error.to_string()));
        }
        if !(1..=100_000).contains(&self.page_rows()) {
            return Err(bad(&key(".page_rows"), "must be 1 to 100000"));
        }
        if !(1_024..=16 << 20).contains(&self.page_bytes()) {
            return Err(bad(&key(".page_bytes"), "must be 1024 to 16777216"));
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
