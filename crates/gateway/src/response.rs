//! What all answers have: their headers, the times of the stages, and the end of runs that nobody waits for.

use std::io::Write as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use nextlink_db::run::Cancel;
use nextlink_odata::json::Format;
use nextlink_odata::version::{MetadataLevel, Version};
use nextlink_results::gzip::GzipMember;

use crate::answer::Refusal;
use crate::body::Body;
use crate::headers::{ODATA_VERSION, PREFERENCE_APPLIED};
use crate::request::Request;

/// Bytes from which an answer of one piece is compressed.
const COMPRESS_FROM: usize = 1_024;
/// Stages of a request at most.
const STAGES: usize = 6;
/// Room for the header with their times.
const HEADER_BYTES: usize = 256;

/// Times of the stages, for `Server-Timing`.
#[derive(Debug)]
pub struct Stages {
    started: Instant,
    /// Each with the time from the start to its end.
    ended: [(&'static str, Duration); STAGES],
    count: usize,
}

impl Stages {
    /// Starts the clock.
    pub fn start() -> Stages {
        Stages { started: Instant::now(), ended: [("", Duration::ZERO); STAGES], count: 0 }
    }

    /// A stage has ended.
    pub fn end(&mut self, name: &'static str) {
        if let Some(stage) = self.ended.get_mut(self.count) {
            *stage = (name, self.started.elapsed());
            self.count += 1;
        }
    }

    /// The header: milliseconds with three digits behind the point.
    pub fn header(&self) -> Option<HeaderValue> {
        let mut text = [0; HEADER_BYTES];
        let mut left = text.as_mut_slice();
        let mut before = Duration::ZERO;
        for (name, end) in &self.ended[..self.count] {
            let micros = u64::try_from((*end - before).as_micros()).unwrap_or(u64::MAX);
            let separator = if before.is_zero() { "" } else { ", " };
            before = *end;
            let (mut whole, mut part) = (itoa::Buffer::new(), itoa::Buffer::new());
            // The 1 keeps the zeros behind it.
            let part = part.format(1000 + micros % 1000);
            for piece in [separator, name, ";dur=", whole.format(micros / 1000), ".", &part[1..]] {
                left.write_all(piece.as_bytes()).ok()?;
            }
        }
        let unused = left.len();
        HeaderValue::from_bytes(&text[..HEADER_BYTES - unused]).ok()
    }
}

/// Headers that an answer has, about.
const HEADERS: usize = 12;

/// An answer in JSON with the headers that all of them have.
pub fn json_response(request: &Request, format: Format, body: Body) -> Response<Body> {
    page_response(request, format, request.page_rows(), body)
}

/// The same for a page of a result, whose size of pages was settled.
pub fn page_response(request: &Request, format: Format, page_rows: u64, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    // Room for all headers of an answer at once: those here, and those of the router and of HTTP.
    *headers = HeaderMap::with_capacity(HEADERS);
    headers.insert(header::CONTENT_TYPE, media_type(format));
    headers.insert(ODATA_VERSION, HeaderValue::from_static(format.version.as_str()));
    if let Some(applied) = preferences_applied(request, format, page_rows) {
        headers.insert(PREFERENCE_APPLIED, applied);
    }
    response
}

/// What every answer of a service may depend on.
const VARY: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding, OData-MaxVersion, Prefer");
/// The same where clients say who reads.
pub const VARY_BY_LOGIN: HeaderValue = HeaderValue::from_static(
    "Accept, Accept-Encoding, OData-MaxVersion, Prefer, DDCloud-DataSource-User, DDCloud-DataSource-Password",
);

/// Headers that every answer of a service has, whatever it is.
pub fn add_common(headers: &mut HeaderMap) {
    headers.entry(header::VARY).or_insert(VARY);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
}

/// The media type of an answer; the usual one is at hand.
fn media_type(format: Format) -> HeaderValue {
    let usual = format.metadata == MetadataLevel::Minimal && !format.ieee754_compatible;
    if usual && format.version == Version::V40 {
        return HeaderValue::from_static("application/json;odata.metadata=minimal");
    }
    HeaderValue::try_from(format.media_type()).unwrap_or(HeaderValue::from_static("application/json"))
}

/// What of `Prefer` was followed (Part 1 section 8.3.9); 4.0 knows the names with their prefix. `page_rows` is the size
/// of pages that was settled, which for a further page need not be the one that is preferred now.
fn preferences_applied(request: &Request, format: Format, page_rows: u64) -> Option<HeaderValue> {
    let prefix = match format.version {
        Version::V40 => "odata.",
        Version::V401 => "",
    };
    let mut applied: Vec<String> = Vec::new();
    if request.prefer.max_page_size.is_some_and(|n| n > 0) && request.page_rows() == page_rows {
        applied.push(format!("{prefix}maxpagesize={page_rows}"));
    }
    if format.omit_nulls {
        applied.push("omit-values=nulls".to_owned());
    }
    if let Some(filters) = &request.prefer.include_annotations {
        let items: Vec<String> =
            filters.iter().map(|f| [if f.exclude { "-" } else { "" }, &f.term].concat()).collect();
        applied.push(format!("{prefix}include-annotations=\"{}\"", items.join(",")));
    }
    if applied.is_empty() { None } else { HeaderValue::from_str(&applied.join(", ")).ok() }
}

/// Says that changes are followed.
pub fn follows_changes(headers: &mut HeaderMap, version: Version) {
    let name = match version {
        Version::V40 => "odata.track-changes",
        Version::V401 => "track-changes",
    };
    let others = headers.get(PREFERENCE_APPLIED).and_then(|value| value.to_str().ok());
    let all = others.map_or_else(|| name.to_owned(), |others| [name, ", ", others].concat());
    if let Ok(all) = HeaderValue::try_from(all) {
        headers.insert(PREFERENCE_APPLIED, all);
    }
}

/// Ends a run when nobody waits for it any more.
#[derive(Debug)]
pub struct CancelGuard(Option<Cancel>);

impl CancelGuard {
    /// Ends the run on drop.
    pub fn new(cancel: &Cancel) -> CancelGuard {
        CancelGuard(Some(cancel.clone()))
    }

    /// The run may go on without anybody waiting.
    pub fn release(&mut self) {
        self.0 = None;
    }
}

impl Drop for CancelGuard {
    fn drop(&mut self) {
        if let Some(cancel) = &self.0 {
            cancel.cancel();
        }
    }
}

/// There is nothing to send.
pub fn no_content(version: Version) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ODATA_VERSION, HeaderValue::from_static(version.as_str()));
    response
}

/// Puts pieces of text in as the body, compressed where that is wanted and worth it.
pub fn compressed(gzip: bool, mut response: Response<Body>, text: Vec<Bytes>) -> Response<Body> {
    let length: usize = text.iter().map(Bytes::len).sum();
    if !gzip || length < COMPRESS_FROM {
        *response.body_mut() = Body::from(text);
        return response;
    }
    let mut member = GzipMember::default();
    let mut body: Vec<Bytes> = text.iter().map(|piece| member.plain(piece)).collect();
    body.push(member.finish(b""));
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    *response.body_mut() = Body::from(body);
    response
}

/// A thread that reads rows has panicked.
pub fn crashed(error: &tokio::task::JoinError) -> Refusal {
    Refusal::internal(Some(error.to_string()))
}
