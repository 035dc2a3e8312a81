//! Sources: one revision for all of them, and no change that was made without the last one being known.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};

use nextlink_results::{ResultId, ResultRow};
use nextlink_system::{SourceChange, SourceRow, System};

use crate::databases::*;
use crate::results::row;

fn put(name: &str, sealed: &[u8]) -> SourceChange {
    SourceChange::Put { name: name.into(), sealed: sealed.into() }
}

fn gone(name: &str) -> SourceChange {
    SourceChange::Remove { name: name.into() }
}

/// Names, revisions and contents.
fn rows(system: &dyn System) -> (u64, Vec<(String, u64, Vec<u8>)>) {
    let roll = system.sources().unwrap();
    let one = |row: SourceRow| (row.name, row.revision, row.sealed);
    (roll.revision, roll.rows.into_iter().map(one).collect())
}

#[test]
fn changes_are_made_in_steps_that_others_see() {
    each(|name, open| {
        let (one, two) = (open(), open());
        let revisions = || [one.roll().unwrap().sources_revision, two.roll().unwrap().sources_revision];
        assert_eq!((rows(&*one), revisions()), ((0, vec![]), [0, 0]), "{name}");
        let first = [put("b", b"\0\xff"), put("A", b"x")];
        assert_eq!(one.change_sources(&first, 0).unwrap(), Some(1), "{name}");
        let expected = vec![("A".into(), 1, b"x".to_vec()), ("b".into(), 1, b"\0\xff".to_vec())];
        assert_eq!((rows(&*two), revisions()), ((1, expected.clone()), [1, 1]), "{name}");
        for stale in [0, 2] {
            assert_eq!(two.change_sources(&[gone("b")], stale).unwrap(), None, "{name}");
        }
        assert_eq!(rows(&*one), (1, expected), "{name}: nothing happened");
        // Another way to write the name is the same source.
        assert_eq!(two.change_sources(&[put("a", b"y")], 1).unwrap(), Some(2), "{name}");
        assert_eq!(rows(&*one).1[0], ("a".into(), 2, b"y".to_vec()), "{name}");
        assert_eq!(two.change_sources(&[gone("B"), put("c", b"z")], 2).unwrap(), Some(3), "{name}");
        assert_eq!(
            rows(&*one),
            (3, vec![("a".into(), 2, b"y".to_vec()), ("c".into(), 3, b"z".to_vec())]),
            "{name}"
        );
        assert_eq!((two.change_sources(&[gone("b")], 3).unwrap(), revisions()), (Some(4), [4, 4]), "{name}");
        let row = &one.sources().unwrap().rows[0];
        assert!(row.changed_ms > 1_700_000_000_000, "{name}: {row:?}");
    });
}

#[test]
fn the_results_of_a_removed_source_are_not_known_any_more() {
    each(|name, open| {
        let system = open();
        let registry = open().results(&Start::member(1).join(&*system).unwrap());
        let of = |byte: u8, source: &str| ResultRow {
            id: ResultId::from_bytes([byte; 16]),
            source: source.into(),
            ..row(byte, 1)
        };
        for (byte, source) in [(1, "Shop"), (2, "shop"), (3, "shops")] {
            registry.insert(&of(byte, source), b"").unwrap();
        }
        system.change_sources(&[put("Shop", b"")], 0).unwrap();
        assert_eq!(registry.owned_by(node(1)).unwrap().len(), 3, "{name}");
        system.change_sources(&[gone("sHop")], 1).unwrap();
        assert_eq!(registry.owned_by(node(1)).unwrap(), [of(3, "shops")], "{name}");
    });
}

/// Many change the sources at one time: each change is made once, and none is made on what it did not know.
#[test]
fn changes_at_one_time_come_one_behind_the_other() {
    const WRITERS: u64 = 5;
    const EACH: u64 = 8;
    each(|name, open| {
        let (barrier, lost) = (Barrier::new(WRITERS as usize), AtomicU64::new(0));
        let write = &|writer: u64| {
            let system = open();
            barrier.wait();
            for turn in 0..EACH {
                loop {
                    let known = system.sources().unwrap().revision;
                    let change = put(&["s", &writer.to_string()].concat(), &turn.to_le_bytes());
                    match system.change_sources(&[change], known).unwrap() {
                        Some(next) => break assert_eq!(next, known + 1, "{name}"),
                        None => lost.fetch_add(1, Ordering::Relaxed),
                    };
                }
            }
        };
        std::thread::scope(|scope| {
            (0..WRITERS).for_each(|writer| drop(scope.spawn(move || write(writer))));
        });
        let (revision, all) = rows(&*open());
        assert_eq!((revision, all.len() as u64), (WRITERS * EACH, WRITERS), "{name}");
        assert!(all.iter().all(|(_, _, sealed)| *sealed == (EACH - 1).to_le_bytes()), "{name}: {all:?}");
        let mut last: Vec<u64> = all.iter().map(|(_, revision, _)| *revision).collect();
        last.sort_unstable();
        last.dedup();
        assert_eq!(last.len() as u64, WRITERS, "{name}: each change has a revision of its own");
    });
}

#[test]
fn nodes_say_what_they_serve() {
    each(|name, open| {
        let system = open();
        let facts = Start::member(1).join(&*system).unwrap();
        let said = || system.roll().unwrap().nodes[0].sources.clone();
        assert_eq!(said(), None, "{name}");
        system.tell(node(1), facts.party(), "all").unwrap();
        assert_eq!(said().as_deref(), Some("all"), "{name}");
        let again = Start::member(1).join(&*system).unwrap();
        assert_eq!(said(), None, "{name}: a new start has said nothing yet");
        system.tell(node(1), facts.party(), "old").unwrap();
        assert_eq!(said(), None, "{name}: what was taken over says nothing any more");
        system.tell(node(1), again.party(), "new").unwrap();
        assert_eq!(said().as_deref(), Some("new"), "{name}");
    });
}
