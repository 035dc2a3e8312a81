//! Canonical functions in PostgreSQL: text in characters and in all scripts, parts of dates, rounding.

use nextlink_odata::model::{PrimitiveType as P, Space};
use nextlink_odata::query::Function;
use nextlink_odata::value::Value;

use super::{UNICODE, bare, ends, plain, string_param};
use crate::dialect::pattern::{POSTGRES, spell};
use crate::dialect::{Form, Operand};
use crate::text::{WHITE_SPACE, like_pattern};
use crate::tree::{Operator, Param, Sql};

/// Greatest length that functions of text take.
const LONGEST: i64 = i32::MAX as i64;

/// A canonical function of arguments that are not null, or what there is not.
pub(super) fn call(function: Function, args: Vec<Operand>, result: P) -> Result<Sql, &'static str> {
    match args.as_slice() {
        [text, pattern] if function == Function::MatchesPattern => matches(text.clone(), pattern.clone()),
        _ => simple(function, args, result).ok_or("This function"),
    }
}

/// A function that is there for all arguments of its types.
fn simple(function: Function, args: Vec<Operand>, result: P) -> Option<Sql> {
    let geo = match function {
        Function::GeoDistance => Some("ST_Distance"),
        Function::GeoIntersects => Some("ST_Intersects"),
        Function::GeoLength => Some("ST_Length"),
        _ => None,
    };
    if let Some(name) = geo {
        return Some(Sql::Call(name, args.into_iter().map(shape).collect::<Option<_>>()?));
    }
    match args.as_slice() {
        [text, part]
            if matches!(function, Function::Contains | Function::StartsWith | Function::EndsWith) =>
        {
            Some(found(function, text.clone(), part.clone()))
        }
        [operand] if matches!(function, Function::Ceiling | Function::Floor | Function::Round) => {
            Some(rounded(function, operand.clone(), result))
        }
        [text, start, length @ ..] if function == Function::Substring => {
            Some(substring(text.clone(), start.clone(), length.first().cloned()))
        }
        [operand] => one(function, operand.clone()),
        [left, right] => {
            let (left, right) = (plain(left.clone()), plain(right.clone()));
            match function {
                Function::Concat => Some(Sql::binary(Operator::Concat, left, right)),
                Function::IndexOf => {
                    let position = Sql::call("strpos", [left, right]);
                    Some(Sql::binary(Operator::Sub, position, Sql::Integer(1)))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// A shape as the functions of shapes take it.
fn shape(operand: Operand) -> Option<Sql> {
    Some(match operand.sql {
        Sql::Param(Param { value: Value::Shape { space, srid, text, .. }, .. }) => match space {
            Space::Geometry => Sql::call("ST_GeomFromText", [string_param(text), Sql::Integer(srid.into())]),
            Space::Geography => {
                let text = ["SRID=", &srid.to_string(), ";", &text].concat();
                Sql::call("ST_GeogFromText", [string_param(text)])
            }
        },
        _ if operand.form == Form::Exact => return None,
        column => column,
    })
}

/// Text with the letters of all scripts in lower case.
pub(super) fn lower(text: Sql) -> Sql {
    Sql::call("lower", [Sql::Collate(Box::new(text), UNICODE)])
}

fn one(function: Function, operand: Operand) -> Option<Sql> {
    let interval = operand.primitive == Some(P::Duration);
    let x = match function {
        Function::Year
        | Function::Month
        | Function::Day
        | Function::Hour
        | Function::Minute
        | Function::Second
        | Function::FractionalSeconds => ends::finite(operand),
        _ => plain(operand),
    };
    Some(match function {
        Function::Length => Sql::call("char_length", [x]),
        Function::ToLower => lower(x),
        Function::ToUpper => Sql::call("upper", [Sql::Collate(Box::new(x), UNICODE)]),
        Function::Trim => Sql::call("btrim", [x, string_param(WHITE_SPACE.to_owned())]),
        Function::Year => part("year", x),
        Function::Month => part("month", x),
        Function::Day => part("day", x),
        Function::Hour => part("hour", x),
        Function::Minute => part("minute", x),
        Function::Second => part("second", x),
        Function::FractionalSeconds => {
            let seconds = extract("second", x);
            Sql::binary(Operator::Mod, seconds, Sql::Integer(1).cast("numeric"))
        }
        Function::Date => x.cast("date"),
        Function::Time => x.cast("time"),
        // All points in time are served in UTC.
        Function::TotalOffsetMinutes => Sql::Case(vec![(Sql::IsNotNull(Box::new(x)), Sql::Integer(0))]),
        Function::TotalSeconds if interval => total_seconds(x),
        _ => return None,
    })
}

fn extract(field: &'static str, x: Sql) -> Sql {
    Sql::call("pg_catalog.\"extract\"", [Sql::Word(field), x])
}

/// A part of a date or time as an integer.
fn part(field: &'static str, x: Sql) -> Sql {
    Sql::call("floor", [Sql::call("date_part", [Sql::Word(field), x])]).cast("int4")
}

/// A month counts 30 days, as where the server compares intervals.
pub(super) fn total_seconds(x: Sql) -> Sql {
    let term =
        |field, seconds| Sql::binary(Operator::Mul, extract(field, Sql::Bound(0)), Sql::Integer(seconds));
    let terms = [
        term("year", 360 * 86_400),
        term("month", 30 * 86_400),
        term("day", 86_400),
        term("hour", 3_600),
        term("minute", 60),
        extract("second", Sql::Bound(0)),
    ];
    let sum = terms.into_iter().reduce(|a, b| Sql::binary(Operator::Add, a, b)).unwrap_or(Sql::Null);
    Sql::Let(vec![x], Box::new(sum))
}

/// `contains`, `startswith`, `endswith`. A known part makes a pattern, which indexes over trigrams serve.
fn found(function: Function, text: Operand, part: Operand) -> Sql {
    if let Sql::Param(Param { value: Value::String(known), form }) = &part.sql {
        let pattern = like_pattern(known, function != Function::StartsWith, function != Function::EndsWith);
        let pattern = Sql::Param(Param { value: Value::String(pattern), form: *form });
        let column = text.form == Form::Column(crate::catalog::Storage::Native);
        let text = plain(text);
        return Sql::binary(Operator::Like, if column { bare(text) } else { text }, pattern);
    }
    let (text, part) = (plain(text), plain(part));
    match function {
        Function::StartsWith => Sql::call("starts_with", [text, part]),
        Function::EndsWith => {
            let end = Sql::call("right", [Sql::Bound(0), Sql::call("char_length", [Sql::Bound(1)])]);
            let same = Sql::binary(Operator::Eq, super::by_code_point(end), Sql::Bound(1));
            Sql::Let(vec![text, part], Box::new(same))
        }
        _ => Sql::binary(Operator::Gt, Sql::call("strpos", [text, part]), Sql::Integer(0)),
    }
}

/// A pattern that is computed is one of the server, where a point stands for any character but a new line.
fn matches(text: Operand, pattern: Operand) -> Result<Sql, &'static str> {
    let pattern = match pattern.sql {
        Sql::Param(Param { value: Value::String(known), .. }) => string_param(spell(&known, &POSTGRES)?),
        _ => Sql::binary(Operator::Concat, Sql::Word("(?p)"), plain(pattern)),
    };
    Ok(Sql::binary(Operator::Matches, plain(text), pattern))
}

/// Characters from a start counted from 0; a negative start counts from the end (4.01).
fn substring(text: Operand, start: Operand, length: Option<Operand>) -> Sql {
    let known = match &start.sql {
        Sql::Param(Param { value: Value::Integer(i), .. }) => Some(*i),
        _ => None,
    };
    let (text, start) = (plain(text), plain(start));
    // `least` and `greatest` would pass over null.
    let bounded = |x: Sql| {
        let (most, none) = (Sql::Integer(LONGEST - 1), Sql::Integer(0));
        let long = Sql::binary(Operator::Gt, x.clone(), most.clone());
        let negative = Sql::binary(Operator::Lt, x.clone(), none.clone());
        Sql::when(long, most, Sql::when(negative, none, x)).cast("int4")
    };
    let tail = match known {
        Some(i) if i >= 0 => Sql::call("substr", [text, Sql::Integer(i.min(LONGEST - 1) + 1)]),
        Some(i) => Sql::call("right", [text, Sql::Integer(i.max(-LONGEST).saturating_neg())]),
        None => {
            let (text_here, start_here) = (Sql::Bound(0), Sql::Bound(1));
            let negative = Sql::binary(Operator::Lt, start_here.clone(), Sql::Integer(0));
            let back = bounded(Sql::Negate(Box::new(start_here.clone())));
            let from = Sql::binary(Operator::Add, bounded(start_here), Sql::Integer(1));
            let tail = Sql::when(
                negative,
                Sql::call("right", [text_here.clone(), back]),
                Sql::call("substr", [text_here, from]),
            );
            Sql::Let(vec![text, start.cast("int8")], Box::new(tail))
        }
    };
    match length {
        Some(Operand { sql: Sql::Param(Param { value: Value::Integer(length), .. }), .. }) => {
            Sql::call("left", [tail, Sql::Integer(length.clamp(0, LONGEST - 1))])
        }
        Some(length) => {
            let left = Sql::call("left", [Sql::Bound(1), bounded(Sql::Bound(0))]);
            Sql::Let(vec![plain(length), tail], Box::new(left))
        }
        None => tail,
    }
}

/// `round` is half away from zero (Part 2 section 5.1.1.9.1), which that of the server is for decimals only.
fn rounded(function: Function, operand: Operand, result: P) -> Sql {
    let x = plain(operand);
    if result.is_integer() {
        return x;
    }
    let decimal = result == P::Decimal;
    let x = x.cast(if decimal { "numeric" } else { "float8" });
    match function {
        Function::Ceiling => Sql::call("ceil", [x]),
        Function::Floor => Sql::call("floor", [x]),
        _ if decimal => Sql::call("round", [x]),
        _ => {
            let whole = || Sql::call("trunc", [Sql::Bound(0)]);
            let rest = Sql::call("abs", [Sql::binary(Operator::Sub, Sql::Bound(0), whole())]);
            let half = Sql::binary(Operator::Ge, rest, Sql::Keyword("0.5"));
            let next = Sql::binary(Operator::Add, whole(), Sql::call("sign", [Sql::Bound(0)]));
            Sql::Let(vec![x], Box::new(Sql::when(half, next, whole())))
        }
    }
}
