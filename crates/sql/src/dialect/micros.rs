//! Values of time where a database counts microseconds and OData picoseconds.

use nextlink_odata::temporal::{PICOS, parse_seconds, seconds_text};
use nextlink_odata::value::Value;

/// Digits of a second.
const DIGITS: usize = 6;
const PICOS_OF_MICRO: i128 = PICOS as i128 / 1_000_000;

/// The last whole microsecond before a value that is none itself.
pub(super) fn before(value: &Value) -> Option<Value> {
    Some(match value {
        Value::TimeOfDay(text) => Value::TimeOfDay(cut(text)?),
        Value::DateTimeOffset(text) => Value::DateTimeOffset(cut(text)?),
        Value::Duration(seconds) => {
            let picos = parse_seconds(seconds)?;
            let rest = picos.rem_euclid(PICOS_OF_MICRO);
            if rest == 0 {
                return None;
            }
            Value::Duration(seconds_text(picos - rest))
        }
        _ => return None,
    })
}

/// A text that ends with the fraction of a second, with fewer digits of it.
fn cut(text: &str) -> Option<String> {
    let end = text.find('.')? + 1 + DIGITS;
    let rest = text.get(end..)?;
    rest.bytes().any(|digit| digit != b'0').then(|| text[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_microseconds() {
        let time = |text: &str| Value::TimeOfDay(text.to_owned());
        let at = |text: &str| Value::DateTimeOffset(text.to_owned());
        let seconds = |text: &str| Value::Duration(text.to_owned());
        for (value, expected) in [
            (time("12:00:00"), None),
            (time("12:00:00.123456"), None),
            (time("12:00:00.123456000"), None),
            (time("12:00:00.1234567"), Some(time("12:00:00.123456"))),
            (at("2024-01-01T00:00:00.000000000001"), Some(at("2024-01-01T00:00:00.000000"))),
            (seconds("1.5"), None),
            (seconds("0.0000005"), Some(seconds("0"))),
            (seconds("-0.0000005"), Some(seconds("-0.000001"))),
            (Value::Decimal("0.0000005".to_owned()), None),
        ] {
            assert_eq!(before(&value), expected, "{value:?}");
        }
    }
}
