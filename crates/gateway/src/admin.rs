//! All routes of the administration listener on one page.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderValue, Method, Request as HttpRequest, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use nextlink_results::ResultId;

use crate::body::Body;
use crate::cluster::{Cluster, Done};
use crate::config::{SourceConfig, is_source_name};
use crate::observe::{Event, event};
use crate::plain::{draining, health, json, not_allowed, plain_error};
use crate::sources::{self, SetError};
use crate::state::State;
use crate::stored::Window;
use crate::{nodes, results};

/// The nodes of the cluster.
const NODES: &str = "/api/admin/system/nodes";
/// Ends the node in good order.
const DRAIN: &str = "/api/admin/system/drain";
/// The stored results of all nodes.
const RESULTS: &str = "/api/admin/system/results";
/// The sources.
const SOURCES: &str = "/api/admin/system/sources";

/// The longest body that is read.
const MAX_BODY: usize = 64 * 1024;
/// How long it may take to come.
const SLOW: Duration = Duration::from_secs(10);

/// Answers a request on the administration listener.
pub async fn admin<B>(state: Arc<State>, request: HttpRequest<B>) -> Response<Body>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let state = &state;
    let reads = request.method() == Method::GET || request.method() == Method::HEAD;
    // Nobody logs in here, and any page that an administrator looks at can have the browser send a POST; browsers say so.
    if !reads && request.headers().contains_key(header::ORIGIN) {
        return plain_error(StatusCode::FORBIDDEN, "This is not for pages in browsers.");
    }
    // Nor do they say so when the page came from a name that was made to mean this machine.
    if !is_asked_by_its_name(&request, &state.config.server.admin_hosts) {
        let message = "Ask by an IP address, localhost, or a name among server.admin_hosts.";
        return plain_error(StatusCode::MISDIRECTED_REQUEST, message);
    }
    let path = request.uri().path();
    match path {
        "/metrics" | NODES | RESULTS | SOURCES if !reads => {
            plain_error(StatusCode::METHOD_NOT_ALLOWED, "Use GET or HEAD.")
        }
        NODES => nodes(state).await,
        RESULTS => results(state, request.uri().query().unwrap_or_default()).await,
        SOURCES => list(state, None).await,
        DRAIN if request.method() != Method::POST => not_allowed("POST", "Use POST."),
        DRAIN => drain(state).await,
        "/healthz" => health(request.method(), true, "{\"status\":\"active\"}"),
        "/readyz" => ready(state, request.method()),
        "/metrics" => metrics(state),
        path => match (under(path, RESULTS), under(path, SOURCES)) {
            (Some(id), _) => end_result(state, request.method(), id).await,
            (_, Some(name)) => {
                let name = name.to_owned();
                source(state, &name, request).await
            }
            (None, None) => plain_error(
                StatusCode::NOT_FOUND,
                "Here are /metrics, /healthz, /readyz, and below /api/admin/system: nodes, results, sources and drain.",
            ),
        },
    }
}

/// What stands behind the path of a list.
fn under<'a>(path: &'a str, list: &str) -> Option<&'a str> {
    path.strip_prefix(list)?.strip_prefix('/')
}

/// Whether each host that a request names is an address, this machine or a name that is allowed.
fn is_asked_by_its_name<B>(request: &HttpRequest<B>, names: &[String]) -> bool {
    let good = |authority: &Authority| {
        let host = authority.host();
        let host = host.strip_suffix('.').unwrap_or(host);
        host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
            || host.eq_ignore_ascii_case("localhost")
            || names.iter().any(|name| host.eq_ignore_ascii_case(name))
    };
    let named = request.headers().get_all(header::HOST).iter();
    let named = named.map(|host| host.to_str().ok().and_then(|host| host.parse().ok()));
    request.uri().authority().is_none_or(good)
        && named.into_iter().all(|host| host.as_ref().is_some_and(good))
}

fn ready(state: &State, method: &Method) -> Response<Body> {
    if state.is_stopping() {
        return match state.cluster {
            Some(_) => draining(state, method),
            None => health(method, false, "{\"status\":\"stopping\"}"),
        };
    }
    if state.cluster.as_ref().is_some_and(|cluster| cluster.is_fenced()) {
        return health(method, false, "{\"status\":\"fenced\"}");
    }
    health(method, true, "{\"status\":\"ready\"}")
}

fn metrics(state: &State) -> Response<Body> {
    let others = state.cluster.as_ref().map_or(0, |cluster| cluster.members().live());
    let text = state.exporter.render(state.store.stats(), others);
    let mut response = Response::new(Body::full(text));
    let media = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response
}

/// A part of the list of all stored results.
async fn results(state: &Arc<State>, query: &str) -> Response<Body> {
    match Window::parse(query) {
        Ok(window) => json(&results::list(state, &window, RESULTS).await),
        Err(problem) => plain_error(StatusCode::BAD_REQUEST, problem),
    }
}

/// Ends a stored result, wherever it lies.
async fn end_result(state: &Arc<State>, method: &Method, id: &str) -> Response<Body> {
    if method != Method::DELETE {
        return not_allowed("DELETE", "Use DELETE.");
    }
    let Some(id) = ResultId::parse(id) else {
        return plain_error(StatusCode::NOT_FOUND, "There is no such result.");
    };
    match results::end(state, id).await {
        status @ StatusCode::NOT_FOUND => plain_error(status, "There is no such result."),
        status @ StatusCode::SERVICE_UNAVAILABLE => {
            plain_error(status, "The node that holds it does not answer.")
        }
        status => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = status;
            response
        }
    }
}

/// Hands over what the node holds, and says what became of it; the node ends with that.
async fn drain(state: &State) -> Response<Body> {
    if state.cluster.is_none() {
        return plain_error(StatusCode::CONFLICT, "This node is alone: nobody can take over what it holds.");
    }
    let mut drained = state.drained.subscribe();
    state.end_asked.notify_one();
    let text = match drained.wait_for(Option::is_some).await {
        Ok(drained) => serde_json::to_vec(&*drained).unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let mut response = Response::new(Body::full(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// All nodes of the cluster, or this one.
async fn nodes(state: &Arc<State>) -> Response<Body> {
    let (system, own) = (Arc::clone(&state.system), state.store.node());
    let listed = tokio::task::spawn_blocking(move || nodes::list(&*system, Some(own))).await;
    let Ok(Ok(list)) = listed else {
        return plain_error(StatusCode::SERVICE_UNAVAILABLE, "The system database does not answer.");
    };
    json(&list)
}

/// A list that may wait for the system database; nothing where that does not answer.
async fn known<T: Send + 'static>(read: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(read).await.ok().flatten()
}

/// All sources, or the one of a name.
async fn list(state: &Arc<State>, name: Option<&str>) -> Response<Body> {
    let (here, own) = (Arc::clone(state), state.name.clone());
    let listed = known(move || match &here.cluster {
        Some(cluster) => sources::list(&*here.system, &cluster.shared).ok(),
        None => Some(sources::list_alone(&here.slots, &own)),
    });
    let Some(list) = listed.await else {
        return plain_error(StatusCode::SERVICE_UNAVAILABLE, "The system database does not answer.");
    };
    match name.map(|name| sources::find(list.clone(), name)) {
        None => json(&list),
        Some(Some(source)) => json(&source),
        Some(None) => plain_error(StatusCode::NOT_FOUND, "There is no such source."),
    }
}

/// Tells of a source, sets it, or removes it.
async fn source<B>(state: &Arc<State>, name: &str, request: HttpRequest<B>) -> Response<Body>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if !is_source_name(name) {
        return plain_error(StatusCode::NOT_FOUND, "There is no such source.");
    }
    let method = request.method();
    if method == Method::GET || method == Method::HEAD {
        return list(state, Some(name)).await;
    }
    if method != Method::PUT && method != Method::DELETE {
        return not_allowed("GET, HEAD, PUT, DELETE", "Use GET, HEAD, PUT or DELETE.");
    }
    let Some(cluster) = &state.cluster else {
        let message = "This node is alone: its sources are those of its configuration file and command line.";
        return plain_error(StatusCode::CONFLICT, message);
    };
    if !state.config.server.may_change_sources() {
        let message = "Sources are changed by `nextlink sources`, or here with server.admin_sources = true.";
        return plain_error(StatusCode::FORBIDDEN, message);
    }
    let changed = match method.as_str() {
        "PUT" => match read_body(request.into_body()).await {
            Some(body) => put(state, cluster, name, &body).await,
            None => plain_error(StatusCode::BAD_REQUEST, "The body is not there, too long, or too slow."),
        },
        _ => remove(cluster, name).await,
    };
    if changed.status().is_success() {
        // This node need not wait for its next sign of life.
        let cluster = Arc::clone(cluster);
        tokio::spawn(async move { cluster.look().await });
    }
    changed
}

async fn read_body<B>(body: B) -> Option<Bytes>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let read = tokio::time::timeout(SLOW, Limited::new(body, MAX_BODY).collect()).await;
    Some(read.ok()?.ok()?.to_bytes())
}

/// Sets a source: 201 where it was not there, 200 where it was.
async fn put(state: &Arc<State>, cluster: &Arc<Cluster>, name: &str, body: &[u8]) -> Response<Body> {
    let config = match SourceConfig::from_json(body) {
        Ok(config) => config,
        Err(problem) => return plain_error(StatusCode::BAD_REQUEST, problem),
    };
    let (shared, named) = (cluster.shared.clone(), name.to_owned());
    let done = tokio::task::spawn_blocking(move || sources::set(&shared, &named, config)).await;
    let status = match done {
        Ok(Ok(Done::Made)) => StatusCode::CREATED,
        Ok(Ok(_)) => StatusCode::OK,
        Ok(Err(SetError::Settings(problem))) => return plain_error(StatusCode::BAD_REQUEST, problem),
        Ok(Err(SetError::Registry(_))) | Err(_) => {
            return plain_error(StatusCode::SERVICE_UNAVAILABLE, "The system database does not answer.");
        }
    };
    event(&Event::SourceSet { source: name });
    let mut response = list(state, Some(name)).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}

/// Removes a source, and with it the results that were read from it.
async fn remove(cluster: &Arc<Cluster>, name: &str) -> Response<Body> {
    let (shared, named) = (cluster.shared.clone(), name.to_owned());
    match known(move || shared.remove(&named).ok()).await {
        Some(true) => {
            event(&Event::SourceUnset { source: name });
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        Some(false) => plain_error(StatusCode::NOT_FOUND, "There is no such source."),
        None => plain_error(StatusCode::SERVICE_UNAVAILABLE, "The system database does not answer."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_addresses_this_machine_or_names_that_are_allowed() {
        let names = ["admin.internal".to_owned()];
        for (hosts, good) in [
            (&[][..], true),
            (&["127.0.0.1"], true),
            (&["10.1.2.3:8189"], true),
            (&["[::1]:8189"], true),
            (&["[fd00::1]"], true),
            (&["localhost"], true),
            (&["LocalHost:8189"], true),
            (&["localhost."], true),
            (&["Admin.internal:8189"], true),
            (&["elsewhere.example"], false),
            (&["127.0.0.1.elsewhere.example:8189"], false),
            (&["localhost.elsewhere.example"], false),
            (&["admin.internal.elsewhere.example"], false),
            (&["2130706433"], false),
            (&[""], false),
            (&["a b"], false),
            (&["localhost", "elsewhere.example"], false),
        ] {
            let mut request = HttpRequest::builder().uri("/metrics");
            for host in hosts {
                request = request.header("Host", *host);
            }
            let request = request.body(()).expect("a request");
            assert_eq!(is_asked_by_its_name(&request, &names), good, "{hosts:?}");
        }
        for (uri, good) in [("http://localhost:1/x", true), ("http://elsewhere.example/x", false)] {
            let request = HttpRequest::builder().uri(uri).body(()).expect("a request");
            assert_eq!(is_asked_by_its_name(&request, &names), good, "{uri}");
        }
    }
}
