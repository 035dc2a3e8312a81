//! A node with one SQLite source `s`, and what tests ask of it.

use std::path::{Path, PathBuf};

use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::ledger::{Entry, Expected, Ledger, read_all};
use nextlink_testkit::node::{Launch, Node};
use nextlink_testkit::sqlite::sqlite;
pub use nextlink_testkit::wait::until;
use serde_json::{Value, json};

/// Starts a node that serves a database made from `sql`. `source` is TOML for its table, `settings` TOML for the rest.
#[track_caller]
pub fn start(sql: &str, source: &str, settings: &str) -> Node {
    launch(sql, source, settings).start()
}

/// What [`start`] starts. The configuration asks for little free space, so that tests work on small disks.
#[track_caller]
pub fn launch(sql: &str, source: &str, settings: &str) -> Launch {
    let launch = Launch::new(env!("CARGO_BIN_EXE_nextlink"), &["serve", "--config"]);
    let dir = launch.data_dir().to_owned();
    let database = dir.join("s.db");
    sqlite(&database, sql);
    let results = if settings.contains("[results]") { "" } else { "[results]\nmin_free_mib = 0\n" };
    let config = dir.join("nextlink.toml");
    let text =
        format!("{settings}\n{results}[sources.s]\nurl = \"sqlite:{}\"\n{source}\n", database.display());
    std::fs::write(&config, text).expect("the configuration can be written");
    let data = dir.join("data");
    launch
        .arg(&config.display().to_string())
        .args(&["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .args(&["--data-dir", &data.display().to_string()])
}

/// SQL for a table `T` of so many rows; [`row`] gives each as it is answered.
pub fn table(rows: u64) -> String {
    format!(
        "CREATE TABLE T (Id INTEGER NOT NULL PRIMARY KEY, G INT NOT NULL, Name TEXT NOT NULL);
        WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {rows})
        INSERT INTO T SELECT i, i * 7919 % 1009, 'n ' || i || ' \"é' FROM c WHERE i <= {rows};"
    )
}

/// SQL for a table `Big` of so many rows with a text of so many characters.
pub fn big_table(rows: u64, length: u64) -> String {
    format!(
        "CREATE TABLE Big (Id INTEGER NOT NULL PRIMARY KEY, Pad TEXT NOT NULL);
        WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {rows})
        INSERT INTO Big SELECT i, substr(hex(randomblob({length})), 1, {length}) FROM c;"
    )
}

/// The value of `G` in a row of `T`.
pub fn group(id: u64) -> u64 {
    id * 7919 % 1009
}

/// A row of `T`.
pub fn row(id: u64) -> Value {
    json!({ "Id": id, "G": group(id), "Name": format!("n {id} \"é") })
}

/// Rows of `T`.
pub fn rows(ids: impl IntoIterator<Item = u64>) -> Expected {
    Expected::rows(&["Id"], ids.into_iter().map(row))
}

/// A URL of the source.
pub fn url(node: &Node, path: &str) -> String {
    node.service("s") + path
}

/// Reads all pages of so many rows.
pub fn read(node: &Node, path: &str, page_rows: u64) -> Ledger {
    read_all(&url(node, path), &[("Prefer", &prefer(page_rows))])
}

/// The value of `Prefer` for so many rows a page.
pub fn prefer(page_rows: u64) -> String {
    format!("odata.maxpagesize={page_rows}")
}

/// The first page of so many rows, and its next link.
#[track_caller]
pub fn first_page(node: &Node, path: &str, page_rows: u64) -> (Value, String) {
    let page = http::get(&url(node, path), &[("Prefer", &prefer(page_rows))]);
    assert_eq!(page.status, 200, "{path}: {}", page.text());
    let page = page.json();
    let next = page["@odata.nextLink"].as_str().unwrap_or_else(|| panic!("{path}: no next link"));
    (page.clone(), next.to_owned())
}

/// Rows of each page.
pub fn sizes(ledger: &Ledger) -> Vec<usize> {
    ledger.entries.iter().map(|e| e.rows.len()).collect()
}

/// Status and code of an OData error.
#[track_caller]
pub fn refusal(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    let code = body["error"]["code"].as_str().unwrap_or_else(|| panic!("no OData error: {body}"));
    assert!(body["error"]["message"].as_str().is_some_and(|m| !m.is_empty()), "no message: {body}");
    (answer.status, code.to_owned())
}

/// A metric without labels.
#[track_caller]
pub fn metric(node: &Node, name: &str) -> f64 {
    let text = http::get(&node.admin_url("/metrics"), &[]).text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    line.unwrap_or_else(|| panic!("no metric {name} in\n{text}"))
}

/// Waits until no result is being written.
#[track_caller]
pub fn settled(node: &Node) {
    until("no result is being written", || metric(node, "nextlink_results_writing") == 0.0);
}

/// The files of stored results.
pub fn files(node: &Node) -> Vec<PathBuf> {
    files_in(&node.data_dir().join("data/results"))
}

/// The files of stored results in a folder.
pub fn files_in(dir: &Path) -> Vec<PathBuf> {
    let names = std::fs::read_dir(dir).expect("the directory of results is there");
    let mut paths: Vec<PathBuf> = names.map(|n| n.expect("a name").path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "pages" || e == "index"));
    paths.sort();
    paths
}

/// Asks for the pages again and compares: the same bytes, or an OData error where `or_error`. Gives the number of errors.
#[track_caller]
pub fn compare(pages: &[Entry], headers: &[(&str, &str)], or_error: bool, what: &str) -> usize {
    let mut errors = 0;
    for page in pages {
        let again = http::get(&page.url, headers);
        if again.status == 200 {
            assert!(again.body == page.answer.body, "{what}: other bytes at {}", page.url);
        } else {
            assert!(or_error, "{what}: {} at {}", again.text(), page.url);
            refusal(&again);
            errors += 1;
        }
    }
    errors
}
