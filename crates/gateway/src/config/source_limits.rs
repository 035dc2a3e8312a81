//! `[sources.NAME.limits]`: limits of one source, in place of those of all.

use nextlink_sql::shape::{Limit, must_be};
use serde::{Deserialize, Serialize, Serializer};

use super::{Config, Mistakes};

/// Limits of one source. Each takes the place of that of all sources, in both directions; those of the model file can only make it tighter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceLimits {
    /// Rows that one request gives at most, on all its pages together, without those of expanded collections. A result with more ends with an error. Default: no limit.
    pub rows: Option<u64>,
    /// As `limits.expression_depth`.
    pub expression_depth: Option<u64>,
    /// As `limits.expand_depth`.
    pub expand_depth: Option<u64>,
    /// As `limits.expand_items`.
    pub expand_items: Option<u64>,
    /// As `limits.list_values`.
    pub list_values: Option<u64>,
    /// As `limits.navigations`.
    pub navigations: Option<u64>,
    /// As `limits.statement_seconds`.
    pub statement_seconds: Option<u64>,
    /// Statements of this source that run at one time, beside `limits.queries` for all of the node. Default: no limit of its own.
    pub queries: Option<u64>,
    /// As `limits.batch_bytes`, for expanded collections.
    pub batch_bytes: Option<u64>,
    /// As `results.source_mib`.
    pub source_mib: Option<u64>,
    /// As `results.result_mib`.
    pub result_mib: Option<u64>,
}

impl SourceLimits {
    /// A limit, if there is one.
    pub fn get(&self, limit: Limit) -> Option<u64> {
        match limit {
            Limit::Rows => self.rows,
            Limit::ExpressionDepth => self.expression_depth,
            Limit::ExpandDepth => self.expand_depth,
            Limit::ExpandItems => self.expand_items,
            Limit::ListValues => self.list_values,
            Limit::Navigations => self.navigations,
            Limit::StatementSeconds => self.statement_seconds,
            Limit::Queries => self.queries,
            Limit::BatchBytes => self.batch_bytes,
            Limit::SourceMib => self.source_mib,
            Limit::ResultMib => self.result_mib,
        }
    }

    /// Those that are set.
    fn set(&self) -> impl Iterator<Item = (Limit, u64)> {
        Limit::ALL.into_iter().filter_map(|limit| Some((limit, self.get(limit)?)))
    }

    /// Checks all values; `table` is the key of the table.
    pub(super) fn validate(&self, table: &str, found: &mut Mistakes) {
        for (limit, _) in self.set().filter(|(limit, value)| !limit.range().contains(value)) {
            found.add(&[table, ".", limit.keys().0].concat(), must_be(&limit.range()));
        }
    }
}

/// Only what is set is written.
impl Serialize for SourceLimits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.set().map(|(limit, value)| (limit.keys().0, value)))
    }
}

impl Config {
    /// The limit of all sources.
    pub fn limit(&self, limit: Limit) -> u64 {
        match limit {
            Limit::Rows => u64::MAX,
            Limit::ExpressionDepth => self.limits.expression_depth as u64,
            Limit::ExpandDepth => self.limits.expand_depth as u64,
            Limit::ExpandItems => self.limits.expand_items as u64,
            Limit::ListValues => self.limits.list_values as u64,
            Limit::Navigations => self.limits.navigations as u64,
            Limit::StatementSeconds => self.limits.statement_seconds,
            Limit::Queries => self.limits.queries as u64,
            Limit::BatchBytes => self.limits.batch_bytes as u64,
            Limit::SourceMib => self.results.source_mib,
            Limit::ResultMib => self.results.result_mib,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_read_and_written_under_its_key() {
        for limit in Limit::ALL {
            let key = limit.keys().0;
            let text = format!("{key} = {}\n", limit.range().start());
            let limits: SourceLimits = toml::from_str(&text).expect(key);
            let found: Vec<_> = limits.set().collect();
            assert_eq!(found, [(limit, *limit.range().start())], "{key}");
            assert_eq!(toml::to_string(&limits).expect(key), text);
            let validate = |limits: &SourceLimits| {
                let mut found = Mistakes::default();
                limits.validate("sources.a.limits", &mut found);
                found.to_string()
            };
            assert_eq!(validate(&limits), "", "{key}");
            let beyond: SourceLimits =
                toml::from_str(&format!("{key} = {}", limit.range().end() + 1)).expect(key);
            let error = validate(&beyond);
            assert!(error.starts_with(&format!("sources.a.limits.{key}: must be ")), "{error}");
        }
    }

    #[test]
    fn the_limits_of_all_sources_are_in_their_ranges() {
        let config = Config::default();
        for limit in Limit::ALL.into_iter().filter(|limit| *limit != Limit::Rows) {
            assert!(limit.range().contains(&config.limit(limit)), "{limit:?}");
        }
    }
}
