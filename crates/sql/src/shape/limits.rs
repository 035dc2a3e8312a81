//! What clients can make large of one source, and how large it may be.

use std::fmt;
use std::ops::RangeInclusive;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::settings::within;

/// A limit that each source may have for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Limit {
    /// Rows that one request gives, on all its pages together.
    Rows,
    /// Depth of expressions and of parentheses in a URL.
    ExpressionDepth,
    /// Depth of `$expand`.
    ExpandDepth,
    /// Expanded navigation properties of one request.
    ExpandItems,
    /// Values of a list after `in`.
    ListValues,
    /// Navigation properties in paths, lambda operators and counts of one request.
    Navigations,
    /// Seconds that one request may take in the database.
    StatementSeconds,
    /// Statements that run at one time.
    Queries,
    /// Bytes that a batch of rows with their expanded collections may take in memory.
    BatchBytes,
    /// MiB on disk for the results of the source.
    SourceMib,
    /// MiB on disk for one result.
    ResultMib,
}

impl Limit {
    /// All of them, in the order of their numbers.
    pub const ALL: [Limit; 11] = [
        Limit::Rows,
        Limit::ExpressionDepth,
        Limit::ExpandDepth,
        Limit::ExpandItems,
        Limit::ListValues,
        Limit::Navigations,
        Limit::StatementSeconds,
        Limit::Queries,
        Limit::BatchBytes,
        Limit::SourceMib,
        Limit::ResultMib,
    ];

    /// Its keys: that of the configuration and that of a model file.
    pub fn keys(self) -> (&'static str, &'static str) {
        match self {
            Limit::Rows => ("rows", "rows"),
            Limit::ExpressionDepth => ("expression_depth", "expressionDepth"),
            Limit::ExpandDepth => ("expand_depth", "expandDepth"),
            Limit::ExpandItems => ("expand_items", "expandItems"),
            Limit::ListValues => ("list_values", "listValues"),
            Limit::Navigations => ("navigations", "navigations"),
            Limit::StatementSeconds => ("statement_seconds", "statementSeconds"),
            Limit::Queries => ("queries", "queries"),
            Limit::BatchBytes => ("batch_bytes", "batchBytes"),
            Limit::SourceMib => ("source_mib", "sourceMib"),
            Limit::ResultMib => ("result_mib", "resultMib"),
        }
    }

    /// What it may be.
    pub fn range(self) -> RangeInclusive<u64> {
        match self {
            Limit::Rows => 1..=1_000_000_000_000,
            Limit::ExpressionDepth => 1..=64,
            Limit::ExpandDepth => 0..=16,
            Limit::ExpandItems => 0..=1_000,
            Limit::ListValues => 1..=10_000,
            // A database joins no more tables.
            Limit::Navigations => 0..=60,
            Limit::StatementSeconds => 1..=86_400,
            Limit::Queries => 1..=400,
            Limit::BatchBytes => 1_024..=1 << 30,
            Limit::SourceMib | Limit::ResultMib => 0..=1 << 30,
        }
    }
}

/// The limits that a model file has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimitsShape([Option<u64>; Limit::ALL.len()]);

impl LimitsShape {
    /// A limit, if it is told.
    pub fn get(&self, limit: Limit) -> Option<u64> {
        self.0[limit as usize]
    }

    /// Those that are told.
    pub fn told(&self) -> impl Iterator<Item = (Limit, u64)> {
        Limit::ALL.into_iter().filter_map(|limit| Some((limit, self.get(limit)?)))
    }
}

impl<'de> Deserialize<'de> for LimitsShape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LimitsShape, D::Error> {
        deserializer.deserialize_map(Limits)
    }
}

struct Limits;

impl<'de> Visitor<'de> for Limits {
    type Value = LimitsShape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("limits by their names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<LimitsShape, A::Error> {
        let mut limits = LimitsShape::default();
        while let Some(limit) = map.next_key::<Limit>()? {
            limits.0[limit as usize] = map.next_value_seed(Within(limit.range()))?;
        }
        Ok(limits)
    }
}

/// A number of a range, whose place is known where it is another one.
struct Within(RangeInclusive<u64>);

impl<'de> DeserializeSeed<'de> for Within {
    type Value = Option<u64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<u64>, D::Error> {
        within(&self.0, deserializer)
    }
}
