//! One result being written: the queue between the thread that reads rows and the threads that
//! write.

use std::collections::VecDeque;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::entry::{Entry, Failure, Stage};
use crate::error::{Incomplete, WriteError};
use crate::event::{Counters, Event};
use crate::inner::Inner;
use crate::page::{PageIn, Place, pack};
use crate::pool::{Pool, Scratch, Task};
use crate::segment::{Follows, INDEX_ENTRY, IndexEntry, SEGMENT_HEADER, TAG};
use crate::wire::lock;

/// Page buffers that wait for their next use.
const SPARE_BUFFERS: usize = 2;
/// Buffers beyond this are not kept, so that a result that waits holds little memory.
const SPARE_BYTES: usize = 1024 * 1024;
/// Bytes that are reserved for the end of a result while it is written: those of a page without rows. Where there is no
/// room for a page, there is room to say so.
pub(crate) const END_BYTES: u64 = (SEGMENT_HEADER + META_BYTES + TAG + INDEX_ENTRY) as u64;
/// The most bytes that say what a page without rows is.
const META_BYTES: usize = 18;

/// A step of the work on a result.
pub(crate) enum Job {
    /// Tell the registry that the result exists.
    Register,
    Page {
        page: PageIn,
        last: bool,
    },
    /// A page cannot be stored, and nothing behind it.
    Cut(WriteError),
    Fail(Failure),
    Cancel,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    bytes: usize,
    scheduled: bool,
    /// The registry was told of the result, or did not take it.
    registered: bool,
    error: Option<WriteError>,
    spare: Vec<Vec<u8>>,
}

/// Where the next page goes.
struct Tail {
    page: u32,
    first_row: u64,
    offset: u64,
}

/// A result being written.
pub(crate) struct Drain {
    inner: Arc<Inner>,
    pub(crate) entry: Arc<Entry>,
    queue: Mutex<Queue>,
    moved: Condvar,
    /// Used only by the one step that runs.
    tail: Mutex<Tail>,
}

impl Drain {
    pub(crate) fn new(inner: Arc<Inner>, entry: Arc<Entry>, first_row: u64, header: Vec<u8>) -> Arc<Self> {
        let offset = header.len() as u64;
        // A claim has made the row of a later execution already.
        if entry.about.continues.is_none() {
            let header = if inner.placement.is_some() { header } else { Vec::new() };
            *lock(&entry.unregistered) = Some(header);
        }
        let tail = Mutex::new(Tail { page: 0, first_row, offset });
        Arc::new(Self { inner, entry, queue: Mutex::default(), moved: Condvar::new(), tail })
    }

    /// Puts a page into the queue; waits while the queue is full.
    pub(crate) fn push_page(
        self: &Arc<Self>,
        pool: &Pool,
        page: PageIn,
        last: bool,
    ) -> Result<(), WriteError> {
        if let Some(fault) = page.fault() {
            // A page left out would be a gap: nothing may follow it.
            let error = WriteError::Page(fault);
            lock(&self.queue).error.get_or_insert(error.clone());
            self.push(pool, Job::Cut(error.clone()))?;
            return Err(error);
        }
        let weight = page.weight();
        let mut queue = lock(&self.queue);
        loop {
            if let Some(error) = &queue.error {
                return Err(error.clone());
            }
            if queue.bytes == 0 || queue.bytes.saturating_add(weight) <= self.inner.queue_bytes {
                break;
            }
            queue = self.moved.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.bytes += weight;
        queue.jobs.push_back(Job::Page { page, last });
        self.schedule(queue, pool)
    }

    /// Puts a job into the queue without waiting.
    pub(crate) fn push(self: &Arc<Self>, pool: &Pool, job: Job) -> Result<(), WriteError> {
        let mut queue = lock(&self.queue);
        queue.jobs.push_back(job);
        self.schedule(queue, pool)
    }

    fn schedule(
        self: &Arc<Self>,
        mut queue: std::sync::MutexGuard<'_, Queue>,
        pool: &Pool,
    ) -> Result<(), WriteError> {
        if queue.scheduled {
            return Ok(());
        }
        queue.scheduled = true;
        drop(queue);
        if pool.submit(self.clone()) {
            return Ok(());
        }
        let mut queue = lock(&self.queue);
        queue.scheduled = false;
        queue.jobs.clear();
        queue.bytes = 0;
        queue.error = Some(WriteError::Closed);
        Err(WriteError::Closed)
    }

    /// Waits until everything that was put in is done.
    pub(crate) fn settle(&self) -> Result<(), WriteError> {
        let mut queue = lock(&self.queue);
        while queue.scheduled {
            queue = self.moved.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.error.clone().map_or(Ok(()), Err)
    }

    /// Waits until the registry was told of the result, but not for long.
    pub(crate) fn wait_registered(&self, most: Duration) {
        let queue = lock(&self.queue);
        let waits = |queue: &mut Queue| !queue.registered && queue.error.is_none();
        drop(self.moved.wait_timeout_while(queue, most, waits));
    }

    /// An empty buffer, one of an earlier page if there is one.
    pub(crate) fn buffer(&self) -> Vec<u8> {
        lock(&self.queue).spare.pop().unwrap_or_default()
    }

    /// Writes a page. Without room for another one behind it, it says so, and the result ends with it.
    fn write_page(&self, page: &PageIn, last: bool, scratch: &mut Scratch) -> Result<(), WriteError> {
        let room = if last { Ok(()) } else { self.room_behind(page) };
        let follows = match &room {
            _ if last => Follows::Nothing,
            Ok(()) => Follows::Page,
            Err(_) => Follows::Unstored,
        };
        self.write(page, follows, scratch)?;
        room
    }

    /// Whether there is room for the page and for one twice as large behind it.
    fn room_behind(&self, page: &PageIn) -> Result<(), WriteError> {
        // Nothing else than an end may look like an end, or its nonce would come twice.
        if page.body.is_empty() {
            return Ok(());
        }
        let bytes = 3 * page.body.len() as u64;
        self.entry.has_room(bytes)?;
        has_free(&self.inner, bytes).map_err(|error| write_error(&error))
    }

    fn write(&self, page: &PageIn, follows: Follows, scratch: &mut Scratch) -> Result<(), WriteError> {
        let mut tail = lock(&self.tail);
        let rows = tail.first_row.checked_add(u64::from(page.rows));
        let next = tail.page.checked_add(1).zip(rows);
        let next = next.ok_or(WriteError::Page("there are too many pages or rows"))?;
        let place = Place { number: tail.page, first_row: tail.first_row, follows };
        let (codec, cipher) = (self.entry.about.codec, &self.entry.cipher);
        scratch.out.clear();
        pack(page, place, codec, cipher, &mut scratch.compressor, &mut scratch.out)
            .ok_or(WriteError::Page("it cannot be compressed or encrypted"))?;
        let len = u32::try_from(scratch.out.len()).map_err(|_| WriteError::Page("it is too large"))?;
        let index = IndexEntry {
            offset: tail.offset,
            first_row: place.first_row,
            rows: page.rows,
            bytes: len,
            follows,
        };
        let index = index.to_bytes(cipher, place.number);
        let bytes = u64::from(len) + INDEX_ENTRY as u64;
        // The end takes what was reserved for it.
        let held = if follows == Follows::Page { 0 } else { END_BYTES };
        let more = bytes.saturating_sub(held);
        self.entry.reserve(more)?;
        // An end without rows is small enough for what has to stay free.
        let space = if page.rows > 0 { has_free(&self.inner, bytes) } else { Ok(()) };
        let admitted = space.and_then(|()| self.inner.disk.admit(bytes)).map_err(|error| write_error(&error));
        if let Err(error) = admitted.and_then(|()| self.append(&tail, &scratch.out, &index)) {
            self.entry.give_back(more);
            return Err(error);
        }
        self.entry.give_back(held.saturating_sub(bytes));
        (tail.page, tail.first_row) = next;
        tail.offset += u64::from(len);
        self.entry.touch(self.inner.idle_until_ms(self.inner.now_ms()));
        self.entry.publish(page.rows, bytes, follows != Follows::Page);
        Counters::add(&self.inner.counters.pages_written, 1);
        Counters::add(&self.inner.counters.bytes_written, bytes);
        self.inner.tell(&Event::PageWritten { id: self.entry.about.id, page: place.number, bytes });
        Ok(())
    }

    /// Writes the page, then its index entry: an entry never points at what is not there.
    fn append(&self, tail: &Tail, pages: &[u8], index: &[u8]) -> Result<(), WriteError> {
        let inner = &self.inner;
        let files = inner.files.open(self.entry.key(), true).map_err(|error| write_error(&error))?;
        let written = files
            .pages
            .write_all_at(pages, tail.offset)
            .and_then(|()| files.index.write_all_at(index, u64::from(tail.page) * INDEX_ENTRY as u64));
        written.map_err(|error| {
            // What was half written is given back to the disk; a failure here changes nothing for
            // readers.
            let _ = files.pages.set_len(tail.offset);
            let _ = files.index.set_len(u64::from(tail.page) * INDEX_ENTRY as u64);
            write_error(&error)
        })
    }

    fn run(&self, job: Job, scratch: &mut Scratch) -> Result<Option<Vec<u8>>, WriteError> {
        match job {
            Job::Register => {
                self.inner.register(&self.entry);
            }
            Job::Page { page, last } => {
                self.write_page(&page, last, scratch)?;
                if last {
                    self.complete();
                }
                return Ok(Some(page.body));
            }
            Job::Cut(error) => return Err(error),
            Job::Fail(failure) => self.fail(failure),
            Job::Cancel => {
                self.inner.remove(self.entry.key());
                return Err(WriteError::Ended);
            }
        }
        Ok(None)
    }

    fn complete(&self) {
        let progress = self.entry.progress();
        let (id, rows) = (self.entry.about.id, progress.rows);
        self.update_row();
        self.inner.tell(&Event::Completed { id, pages: progress.pages, rows, bytes: progress.bytes });
    }

    /// The rest cannot be stored. Where that is not said by the last page, it is said by one without rows, so that
    /// readers are told where to read on.
    fn cut(&self, error: &WriteError, scratch: &mut Scratch) {
        let why = Incomplete::Write(error.clone());
        if self.entry.is_writing() && self.write(&PageIn::default(), Follows::Unstored, scratch).is_err() {
            self.fail(Failure::Incomplete(why));
        } else if matches!(self.entry.progress().stage, Stage::Complete) {
            self.inner.tell(&Event::Interrupted { id: self.entry.about.id, why: &why });
            self.update_row();
        }
    }

    fn fail(&self, failure: Failure) {
        let id = self.entry.about.id;
        if !self.entry.fail(failure.clone()) {
            return;
        }
        match &failure {
            Failure::Source { code, message } => self.inner.tell(&Event::SourceFailed { id, code, message }),
            Failure::Incomplete(why) => self.inner.tell(&Event::Interrupted { id, why }),
        }
        self.update_row();
    }

    /// Writes how the result ended. A row that could not be made at the start is made now.
    fn update_row(&self) {
        let was_known = lock(&self.entry.unregistered).is_none();
        if was_known {
            self.inner.note("update", self.inner.registry.update(&self.entry.row()));
        } else {
            self.inner.register(&self.entry);
        }
    }
}

impl Task for Drain {
    fn step(&self, scratch: &mut Scratch) -> bool {
        let Some(job) = lock(&self.queue).jobs.pop_front() else {
            lock(&self.queue).scheduled = false;
            self.moved.notify_all();
            return false;
        };
        let weight = if let Job::Page { page, .. } = &job { page.weight() } else { 0 };
        let registers = matches!(job, Job::Register);
        let outcome = self.run(job, scratch);
        if let Err(error) = &outcome {
            self.cut(error, scratch);
        }
        let mut queue = lock(&self.queue);
        queue.registered |= registers;
        queue.bytes = queue.bytes.saturating_sub(weight);
        match outcome {
            Ok(Some(mut body)) if queue.spare.len() < SPARE_BUFFERS && body.capacity() <= SPARE_BYTES => {
                body.clear();
                queue.spare.push(body);
            }
            Ok(_) => {}
            Err(error) => {
                queue.error.get_or_insert(error);
                queue.jobs.retain(|job| matches!(job, Job::Cancel));
                queue.bytes = 0;
            }
        }
        let more = !queue.jobs.is_empty();
        queue.scheduled = more;
        drop(queue);
        self.moved.notify_all();
        more
    }

    fn abandon(&self) {
        let error = WriteError::Io("the writing thread failed".into());
        self.entry.fail(Failure::Incomplete(Incomplete::Write(error.clone())));
        let mut queue = lock(&self.queue);
        queue.error.get_or_insert(error);
        queue.jobs.clear();
        queue.bytes = 0;
        queue.scheduled = false;
        drop(queue);
        self.moved.notify_all();
    }
}

/// Whether the disk has room for so many bytes beside those that stay free.
pub(crate) fn has_free(inner: &Inner, bytes: u64) -> io::Result<()> {
    let free = inner.disk.free_bytes(inner.files.dir())?;
    let kept = inner.ledger.quotas().min_free_bytes;
    if free < kept.saturating_add(bytes) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
}

/// A full disk is a normal answer; anything else is told as it is.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

fn write_error(error: &io::Error) -> WriteError {
    if is_full(error) { WriteError::DiskFull } else { WriteError::Io(error.to_string().into()) }
}
