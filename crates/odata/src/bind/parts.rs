//! `$select` inside of complex values: `Address/City`, `Address($select=City)` (Part 2 section 5.1.4).

use super::compute::add_computed;
use super::error::{BindErrorKind, BindResult, invalid, not_supported, unknown_member};
use super::expr::typed;
use super::items::{changes_inside, in_order, scope_inside, some_are_asked_for, some_of, value_of};
use super::member::read;
use super::scope::Context;
use crate::model::{ComplexTypeId, PrimitiveType, Type};
use crate::query::{Expr, ExprKind, Inside, Leaf, Named, Parts, Place, Selection};
use crate::url::ast::{ComputeItem, Options, SelectItem};
use crate::value::Value;

/// Adds parts of a complex property, or of what steps lead to inside of it, to what is returned of the entities at a place.
/// `some` says that the options are known that choose among the values of a collection, `whole` that all of it is chosen already.
pub fn add_parts<'a>(
    cx: &Context<'a>,
    selection: &mut Selection,
    place: &Place,
    (index, inside): (usize, &[Inside]),
    (rest, whole): (&[&str], bool),
    (item, some): (&'a SelectItem, bool),
) -> BindResult<()> {
    let property = &cx.type_of(place.target()).properties[index];
    let Some(leaf) = Leaf::of(cx.model, property, inside) else {
        return Ok(());
    };
    let (value, ..) = value_of(cx, place, index, inside, item.at);
    let found = (property.name.as_str(), leaf.ty, leaf.collection);
    let known = parts_of(&mut selection.parts, index, found, value, (item, some || !rest.is_empty()))?;
    if whole {
        choose_all(cx, known);
    }
    choose(cx, known, rest, item, leaf.collection)
}

/// The parts of a property that are known so far. Options may be those of another value, or known already.
fn parts_of<'p>(
    all: &'p mut Vec<Parts>,
    index: usize,
    (name, ty, collection): (&str, Type, bool),
    value: Expr,
    (item, elsewhere): (&SelectItem, bool),
) -> BindResult<&'p mut Parts> {
    let Type::Complex(id) = ty else {
        let message = format!("'{name}' can only be selected as a whole.");
        return Err(not_supported(item.at, name, message));
    };
    let own = &item.options;
    let others =
        Options { select: None, compute: None, texts: Vec::new(), aliases: Vec::new(), ..own.clone() };
    if !elsewhere && others != Options::default() {
        let message = format!("Only $select and $compute can stand in the parentheses behind '{name}'.");
        return Err(invalid(item.at, name, message));
    }
    if let Some(known) = all.iter().position(|parts| parts.property == index) {
        return Ok(&mut all[known]);
    }
    all.push(Parts { collection, ..none_of(index, id, value, item.at) });
    let last = all.len() - 1;
    Ok(&mut all[last])
}

/// Chooses what a path, and `$select` behind it, name in a complex value, which may be an item of a collection.
fn choose<'a>(
    cx: &Context<'a>,
    known: &mut Parts,
    path: &[&str],
    item: &'a SelectItem,
    is_item: bool,
) -> BindResult<()> {
    let ty = cx.model.complex_type(known.ty);
    // A cast to the very type that is there changes nothing.
    let own = |name: &str| cx.model.find_complex(name) == Some(known.ty);
    let path = match path {
        [first, rest @ ..] if own(first) => rest,
        all => all,
    };
    let (name, rest) = match path {
        [] => return cx.with_aliases(&item.options.aliases, || choose_here(cx, known, item, is_item)),
        ["*"] => {
            choose_all(cx, known);
            return Ok(());
        }
        [name, rest @ ..] => (*name, rest),
    };
    let Some(index) = ty.find_property(name) else {
        return Err(unknown_member(BindErrorKind::Invalid, item.at, ty, name));
    };
    let property = &ty.properties[index];
    let more = !rest.is_empty() || item.options != Options::default();
    if more && !property.is_structured() {
        let message = format!("'{name}' is a primitive property; nothing can follow it in $select.");
        return Err(invalid(item.at, name, message));
    }
    let partly = known.parts.iter().any(|parts| parts.property == index);
    let chosen = known.members.contains(&index);
    if !chosen {
        known.members.push(index);
        known.members.sort_unstable();
    }
    let value = ExprKind::Member(Box::new(known.value.clone()), known.ty, index);
    let value = read(item.at, property.ty, true, value);
    let some = property.collection && rest.is_empty() && some_are_asked_for(&item.options);
    if some {
        if is_item {
            let message =
                format!("Options of '{name}' inside of the values of a collection are not supported.");
            return Err(not_supported(item.at, name, message));
        }
        if known.some.iter().any(|some| some.property == index) {
            return Err(invalid(item.at, name, format!("'{name}' is selected twice.")));
        }
        let of = (value.clone(), property.ty, property.nullable);
        known.some.push(cx.with_aliases(&item.options.aliases, || some_of(cx, index, of, item))?);
    }
    if !more || some && item.options.select.is_none() {
        known.parts.retain(|parts| parts.property != index);
        return Ok(());
    }
    let whole = chosen && !partly;
    if whole && !changes_inside(item) {
        return Ok(());
    }
    let found = (name, property.ty, property.collection);
    let inner = parts_of(&mut known.parts, index, found, value, (item, some || !rest.is_empty()))?;
    if whole {
        choose_all(cx, inner);
    }
    choose(cx, inner, rest, item, is_item || property.collection)
}

/// Chooses what the options behind a complex value say.
fn choose_here<'a>(
    cx: &Context<'a>,
    known: &mut Parts,
    item: &'a SelectItem,
    is_item: bool,
) -> BindResult<()> {
    let computed = match &item.options.compute {
        Some(items) if !is_item => computed_in(cx, known, items)?,
        Some(_) => {
            let message = "$compute of the values of a collection is not supported.";
            return Err(not_supported(item.at, "$compute", message));
        }
        None => Vec::new(),
    };
    let Some(nested) = &item.options.select else {
        choose_all(cx, known);
        known.named.extend(computed);
        return Ok(());
    };
    for inner in in_order(nested) {
        let path: Vec<&str> = inner.path.iter().map(String::as_str).collect();
        let own = computed.iter().filter(|named| path == ["*"] || path == [named.name()]);
        let own: Vec<Named> = own.cloned().collect();
        if own.is_empty() || path == ["*"] {
            choose(cx, known, &path, inner, is_item)?;
        } else if inner.options != Options::default() {
            let message = format!("'{}' is a primitive value; nothing can follow it in $select.", path[0]);
            return Err(invalid(inner.at, path[0], message));
        }
        for named in own {
            if !known.named.iter().any(|known| known.name() == named.name()) {
                known.named.push(named);
            }
        }
    }
    Ok(())
}

/// Chooses all parts of a complex value.
fn choose_all(cx: &Context, known: &mut Parts) {
    known.members = (0..cx.model.complex_type(known.ty).properties.len()).collect();
    known.parts.clear();
}

/// What `$compute` makes of a complex value.
fn computed_in(cx: &Context, known: &Parts, items: &[ComputeItem]) -> BindResult<Vec<Named>> {
    let ty = cx.model.complex_type(known.ty);
    if let Some(item) = items.iter().find(|item| ty.find_property(&item.name).is_some()) {
        let message = format!("'{}' is a property of '{}'; another name is needed.", item.name, ty.name);
        return Err(invalid(item.at, &item.name, message));
    }
    let mut scope = scope_inside(cx, &known.value, Type::Complex(known.ty));
    add_computed(cx, &mut scope, items)?;
    // No property of an entity has such a path, so its type is told.
    let inside =
        |named: &Named| Named { path: vec![String::new(), named.name().to_owned()], ..named.clone() };
    Ok(scope.named.iter().map(inside).collect())
}

/// Has complex values that do not lie in one place read part by part, where all of them are returned.
pub fn add_whole(cx: &Context, selection: &mut Selection, place: &Place) {
    let properties = &cx.type_of(place.target()).properties;
    for index in selection.properties.clone() {
        let known = selection.parts.iter().any(|parts| parts.property == index);
        if let (Type::Complex(id), true, false) = (properties[index].ty, properties[index].in_parts, known) {
            let members = (0..cx.model.complex_type(id).properties.len()).collect();
            let value = read(0, properties[index].ty, true, ExprKind::Property(place.clone(), index));
            let none = none_of(index, id, value, 0);
            selection.parts.push(Parts { members, whole: true, ..none });
        }
    }
}

/// No part of a complex value yet.
fn none_of(property: usize, ty: ComplexTypeId, value: Expr, at: u32) -> Parts {
    let condition = |kind| typed(at, PrimitiveType::Boolean, false, kind);
    let missing = condition(ExprKind::IsNull(Box::new(value.clone())));
    let there = condition(ExprKind::Not(Box::new(missing)));
    let one = typed(at, PrimitiveType::Int64, false, ExprKind::Value(Value::Integer(1)));
    let present = typed(at, PrimitiveType::Int64, true, ExprKind::Case(vec![(there, one)]));
    Parts {
        property,
        ty,
        collection: false,
        value,
        present,
        members: Vec::new(),
        parts: Vec::new(),
        some: Vec::new(),
        named: Vec::new(),
        whole: false,
    }
}
