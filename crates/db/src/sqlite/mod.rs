//! SQLite.

mod types;

mod defaults;

mod probe;

mod foreign;

mod introspect;

pub use introspect::{IntrospectLimits, introspect};
