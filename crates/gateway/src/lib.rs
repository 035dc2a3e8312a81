//! The server: HTTP, configuration, and the wiring of all other crates.
//!
//! The order of the modules is the order of dependency: a module uses only those above it.

pub mod config;
pub mod observe;
pub mod headers;
pub mod body;
pub mod cors;
pub mod answer;
mod address;
pub mod conditions;
pub mod stored;
pub mod watch;
pub mod cluster;
pub mod points;
pub mod repeat;
pub mod login;
pub mod logins;
pub mod limits;
pub mod effective;
pub mod served;
pub mod slot;
pub mod slots;
pub mod vocabularies;
pub mod start;
pub mod state;
pub mod nodes;
pub mod results;
pub mod sources;
pub mod links;
pub mod negotiate;
pub mod request;
pub mod response;
pub mod affinity;
pub mod envelope;
pub mod delivery;
pub mod page;
pub mod read;
pub mod plain;
pub mod upload;
pub mod tunnel;
pub mod reading;
pub mod batch;
pub mod router;
pub mod admin;
pub mod server;
pub mod cli;
