//! From declared types and values to the types that columns are served as.

mod common;

use nextlink_odata::model::PrimitiveType::{self, *};
use nextlink_sql::catalog::{Column, Storage};

/// `String` is a primitive type here.
type Text = std::string::String;

/// The one column `c` of a table with these values, and what was said about it.
fn column(declared: &str, values: &[&str]) -> (Column, Vec<Text>) {
    let mut script = format!("CREATE TABLE t (c {declared});");
    for value in values {
        script += &format!("INSERT INTO t VALUES ({value});");
    }
    let (catalog, notices) = common::catalog(&common::database(&script));
    (catalog.tables[0].columns[0].clone(), notices.iter().map(ToString::to_string).collect())
}

/// Declared type, values, the type served, and whether the owner is told of a change.
type Row = (&'static str, &'static [&'static str], PrimitiveType, bool);

const NUMBERS: &[Row] = &[
    ("INTEGER", &[], Int64, false),
    ("INTEGER", &["1", "NULL"], Int64, false),
    ("BIGINT", &["9223372036854775807"], Int64, false),
    ("UNSIGNED BIG INT", &["1"], Int64, false),
    ("INTEGER", &["1", "'x'"], String, true),
    ("INTEGER", &["1", "1.5"], Double, true),
    ("INTEGER", &["9007199254740993", "1.5"], Decimal, true),
    ("INTEGER", &["9007199254740993", "1e300"], String, true),
    ("INTEGER", &["x'00'"], Binary, true),
    ("INT", &[], Int32, false),
    ("INT", &["2147483647", "-2147483648"], Int32, false),
    ("INT", &["2147483648"], Int64, true),
    ("int(11)", &["5"], Int32, false),
    ("INT UNSIGNED", &["5"], Int32, false),
    ("MEDIUMINT", &["5"], Int32, false),
    ("SMALLINT", &["32767"], Int16, false),
    ("INT2", &["32768"], Int32, true),
    ("SMALLINT", &["2147483648"], Int64, true),
    ("TINYINT", &[], Byte, false),
    ("TINYINT", &["255", "0"], Byte, false),
    ("TINYINT", &["-1", "127"], SByte, false),
    ("TINYINT", &["-1", "200"], Int16, true),
    ("TINYINT(1)", &["1", "0"], Boolean, false),
    ("TINYINT(1)", &["7"], Byte, false),
    ("BOOLEAN", &[], Boolean, false),
    ("BOOL", &["0", "1", "NULL"], Boolean, false),
    ("BIT", &["TRUE", "FALSE"], Boolean, false),
    ("BOOLEAN", &["2"], Int64, true),
    ("BOOLEAN", &["'true'"], String, true),
    ("REAL", &["1", "1.5"], Double, false),
    ("DOUBLE PRECISION", &["1e308", "9e999"], Double, false),
    ("FLOAT", &["'n/a'"], String, true),
    ("DECIMAL(10,2)", &[], Decimal, false),
    ("DECIMAL(10,2)", &["1", "0.99", "12345678.25"], Decimal, false),
    ("DECIMAL(10,2)", &["0.999"], Decimal, true),
    ("DECIMAL(4,2)", &["100"], Decimal, true),
    ("DECIMAL(4,2)", &["-100.5"], Decimal, true),
    ("DECIMAL(5)", &["99999"], Decimal, false),
    ("DECIMAL(20,0)", &["9223372036854775807"], Decimal, false),
    ("NUMERIC", &["1.23456"], Decimal, false),
    ("MONEY", &["12.5"], Decimal, false),
    ("NUMERIC", &["1e20"], Double, true),
    ("NUMERIC", &["'abc'"], String, true),
];

const OTHERS: &[Row] = &[
    ("TEXT", &[], String, false),
    ("VARCHAR(5)", &["'äöüßé'"], String, false),
    ("VARCHAR(5)", &["'abcdef'"], String, true),
    ("NVARCHAR", &["'x'"], String, false),
    ("STRING", &["1", "'x'"], String, false),
    ("JSON", &["'{}'", "1"], String, false),
    ("TEXT", &["x'00'"], Binary, true),
    ("BLOB", &["x'00'"], Binary, false),
    ("VARBINARY(2)", &["x'0001'"], Binary, false),
    ("VARBINARY(2)", &["x'000102'"], Binary, true),
    ("BLOB", &["'text'"], String, true),
    ("BLOB", &["'text'", "x'00'"], Binary, true),
    ("DATE", &[], Date, false),
    ("DATE", &["'2024-02-29'"], Date, false),
    ("DATE", &["'2023-02-29'"], String, true),
    ("DATE", &["'29.02.2024'"], String, true),
    ("DATE", &["'2024-02-29'", "'2024-02-29 10:00'"], DateTimeOffset, true),
    ("DATE", &["20240229"], Int64, true),
    ("DATE", &["2460000.5"], Double, true),
    ("DATETIME", &["'2024-02-29 10:00:00'", "'2024-02-29'"], DateTimeOffset, false),
    ("TIMESTAMP", &["'2024-02-29T10:00:00.123456789Z'"], DateTimeOffset, false),
    ("DATETIME", &["'2024-02-29T10:00:00+01:00'", "NULL"], DateTimeOffset, false),
    ("DATETIME", &["'2024-02-29 24:00:00'"], String, true),
    ("DATETIME", &["'2024-02-29 10:00:00 UTC'"], String, true),
    ("DATETIME", &["'2024-02-30 10:00:00'"], String, true),
    ("DATETIME", &["'2024-02-29 10:00:00.1234567890123'"], String, true),
    ("DATETIME", &["'0000-00-00 00:00:00'"], String, true),
    ("DATETIME", &["1700000000"], Int64, true),
    ("DATETIME", &["'2024-02-29'", "1700000000"], String, true),
    ("TIME", &["'10:00'", "'23:59:59.999'"], TimeOfDay, false),
    ("TIME", &["'24:00:00'"], String, true),
    ("TIME", &["'100:00:00'"], String, true),
    ("TIME", &["'10:00Z'"], String, true),
    ("UUID", &[], Guid, false),
    ("UUID", &["'6BA7B810-9dad-11d1-80b4-00c04fd430c8'"], Guid, false),
    ("UUID", &["'6ba7b8109dad11d180b400c04fd430c8'"], String, true),
    ("UUID", &["'6ba7b810-9dad-11d1-80b4-00c04fd430cg'"], String, true),
    ("GUID", &["x'000102030405060708090a0b0c0d0e0f'"], Guid, false),
    ("GUID", &["x'0001'"], Binary, true),
    ("UNIQUEIDENTIFIER", &["'6ba7b810-9dad-11d1-80b4-00c04fd430c8'", "x'00'"], Binary, true),
    ("", &[], String, false),
    ("", &["NULL"], String, false),
    ("", &["1"], Int64, false),
    ("", &["1", "1.5"], Double, false),
    ("", &["'x'"], String, false),
    ("", &["'2024-02-29'"], String, false),
    ("", &["x'00'"], Binary, false),
    ("", &["1", "'x'"], String, true),
    ("GEOMETRY", &["x'00'"], Binary, false),
    ("whatever (1, 2)", &["1"], Int64, false),
];

#[test]
fn types() {
    for (declared, values, expected, told) in NUMBERS.iter().chain(OTHERS) {
        let (column, notices) = column(declared, values);
        assert_eq!(column.ty.primitive(), Some(*expected), "{declared} with {values:?}");
        assert_eq!(notices.len(), usize::from(*told), "{declared} with {values:?}: {notices:?}");
        if *told {
            assert!(notices[0].starts_with("t.c: "), "{declared} with {values:?}: {notices:?}");
        }
    }
}

#[test]
fn facets() {
    for (declared, values, expected) in [
        ("VARCHAR(5)", vec!["'äöüßé'"], (Some(5), None, None)),
        ("CHARACTER VARYING(7)", vec![], (Some(7), None, None)),
        ("VARCHAR(0)", vec![], (None, None, None)),
        ("VARCHAR(99999999999)", vec![], (None, None, None)),
        ("VARCHAR(5)", vec!["'abcdef'"], (None, None, None)),
        ("BINARY(16)", vec!["x'00'"], (Some(16), None, None)),
        ("DECIMAL(10,2)", vec!["0.99"], (None, Some(10), Some(2))),
        ("decimal ( 10 , 2 )", vec![], (None, Some(10), Some(2))),
        ("DECIMAL(5)", vec![], (None, Some(5), Some(0))),
        ("DECIMAL(2,5)", vec![], (None, None, None)),
        ("DECIMAL(10,2)", vec!["0.999"], (None, None, None)),
        ("NUMERIC", vec!["0.99"], (None, None, None)),
        ("DATETIME", vec![], (None, Some(6), None)),
        ("DATETIME(3)", vec!["'2024-01-01 00:00:00'"], (None, Some(3), None)),
        ("DATETIME(3)", vec!["'2024-01-01 00:00:00.12345+01:00'"], (None, Some(5), None)),
        ("DATETIME", vec!["'2024-01-01 00:00:00.123456789Z'"], (None, Some(9), None)),
        ("TIME(0)", vec!["'00:00:00'"], (None, Some(0), None)),
        ("DATE", vec!["'2024-01-01 00:00'"], (None, Some(6), None)),
        ("DATE", vec!["'2024-01-01'"], (None, None, None)),
        ("INTEGER(5)", vec![], (None, None, None)),
    ] {
        let (column, _) = column(declared, &values);
        let found = (column.max_length, column.precision, column.scale);
        assert_eq!(found, expected, "{declared} with {values:?}");
    }
}

#[test]
fn storage() {
    for (declared, values, expected) in [
        ("DATE", vec!["'2024-01-01'"], Storage::Text),
        ("DATETIME", vec![], Storage::Text),
        ("TIME", vec!["'10:00'"], Storage::Text),
        ("UUID", vec!["'6ba7b810-9dad-11d1-80b4-00c04fd430c8'"], Storage::Text),
        ("UUID", vec!["x'000102030405060708090a0b0c0d0e0f'"], Storage::Blob),
        ("DECIMAL(5,2)", vec!["1.25", "2"], Storage::Native),
        ("INTEGER", vec!["1", "'x'"], Storage::Text),
        ("BOOLEAN", vec!["1"], Storage::Native),
    ] {
        let (column, _) = column(declared, &values);
        assert_eq!(column.storage, expected, "{declared} with {values:?}");
    }
}

#[test]
fn decimals_as_text() {
    for (values, primitive, storage) in [
        (vec!["'12345678901234567890.123'", "'-1'", "'0.5'"], Decimal, Storage::Text),
        (vec!["'1.'"], String, Storage::Native),
        (vec!["'-.5'"], String, Storage::Native),
        (vec!["'1.2.3'"], String, Storage::Native),
        (vec!["'1e5'"], String, Storage::Native),
        (vec!["'-'"], String, Storage::Native),
        (vec!["''"], String, Storage::Native),
        (vec!["'1'", "2"], String, Storage::Text),
    ] {
        let script: Text = values.iter().map(|v| format!("INSERT INTO b VALUES ({v});")).collect();
        let conn = common::database(&format!("CREATE TABLE b (x BLOB); {script}"));
        // What NUMERIC would convert on the way in is written past it.
        conn.execute_batch(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = 'CREATE TABLE b (x NUMERIC)' WHERE name = 'b';
             PRAGMA writable_schema = RESET;",
        )
        .expect("the schema can be written");
        let (catalog, _) = common::catalog(&conn);
        let column = &catalog.tables[0].columns[0];
        assert_eq!((column.ty.primitive(), column.storage), (Some(primitive), storage), "{values:?}");
    }
}

/// Only the ends of a large table are looked at, and whatever its form both of them.
#[test]
fn large_tables() {
    const NUMBERS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20001)";
    for (table, odd, expected) in [
        ("t (id INTEGER PRIMARY KEY, v INT)", 1, String),
        ("t (id INTEGER PRIMARY KEY, v INT)", 20_001, String),
        ("t (id INTEGER PRIMARY KEY, v INT)", 10_000, Int32),
        ("t (id INT PRIMARY KEY, v INT) WITHOUT ROWID", 1, String),
        ("t (id INT PRIMARY KEY, v INT) WITHOUT ROWID", 20_001, String),
        ("t (id INT PRIMARY KEY, v INT) WITHOUT ROWID", 10_000, Int32),
        ("t (rowid INT, v INT)", 20_001, String),
        ("t (rowid INT, v INT)", 10_000, Int32),
    ] {
        let script = format!(
            "CREATE TABLE {table};
             {NUMBERS} INSERT INTO t SELECT i, CASE WHEN i = {odd} THEN 'x' ELSE i END FROM n;"
        );
        let (catalog, _) = common::catalog(&common::database(&script));
        assert_eq!(
            catalog.tables[0].columns[1].ty.primitive(),
            Some(expected),
            "{table} with text in row {odd}"
        );
    }
}

#[test]
fn many_columns() {
    let columns: Vec<Text> = (0..700).map(|i| format!("\"c {i}\" INT")).collect();
    let script = format!("CREATE TABLE t ({}); INSERT INTO t (\"c 699\") VALUES ('x');", columns.join(", "));
    let (catalog, notices) = common::catalog(&common::database(&script));
    assert_eq!(catalog.tables[0].columns.len(), 700);
    assert_eq!(catalog.tables[0].columns[698].ty.primitive(), Some(Int32));
    assert_eq!(catalog.tables[0].columns[699].ty.primitive(), Some(String));
    assert_eq!(notices.len(), 1, "{notices:?}");
}

#[test]
fn defaults_and_who_computes() {
    use nextlink_odata::model::Computed;
    let script = "CREATE TABLE t (
        id INTEGER PRIMARY KEY,
        a INT DEFAULT 5,
        b TEXT DEFAULT 'it''s',
        c BOOLEAN DEFAULT 0,
        d DATETIME DEFAULT CURRENT_TIMESTAMP,
        e INT DEFAULT NULL,
        f INT AS (a + 1) STORED,
        g TEXT AS (b || 'x'),
        h DECIMAL(5,2) DEFAULT (1.50)
    )";
    let (catalog, _) = common::catalog(&common::database(script));
    let found: Vec<_> = catalog.tables[0].columns.iter().collect();
    let found: Vec<_> =
        found.iter().map(|c| (c.name.as_str(), c.default_value.as_deref(), c.computed)).collect();
    let expected = [
        ("id", None, Computed::Default),
        ("a", Some("5"), Computed::No),
        ("b", Some("it's"), Computed::No),
        ("c", Some("false"), Computed::No),
        ("d", None, Computed::Default),
        ("e", None, Computed::No),
        ("f", None, Computed::Always),
        ("g", None, Computed::Always),
        ("h", Some("1.50"), Computed::No),
    ];
    assert_eq!(found, expected);
}

/// What the probe takes for a date or time, the reader of rows can read.
#[test]
fn texts_taken_are_texts_read() {
    use nextlink_odata::temporal;
    let reads = |primitive, text: &str| match primitive {
        Date => temporal::Date::parse(text).is_some(),
        DateTimeOffset => temporal::Instant::parse(text).is_some(),
        TimeOfDay => temporal::Time::parse(text).is_some(),
        _ => true,
    };
    let days =
        ["2024-02-29", "2023-02-29", "2024-12-31", "2024-13-01", "0000-01-01", "0001-01-01", "9999-12-31"];
    let times = [
        "00:00",
        "23:59",
        "24:00",
        "12:60",
        "00:00:00",
        "23:59:59",
        "23:59:60",
        "12:00:00.0",
        "12:00:00.",
        "12:00:00.123456",
        "12:00:00.123456789012",
        "12:00:00.1234567890123",
        "1:00",
        "12:00:0",
        "12",
    ];
    let zones =
        ["", "Z", "z", "+00:00", "-00:00", "+14:00", "-12:30", "+15:00", "+1:00", "+0100", " Z", " UTC"];
    let mut texts: Vec<Text> = days.iter().chain(&times).map(|t| (*t).to_owned()).collect();
    for day in days {
        for time in times {
            for zone in zones {
                texts.extend([" ", "T", "t", "  "].map(|between| format!("{day}{between}{time}{zone}")));
            }
        }
    }
    let mut taken = 0;
    let conn = common::database("CREATE TABLE t (d DATE, p DATETIME, t TIME)");
    for text in &texts {
        conn.execute("DELETE FROM t", []).expect("rows can go");
        conn.execute("INSERT INTO t VALUES (?1, ?1, ?1)", [text]).expect("a row");
        let (catalog, _) = common::catalog(&conn);
        for column in &catalog.tables[0].columns {
            assert!(column.ty.primitive().is_some_and(|p| reads(p, text)), "{text:?}: {:?}", column.ty);
            taken += usize::from(column.ty.primitive() != Some(String));
        }
    }
    assert!(taken > 500, "only {taken} of {} texts were taken", texts.len());
}
