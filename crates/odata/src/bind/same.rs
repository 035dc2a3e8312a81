//! Entities and complex values compared with one another (Part 2 section 5.1.1.1.1): those are the same that have the same key, these
//! that have the same parts. Null is only the same as null.

use super::error::{BindResult, invalid, not_supported};
use super::expr::{balanced, condition, typed};
use super::member::{both, read};
use super::scope::Context;
use super::subset::{Values, number};
use crate::model::{ComplexTypeId, PrimitiveType, Property, Type};
use crate::query::{Comparison, Expr, ExprKind, Items, Place};
use crate::url::ast::BinaryOp;

/// Whether two entities, each with the condition on which it is there, are the same one.
pub fn entities(
    cx: &Context,
    (left, one): (Place, Expr),
    (right, other): (Place, Expr),
    at: u32,
) -> BindResult<Expr> {
    if left.target() != right.target() {
        return Err(invalid(at, "comparison", "Entities of different sets are never the same."));
    }
    let ty = cx.type_of(left.target());
    if ty.key.is_empty() {
        return Err(not_supported(at, "comparison", "Entities without a key are not compared."));
    }
    let mut same = Vec::with_capacity(ty.key.len());
    for index in &ty.key {
        let value = |place: &Place| {
            let kind = ExprKind::Property(place.clone(), *index);
            read(at, ty.properties[*index].ty, !place.path.is_empty(), kind)
        };
        same.push(equal(cx, value(&left), value(&right), at)?);
    }
    both_or_none(cx, one, other, same, at)
}

/// Whether a complex value is null, which it is where a condition does not hold.
pub fn is_missing(value: Expr, guard: Option<Expr>, at: u32) -> Expr {
    let missing = condition(at, ExprKind::IsNull(Box::new(value)));
    match guard {
        None => missing,
        Some(guard) => {
            let other = condition(at, ExprKind::Not(Box::new(guard)));
            condition(at, ExprKind::Or(Box::new(other), Box::new(missing)))
        }
    }
}

/// Whether two complex values are the same, each of which is null where its condition does not hold.
pub fn guarded(
    cx: &Context,
    (left, id, here): (Expr, ComplexTypeId, Option<Expr>),
    (right, other, there): (Expr, ComplexTypeId, Option<Expr>),
    at: u32,
) -> BindResult<Expr> {
    let same = complex(cx, (left.clone(), id), (right.clone(), other), at)?;
    let Some(guard) = both(here.clone(), there.clone()) else {
        return Ok(same);
    };
    cx.count_nodes(at, 10)?;
    let and = |left: Expr, right: Expr| condition(at, ExprKind::And(Box::new(left), Box::new(right)));
    let none = and(is_missing(left, here, at), is_missing(right, there, at));
    Ok(condition(at, ExprKind::Or(Box::new(none), Box::new(and(guard, same)))))
}

/// Whether two complex values are the same.
pub fn complex(
    cx: &Context,
    (left, id): (Expr, ComplexTypeId),
    (right, other): (Expr, ComplexTypeId),
    at: u32,
) -> BindResult<Expr> {
    if id != other {
        return Err(invalid(at, "comparison", "Complex values of different types are never the same."));
    }
    let properties = &cx.model.complex_type(id).properties;
    let mut same = Vec::with_capacity(properties.len());
    for (index, property) in properties.iter().enumerate() {
        let value = |outer: &Expr| {
            let kind = ExprKind::Member(Box::new(outer.clone()), id, index);
            read(at, property.ty, true, kind)
        };
        same.push(part(cx, property, value(&left), value(&right), at)?);
    }
    let there = |value: Expr| {
        let missing = condition(at, ExprKind::IsNull(Box::new(value)));
        condition(at, ExprKind::Not(Box::new(missing)))
    };
    both_or_none(cx, there(left), there(right), same, at)
}

fn part(cx: &Context, property: &Property, left: Expr, right: Expr, at: u32) -> BindResult<Expr> {
    if property.primitive().is_some_and(PrimitiveType::is_shape) {
        let message = format!(
            "Complex values with a part such as '{}', a shape, are not compared; compare what is in them.",
            property.name
        );
        return Err(not_supported(at, &property.name, message));
    }
    if property.collection {
        let all = |collection| all_of(cx, collection, (property.ty, property.nullable));
        return collections(cx, all(left), all(right), at);
    }
    match property.ty {
        Type::Complex(id) => complex(cx, (left, id), (right, id), at),
        Type::Primitive(_) | Type::Enum(_) => equal(cx, left, right, at),
    }
}

/// All values of a collection.
fn all_of(cx: &Context, collection: Expr, (ty, nullable): (Type, bool)) -> Values {
    let variable = cx.new_variable();
    let value = read(collection.at, ty, nullable, ExprKind::Column(variable, 0));
    (Items { collection, variable, predicate: None, numbered: false }, value)
}

/// The type of the values of a collection, where that is a complex one.
fn complex_type(cx: &Context, items: &Items) -> Option<ComplexTypeId> {
    let ty = match &items.collection.kind {
        ExprKind::Property(place, property) => cx.type_of(place.target()).properties[*property].ty,
        ExprKind::Member(_, id, property) => cx.model.complex_type(*id).properties[*property].ty,
        _ => return None,
    };
    if let Type::Complex(id) = ty { Some(id) } else { None }
}

/// Whether two collections have the same values in the same order.
pub fn collections(cx: &Context, left: Values, right: Values, at: u32) -> BindResult<Expr> {
    let ((mut all, one), (mut others, other)) = (left, right);
    if all.predicate.is_some() || others.predicate.is_some() {
        let message = "Collections of which $filter leaves some values are not compared.";
        return Err(not_supported(at, "collection", message));
    }
    cx.count_nodes(at, 8)?;
    let compare = |comparison, left, right| {
        condition(at, ExprKind::Compare(comparison, Box::new(left), Box::new(right)))
    };
    // Of their own variables, as each is looked at once more.
    let again = |items: &Items| {
        let variable = cx.new_variable();
        number(at, Items { variable, ..items.clone() })
    };
    let as_many = compare(Comparison::Eq, again(&all), again(&others));
    let same = match (complex_type(cx, &all), complex_type(cx, &others)) {
        (Some(id), Some(own)) => complex(cx, (one, id), (other, own), at)?,
        (None, None) => super::expr::equal(cx, one, other, at)?,
        _ => return Err(invalid(at, "comparison", "Values of different types are never the same.")),
    };
    let place = |items: &Items| typed(at, PrimitiveType::Int64, false, ExprKind::ItemNumber(items.variable));
    let there = compare(Comparison::Eq, place(&others), place(&all));
    (all.numbered, others.numbered) = (true, true);
    others.predicate = both(Some(there), Some(same));
    all.predicate = Some(condition(at, ExprKind::AnyItem(Box::new(others))));
    let each = condition(at, ExprKind::AllItems(Box::new(all)));
    Ok(condition(at, ExprKind::And(Box::new(as_many), Box::new(each))))
}

fn equal(cx: &Context, left: Expr, right: Expr, at: u32) -> BindResult<Expr> {
    cx.count_nodes(at, 3)?;
    Ok(condition(at, ExprKind::Compare(Comparison::Eq, Box::new(left), Box::new(right))))
}

/// Both are there and the same, or none is there.
fn both_or_none(cx: &Context, one: Expr, other: Expr, same: Vec<Expr>, at: u32) -> BindResult<Expr> {
    cx.count_nodes(at, 7)?;
    let and = |left: Expr, right: Expr| condition(at, ExprKind::And(Box::new(left), Box::new(right)));
    let missing = |there: &Expr| condition(at, ExprKind::Not(Box::new(there.clone())));
    let none = and(missing(&one), missing(&other));
    let there = and(one, other);
    let both = match balanced(BinaryOp::And, same, at) {
        Some(same) => and(there, same),
        None => there,
    };
    Ok(condition(at, ExprKind::Or(Box::new(none), Box::new(both))))
}
