//! What nodes share is away, changes, or is not the same: the system database, the keys, the time.

use std::time::{Duration, Instant};

use nextlink_results::keys::MasterKeys;
use nextlink_testkit::cluster::{Cluster, Plan};
use nextlink_testkit::postgres;

use crate::copies::{CHANGE, Writer, copied};
use crate::faults::{generations, none_waited, read, stable};
use crate::group::{QUICK, SHORT, first_page, follow, listed, plan};
use crate::lost::{ALONE, patient};
use crate::site::{metric, table, until};

/// Three leases long nobody can say who lives. Results are read and begun as ever, none is replaced, and afterwards the
/// registry knows what it missed.
#[test]
fn the_system_database_is_down_for_a_while() {
    for replicas in [0, 1] {
        let mut server = postgres::private();
        let database = server.database("outage");
        let url = format!("{}?sslmode=disable", database.url());
        let plan = plan(&table(3_000)).system(&url).cluster(SHORT);
        let mut cluster = plan.cluster(&format!("replicas = {replicas}")).start(3);
        let writer = Writer::start(&cluster, CHANGE);
        let (mut down, mut meanwhile) = (None, None);
        let (ledger, times) = read(&mut cluster, |turn, cluster| match turn {
            4 => {
                copied(cluster, replicas);
                server.kill();
                down = Some(Instant::now());
            }
            5..12 => std::thread::sleep(Duration::from_millis(1_300)),
            12 => {
                let (_, link) = first_page(cluster, 1, "T?$orderby=G", 100);
                assert_eq!(follow(cluster, 1, &link).status, 200, "what is begun meanwhile is stored, too");
                let down = down.map(|down: Instant| down.elapsed());
                assert!(down.is_some_and(|down| down > Duration::from_secs(9)), "{down:?}");
                server.start();
                until("all nodes are up", || {
                    let up = |node: &serde_json::Value| node["state"] == "up";
                    let answer = |node: usize| {
                        let url = cluster.nodes[node].admin_url("/api/admin/system/nodes");
                        nextlink_testkit::http::get(&url, &[]).status
                    };
                    (0..3).all(|node| answer(node) == 200 && listed(&cluster.nodes[node]).iter().all(up))
                });
                meanwhile = Some(link);
            }
            _ => {}
        });
        drop(writer);
        let what = format!("{replicas} copies");
        assert_eq!(ledger.faults(&stable()), Vec::<String>::new(), "{what}");
        assert_eq!(generations(&ledger), 1, "{what}");
        none_waited(&times[3..11], &what);
        let headers = [("Prefer", "odata.maxpagesize=40")];
        for node in 0..3 {
            let again = ledger.reread(|url| cluster.ask(node, url, &headers));
            assert_eq!(again, Vec::<String>::new(), "{what}: node {node}");
        }
        let link = meanwhile.expect("it was begun");
        until("it is served by all", || (0..3).all(|node| follow(&cluster, node, &link).status == 200));
        let numbers = database.query("SELECT max(generation) FROM results");
        assert_eq!(numbers, [[Some("1".to_owned())]], "{what}: nobody took anything over");
        for node in &cluster.nodes {
            let failures = metric(node, "nextlink_heartbeat_failures_total");
            assert!(failures > 0.0, "{what}: it noticed");
            // The log tells of begin, change of cause and end, not of each attempt.
            node.says("heartbeat is back");
            let told = node.log().matches("heartbeat failed").count();
            assert!((1..=10).contains(&told) && told as f64 <= failures, "{what}: {told} of {failures}");
        }
    }
}

/// The keys are changed in three steps, each by a restart of all nodes in turn, while a result is read.
#[test]
fn keys_are_changed_while_a_result_is_read() {
    let plan = plan(&table(3_000)).cluster(QUICK);
    let old = std::fs::read_to_string(plan.key_file()).expect("keys");
    let fresh = plan.dir().join("fresh.keys");
    MasterKeys::make(&fresh).expect("a key");
    let fresh = std::fs::read_to_string(&fresh).expect("keys");
    let (head, old) = old.trim_end().split_once('\n').expect("a key");
    let new = fresh.trim_end().split_once('\n').expect("a key").1;
    let mut cluster = plan.start(3);
    let writer = Writer::start(&cluster, CHANGE);
    let restart = |cluster: &mut Cluster, keys: [&str; 2], number: usize| {
        std::fs::write(plan.key_file(), format!("{head}\n{}\n{}\n", keys[0], keys[1])).expect("keys");
        let again = cluster.nodes[number].start_again();
        cluster.nodes[number] = again;
    };
    let (ledger, _) = read(&mut cluster, |turn, cluster| match turn {
        // Learned by all, a node at a time between two pages.
        3..6 => restart(cluster, [old, new], turn - 3),
        // Used by all.
        6..9 => restart(cluster, [new, old], turn - 6),
        _ => {}
    });
    assert_eq!(ledger.faults(&stable()), Vec::<String>::new());
    assert_eq!(generations(&ledger), 1);
    // The old one is forgotten: what was sealed by it cannot be read any more, all else can.
    std::fs::write(plan.key_file(), format!("{head}\n{new}\n")).expect("keys can be written");
    let (before, _) = read(&mut cluster, |_, _| {});
    for number in 0..3 {
        let again = cluster.nodes[number].start_again();
        cluster.nodes[number] = again;
    }
    drop(writer);
    cluster.acquainted();
    let headers = [("Prefer", "odata.maxpagesize=40")];
    for node in 0..3 {
        let again = before.reread(|url| Ok(patient(&cluster, node, url, &headers)));
        assert_eq!(again, Vec::<String>::new(), "node {node}");
        assert_eq!(follow(&cluster, node, &ledger.entries[1].url).status, 410, "node {node}");
    }
}

/// Nodes whose time of day is an hour ahead and an hour behind. Only the time of the system database counts: for leases,
/// for calls, and for what has expired.
#[test]
fn clocks_of_nodes_are_off_by_an_hour() {
    let database = postgres::server().database("clocks");
    let plan = Plan::new(crate::group::PROGRAM);
    let source = plan.dir().join("s.db");
    crate::group::source(&source, &table(3_000));
    let settings = format!(
        "[results]\nmin_free_mib = 0\nidle_minutes = 0.2\nsweep_seconds = 1\n[sources.s]\nurl = \"sqlite:{}\"",
        source.display()
    );
    let plan = plan.settings(&settings).system(&format!("{}?sslmode=disable", database.url()));
    let plan = plan.cluster(ALONE).cluster("drain_grace_ms = 100");
    let times = ["+1h", "-1h", "+0"];
    for (owner, time) in times.iter().enumerate().take(2) {
        let start = |(number, time)| plan.launch(number, "").off_by(time).start();
        let nodes = times.into_iter().enumerate().map(start).collect();
        let mut cluster = Cluster { plan: plan.clone(), nodes };
        cluster.acquainted();
        let writer = Writer::start(&cluster, CHANGE);
        // All read what any of them has, whatever their clocks say.
        let (ledger, _) = read(&mut cluster, |_, _| {});
        assert_eq!((ledger.faults(&stable()), generations(&ledger)), (Vec::new(), 1), "{time}");
        // What a lost node had is neither gone at once, nor kept for an hour.
        let (_, link) = first_page(&cluster, owner, "T?$orderby=Id", 100);
        cluster.nodes[owner].kill();
        let page = patient(&cluster, 2, &link, &[]);
        assert_eq!(
            (page.status, page.header("nextlink-generation")),
            (200, Some("2")),
            "{time}: {}",
            page.text()
        );
        drop(writer);
        let rows = || database.query("SELECT count(*) FROM results")[0][0].clone();
        until("what has expired is gone", || rows().as_deref() == Some("0"));
    }
}
