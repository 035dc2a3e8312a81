//! Registrations: names, boots, leases, and what happens when two want the same.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use nextlink_results::peer::Party;
use nextlink_results::{NodeId, Registration};
use nextlink_system::{Beat, JoinError, NodeState};

use crate::databases::*;
use crate::results::row;

const SHORT: Duration = Duration::from_millis(300);
/// Longer than any machine takes from the start to the first beat of the heart.
const FIRST: Duration = Duration::from_secs(4);

#[test]
fn each_start_of_a_node_is_counted() {
    each(|name, open| {
        for boot in 1..4 {
            let system = open();
            let first = Start::alone(1).join(&*system).unwrap();
            assert_eq!((first.boot, first.name.as_str(), first.address), (boot, "n1", None), "{name}");
            let other = Start::alone(boot as u8 + 10).join(&*system).unwrap();
            assert_eq!((other.boot, other.name), (1, format!("n{}", boot + 1)), "{name}: each has its own");
        }
    });
}

#[test]
fn what_is_registered_is_read_by_others() {
    each(|name, open| {
        let (one, two) = (open(), open());
        let start = Start { name: Some("left"), ..Start::member(1) };
        let facts = start.join(&*one).unwrap();
        let roll = two.roll().unwrap();
        let row = roll.find(node(1)).expect(name);
        assert_eq!(
            (&row.facts, row.signature.as_slice(), row.state),
            (&facts, b"left".as_slice(), NodeState::Up)
        );
        assert_eq!(row.heartbeat_ms, Some(row.started_ms), "{name}");
        let left = roll.lease_left(row);
        assert!(left <= LEASE && left > LEASE - Duration::from_secs(20), "{name}: {left:?}");
        assert!(roll.now_ms >= row.started_ms, "{name}");
    });
}

#[test]
fn a_lease_lasts_while_the_heart_beats() {
    each(|name, open| {
        let system = open();
        let facts = Start { lease: Some(FIRST), ..Start::member(1) }.join(&*system).unwrap();
        let left = || {
            let roll = system.roll().unwrap();
            (roll.lease_left(&roll.nodes[0]), roll.nodes[0].clone())
        };
        for pause in [Duration::ZERO, FIRST, SHORT] {
            std::thread::sleep(pause);
            let beat = system.beat(node(1), facts.party(), NodeState::Up, LEASE).unwrap();
            assert_eq!(beat, Beat::Kept, "{name}");
            let (left, row) = left();
            assert!(left > LEASE - Duration::from_secs(20), "{name}: {left:?}");
            let since = row.heartbeat_ms.map(|beat| beat - row.started_ms);
            assert!(since >= Some(pause.as_millis() as u64), "{name}: {row:?}");
        }
        let beat = system.beat(node(1), facts.party(), NodeState::Draining, SHORT).unwrap();
        assert_eq!(beat, Beat::Kept, "{name}");
        assert_eq!(left().1.state, NodeState::Draining, "{name}");
        std::thread::sleep(SHORT);
        assert_eq!(left().0, Duration::ZERO, "{name}");
        let again = || system.beat(node(1), facts.party(), NodeState::Up, LEASE).unwrap();
        assert_eq!([again(), again()], [Beat::Lapsed, Beat::Kept], "{name}: nobody took it over");
    });
}

#[test]
fn a_node_with_a_live_lease_is_not_started_elsewhere() {
    each(|name, open| {
        let (one, two) = (open(), open());
        let first = Start::member(1).join(&*one).unwrap();
        let copy = Start { address: Some(ELSEWHERE), ..Start::member(1) };
        match copy.join(&*two) {
            Err(JoinError::Held { address, left, .. }) => {
                assert_eq!(address, HERE, "{name}");
                assert!(left > LEASE - Duration::from_secs(20), "{name}: {left:?}");
            }
            other => panic!("{name}: {other:?}"),
        }
        // The one that listens at the same address now: the earlier process is gone.
        let again = Start::member(1).join(&*one).unwrap();
        assert_eq!((again.boot, again.name.as_str()), (2, "n1"), "{name}");
        let party = |facts: &nextlink_results::peer::NodeFacts| facts.party();
        let beat = |id, party| one.beat(node(id), party, NodeState::Up, LEASE).unwrap();
        assert_eq!(beat(1, party(&first)), Beat::TakenOver, "{name}: it is fenced");
        one.beat(node(1), party(&again), NodeState::Down, Duration::ZERO).unwrap();
        // The end of the lease was told.
        let moved = copy.join(&*two).unwrap();
        assert_eq!((moved.boot, moved.address.as_deref()), (3, Some(ELSEWHERE)), "{name}");
        assert_eq!(beat(1, party(&again)), Beat::TakenOver, "{name}: it is fenced");
        let wrong = [
            Party { boot: moved.boot + 1, ..moved.party() },
            Party { registration: Registration::generate().unwrap(), ..moved.party() },
        ];
        for wrong in wrong {
            assert_eq!(beat(1, wrong), Beat::TakenOver, "{name}: {wrong:?}");
        }
        assert_eq!(beat(2, moved.party()), Beat::TakenOver, "{name}: another node");
    });
}

#[test]
fn names_are_of_one_node_each() {
    each(|name, open| {
        let system = open();
        let named = |id, name| Start { name: Some(name), ..Start::member(id) };
        named(1, "n2").join(&*system).unwrap();
        for (id, expected) in [(2, "n1"), (3, "n3"), (2, "n1")] {
            assert_eq!(Start::member(id).join(&*system).unwrap().name, expected, "{name}: {id}");
        }
        match named(4, "n3").join(&*system) {
            Err(JoinError::NameTaken { name: taken, other }) => {
                assert_eq!((taken.as_str(), other), ("n3", node(3)), "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(named(3, "right").join(&*system).unwrap().name, "right", "{name}: it may change");
        assert_eq!(named(4, "n3").join(&*system).unwrap().name, "n3", "{name}: it is free now");
        // A node that is gone for good leaves its name to the one that takes its place.
        let row = system.roll().unwrap().find(node(4)).unwrap().clone();
        system.beat(node(4), row.facts.party(), NodeState::Down, Duration::ZERO).unwrap();
        assert_eq!(named(5, "n3").join(&*system).unwrap().name, "n3", "{name}");
        assert!(system.roll().unwrap().find(node(4)).is_none(), "{name}");
        assert_eq!(Start::member(4).join(&*system).unwrap().boot, 1, "{name}: it comes back as a new one");
    });
}

#[test]
fn nodes_that_live_are_not_forgotten() {
    each(|name, open| {
        let system = open();
        let facts = Start::member(1).join(&*system).unwrap();
        system.forget(node(1), facts.registration).unwrap();
        assert_eq!(system.roll().unwrap().nodes.len(), 1, "{name}: its lease is not over");
        system.beat(node(1), facts.party(), NodeState::Down, Duration::ZERO).unwrap();
        system.forget(node(1), Registration::generate().unwrap()).unwrap();
        assert_eq!(system.roll().unwrap().nodes.len(), 1, "{name}: another registration");
        system.forget(node(1), facts.registration).unwrap();
        assert_eq!(system.roll().unwrap().nodes.len(), 0, "{name}");
    });
}

#[test]
fn nodes_that_were_away_for_long_are_forgotten_with_their_last_result() {
    each(|name, open| {
        let system = open();
        let start = |id, lease| Start { lease: Some(lease), ..Start::member(id) }.join(&*system).unwrap();
        let (away, owner) = (start(1, SHORT), start(2, SHORT));
        let lives = start(3, LEASE);
        Start::alone(4).join(&*system).unwrap();
        let known = || {
            let mut ids: Vec<NodeId> = system.roll().unwrap().nodes.iter().map(|row| row.facts.id).collect();
            ids.sort_by_key(|id| *id.as_bytes());
            ids
        };
        Arc::clone(&system).results(&owner).insert(&row(9, 2), b"").unwrap();
        std::thread::sleep(SHORT * 2);
        assert_eq!(system.forget_unseen(LEASE).unwrap(), 0, "{name}: they were there not long ago");
        assert_eq!(system.forget_unseen(SHORT).unwrap(), 1, "{name}");
        assert_eq!(known(), [2, 3, 4].map(node), "{name}: one has a result, one lives, one is alone");
        assert_eq!(Arc::clone(&system).results(&lives).remove_lost().unwrap(), 1, "{name}: it has expired");
        assert_eq!(system.forget_unseen(SHORT).unwrap(), 1, "{name}");
        assert_eq!(known(), [3, 4].map(node), "{name}");
        assert_eq!(
            system.beat(away.id, away.party(), NodeState::Up, LEASE).unwrap(),
            Beat::TakenOver,
            "{name}"
        );
    });
}

/// Several nodes start at one time on a database that has no tables yet: one of them makes them.
#[test]
fn nodes_start_at_the_same_time() {
    const NODES: u8 = 6;
    each(|name, open| {
        let barrier = Barrier::new(usize::from(NODES));
        let start = &|id| {
            barrier.wait();
            Start::member(id).join(&*open()).unwrap().name
        };
        let mut names: Vec<String> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..NODES).map(|id| scope.spawn(move || start(id))).collect();
            started.into_iter().map(|node| node.join().unwrap()).collect()
        });
        names.sort();
        let expected: Vec<String> = (1..=NODES).map(|number| format!("n{number}")).collect();
        assert_eq!(names, expected, "{name}");
    });
}
