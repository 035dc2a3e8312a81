//! Pages of other origins: what browsers let their scripts send and see (the CORS protocol of the Fetch standard).

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use crate::body::Body;
use crate::config::CorsConfig;

/// Methods that are answered with more than a refusal.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, DELETE");
/// Headers that scripts can see, besides the few that they always can.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Accept-Ranges, AsyncResult, Content-Disposition, Content-Encoding, Content-Range, ETag, Location, Nextlink-Generation, \
     OData-Version, Preference-Applied, Retry-After, Trace-ID, X-CSRF-Token",
);
/// What the answer to the question whether something may be sent depends on.
const VARY_ASKED: HeaderValue =
    HeaderValue::from_static("Origin, Access-Control-Request-Method, Access-Control-Request-Headers");

/// What an answer says to the browser.
#[derive(Debug)]
pub struct Grant {
    /// The origin that may read it, if any.
    origin: Option<HeaderValue>,
    credentials: bool,
    /// Whether other origins get other answers.
    varies: bool,
}

impl Grant {
    /// What the answer to a request is to say. None where it says nothing, whoever asks.
    pub fn of(config: &CorsConfig, headers: &HeaderMap) -> Option<Grant> {
        if config.origins.is_empty() {
            return None;
        }
        if config.any() {
            // Whoever asks, so that a cache may give the answer to anybody.
            let origin = Some(HeaderValue::from_static("*"));
            return Some(Grant { origin, credentials: false, varies: false });
        }
        let allowed = |origin: &&HeaderValue| {
            let is = |allowed: &String| origin.as_bytes().eq_ignore_ascii_case(allowed.as_bytes());
            config.origins.iter().any(is)
        };
        let origin = headers.get(header::ORIGIN).filter(allowed).cloned();
        Some(Grant { origin, credentials: config.credentials, varies: true })
    }

    /// Whether the page that asks may read the answer.
    pub fn is_given(&self) -> bool {
        self.origin.is_some()
    }

    /// Says it in an answer.
    pub fn put(&self, headers: &mut HeaderMap) {
        if self.varies {
            // It may be another one for another origin.
            let others = headers.get(header::VARY).and_then(|vary| vary.to_str().ok());
            let vary = others.map(|others| HeaderValue::try_from([others, ", Origin"].concat()));
            let vary = vary.and_then(Result::ok).unwrap_or(HeaderValue::from_static("Origin"));
            headers.insert(header::VARY, vary);
        }
        if self.origin.is_some() {
            self.name_origin(headers);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }

    fn name_origin(&self, headers: &mut HeaderMap) {
        if let Some(origin) = &self.origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
        if self.credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }

    /// The answer to the question whether a request may be sent. All headers may: those that count are read, and no other
    /// has a meaning here.
    pub fn allow(&self, config: &CorsConfig, asked: &HeaderMap) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        self.name_origin(headers);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, config.max_age_seconds.into());
        headers.insert(header::VARY, VARY_ASKED);
        response
    }
}

/// Whether a request asks if another one may be sent.
pub fn asks(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}
