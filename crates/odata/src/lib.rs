//! The OData language, pure: model, URL, binding, JSON and CSDL, with no SQL, no HTTP, no clock and no disk.
//!
//! The order of the modules is the order of dependency: a module uses only those above it.

pub mod version;
mod shape;
pub mod value;
pub mod temporal;
pub mod decimal;
pub mod lexical;
pub mod model;
pub mod cast;
pub mod pattern;
mod near;
pub mod url;
pub mod prefer;
pub mod query;
pub mod context;
pub mod bind;
pub mod layout;
pub mod rows;
pub mod json;
pub mod csdl;
pub mod service;
pub mod openapi;
pub mod batch;
