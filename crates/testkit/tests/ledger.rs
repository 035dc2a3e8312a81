//! The page ledger: it has to see every fault it is there for.

use nextlink_testkit::http::{Answer, HttpError};
use nextlink_testkit::ledger::{End, Expected, Ledger, read_with};
use serde_json::{Value, json};

fn answer(status: u16, body: &Value) -> Answer {
    Answer { status, headers: Vec::new(), body: body.to_string().into_bytes() }
}

/// A page of these identifiers; a link to page `next` if that is not 0.
fn page(ids: &[i64], next: usize) -> Value {
    let rows: Vec<_> = ids.iter().map(|id| json!({ "Id": id, "Name": format!("n{id}") })).collect();
    let mut page = json!({ "@odata.context": "c", "value": rows });
    if next > 0 {
        page["@odata.nextLink"] = json!(format!("Rows?$skiptoken={next}"));
    }
    page
}

/// Reads pages that lie in a list; `$skiptoken` is the place in it.
fn read(pages: &[(u16, Value)]) -> Ledger {
    read_with("http://h:1/s/Rows", |url| {
        let place = url.split_once('=').map_or(0, |(_, place)| place.parse().unwrap());
        match pages.get(place) {
            Some((status, body)) => Ok(answer(*status, body)),
            None => Err(HttpError::Broken("gone".to_owned())),
        }
    })
}

#[test]
fn every_fault_is_seen() {
    let all = Expected::keys("Id", 1..=5);
    let counted = |ids: &[i64], next, count| {
        let mut page = page(ids, next);
        page["@odata.count"] = json!(count);
        (200, page)
    };
    let changed = json!({ "value": [{ "Id": 1 }, { "Id": 2 }, { "Name": "x" }, { "Id": 4 }, { "Id": 5 }] });
    let error = (503, json!({ "error": { "code": "Busy", "message": "later" } }));
    type Row = (&'static str, Vec<(u16, Value)>, &'static [&'static str]);
    let rows: Vec<Row> = vec![
        ("whole", vec![(200, page(&[1, 2], 1)), (200, page(&[3, 4], 2)), (200, page(&[5], 0))], &[]),
        ("counted", vec![counted(&[1, 2, 3, 4, 5], 0, 5)], &[]),
        ("wrong count", vec![counted(&[1, 2, 3, 4, 5], 0, 6)], &["count is 6, expected 5"]),
        ("gap", vec![(200, page(&[1, 2], 1)), (200, page(&[4, 5], 0))], &["1 rows missing: 3"]),
        ("early end", vec![(200, page(&[1, 2], 0))], &["3 rows missing: 3 | 4 | 5"]),
        (
            "double",
            vec![(200, page(&[1, 2, 3], 1)), (200, page(&[3, 4, 5], 0))],
            &["1 rows more than once: 3"],
        ),
        ("order", vec![(200, page(&[1, 3, 2, 4, 5], 0))], &["1 rows out of order: 2"]),
        ("stranger", vec![(200, page(&[1, 2, 3, 4, 5, 9], 0))], &["1 rows not expected: 9"]),
        ("no key", vec![(200, changed)], &["1 rows missing: 3", "1 rows not expected: null"]),
        (
            "empty",
            vec![(200, page(&[1, 2, 3, 4, 5], 1)), (200, page(&[], 2)), (200, page(&[], 0))],
            &["no rows"],
        ),
        ("circle", vec![(200, page(&[1, 2], 1)), (200, page(&[3, 4, 5], 1))], &["in a circle"]),
        ("error", vec![(200, page(&[1, 2], 1)), error], &["Error { status: 503", "rows missing"]),
        ("broken", vec![(200, page(&[1, 2, 3, 4, 5], 7))], &["gone"]),
        ("no page", vec![(200, json!({ "x": 1 }))], &["no page", "5 rows missing"]),
        ("no OData error", vec![(500, json!({ "error": "x" }))], &["no OData error", "5 rows missing"]),
        (
            "bad link",
            vec![(200, json!({ "value": [], "@odata.nextLink": 1 }))],
            &["is no text", "5 rows missing"],
        ),
    ];
    for (name, pages, expected) in rows {
        let faults = read(&pages).faults(&all);
        assert_eq!(faults.len(), expected.len(), "{name}: {faults:?}");
        for (fault, part) in faults.iter().zip(expected) {
            assert!(fault.contains(part), "{name}: {fault}");
        }
    }
}

#[test]
fn values_are_compared_with_whole_rows() {
    let row = |id: i64, name: &str| json!({ "Id": id, "Name": name });
    let ledger = read(&[(200, page(&[1, 2], 0))]);
    let rows = [
        (vec![row(1, "n1"), row(2, "n2")], ""),
        (vec![row(1, "n1"), row(2, "x")], "1 rows with other values: 2 (Name: expected \"x\", got \"n2\")"),
        (vec![row(1, "n1"), json!({ "Id": 2, "More": null })], "(More: expected null, got nothing)"),
    ];
    for (expected, part) in rows {
        let faults = ledger.faults(&Expected::rows(&["Id"], expected)).join("; ");
        assert_eq!(faults.is_empty(), part.is_empty(), "{part}: {faults}");
        assert!(faults.contains(part), "{part}: {faults}");
    }
}

#[test]
fn an_honest_end_is_a_whole_reading_or_an_error_behind_a_beginning() {
    let error = || (410, json!({ "error": { "code": "Gone", "message": "expired" } }));
    let rows = [
        ("whole", vec![(200, page(&[1, 2, 3], 0))], true),
        ("error at once", vec![error()], true),
        ("error later", vec![(200, page(&[1, 2], 1)), error()], true),
        ("error behind a gap", vec![(200, page(&[1, 3], 1)), error()], false),
        ("early end", vec![(200, page(&[1, 2], 0))], false),
        ("broken", vec![(200, page(&[1, 2], 7))], false),
    ];
    for (name, pages, honest) in rows {
        let ledger = read(&pages);
        let checked = std::panic::catch_unwind(|| ledger.check_honest(&Expected::keys("Id", 1..=3)));
        assert_eq!(checked.is_ok(), honest, "{name}");
    }
    assert_eq!(read(&[error()]).end, End::Error { status: 410, code: "Gone".to_owned() });
}

#[test]
fn links_are_asked_for_again() {
    let pages: Vec<_> =
        (0..30_usize).map(|i| (200, page(&[i as i64], if i < 29 { i + 1 } else { 0 }))).collect();
    let ledger = read(&pages);
    assert_eq!((ledger.links().len(), ledger.rows().count()), (29, 30));
    let place = |url: &str| url.split_once('=').map_or(0, |(_, place)| place.parse::<usize>().unwrap());
    let mut asked = Vec::new();
    let same = ledger.reread(|url| {
        asked.push(place(url));
        Ok(answer(200, &pages[place(url)].1))
    });
    assert_eq!(same, [""; 0]);
    assert_eq!((asked.first(), asked.last(), asked.len()), (Some(&1), Some(&29), 9), "{asked:?}");
    let other = ledger.reread(|url| Ok(answer(200, &pages[place(url).min(28)].1)));
    assert_eq!(other.len(), 1, "{other:?}");
    assert!(other[0].contains("other bytes: http://h:1/s/Rows?$skiptoken=29"), "{other:?}");
    let gone = ledger.reread(|_| Err(HttpError::Broken("gone".to_owned())));
    assert_eq!(gone.len(), 9);
}
