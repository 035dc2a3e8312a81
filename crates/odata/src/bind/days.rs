//! Days against points in time: a day is its midnight in UTC there, as the days are that stand where points in time are due.

use super::expr::{condition, constant, is_constant};
use crate::model::PrimitiveType;
use crate::query::{Comparison, Expr, ExprKind};
use crate::value::Value;

/// The comparison of a day with a constant point in time, told of days alone, so that an index over them serves it. None where other
/// things are compared.
pub fn compare(comparison: Comparison, left: &Expr, right: &Expr, at: u32) -> Option<Expr> {
    if is_moment(left) && !is_moment(right) {
        return compare(turned(comparison), right, left, at);
    }
    if left.primitive != Some(PrimitiveType::Date) {
        return None;
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

fn is_moment(expr: &Expr) -> bool {
    is_constant(expr) && expr.primitive == Some(PrimitiveType::DateTimeOffset)
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
