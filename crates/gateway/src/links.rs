//! The base of all links: configured, else from a trusted proxy, else from the request.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, header};

use crate::answer::Refusal;
use crate::config::ServerConfig;
use crate::headers::{FORWARDED_HOST, FORWARDED_PORT, FORWARDED_PREFIX, FORWARDED_PROTO};

/// What all links of an answer begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Without a slash at its end; where links are relative, the path alone.
    pub url: String,
    /// Whether the client uses HTTPS, as far as can be told.
    pub https: bool,
}

/// Bytes of room for what is put before and behind host and prefix.
const ROOM: usize = 64;

/// The base of all links as the client sees it.
///
/// # Errors
/// The host is not one that links may name, or is no host at all.
pub fn base(config: &ServerConfig, headers: &HeaderMap, peer: IpAddr) -> Result<Base, Refusal> {
    let url = absolute(config, headers, peer)?;
    let https = url.starts_with("https:");
    if !config.relative_links {
        return Ok(Base { url, https });
    }
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let path = rest.find('/').map_or("", |path| &rest[path..]);
    Ok(Base { url: path.to_owned(), https })
}

fn absolute(config: &ServerConfig, headers: &HeaderMap, peer: IpAddr) -> Result<String, Refusal> {
    if let Some(url) = &config.public_url {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let mut scheme = "http";
    let mut host = text(headers, &header::HOST).unwrap_or("localhost");
    let mut port = None;
    let mut prefix = "";
    if config.trusted_proxies.iter().any(|network| network.contains(peer)) {
        if let Some(forwarded) = text(headers, &header::FORWARDED) {
            // The last element is the one that the trusted proxy has added.
            let last = forwarded.rsplit(',').next().unwrap_or_default();
            scheme = parameter(last, "proto").unwrap_or(scheme);
            host = parameter(last, "host").unwrap_or(host);
        } else {
            let last =
                |name: HeaderName| text(headers, &name).and_then(|v| v.rsplit(',').next()).map(str::trim);
            scheme = last(FORWARDED_PROTO).unwrap_or(scheme);
            host = last(FORWARDED_HOST).unwrap_or(host);
            port = last(FORWARDED_PORT);
        }
        prefix = text(headers, &FORWARDED_PREFIX).unwrap_or(prefix).trim_end_matches('/');
    }
    let scheme = if scheme.eq_ignore_ascii_case("https") { "https" } else { "http" };
    check_host(config, host)?;
    let (name, port) = authority(scheme, host, port);
    let prefix = if is_prefix(prefix) { prefix } else { "" };
    let colon = if port.is_empty() { "" } else { ":" };
    let mut base = String::with_capacity(host.len() + prefix.len() + ROOM);
    for part in [scheme, "://", name, colon, port, prefix] {
        base.push_str(part);
    }
    Ok(base)
}

/// Whether a text is a path as links can begin with: a relative one that began with `//` would lead to another host, and
/// clients take `.` and `..` for steps (RFC 3986 sections 4.2 and 5.2.4).
fn is_prefix(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    let is_segment = |s: &str| !matches!(s, "" | "." | "..") && s.bytes().all(legal);
    text.strip_prefix('/').is_some_and(|segments| segments.split('/').all(is_segment))
}

/// The value of a header; of one that was sent by the client and added to by the proxy, what the proxy added.
fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get_all(name).iter().next_back().and_then(|v| v.to_str().ok())
}

/// A parameter of an element of `Forwarded` (RFC 7239 section 4).
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

fn check_host(config: &ServerConfig, host: &str) -> Result<(), Refusal> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b':' | b'[' | b']');
    if host.is_empty() || host.len() > 255 || !host.bytes().all(legal) {
        return Err(
            Refusal::bad_request("BadHost", "The host of the request is not a host name.").about("Host")
        );
    }
    let allowed = &config.allowed_hosts;
    let is = |allowed: &String| {
        allowed.eq_ignore_ascii_case(split_port(host).0) || allowed.eq_ignore_ascii_case(host)
    };
    if !allowed.is_empty() && !allowed.iter().any(is) {
        return Err(
            Refusal::bad_request("BadHost", "The host of the request is not served here.").about("Host")
        );
    }
    Ok(())
}

fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
            (name, Some(port))
        }
        _ => (host, None),
    }
}

/// Whether a text is the number of a port, without a sign or zeros before it.
fn is_port(text: &str) -> bool {
    text.parse().is_ok_and(|port: u16| port > 0 && port.to_string() == text)
}

/// Host and port; default ports are dropped.
fn authority<'h>(scheme: &str, host: &'h str, forwarded_port: Option<&'h str>) -> (&'h str, &'h str) {
    let (name, port) = split_port(host);
    let port = port.or(forwarded_port.filter(|port| is_port(port)));
    match (scheme, port) {
        (_, None) | ("http", Some("80")) | ("https", Some("443")) => (name, ""),
        (_, Some(port)) => (name, port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_that_of_the_client() {
        let direct: &[(&str, &str)] = &[("host", "localhost:8080")];
        type Row<'a> = (bool, &'a [(&'a str, &'a str)], Option<&'a str>);
        let rows: &[Row] = &[
            (false, direct, Some("http://localhost:8080")),
            (false, &[("host", "a.example:80")], Some("http://a.example")),
            (false, &[("host", "[::1]:8080")], Some("http://[::1]:8080")),
            (false, &[("host", "a.example"), ("x-forwarded-proto", "https")], Some("http://a.example")),
            (true, &[("host", "n1"), ("x-forwarded-proto", "https")], Some("https://n1")),
            (
                true,
                &[
                    ("host", "n1:8080"),
                    ("x-forwarded-host", "data.example"),
                    ("x-forwarded-proto", "https"),
                    ("x-forwarded-port", "8443"),
                    ("x-forwarded-prefix", "/odata/"),
                ],
                Some("https://data.example:8443/odata"),
            ),
            (
                true,
                &[
                    ("host", "n1"),
                    ("forwarded", "for=1;host=evil;proto=http, for=2;host=\"d.example:443\";proto=https"),
                ],
                Some("https://d.example"),
            ),
            (true, &[("host", "n1"), ("x-forwarded-prefix", "/a\"b")], Some("http://n1")),
            (true, &[("host", "n1"), ("x-forwarded-prefix", "//evil.example")], Some("http://n1")),
            (true, &[("host", "n1"), ("x-forwarded-prefix", "/a//evil.example")], Some("http://n1")),
            (true, &[("host", "n1"), ("x-forwarded-prefix", "/a/../..")], Some("http://n1")),
            (true, &[("host", "n1"), ("x-forwarded-prefix", "/./a")], Some("http://n1")),
            (true, &[("host", "n1"), ("x-forwarded-port", "65535")], Some("http://n1:65535")),
            (true, &[("host", "n1"), ("x-forwarded-port", "65536")], Some("http://n1")),
            (true, &[("host", "n1"), ("x-forwarded-port", "0")], Some("http://n1")),
            (true, &[("host", "n1"), ("x-forwarded-port", "+80")], Some("http://n1")),
            // What a client has sent stands before what the proxy adds, in one line or in several.
            (
                true,
                &[
                    ("host", "n1"),
                    ("x-forwarded-host", "evil, d.example"),
                    ("x-forwarded-proto", "http"),
                    ("x-forwarded-proto", "https"),
                    ("x-forwarded-prefix", "/evil"),
                    ("x-forwarded-prefix", "/odata"),
                ],
                Some("https://d.example/odata"),
            ),
            (
                true,
                &[("host", "n1"), ("forwarded", "host=evil;proto=https"), ("forwarded", "host=d.example")],
                Some("http://d.example"),
            ),
            (false, &[("host", "a/b")], None),
            (false, &[("host", "")], None),
        ];
        for (trusted, headers, expected) in rows {
            let mut config = ServerConfig::default();
            if *trusted {
                config.trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
            }
            let mut map = HeaderMap::new();
            for (name, value) in *headers {
                map.append(
                    HeaderName::from_bytes(name.as_bytes()).expect("a name"),
                    value.parse().expect("a value"),
                );
            }
            let found = base(&config, &map, "10.1.2.3".parse().expect("an address"));
            let found = found.ok();
            assert_eq!(found.as_ref().map(|base| base.url.as_str()), *expected, "{headers:?}");
            let https = expected.is_some_and(|url| url.starts_with("https:"));
            assert_eq!(found.is_some_and(|base| base.https), https, "{headers:?}");
            // Relative links are the same without scheme and host.
            config.relative_links = true;
            let relative = base(&config, &map, "10.1.2.3".parse().expect("an address")).ok();
            let path = expected.map(|url| if url.ends_with("/odata") { "/odata" } else { "" });
            assert_eq!(relative.as_ref().map(|base| base.url.as_str()), path, "{headers:?}");
            assert_eq!(relative.is_some_and(|base| base.https), https, "{headers:?}");
        }
    }

    #[test]
    fn a_public_url_is_the_base_of_all_links() {
        let mut headers = HeaderMap::new();
        headers.insert("host", "n1".parse().expect("a value"));
        headers.insert("x-forwarded-host", "evil".parse().expect("a value"));
        for (public, relative, expected, https) in [
            ("https://data.example/odata/", false, "https://data.example/odata", true),
            ("https://data.example/odata/", true, "/odata", true),
            ("http://data.example", true, "", false),
        ] {
            let config = ServerConfig {
                public_url: Some(public.into()),
                relative_links: relative,
                trusted_proxies: vec!["10.0.0.0/8".parse().expect("a network")],
                ..ServerConfig::default()
            };
            let found = base(&config, &headers, "10.1.2.3".parse().expect("an address")).ok();
            assert_eq!(found, Some(Base { url: expected.into(), https }), "{public}, {relative}");
        }
    }

    #[test]
    fn only_allowed_hosts() {
        let config = ServerConfig { allowed_hosts: vec!["data.example".into()], ..ServerConfig::default() };
        for (host, good) in [("data.example", true), ("DATA.example:8080", true), ("evil.example", false)] {
            let mut headers = HeaderMap::new();
            headers.insert("host", host.parse().expect("a value"));
            let found = base(&config, &headers, "127.0.0.1".parse().expect("an address"));
            assert_eq!(found.is_ok(), good, "{host}");
        }
    }
}
