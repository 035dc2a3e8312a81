//! From a bound query to one SQL statement: pure, with no driver, no async and no HTTP.
//!
//! The order of the modules is the order of dependency: a module uses only those above it.

pub mod notice;
pub mod full_text;
pub mod zone;
pub mod catalog;
mod english;
mod identifier;
pub mod shape;
pub mod mapping;
mod text;
pub mod tree;
pub mod statement;
pub mod dialect;
mod emit;
pub mod seek;
pub mod position;
pub mod plan;
