//! Canonical functions in MySQL and MariaDB.

use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::query::Function;
use nextlink_odata::value::Value;

use super::operand::{bare, is_short, plain, seconds, string_param};
use crate::catalog::{NativeType, Storage};
use crate::dialect::pattern::{MYSQL, spell};
use crate::dialect::{Form, Operand};
use crate::text::WHITE_SPACE;
use crate::tree::{Operator, Param, Sql};

/// Greatest length that functions of text take.
const LONGEST: i64 = i32::MAX as i64;

/// A canonical function of arguments that are not null, or what there is not.
pub(super) fn call(function: Function, args: Vec<Operand>, result: P) -> Result<Sql, &'static str> {
    let missing = "This function";
    if matches!(function, Function::GeoDistance | Function::GeoIntersects | Function::GeoLength) {
        let shapes: Option<Vec<(Sql, Sql)>> = args.into_iter().map(shape).collect();
        return Ok(geo(function, shapes.ok_or("A shape behind a transformation")?));
    }
    match args.as_slice() {
        [operand] if matches!(function, Function::Ceiling | Function::Floor | Function::Round) => {
            Ok(rounded(function, operand.clone(), result))
        }
        [text, start, length @ ..] if function == Function::Substring => {
            substring(text.clone(), start, length.first().cloned())
        }
        [text, pattern] if function == Function::MatchesPattern => matches(text.clone(), pattern.clone()),
        [text, part] if function == Function::StartsWith => Ok(starts_with(text.clone(), part.clone())),
        [operand] if function == Function::TotalSeconds => Ok(seconds(operand.clone())),
        [operand] => one(function, plain(operand.clone())).ok_or(missing),
        [left, right] => two(function, plain(left.clone()), plain(right.clone())).ok_or(missing),
        _ => Err(missing),
    }
}

/// The function of the OGC that a function of shapes is, of each with its reference system. MariaDB does not compare these: where
/// they differ the numbers mean nothing, so an overflow is made of them, which is an error.
fn geo(function: Function, shapes: Vec<(Sql, Sql)>) -> Sql {
    let name = match function {
        Function::GeoDistance => "ST_Distance",
        Function::GeoIntersects => "ST_Intersects",
        _ => "ST_Length",
    };
    let (shapes, systems): (Vec<Sql>, Vec<Sql>) = shapes.into_iter().unzip();
    let call = Sql::Call(name, shapes);
    let [one, other] = systems.as_slice() else {
        return call;
    };
    let differ = Sql::binary(Operator::Ne, one.clone(), other.clone());
    let added = [i64::MAX, i64::MAX, 2].into_iter();
    let overflow = added.fold(one.clone(), |sum, more| Sql::binary(Operator::Add, sum, Sql::Integer(more)));
    Sql::when(differ, overflow, call)
}

/// A shape as the functions of shapes take it, and the number of its reference system.
fn shape(operand: Operand) -> Option<(Sql, Sql)> {
    Some(match operand.sql {
        Sql::Param(Param { value: Value::Shape { srid, text, .. }, .. }) => {
            let system = Sql::Integer(srid.into());
            (Sql::call("ST_GeomFromText", [string_param(text), system.clone()]), system)
        }
        _ if operand.form == Form::Exact => return None,
        column => (column.clone(), Sql::call("ST_SRID", [column])),
    })
}

fn one(function: Function, x: Sql) -> Option<Sql> {
    Some(match function {
        Function::Length => Sql::call("CHAR_LENGTH", [x]),
        Function::ToLower => Sql::call("LOWER", [x]),
        // The server knows only letters that stay one letter.
        Function::ToUpper => Sql::call("REPLACE", [Sql::call("UPPER", [x]), Sql::Word("ß"), Sql::Word("SS")]),
        Function::Trim => {
            let white = ["^[", WHITE_SPACE, "]+|[", WHITE_SPACE, "]+$"].concat();
            Sql::call("REGEXP_REPLACE", [x, string_param(white), Sql::Word("")])
        }
        Function::Year => Sql::call("YEAR", [x]),
        Function::Month => Sql::call("MONTH", [x]),
        Function::Day => Sql::call("DAYOFMONTH", [x]),
        Function::Hour => Sql::call("HOUR", [x]),
        Function::Minute => Sql::call("MINUTE", [x]),
        Function::Second => Sql::call("SECOND", [x]),
        Function::FractionalSeconds => {
            Sql::binary(Operator::Mul, Sql::call("MICROSECOND", [x]), Sql::Keyword("0.000001"))
        }
        Function::Date => x.cast("DATE"),
        Function::Time => x.cast("TIME(6)"),
        // All points in time are served in UTC.
        Function::TotalOffsetMinutes => Sql::Case(vec![(Sql::IsNotNull(Box::new(x)), Sql::Integer(0))]),
        _ => return None,
    })
}

fn two(function: Function, left: Sql, right: Sql) -> Option<Sql> {
    Some(match function {
        Function::Concat => Sql::call("CONCAT", [left, right]),
        Function::Contains => Sql::binary(Operator::Gt, Sql::call("LOCATE", [right, left]), Sql::Integer(0)),
        Function::EndsWith => {
            let length = Sql::call("CHAR_LENGTH", [right.clone()]);
            Sql::binary(Operator::Eq, Sql::call("RIGHT", [left, length]), right)
        }
        Function::IndexOf => Sql::binary(Operator::Sub, Sql::call("LOCATE", [right, left]), Sql::Integer(1)),
        Function::HasFlag => {
            Sql::binary(Operator::Gt, Sql::call("FIND_IN_SET", [right, left]), Sql::Integer(0))
        }
        _ => return None,
    })
}

/// A pattern that is computed is one of the server.
fn matches(text: Operand, pattern: Operand) -> Result<Sql, &'static str> {
    let pattern = match pattern.sql {
        Sql::Param(Param { value: Value::String(known), .. }) => string_param(spell(&known, &MYSQL)?),
        _ => plain(pattern),
    };
    Ok(Sql::binary(Operator::Matches, plain(text), pattern))
}

/// Beside the comparison by code point stands one by the column's own collation, which an index serves. It holds wherever
/// the other does.
fn starts_with(text: Operand, part: Operand) -> Sql {
    let pattern = match (&part.sql, &text.native, text.form) {
        (
            Sql::Param(Param { value: Value::String(known), .. }),
            NativeType::Text { .. },
            Form::Column(Storage::Native),
        ) => beginning(known),
        _ => None,
    };
    let column = bare(text.sql.clone());
    let (text, part) = (plain(text), plain(part));
    let length = Sql::call("CHAR_LENGTH", [part.clone()]);
    let same = Sql::binary(Operator::Eq, Sql::call("LEFT", [text, length]), part);
    match pattern {
        Some(pattern) => {
            let like = Sql::binary(Operator::Like, column, string_param(pattern));
            Sql::binary(Operator::And, like, same)
        }
        None => same,
    }
}

/// A pattern of LIKE for texts that begin with this one, as far as it has no character that means something there. Sessions
/// know no escapes.
fn beginning(text: &str) -> Option<String> {
    let plain = text.split(['%', '_', '\\']).next().filter(|plain| !plain.is_empty())?;
    Some([plain, "%"].concat())
}

/// Characters from a start counted from 0; a negative start counts from the end (4.01).
fn substring(text: Operand, start: &Operand, length: Option<Operand>) -> Result<Sql, &'static str> {
    let known = match &start.sql {
        Sql::Param(Param { value: Value::Integer(i), .. }) => Some(*i),
        _ => None,
    };
    let text = plain(text);
    let tail = match known {
        Some(i) if i >= 0 => Sql::call("SUBSTRING", [text, Sql::Integer(i.min(LONGEST - 1) + 1)]),
        Some(i) => Sql::call("RIGHT", [text, Sql::Integer(i.max(-LONGEST).saturating_neg())]),
        None => {
            let start = plain(start.clone());
            // Both are written twice.
            if !(is_short(&text) && is_short(&start)) {
                return Err("A computed part of so long a text");
            }
            let negative = Sql::binary(Operator::Lt, start.clone(), Sql::Integer(0));
            let back = Sql::call("RIGHT", [text.clone(), Sql::Negate(Box::new(start.clone()))]);
            let from = Sql::binary(Operator::Add, start, Sql::Integer(1));
            Sql::when(negative, back, Sql::call("SUBSTRING", [text, from]))
        }
    };
    Ok(match length {
        Some(length) => Sql::call("LEFT", [tail, plain(length)]),
        None => tail,
    })
}

/// `round` is half away from zero (Part 2 section 5.1.1.9.1), which that of the servers is for decimals only.
fn rounded(function: Function, operand: Operand, result: P) -> Sql {
    let x = plain(operand);
    let rounded = match function {
        _ if result.is_integer() => return x,
        Function::Ceiling => Sql::call("CEILING", [x]),
        Function::Floor => Sql::call("FLOOR", [x]),
        _ if result == P::Decimal => Sql::call("ROUND", [x]),
        _ if !is_short(&x) => Sql::call("ROUND", [x.cast("DECIMAL(65,20)")]),
        // All steps are exact: what is whole, and whether what is left is half or more.
        _ => {
            let whole = |x: Sql| Sql::call("TRUNCATE", [x, Sql::Integer(0)]);
            let left = Sql::binary(Operator::Sub, x.clone(), whole(x.clone()));
            let half = whole(Sql::binary(Operator::Mul, left, Sql::Integer(2)));
            Sql::binary(Operator::Add, whole(x), half)
        }
    };
    // The servers take it for a double of 17 digits and no more, where they keep it.
    if result == P::Decimal { rounded } else { rounded.cast("DOUBLE") }
}
