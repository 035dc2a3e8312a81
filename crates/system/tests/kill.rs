//! A node that is killed while it writes results, and started again on the same directory and
//! system database.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nextlink_results::keys::MasterKeys;
use nextlink_results::{
    Codec, Follows, Incomplete, NewResult, NodeIdentity, PageError, PageIn, Recovery, Registration, ResultId,
    ResultState, Store, StoreConfig,
};
use nextlink_system::{Join, SqliteSystem, System};

const CHILD: &str = "NEXTLINK_TEST_KILL_DIR";
const CODECS: [Codec; 3] = [Codec::None, Codec::Lz4, Codec::Deflate];

fn open(dir: &Path) -> Arc<Store> {
    let node = NodeIdentity::open(dir).unwrap();
    let keys = MasterKeys::open(dir).unwrap();
    let system: Arc<dyn System> = Arc::new(SqliteSystem::open(&dir.join("system.db")).unwrap());
    let join = Join {
        id: node.id(),
        registration: Registration::generate().unwrap(),
        name: None,
        address: None,
        lease: None,
        sign: &|_| Vec::new(),
    };
    let facts = system.join(&join).unwrap();
    let mut config = StoreConfig::new(dir.join("results"), node, keys);
    config.quotas.min_free_bytes = 0;
    Store::open(config, system.results(&facts)).unwrap()
}

fn page(number: u32) -> PageIn {
    let body = format!("row of page {number};").repeat(5_000).into_bytes();
    PageIn { body, rows: 5_000, position: number.to_le_bytes().to_vec(), row_offsets: Vec::new() }
}

fn new_result(codec: Codec) -> NewResult {
    NewResult {
        page_bytes: 0,
        after: None,
        source: "shop".into(),
        user: "ann".into(),
        meta: b"request".to_vec(),
        codec,
        first_row: 0,
        recovery: Recovery::None,
    }
}

/// Writes without end and says which pages can be read; it never returns.
#[test]
fn child_that_writes() {
    let Some(dir) = std::env::var_os(CHILD) else {
        return;
    };
    let store = open(Path::new(&dir));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut writer = store.create(new_result(Codec::None)).unwrap();
    // Where tests run one by one, the name of this one stands on the line that has begun.
    println!("\nwhole {}", writer.id());
    writer.page(page(0)).unwrap();
    writer.finish(page(1)).unwrap();
    let mut writers: Vec<_> = CODECS.map(|codec| store.create(new_result(codec)).unwrap()).into();
    for writer in &writers {
        println!("result {}", writer.id());
    }
    for number in 0.. {
        for writer in &mut writers {
            writer.page(page(number)).unwrap();
            if let Some(before) = number.checked_sub(1) {
                let wait = Duration::from_secs(3600);
                runtime.block_on(store.page(writer.id(), 1, before, wait)).unwrap();
                println!("page {} {before}", writer.id());
            }
        }
    }
}

/// Starts the child, kills it after `lines` lines about pages, and gives what it said: the result
/// that is whole, and the last page known of each of the others.
fn killed_child(dir: &Path, lines: usize) -> (ResultId, Vec<(ResultId, Option<u32>)>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_writes", "--nocapture"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut whole, mut known, mut seen) = (None, Vec::<(ResultId, Option<u32>)>::new(), 0);
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["whole", id] => whole = ResultId::parse(id),
            ["result", id] => known.push((ResultId::parse(id).unwrap(), None)),
            ["page", id, number] => {
                let entry = known.iter_mut().find(|(found, _)| found.to_string() == id).unwrap();
                entry.1 = Some(number.parse().unwrap());
                seen += 1;
            }
            _ => {}
        }
        if seen >= lines {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    (whole.unwrap(), known)
}

#[test]
fn what_was_written_before_a_kill_is_read_after_a_restart() {
    for lines in [1, 2, 7, 40, 150] {
        let dir = tempfile::tempdir().unwrap();
        let (whole, known) = killed_child(dir.path(), lines);
        let store = open(dir.path());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let read = |id, number| runtime.block_on(store.page(id, 1, number, Duration::ZERO));
        assert_eq!(known.len(), 3, "{lines} lines");

        let last = read(whole, 1).unwrap();
        assert!(
            last.follows == Follows::Nothing && last.identity().unwrap().concat() == page(1).body,
            "{lines} lines: the whole one"
        );
        for (id, last) in known {
            let Some(info) = store.info(id) else {
                // Killed before its row was made: then none of its pages was ever told to be there.
                assert!(last.is_none(), "{lines} lines: {last:?} was read");
                assert!(matches!(read(id, 0), Err(PageError::Unknown)), "{lines} lines");
                continue;
            };
            assert_eq!(info.row.state, ResultState::Failed, "{lines} lines");
            let pages = info.row.pages;
            assert!(last.is_none_or(|last| pages > last), "{lines} lines: {pages} pages, {last:?} was read");
            for number in 0..pages {
                let got =
                    read(id, number).unwrap_or_else(|error| panic!("{lines} lines, page {number}: {error}"));
                assert!(
                    got.identity().unwrap().concat() == page(number).body,
                    "{lines} lines, page {number}"
                );
                assert!(got.follows == Follows::Page, "{lines} lines, page {number}");
            }
            let beyond = read(id, pages).unwrap_err();
            assert!(
                matches!(beyond, PageError::Incomplete(Incomplete::Restarted)),
                "{lines} lines: {beyond}"
            );
        }
        // After expiry nothing is left.
        store.list().iter().for_each(|info| assert!(store.end(info.row.id)));
        let left = std::fs::read_dir(dir.path().join("results")).unwrap().count();
        assert_eq!((left, store.stats().bytes), (1, 0), "{lines} lines: only the lock is left");
        drop(store);
        assert!(open(dir.path()).list().is_empty(), "{lines} lines: no row is left");
    }
}
