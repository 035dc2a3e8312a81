//! Limits that one source has for itself, in the configuration and in its model file.

use nextlink_testkit::http;
use nextlink_testkit::ledger::read_with;
use serde_json::json;

use crate::site::{big_table, prefer, read, settled, start, table, until, url};

/// What a request is refused with: status, code, target.
fn refused(answer: &http::Answer) -> (u16, String, String) {
    let error = &answer.json()["error"];
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (answer.status, text("code"), text("target"))
}

#[test]
fn a_request_gives_no_more_rows_than_allowed() {
    let node = start(&table(1_000), "limits = { rows = 250 }", "");
    let too_many = |target: &str| (400, "LimitExceeded".to_owned(), target.to_owned());
    for (path, page, rows, end) in [
        // Whatever comes first: the end of a page, of the rows, or the limit.
        ("T?$top=250", 100, 250, None),
        ("T?$filter=Id%20le%20250", 100, 250, None),
        ("T?$filter=Id%20le%20250&$count=true", 125, 250, None),
        ("T?$skip=800", 100, 200, None),
        ("T?$skip=750&$count=true", 100, 250, None),
        ("T?$top=100&$count=true", 50, 100, None),
        ("T", 100, 250, Some("$skiptoken")),
        ("T?$top=251", 125, 250, Some("$skiptoken")),
        ("T?$orderby=G,Id", 249, 250, Some("$skiptoken")),
        // The number of rows is known at once.
        ("T", 250, 0, Some("rows")),
        ("T", 1_000, 0, Some("rows")),
        ("T?$top=251", 300, 0, Some("rows")),
        ("T?$count=true", 100, 0, Some("rows")),
        ("T?$count=true&$top=251&$skip=10", 100, 0, Some("rows")),
        ("T?$apply=filter(Id%20gt%205)", 500, 0, Some("rows")),
    ] {
        let mut last = None;
        let ledger = read_with(&url(&node, path), |url| {
            let answer = http::send("GET", url, &[("Prefer", &prefer(page))], None)?;
            if answer.status != 200 {
                last = Some(answer);
                return Err(http::HttpError::Connection(std::io::Error::other("it was refused")));
            }
            Ok(answer)
        });
        assert_eq!(ledger.rows().count(), rows, "{path} by {page}");
        assert_eq!(last.as_ref().map(refused), end.map(too_many), "{path} by {page}");
        let message = last.map(|answer| answer.json()["error"]["message"].to_string()).unwrap_or_default();
        assert_eq!(message.contains("more than 250 rows (limit `rows`)"), end.is_some(), "{message}");
    }
    for path in ["T/$count", "T(7)", "T?$apply=aggregate($count%20as%20N)"] {
        assert_eq!(http::get(&url(&node, path), &[]).status, 200, "{path}");
    }
    settled(&node);
}

#[test]
fn results_that_come_later_are_limited_too() {
    let node = start(&table(1_000), "limits = { rows = 250 }", "");
    for path in ["T", "T?$count=true"] {
        let later = http::get(&url(&node, path), &[("Prefer", "respond-async")]);
        assert_eq!(later.status, 202, "{path}: {}", later.text());
        let monitor = later.header("location").expect("where it will be").to_owned();
        let mut told = http::get(&monitor, &[]);
        until("it is there", || {
            told = http::get(&monitor, &[]);
            told.status != 202
        });
        let result = told.header("asyncresult").or(told.header("odata-asyncresult")).unwrap_or_default();
        assert!(result == "400" || told.text().starts_with("HTTP/1.1 400"), "{path}: {}", told.text());
        assert!(told.text().contains("(limit `rows`)"), "{path}: {}", told.text());
    }
}

#[test]
fn a_model_file_makes_limits_tighter() {
    let sql = table(20);
    let model =
        "model_text = 'settings: {limits: {rows: 10, expandDepth: 9, listValues: 3, expressionDepth: 5}}'";
    let settings = format!("{model}\nlimits = {{ rows = 15, expression_depth = 9 }}");
    let node = start(&sql, &settings, "[limits]\nlist_values = 2\nexpression_depth = 3\n");
    let deep = |n: usize| format!("T?$filter={}Id%20lt%205{}", "(".repeat(n), ")".repeat(n));
    for (path, expected) in [
        ("T?$top=10", (200, "", "")),
        ("T?$top=11", (400, "LimitExceeded", "rows")),
        ("T?$filter=Id%20in%20(1,2)", (200, "", "")),
        ("T?$filter=Id%20in%20(1,2,3)", (400, "LimitExceeded", "in")),
        (deep(3).as_str(), (200, "", "")),
        (deep(6).as_str(), (400, "LimitExceeded", "expression_depth")),
    ] {
        let answer = http::get(&url(&node, path), &[]);
        let (status, code, target) = refused(&answer);
        assert_eq!((status, code.as_str(), target.as_str()), expected, "{path}: {}", answer.text());
    }
}

#[test]
fn a_source_has_room_of_its_own() {
    // What is more than a page and less than two MiB.
    let sql = big_table(5_000, 300);
    let one = |limits: &str| {
        let node = start(
            &sql,
            &format!("page_rows = 500\nlimits = {limits}"),
            "[results]\nmin_free_mib = 0\nresult_mib = 1\n",
        );
        let ledger = read(&node, "Big", 500);
        assert_eq!(ledger.rows().count(), 5_000, "{limits}");
        ledger
            .entries
            .iter()
            .filter(|page| page.answer.json().get("@Nextlink.Snapshot") == Some(&json!(false)))
            .count()
    };
    assert_eq!(one("{ result_mib = 64 }"), 0, "more than the node's");
    assert!(one("{ queries = 3 }") > 0, "as the node's");
    assert!(one("{ result_mib = 0 }") > 5, "less than the node's");
    assert!(one("{ result_mib = 64, source_mib = 0 }") > 5, "no room for the source");
}
