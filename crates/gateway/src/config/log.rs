//! `[log]`: form and amount of logs.

use serde::{Deserialize, Serialize};

/// Logs, written to standard error.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `text` or `json`. Default text.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`; also by module, as in `info,nextlink=debug`. Default info.
    pub level: String,
    /// A line for every request, not only for failures. Default false.
    pub requests: bool,
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig { format: LogFormat::Text, level: "info".to_owned(), requests: false }
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
