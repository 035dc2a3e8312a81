//! Copies of results on other nodes: complete, served when the owner is not there, and gone with it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nextlink_testkit::cluster::Cluster;
use nextlink_testkit::ledger::{Expected, Ledger, read_with};
use nextlink_testkit::sqlite::sqlite;

use crate::group::{LONG, QUICK, ROOT, SHORT, SOONER, each, each_with, first_page, follow, plan};
use crate::site::{big_table, metric, prefer, refusal, rows, table, until};

/// Files of results of a node, by result and part, with what is in them.
pub fn files(cluster: &Cluster, node: usize) -> BTreeMap<String, Vec<u8>> {
    let dir = cluster.plan.data_dir(node).join("results");
    let paths = std::fs::read_dir(dir).expect("results").map(|file| file.expect("a file").path());
    let named = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.to_owned();
        let parts: Vec<&str> = name.split('.').collect();
        let key = format!("{} {}", parts.first()?, parts.get(3)?);
        Some((key, std::fs::read(&path).unwrap_or_default()))
    };
    paths.filter_map(named).collect()
}

/// Waits until every result that was begun has complete copies.
pub fn copied(cluster: &Cluster, copies: usize) {
    until("the copies are complete", || {
        let writing: f64 = cluster.nodes.iter().map(|node| metric(node, "nextlink_results_writing")).sum();
        let mut all: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        for node in 0..cluster.nodes.len() {
            for (key, bytes) in files(cluster, node) {
                all.entry(key).or_default().push(bytes);
            }
        }
        let same = |each: &Vec<Vec<u8>>| each.len() == copies + 1 && each.iter().all(|one| *one == each[0]);
        writing == 0.0 && !all.is_empty() && all.values().all(same)
    });
}

/// Values of a column of the results in the system database.
pub fn registered(cluster: &Cluster, column: &str) -> Vec<Option<String>> {
    let path = cluster.plan.dir().join("system.db");
    let database = rusqlite::Connection::open(path).expect("the system database");
    database.busy_timeout(Duration::from_secs(5)).expect("a setting");
    let sql = format!("SELECT CAST({column} AS TEXT) FROM results ORDER BY id, generation");
    let mut statement = database.prepare(&sql).expect("a statement");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.map(|row| row.expect("a value")).collect()
}

/// Changes the source all the time, until it is dropped.
pub struct Writer {
    done: std::sync::Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<u64>>,
}

impl Writer {
    pub fn start(cluster: &Cluster, change: &'static str) -> Writer {
        let database = cluster.plan.dir().join("s.db");
        let done = std::sync::Arc::new(AtomicBool::new(false));
        let stop = std::sync::Arc::clone(&done);
        let thread = std::thread::spawn(move || {
            let mut changes = 0;
            while !stop.load(Ordering::Relaxed) {
                sqlite(&database, change);
                changes += 1;
                std::thread::sleep(Duration::from_millis(5));
            }
            changes
        });
        Writer { done, thread: Some(thread) }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        let changes = self.thread.take().map(std::thread::JoinHandle::join);
        if !std::thread::panicking() {
            assert!(changes.is_some_and(|changes| changes.is_ok_and(|changes| changes > 0)));
        }
    }
}

/// What is put in, changed and taken out while a result is read.
pub const CHANGE: &str = "INSERT INTO T SELECT max(Id) + 1, 0, 'new' FROM T;
    DELETE FROM T WHERE Id = (SELECT Id FROM T WHERE Id > 700 ORDER BY random() LIMIT 1);
    UPDATE T SET G = G + 1 WHERE Id % 50 = 7;";

#[test]
fn results_are_copied_to_other_nodes() {
    for (replicas, of_node, of_source) in [
        (0, "replicas = 0", ""),
        (1, "replicas = 1", ""),
        (2, "replicas = 2", ""),
        (0, "replicas = 2", "replicas = 0"),
        (2, "replicas = 0", "replicas = 2"),
        (1, "replicas = 2", "model_text = 'settings: {replicas: 1}'"),
    ] {
        let cluster = plan(&table(3_000)).cluster(of_node).settings(of_source).start(3);
        let ledger = cluster.read_all(&[ROOT, "T?$orderby=Id"].concat(), &[("Prefer", &prefer(100))]);
        assert_eq!(ledger.faults(&rows(1..=3_000)), Vec::<String>::new());
        copied(&cluster, replicas);
        let count = |name| cluster.nodes.iter().map(|node| metric(node, name)).sum::<f64>();
        assert_eq!(count("nextlink_result_copies"), replicas as f64);
        assert_eq!(count("nextlink_copies_given_up_total"), 0.0);
        let named = registered(&cluster, "replicas");
        let named = named[0].as_deref().map_or(0, |text| text.split(',').count());
        assert_eq!(named, replicas, "the registry names them: {of_node}, {of_source}");
    }
}

/// The reading goes on when `fault` befalls the owner after so many pages; how long the longest answer took.
fn read_through(
    cluster: &mut Cluster,
    path: &str,
    at: usize,
    mut fault: impl FnMut(&mut Cluster),
) -> (Ledger, Duration) {
    let (mut turn, mut slowest) = (0, Duration::ZERO);
    let ledger = read_with(&Cluster::url(&[ROOT, path].concat()), |url| {
        if turn == at {
            copied(cluster, 1);
            fault(cluster);
        }
        // The first page is asked of the first node; afterwards the others take turns.
        let node = if turn == 0 { 0 } else { 1 + turn % (cluster.nodes.len() - 1) };
        turn += 1;
        let asked = Instant::now();
        let answer = cluster.ask(node, url, &[("Prefer", &prefer(100))]);
        if turn > 1 {
            slowest = slowest.max(asked.elapsed());
        }
        answer
    });
    (ledger, slowest)
}

#[test]
fn a_killed_or_paused_owner_is_not_missed() {
    for signal in ["KILL", "STOP"] {
        let mut cluster = plan(&table(3_000)).cluster(LONG).start(3);
        let writer = Writer::start(&cluster, CHANGE);
        let path = "T?$orderby=Id&$filter=Id%20le%20600%20and%20Id%20mod%2050%20ne%207";
        let expected = rows((1..=600).filter(|id| id % 50 != 7));
        let (ledger, slowest) = read_through(&mut cluster, path, 3, |cluster| {
            cluster.nodes[0].signal(signal);
        });
        drop(writer);
        assert_eq!(ledger.faults(&expected), Vec::<String>::new(), "{signal}");
        assert!(slowest < SOONER, "{signal}: the owner was waited for, {slowest:?}");
        for node in 1..3 {
            let again = ledger.reread(|url| cluster.ask(node, url, &[("Prefer", &prefer(100))]));
            assert_eq!(again, Vec::<String>::new(), "{signal}: node {node}");
        }
        if signal == "STOP" {
            cluster.nodes[0].signal("CONT");
        }
    }
}

/// Neither the system database nor the owner is there, and the reading goes on.
#[test]
fn copies_are_found_without_the_system_database() {
    each(&table(2_000), |name, mut cluster| {
        let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 100);
        copied(&cluster, 1);
        let page = follow(&cluster, 1, &link);
        if name == "SQLite" {
            let path = cluster.plan.dir().join("system.db");
            for end in ["", "-wal", "-shm"] {
                let file = PathBuf::from(format!("{}{end}", path.display()));
                let _ = std::fs::rename(&file, format!("{}.away", file.display()));
            }
        }
        cluster.nodes[0].kill();
        for node in [1, 2] {
            assert!(follow(&cluster, node, &link).body == page.body, "{name}: node {node}");
        }
    });
}

/// A node that takes no copies keeps nobody waiting.
#[test]
fn a_node_that_takes_no_copy_is_not_waited_for() {
    const ROWS: u64 = 40_000;
    let mut cluster = plan(&big_table(ROWS, 300)).cluster(LONG).start(2);
    cluster.nodes[1].signal("STOP");
    let ledger = read_with(&Cluster::url(&[ROOT, "Big?$select=Id,Pad&$orderby=Id"].concat()), |url| {
        cluster.ask(0, url, &[])
    });
    assert_eq!(ledger.faults(&Expected::keys("Id", 1..=ROWS)), Vec::<String>::new());
    assert_eq!(metric(&cluster.nodes[0], "nextlink_copies_given_up_total"), 0.0, "it was waited for");
    cluster.nodes[1].signal("CONT");
}

#[test]
fn a_node_that_takes_no_copy_is_given_up() {
    let mut cluster = plan(&table(500)).cluster("answer_ms = 300").start(2);
    cluster.nodes[1].signal("STOP");
    first_page(&cluster, 0, "T", 50);
    until("the copy is given up", || metric(&cluster.nodes[0], "nextlink_copies_given_up_total") == 1.0);
    cluster.nodes[1].signal("CONT");
    assert!(registered(&cluster, "replicas")[0].is_some(), "it may have a beginning, and is told of the end");
}

/// A result that is ended leaves nothing on any node.
#[test]
fn copies_end_with_their_result() {
    let cluster = plan(&table(2_000)).cluster("replicas = 2").start(3);
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 100);
    copied(&cluster, 2);
    for node in 1..3 {
        assert_eq!(follow(&cluster, node, &link).status, 200);
    }
    // Nothing is left of it at its owner: as when it is ended there.
    let name =
        files(&cluster, 0).keys().next().expect("a file").split(' ').next().expect("a name").to_owned();
    crate::internal::end(&cluster, 0, &name);
    until("nothing is left", || (0..3).all(|node| files(&cluster, node).is_empty()));
    assert_eq!(registered(&cluster, "1"), []);
    for node in 0..3 {
        assert_eq!(refusal(&follow(&cluster, node, &link)), (410, "ResultGone".to_owned()), "node {node}");
    }
}

/// Copies are taken over by a node that was started anew, and served by it.
#[test]
fn copies_outlast_a_restart_of_their_node() {
    let mut cluster = plan(&table(2_000)).cluster(QUICK).start(2);
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 100);
    copied(&cluster, 1);
    let page = follow(&cluster, 0, &link);
    let again = cluster.nodes[1].start_again();
    cluster.nodes[1] = again;
    assert_eq!(metric(&cluster.nodes[1], "nextlink_result_copies"), 1.0);
    cluster.nodes[0].kill();
    assert!(follow(&cluster, 1, &link).body == page.body);
}

/// A node with a copy is lost, and the next one gets one in its place: then the owner is not missed either.
#[test]
fn a_copy_that_is_lost_is_made_anew() {
    each_with(&table(3_000), QUICK, |name, mut cluster| {
        let writer = Writer::start(&cluster, CHANGE);
        let path = "T?$orderby=Id&$filter=Id%20le%20600%20and%20Id%20mod%2050%20ne%207";
        let (mut turn, mut asked) = (0, 0);
        let ledger = read_with(&Cluster::url(&[ROOT, path].concat()), |url| {
            if turn == 3 {
                copied(&cluster, 1);
                let holder = (1..3).find(|node| !files(&cluster, *node).is_empty()).expect("a copy");
                cluster.nodes[holder].kill();
                asked = 3 - holder;
                until("the next node has it", || files(&cluster, asked) == files(&cluster, 0));
                assert_eq!(metric(&cluster.nodes[0], "nextlink_copies_renewed_total"), 1.0, "{name}");
                cluster.nodes[0].kill();
            }
            turn += 1;
            cluster.ask(asked, url, &[("Prefer", &prefer(100))])
        });
        drop(writer);
        assert_eq!(ledger.faults(&rows((1..=600).filter(|id| id % 50 != 7))), Vec::<String>::new(), "{name}");
        let anew = ledger.entries.iter().filter(|entry| entry.answer.header("nextlink-generation").is_some());
        assert_eq!(anew.count(), 0, "{name}: the snapshot is kept");
    });
}

/// A node that was taken for lost while another one got the copy has none any more when it comes back, and copies are
/// not made anew all the time.
#[test]
fn a_node_that_comes_back_keeps_no_stray_copies() {
    let mut cluster = plan(&table(2_000)).cluster(SHORT).start(3);
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 100);
    copied(&cluster, 1);
    let holder = (1..3).find(|node| !files(&cluster, *node).is_empty()).expect("a copy");
    cluster.nodes[holder].signal("STOP");
    until("the other one has a copy", || files(&cluster, 3 - holder).len() == 2);
    cluster.nodes[holder].signal("CONT");
    until("the stray copy is gone", || files(&cluster, holder).is_empty());
    copied(&cluster, 1);
    for node in 0..3 {
        assert_eq!(follow(&cluster, node, &link).status, 200);
    }
    assert_eq!(metric(&cluster.nodes[0], "nextlink_copies_renewed_total"), 1.0);
}
