//! Introspection beyond types: collations, limits, files that can't be read.

mod common;

use nextlink_db::error::Error;
use nextlink_db::sqlite::{IntrospectLimits, introspect};
use nextlink_odata::model::PrimitiveType;
use rusqlite::Connection;

#[test]
fn collations() {
    let script = r#"CREATE TABLE t (id TEXT PRIMARY KEY NOT NULL, a TEXT COLLATE NOCASE, b TEXT COLLATE RTRIM,
            c TEXT COLLATE BINARY, d INT, e TEXT COLLATE own, "f g" TEXT);
        CREATE VIEW v AS SELECT id, a COLLATE NOCASE AS n FROM t;"#;
    let conn = Connection::open_in_memory().expect("SQLite opens a database in memory");
    conn.create_collation("own", |a, b| b.cmp(a)).expect("a collation");
    conn.execute_batch(script).expect("the script is right");
    let (catalog, notices) = common::catalog(&conn);
    let columns = catalog.tables[0].columns.iter();
    let found: Vec<(&str, bool)> = columns.map(|c| (c.name.as_str(), c.binary_collation)).collect();
    let expected =
        [("id", true), ("a", false), ("b", false), ("c", true), ("d", true), ("e", false), ("f g", true)];
    assert_eq!(found, expected);
    assert!(catalog.tables[1].columns.iter().all(|c| !c.binary_collation), "a view may bring any");
    assert!(notices.is_empty(), "{notices:?}");
}

#[test]
fn columns_of_views() {
    let script = "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL, at DATETIME,
            price DECIMAL(8,2));
        INSERT INTO t VALUES (1, 'x', '2024-01-01 10:00', 1.25);
        CREATE VIEW v AS SELECT id, name AS n, at, price, price * 2 AS double, name || '!' AS loud,
            id AS id FROM t;
        CREATE VIEW named (a, b) AS SELECT count(*), max(at) FROM t;";
    let (catalog, _) = common::catalog(&common::database(script));
    let text = |t: usize| {
        let columns = catalog.tables[t].columns.iter();
        let columns = columns.map(|c| {
            format!(
                "{} {} {}",
                c.name,
                c.ty.primitive().map_or("structured", PrimitiveType::name),
                c.nullable
            )
        });
        columns.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(text(0), "a Edm.Int64 true, b Edm.String true");
    let expected = "id Edm.Int64 true, n Edm.String true, at Edm.DateTimeOffset true, \
         price Edm.Decimal true, \
                    double Edm.Double true, loud Edm.String true, id:1 Edm.Int64 true";
    assert_eq!(text(2), expected);
    assert_eq!(catalog.tables[2].columns[1].max_length, Some(20));
}

#[test]
fn limits() {
    let script = "CREATE TABLE a (x INT, y INT); CREATE TABLE b (x INT); CREATE VIEW c AS SELECT 1 AS x;";
    let conn = common::database(script);
    let fits = IntrospectLimits { tables: 3, columns: 2, ..IntrospectLimits::default() };
    assert_eq!(introspect(&conn, &fits).expect("the limits are kept").0.tables.len(), 3);
    let found = introspect(&conn, &IntrospectLimits { tables: 2, ..fits });
    assert!(matches!(found, Err(Error::TooManyTables { found: 3, limit: 2 })), "{found:?}");
    let found = introspect(&conn, &IntrospectLimits { columns: 1, ..fits });
    assert!(matches!(found, Err(Error::TooManyColumns { found: 2, limit: 1, .. })), "{found:?}");
}

#[test]
fn files_that_are_no_databases() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("text.db");
    std::fs::write(&text, "This is no database at all. ".repeat(100)).expect("a file");
    let cut = folder.path().join("cut.db");
    let conn = Connection::open(&cut).expect("SQLite opens a file");
    let script = "CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT);
        INSERT INTO t VALUES (1, hex(zeroblob(50000)));";
    conn.execute_batch(script).expect("the script is right");
    drop(conn);
    let whole = std::fs::read(&cut).expect("the file is there");
    std::fs::write(&cut, &whole[..4096 + 100]).expect("a file");
    for path in [text, cut] {
        let conn = Connection::open(&path).expect("opening reads nothing yet");
        let found = introspect(&conn, &IntrospectLimits::default());
        assert!(matches!(found, Err(Error::Damaged(_))), "{}: {found:?}", path.display());
    }
}

#[test]
fn a_locked_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("locked.db");
    let writer = Connection::open(&path).expect("SQLite opens a file");
    writer.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY); BEGIN EXCLUSIVE;").expect("a lock");
    let reader = Connection::open(&path).expect("SQLite opens a file");
    reader.busy_timeout(std::time::Duration::ZERO).expect("a setting of SQLite");
    let found = introspect(&reader, &IntrospectLimits::default());
    assert!(matches!(found, Err(Error::Locked)), "{found:?}");
    writer.execute_batch("ROLLBACK").expect("the lock is given back");
    let (catalog, _) = introspect(&reader, &IntrospectLimits::default()).expect("it can be read now");
    assert_eq!(catalog.tables.len(), 1);
    assert!(reader.is_autocommit(), "no transaction is left open");
}
