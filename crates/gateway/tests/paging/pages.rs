//! What is on which page: boundaries, `$top`, the byte budget, counts, and options that survive in links.

use nextlink_testkit::http;
use nextlink_testkit::ledger::{End, Expected, read_all};
use serde_json::{Value, json};

use crate::site::{
    big_table, files, group, metric, prefer, read, row, rows, settled, sizes, start, table, url,
};

#[test]
fn a_large_table_is_read_to_its_last_row() {
    let node = start(&table(10_001), "", "");
    let ledger = read_all(&url(&node, "T"), &[]);
    ledger.check(&rows(1..=10_001));
    assert_eq!(sizes(&ledger), [2_000, 2_000, 2_000, 2_000, 2_000, 1]);
    let counted = read(&node, "T?$count=true&$orderby=G%20desc,Name", 1_000);
    let mut ids: Vec<u64> = (1..=10_001).collect();
    ids.sort_by_key(|id| (std::cmp::Reverse(group(*id)), format!("n {id} \"é")));
    counted.check(&rows(ids));
    assert_eq!(counted.stated_count(), Some(10_001));
}

#[test]
fn pages_end_where_they_have_to() {
    for (count, page, expected) in [
        (0, 5, vec![0]),
        (1, 5, vec![1]),
        (4, 5, vec![4]),
        (5, 5, vec![5]),
        (6, 5, vec![5, 1]),
        (9, 5, vec![5, 4]),
        (10, 5, vec![5, 5]),
        (11, 5, vec![5, 5, 1]),
        (3, 1, vec![1, 1, 1]),
    ] {
        let node = start(&table(count), "page_rows = 5", "");
        let ledger = read(&node, "T", page);
        assert_eq!(sizes(&ledger), expected, "{count} rows, {page} a page");
        ledger.check(&rows(1..=count));
        let stored = if expected.len() > 1 { 2 } else { 0 };
        assert_eq!(files(&node).len(), stored, "{count} rows, {page} a page: files");
    }
}

#[test]
fn a_client_takes_fewer_rows_but_not_more() {
    let node = start(&table(7), "page_rows = 3", "");
    for (asked, expected, applied) in [
        ("odata.maxpagesize=2", vec![2, 2, 2, 1], Some("odata.maxpagesize=2")),
        ("maxpagesize=2", vec![2, 2, 2, 1], Some("odata.maxpagesize=2")),
        ("odata.maxpagesize=50", vec![3, 3, 1], Some("odata.maxpagesize=3")),
        ("odata.maxpagesize=0", vec![3, 3, 1], None),
        ("odata.maxpagesize=x", vec![3, 3, 1], None),
        ("return=minimal", vec![3, 3, 1], None),
    ] {
        let ledger = read_all(&url(&node, "T"), &[("Prefer", asked)]);
        assert_eq!(sizes(&ledger), expected, "{asked}");
        for page in &ledger.entries {
            assert_eq!(page.answer.header("preference-applied"), applied, "{asked}: {}", page.url);
        }
    }
    // The size of the pages was settled by the first request; a later wish is not followed, and not said to be.
    let first = http::get(&url(&node, "T"), &[("Prefer", "odata.maxpagesize=2")]).json();
    let next = first["@odata.nextLink"].as_str().expect("a link");
    let page = http::get(next, &[("Prefer", "odata.maxpagesize=1")]);
    assert_eq!(page.json()["value"].as_array().map(Vec::len), Some(2));
    assert_eq!(page.header("preference-applied"), None);
    assert_eq!(http::get(next, &[]).header("preference-applied"), None);
}

#[test]
fn top_ends_the_result_and_causes_no_link_of_its_own() {
    let node = start(&table(20), "page_rows = 10", "");
    for (path, page, expected) in [
        ("T?$top=5", 2, vec![2, 2, 1]),
        ("T?$top=4", 2, vec![2, 2]),
        ("T?$top=2", 2, vec![2]),
        ("T?$top=1", 2, vec![1]),
        ("T?$top=0", 2, vec![0]),
        ("T?$top=10", 50, vec![10]),
        ("T?$top=11", 50, vec![10, 1]),
        ("T?$top=500", 50, vec![10, 10]),
        ("T?$top=5&$skip=3", 2, vec![2, 2, 1]),
        ("T?$skip=17", 2, vec![2, 1]),
        ("T?$skip=20", 2, vec![0]),
    ] {
        let ledger = read(&node, path, page);
        assert_eq!(sizes(&ledger), expected, "{path} by {page}");
        let skip = if path.contains("skip=3") {
            3
        } else if path.contains("skip=17") {
            17
        } else {
            0
        };
        let total: usize = expected.iter().sum();
        ledger.check(&rows(skip + 1..=skip + total as u64));
    }
}

#[test]
fn large_rows_close_pages_early() {
    let node = start(&big_table(40, 1_000), "page_rows = 30\npage_bytes = 4096", "");
    let ledger = read_all(&url(&node, "Big?$select=Id,Pad"), &[]);
    ledger.check(&Expected::keys("Id", 1..=40u64));
    assert_eq!(sizes(&ledger), [5; 8], "a page is closed by the row that passes the budget");
    let small = read_all(&url(&node, "Big?$select=Id"), &[]);
    assert_eq!(sizes(&small), [30, 10]);
}

#[test]
fn options_survive_in_the_links() {
    let sql = table(60)
        + "CREATE TABLE C (Id INTEGER NOT NULL PRIMARY KEY, T INT NOT NULL REFERENCES T (Id), N INT NOT NULL);
        INSERT INTO C SELECT Id, Id, G FROM T; INSERT INTO C SELECT Id + 100, Id, G FROM T WHERE Id % 2 = 0;";
    let node = start(&sql, "", "");
    let even: Vec<u64> = (1..=60).filter(|id| group(*id) > 300).collect();
    let mut ids = even.clone();
    ids.sort_by_key(|id| std::cmp::Reverse(group(*id)));
    let only = |id: &u64| json!({ "Id": id, "Name": format!("n {id} \"é") });
    for (path, expected) in [
        (
            "T?$filter=G%20gt%20300&$orderby=G%20desc&$select=Id,Name",
            ids.iter().map(only).collect::<Vec<_>>(),
        ),
        ("T?$filter=G+gt+300&$orderby=G+desc", ids.iter().map(|id| row(*id)).collect()),
        ("T?$filter=G%20gt%20@p&@p=300&$orderby=G%20desc", ids.iter().map(|id| row(*id)).collect()),
        (
            "T?$filter=G%20gt%20300&$orderby=G%20desc&$select=Id&$expand=C($select=Id;$orderby=Id%20desc)",
            ids.iter()
                .map(|id| {
                    let more = (id % 2 == 0).then(|| json!({ "Id": id + 100 }));
                    let c: Vec<Value> = more.into_iter().chain([json!({ "Id": id })]).collect();
                    json!({ "Id": id, "C": c })
                })
                .collect(),
        ),
    ] {
        for level in ["minimal", "none", "full"] {
            let format = format!("&$format=application/json;odata.metadata={level}");
            if level == "full" && path.contains("$expand") {
                // Nested rows have more members than the expected ones.
                continue;
            }
            let path = format!("{path}{format}&$count=true");
            let ledger = read(&node, &path, 7);
            ledger.check(&Expected::rows(&["Id"], expected.clone()));
            assert_eq!(sizes(&ledger).len(), ids.len().div_ceil(7), "{path}");
            for page in &ledger.entries {
                let body = page.answer.json();
                assert_eq!(body["@odata.count"], json!(ids.len()), "{path}: {}", page.url);
                let context = body.get("@odata.context");
                assert_eq!(context, ledger.entries[0].answer.json().get("@odata.context"), "{path}");
                assert_eq!(context.is_none(), level == "none", "{path}");
                let media =
                    |e: &nextlink_testkit::ledger::Entry| e.answer.header("content-type").map(str::to_owned);
                assert_eq!(media(page), media(&ledger.entries[0]), "{path}");
            }
        }
    }
}

#[test]
fn nested_collections_have_links_of_their_own() {
    let sql = table(5)
        + "CREATE TABLE C (Id INTEGER NOT NULL PRIMARY KEY, T INT NOT NULL REFERENCES T (Id), N INT NOT NULL);
        WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 45)
        INSERT INTO C SELECT i, 1 + i % 5, i % 4 FROM c WHERE 1 + i % 5 <> 3;";
    let node = start(&sql, "", "");
    let of = |parent: u64| (1..=45u64).filter(move |i| parent != 3 && 1 + i % 5 == parent);
    type Children = Vec<u64>;
    let cases: [(&str, &dyn Fn(u64) -> Children); 5] = [
        ("T?$expand=C", &|t| of(t).collect()),
        ("T?apikey=a%26b&$expand=C", &|t| of(t).collect()),
        ("T?$expand=C($filter=N%20lt%203;$orderby=Id%20desc)", &|t| {
            let mut all: Children = of(t).filter(|i| i % 4 < 3).collect();
            all.reverse();
            all
        }),
        ("T?$expand=C($top=5;$select=Id)", &|t| of(t).take(5).collect()),
        ("T?$expand=C($skip=2;$top=6;$count=true)&$select=Id", &|t| of(t).skip(2).take(6).collect()),
    ];
    for (path, expected) in cases {
        for level in ["minimal", "full", "none"] {
            let accept = format!("application/json;odata.metadata={level}");
            let headers = [("Prefer", "odata.maxpagesize=2"), ("Accept", accept.as_str())];
            let ledger = read_all(&url(&node, path), &headers);
            ledger.check(&Expected::keys("Id", 1..=5u64));
            let mut links = 0;
            for parent in ledger.rows() {
                let id = parent["Id"].as_u64().expect("a key");
                let mut found: Children = ids(&parent["C"]);
                if let Some(link) = parent["C@odata.nextLink"].as_str() {
                    links += 1;
                    assert_eq!(link.contains("apikey=a%26b"), path.contains("apikey"), "{link}");
                    // Without a context URL, links are relative to the request, whatever its path.
                    let below = if level == "none" { "T(1)/C" } else { "" };
                    let base = [node.service("s"), below.to_owned()].concat();
                    let next = http::resolve(&base, link).expect("a link");
                    let rest = read_all(&next, &headers);
                    assert_eq!(rest.end, End::LastPage, "{path} of {id} by {next}");
                    found.extend(rest.rows().filter_map(|r| r["Id"].as_u64()));
                }
                assert_eq!(found, expected(id), "{path} ({level}) of {id}");
            }
            assert_eq!(links, 4, "{path} ({level})");
        }
    }
}

fn ids(rows: &Value) -> Vec<u64> {
    rows.as_array().into_iter().flatten().filter_map(|row| row["Id"].as_u64()).collect()
}

#[test]
fn metrics_move() {
    let node = start(&table(100), "", "");
    let ledger = read(&node, "T", 10);
    settled(&node);
    ledger.check(&rows(1..=100));
    // Nine pages are stored; the check has read a sample of nine a second time.
    for (name, expected) in [
        ("nextlink_results", 1.0),
        ("nextlink_result_pages_written_total", 9.0),
        ("nextlink_result_pages_read_total", 18.0),
        ("nextlink_results_refused_total", 0.0),
        ("nextlink_result_pages_damaged_total", 0.0),
    ] {
        assert_eq!(metric(&node, name), expected, "{name}");
    }
    let on_disk: u64 = files(&node).iter().map(|p| p.metadata().expect("a file").len()).sum();
    assert_eq!(metric(&node, "nextlink_results_bytes"), on_disk as f64);
    assert!(metric(&node, "nextlink_result_bytes_read_total") > 0.0);
    let written = metric(&node, "nextlink_result_bytes_written_total");
    assert!(written > 0.0 && written <= on_disk as f64, "{written} of {on_disk}");
}

#[test]
fn a_page_can_be_gzip_or_not_whatever_the_first_one_was() {
    let node = start(&table(3_000), "", "");
    let prefer = prefer(1_000);
    let plain = [("Prefer", prefer.as_str())];
    let gzip = [("Prefer", prefer.as_str()), ("Accept-Encoding", "gzip")];
    for first in [&plain[..], &gzip[..]] {
        let ledger = read_all(&url(&node, "T"), first);
        ledger.check(&rows(1..=3_000));
        for page in &ledger.entries[1..] {
            let rows = |headers| http::get(&page.url, headers).plain_body();
            assert!(rows(&plain) == rows(&gzip), "{}", page.url);
            assert_eq!(http::get(&page.url, &plain).header("content-encoding"), None);
        }
        for page in &ledger.entries {
            let coding = page.answer.header("content-encoding");
            assert_eq!(coding, first.get(1).map(|_| "gzip"), "{}", page.url);
        }
    }
}
