//! The functions of a model file, printed.

use nextlink_odata::model::{Function, Model, Property, Returns};
use nextlink_sql::catalog::Routine;
use nextlink_sql::mapping::{Behind, FunctionMap};
use nextlink_sql::shape::ToldPiece;

use super::{qualified, readers_of, text};
use crate::served::Served;

/// Functions with their SELECTs, those of one name together.
pub(super) fn functions(served: &Served, out: &mut String) {
    let model = &served.mapping.model;
    if !model.functions.is_empty() {
        out.push_str("functions:\n");
    }
    let all: Vec<(&Function, &FunctionMap)> = model.functions.iter().zip(&served.mapping.functions).collect();
    for (place, (function, _)) in all.iter().enumerate() {
        let name = &function.name;
        if all[..place].iter().any(|(other, _)| other.name == *name) {
            continue;
        }
        let same: Vec<_> = all[place..].iter().filter(|(other, _)| other.name == *name).collect();
        out.push_str(&format!("  {}:\n", text(name)));
        for (function, behind) in &same {
            for (number, line) in told(model, function, behind).iter().enumerate() {
                let before = match (same.len(), number) {
                    (1, _) => "    ",
                    (_, 0) => "    - ",
                    _ => "      ",
                };
                out.push_str(&format!("{before}{line}\n"));
            }
        }
    }
}

/// What is said of one.
fn told(model: &Model, function: &Function, map: &FunctionMap) -> Vec<String> {
    let mut lines = match &map.behind {
        Behind::Select(pieces) => select(model, function, pieces),
        Behind::Routine(found) => routine(function, found),
    };
    if let Some(bound) = &function.bound {
        let key = if bound.collection { "boundSet" } else { "bound" };
        lines.push(format!("{key}: {}", text(&model.entity_set(bound.set).name)));
    }
    if let Some(description) = &function.description {
        lines.push(format!("description: {}", text(description)));
    }
    lines.extend(readers_of(&map.readers));
    lines
}

/// What is said of a function of the database.
fn routine(function: &Function, found: &Routine) -> Vec<String> {
    let mut lines = vec![format!("routine: {}", text(&qualified(found.schema.as_ref(), &found.name)))];
    let types: Vec<&str> = found.arguments.iter().map(|argument| argument.ty.name()).collect();
    lines.push(format!("takes: [{}]", types.join(", ")));
    let pairs = function.parameters.iter().zip(&found.arguments);
    let renamed = pairs.filter(|(parameter, argument)| parameter.name != argument.name);
    let renamed = renamed.map(|(parameter, own)| format!("{}: {}", text(&parameter.name), text(&own.name)));
    let renamed: Vec<String> = renamed.collect();
    if !renamed.is_empty() {
        lines.push(format!("arguments: {{{}}}", renamed.join(", ")));
    }
    lines
}

/// What is said of a SELECT.
fn select(model: &Model, function: &Function, pieces: &[ToldPiece]) -> Vec<String> {
    let sql = pieces.iter().map(|piece| match piece {
        ToldPiece::Text(text) => text.to_string(),
        ToldPiece::Parameter(number) => format!(":{}", function.parameters[*number].name),
    });
    let parameter = |(number, parameter): (usize, &Property)| {
        let Property { name, ty, nullable, default_value, .. } = parameter;
        let default = match (default_value, &function.defaults[number]) {
            (Some(value), _) => format!(", default: {}", text(value)),
            (None, Some(_)) => ", default: null".to_owned(),
            (None, None) => String::new(),
        };
        format!("{}: {{type: {}, nullable: {nullable}{default}}}", text(name), model.type_name(*ty))
    };
    let parameters: Vec<String> = function.parameters.iter().enumerate().map(parameter).collect();
    let mut lines = vec![
        format!("sql: {}", text(&sql.collect::<String>())),
        format!("parameters: {{{}}}", parameters.join(", ")),
    ];
    match &function.returns {
        Returns::Entities(set) => lines.push(format!("returns: {}", text(&model.entity_set(*set).name))),
        Returns::Values(value) => {
            let full = model.declared_type(value);
            let own = full.strip_prefix(&format!("{}.", model.namespace)).unwrap_or(&full);
            lines.push(format!("type: {}", text(own)));
            lines.push(format!("nullable: {}", value.nullable));
        }
    }
    lines.push(format!("collection: {}", function.collection));
    lines
}
