//! Enumerations, type definitions and complex types in the model file that is printed.

use nextlink_odata::model::{EnumType, Model};
use nextlink_odata::value::Value;
use nextlink_sql::mapping::EnumMap;

use super::properties::{facets, property_line};
use super::{description, text};
use crate::served::Served;

/// Types with those of the database behind them.
pub(super) fn types(served: &Served, out: &mut String) {
    enumerations(served, out);
    definitions(&served.mapping.model, out);
    complex_types(served, out);
}

fn enumerations(served: &Served, out: &mut String) {
    let model = &served.mapping.model;
    if !model.enum_types.is_empty() {
        out.push_str("enumerations:\n");
    }
    for (ty, behind) in model.enum_types.iter().zip(&served.mapping.enums) {
        out.push_str(&enumeration(ty, behind));
        description("    ", ty.description.as_deref(), out);
    }
}

fn enumeration(ty: &EnumType, behind: &EnumMap) -> String {
    match behind {
        EnumMap::Database(found) => {
            let members: Vec<String> =
                ty.members.iter().map(|member| format!("{} = {}", member.name, member.value)).collect();
            let flags = if ty.flags { "flags: " } else { "" };
            let (members, of) = (members.join(", "), text(&found.name));
            format!("  # {flags}{members}\n  {}:\n    of: {of}\n", text(&ty.name))
        }
        EnumMap::Codes(codes) => {
            let code = |value: &Value| match value {
                Value::Integer(number) => number.to_string(),
                Value::String(code) => text(code),
                _ => "null".to_owned(),
            };
            let members =
                codes.members.iter().map(|(name, value)| format!("{}: {}", text(name), code(value)));
            let members: Vec<String> = members.collect();
            let (flags, members) = (codes.flags, members.join(", "));
            format!("  {}:\n    flags: {flags}\n    members: {{{members}}}\n", text(&ty.name))
        }
    }
}

fn definitions(model: &Model, out: &mut String) {
    if !model.type_definitions.is_empty() {
        out.push_str("typeDefinitions:\n");
    }
    for definition in &model.type_definitions {
        let mut facts = vec![format!("underlying: {}", definition.underlying.name())];
        facts.extend(facets([definition.max_length, definition.precision, definition.scale]));
        if let Some(description) = &definition.description {
            facts.push(format!("description: {}", text(description)));
        }
        out.push_str(&format!("  {}: {{{}}}\n", text(&definition.name), facts.join(", ")));
    }
}

fn complex_types(served: &Served, out: &mut String) {
    let model = &served.mapping.model;
    if !model.complex_types.is_empty() {
        out.push_str("complexTypes:\n");
    }
    for (ty, complex) in model.complex_types.iter().zip(&served.mapping.complex) {
        out.push_str(&format!("  {}:\n", text(&ty.name)));
        description("    ", ty.description.as_deref(), out);
        let in_json = ty.properties.iter().any(|property| property.json.is_some());
        match &complex.of {
            _ if in_json => {}
            Some(of) => out.push_str(&format!("    of: {}\n", text(of))),
            None => {
                out.push_str("    # Made of groups of columns.\n    properties: {}\n");
                continue;
            }
        }
        out.push_str("    properties:\n");
        for (property, column) in ty.properties.iter().zip(&complex.columns) {
            out.push_str(&property_line(model, property, (&(column.column.clone(), None), None), "      "));
        }
    }
}
