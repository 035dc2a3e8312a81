//! Schemas of types: what stands in the JSON of an answer, and what a key in a URL can be.

use serde_json::{Value, json};

use super::Object;
use super::names::{component, schema_of, type_name};
use crate::model::{
    Computed, EntityType, EntityTypeId, EnumType, Model, NavigationProperty, PrimitiveType, Property, Type,
};

/// Name of the schema of an error.
pub(super) const ERROR: &str = "error";

/// The schemas of all types of the model, and that of errors.
pub(super) fn schemas(model: &Model) -> Object {
    let mut found = Object::new();
    let name = |simple: &str| component(&[model.namespace.as_str(), ".", simple].concat());
    for enum_type in &model.enum_types {
        found.insert(name(&enum_type.name), enumeration(enum_type));
    }
    for complex_type in &model.complex_types {
        let properties = complex_type.properties.iter().map(|p| (p.name.clone(), property(model, p)));
        let description = complex_type.description.as_deref();
        found.insert(name(&complex_type.name), object(&complex_type.name, description, properties.collect()));
    }
    for entity_type in &model.entity_types {
        found.insert(name(&entity_type.name), entity(model, entity_type, None));
        for number in 0..entity_type.types_below().len() {
            found.insert(name(entity_type.name_of(Some(number))), derived(model, entity_type, number));
        }
    }
    found.insert(ERROR.to_owned(), error());
    found
}

/// Nothing is required: `$select` leaves out what is not wanted.
fn object(title: &str, description: Option<&str>, properties: Object) -> Value {
    let mut schema = Object::new();
    schema.insert("title".to_owned(), title.into());
    describe(&mut schema, description);
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    schema.into()
}

fn describe(schema: &mut Object, description: Option<&str>) {
    if let Some(text) = description.filter(|text| !text.is_empty()) {
        schema.insert("description".to_owned(), text.into());
    }
}

/// What a type has that those above it have not.
fn entity(model: &Model, entity_type: &EntityType, of: Option<usize>) -> Value {
    let own = |index: &usize| entity_type.owner_of_property(*index) == of;
    let mut properties: Object = (0..entity_type.properties.len())
        .filter(own)
        .map(|index| &entity_type.properties[index])
        .map(|p| (p.name.clone(), property(model, p)))
        .collect();
    let own = |index: &usize| entity_type.owner_of_navigation(*index) == of;
    for index in (0..entity_type.navigation.len()).filter(own) {
        navigation(model, &entity_type.navigation[index], &mut properties);
    }
    let description = match of {
        Some(number) => &entity_type.types_below()[number].description,
        None => &entity_type.description,
    };
    object(entity_type.name_of(of), description.as_deref(), properties)
}

/// A type below another one has what that has, and its own.
fn derived(model: &Model, entity_type: &EntityType, number: usize) -> Value {
    let base = entity_type.name_of(entity_type.types_below()[number].base);
    let base = schema_of(&[model.namespace.as_str(), ".", base].concat());
    json!({ "allOf": [base, entity(model, entity_type, Some(number))] })
}

/// A reference to the schema of the entities that are of a type or of one below it.
pub(super) fn entities(model: &Model, id: EntityTypeId, of: Option<usize>) -> Value {
    let schema = |of: Option<usize>| schema_of(&type_name(model, id, of));
    let Some(family) = &model.entity_type(id).family else { return schema(of) };
    let all = std::iter::once((None, family.is_abstract));
    let all = all.chain(family.derived.iter().enumerate().map(|(n, ty)| (Some(n), ty.is_abstract)));
    let mut found: Vec<Value> =
        all.filter(|(ty, none)| !none && family.is_a(*ty, of)).map(|(ty, _)| schema(ty)).collect();
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            found.push(last);
            json!({ "anyOf": found })
        }
        (None, _) => schema(of),
    }
}

/// Related entities are there where they are expanded.
fn navigation(model: &Model, relation: &NavigationProperty, properties: &mut Object) {
    let target = entities(model, relation.target, None);
    let name = &relation.name;
    if !relation.collection {
        properties.insert(name.clone(), if relation.nullable { or_null(target) } else { target });
        return;
    }
    properties.insert(name.clone(), json!({ "type": "array", "items": target }));
    properties.insert(format!("{name}@odata.count"), count());
    properties.insert(format!("{name}@odata.nextLink"), json!({ "type": "string" }));
}

/// A number of entities.
pub(super) fn count() -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": 0 })
}

fn enumeration(enum_type: &EnumType) -> Value {
    let names: Vec<&str> = enum_type.members.iter().map(|member| member.name.as_str()).collect();
    let mut schema = Object::new();
    schema.insert("title".to_owned(), enum_type.name.as_str().into());
    describe(&mut schema, enum_type.description.as_deref());
    schema.insert("type".to_owned(), "string".into());
    if enum_type.flags {
        // Several of them, with commas in between, or none.
        let any = names.join("|");
        schema.insert("pattern".to_owned(), format!("^(0|({any})(,({any}))*)$").into());
    } else {
        schema.insert("enum".to_owned(), json!(names));
    }
    schema.into()
}

/// The schema of the value of a property.
fn property(model: &Model, property: &Property) -> Value {
    let item = value(model, property);
    let item = if property.nullable { or_null(item) } else { item };
    let schema = if property.collection { json!({ "type": "array", "items": item }) } else { item };
    let Value::Object(mut schema) = schema else { return schema };
    describe(&mut schema, property.description.as_deref());
    if property.computed == Computed::Always {
        schema.insert("readOnly".to_owned(), true.into());
    }
    schema.into()
}

/// The schema of a value, or of an item of a collection, that is not null.
pub(super) fn value(model: &Model, property: &Property) -> Value {
    match property.ty {
        Type::Primitive(ty) => primitive(ty, property),
        Type::Enum(_) | Type::Complex(_) => schema_of(&model.type_name(property.ty)),
    }
}

/// The same where null is a value of such a property, too.
pub(super) fn value_or_null(model: &Model, property: &Property) -> Value {
    if property.nullable { or_null(value(model, property)) } else { value(model, property) }
}

fn or_null(schema: Value) -> Value {
    match schema {
        Value::Object(mut schema) if schema.get("type").is_some_and(Value::is_string) => {
            schema["type"] = json!([schema["type"], "null"]);
            schema.into()
        }
        schema => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

/// Numbers have their own form; all else is text (OData JSON section 7.1).
fn primitive(ty: PrimitiveType, property: &Property) -> Value {
    let whole = |format: &str, least: i64, most: i64| json!({ "type": "integer", "format": format, "minimum": least, "maximum": most });
    let real = |format: &str| json!({ "anyOf": [{ "type": "number", "format": format }, { "enum": ["-INF", "INF", "NaN"] }] });
    let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    let formatted = |format: &str| json!({ "type": "string", "format": format });
    match ty {
        PrimitiveType::Binary => binary(property.max_length),
        PrimitiveType::Boolean => json!({ "type": "boolean" }),
        PrimitiveType::Byte => whole("uint8", 0, 255),
        PrimitiveType::SByte => whole("int8", -128, 127),
        PrimitiveType::Int16 => whole("int16", i16::MIN.into(), i16::MAX.into()),
        PrimitiveType::Int32 => whole("int32", i32::MIN.into(), i32::MAX.into()),
        PrimitiveType::Int64 => whole("int64", i64::MIN, i64::MAX),
        PrimitiveType::Decimal => json!({ "type": "number", "format": "decimal" }),
        PrimitiveType::Double => real("double"),
        PrimitiveType::Single => real("float"),
        PrimitiveType::Date => formatted("date"),
        PrimitiveType::DateTimeOffset => formatted("date-time"),
        PrimitiveType::TimeOfDay => text(r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,12})?)?$"),
        PrimitiveType::Duration => text(r"^-?P([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]{1,12})?S)?)?$"),
        PrimitiveType::Guid => formatted("uuid"),
        PrimitiveType::Shape(..) => json!({ "type": "object", "description": "GeoJSON (RFC 7946)" }),
        PrimitiveType::String => match property.max_length {
            Some(most) => json!({ "type": "string", "maxLength": most }),
            None => json!({ "type": "string" }),
        },
    }
}

/// Base64 for URLs, four characters for three bytes.
fn binary(max_length: Option<u32>) -> Value {
    let mut schema = json!({ "type": "string", "contentEncoding": "base64url" });
    if let Some(bytes) = max_length {
        schema["maxLength"] = (u64::from(bytes).div_ceil(3) * 4).into();
    }
    schema
}

/// OData JSON section 21.
fn error() -> Value {
    let text = || json!({ "type": "string" });
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": { "type": "string", "description": "Stable, for programs." },
                    "message": { "type": "string", "description": "For people." },
                    "target": text(),
                    "innererror": {
                        "type": "object",
                        "properties": {
                            "offset": { "type": "integer", "description": "Where in the URL, in bytes behind the service root." },
                            "trace": { "type": "string", "description": "Stands in the log, too." },
                        },
                    },
                },
            },
        },
    })
}
