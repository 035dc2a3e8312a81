//! Entities as rows: the values of their properties under names. Complex values and collections stay whole; a complex value that does not
//! lie in one place has its parts.

use super::super::cast::{of_type, there};
use super::super::error::{BindResult, not_supported};
use super::super::expr::{condition, typed};
use super::super::member::{both, read};
use super::super::scope::{Context, Scope};
use super::nested::nothing_below;
use super::state::State;
use crate::model::{ComplexTypeId, PrimitiveType, Property, Type};
use crate::query::{Expr, ExprKind, Named, OPEN, Place, Size, Whole};
use crate::value::Value;

/// Gives entities the values of their properties as names, so that they are rows as others are.
pub fn as_rows(cx: &Context, state: &mut State, at: u32) -> BindResult<()> {
    nothing_below(state, at)?;
    let Some(place) = state.scope.implicit.clone() else {
        return Ok(());
    };
    state.settled();
    let mut named = properties(cx, &place, &[], &state.scope, at)?;
    let beside = if state.joined { state.scope.lambdas.as_slice() } else { &[] };
    for (alias, variable, set) in beside {
        let path = std::slice::from_ref(alias);
        named.extend(properties(cx, &Place::of(*variable, *set), path, &state.scope, at)?);
    }
    named.extend(state.scope.named.iter().cloned());
    // What has been computed, and what stands beside it, is no dynamic property of the entity.
    let computed = state.scope.named.iter().filter_map(|own| own.path.first());
    let taken: Vec<String> = beside.iter().map(|(alias, ..)| alias).chain(computed).cloned().collect();
    for own in named.iter_mut().filter(|own| own.path.len() == 1 && own.taken().is_some()) {
        own.path = vec![[OPEN.to_string(), taken.join(",")].concat()];
    }
    state.scope = Scope::of_rows(named);
    state.joined = false;
    Ok(())
}

/// The values of the properties of an entity under their names, behind those that lead to the entity.
pub fn properties(
    cx: &Context,
    place: &Place,
    before: &[String],
    scope: &Scope,
    at: u32,
) -> BindResult<Vec<Named>> {
    let ty = cx.type_of(place.target());
    let optional = scope.optional.contains(&place.variable);
    let value = |index: usize| {
        let property = &ty.properties[index];
        let kind = ExprKind::Property(place.clone(), index);
        read(at, property.ty, property.nullable || optional, kind)
    };
    let mut named = Vec::with_capacity(ty.properties.len());
    for index in ty.possible_properties(place.of) {
        let property = &ty.properties[index];
        let path: Vec<String> = before.iter().chain([&property.name]).cloned().collect();
        let owner = ty.owner_of_property(index).filter(|_| !ty.has_property(place.of, index));
        let is = owner.map(|owner| of_type(&place.clone().typed(None), owner, at));
        let exists = optional.then(|| condition(at, ExprKind::Exists(place.clone())));
        if let (Type::Complex(id), true) = (property.ty, property.in_parts) {
            parts(cx, &mut named, (path, property), (value(index), id), both(is, exists))?;
            continue;
        }
        let whole = property.is_structured().then_some(Whole::Property(place.target(), index));
        let (expr, present) = match is {
            // What the column of another type holds is no value of it.
            Some(is) => (only_where(&is, value(index)), Some(there(is))),
            None => (value(index), exists.map(there)),
        };
        named.push(Named { path, expr, size: Size::ONE, present, whole });
    }
    if ty.open {
        let path = before.iter().cloned().chain([OPEN.to_string()]).collect();
        let expr = typed(at, PrimitiveType::String, true, ExprKind::Dynamic(place.clone(), Vec::new()));
        let whole = Some(Whole::Dynamic(place.target()));
        named.push(Named { path, expr, size: Size::ONE, present: None, whole });
    }
    Ok(named)
}

/// The values of the properties of an entity behind the names that lead to it; null stands there where there is none.
pub fn entity(
    cx: &Context,
    place: &Place,
    path: &[String],
    scope: &Scope,
    at: u32,
) -> BindResult<Vec<Named>> {
    let exists = condition(at, ExprKind::Exists(place.clone()));
    let missing = condition(at, ExprKind::Not(Box::new(exists.clone())));
    let mut named = vec![marker(path, &exists, missing)];
    named.extend(properties(cx, place, path, scope, at)?);
    Ok(named)
}

/// What tells that the value of a path is null, which is not null where the value is there.
fn marker(path: &[String], exists: &Expr, missing: Expr) -> Named {
    let some = typed(exists.at, PrimitiveType::String, false, ExprKind::Value(Value::String(String::new())));
    Named {
        path: path.to_vec(),
        expr: only_where(exists, some),
        size: Size::ONE,
        present: Some(there(missing)),
        whole: None,
    }
}

/// The parts of a complex value, where that is there at all, behind what tells of one that is null. All this only where the entity
/// has the property.
fn parts(
    cx: &Context,
    named: &mut Vec<Named>,
    (path, property): (Vec<String>, &Property),
    (value, id): (Expr, ComplexTypeId),
    has: Option<Expr>,
) -> BindResult<()> {
    let at = value.at;
    let only = |found: Expr| match has.clone() {
        Some(has) => condition(at, ExprKind::And(Box::new(has), Box::new(found))),
        None => found,
    };
    let missing = condition(at, ExprKind::IsNull(Box::new(value.clone())));
    let exists = only(condition(at, ExprKind::Not(Box::new(missing.clone()))));
    named.push(marker(&path, &exists, only(missing)));
    for (index, member) in cx.model.complex_type(id).properties.iter().enumerate() {
        if member.is_structured() {
            let message = format!("'{}' in '{}' is no primitive value.", member.name, property.name);
            return Err(not_supported(at, &member.name, message));
        }
        let kind = ExprKind::Member(Box::new(value.clone()), id, index);
        let expr = only_where(&exists, read(at, member.ty, true, kind));
        let path = path.iter().chain([&member.name]).cloned().collect();
        named.push(Named { path, expr, size: Size::ONE, present: Some(there(exists.clone())), whole: None });
    }
    Ok(())
}

/// A value, null where a condition does not hold.
pub fn only_where(condition: &Expr, value: Expr) -> Expr {
    let kind = ExprKind::Case(vec![(condition.clone(), value.clone())]);
    Expr { kind, nullable: true, ..value }
}
