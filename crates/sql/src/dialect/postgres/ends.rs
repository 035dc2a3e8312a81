//! The ends of time: what PostgreSQL has as infinity is served as the first and the last point in time.

use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::value::Value;

use super::{LAST as SENT_LAST, plain};
use crate::dialect::{Form, Operand};
use crate::tree::{Operator, Param, Sql};

/// The first and the last point in time and day that are served.
const FIRST: &str = "0001-01-01T00:00:00Z";
const LAST: &str = "9999-12-31T23:59:59.999999Z";
const FIRST_DAY: &str = "0001-01-01";
const LAST_DAY: &str = "9999-12-31";

/// A point in time, in the place of infinity that which it is served as.
pub(super) fn finite_moment(x: Sql) -> Sql {
    between(x.cast("timestamptz"), [FIRST, LAST].map(|end| Sql::Word(end).cast("timestamptz")))
}

/// The same of a day.
pub(super) fn finite_day(x: Sql) -> Sql {
    between(x.cast("date"), [FIRST_DAY, LAST_DAY].map(|end| Sql::Word(end).cast("date")))
}

/// A day, a point in time or a time of day that is computed with: not infinity.
pub(super) fn finite(operand: Operand) -> Sql {
    let (primitive, constant) = (operand.primitive, operand.form == Form::Constant);
    match (primitive, plain(operand)) {
        // Only the ends of time are sent as infinity.
        (Some(P::DateTimeOffset), x) if constant && !is_end(&x) => x.cast("timestamptz"),
        (Some(P::DateTimeOffset), x) => not_infinite(x, "timestamptz", [FIRST, LAST]),
        (Some(P::Date), x) if !constant => not_infinite(x, "date", [FIRST_DAY, LAST_DAY]),
        (_, x) => x,
    }
}

/// Whether it is an end of time, as a constant, that a column may hold beside infinity: the first point in time, which is sent as infinity, or
/// the first or last day.
pub(super) fn is_shared(operand: &Operand) -> bool {
    match &operand.sql {
        Sql::Param(Param { value: Value::DateTimeOffset(text), .. }) => is_first_text(text),
        Sql::Param(Param { value: Value::Date(text), .. }) => text == FIRST_DAY || text == LAST_DAY,
        _ => false,
    }
}

/// What a column holds where it is served as such an end, beside the constant itself.
pub(super) fn beside(operand: &Operand) -> Option<Sql> {
    match &operand.sql {
        _ if !is_shared(operand) => None,
        Sql::Param(Param { value: Value::Date(text), .. }) => {
            Some(Sql::Word(if text == LAST_DAY { "infinity" } else { "-infinity" }).cast("date"))
        }
        _ => Some(Sql::Word(FIRST).cast("timestamptz")),
    }
}

fn is_first_text(text: &str) -> bool {
    text == &FIRST[..FIRST.len() - 1]
}

/// A point in time or a day as what it is served as.
pub(super) fn told(operand: Operand) -> Sql {
    match operand.primitive {
        Some(P::DateTimeOffset) if is_shared(&operand) => Sql::Word(FIRST).cast("timestamptz"),
        _ => finite(operand),
    }
}

fn is_end(x: &Sql) -> bool {
    let Sql::Param(Param { value: Value::DateTimeOffset(text), .. }) = x else {
        return false;
    };
    text == SENT_LAST || is_first_text(text)
}

/// A value as it is, but these ends in the place of infinity.
fn not_infinite(x: Sql, ty: &'static str, [first, last]: [&'static str; 2]) -> Sql {
    let word = |word| Sql::Word(word).cast(ty);
    let is = |x: &Sql, end| Sql::binary(Operator::Eq, x.clone(), word(end));
    several(x.cast(ty), |x| {
        let known = Sql::IsNotNull(Box::new(x.clone()));
        Sql::Case(vec![(is(&x, "-infinity"), word(first)), (is(&x, "infinity"), word(last)), (known, x)])
    })
}

/// A value in these bounds, the nearer one of any other.
fn between(x: Sql, [least, greatest]: [Sql; 2]) -> Sql {
    several(x, |x| {
        let below = Sql::binary(Operator::Lt, x.clone(), least.clone());
        let above = Sql::binary(Operator::Gt, x.clone(), greatest.clone());
        let known = Sql::IsNotNull(Box::new(x.clone()));
        Sql::Case(vec![(below, least), (above, greatest), (known, x)])
    })
}

/// A point in time of a type that is in the years that there are. Any other is moved out of those that the server knows,
/// which is an error.
pub(super) fn in_years(x: Sql, ty: &'static str) -> Sql {
    let interval = |word| Sql::Word(word).cast("interval");
    let end = |word| Sql::Word(word).cast(ty);
    several(x.cast(ty), |x| {
        let below = Sql::binary(Operator::Lt, x.clone(), end(FIRST));
        let above = Sql::binary(Operator::Gt, x.clone(), end(LAST));
        let within = Sql::when(above, interval("290000 years"), interval("0"));
        // Named no more often than that, as the parameters of a statement are limited and each use has its own.
        Sql::binary(Operator::Add, x, Sql::when(below, interval("-10000 years"), within))
    })
}

/// What is made of a value that it names several times.
fn several(x: Sql, made: impl FnOnce(Sql) -> Sql) -> Sql {
    match &x {
        // It is read at once, which a select would not be.
        Sql::Cast(column, _) if matches!(**column, Sql::Column(..)) => made(x),
        // The planner knows it and can choose an index by it; it would know nothing of what a select gives.
        _ if is_known(&x) => made(x),
        _ => Sql::Let(vec![x], Box::new(made(Sql::Bound(0)))),
    }
}

/// Whether it is made of parameters alone, and of nothing that names one of them several times: written out again and again it would grow
/// with each operation.
fn is_known(x: &Sql) -> bool {
    match x {
        Sql::Param(_) => true,
        Sql::Cast(x, _) | Sql::Negate(x) => is_known(x),
        Sql::Binary(_, left, right) => is_known(left) && is_known(right),
        _ => false,
    }
}
