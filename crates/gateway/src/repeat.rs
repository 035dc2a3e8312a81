//! Requests for an entity that differ from an earlier one in the value of the key only: what was made of all the rest is
//! kept.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use http::HeaderMap;
use nextlink_odata::json::Shape;
use nextlink_odata::model::{PrimitiveType, Type};
use nextlink_odata::value::Value;
use nextlink_odata::version::Version;
use nextlink_sql::statement::Program;

use crate::headers::counts;

/// What is kept for a source at most; then it begins anew.
const MOST: usize = 1_000;
/// Bytes of path and headers that are compared at most.
const MOST_BYTES: usize = 1_024;
/// Characters of a text that is a key.
const MOST_TEXT: usize = 64;

/// A request for an entity by a key of one property and without options: all that its answer depends on.
#[derive(Debug, Clone)]
pub struct Repeat {
    /// Everything but the key: the path before it, and the headers that count.
    rest: Vec<u8>,
    key: Value,
}

impl Repeat {
    /// Takes a request apart; `url` is what stands behind the source's name. None where it is no such request, or its key is
    /// not written in the plainest way: what needs decoding is left to the parser.
    pub fn of(url: &str, headers: &HeaderMap, peer: IpAddr) -> Option<Repeat> {
        let (path, key) = url.strip_suffix(')')?.split_once('(')?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/');
        if !path.bytes().all(plain) {
            return None;
        }
        let key = literal(key)?;
        let mut rest = Vec::with_capacity(MOST_BYTES / 4);
        rest.extend_from_slice(path.as_bytes());
        for (name, value) in headers {
            let name = name.as_str();
            if !counts(name) {
                continue;
            }
            // Logins are taken out of the headers first, and never kept.
            if name.starts_with("ddcloud-") || rest.len() + name.len() + value.len() > MOST_BYTES {
                return None;
            }
            // Neither names nor values can hold these separators.
            rest.push(b'\n');
            rest.extend_from_slice(name.as_bytes());
            rest.push(b'\r');
            rest.extend_from_slice(value.as_bytes());
            if name.contains("forwarded") {
                // Whether it is believed depends on who sends it.
                rest.push(b'\r');
                rest.extend_from_slice(&octets(peer));
            }
        }
        Some(Repeat { rest, key })
    }

    /// The value of the key.
    pub fn key(&self) -> &Value {
        &self.key
    }
}

/// A key that is written as most are; which type it is of depends on the property.
fn literal(text: &str) -> Option<Value> {
    if let Some(text) = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        return (text.len() <= MOST_TEXT && text.bytes().all(plain)).then(|| Value::String(text.to_owned()));
    }
    if text.len() == 36 {
        let hyphens = [8, 13, 18, 23];
        let fits = |(place, b): (usize, u8)| match hyphens.contains(&place) {
            true => b == b'-',
            false => b.is_ascii_hexdigit(),
        };
        return text.bytes().enumerate().all(fits).then(|| Value::Guid(text.to_ascii_lowercase()));
    }
    let digits = !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits).map(Value::Integer)
}

/// What was made of a request, but for the value of its key.
#[derive(Debug)]
pub struct Kept {
    /// The statement.
    pub program: Arc<Program>,
    /// What is written of its row.
    pub shape: Arc<Shape>,
    /// The member of the answer with the context URL.
    pub context: Option<String>,
    /// The headers of the answer that do not change.
    pub headers: HeaderMap,
    /// The version of the answer.
    pub version: Version,
    /// Whether the client takes gzip.
    pub gzip: bool,
    /// The type of the key.
    pub key: Type,
}

impl Kept {
    /// Whether a value is one of the key's type, as binding would have made it.
    fn takes(&self, value: &Value) -> bool {
        match (self.key, value) {
            (Type::Primitive(PrimitiveType::Int32), Value::Integer(value)) => i32::try_from(*value).is_ok(),
            (Type::Primitive(PrimitiveType::Int64), Value::Integer(_))
            | (Type::Primitive(PrimitiveType::String), Value::String(_))
            | (Type::Primitive(PrimitiveType::Guid), Value::Guid(_)) => true,
            _ => false,
        }
    }
}

/// What is kept for a source.
#[derive(Debug, Default)]
pub struct Repeats(RwLock<HashMap<Vec<u8>, Arc<Kept>>>);

impl Repeats {
    /// What was made of such a request before.
    pub fn get(&self, repeat: &Repeat) -> Option<Arc<Kept>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&repeat.rest).filter(|kept| kept.takes(&repeat.key)).cloned()
    }

    /// Keeps what was made of a request, where another value of the key makes no other difference.
    pub fn keep(&self, repeat: &Repeat, kept: Kept) {
        if kept.program.key.is_none() || !kept.takes(&repeat.key) {
            return;
        }
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(repeat.rest.clone(), Arc::new(kept));
    }
}

fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn repeat(url: &str, headers: &[(&str, &str)], peer: &str) -> Option<Repeat> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            map.append(name, HeaderValue::from_str(value).expect("a value"));
        }
        Repeat::of(url, &map, peer.parse().expect("an address"))
    }

    #[test]
    fn keys_are_read_where_they_are_plain() {
        let guid = "6F9619FF-8B86-D011-B42D-00CF4FC964FF";
        for (url, expected) in [
            ("/Orders(12)", Some(Value::Integer(12))),
            ("/Orders('A-1.b_~')", Some(Value::String("A-1.b_~".into()))),
            ("/Orders('')", Some(Value::String(String::new()))),
            (&format!("/Orders({guid})"), Some(Value::Guid(guid.to_lowercase()))),
            ("/Orders(123456789012345678)", Some(Value::Integer(123_456_789_012_345_678))),
            ("/Orders(1234567890123456789)", None),
            ("/Orders(-1)", None),
            ("/Orders(+1)", None),
            ("/Orders(1.0)", None),
            ("/Orders()", None),
            ("/Orders(Id=1)", None),
            ("/Orders(@p)", None),
            ("/Orders(1)?$select=Id", None),
            ("/Orders(1)/Items(2)", None),
            ("/Orders('a%20b')", None),
            ("/Orders('a+b')", None),
            ("/Orders('it''s')", None),
            ("/Orders%281)", None),
            ("/Orders", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(repeat(url, &[], "::1").map(|r| r.key), expected, "{url}");
        }
    }

    #[test]
    fn what_the_answer_depends_on_tells_requests_apart() {
        let same =
            |a: Option<Repeat>, b: Option<Repeat>| a.expect("a repeat").rest == b.expect("a repeat").rest;
        let first = || repeat("/A(1)", &[("host", "a"), ("accept", "*/*"), ("user-agent", "x")], "10.0.0.1");
        for (url, headers, peer, expected) in [
            ("/A(2)", &[("host", "a"), ("accept", "*/*"), ("trace-id", "y")][..], "10.0.0.2", true),
            ("/B(1)", &[("host", "a"), ("accept", "*/*")], "10.0.0.1", false),
            ("/A(1)", &[("host", "b"), ("accept", "*/*")], "10.0.0.1", false),
            ("/A(1)", &[("host", "a"), ("accept", "application/json")], "10.0.0.1", false),
            ("/A(1)", &[("host", "a")], "10.0.0.1", false),
            (
                "/A(1)",
                &[("host", "a"), ("accept", "*/*"), ("prefer", "omit-values=nulls")],
                "10.0.0.1",
                false,
            ),
            ("/A(1)", &[("host", "a"), ("accept", "*/*"), ("accept-encoding", "gzip")], "10.0.0.1", false),
            ("/A(1)", &[("host", "a"), ("accept", "*/*"), ("odata-maxversion", "4.01")], "10.0.0.1", false),
            ("/A(1)", &[("host", "a"), ("accept", "*/*"), ("x-forwarded-proto", "https")], "10.0.0.1", false),
        ] {
            assert_eq!(same(first(), repeat(url, headers, peer)), expected, "{url} {headers:?}");
        }
        let forwarded = |peer| repeat("/A(1)", &[("x-forwarded-host", "b")], peer);
        assert!(same(forwarded("10.0.0.1"), forwarded("10.0.0.1")));
        assert!(!same(forwarded("10.0.0.1"), forwarded("10.0.0.2")));
        assert!(repeat("/A(1)", &[("ddcloud-datasource-user", "ann")], "::1").is_none());
        assert!(repeat("/A(1)", &[("accept", &"x".repeat(MOST_BYTES))], "::1").is_none());
    }
}
