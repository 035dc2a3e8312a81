//! Collections of values in expressions: `Tags/any(t:t eq 'a')`, `Tags/$count` (Part 2 section 5.1.1.13).

use std::rc::Rc;

use super::error::{BindResult, invalid, not_supported};
use super::expr::{bind_condition, typed};
use super::member::{Member, both, condition, misplaced, read};
use super::scope::{Context, Scope};
use crate::model::{PrimitiveType, Property, Type};
use crate::query::{Expr, ExprKind, Items, Named, Size};
use crate::url::ast::{Lambda, PathSegment, PathSegmentKind};

/// Binds what follows a property that is a collection of values.
pub fn bind_items(
    cx: &Context,
    scope: &Scope,
    property: &Property,
    collection: Expr,
    mut segments: &[PathSegment],
) -> BindResult<Member> {
    let name = &property.name;
    if matches!(property.ty, Type::Complex(_)) {
        let message =
            format!("'{name}' is a collection of complex values; expressions over it are not supported.");
        return Err(not_supported(collection.at, name, message));
    }
    let variable = cx.new_variable();
    let value = read(collection.at, property, property.nullable, ExprKind::Column(variable, 0));
    let mut predicate: Option<Expr> = None;
    loop {
        let Some((segment, rest)) = segments.split_first() else {
            let message = format!("'{name}' is a collection of values; use any, all or $count on it.");
            return Err(invalid(collection.at, name, message));
        };
        let at = segment.at;
        let this = || Scope { this: Some(value.clone()), ..scope.clone() };
        match &segment.kind {
            PathSegmentKind::Filter(filter) => {
                predicate = both(predicate, Some(bind_condition(cx, &this(), filter, "$filter")?));
                segments = rest;
                continue;
            }
            _ if !rest.is_empty() => return Err(misplaced(&rest[0])),
            PathSegmentKind::Any(lambda) => {
                if let Some(lambda) = lambda {
                    predicate = both(predicate, Some(body(cx, scope, lambda, &value)?));
                }
                let items = Items { collection, variable, predicate };
                return Ok(condition(at, ExprKind::AnyItem(Box::new(items))));
            }
            PathSegmentKind::All(lambda) if predicate.is_none() => {
                let predicate = Some(body(cx, scope, lambda, &value)?);
                let items = Items { collection, variable, predicate };
                return Ok(condition(at, ExprKind::AllItems(Box::new(items))));
            }
            PathSegmentKind::All(_) => {
                return Err(not_supported(at, "all", "all after $filter is not supported."));
            }
            PathSegmentKind::Count(options) if options.search.is_none() => {
                if let Some(filter) = &options.filter {
                    predicate = both(predicate, Some(bind_condition(cx, &this(), filter, "$filter")?));
                }
                let items = Items { collection, variable, predicate };
                let kind = ExprKind::CountItems(Box::new(items));
                return Ok(Member::Value(typed(at, PrimitiveType::Int64, false, kind)));
            }
            PathSegmentKind::Count(_) => {
                let message = "$search in a collection of values is not supported.";
                return Err(not_supported(at, "$search", message));
            }
            _ => {
                let message = "After a collection of values only any, all, $count and $filter can stand.";
                return Err(invalid(at, "path", message));
            }
        }
    }
}

/// Binds a condition on the value that a lambda variable stands for.
fn body(cx: &Context, scope: &Scope, lambda: &Lambda, value: &Expr) -> BindResult<Expr> {
    let mut inner = scope.clone();
    let size = Size { nodes: 1, depth: 1, navigations: 0 };
    let named = Named { path: vec![lambda.variable.clone()], expr: value.clone(), size, present: None };
    Rc::make_mut(&mut inner.named).insert(0, named);
    bind_condition(cx, &inner, &lambda.body, "lambda")
}
