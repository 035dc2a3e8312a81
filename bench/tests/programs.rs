//! The programs against each other: the bare server's links give what the raw scan gives.

use std::io::{self, Write};

use clap::Parser;
use nextlink_bench::output::Scan;
use nextlink_bench::source::Source;
use nextlink_bench::{bare_server, follow, load, raw_limit};
use nextlink_sample::{Target, big};
use nextlink_testkit::server::Database;
use nextlink_testkit::{mariadb, postgres};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A bare server with a small database, until it is dropped.
struct Bare {
    _folder: Option<TempDir>,
    _database: Option<Database>,
    runtime: Runtime,
    source: Source,
    url: String,
}

impl Bare {
    fn start(rows: u64) -> Self {
        let folder = TempDir::new().expect("folder");
        let database = folder.path().join("bench.db");
        big::create(&database, rows).expect("create");
        Self { _folder: Some(folder), ..Self::of(Source::Sqlite(database)) }
    }

    /// On the server that tests share.
    fn on(target: Target, rows: u64) -> Self {
        let server = match target {
            Target::Postgres => postgres::server(),
            Target::MariaDb => mariadb::server(),
        };
        let database = server.database("bench");
        database.load(|to| big::script(target, rows, to).map(drop).map_err(io::Error::other));
        let source = database.url().parse().expect("a location");
        Self { _database: Some(database), ..Self::of(source) }
    }

    fn of(source: Source) -> Self {
        let runtime = Runtime::new().expect("runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("bind");
        let url = format!("http://{}", listener.local_addr().expect("address"));
        runtime.spawn(bare_server::serve(listener, source.clone(), None));
        Self { _folder: None, _database: None, runtime, source, url }
    }

    fn scan(&self, order_by: Option<&str>, check: bool, sink: &mut dyn Write) -> Scan {
        let order_by = order_by.map(str::to_owned);
        let (table, source) = ("Rows".to_owned(), self.source.clone());
        let args = raw_limit::Args { source, table, order_by, out: None, check };
        raw_limit::scan(&args, sink).expect("scan").0
    }

    fn follow(&self, path: &str, more: &[&str]) -> anyhow::Result<follow::Export> {
        let url = format!("{}{path}", self.url);
        let args = [&["follow", &url], more].concat();
        follow::follow(&follow::Args::parse_from(args))
    }
}

#[test]
fn links_give_what_a_scan_gives() {
    for (rows, pages) in [(0, 1), (1, 1), (999, 1), (1_000, 1), (1_001, 2), (2_500, 3)] {
        let bare = Bare::start(rows);
        let scan = bare.scan(None, true, &mut io::sink());
        let export = bare.follow("/all", &["--check"]).expect("follow");
        assert_eq!(scan.rows, rows);
        let found = (export.rows, export.bytes, export.crc32, export.page_ms.len());
        assert_eq!(found, (Some(rows), scan.bytes, scan.crc32, pages), "{rows} rows");
    }
}

/// The work is the same on each database: so are the bytes of rows, of a page, of orders with their items, and of groups.
#[test]
fn databases_give_the_same_bytes() {
    let rows = 2_500;
    let told = |bare: &Bare| {
        let scan = bare.scan(None, true, &mut io::sink());
        let links = bare.follow("/all", &["--check"]).expect("follow");
        assert_eq!(
            (links.rows, links.bytes, links.crc32),
            (Some(rows), scan.bytes, scan.crc32),
            "{:?}",
            bare.source.product()
        );
        let one = |path: &str| bare.follow(path, &["--check", "--pages", "1"]).expect(path).crc32;
        (scan.bytes, scan.crc32, one("/page/700"), one("/orders/100"), one("/groups"))
    };
    let expected = told(&Bare::start(rows));
    for target in [Target::Postgres, Target::MariaDb] {
        assert_eq!(told(&Bare::on(target, rows)), expected, "{target:?}");
    }
}

#[test]
fn following_stops_at_the_page_asked_for() {
    let bare = Bare::start(2_500);
    let export = bare.follow("/all", &["--pages", "2", "--check"]).expect("follow");
    assert_eq!((export.page_ms.len(), export.rows), (2, Some(2_000)));
}

#[test]
fn answers_other_than_200_are_errors() {
    let bare = Bare::start(10);
    for path in ["/none", "/key/0", "/key/x", "/page/"] {
        let error = bare.follow(path, &[]).expect_err(path).to_string();
        assert!(error.contains("404"), "{path}: {error}");
    }
}

#[test]
fn orders_of_a_scan_hold_the_same_rows() {
    let bare = Bare::start(500);
    let mut texts = Vec::new();
    for order in [None, Some("Amount"), Some("Note")] {
        let mut text = vec![b'['];
        bare.scan(order, false, &mut text);
        text.push(b']');
        let mut rows: Vec<serde_json::Value> = serde_json::from_slice(&text).expect("JSON");
        if order == Some("Amount") {
            let amounts: Vec<_> = rows.iter().map(|row| row["Amount"].as_f64()).collect();
            assert!(amounts.is_sorted(), "by Amount");
        }
        rows.sort_by_key(|row| row["Id"].as_i64());
        texts.push(rows);
    }
    assert!(texts.iter().all(|rows| *rows == texts[0]));
}

#[test]
fn load_counts_requests_and_bytes() {
    let bare = Bare::start(100);
    let url = format!("{}/key/{{id}}", bare.url);
    let args = ["load", &url, "--ids", "100", "--connections", "3", "--seconds", "0.2", "--warm-up", "0"];
    let load = bare.runtime.block_on(load::load(&load::Args::parse_from(args))).expect("load");
    assert!(load.latencies_ms.len() > 3, "{} requests", load.latencies_ms.len());
    assert!(load.bytes > 200 * load.latencies_ms.len() as u64, "{} bytes", load.bytes);

    let args = ["load", &url, "--ids", "10000", "--connections", "3", "--seconds", "60"];
    let error = bare
        .runtime
        .block_on(load::load(&load::Args::parse_from(args)))
        .expect_err("rows that are not there");
    assert!(error.to_string().contains("404"), "{error}");
}
