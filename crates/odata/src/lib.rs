//! The OData language, pure: model, URL, binding, JSON and CSDL, with no SQL, no HTTP, no clock and no disk.
//!
//! The order of the modules is the order of dependency: a module uses only those above it.

pub mod bind;
pub mod decimal;
pub mod json;
pub mod layout;
pub mod lexical;
pub mod model;
pub mod prefer;
pub mod query;
pub mod rows;
pub mod temporal;
pub mod url;
pub mod value;
pub mod version;
