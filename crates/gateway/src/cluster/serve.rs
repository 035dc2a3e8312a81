//! The internal API: a listener and a router of their own, for the other nodes alone.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::TokioIo;
use nextlink_results::peer::{BodyHash, Call, Stamp};
use nextlink_results::{MAX_PAGE_BYTES, NodeId, PageError, Registration, ResultId, Store};
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::drain::{self, Handoff};
use super::membership::Cluster;
use super::replicas::receive;
use super::wire::{AUTH, BODY, NODE, ROOT, SEALED, put_page, tell};
use crate::body::Body;
use crate::observe::{Event, event};
use crate::stored::{self, Window};
use crate::watch::{Answer, Watch, Watched};

/// The longest body of a call.
const MAX_BODY: usize = 1024 * 1024;
/// The longest body of a call with pages: one, and what can stand beside it.
const MAX_PAGES: usize = MAX_PAGE_BYTES * 2;
/// The longest time that a call may ask to wait.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// Connections at one time.
const CONNECTIONS: usize = 1_024;
/// How long a connection may take to begin, and the body of a call to come.
const SLOW: Duration = Duration::from_secs(10);
/// How long nothing may go on on a connection: longer than the other side keeps one that it does not use.
const STILL: Duration = Duration::from_secs(30);

/// Answers the other nodes, until it is aborted.
///
/// # Errors
/// The listener cannot be used.
pub async fn listen(cluster: Arc<Cluster>, store: Arc<Store>) -> std::io::Result<()> {
    let Some(listener) = cluster.take_listener() else {
        return Ok(());
    };
    let listener = TcpListener::from_std(listener)?;
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            // After a failed accept, such as too many open files: not at once again.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let Ok(permit) = Arc::clone(&connections).try_acquire_owned() else { continue };
        let _ = stream.set_nodelay(true);
        let (cluster, store) = (Arc::clone(&cluster), Arc::clone(&store));
        let connected = Arc::clone(&cluster);
        let watch = Watch::default();
        let watched = watch.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let (cluster, store) = (Arc::clone(&cluster), Arc::clone(&store));
            let answering = watched.answering(request.version());
            async move {
                let response = answer(&cluster, &store, request, peer.ip()).await;
                Ok::<_, Infallible>(answering.with(response))
            }
        });
        tokio::spawn(async move {
            let stream = watch.over(stream);
            if let Some(Err(error)) = watch.attend(serve(&connected, stream, peer.ip(), service), STILL).await
            {
                event(&Event::Connection { cause: &error.to_string() });
            }
            drop(permit);
        });
    }
}

/// Serves a connection: by TLS if the nodes have it, and then not otherwise.
async fn serve<S>(
    cluster: &Cluster,
    stream: Watched<TcpStream>,
    peer: IpAddr,
    service: S,
) -> hyper::Result<()>
where
    S: HttpService<Incoming, ResBody = Answer<Body>, Error = Infallible>,
{
    // Nothing is timed for each call: the connection is watched.
    let server = http1::Builder::new();
    let Some(tls) = &cluster.tls else {
        return server.serve_connection(TokioIo::new(stream), service).await;
    };
    let mut renewed = tls.renewed();
    let why = match tokio::time::timeout(SLOW, tls.accept(stream)).await {
        Ok(Ok(stream)) => {
            let mut connection = pin!(server.serve_connection(TokioIo::new(stream), service));
            tokio::select! {
                end = &mut connection => return end,
                _ = renewed.changed() => connection.as_mut().graceful_shutdown(),
            }
            return connection.await;
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it does not begin in time".to_owned(),
    };
    event(&Event::CallRefused { peer, why: &why });
    Ok(())
}

/// What is answered.
struct Reply {
    status: StatusCode,
    said: Said,
}

/// The body of an answer.
enum Said {
    /// It is proved to come from this node.
    Document(Bytes),
    /// It is sealed, so that it proves itself.
    Sealed(Vec<Bytes>),
}

impl Reply {
    fn said(status: StatusCode, document: &impl Serialize) -> Reply {
        let document = serde_json::to_vec(document).unwrap_or_default();
        Reply { status, said: Said::Document(document.into()) }
    }

    fn plain(status: StatusCode) -> Reply {
        Reply { status, said: Said::Document(Bytes::new()) }
    }

    fn sealed(pieces: impl Into<Vec<Bytes>>) -> Reply {
        Reply { status: StatusCode::OK, said: Said::Sealed(pieces.into()) }
    }
}

impl From<PageError> for Reply {
    fn from(error: PageError) -> Reply {
        let (status, said) = tell(&error);
        Reply::said(status, &said)
    }
}

async fn answer<B>(
    cluster: &Arc<Cluster>,
    store: &Arc<Store>,
    request: Request<B>,
    peer: IpAddr,
) -> Response<Body>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (parts, body) = request.into_parts();
    let Some((from, stamp, body)) = admit(cluster, &parts, body, peer).await else {
        event(&Event::CallRefused { peer, why: "it is not proved to come from a node" });
        // No reason is given, and nothing else either.
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        return response;
    };
    let reply = route(cluster, store, from, &parts.method, &parts.uri, body).await;
    let (media, proved, body) = match reply.said {
        Said::Document(document) => ("application/json", document.clone(), Body::full(document)),
        Said::Sealed(pieces) => (SEALED, Bytes::new(), Body::from(pieces)),
    };
    let proof = cluster.keys.prove_answer(&stamp, reply.status.as_u16(), &proved).unwrap_or_default();
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    if let Ok(proof) = HeaderValue::try_from(proof) {
        headers.insert(AUTH, proof);
    }
    response
}

/// Whether a call comes from another node of the cluster, is meant for this start of this node, and comes in time and
/// for the first time. All that is known before its body has come: nobody else has a byte of that taken.
async fn admit<B>(
    cluster: &Cluster,
    parts: &http::request::Parts,
    body: B,
    peer: IpAddr,
) -> Option<(NodeId, Stamp, Bytes)>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if !cluster.config.networks.iter().any(|network| network.contains(peer)) {
        return None;
    }
    let registration = Registration::parse(one(&parts.headers, &NODE)?)?;
    let proof = one(&parts.headers, &AUTH)?;
    let empty = body.is_end_stream();
    let hash = if empty { BodyHash::of(b"") } else { BodyHash::parse(one(&parts.headers, &BODY)?)? };
    let member = cluster.caller(registration).await?;
    let call = Call {
        method: parts.method.as_str(),
        target: parts.uri.path_and_query()?.as_str(),
        body: hash,
        from: member.facts.party(),
        to: cluster.own.party(),
    };
    let stamp = cluster.keys.check(proof, &call)?;
    if !cluster.replays.admit(call.from, &stamp, cluster.clock.now_ms()) {
        return None;
    }
    let body = if empty { Bytes::new() } else { proved(body, &parts.method, hash).await? };
    Some((member.facts.id, stamp, body))
}

/// The body that the proof of its call is about.
async fn proved<B>(body: B, method: &Method, hash: BodyHash) -> Option<Bytes>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let most = if *method == Method::PUT { MAX_PAGES } else { MAX_BODY };
    let body = tokio::time::timeout(SLOW, Limited::new(body, most).collect()).await.ok()?.ok()?.to_bytes();
    (BodyHash::of(&body) == hash).then_some(body)
}

/// The value of a header that is there once.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// What a node says of itself.
#[derive(Serialize)]
struct Ping<'a> {
    name: &'a str,
    id: String,
    boot: u64,
}

async fn route(
    cluster: &Arc<Cluster>,
    store: &Arc<Store>,
    from: NodeId,
    method: &Method,
    uri: &http::Uri,
    body: Bytes,
) -> Reply {
    let Some(rest) = uri.path().strip_prefix(ROOT) else {
        return Reply::plain(StatusCode::NOT_FOUND);
    };
    let query = uri.query().unwrap_or_default();
    let segments: Vec<&str> = rest.trim_start_matches('/').split('/').collect();
    match (method.as_str(), segments.as_slice()) {
        ("GET", ["ping"]) => {
            let own = &cluster.own;
            Reply::said(StatusCode::OK, &Ping { name: &own.name, id: own.id.to_string(), boot: own.boot })
        }
        ("GET", ["results"]) => match Window::parse(query) {
            Ok(window) => Reply::said(StatusCode::OK, &stored::held(store, &window)),
            Err(_) => Reply::plain(StatusCode::BAD_REQUEST),
        },
        ("GET", ["results", id, generation, "pages", number]) => {
            match (key(id, generation), number.parse()) {
                (Some(key), Ok(number)) => page(store, key, number, query).await,
                _ => Reply::plain(StatusCode::BAD_REQUEST),
            }
        }
        ("GET", ["results", id, generation, "header"]) => match key(id, generation) {
            Some((id, generation)) => {
                store.header(id, generation).await.map_or_else(Reply::from, |header| Reply::sealed([header]))
            }
            None => Reply::plain(StatusCode::BAD_REQUEST),
        },
        ("POST", ["handoff"]) => {
            let asked: Option<Handoff> = serde_json::from_slice(&body).ok();
            match asked.and_then(|asked| asked.key()) {
                Some(key) => Reply::plain(drain::receive(cluster, store, key, from).await),
                None => Reply::plain(StatusCode::BAD_REQUEST),
            }
        }
        ("PUT", ["replicas", id, generation]) => {
            let offset = option(query, "offset").and_then(|offset| offset.parse().ok());
            let (Some(key), Some(offset)) = (key(id, generation), offset) else {
                return Reply::plain(StatusCode::BAD_REQUEST);
            };
            let continued = option(query, "continued").unwrap_or_default();
            let continued = continued.split(',').filter_map(|page| page.parse().ok()).collect();
            match receive(cluster, store, (key, from, continued), offset, body).await {
                (status, Some(kept)) => Reply::said(status, &kept),
                (status, None) => Reply::plain(status),
            }
        }
        ("DELETE", ["replicas", id, generation]) => match key(id, generation) {
            Some(key) if !store.is_copy(key.0, key.1) => Reply::plain(StatusCode::NOT_FOUND),
            Some(key) => Reply::plain(remove(store, key).await),
            None => Reply::plain(StatusCode::BAD_REQUEST),
        },
        ("DELETE", ["results", id, generation]) => match key(id, generation) {
            Some(key) => Reply::plain(remove(store, key).await),
            None => Reply::plain(StatusCode::BAD_REQUEST),
        },
        ("POST", ["touch"]) => match touched(&body) {
            Some(keys) => {
                let left: Vec<bool> =
                    keys.into_iter().map(|(id, generation)| store.touch(id, generation)).collect();
                Reply::said(StatusCode::OK, &left)
            }
            None => Reply::plain(StatusCode::BAD_REQUEST),
        },
        _ => Reply::plain(StatusCode::NOT_FOUND),
    }
}

fn key(id: &str, generation: &str) -> Option<(ResultId, u32)> {
    Some((ResultId::parse(id)?, generation.parse().ok()?))
}

/// The results in a document such as `["<id>/<generation>", …]`.
fn touched(body: &[u8]) -> Option<Vec<(ResultId, u32)>> {
    let names: Vec<&str> = serde_json::from_slice(body).ok()?;
    names
        .into_iter()
        .map(|name| name.split_once('/').and_then(|(id, generation)| key(id, generation)))
        .collect()
}

fn option<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Gives a page of a result that lies here. Nothing is asked of another node: calls go no further.
async fn page(store: &Store, (id, generation): (ResultId, u32), number: u32, query: &str) -> Reply {
    let wait = option(query, "wait_ms").and_then(|wait| wait.parse().ok()).map(Duration::from_millis);
    let wait = wait.unwrap_or_default().min(MAX_WAIT);
    let header = if option(query, "header") == Some("1") {
        match store.header(id, generation).await {
            Ok(header) => Some(header),
            Err(error) => return error.into(),
        }
    } else {
        None
    };
    match store.sealed_page(id, generation, number, wait).await {
        Ok(page) => Reply::sealed(put_page(header.as_deref(), page)),
        Err(error) => error.into(),
    }
}

/// Removes a result of this generation.
async fn remove(store: &Arc<Store>, (id, generation): (ResultId, u32)) -> StatusCode {
    let here = Arc::clone(store);
    match tokio::task::spawn_blocking(move || here.end_generation(id, generation)).await {
        Ok(true) => StatusCode::NO_CONTENT,
        Ok(false) if store.info(id).is_some() => StatusCode::CONFLICT,
        Ok(false) => StatusCode::NOT_FOUND,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
