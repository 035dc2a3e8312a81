//! Damage on disk: every flipped byte and every cut gives an error or the right page, never wrong
//! bytes.

use std::path::Path;
use std::sync::Arc;

use nextlink_results::{Codec, PageError, PageIn, ResultId, ResultRow, Store};

use crate::support::*;

/// How many of the pages came back right; anything but a right page or a fitting error fails the
/// test.
#[track_caller]
fn check(name: &str, store: &Store, id: ResultId, pages: &[PageIn], reopened: bool) -> usize {
    let mut right = 0;
    for number in 0..pages.len() as u32 {
        let name = format!("{name}, page {number}");
        match read(store, id, number) {
            Ok(page) => {
                assert_page(&name, &page, number, pages);
                right += 1;
            }
            Err(PageError::Corrupt(_)) => {}
            Err(PageError::Unknown | PageError::Incomplete(_)) if reopened => {}
            Err(error) => panic!("{name}: {error}"),
        }
    }
    let beyond = read(store, id, pages.len() as u32);
    match beyond {
        Err(PageError::NoSuchPage { pages: n }) => {
            assert_eq!(n as usize, pages.len(), "{name}: beyond the end")
        }
        Err(PageError::Unknown | PageError::Incomplete(_)) if reopened => {}
        other => panic!("{name}: beyond the end: {other:?}"),
    }
    right
}

fn small_pages() -> Vec<PageIn> {
    vec![sample(0, 4), sample(1, 3), sample(2, 1)]
}

/// Keeps a file's bytes and the registry's rows, to start again from them.
struct Saved {
    pages: Vec<u8>,
    index: Vec<u8>,
    rows: std::collections::HashMap<ResultId, ResultRow>,
}

impl Saved {
    fn take(fixture: &Fixture, id: ResultId) -> (Self, [std::path::PathBuf; 2]) {
        let paths = [fixture.file(id, "pages"), fixture.file(id, "index")];
        let saved = Self {
            pages: std::fs::read(&paths[0]).unwrap(),
            index: std::fs::read(&paths[1]).unwrap(),
            rows: fixture.registry.rows.lock().unwrap().clone(),
        };
        (saved, paths)
    }

    fn restore(&self, fixture: &Fixture, paths: &[std::path::PathBuf; 2]) {
        std::fs::write(&paths[0], &self.pages).unwrap();
        std::fs::write(&paths[1], &self.index).unwrap();
        *fixture.registry.rows.lock().unwrap() = self.rows.clone();
    }
}

fn flip(path: &Path, bytes: &[u8], at: usize, bits: u8) {
    let mut altered = bytes.to_vec();
    altered[at] ^= bits;
    std::fs::write(path, altered).unwrap();
}

#[test]
fn every_flipped_byte_under_a_running_store() {
    for codec in CODECS {
        let fixture = Fixture::new();
        let store = fixture.open();
        let pages = small_pages();
        let id = write(&store, codec, &pages);
        let (saved, paths) = Saved::take(&fixture, id);
        let mut harmless = 0;
        for (path, bytes) in paths.iter().zip([&saved.pages, &saved.index]) {
            for at in 0..bytes.len() {
                for bits in [0x01, 0x80, 0xff] {
                    flip(path, bytes, at, bits);
                    let name = format!("{codec:?}, {}, byte {at} ^ {bits:#x}", path.display());
                    let right = check(&name, &store, id, &pages, false);
                    assert!(right >= 2, "{name}: one page is lost, not {}", 3 - right);
                    harmless += usize::from(right == 3);
                }
            }
            std::fs::write(path, bytes).unwrap();
        }
        // The header is not read again, and the checksum of a segment is for those who hold no key.
        let header = saved.pages.len() - (0..3).map(|page| page_bytes(&saved.index, page)).sum::<usize>();
        assert_eq!(harmless, 3 * (header + 3 * 2 * 4), "{codec:?}: every other byte is noticed");
        assert_eq!(check("at last", &store, id, &pages, false), 3);
        assert!(store.stats().damaged > 1000);
    }
}

/// The length of a page as its index entry says (bytes 20 to 24 of 32).
fn page_bytes(index: &[u8], page: usize) -> usize {
    let at = page * 32 + 20;
    u32::from_le_bytes(index[at..at + 4].try_into().unwrap()) as usize
}

#[test]
fn every_flipped_byte_before_a_restart() {
    for codec in CODECS {
        let fixture = Fixture::new();
        let pages = small_pages();
        let id = write(&fixture.open(), codec, &pages);
        let (saved, paths) = Saved::take(&fixture, id);
        for (path, bytes) in paths.iter().zip([&saved.pages, &saved.index]) {
            for at in 0..bytes.len() {
                saved.restore(&fixture, &paths);
                flip(path, bytes, at, 0x10);
                let name = format!("{codec:?}, {}, byte {at}", path.display());
                check(&name, &fixture.open(), id, &pages, true);
            }
        }
        saved.restore(&fixture, &paths);
        assert_eq!(check("at last", &fixture.open(), id, &pages, true), 3, "{codec:?}");
    }
}

#[test]
fn every_cut_under_a_running_store_and_before_a_restart() {
    for codec in CODECS {
        let fixture = Fixture::new();
        let pages = small_pages();
        let store = fixture.open();
        let id = write(&store, codec, &pages);
        let (saved, paths) = Saved::take(&fixture, id);
        for (path, bytes) in paths.iter().zip([&saved.pages, &saved.index]) {
            for len in 0..bytes.len() {
                std::fs::write(path, &bytes[..len]).unwrap();
                let name = format!("{codec:?}, {} cut to {len}", path.display());
                let right = check(&name, &store, id, &pages, false);
                assert!(right < 3, "{name}: a cut is noticed");
            }
            std::fs::write(path, bytes).unwrap();
        }
        drop(store);
        for (path, bytes) in paths.iter().zip([&saved.pages, &saved.index]) {
            for len in 0..bytes.len() {
                saved.restore(&fixture, &paths);
                std::fs::write(path, &bytes[..len]).unwrap();
                let name = format!("{codec:?}, {} cut to {len}", path.display());
                let right = check(&name, &fixture.open(), id, &pages, true);
                assert!(right < 3, "{name}: a cut is noticed");
            }
        }
    }
}

#[test]
fn damage_anywhere_in_a_page_of_many_segments() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let pages = [sample(0, 90_000), sample(1, 1)];
    for codec in CODECS {
        let id = write(&store, codec, &pages);
        let (saved, paths) = Saved::take(&fixture, id);
        let step = saved.pages.len() / 150;
        let start = saved.pages.len() - page_bytes(&saved.index, 0) - page_bytes(&saved.index, 1);
        for at in (start..saved.pages.len()).step_by(step) {
            flip(&paths[0], &saved.pages, at, 0x04);
            check(&format!("{codec:?}, byte {at}"), &store, id, &pages, false);
        }
    }
}

/// The segments of a page in the file: start and end of each.
fn segments(file: &[u8], from: usize, to: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = from;
    while at < to {
        let len = u32::from_le_bytes(file[at + 12..at + 16].try_into().unwrap()) as usize;
        found.push((at, at + 20 + len));
        at += 20 + len;
    }
    found
}

#[test]
fn swapped_segments_pages_and_index_entries_are_noticed() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let body = |byte: u8| PageIn { rows: 1, body: vec![byte; 3 * 256 * 1024], ..PageIn::default() };
    let pages = [body(b'a'), body(b'a'), body(b'b')];
    let id = write(&store, Codec::None, &pages);
    let (saved, paths) = Saved::take(&fixture, id);
    let len = page_bytes(&saved.index, 0);
    assert_eq!(len, page_bytes(&saved.index, 1), "both pages have one length");
    let start = saved.pages.len() - len - len - page_bytes(&saved.index, 2);

    let parts = segments(&saved.pages, start, start + len);
    assert_eq!(parts.len(), 4, "one of metadata and three of rows");
    let (first, second) = (parts[1], parts[2]);
    let mut swapped = saved.pages.clone();
    swapped[first.0..first.1].copy_from_slice(&saved.pages[second.0..second.1]);
    swapped[second.0..second.1].copy_from_slice(&saved.pages[first.0..first.1]);
    std::fs::write(&paths[0], swapped).unwrap();
    assert_eq!(check("two segments", &store, id, &pages, false), 2);

    let mut swapped = saved.pages.clone();
    swapped[start..start + len].copy_from_slice(&saved.pages[start + len..start + 2 * len]);
    swapped[start + len..start + 2 * len].copy_from_slice(&saved.pages[start..start + len]);
    std::fs::write(&paths[0], swapped).unwrap();
    assert_eq!(check("two pages of the same text", &store, id, &pages, false), 1);
    std::fs::write(&paths[0], &saved.pages).unwrap();

    let mut swapped = saved.index.clone();
    swapped[..32].copy_from_slice(&saved.index[32..64]);
    swapped[32..64].copy_from_slice(&saved.index[..32]);
    std::fs::write(&paths[1], swapped).unwrap();
    assert_eq!(check("two index entries", &store, id, &pages, false), 1);
}

#[test]
fn parts_of_another_result_are_noticed() {
    for codec in CODECS {
        let fixture = Fixture::new();
        let store = fixture.open();
        let pages = small_pages();
        let (one, two) = (write(&store, codec, &pages), write(&store, codec, &pages));
        let (saved, paths) = Saved::take(&fixture, one);
        let (other, _) = Saved::take(&fixture, two);
        assert_eq!(saved.pages.len(), other.pages.len(), "the two differ in keys only");
        let page = page_bytes(&saved.index, 2);
        let at = saved.pages.len() - page;

        let mut spliced = saved.pages.clone();
        spliced[at..].copy_from_slice(&other.pages[at..]);
        std::fs::write(&paths[0], &spliced).unwrap();
        assert_eq!(check("a page", &store, one, &pages, false), 2, "{codec:?}");

        std::fs::write(&paths[0], &other.pages).unwrap();
        assert_eq!(check("all pages", &store, one, &pages, false), 0, "{codec:?}");
        std::fs::write(&paths[1], &other.index).unwrap();
        assert_eq!(check("both files", &store, one, &pages, false), 0, "{codec:?}");
        drop(store);
        // Under its own name but with the header of another: not ours to delete, and not served.
        let store: Arc<Store> = fixture.open();
        assert_eq!(check("both files, later", &store, one, &pages, true), 0, "{codec:?}");
        assert_eq!(check("the other one", &store, two, &pages, true), 3, "{codec:?}");
    }
}

#[test]
fn a_missing_file_is_an_error() {
    for suffix in ["pages", "index"] {
        let fixture = Fixture::new();
        let mut config = fixture.config();
        config.open_results = 1;
        let store = Store::open(config, fixture.registry.clone()).unwrap();
        let pages = small_pages();
        let id = write(&store, Codec::None, &pages);
        std::fs::remove_file(fixture.file(id, suffix)).unwrap();
        assert_eq!(check("while open", &store, id, &pages, false), 3, "{suffix}: open files go on");
        write(&store, Codec::None, &pages);
        assert_eq!(check("when opened again", &store, id, &pages, false), 0, "{suffix}");
    }
}
