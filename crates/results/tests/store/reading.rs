//! Reading pages: what was written comes back, any number of times, also while more is being
//! written.

use std::sync::Arc;
use std::time::Duration;

use nextlink_results::{Codec, PageError, PageIn, ResultId, SEGMENT_BYTES};

use crate::support::*;

#[test]
fn what_was_written_comes_back() {
    let large = PageIn { rows: 1, body: vec![b'x'; 2 * SEGMENT_BYTES + 1], ..PageIn::default() };
    let exact = PageIn { rows: 1, body: vec![b'y'; SEGMENT_BYTES], ..PageIn::default() };
    let many_rows = sample(3, 200_000);
    let shapes: [(&str, Vec<PageIn>); 5] = [
        ("one page", vec![sample(0, 3)]),
        ("three pages", vec![sample(0, 30), sample(1, 30), sample(2, 7)]),
        ("an empty last page", vec![sample(0, 3), PageIn::default()]),
        ("several segments", vec![large, exact, sample(2, 1)]),
        ("offsets of several segments", vec![sample(0, 1), many_rows]),
    ];
    let fixture = Fixture::new();
    let store = fixture.open();
    for codec in CODECS {
        for (name, pages) in &shapes {
            let id = write(&store, codec, pages);
            for turn in 0..2 {
                for number in 0..pages.len() as u32 {
                    let name = format!("{codec:?}, {name}, page {number}, turn {turn}");
                    let page = read(&store, id, number).unwrap_or_else(|error| panic!("{name}: {error}"));
                    assert_page(&name, &page, number, pages);
                }
            }
            let count = pages.len() as u32;
            let beyond = read(&store, id, count);
            let expected = matches!(beyond, Err(PageError::NoSuchPage { pages }) if pages == count);
            assert!(expected, "{codec:?}, {name}: {beyond:?}");
        }
    }
}

#[test]
fn names_and_generations_that_are_not_here_are_told_apart() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let id = write(&store, Codec::None, &[sample(0, 3)]);
    let other = ResultId::from_bytes([0; 16]);
    assert!(matches!(read(&store, other, 0), Err(PageError::Unknown)));
    assert!(matches!(store.meta(other, 1), Err(PageError::Unknown)));
    let page = block_on(store.page(id, 2, 0, NOW));
    assert!(matches!(page, Err(PageError::OtherGeneration { current: 1 })));
    assert_eq!(store.meta(id, 1).unwrap(), META);
    assert_eq!(store.info(id).unwrap().meta, META);
    assert_eq!(store.list().len(), 1);
}

#[test]
fn a_part_of_a_page_is_cut_out_by_row_offsets() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let written = sample(0, 60_000);
    assert!(written.body.len() > 2 * SEGMENT_BYTES, "the page has three segments");
    for codec in CODECS {
        let id = write(&store, codec, std::slice::from_ref(&written));
        let page = read(&store, id, 0).unwrap();
        let offsets = page.row_offsets().unwrap();
        for (from, to) in [(0, 1), (5, 5), (0, 59_999), (19_000, 45_000), (59_998, 59_999)] {
            let (start, end) = (u64::from(offsets[from]), u64::from(offsets[to]));
            let part = page.identity_range(start..end).unwrap().concat();
            assert_eq!(part, written.body[start as usize..end as usize], "{codec:?}, rows {from} to {to}");
        }
        let beyond = page.identity_range(page.plain_len - 1..u64::MAX).unwrap().concat();
        assert_eq!(beyond, written.body[written.body.len() - 1..], "{codec:?}: what lies beyond is left out");
    }
}

#[test]
fn the_same_page_in_parallel_gives_the_same_bytes() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let pages = [sample(0, 20_000), sample(1, 20_000), sample(2, 150_000)];
    for codec in CODECS {
        let id = write(&store, codec, &pages);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut readers = tokio::task::JoinSet::new();
            for turn in 0..100u32 {
                let (store, pages) = (store.clone(), pages.clone());
                readers.spawn(async move {
                    let number = if turn % 10 == 0 { 2 } else { 1 };
                    let page = store.page(id, 1, number, NOW).await.unwrap();
                    assert_page(&format!("{codec:?}, turn {turn}"), &page, number, &pages);
                });
            }
            while let Some(done) = readers.join_next().await {
                done.unwrap();
            }
        });
    }
    assert_eq!(store.stats().pages_read, 300);
    assert_eq!(fixture.registry.count("touch"), 0, "no SQL for a page");
}

#[test]
fn a_page_that_is_not_yet_written_is_waited_for() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let pages = [sample(0, 10), sample(1, 10), sample(2, 10)];
    let mut writer = store.create(new_result(Codec::Lz4)).unwrap();
    let id = writer.id();
    assert!(matches!(read(&store, id, 0), Err(PageError::NotYet)), "nothing is written");

    let (asked, ready) = std::sync::mpsc::channel();
    let reader = std::thread::spawn({
        let (store, pages): (Arc<_>, _) = (store.clone(), pages.clone());
        move || {
            block_on(async {
                for number in 0..3 {
                    let page = store.page(id, 1, number, Duration::from_secs(3600));
                    asked.send(number).unwrap();
                    assert_page(&format!("page {number}"), &page.await.unwrap(), number, &pages);
                }
                let beyond = store.page(id, 1, 3, Duration::from_secs(3600)).await;
                assert!(matches!(beyond, Err(PageError::NoSuchPage { pages: 3 })));
            });
        }
    });
    for page in &pages[..2] {
        ready.recv().unwrap();
        writer.page(page.clone()).unwrap();
    }
    ready.recv().unwrap();
    writer.finish(pages[2].clone()).unwrap();
    reader.join().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_after_its_time() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let writer = store.create(new_result(Codec::None)).unwrap();
    let start = tokio::time::Instant::now();
    let page = store.page(writer.id(), 1, 0, Duration::from_secs(25)).await;
    assert!(matches!(page, Err(PageError::NotYet)));
    assert_eq!(start.elapsed(), Duration::from_secs(25));
}

#[test]
fn many_waiting_readers_all_get_their_page_or_the_failure() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let mut writer = store.create(new_result(Codec::None)).unwrap();
    let id = writer.id();
    block_on(async {
        let mut readers = tokio::task::JoinSet::new();
        for turn in 0..40u32 {
            let store = store.clone();
            readers
                .spawn(async move { (turn, store.page(id, 1, turn % 2, Duration::from_secs(3600)).await) });
        }
        tokio::task::yield_now().await;
        writer.page(sample(0, 5)).unwrap();
        writer.fail("57014", "canceled");
        while let Some(done) = readers.join_next().await {
            let (turn, page) = done.unwrap();
            match page {
                Ok(page) => assert_eq!((turn % 2, page.rows), (0, 5), "turn {turn}"),
                Err(PageError::SourceFailed { code, message }) => {
                    assert_eq!((turn % 2, &*code, &*message), (1, "57014", "canceled"), "turn {turn}");
                }
                Err(other) => panic!("turn {turn}: {other}"),
            }
        }
    });
}
