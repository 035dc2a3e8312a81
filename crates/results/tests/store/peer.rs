//! Pages of one store opened by another of the same keys: right, or an error, never wrong bytes.

use std::sync::Arc;
use std::time::Duration;

use nextlink_results::peer::{Foreign, SealedPage};
use nextlink_results::{Codec, PageError, PageIn, ResultId, Store, StoredPage};

use crate::support::*;

fn pages() -> Vec<PageIn> {
    vec![sample(0, 40), sample(1, 30_000), sample(2, 1), sample(3, 0)]
}

fn header(store: &Store, id: ResultId) -> Vec<u8> {
    block_on(store.header(id, 1)).unwrap().to_vec()
}

fn sealed(store: &Store, id: ResultId, number: u32) -> SealedPage {
    block_on(store.sealed_page(id, 1, number, NOW)).unwrap()
}

/// A store, and another that knows the same keys.
fn two() -> (Fixture, Arc<Store>, Fixture, Arc<Store>) {
    let (one, two) = (Fixture::new(), Fixture::new());
    let open = |fixture: &Fixture, previous: &[u8]| {
        Store::open(fixture.config_with_keys(keys(1, previous)), fixture.registry.clone()).unwrap()
    };
    let (owner, other) = (open(&one, &[]), open(&two, &[2]));
    (one, owner, two, other)
}

#[test]
fn pages_are_opened_elsewhere() {
    let (_one, owner, _two, other) = two();
    for codec in CODECS {
        let id = write(&owner, codec, &pages());
        let foreign = other.foreign(&header(&owner, id)).expect("the keys are the same");
        assert_eq!((foreign.key(), foreign.owner()), ((id, 1), owner.node()));
        for number in 0..pages().len() as u32 {
            let page = foreign.page(number, sealed(&owner, id, number)).unwrap();
            assert_page(&format!("{codec:?}, page {number}"), &page, number, &pages());
        }
        assert_eq!(owner.stats().pages_sent, pages().len() as u64 * (1 + codec as u64));
        assert_eq!(owner.stats().pages_read, 0, "the owner opens none of them");
    }
}

#[test]
fn what_is_not_there_is_said_as_for_pages() {
    let (one, owner, _two, _other) = two();
    let id = write(&owner, Codec::None, &pages());
    let ask = |id, generation, number| block_on(owner.sealed_page(id, generation, number, NOW)).map(drop);
    assert!(matches!(ask(id, 1, 4), Err(PageError::NoSuchPage { pages: 4 })));
    assert!(matches!(ask(id, 2, 0), Err(PageError::OtherGeneration { current: 1 })));
    assert!(matches!(ask(ResultId::from_bytes([1; 16]), 1, 0), Err(PageError::Unknown)));
    let mut writer = owner.create(new_result(Codec::None)).unwrap();
    let waits = block_on(owner.sealed_page(writer.id(), 1, 0, Duration::from_millis(20)));
    assert!(matches!(waits, Err(PageError::NotYet)));
    writer.page(sample(0, 2)).unwrap();
    let waits = block_on(owner.sealed_page(writer.id(), 1, 0, Duration::from_secs(60)));
    assert!(waits.is_ok());
    writer.cancel();
    assert!(owner.touch(id, 1));
    assert!(!owner.touch(id, 2));
    one.advance(16 * 60);
    assert!(matches!(ask(id, 1, 0), Err(PageError::Expired)));
    assert!(matches!(block_on(owner.header(id, 1)), Err(PageError::Expired)));
    assert!(!owner.touch(id, 1));
}

#[test]
fn reading_elsewhere_slides_the_expiry() {
    let (one, owner, _two, _other) = two();
    let id = write(&owner, Codec::None, &pages());
    let touched = write(&owner, Codec::None, &pages());
    let left = write(&owner, Codec::None, &pages());
    for _ in 0..4 {
        one.advance(10 * 60);
        sealed(&owner, id, 0);
        owner.touch(touched, 1);
        owner.sweep();
    }
    assert!(owner.info(id).is_some() && owner.info(touched).is_some());
    assert!(owner.info(left).is_none());
}

#[test]
fn a_header_opens_only_whole_and_with_its_key() {
    let (_one, owner, _two, other) = two();
    let id = write(&owner, Codec::Deflate, &pages());
    let header = header(&owner, id);
    let strange = Fixture::new();
    let stranger = Store::open(strange.config_with_keys(keys(9, &[])), strange.registry.clone()).unwrap();
    assert!(stranger.foreign(&header).is_none(), "another cluster");
    for at in 0..header.len() {
        let mut altered = header.clone();
        altered[at] ^= 1;
        assert!(other.foreign(&altered).is_none(), "byte {at}");
        assert!(other.foreign(&header[..at]).is_none(), "cut at {at}");
    }
}

/// Every byte of a page on the wire is flipped, and it is cut everywhere.
#[test]
fn an_altered_page_is_never_taken() {
    let (_one, owner, _two, other) = two();
    for codec in CODECS {
        let small = vec![sample(0, 4), sample(1, 3), sample(2, 1)];
        let id = write(&owner, codec, &small);
        let foreign = other.foreign(&header(&owner, id)).unwrap();
        let good = sealed(&owner, id, 1);
        assert_page("as it is", &foreign.page(1, good.clone()).unwrap(), 1, &small);
        for at in 0..good.index.len() {
            let mut altered = good.clone();
            altered.index[at] ^= 1;
            refused(&foreign, 1, altered, &format!("{codec:?}, index byte {at}"));
        }
        for at in 0..good.segments.len() {
            let mut altered = good.clone();
            altered.segments[at] ^= 1;
            // The checksum is for those who hold no key, and changes nothing that is read.
            if let Ok(page) = foreign.page(1, altered) {
                assert_page(&format!("{codec:?}, byte {at}"), &page, 1, &small);
            }
            let cut = SealedPage { segments: good.segments[..at].to_vec().into(), ..good.clone() };
            refused(&foreign, 1, cut, &format!("{codec:?}, cut at {at}"));
        }
        for (what, number) in [("an earlier", 0), ("a later", 2)] {
            refused(&foreign, number, good.clone(), &format!("{codec:?}, as {what} page"));
            let mixed = SealedPage { segments: sealed(&owner, id, number).segments, ..good.clone() };
            refused(&foreign, 1, mixed, &format!("{codec:?}, with the bytes of {what} page"));
        }
        let twin = write(&owner, codec, &small);
        refused(&foreign, 1, sealed(&owner, twin, 1), &format!("{codec:?}, of another result"));
    }
}

#[track_caller]
fn refused(foreign: &Foreign, number: u32, page: SealedPage, what: &str) {
    let opened: Result<StoredPage, PageError> = foreign.page(number, page);
    assert!(matches!(opened, Err(PageError::Corrupt(_))), "{what}: {opened:?}");
}
