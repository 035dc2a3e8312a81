//! A request of a batch, whichever form it came in.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use nextlink_odata::batch::{BatchFault, Place};

use crate::answer::Refusal;
use crate::headers::{ISOLATION, ODATA_ISOLATION, ODATA_MAX_VERSION, PREFER};

/// A request of a batch.
#[derive(Debug)]
pub struct Call {
    /// What others refer to it by, and its answer is found by.
    pub id: Option<String>,
    /// The group that is done as a whole.
    pub group: Option<String>,
    /// What must have gone well before: ids of requests or groups.
    pub depends: Vec<String>,
    /// The condition that is to hold instead.
    pub condition: Option<String>,
    /// Its method.
    pub method: Method,
    /// Its URL, as sent.
    pub url: String,
    /// What of its headers counts.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// Why it is not answered, where that was seen before.
    pub refused: Option<Refusal>,
}

impl Call {
    /// The request in a place of a batch with this body, which may have so many.
    pub fn of(place: Place<'_>, body: &Bytes, most: usize) -> Call {
        let request = match place {
            Ok(request) => request,
            Err(unread) => return Call::refused(unread.id, refusal(unread.fault, most)),
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            put_header(&mut headers, name, value);
        }
        let method = method(&request.method);
        Call {
            id: request.id,
            group: request.group,
            depends: request.depends,
            condition: request.condition,
            refused: method.as_ref().err().cloned(),
            method: method.unwrap_or_default(),
            url: request.url,
            headers,
            body: match request.body {
                Cow::Borrowed(piece) => body.slice_ref(piece),
                Cow::Owned(written) => written.into(),
            },
        }
    }

    /// One that is not answered.
    pub fn refused(id: Option<String>, refusal: Refusal) -> Call {
        Call {
            id,
            group: None,
            depends: Vec::new(),
            condition: None,
            method: Method::GET,
            url: String::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            refused: Some(refusal),
        }
    }
}

/// Puts in a header of a request, if it counts: where a request comes from, and who asks, is said by the batch alone.
fn put_header(headers: &mut HeaderMap, name: &str, value: &str) {
    let counting = [
        header::ACCEPT,
        header::CONTENT_TYPE,
        header::IF_NONE_MATCH,
        ISOLATION,
        ODATA_ISOLATION,
        ODATA_MAX_VERSION,
        PREFER,
    ];
    let found = counting.into_iter().find(|known: &HeaderName| known.as_str().eq_ignore_ascii_case(name));
    if let (Some(name), Ok(value)) = (found, HeaderValue::from_str(value)) {
        headers.append(name, value);
    }
}

/// The method of a request.
///
/// # Errors
/// It is none.
fn method(text: &str) -> Result<Method, Refusal> {
    let known = text.trim().to_ascii_uppercase().parse();
    known.map_err(|_| bad("The method of a request in the batch is none."))
}

/// A batch that cannot be read.
pub fn bad(message: impl Into<String>) -> Refusal {
    Refusal::bad_request("BadBatch", message).about("body")
}

/// What is wrong with a batch, or a request of it, that may have so many requests.
pub fn refusal(fault: BatchFault, most: usize) -> Refusal {
    match fault {
        BatchFault::Bad(message) => bad(message),
        BatchFault::TooMany => {
            let message = format!("The batch has more than {most} requests (limit `batch_requests`).");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "LimitExceeded", message).about("batch_requests")
        }
        // Nothing is written, so nothing has to be done as a whole.
        BatchFault::Changes => {
            let message = "This service is read-only: a batch has no change sets.";
            let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
            Refusal { allow: Some("GET, HEAD"), ..refusal.about("method") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nextlink_odata::batch::{json, multipart};

    #[test]
    fn what_counts_of_requests_is_kept() {
        const HEAD: &str = "--b\n\n";
        for (request, expected) in [
            ("GET A HTTP/1.1\nHost:evil\nAccept:*/*\nprefer: a\n\n", "GET accept,prefer "),
            (
                "get A\nAccept-Encoding:gzip\nOData-MaxVersion: 4.01\nAuthorization: x\n\n",
                "GET odata-maxversion ",
            ),
            (
                "POST A\nContent-Type:text/plain\nIf-None-Match: *\n\nabc",
                "POST content-type,if-none-match abc",
            ),
            ("G\u{e9}T A\n\n", "400"),
            ("NO HEADER\nx\n\n", "400"),
        ] {
            let body = Bytes::from([HEAD, request, "\n--b--"].concat());
            let mut places = multipart(&body, "b", 9).expect(request);
            let call = Call::of(places.remove(0), &body, 9);
            let found = match &call.refused {
                Some(refusal) => refusal.status.as_u16().to_string(),
                None => {
                    let mut names: Vec<_> = call.headers.keys().map(HeaderName::as_str).collect();
                    names.sort_unstable();
                    let text = String::from_utf8_lossy(&call.body);
                    [call.method.as_str(), " ", &names.join(","), " ", &text].concat()
                }
            };
            assert_eq!(found, expected, "{request}");
        }
    }

    /// Bodies are pieces of the batch, unless its form writes them another way.
    #[test]
    fn bodies_are_not_copied() {
        let body = Bytes::from_static(b"--b\n\nPOST A\n\nabc\n--b--");
        let mut places = multipart(&body, "b", 9).expect("a batch");
        let call = Call::of(places.remove(0), &body, 9);
        assert!(body.as_ptr_range().contains(&call.body.as_ptr()));
        let body =
            Bytes::from_static(br#"{"requests":[{"id":"1","method":"post","url":"A","body":"a\\b"}]}"#);
        let mut places = json(&body, 9).expect("a batch");
        assert_eq!(Call::of(places.remove(0), &body, 9).body, &b"a\\b"[..]);
    }

    #[test]
    fn faults_name_what_is_wrong() {
        for (fault, expected) in [
            (BatchFault::Bad("x".to_owned()), (400, "body")),
            (BatchFault::TooMany, (413, "batch_requests")),
            (BatchFault::Changes, (405, "method")),
        ] {
            let refusal = refusal(fault, 9);
            assert_eq!((refusal.status.as_u16(), refusal.target.as_deref().unwrap_or_default()), expected);
        }
    }
}
