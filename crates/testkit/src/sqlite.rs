//! SQLite databases made from scripts.

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::path::Path;

/// Makes a database at `path` from a file of SQL statements.
///
/// # Panics
/// When the script cannot be read or run, with its name.
#[track_caller]
pub fn sqlite_from_script(path: &Path, script: &Path) {
    let text =
        std::fs::read_to_string(script).unwrap_or_else(|error| panic!("{}: {error}", script.display()));
    let made = run(path, text.trim_start_matches('\u{feff}'));
    made.unwrap_or_else(|error| panic!("{}: {error}", script.display()));
}

/// Makes a database at `path` from SQL statements, or runs them on the one that is there.
///
/// # Panics
/// When a statement fails.
#[track_caller]
pub fn sqlite(path: &Path, statements: &str) {
    run(path, statements).unwrap_or_else(|error| panic!("{}: {error}\n{statements}", path.display()));
}

/// The rows of a statement, each value as text.
///
/// # Panics
/// When it fails.
#[track_caller]
pub fn rows(path: &Path, statement: &str) -> Vec<Vec<String>> {
    read(path, statement).unwrap_or_else(|error| panic!("{}: {error}\n{statement}", path.display()))
}

fn read(path: &Path, statement: &str) -> rusqlite::Result<Vec<Vec<String>>> {
    let connection = Connection::open(path)?;
    let mut statement = connection.prepare(statement)?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let text = |value| match value {
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => format!("{other:?}"),
        };
        (0..columns).map(|column| row.get_ref(column).map(text)).collect()
    })?;
    rows.collect()
}

fn run(path: &Path, statements: &str) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    // As the `sqlite3` shell has it: scripts fill their tables in any order.
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.execute_batch(statements)?;
    connection.close().map_err(|(_, error)| error)
}
