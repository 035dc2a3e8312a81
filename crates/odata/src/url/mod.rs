//! From the text of a URL to its syntax tree, with no knowledge of the model.

pub mod apply;
pub mod ast;
