//! CHECKs of SQLite that say more of a column than its declaration does.

mod common;

use nextlink_odata::model::PrimitiveType::{self, *};

/// Columns of a table, CHECKs among them, and what the first of them is served as, with its MaxLength.
type Row = (&'static str, PrimitiveType, Option<u32>);

const ROWS: &[Row] = &[
    // Lengths.
    ("c TEXT CHECK (length(c) <= 20)", String, Some(20)),
    ("c TEXT CHECK (length(c)<20)", String, Some(19)),
    ("c TEXT CHECK (20 >= length(c))", String, Some(20)),
    ("c TEXT CHECK (length(c) = 3)", String, Some(3)),
    ("c TEXT CHECK (length(c) IN (3, 5))", String, Some(5)),
    ("c TEXT CHECK (length(c) BETWEEN 1 AND 7)", String, Some(7)),
    ("c TEXT, CHECK (length(\"C\") > 0 AND length([c]) <= 8 AND `c` <> '')", String, Some(8)),
    ("c TEXT CHECK (length(trim(c)) > 0) CHECK (length(c) <= 8)", String, Some(8)),
    ("c TEXT CHECK (c IS NULL OR length(c) <= 9)", String, Some(9)),
    ("c TEXT CHECK ((length(c) <= 9) OR (c IS NULL))", String, Some(9)),
    ("c VARCHAR(5) CHECK (length(c) <= 9)", String, Some(5)),
    ("c VARCHAR(15) /* no CHECK ( */ CONSTRAINT n CHECK (length(c) <= 9) -- )\n", String, Some(9)),
    ("c BLOB CHECK (length(c) <= 16)", Binary, Some(16)),
    ("c BLOB DEFAULT x'00' CHECK (length(c) <= 16)", Binary, Some(16)),
    ("c TEXT CHECK (c IN ('a', 'bc', 'it''s'))", String, Some(4)),
    ("c TEXT, d TEXT CHECK (length(d) <= 5)", String, None),
    // What says nothing for certain.
    ("c TEXT CHECK (length(c) >= 5)", String, None),
    ("c TEXT CHECK (length(c) <= 5 OR c LIKE 'x%')", String, None),
    ("c TEXT CHECK (c <> '' OR length(c) <= 5)", String, None),
    ("c TEXT, d TEXT, CHECK (d IS NULL OR length(c) <= 5)", String, None),
    ("c TEXT CHECK (NOT length(c) <= 5)", String, None),
    ("c TEXT CHECK (NOT (length(c) <= 5))", String, None),
    ("c TEXT CHECK (length(c) NOT BETWEEN 1 AND 5)", String, None),
    ("c TEXT CHECK (length(c) <= 5 + 5)", String, None),
    ("c TEXT CHECK (1 BETWEEN 0 AND length(c) <= 5)", String, None),
    ("c TEXT CHECK ((length(c) <= 5) = 0)", String, None),
    ("c TEXT CHECK (length(c) <= 5 IS NULL)", String, None),
    ("c TEXT CHECK (CASE WHEN length(c) <= 5 THEN 1 ELSE 1 END)", String, None),
    ("c TEXT CHECK (length(lower(c)) <= 5)", String, None),
    ("c TEXT CHECK (length(c) = '5')", String, None),
    ("c TEXT DEFAULT (length('CHECK (length(c) <= 5)'))", String, None),
    ("c TEXT COLLATE RTRIM CHECK (c IN ('a', 'bc'))", String, None),
    ("c TEXT CHECK (c COLLATE RTRIM IN ('a', 'bc'))", String, None),
    ("c TEXT CHECK (c NOT IN ('a', 'bc'))", String, None),
    ("c TEXT CHECK (c IN ('a', 'bc', d)), d TEXT", String, None),
    // Storage classes, where none is declared.
    ("c CHECK (typeof(c) = 'integer')", Int64, None),
    ("c CHECK ('integer' = typeof(c))", Int64, None),
    ("c CHECK (typeof(c) IN ('integer', 'null'))", Int64, None),
    ("c CHECK (typeof(c) IS 'real')", Double, None),
    ("c CHECK (typeof(c) = 'text' AND length(c) <= 4)", String, Some(4)),
    ("c CHECK (typeof(c) = 'blob')", Binary, None),
    ("c CHECK (typeof(c) IN ('integer', 'text'))", String, None),
    ("c CHECK (typeof(c) = 'INTEGER' OR c IS NULL)", String, None),
    ("c TEXT CHECK (typeof(c) = 'integer')", String, None),
    // Flags.
    ("c INTEGER CHECK (c IN (0, 1))", Boolean, None),
    ("c INT NOT NULL CHECK (c IS NULL OR c IN (1,0))", Boolean, None),
    ("c CHECK (typeof(c) = 'integer' AND c IN (0, 1))", Boolean, None),
    ("c INTEGER CHECK (c IN (0, 1, 2))", Int64, None),
    ("c INTEGER CHECK (c IN (1, 2))", Int64, None),
    ("c INTEGER CHECK (c NOT IN (0, 1))", Int64, None),
    ("c INTEGER CHECK (c BETWEEN 0 AND 1)", Int64, None),
    ("c INTEGER CHECK (c BETWEEN -1 AND 1)", Int64, None),
    ("c INTEGER PRIMARY KEY CHECK (c IN (0, 1))", Int64, None),
    ("c INTEGER REFERENCES o CHECK (c IN (0, 1))", Int64, None),
    ("c CHECK (c IN (0, 1))", String, None),
    ("c REAL CHECK (c IN (0, 1))", Double, None),
    // Dates and times.
    ("c TEXT CHECK (c IS date(c))", Date, None),
    ("c TEXT CHECK (date(c) IS c)", Date, None),
    ("c TEXT CHECK (c IS NULL OR c IS strftime('%Y-%m-%d', c))", Date, None),
    ("c TEXT CHECK (date(c) IS NOT NULL AND date(c) = c)", Date, None),
    ("c TEXT CHECK (c IS datetime(c))", DateTimeOffset, None),
    ("c TEXT CHECK (c IS time(c))", TimeOfDay, None),
    // The function gives null for what is no date, and a CHECK takes null.
    ("c TEXT CHECK (date(c) = c)", String, None),
    ("c TEXT CHECK (date(c) IS NOT NULL)", String, None),
    ("c TEXT, d TEXT CHECK (c IS date(d))", String, None),
    ("c TEXT CHECK (c IS date(c, '+1 day'))", String, None),
    ("c TEXT CHECK (c GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]')", String, None),
];

#[test]
fn what_is_certain_is_served() {
    for (columns, expected, length) in ROWS {
        let script = format!("CREATE TABLE o (id INTEGER PRIMARY KEY); CREATE TABLE t ({columns});");
        let (catalog, notices) = common::catalog(&common::database(&script));
        let table = catalog.tables.iter().find(|table| table.name == "t").expect(columns);
        let column = &table.columns[0];
        let found = (column.ty.primitive(), column.max_length);
        assert_eq!(found, (Some(*expected), *length), "{columns}");
        assert!(
            notices.iter().all(|notice| !notice.to_string().contains("served as")),
            "{columns}: {notices:?}"
        );
    }
}

#[test]
fn strict_tables_have_flags_between_numbers() {
    let script = "CREATE TABLE t (c INTEGER CHECK (c BETWEEN 0 AND 1)) STRICT;";
    let (catalog, _) = common::catalog(&common::database(script));
    assert_eq!(catalog.tables[0].columns[0].ty.primitive(), Some(Boolean));
}

/// Values that came in while CHECKs were not looked at.
#[test]
fn values_that_do_not_fit_are_seen() {
    for (column, value, expected, length) in [
        ("c INTEGER CHECK (c IN (0, 1))", "7", Int64, None),
        ("c TEXT CHECK (c IS date(c))", "'2024-02-30'", String, None),
        ("c TEXT CHECK (length(c) <= 2)", "'abc'", String, None),
        ("c CHECK (typeof(c) = 'integer')", "'abc'", String, None),
    ] {
        let script = format!(
            "CREATE TABLE t ({column}); PRAGMA ignore_check_constraints = ON; INSERT INTO t VALUES ({value});"
        );
        let (catalog, notices) = common::catalog(&common::database(&script));
        let found = &catalog.tables[0].columns[0];
        assert_eq!((found.ty.primitive(), found.max_length), (Some(expected), length), "{column}");
        let told = notices.iter().any(|notice| notice.to_string().contains("served as"));
        assert!(told, "{column}: {notices:?}");
    }
}
