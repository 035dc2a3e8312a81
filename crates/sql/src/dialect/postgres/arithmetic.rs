//! Arithmetic of PostgreSQL: integers and decimals refuse to overflow, doubles follow IEEE 754.

use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::query::Arithmetic;

use super::{ends, functions, plain};
use crate::dialect::{Operand, QUOTIENT_DIGITS, SECOND_DIGITS};
use crate::tree::{Operator, Sql};

/// A quotient has at least so many digits behind the point.
const QUOTIENT: &str = "1.0000000000000000000000000000";

/// The greatest and the least double that 64 bits hold as an integer, but for one.
const GREATEST_WHOLE: &str = "9223372036854774784";
const LEAST_WHOLE: &str = "-9223372036854774784";
/// 2 to the power of 62, the same with a minus, and of -62.
const PARTS: &str = "4611686018427387904";
const LEAST_PARTS: &str = "-4611686018427387904";
const PART: &str = "0.00000000000000000021684043449710088680149056017398834228515625";

/// Arithmetic with a result of the given type; none where there is no such.
pub(super) fn arithmetic(op: Arithmetic, left: Operand, right: Operand, result: P) -> Option<Sql> {
    if result.is_integer() {
        let (left, right) = (plain(left).cast("int8"), plain(right).cast("int8"));
        return Some(Sql::binary(Operator::from(op), left, right));
    }
    match result {
        P::Double | P::Single => {
            let (left, right) = (plain(left).cast("float8"), plain(right).cast("float8"));
            Some(double(op, left, right))
        }
        P::Decimal => {
            let (left, right) = (plain(left).cast("numeric"), plain(right).cast("numeric"));
            let quotient = matches!(op, Arithmetic::Div | Arithmetic::DivBy);
            let long = |left| Sql::binary(Operator::Mul, left, Sql::Keyword(QUOTIENT));
            if !quotient {
                return Some(Sql::binary(Operator::from(op), left, right));
            }
            Some(rounded(Sql::binary(Operator::from(op), long(left), right), QUOTIENT_DIGITS))
        }
        P::Duration => duration(op, left, right),
        P::Date | P::DateTimeOffset => moved(op, left, right, result),
        _ => None,
    }
}

/// The server refuses a divisor of zero, and has no remainder of doubles.
fn double(op: Arithmetic, left: Sql, right: Sql) -> Sql {
    if matches!(op, Arithmetic::Add | Arithmetic::Sub | Arithmetic::Mul) {
        return Sql::binary(Operator::from(op), left, right);
    }
    let (a, b) = (Sql::Bound(0), Sql::Bound(1));
    let zero = || Sql::Integer(0).cast("float8");
    let special = |word: &'static str| Sql::Word(word).cast("float8");
    let is = |op, x: &Sql, y: Sql| Sql::binary(op, x.clone(), y);
    let quotient = || Sql::binary(Operator::Div, a.clone(), b.clone());
    let divides = is(Operator::Ne, &b, zero());
    let body = if op == Arithmetic::Mod {
        let both = Sql::binary(Operator::And, is_exact(&a), is_exact(&b));
        // Where the divisor is a constant, the server divides by it before it looks at the condition.
        let divisor = Sql::call("nullif", [exact(&b), Sql::Integer(0).cast("numeric")]);
        let exact = Sql::binary(Operator::Mod, exact(&a), divisor).cast("float8");
        let whole = Sql::call("trunc", [quotient()]);
        let rest = Sql::binary(Operator::Sub, a.clone(), Sql::binary(Operator::Mul, b.clone(), whole));
        Sql::Case(vec![(both, exact), (divides, rest), (Sql::IsNotNull(Box::new(a)), special("NaN"))])
    } else {
        let undefined =
            Sql::binary(Operator::Or, is(Operator::Eq, &a, zero()), is(Operator::Eq, &a, special("NaN")));
        Sql::Case(vec![
            (divides, quotient()),
            (undefined, special("NaN")),
            (is(Operator::Gt, &a, zero()), special("Infinity")),
            (is(Operator::Lt, &a, zero()), special("-Infinity")),
        ])
    };
    // Nothing divided, or divided by nothing, is nothing.
    let known = Sql::binary(
        Operator::And,
        Sql::IsNotNull(Box::new(Sql::Bound(0))),
        Sql::IsNotNull(Box::new(Sql::Bound(1))),
    );
    Sql::Let(vec![left, right], Box::new(Sql::Case(vec![(known, body)])))
}

/// Whether all binary digits of a double stand between 2 to the power of 63 and of -62.
fn is_exact(x: &Sql) -> Sql {
    let magnitude = || Sql::call("abs", [x.clone()]);
    Sql::binary(
        Operator::And,
        Sql::binary(Operator::Ge, magnitude(), Sql::Word("0.0009765625").cast("float8")),
        Sql::binary(Operator::Le, magnitude(), Sql::Word(GREATEST_WHOLE).cast("float8")),
    )
}

/// Such a double as a decimal with the same value; the server would make one of its first 15 digits. Of others it is any decimal.
fn exact(x: &Sql) -> Sql {
    let within = |x: Sql, least, greatest| {
        let most = Sql::call("least", [x, Sql::Word(greatest).cast("float8")]);
        Sql::call("greatest", [most, Sql::Word(least).cast("float8")]).cast("int8").cast("numeric")
    };
    let whole = Sql::call("trunc", [x.clone()]);
    let fraction = Sql::binary(Operator::Sub, x.clone(), whole.clone());
    let parts = Sql::binary(Operator::Mul, fraction, Sql::Word(PARTS).cast("float8"));
    let parts =
        Sql::binary(Operator::Mul, within(parts, LEAST_PARTS, PARTS), Sql::Word(PART).cast("numeric"));
    Sql::binary(Operator::Add, within(whole, LEAST_WHOLE, GREATEST_WHOLE), parts)
}

fn duration(op: Arithmetic, left: Operand, right: Operand) -> Option<Sql> {
    let is = |operand: &Operand, p| operand.primitive == Some(p);
    let number = |operand: &Operand| operand.primitive.is_some_and(P::is_numeric);
    // The server does not subtract infinity, and the difference of two dates would be a number of days.
    let moment = |operand: Operand| {
        let date = is(&operand, P::Date);
        let finite = ends::finite(operand);
        if date { finite.cast("timestamp") } else { finite }
    };
    Some(match op {
        Arithmetic::Sub if !is(&left, P::Duration) => Sql::binary(Operator::Sub, moment(left), moment(right)),
        Arithmetic::Add | Arithmetic::Sub => Sql::binary(Operator::from(op), plain(left), plain(right)),
        Arithmetic::Mul if number(&left) => scaled(op, right, left),
        Arithmetic::Mul | Arithmetic::Div | Arithmetic::DivBy if number(&right) => scaled(op, left, right),
        _ => return None,
    })
}

/// A duration times a number, or divided by it. The server does so for days and seconds apart, and rounds twice.
fn scaled(op: Arithmetic, duration: Operand, number: Operand) -> Sql {
    let double = matches!(number.primitive, Some(P::Double | P::Single));
    let factor = plain(number);
    let factor = if double { factor.cast("text") } else { factor }.cast("numeric");
    let seconds = functions::total_seconds(plain(duration));
    let seconds = if op == Arithmetic::Mul {
        Sql::binary(Operator::Mul, seconds, factor)
    } else {
        Sql::binary(Operator::Div, Sql::binary(Operator::Mul, seconds, Sql::Keyword(QUOTIENT)), factor)
    };
    // A multiple of an interval would be counted as a double.
    let seconds = rounded(seconds, SECOND_DIGITS).cast("text");
    Sql::binary(Operator::Concat, seconds, Sql::Word(" seconds")).cast("interval")
}

fn rounded(number: Sql, digits: i64) -> Sql {
    Sql::call("round", [number, Sql::Integer(digits).cast("int4")])
}

/// A point in time or a date, and a duration.
fn moved(op: Arithmetic, left: Operand, right: Operand, result: P) -> Option<Sql> {
    let sum = Sql::binary(
        match op {
            Arithmetic::Add => Operator::Add,
            Arithmetic::Sub => Operator::Sub,
            _ => return None,
        },
        ends::finite(left),
        plain(right),
    );
    Some(if result == P::Date {
        ends::in_years(sum, "timestamp").cast("date")
    } else {
        ends::in_years(sum, "timestamptz")
    })
}
