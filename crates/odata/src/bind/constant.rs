//! Literals become constants, and constants are brought to the type that is asked of them.

use super::error::{BindResult, invalid};
use super::shape;
use crate::decimal::plain_decimal;
use crate::model::PrimitiveType;
use crate::temporal::{Date, Instant, Time, parse_duration, seconds_text};
use crate::url::ast::Literal;
use crate::value::Value;

/// The constant a literal stands for, before it is known what it is compared with.
pub fn from_literal(literal: &Literal, at: u32) -> BindResult<Value> {
    Ok(match literal {
        Literal::Null => Value::Null,
        Literal::Boolean(b) => Value::Boolean(*b),
        Literal::Integer(i) => Value::Integer(*i),
        Literal::Decimal(text) => match plain_decimal(text) {
            Some(digits) => Value::Decimal(digits),
            None => Value::Double(
                text.parse().map_err(|_| invalid(at, text, format!("'{text}' is not a number.")))?,
            ),
        },
        Literal::Double(d) => Value::Double(*d),
        Literal::String(s) => Value::String(s.clone()),
        Literal::Date(s) => read(PrimitiveType::Date, s, at)?,
        Literal::TimeOfDay(s) => read(PrimitiveType::TimeOfDay, s, at)?,
        Literal::DateTimeOffset(s) => read(PrimitiveType::DateTimeOffset, s, at)?,
        Literal::Duration(s) => read(PrimitiveType::Duration, s, at)?,
        Literal::Guid(s) => Value::Guid(s.to_ascii_lowercase()),
        Literal::Binary(b) => Value::Binary(b.clone()),
        Literal::Enum { type_name, .. } => {
            return Err(invalid(at, type_name, format!("There is no enumeration type '{type_name}'.")));
        }
        Literal::Geo { prefix, text } => shape::from_literal(prefix, text, at)?,
    })
}

/// Reads the text form of a type (ABNF rules `dateValue`, `durationValue`, …).
pub fn read(primitive: PrimitiveType, text: &str, at: u32) -> BindResult<Value> {
    let value = match primitive {
        PrimitiveType::Date => Date::parse(text).map(|_| Value::Date(text.to_owned())),
        PrimitiveType::TimeOfDay => Time::parse(text).map(|time| {
            let mut out = String::new();
            time.write(&mut out);
            Value::TimeOfDay(out)
        }),
        PrimitiveType::DateTimeOffset => Instant::parse(text).and_then(|instant| {
            let mut out = String::new();
            instant.write_utc(&mut out)?;
            Some(Value::DateTimeOffset(out))
        }),
        PrimitiveType::Duration => parse_duration(text).map(|picos| Value::Duration(seconds_text(picos))),
        PrimitiveType::Guid => is_guid(text).then(|| Value::Guid(text.to_ascii_lowercase())),
        PrimitiveType::String => Some(Value::String(text.to_owned())),
        _ => None,
    };
    value.ok_or_else(|| invalid(at, text, format!("'{text}' is not a value of {}.", primitive.name())))
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Brings a constant to a type where that loses nothing; otherwise says why not.
pub fn coerce(value: Value, primitive: PrimitiveType, at: u32) -> BindResult<Value> {
    use PrimitiveType as P;
    Ok(match (value, primitive) {
        (Value::Null, _) => Value::Null,
        (Value::Integer(i), P::Decimal) => Value::Decimal(i.to_string()),
        (Value::Integer(i), P::Double | P::Single) => Value::Double(i as f64),
        (Value::Decimal(d), P::Double | P::Single) => {
            Value::Double(d.parse().map_err(|_| invalid(at, &d, format!("'{d}' is not a number.")))?)
        }
        (Value::Double(d), p) if p.is_numeric() => Value::Double(d),
        (Value::Integer(i), p) if p.is_integer() => Value::Integer(i),
        (Value::Decimal(d), p) if p.is_numeric() => Value::Decimal(d),
        (Value::Date(d), P::DateTimeOffset) => read(P::DateTimeOffset, &d, at)?,
        (Value::String(s), P::Date | P::TimeOfDay | P::DateTimeOffset | P::Duration | P::Guid) => {
            read(primitive, &s, at)?
        }
        (value, p) if value.primitive() == Some(p) => value,
        (value, _) => {
            let found = value.primitive().map_or("null", PrimitiveType::name);
            let message = format!("A value of {} is needed here, not of {found}.", primitive.name());
            return Err(invalid(at, found, message));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_brought_to_a_type() {
        use PrimitiveType as P;
        let text = |s: &str| Value::String(s.to_owned());
        for (value, primitive, expected) in [
            (Value::Integer(5), P::Decimal, Some(Value::Decimal("5".into()))),
            (Value::Decimal("2.5".into()), P::Int32, Some(Value::Decimal("2.5".into()))),
            (
                Value::Date("2024-02-29".into()),
                P::DateTimeOffset,
                Some(Value::DateTimeOffset("2024-02-29T00:00:00".into())),
            ),
            (text("P1D"), P::Duration, Some(Value::Duration("86400".into()))),
            (text("nonsense"), P::Date, None),
            (text("5"), P::Int32, None),
            (Value::Boolean(true), P::String, None),
        ] {
            assert_eq!(coerce(value.clone(), primitive, 0).ok(), expected, "{value:?} as {primitive:?}");
        }
    }
}
