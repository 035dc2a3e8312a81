//! There is no room: the new query pays, by links without a snapshot; what was stored stays good.

use std::path::{Path, PathBuf};
use std::process::Command;

use nextlink_testkit::http;
use nextlink_testkit::ledger::{End, Expected, Ledger, read_all};
use nextlink_testkit::node::Node;
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

#[test]
fn a_quota_of_bytes_ends_a_result_with_an_error_and_new_ones_do_without() {
    const ROWS: u64 = 10_000;
    let sql = table(500) + &big_table(ROWS, 300);
    for (key, others_too) in
        [("node_mib", true), ("source_mib", true), ("user_mib", true), ("result_mib", false)]
    {
        let settings = format!("[results]\nmin_free_mib = 0\n{key} = 1\n");
        let node = start(&sql, "page_rows = 500", &settings);
        let large = read_all(&url(&node, "Big"), &[]);
        large.check_honest(&Expected::keys("Id", 1..=ROWS));
        assert_eq!(large.end, End::Error { status: 500, code: "ResultIncomplete".to_owned() }, "{key}");
        assert!(large.entries.len() > 3, "{key}: {} pages were good", large.entries.len());
        let next = large.entries.last().and_then(|e| e.next.clone()).expect("a link");
        let message = http::get(&next, &[]).json()["error"]["message"].to_string();
        assert!(message.contains("quota"), "{key}: {message}");
        assert!(metric(&node, "nextlink_results_bytes") <= f64::from(1 << 20), "{key}");
        let small = read(&node, "T", 100);
        if others_too {
            check_unstored(&small, &rows(1..=500), key);
            check_unstored(&read_all(&url(&node, "Big"), &[]), &Expected::keys("Id", 1..=ROWS), key);
        } else {
            check_stored(&small, &rows(1..=500), key);
        }
        compare(&large.entries[1..], &[], false, key);
    }
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
    full.check_honest(&Expected::keys("Id", 1..=ROWS));
    assert_eq!(full.end, End::Error { status: 500, code: "ResultIncomplete".to_owned() });
    let next = full.entries.last().and_then(|e| e.next.clone()).expect("a link");
    let message = http::get(&next, &[]).json()["error"]["message"].to_string();
    assert!(message.contains("disk"), "{message}");
    // The rest of the disk is taken by somebody else.
    let other = node.data_dir().join("data/other");
    let filled = std::fs::write(&other, vec![0; 4 << 20]);
    assert!(filled.is_err(), "the disk was not full");
    check_unstored(&read(&node, "T", 100), &rows(1..=500), "a full disk");
    compare(&full.entries[1..], &[], false, "a full disk");
    // Room again: results are stored again, and what was lost with the disk is given back.
    std::fs::remove_file(&other).expect("it can be removed");
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
