//! Answers that are no OData: plain texts, small JSON documents, and what a node says of its health.

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde::Serialize;

use crate::body::Body;
use crate::state::State;

/// A document.
pub fn json(document: &impl Serialize) -> Response<Body> {
    let mut response = Response::new(Body::full(serde_json::to_vec(document).unwrap_or_default()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Whether something is good.
pub fn health(method: &Method, good: bool, text: &'static str) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        return plain_error(StatusCode::METHOD_NOT_ALLOWED, "Use GET or HEAD.");
    }
    let mut response = Response::new(if method == Method::HEAD { Body::empty() } else { Body::full(text) });
    *response.status_mut() = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// What a node says of itself that is about to end.
pub fn draining(state: &State, method: &Method) -> Response<Body> {
    let mut response = health(method, false, "{\"status\":\"draining\"}");
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        let status = StatusCode::from_u16(state.config.cluster.drain_status);
        *response.status_mut() = status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    }
    response
}

/// A text that says what is wrong.
pub fn plain_error(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::full(text));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

/// What is for one other method only.
pub fn not_allowed(method: &'static str, text: &'static str) -> Response<Body> {
    let mut response = plain_error(StatusCode::METHOD_NOT_ALLOWED, text);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(method));
    response
}
