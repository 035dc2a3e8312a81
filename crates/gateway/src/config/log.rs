//! `[log]`: form and amount of logs.

use serde::{Deserialize, Serialize};

use super::Mistakes;

/// Logs, written to standard error.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `text` or `json`. Default text.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`; also by module, as in `info,nextlink=debug`. `--log` and the variable `NEXTLINK_LOG` of the environment take its place. Default info.
    pub level: String,
    /// A line for every request, not only for failures, with its path (in which keys stand), without its query, and with
    /// the address that it came from. Default false.
    pub requests: bool,
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig { format: LogFormat::Text, level: "info".to_owned(), requests: false }
    }
}

impl LogConfig {
    pub(super) fn validate(&self, found: &mut Mistakes) {
        const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
        // A single word that is no level would be taken for the name of a module, and nothing would be logged.
        for part in self.level.split(',').map(str::trim) {
            let level = part.rsplit('=').next().unwrap_or_default();
            if !LEVELS.iter().any(|known| level.eq_ignore_ascii_case(known)) {
                let problem = format!("'{part}' is no level; write error, warn, info, debug or trace");
                found.add("log.level", problem);
            }
        }
    }
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
