//! Links that are used often, in any order, in parallel, after long URLs, and by other programs.

use std::process::{Command, Stdio};

use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::ledger::{Expected, Ledger, read_all};
use serde_json::Value;

use crate::site::{compare, first_page, prefer, read, rows, settled, sizes, start, table, url};

#[test]
fn the_same_link_gives_the_same_bytes_in_parallel() {
    let node = start(&table(2_000), "", "");
    let (_, link) = first_page(&node, "T?$count=true", 300);
    let all: Vec<Answer> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..100).map(|_| scope.spawn(|| http::get(&link, &[]))).collect();
        asked.into_iter().map(|a| a.join().expect("an answer")).collect()
    });
    for (number, answer) in all.iter().enumerate() {
        assert_eq!(answer.status, 200, "{number}: {}", answer.text());
        assert!(answer.body == all[0].body, "{number}: other bytes");
    }
}

#[test]
fn pages_can_be_read_in_any_order_and_two_at_once() {
    let node = start(&table(2_000), "", "");
    let one = read(&node, "T", 100);
    let two = read(&node, "T?$orderby=G&$top=1500", 150);
    one.check(&rows(1..=2_000));
    let backwards: Vec<_> = one.entries[1..].iter().rev().cloned().collect();
    assert_eq!(compare(&backwards, &[], false, "backwards"), 0);
    let count = two.entries.len();
    let shuffled: Vec<_> = (1..count).map(|n| two.entries[1 + n * 7 % (count - 1)].clone()).collect();
    assert_eq!(compare(&shuffled, &[], false, "in disorder"), 0);
    std::thread::scope(|scope| {
        for ledger in [&one, &two, &one, &two] {
            scope.spawn(|| compare(&ledger.entries[1..], &[], false, "at once"));
        }
    });
}

#[test]
fn no_cookie_is_set_and_none_is_needed() {
    let node = start(&table(20), "", "");
    let ledger = read(&node, "T", 5);
    ledger.check(&rows(1..=20));
    for page in &ledger.entries {
        assert_eq!(page.answer.header("set-cookie"), None, "{}", page.url);
    }
    // A cookie of a load balancer, an unknown header and no Prefer change nothing.
    let link = ledger.links()[0];
    let strange = [("Cookie", "SERVERID=b; x=\"y\""), ("X-Custom", "1"), ("User-Agent", "x")];
    assert_eq!(http::get(link, &strange).body, ledger.entries[1].answer.body);
}

#[test]
fn links_are_absolute_and_go_where_the_client_has_asked() {
    let node = start(&table(20), "", "");
    for host in ["data.example.com", "[::1]:8080", "localhost:1"] {
        let first = http::get(&url(&node, "T"), &[("Host", host), ("Prefer", &prefer(5))]).json();
        let link = first["@odata.nextLink"].as_str().expect("a link").to_owned();
        let root = format!("http://{host}");
        assert!(link.starts_with(&format!("{root}/api/odata4/s/T?")), "{link}");
        // Another name of the same service gives the same page, with links to that name.
        let page = http::get(&link.replace(&root, node.base()), &[]).json();
        let next = page["@odata.nextLink"].as_str().expect("a link");
        assert!(next.starts_with(&node.service("s")), "{next}");
    }
}

/// A filter that is true for all rows and about so many characters long.
fn long_filter(length: usize) -> String {
    let part = "%20and%20G%20ge%200";
    format!("G%20ge%200{}", part.repeat(length / part.len()))
}

#[test]
fn links_stay_short() {
    let node = start(&table(300), "", "[limits]\nexpression_depth = 64\n");
    let listed: Vec<String> = (0..900).map(|n| format!("'n%20{n}%20%22%C3%A9'")).collect();
    let cases = [
        ("short", format!("T?$filter={}", long_filter(200)), 300),
        ("1,000 characters", format!("T?$filter={}", long_filter(1_000)), 300),
        (
            "a list",
            format!("T?$filter=Name%20in%20({})&$count=true&$orderby=Id", listed[..400].join(",")),
            300,
        ),
        (
            "a longer list",
            format!("T?$filter=Name%20in%20({})&$select=Id,G,Name", listed[..500].join(",")),
            300,
        ),
        ("1,600 characters", format!("T?$select=Id,G,Name&note={}", "x".repeat(1_600)), 300),
        ("1,700 characters", format!("T?$select=Id,G,Name&note={}", "x".repeat(1_700)), 300),
        ("1,800 characters", format!("T?$select=Id,G,Name&note={}", "x".repeat(1_800)), 300),
        ("10,000 characters", format!("T?$select=Id,G,Name&note={}", "x".repeat(10_000)), 300),
    ];
    let mut short = 0;
    for (what, path, count) in cases {
        let ledger = read(&node, &path, 70);
        ledger.check(&rows(1..=count));
        assert_eq!(sizes(&ledger).len(), 5, "{what}");
        for link in ledger.links() {
            assert!(link.len() < 2_000, "{what}: {} characters", link.len());
            short += usize::from(link.starts_with(&url(&node, "T?$skiptoken=")));
        }
        for page in &ledger.entries[1..] {
            let count = page.answer.json().get("@odata.count").and_then(Value::as_u64);
            assert_eq!(count, path.contains("$count").then_some(300), "{what}");
        }
    }
    assert!(short > 0, "no link was made short");
}

/// Options beside a token that stands for all of them would be ignored: they are refused.
#[test]
fn a_short_link_stands_alone() {
    let node = start(&table(300), "", "");
    let (_, link) = first_page(&node, &format!("T?note={}", "x".repeat(3_000)), 70);
    assert!(link.starts_with(&url(&node, "T?$skiptoken=")), "{link}");
    assert_eq!(http::get(&link, &[]).status, 200);
    for more in ["&$filter=G%20eq%201", "&$top=1", "&Select=Id", "&@a=1", "&$skiptoken=a"] {
        let answer = http::get(&format!("{link}{more}"), &[]);
        assert_eq!(crate::site::refusal(&answer), (400, "BadSkipToken".to_owned()), "{more}");
    }
    // Those that mean nothing may be added, as some clients do.
    assert_eq!(http::get(&format!("{link}&_=17&_=18"), &[]).status, 200);
}

/// What says in which form pages are given stays in a short link, and so do custom options as far as there is room.
#[test]
fn a_short_link_keeps_the_form() {
    let node = start(&table(300), "", "");
    let long = format!("note={}", "x".repeat(3_000));
    for (format, rest) in [
        ("json", ""),
        ("application/json;IEEE754Compatible=true", "apikey=abc"),
        ("application/json;odata.metadata=full", "apikey=a%20b&sap-client=100"),
        ("application/json;odata.metadata=none", ""),
    ] {
        let path = format!("T?{rest}&{long}&$format={format}&$select=Id,G,Name");
        for accept in [&[][..], &[("Accept", "*/*")], &[("Accept", "application/json, text/plain, */*")]] {
            let headers = [accept, &[("Prefer", "maxpagesize=70")]].concat();
            let ledger = read_all(&url(&node, &path), &headers);
            assert_eq!(ledger.rows().count(), 300, "{format} {accept:?}");
            for link in ledger.links() {
                let kept = [format!("$format={format}"), rest.to_owned()];
                assert!(link.len() < 600 && kept.iter().all(|kept| link.contains(kept)), "{link}");
            }
        }
    }
    // Another form than that of the first page cannot be had.
    let (_, link) = first_page(&node, &format!("T?$format=json&{long}"), 70);
    let answer = http::get(&link.replace("=json", "=application/json;odata.metadata=full"), &[]);
    assert_eq!(crate::site::refusal(&answer), (406, "NotAcceptable".to_owned()));
}

#[test]
fn each_page_is_one_gzip_member() {
    let node = start(&table(5_000), "", "");
    let headers = [("Accept-Encoding", "gzip")];
    let ledger: Ledger = read_all(&url(&node, "T?$count=true"), &headers);
    ledger.check(&rows(1..=5_000));
    settled(&node);
    for page in &ledger.entries {
        assert_eq!(page.answer.header("content-encoding"), Some("gzip"), "{}", page.url);
        match filtered("gzip", &["-t"], &page.answer.body) {
            Some((good, _)) => assert!(good, "gzip -t fails for {}", page.url),
            None => println!("skipped: there is no gzip"),
        }
        // curl reads one member and complains about what follows it.
        match filtered("curl", &["-sSf", "--compressed", &page.url], &[]) {
            Some((good, text)) => {
                assert!(good, "curl fails for {}", page.url);
                let text: Value = serde_json::from_slice(&text).expect("JSON");
                let (text, page) = (text["value"].clone(), page.answer.json()["value"].clone());
                assert!(text == page, "curl has other rows");
            }
            None => println!("skipped: there is no curl"),
        }
    }
}

/// Runs a program on some bytes; none where it is not there.
fn filtered(program: &str, args: &[&str], input: &[u8]) -> Option<(bool, Vec<u8>)> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().ok()?;
    let mut to = child.stdin.take().expect("its input is a pipe");
    std::thread::scope(|scope| {
        // It may end without reading all of it.
        scope.spawn(move || std::io::Write::write_all(&mut to, input).unwrap_or_default());
        let output = child.wait_with_output().expect("a child can be waited for");
        Some((output.status.success(), output.stdout))
    })
}

#[test]
fn many_clients_read_at_once() {
    const CLIENTS: u64 = 64;
    let node = start(&table(20_000), "page_rows = 250", "");
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let node = &node;
            scope.spawn(move || {
                let first = client * 200;
                let path = format!("T?$filter=Id%20gt%20{first}&$top=3000&$count={}", client % 2 == 0);
                let mut headers = vec![("Prefer", "odata.maxpagesize=200")];
                if client % 3 == 0 {
                    headers.push(("Accept-Encoding", "gzip"));
                }
                let ledger = read_all(&url(node, &path), &headers);
                let expected = rows(first + 1..=first + 3_000);
                // The count is of all rows that match, not of those that `$top` lets through.
                if let Some(count) = ledger.stated_count() {
                    assert_eq!(count, 20_000 - first, "client {client}");
                }
                let keys = Expected::keys("Id", first + 1..=first + 3_000);
                let faults = ledger.faults(if client % 2 == 0 { &keys } else { &expected });
                let faults: Vec<_> = faults.iter().filter(|f| !f.starts_with("the count is")).collect();
                assert!(faults.is_empty(), "client {client}: {faults:?}");
            });
        }
    });
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.pid())).unwrap_or_default();
    let peak = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or("VmHWM: not told here");
    println!("{CLIENTS} clients: {peak}");
}
