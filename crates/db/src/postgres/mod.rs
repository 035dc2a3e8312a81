//! PostgreSQL.

mod errors;
mod bounds;
mod numbers;
mod times;
mod forms;
mod cells;
mod links;
mod params;
mod tls;
mod line;
mod session;
mod pools;
mod flat;
mod snapshot;
mod run;
mod shared;
mod tables;
mod types;
mod columns;
mod routines;
mod introspect;
mod describe;
mod full_text;
mod connect;

pub use connect::PostgresSource;

/// What the database is called.
const NAME: &str = "PostgreSQL";
