//! Days against points in time: a day is its midnight in UTC there, as the days are that stand where points in time are due.

use super::expr::{condition, constant, typed};
use crate::model::PrimitiveType as P;
use crate::query::{Comparison, Expr, ExprKind, Function};
use crate::value::Value;

/// The comparison of a day with a constant point in time, told of days alone, so that an index over them serves it. None where other
/// things are compared.
pub fn compare(comparison: Comparison, left: &Expr, right: &Expr, at: u32) -> Option<Expr> {
    let is = |expr: &Expr, primitive| expr.primitive == Some(primitive);
    if is(left, P::DateTimeOffset) && is(right, P::Date) {
        return compare(turned(comparison), right, left, at);
    }
    if !is(left, P::Date) {
        return None;
    }
    if is(right, P::DateTimeOffset) && is_read(left) && is_read(right) {
        return Some(of_values(comparison, left, right, at));
    }
    let (day, whole) = day_of(right)?;
    let comparison = match comparison {
        _ if whole => comparison,
        // It lies between two days.
        Comparison::Eq | Comparison::Ne => {
            return Some(constant(at, Value::Boolean(comparison == Comparison::Ne)));
        }
        Comparison::Gt | Comparison::Ge => Comparison::Gt,
        Comparison::Lt | Comparison::Le => Comparison::Le,
    };
    let day = constant(right.at, Value::Date(day.to_owned()));
    Some(condition(at, ExprKind::Compare(comparison, Box::new(left.clone()), Box::new(day))))
}

/// Whether one of the values of a list can be a day, and as which.
pub fn listed(item: Expr) -> Option<Expr> {
    match day_of(&item) {
        Some((day, whole)) => whole.then(|| constant(item.at, Value::Date(day.to_owned()))),
        None => Some(item),
    }
}

/// Whether it is just read, so that it can stand there several times.
fn is_read(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Property(..) | ExprKind::Column(..))
}

/// The comparison of a day with a point in time, told of the day of that, and of whether it is its midnight.
fn of_values(comparison: Comparison, day: &Expr, moment: &Expr, at: u32) -> Expr {
    let part = |function, primitive| {
        typed(at, primitive, moment.nullable, ExprKind::Call(function, vec![moment.clone()]))
    };
    let compared = |comparison, left: Expr, right: Expr| {
        condition(at, ExprKind::Compare(comparison, Box::new(left), Box::new(right)))
    };
    let either = |a: Expr, b: Expr| condition(at, ExprKind::Or(Box::new(a), Box::new(b)));
    let both = |a: Expr, b: Expr| condition(at, ExprKind::And(Box::new(a), Box::new(b)));
    let days = |comparison| compared(comparison, day.clone(), part(Function::Date, P::Date));
    let clock = |comparison| {
        let midnight = constant(at, Value::TimeOfDay("00:00:00".to_owned()));
        compared(comparison, part(Function::Time, P::TimeOfDay), midnight)
    };
    match comparison {
        Comparison::Gt | Comparison::Le => days(comparison),
        Comparison::Ge => either(days(Comparison::Gt), both(days(Comparison::Eq), clock(Comparison::Eq))),
        Comparison::Lt => either(days(Comparison::Lt), both(days(Comparison::Eq), clock(Comparison::Gt))),
        Comparison::Eq => {
            let null = constant(at, Value::Null);
            both(
                days(Comparison::Eq),
                either(clock(Comparison::Eq), compared(Comparison::Eq, moment.clone(), null)),
            )
        }
        Comparison::Ne => condition(at, ExprKind::Not(Box::new(of_values(Comparison::Eq, day, moment, at)))),
    }
}

/// The day of a constant point in time, and whether it is its midnight.
fn day_of(expr: &Expr) -> Option<(&str, bool)> {
    let ExprKind::Value(Value::DateTimeOffset(text)) = &expr.kind else { return None };
    let (day, time) = text.split_once('T')?;
    Some((day, time.bytes().all(|byte| b"0:.".contains(&byte))))
}

fn turned(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Gt => Comparison::Lt,
        Comparison::Ge => Comparison::Le,
        Comparison::Lt => Comparison::Gt,
        Comparison::Le => Comparison::Ge,
        Comparison::Eq | Comparison::Ne => comparison,
    }
}
