//! Reading a page: waiting for it, and two reads, at once where the disk need not be waited for.

use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::buffers::Buffer;
use crate::entry::{Reading, Stage};
use crate::error::PageError;
use crate::event::{Counters, Event};
use crate::files::{Key, Pair, Part, read_at_once, read_header};
use crate::header::Header;
use crate::id::ResultId;
use crate::inner::Inner;
use crate::page::{MAX_PAGE_BYTES, StoredPage, unpack};
use crate::peer::SealedPage;
use crate::segment::{INDEX_ENTRY, IndexEntry};

/// Pages up to this size are read and decrypted where they were asked for; larger ones on a thread of their
/// own.
const AT_ONCE_BYTES: u32 = 1024 * 1024;

/// A page as it lies on disk.
struct Found {
    index: [u8; INDEX_ENTRY],
    entry: IndexEntry,
    bytes: Buffer,
}

/// What is made of a page that was found.
type Finish<T> = fn(&Reading, u32, Found) -> Result<T, PageError>;

/// Reads a page; see [`Store::page`](crate::Store::page).
pub(crate) async fn page(
    inner: &Arc<Inner>,
    id: ResultId,
    generation: u32,
    number: u32,
    wait: Duration,
) -> Result<StoredPage, PageError> {
    let outcome = find(inner, id, generation, number, wait, open).await;
    match &outcome {
        Ok(page) => {
            let bytes = page.plain_len;
            Counters::add(&inner.counters.pages_read, 1);
            Counters::add(&inner.counters.bytes_read, bytes);
            inner.tell(&Event::PageRead { id, page: number, bytes });
        }
        Err(PageError::Corrupt(what)) => {
            Counters::add(&inner.counters.damaged, 1);
            inner.tell(&Event::Damaged { id, page: number, what });
        }
        Err(_) => {}
    }
    outcome
}

/// Reads a page without opening it; see [`Store::sealed_page`](crate::Store::sealed_page).
pub(crate) async fn sealed_page(
    inner: &Arc<Inner>,
    id: ResultId,
    generation: u32,
    number: u32,
    wait: Duration,
) -> Result<SealedPage, PageError> {
    let seal: Finish<SealedPage> = |_, _, found| Ok(SealedPage { index: found.index, segments: found.bytes });
    let outcome = find(inner, id, generation, number, wait, seal).await;
    if let Ok(page) = &outcome {
        let bytes = page.segments.len() as u64;
        Counters::add(&inner.counters.pages_sent, 1);
        inner.tell(&Event::PageSent { id, page: number, bytes });
    }
    outcome
}

/// Reads a page without opening it, for a copy; see [`Store::page_to_copy`](crate::Store::page_to_copy).
pub(crate) async fn page_to_copy(
    inner: &Arc<Inner>,
    (id, generation): Key,
    number: u32,
    wait: Duration,
) -> Result<SealedPage, PageError> {
    let reading = inner.hold(id, generation)?;
    written(&reading, number, wait).await?;
    let seal: Finish<SealedPage> = |_, _, found| Ok(SealedPage { index: found.index, segments: found.bytes });
    take(inner, reading, number, seal).await
}

/// Reads the header of a result's file as it is.
pub(crate) async fn header(inner: &Arc<Inner>, id: ResultId, generation: u32) -> Result<Bytes, PageError> {
    let reading = inner.hold(id, generation)?;
    let permit = inner.slow_reads.clone().acquire_owned().await;
    let inner = inner.clone();
    let read = tokio::task::spawn_blocking(move || {
        let bytes = read_header(&inner.files.path(reading.key(), Part::Pages));
        drop(permit);
        let mut bytes = bytes.map_err(|error| missing(&reading, error))?;
        let len = Header::parse(&bytes).map(|header| header.len()).filter(|len| *len <= bytes.len());
        bytes.truncate(len.ok_or(PageError::Corrupt("the header is not valid"))?);
        Ok(Bytes::from(bytes))
    });
    read.await.unwrap_or_else(|error| Err(PageError::Io(io::Error::other(error))))
}

async fn find<T: Send + 'static>(
    inner: &Arc<Inner>,
    id: ResultId,
    generation: u32,
    number: u32,
    wait: Duration,
    finish: Finish<T>,
) -> Result<T, PageError> {
    let reading = inner.begin_read(id, generation)?;
    if reading.is_continued(number) {
        return Err(PageError::OtherGeneration { current: generation.saturating_add(1) });
    }
    written(&reading, number, wait).await?;
    // The wait may have been long.
    reading.touch(inner.idle_until_ms(inner.now_ms()));
    take(inner, reading, number, finish).await
}

/// Reads a page that is there.
async fn take<T: Send + 'static>(
    inner: &Arc<Inner>,
    reading: Reading,
    number: u32,
    finish: Finish<T>,
) -> Result<T, PageError> {
    match page_at_once(&reading, number, inner) {
        Some(found) => finish(&reading, number, found),
        None => page_slowly(inner.clone(), reading, number, finish).await,
    }
}

/// Waits until it is known whether the page can be read.
async fn written(reading: &Reading, number: u32, wait: Duration) -> Result<(), PageError> {
    let mut progress = reading.subscribe();
    let known = progress.borrow().page(number);
    match known {
        Some(outcome) => return outcome,
        None if wait.is_zero() => return Err(PageError::NotYet),
        None => {}
    }
    let settled = progress.wait_for(|progress| progress.page(number).is_some());
    match tokio::time::timeout(wait, settled).await {
        Ok(Ok(progress)) => progress.page(number).unwrap_or(Err(PageError::NotYet)),
        Ok(Err(_)) => Err(PageError::Unknown),
        Err(_) => Err(PageError::NotYet),
    }
}

/// Both reads, if nothing has to be waited for and the page is small.
fn page_at_once(reading: &Reading, number: u32, inner: &Inner) -> Option<Found> {
    let files = inner.files.cached(reading.key())?;
    let mut index = [0; INDEX_ENTRY];
    if !read_at_once(&files.index, &mut index, index_offset(number)) {
        return None;
    }
    let entry = IndexEntry::parse(&index, &reading.cipher, number)?;
    if entry.bytes > AT_ONCE_BYTES {
        return None;
    }
    let mut bytes = inner.buffers.take(entry.bytes as usize);
    read_at_once(&files.pages, &mut bytes, entry.offset).then_some(Found { index, entry, bytes })
}

async fn page_slowly<T: Send + 'static>(
    inner: Arc<Inner>,
    reading: Reading,
    number: u32,
    finish: Finish<T>,
) -> Result<T, PageError> {
    let permit = inner.slow_reads.clone().acquire_owned().await;
    let read = tokio::task::spawn_blocking(move || {
        let outcome =
            page_blocking(&inner, &reading, number).and_then(|found| finish(&reading, number, found));
        drop(permit);
        outcome
    });
    read.await.unwrap_or_else(|error| Err(PageError::Io(io::Error::other(error))))
}

fn page_blocking(inner: &Inner, reading: &Reading, number: u32) -> Result<Found, PageError> {
    let files = open_files(inner, reading)?;
    let mut index = [0; INDEX_ENTRY];
    files
        .index
        .read_exact_at(&mut index, index_offset(number))
        .map_err(|error| short(error, "the index is cut"))?;
    let entry = IndexEntry::parse(&index, &reading.cipher, number);
    let entry = entry.ok_or(PageError::Corrupt("the index entry is not valid"))?;
    // Compression cannot have made it larger than this; the sum was right, so this is for safety
    // only.
    if entry.bytes as usize > MAX_PAGE_BYTES * 2 {
        return Err(PageError::Corrupt("the index entry is not valid"));
    }
    let mut bytes = inner.buffers.take(entry.bytes as usize);
    files.pages.read_exact_at(&mut bytes, entry.offset).map_err(|error| short(error, "the page is cut"))?;
    Ok(Found { index, entry, bytes })
}

fn open_files(inner: &Inner, reading: &Reading) -> Result<Arc<Pair>, PageError> {
    let writing = matches!(reading.progress().stage, Stage::Writing);
    inner.files.open(reading.key(), writing).map_err(|error| missing(reading, error))
}

/// A file that is not there although its result is: it may just have been removed.
fn missing(reading: &Reading, error: io::Error) -> PageError {
    match error.kind() {
        io::ErrorKind::NotFound if matches!(reading.progress().stage, Stage::Gone) => PageError::Unknown,
        io::ErrorKind::NotFound => PageError::Corrupt("the file is missing"),
        _ => PageError::Io(error),
    }
}

fn open(reading: &Reading, number: u32, found: Found) -> Result<StoredPage, PageError> {
    let about = &reading.about;
    unpack(found.bytes, number, found.entry, about.codec, &reading.cipher, (about.writer, about.meta.clone()))
}

fn index_offset(number: u32) -> u64 {
    u64::from(number) * INDEX_ENTRY as u64
}

fn short(error: io::Error, what: &'static str) -> PageError {
    if error.kind() == io::ErrorKind::UnexpectedEof { PageError::Corrupt(what) } else { PageError::Io(error) }
}
