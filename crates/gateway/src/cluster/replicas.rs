//! Copies of results on other nodes: where they go, how they are given and taken, and how they end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use nextlink_results::{CopyError, NodeId, PageError, Placement, ResultId, Store};
use nextlink_system::NodeState;
use serde::{Deserialize, Serialize};

use super::membership::Cluster;
use super::wire::ROOT;
use crate::observe::{Event, event};

/// Copies that a node gives at one time.
pub(super) const AT_ONCE: usize = 8;
/// Pages are gathered up to this size for one call.
const GATHER: usize = 512 * 1024;
/// How long a page that is not written yet is waited for before it is asked for again.
const WAIT: Duration = Duration::from_secs(20);
/// Times that a call is tried, and the time between two of them.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);
/// Time between two rounds of telling other nodes what was read and what is gone.
const ROUND: Duration = Duration::from_millis(500);
/// Results that one call names.
const NAMES: usize = 1_000;

type Key = (ResultId, u32);

impl Placement for Cluster {
    fn holders(&self, id: ResultId, replicas: Option<usize>) -> Vec<NodeId> {
        self.able(id).into_iter().take(replicas.unwrap_or(self.config.replicas)).collect()
    }

    fn may_store(&self) -> bool {
        !self.is_fenced() && !self.is_closing()
    }
}

/// What is answered to pages of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Where the next page goes.
    pub offset: u64,
    /// Pages that are there.
    pub pages: u32,
}

/// Adds pages to a copy: the status and where it goes on.
pub async fn receive(
    cluster: &Cluster,
    store: &Arc<Store>,
    (key, from, continued): (Key, NodeId, Vec<u32>),
    offset: u64,
    body: Bytes,
) -> (StatusCode, Option<Kept>) {
    // What a node gives whose lease is over others may have made anew meanwhile: it is to learn that first.
    let lives = || cluster.members().node(from).is_some_and(|member| member.is_surely_live());
    if !lives() {
        cluster.look().await;
        if !lives() {
            return (StatusCode::SERVICE_UNAVAILABLE, None);
        }
    }
    let store = Arc::clone(store);
    let add = move || store.add_to_copy(key, from, &continued, offset, &body);
    match tokio::task::spawn_blocking(add).await {
        Ok(Ok(copied)) => (StatusCode::OK, Some(Kept { offset: copied.offset, pages: copied.pages })),
        Ok(Err(CopyError::Offset { expected, pages })) => {
            (StatusCode::CONFLICT, Some(Kept { offset: expected, pages }))
        }
        Ok(Err(CopyError::NoRoom)) => (StatusCode::INSUFFICIENT_STORAGE, None),
        Ok(Err(CopyError::Invalid(_))) => (StatusCode::BAD_REQUEST, None),
        Ok(Err(CopyError::Io(_))) | Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, None),
    }
}

/// Why a copy is given up.
#[derive(Debug, thiserror::Error)]
pub(super) enum GivenUp {
    #[error("it is not there")]
    Gone,
    #[error(transparent)]
    Call(#[from] super::client::CallError),
    #[error("it answers {0}")]
    Status(StatusCode),
}

impl Cluster {
    /// Nodes that can take a copy of a result, the likeliest to have it first.
    pub(super) fn able(&self, id: ResultId) -> Vec<NodeId> {
        let members = self.members().ranked(id);
        let able = members.iter().filter(|member| member.is_live() && member.state == NodeState::Up);
        able.map(|member| member.facts.id).collect()
    }

    /// Gives copies of a result to the nodes that are to hold them, while it is being written. Whatever becomes of that,
    /// the result is none the slower.
    pub fn replicate(self: &Arc<Self>, store: &Arc<Store>, key: Key) {
        for holder in store.holders(key.0, key.1) {
            let (cluster, store) = (Arc::clone(self), Arc::clone(store));
            tokio::spawn(async move { cluster.copy_or_give_up(&store, key, holder).await });
        }
    }

    /// Gives one node a copy. One that does not take it stays one that may have it: what it has may be a beginning, or come
    /// late.
    pub(super) async fn copy_or_give_up(&self, store: &Arc<Store>, key: Key, holder: NodeId) {
        let Err(error) = self.copy(store, key, holder).await else { return };
        if store.info(key.0).is_none() {
            // It has ended meanwhile.
            return;
        }
        event(&Event::CopyGivenUp { id: &key.0, cause: &error.to_string() });
    }

    /// Gives one node a copy, to its last page or as far as there are any.
    pub(super) async fn copy(&self, store: &Arc<Store>, key: Key, holder: NodeId) -> Result<(), GivenUp> {
        let mut at = Kept { offset: 0, pages: 0 };
        loop {
            let (body, last) = match self.gather(store, key, &at).await {
                Ok(gathered) => gathered,
                // What could not be stored is on no other node either.
                Err(_) => return Ok(()),
            };
            if body.is_empty() {
                return Ok(());
            }
            let kept = self.put(store, key, holder, &at, body).await?;
            if last && kept.pages > at.pages {
                return Ok(());
            }
            at = kept;
        }
    }

    /// The next pages of a copy, and whether the last one is among them; the header in front of the first ones.
    async fn gather(&self, store: &Store, key: Key, at: &Kept) -> Result<(Bytes, bool), PageError> {
        let mut body = Vec::new();
        if at.offset == 0 {
            body.extend_from_slice(&store.header(key.0, key.1).await?);
        }
        let mut number = at.pages;
        loop {
            let wait = if number == at.pages { WAIT } else { Duration::ZERO };
            match store.page_to_copy(key, number, wait).await {
                Ok(page) => {
                    body.extend_from_slice(&page.index);
                    body.extend_from_slice(&page.segments);
                    if page.is_last() {
                        return Ok((body.into(), true));
                    }
                }
                Err(PageError::NotYet) if number == at.pages => continue,
                Err(PageError::NotYet) => return Ok((body.into(), false)),
                Err(error) if number == at.pages => return Err(error),
                Err(_) => return Ok((body.into(), false)),
            }
            if body.len() >= GATHER {
                return Ok((body.into(), false));
            }
            number += 1;
        }
    }

    /// Sends pages, and again where they do not arrive; gives where the copy goes on. Nothing is sent while others may
    /// have gone on with the result.
    async fn put(
        &self,
        store: &Store,
        key: Key,
        holder: NodeId,
        at: &Kept,
        body: Bytes,
    ) -> Result<Kept, GivenUp> {
        let mut tries = 0;
        loop {
            tries += 1;
            while !self.lease.is_sure() {
                if self.is_fenced() || store.info(key.0).is_none() {
                    return Err(GivenUp::Gone);
                }
                tokio::time::sleep(PAUSE).await;
            }
            let continued: Vec<String> = store.continued(key.0, key.1).iter().map(u32::to_string).collect();
            let (offset, continued) = (at.offset, continued.join(","));
            let target = format!("{ROOT}/replicas/{}/{}?offset={offset}&continued={continued}", key.0, key.1);
            let member = self.members().node(holder).ok_or(GivenUp::Gone)?;
            let turn = self.copying.acquire().await;
            let now_ms = self.clock.now_ms();
            let called = self.peers.call(&member, Method::PUT, &target, body.clone(), now_ms, Duration::ZERO);
            let called = called.await;
            drop(turn);
            match called {
                Ok(answer) if answer.status == StatusCode::SERVICE_UNAVAILABLE && tries < TRIES => {
                    tokio::time::sleep(PAUSE * tries).await;
                }
                Ok(answer) => {
                    let kept = serde_json::from_slice(&answer.body).ok();
                    return match (answer.status, kept) {
                        (StatusCode::OK | StatusCode::CONFLICT, Some(kept)) => Ok(kept),
                        (status, _) => Err(GivenUp::Status(status)),
                    };
                }
                Err(error) if tries == TRIES => return Err(error.into()),
                Err(_) => tokio::time::sleep(PAUSE * tries).await,
            }
        }
    }

    /// Tells other nodes what was read here and what is gone: one call to each of them, whatever was read.
    async fn tell_others(&self, store: &Store) {
        let mut read: HashMap<NodeId, Vec<String>> = HashMap::new();
        for ((id, generation), nodes) in store.take_read() {
            for node in nodes {
                read.entry(node).or_default().push(format!("{id}/{generation}"));
            }
        }
        for (node, names) in read {
            for names in names.chunks(NAMES) {
                let body = serde_json::to_vec(names).unwrap_or_default();
                self.send(node, Method::POST, &format!("{ROOT}/touch"), body.into()).await;
            }
        }
        for ((id, generation), nodes) in store.take_ended() {
            for node in nodes {
                let target = format!("{ROOT}/replicas/{id}/{generation}");
                self.send(node, Method::DELETE, &target, Bytes::new()).await;
            }
        }
    }

    /// Sends what need not arrive: copies expire by themselves.
    async fn send(&self, node: NodeId, method: Method, target: &str, body: Bytes) {
        let Some(member) = self.members().node(node).filter(|member| member.is_live()) else {
            return;
        };
        let now_ms = self.clock.now_ms();
        let sent = self.peers.call(&member, method, target, body, now_ms, Duration::ZERO).await;
        if let Err(error) = sent {
            event(&Event::CallFailed { cause: &error.to_string() });
        }
    }
}

/// Keeps the copies on other nodes as fresh, and as gone, as what is here, until it is aborted.
///
/// # Errors
/// Never.
pub async fn keep_copies(cluster: Arc<Cluster>, store: Arc<Store>) -> std::io::Result<()> {
    // Whether there are copies that may turn out to be no more wanted.
    let mut unsure = false;
    loop {
        tokio::select! {
            () = cluster.lease.has_lapsed() => {}
            () = tokio::time::sleep(ROUND) => {}
        }
        let lapse = cluster.lease.unlearned();
        if lapse.is_some() || unsure {
            let (store, young) = (Arc::clone(&store), cluster.config.lease());
            let learn = move || {
                let learned = lapse.is_none() || store.learn_continued();
                learned.then(|| store.drop_copies_made_elsewhere(young)).flatten()
            };
            if let Ok(Some(more)) = tokio::task::spawn_blocking(learn).await {
                unsure = more;
                lapse.into_iter().for_each(|lapse| cluster.lease.learned(lapse));
            }
        }
        cluster.tell_others(&store).await;
    }
}
