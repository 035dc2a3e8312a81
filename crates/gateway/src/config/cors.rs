//! `[server.cors]`: pages of other origins that may read.

use http::HeaderValue;
use serde::{Deserialize, Serialize};

use super::Mistakes;

/// Pages of other origins, whose scripts browsers let read an answer only where it says so.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorsConfig {
    /// Origins that may, as in `https://app.example.com`, or `*` for all. Default none.
    pub origins: Vec<String>,
    /// Whether their requests may bring cookies and logins of the browser along; not together with `*`. Default false.
    pub credentials: bool,
    /// Seconds that a browser may remember what it may send. Default 600.
    pub max_age_seconds: u64,
}

impl Default for CorsConfig {
    fn default() -> CorsConfig {
        CorsConfig { origins: Vec::new(), credentials: false, max_age_seconds: 600 }
    }
}

impl CorsConfig {
    pub(super) fn validate(&self, found: &mut Mistakes) {
        if let Some(origin) = self.origins.iter().find(|origin| !is_origin(origin)) {
            let problem = format!(
                "'{origin}' is no origin; write scheme, host and port alone, as in https://app.example.com, or *"
            );
            found.add("server.cors.origins", problem);
        }
        if self.credentials && self.any() {
            found.add("server.cors.credentials", "name the origins; with `*` any page could read");
        }
    }

    /// Whether all origins may read.
    pub fn any(&self) -> bool {
        self.origins.iter().any(|origin| origin == "*")
    }
}

/// What browsers send as `Origin` (RFC 6454 section 6.2), or `*`.
fn is_origin(text: &str) -> bool {
    let host = |rest: &str| {
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']');
        !rest.is_empty() && rest.bytes().all(legal)
    };
    let scheme = |scheme: &str| {
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(legal)
    };
    let named = text.split_once("://").is_some_and(|(before, rest)| scheme(before) && host(rest));
    text == "*" || (named && HeaderValue::from_str(text).is_ok())
}
