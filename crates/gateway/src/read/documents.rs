//! Documents about a source: what there is, its model, and that as OpenAPI.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use crate::answer::Refusal;
use crate::body::Body;
use crate::conditions::{Verdict, verdict};
use crate::headers::ODATA_VERSION;
use crate::negotiate::{self, Kind};
use crate::request::Request;
use crate::response::{compressed, crashed, json_response};
use crate::served::{Served, etag};
use crate::vocabularies;

/// Answers the root of the service.
pub fn service(
    request: &Request,
    served: &Served,
    format_option: Option<&str>,
) -> Result<Response<Body>, Refusal> {
    let agreed = negotiate::agree(Kind::Data, request.version, format_option, &request.headers)?;
    let context = [&request.root, "$metadata"].concat();
    let model = &served.mapping.model;
    let text = nextlink_odata::service::document(model, &context, agreed.format.metadata, request.version);
    let response = json_response(request, agreed.format, Body::empty());
    Ok(compressed(request.gzip, response, vec![text.into()]))
}

/// Answers `$metadata`.
pub fn metadata(
    request: &Request,
    served: &Served,
    format_option: Option<&str>,
) -> Result<Response<Body>, Refusal> {
    let agreed = negotiate::agree(Kind::Metadata, request.version, format_option, &request.headers)?;
    let (text, etag) = served.metadata(agreed.json, request.version).at(&vocabularies_of(request));
    let media = if agreed.json { "application/json" } else { "application/xml" };
    unless_known(request, media, &etag, text)
}

/// Answers `$openapi`.
pub async fn open_api(
    request: &Request,
    served: Arc<Served>,
    format_option: Option<&str>,
) -> Result<Response<Body>, Refusal> {
    negotiate::agree(Kind::OpenApi, request.version, format_option, &request.headers)?;
    // That of a large database takes a while to make, once.
    let made = tokio::task::spawn_blocking(move || served.open_api().clone()).await;
    let text = made.map_err(|error| crashed(&error))?;
    let servers = nextlink_odata::openapi::servers(&request.root);
    let end = Bytes::from(format!(",\"servers\":{servers}}}"));
    let etag = etag(&[&text, &end]);
    unless_known(request, "application/json", &etag, vec![text, end])
}

/// Where the node serves the vocabularies, as the client sees it.
fn vocabularies_of(request: &Request) -> String {
    let base = request.root.rfind("/api/odata4/").map_or("", |end| &request.root[..end]);
    [base, vocabularies::PATH].concat()
}

/// A document with its ETag, or 304 where the client has it.
fn unless_known(
    request: &Request,
    media: &'static str,
    etag: &str,
    text: Vec<Bytes>,
) -> Result<Response<Body>, Refusal> {
    let mut response = Response::new(Body::empty());
    match verdict(&request.headers, etag) {
        Verdict::Differs => return Err(Refusal::differs()),
        Verdict::Known => *response.status_mut() = StatusCode::NOT_MODIFIED,
        Verdict::Holds => response = compressed(request.gzip, response, text),
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(ODATA_VERSION, HeaderValue::from_static(request.version.as_str()));
    Ok(response)
}
