//! What must be true whatever happens, seen from outside of all nodes.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use nextlink_results::token::Token;
use nextlink_results::{Continues, Generation, NodeId, Registration, ResultId, ResultRow, ResultState};
use nextlink_system::Roll;
use tokio::time::Instant;

use super::disk::Page;
use super::world::lock;

/// A lost execution that somebody goes on for.
#[derive(Debug)]
struct Claim {
    generation: u32,
    at: Instant,
    /// Nodes whose lease was not over.
    live: HashSet<Registration>,
}

/// Numbers of a run, so that it can be seen that something happens in it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub(super) pages: u64,
    pub(super) whole: u64,
    pub(super) gone: u64,
    pub(super) claims: u64,
    pub(super) fenced: u64,
    pub(super) handed_over: u64,
    pub(super) lapses: u64,
}

impl std::ops::AddAssign for Sums {
    fn add_assign(&mut self, other: Sums) {
        self.pages += other.pages;
        self.whole += other.whole;
        self.gone += other.gone;
        self.claims += other.claims;
        self.fenced += other.fenced;
        self.handed_over += other.handed_over;
        self.lapses += other.lapses;
    }
}

#[derive(Default)]
struct Seen {
    claims: HashMap<(ResultId, Continues), Claim>,
    executions: HashSet<(ResultId, u32)>,
    /// The moment of the source that each execution is of.
    versions: HashMap<(ResultId, u32), u64>,
    wrong: Vec<String>,
    sums: Sums,
}

#[derive(Default)]
pub(super) struct Oracle(Mutex<Seen>);

impl Oracle {
    pub(super) fn wrong(&self, what: String) {
        lock(&self.0).wrong.push(what);
    }

    pub(super) fn all_wrong(&self) -> Vec<String> {
        lock(&self.0).wrong.clone()
    }

    pub(super) fn sums(&self) -> Sums {
        lock(&self.0).sums
    }

    pub(super) fn count(&self, what: impl FnOnce(&mut Sums)) {
        what(&mut lock(&self.0).sums);
    }

    /// An execution has a row in the system database, written by a node whose boot is this one. `claims`: it goes on for
    /// a lost one, and this is what the database knew just before.
    pub(super) fn registered(&self, row: &ResultRow, boot: u64, roll: &Roll, before: Option<&[Generation]>) {
        let now = Instant::now();
        let mut seen = lock(&self.0);
        let what = format!("{}/{}", row.id, row.generation);
        if roll.find(row.owner).is_none_or(|node| node.facts.boot != boot) {
            seen.wrong.push(format!("{what}: a fenced node stores"));
        }
        if !seen.executions.insert((row.id, row.generation)) {
            seen.wrong.push(format!("{what}: two of one number"));
        }
        let (Some(at), Some(before)) = (row.continues, before) else { return };
        let lost = before.iter().find(|one| one.row.generation == at.generation);
        let is_live = |node: NodeId| roll.find(node).is_some_and(|row| !roll.lease_left(row).is_zero());
        let may = |lost: &Generation| {
            let never_written = lost.row.state == ResultState::Failed && lost.row.pages <= at.page;
            never_written || lost.row.owner == row.owner || !is_live(lost.row.owner)
        };
        if !lost.is_some_and(may) {
            seen.wrong.push(format!("{what}: claimed while the lease of the owner lasts: {lost:?}"));
        }
        let live = roll.nodes.iter().filter(|node| is_live(node.facts.id));
        let live = live.map(|node| node.facts.registration).collect();
        let claim = Claim { generation: row.generation, at: now, live };
        if let Some(other) = seen.claims.insert((row.id, at), claim) {
            seen.wrong.push(format!("{what}: {} goes on at the same page", other.generation));
        }
        seen.sums.claims += 1;
    }

    /// A reader was given a page for a link.
    pub(super) fn given(&self, link: &Token, page: &Page, anew: bool, exact: bool) {
        let mut seen = lock(&self.0);
        seen.sums.pages += 1;
        let what = format!("{}/{} page {}", link.result, link.generation, link.page);
        if u64::from(page.row) != link.first_row {
            seen.wrong.push(format!("{what}: row {} in place of {}", page.row, link.first_row));
        }
        if (page.generation != link.generation) != anew {
            seen.wrong.push(format!("{what}: execution {} is not announced", page.generation));
        }
        let version = *seen.versions.entry((link.result, page.generation)).or_insert(page.version);
        if version != page.version {
            seen.wrong.push(format!("{what}: two executions under one number"));
        }
        let at = Continues { generation: link.generation, page: link.page };
        let Seen { claims, wrong, .. } = &mut *seen;
        let Some(claim) = claims.get(&(link.result, at)) else {
            if anew {
                wrong.push(format!("{what}: nobody has claimed that"));
            }
            return;
        };
        let (mut last, mut chain) = (claim.generation, vec![claim.generation]);
        while let Some(next) = claims.get(&(link.result, Continues { generation: last, page: 0 })) {
            last = next.generation;
            chain.push(last);
        }
        if anew && !chain.contains(&page.generation) {
            wrong.push(format!("{what}: {} is none of {chain:?}", page.generation));
        }
        // Nobody who could know that others go on gives what was there before.
        let knows = claim.live.contains(&page.read.by) || page.read.sure;
        if !anew && page.read.at > claim.at && knows && exact {
            let (read, claimed) = (page.read, claim.at);
            wrong.push(format!(
                "{what}: execution {} once more, {read:?}, claimed {claimed:?}",
                link.generation
            ));
        }
    }
}
