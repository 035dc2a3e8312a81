//! The same data in SQLite, PostgreSQL and MariaDB: the same URLs have the same answers, byte by byte.

#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code)]
#[path = "../batch/parts.rs"]
mod parts;
mod world;
mod answers;
mod rows;
mod types;
mod keys;
mod leaving;
mod batches;
mod models;
mod singletons;
mod selects;
