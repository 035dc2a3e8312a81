//! Drivers: connect, run and introspect, one folder a database, with no OData URLs, no JSON and no HTTP.
//!
//! The order of the modules is the order of dependency: a module uses only those above it.

pub mod error;
pub mod location;
pub mod run;
mod runtime;
mod levels;
mod defaults;
mod routines;
pub mod sqlite;
mod postgres;
mod mysql;
pub mod source;
