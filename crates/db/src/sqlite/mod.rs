//! SQLite.

mod tokens;
mod types;
mod checks;
mod probe;
mod schema;
mod foreign;
mod introspect;
mod full_text;
mod cells;
mod numbers;
mod sums;
mod dates;
mod cast;
mod functions;
mod run;
mod stream;
mod kept;
mod connect;

pub use connect::SqliteSource;
pub use introspect::{IntrospectLimits, introspect};
