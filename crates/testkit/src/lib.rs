//! For tests: private database servers, sample data, real nodes, a plain HTTP client, and the page ledger.
//!
//! A test that cannot go on has failed: what is made for tests alone panics, and says what it knows.
//! [`http`] and [`ledger`] return what happened as values, since tests are about that.
//!
//! The order of the modules is the order of dependency: a module uses only those above it.

pub mod wait;
pub mod http;
pub mod ledger;
mod signal;
pub mod ports;
pub mod proxy;
pub mod network;
pub mod node;
pub mod cluster;
pub mod balancer;
pub mod sqlite;
pub mod certificates;
pub mod server;
pub mod postgres;
mod zones;
pub mod mariadb;
pub mod shared;
pub mod samples;
pub mod soak;
