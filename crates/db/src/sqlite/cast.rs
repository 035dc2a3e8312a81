//! `cast` of primitive values; what cannot be cast is null (Part 2 section 5.1.1.10.1).

use nextlink_odata::cast::{binary_text, text_as};
use nextlink_odata::decimal::{is_decimal, plain_decimal};
use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::temporal::{Date, Instant, Time, duration_text, parse_seconds};
use nextlink_odata::value::Value as Known;
use rusqlite::types::{Value, ValueRef};

use super::cells::real_text;

/// A value of one type as one of another.
pub(super) fn cast(value: ValueRef<'_>, from: P, to: P) -> Value {
    let written = match value {
        ValueRef::Integer(i) if from == P::Boolean => (if i == 0 { "false" } else { "true" }).to_owned(),
        ValueRef::Integer(i) => i.to_string(),
        ValueRef::Real(r) => match from {
            P::Decimal => plain_decimal(&real_text(r)).unwrap_or_default(),
            _ => real_text(r),
        },
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ValueRef::Blob(bytes) if from == P::Binary && to == P::String => {
            return Value::Text(binary_text(bytes));
        }
        ValueRef::Null | ValueRef::Blob(_) => return Value::Null,
    };
    let cast = if from == P::String { read(&written, to) } else { turned(&written, from, to) };
    cast.unwrap_or(Value::Null)
}

/// Text as a value of a type, where it is a literal of it.
fn read(text: &str, to: P) -> Option<Value> {
    Some(match to {
        P::String => Value::Text(text.to_owned()),
        P::Boolean => boolean(text)?,
        P::Double => Value::Real(double(text)?),
        P::Single => Value::Real(single(double(text)?)?),
        P::Decimal => {
            let number = Number::read(text).filter(Number::is_decimal)?;
            let digits = plain_decimal(number.text)?;
            Value::Text(is_decimal(&digits).then_some(digits)?)
        }
        to if to.is_integer() => {
            Number::read(text).filter(|n| !n.whole.is_empty() && n.exponent.is_none())?;
            integer(text, to)?
        }
        to => match text_as(text, to)? {
            Known::Date(text) | Known::TimeOfDay(text) | Known::DateTimeOffset(text) | Known::Guid(text) => {
                Value::Text(text)
            }
            Known::Duration(seconds) => Value::Text(seconds),
            Known::Binary(bytes) => Value::Blob(bytes),
            _ => return None,
        },
    })
}

/// What is no text, by how it is written.
fn turned(text: &str, from: P, to: P) -> Option<Value> {
    Some(match to {
        P::String if from == P::Duration => Value::Text(duration_text(parse_seconds(text)?)),
        P::String if from == P::DateTimeOffset => Value::Text([&utc(Instant::parse(text)?)?, "Z"].concat()),
        // As other databases write a double that is a whole number.
        P::String if text == "-0.0" => Value::Text("0".to_owned()),
        P::String if matches!(from, P::Double | P::Single) => {
            Value::Text(double_text(text.strip_suffix(".0").unwrap_or(text)))
        }
        P::String => Value::Text(text.strip_suffix(".0").unwrap_or(text).to_owned()),
        P::Boolean if from.is_numeric() => {
            let whole = if text.contains('.') { text.trim_end_matches('0') } else { text };
            boolean(whole.strip_suffix('.').unwrap_or(whole))?
        }
        P::Double if from.is_numeric() => Value::Real(double(text)?),
        P::Single if from.is_numeric() => Value::Real(single(double(text)?)?),
        P::Decimal if from.is_numeric() => {
            let digits = plain_decimal(text)?;
            Value::Text(is_decimal(&digits).then_some(digits)?)
        }
        to if to.is_integer() && from.is_numeric() => integer(&plain_decimal(text)?, to)?,
        P::Date if from == P::DateTimeOffset => {
            let day = text.get(..10)?;
            Date::parse(day)?;
            Value::Text(day.to_owned())
        }
        P::DateTimeOffset if from == P::Date => Value::Text(utc(Instant::parse(text)?)?),
        P::TimeOfDay if from == P::DateTimeOffset => {
            Value::Text(time_text(Instant::parse(text)?.local_time()))
        }
        to if to == from => Value::Text(text.to_owned()),
        _ => return None,
    })
}

/// A double as other databases write it: with an exponent from 10 to the power of 15 on, which has no plus sign.
fn double_text(text: &str) -> String {
    const WHOLE_DIGITS: usize = 16;
    let (sign, magnitude) = text.strip_prefix('-').map_or(("", text), |magnitude| ("-", magnitude));
    let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, ""));
    if whole.len() < WHOLE_DIGITS || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return text.replacen("e+", "e", 1);
    }
    let (first, rest) = whole.split_at(1);
    let digits = [first, ".", rest, fraction].concat();
    [sign, digits.trim_end_matches('0').trim_end_matches('.'), "e15"].concat()
}

fn boolean(text: &str) -> Option<Value> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(Value::Integer(1)),
        "false" | "0" => Some(Value::Integer(0)),
        _ => None,
    }
}

fn double(text: &str) -> Option<f64> {
    Some(match text {
        "INF" => f64::INFINITY,
        "-INF" => f64::NEG_INFINITY,
        text => Number::read(text)?.text.parse().ok().filter(|d: &f64| d.is_finite())?,
    })
}

/// The double that has the digits of the nearest binary32, where there is one.
fn single(double: f64) -> Option<f64> {
    let single = double as f32;
    let near = single.is_finite() || !double.is_finite();
    near.then(|| single.to_string().parse().ok()).flatten()
}

/// A number without its fraction.
fn integer(text: &str, to: P) -> Option<Value> {
    let whole: i64 = text.split('.').next()?.parse().ok()?;
    let fits = match to {
        P::Byte => u8::try_from(whole).is_ok(),
        P::SByte => i8::try_from(whole).is_ok(),
        P::Int16 => i16::try_from(whole).is_ok(),
        P::Int32 => i32::try_from(whole).is_ok(),
        _ => true,
    };
    fits.then_some(Value::Integer(whole))
}

/// A number as it is written.
struct Number<'a> {
    /// All but a plus sign.
    text: &'a str,
    whole: &'a str,
    fraction: Option<&'a str>,
    exponent: Option<&'a str>,
}

impl<'a> Number<'a> {
    fn read(text: &'a str) -> Option<Number<'a>> {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let text = text.strip_prefix('+').unwrap_or(text);
        let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (digits, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let magnitude = exponent.map(|e| e.strip_prefix(['+', '-']).unwrap_or(e));
        let fits = all_digits(whole)
            && fraction.is_none_or(all_digits)
            && !(whole.is_empty() && fraction.is_none_or(str::is_empty))
            && magnitude.is_none_or(|e| (1..=3).contains(&e.len()) && all_digits(e));
        fits.then_some(Number { text, whole, fraction, exponent: magnitude })
    }

    /// Whether it has digits on both sides of a point, and no exponent beyond those of decimals.
    fn is_decimal(&self) -> bool {
        !self.whole.is_empty()
            && self.fraction.is_none_or(|fraction| !fraction.is_empty())
            && self.exponent.is_none_or(|exponent| exponent.len() <= 2)
    }
}

fn utc(instant: Instant) -> Option<String> {
    let mut out = String::new();
    instant.write_utc(&mut out)?;
    Some(out)
}

fn time_text(time: Time) -> String {
    let mut out = String::new();
    time.write(&mut out);
    out
}
