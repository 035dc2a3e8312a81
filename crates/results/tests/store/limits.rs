//! Limits: quotas at each level, a full disk, few file handles.

use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};

use nextlink_results::{
    Codec, CreateError, Disk, Follows, Incomplete, NewResult, PageError, PageIn, Store, WriteError,
};

use crate::support::*;

#[test]
fn a_result_needs_room_for_a_page_to_begin() {
    let fixture = Fixture::new();
    let header = {
        let store = fixture.open();
        let id = write(&store, Codec::None, &[PageIn::default()]);
        let bytes = store.info(id).unwrap().row.bytes;
        assert!(store.end(id));
        bytes
    };
    for (limit, page_bytes, accepted) in [
        (100, 0, false),
        (header + 100, 0, true),
        (header + 2_100, 1_000, true),
        (header + 1_900, 1_000, false),
        (u64::MAX, u64::MAX, false),
    ] {
        let mut config = fixture.config();
        config.quotas.result_bytes = limit;
        let store = Store::open(config, fixture.registry.clone()).unwrap();
        let created = store.create(NewResult { page_bytes, ..new_result(Codec::None) });
        match created {
            Ok(writer) => {
                assert!(accepted, "{limit}, pages of {page_bytes}");
                writer.cancel();
            }
            Err(CreateError::Quota { .. }) => {
                assert!(!accepted, "{limit}, pages of {page_bytes}");
            }
            Err(other) => panic!("{limit}, pages of {page_bytes}: {other}"),
        }
    }
}

#[test]
fn the_new_query_pays_and_the_old_results_stay() {
    let fixture = Fixture::new();
    let mut config = fixture.config();
    config.quotas.results = 2;
    let store = Store::open(config, fixture.registry.clone()).unwrap();
    let ids = [write(&store, Codec::None, &[sample(0, 1)]), write(&store, Codec::None, &[sample(0, 1)])];
    let refused = store.create(new_result(Codec::None));
    assert!(matches!(refused, Err(CreateError::TooManyResults { limit: 2 })));
    assert_eq!(store.stats().refused, 1);
    ids.iter().for_each(|id| assert!(read(&store, *id, 0).is_ok()));
    store.end(ids[0]);
    write(&store, Codec::None, &[sample(0, 1)]);
}

/// A disk with a given number of free bytes, which fails for good after a number of writes.
struct TestDisk {
    free: AtomicU64,
    writes: AtomicI64,
    fails_with: io::ErrorKind,
}

impl Disk for TestDisk {
    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(self.free.load(SeqCst))
    }

    fn admit(&self, _: u64) -> io::Result<()> {
        if self.writes.fetch_sub(1, SeqCst) > 0 { Ok(()) } else { Err(self.fails_with.into()) }
    }
}

fn store_on(fixture: &Fixture, disk: &Arc<TestDisk>, min_free_bytes: u64) -> Arc<Store> {
    let mut config = fixture.config();
    config.disk = disk.clone();
    config.quotas.min_free_bytes = min_free_bytes;
    Store::open(config, fixture.registry.clone()).unwrap()
}

#[test]
fn a_full_disk_is_a_normal_answer() {
    let full = io::ErrorKind::StorageFull;
    for (name, writes, kind, good) in [
        ("at once", 0, full, None),
        ("at the first page", 1, full, Some(0)),
        ("at the third page", 3, full, Some(2)),
        ("quota of the file system", 2, io::ErrorKind::QuotaExceeded, Some(1)),
        ("another error", 2, io::ErrorKind::PermissionDenied, Some(1)),
    ] {
        let fixture = Fixture::new();
        let disk = TestDisk { free: u64::MAX.into(), writes: writes.into(), fails_with: kind };
        let disk = Arc::new(disk);
        let store = store_on(&fixture, &disk, 0);
        let created = store.create(new_result(Codec::None));
        let Some(good) = good else {
            assert!(matches!(created, Err(CreateError::DiskFull)), "{name}");
            assert_eq!((fixture.files().len(), store.stats().bytes), (0, 0), "{name}");
            continue;
        };
        let mut writer = created.unwrap();
        let id = writer.id();
        let mut error = None;
        for number in 0..10 {
            error = error.or(writer.page(sample(number, 10)).err());
        }
        let error = error.or(writer.finish(sample(10, 10)).err()).unwrap();
        let as_told = match kind {
            io::ErrorKind::PermissionDenied => matches!(error, WriteError::Io(_)),
            _ => error == WriteError::DiskFull,
        };
        assert!(as_told, "{name}: {error}");
        for number in 0..good {
            assert_eq!(read(&store, id, number).unwrap().rows, 10, "{name}: page {number} stays");
        }
        let beyond = read(&store, id, good).unwrap_err();
        assert!(matches!(beyond, PageError::Incomplete(Incomplete::Write(_))), "{name}: {beyond}");
        disk.writes.store(100, SeqCst);
        write(&store, Codec::None, &[sample(0, 10)]);
    }
}

#[test]
fn the_minimum_of_free_space_is_kept() {
    let fixture = Fixture::new();
    let disk = Arc::new(TestDisk {
        free: u64::MAX.into(),
        writes: i64::MAX.into(),
        fails_with: io::ErrorKind::StorageFull,
    });
    let store = store_on(&fixture, &disk, 1_000_000);
    let header = store.create(new_result(Codec::None)).unwrap();
    let len = store.info(header.id()).unwrap().row.bytes;
    for (free, accepted) in [(0, false), (1_000_000 + len - 1, false), (1_000_000 + len, true)] {
        disk.free.store(free, SeqCst);
        let created = store.create(new_result(Codec::None));
        assert_eq!(created.is_ok(), accepted, "{free} bytes free");
        assert!(accepted || matches!(created, Err(CreateError::DiskFull)), "{free} bytes free");
    }
}

/// A small file system in memory; it goes away with this value, also when a test fails.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    /// `None` where nothing can be mounted.
    fn mount(path: std::path::PathBuf) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs"]).arg(&path);
        mount.output().is_ok_and(|done| done.status.success()).then_some(Self(path))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[test]
fn a_small_file_system_fills_up() {
    let fixture = Fixture::new();
    std::fs::create_dir(fixture.results()).unwrap();
    let Some(_disk) = SmallDisk::mount(fixture.results()) else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    let store = fixture.open();
    let page = PageIn { rows: 1, body: vec![b'x'; 300_000], ..PageIn::default() };
    let mut writer = store.create(new_result(Codec::None)).unwrap();
    let id = writer.id();
    let error = (0..20).find_map(|_| writer.page(page.clone()).err());
    assert_eq!(error, Some(WriteError::DiskFull));
    drop(writer);
    let good = store.info(id).unwrap().row.pages;
    assert!((3..7).contains(&good), "{good} pages");
    for number in 0..good {
        let read = read(&store, id, number).unwrap();
        assert_eq!(plain(&read), page.body, "page {number}");
        let follows = if number + 1 < good { Follows::Page } else { Follows::Unstored };
        assert_eq!(read.follows, follows, "page {number}");
    }
    store.end(id);
    write(&store, Codec::None, &[page.clone(), page]);
}

const CHILD: &str = "NEXTLINK_TEST_FEW_HANDLES";

#[test]
fn few_file_handles_are_enough() {
    if std::env::var_os(CHILD).is_some() {
        return;
    }
    let exe = std::env::current_exe().unwrap();
    let script = "ulimit -n 256 && exec \"$0\" --exact limits::child_with_few_handles --nocapture";
    let done = Command::new("sh").args(["-c", script]).arg(exe).env(CHILD, "1").output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{text}{}", String::from_utf8_lossy(&done.stderr));
    assert!(text.contains("400 results read"), "{text}");
}

/// The work of `few_file_handles_are_enough`, in a process of its own.
#[test]
fn child_with_few_handles() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let fixture = Fixture::new();
    let mut config = fixture.config();
    config.open_results = 1000;
    let store = Store::open(config, fixture.registry.clone()).unwrap();
    let pages = [sample(0, 10), sample(1, 10)];
    let ids: Vec<_> = (0..400).map(|_| write(&store, Codec::Lz4, &pages)).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut readers = tokio::task::JoinSet::new();
        for id in ids {
            let (store, pages) = (store.clone(), pages.clone());
            readers.spawn(async move {
                for number in 0..2 {
                    let page = store.page(id, 1, number, NOW).await.unwrap();
                    assert_page("with few handles", &page, number, &pages);
                }
            });
        }
        while let Some(done) = readers.join_next().await {
            done.unwrap();
        }
    });
    println!("400 results read");
}
