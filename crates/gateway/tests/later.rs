//! `Prefer: respond-async` (Part 1 section 11.6): 202 with a status monitor, then the answer that would have come at once.

mod common;

use std::time::{Duration, Instant};

use common::{SHOP, ask, encoded, odata_error, shop, shop_configured};
use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::node::Node;
use nextlink_testkit::wait::until;

const ASYNC: (&str, &str) = ("Prefer", "respond-async");
/// What takes longer than anybody waits.
const ENDLESS: &str = "Products?$select=ID&$filter=Category/Products/any(p:p/Category/Products/any(q:\
    q/Category/Products/any(r:r/Weight gt 1e301)))";

/// Asks for an answer later; the address of its monitor.
#[track_caller]
fn begin(node: &Node, url: &str, headers: &[(&str, &str)]) -> String {
    let answer = ask(node, url, &[&[ASYNC], headers].concat());
    assert_eq!((answer.status, answer.text().as_str()), (202, ""), "{url}");
    assert_eq!(answer.headers_named("odata-version").count(), 1, "{url}");
    assert_eq!(answer.header("preference-applied"), Some("respond-async"), "{url}");
    assert_eq!(answer.header("retry-after"), Some("1"), "{url}");
    let location = answer.header("location").expect("a location").to_owned();
    assert!(location.starts_with(&node.url(&[SHOP, "$async?$skiptoken="].concat())), "{location}");
    location
}

/// Asks a monitor until it has the answer.
#[track_caller]
fn settled(location: &str, headers: &[(&str, &str)]) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = http::get(location, headers);
        if answer.status != 202 {
            return answer;
        }
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.header("location"), Some(location));
        assert!(Instant::now() < deadline, "there is no answer");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The message in an answer: its status, headers, body.
#[track_caller]
fn message(answer: &Answer) -> Answer {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/http"));
    assert_eq!(answer.header("asyncresult"), None);
    let body = answer.plain_body();
    let end = body.windows(4).position(|four| four == b"\r\n\r\n").expect("an empty line");
    let head = String::from_utf8(body[..end].to_vec()).expect("UTF-8");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
    let header = |line: &str| line.split_once(": ").map(|(n, v)| (n.to_owned(), v.to_owned()));
    Answer {
        status: status.expect("a status"),
        headers: lines.map(|line| header(line).expect("a header")).collect(),
        body: body[end + 4..].to_vec(),
    }
}

/// A body without what is another one each time.
fn steady(answer: &Answer) -> String {
    let text = answer.text();
    let ends = ["$skiptoken=", ",\"target\"", ",\"innererror\""].map(|end| text.find(end));
    text[..ends.into_iter().flatten().min().unwrap_or(text.len())].to_owned()
}

#[test]
fn the_answer_is_that_which_would_have_come() {
    let node = shop();
    let full = "application/json;odata.metadata=full";
    for url in [
        "Products?$top=3",
        "Products",
        "Products?$count=true&$orderby=Price desc,ID",
        "Products?$filter=ID lt 0",
        "Products?$filter=ID lt 0&$count=true",
        "Products?$expand=Category($select=Name),Order_Details&$select=ID,Name&$top=50",
        "Products/$ref?$top=3",
        "Categories(2)/Products",
        "Categories(99)/Products",
        "Products?$apply=groupby((CategoryID),aggregate($count as N))",
        "Products?$format=application/json;odata.metadata=none&$top=1",
        "Products(1)",
        "Products(1)?$select=ID,Name&$expand=Category",
        "Products(99999)",
        "Products(1)/Name",
        "Products(1)/Name/$value",
        "Products/$count",
        "Products/$count?$filter=ID lt 10",
        "Categories(99)/Products/$count",
    ] {
        for headers in [
            &[][..],
            &[("Accept", full)],
            &[("Accept-Encoding", "gzip")],
            &[("OData-MaxVersion", "4.01")],
            &[
                ("OData-MaxVersion", "4.01"),
                ("Accept-Encoding", "gzip"),
                ("Prefer", "maxpagesize=7, omit-values=nulls"),
            ],
        ] {
            let what = format!("{url} {headers:?}");
            let alone = ask(&node, url, headers);
            let location = begin(&node, url, headers);
            let newer = headers.contains(&("OData-MaxVersion", "4.01"));
            let polled: Vec<_> =
                headers.iter().filter(|(name, _)| !matches!(*name, "Accept" | "Prefer")).copied().collect();
            // As often as it is asked.
            for _ in 0..2 {
                let answer = settled(&location, &polled);
                let told = if newer {
                    let result = answer.header("asyncresult").expect("a status").to_owned();
                    assert_eq!(answer.status, 200, "{what}");
                    Answer { status: result.parse().expect("a number"), ..answer }
                } else {
                    message(&answer)
                };
                assert_eq!(told.status, alone.status, "{what}: {}", told.text());
                assert_eq!(steady(&told), steady(&alone), "{what}");
                for name in ["content-type", "odata-version", "preference-applied"] {
                    assert_eq!(told.header(name), alone.header(name), "{what}: {name}");
                }
            }
            if newer {
                let answer = settled(&location, &[&polled[..], &[("Accept", "application/http")]].concat());
                assert_eq!(message(&answer).status, alone.status, "{what}");
            }
        }
    }
}

/// All pages are there, each with the number of all rows, and from one execution.
#[test]
fn further_pages_follow() {
    let node = shop();
    let more = [("Prefer", "odata.maxpagesize=900")];
    let location = begin(&node, "Products?$orderby=ID desc&$count=true&$filter=ID gt 100", &more);
    let mut page = message(&settled(&location, &[])).json();
    let mut ids: Vec<i64> = Vec::new();
    loop {
        assert_eq!(page["@odata.count"], 4900);
        let rows = page["value"].as_array().expect("rows");
        assert!(rows.len() <= 900);
        ids.extend(rows.iter().map(|row| row["ID"].as_i64().expect("a key")));
        let Some(next) = page["@odata.nextLink"].as_str() else { break };
        assert!(next.starts_with(&node.url(&[SHOP, "Products?"].concat())), "{next}");
        page = http::get(next, &[]).json();
    }
    assert_eq!(ids, (101..=5000).rev().collect::<Vec<_>>());
}

/// It is a preference: what is known at once comes at once.
#[test]
fn what_is_there_at_once_comes_at_once() {
    let node = shop();
    for (method, url, headers, status) in [
        ("GET", "Products(1)", &[("Prefer", "respond-async, wait=20")][..], 200),
        ("GET", "Products(99999)", &[("Prefer", "respond-async, wait=20")], 404),
        ("GET", "Products/$count", &[("Prefer", "respond-async, wait=20")], 200),
        ("HEAD", "Products(1)", &[ASYNC], 200),
        ("GET", "$metadata", &[ASYNC], 200),
        ("GET", "", &[ASYNC], 200),
        ("HEAD", "Products", &[ASYNC], 200),
        ("GET", "Nothing", &[ASYNC], 404),
        ("GET", "Products?$filter=x", &[ASYNC], 400),
        ("GET", "Products", &[ASYNC, ("Accept", "image/png")], 406),
        ("GET", "Products?$top=5", &[("Prefer", "respond-async, wait=20")], 200),
        ("GET", "Products", &[("Prefer", "wait=20")], 200),
    ] {
        let sent = node.url(&[SHOP, url].concat());
        let answer = http::send(method, &sent, headers, None).expect("an answer");
        assert_eq!(answer.status, status, "{method} {url} {headers:?}: {}", answer.text());
        assert_eq!(answer.header("location").is_some(), status == 202, "{method} {url} {headers:?}");
    }
    // Nor does it where nothing can be stored.
    let full = shop_configured("[results]\nmin_free_mib = 100000000");
    let answer = ask(&full, "Products?$top=5", &[ASYNC]);
    assert_eq!((answer.status, answer.header("preference-applied")), (200, None));
    assert_eq!(answer.json()["value"].as_array().map(Vec::len), Some(5));
    for (url, status) in [("Products(1)", 200), ("Products(99999)", 404), ("Products/$count", 200)] {
        let answer = ask(&full, url, &[ASYNC]);
        assert_eq!((answer.status, answer.header("preference-applied")), (status, None), "{url}");
    }
}

/// A batch as a whole.
#[test]
fn batches_come_later() {
    let node = shop();
    let requests = r#"{"requests": [{"id": "1", "method": "get", "url": "Products(1)"},
        {"id": "2", "method": "get", "url": "Products/$count"}, {"id": "3", "method": "get", "url": "Nothing"}]}"#;
    let url = node.url(&[SHOP, "$batch"].concat());
    let send = |body: &str, headers: &[(&str, &str)]| {
        let headers =
            [&[("Content-Type", "application/json"), ("OData-MaxVersion", "4.01")], headers].concat();
        http::send("POST", &url, &headers, Some(body.as_bytes())).expect("an answer")
    };
    let alone = send(requests, &[]);
    assert_eq!(alone.status, 200, "{}", alone.text());
    for gzip in [&[][..], &[("Accept-Encoding", "gzip")]] {
        let begun = send(requests, &[&[ASYNC], gzip].concat());
        assert_eq!((begun.status, begun.text().as_str()), (202, ""));
        let location = begun.header("location").expect("a location");
        let answer = settled(location, &[&[("OData-MaxVersion", "4.01")], gzip].concat());
        assert_eq!((answer.status, answer.header("asyncresult")), (200, Some("200")), "{}", answer.text());
        assert_eq!(answer.header("content-type"), alone.header("content-type"));
        let bodies = [&answer, &alone].map(|answer| {
            let answers = answer.json()["responses"].clone();
            assert_eq!(answers.as_array().map(Vec::len), Some(3), "{answers}");
            (answers[0]["body"].clone(), answers[1]["body"].clone(), answers[2]["status"].clone())
        });
        assert_eq!(bodies[0], bodies[1]);
    }
    // What is wrong with all of it is said at once.
    assert_eq!(send("{", &[ASYNC]).status, 400);
}

/// What runs is told of as such, and ends when nobody wants it any more.
#[test]
fn what_runs_can_be_cancelled() {
    let node = shop_configured("[limits]\nqueries = 1\nqueue_seconds = 0");
    let counted = ENDLESS.replacen("Products?", "Products/$count?", 1).replace("$select=ID&", "");
    for url in [ENDLESS.to_owned(), counted, [ENDLESS, "&$count=true"].concat()] {
        cancels(&node, &url);
    }
}

#[track_caller]
fn cancels(node: &Node, url: &str) {
    let started = Instant::now();
    let location = begin(node, url, &[]);
    assert!(started.elapsed() < Duration::from_secs(20), "it was waited for");
    for _ in 0..3 {
        let answer = http::get(&location, &[]);
        assert_eq!((answer.status, answer.header("location")), (202, Some(location.as_str())));
    }
    assert_eq!(ask(node, "Products?$top=1", &[]).status, 503, "the one turn is taken");
    let delete = || http::send("DELETE", &location, &[], None).expect("an answer");
    let posted = http::send("POST", &location, &[], None).expect("an answer");
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET, HEAD, DELETE")));
    let answer = delete();
    assert_eq!((answer.status, answer.headers_named("odata-version").count()), (204, 1));
    for answer in [delete(), http::get(&location, &[])] {
        let error = odata_error("cancelled", &answer);
        assert_eq!((answer.status, error.code.as_str()), (410, "ResultGone"), "{error:?}");
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while ask(node, "Products?$top=1", &[]).status != 200 {
        assert!(Instant::now() < deadline, "the statement still runs");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A source that fails, or takes too long, is told of by the monitor.
#[test]
fn failures_are_answers() {
    let node = shop_configured("[limits]\nstatement_seconds = 3");
    for (url, status, code) in [
        (ENDLESS, 504, "StatementTimeout"),
        ("Categories(99)/Products", 404, "NotFound"),
        ("Products(99999)", 404, "NotFound"),
    ] {
        let location = begin(&node, url, &[("OData-MaxVersion", "4.01")]);
        let answer = settled(&location, &[("OData-MaxVersion", "4.01")]);
        assert_eq!(
            (answer.status, answer.header("asyncresult")),
            (200, Some(status.to_string().as_str())),
            "{url}"
        );
        assert_eq!(answer.json()["error"]["code"], code, "{url}");
        let answer = message(&settled(&begin(&node, url, &[]), &[]));
        assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (status, Some(code)), "{url}");
    }
}

#[test]
fn monitors_are_for_those_who_asked() {
    let node = shop_configured("[results]\nidle_minutes = 0.05\nsweep_seconds = 1");
    let location = begin(&node, "Products?$top=3", &[]);
    assert_eq!(settled(&location, &[]).status, 200);
    let altered =
        [&location[..location.len() - 2], if location.ends_with("AA") { "BB" } else { "AA" }].concat();
    let (_, token) = location.split_once("$skiptoken=").expect("a token");
    let page = node.url(&[SHOP, "Products?$skiptoken=", token].concat());
    let other = node.url(&[SHOP, "$async?$skiptoken=", token, "&$top=1"].concat());
    for (url, status) in [(altered.as_str(), 400), (&page, 400), (&other, 400)] {
        for method in ["GET", "DELETE"] {
            let answer = http::send(method, url, &[], None).expect("an answer");
            let expected = if method == "DELETE" && url == page { 405 } else { status };
            assert_eq!(answer.status, expected, "{method} {url}: {}", answer.text());
        }
    }
    let none = node.url(&[SHOP, &encoded("$async")].concat());
    assert!((400..500).contains(&http::get(&none, &[]).status));
    // A look at the result itself would keep it.
    until("it expires", || {
        http::get(&node.admin_url("/metrics"), &[]).text().contains("\nnextlink_results 0\n")
    });
    let answer = http::get(&location, &[]);
    assert_eq!((answer.status, odata_error("expired", &answer).code.as_str()), (410, "ResultGone"));
}
