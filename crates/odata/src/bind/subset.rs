//! `hassubset`: whether a collection of values has all values of another one, each at least as often (Part 2 section 5.1.1.6.1).

use super::error::{BindResult, invalid, not_supported};
use super::expr::{balanced, bind, condition, constant, equal, typed};
use super::member::{Member, bind_path, both};
use super::scope::{Context, Scope};
use crate::model::PrimitiveType as P;
use crate::query::{Comparison, Expr, ExprKind, Items};
use crate::url::ast::{self, BinaryOp};
use crate::value::Value;

/// A collection of values, and the value that each of them is.
type Values = (Items, Expr);

pub fn has_subset(cx: &Context, scope: &Scope, args: &[ast::Expr], at: u32) -> BindResult<Expr> {
    let [all, some] = args else {
        return Err(invalid(at, "hassubset", "'hassubset' takes two collections."));
    };
    match (list_of(cx, scope, all, at)?, list_of(cx, scope, some, at)?) {
        (None, Some(wanted)) => of_list(cx, scope, all, wanted, at),
        (Some(known), None) => in_list(cx, scope, known, some, at),
        (None, None) => of_values(cx, scope, all, some, at),
        (Some(_), Some(_)) => {
            Err(not_supported(at, "hassubset", "'hassubset' of two lists is not supported."))
        }
    }
}

/// The values of a list, and how often it has each; none where an expression is no list.
fn list_of(cx: &Context, scope: &Scope, expr: &ast::Expr, at: u32) -> BindResult<Option<Vec<(Expr, i64)>>> {
    match &expr.kind {
        ast::ExprKind::Array(items) => distinct(cx, scope, items).map(Some),
        ast::ExprKind::Alias(name) => {
            let bound = cx.with_alias(name, at, |value| match &value.kind {
                ast::ExprKind::Array(items) => distinct(cx, scope, items),
                _ => Err(invalid(at, name, format!("Parameter alias '@{name}' is not a list."))),
            })?;
            Ok(Some(bound.unwrap_or_default()))
        }
        _ => Ok(None),
    }
}

fn distinct(cx: &Context, scope: &Scope, items: &[ast::Expr]) -> BindResult<Vec<(Expr, i64)>> {
    let mut distinct: Vec<(Expr, i64)> = Vec::new();
    for item in items {
        let bound = bind(cx, scope, item)?;
        if !matches!(bound.kind, ExprKind::Value(_)) {
            return Err(not_supported(item.at, "hassubset", "Only literals can stand in this list."));
        }
        let same = |known: &(Expr, i64)| match (&known.0.kind, &bound.kind) {
            (ExprKind::Value(known), ExprKind::Value(own)) => known == own,
            _ => false,
        };
        match distinct.iter_mut().find(|known| same(known)) {
            Some((_, times)) => *times += 1,
            None => distinct.push((bound, 1)),
        }
    }
    Ok(distinct)
}

/// The values of a list: each is there as often as the list has it.
fn of_list(
    cx: &Context,
    scope: &Scope,
    all: &ast::Expr,
    wanted: Vec<(Expr, i64)>,
    at: u32,
) -> BindResult<Expr> {
    let mut conditions = Vec::with_capacity(wanted.len());
    // It is a collection also where nothing is wanted of it.
    values(cx, scope, all)?;
    for (value, times) in wanted {
        // Each has a variable of its own.
        let items = those(cx, values(cx, scope, all)?, value, at)?;
        conditions.push(match times {
            1 => condition(at, ExprKind::AnyItem(Box::new(items))),
            _ => at_least(number(at, items), constant(at, Value::Integer(times)), at),
        });
    }
    Ok(balanced(BinaryOp::And, conditions, at).unwrap_or_else(|| constant(at, Value::Boolean(true))))
}

/// Of a collection: all values are in a list, each as often.
fn in_list(
    cx: &Context,
    scope: &Scope,
    known: Vec<(Expr, i64)>,
    some: &ast::Expr,
    at: u32,
) -> BindResult<Expr> {
    let mut conditions = Vec::with_capacity(known.len() + 1);
    let mut held = Vec::with_capacity(known.len());
    let (mut others, item) = values(cx, scope, some)?;
    for (value, times) in known {
        held.push(equal(cx, item.clone(), value.clone(), at)?);
        let items = those(cx, values(cx, scope, some)?, value, at)?;
        conditions.push(at_least(constant(at, Value::Integer(times)), number(at, items), at));
    }
    let none = balanced(BinaryOp::Or, held, at).map(|held| condition(at, ExprKind::Not(Box::new(held))));
    others.predicate = both(others.predicate.take(), none);
    let others = condition(at, ExprKind::AnyItem(Box::new(others)));
    conditions.push(condition(at, ExprKind::Not(Box::new(others))));
    balanced(BinaryOp::And, conditions, at).ok_or_else(|| invalid(at, "hassubset", "A list is missing."))
}

/// Those values of a collection that equal one.
fn those(cx: &Context, (mut items, item): Values, value: Expr, at: u32) -> BindResult<Items> {
    items.predicate = both(items.predicate.take(), Some(equal(cx, item, value, at)?));
    Ok(items)
}

/// Those of another collection: each is there as often as it has it itself.
fn of_values(cx: &Context, scope: &Scope, all: &ast::Expr, some: &ast::Expr, at: u32) -> BindResult<Expr> {
    let (mut wanted, value) = values(cx, scope, some)?;
    let found = number(at, those(cx, values(cx, scope, all)?, value.clone(), at)?);
    let own = number(at, those(cx, values(cx, scope, some)?, value, at)?);
    let enough = at_least(found, own, at);
    // Of a collection that is filtered others need not be there.
    let enough = match wanted.predicate.take() {
        Some(known) => {
            let none = condition(at, ExprKind::Not(Box::new(known)));
            condition(at, ExprKind::Or(Box::new(none), Box::new(enough)))
        }
        None => enough,
    };
    wanted.predicate = Some(enough);
    Ok(condition(at, ExprKind::AllItems(Box::new(wanted))))
}

fn values(cx: &Context, scope: &Scope, expr: &ast::Expr) -> BindResult<Values> {
    let wrong = || {
        let message = "'hassubset' takes collections of primitive values, or lists.";
        invalid(expr.at, "hassubset", message)
    };
    let ast::ExprKind::Path(path) = &expr.kind else {
        return Err(wrong());
    };
    cx.count_nodes(expr.at, 2)?;
    match bind_path(cx, scope, path, expr.at)? {
        Member::Items(items, value) if value.primitive.is_some_and(|primitive| !primitive.is_shape()) => {
            Ok((*items, value))
        }
        Member::Values(..) => {
            let message = "Paths through related entities are not supported here.";
            Err(not_supported(expr.at, "hassubset", message))
        }
        _ => Err(wrong()),
    }
}

fn number(at: u32, items: Items) -> Expr {
    typed(at, P::Int64, false, ExprKind::CountItems(Box::new(items)))
}

fn at_least(left: Expr, right: Expr, at: u32) -> Expr {
    condition(at, ExprKind::Compare(Comparison::Ge, Box::new(left), Box::new(right)))
}
