//! The server: HTTP, configuration, and the wiring of all other crates.
//!
//! The order of the modules is the order of dependency: a module uses only those above it.

pub mod config;
pub mod observe;
pub mod headers;
pub mod body;
pub mod answer;
pub mod served;
pub mod links;
pub mod negotiate;
pub mod request;
pub mod envelope;
pub mod delivery;
pub mod state;
pub mod read;
pub mod page;
pub mod router;
pub mod server;
pub mod cli;
