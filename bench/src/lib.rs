//! Benchmark programs, as functions so that `compare` can start each of them as a process of its own.
//!
//! `cargo run --release -p nextlink-bench` measures Nextlink against all of them and prints a table.
//! The order of the modules is the order of dependency: a module uses only those above it.

pub mod json;
pub mod tables;
pub mod output;

pub mod sqlite;
pub mod postgres;
pub mod mariadb;
pub mod source;

pub mod http;
pub mod page;
pub mod statistics;

pub mod bare_server;
pub mod bench_data;
pub mod follow;
pub mod load;
pub mod raw_limit;
pub mod sendfile;
pub mod stages;

pub mod made;
pub mod cluster;
pub mod compare;
