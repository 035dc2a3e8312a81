//! The node is stopped, or killed, between pages and while it writes.

use nextlink_testkit::http;
use nextlink_testkit::ledger::{End, Entry, read_all, read_with};
use nextlink_testkit::node::Node;

use crate::site::{
    big_table, compare, files, first_page, metric, read, refusal, rows, settled, start, table, until, url,
};
use nextlink_testkit::ledger::Expected;

/// Ends a node.
type Ending = fn(&mut Node);

/// How a node ends.
const ENDS: [(&str, Ending); 2] = [
    ("SIGTERM", |node| assert!(node.terminate().success(), "an orderly end:\n{}", node.log())),
    ("kill -9", Node::kill),
];

#[test]
fn links_work_after_a_restart() {
    for (what, end) in ENDS {
        let mut node = start(&table(3_000), "", "");
        let ledger = read(&node, "T?$count=true&$orderby=Id", 200);
        ledger.check(&rows(1..=3_000));
        settled(&node);
        let bytes = metric(&node, "nextlink_results_bytes");
        for turn in 1..=2 {
            end(&mut node);
            node = node.start_again();
            compare(&ledger.entries[1..], &[], false, &format!("{what}, turn {turn}"));
            assert_eq!(metric(&node, "nextlink_results_bytes"), bytes, "{what}, turn {turn}");
        }
        let rest = read_all(&ledger.entries[3].url, &[]);
        assert_eq!(rest.end, End::LastPage, "{what}");
        assert_eq!(rest.rows().count(), 3_000 - 3 * 200, "{what}");
    }
}

/// Reads the first pages of a table that takes a while to store; gives them, and the link that follows.
fn begun(node: &Node, pages: usize) -> (Vec<Entry>, String) {
    let mut left = pages;
    let ledger = read_with(&url(node, "Big"), |url| {
        if left == 0 {
            return Err(http::HttpError::Broken("this is enough".to_owned()));
        }
        left -= 1;
        http::send("GET", url, &[], None)
    });
    assert_eq!(ledger.entries.len(), pages, "{:?}", ledger.end);
    let next = ledger.entries[pages - 1].next.clone().expect("there is more");
    (ledger.entries, next)
}

#[test]
fn a_node_that_ends_while_it_writes_reads_on() {
    const ROWS: u64 = 80_000;
    let (mut broken, mut read_on) = (0, 0);
    for (what, end) in ENDS {
        for pages in [1, 3] {
            let mut node = start(&big_table(ROWS, 200), "", "");
            let (seen, next) = begun(&node, pages);
            end(&mut node);
            let node = node.start_again();
            // What was read can be read again; beyond it there are more pages, those that were stored and then those that
            // are read anew.
            compare(&seen[1..], &[], false, &format!("{what} after {pages}"));
            let rest = read_all(&next, &[]);
            let first: u64 = seen.iter().map(|e| e.rows.len() as u64).sum();
            rest.check_honest(&Expected::keys("Id", first + 1..=ROWS));
            compare(&rest.entries, &[], false, &format!("{what} after {pages}, the rest"));
            match &rest.end {
                // Killed before the registry knew of the result.
                End::Error { status: 410, code } if code == "ResultGone" && pages == 1 => broken += 1,
                End::LastPage => {
                    let anew = |entry: &Entry| entry.answer.header("nextlink-generation") == Some("2");
                    let pages = rest.entries.iter().filter(|entry| anew(entry)).count();
                    read_on += usize::from(pages > 0);
                    // Once it is another execution, it stays so.
                    assert!(rest.entries.iter().rev().take(pages).all(anew), "{what}");
                }
                other => panic!("{what} after {pages}: {other:?}"),
            }
            let log = node.log();
            assert!(!log.contains("panicked"), "{what} after {pages}: {log}");
        }
    }
    assert!(read_on > 0, "no node ended in the middle: the table is too small");
    assert!(broken < 3, "{broken} results were lost");
}

#[test]
fn a_result_that_is_gone_is_said_to_be() {
    let mut node = start(&table(300), "", "");
    let gone = read(&node, "T", 50);
    let kept = read(&node, "T?$orderby=G", 50);
    settled(&node);
    node.terminate();
    // The older result has the older files.
    let mut all = files(&node);
    all.sort_by_key(|p| p.metadata().and_then(|m| m.modified()).expect("a time"));
    let id = |p: &std::path::Path| {
        p.file_name().and_then(|n| n.to_str()).and_then(|n| n.split('.').next()).map(str::to_owned)
    };
    let first = id(&all[0]);
    for path in all.iter().filter(|p| id(p) == first) {
        std::fs::remove_file(path).expect("a file can be removed");
    }
    let node = node.start_again();
    for page in &gone.entries[1..] {
        assert_eq!(refusal(&http::get(&page.url, &[])), (410, "ResultGone".to_owned()), "{}", page.url);
    }
    compare(&kept.entries[1..], &[], false, "the other result");
    assert_eq!(metric(&node, "nextlink_results"), 1.0);
    let on_disk: u64 = files(&node).iter().map(|p| p.metadata().expect("a file").len()).sum();
    assert_eq!(metric(&node, "nextlink_results_bytes"), on_disk as f64, "reserved bytes are given back");
}

#[test]
fn keys_that_are_gone_make_links_invalid() {
    let mut node = start(&table(300), "", "");
    let ledger = read(&node, "T", 50);
    settled(&node);
    node.terminate();
    std::fs::remove_dir_all(node.data_dir().join("data")).expect("the directory can be removed");
    let node = node.start_again();
    for page in &ledger.entries[1..] {
        assert_eq!(refusal(&http::get(&page.url, &[])), (410, "ResultGone".to_owned()), "{}", page.url);
    }
    read(&node, "T", 50).check(&rows(1..=300));
}

#[test]
fn files_of_an_ended_run_are_removed_and_others_left() {
    let mut node = start(&table(300), "", "");
    let (_, link) = first_page(&node, "T", 50);
    settled(&node);
    node.kill();
    let dir = node.data_dir().join("data/results");
    let known = files(&node);
    let name = known[0].file_name().and_then(|n| n.to_str()).expect("a name").to_owned();
    // A result that the registry does not know, and a file that is not ours.
    let (id, rest) = name.split_once('.').expect("an id");
    let other: String = id.chars().rev().collect();
    let stray = dir.join(format!("{other}.{rest}"));
    let foreign = dir.join("README.txt");
    std::fs::copy(&known[0], &stray).expect("a copy");
    std::fs::write(&foreign, "mine").expect("a file");
    let node = node.start_again();
    until("the stray file is removed", || !stray.exists());
    assert!(foreign.exists(), "a file of somebody else was removed");
    assert_eq!(files(&node), known);
    assert_eq!(http::get(&link, &[]).status, 200);
}
