//! The house rules: what every file and every crate of the workspace keeps to.
//!
//! A rule is a function from sources to findings. It runs over the workspace in one test, and in a second
//! one over small rows that show what it lets pass and what it does not.

mod source;
mod paths;
mod workspace;
mod modules;
mod crates;
mod words;
mod sizes;
mod licences;
