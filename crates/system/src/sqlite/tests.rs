//! Tests of the registry on a real file.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::migrate::Migration;

fn node(byte: u8) -> NodeId {
    NodeId::from_bytes([byte; 16])
}

fn row(byte: u8, owner: u8) -> ResultRow {
    ResultRow {
        id: ResultId::from_bytes([byte; 16]),
        generation: u32::from(byte) + 1,
        owner: node(owner),
        state: ResultState::Writing,
        user: "O'Brien \u{1F680}".into(),
        source: "shop".into(),
        recovery: Recovery::Key,
        pages: 0,
        rows: 0,
        bytes: 300,
        created_ms: 1_700_000_000_000,
        expires_ms: 1_700_000_900_000,
        absolute_ms: 1_700_043_200_000,
    }
}

fn open(dir: &tempfile::TempDir) -> SqliteRegistry {
    SqliteRegistry::open(&dir.path().join("system.db")).unwrap()
}

#[test]
fn rows_are_inserted_updated_touched_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(&dir);
    let mut rows: Vec<ResultRow> = (0..3).map(|byte| row(byte, 9)).collect();
    rows.iter().for_each(|row| registry.insert(row).unwrap());
    registry.insert(&row(7, 8)).unwrap();
    let sorted = |registry: &SqliteRegistry| {
        let mut found = registry.owned_by(node(9)).unwrap();
        found.sort_by_key(|row| row.id);
        found
    };
    assert_eq!(sorted(&registry), rows);

    for (row, state) in
        rows.iter_mut().zip([ResultState::Complete, ResultState::Failed, ResultState::Writing])
    {
        row.state = state;
        row.pages = u32::MAX;
        row.rows = u64::from(u32::MAX) * 2000;
        row.bytes = i64::MAX as u64;
        registry.update(row).unwrap();
    }
    assert_eq!(sorted(&registry), rows, "updated");

    let touch = |row: &ResultRow, expires_ms| Touch { id: row.id, generation: row.generation, expires_ms };
    let touches = [touch(&rows[0], 1_700_001_000_000), touch(&rows[1], 5), touch(&row(70, 9), 1)];
    registry.touch(&touches).unwrap();
    rows[0].expires_ms = 1_700_001_000_000;
    assert_eq!(sorted(&registry), rows, "touched; an expiry never moves back");

    let other_generation = ResultRow { generation: 99, pages: 1, ..rows[0].clone() };
    let other_owner = ResultRow { owner: node(8), pages: 1, ..rows[0].clone() };
    registry.update(&other_generation).unwrap();
    registry.update(&other_owner).unwrap();
    registry.remove(node(9), &[(rows[0].id, 99), (row(7, 8).id, 8), (row(50, 9).id, 1)]).unwrap();
    registry.remove(node(9), &[]).unwrap();
    assert_eq!(sorted(&registry), rows, "another generation or owner is not touched");
    assert_eq!(registry.owned_by(node(8)).unwrap(), [row(7, 8)]);

    drop(registry);
    let registry = open(&dir);
    assert_eq!(sorted(&registry), rows, "after a restart");
    let all: Vec<(ResultId, u32)> = rows.iter().map(|row| (row.id, row.generation)).collect();
    registry.remove(node(9), &all).unwrap();
    assert_eq!(sorted(&registry), []);
}

#[test]
fn an_insert_of_the_same_name_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let registry = open(&dir);
    registry.insert(&row(1, 1)).unwrap();
    assert!(matches!(registry.insert(&row(1, 2)), Err(RegistryError::Unavailable(_))));
}

#[test]
fn each_start_of_a_node_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    for boot in 1..4 {
        let registry = open(&dir);
        let start =
            |byte| NodeRow { id: node(byte), address: Some("10.0.0.1:8190".into()), started_ms: boot };
        assert_eq!(registry.register(&start(1)).unwrap(), boot);
        assert_eq!(registry.register(&start(boot as u8 + 10)).unwrap(), 1, "each node has its own count");
    }
}

#[test]
fn the_file_is_private_and_used_by_two_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(&dir), open(&dir));
    one.insert(&row(1, 1)).unwrap();
    two.insert(&row(2, 1)).unwrap();
    assert_eq!(one.owned_by(node(1)).unwrap().len(), 2);
    for item in std::fs::read_dir(dir.path()).unwrap() {
        let item = item.unwrap();
        let mode = item.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", item.file_name());
    }
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
    assert!(matches!(SqliteRegistry::open(&path), Err(Error::Sqlite { .. })));
    assert!(matches!(SqliteRegistry::open(&dir.path().join("no/such/dir.db")), Err(Error::Io { .. })));
    let later = dir.path().join("later.db");
    SqliteRegistry::open(&later).unwrap().connection().pragma_update(None, "user_version", 1000).unwrap();
    let refused = SqliteRegistry::open(&later).unwrap_err();
    assert!(refused.to_string().contains("later version"), "{refused}");
}
