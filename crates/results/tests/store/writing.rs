//! Writing pages: ends of every kind, and what readers are told beyond them.

use nextlink_results::{
    Codec, CreateError, Follows, Incomplete, MAX_META_BYTES, MAX_NAME_BYTES, MAX_POSITION_BYTES, PageError,
    PageIn, RegistryError, ResultId, ResultRow, ResultState, Store, WriteError,
};

use crate::support::*;

/// Pages `0..good` can be read, and the next one gives an error, which is returned.
#[track_caller]
fn beyond(store: &Store, id: ResultId, good: u32) -> PageError {
    let wait = std::time::Duration::from_secs(3600);
    for number in 0..good {
        let page = block_on(store.page(id, 1, number, wait)).unwrap();
        assert_eq!(page.follows, Follows::Page, "page {number}");
    }
    block_on(store.page(id, 1, good, wait)).unwrap_err()
}

#[test]
fn a_result_without_its_last_page_ends_in_an_error() {
    let fixture = Fixture::new();
    let store = fixture.open();
    for codec in CODECS {
        let start = || {
            let mut writer = store.create(new_result(codec)).unwrap();
            writer.page(sample(0, 50)).unwrap();
            writer.page(sample(1, 50)).unwrap();
            writer
        };
        let writer = start();
        let id = writer.id();
        drop(writer);
        let error = beyond(&store, id, 2);
        assert!(matches!(error, PageError::Incomplete(Incomplete::WriterGone)), "{codec:?}: {error}");
        assert_eq!(store.info(id).unwrap().row.state, ResultState::Failed, "{codec:?}");

        let writer = start();
        let id = writer.id();
        writer.fail("HY000", "the connection was lost");
        let error = beyond(&store, id, 2);
        let told = matches!(&error, PageError::SourceFailed { code, message }
            if &**code == "HY000" && &**message == "the connection was lost");
        assert!(told, "{codec:?}: {error}");
    }
    let failed = |row: &ResultRow| row.state == ResultState::Failed && row.pages == 2;
    drop(store);
    assert_eq!(fixture.registry.rows.lock().unwrap().values().filter(|row| failed(row)).count(), 6);
}

#[test]
fn a_cancelled_result_leaves_nothing() {
    let fixture = Fixture::new();
    let store = fixture.open();
    for (name, pages) in [("before the first page", 0), ("after three pages", 3)] {
        let mut writer = store.create(new_result(Codec::Deflate)).unwrap();
        let id = writer.id();
        for number in 0..pages {
            writer.page(sample(number, 100)).unwrap();
        }
        writer.cancel();
        let gone = block_on(store.page(id, 1, 9, std::time::Duration::from_secs(3600)));
        assert!(matches!(gone, Err(PageError::Unknown)), "{name}: {gone:?}");
    }
    assert_eq!(store.stats().results, 0);
    // The threads are done when the store is closed.
    drop(store);
    assert_eq!(fixture.files().len(), 0);
    assert_eq!(fixture.registry.len(), 0);
    assert_eq!(fixture.open().stats().bytes, 0);
}

#[test]
fn a_page_that_contradicts_itself_is_refused_and_nothing_follows_it() {
    let page = sample(0, 3);
    let rows = [
        ("too few offsets", PageIn { row_offsets: vec![0], ..page.clone() }),
        ("offsets that fall", PageIn { row_offsets: vec![0, 9, 8], ..page.clone() }),
        ("offsets beyond the end", PageIn { row_offsets: vec![0, 9, 1000], ..page.clone() }),
        ("a long position", PageIn { position: vec![0; MAX_POSITION_BYTES + 1], ..page.clone() }),
    ];
    let fixture = Fixture::new();
    let store = fixture.open();
    for (name, bad) in rows {
        let mut writer = store.create(new_result(Codec::None)).unwrap();
        let id = writer.id();
        writer.page(page.clone()).unwrap();
        assert!(matches!(writer.page(bad), Err(WriteError::Page(_))), "{name}");
        assert!(writer.page(page.clone()).is_err(), "{name}: nothing follows");
        assert!(writer.finish(page.clone()).is_err(), "{name}: no end either");
        // Pages are written behind the writer's back.
        let read = |number| block_on(store.page(id, 1, number, std::time::Duration::from_secs(30))).unwrap();
        assert_eq!(read(0).follows, Follows::Page, "{name}");
        let end = read(1);
        assert_eq!((end.follows, end.rows, end.first_row), (Follows::Unstored, 0, 2003), "{name}");
    }
    let good = PageIn { position: vec![0; MAX_POSITION_BYTES], ..page };
    write(&store, Codec::None, &[good]);
}

#[test]
fn names_and_metadata_have_limits() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let long = |bytes: usize| "x".repeat(bytes);
    for (extra, accepted) in [(0, true), (1, false)] {
        let mut rows = [new_result(Codec::None), new_result(Codec::None), new_result(Codec::None)];
        rows[0].source = long(MAX_NAME_BYTES + extra);
        rows[1].user = long(MAX_NAME_BYTES + extra);
        rows[2].meta = vec![7; MAX_META_BYTES + extra];
        for (name, new) in ["source", "user", "meta"].into_iter().zip(rows) {
            match store.create(new) {
                Ok(_) => assert!(accepted, "{name} + {extra}"),
                Err(CreateError::TooLarge { what, .. }) => {
                    assert_eq!((what, accepted), (name, false))
                }
                Err(other) => panic!("{name} + {extra}: {other}"),
            }
        }
    }
}

#[test]
fn a_slow_disk_holds_the_writer_back_and_buffers_come_again() {
    let fixture = Fixture::new();
    let mut config = fixture.config();
    config.queue_bytes = 1;
    config.writer_threads = 1;
    let store = Store::open(config, fixture.registry.clone()).unwrap();
    let mut writer = store.create(new_result(Codec::None)).unwrap();
    let id = writer.id();
    let mut reused = 0;
    for number in 0..200u32 {
        let mut page = sample(number, 20);
        let mut body = writer.buffer();
        assert!(body.is_empty());
        reused += u32::from(body.capacity() > 0);
        body.append(&mut page.body);
        page.body = body;
        writer.page(page).unwrap();
    }
    writer.finish(sample(200, 20)).unwrap();
    assert!(reused > 100, "{reused} of 200 buffers were used again");
    assert_eq!(read(&store, id, 150).unwrap().rows, 20);
}

#[test]
fn many_results_are_written_at_once() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let writers: Vec<_> = (0..24u32)
        .map(|result| {
            let store = store.clone();
            std::thread::spawn(move || {
                let codec = CODECS[result as usize % 3];
                let pages: Vec<_> = (0..20).map(|number| sample(number, 50 + result)).collect();
                (write(&store, codec, &pages), pages)
            })
        })
        .collect();
    for writer in writers {
        let (id, pages) = writer.join().unwrap();
        for number in 0..20 {
            assert_page(&format!("{id}, page {number}"), &read(&store, id, number).unwrap(), number, &pages);
        }
    }
    let calls = ["insert", "update", "touch", "remove"].map(|what| fixture.registry.count(what));
    assert_eq!(calls, [24, 24, 0, 0], "one insert and one update a result");
}

#[test]
fn a_registry_that_is_down_does_not_stop_paging() {
    let fixture = Fixture::new();
    let store = fixture.open();
    fixture.registry.down.store(true, std::sync::atomic::Ordering::SeqCst);
    let mut writer = store.create(new_result(Codec::None)).unwrap();
    let id = writer.id();
    writer.page(sample(0, 5)).unwrap();
    while fixture.notes.about("PageWritten") == 0 {
        std::thread::yield_now();
    }
    fixture.registry.down.store(false, std::sync::atomic::Ordering::SeqCst);
    writer.finish(sample(1, 5)).unwrap();
    assert_eq!(read(&store, id, 1).unwrap().rows, 5);
    assert_eq!(fixture.notes.about("RegistryFailed"), 1);
    let rows = fixture.registry.rows.lock().unwrap();
    assert_eq!(rows[&id].state, ResultState::Complete, "the row is made when it can be");
}

/// Panics when a result is to be inserted.
struct Broken;

impl nextlink_results::Registry for Broken {
    fn insert(&self, _: &ResultRow, _: &[u8]) -> Result<(), RegistryError> {
        panic!("this panic is part of the test")
    }
    fn update(&self, _: &ResultRow) -> Result<(), RegistryError> {
        Ok(())
    }
    fn touch(&self, _: &[nextlink_results::Touch]) -> Result<(), RegistryError> {
        Ok(())
    }
    fn remove(&self, _: nextlink_results::NodeId, _: &[(ResultId, u32)]) -> Result<(), RegistryError> {
        Ok(())
    }
    fn owned_by(&self, _: nextlink_results::NodeId) -> Result<Vec<ResultRow>, RegistryError> {
        Ok(Vec::new())
    }
}

#[test]
fn nobody_waits_for_a_thread_that_panicked() {
    let fixture = Fixture::new();
    let store = Store::open(fixture.config(), std::sync::Arc::new(Broken)).unwrap();
    for _ in 0..4 {
        let mut writer = store.create(new_result(Codec::None)).unwrap();
        let id = writer.id();
        while writer.page(sample(0, 10)).is_ok() {}
        assert!(matches!(writer.finish(sample(1, 10)), Err(WriteError::Io(_))));
        let error = beyond(&store, id, 0);
        assert!(matches!(error, PageError::Incomplete(Incomplete::Write(_))), "{error}");
    }
}
