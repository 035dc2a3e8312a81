//! The store: opening, creating, reading, ending and sweeping results.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::adopt::{adopt, clear, clear_names};
use crate::config::StoreConfig;
use crate::drain::{Drain, END_BYTES, Job, has_free, is_full};
use crate::entry::{About, Entry, MAX_META_BYTES, MAX_NAME_BYTES, Progress, ResultInfo, Stage};
use crate::error::{CreateError, Error, PageError};
use crate::event::{Counters, Event, Stats, SweepReport};
use crate::header::{Header, Private};
use crate::id::{NodeId, ResultId};
use crate::identity::{NodeIdentity, lock, make_private_dir};
use crate::inner::Inner;
use crate::keys::KeyId;
use crate::page::StoredPage;
use crate::peer::{Foreign, SealedPage};
use crate::pool::Pool;
use crate::quota::Refusal;
use crate::reader;
use crate::registry::{Continues, Registry};
use crate::writer::{NewResult, ResultWriter};

const LOCK_FILE: &str = "lock";
/// A first execution.
const FIRST_GENERATION: u32 = 1;

/// The stored results of this node. It owns its directory; dropping it finishes the writes that
/// were handed over.
pub struct Store {
    pub(crate) inner: Arc<Inner>,
    pool: Arc<Pool>,
    node: NodeIdentity,
    /// Keeps the directory for this process; released last.
    _lock: File,
}

impl Store {
    /// Makes the directory (mode 0700) or takes it over: locks it, takes over the results of an
    /// earlier run that the registry knows, and marks files that this node made and that are of
    /// no use for the first sweep. May block.
    ///
    /// # Errors
    /// [`Error::Locked`] when another process has the directory, [`Error::Setting`],
    /// [`Error::Registry`], [`Error::Io`].
    pub fn open(config: StoreConfig, registry: Arc<dyn Registry>) -> Result<Arc<Self>, Error> {
        config.validate()?;
        make_private_dir(&config.dir)?;
        let path = config.dir.join(LOCK_FILE);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let held = options.open(&path).map_err(|error| Error::io("open", &path, error))?;
        lock(&held, &config.dir)?;
        let inner = Inner::new(&config, registry);
        adopt(&inner)?;
        let pool = Pool::start(config.writer_threads, config.deflate_level)
            .map_err(|error| Error::io("start the threads for", &config.dir, error))?;
        Ok(Arc::new(Self { inner, pool, node: config.node, _lock: held }))
    }

    /// The node's name.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node.id()
    }

    /// Begins a result. The two files are made here; everything else happens on the store's
    /// threads.
    ///
    /// # Errors
    /// [`CreateError`]: quotas and a full disk are normal answers.
    pub fn create(&self, new: NewResult) -> Result<ResultWriter, CreateError> {
        let writer = self.begin(new);
        if writer.is_err() {
            Counters::add(&self.inner.counters.refused, 1);
        }
        writer
    }

    fn begin(&self, new: NewResult) -> Result<ResultWriter, CreateError> {
        if self.inner.placement.as_ref().is_some_and(|placement| !placement.may_store()) {
            return Err(CreateError::NotAny);
        }
        let (first_row, after) = (new.first_row, new.after);
        let (entry, header) = self.lay_down(new)?;
        let (inner, id) = (&self.inner, entry.about.id);
        if let Some(after) = after {
            let claimed = inner.registry.claim(&entry.row(), &header, after.known);
            if !matches!(claimed, Ok(true)) {
                entry.end();
                // What is left of the files is swept at the next start.
                let _ = inner.files.remove(entry.key());
                return Err(claimed.err().map_or(CreateError::Claimed, CreateError::Registry));
            }
        }
        inner.insert(&entry);
        let drain = Drain::new(inner.clone(), entry.clone(), first_row, header);
        if drain.push(&self.pool, Job::Register).is_err() {
            inner.remove(entry.key());
            return Err(CreateError::Closed);
        }
        inner.tell(&Event::Created { id, source: &entry.about.source });
        Ok(ResultWriter::new(self.pool.clone(), drain))
    }

    /// Reserves the room of the header and makes the files; gives the header, too.
    fn lay_down(&self, new: NewResult) -> Result<(Arc<Entry>, Vec<u8>), CreateError> {
        check_lengths(&new)?;
        let inner = &self.inner;
        let now_ms = inner.now_ms();
        let header = Header {
            codec: new.codec,
            id: match new.after {
                Some(after) => after.id,
                None => ResultId::generate().map_err(|_| CreateError::Crypto)?,
            },
            generation: new.after.map_or(FIRST_GENERATION, |after| after.known.saturating_add(1)),
            owner: self.node(),
            created_ms: now_ms,
            first_row: new.first_row,
            key: KeyId::default(),
            private_len: 0,
        };
        let meta = Bytes::from(new.meta);
        let private = Private { source: new.source, user: new.user, meta };
        let sealed = header.seal(&private, &inner.keys.current);
        let (header, bytes, cipher) = sealed.ok_or(CreateError::Crypto)?;
        let absolute_ms = now_ms.saturating_add(inner.absolute_expiry.as_millis() as u64);
        let mut about = About::new(&header, private, self.node(), new.recovery, absolute_ms);
        about.continues = new.after.map(|after| after.continues);

        let len = bytes.len() as u64;
        let room = new.page_bytes.saturating_mul(2);
        let wanted = len.saturating_add(END_BYTES).saturating_add(room);
        let reserved = inner.ledger.reserve(&about.source, &about.user, wanted);
        let mut reservation = reserved.map_err(refused)?;
        // It was only to be seen that there is room: pages reserve what they need.
        reservation.shrink(room);
        has_free(inner, len.saturating_add(room))
            .and_then(|()| inner.disk.admit(len))
            .map_err(create_error)?;
        clear_names(inner, (header.id, header.generation));
        inner.files.create((header.id, header.generation), &bytes).map_err(create_error)?;
        let progress = Progress { pages: 0, rows: 0, bytes: len, stage: Stage::Writing };
        let until_ms = inner.idle_until_ms(now_ms);
        let entry = Entry::new(about, cipher, progress, reservation, until_ms);
        entry.set_holders(inner.holders(&entry));
        Ok((entry, bytes))
    }

    /// Reads page `number` (from 0) of a result, and slides its expiry. A page that is still to be
    /// written is waited for, at most `wait`. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`PageError`]. A result that expired and was swept is [`PageError::Unknown`].
    pub async fn page(
        &self,
        id: ResultId,
        generation: u32,
        number: u32,
        wait: Duration,
    ) -> Result<StoredPage, PageError> {
        reader::page(&self.inner, id, generation, number, wait).await
    }

    /// Reads a page as it lies on disk, for a node that opens it itself
    /// ([`Foreign`]); in all else as [`Store::page`].
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn sealed_page(
        &self,
        id: ResultId,
        generation: u32,
        number: u32,
        wait: Duration,
    ) -> Result<SealedPage, PageError> {
        reader::sealed_page(&self.inner, id, generation, number, wait).await
    }

    /// Reads the header of a result's file as it lies on disk. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn header(&self, id: ResultId, generation: u32) -> Result<Bytes, PageError> {
        reader::header(&self.inner, id, generation).await
    }

    /// Opens the header of a result that lies on another node of the cluster. `None` when it was
    /// altered, or its key is not known here.
    #[must_use]
    pub fn foreign(&self, header: &[u8]) -> Option<Foreign> {
        Foreign::open(header, &self.inner.keys)
    }

    /// Slides the expiry of a result that was read elsewhere; `false` when it is not here or has
    /// expired.
    pub fn touch(&self, id: ResultId, generation: u32) -> bool {
        let held = self.inner.hold(id, generation);
        held.is_ok_and(|reading| {
            reading.touch(self.inner.idle_until_ms(self.inner.now_ms()));
            true
        })
    }

    /// Learns at which pages of what is here other nodes went on while this one was taken for lost; `false` when nobody
    /// says. May block.
    pub fn learn_continued(&self) -> bool {
        self.inner.learn_continued()
    }

    /// The execution that goes on here for a lost one.
    #[must_use]
    pub fn continuation(&self, id: ResultId, lost: Continues) -> Option<u32> {
        let all = self.inner.generations(id);
        let found = all.iter().find(|entry| entry.about.continues == Some(lost));
        found.map(|entry| entry.about.generation)
    }

    /// The metadata the writer gave; reads nothing from disk.
    ///
    /// # Errors
    /// [`PageError::Unknown`], [`PageError::Expired`] or [`PageError::OtherGeneration`].
    pub fn meta(&self, id: ResultId, generation: u32) -> Result<Bytes, PageError> {
        Ok(self.inner.begin_read(id, generation)?.about.meta.bytes().clone())
    }

    /// What is known about a result; does not slide its expiry.
    #[must_use]
    pub fn info(&self, id: ResultId) -> Option<ResultInfo> {
        self.inner.find(id).map(|entry| entry.info())
    }

    /// All results, the oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<ResultInfo> {
        let mut all: Vec<ResultInfo> = self.inner.all().iter().map(|entry| entry.info()).collect();
        all.sort_by_key(|info| (info.row.created_ms, info.row.id));
        all
    }

    /// Removes a result with its files, all executions of it, even while it is written or read; `false` when it is not
    /// here. May block.
    pub fn end(&self, id: ResultId) -> bool {
        let all = self.inner.generations(id);
        all.iter().fold(false, |found, entry| self.inner.remove(entry.key()) | found)
    }

    /// Removes one execution of a result, as [`end`](Self::end) does.
    pub fn end_generation(&self, id: ResultId, generation: u32) -> bool {
        self.inner.remove((id, generation))
    }

    /// Removes what has expired and is not being read right now, and what is left over of an earlier run. To be called now and then (each
    /// minute). May block.
    pub fn sweep(&self) -> SweepReport {
        if self.inner.placement.is_some() {
            let removed = self.inner.registry.remove_lost();
            self.inner.note("remove", removed.map(drop));
        }
        clear(&self.inner);
        self.inner.sweep()
    }

    /// Numbers of this moment.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.inner.stats()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.pool.close();
        self.inner.write_expiries();
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("node", &self.node())
            .field("dir", &self.inner.files.dir())
            .finish_non_exhaustive()
    }
}

fn check_lengths(new: &NewResult) -> Result<(), CreateError> {
    let rules = [
        ("source", new.source.len(), MAX_NAME_BYTES),
        ("user", new.user.len(), MAX_NAME_BYTES),
        ("meta", new.meta.len(), MAX_META_BYTES),
    ];
    match rules.into_iter().find(|(_, len, limit)| len > limit) {
        Some((what, _, limit_bytes)) => Err(CreateError::TooLarge { what, limit_bytes }),
        None => Ok(()),
    }
}

fn refused(refusal: Refusal) -> CreateError {
    match refusal {
        Refusal::Bytes { level, limit } => CreateError::Quota { level, limit_bytes: limit },
        Refusal::Results { limit } => CreateError::TooManyResults { limit },
    }
}

fn create_error(error: std::io::Error) -> CreateError {
    if is_full(&error) { CreateError::DiskFull } else { CreateError::Io(error) }
}
