//! A request of a batch, whichever form it came in.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use crate::answer::Refusal;
use crate::headers::{ODATA_MAX_VERSION, PREFER};

/// Longest id that is taken.
const MAX_ID: usize = 256;

/// A request of a batch.
#[derive(Debug)]
pub struct Call {
    /// What others refer to it by, and its answer is found by.
    pub id: Option<String>,
    /// The group that is done as a whole.
    pub group: Option<String>,
    /// What must have gone well before: ids of requests or groups.
    pub depends: Vec<String>,
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
    /// One that is not answered.
    pub fn refused(id: Option<String>, refusal: Refusal) -> Call {
        Call {
            id,
            group: None,
            depends: Vec::new(),
            method: Method::GET,
            url: String::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            refused: Some(refusal),
        }
    }
}

/// Puts in a header of a request, if it counts: where a request comes from, and who asks, is said by the batch alone.
pub fn put_header(headers: &mut HeaderMap, name: &str, value: &str) {
    let counting = [header::ACCEPT, header::CONTENT_TYPE, header::IF_NONE_MATCH, ODATA_MAX_VERSION, PREFER];
    let found = counting.into_iter().find(|known: &HeaderName| known.as_str().eq_ignore_ascii_case(name));
    if let (Some(name), Ok(value)) = (found, HeaderValue::from_str(value)) {
        headers.append(name, value);
    }
}

/// The method of a request.
///
/// # Errors
/// It is none.
pub fn method(text: &str) -> Result<Method, Refusal> {
    let known = text.trim().to_ascii_uppercase().parse();
    known.map_err(|_| bad("The method of a request in the batch is none."))
}

/// A batch that cannot be read.
pub fn bad(message: impl Into<String>) -> Refusal {
    Refusal::bad_request("BadBatch", message).about("body")
}

/// A batch of more requests than may be.
pub fn too_many(most: usize) -> Refusal {
    let message = format!("The batch has more than {most} requests (limit `batch_requests`).");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "LimitExceeded", message).about("batch_requests")
}

/// Nothing is written, so nothing has to be done as a whole.
pub fn no_changes() -> Refusal {
    let message = "This service is read-only: a batch has no change sets.";
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
    Refusal { allow: Some("GET, HEAD"), ..refusal.about("method") }
}

/// Checks what requests say of each other (JSON Format section 19.1): each id once, groups in one piece, and
/// dependencies on what comes before.
///
/// # Errors
/// The first that is not so.
pub fn check(calls: &[Call]) -> Result<(), Refusal> {
    let mut known: std::collections::HashSet<&str> = std::collections::HashSet::new();
    let mut group: Option<&str> = None;
    for call in calls {
        for id in call.id.iter().chain(&call.group) {
            if id.is_empty() || id.len() > MAX_ID || id.chars().any(char::is_control) {
                return Err(bad(format!("Ids of requests and groups have 1 to {MAX_ID} characters.")));
            }
        }
        if group != call.group.as_deref() {
            group = call.group.as_deref();
            if group.is_some_and(|group| !known.insert(group)) {
                let group = group.unwrap_or_default();
                return Err(bad(format!(
                    "The id '{group}' of a group is there already; groups are in one piece."
                )));
            }
        }
        if let Some(name) = call.depends.iter().find(|name| !known.contains(name.as_str())) {
            let message =
                format!("A request depends on '{name}', but no request or group before it has this id.");
            return Err(bad(message));
        }
        if let Some(id) = &call.id
            && !known.insert(id)
        {
            return Err(bad(format!("The id '{id}' is there twice in the batch.")));
        }
    }
    Ok(())
}
