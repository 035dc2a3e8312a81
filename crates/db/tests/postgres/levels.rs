//! Expanded collections: over links of all types, over batches of parents, and of one snapshot while others write.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::ask::Ask;
use crate::setting::Setting;

/// The type of a key, of a column that refers to it, and three values of it.
const LINKS: &[(&str, &str, [&str; 3])] = &[
    ("int", "int", ["1", "-2", "3"]),
    ("int", "bigint", ["1", "-2", "3"]),
    ("numeric", "int", ["1", "-2", "3"]),
    ("smallint", "smallint", ["1", "-2", "3"]),
    ("numeric(9,2)", "numeric(9,2)", ["1.50", "-2", "0"]),
    ("text", "text", ["'a'", "''", "'É\"{,}'"]),
    ("varchar(9)", "text", ["'a'", "''", "'É'"]),
    ("text", "varchar(9)", ["'a'", "''", "'É'"]),
    ("char(4)", "char(4)", ["'a'", "''", "'É b'"]),
    ("name", "name", ["'a'", "'b'", "'c'"]),
    ("text COLLATE loose", "text COLLATE loose", ["'a'", "'b'", "'c'"]),
    ("citext", "citext", ["'a'", "'B'", "'c'"]),
    ("uuid", "uuid", ["gen_random_uuid()", "gen_random_uuid()", "gen_random_uuid()"]),
    ("date", "date", ["'2024-02-29'", "'infinity'", "'4000-01-01 BC'"]),
    ("timestamptz", "timestamptz", ["'2024-02-29 12:00:00.123456+02'", "'infinity'", "'-infinity'"]),
    ("time", "time", ["'12:00'", "'24:00'", "'00:00'"]),
    ("interval", "interval", ["'1 day'", "'1 month'", "'-1 hour'"]),
    ("bool", "bool", ["true", "false", "NULL"]),
    ("mood", "mood", ["'sad'", "'happy'", "NULL"]),
    ("small", "small", ["1", "2", "3"]),
    ("inet", "inet", ["'10.0.0.1'", "'::1'", "'10.0.0.0/8'"]),
    ("oid", "oid", ["1", "4294967295", "2"]),
];

#[test]
fn links_of_all_types() {
    let mut script = String::from(
        "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN small AS int; CREATE EXTENSION citext;
         CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);\n",
    );
    for (i, (key, own, values)) in LINKS.iter().enumerate() {
        script += &format!(
            "CREATE TABLE p{i} (n int, k {key} PRIMARY KEY);
             CREATE TABLE c{i} (id int PRIMARY KEY, k {own} REFERENCES p{i});
             INSERT INTO p{i} SELECT * FROM (VALUES {}) AS v(n, k) WHERE k IS NOT NULL;
             INSERT INTO c{i} SELECT n * 10 + m, k FROM p{i}, generate_series(1, n) m;
             INSERT INTO c{i} VALUES (0, NULL);\n",
            values
                .iter()
                .enumerate()
                .map(|(n, value)| {
                    let ty = key.split(" COLLATE").next().unwrap_or_default();
                    format!("({}, {value}::{ty})", n + 1)
                })
                .collect::<Vec<_>>()
                .join(", "),
        );
    }
    let setting = Setting::new(&script);
    let mut wrong = String::new();
    for (i, (key, own, values)) in LINKS.iter().enumerate() {
        let kept = values.iter().filter(|v| **v != "NULL").count();
        let children = |n: usize| (1..=n).map(|m| json!({ "id": n * 10 + m })).collect::<Vec<_>>();
        let expected: Vec<Value> = (1..=kept).map(|n| json!({ "n": n, "c": children(n) })).collect();
        let url = format!("p{i}?$select=n&$orderby=n&$expand=c{i}($select=id;$orderby=id)");
        let found = setting.served.ask(&url).replace(&format!("\"c{i}\""), "\"c\"");
        let read: Option<Vec<Value>> = serde_json::from_str(&format!("[{found}]")).ok();
        if read.as_ref() != Some(&expected) {
            wrong += &format!("{own} to {key}: {found}\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Parents with up to seven children each, all of one version, which a writer changes for all of them at once.
const VERSIONS: &str = "
CREATE TABLE parent (id int PRIMARY KEY, version int);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent, version int);
CREATE INDEX ON child (parent);
CREATE TABLE grand (id int PRIMARY KEY, child int REFERENCES child, version int);
CREATE INDEX ON grand (child);
INSERT INTO parent SELECT n, 0 FROM generate_series(1, 3000) n;
INSERT INTO child SELECT p * 10 + n, p, 0 FROM generate_series(1, 3000) p, generate_series(1, p % 8) n;
INSERT INTO grand SELECT c.id * 10 + n, c.id, 0 FROM child c, generate_series(1, c.id % 3) n;
ANALYZE;
";

fn rows(text: &str) -> Vec<Value> {
    serde_json::from_str(&format!("[{text}]")).unwrap_or_else(|e| panic!("{e}: {text:.500}"))
}

#[test]
fn all_levels_are_of_one_snapshot() {
    let setting = Setting::new(VERSIONS);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut version = 0;
            while !done.load(Ordering::Relaxed) {
                version += 1;
                setting.database.run(&format!(
                    "BEGIN; UPDATE parent SET version = {version}; UPDATE child SET version = {version};
                     UPDATE grand SET version = {version}; COMMIT;"
                ));
            }
            version
        });
        let url = "parent?$orderby=id&$count=true&$expand=child($orderby=id;$count=true;$expand=grand($orderby=id))";
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..8 {
            let found = rows(&setting.served.ask(url));
            assert_eq!(found.len(), 3000);
            let mut versions = std::collections::BTreeSet::new();
            for (p, parent) in found.iter().enumerate() {
                let p = p as u64 + 1;
                let children = parent["child"].as_array().expect("children");
                assert_eq!(parent["child@odata.count"], json!(p % 8), "{p}");
                assert_eq!(children.len() as u64, p % 8, "{p}");
                versions.insert(parent["version"].as_u64());
                for (c, child) in children.iter().enumerate() {
                    let id = p * 10 + c as u64 + 1;
                    assert_eq!(child["id"], json!(id));
                    let grand = child["grand"].as_array().expect("grandchildren");
                    assert_eq!(grand.len() as u64, id % 3, "{id}");
                    versions.insert(child["version"].as_u64());
                    versions.extend(grand.iter().map(|g| g["version"].as_u64()));
                }
            }
            assert_eq!(versions.len(), 1, "{versions:?}");
            seen.append(&mut versions);
        }
        done.store(true, Ordering::Relaxed);
        let written = writer.join().expect("a writer");
        assert!(written > 1 && seen.len() > 1, "nothing was written meanwhile: {written} {seen:?}");
    });
}

#[test]
fn a_sink_that_stops_leaves_the_connection_in_order() {
    let setting = Setting::with(VERSIONS, |place| place.connections = 1);
    let ask = Ask { stop_after: 1, ..Ask::default() };
    let limits = nextlink_odata::json::PageLimits { rows: 40, ..ask.limits };
    let ask = Ask { limits, ..ask };
    for url in
        ["parent?$orderby=id&$select=id", "parent?$orderby=id&$select=id&$expand=child($select=id)", "grand"]
    {
        for _ in 0..3 {
            let found = setting.served.ask_with(url, &ask).unwrap_or_else(|e| panic!("{url}: {e}"));
            assert_eq!(rows(&found).len(), 40, "{url}");
        }
    }
    setting.check(&[("parent/$count", "3000"), ("parent(7)", r#"{"id":7,"version":0}"#)]);
}
