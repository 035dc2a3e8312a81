//! The orderly end of a node: what it holds goes to other nodes, which own it from then on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use nextlink_results::{NodeId, ResultId, Store};
use nextlink_system::NodeState;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::membership::Cluster;
use super::replicas::GivenUp;
use super::wire::ROOT;
use crate::observe::{Event, event};

/// Results that are handed over at one time.
const AT_ONCE: usize = 8;

type Key = (ResultId, u32);

/// What became of the results of a node that ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Drained {
    /// Results that other nodes own now.
    pub moved: usize,
    /// Results that could not be moved.
    pub left: Vec<String>,
}

/// A result that another node is to own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Handoff {
    id: String,
    generation: u32,
}

impl Handoff {
    fn of((id, generation): Key) -> Handoff {
        Handoff { id: id.to_string(), generation }
    }

    /// The result.
    pub fn key(&self) -> Option<Key> {
        Some((ResultId::parse(&self.id)?, self.generation))
    }
}

/// Takes over a result of which a complete copy is here from the node that hands it over.
pub async fn receive(cluster: &Arc<Cluster>, store: &Arc<Store>, key: Key, from: NodeId) -> StatusCode {
    if cluster.is_fenced() || cluster.is_closing() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let taking = Arc::clone(store);
    match tokio::task::spawn_blocking(move || taking.take_over(key, from)).await {
        Ok(Ok(true)) => {
            cluster.replicate(store, key);
            StatusCode::NO_CONTENT
        }
        Ok(Ok(false)) => StatusCode::CONFLICT,
        Ok(Err(_)) | Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl Cluster {
    /// Goes on as before for a while, so that load balancers notice; then stores nothing new and hands over what there
    /// is.
    pub async fn end(self: &Arc<Self>, store: &Arc<Store>) -> Drained {
        tokio::time::sleep(Duration::from_millis(self.config.drain_grace_ms)).await;
        self.close();
        let drained = if self.is_fenced() { Drained::default() } else { self.hand_over_all(store).await };
        event(&Event::Drained { moved: drained.moved, left: &drained.left });
        drained
    }

    async fn hand_over_all(self: &Arc<Self>, store: &Arc<Store>) -> Drained {
        let deadline = Instant::now() + Duration::from_secs(self.config.drain_seconds);
        let owned = store.owned();
        // Whatever becomes of a try: what was not seen to move is said to be left.
        let mut left: BTreeSet<Key> = owned.iter().copied().collect();
        let mut waiting = owned.into_iter();
        let (mut moving, mut moved) = (JoinSet::new(), 0);
        loop {
            while moving.len() < AT_ONCE
                && let Some(key) = waiting.next()
            {
                let (cluster, store) = (Arc::clone(self), Arc::clone(store));
                moving.spawn(async move {
                    let moved = timeout_at(deadline, cluster.hand_over(&store, key)).await;
                    (key, moved.unwrap_or(false))
                });
            }
            match moving.join_next().await {
                Some(Ok((key, true))) => {
                    moved += 1;
                    left.remove(&key);
                }
                Some(Ok((_, false)) | Err(_)) => {}
                None => break,
            }
        }
        let left = left.iter().map(|(id, generation)| format!("{id}/{generation}")).collect();
        Drained { moved, left }
    }

    /// Gives one result to the first node that takes it: one that has a copy already, if there is one.
    async fn hand_over(&self, store: &Arc<Store>, key: Key) -> bool {
        let holders = store.holders(key.0, key.1);
        let mut members = self.members().ranked(key.0);
        members.retain(|member| member.is_live() && member.state == NodeState::Up);
        members.sort_by_key(|member| !holders.contains(&member.facts.id));
        for member in members {
            match self.hand_over_to(store, key, member.facts.id).await {
                Ok(()) => {
                    store.hand_over(key.0, key.1, member.facts.id);
                    return true;
                }
                Err(error) => event(&Event::CopyGivenUp { id: &key.0, cause: &error.to_string() }),
            }
        }
        false
    }

    async fn hand_over_to(&self, store: &Arc<Store>, key: Key, node: NodeId) -> Result<(), GivenUp> {
        self.copy(store, key, node).await?;
        let member = self.members().node(node).ok_or(GivenUp::Gone)?;
        let body = serde_json::to_vec(&Handoff::of(key)).unwrap_or_default();
        let (now_ms, target) = (self.clock.now_ms(), format!("{ROOT}/handoff"));
        // It asks the system database.
        let wait = Duration::from_secs(5);
        let answer = self.peers.call(&member, Method::POST, &target, body.into(), now_ms, wait).await?;
        if answer.status == StatusCode::NO_CONTENT { Ok(()) } else { Err(GivenUp::Status(answer.status)) }
    }
}
