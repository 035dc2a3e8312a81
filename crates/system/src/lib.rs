//! The system database: which nodes there are, and which stored results they hold.
//!
//! The order of the modules is the order of dependency: a module uses only those above it.

mod migrate;
mod sqlite;

pub use migrate::{MIGRATIONS, Migration};
pub use sqlite::{Error, SqliteRegistry};
