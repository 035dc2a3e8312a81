//! Reading by POST: methods behind `X-HTTP-Method`, and query options in the body (`$query`).

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::answer::Refusal;
use crate::headers::{HTTP_METHOD, HTTP_METHOD_OVERRIDE, METHOD_OVERRIDE};
use crate::request::is_monitor;
use crate::upload::unsupported;

/// What may not stand in a URL as it is.
const NO_URL: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'#');

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// To read; `head`: all but the body.
    Read {
        /// `HEAD` rather than `GET`.
        head: bool,
    },
    /// To read with the query options in the body (Part 2, "Passing Query Options in the Request Body").
    Query,
    /// Several requests.
    Batch,
    /// To end what another request has asked for.
    Cancel,
}

impl Entry {
    /// What a request asks for; `url` is what stands behind the name of the source.
    ///
    /// # Errors
    /// 405 for anything that would change something.
    pub fn of(method: &Method, headers: &HeaderMap, url: &str) -> Result<Entry, Refusal> {
        let path = url.split('?').next().unwrap_or_default();
        let asked = meant(method, headers);
        if is_batch(path) {
            let posted = *method == Method::POST && asked == "POST";
            return if posted { Ok(Entry::Batch) } else { Err(not_allowed("Use POST for $batch.", "POST")) };
        }
        match asked.as_ref() {
            "DELETE" if is_monitor(path) => Ok(Entry::Cancel),
            "GET" | "HEAD" if without_query_segment(path).is_some() => {
                Err(not_allowed("Use POST for $query.", "POST"))
            }
            "GET" => Ok(Entry::Read { head: false }),
            "HEAD" => Ok(Entry::Read { head: true }),
            "POST" if without_query_segment(path).is_some() => Ok(Entry::Query),
            _ if is_monitor(path) => Err(not_allowed(
                "Use GET or HEAD to ask for the answer, DELETE to cancel it.",
                "GET, HEAD, DELETE",
            )),
            _ => Err(not_allowed("This service is read-only: use GET or HEAD.", "GET, HEAD")),
        }
    }
}

fn not_allowed(message: &str, allow: &'static str) -> Refusal {
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
    Refusal { allow: Some(allow), ..refusal.about("method") }
}

/// The method that a client means: what can only send GET and POST names it in a header of a POST.
fn meant<'r>(method: &'r Method, headers: &'r HeaderMap) -> Cow<'r, str> {
    let names: [&HeaderName; 3] = [&HTTP_METHOD, &HTTP_METHOD_OVERRIDE, &METHOD_OVERRIDE];
    let named = names.into_iter().find_map(|name| headers.get(name)).and_then(|value| value.to_str().ok());
    match named {
        Some(named) if *method == Method::POST => Cow::Owned(named.trim().to_ascii_uppercase()),
        _ => Cow::Borrowed(method.as_str()),
    }
}

/// Whether a path is that of batches.
pub fn is_batch(path: &str) -> bool {
    let path = path.trim_matches('/');
    path.len() <= "%24batch".len() && percent_decode_str(path).eq("$batch".bytes())
}

/// A path without `$query` as its last segment, which it must have.
fn without_query_segment(path: &str) -> Option<&str> {
    let (before, last) = path.trim_end_matches('/').rsplit_once('/')?;
    percent_decode_str(last).eq("$query".bytes()).then_some(before)
}

/// The URL of the reading request that a `$query` request stands for.
///
/// # Errors
/// A body of another kind than text or JSON, or one that is no list of options.
pub fn with_body(url: &str, headers: &HeaderMap, body: &[u8]) -> Result<String, Refusal> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let path = without_query_segment(path).unwrap_or(path);
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("text/plain");
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let text = || {
        std::str::from_utf8(body).map_err(|_| {
            Refusal::bad_request("BadEncoding", "The body of the request is no UTF-8.").about("body")
        })
    };
    let options = match kind.as_str() {
        "text/plain" | "application/x-www-form-urlencoded" => {
            let text = text()?.trim();
            url_text(text.strip_prefix('?').unwrap_or(text)).into_owned()
        }
        "application/json" => of_json(body)?,
        _ => {
            let message = "The body of $query is text/plain with query options, or a JSON object of them.";
            return Err(unsupported(message));
        }
    };
    let mut url = path.to_owned();
    let all = [query, &options];
    for (options, separator) in all.into_iter().filter(|options| !options.is_empty()).zip(["?", "&"]) {
        url.push_str(separator);
        url.push_str(options);
    }
    Ok(url)
}

/// A text as it may stand in a URL: as it is, but for what no URL can hold.
pub fn url_text(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, NO_URL).into()
}

/// The members of an object as query options.
fn of_json(body: &[u8]) -> Result<String, Refusal> {
    let refused = |problem: String| Refusal::bad_request("BadBody", problem).about("body");
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body)
        .map_err(|error| refused(format!("The body of $query is no JSON object: {error}.")))?;
    let mut options: Vec<String> = Vec::with_capacity(members.len());
    for (name, value) in members {
        let value = match value {
            serde_json::Value::String(text) => text,
            // Arrays and objects are values of parameter aliases.
            other => other.to_string(),
        };
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        options.push([encode(&name), "=".to_owned(), encode(&value)].concat());
    }
    Ok(options.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(rows: &[(&'static str, &'static str)]) -> HeaderMap {
        rows.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn methods_are_those_that_are_meant() {
        let read = |head| Ok(Entry::Read { head });
        for (method, named, url, expected) in [
            ("GET", &[][..], "/Products", read(false)),
            ("HEAD", &[], "/Products", read(true)),
            ("POST", &[("x-http-method", "GET")], "/Products", read(false)),
            ("POST", &[("x-http-method-override", "get")], "/Products", read(false)),
            ("POST", &[("x-method-override", "HEAD")], "/Products", read(true)),
            ("POST", &[("x-http-method", "MERGE")], "/Products(1)", Err("GET, HEAD")),
            ("POST", &[("x-http-method", "DELETE")], "/Products/$query", Err("GET, HEAD")),
            ("GET", &[("x-http-method", "DELETE")], "/Products(1)", read(false)),
            ("POST", &[], "/Products", Err("GET, HEAD")),
            ("POST", &[], "/Products/$query", Ok(Entry::Query)),
            ("POST", &[], "/Products/%24query/?$top=1", Ok(Entry::Query)),
            ("POST", &[], "/Products?x=/$query", Err("GET, HEAD")),
            ("POST", &[], "/$batch", Ok(Entry::Batch)),
            ("POST", &[], "/%24batch?x=1", Ok(Entry::Batch)),
            ("POST", &[], "//$batch/", Ok(Entry::Batch)),
            ("GET", &[], "/$batch", Err("POST")),
            ("POST", &[("x-http-method", "GET")], "/$batch", Err("POST")),
            ("DELETE", &[], "/$async?$skiptoken=x", Ok(Entry::Cancel)),
            ("POST", &[("x-http-method", "DELETE")], "/%24async", Ok(Entry::Cancel)),
            ("GET", &[], "/$async?$skiptoken=x", read(false)),
            ("DELETE", &[], "/A/$async", Err("GET, HEAD")),
            ("PUT", &[], "/Products(1)", Err("GET, HEAD")),
            ("OPTIONS", &[], "/Products(1)", Err("GET, HEAD")),
        ] {
            let method = method.parse().expect("a method");
            let found = Entry::of(&method, &headers(named), url);
            let found = found.map_err(|refusal| refusal.allow.unwrap_or_default());
            assert_eq!(found, expected, "{method} {named:?} {url}");
        }
    }

    #[test]
    fn options_come_in_bodies() {
        for (url, kind, body, expected) in [
            ("/Products/$query", "", "$top=1", Ok("/Products?$top=1")),
            ("/Products/$query", "text/plain", "$top=1\r\n", Ok("/Products?$top=1")),
            (
                "/Products/$query",
                "text/plain;charset=utf-8",
                "?$top=1&$skip=2",
                Ok("/Products?$top=1&$skip=2"),
            ),
            ("/Products/$query/?$top=1", "text/plain", "$skip=2", Ok("/Products?$top=1&$skip=2")),
            ("/Products/$query?$top=1", "text/plain", "", Ok("/Products?$top=1")),
            ("/Products/$query", "text/plain", "", Ok("/Products")),
            ("/$query", "text/plain", "$format=json", Ok("?$format=json")),
            ("/A/$query", "TEXT/PLAIN", "$filter=B eq 'é#'", Ok("/A?$filter=B%20eq%20'%C3%A9%23'")),
            ("/A/$query", "application/x-www-form-urlencoded", "%24top=1", Ok("/A?%24top=1")),
            ("/A/$query", "application/json", r#"{"$top":1,"@p":[1]}"#, Ok("/A?%24top=1&%40p=%5B1%5D")),
            (
                "/A/$query",
                "application/json",
                r#"{"$filter":"B eq '&'"}"#,
                Ok("/A?%24filter=B%20eq%20%27%26%27"),
            ),
            ("/A/$query", "application/json", "[1]", Err(400)),
            ("/A/$query", "application/json", "", Err(400)),
            ("/A/$query", "text/xml", "$top=1", Err(415)),
            ("/A/$query", "text/plain", "\u{0}", Ok("/A?%00")),
        ] {
            let mut map = HeaderMap::new();
            if !kind.is_empty() {
                map.insert(header::CONTENT_TYPE, kind.parse().expect("a value"));
            }
            let found = with_body(url, &map, body.as_bytes()).map_err(|refusal| refusal.status.as_u16());
            assert_eq!(found.as_deref().map_err(|e| *e), expected, "{url} {kind} {body}");
        }
        let found = with_body("/A/$query", &HeaderMap::new(), b"\xff").map_err(|refusal| refusal.code);
        assert_eq!(found, Err("BadEncoding"));
    }
}
