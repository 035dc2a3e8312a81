//! An upgrade node by node: the schema of the system database goes ahead of nodes that run, and of one that starts again.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use nextlink_testkit::cluster::Cluster;
use nextlink_testkit::ledger::Expected;
use nextlink_testkit::postgres;

use crate::group::{QUICK, first_page, follow, plan};
use crate::site::{prefer, row, table, until};

/// What a node of a later version does at its start: a further step of the schema, under the lock of all such nodes.
fn step(number: u32, sql: &str) -> String {
    format!(
        "BEGIN; SELECT pg_advisory_xact_lock(x'6e78746c6e6b0001'::bigint); {sql};
        INSERT INTO nextlink_migrations (version, name, applied_on, checksum)
            VALUES ({number}, 'later', '2030-01-01T00:00:00Z', '1'); COMMIT;"
    )
}

#[test]
fn nodes_serve_all_pages_while_the_schema_goes_ahead() {
    let database = postgres::server().database("upgrade");
    let ca = format!("system_ca = \"{}\"", postgres::server().ca().display());
    let plan = plan(&table(1_200)).system(&database.url()).cluster(&ca).cluster(QUICK);
    let mut cluster = plan.start(3);
    let (_, link) = first_page(&cluster, 2, "T?$orderby=G", 100);
    let page = follow(&cluster, 1, &link);
    let expected = || Expected::rows(&["Id"], (1..=1_200).map(row));
    let known = database.query("SELECT max(version) FROM nextlink_migrations");
    let known: u32 = known[0][0].as_deref().and_then(|text| text.parse().ok()).expect("a version");
    let (stop, read) = (AtomicBool::new(false), AtomicUsize::new(0));
    let maximum = prefer(100);
    let headers = [("Prefer", maximum.as_str())];
    // Readers of those two nodes that run all through.
    let reader = |cluster: &Cluster, node: usize| {
        let mut faults = Vec::new();
        while !stop.load(Ordering::SeqCst) {
            let url = Cluster::url("/api/odata4/s/T?$orderby=Id");
            let ledger = nextlink_testkit::ledger::read_with(&url, |url| cluster.ask(node, url, &headers));
            faults.extend(ledger.faults(&expected()));
            read.fetch_add(1, Ordering::SeqCst);
        }
        faults
    };
    let mut third = cluster.nodes.pop().expect("a node");
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|node| {
                scope.spawn({
                    let (reader, cluster) = (&reader, &cluster);
                    move || reader(cluster, node)
                })
            })
            .collect();
        let further = || {
            let wanted = read.load(Ordering::SeqCst) + 4;
            until("results are read", || read.load(Ordering::SeqCst) >= wanted);
        };
        further();
        let sql = "ALTER TABLE nodes ADD COLUMN later text; ALTER TABLE results ADD COLUMN later text;
            ALTER TABLE sources ADD COLUMN later text; CREATE TABLE later (a int)";
        database.run(&step(known + 1, sql));
        further();
        // One of this version is started again behind it, and keeps what it has.
        third.kill();
        let again = third.start_again();
        assert!(crate::group::listed(&again).iter().all(|node| node["state"] == "up"));
        let token = nextlink_testkit::cluster::ask(again.base(), &link, &[]).expect("an answer");
        assert!(token.body == page.body, "{}", token.text());
        third = again;
        further();
        // A later step is not for this version: it does not start any more, those that run go on.
        let reader_is = format!("UPDATE schema_reader SET reader = {}", known + 2);
        database.run(&step(known + 2, &reader_is));
        further();
        let said = crate::membership::run(&plan, 3, "").1;
        assert!(said.contains("was changed by a later version"), "{said}");
        assert!(said.contains(&format!("knows step {}", known + 2)), "{said}");
        further();
        stop.store(true, Ordering::SeqCst);
        for reader in readers {
            assert_eq!(reader.join().expect("a reader"), Vec::<String>::new());
        }
    });
    cluster.nodes.push(third);
    for node in 0..3 {
        assert!(follow(&cluster, node, &link).body == page.body);
    }
}
