//! ETags of entities: made of columns that the model file names, told in bodies and headers, and asked about by conditions.

use nextlink_testkit::http::Answer;
use serde_json::{Value, json};

use crate::common::encoded;
use crate::models::{round_trip, validate};
use crate::world::{SOURCES, World};

/// `BYTES` is the type of bytes, `X'…'` are bytes.
const SCRIPT: &str = "
CREATE TABLE docs (id int PRIMARY KEY, title varchar(20), version int, body BYTES, mime varchar(20));
CREATE TABLE entries (id int PRIMARY KEY, doc_id int, line varchar(200), changed date, FOREIGN KEY (doc_id) REFERENCES docs (id));
CREATE TABLE plain (id int PRIMARY KEY, name varchar(20));
CREATE TABLE wholes (id int PRIMARY KEY, name varchar(20), body BYTES);
CREATE TABLE files (id int PRIMARY KEY, body BYTES);
INSERT INTO docs VALUES (1, 'One', 7, X'3031323334', 'text/plain'), (2, NULL, NULL, NULL, NULL);
INSERT INTO entries VALUES (10, 1, 'it''s \"q\"', '2024-01-31'), (11, 2, NULL, NULL),
    (12, NULL, '0123456789012345678901234567890123456789012345678901234567890123456789', '2024-02-29');
INSERT INTO plain VALUES (1, 'x');
INSERT INTO wholes VALUES (1, 'x', X'3031');
INSERT INTO files VALUES (1, X'3031');
";

const MODEL: &str = "
namespace: Shop
entities:
  Docs:
    table: docs
    type: Doc
    etag: version
    media: {column: body, type: {column: mime}}
    properties: {Id: id, Title: title}
    hide: [version, mime]
    navigation: {Lines: {target: Lines, on: {Id: doc_id}}}
  Lines:
    table: entries
    type: Line
    etag: [Line, changed]
    properties: {Id: id, Line: line, Changed: changed}
    hide: [doc_id]
    navigation: {Doc: {target: Docs, on: {doc_id: Id}, partner: Lines}}
  Plain: {table: plain, type: Plainly, properties: {Id: id, Name: name}}
  Wholes: {table: wholes, type: Whole, etag: '*', properties: {Id: id, Name: name}, hide: [body]}
  # A stream is nothing to be read for it.
  Files: {table: files, type: File, etag: '*', media: {column: body}, properties: {Id: id}}
singletons:
  First: {of: Docs, row: {Id: 1}}
";

const SEVEN: &str = "W/\"7\"";
const TEN: &str = "W/\"'it''s%20%22q%22';2024-01-31\"";

fn world() -> World {
    let of = |bytes: &str, hex: &str| SCRIPT.replace("BYTES", bytes).replace("X'", hex);
    World::written([&of("blob", "X'"), &of("bytea", "'\\x"), &of("longblob", "X'")], MODEL)
}

fn get(world: &World, source: &str, url: &str, headers: &[(&str, &str)]) -> Answer {
    world.node.get(&["/api/odata4/", source, "/", &encoded(url)].concat(), headers)
}

/// A URL, the ETag of the answer, and its status.
const TOLD: &[(&str, &str, u16)] = &[
    ("Docs(1)", SEVEN, 200),
    // The second time it goes another way.
    ("Docs(1)", SEVEN, 200),
    ("Docs(2)", "W/\"null\"", 200),
    ("Docs(1)?$select=Title", SEVEN, 200),
    ("Docs(1)/Title", SEVEN, 200),
    ("Docs(1)/Title/$value", SEVEN, 200),
    ("Docs(2)/Title", "W/\"null\"", 204),
    ("Docs(2)/Title/$value", "W/\"null\"", 204),
    ("First", SEVEN, 200),
    ("First/Title", SEVEN, 200),
    ("Lines(10)/Doc", SEVEN, 200),
    ("Lines(10)/Doc/Title", SEVEN, 200),
    ("Lines(10)", TEN, 200),
    ("Docs(1)/Lines(10)", TEN, 200),
    ("Lines(11)", "W/\"null;null\"", 200),
    ("Docs(1)/$value", "\"7\"", 200),
    ("Docs(2)/$value", "\"null\"", 204),
    // What hangs on an entity has states of its own, and so have collections.
    ("Docs(1)?$expand=Lines", "", 200),
    ("Lines(10)?$expand=Doc", "", 200),
    ("Docs(1)?$compute=Id add 1 as Next", "", 200),
    ("Docs(1)/$ref", "", 200),
    ("Docs", "", 200),
    ("Docs/$count", "", 200),
    ("Docs(1)/Lines", "", 200),
    ("Docs(9)", "", 404),
    ("Plain(1)", "", 200),
    ("Wholes(1)", "W/\"1;'x';MDE=\"", 200),
    ("Files(1)", "", 200),
];

/// A URL, a condition, and the status of the answer.
const CONDITIONS: &[(&str, &str, &str, u16)] = &[
    ("Docs(1)", "if-none-match", SEVEN, 304),
    ("Docs(1)", "if-none-match", "\"7\"", 304),
    ("Docs(1)", "if-none-match", "*", 304),
    ("Docs(1)", "if-none-match", "W/\"6\", W/\"7\"", 304),
    ("Docs(1)", "if-none-match", "W/\"6\"", 200),
    ("Docs(1)", "if-match", SEVEN, 200),
    ("Docs(1)", "if-match", "*", 200),
    ("Docs(1)", "if-match", "W/\"6\"", 412),
    ("Docs(1)/Title", "if-none-match", SEVEN, 304),
    ("Docs(1)/Title", "if-match", "W/\"6\"", 412),
    ("Docs(1)/Title/$value", "if-none-match", SEVEN, 304),
    ("Docs(1)/Title/$value", "if-match", "W/\"6\"", 412),
    ("First", "if-none-match", SEVEN, 304),
    ("Lines(10)", "if-none-match", TEN, 304),
    ("Lines(10)", "if-none-match", "W/\"'it's q';2024-01-31\"", 200),
    ("Docs(1)/$value", "if-none-match", "\"7\"", 304),
    ("Docs(1)/$value", "if-match", "\"6\"", 412),
    ("Docs(1)/$value", "if-match", "\"7\"", 200),
    ("Docs(1)?$expand=Lines", "if-none-match", SEVEN, 200),
    ("Plain(1)", "if-none-match", "*", 200),
];

#[test]
fn headers_and_conditions() {
    let world = world();
    validate(MODEL);
    let mut wrong = Vec::new();
    for source in SOURCES {
        for (url, etag, status) in TOLD {
            let answer = get(&world, source, url, &[]);
            let told = answer.header("etag").unwrap_or_default();
            if (answer.status, told) != (*status, *etag) {
                wrong.push(format!("{source}: {url}: {} {told}", answer.status));
            }
        }
        for (url, name, value, status) in CONDITIONS {
            let answer = get(&world, source, url, &[(name, value)]);
            let empty = answer.status != 304 || (answer.body.is_empty() && answer.header("etag").is_some());
            if answer.status != *status || !empty {
                wrong.push(format!("{source}: {url} {name} {value}: {} {}", answer.status, answer.text()));
            }
        }
        let part = |etag: &str| {
            let answer = get(&world, source, "Docs(1)/$value", &[("range", "bytes=1-2"), ("if-range", etag)]);
            (answer.status, answer.text())
        };
        assert_eq!(part("\"7\""), (206, "12".to_owned()), "{source}");
        assert_eq!(part("\"6\""), (200, "01234".to_owned()), "{source}");
        let long = get(&world, source, "Lines(12)", &[]);
        let long = long.header("etag").expect("an ETag").to_owned();
        assert!(long.len() < 40, "{source}: {long}");
        assert_eq!(get(&world, source, "Lines(12)", &[("if-none-match", &long)]).status, 304, "{source}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    round_trip(&world);
}

#[test]
fn what_is_told_in_bodies() {
    let world = world();
    for source in SOURCES {
        let json = |url: &str, headers: &[(&str, &str)]| {
            let mut json = get(&world, source, url, headers).json();
            for name in ["@odata.context", "@context"] {
                json.as_object_mut().map(|json| json.remove(name));
            }
            json
        };
        let one = json!({"@odata.etag": SEVEN, "Id": 1, "Title": "One"});
        let line = json!({"@odata.etag": TEN, "Id": 10, "Line": "it's \"q\"", "Changed": "2024-01-31"});
        let with = |entity: &Value, name: &str, value: Value| {
            let mut entity = entity.clone();
            entity[name] = value;
            entity
        };
        let first = |list: Value| list["value"][0].clone();
        assert_eq!(json("Docs(1)", &[]), one, "{source}");
        assert_eq!(first(json("Docs", &[])), one, "{source}");
        assert_eq!(
            first(json("Docs?$select=Title", &[])),
            json!({"@odata.id": "Docs(1)", "@odata.etag": SEVEN, "Title": "One"}),
            "{source}"
        );
        assert_eq!(json("Docs(1)?$expand=Lines", &[]), with(&one, "Lines", json!([line])), "{source}");
        assert_eq!(first(json("Lines?$expand=Doc", &[])), with(&line, "Doc", one.clone()), "{source}");
        assert_eq!(json("Docs(1)/Title", &[]), json!({"value": "One"}), "{source}");
        let new = [("odata-maxversion", "4.01")];
        assert_eq!(json("Docs(1)", &new), json!({"@etag": SEVEN, "Id": 1, "Title": "One"}), "{source}");
        let format = |level: &str| format!("Docs(1)?$format=application/json;odata.metadata={level}");
        assert_eq!(json(&format("none"), &[]), json!({"Id": 1, "Title": "One"}), "{source}");
        let full = json(&format("full"), &[]);
        assert_eq!(
            (&full["@odata.etag"], &full["@odata.mediaEtag"]),
            (&json!(SEVEN), &json!("\"7\"")),
            "{source}: {full}"
        );
        let groups = json("Docs?$apply=groupby((Title))", &[]);
        assert_eq!(groups["value"][1], json!({"Title": "One"}), "{source}: {groups}");
        let xml = get(&world, source, "$metadata", &[]).text();
        let none = "<Annotation Term=\"Org.OData.Core.V1.OptimisticConcurrency\">\n            <Collection>\n            </Collection>";
        let two = "<PropertyPath>Line</PropertyPath>";
        assert!(xml.contains(none) && xml.contains(two), "{source}: {xml}");
        assert_eq!(xml.matches("OptimisticConcurrency").count(), 4, "{source}: {xml}");
        let csdl = json("$metadata?$format=json", &[]);
        let lines = &csdl["Shop"]["Container"]["Lines"]["@Org.OData.Core.V1.OptimisticConcurrency"];
        assert_eq!(*lines, json!(["Line", "Changed"]), "{source}: {csdl}");
    }
}

/// A row's transaction is no column that anybody has declared.
#[test]
fn rows_of_postgres_know_who_wrote_them() {
    let script = "CREATE TABLE notes (id int PRIMARY KEY, note varchar(20)); INSERT INTO notes VALUES (1, 'a'), (2, 'b');
        CREATE VIEW seen AS SELECT id, note FROM notes;";
    let model = "
namespace: Shop
entities:
  Notes: {table: notes, etag: xmin}
  Seen: {table: seen, key: [id], etag: xmin}
";
    let world = World::modelled(script, model);
    let etag = || get(&world, "postgres", "Notes(1)", &[]).header("etag").map(str::to_owned);
    let before = etag().expect("an ETag");
    let other = get(&world, "postgres", "Notes(2)", &[]);
    world.databases[0].run("UPDATE notes SET note = 'c' WHERE id = 1");
    let after = etag().expect("an ETag");
    assert_ne!(before, after);
    assert_eq!(get(&world, "postgres", "Notes(2)", &[]).header("etag"), other.header("etag"));
    assert_eq!(get(&world, "postgres", "Notes(1)", &[("if-none-match", &before)]).status, 200);
    assert_eq!(get(&world, "postgres", "Notes(1)", &[("if-none-match", &after)]).status, 304);
    let columns = get(&world, "postgres", "Notes(1)", &[]).json();
    assert_eq!(columns.as_object().map(|members| members.len()), Some(4), "{columns}");
    // Where there is no such column, nothing is made up.
    for (source, url) in [("postgres", "Seen(1)"), ("sqlite", "Notes(1)"), ("mariadb", "Notes(1)")] {
        let answer = get(&world, source, url, &[]);
        assert_eq!((answer.status, answer.header("etag")), (200, None), "{source}: {url}");
    }
    round_trip(&world);
}
