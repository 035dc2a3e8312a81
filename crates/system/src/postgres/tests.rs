//! Upgrades: what nodes of an earlier version do while one of a later version brings the schema up to date, and behind it.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use nextlink_results::{NodeId, Recovery, Registration, ResultId, ResultRow, ResultState};
use nextlink_testkit::postgres;

use super::*;
use crate::node::{Beat, Join, NodeState, Nodes as _};
use crate::source::{SourceChange, Sources as _};

/// What nodes of the schema of two steps write and read, in their own words.
const OLD_JOIN: &str = "INSERT INTO nodes AS n
    (id, registration, boot, name, address, state, mac, started_ms, heartbeat_ms, lease_ms)
    SELECT $1, $1, 1, 'old', '10.0.0.1:8190', 'up', $1, t.now, t.now, t.now + 60000
    FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now) AS t";
const OLD_BEAT: &str = "UPDATE nodes SET heartbeat_ms = t.now, lease_ms = t.now + 60000, state = 'up'
    FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now) AS t
    WHERE id = $1 AND registration = $1 AND boot = 1";
const OLD_ROLL: &str = "SELECT t.now, n.id, n.registration, n.boot, n.name, n.address, n.mac, n.state, n.started_ms,
    n.heartbeat_ms, n.lease_ms FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now) AS t
    LEFT JOIN nodes AS n ON true ORDER BY n.name, n.id";
const OLD_INSERT: &str = "INSERT INTO results (id, generation, owner, state, \"user\", source, recovery, pages, rows, bytes,
    created_ms, expires_ms, absolute_ms, replicas, continues_generation, continues_page, header)
    SELECT decode(md5($2::text), 'hex'), 1, $1, 'writing', 'u', 's', 'key', 0, 0, 300, 1, 2, 3, NULL, NULL, NULL, NULL
    WHERE EXISTS (SELECT 1 FROM nodes WHERE id = $1 AND boot = 1)";

fn ca() -> std::path::PathBuf {
    postgres::server().ca()
}

/// A pool on a database whose schema has the first steps only.
fn earlier(url: &str, steps: usize) -> (Bridge, Pool) {
    let (bridge, pool) =
        (Bridge::start().unwrap(), connect::pool(connect::config(url).unwrap(), Some(&ca())));
    let pool = pool.unwrap();
    later(&bridge, &pool, &connect::STEPS[..steps]);
    (bridge, pool)
}

/// What a version with these steps does at its start.
fn later(bridge: &Bridge, pool: &Pool, steps: &'static [(&'static str, &'static str)]) {
    let pool = pool.clone();
    bridge.wait(async move { connect::migrate(&pool, steps).await }).unwrap().unwrap();
}

fn row(byte: u8) -> ResultRow {
    ResultRow {
        id: ResultId::from_bytes([byte; 16]),
        generation: 1,
        owner: NodeId::from_bytes([7; 16]),
        state: ResultState::Writing,
        user: "u".into(),
        source: "s".into(),
        recovery: Recovery::Key,
        pages: 0,
        rows: 0,
        bytes: 300,
        created_ms: 1,
        expires_ms: 2,
        absolute_ms: 3,
        replicas: Vec::new(),
        continues: None,
    }
}

fn join(system: &PostgresSystem) -> NodeFacts {
    let (id, registration) = (NodeId::from_bytes([7; 16]), Registration::generate().unwrap());
    let (address, lease) = (Some("10.0.0.7:8190"), Some(Duration::from_secs(60)));
    let join = Join { id, registration, name: None, address, lease, sign: &|_| vec![1] };
    system.join(&join).unwrap()
}

#[test]
fn nodes_of_the_version_before_go_on_while_several_later_ones_start() {
    let database = postgres::server().database("upgrade");
    let url = database.url();
    let (bridge, pool) = earlier(&url, 2);
    let (stop, turns) = (AtomicBool::new(false), AtomicU64::new(0));
    let old = |sql: &'static str, turn: Option<i64>| {
        let pool = pool.clone();
        let done = bridge.wait(async move {
            let connection = pool.get().await.unwrap();
            let id = [1_u8; 16];
            match turn {
                Some(turn) => connection.execute(sql, &[&id.as_slice(), &turn.to_string()]).await,
                None if sql.contains("$1") => connection.execute(sql, &[&id.as_slice()]).await,
                None => connection.query(sql, &[]).await.map(|rows| rows.len() as u64),
            }
        });
        done.unwrap().unwrap_or_else(|error| panic!("{sql}: {}", told(&error)))
    };
    assert_eq!(old(OLD_JOIN, None), 1);
    let barrier = Barrier::new(4);
    let start = || {
        barrier.wait();
        PostgresSystem::open(&url, Some(&ca())).unwrap();
    };
    std::thread::scope(|scope| {
        let running = scope.spawn(|| {
            for turn in 0_i64.. {
                let done = (old(OLD_BEAT, None), old(OLD_INSERT, Some(turn)), old(OLD_ROLL, None));
                assert!(matches!(done, (1, 1, 1..)), "turn {turn}: {done:?}");
                turns.fetch_add(1, Ordering::SeqCst);
                if stop.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        let further = |by: u64| {
            let wanted = turns.load(Ordering::SeqCst) + by;
            while turns.load(Ordering::SeqCst) < wanted && !running.is_finished() {
                std::thread::yield_now();
            }
        };
        further(3);
        let started: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        started.into_iter().for_each(|node| node.join().unwrap());
        further(3);
        stop.store(true, Ordering::SeqCst);
        running.join().unwrap();
    });
    let system = PostgresSystem::open(&url, Some(&ca())).unwrap();
    let roll = system.roll().unwrap();
    assert_eq!((roll.nodes.len(), roll.nodes[0].facts.name.as_str(), roll.sources_revision), (1, "old", 0));
    assert_eq!(system.holdings().unwrap()[0].results, turns.load(Ordering::SeqCst));
}

#[test]
fn this_version_goes_on_and_starts_again_behind_steps_of_a_later_one() {
    const ADDED: &[(&str, &str)] = &[
        connect::STEPS[0],
        connect::STEPS[1],
        connect::STEPS[2],
        (
            "V4__later",
            "ALTER TABLE nodes ADD COLUMN later text; ALTER TABLE results ADD COLUMN later text DEFAULT 'x'; CREATE TABLE later (a int)",
        ),
    ];
    const TAKEN: &[(&str, &str)] =
        &[ADDED[0], ADDED[1], ADDED[2], ADDED[3], ("V5__taken", "UPDATE schema_reader SET reader = 5")];
    assert_eq!(connect::STEPS.len(), 3, "the later steps of this test are behind the last one");
    let database = postgres::server().database("later");
    let url = database.url();
    let running = Arc::new(PostgresSystem::open(&url, Some(&ca())).unwrap());
    let facts = join(&running);
    let works = |system: &Arc<PostgresSystem>, facts: &NodeFacts, byte: u8| {
        let lease = Duration::from_secs(60);
        assert_eq!(system.beat(facts.id, facts.party(), NodeState::Up, lease).unwrap(), Beat::Kept);
        Arc::clone(system).results(facts).insert(&row(byte), b"sealed").unwrap();
        let known = system.sources().unwrap().revision;
        let put = SourceChange::Put { name: "shop".into(), sealed: vec![byte] };
        assert_eq!(system.change_sources(&[put], known).unwrap(), Some(known + 1));
        let roll = system.roll().unwrap();
        assert_eq!((roll.nodes.len(), roll.sources_revision), (1, known + 1));
    };
    works(&running, &facts, 1);
    let (bridge, pool) = earlier(&url, 3);
    later(&bridge, &pool, ADDED);
    works(&running, &facts, 2);
    let again = Arc::new(PostgresSystem::open(&url, Some(&ca())).unwrap());
    let facts = join(&again);
    assert_eq!(facts.boot, 2);
    works(&again, &facts, 3);
    later(&bridge, &pool, TAKEN);
    let refused = PostgresSystem::open(&url, Some(&ca())).unwrap_err();
    assert!(matches!(refused, Error::TooNew { reader: 5, known: 3 }), "{refused}");
    assert!(refused.to_string().contains("start the later version"), "{refused}");
    works(&again, &facts, 4);
}
