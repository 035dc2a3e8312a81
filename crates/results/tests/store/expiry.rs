//! Expiry: sliding, absolute, in masses, and never under a reader.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use nextlink_results::{Codec, PageError, Store, WriteError};

use crate::support::*;

const MINUTE: u64 = 60;

#[test]
fn expiry_slides_with_each_read_up_to_the_absolute_one() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let idle = write(&store, Codec::None, &[sample(0, 3)]);
    let used = write(&store, Codec::None, &[sample(0, 3)]);
    fixture.advance(14 * MINUTE);
    assert_eq!(store.sweep().expired, 0);
    assert!(read(&store, used, 0).is_ok());
    fixture.advance(MINUTE);
    assert!(matches!(read(&store, idle, 0), Err(PageError::Expired)), "before the sweep");
    assert!(matches!(store.meta(idle, 1), Err(PageError::Expired)), "metadata too");
    assert_eq!(store.sweep().expired, 1);
    assert!(matches!(read(&store, idle, 0), Err(PageError::Unknown)), "after the sweep");
    assert_eq!(fixture.files().len(), 2);

    let mut minutes = 15;
    while minutes + 10 < 12 * 60 {
        fixture.advance(10 * MINUTE);
        minutes += 10;
        assert!(read(&store, used, 0).is_ok(), "after {minutes} minutes");
        assert_eq!(store.sweep().expired, 0, "after {minutes} minutes");
    }
    fixture.advance((12 * 60 - minutes) * MINUTE);
    assert!(matches!(read(&store, used, 0), Err(PageError::Expired)));
    assert_eq!(store.sweep().expired, 1);
    assert_eq!((fixture.files().len(), fixture.registry.len()), (0, 0));
    let stats = store.stats();
    assert_eq!((stats.bytes, stats.results, stats.open_files, stats.expired), (0, 0, 0, 2));
}

#[test]
fn the_registry_learns_new_expiries_only_at_a_sweep() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let id = write(&store, Codec::None, &[sample(0, 3)]);
    let expiry = || fixture.registry.rows.lock().unwrap()[&id].expires_ms;
    let first = expiry();
    fixture.advance(5 * MINUTE);
    for _ in 0..50 {
        read(&store, id, 0).unwrap();
    }
    assert_eq!((expiry(), fixture.registry.count("touch")), (first, 0));
    fixture.registry.down.store(true, SeqCst);
    assert_eq!(store.sweep().touched, 0, "the registry is down");
    fixture.registry.down.store(false, SeqCst);
    assert_eq!(store.sweep().touched, 1, "tried again");
    assert_eq!(expiry(), first + 5 * MINUTE * 1000);
    assert_eq!(store.sweep().touched, 0, "known by now");
    fixture.advance(MINUTE);
    read(&store, id, 0).unwrap();
    drop(store);
    assert_eq!(expiry(), first + 6 * MINUTE * 1000, "written at the end too");
}

#[test]
fn thousands_expire_at_once() {
    let fixture = Fixture::new();
    let store = fixture.open();
    for _ in 0..3000 {
        let mut writer = store.create(new_result(Codec::None)).unwrap();
        writer.page(sample(0, 1)).unwrap();
        drop(writer);
    }
    while store.stats().writing > 0 {
        std::thread::yield_now();
    }
    fixture.advance(20 * MINUTE);
    let kept = write(&store, Codec::None, &[sample(0, 1)]);
    fixture.advance(14 * MINUTE);
    let report = store.sweep();
    assert_eq!((report.expired, report.pending), (3000, 0));
    assert_eq!((fixture.files().len(), fixture.registry.len()), (2, 1));
    assert!(fixture.registry.count("remove") <= 4, "rows are removed in batches");
    assert!(read(&store, kept, 0).is_ok());
    let stats = store.stats();
    assert_eq!((stats.results, stats.open_files, stats.bytes), (1, 1, store.list()[0].row.bytes));
}

#[test]
fn a_result_being_read_is_not_swept() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let mut writer = store.create(new_result(Codec::None)).unwrap();
    let id = writer.id();
    writer.page(sample(0, 3)).unwrap();
    block_on(async {
        let waiting = store.page(id, 1, 1, Duration::from_secs(3600));
        let mut waiting = std::pin::pin!(waiting);
        let polled =
            std::future::poll_fn(|cx| std::task::Poll::Ready(waiting.as_mut().poll(cx).is_pending()));
        assert!(polled.await, "the reader waits");
        fixture.advance(13 * 60 * MINUTE);
        assert_eq!(store.sweep().expired, 0, "while it is read");
        writer.finish(sample(1, 2)).unwrap();
        assert_eq!(waiting.await.unwrap().rows, 2);
    });
    assert_eq!(store.sweep().expired, 1, "afterwards");
}

#[test]
fn a_result_that_expires_while_it_is_written_stops_its_writer() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let mut writer = store.create(new_result(Codec::None)).unwrap();
    let id = writer.id();
    for number in 0..100 {
        fixture.advance(14 * MINUTE / 20);
        writer.page(sample(number, 1)).unwrap();
        block_on(store.page(id, 1, number, Duration::from_secs(3600))).unwrap();
        assert_eq!(store.sweep().expired, 0, "writing keeps it alive, page {number}");
    }
    fixture.advance(15 * MINUTE);
    assert_eq!(store.sweep().expired, 1);
    let mut refused = None;
    while refused.is_none() {
        refused = writer.page(sample(0, 1)).err();
    }
    assert_eq!(refused, Some(WriteError::Ended));
    assert_eq!(writer.finish(sample(0, 1)), Err(WriteError::Ended));
    drop(store);
    assert_eq!((fixture.files().len(), fixture.registry.len()), (0, 0));
}

#[test]
fn an_ended_result_is_gone_at_once() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let id = write(&store, Codec::Deflate, &[sample(0, 3)]);
    assert!(store.end(id));
    assert!(!store.end(id), "only once");
    assert!(matches!(read(&store, id, 0), Err(PageError::Unknown)));
    assert_eq!((fixture.files().len(), fixture.registry.len(), store.stats().bytes), (0, 0, 0));
}

#[test]
fn what_cannot_be_removed_is_tried_again() {
    let fixture = Fixture::new();
    let store: std::sync::Arc<Store> = fixture.open();
    write(&store, Codec::None, &[sample(0, 3)]);
    let blocked = write(&store, Codec::None, &[sample(0, 3)]);
    fixture.registry.down.store(true, SeqCst);
    // A directory in the place of the file cannot be unlinked, not even by root.
    let path = fixture.file(blocked, "index");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    fixture.advance(16 * MINUTE);
    let report = store.sweep();
    assert_eq!((report.expired, report.pending), (2, 2), "one file, and both rows");
    assert!(store.stats().bytes > 0, "bytes that may still be there are still counted");
    fixture.registry.down.store(false, SeqCst);
    assert_eq!(store.sweep().pending, 1, "the file is still there");
    std::fs::remove_dir(&path).unwrap();
    assert_eq!(store.sweep().pending, 0);
    assert_eq!((fixture.files().len(), fixture.registry.len(), store.stats().bytes), (0, 0, 0));
}
