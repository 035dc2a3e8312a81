//! `[results]`: how long and how much is stored.

use std::time::Duration;

use nextlink_results::Quotas;
use serde::{Deserialize, Serialize};

use super::Mistakes;

/// A year.
const MAX_MINUTES: f64 = 525_600.0;

/// Stored results.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResultsConfig {
    /// Minutes that a result is kept after its last page was read; 0.5 is half a minute. Default 15.
    pub idle_minutes: f64,
    /// Minutes that a result is kept at most. Default 720.
    pub absolute_minutes: f64,
    /// MiB on disk for all results. Default 16384.
    pub node_mib: u64,
    /// MiB on disk for the results of one source. Default 16384.
    pub source_mib: u64,
    /// MiB on disk for the results of one user. Default 8192.
    pub user_mib: u64,
    /// MiB on disk for one result. Default 4096.
    pub result_mib: u64,
    /// Results at one time. Default 10000.
    pub results: usize,
    /// MiB of the disk that stay free. Default 512.
    pub min_free_mib: u64,
    /// Seconds between two clean-ups. Default 10.
    pub sweep_seconds: u64,
}

impl Default for ResultsConfig {
    fn default() -> ResultsConfig {
        ResultsConfig {
            idle_minutes: 15.0,
            absolute_minutes: 12.0 * 60.0,
            node_mib: 16 * 1024,
            source_mib: 16 * 1024,
            user_mib: 8 * 1024,
            result_mib: 4 * 1024,
            results: 10_000,
            min_free_mib: 512,
            sweep_seconds: 10,
        }
    }
}

impl ResultsConfig {
    pub(super) fn validate(&self, found: &mut Mistakes) {
        let rules = [
            ("results.idle_minutes", self.idle_minutes > 0.0, "must be above 0"),
            (
                "results.absolute_minutes",
                self.absolute_minutes >= self.idle_minutes && self.absolute_minutes <= MAX_MINUTES,
                "must not be below results.idle_minutes, and at most 525600",
            ),
            ("results.sweep_seconds", self.sweep_seconds > 0, "must be above 0"),
        ];
        found.rules(rules);
    }

    /// For the store.
    pub fn quotas(&self) -> Quotas {
        const MIB: u64 = 1 << 20;
        Quotas {
            node_bytes: self.node_mib.saturating_mul(MIB),
            source_bytes: self.source_mib.saturating_mul(MIB),
            user_bytes: self.user_mib.saturating_mul(MIB),
            result_bytes: self.result_mib.saturating_mul(MIB),
            results: self.results,
            min_free_bytes: self.min_free_mib.saturating_mul(MIB),
        }
    }

    /// Idle and absolute expiry.
    pub fn expiry(&self) -> (Duration, Duration) {
        // What was not validated is still no reason to panic.
        let minutes = |minutes: f64| Duration::try_from_secs_f64(minutes * 60.0).unwrap_or_default();
        (minutes(self.idle_minutes), minutes(self.absolute_minutes))
    }
}
