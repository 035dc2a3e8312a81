//! What the table of URLs asks, asked in batches of both forms and later: the answers are those to plain requests.

use nextlink_testkit::http;
use serde_json::json;

use crate::common::encoded;
use crate::parts::{Part, json_parts, multipart, multipart_parts};
use crate::world::{SOURCES, World};

/// URLs in one batch.
const TOGETHER: usize = 25;

/// A body without what is another one each time, or in words of its own.
fn steady(status: u16, body: &str) -> String {
    if status >= 400 {
        let error: serde_json::Value = serde_json::from_str(body).expect("an error");
        return error["error"]["code"].to_string();
    }
    let end = body.find("$skiptoken=").unwrap_or(body.len());
    body[..end].to_owned()
}

#[test]
fn batches_answer_as_plain_requests_do() {
    let world = World::trading();
    let table = include_str!("trading.txt");
    let urls: Vec<&str> =
        table.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', ' '])).collect();
    assert!(urls.len() > 100, "{}", urls.len());
    for source in SOURCES {
        let batch = ["/api/odata4/", source, "/$batch"].concat();
        let post = |kind: &str, body: &str| {
            let headers = [("Content-Type", kind), ("Prefer", "odata.continue-on-error")];
            http::send("POST", &world.node.url(&batch), &headers, Some(body.as_bytes())).expect("an answer")
        };
        for urls in urls.chunks(TOGETHER) {
            let encoded: Vec<String> = urls.iter().map(|url| encoded(url)).collect();
            let text =
                multipart("b", encoded.iter().map(|url| (None, format!("GET {url} HTTP/1.1\r\n\r\n"))));
            let one = multipart_parts(&post("multipart/mixed;boundary=b", &text));
            let requests: Vec<_> = encoded
                .iter()
                .enumerate()
                .map(|(id, url)| json!({ "id": id.to_string(), "method": "get", "url": url }))
                .collect();
            let other = json_parts(&post("application/json", &json!({ "requests": requests }).to_string()));
            assert_eq!((one.len(), other.len()), (urls.len(), urls.len()), "{source}");
            for (((url, one), other), sent) in urls.iter().zip(&one).zip(&other).zip(&encoded) {
                assert_eq!(one.told().1, other.status, "{source}: {url}");
                let alone = world.node.get(&["/api/odata4/", source, "/", sent].concat(), &[]);
                let told = |part: &Part| (part.status, steady(part.status, &part.text()));
                let expected = (alone.status, steady(alone.status, &alone.text()));
                assert_eq!(told(one), expected, "{source}: {url}");
                // Numbers may be written in another way when JSON is read and written again.
                assert_eq!(other.header("content-type"), alone.header("content-type"), "{source}: {url}");
            }
        }
    }
}

/// What is asked for later is what comes at once.
#[test]
fn later_is_the_same() {
    let world = World::trading();
    for source in SOURCES {
        for url in [
            "Orders?$orderby=OrderId&$top=50",
            "Orders?$count=true&$orderby=OrderId desc",
            "Customers?$expand=Orders($top=2;$orderby=OrderId)&$orderby=CustomerId&$top=20",
            "Orders?$apply=aggregate($count as N)",
            "Orders?$filter=OrderId lt 0&$count=true",
            "Orders(10250)",
            "Orders(1)",
            "Orders(10250)?$expand=Customer&$select=OrderId",
            "Orders/$count?$filter=OrderId gt 10300",
        ] {
            let path = ["/api/odata4/", source, "/", &encoded(url)].concat();
            let newer = ("OData-MaxVersion", "4.01");
            let alone = world.node.get(&path, &[newer]);
            let answer = world.later(source, url, &[newer]);
            let status = alone.status.to_string();
            assert_eq!(answer.header("asyncresult"), Some(&*status), "{source}: {url}: {}", answer.text());
            let expected = steady(alone.status, &alone.text());
            assert_eq!(steady(alone.status, &answer.text()), expected, "{source}: {url}");
        }
    }
}

/// The values that a filter takes from an earlier answer are literals of their types.
#[track_caller]
pub fn filtered_by_answer(world: &World, source: &str, first: &str, set: &str, filter: &str) -> Vec<i64> {
    let key = if set == "Orders" { "OrderId" } else { "id" };
    let second = format!("{set}?$filter={filter}&$select={key}&$orderby={key}");
    let requests = json!({ "requests": [
        { "id": "1", "method": "get", "url": first },
        { "id": "2", "method": "get", "url": second, "dependsOn": ["1"] },
    ]});
    let url = world.node.url(&["/api/odata4/", source, "/$batch"].concat());
    let headers = [("Content-Type", "application/json")];
    let answer =
        http::send("POST", &url, &headers, Some(requests.to_string().as_bytes())).expect("an answer");
    let parts = json_parts(&answer);
    assert_eq!((parts[0].status, parts[1].status), (200, 200), "{source}: {filter}: {}", answer.text());
    let rows = parts[1].json()["value"].as_array().cloned().unwrap_or_default();
    rows.iter().filter_map(|row| row[key].as_i64()).collect()
}

#[test]
fn values_of_answers_are_of_their_types() {
    let world = World::trading();
    for source in SOURCES {
        for (first, filter, expected) in [
            (
                "Orders(10001)",
                "OrderedAt eq $1/OrderedAt and RequiredOn eq $1/RequiredOn and Freight eq $1/Freight and CustomerId eq $1/CustomerId \
                 and GiftWrap eq $1/GiftWrap and Note eq $1/Note and DeliverAfter eq $1/DeliverAfter",
                &[10001][..],
            ),
            (
                "Orders(10001)?$expand=Customer($select=CompanyName)",
                "Customer/CompanyName eq $1/Customer/CompanyName and OrderId le 10001",
                &[10001],
            ),
            ("Orders(10001)/OrderedAt/$value", "OrderedAt eq $1", &[10001]),
            (
                "Orders(10001)/Customer/CompanyName",
                "Customer/CompanyName eq $1 and OrderId le 10001",
                &[10001],
            ),
            ("Orders/$count?$filter=OrderId le 10002", "OrderId sub 10000 eq $1", &[10002]),
        ] {
            let found = filtered_by_answer(&world, source, first, "Orders", filter);
            assert_eq!(found, expected, "{source}: {first}: {filter}");
        }
    }
}
