//! Bytes on disk are altered between pages: an explicit error, never other rows.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use nextlink_testkit::ledger::{Ledger, read_all};
use nextlink_testkit::node::Node;

use crate::site::{compare, files, metric, prefer, rows, settled, start, table, url};

/// How many places of a file are tried.
const PLACES: u64 = 24;

fn flip(path: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).expect("the file is there");
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).expect("it is so long");
    file.write_all_at(&[byte[0] ^ 0x40], at).expect("it can be written");
}

/// A node, and what was read of it.
fn read_once(headers: &[(&str, &str)]) -> (Node, Ledger) {
    let node = start(&table(600), "", "");
    let prefer = prefer(100);
    let mut all = headers.to_vec();
    all.push(("Prefer", &prefer));
    let ledger = read_all(&url(&node, "T"), &all);
    assert_eq!(ledger.faults(&rows(1..=600)), Vec::<String>::new());
    settled(&node);
    (node, ledger)
}

#[test]
fn a_flipped_byte_is_told_while_the_node_runs() {
    for headers in [&[][..], &[("Accept-Encoding", "gzip")][..]] {
        let (node, ledger) = read_once(headers);
        let pages = &ledger.entries[1..];
        for path in files(&node) {
            let length = path.metadata().expect("a file").len();
            let kind = path.extension().and_then(|e| e.to_str()).expect("an extension").to_owned();
            let mut damaged = 0;
            for place in 0..PLACES {
                let at = place * (length - 1) / (PLACES - 1);
                flip(&path, at);
                let errors = compare(pages, headers, true, &format!("{kind} at {at} of {length}"));
                assert!(errors <= 1, "{kind} at {at}: one byte belongs to one page");
                damaged += errors;
                flip(&path, at);
            }
            // A node that runs needs no header; all else is checked.
            assert!(damaged as u64 > PLACES / 2, "{kind}: only {damaged} of {PLACES} were noticed");
            assert_eq!(compare(pages, headers, false, "mended"), 0, "{kind}");
        }
        assert!(metric(&node, "nextlink_result_pages_damaged_total") > 0.0);
    }
}

#[test]
fn a_flipped_byte_is_told_after_a_restart() {
    let (mut node, ledger) = read_once(&[]);
    let pages = &ledger.entries[1..];
    for number in 0..2 {
        let part = files(&node)[number].clone();
        let length = part.metadata().expect("a file").len();
        let saved: Vec<(std::path::PathBuf, Vec<u8>)> =
            files(&node).into_iter().map(|p| (p.clone(), std::fs::read(p).expect("bytes"))).collect();
        for at in [0, 40, length / 2, length - 1] {
            node.terminate();
            let system = node.data_dir().join("data/system.db");
            let registry = std::fs::read(&system).expect("the system database");
            flip(&part, at);
            node = node.start_again();
            let errors = compare(pages, &[], true, &format!("{} at {at}", part.display()));
            assert!(errors > 0, "{} at {at}: not noticed", part.display());
            node.terminate();
            for (path, bytes) in &saved {
                std::fs::write(path, bytes).expect("it can be written");
            }
            std::fs::write(&system, registry).expect("it can be written");
            node = node.start_again();
            assert_eq!(compare(pages, &[], false, "as it was"), 0, "{} at {at}", part.display());
        }
    }
}

#[test]
fn a_cut_file_is_told() {
    for restart in [false, true] {
        for cut in ["pages", "index"] {
            let (mut node, ledger) = read_once(&[]);
            let all = files(&node);
            let path = all.iter().find(|p| p.extension().is_some_and(|e| e == cut)).expect("the file");
            let length = path.metadata().expect("a file").len();
            let file = OpenOptions::new().write(true).open(path).expect("the file is there");
            file.set_len(length * 2 / 3).expect("it can be cut");
            if restart {
                node.terminate();
                node = node.start_again();
            }
            let what = format!("{cut} cut, restart: {restart}");
            let errors = compare(&ledger.entries[1..], &[], true, &what);
            assert!((1..5).contains(&errors), "{what}: {errors} errors");
            assert_eq!(metric(&node, "nextlink_results"), 1.0, "{what}");
            // The reading as a whole ends in an error, not early.
            let rest = read_all(&ledger.entries[1].url, &[]);
            assert!(
                matches!(rest.end, nextlink_testkit::ledger::End::Error { .. }),
                "{what}: {:?}",
                rest.end
            );
        }
    }
}

#[test]
fn a_missing_file_is_told() {
    for kind in ["pages", "index"] {
        let (mut node, ledger) = read_once(&[]);
        node.terminate();
        node = node.start_again();
        // Nothing of the result is open after a restart.
        for path in files(&node).iter().filter(|p| p.extension().is_some_and(|e| e == kind)) {
            std::fs::remove_file(path).expect("a file can be removed");
        }
        assert_eq!(compare(&ledger.entries[1..], &[], true, kind), 5, "{kind}");
    }
}
