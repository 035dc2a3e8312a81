//! Pages: where they end, that the last one is known, and that the order is total and stable.

use std::collections::HashSet;

use nextlink_odata::json::PageEnd;
use serde_json::Value;

use crate::data::PEOPLE;
use crate::world::{Ask, World};

fn numbers(rows: usize) -> World {
    let mut script = String::from(
        "CREATE TABLE N (Id INTEGER PRIMARY KEY, T TEXT); CREATE TABLE M (Id INTEGER PRIMARY KEY, NId INT REFERENCES N);",
    );
    for id in 0..rows {
        script += &format!("INSERT INTO N VALUES ({id}, 'text {id}'); INSERT INTO M VALUES ({id}, {id});");
    }
    World::new(&script)
}

#[test]
fn pages_are_full_and_the_last_one_is_known() {
    for rows in [0usize, 1, 2, 3, 4, 6, 33, 300] {
        let world = numbers(rows);
        for url in ["N?$count=true", "N?$expand=M&$count=true", "N?$filter=Id ge 0&$orderby=T&$count=true"] {
            let whole = world.ask(url);
            for page in [1u64, 2, 3, 150, 1000] {
                let mut ask = Ask::default();
                ask.limits.rows = page;
                let answer = world.ask_with(url, &ask).expect(url);
                assert_eq!(answer.rows(), whole, "{rows} rows of {url} by {page}");
                assert_eq!(answer.count, Some(rows as u64), "{rows} rows of {url}");
                assert_eq!((answer.outcome.rows, answer.outcome.complete), (rows as u64, true), "{url}");
                let pages = (rows as u64).div_ceil(page).max(1);
                assert_eq!(answer.pages.len() as u64, pages, "{rows} rows of {url} by {page}");
                for (i, (_, end)) in answer.pages.iter().enumerate() {
                    let left = rows as u64 - i as u64 * page;
                    assert_eq!(
                        *end,
                        PageEnd { rows: left.min(page), more: left > page },
                        "{rows} {url} {page}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_page_closes_by_bytes() {
    let world = numbers(300);
    for url in ["N", "N?$expand=M"] {
        let whole = world.ask(url);
        for bytes in [1, 100, 101, 1000, 70_000] {
            let mut ask = Ask::default();
            ask.limits.bytes = bytes;
            let answer = world.ask_with(url, &ask).expect(url);
            assert_eq!(answer.rows(), whole, "{url} by {bytes}");
            let last = answer.pages.len() - 1;
            for (i, (text, end)) in answer.pages.iter().enumerate() {
                assert_eq!(end.more, i < last, "{url} by {bytes}");
                // A page ends with the row that passes the limit.
                let row = text.len() / end.rows as usize;
                assert!(
                    end.rows == 1 || text.len() < bytes + 2 * row + 2,
                    "{url} by {bytes}: {}",
                    text.len()
                );
                assert!(i == last || text.len() + 1 >= bytes, "{url} by {bytes}: {}", text.len());
            }
        }
    }
}

#[test]
fn a_sink_can_stop() {
    let world = numbers(300);
    for url in ["N", "N?$expand=M"] {
        for page in [1u64, 7, 20] {
            for stop_after in [1, 2] {
                let mut ask = Ask { stop_after, ..Ask::default() };
                ask.limits.rows = page;
                let answer = world.ask_with(url, &ask).expect(url);
                assert!(!answer.outcome.complete, "{url}");
                assert_eq!(answer.pages.len(), stop_after, "{url}");
                assert!(answer.pages.iter().all(|(_, end)| end.more && end.rows == page), "{url}");
            }
        }
        // The connection is good for the next request.
        assert_eq!(world.ask("N/$count"), "300");
    }
    let mut ask = Ask::default();
    ask.limits.batch_bytes = 100;
    let failure = world.ask_with("N?$expand=M", &ask).expect_err("a batch of 16 rows has more bytes");
    assert_eq!(failure.to_string(), "batch too large");
}

/// Rows in which nearly everything is equal to something else, in an order of insertion that is none of the keys.
fn ties() -> World {
    let mut script = String::from(
        "CREATE TABLE T (A TEXT NOT NULL COLLATE NOCASE, B INTEGER NOT NULL, N TEXT COLLATE NOCASE, P DECIMAL(9,3),
            D DOUBLE, At DATETIME, G GUID, F BOOLEAN, R TEXT COLLATE RTRIM, PRIMARY KEY (B, A));
         CREATE TABLE U (Id INTEGER PRIMARY KEY, Code TEXT, X INT);
         CREATE TABLE L (UId INTEGER NOT NULL REFERENCES U, A TEXT NOT NULL, B INTEGER NOT NULL,
            PRIMARY KEY (UId, A, B), FOREIGN KEY (B, A) REFERENCES T (B, A));
         INSERT INTO U VALUES (1, 'x', 1), (2, 'X', 1), (3, 'x', 1);",
    );
    for i in 0..240 {
        let j = (i * 77) % 240;
        let a = ["a", "b", "Ä", "z "][j % 4];
        let or_null = |text: &str| if j % 5 == 0 { "NULL".to_owned() } else { text.to_owned() };
        let n = or_null(["'x'", "'X'", "'é'", "'y'"][j % 4]);
        let p = or_null(["1", "1.0", "0.1", "10"][j % 4]);
        let at = or_null(
            ["'2024-01-01 00:00:00'", "'2024-01-01T01:00:00+01:00'", "'2023-01-01'", "'2024-01-01'"][j % 4],
        );
        let g = or_null(
            ["'0F8FAD5B-D9CB-469F-A165-70867728950E'", "'0f8fad5b-d9cb-469f-a165-70867728950e'"][j % 2],
        );
        let r = or_null(["'r'", "'r '", "'s'"][j % 3]);
        script += &format!(
            "INSERT INTO T VALUES ('{a}', {}, {n}, {p}, {}, {at}, {g}, {}, {r});
             INSERT INTO L VALUES ({}, '{a}', {});",
            j / 4,
            or_null("2.5"),
            or_null("1"),
            j % 3 + 1,
            j / 4
        );
    }
    World::new(&script)
}

#[test]
fn the_order_is_total_and_stable() {
    let world = ties();
    let orders = [
        "",
        "N",
        "N desc",
        "P",
        "P desc",
        "D,P desc",
        "At",
        "At desc",
        "G",
        "F desc",
        "R",
        "R desc,N",
        "A",
        "A desc",
        "B desc",
        "A,B",
        "B,A desc",
        "tolower(N)",
        "P mul 2",
        "P add 0.1 desc",
        "length(N)",
        "L/$count",
        "cast(P,Edm.String)",
        "null",
        "1",
        "'x'",
        "year(At)",
        "contains(N,'x') desc",
        "N eq 'x'",
        "case(P gt 1:N,true:R)",
        "N,N,N desc",
    ];
    for path in ["T", "U(1)/T"] {
        let own: &[&str] = if path == "T" { &[""] } else { &["$filter=B ge 0&"] };
        for filter in own {
            for order in orders {
                let orderby = if order.is_empty() { String::new() } else { format!("$orderby={order}&") };
                let url = format!("{path}?{filter}{orderby}$select=A,B");
                let whole = world.ask(&url);
                let rows: Vec<Value> = serde_json::from_str(&format!("[{whole}]"))
                    .unwrap_or_else(|e| panic!("{url}: {e}: {whole}"));
                let distinct: HashSet<String> = rows.iter().map(Value::to_string).collect();
                assert_eq!(distinct.len(), if path == "T" { 240 } else { 80 }, "{url}");
                // Paging by $skip sees the same order, whatever plan the database takes.
                let mut paged = Vec::new();
                for skip in (0..rows.len()).step_by(37) {
                    let page = world.ask(&format!("{url}&$skip={skip}&$top=37"));
                    if !page.is_empty() {
                        paged.push(page);
                    }
                }
                assert_eq!(paged.join(","), whole, "{url}");
                // And so does the window of an expanded collection.
                if path == "U(1)/T" {
                    let options = orderby.replace('&', ";");
                    let expanded = world.ask(&format!("U(1)?$select=Id&$expand=T({options}$select=A,B)"));
                    assert_eq!(expanded, format!("{{\"Id\":1,\"T\":[{whole}]}}"), "{url}");
                    let window: Vec<String> = rows.iter().skip(3).take(9).map(Value::to_string).collect();
                    let window = window.join(",");
                    let expanded =
                        world.ask(&format!("U(1)?$select=Id&$expand=T({options}$select=A,B;$skip=3;$top=9)"));
                    assert_eq!(expanded, format!("{{\"Id\":1,\"T\":[{window}]}}"), "{url}");
                }
            }
        }
    }
}

#[test]
fn the_order_is_that_of_the_values() {
    let world = World::new(PEOPLE);
    for (order, expected) in [
        ("Age", "3,5,2,4,1"),
        ("Age desc", "1,2,4,3,5"),
        ("Age desc,Id desc", "1,4,2,5,3"),
        ("Nick", "3,2,5,1,4"),
        ("Nick desc", "4,1,5,2,3"),
        ("Age add 1", "3,5,2,4,1"),
        ("Team/Title desc,Id desc", "2,1,5,4,3"),
        ("Boss/Age,Id desc", "1,5,4,3,2"),
        ("Age eq null,Id", "1,2,4,3,5"),
        ("Line/$count desc", "1,4,2,3,5"),
    ] {
        let rows = world.ask(&format!("Person?$select=Id&$orderby={order}"));
        let rows: Vec<Value> = serde_json::from_str(&format!("[{rows}]")).expect(order);
        let ids: Vec<String> = rows.iter().map(|row| row["Id"].to_string()).collect();
        assert_eq!(ids.join(","), expected, "{order}");
    }
    // Numbers, not their texts.
    let world = World::new(
        "CREATE TABLE P (Id INTEGER PRIMARY KEY, V DECIMAL(9,3));
         INSERT INTO P VALUES (1, 10), (2, 9.5), (3, -1), (4, -10.5), (5, NULL), (6, 0.25), (7, 10.25);",
    );
    for order in ["V", "V mul 1", "V add 0.5", "cast(V,Edm.Decimal)", "round(V),V", "case(true:V)"] {
        let ids = [5, 4, 3, 6, 2, 1, 7].map(|id| format!("{{\"Id\":{id}}}")).join(",");
        assert_eq!(world.ask(&format!("P?$select=Id&$orderby={order}")), ids, "{order}");
    }
}
