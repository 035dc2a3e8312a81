//! Names in an OpenAPI document: of components, and references to them.

use serde_json::{Value, json};

use crate::model::{EntityTypeId, Model};

/// The name of a component. Only ASCII letters, digits, `.`, `-` and `_` may be in it (OpenAPI 3.1 section 4.8.7.1): other letters
/// become their number between two hyphens, which no name in OData has.
pub(super) fn component(name: &str) -> String {
    let mut found = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') {
            found.push(c);
        } else {
            found.push_str(&format!("-{:x}-", u32::from(c)));
        }
    }
    found
}

/// The qualified name of an entity type, or of one below it.
pub(super) fn type_name(model: &Model, id: EntityTypeId, of: Option<usize>) -> String {
    [model.namespace.as_str(), ".", model.entity_type(id).name_of(of)].concat()
}

/// A reference to the schema of a type with this qualified name.
pub(super) fn schema_of(type_name: &str) -> Value {
    schema(&component(type_name))
}

/// A reference to a schema.
pub(super) fn schema(name: &str) -> Value {
    reference("schemas", name)
}

/// A reference to a parameter.
pub(super) fn parameter(name: &str) -> Value {
    reference("parameters", name)
}

/// A reference to a response.
pub(super) fn response(name: &str) -> Value {
    reference("responses", name)
}

fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}
