//! Operands as MySQL and MariaDB compute with them.

use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::temporal::{PICOS, parse_seconds};
use nextlink_odata::value::Value;

use crate::catalog::{NativeType, Storage};
use crate::dialect::{Form, Operand};
use crate::tree::{Operator, Param, ParamForm, Sql};

/// Text of any script.
pub(super) const TO_TEXT: &str = "CHAR CHARACTER SET utf8mb4";
/// A decimal that holds any integer.
pub(super) const INTEGER_DECIMAL: &str = "DECIMAL(20,0)";
/// Picoseconds of the longest time of the type TIME.
const LONGEST_TIME: i128 = (839 * 3600 * 1_000_000 - 1) * (PICOS as i128 / 1_000_000);
/// Where durations are counted from.
const EPOCH: &str = "2000-01-01";
/// Parts of an expression that is written twice. Each such one in another doubles them.
const MOST_PARTS: usize = 400;

pub(super) fn is_null(operand: &Operand) -> bool {
    matches!(operand.sql, Sql::Null)
}

pub(super) fn null(primitive: P) -> Operand {
    Operand::constant(Sql::Null, Some(primitive), true)
}

pub(super) fn string_param(text: String) -> Sql {
    Sql::Param(Param { value: Value::String(text), form: ParamForm::Native })
}

/// A column without the collation put around it, and the character set that has it.
pub(super) fn bare(sql: Sql) -> Sql {
    match sql {
        Sql::Collate(inner, collation) => match *inner {
            Sql::Cast(column, _) if matches!(*column, Sql::Column(..)) => *column,
            Sql::Column(..) => *inner,
            _ => Sql::Collate(inner, collation),
        },
        other => other,
    }
}

/// A constant that an unsigned integer of 64 bits holds.
pub(super) fn is_unsigned(operand: &Operand) -> bool {
    match &operand.sql {
        Sql::Param(Param { value: Value::Integer(i), .. }) => *i >= 0,
        Sql::Param(Param { value: Value::Decimal(digits), .. }) => digits.parse::<u64>().is_ok(),
        _ => false,
    }
}

/// A duration that the type TIME holds.
pub(super) fn is_time(operand: &Operand) -> bool {
    let Sql::Param(Param { value: Value::Duration(seconds), .. }) = &operand.sql else {
        return false;
    };
    parse_seconds(seconds).is_some_and(|picos| picos.abs() <= LONGEST_TIME)
}

/// The operand as functions and operators take it.
pub(super) fn plain(operand: Operand) -> Sql {
    match (operand.form, operand.primitive) {
        // Any number but zero is true.
        (Form::Column(_), Some(P::Boolean)) => Sql::binary(Operator::Ne, operand.sql, Sql::Integer(0)),
        (Form::Column(Storage::Text), _) => bare(operand.sql).cast(TO_TEXT),
        // What is no date becomes null.
        _ if may_be_zero(&operand) => later("DAY", 0, operand.sql),
        _ => operand.sql,
    }
}

/// A date or point in time so many units of time later. What is no date becomes null.
pub(super) fn later(unit: &'static str, count: i64, sql: Sql) -> Sql {
    Sql::call("TIMESTAMPADD", [Sql::Keyword(unit), Sql::Integer(count), sql])
}

/// Whether an operand may hold zeros in the place of a date, which are served as null; where null is no value, they are
/// an error.
pub(super) fn may_be_zero(operand: &Operand) -> bool {
    operand.nullable
        && operand.native != NativeType::Dates
        && matches!(operand.form, Form::Column(_))
        && matches!(operand.primitive, Some(P::Date | P::DateTimeOffset))
}

/// The difference of two integers: MariaDB does not notice that zero less the least integer is out of range, but
/// that a decimal is.
pub(super) fn difference(left: Sql, right: Sql) -> Sql {
    let difference = Sql::binary(Operator::Sub, left.cast(INTEGER_DECIMAL), right.cast(INTEGER_DECIMAL));
    Sql::binary(Operator::IntegerDiv, difference, Sql::Integer(1))
}

/// A duration as seconds with their fraction.
pub(super) fn seconds(operand: Operand) -> Sql {
    match (operand.form, operand.sql) {
        (Form::Exact, sql) => sql,
        (_, Sql::Param(Param { value: Value::Duration(seconds), form })) => {
            Sql::Param(Param { value: Value::Decimal(seconds), form })
        }
        (_, sql) => {
            let epoch = || Sql::Word(EPOCH).cast("DATETIME(6)");
            between(epoch(), Sql::call("ADDTIME", [epoch(), sql]))
        }
    }
}

/// Seconds with their fraction from one point in time to another.
pub(super) fn between(from: Sql, to: Sql) -> Sql {
    Sql::binary(Operator::Mul, micros_between(from, to), Sql::Keyword("0.000001"))
}

/// Microseconds from one point in time to another.
pub(super) fn micros_between(from: Sql, to: Sql) -> Sql {
    Sql::call("TIMESTAMPDIFF", [Sql::Keyword("MICROSECOND"), from, to])
}

/// Whether an expression may be written twice: it is short, and has no select.
pub(super) fn is_short(sql: &Sql) -> bool {
    parts(sql).is_some_and(|parts| parts <= MOST_PARTS)
}

/// How many parts an expression has; none of one with a select.
fn parts(sql: &Sql) -> Option<usize> {
    let all = |items: &mut dyn Iterator<Item = &Sql>| items.map(parts).sum::<Option<usize>>();
    let inside = match sql {
        Sql::Scalar(_)
        | Sql::Told(_)
        | Sql::Array(_)
        | Sql::JsonNumbers(_)
        | Sql::Exists(_)
        | Sql::Let(..)
        | Sql::LetNumber(..) => return None,
        Sql::Binary(_, left, right) => parts(left)? + parts(right)?,
        Sql::Not(inner)
        | Sql::Negate(inner)
        | Sql::IsNull(inner)
        | Sql::IsNotNull(inner)
        | Sql::IsTrue(inner)
        | Sql::IsNotTrue(inner)
        | Sql::Collate(inner, _)
        | Sql::Distinct(inner)
        | Sql::Over(inner, ..)
        | Sql::Member(inner, _)
        | Sql::Cast(inner, _) => parts(inner)?,
        Sql::In(inner, items) => parts(inner)? + all(&mut items.iter())?,
        Sql::Call(_, args) => all(&mut args.iter())?,
        Sql::Case(pairs) => all(&mut pairs.iter().flat_map(|(a, b)| [a, b]))?,
        _ => 0,
    };
    Some(inside + 1)
}
