//! `$root/Customers('A')/City` and `$root/Customers/any(…)` in expressions (Part 2 section 5.1.1.14.2).

use super::collection::bind_collection;
use super::error::{BindResult, invalid, not_supported, unknown_set};
use super::key::bind_key;
use super::member::{Member, bind_path};
use super::scope::{Context, Scope};
use crate::model::EntitySetId;
use crate::query::{Expr, ExprKind, Place};
use crate::url::ast::{self, PathRoot, PathSegment, PathSegmentKind};
use crate::value::Value;

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
        return bind_of_one(cx, single.set, single.row.clone(), rest, at);
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
    bind_of_one(cx, set, key, rest, at)
}

/// Binds a path from one entity to a value of it.
fn bind_of_one(
    cx: &Context,
    set: EntitySetId,
    key: Vec<(usize, Value)>,
    rest: &[PathSegment],
    at: u32,
) -> BindResult<Member> {
    let variable = cx.new_variable();
    let inner = Scope::of_expanded(Place::of(variable, set));
    let path = ast::Path { root: PathRoot::Implicit, segments: rest.to_vec() };
    match bind_path(cx, &inner, &path, at)? {
        Member::Value(value) => {
            let outer = Expr { nullable: true, ..value.clone() };
            let kind = ExprKind::Root(variable, set, key, Box::new(value));
            Ok(Member::Value(Expr { kind, ..outer }))
        }
        _ => Err(not_supported(at, "$root", ONE_VALUE)),
    }
}

const ONE_VALUE: &str = "From one entity of $root only a value can be had, as in $root/Set(1)/Name.";
