//! New copies in place of those that are gone with their node.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use nextlink_results::{NodeId, Placement as _, ResultId, Store};
use nextlink_system::NodeState;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::membership::Cluster;
use super::replicas::AT_ONCE;
use crate::observe::{Event, event};

/// How often it is looked which nodes are there.
const ROUND: Duration = Duration::from_millis(500);

type Key = (ResultId, u32);

/// Nodes that are not there, and since when that is known.
#[derive(Default)]
struct Away(HashMap<NodeId, Instant>);

impl Away {
    /// The other nodes that have what was copied to them. One that ended in order is likely to come back with its disk,
    /// and is waited for as long as a lease lasts; so are all when this node has just been started, or has just found the
    /// system database again, maybe with them. Any other one whose lease ended without a word has been waited for.
    fn present(&mut self, cluster: &Cluster) -> BTreeSet<NodeId> {
        let (members, now, steady) = (cluster.members(), Instant::now(), cluster.lease.steady_since());
        let (mut away, lease) = (HashMap::new(), cluster.config.lease());
        let mut present = BTreeSet::new();
        for member in members.all() {
            let id = member.facts.id;
            if member.is_live() {
                present.insert(id);
                continue;
            }
            let since = self.0.get(&id).copied().unwrap_or(now).max(steady);
            away.insert(id, since);
            let may_come = member.state == NodeState::Down || now.saturating_duration_since(steady) < lease;
            if may_come && now.saturating_duration_since(since) < lease {
                present.insert(id);
            }
        }
        self.0 = away;
        present
    }
}

/// Has copies made anew whose node is gone, and those for which there was no node before, until it is aborted. What no
/// node has left or joined for is not looked at.
///
/// # Errors
/// Never.
pub async fn renew_copies(cluster: Arc<Cluster>, store: Arc<Store>) -> std::io::Result<()> {
    let (mut away, mut before) = (Away::default(), BTreeSet::new());
    loop {
        tokio::time::sleep(ROUND).await;
        let present = away.present(&cluster);
        if present != before {
            cluster.renew_copies(&store, &present).await;
            before = present;
        }
    }
}

impl Cluster {
    /// Gives copies of what is here to other nodes where there are too few, some at a time.
    async fn renew_copies(self: &Arc<Self>, store: &Arc<Store>, present: &BTreeSet<NodeId>) {
        let mut copying = JoinSet::new();
        for key in store.owned() {
            let Some((holders, fresh)) = self.holders_anew(store, key, present) else { continue };
            let (cluster, store) = (Arc::clone(self), Arc::clone(store));
            // What is still written ends with its statement, and of those there are only so many.
            let writing = store.is_writing(key.0, key.1);
            let copied = async move {
                let (named, told) = (Arc::clone(&store), holders.clone());
                let _ = tokio::task::spawn_blocking(move || named.name_holders(key.0, key.1, told)).await;
                for holder in fresh {
                    cluster.copy_or_give_up(&store, key, holder).await;
                }
            };
            if writing {
                tokio::spawn(copied);
                continue;
            }
            if copying.len() >= AT_ONCE {
                copying.join_next().await;
            }
            copying.spawn(copied);
        }
        while copying.join_next().await.is_some() {}
    }

    /// Who is to have copies of a result from now on, and who of them has none yet; nothing where that is as it was.
    fn holders_anew(
        &self,
        store: &Store,
        key: Key,
        present: &BTreeSet<NodeId>,
    ) -> Option<(Vec<NodeId>, Vec<NodeId>)> {
        if !self.may_store() {
            return None;
        }
        let (mut holders, mut gone): (Vec<_>, Vec<_>) =
            store.holders(key.0, key.1).into_iter().partition(|holder| present.contains(holder));
        let wanted = store.replicas(key).unwrap_or(self.config.replicas);
        let missing = wanted.saturating_sub(holders.len());
        let fresh: Vec<NodeId> =
            self.able(key.0).into_iter().filter(|node| !holders.contains(node)).take(missing).collect();
        if fresh.is_empty() {
            return None;
        }
        // Who is not replaced may come back with what it has.
        gone.truncate(missing - fresh.len());
        holders.extend(&fresh);
        holders.append(&mut gone);
        event(&Event::CopyRenewed { id: &key.0 });
        Some((holders, fresh))
    }
}
