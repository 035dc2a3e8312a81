//! The benchmark database: the same rows every time, in the sizes asked for.

mod common;

use common::{column, hash, number};
use nextlink_sample::{Summary, big};
use rusqlite::Connection;
use tempfile::TempDir;

/// Changes only when the tables are changed on purpose; every recorded measurement is then void.
const HASH: u64 = 0xd3ef_8360_7e24_7f3a;

fn database(rows: u64) -> (TempDir, Summary, Connection) {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("big.db");
    let summary = big::create(&path, rows).expect("create");
    let connection = Connection::open(&path).expect("open");
    (folder, summary, connection)
}

#[test]
fn rows_are_the_same_every_time() {
    for run in ["first", "second"] {
        let (_folder, _, connection) = database(1_000);
        assert_eq!(format!("{:#018x}", hash(&connection)), format!("{HASH:#018x}"), "{run} run");
    }
}

#[test]
fn tables_have_the_sizes_asked_for() {
    for (rows, orders) in [(0, 0), (9, 0), (1_000, 100)] {
        let (_folder, summary, connection) = database(rows);
        let sizes: Vec<_> = summary.tables.iter().map(|table| (table.name.as_str(), table.rows)).collect();
        let items = sizes[0].1;
        assert_eq!(
            sizes,
            [("Items", items), ("Orders", orders), ("Rows", rows), ("Small", 2_001)],
            "{rows} rows"
        );
        assert!((orders..=9 * orders).contains(&items), "{rows} rows: {items} items");
        assert_eq!(number(&connection, "SELECT coalesce(max(Id), 0) FROM Rows"), rows as i64);
    }
}

#[test]
fn data_is_sound() {
    let (_folder, _, connection) = database(3_000);
    let none = [
        "SELECT count(*) FROM pragma_foreign_key_check",
        "SELECT count(*) FROM Small JOIN Rows USING (Id)
            WHERE Small.Name <> Rows.Name OR Small.Amount <> Rows.Amount",
        "SELECT count(*) FROM Rows
            WHERE datetime(Created) IS NULL OR length(Created) <> 23 OR length(Day) <> 10",
        "SELECT count(*) FROM Rows WHERE typeof(Rate) <> 'real' OR typeof(Amount) NOT IN ('real', 'integer')",
        "SELECT count(*) FROM Orders WHERE Id NOT IN (SELECT OrderId FROM Items)",
    ];
    for sql in none {
        assert_eq!(number(&connection, sql), 0, "{sql}");
    }
    let notes = column(&connection, "SELECT Note FROM Rows WHERE Note IS NOT NULL").concat();
    for sign in ['"', '\\', '\n', '\t', 'ö', 'ο', 'г', '東'] {
        assert!(notes.contains(sign), "{sign:?} is in no note");
    }
    for sql in ["SELECT count(*) FROM Rows WHERE Note IS NULL", "SELECT count(*) FROM Rows WHERE NOT Active"]
    {
        assert!(number(&connection, sql) > 0, "{sql}");
    }
}
