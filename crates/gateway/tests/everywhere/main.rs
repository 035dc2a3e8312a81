//! The same data in SQLite, PostgreSQL and MariaDB: the same URLs have the same answers, byte by byte.

#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code)]
#[path = "../batch/parts.rs"]
mod parts;
#[path = "../common/narrow.rs"]
mod narrow;
mod world;
mod answers;
mod rows;
mod groups;
mod batches;
mod types;
mod shapes;
mod keys;
mod leaving;
mod missing;
mod models;
mod singletons;
mod selects;
mod functions;
mod routines;
mod definitions;
mod derived;
mod tables;
mod all;
mod media;
mod slow_streams;
mod slow_clients;
mod open;
mod json;
mod etags;
mod annotations;
mod changes;
mod logs;
mod schemas;
mod search;
mod edges;
mod kept_back;
mod readers;
mod failing_rows;
mod too_large;
mod guarded;
mod zones;
mod patterns;
mod shown;
mod combined;
