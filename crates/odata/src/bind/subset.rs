//! `hassubset`: whether a collection of values has all values of another one, each at least as often (Part 2 section 5.1.1.6.1).

use super::error::{BindResult, invalid, not_supported};
use super::expr::{balanced, bind, constant, equal, typed};
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
    match &some.kind {
        ast::ExprKind::Array(wanted) => of_list(cx, scope, all, wanted, at),
        ast::ExprKind::Alias(name) => {
            let bound = cx.with_alias(name, at, |value| match &value.kind {
                ast::ExprKind::Array(wanted) => of_list(cx, scope, all, wanted, at),
                _ => Err(invalid(at, name, format!("Parameter alias '@{name}' is not a list."))),
            })?;
            Ok(bound.unwrap_or_else(|| constant(at, Value::Boolean(true))))
        }
        _ => of_values(cx, scope, all, some, at),
    }
}

/// The values of a list: each is there as often as the list has it.
fn of_list(cx: &Context, scope: &Scope, all: &ast::Expr, wanted: &[ast::Expr], at: u32) -> BindResult<Expr> {
    let mut distinct: Vec<(Expr, i64)> = Vec::new();
    for item in wanted {
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
    let mut conditions = Vec::with_capacity(distinct.len());
    // It is a collection also where nothing is wanted of it.
    values(cx, scope, all)?;
    for (value, times) in distinct {
        // Each has a variable of its own.
        let (mut items, item) = values(cx, scope, all)?;
        items.predicate = both(items.predicate.take(), Some(equal(cx, item, value, at)?));
        conditions.push(match times {
            1 => condition(at, ExprKind::AnyItem(Box::new(items))),
            _ => at_least(number(at, items), constant(at, Value::Integer(times)), at),
        });
    }
    Ok(balanced(BinaryOp::And, conditions, at).unwrap_or_else(|| constant(at, Value::Boolean(true))))
}

/// Those of another collection: each is there as often as it has it itself.
fn of_values(cx: &Context, scope: &Scope, all: &ast::Expr, some: &ast::Expr, at: u32) -> BindResult<Expr> {
    let (mut wanted, value) = values(cx, scope, some)?;
    let same = |(mut items, item): Values| -> BindResult<Items> {
        items.predicate = both(items.predicate.take(), Some(equal(cx, item, value.clone(), at)?));
        Ok(items)
    };
    let found = number(at, same(values(cx, scope, all)?)?);
    let own = number(at, same(values(cx, scope, some)?)?);
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
        let message = "'hassubset' takes collections of primitive values, the second one also as a list.";
        invalid(expr.at, "hassubset", message)
    };
    let ast::ExprKind::Path(path) = &expr.kind else {
        return Err(match &expr.kind {
            ast::ExprKind::Array(_) => not_supported(
                expr.at,
                "hassubset",
                "'hassubset' with a list before the comma is not supported.",
            ),
            _ => wrong(),
        });
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

fn condition(at: u32, kind: ExprKind) -> Expr {
    typed(at, P::Boolean, false, kind)
}
