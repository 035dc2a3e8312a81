//! Paths among the entities of all sets (`$all`): they begin with a type, and lead to null from entities of others (Part 2 section 4.13).

mod expand;
mod select;

pub use expand::Below;
pub use select::Chosen;

use super::error::{BindResult, invalid, not_supported};
use super::expr::constant;
use super::member::{Member, bind_from_start};
use super::scope::{Context, Scope};
use crate::model::EntitySetId;
use crate::query::{Comparison, Expr, ExprKind, Place};
use crate::url::ast::{self, PathRoot, PathSegmentKind};
use crate::value::Value;

/// What options mean to the entities of one set among all of them.
pub fn scope_of_all(place: &Place) -> Scope {
    Scope { of_all: Some(place.clone()), ..Scope::of_resource(place.clone()) }
}

/// The set whose entities can be of a type.
pub fn set_of_type(cx: &Context, name: &str, at: u32) -> BindResult<EntitySetId> {
    let mut sets = cx.model.served_sets().map(|(id, _)| id);
    sets.find(|set| cx.model.find_cast(*set, name).is_some()).ok_or_else(|| {
        let message = if name.contains('.') {
            format!("There is no entity type '{name}'.")
        } else {
            format!("Among all entities '{name}' needs its type before it, as in Model.Customer/{name}.")
        };
        invalid(at, name, message)
    })
}

/// Binds a path that begins at one of all entities with a type that only those of another set have. None where it begins otherwise.
pub fn bind_of_all(cx: &Context, scope: &Scope, path: &ast::Path, at: u32) -> BindResult<Option<Member>> {
    let from = match path.root {
        PathRoot::Implicit => &scope.implicit,
        PathRoot::This if scope.this.is_none() && scope.find_complex(None).is_none() => &scope.implicit,
        PathRoot::It => &scope.it,
        PathRoot::This | PathRoot::These | PathRoot::Root => return Ok(None),
    };
    let (Some(own), true) = (&scope.of_all, from == &scope.of_all) else {
        return Ok(None);
    };
    let Some(first) = path.segments.first() else {
        return Ok(None);
    };
    let PathSegmentKind::Name { name, args: None } = &first.kind else {
        return Ok(None);
    };
    let variable = path.root == PathRoot::Implicit
        && (scope.lambdas.iter().any(|(known, ..)| known == name)
            || scope.find_complex(Some(name)).is_some());
    let value = scope.named.iter().any(|named| named.path.first() == Some(name));
    if variable || value || name.starts_with('@') || cx.model.find_cast(own.target(), name).is_some() {
        return Ok(None);
    }
    let set = set_of_type(cx, name, first.at)?;
    let place = Some(Place::of(own.variable, set));
    let other = Scope { implicit: place.clone(), it: place.clone(), of_all: place, ..scope.clone() };
    cx.aside(|| bind_from_start(cx, &other, path, at)).and_then(|found| nothing(found, at)).map(Some)
}

/// What the same path leads to from an entity of another type.
fn nothing(member: Member, at: u32) -> BindResult<Member> {
    Ok(Member::Value(match member {
        Member::Value(value) => match value.kind {
            ExprKind::Any(_) | ExprKind::AnyItem(_) | ExprKind::And(..) => {
                constant(at, Value::Boolean(false))
            }
            ExprKind::All(_) | ExprKind::AllItems(_) | ExprKind::Or(..) => constant(at, Value::Boolean(true)),
            _ => Expr { nullable: true, kind: ExprKind::Value(Value::Null), ..value },
        },
        Member::Entity(..) | Member::Complex(..) | Member::There(_) => constant(at, Value::Null),
        Member::Entities | Member::Values(..) | Member::Items(..) => {
            let message = "Behind the type of some of all entities a collection is only supported with any, all and $count.";
            return Err(not_supported(at, "$all", message));
        }
    }))
}

/// Whether a condition holds for no row, as what other types have is null.
pub fn never_holds(condition: &Expr) -> bool {
    let null = |expr: &Expr| matches!(expr.kind, ExprKind::Value(Value::Null));
    let known = |expr: &Expr| matches!(expr.kind, ExprKind::Value(_));
    match &condition.kind {
        ExprKind::Value(value) => *value != Value::Boolean(true),
        ExprKind::And(left, right) => never_holds(left) || never_holds(right),
        ExprKind::Or(left, right) => never_holds(left) && never_holds(right),
        ExprKind::Compare(Comparison::Eq, left, right) => {
            null(left) != null(right) && known(left) && known(right)
        }
        ExprKind::Compare(Comparison::Ne, left, right) => null(left) && null(right),
        ExprKind::Compare(_, left, right) => null(left) || null(right),
        _ => false,
    }
}
