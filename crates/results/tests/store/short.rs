//! Results that find no room: what is stored can be read, and its end says that rows follow.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use nextlink_results::{
    Codec, Disk, Follows, PageError, PageIn, QuotaLevel, Quotas, ResultId, ResultState, Store, WriteError,
};

use crate::support::*;

/// Pages of one size, and pages where each is ten times as large as the one before: there, behind a page there seems to
/// be room for the next one.
fn shapes() -> [(&'static str, Vec<PageIn>); 2] {
    let equal = (0..8).map(|number| sample(number, 100)).collect();
    let growing = (0..5).map(|number| sample(number, 10u32.pow(number))).collect();
    [("equal", equal), ("growing", growing)]
}

/// Adds pages until one is refused; gives why.
fn write_until_refused(store: &Store, codec: Codec, pages: &[PageIn]) -> (ResultId, Option<WriteError>) {
    let mut writer = store.create(new_result(codec)).unwrap();
    let id = writer.id();
    let (last, first) = pages.split_last().unwrap();
    let refused = first.iter().find_map(|page| writer.page(page.clone()).err());
    (id, refused.or_else(|| writer.finish(last.clone()).err()))
}

/// Reads to the end and compares; gives what follows it, and how many rows there were.
#[track_caller]
fn read_to_end(name: &str, store: &Store, id: ResultId, pages: &[PageIn]) -> (Follows, u64) {
    let mut rows = 0;
    for number in 0.. {
        let page = read(store, id, number).unwrap_or_else(|error| panic!("{name}, page {number}: {error}"));
        assert_eq!(page.first_row, 2000 + rows, "{name}: page {number}");
        let written: &[u8] = if page.rows == 0 { &[] } else { &pages[number as usize].body };
        assert_eq!(plain(&page), written, "{name}: page {number}");
        rows += u64::from(page.rows);
        if page.follows != Follows::Page {
            let beyond = read(store, id, number + 1);
            assert!(matches!(beyond, Err(PageError::NoSuchPage { .. })), "{name}: {beyond:?}");
            return (page.follows, rows);
        }
    }
    unreachable!("there is no page with a number beyond u32")
}

fn sum(pages: &[PageIn]) -> u64 {
    pages.iter().map(|page| u64::from(page.rows)).sum()
}

type Set = fn(&mut Quotas, u64);
const LEVELS: [(QuotaLevel, Set); 4] = [
    (QuotaLevel::Node, |quotas, bytes| quotas.node_bytes = bytes),
    (QuotaLevel::Source, |quotas, bytes| quotas.source_bytes = bytes),
    (QuotaLevel::User, |quotas, bytes| quotas.user_bytes = bytes),
    (QuotaLevel::Result, |quotas, bytes| quotas.result_bytes = bytes),
];

/// Writes under a quota, and checks what came of it, also after a restart. Gives the rows that were stored.
fn write_under(name: &str, quotas: Quotas, level: QuotaLevel, codec: Codec, pages: &[PageIn]) -> u64 {
    let fixture = Fixture::new();
    let open = || {
        let mut config = fixture.config();
        config.quotas = Quotas { min_free_bytes: 0, ..quotas };
        Store::open(config, fixture.registry.clone()).unwrap()
    };
    let store = open();
    let (id, refused) = write_until_refused(&store, codec, pages);
    let (follows, rows) = read_to_end(name, &store, id, pages);
    let expected = match &refused {
        None => (Follows::Nothing, sum(pages)),
        Some(WriteError::Quota { level: of }) if *of == level => (Follows::Unstored, rows),
        Some(other) => panic!("{name}: {other}"),
    };
    assert_eq!((follows, rows), expected, "{name}");
    let info = store.info(id).unwrap().row;
    assert_eq!(
        store.stats().bytes,
        info.bytes,
        "{name}: what was reserved for the end is used or given back"
    );
    assert_eq!(info.state, ResultState::Complete, "{name}");
    drop(store);
    let store = open();
    assert_eq!(read_to_end(name, &store, id, pages), expected, "{name}: after a restart");
    assert!(store.end(id));
    assert_eq!(store.stats().bytes, 0, "{name}: all is given back");
    rows
}

#[test]
fn a_quota_ends_a_result_at_a_page_and_one_byte_more_than_it_is_never_stored() {
    // Levels differ only in what is counted, codecs only in sizes.
    for (codec, levels) in
        [(Codec::None, &LEVELS[..]), (Codec::Lz4, &LEVELS[3..]), (Codec::Deflate, &LEVELS[3..])]
    {
        for (shape, pages) in shapes() {
            let fixture = Fixture::new();
            let store = fixture.open();
            let id = write(&store, codec, &pages);
            let bytes = store.info(id).unwrap().row.bytes;
            for (level, set) in levels {
                let mut before = 0;
                for limit in (800..bytes).step_by(bytes as usize / 13).chain([bytes - 1, bytes, bytes * 4]) {
                    let mut quotas = Quotas::default();
                    set(&mut quotas, limit);
                    let name = format!("{codec:?}, {shape}, {level}: {limit} of {bytes}");
                    let rows = write_under(&name, quotas, *level, codec, &pages);
                    assert!(rows >= before, "{name}: {rows} rows, {before} with less room");
                    assert!(rows < sum(&pages) || limit >= bytes, "{name}: more than the limit");
                    before = rows;
                }
                assert_eq!(before, sum(&pages), "{codec:?}, {shape}, {level}: with room for all");
            }
        }
    }
}

/// A disk with room for so many bytes, or one that refuses writes above a size.
struct TestDisk {
    free: AtomicU64,
    largest: u64,
    full: io::ErrorKind,
}

impl Disk for TestDisk {
    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(self.free.load(SeqCst))
    }

    fn admit(&self, bytes: u64) -> io::Result<()> {
        if bytes > self.largest {
            return Err(self.full.into());
        }
        self.free.fetch_sub(bytes, SeqCst);
        Ok(())
    }
}

#[test]
fn a_disk_that_fills_up_ends_a_result_at_a_page() {
    const KEPT: u64 = 1_000;
    let never = u64::MAX;
    for (shape, pages) in shapes() {
        for (name, free, largest, full) in [
            ("hardly room for a page", 3_000, never, io::ErrorKind::StorageFull),
            ("room for some pages", 8_000, never, io::ErrorKind::StorageFull),
            ("a disk that is fuller than it says", never / 2, 1_300, io::ErrorKind::StorageFull),
            ("a quota of the file system", never / 2, 1_300, io::ErrorKind::QuotaExceeded),
            ("another error", never / 2, 1_300, io::ErrorKind::PermissionDenied),
        ] {
            let name = format!("{name}, {shape}");
            let fixture = Fixture::new();
            let disk = Arc::new(TestDisk { free: free.into(), largest, full });
            let mut config = fixture.config();
            config.disk = disk.clone();
            config.quotas.min_free_bytes = KEPT;
            let store = Store::open(config, fixture.registry.clone()).unwrap();
            let (id, refused) = write_until_refused(&store, Codec::None, &pages);
            let refused = refused.unwrap_or_else(|| panic!("{name}: all was stored"));
            let as_told = match full {
                io::ErrorKind::PermissionDenied => matches!(refused, WriteError::Io(_)),
                _ => refused == WriteError::DiskFull,
            };
            assert!(as_told, "{name}: {refused}");
            let (follows, rows) = read_to_end(&name, &store, id, &pages);
            assert_eq!(follows, Follows::Unstored, "{name}");
            assert!(rows < sum(&pages), "{name}");
            // Only an end without rows may take of what stays free.
            assert!(disk.free.load(SeqCst) > KEPT - 100, "{name}");
            assert_eq!(store.stats().bytes, store.info(id).unwrap().row.bytes, "{name}");
            assert_eq!(fixture.notes.about("Interrupted"), 1, "{name}");
            assert_eq!(fixture.notes.about("Completed"), 0, "{name}");
        }
    }
}
