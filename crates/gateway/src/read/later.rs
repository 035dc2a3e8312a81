//! `Prefer: respond-async` (Part 1 section 11.6): the whole result is stored, its first page too, and a status monitor, which
//! any node serves, tells when that page is there.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use nextlink_db::run::Cancel;
use nextlink_odata::json::PageWriter;
use nextlink_odata::version::Version;
use nextlink_results::token::Token;
use nextlink_results::{PageError, ResultId, StoredPage};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Prepared;
use super::collection::{conclude, envelope, page_limits, storing};
use super::message::{self, Answered, Made};
use crate::affinity;
use crate::answer::Refusal;
use crate::body::Body;
use crate::cluster::{self, Missing};
use crate::delivery::{Begun, Delivery, NO_PLACE};
use crate::headers::{ASYNC_RESULT, ODATA_VERSION, PREFERENCE_APPLIED};
use crate::kept::{form_text, kept};
use crate::link_parts::LinkForm;
use crate::observe::{Event, event};
use crate::page::{self, Opened};
use crate::request::{MONITOR, Request};
use crate::response::{CancelGuard, no_content};
use crate::results;
use crate::state::State;

/// Seconds after which a client is to ask again.
const AGAIN: u64 = 1;
/// How often it is looked whether a result that is being made is still wanted.
const LOOK: Duration = Duration::from_millis(500);

/// Begins what is asked for, and says where its answer will be. None where nothing can be stored: it is answered at once
/// then.
///
/// # Errors
/// It failed before it had begun.
pub async fn begin(
    state: &Arc<State>,
    request: &Request,
    prepared: Prepared,
) -> Result<Option<Response<Body>>, Refusal> {
    let Some(made) = result(state, request, prepared).await? else {
        return Ok(None);
    };
    if let Some(stored) = awaited(state, request, &made).await {
        let opened = Opened { token: made.token(), short: request.needs_short_link() };
        return page::answer(state, request, &opened, stored, false).await.map(Some);
    }
    promised(state, request, made).map(Some)
}

/// Begins a stored result with its first page; none where nothing can be stored.
///
/// # Errors
/// It failed before it had begun.
pub async fn result(
    state: &Arc<State>,
    request: &Request,
    prepared: Prepared,
) -> Result<Option<Made>, Refusal> {
    let limits = page_limits(state, request, request.page_rows());
    let form = form_text(prepared.format, request.page_rows(), request, &prepared.query);
    let storing = storing(state, request, &prepared, envelope(request, &prepared), form);
    // Nothing is held yet that others could wait for, so there is time.
    let wait = Duration::from_secs(state.config.limits.queue_seconds);
    let Ok(Some(place)) = tokio::time::timeout(wait, storing.places.take()).await else {
        let (source, trace) = (request.slot.name.as_str(), request.trace.as_str());
        event(&Event::NotStored { source, trace, cause: NO_PLACE });
        return Ok(None);
    };
    let permit = state.turn(&request.slot).await?;
    let cancel = Cancel::default();
    let options = state.run_options(&request.slot, cancel.clone(), request.login.as_ref());
    let slot = Arc::clone(&request.slot);
    // A client that is gone before it knows where to ask will not ask.
    let mut guard = CancelGuard::new(&cancel);
    let (tell, told) = oneshot::channel();
    let mut delivery = Delivery::later(storing, place, tell);
    let run = tokio::task::spawn_blocking(move || {
        // The number of all rows stands with the result, so that is known before it begins.
        if !prepared.query.count {
            delivery.begin();
        }
        let mut writer = PageWriter::new(prepared.shape, limits, delivery);
        let outcome = slot.run(&prepared.served, &prepared.program, &options, &mut writer);
        drop(permit);
        conclude(writer, outcome, &prepared.query, limits);
    });
    match told.await.map_err(|_| Refusal::internal(None))? {
        Begun::Stored { id, generation, owner } => {
            tokio::spawn(attend(Arc::clone(state), (id, generation), run, move || cancel.cancel()));
            guard.release();
            Ok(Some(Made { id, generation, owner }))
        }
        Begun::NotStored => Ok(None),
        Begun::Failed(refusal) => Err(*refusal),
    }
}

/// Its first page, where the client waits for it and it comes in time.
pub async fn awaited(state: &Arc<State>, request: &Request, made: &Made) -> Option<StoredPage> {
    let wait = request.prefer.wait.filter(|seconds| *seconds > 0)?;
    let wait = Duration::from_secs(wait.min(state.config.limits.page_wait_seconds));
    state.store.page(made.id, made.generation, 0, wait).await.ok()
}

/// An answer that came in time: itself, or where it will be.
///
/// # Errors
/// See [`promised`].
pub async fn answered(
    state: &Arc<State>,
    request: &Request,
    made: Made,
    answered: Answered,
) -> Result<Response<Body>, Refusal> {
    match answered {
        Answered::Message(response) => Ok(response),
        Answered::Result(result) => match awaited(state, request, &result).await {
            Some(stored) => {
                let opened = Opened { token: result.token(), short: request.needs_short_link() };
                page::answer(state, request, &opened, stored, false).await
            }
            None => promised(state, request, made),
        },
    }
}

/// Says where the answer will be.
///
/// # Errors
/// The token cannot be made.
pub fn promised(state: &Arc<State>, request: &Request, made: Made) -> Result<Response<Body>, Refusal> {
    let monitor = request.at(MONITOR);
    let form = LinkForm { short: true, calls: false };
    let sealed = state.tokens.seal(&made.token(), &monitor.binding(form))?;
    let routed = affinity::routed(affinity::own_route(state).as_deref(), &sealed);
    let mut response = pending(request, monitor.link_parts().page_link(&routed, form));
    response.headers_mut().insert(PREFERENCE_APPLIED, HeaderValue::from_static("respond-async"));
    Ok(response)
}

/// Keeps a result while it is made, though nobody may ask for it meanwhile, and stops its run where it was ended.
pub async fn attend(
    state: Arc<State>,
    (id, generation): (ResultId, u32),
    mut run: JoinHandle<()>,
    stop: impl FnOnce(),
) {
    loop {
        tokio::select! {
            _ = &mut run => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        if !state.store.touch(id, generation) {
            stop();
            return;
        }
    }
}

/// Says that the answer is not there yet, and where it will be.
fn pending(request: &Request, location: String) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::ACCEPTED;
    let headers = response.headers_mut();
    headers.insert(ODATA_VERSION, HeaderValue::from_static(request.version.as_str()));
    headers.insert(header::RETRY_AFTER, AGAIN.into());
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(header::LOCATION, location);
    }
    response
}

/// Answers a status monitor: 202 while there is no answer, then 200 with it.
///
/// # Errors
/// 400 for a token that is not valid here, 410 for a result that is gone, 503 while its node does not answer.
pub async fn status(state: &Arc<State>, request: &Request, token: &str) -> Result<Response<Body>, Refusal> {
    let Opened { token, .. } = page::open(state, request, token)?;
    status_of(state, request, token).await
}

async fn status_of(state: &Arc<State>, request: &Request, token: Token) -> Result<Response<Body>, Refusal> {
    let found = cluster::page(state.cluster.as_ref(), &state.store, &token, Duration::ZERO).await;
    let stored = match found {
        Ok(stored) => stored,
        Err(Missing::Page(PageError::NotYet)) => {
            return Ok(pending(request, [&request.root, request.url.as_str()].concat()));
        }
        Err(Missing::Page(PageError::SourceFailed { code, message })) => {
            let answered = failed(&code, &message).response(request.version, &request.trace);
            return Ok(told(request, request.version, answered));
        }
        Err(missing) => return Err(without_result(missing.into())),
    };
    let kept = kept(stored.meta.bytes())?;
    let format = kept.form.format();
    if kept.form.is_message() {
        let gzip = request.gzip && !is_whole(request, format.version);
        return match message::kept(stored, gzip).await? {
            Answered::Message(answered) => Ok(told(request, format.version, answered)),
            // A result that is no message.
            Answered::Result(made) => Box::pin(status_of(state, request, made.token())).await,
        };
    }
    let mut first = request.at(kept.form.url());
    // The answer has the form that was agreed on then.
    first.version = format.version;
    first.headers.remove(header::ACCEPT);
    if let Ok(media) = HeaderValue::try_from(format.media_type()) {
        first.headers.insert(header::ACCEPT, media);
    }
    first.prefer.max_page_size = Some(kept.form.page_rows()).filter(|rows| *rows < first.page_rows());
    first.gzip &= !is_whole(request, format.version);
    let opened = Opened { token, short: first.needs_short_link() };
    let answered = page::answer(state, &first, &opened, stored, false).await?;
    Ok(told(request, format.version, answered))
}

/// Ends what was asked for, whether it is made or being made.
///
/// # Errors
/// 400 for a token that is not valid here, 410 for a result that is gone, 503 while its node does not answer.
pub async fn cancel(state: &Arc<State>, request: &Request) -> Result<Response<Body>, Refusal> {
    let token = request.option("$skiptoken").unwrap_or_default();
    let Opened { token, .. } = page::open(state, request, &token)?;
    let found = cluster::page(state.cluster.as_ref(), &state.store, &token, Duration::ZERO).await;
    if let Ok(stored) = found
        && kept(stored.meta.bytes())?.form.is_message()
        && let Answered::Result(made) = message::kept(stored, false).await?
    {
        results::end(state, made.id).await;
    }
    match results::end(state, token.result).await {
        StatusCode::NOT_FOUND => Err(gone()),
        StatusCode::SERVICE_UNAVAILABLE => {
            let message = "The node that holds the result does not answer; try again.";
            Err(Refusal::unavailable("OwnerUnreachable", message, 2).about("$skiptoken"))
        }
        _ => Ok(no_content(request.version)),
    }
}

fn gone() -> Refusal {
    let message =
        "There is no answer here any more: it was cancelled, or has expired. Send the request again.";
    Refusal::new(StatusCode::GONE, "ResultGone", message).about("$skiptoken")
}

fn without_result(refusal: Refusal) -> Refusal {
    if refusal.status == StatusCode::GONE { gone() } else { refusal }
}

/// The answer to a request that failed while it ran.
fn failed(code: &str, message: &str) -> Refusal {
    let (status, code) = match code {
        "NotFound" => (StatusCode::NOT_FOUND, "NotFound"),
        "LimitExceeded" => (StatusCode::BAD_REQUEST, "LimitExceeded"),
        "ExpressionFailed" => (StatusCode::BAD_REQUEST, "ExpressionFailed"),
        "SourceDenied" => (StatusCode::FORBIDDEN, "SourceDenied"),
        "SourceLoginRefused" => (StatusCode::FORBIDDEN, "SourceLoginRefused"),
        "TooManyLogins" => (StatusCode::TOO_MANY_REQUESTS, "TooManyLogins"),
        "StatementTimeout" => (StatusCode::GATEWAY_TIMEOUT, "StatementTimeout"),
        "SourceLocked" | "SourceUnreachable" | "SourceBusy" | "StatementEnded" | "SourceChanged" => {
            (StatusCode::SERVICE_UNAVAILABLE, "SourceFailed")
        }
        "RowsFailed" => (StatusCode::INTERNAL_SERVER_ERROR, "RowsFailed"),
        "DefinitionFailed" => (StatusCode::INTERNAL_SERVER_ERROR, "DefinitionFailed"),
        "ValueMismatch" => (StatusCode::INTERNAL_SERVER_ERROR, "ValueMismatch"),
        "SourceDamaged" => (StatusCode::INTERNAL_SERVER_ERROR, "SourceDamaged"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "SourceFailed"),
    };
    let refusal = Refusal::new(status, code, message);
    if code == "ExpressionFailed" { refusal.about("expression") } else { refusal }
}

/// Whether the monitor answers with a whole message of HTTP: to clients of 4.0, and to those that ask for it.
pub fn is_whole(request: &Request, version: Version) -> bool {
    let accepted = request.headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok());
    let mut ranges = accepted.flat_map(|value| value.split(','));
    let http = |range: &str| range.split(';').next().unwrap_or_default().trim() == "application/http";
    version == Version::V40 || ranges.any(http)
}

/// The answer that was asked for, as the monitor gives it.
fn told(request: &Request, version: Version, answered: Response<Body>) -> Response<Body> {
    let (mut parts, body) = answered.into_parts();
    if !is_whole(request, version) {
        parts.headers.insert(ASYNC_RESULT, parts.status.as_u16().into());
        parts.status = StatusCode::OK;
        return Response::from_parts(parts, body);
    }
    let reason = parts.status.canonical_reason().unwrap_or_default();
    let mut head = ["HTTP/1.1 ", parts.status.as_str(), " ", reason, "\r\n"].concat();
    let cookies = |name: &&http::HeaderName| **name != header::SET_COOKIE;
    for (name, value) in parts.headers.iter().filter(|(name, _)| cookies(name)) {
        head.push_str(&[name.as_str(), ": ", value.to_str().unwrap_or_default(), "\r\n"].concat());
    }
    head.push_str("\r\n");
    let body = match body {
        Body::Pieces(mut pieces) => {
            pieces.push_front(Bytes::from(head));
            Body::Pieces(pieces)
        }
        Body::Stream(first, rest) => {
            let first = [head.as_bytes(), &first.unwrap_or_default()].concat();
            Body::Stream(Some(Bytes::from(first)), rest)
        }
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/http"));
    headers.insert("content-transfer-encoding", HeaderValue::from_static("binary"));
    headers.insert(ODATA_VERSION, HeaderValue::from_static(version.as_str()));
    response
}
