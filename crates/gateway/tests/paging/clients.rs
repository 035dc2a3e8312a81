//! Clients that go away, and clients that are slow.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;

use nextlink_testkit::http;
use nextlink_testkit::node::Node;
use nextlink_testkit::sqlite::sqlite;

use crate::narrow::narrow;
use crate::site::{big_table, files, metric, read, rows, start, table, until, url};

/// Two tables whose join takes long: the first rows come at once, then each takes a scan of the other table.
fn slow_tables() -> String {
    table(500)
        + &big_table(20_000, 400)
        + "CREATE TABLE Child (Id INTEGER NOT NULL PRIMARY KEY, Parent INT NOT NULL REFERENCES Big (Id));
        WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 200000)
        INSERT INTO Child SELECT i, 1 + i % 7 FROM c;"
}

/// Its first 3,000 rows are there at once; the others take minutes.
const SLOW: &str = "Big?$filter=Id%20le%203000%20or%20Child/$count%20gt%20100000&$count=false";
/// Its first row takes minutes.
const SLOWER: &str = "Big?$filter=Child/$count%20gt%20100000";

/// Processor time that a process has used, in ticks; none where it is not told.
fn ticks(node: &Node) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", node.pid())).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

/// Sends a request, and gives the connection.
fn ask(node: &Node, path: &str) -> TcpStream {
    let url = url(node, path);
    let (host, _) = http::split(&url).expect("a URL");
    ask_by(TcpStream::connect(host).expect("a connection"), node, path)
}

/// Sends a request on a connection.
fn ask_by(mut stream: TcpStream, node: &Node, path: &str) -> TcpStream {
    let url = url(node, path);
    let (host, target) = http::split(&url).expect("a URL");
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("it can be sent");
    stream
}

/// The node does nothing any more: its processor time stands still for a while, which is long enough to see some of it on a
/// busy machine, too.
fn is_idle(node: &Node) -> bool {
    let before = ticks(node);
    std::thread::sleep(std::time::Duration::from_millis(700));
    ticks(node).zip(before).is_some_and(|(now, before)| now <= before + 1)
}

#[test]
fn a_client_that_goes_away_ends_its_statement() {
    for (what, path, bytes) in [("in the first page", SLOW, 300_000), ("before the first row", SLOWER, 0)] {
        let node = start(&slow_tables(), "page_rows = 100000\npage_bytes = 16777216", "");
        let mut stream = ask(&node, path);
        let mut some = vec![0; bytes];
        stream.read_exact(&mut some).expect("the first bytes come");
        until("the statement runs", || !is_idle(&node));
        stream.shutdown(Shutdown::Both).expect("the connection can be closed");
        drop(stream);
        until("the statement is cancelled", || is_idle(&node));
        assert_eq!(files(&node), Vec::<PathBuf>::new(), "{what}");
        assert_eq!(metric(&node, "nextlink_results"), 0.0, "{what}");
        assert_eq!(metric(&node, "nextlink_results_bytes"), 0.0, "{what}");
        read(&node, "T", 100).check(&rows(1..=500));
    }
}

/// The first page is complete and its link made, but the client has not got that far: rows are so large that the page is
/// more than a connection takes at once, so that the rest of it is kept.
#[test]
fn a_client_that_goes_away_before_it_has_the_link_leaves_no_result() {
    let node = start(&big_table(25, 600_000), "page_rows = 20\npage_bytes = 16777216", "");
    let mut stream = ask_by(narrow(http::split(node.base()).expect("a URL").0), &node, "Big");
    let mut some = vec![0; 16 * 1024];
    stream.read_exact(&mut some).expect("the answer begins");
    until("the statement goes on without the client", || metric(&node, "nextlink_results") == 1.0);
    drop(stream);
    until("the result is removed", || metric(&node, "nextlink_results") == 0.0);
    until("its files are removed", || files(&node).is_empty());
    until("its bytes are given back", || metric(&node, "nextlink_results_bytes") == 0.0);
}

#[test]
fn a_client_that_takes_too_long_is_given_up() {
    let settings = "[limits]\nslow_client_seconds = 1\nslow_clients_mib = 0\n";
    let node = start(&big_table(25, 600_000), "page_rows = 20\npage_bytes = 16777216", settings);
    let mut stream = ask_by(narrow(http::split(node.base()).expect("a URL").0), &node, "Big");
    stream.read_exact(&mut [0]).expect("the answer begins");
    // The lock of the statement keeps others from writing; when this returns, the statement has ended.
    sqlite(&node.data_dir().join("s.db"), "DELETE FROM Big WHERE Id = 1");
    let mut rest = Vec::new();
    // A reset or an end: what matters is that the body has no end that looks like one.
    let _ = stream.read_to_end(&mut rest);
    assert!(!rest.is_empty() && !rest.ends_with(b"0\r\n\r\n"), "the page looks whole");
    assert_eq!(files(&node), Vec::<PathBuf>::new());
    assert_eq!(metric(&node, "nextlink_broken_off_total"), 1.0);
}

#[test]
fn a_client_that_goes_away_later_keeps_its_result() {
    let node = start(&table(2_000), "", "");
    let mut stream = ask(&node, "T?$top=2000&$count=true");
    let mut some = [0; 12];
    stream.read_exact(&mut some).expect("the status line comes");
    assert_eq!(&some, b"HTTP/1.1 200");
    drop(stream);
    let ledger = read(&node, "T", 100);
    ledger.check(&rows(1..=2_000));
}

#[test]
fn a_slow_client_keeps_nobody_waiting() {
    let node =
        start(&(table(1_000) + &big_table(6_000, 3_000)), "page_rows = 5000\npage_bytes = 16777216", "");
    let mut slow = ask(&node, "Big");
    let mut byte = [0];
    for turn in 0..10 {
        slow.read_exact(&mut byte).expect("a byte");
        let ledger = read(&node, &format!("T?$filter=Id%20gt%20{}", turn * 50), 100);
        assert_eq!(ledger.faults(&rows(turn * 50 + 1..=1_000)), Vec::<String>::new());
    }
    // It gets all it was to get, in the end: the ten bytes were those of the status line.
    let mut reader = std::io::BufReader::new(std::io::Cursor::new(b"HTTP/1.1 2").chain(&slow));
    let page = http::read_answer(&mut reader, false).expect("the page is whole").json();
    assert_eq!(page["value"].as_array().map(Vec::len), Some(5_000));
    assert!(page["@odata.nextLink"].is_string());
}
