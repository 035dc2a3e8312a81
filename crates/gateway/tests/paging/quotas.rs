//! There is no room: the new query pays, by links without a snapshot; what was stored stays good.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nextlink_testkit::http;
use nextlink_testkit::ledger::{Entry, Expected, Ledger, read_all, read_with};
use nextlink_testkit::node::Node;
use nextlink_testkit::sqlite::sqlite;
use serde_json::json;

use crate::site::{
    big_table, compare, files, first_page, group, launch, metric, read, rows, settled, start, table, url,
};

/// Checks a reading by links to row numbers: all of it, each link of that kind, each page flagged.
#[track_caller]
fn check_unstored(ledger: &Ledger, expected: &Expected, what: &str) {
    assert_eq!(ledger.faults(expected), Vec::<String>::new(), "{what}");
    for page in &ledger.entries {
        let flag = page.answer.json().get("@Nextlink.Snapshot").cloned();
        assert_eq!(flag, page.next.as_ref().map(|_| json!(false)), "{what}: {}", page.url);
        if let Some(next) = &page.next {
            assert!(next.contains("$skip=") && !next.contains("skiptoken"), "{what}: {next}");
        }
    }
}

/// Checks a reading of stored pages.
#[track_caller]
fn check_stored(ledger: &Ledger, expected: &Expected, what: &str) {
    assert_eq!(ledger.faults(expected), Vec::<String>::new(), "{what}");
    for page in &ledger.entries {
        assert_eq!(page.answer.json().get("@Nextlink.Snapshot"), None, "{what}: {}", page.url);
        assert!(page.next.as_ref().is_none_or(|n| n.contains("$skiptoken=")), "{what}: {:?}", page.next);
    }
}

#[test]
fn without_room_for_a_result_rows_are_read_by_number() {
    let node = start(&table(1_000), "", "[results]\nmin_free_mib = 0\nresults = 1\n");
    let kept = read(&node, "T", 300);
    check_stored(&kept, &rows(1..=1_000), "the first result");
    let mut ordered: Vec<u64> = (1..=1_000).collect();
    ordered.sort_by_key(|id| (std::cmp::Reverse(group(*id)), *id));
    for (path, expected) in [
        ("T", rows(1..=1_000)),
        ("T?$count=true&$orderby=G%20desc", rows(ordered)),
        ("T?$skip=100&$top=550", rows(101..=650)),
        ("T?$top=550&$skip=0&$orderby=Id", rows(1..=550)),
        ("T?$filter=Id%20gt%20500&$format=application/json;odata.metadata=full", rows(501..=1_000)),
        ("T?$filter=Id%20gt%20500&$format=application/json;odata.metadata=none", rows(501..=1_000)),
    ] {
        check_unstored(&read(&node, path, 100), &expected, path);
    }
    assert!(metric(&node, "nextlink_results_refused_total") >= 6.0);
    assert!(metric(&node, "nextlink_not_stored_total") >= 6.0);
    assert_eq!(files(&node).len(), 2);
    compare(&kept.entries[1..], &[], false, "links that were given");
}

#[test]
fn a_disk_that_has_to_stay_free_is_left_alone() {
    let node = start(&table(500), "", "[results]\nmin_free_mib = 100000000\n");
    check_unstored(&read(&node, "T", 100), &rows(1..=500), "min_free_mib");
    assert_eq!(files(&node), Vec::<PathBuf>::new());
    assert_eq!(metric(&node, "nextlink_results_bytes"), 0.0, "nothing stays reserved");
}

/// Checks a reading that goes from stored pages to rows by number wherever there is no room: all of it, and each link of
/// that kind flagged. Gives the number of such links.
#[track_caller]
fn check_cut(ledger: &Ledger, expected: &Expected, what: &str) -> usize {
    assert_eq!(ledger.faults(expected), Vec::<String>::new(), "{what}");
    let mut cuts = 0;
    for page in &ledger.entries {
        let unstored = page.next.as_ref().is_some_and(|next| !next.contains("$skiptoken="));
        if unstored {
            assert!(page.next.as_ref().is_some_and(|next| next.contains("$skip=")), "{what}: {}", page.url);
        }
        let flag = page.answer.json().get("@Nextlink.Snapshot").cloned();
        assert_eq!(flag, unstored.then_some(json!(false)), "{what}: {}", page.url);
        cuts += usize::from(unstored);
    }
    cuts
}

/// The stored pages of a reading; another execution may store the rows of other links anew.
fn stored(ledger: &Ledger) -> Vec<Entry> {
    ledger.entries.iter().filter(|page| page.url.contains("$skiptoken=")).cloned().collect()
}

#[test]
fn a_result_beyond_a_quota_is_read_to_its_end() {
    const ROWS: u64 = 10_000;
    let sql = table(500) + &big_table(ROWS, 300);
    for (key, others_too) in
        [("node_mib", true), ("source_mib", true), ("user_mib", true), ("result_mib", false)]
    {
        let settings = format!("[results]\nmin_free_mib = 0\n{key} = 1\n");
        let mut node = start(&sql, "page_rows = 500", &settings);
        let all = Expected::keys("Id", 1..=ROWS);
        let large = read_all(&url(&node, "Big"), &[]);
        let cuts = check_cut(&large, &all, key);
        let pages = stored(&large);
        if others_too {
            // There is no room left for what follows.
            assert!(cuts > 10 && pages.len() > 3, "{key}: {cuts} links by number, {} pages", pages.len());
            assert!(metric(&node, "nextlink_results_bytes") <= f64::from(1 << 20), "{key}");
            check_unstored(&read_all(&url(&node, "Big"), &[]), &all, key);
        } else {
            // What follows is a result of its own.
            assert!((2..6).contains(&cuts) && pages.len() > 10, "{key}: {cuts} cuts, {} pages", pages.len());
        }
        // There is always room for a small one.
        check_stored(&read(&node, "T", 100), &rows(1..=500), key);
        compare(&pages, &[], false, key);
        node.terminate();
        node = node.start_again();
        compare(&pages, &[], false, &format!("{key}, after a restart"));
    }
}

#[test]
fn every_request_goes_on_behind_what_is_stored() {
    const ROWS: u64 = 10_000;
    let node =
        start(&big_table(ROWS, 300), "page_rows = 500", "[results]\nmin_free_mib = 0\nresult_mib = 1\n");
    let long = format!("Big?note={}&$filter=Id%20gt%20100&$skip=10&$top=9000", "x".repeat(3_000));
    for (path, expected) in [
        ("Big?$count=true&$orderby=Id%20desc", (1..=ROWS).rev().collect()),
        ("Big?$skip=100&$top=9000", (101..=9_100).collect()),
        ("Big?$top=9000&$skip=1", (2..=9_001).collect::<Vec<u64>>()),
        ("Big?$filter=Id%20gt%20500&$format=application/json;odata.metadata=full", (501..=ROWS).collect()),
        (&long, (111..=9_110).collect()),
    ] {
        for headers in [&[][..], &[("Accept-Encoding", "gzip")]] {
            let ledger = read_all(&url(&node, path), headers);
            let cuts = check_cut(&ledger, &Expected::keys("Id", expected.iter().copied()), path);
            assert!(cuts > 0, "{path}: all of it was stored");
            compare(&stored(&ledger), headers, false, path);
        }
    }
}

/// Rows that others write meanwhile are seen only behind the flag.
#[test]
fn stored_pages_keep_their_snapshot_up_to_the_flag() {
    const ROWS: u64 = 10_000;
    let settings = "[results]\nmin_free_mib = 0\nresult_mib = 1\n";
    let node = start(&big_table(ROWS, 300), "page_rows = 500", settings);
    let database = node.data_dir().join("s.db");
    let first = http::get(&url(&node, "Big?$orderby=Id"), &[]);
    settled(&node);
    sqlite(&database, "UPDATE Big SET Pad = 'new'; INSERT INTO Big VALUES (20000, 'new');");
    let mut first = Some(first);
    let ledger = read_with(&url(&node, "Big?$orderby=Id"), |url| match first.take() {
        Some(page) => Ok(page),
        None => http::send("GET", url, &[], None),
    });
    let ids = (1..=ROWS).chain([20_000]);
    assert!(check_cut(&ledger, &Expected::keys("Id", ids), "written meanwhile") > 0);
    let flagged = ledger.entries.iter().position(|p| p.answer.json().get("@Nextlink.Snapshot").is_some());
    for (number, page) in ledger.entries.iter().enumerate() {
        let new = page.rows.iter().filter(|row| row["Pad"] == "new").count();
        let expected = if Some(number) <= flagged { 0 } else { page.rows.len() };
        assert_eq!(new, expected, "page {number}, the flag is on page {flagged:?}");
    }
}

/// Where a page is much larger than those before it, that it has no room is seen too late for them to say so: a page
/// without rows does.
#[test]
fn a_page_that_surprises_is_not_lost() {
    let sql = "CREATE TABLE Big (Id INTEGER NOT NULL PRIMARY KEY, Pad TEXT NOT NULL);
        WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 3000)
        INSERT INTO Big SELECT i, substr(hex(randomblob(2000)), 1, CASE WHEN i > 1000 THEN 4000 ELSE 9 END) FROM c;";
    let mut node = start(sql, "page_rows = 500", "[results]\nmin_free_mib = 0\nresult_mib = 1\n");
    let ledger = read_all(&url(&node, "Big"), &[]);
    let empty: Vec<usize> =
        (0..ledger.entries.len()).filter(|i| ledger.entries[*i].rows.is_empty()).collect();
    assert_eq!(empty, [2], "a page without rows stands where the first large one had no room");
    let end = &ledger.entries[2];
    assert_eq!(end.answer.json()["@Nextlink.Snapshot"], json!(false), "{}", end.answer.text());
    assert!(end.next.as_ref().is_some_and(|next| next.ends_with("Big?$skip=1000")), "{:?}", end.next);
    assert_eq!(ledger.faults(&Expected::keys("Id", 1..=3_000)), Vec::<String>::new());
    node.terminate();
    let _node = node.start_again();
    compare(&stored(&ledger), &[], false, "after a restart");
}

/// A small disk of its own; goes away with the value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<SmallDisk> {
        std::fs::create_dir_all(at).expect("a directory");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=3m", "none"]).arg(at).output();
        mounted.is_ok_and(|o| o.status.success()).then(|| SmallDisk(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a failing test may leave a node that has files open.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Takes all that is free of a small disk.
#[track_caller]
fn fill(other: &Path) {
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(other).expect("a file");
    let filled = (0..1 << 20).find_map(|_| file.write_all(&[0; 4096]).err());
    assert!(filled.is_some(), "the disk was not full");
}

#[test]
fn a_full_disk_is_a_normal_answer() {
    const ROWS: u64 = 30_000;
    let launch = launch(&(table(500) + &big_table(ROWS, 300)), "page_rows = 500", "");
    let Some(_disk) = SmallDisk::mount(&launch.data_dir().join("data")) else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    let mut node = launch.start();
    let full = read_all(&url(&node, "Big"), &[]);
    assert!(check_cut(&full, &Expected::keys("Id", 1..=ROWS), "a disk that fills up") > 0);
    let pages = stored(&full);
    assert!(pages.len() > 3, "{} pages were stored", pages.len());
    // The rest of the disk is taken by somebody else.
    let other = node.data_dir().join("data/other");
    fill(&other);
    check_unstored(&read(&node, "T", 100), &rows(1..=500), "a full disk");
    compare(&pages, &[], false, "a full disk");
    // A node starts there, too, again and again, also when somebody else takes what its end gives back.
    for _ in 0..2 {
        node.terminate();
        fill(&other);
        node = node.start_again();
        check_unstored(&read(&node, "T", 100), &rows(1..=500), "a start on a full disk");
        compare(&pages, &[], false, "a start on a full disk");
    }
    // Without the room that it keeps for that it says what is missing.
    node.terminate();
    std::fs::remove_file(node.data_dir().join("data/system.db-reserve")).expect("room is kept");
    fill(&other);
    let (config, data) = (node.data_dir().join("nextlink.toml"), node.data_dir().join("data"));
    let mut serve = Command::new(env!("CARGO_BIN_EXE_nextlink"));
    serve.arg("serve").arg("--config").arg(config).arg("--data-dir").arg(data);
    let ended = serve.args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]).output();
    let said = String::from_utf8_lossy(&ended.expect("it can be started").stderr).into_owned();
    let named = said.contains(&node.data_dir().display().to_string());
    assert!(said.contains("no room left on the disk") && named, "{said}");
    // Nor is there any for a new node.
    let new = node.data_dir().join("new.toml");
    std::fs::write(&new, "data_dir = \"data/new\"\n[sources.s]\nurl = \"sqlite:s.db\"\n").expect("a file");
    let checked = Command::new(env!("CARGO_BIN_EXE_nextlink")).args(["check", "--config"]).arg(new).output();
    let said = String::from_utf8_lossy(&checked.expect("it can be started").stdout).into_owned();
    assert!(said.contains("(data_dir): there is no room left on the disk of "), "{said}");
    std::fs::remove_file(&other).expect("it can be removed");
    node = node.start_again();
    // Room again: results are stored again, and what was lost with the disk is given back.
    node.terminate();
    for path in files(&node) {
        std::fs::remove_file(path).expect("a file can be removed");
    }
    node = node.start_again();
    assert_eq!(metric(&node, "nextlink_results_bytes"), 0.0);
    check_stored(&read(&node, "T", 100), &rows(1..=500), "room again");
    settled(&node);
    drop(node);
}

/// Quotas hold after a restart too: what lies on disk counts.
#[test]
fn a_restart_forgets_no_quota() {
    let settings = "[results]\nmin_free_mib = 0\nresults = 1\n";
    let mut node: Node = start(&table(500), "", settings);
    let (_, link) = first_page(&node, "T", 100);
    settled(&node);
    node.terminate();
    let node = node.start_again();
    check_unstored(&read(&node, "T", 100), &rows(1..=500), "after a restart");
    assert_eq!(http::get(&link, &[]).status, 200);
}
