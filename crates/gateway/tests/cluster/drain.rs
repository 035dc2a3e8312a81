//! Nodes that end in good order hand over what they hold: nobody who reads notices, however many of them go.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nextlink_testkit::cluster::{Cluster, ask};
use nextlink_testkit::http;
use nextlink_testkit::ledger::{Expected, Ledger, read_with};

use crate::copies::{CHANGE, Writer, copied, registered};
use crate::group::{QUICK, ROOT, first_page, follow, plan, slow_to_end};
use crate::site::{big_table, metric, prefer, rows, table, until};

/// Asks one node after another until one takes the connection, as a load balancer does.
fn balanced(bases: &[String], turn: usize, url: &str, headers: &[(&str, &str)]) -> http::Answer {
    let deadline = Instant::now() + Duration::from_secs(60);
    for attempt in turn.. {
        match ask(&bases[attempt % bases.len()], url, headers) {
            // A node that is being stopped or started.
            Err(_) => assert!(Instant::now() < deadline, "no node takes {url}"),
            Ok(answer) => return answer,
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    unreachable!("there are enough numbers")
}

fn bases(cluster: &Cluster) -> Vec<String> {
    cluster.nodes.iter().map(|node| node.base().to_owned()).collect()
}

/// Reads slowly, from every node in turn.
fn read_slowly(bases: &[String], first: usize, path: &str, rows: u64, read: &AtomicUsize) -> Ledger {
    let maximum = prefer(rows);
    let mut turn = first;
    read_with(&Cluster::url(&[ROOT, path].concat()), |url| {
        if turn > first {
            std::thread::sleep(Duration::from_millis(60));
        }
        let answer = balanced(bases, turn, url, &[("Prefer", &maximum)]);
        turn += 1;
        read.fetch_add(1, Ordering::SeqCst);
        Ok(answer)
    })
}

/// That a reading is whole, and all of it is of one execution.
#[track_caller]
fn whole(ledger: &Ledger, expected: &Expected, what: &str) {
    assert_eq!(ledger.faults(expected), Vec::<String>::new(), "{what}");
    let anew = ledger.entries.iter().filter(|entry| entry.answer.header("nextlink-generation").is_some());
    assert_eq!(anew.count(), 0, "{what}: the snapshot is kept");
}

#[test]
fn a_node_is_drained_under_load() {
    for replicas in [0, 1] {
        let plan = plan(&table(3_000)).cluster(QUICK).cluster(&format!("replicas = {replicas}"));
        let mut cluster = plan.start(3);
        let writer = Writer::start(&cluster, CHANGE);
        let expected = rows((1..=600).filter(|id| id % 50 != 7));
        let bases = bases(&cluster);
        let read: [AtomicUsize; 12] = Default::default();
        let path = "T?$orderby=Id&$filter=Id%20le%20600%20and%20Id%20mod%2050%20ne%207";
        let ledgers: Vec<Ledger> = std::thread::scope(|scope| {
            let reading: Vec<_> = read
                .iter()
                .enumerate()
                .map(|(first, read)| {
                    let bases = &bases;
                    scope.spawn(move || read_slowly(bases, first, path, 20, read))
                })
                .collect();
            until("all read", || read.iter().all(|read| read.load(Ordering::SeqCst) >= 5));
            assert!(cluster.nodes[0].terminate().success());
            reading.into_iter().map(|reading| reading.join().expect("a reading")).collect()
        });
        drop(writer);
        for ledger in &ledgers {
            whole(ledger, &expected, &format!("{replicas} copies"));
        }
        let log = cluster.nodes[0].log();
        assert!(log.contains("stored results handed over moved=4"), "{log}");
        let owners = registered(&cluster, "hex(owner)");
        let mut owners: Vec<_> = owners.into_iter().flatten().collect();
        owners.sort();
        owners.dedup();
        assert_eq!((owners.len(), registered(&cluster, "1").len()), (2, 12), "two nodes have all twelve");
    }
}

/// Every node is restarted, one after the other, while results are read.
#[test]
fn all_nodes_are_restarted_one_after_the_other() {
    let mut cluster = plan(&table(3_000)).cluster(QUICK).start(3);
    let (bases, read) = (bases(&cluster), AtomicUsize::new(0));
    let ledgers: Vec<Ledger> = std::thread::scope(|scope| {
        let reading: Vec<_> = (0..6)
            .map(|first| {
                let (bases, read) = (&bases, &read);
                scope.spawn(move || read_slowly(bases, first, "T?$orderby=Id", 30, read))
            })
            .collect();
        until("all read", || read.load(Ordering::SeqCst) > 30);
        for number in 0..3 {
            assert!(cluster.nodes[number].terminate().success());
            let again = cluster.nodes[number].start_again();
            cluster.nodes[number] = again;
            cluster.acquainted();
        }
        reading.into_iter().map(|reading| reading.join().expect("a reading")).collect()
    });
    for ledger in &ledgers {
        whole(ledger, &rows(1..=3_000), "restarted");
    }
}

/// A result that is still being written is handed over when it is whole.
#[test]
fn what_is_being_written_is_handed_over() {
    const ROWS: u64 = 120_000;
    let mut cluster = plan(&big_table(ROWS, 300)).cluster(QUICK).cluster("replicas = 0").start(2);
    let (page, link) = first_page(&cluster, 0, "Big?$select=Id,Pad&$orderby=Id", 2_000);
    assert_eq!(page["value"].as_array().map(Vec::len), Some(2_000));
    assert!(metric(&cluster.nodes[0], "nextlink_results_writing") > 0.0, "the table is too small");
    assert!(cluster.nodes[0].terminate().success());
    assert!(
        cluster.nodes[0].log().contains("stored results handed over moved=1"),
        "{}",
        cluster.nodes[0].log()
    );
    let ledger = read_with(&link, |url| cluster.ask(1, url, &[]));
    whole(&ledger, &Expected::keys("Id", 2_001..=ROWS), "written meanwhile");
}

/// Administration asks for it: the load balancer is told first, then the node hands over, says so, and ends.
#[test]
fn administration_drains_a_node() {
    let plan = slow_to_end(&table(2_000)).cluster("drain_grace_ms = 5000\ndrain_status = 404");
    let mut cluster = plan.start(2);
    let links: Vec<String> = (0..3).map(|_| first_page(&cluster, 0, "T?$orderby=Id", 100).1).collect();
    copied(&cluster, 1);
    let page = follow(&cluster, 1, &links[0]);
    let drain = cluster.nodes[0].admin_url("/api/admin/system/drain");
    assert_eq!(http::get(&drain, &[]).status, 405);
    let asked = std::thread::spawn(move || http::send("POST", &drain, &[], None).expect("an answer"));
    let ready = cluster.nodes[0].admin_url("/readyz");
    until("it says that it is not ready", || http::get(&ready, &[]).status == 404);
    assert_eq!(http::get(&ready, &[]).text(), "{\"status\":\"draining\"}");
    assert_eq!(cluster.nodes[0].get("/api/healthcheck", &[]).status, 404);
    assert!(follow(&cluster, 0, &links[0]).body == page.body, "it goes on answering");
    let (_, late) = first_page(&cluster, 0, "T?$orderby=G", 100);
    let answer = asked.join().expect("an answer");
    assert_eq!((answer.status, answer.json()), (200, serde_json::json!({ "moved": 4, "left": [] })));
    assert!(cluster.nodes[0].wait().success());
    for link in links.iter().chain([&late]) {
        assert_eq!(follow(&cluster, 1, link).status, 200);
    }
    assert!(follow(&cluster, 1, &links[0]).body == page.body);
    assert_eq!(metric(&cluster.nodes[1], "nextlink_results"), 4.0);
    let alone = http::send("POST", &cluster.nodes[1].admin_url("/api/admin/system/drain"), &[], None);
    let left = alone.expect("an answer").json();
    assert_eq!(
        (&left["moved"], left["left"].as_array().map(Vec::len)),
        (&0.into(), Some(4)),
        "nobody is left"
    );
    cluster.nodes[1].says("not all of them");
}
