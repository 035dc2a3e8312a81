//! Rows change, come and go while a result is read: the pages show the table as it was at the start.

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use nextlink_testkit::ledger::read_with;
use nextlink_testkit::sqlite::sqlite;
use nextlink_testkit::{http, ledger::read_all};

use crate::site::{prefer, read, rows, settled, start, table, until, url};

const ROWS: u64 = 4_000;

/// Changes, deletes and inserts all over the table.
fn change(database: &Path, turn: u64) {
    sqlite(
        database,
        &format!(
            "BEGIN IMMEDIATE;
            UPDATE T SET Name = 'changed', G = G + 5000 WHERE Id % 17 = {turn} % 17;
            DELETE FROM T WHERE Id % 23 = {turn} % 23;
            INSERT INTO T SELECT Id + 1000000 * {turn}, -1, 'new' FROM T WHERE Id % 29 = 0 AND Id <= {ROWS};
            INSERT INTO T SELECT -Id - 10000 * {turn}, 2000, 'new' FROM T WHERE Id % 31 = 0 AND Id BETWEEN 1 AND {ROWS};
            COMMIT;"
        ),
    );
}

#[test]
fn pages_show_the_table_as_it_was() {
    for mode in ["WAL", "DELETE"] {
        let node = start(&format!("PRAGMA journal_mode = {mode};{}", table(ROWS)), "", "");
        let database = node.data_dir().join("s.db");
        let mut turn = 0;
        // By key, and by an order that the changes upset.
        for path in ["T?$count=true", "T?$orderby=G,Id"] {
            sqlite(
                &database,
                &format!("DELETE FROM T; {}", table(ROWS).split_once(';').expect("two statements").1),
            );
            let mut ids: Vec<u64> = (1..=ROWS).collect();
            if path.contains("orderby") {
                ids.sort_by_key(|id| (crate::site::group(*id), *id));
            }
            let expected = rows(ids);
            let prefer = prefer(100);
            let ledger = read_with(&url(&node, path), |url| {
                let page = http::send("GET", url, &[("Prefer", &prefer)], None);
                turn += 1;
                change(&database, turn);
                page
            });
            assert_eq!(ledger.faults(&expected), Vec::<String>::new(), "{mode}: {path}");
            assert_eq!(
                ledger.reread(|url| http::send("GET", url, &[], None)),
                Vec::<String>::new(),
                "{mode}"
            );
            let now = read(&node, path, 100);
            assert!(!now.faults(&expected).is_empty(), "{mode}: the changes are there for a new request");
        }
    }
}

/// A writer that never rests, and readers that each see one moment: all rows of a turn have the same value.
#[test]
fn each_reading_sees_one_moment() {
    let sql = "PRAGMA journal_mode = WAL; CREATE TABLE M (Id INTEGER NOT NULL PRIMARY KEY, Turn INT NOT NULL);
        WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 3000) INSERT INTO M SELECT i, 0 FROM c;";
    let node = start(sql, "page_rows = 100", "");
    let database = node.data_dir().join("s.db");
    let (stop, turns) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                sqlite(&database, "UPDATE M SET Turn = Turn + 1");
                turns.fetch_add(1, Ordering::Relaxed);
            }
        });
        // The writer is to end also when a check fails.
        let checked = std::panic::catch_unwind(|| {
            for reading in 0..6 {
                let path = if reading % 2 == 0 { "M" } else { "M?$count=true&$orderby=Turn,Id%20desc" };
                let before = turns.load(Ordering::Relaxed);
                let ledger = read_all(&url(&node, path), &[]);
                let seen: std::collections::BTreeSet<_> = ledger.rows().map(|r| r["Turn"].as_u64()).collect();
                assert_eq!(ledger.rows().count(), 3_000, "{path}: {:?}", ledger.end);
                assert_eq!(seen.len(), 1, "{path}: rows of several moments: {seen:?}");
                until("the writer goes on", || turns.load(Ordering::Relaxed) > before);
            }
        });
        stop.store(true, Ordering::Relaxed);
        if let Err(panic) = checked {
            std::panic::resume_unwind(panic);
        }
    });
    settled(&node);
}

/// Reads by key that follow one another closely keep the file locked for a moment: whoever writes gets a turn all the same,
/// and what was written is read from then on.
#[test]
fn writers_get_their_turn_among_reads_by_key() {
    for mode in ["WAL", "DELETE"] {
        let node = start(&format!("PRAGMA journal_mode = {mode};{}", table(100)), "", "");
        let database = node.data_dir().join("s.db");
        let host = node.base().trim_start_matches("http://").to_owned();
        let (written, read, ended) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let readers: Vec<_> =
                (0..6).map(|_| scope.spawn(|| read_by_key(&host, &written, &read, &ended))).collect();
            for turn in 1..=50 {
                let wanted = read.load(Ordering::SeqCst) + 20;
                until("it is read", || read.load(Ordering::SeqCst) >= wanted);
                // It waits for five seconds at most.
                sqlite(&database, &format!("UPDATE T SET G = {turn} WHERE Id = 5"));
                written.store(turn, Ordering::SeqCst);
                std::thread::sleep(std::time::Duration::from_millis(5 + turn % 4 * 10));
            }
            ended.store(true, Ordering::SeqCst);
            readers.into_iter().for_each(|reader| reader.join().unwrap_or_else(|_| panic!("{mode}")));
        });
    }
}

/// Reads one row again and again on one connection, several requests at a time; never an older one than was written before.
fn read_by_key(host: &str, written: &AtomicU64, read: &AtomicU64, ended: &AtomicBool) {
    let mut stream = std::net::TcpStream::connect(host).expect("a connection");
    let mut answers = std::io::BufReader::new(stream.try_clone().expect("the same one"));
    let request = format!("GET /api/odata4/s/T(5)?$select=G HTTP/1.1\r\nHost: {host}\r\n\r\n").repeat(8);
    while !ended.load(Ordering::SeqCst) {
        let least = written.load(Ordering::SeqCst);
        stream.write_all(request.as_bytes()).expect("requests are taken");
        for _ in 0..8 {
            let answer = http::read_answer(&mut answers, false).expect("an answer");
            assert_eq!(answer.status, 200, "{}", answer.text());
            let found = answer.json()["G"].as_u64().expect("a number");
            assert!(least == 0 || found >= least, "{found} was read after {least} was written");
            read.fetch_add(1, Ordering::SeqCst);
        }
    }
}
