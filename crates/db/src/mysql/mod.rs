//! MySQL and MariaDB.

mod errors;
mod params;
mod cells;
mod facts;
mod tls;
mod session;
mod pool;
mod run;
mod levels;
mod schema;
mod flags;
mod types;
mod defaults;
mod dates;
mod routines;
mod introspect;
mod describe;
mod full_text;
mod source;

pub use source::MySqlSource;
