//! The benchmark database, opened for reading only.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// The columns in the order in which [`crate::json::write_row`] wants them.
pub const COLUMNS: &str = "Id, Code, Name, Amount, Quantity, Rate, Active, Created, Day, Note";

/// Bytes of the file that SQLite may map into memory: all of it, so that reading copies nothing.
const MAPPED_BYTES: i64 = 1 << 30;

/// Opens the database read-only, for use by one thread.
///
/// # Errors
/// What SQLite reports when there is no such file or it cannot be read.
pub fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "mmap_size", MAPPED_BYTES)?;
    Ok(connection)
}
