//! Calls to other nodes: signed, bounded in time and number, over connections that are kept.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use nextlink_results::MAX_PAGE_BYTES;
use nextlink_results::Registration;
use nextlink_results::peer::{BodyHash, Call, Party, PeerKeys, Stamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::link::{Link, LinkError, Way};
use super::members::Member;
use super::tls::Tls;
use super::wire::{AUTH, BODY, NODE, SEALED};
use crate::config::ClusterConfig;

/// The longest body that is taken: a page, and what can stand beside it.
const MAX_BODY: usize = MAX_PAGE_BYTES * 2;

/// What another node answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// The node cannot be reached, or does not answer in time.
    #[error("{name} at {address}: {cause}")]
    Unreachable {
        /// The node's name.
        name: String,
        /// Where it was asked.
        address: std::net::SocketAddr,
        /// What happened.
        cause: String,
    },
    /// It does not know this node; or it is not the node that it should be.
    #[error("{name} at {address} does not take the call for one of this cluster")]
    Refused {
        /// The node's name.
        name: String,
        /// Where it was asked.
        address: std::net::SocketAddr,
    },
    /// As many calls to it are under way as may be, and none ended in time.
    #[error("too many calls to {name} are under way")]
    Busy {
        /// The node's name.
        name: String,
    },
}

/// One set of connections for each other node.
pub struct Peers {
    way: RwLock<Way>,
    own: Party,
    /// What the node is registered as, for the header.
    name: HeaderValue,
    keys: Arc<PeerKeys>,
    /// The number of the next call.
    next: AtomicU64,
    calls: usize,
    answer: Duration,
    others: Mutex<HashMap<Registration, Arc<Peer>>>,
}

/// Another node: turns for as many calls as may be under way, and connections that none of them uses.
struct Peer {
    turns: Arc<Semaphore>,
    idle: Mutex<Vec<Link>>,
}

impl Peer {
    fn idle(&self) -> MutexGuard<'_, Vec<Link>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Peers {
    /// The calls of a node.
    pub fn new(config: &ClusterConfig, tls: Option<&Tls>, own: Party, keys: Arc<PeerKeys>) -> Peers {
        Peers {
            way: RwLock::new(way(tls)),
            own,
            // Hexadecimal digits and dashes are a value.
            name: HeaderValue::try_from(own.registration.to_string())
                .unwrap_or(HeaderValue::from_static("-")),
            keys,
            next: AtomicU64::new(1),
            calls: config.calls,
            answer: config.answer(),
            others: Mutex::default(),
        }
    }

    /// Makes new connections with new certificates; those that are there end with their calls.
    pub fn renew(&self, tls: &Tls) {
        *self.way.write().unwrap_or_else(PoisonError::into_inner) = way(Some(tls));
        self.others().values().for_each(|other| other.idle().clear());
    }

    /// Forgets nodes that are no more.
    pub fn keep(&self, known: impl Fn(Registration) -> bool) {
        self.others().retain(|node, _| known(*node));
    }

    fn others(&self) -> MutexGuard<'_, HashMap<Registration, Arc<Peer>>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls another node at `now_ms`. It may take the usual time to answer, and `wait` beyond it where it was asked to
    /// wait for something.
    ///
    /// # Errors
    /// [`CallError`]. Whatever is not proved to be the answer of that node to this call is none.
    pub async fn call(
        &self,
        to: &Member,
        method: Method,
        target: &str,
        body: Bytes,
        now_ms: u64,
        wait: Duration,
    ) -> Result<Answer, CallError> {
        let (peer, _turn) = self.turn(to).await?;
        let hash = BodyHash::of(&body);
        let call = Call { method: method.as_str(), target, body: hash, from: self.own, to: to.facts.party() };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (proof, stamp) = self.keys.prove(&call, now_ms, number).ok_or_else(|| refused(to))?;
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(header::HOST, to.address.to_string())
            .header(NODE, self.name.clone())
            .header(AUTH, proof);
        if !body.is_empty() {
            request = request.header(BODY, hash.to_string());
        }
        let request = request.body(Full::new(body)).map_err(|error| unreachable(to, &error))?;
        let way = self.way.read().unwrap_or_else(PoisonError::into_inner).clone();
        let (mut link, response) = self.send(&peer, to, &way, request, self.answer + wait).await?;
        let (parts, body) = response.into_parts();
        let body = self.collect(to, &mut link, body, &parts.headers).await?;
        // One that was made with earlier certificates is not used any more.
        if link.done() && way.is(&self.way.read().unwrap_or_else(PoisonError::into_inner)) {
            peer.idle().push(link);
        }
        self.check(to, &stamp, parts.status, &parts.headers, &body)?;
        Ok(Answer { status: parts.status, body })
    }

    /// Waits for one of the calls that a node is asked at one time.
    async fn turn(&self, to: &Member) -> Result<(Arc<Peer>, OwnedSemaphorePermit), CallError> {
        let peer = {
            let fresh = || Peer { turns: Arc::new(Semaphore::new(self.calls)), idle: Mutex::default() };
            let mut others = self.others();
            Arc::clone(others.entry(to.facts.registration).or_insert_with(|| Arc::new(fresh())))
        };
        let busy = || CallError::Busy { name: to.facts.name.clone() };
        let turn = timeout(self.answer, Arc::clone(&peer.turns).acquire_owned()).await.map_err(|_| busy())?;
        Ok((peer, turn.map_err(|_| busy())?))
    }

    /// Sends a request over a connection that is there, or else over a new one. What was sent is not sent again.
    async fn send(
        &self,
        peer: &Peer,
        to: &Member,
        way: &Way,
        mut request: Request<Full<Bytes>>,
        patience: Duration,
    ) -> Result<(Link, Response<Incoming>), CallError> {
        loop {
            let kept = peer.idle().pop();
            let (mut link, fresh) = match kept {
                Some(mut link) => {
                    if !link.is_good(to.address).await {
                        continue;
                    }
                    (link, false)
                }
                None => {
                    let opened = Link::open(to.address, way, self.answer).await;
                    (opened.map_err(|error| unreachable(to, &explained(&error)))?, true)
                }
            };
            match link.send(request, patience).await {
                Ok(response) => return Ok((link, response)),
                Err((_, Some(unsent))) if !fresh => request = unsent,
                Err((error, _)) => return Err(unreachable(to, &explained(&error))),
            }
        }
    }

    /// Takes a body, as long as it keeps coming.
    async fn collect(
        &self,
        to: &Member,
        link: &mut Link,
        mut body: Incoming,
        headers: &HeaderMap,
    ) -> Result<Vec<u8>, CallError> {
        let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
        let mut taken = Vec::with_capacity(length.unwrap_or(0usize).min(MAX_BODY));
        loop {
            let frame = match link.frame(&mut body, self.answer).await {
                Ok(None) => return Ok(taken),
                Ok(Some(frame)) => frame,
                Err(LinkError::Late) => return Err(unreachable(to, &"the answer stopped in the middle")),
                Err(error) => return Err(unreachable(to, &explained(&error))),
            };
            let data = frame.into_data().unwrap_or_default();
            if taken.len() + data.len() > MAX_BODY {
                return Err(unreachable(to, &"the answer is too long"));
            }
            taken.extend_from_slice(&data);
        }
    }

    /// Whether the node that was called has said this. Pages prove themselves: only their status is looked at.
    fn check(
        &self,
        to: &Member,
        call: &Stamp,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), CallError> {
        let sealed = headers.get(header::CONTENT_TYPE).is_some_and(|media| media == SEALED);
        let said = if sealed { &[] } else { body };
        let proof = headers.get(AUTH).and_then(|proof| proof.to_str().ok());
        let good = proof.is_some_and(|proof| self.keys.check_answer(proof, call, status.as_u16(), said));
        if good { Ok(()) } else { Err(refused(to)) }
    }
}

fn way(tls: Option<&Tls>) -> Way {
    tls.map_or(Way::Clear, |tls| Way::Tls(Arc::new(tls.client()), tls.name()))
}

fn refused(to: &Member) -> CallError {
    CallError::Refused { name: to.facts.name.clone(), address: to.address }
}

fn unreachable(to: &Member, cause: &dyn std::fmt::Display) -> CallError {
    CallError::Unreachable { name: to.facts.name.clone(), address: to.address, cause: cause.to_string() }
}

/// An error with its causes; and what may be the matter where one side has TLS and the other has not.
fn explained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        if let Some(rustls::Error::InvalidMessage(_)) = tls_error(error) {
            text.push_str(" (it does not speak TLS: has it no [cluster.tls]?)");
        } else if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
            text.push_str(" (it does not speak HTTP in clear: has it [cluster.tls], and this node none?)");
        }
        cause = error.source();
    }
    text
}

/// The error of TLS inside of those of reading and writing, which do not name it as their cause.
fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(inner) => tls_error(inner),
        None => error.downcast_ref(),
    }
}
