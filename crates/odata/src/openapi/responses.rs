//! Answers: entities, numbers and errors.

use serde_json::{Value, json};

use super::Object;
use super::names::{response, schema};
use super::schemas::{ERROR, count};
use crate::model::{MediaType, Stream};

/// The answers that operations refer to.
pub(super) fn components() -> Object {
    let error = |description: &str| json!({ "description": description, "content": json_of(schema(ERROR)) });
    let number = json!({
        "description": "How many there are.",
        "content": { "text/plain": { "schema": count() } },
    });
    let mut found = Object::new();
    found.insert("count".to_owned(), number);
    found.insert(
        "refused".to_owned(),
        error("What is asked for is not there, or cannot be asked for like that."),
    );
    found.insert(
        "failed".to_owned(),
        error("It is not supported (501), cannot be answered now (503), or could not be answered."),
    );
    found
}

/// An answer that is a page: of entities, or of values.
pub(super) fn page(item: &Value, what: &str) -> Value {
    let schema = json!({
        "type": "object",
        "required": ["value"],
        "properties": {
            "@odata.context": { "type": "string" },
            "@odata.count": count(),
            "@odata.nextLink": { "type": "string", "description": "Where the next page is; the last one has none." },
            "value": { "type": "array", "items": item },
        },
    });
    all(json!({ "description": format!("The {what}, in pages."), "content": json_of(schema) }))
}

/// An answer that is one entity; with why there may be none, if that can be.
pub(super) fn entity(entity: &Value, none: Option<&str>) -> Value {
    let mut found = all(json!({ "description": "The entity.", "content": json_of(entity.clone()) }));
    if let Some(none) = none {
        found["204"] = json!({ "description": none });
    }
    found
}

/// An answer that is one value, or none at all; an `object` is its own envelope.
pub(super) fn value(value: &Value, object: bool) -> Value {
    let wrapped = json!({
        "type": "object",
        "required": ["value"],
        "properties": { "@odata.context": { "type": "string" }, "value": value },
    });
    let schema = if object { value.clone() } else { wrapped };
    let mut found = all(json!({ "description": "The value.", "content": json_of(schema) }));
    found["204"] = json!({ "description": "There is none." });
    found
}

/// An answer that is bytes.
pub(super) fn bytes(stream: &Stream) -> Value {
    let media_type = match &stream.media_type {
        MediaType::Fixed(name) => name.as_str(),
        MediaType::Told => "*/*",
    };
    let content: Object = [(media_type.to_owned(), json!({}))].into_iter().collect();
    let mut found = all(json!({ "description": "The bytes.", "content": content }));
    found["206"] = json!({ "description": "The bytes that Range asks for.", "content": content });
    if stream.nullable {
        found["204"] = json!({ "description": "There are none." });
    }
    found
}

/// An answer that is a number of entities.
pub(super) fn number() -> Value {
    all(response("count"))
}

/// The answers of an operation: what it gives, and errors.
pub(super) fn all(found: Value) -> Value {
    json!({ "200": found, "4XX": response("refused"), "5XX": response("failed") })
}

/// Content that is JSON.
pub(super) fn json_of(schema: Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}
