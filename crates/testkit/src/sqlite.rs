//! SQLite databases made from scripts.

use rusqlite::Connection;
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

fn run(path: &Path, statements: &str) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    // As the `sqlite3` shell has it: scripts fill their tables in any order.
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.execute_batch(statements)?;
    connection.close().map_err(|(_, error)| error)
}
