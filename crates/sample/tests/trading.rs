//! The trading company: the same rows every time, sound keys, and text in many scripts.

mod common;

use std::fs;

use common::{column, hash, number};
use nextlink_sample::trading::VIEW_KEYS;
use nextlink_sample::{Error, Summary, trading};
use rusqlite::Connection;
use tempfile::TempDir;

/// Changes only when the sample itself is changed on purpose.
const HASH: u64 = 0xf5f4_3843_7f53_10e8;

fn sample() -> (TempDir, Summary, Connection) {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("trading.db");
    let summary = trading::create(&path).expect("create");
    let connection = Connection::open(&path).expect("open");
    (folder, summary, connection)
}

#[test]
fn rows_are_the_same_every_time() {
    for run in ["first", "second"] {
        let (_folder, _, connection) = sample();
        assert_eq!(format!("{:#018x}", hash(&connection)), format!("{HASH:#018x}"), "{run} run");
    }
}

#[test]
fn tables_have_their_sizes() {
    let (_folder, summary, connection) = sample();
    let least = [
        ("Carriers", 4),
        ("Categories", 15),
        ("Countries", 18),
        ("Customers", 250),
        ("EmployeeTerritories", 60),
        ("Employees", 24),
        ("OrderItems", 9_000),
        ("Orders", 3_000),
        ("ProductPrices", 300),
        ("Products", 150),
        ("Shipments", 3_000),
        ("Suppliers", 30),
        ("Territories", 60),
    ];
    let names: Vec<_> = summary.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, least.map(|(name, _)| name));
    for (table, (name, rows)) in summary.tables.iter().zip(least) {
        assert!(table.rows >= rows, "{name} has {} rows", table.rows);
        assert_eq!(number(&connection, &format!("SELECT count(*) FROM {name}")), table.rows as i64, "{name}");
    }
    assert_eq!(summary.rows(), summary.tables.iter().map(|table| table.rows).sum::<u64>());
}

#[test]
fn data_is_sound() {
    let (_folder, _, connection) = sample();
    let none = [
        "SELECT count(*) FROM pragma_foreign_key_check",
        "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
        "SELECT count(*) FROM Products WHERE length(CatalogueId) <> 36",
        "SELECT count(*) FROM Shipments WHERE ShipmentId NOT LIKE '________-____-4___-____-____________'",
        "SELECT count(*) FROM Orders
            WHERE OrderedAt NOT GLOB '20??-[01][0-9]-[0-3][0-9] [0-2]?:??:??.[0-9]??'",
        "SELECT count(*) FROM Orders WHERE OrderedAt > '2026-07-01' OR OrderedAt < '2023-06-01'",
        "SELECT count(*) FROM Shipments WHERE DeliveredAt <= ShippedAt OR datetime(ShippedAt) IS NULL",
        "SELECT count(*) FROM Orders WHERE OrderId NOT IN (SELECT OrderId FROM OrderItems)",
        "SELECT count(*) FROM Products WHERE typeof(Price) NOT IN ('real', 'integer') OR Price <= 0",
        "SELECT count(*) FROM Products
            WHERE hex(substr(Thumbnail, 1, 4)) NOT IN ('', '89504E47')",
        "SELECT count(*) FROM OrderItems
            WHERE LineTotal IS NULL OR abs(LineTotal - Quantity * UnitPrice * (1 - Discount)) > 0.006",
        "SELECT count(*) FROM Categories WHERE ParentId >= CategoryId",
        "SELECT count(*) FROM Employees WHERE ReportsTo >= EmployeeId",
        "SELECT count(*) FROM ProductPrices AS p JOIN ProductPrices AS q USING (ProductId)
            WHERE p.ValidFrom < q.ValidFrom AND (p.ValidTo IS NULL OR p.ValidTo >= q.ValidFrom)",
    ];
    for sql in none {
        assert_eq!(number(&connection, sql), 0, "{sql}");
    }
    let some = [
        "SELECT count(*) FROM Categories WHERE ParentId IS NULL",
        "SELECT count(*) FROM Employees WHERE ReportsTo IS NULL",
        "SELECT count(*) FROM Orders WHERE EmployeeId IS NULL",
        "SELECT count(*) FROM Orders WHERE Note LIKE '%\"%'",
        "SELECT count(*) FROM Orders WHERE Note LIKE '%\\%'",
        "SELECT count(*) FROM Orders WHERE Note LIKE '%' || char(10) || '%'",
        "SELECT count(*) FROM Products WHERE NOT Available",
        "SELECT count(*) FROM Products WHERE SupplierId IS NULL",
        "SELECT count(*) FROM Customers WHERE CompanyName LIKE '%''%'",
        "SELECT count(*) FROM (SELECT count(*) FROM Shipments GROUP BY OrderId HAVING count(*) > 1)",
        "SELECT count(*) FROM OrderTotals",
        "SELECT count(*) FROM MonthlySales",
        "SELECT count(*) FROM ProductsToReorder",
    ];
    for sql in some {
        assert!(number(&connection, sql) > 0, "{sql}");
    }
    for status in ["New", "Packed", "Shipped", "Delivered", "Cancelled"] {
        assert!(
            number(&connection, &format!("SELECT count(*) FROM Orders WHERE Status = '{status}'")) > 0,
            "{status}"
        );
    }
}

#[test]
fn the_keys_of_views_are_keys() {
    let (_folder, _, connection) = sample();
    let views = column(&connection, "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name");
    assert_eq!(views, VIEW_KEYS.map(|(view, _)| view.to_owned()));
    for (view, key) in VIEW_KEYS {
        let columns = key.join(", ");
        let twice = format!(
            "SELECT count(*) FROM (SELECT {columns} FROM {view} GROUP BY {columns} HAVING count(*) > 1)"
        );
        assert_eq!(number(&connection, &twice), 0, "{view}");
        for column in key {
            assert_eq!(
                number(&connection, &format!("SELECT count(*) FROM {view} WHERE {column} IS NULL")),
                0,
                "{view}"
            );
        }
    }
}

#[test]
fn foreign_keys_have_an_index() {
    let (_folder, _, connection) = sample();
    let missing = column(
        &connection,
        "SELECT t.name || '.' || k.\"from\" FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) AS k
        WHERE t.type = 'table' AND NOT EXISTS (
            SELECT 1 FROM pragma_index_list(t.name) AS i, pragma_index_info(i.name) AS c
            WHERE c.seqno = 0 AND c.name = k.\"from\")",
    );
    assert_eq!(missing, [""; 0]);
}

#[test]
fn text_is_in_many_scripts() {
    let (_folder, _, connection) = sample();
    let text = column(
        &connection,
        "SELECT CompanyName || coalesce(ContactName, '') || Street || City FROM Customers
        UNION ALL SELECT Name || coalesce(NativeName, '') FROM Products
        UNION ALL SELECT Note FROM Orders WHERE Note IS NOT NULL",
    )
    .concat();
    let scripts = [
        ("Latin with accents", 'À'..='ž'),
        ("Vietnamese", 'Ạ'..='ỹ'),
        ("Greek", 'Α'..='ω'),
        ("Cyrillic", 'А'..='я'),
        ("Arabic", 'ء'..='ي'),
        ("Hebrew", 'א'..='ת'),
        ("Devanagari", 'अ'..='ह'),
        ("Thai", 'ก'..='ฮ'),
        ("Hiragana", 'ぁ'..='ん'),
        ("Katakana", 'ァ'..='ン'),
        ("Han", '一'..='鿿'),
        ("Hangul", '가'..='힣'),
        ("Emoji", '🌀'..='🛿'),
    ];
    for (script, range) in scripts {
        let letters = text.chars().filter(|letter| range.contains(letter)).count();
        assert!(letters >= 10, "{script}: {letters} letters");
    }
}

#[test]
fn a_file_that_is_there_is_left_alone() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("mine.db");
    fs::write(&path, "mine").expect("write");
    assert!(matches!(trading::create(&path), Err(Error::Exists(there)) if there == path));
    assert_eq!(fs::read(&path).expect("read"), b"mine");
}

#[test]
fn what_an_interrupted_run_left_is_replaced() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("trading.db");
    fs::write(folder.path().join("trading.db.partial"), "torn").expect("write");
    trading::create(&path).expect("create");
    let names: Vec<_> =
        fs::read_dir(folder.path()).expect("list").map(|e| e.expect("entry").file_name()).collect();
    assert_eq!(names, ["trading.db"]);
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let folder = TempDir::new().expect("folder");
    assert!(trading::create(&folder.path().join("none").join("trading.db")).is_err());
}
