//! `hassubset`: whether a collection of values has all values of another one, each at least as often (Part 2 section 5.1.1.6.1), and
//! `hassubsequence`.

use super::error::{BindResult, invalid, limit_exceeded, not_supported};
use super::expr::{balanced, bind, condition, constant, equal, typed};
use super::member::{Member, bind_path, both};
use super::scope::{Context, Scope};
use crate::decimal::compare_decimals;
use crate::model::PrimitiveType as P;
use crate::query::{Comparison, Expr, ExprKind, Items};
use crate::url::ast::{self, BinaryOp};
use crate::value::Value;

/// Values of a list that are looked for in their order, at most: each is a select around the one before.
const SEQUENCE: usize = 20;

/// A collection of values, and the value that each of them is.
pub type Values = (Items, Expr);

pub fn has_subset(cx: &Context, scope: &Scope, args: &[ast::Expr], at: u32) -> BindResult<Expr> {
    let [all, some] = args else {
        return Err(invalid(at, "hassubset", "'hassubset' takes two collections."));
    };
    match (list_of(cx, scope, all, at)?, list_of(cx, scope, some, at)?) {
        (None, Some(wanted)) => of_list(cx, scope, all, wanted, at),
        (Some(known), None) => in_list(cx, scope, known, some, at),
        (None, None) => of_values(cx, scope, all, some, at),
        (Some(known), Some(wanted)) => {
            alike(cx, known.iter().chain(&wanted).map(|(value, _)| value), at)?;
            let times = |value: &Expr| {
                known.iter().find(|(known, _)| is_same(known, value)).map_or(0, |(_, times)| *times)
            };
            let all = wanted.iter().all(|(value, wanted)| times(value) >= *wanted);
            Ok(constant(at, Value::Boolean(all)))
        }
    }
}

/// Binds `hassubsequence`: whether a collection has the values of a list in their order, with others between them (section
/// 5.1.1.6.2).
pub fn has_subsequence(cx: &Context, scope: &Scope, args: &[ast::Expr], at: u32) -> BindResult<Expr> {
    let [all, some] = args else {
        return Err(invalid(at, "hassubsequence", "'hassubsequence' takes two collections."));
    };
    let Some(wanted) = literals(cx, scope, some, at)? else {
        values(cx, scope, some)?;
        let message = "'hassubsequence' is only supported with a list of literals as what is looked for.";
        return Err(not_supported(at, "hassubsequence", message));
    };
    if let Some(known) = literals(cx, scope, all, at)? {
        alike(cx, known.iter().chain(&wanted), at)?;
        let mut rest = known.iter();
        let found = wanted.iter().all(|value| rest.any(|known| is_same(known, value)));
        return Ok(constant(at, Value::Boolean(found)));
    }
    // It is a collection also where nothing is wanted of it.
    values(cx, scope, all)?;
    sequence(cx, wanted, at, || values(cx, scope, all))
}

/// Whether a collection, which is given anew for each, has values one behind the other.
fn sequence(
    cx: &Context,
    wanted: Vec<Expr>,
    at: u32,
    values: impl Fn() -> BindResult<Values>,
) -> BindResult<Expr> {
    if wanted.len() > SEQUENCE {
        let message = format!("The list has at most {SEQUENCE} values (fixed limit `sequence_values`).");
        return Err(limit_exceeded(at, "hassubsequence", message));
    }
    let mut steps = Vec::with_capacity(wanted.len());
    for value in wanted {
        let items = those(cx, values()?, value, at)?;
        steps.push(Items { numbered: true, ..items });
    }
    Ok(condition(at, ExprKind::Sequence(steps)))
}

/// Whether a collection has the values of a list, and no others, in their order.
pub fn is_list(cx: &Context, (items, value): Values, list: Vec<Expr>, at: u32) -> BindResult<Expr> {
    if items.predicate.is_some() {
        let message = "A collection of which $filter leaves some values is not compared.";
        return Err(not_supported(at, "collection", message));
    }
    if value.primitive.is_none_or(P::is_shape) {
        return Err(invalid(at, "collection", "Only primitive values are compared with those of a list."));
    }
    let again = || {
        cx.count_nodes(at, 2)?;
        let variable = cx.new_variable();
        let value = Expr { kind: ExprKind::Column(variable, 0), ..value.clone() };
        Ok((Items { variable, ..items.clone() }, value))
    };
    let length = constant(at, Value::Integer(i64::try_from(list.len()).unwrap_or(i64::MAX)));
    let (all, _) = again()?;
    let kind = ExprKind::Compare(Comparison::Eq, Box::new(number(at, all)), Box::new(length));
    let as_many = condition(at, kind);
    let found = sequence(cx, list, at, again)?;
    Ok(condition(at, ExprKind::And(Box::new(as_many), Box::new(found))))
}

/// Whether two lists have the same values in the same order.
pub fn are_same(cx: &Context, left: &[Expr], right: &[Expr], at: u32) -> BindResult<bool> {
    alike(cx, left.iter().chain(right), at)?;
    Ok(left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_same(left, right)))
}

/// Refuses values of lists that are not compared with each other.
fn alike<'a>(cx: &Context, values: impl Iterator<Item = &'a Expr>, at: u32) -> BindResult<()> {
    let mut known = values.filter(|value| value.primitive.is_some());
    let Some(first) = known.next() else {
        return Ok(());
    };
    known.try_for_each(|value| equal(cx, first.clone(), value.clone(), at).map(drop))
}

/// Whether two constants are the same value; numbers of different types can be.
fn is_same(left: &Expr, right: &Expr) -> bool {
    let (ExprKind::Value(left), ExprKind::Value(right)) = (&left.kind, &right.kind) else {
        return false;
    };
    match (digits(left), digits(right)) {
        (Some(left), Some(right)) => compare_decimals(&left, &right).is_eq(),
        _ => left == right,
    }
}

/// A number as decimal digits.
fn digits(value: &Value) -> Option<String> {
    match value {
        Value::Integer(number) => Some(number.to_string()),
        Value::Decimal(digits) => Some(digits.clone()),
        Value::Double(number) if number.is_finite() => Some(number.to_string()),
        _ => None,
    }
}

/// The values of a list; none where an expression is no list.
pub fn literals(cx: &Context, scope: &Scope, expr: &ast::Expr, at: u32) -> BindResult<Option<Vec<Expr>>> {
    let all = |items: &[ast::Expr]| -> BindResult<Vec<Expr>> {
        items.iter().map(|item| literal(cx, scope, item)).collect()
    };
    match &expr.kind {
        ast::ExprKind::Array(items) => all(items).map(Some),
        ast::ExprKind::Alias(name) => {
            let bound = cx.with_alias(name, at, |value| match &value.kind {
                ast::ExprKind::Array(items) => all(items),
                _ => Err(invalid(
                    at,
                    &["@", name].concat(),
                    format!("Parameter alias '@{name}' is not a list."),
                )),
            })?;
            Ok(Some(bound.unwrap_or_default()))
        }
        _ => Ok(None),
    }
}

fn literal(cx: &Context, scope: &Scope, item: &ast::Expr) -> BindResult<Expr> {
    let bound = bind(cx, scope, item)?;
    if !matches!(bound.kind, ExprKind::Value(_)) {
        return Err(not_supported(item.at, "list", "Only literals can stand in this list."));
    }
    Ok(bound)
}

/// The values of a list, and how often it has each; none where an expression is no list.
fn list_of(cx: &Context, scope: &Scope, expr: &ast::Expr, at: u32) -> BindResult<Option<Vec<(Expr, i64)>>> {
    let Some(all) = literals(cx, scope, expr, at)? else {
        return Ok(None);
    };
    let mut distinct: Vec<(Expr, i64)> = Vec::new();
    for bound in all {
        match distinct.iter_mut().find(|(known, _)| is_same(known, &bound)) {
            Some((_, times)) => *times += 1,
            None => distinct.push((bound, 1)),
        }
    }
    Ok(Some(distinct))
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
        let message = "This function takes collections of primitive values, or lists.";
        invalid(expr.at, "collection", message)
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
            Err(not_supported(expr.at, "collection", message))
        }
        _ => Err(wrong()),
    }
}

/// How many values of a collection there are.
pub fn number(at: u32, items: Items) -> Expr {
    typed(at, P::Int64, false, ExprKind::CountItems(Box::new(items)))
}

fn at_least(left: Expr, right: Expr, at: u32) -> Expr {
    condition(at, ExprKind::Compare(Comparison::Ge, Box::new(left), Box::new(right)))
}
