//! Copies of results on other nodes, and the hand-over of a node that ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use nextlink_results::NodeId;
use nextlink_system::{NodeState, Nodes as _};

use super::WAIT;
use super::disk::{Entry, Key, Stage};
use super::node::Node;
use super::world::{World, lock};
use crate::cluster::members::Member;
use crate::cluster::seek::Around as _;

/// As in the product.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(50);

/// What a node answers to pages of a copy.
enum Put {
    /// Where it goes on.
    At(u32),
    /// Not now.
    Unavailable,
    Invalid,
}

impl Node {
    /// Has copies made where they are to be.
    pub(super) fn replicate(self: &Arc<Self>, key: Key) {
        let holders = lock(&self.disk).find(key).map(|entry| entry.holders.clone()).unwrap_or_default();
        for holder in holders {
            let copying = Arc::clone(self);
            self.spawn(async move {
                let _ = copying.copy(key, holder).await;
            });
        }
    }

    /// Gives one node a copy, to its last page or as far as there are any; `None` where it is given up.
    async fn copy(self: &Arc<Self>, key: Key, holder: NodeId) -> Option<()> {
        let mut at = 0;
        loop {
            let entry = loop {
                let entry = lock(&self.disk).find(key).ok()?.clone();
                if entry.pages > at {
                    break entry;
                }
                if entry.stage != Stage::Writing {
                    return Some(());
                }
                tokio::time::sleep(Duration::from_millis(25)).await;
                self.awake().await;
            };
            let kept = self.put(key, holder, &entry, at).await?;
            if entry.stage == Stage::Complete && kept == entry.pages {
                return Some(());
            }
            at = kept;
        }
    }

    /// Sends the page behind `at`, and again where it does not arrive.
    async fn put(self: &Arc<Self>, key: Key, holder: NodeId, entry: &Entry, at: u32) -> Option<u32> {
        let mut tries = 0;
        loop {
            tries += 1;
            while !self.lease.is_sure() && !self.world.rules.copy_unsure {
                if self.lease.is_fenced() {
                    return None;
                }
                tokio::time::sleep(PAUSE).await;
                self.awake().await;
            }
            let member = self.members().node(holder)?;
            // What is sent says at which pages others go on.
            let continued = lock(&self.disk).find(key).ok()?.continued.clone();
            let sent = Entry { continued, owner: self.own.id, pages: at + 1, ..entry.clone() };
            let sent =
                Entry { stage: if at + 1 == entry.pages { entry.stage } else { Stage::Writing }, ..sent };
            let receive = move |target: Arc<Node>| async move { target.receive(key, sent).await };
            match self.world.call(self, &member, Duration::ZERO, receive).await {
                Ok(Put::At(kept)) => return Some(kept),
                Ok(Put::Invalid) => return None,
                Ok(Put::Unavailable) | Err(_) if tries < TRIES => {
                    tokio::time::sleep(PAUSE * tries).await;
                    self.awake().await;
                }
                Ok(Put::Unavailable) | Err(_) => return None,
            }
        }
    }

    /// Takes a page of a copy: the last one of what was sent.
    async fn receive(&self, key: Key, sent: Entry) -> Put {
        let lives =
            |node: &Node| node.members().node(sent.owner).is_some_and(|member| member.is_surely_live());
        if !lives(self) && !self.world.rules.copy_unsure {
            self.look().await;
            if !lives(self) {
                return Put::Unavailable;
            }
        }
        let mut disk = lock(&self.disk);
        let fresh = Entry { pages: 0, stage: Stage::Writing, continues: sent.continues, ..sent.clone() };
        if sent.pages > 1 && !disk.entries.contains_key(&key) {
            return Put::At(0);
        }
        let here = disk.entries.entry(key).or_insert(fresh);
        if here.owner == self.own.id {
            return Put::Invalid;
        }
        here.owner = sent.owner;
        here.continued.extend(&sent.continued);
        if here.pages + 1 == sent.pages {
            here.append();
        }
        let pages = here.pages;
        self.note(|| format!("has {pages} pages of {}/{} of {}", key.0, key.1, sent.owner));
        Put::At(pages)
    }

    /// Stores nothing new, hands over what it holds, and leaves.
    pub(super) async fn drain(self: Arc<Self>) {
        self.closing.store(true, Ordering::Relaxed);
        let owned: Vec<Key> = {
            let disk = lock(&self.disk);
            let own = disk.entries.iter().filter(|(_, entry)| entry.owner == self.own.id);
            own.map(|(key, _)| *key).collect()
        };
        if !self.lease.is_fenced() {
            for key in owned {
                let _ = tokio::time::timeout(Duration::from_secs(4), self.hand_over(key)).await;
            }
        }
        let (id, party) = (self.own.id, self.own.party());
        let leave = move |world: &World| world.system.beat(id, party, NodeState::Down, Duration::ZERO);
        let _ = self.world.ask(&self, leave).await;
    }

    async fn hand_over(self: &Arc<Self>, key: Key) -> Option<()> {
        let holders = lock(&self.disk).find(key).ok()?.holders.clone();
        let mut members = self.members().ranked(key.0);
        members.retain(|member| member.is_live() && member.state == NodeState::Up);
        members.sort_by_key(|member| !holders.contains(&member.facts.id));
        for member in members {
            if self.hand_over_to(key, &member).await.is_some() {
                let mut disk = lock(&self.disk);
                let entry = disk.entries.get_mut(&key)?;
                entry.holders.clear();
                entry.owner = member.facts.id;
                self.world.oracle.count(|sums| sums.handed_over += 1);
                return Some(());
            }
        }
        None
    }

    async fn hand_over_to(self: &Arc<Self>, key: Key, member: &Member) -> Option<()> {
        self.copy(key, member.facts.id).await?;
        let from = self.own.id;
        let take = move |target: Arc<Node>| async move { target.take_over(key, from).await };
        let taken = self.world.call(self, member, WAIT, take).await;
        taken.is_ok_and(|taken| taken).then_some(())
    }

    /// Becomes the owner of what is copied here to its end.
    async fn take_over(self: Arc<Self>, key: Key, from: NodeId) -> bool {
        let whole = |entry: &Entry| entry.stage == Stage::Complete && entry.owner != self.own.id;
        let may = !self.lease.is_fenced() && !self.closing.load(Ordering::Relaxed);
        if !may || !lock(&self.disk).find(key).is_ok_and(whole) {
            return false;
        }
        let registry = Arc::clone(&self.registry);
        let taken = move |_: &World| {
            let taken = registry.take_over(key, from)?;
            let all = registry.generations(key.0)?;
            Ok((taken, all))
        };
        let Ok((true, all)) = self.world.ask(&self, taken).await else { return false };
        let mut holders = self.holders(key.0);
        let before = all.into_iter().find(|one| one.row.generation == key.1).map(|one| one.row.replicas);
        for node in before.into_iter().flatten().filter(|node| *node != self.own.id) {
            if !holders.contains(&node) {
                holders.push(node);
            }
        }
        let entry = {
            let mut disk = lock(&self.disk);
            let Some(entry) = disk.entries.get_mut(&key) else { return false };
            entry.owner = self.own.id;
            entry.holders = holders;
            entry.clone()
        };
        self.note(|| format!("has taken over {}/{}", key.0, key.1));
        self.learn().await;
        self.update(key, &entry).await;
        self.replicate(key);
        true
    }
}
