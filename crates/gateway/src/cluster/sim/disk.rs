//! What a machine keeps of results: as much of a store as matters to other nodes.

use std::collections::{BTreeMap, BTreeSet};

use nextlink_results::{
    Continues, Incomplete, NodeId, PageError, Recovery, Registration, ResultId, ResultRow, ResultState,
};
use tokio::time::Instant;

pub(super) type Key = (ResultId, u32);

/// The rows of the source; each page has one.
pub(super) const ROWS: u32 = 9;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Writing,
    Complete,
    Failed,
}

/// An execution of a result, or a copy of one.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The node that wrote it.
    pub(super) writer: NodeId,
    /// The node that it is of.
    pub(super) owner: NodeId,
    pub(super) holders: Vec<NodeId>,
    pub(super) first_row: u32,
    pub(super) version: u64,
    pub(super) pages: u32,
    pub(super) stage: Stage,
    pub(super) continues: Option<Continues>,
    /// In memory alone.
    pub(super) continued: BTreeSet<u32>,
}

/// A page as it came from a disk.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) row: u32,
    pub(super) generation: u32,
    pub(super) version: u64,
    pub(super) writer: NodeId,
    /// When and where it was read, and whether nobody could have gone on with it without its being known there.
    pub(super) read: Read,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    pub(super) at: Instant,
    pub(super) by: Registration,
    pub(super) sure: bool,
}

impl Page {
    pub(super) fn is_last(&self) -> bool {
        self.row + 1 == ROWS
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    pub(super) entries: BTreeMap<Key, Entry>,
}

impl Disk {
    pub(super) fn page(&self, key: Key, number: u32, read: Read) -> Result<Page, PageError> {
        let entry = self.find(key)?;
        if entry.continued.contains(&number) {
            return Err(PageError::OtherGeneration { current: key.1 + 1 });
        }
        entry.page(key.1, number, read)
    }

    pub(super) fn find(&self, key: Key) -> Result<&Entry, PageError> {
        self.entries.get(&key).ok_or_else(|| {
            let other = self.entries.range((key.0, 0)..=(key.0, u32::MAX)).next_back();
            other.map_or(PageError::Unknown, |(key, _)| PageError::OtherGeneration { current: key.1 })
        })
    }

    /// The execution that goes on here for a lost one.
    pub(super) fn continuation(&self, id: ResultId, at: Continues, here: NodeId) -> Option<u32> {
        let mut all = self.entries.range((id, 0)..=(id, u32::MAX));
        all.find(|(_, entry)| entry.continues == Some(at) && entry.writer == here).map(|(key, _)| key.1)
    }
}

impl Entry {
    pub(super) fn page(&self, generation: u32, number: u32, read: Read) -> Result<Page, PageError> {
        if number < self.pages {
            let row = self.first_row + number;
            return Ok(Page { row, generation, version: self.version, writer: self.writer, read });
        }
        Err(match self.stage {
            Stage::Writing => PageError::NotYet,
            Stage::Complete => PageError::NoSuchPage { pages: self.pages },
            Stage::Failed => PageError::Incomplete(Incomplete::Restarted),
        })
    }

    /// One more page is written.
    pub(super) fn append(&mut self) {
        self.pages += 1;
        if self.first_row + self.pages == ROWS {
            self.stage = Stage::Complete;
        }
    }

    pub(super) fn row(&self, (id, generation): Key) -> ResultRow {
        ResultRow {
            id,
            generation,
            owner: self.owner,
            state: match self.stage {
                Stage::Writing => ResultState::Writing,
                Stage::Complete => ResultState::Complete,
                Stage::Failed => ResultState::Failed,
            },
            user: String::new(),
            source: String::new(),
            recovery: Recovery::Key,
            pages: self.pages,
            rows: u64::from(self.pages),
            bytes: 0,
            created_ms: 0,
            expires_ms: u64::MAX >> 1,
            absolute_ms: u64::MAX >> 1,
            replicas: self.holders.clone(),
            continues: self.continues,
        }
    }
}
