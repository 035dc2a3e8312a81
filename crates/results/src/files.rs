//! The two files of a result: their names, open handles with a bound, and reads that do not wait.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::header::{Header, MAX_HEADER};
use crate::id::{NodeId, ResultId};
use crate::wire::lock;

/// How much of a large file is cut off at a time when it is removed.
const REMOVAL_STEP: u64 = 64 * 1024 * 1024;

const EMFILE: i32 = 24;
const ENFILE: i32 = 23;

/// A result and its generation.
pub(crate) type Key = (ResultId, u32);

/// Which of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Pages,
    Index,
}

/// A file of an earlier run that is ours and of no use, and why it is.
pub(crate) type LeftOver = (Key, Part, &'static str);

impl Part {
    fn suffix(self) -> &'static str {
        match self {
            Self::Pages => "pages",
            Self::Index => "index",
        }
    }
}

/// The name of a file: result, generation, owner and part.
pub(crate) fn file_name(key: Key, owner: NodeId, part: Part) -> String {
    format!("{}.{:08x}.{owner}.{}", key.0, key.1, part.suffix())
}

/// Reads a name that [`file_name`] made; `None` for any other.
pub(crate) fn parse_name(name: &str) -> Option<(Key, NodeId, Part)> {
    let mut fields = name.split('.');
    let id = ResultId::parse(fields.next()?)?;
    let generation = u32::from_be_bytes(crate::wire::unhex(fields.next()?)?);
    let owner = NodeId::parse(fields.next()?)?;
    let part = match fields.next()? {
        "pages" => Part::Pages,
        "index" => Part::Index,
        _ => return None,
    };
    fields.next().is_none().then_some(((id, generation), owner, part))
}

/// Both files of a result, open.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) pages: File,
    pub(crate) index: File,
}

#[derive(Default)]
struct Cache {
    open: HashMap<Key, (Arc<Pair>, u64)>,
    turn: u64,
}

/// The directory of the files, and those of them that are open.
pub(crate) struct Files {
    dir: PathBuf,
    owner: NodeId,
    capacity: usize,
    cache: Mutex<Cache>,
}

impl Files {
    pub(crate) fn new(dir: PathBuf, owner: NodeId, capacity: usize) -> Self {
        Self { dir, owner, capacity, cache: Mutex::default() }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn owner(&self) -> NodeId {
        self.owner
    }

    pub(crate) fn path(&self, key: Key, part: Part) -> PathBuf {
        self.dir.join(file_name(key, self.owner, part))
    }

    pub(crate) fn open_count(&self) -> usize {
        lock(&self.cache).open.len()
    }

    /// Makes both files (mode 0600) and writes the header.
    pub(crate) fn create(&self, key: Key, header: &[u8]) -> io::Result<()> {
        let made = self.retry(|| {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create_new(true).mode(0o600);
            let pages = options.open(self.path(key, Part::Pages))?;
            let index = options.open(self.path(key, Part::Index));
            let index = index.inspect_err(|_| self.unlink(key))?;
            Ok(Pair { pages, index })
        })?;
        made.pages.write_all_at(header, 0).inspect_err(|_| self.unlink(key))?;
        self.keep(key, Arc::new(made));
        Ok(())
    }

    /// The open files, if they are.
    pub(crate) fn cached(&self, key: Key) -> Option<Arc<Pair>> {
        let mut cache = lock(&self.cache);
        cache.turn += 1;
        let turn = cache.turn;
        let (pair, used) = cache.open.get_mut(&key)?;
        *used = turn;
        Some(pair.clone())
    }

    /// The open files; opened when they are not, for writing too when asked.
    pub(crate) fn open(&self, key: Key, writable: bool) -> io::Result<Arc<Pair>> {
        if let Some(pair) = self.cached(key) {
            return Ok(pair);
        }
        let pair = self.retry(|| {
            let mut options = OpenOptions::new();
            options.read(true).write(writable);
            let pages = options.open(self.path(key, Part::Pages))?;
            Ok(Pair { pages, index: options.open(self.path(key, Part::Index))? })
        })?;
        let pair = Arc::new(pair);
        self.keep(key, pair.clone());
        Ok(pair)
    }

    /// Forgets the open files of a result.
    pub(crate) fn forget(&self, key: Key) {
        let dropped = lock(&self.cache).open.remove(&key);
        drop(dropped);
    }

    /// Removes both files, a large one in steps so that no other work on the disk waits long. Files
    /// that are not there are as good as removed.
    pub(crate) fn remove(&self, key: Key) -> io::Result<()> {
        self.forget(key);
        remove_in_steps(&self.path(key, Part::Pages))?;
        remove_in_steps(&self.path(key, Part::Index))?;
        // A read that was under way may have opened them again.
        self.forget(key);
        Ok(())
    }

    fn unlink(&self, key: Key) {
        let _ = std::fs::remove_file(self.path(key, Part::Pages));
        let _ = std::fs::remove_file(self.path(key, Part::Index));
    }

    /// Tries once more without the handles kept open, when the process has no more to give.
    ///
    /// All of it under the lock: who fails at the same time waits until they are closed, and nobody
    /// else takes more of them than the two it is about to keep.
    fn retry(&self, open: impl Fn() -> io::Result<Pair>) -> io::Result<Pair> {
        match open() {
            Err(error) if matches!(error.raw_os_error(), Some(EMFILE | ENFILE)) => {
                let mut cache = lock(&self.cache);
                cache.open.clear();
                open()
            }
            other => other,
        }
    }

    fn keep(&self, key: Key, pair: Arc<Pair>) {
        let mut cache = lock(&self.cache);
        cache.turn += 1;
        let turn = cache.turn;
        cache.open.insert(key, (pair, turn));
        while cache.open.len() > self.capacity {
            let oldest = cache.open.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| *key);
            let Some(oldest) = oldest else { return };
            cache.open.remove(&oldest);
        }
    }
}

/// Reads the header of a file of pages; what stands behind a short one may come with it.
pub(crate) fn read_header(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(1024);
    let mut file = File::open(path)?;
    (&mut file).take(1024).read_to_end(&mut bytes)?;
    let len = Header::parse(&bytes).map_or(0, |header| header.len().min(MAX_HEADER));
    if len > bytes.len() {
        file.take((len - bytes.len()) as u64).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Removes a file that may be large.
pub(crate) fn remove_in_steps(path: &Path) -> io::Result<()> {
    let absent = |error: io::Error| {
        if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
    };
    let mut left = match std::fs::symlink_metadata(path) {
        Ok(found) => found.len(),
        Err(error) => return absent(error),
    };
    if left > REMOVAL_STEP {
        let file = OpenOptions::new().write(true).open(path)?;
        while left > REMOVAL_STEP {
            left -= REMOVAL_STEP;
            file.set_len(left)?;
        }
    }
    std::fs::remove_file(path).or_else(absent)
}

/// Fills the buffer when all of it can be had without waiting for the disk.
#[cfg(target_os = "linux")]
pub(crate) fn read_at_once(file: &File, buffer: &mut [u8], offset: u64) -> bool {
    use rustix::io::{Errno, ReadWriteFlags, preadv2};
    let mut done = 0;
    while done < buffer.len() {
        let rest = &mut [io::IoSliceMut::new(&mut buffer[done..])];
        match preadv2(file, rest, offset + done as u64, ReadWriteFlags::NOWAIT) {
            Ok(0) => return false,
            Ok(read) => done += read,
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
    true
}

/// There is no read that does not wait.
#[cfg(not(target_os = "linux"))]
pub(crate) fn read_at_once(_: &File, _: &mut [u8], _: u64) -> bool {
    false
}
