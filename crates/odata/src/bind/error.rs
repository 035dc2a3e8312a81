//! Why a URL cannot be bound to the model.

use crate::model::{ComplexType, EntityType, Model};
use crate::near::suggestion;

/// A refusal with its place in the URL.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct BindError {
    /// What kind of refusal.
    pub kind: BindErrorKind,
    /// Byte offset in path and query as sent.
    pub at: u32,
    /// The name, option or operator it is about.
    pub target: String,
    /// Text for the client.
    pub message: String,
}

/// Kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindErrorKind {
    /// The path leads to no resource.
    NotFound,
    /// The request is wrong.
    Invalid,
    /// The standard allows it, this service does not do it.
    NotSupported,
    /// A limit is passed.
    LimitExceeded,
}

/// Result of binding.
pub type BindResult<T> = Result<T, BindError>;

/// The path leads to no resource.
pub fn not_found(at: u32, target: &str, message: String) -> BindError {
    BindError { kind: BindErrorKind::NotFound, at, target: target.to_owned(), message }
}

/// The request is wrong.
pub fn invalid(at: u32, target: &str, message: impl Into<String>) -> BindError {
    BindError { kind: BindErrorKind::Invalid, at, target: target.to_owned(), message: message.into() }
}

/// The standard allows it, this service does not do it.
pub fn not_supported(at: u32, target: &str, message: impl Into<String>) -> BindError {
    BindError { kind: BindErrorKind::NotSupported, at, target: target.to_owned(), message: message.into() }
}

/// A limit is passed.
pub fn limit_exceeded(at: u32, target: &str, message: impl Into<String>) -> BindError {
    BindError { kind: BindErrorKind::LimitExceeded, at, target: target.to_owned(), message: message.into() }
}

/// Says that a type has no such property, and what is near.
pub fn unknown_property(
    kind: BindErrorKind,
    at: u32,
    (ty, of): (&EntityType, Option<usize>),
    name: &str,
) -> BindError {
    if ty.find_stream_of(name, of).is_some() {
        let message = format!("'{name}' is a stream: its bytes are only read by a path that ends in it.");
        return BindError { kind: BindErrorKind::NotSupported, at, target: name.to_owned(), message };
    }
    let properties = ty.properties.iter().enumerate().filter(|(i, _)| ty.has_property(of, *i));
    let navigation = ty.navigation.iter().enumerate().filter(|(i, _)| ty.has_navigation(of, *i));
    let names = properties.map(|(_, p)| &p.name).chain(navigation.map(|(_, n)| &n.name));
    let message = format!("Type '{}' has no property '{name}'.{}", ty.name_of(of), suggestion(name, names));
    BindError { kind, at, target: name.to_owned(), message }
}

/// Says that a complex type has no such property, and what is near.
pub fn unknown_member(kind: BindErrorKind, at: u32, ty: &ComplexType, name: &str) -> BindError {
    let near = suggestion(name, ty.properties.iter().map(|p| &p.name));
    let message = format!("Type '{}' has no property '{name}'.{near}", ty.name);
    BindError { kind, at, target: name.to_owned(), message }
}

/// Says that there is no such entity set, and what is near.
pub fn unknown_set(at: u32, model: &Model, name: &str) -> BindError {
    let names = model.served_sets().map(|(_, set)| &set.name);
    let near = suggestion(name, names.chain(model.singletons.iter().map(|single| &single.name)));
    not_found(at, name, format!("There is no entity set '{name}'.{near}"))
}
