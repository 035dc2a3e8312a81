//! A reading request, alone or one of several, from what came to its answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use http::{HeaderValue, Method, Response, header};
use nextlink_odata::version::Version;

use crate::answer::Refusal;
use crate::body::Body;
use crate::config::ClientLogin;
use crate::observe::{Answered, Event, event};
use crate::read;
use crate::repeat::Repeat;
use crate::request::{Came, Request};
use crate::response::VARY_BY_LOGIN;
use crate::state::State;

/// What is known of a request from its start on, to the end of its answer.
pub struct Asked<'r> {
    /// When it came.
    pub started: Instant,
    /// Its method.
    pub method: &'r Method,
    /// Where it came from.
    pub peer: IpAddr,
    /// The name of the source.
    pub source: &'r str,
    /// What stands behind that.
    pub url: &'r str,
    /// Its kind.
    pub kind: &'static str,
    /// Identifies it in logs.
    pub trace: &'r str,
}

/// A coarse kind of request, for metrics.
pub fn kind(url: &str) -> &'static str {
    if url.contains("$metadata") || url.contains("$openapi") {
        "metadata"
    } else if url.contains("skiptoken=") {
        "page"
    } else {
        "read"
    }
}

/// An answer, whatever came of the request, which is told of.
pub fn concluded(
    answered: Result<Response<Body>, Refusal>,
    version: impl FnOnce() -> Version,
    asked: &Asked<'_>,
) -> Response<Body> {
    let Asked { started, method, peer, source, url, kind, trace } = asked;
    let (response, refusal) = match answered {
        Ok(response) => (response, None),
        Err(refusal) => (refusal.response(version(), trace), Some(refusal)),
    };
    event(&Event::Answered {
        answered: Answered {
            method: method.as_str(),
            peer: *peer,
            source,
            path: url.split('?').next().unwrap_or_default(),
            kind,
            status: response.status().as_u16(),
            code: refusal.as_ref().map_or("", |r| r.code),
            trace,
            elapsed: started.elapsed(),
            cause: refusal.as_ref().and_then(|r| r.cause.as_deref()),
        },
    });
    response
}

/// Ends what another request has asked for.
///
/// # Errors
/// There is no such thing.
pub async fn cancel(state: &Arc<State>, came: Came<'_>) -> Result<Response<Body>, Refusal> {
    let request = Request::new(state, Came { head: false, ..came })?;
    read::later::cancel(state, &request).await
}

/// Answers a reading request.
///
/// # Errors
/// What the client or the source did wrong, as an answer.
pub async fn answer(state: &Arc<State>, came: Came<'_>) -> Result<Response<Body>, Refusal> {
    let by_login = came.slot.config.client_login != ClientLogin::Never;
    let repeat = if came.head { None } else { Repeat::of(came.url, &came.headers, came.peer) };
    if let Some(repeat) = &repeat
        && let Some(answered) = read::again::awaited(state, &came.slot, repeat, &came.headers).await
    {
        return answered.map(|response| varying(response, by_login));
    }
    let mut request = Request::new(state, came)?;
    request.repeat = repeat;
    let answered = read::read(state, &request).await;
    let mut response = answered.map_err(|refusal| refusal.of_path(request.path()))?;
    if request.login.is_some() {
        // What one may read is not for others, and caches do not know the headers of the login.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(varying(response, by_login))
}

/// An answer of a source; `by_login` is whether it may be another one for other logins.
fn varying(mut response: Response<Body>, by_login: bool) -> Response<Body> {
    if by_login {
        response.headers_mut().insert(header::VARY, VARY_BY_LOGIN);
    }
    response
}
