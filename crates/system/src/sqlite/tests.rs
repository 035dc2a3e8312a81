//! Tests of the file itself; what stands in it is tested for all databases at once.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::migrate::{Fit, Migration};
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
    assert_eq!(migrate(&mut old, &MIGRATIONS[..1]).unwrap(), Fit::Good);
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
    assert_eq!(migrate(&mut connection, &steps[..1]).unwrap(), Fit::Good);
    assert_eq!(version(&connection), (1, 0));
    for _ in 0..2 {
        assert_eq!(migrate(&mut connection, &steps[..2]).unwrap(), Fit::Good);
        assert_eq!(version(&connection), (2, 1));
    }
    assert!(migrate(&mut connection, &steps).is_err());
    assert_eq!(version(&connection), (2, 1), "a step that fails leaves nothing");
    let refused = migrate(&mut connection, &steps[..1]).unwrap();
    assert_eq!(refused, Fit::TooNew { reader: 2 }, "made by a later version, which does not say for whom");
}

#[test]
fn what_is_no_system_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("system.db");
    std::fs::write(&path, "this is some text that is certainly not a database file, and long enough")
        .unwrap();
    assert!(matches!(SqliteSystem::open(&path), Err(Error::Sqlite { .. })));
    assert!(matches!(SqliteSystem::open(&dir.path().join("no/such/dir.db")), Err(Error::Io { .. })));
}

/// A node of this version starts on what a later one has added to, while another one goes on; and is refused what a later
/// one has taken something from.
#[test]
fn steps_of_later_versions_are_met() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("system.db");
    let running = open(&dir);
    let later = |step: &Migration| {
        let steps = [MIGRATIONS, &[*step]].concat();
        migrate(&mut Connection::open(&path).unwrap(), &steps).unwrap()
    };
    let number = MIGRATIONS.len() as u32 + 1;
    let sql = "ALTER TABLE nodes ADD COLUMN later TEXT; CREATE TABLE later (a)";
    assert_eq!(later(&Migration { number, name: "later", sql }), Fit::Good);
    assert_eq!(running.roll().unwrap().nodes.len(), 0);
    open(&dir).roll().unwrap();
    running.connection().execute("UPDATE schema_reader SET reader = ?1", [number]).unwrap();
    let refused = SqliteSystem::open(&path).unwrap_err().to_string();
    let (needed, known) = (format!("knows step {number}"), format!("up to {}", number - 1));
    assert!(refused.contains("later version") && refused.contains(&needed), "{refused}");
    assert!(refused.contains(&known), "{refused}");
    running.roll().unwrap();
}
