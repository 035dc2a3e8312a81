//! The OpenAPI document: valid by a validator that others wrote, and true by a tool that asks what it says.

use nextlink_testkit::node::{Launch, Node};
use nextlink_testkit::sqlite::sqlite;

use crate::common::PROGRAM;
use crate::installed::{Language, run};
use crate::world::World;

/// The node's memory in MiB.
fn memory(node: &Node) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.pid())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}

/// The same company on each database, enumerations, complex values and collections on PostgreSQL, and names with letters
/// of other scripts.
#[test]
fn the_document_of_each_database_is_valid() {
    let world = World::trading();
    let mut roots: Vec<String> = ["sqlite", "postgres", "mariadb"].map(|s| world.node.service(s)).into();
    let types = World::scripts(
        "CREATE TYPE color AS ENUM ('red', 'blue');
         CREATE TYPE spot AS (x INTEGER, \"Straße\" TEXT);
         CREATE TABLE things (color color PRIMARY KEY, spot spot, tags TEXT[], span INTERVAL, at TIME, raw BYTEA, id UUID);
         CREATE FUNCTION twice(a INT, top TEXT DEFAULT 'x') RETURNS INT STABLE LANGUAGE sql AS 'SELECT 2 * a';
         CREATE FUNCTION chosen(a BYTEA, b INT DEFAULT 3) RETURNS SETOF things STABLE LANGUAGE sql AS 'SELECT * FROM things';
         CREATE FUNCTION spots() RETURNS SETOF spot STABLE LANGUAGE sql AS 'SELECT (spot).* FROM things';",
        "CREATE TABLE things (id BINARY(16) PRIMARY KEY, flags SET('a', 'b') NOT NULL, size ENUM('s', 'l'), y YEAR);",
        "",
    );
    roots.extend(["postgres", "mariadb"].map(|s| types.node.service(s)));
    let launch = Launch::new(PROGRAM, &["serve"]);
    let dir = launch.data_dir().to_owned();
    sqlite(
        &dir.join("s.db"),
        "CREATE TABLE Größe (Länge TEXT, Nr INTEGER, Teil INTEGER REFERENCES Größe (Nr), PRIMARY KEY (Länge, Nr));",
    );
    let source = format!("s=sqlite:{}", dir.join("s.db").display());
    let data = dir.join("data").display().to_string();
    let args = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir", &data];
    let odd = launch.arg(&source).args(&args).start();
    roots.push(odd.service("s"));
    run(Language::Python, "open_api.py", &roots.iter().map(String::as_str).collect::<Vec<_>>());
}

/// Thousands of requests made from the document, by seed: no failure of the server, and answers as the document says.
#[test]
fn schemathesis_finds_the_document_true() {
    let node = Launch::demo(PROGRAM).start();
    run(Language::Python, "schemathesis_run.py", &[&node.service("demo")]);
    assert_eq!(node.get("/api/healthcheck", &[]).status, 200, "the node still serves");
    let memory = memory(&node);
    assert!(memory.is_none_or(|mib| mib < 512), "the node has taken {memory:?} MiB");
    assert!(!node.log().contains("panicked"), "{}", node.log());
}
