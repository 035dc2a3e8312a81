//! Pages are asked of nodes that do not hold them.

use std::time::{Duration, Instant};

use nextlink_testkit::http;
use nextlink_testkit::ledger::Expected;
use nextlink_testkit::postgres;
use nextlink_testkit::sqlite::sqlite;

use crate::faults::none_waited;
use crate::group::{QUICK, ROOT, each, first_page, follow, plan};
use crate::site::{big_table, metric, prefer, refusal, rows, table, until};

/// A client that echoes no cookie, behind a load balancer that gives each request to the next node.
#[test]
fn any_node_serves_any_page() {
    each(&table(3_000), |name, cluster| {
        let forms: [&[(&str, &str)]; 2] = [&[], &[("Accept-Encoding", "gzip")]];
        for form in forms {
            for (path, expected) in [
                ("T?$count=true&$orderby=Id", rows(1..=3_000)),
                ("T?$orderby=Id%20desc&$filter=Id%20gt%20500", rows((501..=3_000).rev())),
                ("T?$orderby=Id&$top=1000&$select=Id", Expected::keys("Id", 1..=1_000u64)),
            ] {
                let maximum = prefer(100);
                let mut headers = form.to_vec();
                headers.push(("Prefer", &maximum));
                let ledger = cluster.read_all(&[ROOT, path].concat(), &headers);
                cluster.check(&ledger, &expected, &headers);
                let gzip = ledger.entries[1].answer.header("content-encoding");
                assert_eq!(gzip, (!form.is_empty()).then_some("gzip"), "{name}: {path}");
            }
        }
        let total = |metric_name| cluster.nodes.iter().map(|node| metric(node, metric_name)).sum::<f64>();
        let fetched = total("nextlink_peer_pages_total");
        assert!(fetched > 30.0, "{name}: {fetched} pages came from other nodes");
        let sent = total("nextlink_result_pages_sent_total");
        assert!(sent >= fetched, "{name}: {sent} pages were sent, {fetched} came");
        assert_eq!(total("nextlink_results"), 6.0, "{name}: each result is stored once");
    });
}

/// The first page goes out while the rest is being written; other nodes wait for the pages behind it.
#[test]
fn pages_are_waited_for_on_other_nodes() {
    const ROWS: u64 = 60_000;
    let cluster = plan(&big_table(ROWS, 300)).start(2);
    for turn in 0..4 {
        let ledger = cluster.read_all(&[ROOT, "Big?$select=Id,Pad&$orderby=Id"].concat(), &[]);
        let faults = ledger.faults(&Expected::keys("Id", 1..=ROWS));
        assert!(faults.is_empty(), "turn {turn}: {faults:?}");
    }
}

/// What others write meanwhile is in no page.
#[test]
fn all_pages_are_of_one_moment() {
    let cluster = plan(&table(2_000)).start(3);
    let (_, mut link) = first_page(&cluster, 0, "T?$orderby=Id&$count=true", 100);
    let text = std::fs::read_to_string(cluster.plan.config_file(0)).expect("the configuration is there");
    let database = text.split("sqlite:").nth(1).and_then(|rest| rest.split('"').next()).expect("a source");
    let mut ids = Vec::new();
    for turn in 1.. {
        let change = format!(
            "DELETE FROM T WHERE Id % 20 = {turn}; INSERT INTO T VALUES ({}, 0, 'new'); UPDATE T SET G = 5000",
            turn as i64 - 100_000
        );
        sqlite(database.as_ref(), &change);
        let page = follow(&cluster, turn % 3, &link).json();
        assert_eq!(page["@odata.count"], 2_000);
        ids.extend(page["value"].as_array().expect("rows").iter().map(|row| row["Id"].as_u64()));
        match page["@odata.nextLink"].as_str() {
            Some(next) => link = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(ids, (101..=2_000).map(Some).collect::<Vec<_>>());
}

#[test]
fn the_same_link_is_asked_of_all_nodes_at_once() {
    let cluster = plan(&table(2_000)).start(3);
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 200);
    let expected = follow(&cluster, 0, &link);
    assert_eq!(expected.status, 200);
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..100)
            .map(|turn| {
                let (cluster, link) = (&cluster, &link);
                scope.spawn(move || follow(cluster, turn % 3, link))
            })
            .collect();
        for answer in asked {
            let answer = answer.join().expect("an answer");
            assert!(answer.body == expected.body, "{}", answer.text());
        }
    });
}

/// Tokens are as good, and as bad, on every node.
#[test]
fn tokens_are_checked_on_every_node() {
    let cluster = plan(&table(500)).start(3);
    let (_, link) = first_page(&cluster, 0, "T?$orderby=G&$select=Id", 50);
    let (before, token) = link.split_once("$skiptoken=").expect("a token");
    let (route, sealed) = token.split_once("--").expect("a route");
    let first = if sealed.starts_with('A') { "B" } else { "A" };
    let bad = [
        ("another order", link.replace("$orderby=G", "$orderby=Id"), (400, "BadSkipToken")),
        ("an option less", link.replace("&$select=Id", ""), (400, "BadSkipToken")),
        ("another set", link.replace("/T?", "/U?"), (400, "BadSkipToken")),
        ("cut", format!("{before}$skiptoken={}", &token[..token.len() - 1]), (400, "BadSkipToken")),
        ("forged", format!("{before}$skiptoken={route}--{first}{}", &sealed[1..]), (400, "BadSkipToken")),
    ];
    for node in 0..3 {
        assert_eq!(follow(&cluster, node, &link).status, 200, "node {node}");
        for (what, link, (status, code)) in &bad {
            let answer = follow(&cluster, node, link);
            assert_eq!(refusal(&answer), (*status, (*code).to_owned()), "node {node}: {what}");
        }
        let xml = cluster.ask(node, &link, &[("Accept", "application/xml")]).expect("an answer");
        assert_eq!(refusal(&xml), (406, "NotAcceptable".to_owned()), "node {node}");
    }
    // A token of one source on another that is the same database.
    let stranger = plan(&table(500)).start(1);
    assert_eq!(refusal(&follow(&stranger, 0, &link)), (410, "ResultGone".to_owned()), "another cluster");
}

/// What the owner would answer is answered by every node.
#[test]
fn what_is_gone_is_gone_everywhere() {
    let cluster = plan(&table(500)).cluster("replicas = 0").start(3);
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 50);
    assert_eq!(follow(&cluster, 1, &link).status, 200);
    let results = cluster.plan.data_dir(0).join("results");
    for file in std::fs::read_dir(&results).expect("results").map(|file| file.expect("a file").path()) {
        if file.extension().is_some_and(|end| end == "pages") {
            std::fs::write(&file, "damaged").expect("it can be written");
        }
    }
    let answers: Vec<_> = (0..3).map(|node| refusal(&follow(&cluster, node, &link))).collect();
    assert_eq!(answers, vec![(500, "ResultDamaged".to_owned()); 3]);
}

/// No page needs the system database: neither one that is ended nor one that hangs matters.
#[test]
fn paging_goes_on_while_the_system_database_is_away() {
    let mut server = postgres::private();
    let database = server.url("postgres");
    let ca = format!("system_ca = \"{}\"", server.ca().display());
    let plan = plan(&table(3_000)).system(&database).cluster(QUICK).cluster(&ca);
    let cluster = plan.start(3);
    let maximum = prefer(100);
    let headers = [("Prefer", maximum.as_str())];
    let read = || {
        let ledger = cluster.read_all(&[ROOT, "T?$orderby=Id"].concat(), &headers);
        cluster.check(&ledger, &rows(1..=3_000), &headers);
        ledger
    };
    let before = read();
    for away in ["killed", "paused"] {
        if away == "killed" {
            server.kill();
        } else {
            server.pause();
        }
        // Longer than the leases last.
        std::thread::sleep(Duration::from_millis(4_500));
        let mut times = Vec::new();
        for node in 0..3 {
            let again = before.reread(|url| {
                let asked = Instant::now();
                let page = cluster.ask(node, url, &headers);
                times.push(asked.elapsed());
                page
            });
            assert_eq!(again, Vec::<String>::new(), "{away}: node {node}");
        }
        none_waited(&times, away);
        // New results are stored and read, too.
        read();
        if away == "killed" {
            server.start();
        } else {
            server.resume();
        }
        until("all nodes are alive again", || {
            let answer = http::get(&cluster.nodes[0].admin_url("/api/admin/system/nodes"), &[]);
            answer.status == 200
                && answer.json()["nodes"]
                    .as_array()
                    .is_some_and(|nodes| nodes.len() == 3 && nodes.iter().all(|node| node["state"] == "up"))
        });
        read();
    }
    let failures: f64 =
        cluster.nodes.iter().map(|node| metric(node, "nextlink_heartbeat_failures_total")).sum();
    assert!(failures >= 3.0, "the system database was not away");
}

#[test]
fn an_owner_that_is_gone_is_waited_for_and_comes_back() {
    let mut cluster = plan(&table(2_000)).cluster("replicas = 0").start(2);
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 200);
    let page = follow(&cluster, 1, &link);
    assert_eq!(page.status, 200);
    cluster.nodes[0].kill();
    let lost = follow(&cluster, 1, &link);
    assert_eq!(refusal(&lost), (503, "OwnerUnreachable".to_owned()));
    assert!(lost.header("retry-after").is_some());
    let again = cluster.nodes[0].start_again();
    cluster.nodes[0] = again;
    until("the owner is found again", || follow(&cluster, 1, &link).status == 200);
    assert!(follow(&cluster, 1, &link).body == page.body);
    assert!(follow(&cluster, 0, &link).body == page.body);
}

/// Nothing of the internal API is on the public port or the administration port.
#[test]
fn internal_paths_are_on_no_other_port() {
    let cluster = plan(&table(10)).start(1);
    let node = &cluster.nodes[0];
    for path in
        ["/internal/v1/ping", "/internal/v1/results", "/internal", "/INTERNAL/v1/ping", "//internal/v1/ping"]
    {
        assert_eq!(node.get(path, &[]).status, 404, "{path}");
        assert_eq!(http::get(&node.admin_url(path), &[]).status, 404, "{path}, administration");
    }
    let other: Vec<u16> = ["/", "/api/odata4/s/", "/metrics", "/healthz", "/api/admin/system/nodes"]
        .map(|path| http::get(&[node.cluster_base(), path].concat(), &[]).status)
        .into();
    assert_eq!(other, [401; 5], "nothing else is on the internal port");
}
