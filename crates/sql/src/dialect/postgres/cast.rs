//! `cast` in PostgreSQL: what cannot be cast is null (Part 2 section 5.1.1.10.1), where the server would fail.

use nextlink_odata::model::PrimitiveType as P;

use super::ends::{finite_day, finite_moment};
use super::{by_code_point, encoded, functions};
use crate::tree::{Operator, Sql};

/// Text that is a number; the server takes more.
const DOUBLE: &str = "^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$";
/// Below this a number is nearer to zero than to any other double, and above that to infinity.
const LEAST_DOUBLE: &str = "2.4703282292062328e-324";
const MOST_DOUBLE: &str = "1.797693134862315807e308";
const LEAST_SINGLE: &str = "7.006492321624085e-46";
const BEYOND_SINGLE: &str = "3.4028235677973366e38";
const DECIMAL: &str = "^[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]{1,2})?$";
const INTEGER: &str = "^[+-]?[0-9]{1,30}([.][0-9]*)?$";
const GUID: &str = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";
/// A day that there is: any other, such as 30 February, would end the statement.
const DATE: &str = "^(?!0000)([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|\
                    02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)$";
const TIME: &str = "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,12})?)?$";
/// What follows the day of a point in time.
const CLOCK: &str = "^.{10}[Tt]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,12})?)?([Zz]|[+-](0[0-9]|1[0-4]):[0-5][0-9])$";
/// Digits of a second that the server would round.
const FINER: &str = "(?<=[.][0-9]{6})[0-9]+";
/// The moments before the first and behind the last point in time that is served.
const BEFORE_ALL: &str = "0001-12-31T23:59:59.999999Z BC";
const BEHIND_ALL: &str = "10000-01-01T00:00:00Z";

/// A value of one type as one of another.
pub(super) fn cast(x: Sql, from: P, to: P) -> Sql {
    let number = from.is_numeric();
    match (from, to) {
        (P::Boolean, P::String) => by_code_point(x.cast("text")),
        (_, P::String) => by_code_point(text(x, from)),
        (P::String, P::Boolean) => words(functions::lower(x)),
        (_, P::Boolean) if number => {
            let is = |n: i64| Sql::binary(Operator::Eq, Sql::Bound(0), Sql::Integer(n));
            let case = Sql::Case(vec![(is(1), Sql::Keyword("true")), (is(0), Sql::Keyword("false"))]);
            Sql::Let(vec![x], Box::new(case))
        }
        (P::String, P::Double) => text_as_double(x),
        (P::String, P::Single) => single(text_as_double(x)),
        (_, P::Double) if number => x.cast("float8"),
        (_, P::Single) if number => single(x.cast("float8")),
        (P::String, P::Decimal) => {
            Sql::Let(vec![x], Box::new(Sql::Case(vec![like(DECIMAL, Sql::Bound(0).cast("numeric"))])))
        }
        (P::Double | P::Single, P::Decimal) => {
            let digits = Sql::Bound(0).cast("text").cast("numeric");
            Sql::Let(vec![x], Box::new(Sql::Case(vec![(finite(), digits)])))
        }
        (_, P::Decimal) if number => x.cast("numeric"),
        (P::String, to) if to.is_integer() => {
            let whole = Sql::Case(vec![like(INTEGER, Sql::Bound(0).cast("numeric"))]);
            ranged(Sql::Let(vec![x], Box::new(whole)), to)
        }
        (P::Double | P::Single, to) if to.is_integer() => {
            ranged(Sql::Let(vec![x], Box::new(whole_of_double())), to)
        }
        (_, to) if number && to.is_integer() => ranged(x.cast("numeric"), to),
        (P::DateTimeOffset, P::Date) => x.cast("date"),
        (P::DateTimeOffset, P::TimeOfDay) => finite_moment(x).cast("time"),
        (P::Date, P::DateTimeOffset) => x.cast("timestamptz"),
        (P::String, P::Guid) => {
            Sql::Let(vec![x], Box::new(Sql::Case(vec![like(GUID, Sql::Bound(0).cast("uuid"))])))
        }
        (P::String, P::TimeOfDay) => {
            let time = in_micros(Sql::Bound(0)).cast("time");
            Sql::Let(vec![x], Box::new(Sql::Case(vec![like(TIME, time)])))
        }
        (P::String, P::Date) => {
            Sql::Let(vec![x], Box::new(Sql::Case(vec![like(DATE, Sql::Bound(0).cast("date"))])))
        }
        (P::String, P::DateTimeOffset) => instant(x),
        (P::String, P::Duration) => encoded::duration(x, in_micros),
        (P::String, P::Binary) => encoded::binary(x),
        _ => Sql::Null,
    }
}

fn text(x: Sql, from: P) -> Sql {
    match from {
        P::Decimal => Sql::call("trim_scale", [x.cast("numeric")]).cast("text"),
        P::Double | P::Single => {
            let zero = Sql::binary(Operator::Eq, Sql::Bound(0), Sql::Word("0").cast("float8"));
            // There is one that is negative, too.
            let mut cases = vec![(zero, Sql::Word("0"))];
            for (name, word) in [("Infinity", "INF"), ("-Infinity", "-INF")] {
                let is = Sql::binary(Operator::Eq, Sql::Bound(0), Sql::Word(name).cast("float8"));
                cases.push((is, Sql::Word(word)));
            }
            // An exponent has no plus sign, and no zero in front.
            let digits = [("e+", "e"), ("e-0", "e-")]
                .into_iter()
                .fold(Sql::Bound(0).cast("text"), |text, (from, to)| {
                    Sql::call("replace", [text, Sql::Word(from), Sql::Word(to)])
                });
            // JSON has zeros where the server begins to write exponents.
            let small = r"^(-?)(\d)[.]?(\d*)e-5$";
            let digits = Sql::call("regexp_replace", [digits, Sql::Word(small), Sql::Word(r"\10.0000\2\3")]);
            cases.push((Sql::IsNotNull(Box::new(Sql::Bound(0))), digits));
            Sql::Let(vec![x], Box::new(Sql::Case(cases)))
        }
        P::DateTimeOffset => {
            let utc = Sql::call("timezone", [Sql::Word("UTC"), finite_moment(x)]).cast("text");
            let iso = Sql::call("replace", [utc, Sql::Word(" "), Sql::Word("T")]);
            Sql::binary(Operator::Concat, iso, Sql::Word("Z"))
        }
        P::Date => finite_day(x).cast("text"),
        P::Binary => encoded::binary_text(x),
        P::Duration => encoded::duration_text(x),
        _ => x.cast("text"),
    }
}

/// Text as a point in time, where it is one.
fn instant(x: Sql) -> Sql {
    let day =
        Sql::binary(Operator::Matches, Sql::call("left", [Sql::Bound(0), Sql::Integer(10)]), Sql::Word(DATE));
    let (clock, moment) = like(CLOCK, in_micros(Sql::Bound(0)).cast("timestamptz"));
    let moment =
        Sql::Let(vec![x], Box::new(Sql::Case(vec![(Sql::binary(Operator::And, day, clock), moment)])));
    // An offset may lead out of the years that there are.
    let end = |word| Sql::Word(word).cast("timestamptz");
    let clipped = Sql::call("greatest", [moment, end(BEFORE_ALL)]);
    let clipped = Sql::call("least", [clipped, end(BEHIND_ALL)]);
    Sql::call("nullif", [Sql::call("nullif", [clipped, end(BEFORE_ALL)]), end(BEHIND_ALL)])
}

/// Text that ends with a time, without the digits of a second behind the sixth.
fn in_micros(text: Sql) -> Sql {
    Sql::call("regexp_replace", [text, Sql::Word(FINER), Sql::Word("")])
}

/// A value where the text has this form.
fn like(pattern: &'static str, value: Sql) -> (Sql, Sql) {
    (Sql::binary(Operator::Matches, Sql::Bound(0), Sql::Word(pattern)), value)
}

fn infinities(other: (Sql, Sql)) -> Vec<(Sql, Sql)> {
    let mut cases = Vec::with_capacity(4);
    for (word, name) in [("INF", "Infinity"), ("-INF", "-Infinity"), ("NaN", "NaN")] {
        let is = Sql::binary(Operator::Eq, Sql::Bound(0), Sql::Word(word));
        cases.push((is, Sql::Word(name).cast("float8")));
    }
    cases.push(other);
    cases
}

/// Digits as a double; null where they are too large for one, which would end the statement, as would too small ones.
fn double(digits: Sql) -> Sql {
    let magnitude = || Sql::call("abs", [Sql::Bound(0)]);
    let small = Sql::binary(Operator::Lt, magnitude(), Sql::Keyword(LEAST_DOUBLE));
    let fits = Sql::binary(Operator::Le, magnitude(), Sql::Keyword(MOST_DOUBLE));
    let case = Sql::Case(vec![(small, Sql::Integer(0).cast("float8")), (fits, Sql::Bound(0).cast("float8"))]);
    Sql::Let(vec![digits.cast("numeric")], Box::new(case))
}

fn text_as_double(x: Sql) -> Sql {
    Sql::Let(vec![x], Box::new(Sql::Case(infinities(like(DOUBLE, double(Sql::Bound(0)))))))
}

/// A double as a binary32, in the same way.
fn single(x: Sql) -> Sql {
    let magnitude = || Sql::call("abs", [Sql::Bound(0)]);
    let bound = |word| Sql::Keyword(word).cast("float8");
    let small = Sql::binary(Operator::Lt, magnitude(), bound(LEAST_SINGLE));
    let fits = Sql::binary(Operator::Lt, magnitude(), bound(BEYOND_SINGLE));
    let value = || Sql::Bound(0).cast("float4");
    let case = Sql::Case(vec![
        (Sql::Not(Box::new(finite())), value()),
        (small, Sql::Integer(0).cast("float4")),
        (fits, value()),
    ]);
    Sql::Let(vec![x], Box::new(case))
}

fn finite() -> Sql {
    let special = ["NaN", "Infinity", "-Infinity"].map(|word| Sql::Word(word).cast("float8"));
    Sql::Not(Box::new(Sql::In(Box::new(Sql::Bound(0)), special.to_vec())))
}

/// A double without its fraction as a decimal, where 64 bits hold it. The server would make a decimal of its first 15 digits.
fn whole_of_double() -> Sql {
    let bound = |word| Sql::Word(word).cast("float8");
    let fits = Sql::binary(
        Operator::And,
        Sql::binary(Operator::Ge, Sql::Bound(0), bound("-9223372036854775808")),
        Sql::binary(Operator::Lt, Sql::Bound(0), bound("9223372036854775808")),
    );
    Sql::Case(vec![(fits, Sql::call("trunc", [Sql::Bound(0)]).cast("int8").cast("numeric"))])
}

fn words(x: Sql) -> Sql {
    let is = |a, b| Sql::In(Box::new(by_code_point(Sql::Bound(0))), vec![Sql::Word(a), Sql::Word(b)]);
    let case =
        Sql::Case(vec![(is("true", "1"), Sql::Keyword("true")), (is("false", "0"), Sql::Keyword("false"))]);
    Sql::Let(vec![x], Box::new(case))
}

/// A decimal without its fraction, where the integer type holds it.
fn ranged(x: Sql, to: P) -> Sql {
    let (least, greatest) = match to {
        P::Byte => ("0", "255"),
        P::SByte => ("-128", "127"),
        P::Int16 => ("-32768", "32767"),
        P::Int32 => ("-2147483648", "2147483647"),
        _ => ("-9223372036854775808", "9223372036854775807"),
    };
    let bound = |word| Sql::Word(word).cast("numeric");
    let fits = Sql::binary(
        Operator::And,
        Sql::binary(Operator::Ge, Sql::Bound(0), bound(least)),
        Sql::binary(Operator::Le, Sql::Bound(0), bound(greatest)),
    );
    let case = Sql::Case(vec![(fits, Sql::Bound(0).cast("int8"))]);
    Sql::Let(vec![Sql::call("trunc", [x])], Box::new(case))
}
