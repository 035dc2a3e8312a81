//! Arithmetic of MySQL and MariaDB. A divisor of zero, which gives null there, is made to overflow, which is an error.

use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::query::Arithmetic;
use nextlink_odata::value::Value;

use super::operand::{between, difference, is_short, micros_between, plain, seconds};
use crate::dialect::{Operand, QUOTIENT_DIGITS, SECOND_DIGITS};
use crate::tree::{Operator, Param, Sql};

/// The first point in time, and microseconds from there to the last.
const FIRST: &str = "0001-01-01";
const LAST_MICRO: i64 = 315_537_897_599_999_999;

/// Arithmetic with a result of the given type, or what there is not.
pub(super) fn arithmetic(
    op: Arithmetic,
    left: Operand,
    right: Operand,
    result: P,
) -> Result<Sql, &'static str> {
    match result {
        p if p.is_integer() && op == Arithmetic::Sub => Ok(difference(plain(left), plain(right))),
        p if p.is_integer() => {
            let (left, right) = (plain(left).cast("SIGNED"), plain(right).cast("SIGNED"));
            let operator = if divides(op) { Operator::IntegerDiv } else { Operator::from(op) };
            guarded(op, operator, left, right)
        }
        P::Double | P::Single => {
            guarded(op, Operator::from(op), plain(left).cast("DOUBLE"), plain(right).cast("DOUBLE"))
        }
        P::Decimal => {
            let number = guarded(op, Operator::from(op), plain(left), plain(right))?;
            Ok(if divides(op) { rounded(number, QUOTIENT_DIGITS) } else { number })
        }
        P::Duration => duration(op, left, right),
        P::Date | P::DateTimeOffset => moved(op, left, right, result),
        _ => Err("This arithmetic"),
    }
}

fn divides(op: Arithmetic) -> bool {
    matches!(op, Arithmetic::Div | Arithmetic::DivBy)
}

/// The divisor is written twice.
fn guarded(op: Arithmetic, operator: Operator, left: Sql, right: Sql) -> Result<Sql, &'static str> {
    let quotient = Sql::binary(operator, left, right.clone());
    if !(divides(op) || op == Arithmetic::Mod) || is_other_than_zero(&right) {
        return Ok(quotient);
    }
    if !is_short(&right) {
        return Err("A division by so long an expression");
    }
    let zero = Sql::binary(Operator::Eq, right, Sql::Integer(0));
    let overflow = Sql::binary(Operator::Add, Sql::Integer(i64::MAX), zero.clone());
    Ok(Sql::when(zero, overflow, quotient))
}

fn is_other_than_zero(sql: &Sql) -> bool {
    match sql {
        Sql::Cast(inner, _) => is_other_than_zero(inner),
        Sql::Param(Param { value: Value::Integer(i), .. }) => *i != 0,
        Sql::Param(Param { value: Value::Double(d), .. }) => *d != 0.0,
        Sql::Param(Param { value: Value::Decimal(d), .. }) => d.bytes().any(|b| matches!(b, b'1'..=b'9')),
        _ => false,
    }
}

fn duration(op: Arithmetic, left: Operand, right: Operand) -> Result<Sql, &'static str> {
    let is_duration = |operand: &Operand| operand.primitive == Some(P::Duration);
    if op == Arithmetic::Sub && !is_duration(&left) {
        return Ok(between(plain(right), plain(left)));
    }
    let number = |operand: Operand| if is_duration(&operand) { seconds(operand) } else { plain(operand) };
    let changed = guarded(op, Operator::from(op), number(left), number(right))?;
    let scaled = divides(op) || op == Arithmetic::Mul;
    Ok(if scaled { rounded(changed, SECOND_DIGITS) } else { changed })
}

fn rounded(number: Sql, digits: i64) -> Sql {
    Sql::call("ROUND", [number, Sql::Integer(digits)])
}

/// A point in time or a date, and a duration.
fn moved(op: Arithmetic, left: Operand, right: Operand, result: P) -> Result<Sql, &'static str> {
    let (moment, by) = if left.primitive == Some(P::Duration) { (right, left) } else { (left, right) };
    let micros = Sql::binary(Operator::Mul, seconds(by), Sql::Integer(1_000_000)).cast("SIGNED");
    let micros = match op {
        Arithmetic::Add => micros,
        Arithmetic::Sub => Sql::Negate(Box::new(micros)),
        _ => return Err("This arithmetic"),
    };
    let sum = since_first(plain(moment).cast("DATETIME(6)"), micros);
    Ok(if result == P::Date { sum.cast("DATE") } else { sum })
}

/// So many microseconds behind a point in time. Beyond the years that there are the server would give null; the number of
/// microseconds since the first of them is made to overflow there.
fn since_first(at: Sql, micros: Sql) -> Sql {
    let first = || Sql::Word(FIRST).cast("DATETIME(6)");
    let number = |n: i64| Sql::Integer(n);
    let since = Sql::binary(Operator::Add, micros_between(first(), at), micros);
    // Below zero this is less than any integer, …
    let below = Sql::binary(Operator::Sub, Sql::binary(Operator::Sub, since, number(i64::MAX)), number(1));
    // … and behind the last it is more.
    let again = Sql::binary(Operator::Add, below, number(i64::MAX));
    let above = Sql::binary(Operator::Add, again, number(i64::MAX - LAST_MICRO + 1));
    let since = Sql::binary(Operator::Sub, above, number(i64::MAX - LAST_MICRO));
    Sql::call("TIMESTAMPADD", [Sql::Keyword("MICROSECOND"), since, first()])
}
