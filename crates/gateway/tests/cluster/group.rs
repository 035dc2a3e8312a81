//! Nodes that serve one SQLite database as the source `s`.

use std::path::Path;
use std::time::Duration;

use nextlink_testkit::cluster::{Cluster, Plan};
use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::node::Node;
use nextlink_testkit::sqlite::sqlite;
use serde_json::Value;

use crate::site::prefer;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_nextlink");
/// Where the source is served.
pub const ROOT: &str = "/api/odata4/s/";
/// Short leases, so that nodes are given up soon; and longer than a busy machine keeps a node from giving a sign of life, as
/// nodes that live are not to be given up.
pub const QUICK: &str = "heartbeat_ms = 300\nlease_ms = 4000\nanswer_ms = 3000";

/// Leases that are over sooner still.
pub const SHORT: &str = "heartbeat_ms = 200\nlease_ms = 3000\nanswer_ms = 500";

/// Nodes may take long to answer: whoever waits for one that does not is seen to.
pub const LONG: &str = "answer_ms = 60000";
/// Less than that, and more than anything takes that waits for nobody, however busy the machine is.
pub const SOONER: Duration = Duration::from_secs(30);

/// Makes a database that can be read while it is written, however long either takes on a busy machine.
pub fn source(path: &Path, sql: &str) {
    sqlite(path, &["PRAGMA journal_mode = WAL;", sql].concat());
}

/// A plan of nodes that serve a database made from `sql`, and end soon when they are to.
#[track_caller]
pub fn plan(sql: &str) -> Plan {
    slow_to_end(sql).cluster("drain_grace_ms = 100")
}

/// A plan of nodes that go on for a while when they are to end.
#[track_caller]
pub fn slow_to_end(sql: &str) -> Plan {
    let plan = Plan::new(PROGRAM);
    let database = plan.dir().join("s.db");
    source(&database, sql);
    plan.settings(&format!(
        "[results]\nmin_free_mib = 0\n[log]\nlevel = \"debug\"\n[sources.s]\nurl = \"sqlite:{}\"",
        database.display()
    ))
}

/// Runs a test on clusters of three nodes with each kind of system database.
pub fn each(sql: &str, test: impl Fn(&str, Cluster)) {
    each_with(sql, "", test);
}

/// The same with more lines in the table `[cluster]`.
pub fn each_with(sql: &str, lines: &str, test: impl Fn(&str, Cluster)) {
    test("SQLite", plan(sql).cluster(lines).start(3));
    let database = nextlink_testkit::postgres::server().database("cluster");
    let ca = nextlink_testkit::postgres::server().ca();
    let plan = plan(sql)
        .system(&database.url())
        .cluster(&format!("system_ca = \"{}\"", ca.display()))
        .cluster(lines);
    test("PostgreSQL", plan.start(3));
}

/// The first page of so many rows, asked of a node, and its next link.
#[track_caller]
pub fn first_page(cluster: &Cluster, node: usize, path: &str, rows: u64) -> (Value, String) {
    let url = Cluster::url(&[ROOT, path].concat());
    let page = cluster.ask(node, &url, &[("Prefer", &prefer(rows))]).expect("an answer");
    assert_eq!(page.status, 200, "{path}: {}", page.text());
    let page = page.json();
    let next = page["@odata.nextLink"].as_str().unwrap_or_else(|| panic!("{path}: no next link"));
    (page.clone(), next.to_owned())
}

/// Asks a node for a link.
#[track_caller]
pub fn follow(cluster: &Cluster, node: usize, link: &str) -> Answer {
    cluster.ask(node, link, &[]).unwrap_or_else(|error| panic!("node {node}, {link}: {error}"))
}

/// The nodes as administration sees them.
#[track_caller]
pub fn listed(node: &Node) -> Vec<Value> {
    let answer = http::get(&node.admin_url("/api/admin/system/nodes"), &[]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["nodes"].as_array().expect("a list").clone()
}
