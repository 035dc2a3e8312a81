//! Tests of the file itself; what stands in it is tested for all databases at once.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::migrate::Migration;
use crate::node::Nodes as _;

fn open(dir: &tempfile::TempDir) -> SqliteSystem {
    SqliteSystem::open(&dir.path().join("system.db")).unwrap()
}

#[test]
fn the_file_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let system = open(&dir);
    system.roll().unwrap();
    for item in std::fs::read_dir(dir.path()).unwrap() {
        let item = item.unwrap();
        let mode = item.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", item.file_name());
    }
}

/// A file of the first version, with a node and its result.
#[test]
fn a_file_of_an_earlier_version_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let mut old = Connection::open(dir.path().join("system.db")).unwrap();
    assert!(migrate(&mut old, &MIGRATIONS[..1]).unwrap());
    old.execute_batch(
        "INSERT INTO nodes (id, boot, state, started_ms) VALUES (zeroblob(16), 4, 'up', 5);
        INSERT INTO results VALUES
            (randomblob(16), 1, zeroblob(16), 'complete', NULL, 'u', 's', 'key', 1, 2, 300, 1, 2, 3);",
    )
    .unwrap();
    drop(old);
    let system = open(&dir);
    let roll = system.roll().unwrap();
    assert_eq!((roll.nodes.len(), roll.nodes[0].facts.boot, roll.nodes[0].facts.name.as_str()), (1, 4, ""));
    assert_eq!(system.holdings().unwrap()[0].bytes, 300);
}

#[test]
fn migrations_are_numbered_from_one_and_applied_once() {
    for (at, migration) in MIGRATIONS.iter().enumerate() {
        assert_eq!(migration.number as usize, at + 1, "{}", migration.name);
    }
    let steps = [
        Migration { number: 1, name: "one", sql: "CREATE TABLE t (a)" },
        Migration { number: 2, name: "two", sql: "ALTER TABLE t ADD COLUMN b; INSERT INTO t VALUES (1, 2)" },
        Migration {
            number: 3,
            name: "broken",
            sql: "INSERT INTO t VALUES (3, 4); INSERT INTO nowhere VALUES (1)",
        },
    ];
    let mut connection = Connection::open_in_memory().unwrap();
    let version = |connection: &Connection| -> (u32, u32) {
        let version = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        (version, connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap())
    };
    assert!(migrate(&mut connection, &steps[..1]).unwrap());
    assert_eq!(version(&connection), (1, 0));
    for _ in 0..2 {
        assert!(migrate(&mut connection, &steps[..2]).unwrap());
        assert_eq!(version(&connection), (2, 1));
    }
    assert!(migrate(&mut connection, &steps).is_err());
    assert_eq!(version(&connection), (2, 1), "a step that fails leaves nothing");
    assert!(!migrate(&mut connection, &steps[..1]).unwrap(), "made by a later version");
}

#[test]
fn what_is_no_system_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("system.db");
    std::fs::write(&path, "this is some text that is certainly not a database file, and long enough")
        .unwrap();
    assert!(matches!(SqliteSystem::open(&path), Err(Error::Sqlite { .. })));
    assert!(matches!(SqliteSystem::open(&dir.path().join("no/such/dir.db")), Err(Error::Io { .. })));
    let later = dir.path().join("later.db");
    SqliteSystem::open(&later).unwrap().connection().pragma_update(None, "user_version", 1000).unwrap();
    let refused = SqliteSystem::open(&later).unwrap_err();
    assert!(refused.to_string().contains("later version"), "{refused}");
}
