//! The sweep at start: results of an earlier run are taken over when file and registry agree, and
//! what is provably ours and of no use is removed.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use crate::entry::{About, Entry, Failure, Progress, Stage};
use crate::error::{Error, Incomplete};
use crate::event::Event;
use crate::files::{Key, LeftOver, Part, file_name, parse_name, read_header, remove_in_steps};
use crate::header::Header;
use crate::inner::Inner;
use crate::registry::{ResultRow, ResultState};
use crate::segment::{Cipher, Follows, INDEX_ENTRY, IndexEntry};
use crate::wire::lock;

/// Takes over everything in the directory that is ours, or marks it as left over. Other files are left alone.
///
/// # Errors
/// [`Error::Registry`] when the rows cannot be read, [`Error::Io`] when the directory cannot be.
pub(crate) fn adopt(inner: &Inner) -> Result<(), Error> {
    let owner = inner.files.owner();
    let mut rows = inner.registry.owned_by(owner)?;
    if inner.placement.is_some() {
        rows.append(&mut inner.registry.kept_by(owner)?);
    }
    let mut rows: HashMap<Key, ResultRow> =
        rows.into_iter().map(|row| ((row.id, row.generation), row)).collect();
    let found = scan(inner).map_err(|error| Error::io("read the directory", inner.files.dir(), error))?;
    let (mut kept, mut left) = (HashSet::new(), Vec::new());
    for key in found.iter().filter(|(_, part)| *part == Part::Pages).map(|(key, _)| *key) {
        match load(inner, key, rows.get(&key)) {
            Ok(entry) => {
                kept.insert(key);
                rows.remove(&key);
                inner.insert(&entry);
                inner.tell(&Event::Adopted { id: key.0, pages: entry.progress().pages });
            }
            Err(why) => left.push((key, Part::Pages, why)),
        }
    }
    for (key, part) in found {
        if part == Part::Index && !kept.contains(&key) {
            left.push((key, part, "its pages are not kept"));
        }
    }
    lock(&inner.left_over).append(&mut left);
    if inner.placement.is_some() {
        inner.learn_continued();
    }
    let now = inner.now_ms();
    let mut stale = Vec::new();
    for (key, row) in rows.into_iter().filter(|(_, row)| row.owner == owner) {
        let expires_ms = row.expires_ms.min(row.absolute_ms);
        if inner.placement.is_some() && expires_ms > now {
            // Others may have pages of it, or go on with it: what its links mean stays known.
            let bare = ResultRow { state: ResultState::Failed, pages: 0, rows: 0, bytes: 0, ..row };
            inner.note("update", inner.registry.update(&bare));
            inner.keep_row(key, expires_ms);
        } else {
            stale.push(key);
        }
    }
    for batch in stale.chunks(1000) {
        inner.note("remove", inner.registry.remove(owner, batch));
    }
    Ok(())
}

/// The files whose names say that this node made them.
fn scan(inner: &Inner) -> io::Result<Vec<(Key, Part)>> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(inner.files.dir())? {
        let item = item?;
        let name = item.file_name();
        let Some((key, owner, part)) = name.to_str().and_then(parse_name) else {
            continue;
        };
        if owner == inner.files.owner() && item.file_type()?.is_file() {
            found.push((key, part));
        }
    }
    Ok(found)
}

/// Removes what is left over. That can be much, so nobody waits for it at the start.
pub(crate) fn clear(inner: &Inner) {
    let mut files = 0;
    loop {
        // One by one, as each may be large and others look for theirs.
        let next = lock(&inner.left_over).pop();
        let Some((key, part, why)) = next else { break };
        discard(inner, key, part, why);
        files += 1;
    }
    if files > 0 {
        inner.tell(&Event::Cleared { files });
    }
}

/// Removes what is left over under the names of a result that is about to be made, or copied here anew.
pub(crate) fn clear_names(inner: &Inner, key: Key) {
    let of_key = |left: &mut LeftOver| left.0 == key;
    let found: Vec<LeftOver> = lock(&inner.left_over).extract_if(.., of_key).collect();
    found.into_iter().for_each(|(key, part, why)| discard(inner, key, part, why));
}

fn discard(inner: &Inner, key: Key, part: Part, why: &'static str) {
    let path = inner.files.path(key, part);
    // The name says it is ours. A header that says otherwise is believed, and the file left alone.
    if part == Part::Pages && read_header(&path).is_ok_and(|bytes| is_foreign(&bytes, key)) {
        return;
    }
    let name = file_name(key, inner.files.owner(), part);
    match remove_in_steps(&path) {
        Ok(()) => inner.tell(&Event::Discarded { name: &name, why }),
        Err(error) => inner.tell(&Event::RemovalFailed { id: key.0, error: &error }),
    }
}

fn is_foreign(bytes: &[u8], key: Key) -> bool {
    let whole = |header: &Header| {
        let covered = bytes.get(..header.len().checked_sub(4)?)?;
        let crc = bytes.get(covered.len()..header.len())?;
        (crc == crc32fast::hash(covered).to_le_bytes()).then_some(())
    };
    Header::parse(bytes).is_some_and(|header| {
        // Another node may have written what was copied, or handed over, to this one.
        (header.id, header.generation) != key && whole(&header).is_some()
    })
}

/// Reads a result's header and the end of its index.
fn load(inner: &Inner, key: Key, row: Option<&ResultRow>) -> Result<Arc<Entry>, &'static str> {
    let row = row.ok_or("the registry does not know it")?;
    let now = inner.now_ms();
    if now >= row.expires_ms.min(row.absolute_ms) {
        return Err("it has expired");
    }
    let path = inner.files.path(key, Part::Pages);
    let bytes = read_header(&path).map_err(|_| "its header cannot be read")?;
    let (header, private, cipher) =
        Header::open(&bytes, &inner.keys).ok_or("its header is damaged or its key gone")?;
    if !header.agrees(&private, row) {
        return Err("its header and the registry disagree");
    }
    let index = inner.files.path(key, Part::Index);
    let Found { mut progress, on_disk, tail } =
        measure(&path, &index, &cipher, &header, row).map_err(|_| "its files cannot be read")?;
    let owned = row.owner == inner.files.owner();
    if !owned && !matches!(progress.stage, Stage::Complete) {
        // The owner may go on giving pages.
        progress.stage = Stage::Writing;
    }
    let mut about = About::new(&header, private, inner.files.owner(), row.recovery, row.absolute_ms);
    about.continues = row.continues;
    let reservation = inner.ledger.adopt(&about.source, &about.user, on_disk);
    let entry = Entry::new(about, cipher, progress, reservation, row.expires_ms);
    entry.set_owned(owned);
    entry.set_owner(row.owner);
    *lock(&entry.tail) = tail;
    if !owned {
        return Ok(entry);
    }
    entry.set_holders(row.replicas.clone());
    let found = entry.row();
    if found.state != row.state || found.pages != row.pages {
        inner.note("update", inner.registry.update(&found));
    }
    Ok(entry)
}

/// How far a result was written.
struct Found {
    progress: Progress,
    on_disk: u64,
    /// Where the next page goes.
    tail: u64,
}

/// How far the result was written. Every page is checked again when it is read, so only the end is
/// looked at here.
fn measure(
    pages: &Path,
    index: &Path,
    cipher: &Cipher,
    header: &Header,
    row: &ResultRow,
) -> io::Result<Found> {
    let index = File::open(index)?;
    let index_len = index.metadata()?.len();
    let bytes = std::fs::symlink_metadata(pages)?.len() + index_len;
    let count = u32::try_from(index_len / INDEX_ENTRY as u64).unwrap_or(u32::MAX);
    let mut last = None;
    if let Some(number) = count.checked_sub(1) {
        let mut entry = [0; INDEX_ENTRY];
        index.read_exact_at(&mut entry, u64::from(number) * INDEX_ENTRY as u64)?;
        last = IndexEntry::parse(&entry, cipher, number);
    }
    let why = match row.state {
        ResultState::Writing => Incomplete::Restarted,
        ResultState::Failed => Incomplete::WriterGone,
        ResultState::Complete => Incomplete::Damaged,
    };
    let stage = match &last {
        Some(entry) if entry.follows != Follows::Page => Stage::Complete,
        _ => Stage::Failed(Failure::Incomplete(why)),
    };
    let rows = last.map_or(row.rows, |entry| entry.end_row().saturating_sub(header.first_row));
    let tail = last.map_or(header.len() as u64, |entry| entry.offset + u64::from(entry.bytes));
    Ok(Found { progress: Progress { pages: count, rows, bytes, stage }, on_disk: bytes, tail })
}
