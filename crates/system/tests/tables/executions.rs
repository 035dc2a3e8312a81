//! Executions of a result: who may go on with a lost one, and that only one does.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use nextlink_results::{Continues, Registry, ResultRow, ResultState};

use crate::databases::*;
use crate::results::row;

/// Longer than any machine takes to see that the lease lasts.
const SHORT: Duration = Duration::from_secs(3);

/// The table as a node sees it whose lease lasts so long.
fn registry(open: Open<'_>, id: u8, lease: Duration) -> Arc<dyn Registry> {
    let system = open();
    let facts = Start { lease: Some(lease), ..Start::member(id) }.join(&*system).unwrap();
    system.results(&facts)
}

/// The row of an execution that goes on at page 4 of an earlier one.
fn after(lost: &ResultRow, generation: u32, owner: u8) -> ResultRow {
    let continues = Some(Continues { generation: lost.generation, page: 4 });
    ResultRow { generation, owner: node(owner), continues, ..lost.clone() }
}

#[test]
fn a_lost_result_is_claimed_once_its_lease_is_over() {
    each(|name, open| {
        let (owner, other) = (registry(open, 1, SHORT), registry(open, 2, LEASE));
        let lost = ResultRow { generation: 1, replicas: vec![node(3)], ..row(1, 1) };
        owner.insert(&lost, b"sealed").unwrap();
        let next = after(&lost, 2, 2);
        assert!(!other.claim(&next, b"", 1).unwrap(), "{name}: its owner lives");
        std::thread::sleep(SHORT);
        assert!(!other.claim(&after(&lost, 8, 2), b"", 7).unwrap(), "{name}: there is no such execution");
        assert!(other.claim(&next, b"other", 1).unwrap(), "{name}");
        assert!(!other.claim(&next, b"", 1).unwrap(), "{name}: it is there already");
        let third = after(&lost, 3, 2);
        assert!(!other.claim(&third, b"", 1).unwrap(), "{name}: it is not the last one");
        assert!(other.claim(&third, b"", 2).unwrap(), "{name}: another page of the first one");
        let found = other.generations(lost.id).unwrap();
        let rows: Vec<&ResultRow> = found.iter().map(|one| &one.row).collect();
        assert_eq!(rows, [&lost, &next, &third], "{name}");
        let facts: Vec<_> = found.iter().map(|one| (one.live, &one.header[..])).collect();
        assert_eq!(facts, [(false, &b"sealed"[..]), (true, b"other"), (true, b"")], "{name}");
        let mut continued = owner.continued().unwrap();
        continued.retain(|(id, _)| *id == lost.id);
        assert_eq!(continued.len(), 2, "{name}");
        assert_eq!(
            other.continued().unwrap().len(),
            owner.continued().unwrap().len(),
            "{name}: for all nodes"
        );
        assert_eq!(other.kept_by(node(3)).unwrap(), [lost, next, third], "{name}");
        assert_eq!(other.kept_by(node(1)).unwrap(), [], "{name}");
    });
}

#[test]
fn an_owner_that_says_that_it_failed_is_not_waited_for() {
    each(|name, open| {
        let (owner, other) = (registry(open, 1, LEASE), registry(open, 2, LEASE));
        let lost = ResultRow { generation: 1, ..row(1, 1) };
        owner.insert(&lost, b"").unwrap();
        assert!(!other.claim(&after(&lost, 2, 2), b"", 1).unwrap(), "{name}");
        assert!(owner.claim(&after(&lost, 2, 1), b"", 1).unwrap(), "{name}: it may go on itself");
        let failed = ResultRow { state: ResultState::Failed, pages: 5, ..lost.clone() };
        owner.update(&failed).unwrap();
        assert!(!other.claim(&after(&lost, 3, 2), b"", 2).unwrap(), "{name}: it has that page");
        owner.update(&ResultRow { pages: 4, ..failed }).unwrap();
        assert!(other.claim(&after(&lost, 3, 2), b"", 2).unwrap(), "{name}");
    });
}

/// Many nodes want the same; one gets it. A node that was taken over gets nothing.
#[test]
fn one_of_many_claims() {
    each(|name, open| {
        let owner = registry(open, 1, Duration::from_millis(1));
        let lost = ResultRow { generation: 1, ..row(1, 1) };
        owner.insert(&lost, b"").unwrap();
        std::thread::sleep(Duration::from_millis(50));
        let old = registry(open, 9, LEASE);
        let others: Vec<_> = (10..16).map(|id| registry(open, id, LEASE)).collect();
        let _taken_over = registry(open, 9, LEASE);
        assert!(!old.claim(&after(&lost, 2, 9), b"", 1).unwrap(), "{name}: it is no more");
        let together = Barrier::new(others.len());
        let won: usize = std::thread::scope(|scope| {
            let trying: Vec<_> = others
                .iter()
                .zip(10..)
                .map(|(other, id)| {
                    let (together, lost) = (&together, &lost);
                    scope.spawn(move || {
                        together.wait();
                        usize::from(other.claim(&after(lost, 2, id), b"", 1).unwrap())
                    })
                })
                .collect();
            trying.into_iter().map(|trying| trying.join().unwrap()).sum()
        });
        assert_eq!(won, 1, "{name}");
        assert_eq!(owner.generations(lost.id).unwrap().len(), 2, "{name}");
    });
}

#[test]
fn a_result_is_handed_over_by_its_owner_alone() {
    each(|name, open| {
        let (one, two) = (registry(open, 1, LEASE), registry(open, 2, LEASE));
        let held = ResultRow { replicas: vec![node(2)], ..row(5, 1) };
        one.insert(&held, b"").unwrap();
        let key = (held.id, held.generation);
        assert!(!two.take_over(key, node(3)).unwrap(), "{name}: it is another one's");
        assert!(!two.take_over((held.id, 99), node(1)).unwrap(), "{name}: there is no such execution");
        assert!(two.take_over(key, node(1)).unwrap(), "{name}");
        assert!(!two.take_over(key, node(1)).unwrap(), "{name}: it has been");
        assert_eq!(one.owned_by(node(1)).unwrap(), [], "{name}");
        // Whoever has a copy has it still.
        let moved = ResultRow { owner: node(2), ..held };
        assert_eq!(one.owned_by(node(2)).unwrap(), [moved], "{name}");
    });
}

#[test]
fn what_nobody_removes_is_removed_in_time() {
    each(|name, open| {
        let (gone, lives) = (registry(open, 1, Duration::from_millis(1)), registry(open, 2, LEASE));
        let later = 4_000_000_000_000;
        let kept = ResultRow { expires_ms: later, absolute_ms: later, ..row(1, 1) };
        gone.insert(&kept, b"").unwrap();
        gone.insert(&row(2, 1), b"").unwrap();
        gone.insert(&ResultRow { expires_ms: later, ..row(3, 1) }, b"").unwrap();
        lives.insert(&row(4, 2), b"").unwrap();
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(lives.remove_lost().unwrap(), 2, "{name}: the idle one, and the old one");
        assert_eq!(lives.owned_by(node(1)).unwrap(), [kept], "{name}");
        assert_eq!(lives.owned_by(node(2)).unwrap().len(), 1, "{name}: its owner removes it");
    });
}
