//! Casts of entities to types below that of their set, in paths (Part 2 section 4.11 and 5.1.1.15).

use super::error::{BindResult, invalid};
use super::expr::typed;
use super::member::{Member, both};
use super::scope::Context;
use crate::model::{EntityType, PrimitiveType};
use crate::query::{Expr, ExprKind, Place};
use crate::value::Value;

/// The type that a segment names: none is that of the set. None at all where it is no cast.
pub fn cast_at(cx: &Context, place: &Place, name: &str, at: u32) -> BindResult<Option<Option<usize>>> {
    if !name.contains('.') {
        return Ok(None);
    }
    let found = cx.model.find_cast(place.target(), name);
    if let (Some(to), Some(family)) = (found, &cx.type_of(place.target()).family)
        && !family.can_be(place.of, to)
    {
        let own = cx.model.qualified_cast(place.target(), place.of);
        return Err(invalid(at, name, format!("No entity is of both '{own}' and '{name}'.")));
    }
    Ok(found)
}

/// Goes through a cast, if a segment is one, and adds the condition on which it leads there.
pub fn through_cast(
    cx: &Context,
    place: &mut Place,
    guard: &mut Option<Expr>,
    (name, at): (&str, u32),
) -> BindResult<bool> {
    let Some(to) = cast_at(cx, place, name, at)? else {
        return Ok(false);
    };
    if let (false, Some(to)) = (is_known(cx, place, to), to) {
        *guard = both(guard.take(), Some(of_type(&place.clone().typed(None), to, at)));
    }
    place.of = to;
    Ok(true)
}

/// Whether all entities at a place are of a type anyway.
pub fn is_known(cx: &Context, place: &Place, to: Option<usize>) -> bool {
    cx.type_of(place.target()).family.as_ref().is_none_or(|family| family.is_a(place.of, to))
}

/// That an entity is of a type.
pub fn of_type(place: &Place, to: usize, at: u32) -> Expr {
    typed(at, PrimitiveType::Boolean, false, ExprKind::OfType(place.clone(), to))
}

/// Not null where a condition holds.
pub fn there(condition: Expr) -> Expr {
    let at = condition.at;
    let one = typed(at, PrimitiveType::Int64, false, ExprKind::Value(Value::Integer(1)));
    typed(at, PrimitiveType::Int64, true, ExprKind::Case(vec![(condition, one)]))
}

/// What a path leads to that is there only where entities on its way are of some types.
pub fn guarded(member: Member, guards: Vec<Expr>, at: u32) -> BindResult<Member> {
    let and = |left: Expr, right: Expr| {
        typed(at, PrimitiveType::Boolean, false, ExprKind::And(Box::new(left), Box::new(right)))
    };
    let Some(guard) = guards.into_iter().reduce(and) else {
        return Ok(member);
    };
    let value = match member {
        Member::Value(value) => value,
        Member::Entity(place, known) => return Ok(Member::Entity(place, both(known, Some(guard)))),
        Member::Complex(value, id, known) => return Ok(Member::Complex(value, id, both(known, Some(guard)))),
        // Of another type there is none.
        Member::Items(mut items, value) => {
            items.predicate = both(items.predicate.take(), Some(guard));
            return Ok(Member::Items(items, value));
        }
        Member::Values(mut related, value) => {
            related.predicate = both(related.predicate.take(), Some(guard));
            return Ok(Member::Values(related, value));
        }
        Member::Entities => return Ok(Member::Entities),
        Member::There(there) => return Ok(Member::There(and(guard, there))),
    };
    Ok(Member::Value(match value.kind {
        ExprKind::Any(_) | ExprKind::AnyItem(_) => and(guard, value),
        ExprKind::All(_) | ExprKind::AllItems(_) => {
            let not = typed(at, PrimitiveType::Boolean, false, ExprKind::Not(Box::new(guard)));
            typed(at, PrimitiveType::Boolean, false, ExprKind::Or(Box::new(not), Box::new(value)))
        }
        _ => {
            let Expr { primitive, enumeration, .. } = value;
            Expr { at, primitive, enumeration, nullable: true, kind: ExprKind::Case(vec![(guard, value)]) }
        }
    }))
}

/// The number of the type of an entity, from 1; null for that of the set. Types further below are asked for first.
pub fn kind_of(ty: &EntityType, place: &Place) -> Option<Expr> {
    let family = ty.family.as_ref()?;
    let mut order: Vec<usize> =
        (0..family.derived.len()).filter(|d| family.can_be(place.of, Some(*d))).collect();
    order.sort_by_key(|derived| std::cmp::Reverse(family.depth(*derived)));
    let number = |derived: usize| {
        let number = i64::try_from(derived + 1).unwrap_or(i64::MAX);
        typed(0, PrimitiveType::Int64, false, ExprKind::Value(Value::Integer(number)))
    };
    let pairs = order.into_iter().map(|derived| (of_type(place, derived, 0), number(derived)));
    Some(typed(0, PrimitiveType::Int64, true, ExprKind::Case(pairs.collect())))
}

/// The type that a cast leads to, where not all entities of which is known that they are of a type are of it, too.
pub fn narrower(ty: &EntityType, known: Option<usize>, of: Option<usize>) -> Option<usize> {
    of.filter(|_| ty.family.as_ref().is_some_and(|family| !family.is_a(known, of)))
}
