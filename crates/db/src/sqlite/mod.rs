//! SQLite.

mod types;

mod defaults;

mod probe;

mod schema;

mod foreign;

mod introspect;

pub use introspect::{IntrospectLimits, introspect};
