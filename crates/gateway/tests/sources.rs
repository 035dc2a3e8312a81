//! Sources that are not there at the start, that change, and that go away: the node serves on.

mod common;

use common::PROGRAM;
use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::ledger::{Expected, read_all};
use nextlink_testkit::node::{Launch, Node};
use nextlink_testkit::sqlite::sqlite;
use nextlink_testkit::wait::until;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A table of 300 rows.
const TABLE: &str = "CREATE TABLE T (Id INTEGER PRIMARY KEY, Name TEXT); \
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) \
    INSERT INTO T SELECT i, 'row ' || i FROM n;";

/// A node with these files as sources `a`, `b`, …
fn start(launch: Launch, files: &[PathBuf]) -> Node {
    let data = launch.data_dir().join("data").display().to_string();
    let mut launch = launch.args(&["--log", "info", "--data-dir", &data]);
    for (name, file) in ["a", "b"].iter().zip(files) {
        launch = launch.arg(&format!("{name}=sqlite:{}", file.display()));
    }
    launch.args(&["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]).start()
}

fn ask(node: &Node, url: &str) -> Answer {
    node.get(&format!("/api/odata4/{url}"), &[])
}

#[track_caller]
fn refused(answer: &Answer) -> (u16, String) {
    let code = common::odata_error("a refusal", answer).code;
    if answer.status == 503 {
        let retry = answer.header("retry-after").and_then(|s| s.parse::<u64>().ok());
        assert!(retry.is_some_and(|s| (1..=31).contains(&s)), "{retry:?}");
    }
    (answer.status, code)
}

fn count(log: &str, words: &str) -> usize {
    log.lines().filter(|line| line.contains(words)).count()
}

fn up(node: &Node, source: &str) -> Option<f64> {
    let metrics = http::get(&node.admin_url("/metrics"), &[]).text();
    let series = format!("nextlink_source_up{{source=\"{source}\"}} ");
    metrics.lines().find_map(|line| line.strip_prefix(&series)).and_then(|value| value.parse().ok())
}

/// Makes a file that is complete when it appears.
fn whole(file: &Path, statements: &str) {
    let made = file.with_extension("new");
    sqlite(&made, statements);
    std::fs::rename(&made, file).expect("the file can be moved");
}

fn away(file: &Path) -> PathBuf {
    file.with_extension("away")
}

#[test]
fn a_model_file_that_changes_is_served_soon() {
    let launch = Launch::new(PROGRAM, &["serve"]);
    let dir = launch.data_dir().to_owned();
    let (file, model, config) = (dir.join("a.db"), dir.join("a.yaml"), dir.join("nextlink.toml"));
    sqlite(&file, TABLE);
    let settings = format!("url = 'sqlite:{}'\nmodel = '{}'", file.display(), model.display());
    std::fs::write(&config, format!("[sources.a]\n{settings}\npage_rows = 100\nrefresh_seconds = 1\n"))
        .expect("the configuration can be written");
    let write = |name: &str| {
        let text = format!("entities: {{{name}: {{table: T, properties: {{Key: Id}}}}}}");
        std::fs::write(&model, text).expect("the model file can be written");
    };
    write("Before");
    let node = start(launch.args(&["--config", &config.display().to_string()]), &[]);
    let first = ask(&node, "a/Before?$select=Key").json();
    let link = first["@odata.nextLink"].as_str().expect("there are more").to_owned();
    write("After");
    until("the new model is served", || ask(&node, "a/After(1)").status == 200);
    assert_eq!(ask(&node, "a/Before(1)").status, 404);
    // What was begun goes on as it was.
    let second = http::get(&link, &[]).json();
    assert_eq!(second["value"][0]["Key"], 101, "{second}");
    assert_eq!(second["@odata.context"], first["@odata.context"]);
    std::fs::write(&model, "entities: [").expect("the model file can be written");
    until("the log says what is wrong", || node.log().contains("a.yaml, line 1"));
    assert_eq!(ask(&node, "a/After(1)").status, 200, "what was served goes on");
    write("Last");
    until("the next one is served", || ask(&node, "a/Last(1)").status == 200);
}

#[test]
fn a_source_ends_where_a_condition_on_its_rows_is_lost() {
    let launch = Launch::new(PROGRAM, &["serve"]);
    let dir = launch.data_dir().to_owned();
    let (file, model, config) = (dir.join("a.db"), dir.join("a.yaml"), dir.join("nextlink.toml"));
    sqlite(&file, TABLE);
    let settings = format!("url = 'sqlite:{}'\nmodel = '{}'", file.display(), model.display());
    std::fs::write(&config, format!("[sources.a]\n{settings}\nrefresh_seconds = 1\n"))
        .expect("the configuration can be written");
    std::fs::write(&model, "entities: {T: {table: T, rows: Id eq 7}}").expect("the model can be written");
    let node = start(launch.args(&["--config", &config.display().to_string()]), &[]);
    assert_eq!(ask(&node, "a/T/$count").text(), "1");
    sqlite(&file, "ALTER TABLE T RENAME TO U");
    until("nothing is served", || ask(&node, "a").status == 503 && node.log().contains("would not hold"));
    assert_eq!(refused(&ask(&node, "a/U")), (503, "SourceUnavailable".to_owned()));
    sqlite(&file, "ALTER TABLE U RENAME TO T");
    until("it is served again", || ask(&node, "a/T/$count").status == 200);
    assert_eq!(ask(&node, "a/T/$count").text(), "1");
}

/// Settings of a model file, beside the rows of a page.
const OTHERS: &str = "pageBytes: 4096, onLoss: strict, refreshSeconds: 1, replicas: 2, readOnly: true, limits: {rows: 300, listValues: 9}";

#[test]
fn settings_of_a_model_file_hold_where_the_configuration_has_none() {
    let launch = Launch::new(PROGRAM, &["serve"]);
    let dir = launch.data_dir().to_owned();
    let (file, model, config) = (dir.join("a.db"), dir.join("a.yaml"), dir.join("nextlink.toml"));
    sqlite(&file, TABLE);
    let both = format!("url = 'sqlite:{}'\nmodel = '{}'\n", file.display(), model.display());
    let text = format!(
        "[sources.a]\n{both}[sources.b]\n{both}page_rows = 50\nrefresh_seconds = 1\nlimits.rows = 299\n"
    );
    std::fs::write(&config, text).expect("the configuration can be written");
    let write = |rows: u64| {
        std::fs::write(&model, format!("settings: {{pageRows: {rows}, {OTHERS}}}\n"))
            .expect("the model file can be written");
    };
    write(20);
    let config = config.display().to_string();
    let node = start(launch.args(&["--config", &config]), &[]);
    let rows = |url: &str, prefer: &str| {
        let answer = node.get(&format!("/api/odata4/{url}"), &[("prefer", prefer)]);
        let rows = answer.json()["value"].as_array().expect("rows").len();
        (rows, answer.header("preference-applied").map(str::to_owned))
    };
    assert_eq!(rows("a/T", ""), (20, None));
    let smaller = Some("odata.maxpagesize=7".to_owned());
    assert_eq!(rows("a/T", "odata.maxpagesize=7"), (7, smaller));
    assert_eq!(rows("b/T", ""), (50, None));
    // What was begun goes on as it was; pages of 4096 bytes end early.
    let first = ask(&node, "a/T").json();
    write(250);
    until("the new setting holds", || rows("a/T", "").0 > 20);
    let bytes = ask(&node, "a/T").body.len();
    assert!((4_096..5_500).contains(&bytes), "{bytes}");
    let link = first["@odata.nextLink"].as_str().expect("there are more");
    assert_eq!(http::get(link, &[]).json()["value"].as_array().map(Vec::len), Some(20));
    let checked = common::run(&["check", "--config", &config]);
    for key in ["`page_rows`", "`refresh_seconds`", "a tighter `limits.rows`"] {
        let words = format!("The configuration has {key}");
        assert_eq!(
            count(&checked.out, &words) + count(&checked.err, &words),
            1,
            "{}{}",
            checked.out,
            checked.err
        );
    }
    let printed = common::run(&["model", "a", "--config", &config]);
    let line = format!("settings: {{pageRows: 250, {OTHERS}}}");
    assert_eq!(count(&printed.out, &line), 1, "{}", printed.out);
}

#[test]
fn a_file_that_appears_later_is_served_then() {
    let launch = Launch::new(PROGRAM, &["serve"]);
    let (here, later) = (launch.data_dir().join("here.db"), launch.data_dir().join("later.db"));
    sqlite(&here, TABLE);
    let node = start(launch, &[here, later.clone()]);
    assert_eq!(ask(&node, "a/T(1)").status, 200, "the other is served");
    for url in ["b/T(1)", "b/T", "b/T/$count", "b/$metadata", "b/", "B/"] {
        assert_eq!(refused(&ask(&node, url)), (503, "SourceUnavailable".to_owned()), "{url}");
    }
    assert_eq!((up(&node, "a"), up(&node, "b")), (Some(1.0), Some(0.0)));
    assert!(node.get("/", &[]).text().contains("cannot be read now"), "the landing page says so");
    until("it says so", || node.log().contains("/api/odata4/b/ (its database cannot be read yet)"));
    // Some attempts, one line.
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(count(&node.log(), "source cannot be served yet"), 1, "{}", node.log());
    whole(&later, TABLE);
    until("the file is served", || ask(&node, "b/T(1)").status == 200);
    read_all(&format!("{}T", node.service("b")), &[]).check(&Expected::keys("Id", 1..=300));
    assert_eq!(up(&node, "b"), Some(1.0));
    until("two were opened", || count(&node.log(), "source opened") == 2);
}

#[test]
fn a_hangup_reads_the_catalogue_again() {
    let launch = Launch::new(PROGRAM, &["serve"]);
    let files = ["a.db", "b.db"].map(|name| launch.data_dir().join(name));
    for file in &files {
        sqlite(file, TABLE);
    }
    let mut node = start(launch, &files);
    let before = ask(&node, "a/$metadata");
    // A result of which a part is read, and another one that is read by the same link twice.
    let first = node.get("/api/odata4/a/T", &[("Prefer", "odata.maxpagesize=100")]).json();
    let link = first["@odata.nextLink"].as_str().expect("a link").to_owned();
    let second = http::get(&link, &[]);
    sqlite(&files[0], "CREATE TABLE U (Id INTEGER PRIMARY KEY); INSERT INTO U VALUES (7);");
    assert_eq!(ask(&node, "a/U").status, 404, "it is not known yet");
    node.signal("HUP");
    until("the table is served", || ask(&node, "a/U(7)").status == 200);
    let after = ask(&node, "a/$metadata");
    assert_ne!(before.header("etag"), after.header("etag"));
    let etag = before.header("etag").expect("an ETag");
    assert_eq!(node.get("/api/odata4/a/$metadata", &[("If-None-Match", etag)]).status, 200);
    assert_eq!(http::get(&link, &[]).body, second.body, "the same link, the same bytes");
    assert_eq!(read_all(&link, &[]).rows().count(), 200, "the rest is there");
    until("both were read", || count(&node.log(), "source read again") == 2);
    until("one has changed", || count(&node.log(), "source read again, changed") == 1);
    // Gone again.
    sqlite(&files[0], "DROP TABLE U");
    node.signal("HUP");
    until("the table is not served", || ask(&node, "a/U").status == 404);
    assert_eq!(http::get(&link, &[]).body, second.body);
}

#[test]
fn a_change_that_a_statement_meets_has_the_catalogue_read_again() {
    let launch = Launch::new(PROGRAM, &["serve"]);
    let file = launch.data_dir().join("a.db");
    sqlite(&file, TABLE);
    let node = start(launch, std::slice::from_ref(&file));
    for (statements, url, then) in [
        ("ALTER TABLE T DROP COLUMN Name", "a/T?$top=1", 200),
        ("ALTER TABLE T RENAME TO S", "a/T/$count", 404),
        ("CREATE TABLE U (Id INTEGER PRIMARY KEY); DROP TABLE S", "a/S(1)", 404),
    ] {
        sqlite(&file, statements);
        let answer = ask(&node, url);
        assert_eq!(refused(&answer), (503, "SourceChanged".to_owned()), "{statements}");
        until(statements, || ask(&node, url).status == then);
    }
    assert_eq!(ask(&node, "a/U").status, 200);
    until("all changes were read", || count(&node.log(), "source read again, changed") == 3);
}

#[test]
fn what_cannot_be_read_again_is_served_as_before() {
    let launch = Launch::new(PROGRAM, &["serve"]);
    let file = launch.data_dir().join("a.db");
    sqlite(&file, TABLE);
    let mut node = start(launch, std::slice::from_ref(&file));
    std::fs::rename(&file, away(&file)).expect("the file can be moved");
    node.signal("HUP");
    until("it is tried", || count(&node.log(), "cannot be read again") == 1);
    assert_eq!(ask(&node, "a/$metadata").status, 200);
    assert_eq!(up(&node, "a"), Some(1.0));
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(count(&node.log(), "cannot be read again"), 1, "once: {}", node.log());
    // Another file in its place is taken without being asked for.
    whole(&file, "CREATE TABLE V (Id INTEGER PRIMARY KEY)");
    until("the new file is served", || ask(&node, "a/V").status == 200);
    assert_eq!(ask(&node, "a/T").status, 404);
}

#[test]
fn stored_pages_are_served_while_the_database_is_away() {
    let launch = Launch::new(PROGRAM, &["serve"]);
    let files = ["a.db", "b.db"].map(|name| launch.data_dir().join(name));
    for file in &files {
        sqlite(file, TABLE);
    }
    let mut node = start(launch, &files);
    let url = format!("{}T", node.service("a"));
    let headers = [("Prefer", "odata.maxpagesize=100")];
    let ledger = read_all(&url, &headers);
    ledger.check(&Expected::keys("Id", 1..=300));
    until("the result is stored", || {
        let metrics = http::get(&node.admin_url("/metrics"), &[]).text();
        metrics.lines().any(|line| line == "nextlink_results_writing 0")
    });
    node.terminate();
    std::fs::rename(&files[0], away(&files[0])).expect("the file can be moved");
    let _node = node.start_again();
    assert_eq!(refused(&http::get(&url, &headers)), (503, "SourceUnavailable".to_owned()));
    for page in &ledger.entries[1..] {
        let again = http::get(&page.url, &headers);
        assert_eq!(again.status, 200, "{}: {}", page.url, again.text());
        assert_eq!(again.json()["value"].as_array().map(Vec::len), Some(page.rows.len()), "{}", page.url);
    }
}

/// The file that a source is, and words of what the node says.
#[test]
fn a_node_without_any_hope_says_so_and_ends() {
    let launch = Launch::new(PROGRAM, &[]);
    let dir = launch.data_dir();
    std::fs::write(dir.join("text.db"), "this is no database, whatever its name says").expect("a file");
    sqlite(&dir.join("locked.db"), TABLE);
    let lock = rusqlite::Connection::open(dir.join("locked.db")).expect("the file can be opened");
    lock.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").expect("a lock");
    let source = |name: &str, file: &str| format!("{name}=sqlite:{}", dir.join(file).display());
    let data = dir.join("data").display().to_string();
    let free = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir", &data];
    let (text, missing) = (source("a", "text.db"), source("b", "missing.db"));
    let run = common::run(&[&["serve", &text, &missing], &free[..]].concat());
    assert_eq!(run.code, Some(1), "{}{}", run.out, run.err);
    assert!(run.err.contains("source 'a'") && run.err.contains("source 'b'"), "both are named: {}", run.err);
    // A lock may go away: that is waited for.
    let node = Launch::new(PROGRAM, &["serve", &text, &source("b", "locked.db")]).args(&free).start();
    assert_eq!(refused(&ask(&node, "a/T")), (503, "SourceUnavailable".to_owned()));
    assert_eq!(refused(&ask(&node, "b/T")), (503, "SourceUnavailable".to_owned()));
    drop(lock);
    until("the lock is gone", || ask(&node, "b/T(1)").status == 200);
    assert_eq!(refused(&ask(&node, "a/T")), (503, "SourceUnavailable".to_owned()));
}
