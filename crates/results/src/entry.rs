//! A result as the store keeps it in memory: what never changes, how far it is written, when it
//! expires.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::watch;

use crate::codec::Codec;
use crate::error::{Incomplete, PageError, WriteError};
use crate::files::Key;
use crate::header::{Header, Private};
use crate::id::{NodeId, ResultId};
use crate::meta::Meta;
use crate::quota::{Refusal, Reservation};
use crate::registry::{Continues, Recovery, ResultRow, ResultState};
use crate::segment::Cipher;
use crate::wire::lock;

/// The most bytes of a result's metadata.
pub const MAX_META_BYTES: usize = 64 * 1024;
/// The most bytes of the name of a source or a user.
pub const MAX_NAME_BYTES: usize = 1024;

/// Why a result has no further page.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    Source { code: Arc<str>, message: Arc<str> },
    Incomplete(Incomplete),
}

#[derive(Clone, Debug)]
pub(crate) enum Stage {
    Writing,
    Complete,
    Failed(Failure),
    /// Ended or expired; its files go away.
    Gone,
}

/// How far a result is written.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pub(crate) pages: u32,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) stage: Stage,
}

impl Progress {
    /// Whether a page can be read; `None` while that is not known.
    pub(crate) fn page(&self, number: u32) -> Option<Result<(), PageError>> {
        match &self.stage {
            Stage::Gone => Some(Err(PageError::Unknown)),
            _ if number < self.pages => Some(Ok(())),
            Stage::Writing => None,
            Stage::Complete => Some(Err(PageError::NoSuchPage { pages: self.pages })),
            Stage::Failed(Failure::Source { code, message }) => {
                Some(Err(PageError::SourceFailed { code: code.clone(), message: message.clone() }))
            }
            Stage::Failed(Failure::Incomplete(why)) => Some(Err(PageError::Incomplete(why.clone()))),
        }
    }

    fn state(&self) -> ResultState {
        match self.stage {
            Stage::Writing => ResultState::Writing,
            Stage::Complete => ResultState::Complete,
            Stage::Failed(_) | Stage::Gone => ResultState::Failed,
        }
    }
}

/// A result, as administration sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultInfo {
    /// As in the registry; sizes and expiry are those of this moment.
    pub row: ResultRow,
    /// Its codec.
    pub codec: Codec,
    /// The metadata the writer gave.
    pub meta: Bytes,
}

/// What never changes about a result.
pub(crate) struct About {
    pub(crate) id: ResultId,
    pub(crate) generation: u32,
    /// The node that wrote it: its owner, until another one takes it over.
    pub(crate) writer: NodeId,
    /// This node.
    pub(crate) node: NodeId,
    pub(crate) source: Arc<str>,
    pub(crate) user: Arc<str>,
    pub(crate) recovery: Recovery,
    pub(crate) codec: Codec,
    pub(crate) meta: Meta,
    pub(crate) created_ms: u64,
    pub(crate) absolute_ms: u64,
    pub(crate) continues: Option<Continues>,
}

impl About {
    pub(crate) fn new(
        header: &Header,
        private: Private,
        node: NodeId,
        recovery: Recovery,
        absolute_ms: u64,
    ) -> Self {
        Self {
            node,
            id: header.id,
            generation: header.generation,
            writer: header.owner,
            source: private.source.into(),
            user: private.user.into(),
            recovery,
            codec: header.codec,
            meta: private.meta.into(),
            created_ms: header.created_ms,
            absolute_ms,
            continues: None,
        }
    }
}

/// A result in memory.
pub(crate) struct Entry {
    pub(crate) about: About,
    pub(crate) cipher: Cipher,
    progress: watch::Sender<Progress>,
    idle_until_ms: AtomicU64,
    registered_until_ms: AtomicU64,
    readers: AtomicUsize,
    /// Whether it is this node's own rather than a copy of another one's.
    owned: AtomicBool,
    /// The node of which it is a copy: the one that wrote it, or one that took it over.
    owner: Mutex<NodeId>,
    /// Whether it was read here since that was told to the other nodes that have it.
    read_here: AtomicBool,
    /// Other nodes that have, or are being given, a copy of a result of this one.
    holders: Mutex<Vec<NodeId>>,
    /// Pages that another execution has made anew: links to them mean those.
    continued: Mutex<Vec<u32>>,
    /// Where the next page of a copy goes.
    pub(crate) tail: Mutex<u64>,
    /// `None` once the result is gone.
    reservation: Mutex<Option<Reservation>>,
    /// The sealed header, until the registry has a row of it; empty where no other node may need it.
    pub(crate) unregistered: Mutex<Option<Vec<u8>>>,
}

impl Entry {
    pub(crate) fn new(
        about: About,
        cipher: Cipher,
        progress: Progress,
        reservation: Reservation,
        idle_until_ms: u64,
    ) -> Arc<Self> {
        let writer = about.writer;
        Arc::new(Self {
            about,
            cipher,
            progress: watch::Sender::new(progress),
            idle_until_ms: AtomicU64::new(idle_until_ms),
            registered_until_ms: AtomicU64::new(idle_until_ms),
            readers: AtomicUsize::new(0),
            owned: AtomicBool::new(true),
            owner: Mutex::new(writer),
            read_here: AtomicBool::new(false),
            holders: Mutex::default(),
            continued: Mutex::default(),
            tail: Mutex::default(),
            reservation: Mutex::new(Some(reservation)),
            unregistered: Mutex::default(),
        })
    }

    pub(crate) fn key(&self) -> Key {
        (self.about.id, self.about.generation)
    }

    pub(crate) fn is_owned(&self) -> bool {
        self.owned.load(SeqCst)
    }

    pub(crate) fn set_owned(&self, owned: bool) {
        self.owned.store(owned, SeqCst);
    }

    /// The node whose result it is, as far as is known here.
    pub(crate) fn owner(&self) -> NodeId {
        if self.is_owned() { self.about.node } else { *lock(&self.owner) }
    }

    /// Notes whose result it is that is copied here.
    pub(crate) fn set_owner(&self, owner: NodeId) {
        *lock(&self.owner) = owner;
    }

    pub(crate) fn holders(&self) -> Vec<NodeId> {
        lock(&self.holders).clone()
    }

    pub(crate) fn set_holders(&self, holders: Vec<NodeId>) {
        *lock(&self.holders) = holders;
    }

    /// Notes that another execution goes on at a page.
    pub(crate) fn note_continued(&self, page: u32) {
        let mut continued = lock(&self.continued);
        if !continued.contains(&page) {
            continued.push(page);
        }
    }

    /// Pages at which other executions go on.
    pub(crate) fn continued(&self) -> Vec<u32> {
        lock(&self.continued).clone()
    }

    /// Whether another execution goes on at a page.
    pub(crate) fn is_continued(&self, page: u32) -> bool {
        lock(&self.continued).contains(&page)
    }

    /// Notes that it was read here.
    pub(crate) fn note_read(&self) {
        self.read_here.store(true, Relaxed);
    }

    /// Whether it was read here since this was asked last.
    pub(crate) fn take_read(&self) -> bool {
        self.read_here.swap(false, Relaxed)
    }

    /// Other nodes that have it: those with copies, or the one it is a copy of.
    pub(crate) fn elsewhere(&self) -> Vec<NodeId> {
        if self.is_owned() { self.holders() } else { vec![self.owner()] }
    }

    pub(crate) fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    pub(crate) fn is_writing(&self) -> bool {
        matches!(self.progress.borrow().stage, Stage::Writing)
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Says that one more page can be read.
    pub(crate) fn publish(&self, rows: u32, bytes: u64, end: bool) {
        self.progress.send_modify(|progress| {
            progress.pages += 1;
            progress.rows += u64::from(rows);
            progress.bytes += bytes;
            if end && matches!(progress.stage, Stage::Writing) {
                progress.stage = Stage::Complete;
            }
        });
    }

    /// Says that no further page will come; `false` when that was already known.
    pub(crate) fn fail(&self, failure: Failure) -> bool {
        self.progress.send_if_modified(|progress| {
            let writing = matches!(progress.stage, Stage::Writing);
            if writing {
                progress.stage = Stage::Failed(failure);
            }
            writing
        })
    }

    /// Says that the result is gone, and gives its reservation to whoever removes its files.
    pub(crate) fn end(&self) -> Option<Reservation> {
        let reservation = lock(&self.reservation).take();
        self.progress.send_modify(|progress| progress.stage = Stage::Gone);
        reservation
    }

    pub(crate) fn reserve(&self, bytes: u64) -> Result<(), WriteError> {
        let mut held = lock(&self.reservation);
        held.as_mut().ok_or(WriteError::Ended)?.grow(bytes).map_err(refused)
    }

    /// Whether so many bytes could be reserved now.
    pub(crate) fn has_room(&self, bytes: u64) -> Result<(), WriteError> {
        let held = lock(&self.reservation);
        held.as_ref().ok_or(WriteError::Ended)?.fits(bytes).map_err(refused)
    }

    pub(crate) fn give_back(&self, bytes: u64) {
        if let Some(reservation) = lock(&self.reservation).as_mut() {
            reservation.shrink(bytes);
        }
    }

    pub(crate) fn expires_ms(&self) -> u64 {
        self.idle_until_ms.load(Relaxed).min(self.about.absolute_ms)
    }

    pub(crate) fn is_expired(&self, now_ms: u64) -> bool {
        now_ms >= self.expires_ms()
    }

    /// Slides the expiry; it never moves back.
    pub(crate) fn touch(&self, until_ms: u64) {
        self.idle_until_ms.fetch_max(until_ms, Relaxed);
    }

    /// The expiry, when the registry does not know it yet.
    pub(crate) fn unregistered_expiry(&self) -> Option<u64> {
        let now = self.expires_ms();
        (self.registered_until_ms.load(Relaxed) != now).then_some(now)
    }

    pub(crate) fn set_registered_expiry(&self, expires_ms: u64) {
        self.registered_until_ms.store(expires_ms, Relaxed);
    }

    pub(crate) fn is_read(&self) -> bool {
        self.readers.load(SeqCst) > 0
    }

    pub(crate) fn row(&self) -> ResultRow {
        let progress = self.progress();
        let about = &self.about;
        ResultRow {
            id: about.id,
            generation: about.generation,
            owner: self.owner(),
            state: progress.state(),
            user: about.user.to_string(),
            source: about.source.to_string(),
            recovery: about.recovery,
            pages: progress.pages,
            rows: progress.rows,
            bytes: progress.bytes,
            created_ms: about.created_ms,
            expires_ms: self.expires_ms(),
            absolute_ms: about.absolute_ms,
            replicas: self.holders(),
            continues: about.continues,
        }
    }

    pub(crate) fn info(&self) -> ResultInfo {
        ResultInfo { row: self.row(), codec: self.about.codec, meta: self.about.meta.bytes().clone() }
    }
}

fn refused(refusal: Refusal) -> WriteError {
    match refusal {
        Refusal::Bytes { level, .. } => WriteError::Quota { level },
        Refusal::Results { .. } => WriteError::Ended,
    }
}

/// Keeps a result from being removed by a sweep while it is read.
pub(crate) struct Reading {
    entry: Arc<Entry>,
}

impl Reading {
    pub(crate) fn begin(entry: &Arc<Entry>) -> Self {
        entry.readers.fetch_add(1, SeqCst);
        Self { entry: entry.clone() }
    }
}

impl std::ops::Deref for Reading {
    type Target = Arc<Entry>;

    fn deref(&self) -> &Arc<Entry> {
        &self.entry
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.entry.readers.fetch_sub(1, SeqCst);
    }
}
