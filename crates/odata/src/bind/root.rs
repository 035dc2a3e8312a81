//! `$root/Customers('A')/City` and `$root/Customers/any(…)` in expressions (Part 2 section 5.1.1.14.2).

use super::collection::bind_collection;
use super::error::{BindResult, invalid, not_supported, unknown_set};
use super::key::bind_key;
use super::member::{Member, bind_path};
use super::scope::{Context, Scope};
use crate::model::EntitySetId;
use crate::query::{Expr, ExprKind, Place, Variable};
use crate::url::ast::{self, PathRoot, PathSegment, PathSegmentKind};

/// Binds a path from the service root: to a value of one entity, or from a set to what is made of its entities.
pub fn bind_root(cx: &Context, scope: &Scope, path: &ast::Path, at: u32) -> BindResult<Member> {
    let Some((PathSegment { at: set_at, kind: PathSegmentKind::Name { name, args } }, rest)) =
        path.segments.split_first()
    else {
        return Err(not_supported(at, "$root", ONE_VALUE));
    };
    if let Some(number) = cx.model.find_singleton(name) {
        if args.is_some() {
            return Err(invalid(*set_at, name, "A singleton has no key."));
        }
        let single = &cx.model.singletons[number];
        cx.count_navigation(*set_at)?;
        let (set, row) = (single.set, single.row.clone());
        return bind_of_one(cx, set, rest, at, |variable, value| ExprKind::Root(variable, set, row, value));
    }
    let Some(set) = cx.model.find_set(name) else {
        return Err(super::error::BindError {
            kind: super::error::BindErrorKind::Invalid,
            ..unknown_set(*set_at, cx.model, name)
        });
    };
    cx.count_navigation(*set_at)?;
    let Some(args) = args.as_deref().filter(|args| !args.is_empty()) else {
        return bind_collection(cx, scope, None, set, rest);
    };
    let key = bind_key(cx, cx.type_of(set), args, *set_at)?;
    bind_of_one(cx, set, rest, at, |variable, value| ExprKind::Root(variable, set, key, value))
}

/// Binds a path from one entity to a value of it. `of` says which entity the variable is.
pub fn bind_of_one(
    cx: &Context,
    set: EntitySetId,
    rest: &[PathSegment],
    at: u32,
    of: impl FnOnce(Variable, Box<Expr>) -> ExprKind,
) -> BindResult<Member> {
    let variable = cx.new_variable();
    let inner = Scope::of_expanded(Place::of(variable, set));
    let path = ast::Path { root: PathRoot::Implicit, segments: rest.to_vec() };
    match bind_path(cx, &inner, &path, at)? {
        Member::Value(value) => {
            let outer = Expr { nullable: true, ..value.clone() };
            Ok(Member::Value(Expr { kind: of(variable, Box::new(value)), ..outer }))
        }
        _ => Err(not_supported(at, "$root", ONE_VALUE)),
    }
}

const ONE_VALUE: &str =
    "Of one entity that $root or a function leads to only a value can be had, as in $root/Set(1)/Name.";
