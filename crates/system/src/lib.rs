//! The system database: which nodes there are, which stored results they hold, and which sources they serve.
//!
//! A node that is alone keeps it in a SQLite file of its own; several nodes share one, in PostgreSQL or, on one
//! machine, in a SQLite file. Times are compared by the clock of the database alone, so that clocks of nodes may differ.
//!
//! The order of the modules is the order of dependency: a module uses only those above it.

mod error;
mod source;
mod node;
mod words;
mod migrate;
mod sqlite;
mod postgres;
mod open;

pub use error::Error;
pub use migrate::{MIGRATIONS, Migration};
pub use node::{Beat, Holding, Join, JoinError, NodeRow, NodeState, Nodes, Roll, System};
pub use open::{check_url, look, open, shown};
pub use postgres::PostgresSystem;
pub use source::{SourceChange, SourceRoll, SourceRow, Sources};
pub use sqlite::SqliteSystem;
