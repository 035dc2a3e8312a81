//! `[cluster.cookie]`: the cookie by which a load balancer finds the node that holds a result.

use serde::{Deserialize, Serialize};

use super::Mistakes;

/// The cookie by which a load balancer can find the node that holds a result. It is a hint: any node serves any page.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CookieConfig {
    /// Whether nodes of a cluster set it: with the first page of a stored result, and where a client is to go to another
    /// node. Default true.
    pub set: bool,
    /// Its name. Default C2S-SESSION.
    pub name: String,
    /// `strict`, `lax`, `none` (also for pages of other sites; sent over HTTPS only), or `unset`. Default lax.
    pub same_site: SameSite,
    /// Whether it is for HTTPS only: `auto` where the client uses HTTPS, `always` or `never`. Default auto.
    pub secure: Secure,
    /// Whether scripts of pages cannot see it. Default true.
    pub http_only: bool,
    /// Path below which it is sent. Default `/`.
    pub path: String,
    /// Domain that it is sent to, with all hosts below. Default: the host of the request alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Seconds that clients keep it. Default: until they are closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<u64>,
}

/// With which requests of other sites a cookie is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SameSite {
    /// With none.
    Strict,
    /// With links that are followed.
    Lax,
    /// With all.
    None,
    /// As the client sees fit.
    Unset,
}

/// Whether a cookie is for HTTPS only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Secure {
    /// Where the client uses HTTPS.
    Auto,
    /// In any case.
    Always,
    /// Never.
    Never,
}

impl Default for CookieConfig {
    fn default() -> CookieConfig {
        CookieConfig {
            set: true,
            name: "C2S-SESSION".to_owned(),
            same_site: SameSite::Lax,
            secure: Secure::Auto,
            http_only: true,
            path: "/".to_owned(),
            domain: None,
            max_age_seconds: None,
        }
    }
}

impl CookieConfig {
    pub(super) fn validate(&self, found: &mut Mistakes) {
        // A token (RFC 9110 section 5.6.2).
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let value = |b: u8| (b' '..=b'~').contains(&b) && b != b';';
        let rules = [
            (
                "cluster.cookie.name",
                (1..=64).contains(&self.name.len()) && self.name.bytes().all(token),
                "must be 1 to 64 letters, digits and signs that names of cookies may have",
            ),
            (
                "cluster.cookie.path",
                self.path.starts_with('/') && self.path.len() <= 256 && self.path.bytes().all(value),
                "must begin with a slash and have no semicolon",
            ),
            (
                "cluster.cookie.domain",
                self.domain.as_ref().is_none_or(|domain| is_domain(domain)),
                "must be a host name",
            ),
            (
                "cluster.cookie.same_site",
                self.same_site != SameSite::None || self.secure != Secure::Never,
                "clients take `none` only from cookies for HTTPS (cluster.cookie.secure)",
            ),
        ];
        found.rules(rules);
    }
}

fn is_domain(text: &str) -> bool {
    (1..=253).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
}
