//! Delta links: what has changed since a result was read, from a column of each database; rows that are deleted softly.

use std::path::Path;

use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::sqlite::sqlite;
use serde_json::{Value, json};

use crate::common::encoded;
use crate::models::{round_trip, validate, wrong};
use crate::world::{SOURCES, World};

/// `WHEN` is the type of points in time, `Z'` ends one.
const SCRIPT: &str = "
CREATE TABLE customers (id int PRIMARY KEY, name varchar(40), city varchar(40), changed WHEN, gone WHEN);
CREATE TABLE items (a int NOT NULL, b varchar(9) NOT NULL, customer int, name varchar(40), version bigint NOT NULL,
    dropped boolean, PRIMARY KEY (a, b), FOREIGN KEY (customer) REFERENCES customers (id));
CREATE TABLE plain (id int PRIMARY KEY, changed WHEN);
INSERT INTO customers VALUES (1, 'Ann', 'Ulm', '2024-01-01 00:00:00Z', NULL), (2, 'Bob', 'Ulm', '2024-01-02 00:00:00Z', NULL),
    (3, 'Cy', 'Ulm', '2024-01-03 00:00:00Z', NULL), (4, 'Di', 'Bonn', '2024-01-04 00:00:00Z', NULL),
    (5, 'Ed', 'Ulm', '2024-01-05 00:00:00Z', NULL), (7, 'No', 'Ulm', '2024-01-04 00:00:00Z', '2024-01-04 00:00:00Z'),
    (8, 'Old', 'Ulm', NULL, NULL);
INSERT INTO items VALUES (1, 'x', 1, 'one', 1, false), (1, 'y', 7, 'two', 2, NULL), (2, 'x', 1, 'gone', 3, true);
INSERT INTO plain VALUES (1, NULL);
";

const MODEL: &str = "
namespace: Shop
entities:
  Customers:
    table: customers
    type: Customer
    properties: {Id: id, Name: name, City: city, Changed: changed}
    hide: [gone]
    changes: {column: Changed, deleted: {column: gone}}
    navigation: {Items: {target: Items, on: {Id: customer}, partner: Customer}}
  Items:
    table: items
    type: Item
    properties: {A: a, B: b, Name: name}
    hide: [version, dropped, customer]
    changes: {column: version, deleted: {column: dropped}}
    navigation: {Customer: {target: Customers, on: {customer: Id}, partner: Items}}
  Plain: {table: plain, type: One}
";

fn world() -> World {
    let of = |when: &str, zone: &str| SCRIPT.replace("WHEN", when).replace("Z'", zone);
    let scripts = [of("timestamp", "'"), of("timestamptz", "+00'"), of("datetime(6)", "'")];
    World::written([&scripts[0], &scripts[1], &scripts[2]], MODEL)
}

/// Changes the rows of a source.
pub fn change(world: &World, source: &str, statements: &str) {
    let number = SOURCES.iter().position(|name| *name == source).expect("a source");
    let statements = statements.replace("Z'", if number == 1 { "+00'" } else { "'" });
    match number {
        0 => {
            let config = world.config();
            let dir = Path::new(&config).parent().expect("a directory");
            sqlite(&dir.join("modelled.db"), &statements);
        }
        _ => world.databases[number - 1].run(&statements),
    }
}

pub const OLD: (&str, &str) = ("odata-maxversion", "4.0");
pub const NEW: (&str, &str) = ("odata-maxversion", "4.01");

#[track_caller]
pub fn json_of(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// All rows from a link on, and the link to what changes from then on.
#[track_caller]
pub fn all(link: &str, headers: &[(&str, &str)]) -> (Vec<Value>, String, usize) {
    let (mut rows, mut link, mut pages) = (Vec::new(), link.to_owned(), 0);
    loop {
        let page = json_of(&http::get(&link, headers));
        pages += 1;
        rows.extend(page["value"].as_array().expect("rows").iter().cloned());
        let named = |name: &str| {
            let found = page.get(["@odata.", name].concat()).or_else(|| page.get(["@", name].concat()));
            found.and_then(Value::as_str).map(str::to_owned)
        };
        match (named("nextLink"), named("deltaLink")) {
            (Some(next), None) => link = next,
            (None, Some(delta)) => return (rows, delta, pages),
            other => panic!("{other:?} in {page}"),
        }
    }
}

#[test]
fn changes_are_told_behind_delta_links() {
    validate(MODEL);
    let world = world();
    for source in SOURCES {
        let service = world.node.service(source);
        let url =
            [&service, &*encoded("Customers?$filter=City eq 'Ulm'&$select=Id,Name&$orderby=Name")].concat();
        let first = http::get(&url, &[OLD, ("prefer", "odata.track-changes, maxpagesize=2")]);
        let applied = first.header("preference-applied");
        assert_eq!(applied, Some("odata.track-changes, odata.maxpagesize=2"), "{source}");
        let (rows, delta, pages) = all(&url, &[OLD, ("prefer", "track-changes,odata.maxpagesize=2")]);
        let ids: Vec<_> = rows.iter().map(|row| row["Id"].as_i64().unwrap_or_default()).collect();
        assert_eq!((ids.as_slice(), pages), (&[1, 2, 3, 5, 8][..], 3), "{source}");
        assert!(!delta.contains("orderby") && delta.contains("$select=Id,Name"), "{source}: {delta}");
        change(
            &world,
            source,
            "UPDATE customers SET name = 'Bea', changed = '2024-01-06 00:00:00Z' WHERE id = 2;
             UPDATE customers SET city = 'Bonn', changed = '2024-01-07 00:00:00Z' WHERE id = 3;
             UPDATE customers SET gone = '2024-01-08 00:00:00Z', changed = '2024-01-08 00:00:00Z' WHERE id = 1;
             INSERT INTO customers VALUES (6, 'Flo', 'Ulm', '2024-01-09 00:00:00Z', NULL)",
        );
        let (ed, bea, flo) = (
            json!({"Id": 5, "Name": "Ed"}),
            json!({"Id": 2, "Name": "Bea"}),
            json!({"Id": 6, "Name": "Flo"}),
        );
        let removed = |id: i64, reason: &str| {
            let (context, id) = ("#Customers/$deletedEntity", format!("Customers({id})"));
            json!({"@odata.context": context, "reason": reason, "id": id})
        };
        let newer = |id: i64, reason: &str| json!({"@removed": {"reason": reason}, "@id": format!("Customers({id})")});
        // What has the very mark is told again.
        let expected =
            vec![ed.clone(), bea.clone(), removed(3, "changed"), removed(1, "deleted"), flo.clone()];
        let (rows, next, pages) = all(&delta, &[OLD]);
        assert_eq!((&rows, pages), (&expected, 1), "{source}");
        let (rows, _, pages) = all(&delta, &[OLD, ("prefer", "maxpagesize=2")]);
        assert_eq!((&rows, pages), (&expected, 3), "{source}");
        let (rows, ..) = all(&delta, &[NEW]);
        let forms = [ed, bea, newer(3, "changed"), newer(1, "deleted"), flo.clone()];
        assert_eq!(rows, forms, "{source}");
        let counted = json_of(&http::get(&[&delta, "&$count=true"].concat(), &[OLD]));
        assert_eq!(counted["@odata.count"], 5, "{source}: {counted}");
        let number = http::get(&delta.replacen("Customers?", "Customers/$count?", 1), &[OLD]);
        assert_eq!((number.status, number.text().as_str()), (200, "5"), "{source}");
        let context = counted["@odata.context"].as_str().unwrap_or_default();
        assert!(context.ends_with("$metadata#Customers(Id,Name)/$delta"), "{source}: {context}");
        let (rows, next, _) = all(&next, &[OLD]);
        assert_eq!(rows, [flo], "{source}");
        change(
            &world,
            source,
            "UPDATE customers SET gone = NULL, changed = '2024-01-10 00:00:00Z' WHERE id = 1",
        );
        let (rows, ..) = all(&next, &[OLD]);
        assert_eq!(rows[1..], [json!({"Id": 1, "Name": "Ann"})], "{source}");
    }
}

#[test]
fn links_begin_where_nothing_is_read() {
    let world = world();
    for source in SOURCES {
        let url = [&world.node.service(source), "Items?$top=0&$select=Name"].concat();
        for prefer in ["odata.track-changes", "track-changes, respond-async"] {
            let mut first = http::get(&url, &[NEW, ("prefer", prefer)]);
            while first.status == 202 {
                first = http::get(first.header("location").expect("a location"), &[NEW]);
            }
            let body = json_of(&first);
            assert_eq!((&body["value"], body.get("@nextLink")), (&json!([]), None), "{source}: {body}");
            assert_eq!(first.header("preference-applied"), Some("track-changes"), "{source}");
            let delta = body["@deltaLink"].as_str().expect("a delta link");
            assert!(!delta.contains("$top"), "{source}: {delta}");
            let (rows, ..) = all(delta, &[NEW]);
            let gone = json!({"@removed": {"reason": "deleted"}, "@id": "Items(A=2,B='x')"});
            assert_eq!(rows, [gone], "{source}");
        }
        let first = json_of(&http::get(&url, &[NEW, ("prefer", "track-changes")]));
        change(&world, source, "INSERT INTO items VALUES (3, 'ä b', NULL, 'three', 3, NULL)");
        let delta = first["@deltaLink"].as_str().expect("a delta link");
        let (rows, ..) = all(delta, &[NEW]);
        // Without the key, the identifier tells which one it is.
        let three = json!({"@id": "Items(A=3,B='%C3%A4%20b')", "Name": "three"});
        assert_eq!(rows[1..], [three], "{source}");
        change(&world, source, "DELETE FROM items WHERE a = 3");
    }
}

#[test]
fn what_is_not_followed_is_not_promised() {
    let world = world();
    let rows = [
        "Plain",
        "Customers?$expand=Items",
        "Customers?$apply=aggregate($count as N)",
        "Customers?$filter=Items/any(i:i/A eq 1)",
        "Customers?$filter=$root/Customers(1)/Id eq 1",
        "Customers(1)/Items",
        "Customers/$filter(Id gt 1)",
        "Customers?$skip=1",
        "Customers/$ref",
        "Customers(1)",
        "Customers/$count",
    ];
    for source in SOURCES {
        let service = world.node.service(source);
        for row in rows {
            let answer = http::get(&[&service, &*encoded(row)].concat(), &[("prefer", "track-changes")]);
            assert_eq!((answer.status, answer.header("preference-applied")), (200, None), "{source}: {row}");
            assert!(!answer.text().contains("deltaLink"), "{source}: {row}: {}", answer.text());
        }
        let (_, delta, _) = all(&[&service, "Customers"].concat(), &[("prefer", "track-changes")]);
        let (_, token) = delta.split_once("$deltatoken=").expect("a token");
        for (url, status) in [
            ("Customers?$deltatoken=TOKEN", 200),
            ("Customers?$count=true&$format=json&$deltatoken=TOKEN", 200),
            ("Customers?$deltatoken=x", 410),
            ("Customers?$deltatoken=", 400),
            ("Customers?$filter=Id eq 1&$deltatoken=TOKEN", 410),
            ("Items?$deltatoken=TOKEN", 410),
            ("Customers?$skiptoken=TOKEN", 400),
            ("Plain?$deltatoken=x", 501),
            ("Customers(1)?$deltatoken=TOKEN", 501),
            ("Customers?$expand=Items&$deltatoken=TOKEN", 501),
            ("Customers/$count?$deltatoken=TOKEN", 200),
            ("Customers/$count?$filter=Id eq 1&$deltatoken=TOKEN", 410),
            ("Items/$count?$deltatoken=TOKEN", 410),
            ("Plain/$count?$deltatoken=x", 501),
        ] {
            let url = [&service, &*encoded(url).replace("TOKEN", token)].concat();
            let answer = http::get(&url, &[]);
            assert_eq!(answer.status, status, "{source}: {url}: {}", answer.text());
        }
        let xml = http::get(&[&service, "$metadata"].concat(), &[]).text();
        let tracked = "<Annotation Term=\"Org.OData.Capabilities.V1.ChangeTracking\">";
        assert_eq!(xml.matches(tracked).count(), 2, "{source}: {xml}");
    }
}

#[test]
fn what_is_deleted_is_not_served() {
    let world = world();
    let rows: &[(&str, u16, &str)] = &[
        ("Customers/$count", 200, "6"),
        ("Customers(7)", 404, "NotFound"),
        ("Customers(1)/Name/$value", 200, "Ann"),
        (
            "Items?$select=B",
            200,
            r#""value":[{"@odata.id":"Items(A=1,B='x')","B":"x"},{"@odata.id":"Items(A=1,B='y')","B":"y"}]}"#,
        ),
        ("Items(A=2,B='x')", 404, "NotFound"),
        ("Items(A=1,B='y')/Customer", 204, ""),
        ("Customers(1)/Items/$count", 200, "1"),
        ("Customers?$filter=Items/$count eq 1&$select=Id", 200, r#""value":[{"Id":1}]}"#),
        (
            "Items?$select=A&$expand=Customer($select=Id)",
            200,
            r#""value":[{"@odata.id":"Items(A=1,B='x')","A":1,"Customer":{"Id":1}},{"@odata.id":"Items(A=1,B='y')","A":1,"Customer":null}]}"#,
        ),
        (
            "Customers?$top=1&$select=Id&$expand=Items($select=B)",
            200,
            r#""value":[{"Id":1,"Items":[{"@odata.id":"Items(A=1,B='x')","B":"x"}]}]}"#,
        ),
        (
            "Items?$filter=Customer/Id eq null&$select=B",
            200,
            r#""value":[{"@odata.id":"Items(A=1,B='y')","B":"y"}]}"#,
        ),
        ("Items?$apply=aggregate($count as N)", 200, r##""value":[{"N@odata.type":"#Decimal","N":2}]}"##),
        ("$crossjoin(Customers,Items)/$count", 200, "12"),
        ("Items?$filter=7 in $root/Customers/Id", 200, r#""value":[]}"#),
    ];
    let wrong = wrong(&world, rows);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    round_trip(&world);
}

#[test]
fn changes_that_cannot_be_stored_are_not_told_in_part() {
    let world = world();
    let settings = std::fs::read_to_string(world.config()).expect("the configuration is there");
    let config = [&world.config(), ".full"].concat();
    std::fs::write(&config, settings + "[results]\nmin_free_mib = 100000000\n").expect("it can be written");
    let full = world.node_with(&config);
    for source in SOURCES {
        let customers = [&full.service(source), "Customers"].concat();
        let (rows, delta, pages) = all(&customers, &[NEW, ("prefer", "track-changes")]);
        assert_eq!((rows.len(), pages), (6, 1), "{source}");
        change(&world, source, "UPDATE customers SET changed = '2025-01-01 00:00:00Z' WHERE id <= 4");
        for _ in 0..2 {
            let told = http::get(&delta, &[NEW, ("prefer", "maxpagesize=2")]);
            assert_eq!(
                (told.status, told.header("retry-after")),
                (503, Some("10")),
                "{source}: {}",
                told.text()
            );
            let error = &told.json()["error"];
            assert_eq!(
                (&error["code"], &error["target"]),
                (&json!("ChangesNotStored"), &json!("$deltatoken"))
            );
        }
        // In one page there is nothing to store.
        let (rows, next, pages) = all(&delta, &[NEW]);
        assert_eq!((rows.len(), pages), (5, 1), "{source}: {rows:?}");
        assert_eq!(all(&next, &[NEW]).0.len(), 4, "{source}");
        // A first result goes on without changes: its links are those of rows by number.
        let (mut link, mut read) = (Some(customers), 0);
        while let Some(url) = link {
            let page = json_of(&http::get(&url, &[NEW, ("prefer", "track-changes,maxpagesize=4")]));
            read += page["value"].as_array().map_or(0, Vec::len);
            assert_eq!(page.get("@deltaLink"), None, "{source}: {page}");
            link = page["@nextLink"].as_str().map(str::to_owned);
        }
        assert_eq!(read, 6, "{source}");
    }
}
