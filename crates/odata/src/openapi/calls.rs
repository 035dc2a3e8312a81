//! Calls of functions: their paths, what they take, and what they give.

use serde_json::{Value, json};

use super::paths::{ENTITIES, Read, segment};
use super::{Object, parameters, responses, schemas};
use crate::model::{Function, Model, Property, Returns};
use crate::url::meant;

/// The path of a function, as it can be called.
pub(super) fn function(model: &Model, function: &Function, paths: &mut Object) {
    let (tag, options, responses) = given(model, function);
    let read = Read {
        tag,
        id: operation(model, function),
        summary: function.description.clone().unwrap_or_else(|| ["What ", &function.name, " gives"].concat()),
        parameters: options,
        responses,
    };
    let (before, key) = match &function.bound {
        None => (["/", &segment(&function.name)].concat(), Vec::new()),
        Some(bound) => {
            let set = model.entity_set(bound.set);
            let (key, parameters) = match bound.collection {
                true => (String::new(), Vec::new()),
                false => parameters::key(model, model.entity_type(set.entity_type)),
            };
            let name = segment(&model.function_name(function));
            (["/", &segment(&set.name), &key, "/", &name].concat(), parameters)
        }
    };
    let (mut call, mut own) = call(model, function, false);
    if paths.contains_key(&[&before, &*call].concat()) {
        // Another one of its name differs in what need not be given; a path has that in it.
        (call, own) = self::call(model, function, true);
    }
    own.splice(0..0, key);
    paths.insert([before, call].concat(), read.item(&own));
}

/// What a function gives: the tag, the options that apply to it, and the answers.
fn given<'m>(model: &'m Model, function: &'m Function) -> (&'m str, Vec<Value>, Value) {
    match &function.returns {
        Returns::Entities(id) => {
            let set = model.entity_set(*id);
            let schema = schemas::entities(model, set.entity_type, None);
            let (options, responses) = if function.collection {
                (parameters::of_collection(model, *id, None), responses::page(&schema, ENTITIES))
            } else {
                let options = parameters::of_entity(model, set.entity_type, None);
                (options, responses::entity(&schema, Some("There is none.")))
            };
            (&set.name, options, responses)
        }
        Returns::Values(value) => {
            let schema = schemas::value_or_null(model, value);
            let (options, responses) = if function.collection {
                (parameters::of_values(), responses::page(&schema, "values"))
            } else {
                (Vec::new(), responses::value(&schema, value.is_structured()))
            };
            (&function.name, options, responses)
        }
    }
}

/// The name of a call: that of the function, with a number behind it where there are several.
fn operation(model: &Model, function: &Function) -> String {
    let mut same = model.functions.iter().filter(|other| other.name == function.name);
    match same.position(|other| std::ptr::eq(other, function)) {
        Some(place @ 1..) => [&function.name, ".call", &(place + 1).to_string()].concat(),
        _ => [&function.name, ".call"].concat(),
    }
}

/// A call as it stands in a path, `(year={year},city='{city}')`, with its parameters. A path needs a value for each of its own, so
/// what need not be given, or can be null, is a query option (Part 1 section 11.5.4.1), unless `all` are to stand in the path.
fn call(model: &Model, function: &Function, all: bool) -> (String, Vec<Value>) {
    let mut inside = Vec::new();
    let mut parameters = Vec::new();
    for (number, parameter) in function.own_parameters() {
        let optional = function.defaults[number].is_some();
        if (optional || parameter.nullable) && !all {
            let what = parameter.description.as_deref();
            let what = what.unwrap_or(if optional { "Need not be given." } else { "Can be null." });
            // An option of OData can come without its `$`.
            let at = if meant(&parameter.name).is_some() { "@" } else { "" };
            let name = [at, &*parameter.name].concat();
            let mut option = parameters::query(&name, written(model, parameter), what);
            option["required"] = (!optional).into();
            parameters.push(option);
            continue;
        }
        let (before, after) = parameters::literal(model, parameter);
        inside.push([&segment(&parameter.name), "=", &before, "{", &*parameter.name, "}", after].concat());
        parameters.push(json!({
            "name": parameter.name,
            "in": "path",
            "required": true,
            "schema": schemas::value(model, parameter),
        }));
    }
    (["(", &inside.join(","), ")"].concat(), parameters)
}

/// The value of a parameter as it is written in a URL (Part 2 section 4.3.1): text has quotes, and null is a word.
fn written(model: &Model, parameter: &Property) -> Value {
    let value = match parameters::quoted(model, parameter) {
        None => schemas::value(model, parameter),
        Some(prefix) => {
            let pattern = ["^", &prefix.replace('.', "\\."), "'([^']|'')*'$"].concat();
            json!({ "type": "string", "pattern": pattern })
        }
    };
    if parameter.nullable { json!({ "anyOf": [value, { "const": "null" }] }) } else { value }
}
