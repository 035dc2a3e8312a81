//! Streams: the bytes of media entities and stream properties, sent as they are read (Part 1 section 11.2.4).

mod range;
mod sink;

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use nextlink_db::run::Cancel;
use nextlink_odata::model::{BYTES, MediaType, is_media_type};
use nextlink_odata::query::Query;
use nextlink_sql::plan;

use self::range::Wanted;
use self::sink::{Asked, Begun, Event, Sink};
use super::single::missing;
use crate::answer::Refusal;
use crate::body::{Body, Broken, Pieces};
use crate::conditions::Verdict;
use crate::headers::ODATA_VERSION;
use crate::observe::{Event as Happened, event};
use crate::request::Request;
use crate::response::{CancelGuard, Stages};
use crate::served::Served;
use crate::state::State;
use crate::way::{Receiver, Terms, way};

/// Pieces on their way from the reading thread to the client.
const PIECES: usize = 2;
/// What may be shown by a browser that came upon the address: nothing that runs, or loads anything.
const SHOWN: &[&str] = &["image/", "audio/", "video/", "text/plain"];

/// Answers a stream, of a property or of a media entity itself.
pub async fn answer(
    state: &Arc<State>,
    request: &Request,
    served: Arc<Served>,
    query: &Query,
    property: Option<usize>,
    stages: &mut Stages,
) -> Result<Response<Body>, Refusal> {
    let stream = plan::stream(&served.mapping, served.source.dialect(), query, property)?;
    let fixed = fixed_type(&served, query, property);
    stages.end("plan");
    let permit = state.turn(&request.slot).await?;
    let cancel = Cancel::default();
    let guard = CancelGuard::new(&cancel);
    let asked = Asked { headers: request.headers.clone(), head: request.head, told: fixed.is_none() };
    let patience = Duration::from_secs(state.config.limits.slow_client_seconds);
    let held = state.held(&request.slot, &served, request.login.as_ref());
    // A stream may be of any length, so nothing of it is kept.
    let terms = Terms { room: PIECES, memory: None, patience };
    let (sender, mut receiver) = way(terms, move || held.is_awaited());
    let releaser = sender.releaser();
    let mut sink = Sink::new(asked, sender);
    let slot = Arc::clone(&request.slot);
    let options = state.run_options(&request.slot, cancel, request.login.as_ref());
    tokio::task::spawn_blocking(move || {
        let outcome = slot.stream(&served, &stream, &options, &mut sink);
        drop(permit);
        releaser.release();
        match outcome {
            Ok(outcome) if outcome.rows == 0 || outcome.complete => sink.send(Event::End(outcome)),
            // Nobody waits for the rest.
            Ok(_) => return,
            Err(refusal) => sink.send(Event::Failed(Box::new(refusal))),
        };
    });
    let first = receiver.recv().await;
    stages.end("rows");
    let begun = match first {
        Some(Event::Begun(begun)) => begun,
        Some(Event::End(outcome)) => return missing(query, &outcome, request.version),
        Some(Event::Failed(refusal)) => return Err(*refusal),
        Some(Event::Piece(_)) | None => return Err(Refusal::internal(Some(receiver.why_ended().to_owned()))),
    };
    let mut response = begin(request, &begun, fixed)?;
    let sends = matches!(response.status(), StatusCode::OK | StatusCode::PARTIAL_CONTENT) && !request.head;
    if sends {
        let (source, trace) = (request.slot.name.clone(), request.trace.clone());
        *response.body_mut() = Body::Stream(None, Box::new(Rest { receiver, source, trace, guard }));
    }
    Ok(response)
}

/// What the bytes are, where all of them are the same.
fn fixed_type(served: &Served, query: &Query, property: Option<usize>) -> Option<String> {
    let model = &served.mapping.model;
    let ty = model.entity_type(model.entity_set(query.selection.set).entity_type);
    let stream = match property {
        Some(index) => ty.streams.get(index),
        None => ty.media_of(query.selection.of).map(|(_, media)| media),
    };
    match &stream?.media_type {
        MediaType::Fixed(media_type) => Some(media_type.clone()),
        MediaType::Told => None,
    }
}

/// The answer without its body.
fn begin(request: &Request, begun: &Begun, fixed: Option<String>) -> Result<Response<Body>, Refusal> {
    let mut response = Response::new(Body::empty());
    let text = |text: &str| HeaderValue::from_str(text).ok();
    let headers = response.headers_mut();
    headers.insert(ODATA_VERSION, HeaderValue::from_static(request.version.as_str()));
    if let Some(etag) = begun.etag.as_deref().and_then(text) {
        headers.insert(header::ETAG, etag);
    }
    let status = match (begun.verdict, begun.length, &begun.wanted) {
        (Verdict::Differs, ..) => return Err(Refusal::differs()),
        (Verdict::Known, ..) => StatusCode::NOT_MODIFIED,
        (Verdict::Holds, None, _) => StatusCode::NO_CONTENT,
        (Verdict::Holds, Some(length), Wanted::Whole) => {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            StatusCode::OK
        }
        (Verdict::Holds, Some(length), Wanted::Part(range)) => {
            let told = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            headers.extend(text(&told).map(|told| (header::CONTENT_RANGE, told)));
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
            StatusCode::PARTIAL_CONTENT
        }
        (Verdict::Holds, Some(length), Wanted::Beyond) => return Ok(beyond(request, length)),
    };
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if matches!(status, StatusCode::OK | StatusCode::PARTIAL_CONTENT) {
        let told = begun.media_type.clone().filter(|told| is_media_type(told));
        let media_type = fixed.or(told).unwrap_or_else(|| BYTES.to_owned());
        guarded(headers, &media_type);
        headers.extend(text(&media_type).map(|media_type| (header::CONTENT_TYPE, media_type)));
    }
    *response.status_mut() = status;
    Ok(response)
}

/// The answer to a range of which nothing is there (RFC 9110 section 15.5.17).
fn beyond(request: &Request, length: u64) -> Response<Body> {
    let message = format!("There is nothing at this range; there are {length} bytes.");
    let refusal = Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, "RangeNotSatisfiable", message);
    let mut response = refusal.about("Range").response(request.version, &request.trace);
    let told = HeaderValue::from_str(&format!("bytes */{length}")).ok();
    response.headers_mut().extend(told.map(|told| (header::CONTENT_RANGE, told)));
    response
}

/// What somebody has put into the database is not to run with the rights of the address that serves it.
fn guarded(headers: &mut http::HeaderMap, media_type: &str) {
    let lower = media_type.to_ascii_lowercase();
    // Pictures of this kind are documents with scripts.
    let shown = SHOWN.iter().any(|start| lower.starts_with(start)) && !lower.starts_with("image/svg");
    let disposition = if shown { "inline" } else { "attachment" };
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// Bytes that are sent as they are read.
struct Rest {
    receiver: Receiver<Event>,
    source: String,
    trace: String,
    /// Ends the reading with the answer.
    guard: CancelGuard,
}

impl Rest {
    /// The answer has begun, so it can only be broken off.
    fn broken(&self, refusal: &Refusal) -> Broken {
        let cause = refusal.cause_or_message();
        event(&Happened::BrokenOff { source: &self.source, trace: &self.trace, cause });
        Broken
    }
}

impl Pieces for Rest {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        let received = self.receiver.poll_recv(cx);
        received.map(|told| match told {
            Some(Event::Piece(piece)) => Some(Ok(piece)),
            Some(Event::End(_)) => {
                self.guard.release();
                None
            }
            Some(Event::Failed(refusal)) => Some(Err(self.broken(&refusal))),
            Some(Event::Begun(_)) | None => {
                let cause = Some(self.receiver.why_ended().to_owned());
                Some(Err(self.broken(&Refusal::internal(cause))))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_runs_is_shown() {
        for (media_type, expected) in [
            ("image/png", "inline"),
            ("IMAGE/PNG", "inline"),
            ("image/svg+xml", "attachment"),
            ("Image/SVG+xml", "attachment"),
            ("text/html", "attachment"),
            ("text/plain; charset=utf-8", "inline"),
            ("text/xml", "attachment"),
            ("application/xhtml+xml", "attachment"),
            ("application/pdf", "attachment"),
            (BYTES, "attachment"),
            ("video/mp4", "inline"),
        ] {
            let mut headers = http::HeaderMap::new();
            guarded(&mut headers, media_type);
            assert_eq!(headers[header::CONTENT_DISPOSITION], expected, "{media_type}");
            assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert_eq!(headers[header::CONTENT_SECURITY_POLICY], "default-src 'none'; sandbox");
        }
    }
}
