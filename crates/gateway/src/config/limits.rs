//! `[limits]`: a number on everything that a client can make large.

use nextlink_odata::url::ParseOptions;
use serde::{Deserialize, Serialize};

use super::Mistakes;

/// Bounds on what clients can make large.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Bytes of path and query of a URL. Default 16384.
    pub url_bytes: usize,
    /// Depth of expressions and of parentheses in a URL, at most 64. Default 64.
    pub expression_depth: usize,
    /// Depth of `$expand`. Default 8.
    pub expand_depth: usize,
    /// Expanded navigation properties of one request. Default 50.
    pub expand_items: usize,
    /// Values of a list after `in`. Default 1000.
    pub list_values: usize,
    /// Navigation properties in paths, lambda operators and counts of one request. Default 50.
    pub navigations: usize,
    /// Bytes of the header of a request. Default 65536.
    pub header_bytes: usize,
    /// Bytes of the body of a request. Default 1048576 (1 MiB).
    pub body_bytes: usize,
    /// MiB of memory for the bodies of all requests; more are answered with 503. Default 256.
    pub bodies_mib: usize,
    /// Seconds that a body may take to come. Default 60.
    pub body_seconds: u64,
    /// Requests of a `$batch`. Default 1000.
    pub batch_requests: usize,
    /// Seconds after which no further request of a `$batch` is begun. Default 600.
    pub batch_seconds: u64,
    /// Seconds that one request may take in the database. Default 300.
    pub statement_seconds: u64,
    /// Seconds to wait for a lock of another process on a database. Default 5.
    pub lock_wait_seconds: u64,
    /// Statements that run at one time; further requests wait. Default 64.
    pub queries: usize,
    /// Seconds that a request waits for its turn before it is answered with 503. Default 10.
    pub queue_seconds: u64,
    /// Seconds that a request waits for a page that is not written yet before it is answered with 503. Default 25.
    pub page_wait_seconds: u64,
    /// Bytes that a batch of rows with their expanded collections may take in memory. Default 33554432 (32 MiB).
    pub batch_bytes: usize,
    /// Connections of clients at one time. Default 10000; no more than the limit of open files of the process (raised as far as it may be) leaves room for, with 512 for all else.
    pub connections: usize,
    /// Seconds that a client may take for the header of a request, and between two requests; up to half as long again where
    /// there was one before. Default 30.
    pub header_seconds: u64,
    /// Seconds for which a client may take nothing of a first page before it is given up; its statement only waits for it where memory is short. Default 120.
    pub slow_client_seconds: u64,
    /// MiB of memory for what slow clients have not yet taken of first pages. Where more is not taken, a statement waits for its client until somebody else needs its place. Default 128.
    pub slow_clients_mib: usize,
}

impl Default for LimitsConfig {
    fn default() -> LimitsConfig {
        LimitsConfig {
            url_bytes: 16 * 1024,
            expression_depth: 64,
            expand_depth: 8,
            expand_items: 50,
            list_values: 1_000,
            navigations: 50,
            header_bytes: 64 * 1024,
            body_bytes: 1024 * 1024,
            bodies_mib: 256,
            body_seconds: 60,
            batch_requests: 1_000,
            batch_seconds: 600,
            statement_seconds: 300,
            lock_wait_seconds: 5,
            queries: 64,
            queue_seconds: 10,
            page_wait_seconds: 25,
            batch_bytes: 32 * 1024 * 1024,
            connections: 10_000,
            header_seconds: 30,
            slow_client_seconds: 120,
            slow_clients_mib: 128,
        }
    }
}

impl LimitsConfig {
    pub(super) fn validate(&self, found: &mut Mistakes) {
        let rules = [
            ("limits.url_bytes", (256..=65_000).contains(&self.url_bytes), "must be 256 to 65000"),
            ("limits.expression_depth", (1..=64).contains(&self.expression_depth), "must be 1 to 64"),
            ("limits.expand_depth", self.expand_depth <= 16, "must be 0 to 16"),
            ("limits.list_values", (1..=10_000).contains(&self.list_values), "must be 1 to 10000"),
            (
                "limits.navigations",
                self.navigations <= 60,
                "must be 0 to 60, as a database joins no more tables",
            ),
            (
                "limits.header_bytes",
                (8_192..=1 << 20).contains(&self.header_bytes),
                "must be 8192 to 1048576",
            ),
            ("limits.body_bytes", (1_024..=1 << 30).contains(&self.body_bytes), "must be 1024 to 1073741824"),
            (
                "limits.bodies_mib",
                self.bodies_mib <= 1 << 20 && self.bodies_mib << 20 >= self.body_bytes,
                "must have room for `body_bytes`",
            ),
            ("limits.batch_requests", self.batch_requests > 0, "must be above 0"),
            ("limits.batch_seconds", self.batch_seconds > 0, "must be above 0"),
            ("limits.body_seconds", self.body_seconds > 0, "must be above 0"),
            ("limits.queries", (1..=400).contains(&self.queries), "must be 1 to 400"),
            ("limits.statement_seconds", self.statement_seconds > 0, "must be above 0"),
            ("limits.connections", self.connections > 0, "must be above 0"),
            ("limits.header_seconds", self.header_seconds > 0, "must be above 0"),
            ("limits.slow_clients_mib", self.slow_clients_mib <= 1 << 20, "must be 0 to 1048576"),
            ("limits.slow_client_seconds", self.slow_client_seconds > 0, "must be above 0"),
        ];
        found.rules(rules);
    }

    /// For the parser of URLs.
    pub fn parse_options(&self) -> ParseOptions {
        ParseOptions {
            max_depth: self.expression_depth as u32,
            max_url_bytes: self.url_bytes,
            ..ParseOptions::default()
        }
    }
}
