//! Calls of functions at the start of a path: `Best(year=1997)`, `Best(year=@y)?@y=1997`, `Best?year=1997` (Part 1 section
//! 11.5.4.1), and behind an entity.

use super::constant::coerce;
use super::enumeration;
use super::error::{BindError, BindResult, invalid};
use super::scope::Context;
use crate::model::{Property, Type};
use crate::query::{self, Given, Step};
use crate::url::ast::{Argument, Expr, ExprKind};
use crate::url::{ParseOptions, parse_expression};
use crate::value::Value;

/// Binds a call: a value for each parameter, in their order. `key` is that of the entity before it, where it is known.
pub fn bind_call(
    cx: &Context,
    number: usize,
    args: Option<&[Argument]>,
    key: &[(usize, Value)],
    at: u32,
) -> BindResult<Step> {
    let function = &cx.model.functions[number];
    let args = args.unwrap_or_default();
    for (place, arg) in args.iter().enumerate() {
        let Some(name) = &arg.name else {
            let message =
                format!("Values for '{}' have names, as in {}(name=value).", function.name, function.name);
            return Err(invalid(arg.at, &function.name, message));
        };
        if !function.own_parameters().any(|(_, parameter)| parameter.name == *name) {
            let names: Vec<&str> = function.own_parameters().map(|(_, p)| p.name.as_str()).collect();
            let message = format!("'{}' has no parameter '{name}': ({}).", function.name, names.join(", "));
            return Err(invalid(arg.at, name, message));
        }
        if args[..place].iter().any(|other| other.name == arg.name) {
            return Err(invalid(arg.at, name, format!("Parameter '{name}' is given twice.")));
        }
    }
    let mut values = Vec::with_capacity(function.parameters.len());
    for (number, parameter) in function.parameters.iter().enumerate() {
        if let Some(property) = function.bound.as_ref().and_then(|bound| bound.keys[number]) {
            let known = key.iter().find(|(known, _)| *known == property);
            values.push(known.map_or(Given::Key(property), |(_, value)| Given::Value(value.clone())));
            continue;
        }
        let given = args.iter().find(|arg| arg.name.as_deref() == Some(&parameter.name));
        values.push(Given::Value(match given {
            Some(arg) => value(cx, parameter, &arg.value)?,
            None => implicit(cx, parameter, at)?,
        }));
    }
    Ok(Step::Call(number, values))
}

/// The value of a parameter that is a query option of its own, with or without `@`.
fn implicit(cx: &Context, parameter: &Property, at: u32) -> BindResult<Value> {
    let name = parameter.name.as_str();
    let option = cx.custom.iter().find(|option| option.name == name);
    if let Some(option) = option {
        let wrong = |message: String| invalid(option.at, name, message);
        let expr = parse_expression(&option.value, &ParseOptions::default());
        let expr = expr.map_err(|error| wrong(error.message))?;
        return value(cx, parameter, &expr).map_err(|error| BindError { at: option.at, ..error });
    }
    match cx.with_alias(name, at, |expr| value(cx, parameter, expr))? {
        Some(value) => Ok(value),
        None => Err(invalid(at, name, format!("Parameter '{name}' has no value."))),
    }
}

fn value(cx: &Context, parameter: &Property, expr: &Expr) -> BindResult<Value> {
    let name = parameter.name.as_str();
    let bound = match &expr.kind {
        ExprKind::Literal(literal) => enumeration::from_literal(cx, literal, expr.at)?,
        ExprKind::Alias(alias) => {
            return match cx.with_alias(alias, expr.at, |expr| value(cx, parameter, expr))? {
                Some(value) => Ok(value),
                None => Err(invalid(expr.at, alias, format!("Parameter alias '@{alias}' has no value."))),
            };
        }
        _ => return Err(invalid(expr.at, name, format!("The value of '{name}' is a literal."))),
    };
    let (query::ExprKind::Value(found), Type::Primitive(primitive)) = (bound.kind, parameter.ty) else {
        return Err(invalid(expr.at, name, format!("The value of '{name}' is a literal.")));
    };
    if found == Value::Null && parameter.nullable {
        return Ok(found);
    }
    if found == Value::Null {
        return Err(invalid(expr.at, name, format!("The value of '{name}' cannot be null.")));
    }
    coerce(found, primitive, expr.at).map_err(|error| BindError { target: name.to_owned(), ..error })
}
