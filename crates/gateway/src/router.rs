//! All routes of the public listener on one page.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request as HttpRequest, Response, StatusCode, header};
use percent_encoding::percent_decode_str;

use crate::answer::Refusal;
use crate::batch;
use crate::body::Body;
use crate::config::ClientLogin;
use crate::cors::{self, Grant};
use crate::headers::{CSRF_TOKEN, TRACE_ID};
use crate::negotiate;
use crate::plain::{draining, health, plain_error};
use crate::read;
use crate::reading::{self, Asked, concluded, kind};
use crate::repeat::Repeat;
use crate::request::{Came, Trace};
use crate::response::add_common;
use crate::slot::Slot;
use crate::state::State;
use crate::tunnel::{self, Entry};
use crate::upload;
use crate::vocabularies;
use nextlink_odata::version::Version;

/// Root of all services.
const SERVICES: &str = "/api/odata4";

/// Answers a request on the public listener.
pub async fn public<B>(state: Arc<State>, request: HttpRequest<B>, peer: IpAddr) -> Response<Body>
where
    B: hyper::body::Body<Data = Bytes>,
{
    let path = request.uri().path();
    match path {
        "/" => landing(&state, request.method()),
        "/api/healthcheck" if state.cluster.is_some() && state.is_stopping() => {
            draining(&state, request.method())
        }
        "/api/healthcheck" => health(request.method(), true, "{\"status\":\"active\"}"),
        _ => match path.strip_prefix(SERVICES).filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            Some(_) => match at_once(&state, &request, peer) {
                Some(response) => response,
                // Boxed, since HTTP moves the future of each request several times.
                None => Box::pin(service(state, request, peer)).await,
            },
            None => vocabulary(&state, request.method(), path).unwrap_or_else(|| {
                plain_error(
                    StatusCode::NOT_FOUND,
                    "There is nothing here; services are at /api/odata4/{source}.",
                )
            }),
        },
    }
}

/// A standard vocabulary, where the node serves them.
fn vocabulary(state: &State, method: &Method, path: &str) -> Option<Response<Body>> {
    let found = state.vocabularies.answer(method, path.strip_prefix(vocabularies::PATH)?)?;
    let reads = method == Method::GET || method == Method::HEAD;
    Some(if reads { found } else { plain_error(StatusCode::METHOD_NOT_ALLOWED, "Use GET or HEAD.") })
}

/// A page for people: what is served here.
fn landing(state: &State, method: &Method) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        return plain_error(StatusCode::METHOD_NOT_ALLOWED, "Use GET or HEAD.");
    }
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Nextlink</title>\
         <style>body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}\
         li{margin:.2rem 0}h2{margin-top:2rem}</style></head><body><h1>Nextlink</h1>\
         <p>These databases are served as OData 4. Give the address of a service to Excel, Power BI or any other OData client.</p>",
    );
    for slot in state.slots.all() {
        // Names of sources and sets are identifiers, checked when they were made; they need no escape.
        let root = format!("{SERVICES}/{}/", slot.name);
        page.push_str(&format!(
            "<h2>{}</h2><p><a href=\"{root}\">{root}</a> &middot; <a href=\"{root}$metadata\">$metadata</a> &middot; \
             <a href=\"{root}$openapi\">$openapi</a></p>",
            slot.name
        ));
        if slot.config.client_login == ClientLogin::Required {
            page.push_str("<p>What there is, the database tells to its users only.</p>");
            continue;
        }
        let Ok(served) = slot.served(None) else {
            page.push_str("<p>The database cannot be read now; it is tried again.</p>");
            continue;
        };
        page.push_str("<ul>");
        for (_, set) in served.mapping.model.served_sets() {
            page.push_str(&format!("<li><a href=\"{root}{0}?$top=20\">{0}</a></li>", set.name));
        }
        for single in &served.mapping.model.singletons {
            page.push_str(&format!("<li><a href=\"{root}{0}\">{0}</a></li>", single.name));
        }
        page.push_str("</ul>");
    }
    page.push_str("</body></html>");
    let mut response = Response::new(if method == Method::HEAD { Body::empty() } else { Body::full(page) });
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// Answers a request for a source at once, where nothing has to be awaited for it: another one like it was answered before.
fn at_once<B>(state: &State, request: &HttpRequest<B>, peer: IpAddr) -> Option<Response<Body>> {
    let started = Instant::now();
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    let one_host = headers.get_all(header::HOST).iter().count() == 1 && uri.authority().is_none();
    if method != Method::GET || !one_host || headers.contains_key(CSRF_TOKEN) {
        return None;
    }
    let (source, url) = target(uri);
    let slot = admit(state, headers, source).ok()?;
    let served = slot.served(None).ok().filter(|served| served.source.reads_at_once())?;
    let repeat = Repeat::of(url, headers, peer)?;
    let answered = read::again::at_once(&slot, served, &repeat, headers)?;
    let trace = Trace::of(headers);
    let version = || negotiate::version(headers).unwrap_or(Version::V40);
    let asked = Asked { started, method, peer, source, url, kind: "read", trace: trace.as_str() };
    let mut response = concluded(answered, version, &asked);
    let grant = Grant::of(&state.config.server.cors, headers);
    finish(&mut response, trace, false, grant.as_ref());
    Some(response)
}

/// Answers a request for a source, whatever happens.
async fn service<B>(state: Arc<State>, request: HttpRequest<B>, peer: IpAddr) -> Response<Body>
where
    B: hyper::body::Body<Data = Bytes>,
{
    let started = Instant::now();
    let (mut parts, body) = request.into_parts();
    let grant = Grant::of(&state.config.server.cors, &parts.headers);
    if let Some(grant) = &grant
        && grant.is_given()
        && cors::asks(&parts.method, &parts.headers)
    {
        return grant.allow(&state.config.server.cors, &parts.headers);
    }
    let host = named_host(&mut parts);
    let http::request::Parts { method, uri, headers, .. } = parts;
    let trace = Trace::of(&headers);
    let version = negotiate::version(&headers).unwrap_or(Version::V40);
    let wants_token = headers.get(CSRF_TOKEN).is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"fetch"));
    let (source, url) = target(&uri);
    let entry = Entry::of(&method, &headers, url);
    let (head, kind) = match entry {
        Ok(Entry::Read { head }) => (head, kind(url)),
        Ok(Entry::Batch) => (false, "batch"),
        Ok(Entry::Query | Entry::Cancel) | Err(_) => (method == Method::HEAD, kind(url)),
    };
    let admitted = host.and_then(|()| admit(&state, &headers, source));
    let answered = match admitted.and_then(|slot| Ok((slot, entry?))) {
        Ok((slot, entry)) => {
            let came = Came { slot, url, head, headers, peer, trace: trace.as_str() };
            match entry {
                Entry::Read { .. } => reading::answer(&state, came).await,
                // Boxed, so that plain reads do not move about what they do not need.
                Entry::Query | Entry::Batch | Entry::Cancel => {
                    Box::pin(enter(&state, entry, came, body)).await
                }
            }
        }
        Err(refusal) => Err(refusal),
    };
    // Taken apart once more, so that what was awaited does not hold it.
    let (source, url) = target(&uri);
    let asked = Asked { started, method: &method, peer, source, url, kind, trace: trace.as_str() };
    let mut response = concluded(answered, || version, &asked);
    if wants_token {
        // Nothing can be forged where nothing can be written, but some clients begin with it.
        response.headers_mut().insert(CSRF_TOKEN, HeaderValue::from_static("none-needed"));
    }
    finish(&mut response, trace, head, grant.as_ref());
    response
}

/// Answers a request in the way that it came in, with its body.
async fn enter<B>(
    state: &Arc<State>,
    entry: Entry,
    came: Came<'_>,
    body: B,
) -> Result<Response<Body>, Refusal>
where
    B: hyper::body::Body<Data = Bytes>,
{
    match entry {
        Entry::Read { .. } => reading::answer(state, came).await,
        Entry::Query => {
            let upload = upload::read(state, &came.headers, body).await?;
            let url = tunnel::with_body(came.url, &came.headers, &upload.bytes)?;
            drop(upload);
            reading::answer(state, Came { url: &url, ..came }).await
        }
        Entry::Cancel => reading::cancel(state, came).await,
        Entry::Batch => {
            let upload = upload::read(state, &came.headers, body).await?;
            if batch::comes_later(&came.headers) {
                return Box::pin(batch::later(state, came, upload)).await;
            }
            batch::answer(state, came, upload).await
        }
    }
}

/// The source that a request names, and what stands behind it.
fn target(uri: &http::Uri) -> (&str, &str) {
    let path_and_query = uri.path_and_query().map_or("", |p| p.as_str());
    split_source(path_and_query.get(SERVICES.len()..).unwrap_or_default())
}

/// The host of a request target that is a whole address, as in HTTP/2, replaces the header (RFC 9112 section 3.2.2);
/// HTTP/1.1 needs exactly one.
fn named_host(parts: &mut http::request::Parts) -> Result<(), Refusal> {
    let whole = parts.uri.authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok());
    if let Some(host) = whole {
        parts.headers.insert(header::HOST, host);
    }
    let hosts = parts.headers.get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && parts.version == http::Version::HTTP_11) {
        let message = "A request needs one Host header.";
        return Err(Refusal::bad_request("BadHost", message).about("Host"));
    }
    Ok(())
}

/// `/{source}/…` becomes the source and what stands behind it.
fn split_source(rest: &str) -> (&str, &str) {
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    rest.split_at(end)
}

/// The source that a request is for, if it is one that can be looked at.
fn admit(state: &State, headers: &HeaderMap, name: &str) -> Result<Arc<Slot>, Refusal> {
    // Most clients write it as it is listed.
    let listed = state.slots.listed(name);
    let decoded = || state.slots.get(&percent_decode_str(name).decode_utf8_lossy());
    let Some(slot) = listed.or_else(decoded) else {
        let name = percent_decode_str(name).decode_utf8_lossy();
        let message = if name.is_empty() {
            "Name a source, as in /api/odata4/{source}/.".to_owned()
        } else {
            format!("There is no source '{}'.", name.chars().take(64).collect::<String>())
        };
        return Err(Refusal::not_found(message).about("source"));
    };
    slot.check()?;
    let header_bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if header_bytes > state.config.limits.header_bytes {
        let message = format!(
            "The header of the request is longer than {} bytes (limit `header_bytes`).",
            state.config.limits.header_bytes
        );
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Refusal::new(status, "LimitExceeded", message).about("header_bytes"));
    }
    Ok(slot)
}

/// Headers that every answer has.
fn finish(response: &mut Response<Body>, trace: Trace, head: bool, grant: Option<&Grant>) {
    if head {
        *response.body_mut() = Body::empty();
    }
    let headers = response.headers_mut();
    headers.insert(TRACE_ID, trace.into_header());
    if !headers.contains_key(header::X_CONTENT_TYPE_OPTIONS) {
        add_common(headers);
    }
    if let Some(grant) = grant {
        grant.put(headers);
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Empty;

    use super::*;

    /// What is awaited is part of the future, and the future is moved several times: calls that are rare and large are
    /// to be boxed.
    #[test]
    fn the_future_of_a_request_is_small() {
        fn bytes<F>(_: impl FnOnce(Arc<State>, HttpRequest<Empty<Bytes>>, IpAddr) -> F) -> usize {
            size_of::<F>()
        }
        assert!(bytes(public::<Empty<Bytes>>) <= 704, "public: {} bytes", bytes(public::<Empty<Bytes>>));
        assert!(bytes(service::<Empty<Bytes>>) <= 3_072, "service: {} bytes", bytes(service::<Empty<Bytes>>));
    }
}
