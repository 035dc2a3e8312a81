//! Reading a page: waiting for it, and two reads, at once where the disk need not be waited for.

use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::Duration;

use crate::entry::{Reading, Stage};
use crate::error::PageError;
use crate::event::{Counters, Event};
use crate::files::{Pair, read_at_once};
use crate::id::ResultId;
use crate::inner::Inner;
use crate::page::{MAX_PAGE_BYTES, StoredPage, unpack};
use crate::segment::{INDEX_ENTRY, IndexEntry};

/// Pages up to this size are decrypted where they were asked for; larger ones on a thread of their own.
const AT_ONCE_BYTES: u32 = 1024 * 1024;

/// Reads a page; see [`Store::page`](crate::Store::page).
pub(crate) async fn page(
    inner: &Arc<Inner>,
    id: ResultId,
    generation: u32,
    number: u32,
    wait: Duration,
) -> Result<StoredPage, PageError> {
    let reading = inner.begin_read(id, generation)?;
    written(&reading, number, wait).await?;
    // The wait may have been long.
    reading.touch(inner.idle_until_ms(inner.now_ms()));
    let outcome = match page_at_once(&reading, number, inner) {
        Some(outcome) => outcome,
        None => page_slowly(inner.clone(), reading, number).await,
    };
    match &outcome {
        Ok(page) => {
            let bytes = page.plain_len;
            Counters::add(&inner.counters.pages_read, 1);
            Counters::add(&inner.counters.bytes_read, bytes);
            inner.tell(&Event::PageRead {
                id,
                page: number,
                bytes,
            });
        }
        Err(PageError::Corrupt(what)) => {
            Counters::add(&inner.counters.damaged, 1);
            inner.tell(&Event::Damaged {
                id,
                page: number,
                what,
            });
        }
        Err(_) => {}
    }
    outcome
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

/// Both reads and the decryption, if nothing has to be waited for and the page is small.
fn page_at_once(
    reading: &Reading,
    number: u32,
    inner: &Inner,
) -> Option<Result<StoredPage, PageError>> {
    let files = inner.files.cached(reading.key())?;
    let mut index = [0; INDEX_ENTRY];
    if !read_at_once(&files.index, &mut index, index_offset(number)) {
        return None;
    }
    let entry = IndexEntry::parse(&index, &reading.cipher, number)?;
    if entry.bytes > AT_ONCE_BYTES {
        return None;
    }
    let mut buffer = vec![0; entry.bytes as usize];
    if !read_at_once(&files.pages, &mut buffer, entry.offset) {
        return None;
    }
    Some(open(reading, number, entry, buffer))
}

async fn page_slowly(
    inner: Arc<Inner>,
    reading: Reading,
    number: u32,
) -> Result<StoredPage, PageError> {
    let permit = inner.slow_reads.clone().acquire_owned().await;
    let read = tokio::task::spawn_blocking(move || {
        let outcome = page_blocking(&inner, &reading, number);
        drop(permit);
        outcome
    });
    read.await
        .unwrap_or_else(|error| Err(PageError::Io(io::Error::other(error))))
}

fn page_blocking(inner: &Inner, reading: &Reading, number: u32) -> Result<StoredPage, PageError> {
    let files = open_files(inner, reading)?;
    let mut index = [0; INDEX_ENTRY];
    files
        .index
        .read_exact_at(&mut index, index_offset(number))
        .map_err(|error| short(error, "the index is cut"))?;
    let entry = IndexEntry::parse(&index, &reading.cipher, number);
    let entry = entry.ok_or(PageError::Corrupt("the index entry is not valid"))?;
    // Compression cannot have made it larger than this; the sum was right, so this is for safety only.
    if entry.bytes as usize > MAX_PAGE_BYTES * 2 {
        return Err(PageError::Corrupt("the index entry is not valid"));
    }
    let mut buffer = vec![0; entry.bytes as usize];
    files
        .pages
        .read_exact_at(&mut buffer, entry.offset)
        .map_err(|error| short(error, "the page is cut"))?;
    open(reading, number, entry, buffer)
}

fn open_files(inner: &Inner, reading: &Reading) -> Result<Arc<Pair>, PageError> {
    let writing = matches!(reading.progress().stage, Stage::Writing);
    inner
        .files
        .open(reading.key(), writing)
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if matches!(reading.progress().stage, Stage::Gone) => {
                PageError::Unknown
            }
            io::ErrorKind::NotFound => PageError::Corrupt("the file is missing"),
            _ => PageError::Io(error),
        })
}

fn open(
    reading: &Reading,
    number: u32,
    entry: IndexEntry,
    buffer: Vec<u8>,
) -> Result<StoredPage, PageError> {
    let about = &reading.about;
    unpack(
        buffer,
        number,
        entry,
        about.codec,
        &reading.cipher,
        about.meta.clone(),
    )
}

fn index_offset(number: u32) -> u64 {
    u64::from(number) * INDEX_ENTRY as u64
}

fn short(error: io::Error, what: &'static str) -> PageError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        PageError::Corrupt(what)
    } else {
        PageError::Io(error)
    }
}
