//! Conditions of a request on what is there: `If-Match` and `If-None-Match` (RFC 9110 section 13).

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use nextlink_odata::version::Version;

use crate::answer::Refusal;
use crate::body::Body;
use crate::headers::ODATA_VERSION;

/// What the conditions of a request come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is to be answered.
    Holds,
    /// The client has it: 304.
    Known,
    /// It is another one than the client thinks: 412.
    Differs,
}

/// Looks at the conditions, where there is an ETag. Weak ones are compared like strong ones: proxies change one form to the
/// other, and reading needs no more (section 13.1.2).
pub fn verdict(headers: &HeaderMap, etag: &str) -> Verdict {
    let differs = headers.contains_key(header::IF_MATCH) && !names(headers, &header::IF_MATCH, etag);
    if differs {
        Verdict::Differs
    } else if names(headers, &header::IF_NONE_MATCH, etag) {
        Verdict::Known
    } else {
        Verdict::Holds
    }
}

/// The answer to a client that has it already.
///
/// # Errors
/// It is another one than the client wants.
pub fn unless_holds(
    headers: &HeaderMap,
    etag: Option<&str>,
    version: Version,
) -> Result<Option<Response<Body>>, Refusal> {
    match etag.map_or(Verdict::Holds, |etag| verdict(headers, etag)) {
        Verdict::Holds => Ok(None),
        Verdict::Differs => Err(Refusal::differs()),
        Verdict::Known => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response.headers_mut().insert(ODATA_VERSION, HeaderValue::from_static(version.as_str()));
            tell_etag(&mut response, etag);
            Ok(Some(response))
        }
    }
}

/// Says the ETag of an answer.
pub fn tell_etag(response: &mut Response<Body>, etag: Option<&str>) {
    if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
        response.headers_mut().insert(header::ETAG, etag);
    }
}

/// Whether a header names an ETag.
fn names(headers: &HeaderMap, name: &HeaderName, etag: &str) -> bool {
    let opaque = etag.trim_start_matches("W/");
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        let mut rest = value.trim();
        // A comma can stand inside of an ETag.
        while !rest.is_empty() {
            let tag = rest.trim_start_matches("W/");
            let end = match tag.strip_prefix('"').and_then(|inner| inner.find('"')) {
                Some(end) => end + 2,
                None => tag.find(',').unwrap_or(tag.len()),
            };
            let (tag, behind) = tag.split_at(end);
            if tag == opaque || tag.trim() == "*" {
                return true;
            }
            rest = behind.trim_start_matches([',', ' ', '\t']);
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn conditions() {
        use Verdict::{Differs, Holds, Known};
        for (if_match, if_none_match, expected) in [
            ("", "", Holds),
            ("", "\"a,b\"", Known),
            ("", "W/\"a,b\"", Known),
            ("", "\"x\", W/\"a,b\"", Known),
            ("", "\"x\",\"a\"", Holds),
            ("", "*", Known),
            ("", "a,b", Holds),
            ("\"a,b\"", "", Holds),
            ("W/\"a,b\"", "", Holds),
            ("*", "", Holds),
            ("\"x\"", "", Differs),
            ("\"x\"", "\"a,b\"", Differs),
            ("\"", "\"", Differs),
        ] {
            let mut headers = HeaderMap::new();
            for (name, text) in [(header::IF_MATCH, if_match), (header::IF_NONE_MATCH, if_none_match)] {
                if !text.is_empty() {
                    headers.insert(name, HeaderValue::from_static(text));
                }
            }
            assert_eq!(verdict(&headers, "W/\"a,b\""), expected, "{if_match} {if_none_match}");
        }
    }
}
