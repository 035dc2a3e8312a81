//! Why a URL cannot be bound to the model.

use crate::model::{ComplexType, EntityType, Model};

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
pub fn unknown_property(kind: BindErrorKind, at: u32, ty: &EntityType, name: &str) -> BindError {
    let names = ty.properties.iter().map(|p| &p.name).chain(ty.navigation.iter().map(|n| &n.name));
    let message = format!("Type '{}' has no property '{name}'.{}", ty.name, suggestion(name, names));
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
    let near = suggestion(name, model.entity_sets.iter().map(|s| &s.name));
    not_found(at, name, format!("There is no entity set '{name}'.{near}"))
}

/// ` Did you mean 'X' or 'Y'?`, or nothing.
pub fn suggestion<'a>(name: &str, candidates: impl Iterator<Item = &'a String>) -> String {
    let limit = 1 + name.chars().count() / 4;
    let mut near: Vec<(usize, &String)> =
        candidates.take(5_000).map(|c| (distance(name, c, limit), c)).filter(|(d, _)| *d <= limit).collect();
    near.sort();
    match near.as_slice() {
        [] => String::new(),
        [(_, one)] => format!(" Did you mean '{one}'?"),
        [(_, one), (_, two), ..] => format!(" Did you mean '{one}' or '{two}'?"),
    }
}

/// Edits between two names without regard to case; more than `limit` is reported as `limit + 1`.
fn distance(a: &str, b: &str, limit: usize) -> usize {
    let a: Vec<char> = a.chars().take(200).flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().take(200).flat_map(char::to_lowercase).collect();
    if a.len().abs_diff(b.len()) > limit {
        return limit + 1;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()].min(limit + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested() {
        let names: Vec<String> = ["Customers", "Orders", "OrderItems"].map(String::from).to_vec();
        for (name, expected) in [
            ("Custmers", " Did you mean 'Customers'?"),
            ("orders", " Did you mean 'Orders'?"),
            ("Weather", ""),
            ("OrderItem", " Did you mean 'OrderItems'?"),
        ] {
            assert_eq!(suggestion(name, names.iter()), expected, "{name}");
        }
    }
}
