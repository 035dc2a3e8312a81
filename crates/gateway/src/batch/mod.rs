//! `$batch`: several requests in one (Part 1 section 11.7, JSON Format section 19). Each of them is a request like any other,
//! answered one behind the other, and their answers go out as they are made.

mod call;
mod values;
mod condition;
mod target;
mod form;
mod out;
mod run;

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use nextlink_odata::batch;
use nextlink_odata::bind;
use nextlink_odata::prefer::parse_lenient;
use nextlink_odata::url;
use nextlink_odata::version::Version;
use tokio::sync::mpsc;

use crate::answer::Refusal;
use crate::body::Body;
use crate::headers::{ODATA_VERSION, PREFER, PREFERENCE_APPLIED, SOURCE_USER, wants_snapshot};
use crate::negotiate;
use crate::read::message::Answered;
use crate::read::whole;
use crate::request::{Came, Request};
use crate::state::State;
use crate::upload::{Upload, unsupported};
use call::{Call, refusal};
use form::Form;
use out::{Answers, Out};
use run::Batch;

/// Pieces on their way to the client.
const PIECES: usize = 8;

/// Answers a batch: what is wrong with all of it at once, all else while its requests run.
///
/// # Errors
/// It is no batch, or has too many requests.
pub async fn answer(state: &Arc<State>, came: Came<'_>, upload: Upload) -> Result<Response<Body>, Refusal> {
    let version = negotiate::version(&came.headers)?;
    check_options(state, &came)?;
    if wants_snapshot(&came.headers) {
        let message =
            "The requests of a batch are not of one point in time: send it without Isolation, or them alone.";
        let refusal = Refusal::new(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", message);
        return Err(refusal.about("Isolation"));
    }
    let most = state.config.limits.batch_requests;
    let kind = came.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let media = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (places, multipart) = match media.as_str() {
        "multipart/mixed" => {
            let boundary = batch::boundary(kind).ok_or_else(|| {
                let message = "The Content-Type of a multipart batch names its boundary.";
                Refusal::bad_request("BadBatch", message).about("Content-Type")
            })?;
            (batch::multipart(&upload.bytes, &boundary, most), true)
        }
        "application/json" => (batch::json(&upload.bytes, most), false),
        _ => return Err(unsupported("A batch is multipart/mixed or application/json.")),
    };
    let places = places.map_err(|fault| refusal(fault, most))?;
    let calls: Vec<Call> = places.into_iter().map(|place| Call::of(place, &upload.bytes, most)).collect();
    if !accepts_a_form(&came.headers) {
        let message = "The answer to a batch is multipart/mixed or application/json.";
        return Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", message).about("Accept"));
    }
    let form =
        if answers_multipart(&came.headers, version, multipart) { Form::multipart() } else { Form::Json };
    // Requests in JSON say themselves what they depend on (JSON Format section 19.4).
    let preferred = came.headers.get_all(PREFER).iter().filter_map(|v| v.to_str().ok());
    let goes_on = preferred.filter_map(|value| parse_lenient(value).continue_on_error).next();
    let gzip = negotiate::takes_gzip(&came.headers);
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, form.content_type());
    headers.insert(ODATA_VERSION, HeaderValue::from_static(version.as_str()));
    if goes_on == Some(true) {
        let applied = match version {
            Version::V40 => "odata.continue-on-error=true",
            Version::V401 => "continue-on-error=true",
        };
        headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static(applied));
    }
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if came.headers.contains_key(SOURCE_USER) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let (sender, receiver) = mpsc::channel(PIECES);
    let out = Out::new(sender, gzip, state.config.limits.slow_client_seconds);
    let batch = Batch::new(state, came, form, goes_on.unwrap_or(!multipart));
    tokio::spawn(async move {
        // The calls are pieces of the body, whose memory counts as long as they are there.
        let _held = upload;
        batch.run(calls, out).await;
    });
    *response.body_mut() = Body::Stream(None, Box::new(Answers::new(receiver)));
    Ok(response)
}

/// What is asked of a batch as a whole can only be its form and the version of the schema.
fn check_options(state: &State, came: &Came<'_>) -> Result<(), Refusal> {
    if !came.url.contains('?') {
        return Ok(());
    }
    let url = came.url.strip_prefix('/').unwrap_or(came.url);
    let parsed = url::parse_with(url, &came.slot.limits(&state.config).parse_options())?;
    Ok(bind::check_texts(&parsed)?)
}

/// Whether the answer to a batch is to come later.
pub fn comes_later(headers: &HeaderMap) -> bool {
    let preferred = headers.get_all(PREFER).iter().filter_map(|v| v.to_str().ok());
    preferred.map(parse_lenient).any(|preferences| preferences.respond_async)
}

/// Begins to answer a batch, and says where the answer will be.
///
/// # Errors
/// It is no batch, or has too many requests.
pub async fn later(state: &Arc<State>, came: Came<'_>, upload: Upload) -> Result<Response<Body>, Refusal> {
    let request = Request::new(state, came.clone())?;
    let mut plain = came;
    plain.headers.remove(header::ACCEPT_ENCODING);
    // What is wrong with all of it is said at once.
    let response = answer(state, plain, upload).await?;
    let answering = Box::pin(std::future::ready(Ok(Answered::Message(response))));
    match whole::begin(state, &request, answering).await? {
        Ok(promised) => Ok(promised),
        Err(answering) => whole::at_once(state, &request, answering).await,
    }
}

/// The media types that a client takes, and how much of each.
fn accepted(headers: &HeaderMap) -> impl Iterator<Item = (String, u32)> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok());
    let ranges = values.flat_map(|value| value.split(',')).filter(|range| !range.trim().is_empty());
    ranges.map(|range| {
        let media = range.split(';').next().unwrap_or_default().trim();
        (media.to_ascii_lowercase(), negotiate::quality(range))
    })
}

/// Whether there is a form of the answer that the client takes; the message of an answer that comes later holds both.
fn accepts_a_form(headers: &HeaderMap) -> bool {
    const FORMS: [&str; 7] = [
        "*/*",
        "*",
        "multipart/*",
        "multipart/mixed",
        "application/*",
        "application/json",
        "application/http",
    ];
    let mut all = accepted(headers).peekable();
    all.peek().is_none() || all.any(|(media, quality)| quality > 0 && FORMS.contains(&media.as_str()))
}

/// Whether the answer is multipart: as the batch, unless the other form alone is asked for. Clients of 4.0 know no other
/// one than they send.
fn answers_multipart(headers: &HeaderMap, version: Version, multipart: bool) -> bool {
    let accepts = |media: &str| accepted(headers).any(|(known, quality)| quality > 0 && known == media);
    let (json, parts) = (accepts("application/json"), accepts("multipart/mixed"));
    if multipart { version == Version::V40 || !json || parts } else { parts && !json }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_form_is_accepted() {
        for (accept, expected) in [
            (&[][..], true),
            (&[""], true),
            (&["*/*"], true),
            (&["text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"], true),
            (&["text/html", "multipart/*"], true),
            (&["Application/JSON;odata.metadata=none"], true),
            (&["application/http"], true),
            (&["text/html"], false),
            (&["text/html", "application/xml"], false),
            (&["application/json;q=0, multipart/mixed;q=0.0"], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in accept {
                headers.append(header::ACCEPT, value.parse().expect("a value"));
            }
            assert_eq!(accepts_a_form(&headers), expected, "{accept:?}");
        }
    }

    #[test]
    fn answers_have_the_form_of_the_batch() {
        use Version::{V40, V401};
        for (accept, version, multipart, expected) in [
            ("", V40, true, true),
            ("*/*", V401, true, true),
            ("multipart/mixed", V40, true, true),
            ("application/json", V40, true, true),
            ("application/json", V401, true, false),
            ("Application/JSON;odata.metadata=full", V401, true, false),
            ("application/json, multipart/mixed;q=0.5", V401, true, true),
            ("", V40, false, false),
            ("application/json", V40, false, false),
            ("multipart/mixed", V40, false, true),
            ("multipart/mixed, application/json", V401, false, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().expect("a value"));
            assert_eq!(answers_multipart(&headers, version, multipart), expected, "{accept} {version:?}");
        }
    }
}
