//! What the tests share: a registry in memory, a clock that is set by hand, results with known
//! pages.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use nextlink_results::keys::{MasterKey, MasterKeys};
use nextlink_results::{
    Codec, Event, Follows, Generation, NewResult, NodeId, NodeIdentity, Observer, PageError, PageIn,
    Recovery, Registry, RegistryError, ResultId, ResultRow, Store, StoreConfig, StoredPage, Touch,
};
use tempfile::TempDir;

pub const CODECS: [Codec; 3] = [Codec::None, Codec::Lz4, Codec::Deflate];
pub const NOW: Duration = Duration::ZERO;
pub const META: &[u8] = b"GET Orders?$orderby=Id";

/// Keeps its rows in memory, counts calls, and can be made to fail.
#[derive(Default)]
pub struct MemoryRegistry {
    pub rows: Mutex<HashMap<ResultId, ResultRow>>,
    pub headers: Mutex<HashMap<ResultId, Vec<u8>>>,
    pub calls: Mutex<HashMap<&'static str, usize>>,
    pub down: AtomicBool,
}

impl MemoryRegistry {
    fn called(&self, what: &'static str) -> Result<(), RegistryError> {
        *self.calls.lock().unwrap().entry(what).or_default() += 1;
        if self.down.load(SeqCst) {
            return Err(RegistryError::Unavailable("it is down".into()));
        }
        Ok(())
    }

    pub fn count(&self, what: &str) -> usize {
        self.calls.lock().unwrap().get(what).copied().unwrap_or(0)
    }

    pub fn len(&self) -> usize {
        self.rows.lock().unwrap().len()
    }
}

impl Registry for MemoryRegistry {
    fn insert(&self, row: &ResultRow, header: &[u8]) -> Result<(), RegistryError> {
        self.called("insert")?;
        self.headers.lock().unwrap().insert(row.id, header.to_vec());
        self.rows.lock().unwrap().insert(row.id, row.clone());
        Ok(())
    }

    fn update(&self, row: &ResultRow) -> Result<(), RegistryError> {
        self.called("update")?;
        if let Some(found) = self.rows.lock().unwrap().get_mut(&row.id) {
            *found = row.clone();
        }
        Ok(())
    }

    fn touch(&self, touches: &[Touch]) -> Result<(), RegistryError> {
        self.called("touch")?;
        let mut rows = self.rows.lock().unwrap();
        for touch in touches {
            if let Some(row) = rows.get_mut(&touch.id) {
                row.expires_ms = touch.expires_ms;
            }
        }
        Ok(())
    }

    fn remove(&self, _: NodeId, results: &[(ResultId, u32)]) -> Result<(), RegistryError> {
        self.called("remove")?;
        let mut rows = self.rows.lock().unwrap();
        for (id, _) in results {
            rows.remove(id);
        }
        Ok(())
    }

    fn claim(&self, row: &ResultRow, _: &[u8], known: u32) -> Result<bool, RegistryError> {
        self.called("claim")?;
        let mut rows = self.rows.lock().unwrap();
        let last = rows.get(&row.id).is_some_and(|found| found.generation == known);
        if last {
            rows.insert(row.id, row.clone());
        }
        Ok(last)
    }

    fn take_over(&self, (id, generation): (ResultId, u32), _: NodeId) -> Result<bool, RegistryError> {
        self.called("take_over")?;
        Ok(self.rows.lock().unwrap().get(&id).is_some_and(|row| row.generation == generation))
    }

    fn generations(&self, id: ResultId) -> Result<Vec<Generation>, RegistryError> {
        self.called("generations")?;
        let rows = self.rows.lock().unwrap();
        let one = |row: &ResultRow| Generation { row: row.clone(), live: false, header: Vec::new().into() };
        Ok(rows.get(&id).map(one).into_iter().collect())
    }

    fn remove_lost(&self) -> Result<u64, RegistryError> {
        self.called("remove_lost").map(|()| 0)
    }

    fn kept_by(&self, holder: NodeId) -> Result<Vec<ResultRow>, RegistryError> {
        self.called("kept_by")?;
        let rows = self.rows.lock().unwrap();
        Ok(rows.values().filter(|row| row.replicas.contains(&holder)).cloned().collect())
    }

    fn owned_by(&self, owner: NodeId) -> Result<Vec<ResultRow>, RegistryError> {
        self.called("owned_by")?;
        let rows = self.rows.lock().unwrap();
        Ok(rows.values().filter(|row| row.owner == owner).cloned().collect())
    }
}

/// Writes down what it is told.
#[derive(Default)]
pub struct Notes(pub Mutex<Vec<String>>);

impl Observer for Notes {
    fn event(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

impl Notes {
    pub fn about(&self, what: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|note| note.starts_with(what)).count()
    }
}

/// A directory, a registry and a clock that outlive the stores opened on them.
pub struct Fixture {
    pub dir: TempDir,
    pub registry: Arc<MemoryRegistry>,
    pub notes: Arc<Notes>,
    pub now_s: Arc<AtomicU64>,
}

impl Fixture {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            registry: Arc::default(),
            notes: Arc::default(),
            now_s: Arc::new(AtomicU64::new(1_700_000_000)),
        }
    }

    pub fn config(&self) -> StoreConfig {
        self.config_with_keys(MasterKeys::open(self.dir.path()).unwrap())
    }

    pub fn config_with_keys(&self, keys: MasterKeys) -> StoreConfig {
        let node = NodeIdentity::open(self.dir.path()).unwrap();
        let mut config = StoreConfig::new(self.results(), node, keys);
        let now = self.now_s.clone();
        config.clock = Arc::new(move || UNIX_EPOCH + Duration::from_secs(now.load(SeqCst)));
        config.observer = Some(self.notes.clone());
        config.writer_threads = 2;
        config.quotas.min_free_bytes = 0;
        config
    }

    pub fn open(&self) -> Arc<Store> {
        Store::open(self.config(), self.registry.clone()).unwrap()
    }

    pub fn results(&self) -> PathBuf {
        self.dir.path().join("results")
    }

    pub fn advance(&self, seconds: u64) {
        self.now_s.fetch_add(seconds, SeqCst);
    }

    /// The names of the files in the store's directory, without its lock.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut names: Vec<PathBuf> = std::fs::read_dir(self.results())
            .unwrap()
            .map(|item| item.unwrap().path())
            .filter(|path| !path.ends_with("lock"))
            .collect();
        names.sort();
        names
    }

    /// The file of a result that ends so.
    pub fn file(&self, id: ResultId, suffix: &str) -> PathBuf {
        let wanted = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with(&id.to_string()) && name.ends_with(suffix)
        };
        self.files().into_iter().find(wanted).unwrap()
    }
}

pub fn new_result(codec: Codec) -> NewResult {
    NewResult {
        source: "shop".into(),
        user: "ann".into(),
        meta: META.to_vec(),
        codec,
        first_row: 2000,
        recovery: Recovery::Key,
        page_bytes: 0,
        after: None,
    }
}

/// A page of `rows` rows whose text depends on its number; about 12 bytes a row.
pub fn sample(number: u32, rows: u32) -> PageIn {
    let mut page = PageIn { rows, ..PageIn::default() };
    for row in 0..rows {
        page.row_offsets.push(page.body.len() as u32);
        page.body.extend_from_slice(format!("{{\"{number}\":{:05}}},", row * 7 + number).as_bytes());
    }
    page.position = format!("after {number}").into_bytes();
    page
}

/// Writes all pages, and gives the result's name.
pub fn write(store: &Store, codec: Codec, pages: &[PageIn]) -> ResultId {
    let mut writer = store.create(new_result(codec)).unwrap();
    let id = writer.id();
    let (last, first) = pages.split_last().unwrap();
    for page in first {
        writer.page(page.clone()).unwrap();
    }
    let finished = writer.finish(last.clone()).unwrap();
    assert_eq!(finished.pages as usize, pages.len());
    id
}

pub fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

pub fn read(store: &Store, id: ResultId, number: u32) -> Result<StoredPage, PageError> {
    block_on(store.page(id, 1, number, NOW))
}

pub fn plain(page: &StoredPage) -> Vec<u8> {
    page.identity().unwrap().concat()
}

/// Compares a page with what was written.
#[track_caller]
pub fn assert_page(name: &str, got: &StoredPage, number: u32, pages: &[PageIn]) {
    let wanted = &pages[number as usize];
    let before: u64 = pages[..number as usize].iter().map(|page| u64::from(page.rows)).sum();
    assert_eq!(plain(got), wanted.body, "{name}: body");
    assert_eq!(got.number, number, "{name}: number");
    assert_eq!(got.rows, wanted.rows, "{name}: rows");
    assert_eq!(got.first_row, 2000 + before, "{name}: first row");
    let last = number as usize + 1 == pages.len();
    assert_eq!(got.follows, if last { Follows::Nothing } else { Follows::Page }, "{name}: what follows");
    assert_eq!(got.plain_len, wanted.body.len() as u64, "{name}: length");
    assert_eq!(got.plain_crc32, crc32fast::hash(&wanted.body), "{name}: checksum");
    assert_eq!(got.position, wanted.position, "{name}: position");
    assert_eq!(got.meta.bytes(), META, "{name}: metadata");
    assert_eq!(got.row_offsets().unwrap(), wanted.row_offsets, "{name}: row offsets");
}

pub fn keys(byte: u8, previous: &[u8]) -> MasterKeys {
    let key = |byte: u8| MasterKey::from_bytes([byte; 32]).unwrap();
    MasterKeys::new(key(byte), previous.iter().map(|byte| key(*byte)).collect()).unwrap()
}
