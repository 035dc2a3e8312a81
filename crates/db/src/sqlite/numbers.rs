//! Exact arithmetic for SQLite: decimals as text of digits, integers that refuse to overflow.

use nextlink_odata::decimal::{compare_decimals, is_decimal, plain_decimal};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error};
use rust_decimal::{Decimal, RoundingStrategy};

use super::cells::real_text;
use crate::error::EXPRESSION;

/// Functions that give the same for the same arguments and touch nothing else.
pub const PURE: FunctionFlags = FunctionFlags::SQLITE_UTF8
    .union(FunctionFlags::SQLITE_DETERMINISTIC)
    .union(FunctionFlags::SQLITE_INNOCUOUS);

/// A failure that is about the request.
pub fn refuse(message: &str) -> Error {
    Error::UserFunctionError([EXPRESSION, message].concat().into())
}

/// Whether any argument is null; the result is null then.
pub fn any_null(cx: &Context<'_>) -> bool {
    (0..cx.len()).any(|i| matches!(cx.get_raw(i), ValueRef::Null))
}

/// An argument as decimal digits; nothing where it is no finite number.
fn digits(cx: &Context<'_>, index: usize) -> Result<Option<String>, Error> {
    let text = match cx.get_raw(index) {
        ValueRef::Integer(i) => i.to_string(),
        ValueRef::Real(r) if r.is_finite() => real_text(r),
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ValueRef::Real(_) | ValueRef::Null | ValueRef::Blob(_) => return Ok(None),
    };
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    if !is_decimal(mantissa) {
        return Ok(None);
    }
    let digits = plain_decimal(&text).ok_or_else(|| refuse("a number is too large for Edm.Decimal"))?;
    Ok(Some(digits))
}

/// An argument as a decimal; nothing where it is no finite number.
pub fn decimal(cx: &Context<'_>, index: usize) -> Result<Option<Decimal>, Error> {
    let Some(digits) = digits(cx, index)? else {
        return Ok(None);
    };
    let long = |_| refuse("a number has more digits than Edm.Decimal arithmetic can hold");
    digits.parse().map(Some).map_err(long)
}

/// An argument as a whole number; nothing where it is none.
pub fn integer(cx: &Context<'_>, index: usize) -> Option<i64> {
    match cx.get_raw(index) {
        ValueRef::Integer(i) => Some(i),
        ValueRef::Real(r) if r.fract() == 0.0 && r.abs() <= EXACT_REALS => Some(r as i64),
        _ => None,
    }
}

/// Up to here every whole number is a double: 2^53.
const EXACT_REALS: f64 = 9_007_199_254_740_992.0;

fn double(cx: &Context<'_>, index: usize) -> Option<f64> {
    match cx.get_raw(index) {
        ValueRef::Integer(i) => Some(i as f64),
        ValueRef::Real(r) => Some(r),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().and_then(|t| t.parse().ok()),
        ValueRef::Null | ValueRef::Blob(_) => None,
    }
}

/// Digits behind the point of a quotient, and of seconds that are divided or multiplied, as other databases have them.
const QUOTIENT_DIGITS: u32 = 16;
const SECOND_DIGITS: u32 = 6;

type DecimalOperation = fn(Decimal, Decimal) -> Option<Decimal>;
type IntegerOperation = fn(i64, i64) -> Option<i64>;
type DoubleOperation = fn(f64, f64) -> f64;
type Rounding = fn(f64) -> f64;

/// Registers the functions and the collation. A value that is no number, which a column of SQLite can hold all the
/// same, gives null.
pub fn register(connection: &Connection) -> Result<(), Error> {
    connection.create_collation("nl_decimal", compare_decimals)?;
    let decimals: [(&str, DecimalOperation); 7] = [
        ("nl_decimal_add", Decimal::checked_add),
        ("nl_decimal_sub", Decimal::checked_sub),
        ("nl_decimal_mul", Decimal::checked_mul),
        ("nl_decimal_div", |a, b| Some(rounded(a.checked_div(b)?, QUOTIENT_DIGITS))),
        ("nl_duration_mul", |a, b| Some(rounded(a.checked_mul(b)?, SECOND_DIGITS))),
        ("nl_duration_div", |a, b| Some(rounded(a.checked_div(b)?, SECOND_DIGITS))),
        ("nl_decimal_mod", Decimal::checked_rem),
    ];
    for (name, operation) in decimals {
        connection.create_scalar_function(name, 2, PURE, move |cx| {
            let (Some(left), Some(right)) = (decimal(cx, 0)?, decimal(cx, 1)?) else {
                return Ok(None);
            };
            let result = operation(left, right);
            let result = result.ok_or_else(|| refuse("a decimal operation overflows or divides by zero"))?;
            Ok(Some(result.normalize().to_string()))
        })?;
    }
    let integers: [(&str, IntegerOperation); 5] = [
        ("nl_integer_add", i64::checked_add),
        ("nl_integer_sub", i64::checked_sub),
        ("nl_integer_mul", i64::checked_mul),
        ("nl_integer_div", i64::checked_div),
        ("nl_integer_mod", i64::checked_rem),
    ];
    for (name, operation) in integers {
        connection.create_scalar_function(name, 2, PURE, move |cx| {
            let (Some(left), Some(right)) = (integer(cx, 0), integer(cx, 1)) else {
                return Ok(None);
            };
            let result = operation(left, right);
            Ok(Some(result.ok_or_else(|| refuse("an integer operation overflows or divides by zero"))?))
        })?;
    }
    rounding(connection)?;
    connection.create_scalar_function("nl_digits", 1, PURE, |cx| digits(cx, 0))?;
    connection.create_scalar_function("nl_double", 1, PURE, |cx| Ok(double(cx, 0)))?;
    let doubles: [(&str, DoubleOperation); 2] = [("nl_div", |a, b| a / b), ("nl_mod", |a, b| a % b)];
    for (name, operation) in doubles {
        connection.create_scalar_function(name, 2, PURE, move |cx| {
            Ok(double(cx, 0).zip(double(cx, 1)).map(|(a, b)| operation(a, b)))
        })?;
    }
    Ok(())
}

fn rounded(number: Decimal, digits: u32) -> Decimal {
    number.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero)
}

/// `round` is half away from zero (Part 2 section 5.1.1.9.1).
fn rounding(connection: &Connection) -> Result<(), Error> {
    let strategies = [
        ("nl_decimal_round", RoundingStrategy::MidpointAwayFromZero),
        ("nl_decimal_floor", RoundingStrategy::ToNegativeInfinity),
        ("nl_decimal_ceiling", RoundingStrategy::ToPositiveInfinity),
    ];
    for (name, strategy) in strategies {
        connection.create_scalar_function(name, 1, PURE, move |cx| {
            let rounded = decimal(cx, 0)?.map(|d| d.round_dp_with_strategy(0, strategy).normalize());
            Ok(rounded.map(|d| d.to_string()))
        })?;
    }
    let doubles: [(&str, Rounding); 3] =
        [("nl_round", f64::round), ("nl_floor", f64::floor), ("nl_ceiling", f64::ceil)];
    for (name, operation) in doubles {
        connection.create_scalar_function(name, 1, PURE, move |cx| {
            Ok(match cx.get_raw(0) {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(i) => Value::Integer(i),
                _ => double(cx, 0).map_or(Value::Null, |d| Value::Real(operation(d))),
            })
        })?;
    }
    Ok(())
}
