//! Sample databases, made by deterministic generators: every run writes the same rows.

mod error;
mod random;
mod rows;
mod file;
mod script;

pub mod big;
pub mod trading;

pub use error::Error;
pub use file::{Summary, TableRows};
pub use random::Random;
pub use script::Target;
