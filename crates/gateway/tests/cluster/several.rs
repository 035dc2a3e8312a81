//! Batches, and answers that come later, behind HAProxy: whichever node gets what, and whichever is gone.

use std::time::{Duration, Instant};

use nextlink_testkit::balancer::{Balancer, Program};
use nextlink_testkit::cluster::{Cluster, HOST, ask};
use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::ledger::read_with;
use serde_json::{Value, json};

use crate::balancers::start;
use crate::group::{QUICK, ROOT, plan};
use crate::parts::{json_parts, multipart, multipart_parts};
use crate::site::{prefer, rows, table, until};

const SHIPPED: &str = "haproxy/haproxy.cfg";

#[track_caller]
fn post(balancer: &Balancer, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let url = [balancer.base(), path].concat();
    http::send("POST", &url, &[&[("Host", HOST)], headers].concat(), Some(body.as_bytes()))
        .expect("an answer")
}

/// Each part pages as a plain request does: its links lead any client on, below a path too.
#[test]
fn parts_have_pages_on_any_node() {
    let settings = "[server]\ntrusted_proxies = [\"127.0.0.1\"]";
    let cluster = plan(&table(1_000)).cluster(QUICK).settings(settings).start(3);
    for root in [ROOT.to_owned(), ["/odata", ROOT].concat()] {
        let balancer = start(&cluster, Program::Haproxy, SHIPPED, &["prefix"]);
        let whole = Cluster::url(&[&root, "T?$filter=Id%20gt%20500&$orderby=Id"].concat());
        let urls = ["T?$orderby=Id&$count=true", &whole, "/T?$orderby=Id%20desc", &[&root, "T(7)"].concat()];
        let text = multipart(
            "b",
            urls.iter().map(|url| {
                (None, format!("GET {url} HTTP/1.1\r\nHost:evil\r\nPrefer:{}\r\n\r\n", prefer(90)))
            }),
        );
        let requests: Vec<Value> = urls
            .iter()
            .enumerate()
            .map(|(id, url)| json!({ "id": id.to_string(), "method": "get", "url": url, "headers": { "prefer": prefer(90) } }))
            .collect();
        let path = [&root, "$batch"].concat();
        for turn in 0..3 {
            let forged = ("X-Forwarded-Host", "evil.example");
            let one =
                post(&balancer, &path, &[("Content-Type", "multipart/mixed;boundary=b"), forged], &text);
            let other = json!({ "requests": requests }).to_string();
            let other = post(&balancer, &path, &[("Content-Type", "application/json"), forged], &other);
            for parts in [multipart_parts(&one), json_parts(&other)] {
                assert_eq!(parts.len(), 4, "{root}, {turn}");
                assert_eq!(parts[3].json()["Id"], 7, "{root}, {turn}");
                let expected = [rows(1..=1_000), rows(501..=1_000), rows((1..=1_000).rev())];
                for (part, expected) in parts.iter().zip(&expected) {
                    // The first page is what the part holds; a client goes on with its links.
                    let mut first = Some(Answer {
                        status: part.status,
                        headers: part.headers.clone(),
                        body: part.body.clone(),
                    });
                    let ledger = read_with(&Cluster::url(&[&root, "T"].concat()), |url| match first.take() {
                        Some(answer) => Ok(answer),
                        None => ask(balancer.base(), url, &[]),
                    });
                    let faults = ledger.faults(expected);
                    assert!(faults.is_empty(), "{root}, {turn}: {faults:?}");
                    for link in ledger.links() {
                        assert!(link.starts_with(&Cluster::url(&[&root, "T?"].concat())), "{link}");
                    }
                }
            }
        }
    }
}

/// Asks for an answer later; the address of its monitor.
#[track_caller]
fn begin(balancer: &Balancer, path: &str, headers: &[(&str, &str)]) -> String {
    let url = Cluster::url(&[ROOT, path].concat());
    let headers = [&[("Prefer", "respond-async"), ("OData-MaxVersion", "4.01")], headers].concat();
    let answer = ask(balancer.base(), &url, &headers).expect("an answer");
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.header("location").expect("a location").to_owned()
}

const NEWER: &[(&str, &str)] = &[("OData-MaxVersion", "4.01")];

/// The answer of a monitor, asked of a node until it is there.
#[track_caller]
fn settled(cluster: &Cluster, node: usize, location: &str) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = cluster.ask(node, location, NEWER).expect("an answer");
        if !matches!(answer.status, 202 | 503) {
            return answer;
        }
        assert!(Instant::now() < deadline, "there is no answer: {}", answer.text());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn any_node_tells_of_an_answer() {
    let mut cluster = plan(&table(1_000)).cluster(QUICK).start(3);
    let balancer = start(&cluster, Program::Haproxy, SHIPPED, &[]);
    let told = |cluster: &Cluster, location: &str, nodes: &[usize]| {
        let answers: Vec<Answer> = nodes.iter().map(|node| settled(cluster, *node, location)).collect();
        for answer in &answers {
            assert_eq!(
                (answer.status, answer.header("asyncresult")),
                (200, Some("200")),
                "{}",
                answer.text()
            );
            assert_eq!(answer.body, answers[0].body);
        }
        answers[0].clone()
    };
    let read = |cluster: &Cluster, location: &str, nodes: &[usize]| {
        let mut first = Some(told(cluster, location, nodes));
        let ledger = read_with(&Cluster::url(&[ROOT, "T"].concat()), |url| match first.take() {
            Some(answer) => Ok(answer),
            None => cluster.ask(nodes[0], url, NEWER),
        });
        let faults = ledger.faults(&rows((1..=1_000).rev()));
        assert!(faults.is_empty(), "{faults:?}");
    };
    let path = "T?$orderby=Id%20desc&$count=true";
    for _ in 0..4 {
        let location = begin(&balancer, path, &[("Prefer", "maxpagesize=300")]);
        assert!(location.starts_with(&Cluster::url(&[ROOT, "$async?$skiptoken=n"].concat())), "{location}");
        read(&cluster, &location, &[0, 1, 2]);
        let answer = ask(balancer.base(), &location, NEWER).expect("an answer");
        assert_eq!(answer.header("asyncresult"), Some("200"), "{}", answer.text());
    }
    // So does it of what is no collection.
    for path in ["T(5)", "T/$count"] {
        let location = begin(&balancer, path, &[]);
        told(&cluster, &location, &[0, 1, 2]);
    }
    // A copy tells of it when its node is gone.
    let location = begin(&balancer, path, &[("Prefer", "maxpagesize=300")]);
    let (_, owner) = location.split_once("$skiptoken=n").expect("a route");
    let owner: usize = owner[..1].parse::<usize>().expect("a number") - 1;
    settled(&cluster, owner, &location);
    let others: Vec<usize> = (0..3).filter(|node| *node != owner).collect();
    let copies = |cluster: &Cluster| -> f64 {
        others.iter().map(|node| crate::site::metric(&cluster.nodes[*node], "nextlink_result_copies")).sum()
    };
    until("all results have copies", || copies(&cluster) >= 1.0);
    crate::site::settled(&cluster.nodes[owner]);
    std::thread::sleep(Duration::from_secs(1));
    cluster.nodes[owner].kill();
    read(&cluster, &location, &others);
}

/// What runs on one node is ended by another one.
#[test]
fn any_node_ends_what_runs() {
    let settings = "[limits]\nqueries = 1\nqueue_seconds = 0";
    let goods = "CREATE TABLE Categories (ID INTEGER PRIMARY KEY);
        CREATE TABLE Products (ID INTEGER PRIMARY KEY, Weight DOUBLE, CategoryID INTEGER REFERENCES Categories (ID));
        INSERT INTO Categories VALUES (1), (2);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO Products SELECT i, i, 1 + i % 2 FROM n;";
    let cluster = plan(goods).cluster(QUICK).settings(settings).start(3);
    let balancer = start(&cluster, Program::Haproxy, SHIPPED, &[]);
    let endless = "Products?$filter=Category/Products/any(p:p/Category/Products/any(q:\
        q/Category/Products/any(r:r/Weight%20gt%201e301)))";
    let counted = endless.replacen("Products?", "Products/$count?", 1);
    for (number, path) in [endless, &counted, endless].into_iter().enumerate() {
        let location = begin(&balancer, path, &[]);
        let (_, owner) = location.split_once("$skiptoken=n").expect("a route");
        let owner: usize = owner[..1].parse::<usize>().expect("a number") - 1;
        let other = (owner + 1 + number % 2) % 3;
        let url = cluster.nodes[other].url(&location[location.find("/api").expect("a path")..]);
        let answer = http::send("DELETE", &url, &[("Host", HOST)], None).expect("an answer");
        assert_eq!(answer.status, 204, "{}", answer.text());
        for node in 0..3 {
            let answer = cluster.ask(node, &location, NEWER).expect("an answer");
            assert_eq!(answer.status, 410, "{}", answer.text());
        }
        let url = Cluster::url(&[ROOT, "Products?$top=1"].concat());
        until("its turn is free again", || {
            cluster.ask(owner, &url, &[]).is_ok_and(|answer| answer.status == 200)
        });
    }
}
