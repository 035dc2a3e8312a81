//! Stored results of the other nodes: what they tell of them, and how one is ended.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use nextlink_results::ResultId;
use tokio::task::JoinSet;

use super::client::CallError;
use super::members::Member;
use super::membership::Cluster;
use super::wire::ROOT;
use crate::stored::{StoredResult, Window};

/// What another node tells of its results; nothing where it does not answer.
pub struct Told {
    /// The node.
    pub node: Arc<Member>,
    /// Its results.
    pub results: Option<Vec<StoredResult>>,
}

/// Asks all other nodes that may be alive for a part of the list of their results.
pub async fn results(cluster: &Arc<Cluster>, window: &Window) -> Vec<Told> {
    // A node may have come just now.
    cluster.look().await;
    let target = format!("{ROOT}/results?{}", window.query());
    let mut asked = JoinSet::new();
    for node in cluster.members().all().cloned() {
        let (cluster, target) = (Arc::clone(cluster), target.clone());
        asked.spawn(async move {
            let results = if node.is_live() { ask(&cluster, &node, &target).await } else { None };
            Told { node, results }
        });
    }
    asked.join_all().await
}

async fn ask(cluster: &Cluster, node: &Member, target: &str) -> Option<Vec<StoredResult>> {
    let now_ms = cluster.clock.now_ms();
    let call = cluster.peers.call(node, Method::GET, target, Bytes::new(), now_ms, Duration::ZERO);
    let answer = call.await.ok().filter(|answer| answer.status == StatusCode::OK)?;
    serde_json::from_slice(&answer.body).ok()
}

/// Asks another node to end a result, or the copy of one that it has.
///
/// # Errors
/// It does not answer.
pub async fn end(
    cluster: &Cluster,
    node: &Member,
    copy: bool,
    id: ResultId,
    generation: u32,
) -> Result<StatusCode, CallError> {
    let what = if copy { "replicas" } else { "results" };
    let target = format!("{ROOT}/{what}/{id}/{generation}");
    let now_ms = cluster.clock.now_ms();
    let call = cluster.peers.call(node, Method::DELETE, &target, Bytes::new(), now_ms, Duration::ZERO);
    Ok(call.await?.status)
}
