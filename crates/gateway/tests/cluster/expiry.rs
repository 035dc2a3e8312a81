//! What has expired is gone from all nodes: files, rows, copies, reserved bytes; however much it is.

use std::time::{Duration, Instant};

use nextlink_testkit::cluster::{Cluster, Plan};
use nextlink_testkit::sqlite::sqlite;

use crate::copies::{copied, files, registered};
use crate::group::{PROGRAM, SHORT, SOONER, first_page, follow};
use crate::site::{metric, refusal, table, until};

/// Time between two looks of a reader.
const PAUSE: Duration = Duration::from_millis(100);

/// Nodes that keep results for a few seconds.
fn plan(results: &str) -> Plan {
    let plan = Plan::new(PROGRAM);
    let database = plan.dir().join("s.db");
    sqlite(&database, &table(2_000));
    plan.settings(&format!(
        "[results]\nmin_free_mib = 0\n{results}\n[sources.s]\nurl = \"sqlite:{}\"",
        database.display()
    ))
    .cluster("drain_grace_ms = 100")
}

/// That one result is left, with the copies that are to be there, and nothing of any other.
#[track_caller]
fn only_one_is_left(cluster: &Cluster, nodes: &[usize], files_left: usize) {
    let held = |node: &usize| files(cluster, *node).len();
    until("nothing else is there", || nodes.iter().map(held).sum::<usize>() == files_left);
    until("its row is the only one", || registered(cluster, "1").len() == 1);
    let sum = |name: &str| nodes.iter().map(|node| metric(&cluster.nodes[*node], name)).sum::<f64>();
    until("nodes know of nothing else", || {
        sum("nextlink_result_copies") + sum("nextlink_results") == files_left as f64 / 2.0
    });
    let bytes: usize =
        nodes.iter().flat_map(|node| files(cluster, *node).into_values()).map(|b| b.len()).sum();
    until("what is reserved is what is there", || sum("nextlink_results_bytes") == bytes as f64);
}

/// What was read and what was not, and what a lost node had: all of it is gone in time.
#[test]
fn all_nodes_forget_what_has_expired() {
    // Nine seconds.
    let plan = plan("idle_minutes = 0.15\nsweep_seconds = 1").cluster(SHORT).cluster("replicas = 2");
    let mut cluster = plan.start(3);
    let links: Vec<String> = (0..3).map(|node| first_page(&cluster, node, "T?$orderby=Id", 100).1).collect();
    copied(&cluster, 2);
    // A node is lost, and one result is read on a node that does not own it for longer than the others are kept.
    cluster.nodes[2].kill();
    until("the others are gone", || {
        let page = follow(&cluster, 1, &links[0]);
        assert_eq!(page.status, 200, "{}", page.text());
        std::thread::sleep(PAUSE);
        registered(&cluster, "1").len() == 1
    });
    only_one_is_left(&cluster, &[0, 1], 4);
    for node in 0..2 {
        for link in &links[1..] {
            assert_eq!(refusal(&follow(&cluster, node, link)), (410, "ResultGone".to_owned()));
        }
    }
}

/// Hundreds of results go at the same time, and whoever reads another one does not notice.
#[test]
fn hundreds_of_results_expire_at_once() {
    const RESULTS: f64 = 900.0;
    // They expire one after the other, and are removed together.
    let cluster = plan("idle_minutes = 0.1\nsweep_seconds = 20").cluster("replicas = 1").start(3);
    let held = || (0..3).map(|node| metric(&cluster.nodes[node], "nextlink_results")).sum::<f64>();
    until("so many are held at one time", || {
        std::thread::scope(|scope| {
            for node in 0..3 {
                let cluster = &cluster;
                scope.spawn(move || {
                    (0..50).for_each(|_| drop(first_page(cluster, node, "T?$orderby=Id&$top=150", 100)));
                });
            }
        });
        held() >= RESULTS
    });
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 100);
    let page = follow(&cluster, 1, &link);
    let mut turn = 0;
    until("all others are gone", || {
        let asked = Instant::now();
        assert!(follow(&cluster, turn % 3, &link).body == page.body);
        assert!(asked.elapsed() < SOONER, "a page took {:?} meanwhile", asked.elapsed());
        std::thread::sleep(PAUSE);
        turn += 1;
        held() == 1.0
    });
    only_one_is_left(&cluster, &[0, 1, 2], 4);
}
