//! The condition of a request in a JSON batch, `if` (JSON Format section 19.1): an expression over constants, as all that it
//! refers to is there already.

use std::cmp::Ordering;

use http::StatusCode;
use nextlink_odata::decimal::{compare_decimals, plain_decimal};
use nextlink_odata::temporal::{Instant, Time, parse_duration};
use nextlink_odata::url::ast::{BinaryOp, Expr, ExprKind, Literal, UnaryOp};
use nextlink_odata::url::{ParseOptions, parse_expression};

use super::call::bad;
use crate::answer::Refusal;

/// Whether a condition holds; its references are values already.
///
/// # Errors
/// It is no expression, is no Boolean one, or has something else than comparisons of values.
pub fn holds(text: &str, options: &ParseOptions) -> Result<bool, Refusal> {
    let expr = parse_expression(text, options).map_err(|error| {
        let message = format!("The condition is no expression, at {}: {}", error.at, error.message);
        bad(message).about("if")
    })?;
    Ok(truth(&expr)? == Some(true))
}

fn wrong(message: &str) -> Refusal {
    bad(message).about("if")
}

fn unsupported() -> Refusal {
    let message = "Conditions of requests (`if`) are made of $id/$succeeded, comparisons of values, `in`, `and`, `or` and `not`.";
    Refusal::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message).about("if")
}

/// Three-valued, as expressions are.
fn truth(expr: &Expr) -> Result<Option<bool>, Refusal> {
    Ok(match &expr.kind {
        ExprKind::Literal(Literal::Boolean(value)) => Some(*value),
        ExprKind::Literal(Literal::Null) => None,
        ExprKind::Literal(_) => return Err(wrong("The condition is true or false.")),
        ExprKind::Unary(UnaryOp::Not, inner) => truth(inner)?.map(|value| !value),
        ExprKind::Binary(BinaryOp::And, a, b) => match (truth(a)?, truth(b)?) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        ExprKind::Binary(BinaryOp::Or, a, b) => match (truth(a)?, truth(b)?) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        ExprKind::Binary(op, a, b) => Some(compared(*op, &value(a)?, &value(b)?)?),
        ExprKind::In(item, list) => {
            let ExprKind::List(items) = &list.kind else { return Err(unsupported()) };
            let item = value(item)?;
            let mut found = false;
            for other in items {
                found |= compared(BinaryOp::Eq, &item, &value(other)?)?;
            }
            Some(found)
        }
        _ => return Err(unsupported()),
    })
}

/// A value: a literal, or a condition.
fn value(expr: &Expr) -> Result<Literal, Refusal> {
    match &expr.kind {
        ExprKind::Literal(literal) => Ok(literal.clone()),
        ExprKind::Unary(UnaryOp::Negate, inner) => match value(inner)? {
            Literal::Integer(number) => Ok(Literal::Decimal(["-", &number.to_string()].concat())),
            Literal::Decimal(text) => Ok(Literal::Decimal(["-", &text].concat())),
            Literal::Double(number) => Ok(Literal::Double(-number)),
            _ => Err(unsupported()),
        },
        _ => Ok(truth(expr)?.map_or(Literal::Null, Literal::Boolean)),
    }
}

/// A comparison: null is equal to null alone, and neither greater nor less.
fn compared(op: BinaryOp, a: &Literal, b: &Literal) -> Result<bool, Refusal> {
    use BinaryOp::{Eq, Ge, Gt, Le, Lt, Ne};
    if !matches!(op, Eq | Ne | Gt | Ge | Lt | Le) {
        return Err(unsupported());
    }
    if let (Literal::Null, _) | (_, Literal::Null) = (a, b) {
        let same = a == b;
        return Ok(if op == Eq { same } else { op == Ne && !same });
    }
    let order = order(a, b)?;
    Ok(match op {
        Eq => order == Some(Ordering::Equal),
        Ne => order != Some(Ordering::Equal),
        Gt => order == Some(Ordering::Greater),
        Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Lt => order == Some(Ordering::Less),
        _ => matches!(order, Some(Ordering::Less | Ordering::Equal)),
    })
}

/// How two values of one kind follow each other; none where one is no number.
fn order(a: &Literal, b: &Literal) -> Result<Option<Ordering>, Refusal> {
    use Literal as L;
    if let (Some(a), Some(b)) = (double(a), double(b))
        && (a.is_nan() || b.is_nan() || a.is_infinite() || b.is_infinite())
    {
        return Ok(a.partial_cmp(&b));
    }
    let order = match (a, b) {
        (L::Boolean(a), L::Boolean(b)) => Some(a.cmp(b)),
        (L::String(a), L::String(b)) | (L::Date(a), L::Date(b)) | (L::Guid(a), L::Guid(b)) => Some(a.cmp(b)),
        // A member is written with its type or without.
        (L::Enum { value: a, .. }, L::Enum { value: b, .. } | L::String(b))
        | (L::String(a), L::Enum { value: b, .. }) => Some(a.cmp(b)),
        (L::Binary(a), L::Binary(b)) => Some(a.cmp(b)),
        (L::TimeOfDay(a), L::TimeOfDay(b)) => {
            let written = |text: &str| {
                let mut written = String::new();
                if let Some(time) = Time::parse(text) {
                    time.write(&mut written);
                }
                written
            };
            Some(written(a).cmp(&written(b)))
        }
        (L::DateTimeOffset(a), L::DateTimeOffset(b)) => {
            let picos = |text: &str| Instant::parse(text).map(Instant::total_picos);
            Some(picos(a).cmp(&picos(b)))
        }
        (L::Duration(a), L::Duration(b)) => Some(parse_duration(a).cmp(&parse_duration(b))),
        _ => match (number(a), number(b)) {
            (Some(a), Some(b)) => Some(compare_decimals(&a, &b)),
            _ => return Err(wrong("The condition compares values of different types.")),
        },
    };
    Ok(order)
}

/// A number as digits.
fn number(literal: &Literal) -> Option<String> {
    match literal {
        Literal::Integer(number) => Some(number.to_string()),
        Literal::Decimal(text) => plain_decimal(text),
        _ => None,
    }
}

/// A number as a float, for those that digits cannot say.
fn double(literal: &Literal) -> Option<f64> {
    match literal {
        Literal::Double(number) => Some(*number),
        literal => number(literal)?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_or_do_not() {
        for (text, expected) in [
            ("true", Ok(true)),
            ("not false", Ok(true)),
            ("null", Ok(false)),
            ("not null", Ok(false)),
            ("null or true", Ok(true)),
            ("null and false", Ok(false)),
            ("1 eq 1.0", Ok(true)),
            ("1e2 gt 99", Ok(true)),
            ("-1 lt -0.5", Ok(true)),
            ("INF gt 5", Ok(true)),
            ("NaN eq NaN", Ok(false)),
            ("NaN ne 1", Ok(true)),
            ("'a' lt 'b' and 'a' ne 'A'", Ok(true)),
            ("null eq null", Ok(true)),
            ("null eq 1", Ok(false)),
            ("null ne 1", Ok(true)),
            ("null gt 1 or null le 1", Ok(false)),
            ("(1 gt 2) eq false", Ok(true)),
            ("2024-01-01 lt 2024-01-02", Ok(true)),
            ("2024-01-01T01:00:00%2B01:00 eq 2024-01-01T00:00:00Z", Ok(true)),
            ("12:00 eq 12:00:00.0", Ok(true)),
            ("duration'PT60S' eq duration'PT1M'", Ok(true)),
            ("2 in (1,2,3)", Ok(true)),
            ("'x' in ('y')", Ok(false)),
            ("A.Color'Red' eq 'Red'", Ok(true)),
            ("1 eq 'a'", Err(400)),
            ("'a'", Err(400)),
            ("1 eq", Err(400)),
            ("", Err(400)),
            ("A eq 1", Err(501)),
            ("length('a') eq 1", Err(501)),
            ("1 add 1 eq 2", Err(501)),
            ("1 in A", Err(501)),
        ] {
            let found = holds(text, &ParseOptions::default()).map_err(|refusal| refusal.status.as_u16());
            assert_eq!(found, expected, "{text}");
        }
    }
}
