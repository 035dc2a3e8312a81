//! Copies in another store: page for page the same, never another page, within quotas, and gone in time.

use std::sync::Arc;

use nextlink_results::{Codec, CopyError, PageError, PageIn, ResultId, Store};

use crate::support::*;

fn pages() -> Vec<PageIn> {
    vec![sample(0, 40), sample(1, 30_000), sample(2, 1), sample(3, 0)]
}

fn open(fixture: &Fixture, change: impl FnOnce(&mut nextlink_results::Quotas)) -> Arc<Store> {
    let mut config = fixture.config_with_keys(keys(1, &[]));
    change(&mut config.quotas);
    Store::open(config, fixture.registry.clone()).unwrap()
}

fn header(store: &Store, id: ResultId) -> Vec<u8> {
    block_on(store.header(id, 1)).unwrap().to_vec()
}

/// A page as a copy takes it, and where.
fn page(store: &Store, id: ResultId, number: u32) -> (u64, Vec<u8>) {
    let sealed = block_on(store.page_to_copy((id, 1), number, NOW)).unwrap();
    (sealed.offset(), [sealed.index.as_slice(), &sealed.segments].concat())
}

#[test]
fn a_copy_is_read_as_the_original() {
    let (one, two) = (Fixture::new(), Fixture::new());
    let (owner, other) = (open(&one, |_| {}), open(&two, |_| {}));
    for codec in CODECS {
        let id = write(&owner, codec, &pages());
        let (_, first) = page(&owner, id, 0);
        other.add_to_copy((id, 1), owner.node(), &[], 0, &[header(&owner, id), first].concat()).unwrap();
        assert!(matches!(block_on(other.page(id, 1, 1, NOW)), Err(PageError::NotYet)), "the rest is to come");
        for number in 1..4 {
            let (offset, bytes) = page(&owner, id, number);
            let copied = other.add_to_copy((id, 1), owner.node(), &[], offset, &bytes).unwrap();
            assert_eq!((copied.pages, copied.offset), (number + 1, offset + bytes.len() as u64 - 32));
        }
        for number in 0..4 {
            assert_page(&format!("{codec:?}"), &read(&other, id, number).unwrap(), number, &pages());
        }
        assert!(other.is_copy(id, 1) && !owner.is_copy(id, 1));
        for end in [".pages", ".index"] {
            let bytes = |fixture: &Fixture| std::fs::read(fixture.file(id, end)).unwrap();
            assert!(bytes(&one) == bytes(&two), "{codec:?}: {end}");
        }
    }
    assert_eq!((other.stats().results, other.stats().replicas), (0, CODECS.len()));
    assert_eq!(two.registry.len(), 0, "the registry is the owner's");
}

#[test]
fn only_the_next_page_is_taken() {
    let (one, two) = (Fixture::new(), Fixture::new());
    let (owner, other) = (open(&one, |_| {}), open(&two, |_| {}));
    let (id, stranger) = (write(&owner, Codec::None, &pages()), write(&owner, Codec::None, &pages()));
    let head = header(&owner, id);
    let (at, first) = page(&owner, id, 0);
    let (behind, second) = page(&owner, id, 1);
    let add = |offset, bytes: &[u8]| other.add_to_copy((id, 1), owner.node(), &[], offset, bytes);
    assert!(matches!(add(at, &first), Err(CopyError::Offset { expected: 0, pages: 0 })));
    let mut altered = head.clone();
    altered[60] ^= 1;
    for (what, bytes) in [
        ("altered", altered),
        ("cut", head[..head.len() - 1].to_vec()),
        ("another one", header(&owner, stranger)),
    ] {
        assert!(matches!(add(0, &bytes), Err(CopyError::Invalid(_))), "{what}");
    }
    assert!(
        matches!(owner.add_to_copy((id, 1), other.node(), &[], 0, &head), Err(CopyError::Invalid(_))),
        "its own"
    );
    add(0, &head).unwrap();
    assert!(matches!(add(0, &head), Err(CopyError::Offset { expected, pages: 0 }) if expected == at));
    assert!(matches!(add(behind, &second), Err(CopyError::Offset { expected, .. }) if expected == at));
    let (_, foreign) = page(&owner, stranger, 0);
    for (what, bytes) in [
        ("another page", second.clone()),
        ("a page of another result", foreign),
        ("a cut one", first[..first.len() - 1].to_vec()),
        ("a cut index", first[..31].to_vec()),
    ] {
        assert!(matches!(add(at, &bytes), Err(CopyError::Invalid(_))), "{what}");
    }
    // What is inside of a page is checked when it is read.
    let mut inside = first.clone();
    *inside.last_mut().unwrap() ^= 1;
    assert_eq!(add(at, &inside).unwrap().pages, 1);
    assert!(matches!(read(&other, id, 0), Err(PageError::Corrupt(_))));
}

#[test]
fn copies_count_in_quotas_and_go() {
    let (one, two) = (Fixture::new(), Fixture::new());
    let owner = open(&one, |_| {});
    let id = write(&owner, Codec::None, &pages());
    let head = header(&owner, id);
    let (at, first) = page(&owner, id, 0);
    let (behind, second) = page(&owner, id, 1);
    let room = head.len() as u64 + first.len() as u64;
    let other = open(&two, |quotas| quotas.node_bytes = room);
    assert_eq!(
        other.add_to_copy((id, 1), owner.node(), &[], 0, &[head.as_slice(), &first].concat()).unwrap().offset,
        behind
    );
    assert!(matches!(other.add_to_copy((id, 1), owner.node(), &[], behind, &second), Err(CopyError::NoRoom)));
    assert_eq!(other.stats().bytes, room, "what was not kept is not counted");
    assert!(other.create(new_result(Codec::None)).is_err(), "copies leave no room for more");
    assert_eq!(read(&other, id, 0).unwrap().rows, 40);
    assert!(at < behind);
    // Read here, and there: each says so once.
    let key = (id, 1);
    assert_eq!(other.take_read(), [(key, vec![owner.node()])]);
    assert_eq!(other.take_read(), []);
    two.advance(14 * 60);
    assert!(other.touch(id, 1));
    assert_eq!(other.take_read(), [], "what another node says goes no further");
    two.advance(14 * 60);
    assert_eq!(other.sweep().expired, 0);
    two.advance(60);
    assert_eq!(other.sweep().expired, 1);
    assert_eq!((other.stats().bytes, two.files().len()), (0, 0));
    assert_eq!(two.registry.count("remove"), 0, "the row is the owner's");
}
