//! `in`: whether a value is one of those of a list, or of a collection (Part 2 section 5.1.1.1.12).

use super::days;
use super::dynamic;
use super::enumeration;
use super::error::{BindResult, invalid, limit_exceeded, not_supported};
use super::expr::{bind, bind_open, condition, equal, is_constant, meet};
use super::member::{Member, bind_path, both};
use super::scope::{Context, Scope};
use crate::model::PrimitiveType;
use crate::query::{Expr, ExprKind};
use crate::url::ast;

/// Binds `in`.
pub fn bind_in(cx: &Context, scope: &Scope, left: &ast::Expr, list: &ast::Expr, at: u32) -> BindResult<Expr> {
    let needle = bind_open(cx, scope, left)?;
    let items = match &list.kind {
        ast::ExprKind::List(items) | ast::ExprKind::Array(items) => {
            bind_items(cx, scope, &needle, items, at)?
        }
        ast::ExprKind::Alias(name) => {
            let bound = cx.with_alias(name, at, |value| match &value.kind {
                ast::ExprKind::List(items) | ast::ExprKind::Array(items) => {
                    bind_items(cx, scope, &needle, items, at)
                }
                _ => Err(invalid(
                    at,
                    &["@", name].concat(),
                    format!("Parameter alias '@{name}' is not a list."),
                )),
            })?;
            bound.unwrap_or_default()
        }
        ast::ExprKind::Path(path) => return bind_in_path(cx, scope, needle, path, list.at),
        _ => {
            return Err(not_supported(list.at, "in", "Only a list or a collection can stand after 'in'."));
        }
    };
    let (needle, items) = dynamic::listed(needle, items)?;
    Ok(condition(at, ExprKind::In(Box::new(needle), items)))
}

/// Whether a value is one of those that a path leads to: `CategoryId in $root/Categories/CategoryId`, `'a' in Tags`.
fn bind_in_path(cx: &Context, scope: &Scope, needle: Expr, path: &ast::Path, at: u32) -> BindResult<Expr> {
    let same = |needle: Expr, value: Expr| equal(cx, needle, value, at);
    let kind = match bind_path(cx, scope, path, at)? {
        Member::Values(mut related, value) => {
            related.predicate = both(related.predicate.take(), Some(same(needle, value)?));
            ExprKind::Any(related)
        }
        Member::Items(mut items, value) if value.primitive.is_some() => {
            items.predicate = both(items.predicate.take(), Some(same(needle, value)?));
            ExprKind::AnyItem(items)
        }
        _ => {
            let message =
                "Behind 'in' stands a list, a collection of values, or a path through a collection to one.";
            return Err(invalid(at, "in", message));
        }
    };
    Ok(condition(at, kind))
}

fn bind_items(
    cx: &Context,
    scope: &Scope,
    needle: &Expr,
    items: &[ast::Expr],
    at: u32,
) -> BindResult<Vec<Expr>> {
    if items.len() > cx.limits.list_values {
        let message = format!(
            "A list has at most {} values (limit `list_values`), this one {}.",
            cx.limits.list_values,
            items.len()
        );
        return Err(limit_exceeded(at, "in", message));
    }
    let item = |item: &ast::Expr| {
        let bound = bind(cx, scope, item)?;
        if !is_constant(&bound) {
            return Err(not_supported(item.at, "in", "Only literals can stand in a list after 'in'."));
        }
        match (needle.enumeration, bound.enumeration, needle.primitive) {
            (Some(id), _, _) => enumeration::meet(cx, bound, id).map(Some),
            (None, Some(_), Some(primitive)) => Err(enumeration::refuse(cx, &bound, primitive.name())),
            (None, _, Some(PrimitiveType::Date)) => match days::listed(bound) {
                Some(day) => meet(day, needle.primitive, item.at).map(Some),
                None => Ok(None),
            },
            (None, _, primitive) => meet(bound, primitive, item.at).map(Some),
        }
    };
    items.iter().filter_map(|one| item(one).transpose()).collect()
}
