//! What URLs over the trading company are answered with: by a table of URLs, each with the one answer of all databases.

use std::fmt::Write as _;
use std::path::Path;

use crate::world::{SOURCES, World};

/// URLs with their answers below them, each line of those after four blanks. A line that begins with `#` is a heading.
const TABLE: &str = "tests/everywhere/trading.txt";
/// Bytes of an answer that the table shows; of longer ones it has the length too.
const SHOWN: usize = 1000;

/// Ways to ask: of each of them the answers are the same everywhere. The table has those of the first.
const WAYS: [&[(&str, &str)]; 4] = [
    &[],
    &[("Accept", "application/json;odata.metadata=none")],
    &[("Accept", "application/json;odata.metadata=full")],
    &[("Accept", "application/json;IEEE754Compatible=true"), ("OData-MaxVersion", "4.01")],
];

/// An answer as the table shows it.
fn shown(status: u16, body: &str) -> String {
    let mut text = format!("    {status}");
    let end = (0..=SHOWN.min(body.len())).rev().find(|&end| body.is_char_boundary(end)).unwrap_or_default();
    for line in body[..end].lines() {
        write!(text, "\n    {line}").expect("text");
    }
    if end < body.len() {
        write!(text, "\n    … {} bytes", body.len()).expect("text");
    }
    text + "\n"
}

#[test]
fn the_same_answers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    let expected = std::fs::read_to_string(&path).expect("the table");
    let world = World::trading();
    let mut wrong = String::new();
    let mut found = String::new();
    for line in expected.lines().filter(|line| !line.starts_with("    ")) {
        found += line;
        found += "\n";
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        for headers in WAYS {
            let [first, others @ ..] = SOURCES.map(|source| world.ask(source, line, headers));
            if headers.is_empty() {
                found += &shown(first.status, &first.body);
            }
            if let Some((source, other)) = SOURCES[1..].iter().zip(others).find(|(_, other)| *other != first)
            {
                let (other, first) = (cut(&other.body), cut(&first.body));
                write!(wrong, "{line} {headers:?}\n  {source}: {other}\n  sqlite: {first}\n").expect("text");
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, &found).expect("the table is written");
        return;
    }
    for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of {TABLE}", number + 1);
    }
    assert_eq!(found, expected, "{TABLE}");
}

fn cut(body: &str) -> String {
    body.chars().take(600).collect()
}
