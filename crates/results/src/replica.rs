//! Copies of results of other nodes: cipher text as it came, page after page, in files of this node.

use std::collections::HashSet;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::Duration;

use crate::adopt::clear_names;
use crate::drain::{has_free, is_full};
use crate::entry::{About, Entry, Progress, Stage};
use crate::error::{CopyError, PageError};
use crate::files::Key;
use crate::header::Header;
use crate::id::{NodeId, ResultId};
use crate::peer::SealedPage;
use crate::reader;
use crate::registry::{Recovery, RegistryError};
use crate::segment::{Follows, INDEX_ENTRY, IndexEntry};
use crate::store::Store;
use crate::wire::lock;

/// How far a copy has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Where the next page goes.
    pub offset: u64,
    /// Pages that are here.
    pub pages: u32,
}

impl Store {
    /// Whether what is here of a result is a copy of another node's.
    #[must_use]
    pub fn is_copy(&self, id: ResultId, generation: u32) -> bool {
        self.inner.get((id, generation)).is_some_and(|entry| !entry.is_owned())
    }

    /// Reads a page as it lies on disk to copy it: its expiry does not slide. In all else as
    /// [`sealed_page`](Self::sealed_page).
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn page_to_copy(&self, key: Key, number: u32, wait: Duration) -> Result<SealedPage, PageError> {
        reader::page_to_copy(&self.inner, key, number, wait).await
    }

    /// Adds to the copy of a result of `owner`, at a byte of its file of pages: first the header, then whole pages,
    /// each with its index entry in front; and notes at which of them other executions go on. May block.
    ///
    /// # Errors
    /// [`CopyError`].
    pub fn add_to_copy(
        &self,
        key: Key,
        owner: NodeId,
        continued: &[u32],
        offset: u64,
        bytes: &[u8],
    ) -> Result<Copied, CopyError> {
        let (entry, pages) = match self.inner.get(key) {
            Some(entry) => (entry, bytes),
            None if offset > 0 => return Err(CopyError::Offset { expected: 0, pages: 0 }),
            None => self.begin_copy(key, bytes)?,
        };
        if entry.is_owned() {
            return Err(CopyError::Invalid("it is no copy"));
        }
        entry.set_owner(owner);
        continued.iter().for_each(|page| entry.note_continued(*page));
        let mut tail = lock(&entry.tail);
        // With the header came the first pages.
        let at = if offset == 0 && pages.len() < bytes.len() { *tail } else { offset };
        if at != *tail {
            return Err(CopyError::Offset { expected: *tail, pages: entry.progress().pages });
        }
        let mut rest = pages;
        while !rest.is_empty() {
            rest = self.add_page(&entry, &mut tail, rest)?;
        }
        entry.touch(self.inner.idle_until_ms(self.inner.now_ms()));
        Ok(Copied { offset: *tail, pages: entry.progress().pages })
    }

    /// Makes the files of a copy; gives what stands behind the header, too.
    fn begin_copy<'a>(&self, key: Key, bytes: &'a [u8]) -> Result<(Arc<Entry>, &'a [u8]), CopyError> {
        let inner = &self.inner;
        let opened = Header::open(bytes, &inner.keys);
        let (header, private, cipher) = opened.ok_or(CopyError::Invalid("its header cannot be opened"))?;
        if (header.id, header.generation) != key || header.owner == self.node() {
            return Err(CopyError::Invalid("it is another result"));
        }
        let now_ms = inner.now_ms();
        let absolute_ms = header.created_ms.saturating_add(inner.absolute_expiry.as_millis() as u64);
        let about = About::new(&header, private, self.node(), Recovery::None, absolute_ms);
        let (head, pages) = bytes.split_at(header.len());
        let len = head.len() as u64;
        let reserved = inner.ledger.reserve(&about.source, &about.user, len);
        let reservation = reserved.map_err(|_| CopyError::NoRoom)?;
        has_free(inner, len).and_then(|()| inner.disk.admit(len)).map_err(failed)?;
        clear_names(inner, key);
        inner.files.create(key, head).map_err(failed)?;
        let progress = Progress { pages: 0, rows: 0, bytes: len, stage: Stage::Writing };
        let entry = Entry::new(about, cipher, progress, reservation, inner.idle_until_ms(now_ms));
        entry.set_owned(false);
        *lock(&entry.tail) = len;
        inner.insert(&entry);
        Ok((entry, pages))
    }

    /// Adds the first of some pages; gives the others.
    fn add_page<'a>(&self, entry: &Entry, tail: &mut u64, bytes: &'a [u8]) -> Result<&'a [u8], CopyError> {
        let inner = &self.inner;
        let number = entry.progress().pages;
        if !entry.is_writing() {
            return Err(CopyError::Invalid("nothing comes behind its last page"));
        }
        let (index, rest) =
            bytes.split_first_chunk::<INDEX_ENTRY>().ok_or(CopyError::Invalid("it is cut"))?;
        let parsed = IndexEntry::parse(index, &entry.cipher, number);
        let parsed = parsed.filter(|parsed| parsed.offset == *tail);
        let parsed = parsed.ok_or(CopyError::Invalid("it is not the next page"))?;
        let (page, rest) =
            rest.split_at_checked(parsed.bytes as usize).ok_or(CopyError::Invalid("it is cut"))?;
        let len = page.len() as u64 + INDEX_ENTRY as u64;
        entry.reserve(len).map_err(|_| CopyError::NoRoom)?;
        let write = || {
            has_free(inner, len)?;
            inner.disk.admit(len)?;
            let files = inner.files.open(entry.key(), true)?;
            files.pages.write_all_at(page, *tail)?;
            files.index.write_all_at(index, u64::from(number) * INDEX_ENTRY as u64)
        };
        if let Err(error) = write() {
            entry.give_back(len);
            return Err(failed(error));
        }
        *tail += page.len() as u64;
        entry.publish(parsed.rows, len, parsed.follows != Follows::Page);
        Ok(rest)
    }

    /// Results of this node that have not expired.
    #[must_use]
    pub fn owned(&self) -> Vec<Key> {
        let now_ms = self.inner.now_ms();
        let all = self.inner.all();
        let live = all.iter().filter(|entry| entry.is_owned() && !entry.is_expired(now_ms));
        live.map(|entry| entry.key()).collect()
    }

    /// Makes a complete copy that is here this node's own result, in place of the node that had it, and names those that
    /// are to have copies from now on; `false` when there is none, or it is not that node's to give. May block.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn take_over(&self, key: Key, from: NodeId) -> Result<bool, RegistryError> {
        let Some(entry) = self.inner.get(key).filter(|entry| !entry.is_owned() && !entry.is_writing()) else {
            return Ok(false);
        };
        if !self.inner.registry.take_over(key, from)? {
            return Ok(false);
        }
        // Whoever had a copy has it still.
        let all = self.inner.registry.generations(key.0).unwrap_or_default();
        let before = all.into_iter().find(|one| one.row.generation == key.1).map(|one| one.row.replicas);
        let mut holders = self.inner.holders(&entry);
        let here = self.node();
        for node in before.into_iter().flatten().filter(|node| *node != here) {
            if !holders.contains(&node) {
                holders.push(node);
            }
        }
        self.inner.learn_continued();
        entry.set_owned(true);
        entry.set_holders(holders);
        self.inner.note("update", self.inner.registry.update(&entry.row()));
        Ok(true)
    }

    /// Another node has become the owner of a result: what is here is a copy from now on.
    pub fn hand_over(&self, id: ResultId, generation: u32, to: NodeId) {
        if let Some(entry) = self.inner.get((id, generation)) {
            entry.set_holders(Vec::new());
            entry.set_owner(to);
            entry.set_owned(false);
        }
    }

    /// Pages of what is here of a result at which other executions go on.
    #[must_use]
    pub fn continued(&self, id: ResultId, generation: u32) -> Vec<u32> {
        self.inner.get((id, generation)).map(|entry| entry.continued()).unwrap_or_default()
    }

    /// Other nodes that have, or are being given, a copy of a result of this node.
    #[must_use]
    pub fn holders(&self, id: ResultId, generation: u32) -> Vec<NodeId> {
        self.inner.get((id, generation)).map(|entry| entry.holders()).unwrap_or_default()
    }

    /// Other nodes that are to have a copy of a result, where its source says how many.
    #[must_use]
    pub fn replicas(&self, key: Key) -> Option<usize> {
        self.inner.get(key).and_then(|entry| self.inner.ledger.rules(&entry.about.source).replicas)
    }

    /// Whether pages are being added to a result.
    #[must_use]
    pub fn is_writing(&self, id: ResultId, generation: u32) -> bool {
        self.inner.get((id, generation)).is_some_and(|entry| entry.is_writing())
    }

    /// Names the nodes that are to have copies of a result of this node from now on, in the registry, too. May block.
    pub fn name_holders(&self, id: ResultId, generation: u32, nodes: Vec<NodeId>) {
        if let Some(entry) = self.inner.get((id, generation)).filter(|entry| entry.is_owned()) {
            entry.set_holders(nodes);
            self.inner.note("update", self.inner.registry.update(&entry.row()));
        }
    }

    /// Removes copies of which the registry does not say that they are here: while this node was taken for lost, their
    /// owners had them made elsewhere, and will not say when they end. Those of results that are younger than `young` may
    /// not be in the registry yet: says whether there are any, so that it is to be asked again. `None` when it does not
    /// answer. May block.
    pub fn drop_copies_made_elsewhere(&self, young: Duration) -> Option<bool> {
        let inner = &self.inner;
        let named: HashSet<Key> = match inner.registry.kept_by(self.node()) {
            Ok(rows) => rows.iter().map(|row| (row.id, row.generation)).collect(),
            Err(error) => {
                inner.note("copies", Err(error));
                return None;
            }
        };
        let old_ms = inner.now_ms().saturating_sub(young.as_millis() as u64);
        let all = inner.all();
        let unnamed = all.iter().filter(|entry| !entry.is_owned() && !named.contains(&entry.key()));
        let (old, fresh): (Vec<_>, Vec<_>) = unnamed.partition(|entry| entry.about.created_ms < old_ms);
        for entry in old {
            inner.remove(entry.key());
        }
        Some(!fresh.is_empty())
    }

    /// Results of this node that were removed since this was asked last, and the nodes with copies of them.
    #[must_use]
    pub fn take_ended(&self) -> Vec<(Key, Vec<NodeId>)> {
        self.inner.take_ended()
    }

    /// Results that were read here since this was asked last, and the other nodes that have them.
    #[must_use]
    pub fn take_read(&self) -> Vec<(Key, Vec<NodeId>)> {
        let all = self.inner.all();
        let read = all.iter().filter(|entry| entry.take_read());
        read.map(|entry| (entry.key(), entry.elsewhere())).filter(|(_, nodes)| !nodes.is_empty()).collect()
    }
}

fn failed(error: std::io::Error) -> CopyError {
    if is_full(&error) { CopyError::NoRoom } else { CopyError::Io(error) }
}
