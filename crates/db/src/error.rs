//! What can go wrong between this crate and a database.

/// Why a database could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite refused: the file is no database, damaged, locked, or a statement failed.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// There are more tables and views than the limit.
    #[error("the database has {found} tables and views; the limit is {limit}")]
    TooManyTables {
        /// How many there are.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A table has more columns than the limit.
    #[error("table {table} has {found} columns; the limit is {limit}")]
    TooManyColumns {
        /// The table or view.
        table: String,
        /// How many there are.
        found: usize,
        /// The limit.
        limit: usize,
    },
}
