//! `isof`: of what type a value or an entity is.

use super::call::{is_structured, type_argument, value_and_type};
use super::cast::{is_known, of_type};
use super::dynamic::{as_type, known};
use super::error::{BindResult, invalid, not_supported};
use super::expr::{constant, typed};
use super::member::{Member, bind_path, both};
use super::same;
use super::scope::{Context, Scope};
use crate::model::{PrimitiveType as P, Type};
use crate::query::{Comparison, Expr, ExprKind, Place};
use crate::url::ast;
use crate::value::Value;

/// Binds `isof` (Part 2 section 5.1.1.9.2).
pub fn bind_isof(cx: &Context, scope: &Scope, args: &[ast::Expr], at: u32) -> BindResult<Expr> {
    if let [ty] = args
        && let Some(name) = type_argument(ty)
        && cx.model.is_entity_type(name)
    {
        let never = || constant(at, Value::Boolean(false));
        let place = scope.implicit.as_ref();
        return Ok(place.map_or_else(never, |place| entity_isof(cx, place, name, at)));
    }
    if let [ast::Expr { kind: ast::ExprKind::Path(path), .. }, ty] = args
        && let Some(name) = type_argument(ty)
        && is_structured(cx, name)
    {
        return structured_isof(cx, scope, path, name, at);
    }
    let (value, ty) = value_and_type(cx, scope, "isof", args, at)?;
    let value = match ty {
        Type::Primitive(primitive @ (P::String | P::Boolean | P::Decimal)) => as_type(value, primitive)?,
        _ => known(value)?,
    };
    let own = value.enumeration.map(Type::Enum).or(value.primitive.map(Type::Primitive));
    if own != Some(ty) {
        return Ok(constant(at, Value::Boolean(false)));
    }
    // A value that is there has the type of its property; null has none.
    let null = constant(at, Value::Null);
    let kind = ExprKind::Compare(Comparison::Ne, Box::new(value), Box::new(null));
    Ok(typed(at, P::Boolean, false, kind))
}

/// Whether an entity is of a type.
fn entity_isof(cx: &Context, place: &Place, name: &str, at: u32) -> Expr {
    match cx.model.find_cast(place.target(), name) {
        None => constant(at, Value::Boolean(false)),
        Some(Some(to)) if !is_known(cx, place, Some(to)) => of_type(place, to, at),
        Some(_) if place.path.is_empty() => constant(at, Value::Boolean(true)),
        Some(_) => typed(at, P::Boolean, false, ExprKind::Exists(place.clone())),
    }
}

/// Whether a path leads to an entity of a type, or to a complex value, which is of its type if it is there.
fn structured_isof(cx: &Context, scope: &Scope, path: &ast::Path, name: &str, at: u32) -> BindResult<Expr> {
    let never = || constant(at, Value::Boolean(false));
    let condition = |kind| typed(at, P::Boolean, false, kind);
    Ok(match bind_path(cx, scope, path, at)? {
        Member::Entity(place, guard) => {
            let of = entity_isof(cx, &place, name, at);
            both(guard, Some(of.clone())).unwrap_or(of)
        }
        Member::Complex(value, own, guard) if cx.model.find_complex(name) == Some(own) => {
            let missing = same::is_missing(value, guard, at);
            condition(ExprKind::Not(Box::new(missing)))
        }
        Member::There(_) => {
            let message = "'isof' of what rows were made of is not supported here.";
            return Err(not_supported(at, "isof", message));
        }
        Member::Complex(..) | Member::Value(_) => never(),
        Member::Entities | Member::Values(..) | Member::Items(..) => {
            return Err(invalid(at, "isof", "'isof' takes one value, no collection."));
        }
    })
}
