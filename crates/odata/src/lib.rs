//! The OData language, pure: model, URL, binding, JSON and CSDL, with no SQL, no HTTP, no clock and no disk.
//!
//! The order of the modules is the order of dependency: a module uses only those above it.

pub mod model;
pub mod version;

pub mod csdl;
pub mod service;
pub mod url;
