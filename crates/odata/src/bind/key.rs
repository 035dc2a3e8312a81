//! Keys in the path: in parentheses, as segments, and what of them the navigation before says (Part 2 section 4.3).

use super::constant::{coerce, read};
use super::enumeration;
use super::error::{BindError, BindResult, invalid, not_found};
use super::path::BoundPath;
use super::scope::Context;
use crate::decimal::{is_decimal, plain_decimal};
use crate::model::{EntityType, PrimitiveType as P, Type};
use crate::query::{self, Addressed, Step};
use crate::url::ast::{Argument, Expr, ExprKind};
use crate::value::Value;

/// A property of a key with its value.
type Given = (usize, Value);

/// Takes the parentheses after a name: none, empty, or a key.
pub fn apply_key(cx: &Context, path: &mut BoundPath, args: Option<&[Argument]>, at: u32) -> BindResult<()> {
    let Some(args) = args else {
        return Ok(());
    };
    if args.is_empty() {
        return Ok(());
    }
    if path.addressed != Addressed::Collection {
        return Err(invalid(at, "key", "A key can only follow a collection."));
    }
    let ty = cx.type_of(path.set);
    let mut known = implied(cx, path);
    let given = |property: &usize| {
        args.len() >= ty.key.len()
            || args.iter().any(|arg| arg.name.as_ref() == Some(&ty.properties[*property].name))
    };
    known.retain(|(property, _)| !given(property));
    let key = bind_key_beside(cx, ty, known, args, at)?;
    found(path, key);
    Ok(())
}

/// The path has come to the entity with a key.
fn found(path: &mut BoundPath, key: Vec<Given>) {
    path.steps.push(Step::Key(key));
    (path.addressed, path.each) = (Addressed::Entity, false);
}

/// Takes a segment as a value of the key of one entity, as in `Products/1` and `OrderItems/1/2`. Behind `$each` it can be a
/// name of the type, which comes first there.
pub fn key_segment(cx: &Context, path: &mut BoundPath, name: &str, at: u32) -> bool {
    let ty = cx.type_of(path.set);
    if path.each && (ty.find_property(name).is_some() || ty.find_navigation(name).is_some()) {
        return false;
    }
    let mut key = if path.begun.is_empty() { implied(cx, path) } else { path.begun.clone() };
    let next = ty.key.iter().find(|index| key.iter().all(|(known, _)| known != *index));
    let Some(value) =
        next.and_then(|index| Some((*index, segment_value(ty.properties[*index].ty, name, at)?)))
    else {
        return false;
    };
    key.push(value);
    if key.len() < ty.key.len() {
        path.begun = key;
        return true;
    }
    path.begun.clear();
    sort(ty, &mut key);
    found(path, key);
    true
}

/// Refuses to go on, or to end, before all values of a key are there.
pub fn complete(cx: &Context, path: &BoundPath, at: u32) -> BindResult<()> {
    if path.begun.is_empty() {
        return Ok(());
    }
    let ty = cx.type_of(path.set);
    let message = format!("The key of '{}' is ({}), each value a segment.", ty.name, key_names(ty));
    Err(not_found(at, "key", message))
}

/// What the navigation that leads to a collection says of keys there: properties tied to those of the entity before by a
/// referential constraint need not be given once more (section 4.3.3).
fn implied(cx: &Context, path: &BoundPath) -> Vec<Given> {
    let mut back = path.steps.iter().rev().filter(|step| !matches!(step, Step::Filter(_)));
    let (Some(Step::Navigate(last)), Some(Step::Key(before))) = (back.next(), back.next()) else {
        return Vec::new();
    };
    let from = back.rev().fold(path.root, |set, step| match step {
        Step::Navigate(index) => cx.type_of(set).navigation[*index].target_set,
        Step::Call(function, _) => cx.model.functions[*function].set().unwrap_or(set),
        Step::Key(_) | Step::Filter(_) | Step::Each => set,
    });
    let ty = cx.type_of(path.set);
    let partner = cx.type_of(from).navigation[*last].partner.map(|index| &ty.navigation[index]);
    let tied = partner.map_or(&[][..], |partner| &partner.constraints);
    let value = |(own, other): &(usize, usize)| {
        let (_, value) = before.iter().find(|(property, _)| property == other)?;
        let value = match ty.properties[*own].ty {
            Type::Primitive(primitive) => coerce(value.clone(), primitive, 0).ok()?,
            _ => value.clone(),
        };
        ty.key.contains(own).then_some((*own, value))
    };
    tied.iter().filter_map(value).collect()
}

fn key_names(ty: &EntityType) -> String {
    let names: Vec<&str> = ty.key.iter().map(|index| ty.properties[*index].name.as_str()).collect();
    names.join(", ")
}

/// Has the values in the order of the key.
fn sort(ty: &EntityType, values: &mut [Given]) {
    values.sort_by_key(|(property, _)| ty.key.iter().position(|index| index == property));
}

fn segment_value(ty: Type, text: &str, at: u32) -> Option<Value> {
    match ty {
        Type::Primitive(P::String) => Some(Value::String(text.to_owned())),
        Type::Primitive(primitive) if primitive.is_integer() => text.parse().ok().map(Value::Integer),
        Type::Primitive(P::Decimal) if is_decimal(text) => plain_decimal(text).map(Value::Decimal),
        Type::Primitive(P::Double | P::Single) if is_decimal(text) => text.parse().ok().map(Value::Double),
        Type::Primitive(P::Boolean) => text.parse().ok().map(Value::Boolean),
        Type::Primitive(primitive) => read(primitive, text, at).ok(),
        Type::Enum(_) | Type::Complex(_) => None,
    }
}

/// Binds a key predicate: one value, or a name and value for each key property, in any order.
pub fn bind_key(cx: &Context, ty: &EntityType, args: &[Argument], at: u32) -> BindResult<Vec<Given>> {
    bind_key_beside(cx, ty, Vec::new(), args, at)
}

/// The same beside values that are known.
fn bind_key_beside(
    cx: &Context,
    ty: &EntityType,
    known: Vec<Given>,
    args: &[Argument],
    at: u32,
) -> BindResult<Vec<Given>> {
    let expected = key_names(ty);
    let first = ty.key.iter().find(|index| known.iter().all(|(property, _)| property != *index));
    if args.len() + known.len() != ty.key.len() {
        let (all, found) = (ty.key.len(), args.len());
        let message = format!("The key of '{}' is ({expected}): {all} values, not {found}.", ty.name);
        return Err(invalid(at, "key", message));
    }
    let mut values = known;
    for arg in args {
        let property = match &arg.name {
            None if let (1, Some(first)) = (args.len(), first) => *first,
            None => {
                let message =
                    format!("The key of '{}' needs names: ({expected}), each as name=value.", ty.name);
                return Err(invalid(arg.at, "key", message));
            }
            Some(name) => match ty.key.iter().find(|k| ty.properties[**k].name == *name) {
                Some(index) => *index,
                None => {
                    let message = format!("'{name}' is not in the key of '{}': ({expected}).", ty.name);
                    return Err(invalid(arg.at, name, message));
                }
            },
        };
        if values.iter().any(|(p, _)| *p == property) {
            let name = &ty.properties[property].name;
            return Err(invalid(arg.at, name, format!("Key property '{name}' is given twice.")));
        }
        values.push((property, key_value(cx, ty, property, &arg.value)?));
    }
    sort(ty, &mut values);
    Ok(values)
}

fn key_value(cx: &Context, ty: &EntityType, property: usize, expr: &Expr) -> BindResult<Value> {
    let property = &ty.properties[property];
    let bound = match &expr.kind {
        ExprKind::Literal(literal) => enumeration::from_literal(cx, literal, expr.at)?,
        ExprKind::Alias(name) => {
            let bound = cx.with_alias(name, expr.at, |value| match &value.kind {
                ExprKind::Literal(literal) => enumeration::from_literal(cx, literal, value.at),
                _ => Err(invalid(
                    value.at,
                    &["@", name].concat(),
                    format!("Parameter alias '@{name}' is no literal, so no key."),
                )),
            })?;
            let Some(bound) = bound else {
                return Err(invalid(
                    expr.at,
                    &["@", name].concat(),
                    format!("Parameter alias '@{name}' has no value."),
                ));
            };
            bound
        }
        _ => {
            return Err(invalid(expr.at, &property.name, "A key value is a literal, as in (1) or ('text')."));
        }
    };
    let named = |mut e: BindError| {
        e.target = property.name.clone();
        e
    };
    let value = match property.ty {
        Type::Enum(id) => constant_value(enumeration::meet(cx, bound, id).map_err(named)?),
        _ if bound.enumeration.is_some() => {
            return Err(named(enumeration::refuse(cx, &bound, &cx.model.type_name(property.ty))));
        }
        Type::Primitive(primitive) => {
            let value = constant_value(bound);
            if value == Value::Null { value } else { coerce(value, primitive, expr.at).map_err(named)? }
        }
        Type::Complex(_) => Value::Null,
    };
    if value == Value::Null {
        return Err(invalid(expr.at, &property.name, "A key value cannot be null."));
    }
    Ok(value)
}

fn constant_value(expr: query::Expr) -> Value {
    match expr.kind {
        query::ExprKind::Value(value) => value,
        _ => Value::Null,
    }
}
