//! The stored results of all nodes as administration sees them, and how one is ended.

use std::collections::HashMap;
use std::sync::Arc;

use http::StatusCode;
use nextlink_results::{NodeId, RegistryError, ResultId};
use serde::Serialize;

use crate::cluster::{self, Cluster, Member, Told};
use crate::nodes::utc;
use crate::observe::{Event, event};
use crate::state::State;
use crate::stored::{self, StoredResult, Window};

/// A part of the list of all results, the oldest first.
#[derive(Debug, Clone, Serialize)]
pub struct ResultList {
    /// The results.
    pub results: Vec<ListedResult>,
    /// Nodes that do not answer: of their results stands here what the system database knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreachable: Vec<String>,
    /// Where the rest of the list is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A result.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedResult {
    /// Its name.
    pub id: String,
    /// Its execution.
    pub generation: u32,
    /// `writing`, `complete`, or `failed` where it ends before its end.
    pub state: String,
    /// The name of the node that holds it.
    pub owner: String,
    /// The names of the nodes that have copies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<String>,
    /// The source.
    pub source: String,
    /// Whose query it answers: a keyed hash of user and password where clients log in.
    pub user: String,
    /// Path and options that were asked for, where its owner tells them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Pages so far, without the first one, which is not stored.
    pub pages: u32,
    /// Rows in them.
    pub rows: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// When it was made, in UTC.
    pub created_at: String,
    /// When it expires unless it is read, in UTC.
    pub idle_expires_at: String,
    /// When it expires in any case, in UTC.
    pub absolute_expires_at: String,
}

impl ListedResult {
    /// A result of a node; `names` tells the names of nodes by their names for ever.
    pub fn of(result: StoredResult, owner: &str, names: &HashMap<String, String>) -> ListedResult {
        let mut copies: Vec<String> =
            result.copies.into_iter().map(|id| names.get(&id).cloned().unwrap_or(id)).collect();
        copies.sort();
        ListedResult {
            created_at: utc(result.created_ms),
            idle_expires_at: utc(result.idle_ms),
            absolute_expires_at: utc(result.absolute_ms),
            id: result.id,
            generation: result.generation,
            state: result.state,
            owner: owner.to_owned(),
            copies,
            source: result.source,
            user: result.user,
            query: result.query,
            pages: result.pages,
            rows: result.rows,
            bytes: result.bytes,
        }
    }
}

/// A result and where it lies; nothing for this node.
struct Found {
    result: StoredResult,
    node: Option<Arc<Member>>,
}

/// Lists results of all nodes; `path` is where the list is.
pub async fn list(state: &Arc<State>, window: &Window, path: &str) -> ResultList {
    let (found, mut unreachable) = find(state, window).await;
    let (found, more) = window.cut(found, |one| &one.result);
    let next = found.last().filter(|_| more).map(|last| {
        let after = Some((last.result.created_ms, last.result.id.clone()));
        format!("{path}?{}", Window { after, ..window.clone() }.query())
    });
    let mut names = HashMap::from([(state.store.node().to_string(), state.name.clone())]);
    if let Some(cluster) = &state.cluster {
        let members = cluster.members();
        names.extend(members.all().map(|node| (node.facts.id.to_string(), node.facts.name.clone())));
    }
    let results = found.into_iter().map(|found| {
        let owner = found.node.as_ref().map_or(&state.name, |node| &node.facts.name);
        ListedResult::of(found.result, owner, &names)
    });
    unreachable.sort();
    ResultList { results: results.collect(), unreachable, next }
}

/// Ends a result, wherever it lies: 204, 404 where there is none, 503 where the node that holds it does not answer.
pub async fn end(state: &Arc<State>, id: ResultId) -> StatusCode {
    let (found, _) = find(state, &Window::one(id)).await;
    let mut status = StatusCode::NOT_FOUND;
    for Found { result, node } in found {
        let ended = match (&state.cluster, node) {
            (Some(cluster), Some(node)) => {
                match cluster::end(cluster, &node, false, id, result.generation).await {
                    Ok(said) => said.is_success(),
                    Err(error) => {
                        event(&Event::CallFailed { cause: &error.to_string() });
                        return StatusCode::SERVICE_UNAVAILABLE;
                    }
                }
            }
            _ => end_here(state, id, result.generation).await,
        };
        if ended {
            status = StatusCode::NO_CONTENT;
            end_copies(state, id, &result).await;
        }
    }
    status
}

async fn end_here(state: &State, id: ResultId, generation: u32) -> bool {
    let store = Arc::clone(&state.store);
    let ended = tokio::task::spawn_blocking(move || store.end_generation(id, generation)).await;
    ended.unwrap_or(false)
}

/// Ends the copies of a result that has ended. Its owner has it done, too, but later; nobody is to get a page meanwhile.
async fn end_copies(state: &State, id: ResultId, result: &StoredResult) {
    let Some(cluster) = &state.cluster else { return };
    let has = |node: NodeId| result.copies.contains(&node.to_string());
    if has(state.store.node()) {
        end_here(state, id, result.generation).await;
    }
    for node in cluster.members().all().filter(|node| has(node.facts.id)) {
        if let Err(error) = cluster::end(cluster, node, true, id, result.generation).await {
            event(&Event::CallFailed { cause: &error.to_string() });
        }
    }
}

/// Results of all nodes, and the nodes that do not answer.
async fn find(state: &Arc<State>, window: &Window) -> (Vec<Found>, Vec<String>) {
    let here = stored::held(&state.store, window).into_iter();
    let mut found: Vec<Found> = here.map(|result| Found { result, node: None }).collect();
    let mut unreachable = Vec::new();
    let Some(cluster) = &state.cluster else {
        return (found, unreachable);
    };
    for Told { node, results } in cluster::results(cluster, window).await {
        let results = match results {
            Some(results) => results,
            None => {
                unreachable.push(node.facts.name.clone());
                registered(state, cluster, node.facts.id).await.unwrap_or_default()
            }
        };
        found.extend(results.into_iter().map(|result| Found { result, node: Some(Arc::clone(&node)) }));
    }
    let (found, _) = Window { limit: usize::MAX, ..window.clone() }.cut(found, |one| &one.result);
    (found, unreachable)
}

/// What the system database knows of the results of a node.
async fn registered(
    state: &State,
    cluster: &Cluster,
    node: NodeId,
) -> Result<Vec<StoredResult>, RegistryError> {
    let registry = Arc::clone(&state.system).results(&cluster.own);
    let rows = tokio::task::spawn_blocking(move || registry.owned_by(node)).await;
    let rows = rows.map_err(|error| RegistryError::Unavailable(error.to_string()))??;
    Ok(rows.iter().map(StoredResult::registered).collect())
}
