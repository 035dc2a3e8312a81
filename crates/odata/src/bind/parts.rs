//! `$select` inside of complex values: `Address/City`, `Address($select=City)` (Part 2 section 5.1.4).

use super::error::{BindErrorKind, BindResult, invalid, not_supported, unknown_member};
use super::expr::typed;
use super::member::read;
use super::scope::Context;
use crate::model::{PrimitiveType, Type};
use crate::query::{ExprKind, Parts, Place, Selection};
use crate::url::ast::{Options, SelectItem};
use crate::value::Value;

/// Adds parts of a complex property to what is returned of the entities at a place.
pub fn add_parts(
    cx: &Context,
    selection: &mut Selection,
    place: &Place,
    index: usize,
    rest: &[&str],
    item: &SelectItem,
) -> BindResult<()> {
    let property = &cx.type_of(place.target()).properties[index];
    let (Type::Complex(id), false) = (property.ty, property.collection) else {
        let message = format!("'{}' can only be selected as a whole.", property.name);
        return Err(not_supported(item.at, &property.name, message));
    };
    let whole = Options { select: None, texts: Vec::new(), ..item.options.clone() };
    if whole != Options::default() {
        let message = format!("Only $select can stand in the parentheses behind '{}'.", property.name);
        return Err(invalid(item.at, &property.name, message));
    }
    let nested = item.options.select.iter().flatten();
    let paths: Vec<(u32, Vec<&str>)> = if item.options.select.is_some() {
        nested.map(|inner| (inner.at, inner.path.iter().map(String::as_str).collect())).collect()
    } else {
        vec![(item.at, Vec::new())]
    };
    let ty = cx.model.complex_type(id);
    let mut members = Vec::new();
    for (at, path) in paths {
        // A cast to the very type that is there changes nothing.
        let mut names =
            rest.iter().copied().chain(path).filter(|name| cx.model.find_complex(name) != Some(id));
        match (names.next(), names.next()) {
            (None, _) | (Some("*"), None) => members.extend(0..ty.properties.len()),
            (Some(name), None) => match ty.find_property(name) {
                Some(member) => members.push(member),
                None => return Err(unknown_member(BindErrorKind::Invalid, at, ty, name)),
            },
            (Some(name), Some(_)) => {
                let message = format!("'{name}' can only be selected as a whole here.");
                return Err(not_supported(at, name, message));
            }
        }
    }
    let known = match selection.parts.iter_mut().find(|parts| parts.property == index) {
        Some(known) => known,
        None => {
            let value = read(item.at, property, true, ExprKind::Property(place.clone(), index));
            let condition = |kind| typed(item.at, PrimitiveType::Boolean, false, kind);
            let missing = condition(ExprKind::IsNull(Box::new(value)));
            let there = condition(ExprKind::Not(Box::new(missing)));
            let one = typed(item.at, PrimitiveType::Int64, false, ExprKind::Value(Value::Integer(1)));
            let present = typed(item.at, PrimitiveType::Int64, true, ExprKind::Case(vec![(there, one)]));
            selection.parts.push(Parts { property: index, ty: id, present, members: Vec::new() });
            let last = selection.parts.len() - 1;
            &mut selection.parts[last]
        }
    };
    known.members.extend(members);
    known.members.sort_unstable();
    known.members.dedup();
    Ok(())
}
