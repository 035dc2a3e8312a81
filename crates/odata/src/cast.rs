//! `cast` of text: it becomes a value where it is a literal of the type, else null (Part 2 section 5.1.1.10.1).

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};

use crate::lexical;
use crate::model::PrimitiveType as P;
use crate::temporal::{Date, Instant, Time, duration_text, parse_duration, parse_seconds, seconds_text};
use crate::value::Value;

/// Picoseconds in a microsecond. No database has to know finer times, so further digits of a text are cut.
const MICRO: u64 = 1_000_000;
/// Digits of the days of a duration.
const DAY_DIGITS: usize = 7;
/// Digits of its hours, minutes and whole seconds.
const CLOCK_DIGITS: usize = 9;

/// A text as a date, time, point in time, duration, Guid or bytes. Years are 1 to 9999, in UTC.
pub fn text_as(text: &str, primitive: P) -> Option<Value> {
    let mut out = String::with_capacity(text.len());
    Some(match primitive {
        P::Date => {
            Date::parse(text).filter(|date| date.year > 0)?.write(&mut out);
            Value::Date(out)
        }
        P::TimeOfDay => {
            let time = Time::parse(text)?;
            Time { picos: in_micros(time.picos), ..time }.write(&mut out);
            Value::TimeOfDay(out)
        }
        P::DateTimeOffset => {
            lexical::date_time_offset(text).ok().filter(|()| !text.starts_with("0000"))?;
            let instant = Instant::parse(text)?;
            let instant = Instant { picos: in_micros(instant.picos), offset: 0, ..instant };
            instant.local_date().filter(|date| date.year > 0)?;
            instant.write_utc(&mut out)?;
            Value::DateTimeOffset(out)
        }
        P::Duration => {
            let picos = duration(text)?;
            Value::Duration(seconds_text(picos - picos % i128::from(MICRO)))
        }
        P::Binary => {
            lexical::binary(text).ok()?;
            Value::Binary(URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?)
        }
        P::Guid => {
            lexical::guid(text).ok()?;
            Value::Guid(text.to_ascii_lowercase())
        }
        _ => return None,
    })
}

/// A constant duration, or constant bytes, as text.
pub fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Duration(seconds) => Some(duration_text(parse_seconds(seconds)?)),
        Value::Binary(bytes) => Some(binary_text(bytes)),
        _ => None,
    }
}

/// Bytes as they are written in JSON.
pub fn binary_text(bytes: &[u8]) -> String {
    URL_SAFE.encode(bytes)
}

/// A duration in picoseconds, of as many digits as all databases take.
fn duration(text: &str) -> Option<i128> {
    let fits = |part: &str| {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        digits <= if part.ends_with(['D', 'd']) { DAY_DIGITS } else { CLOCK_DIGITS }
    };
    let mut parts = text.split_inclusive(|c: char| c.is_ascii_alphabetic());
    if text.starts_with('+') || !parts.all(fits) {
        return None;
    }
    parse_duration(text)
}

fn in_micros(picos: u64) -> u64 {
    picos - picos % MICRO
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_nothing_else() {
        let (day, time, guid) = (P::Date, P::TimeOfDay, P::Guid);
        for (primitive, text, expected) in [
            (day, "2024-02-29", Some("2024-02-29")),
            (day, "2023-02-29", None),
            (day, "0000-01-01", None),
            (day, "2024-02-29T00:00Z", None),
            (day, " 2024-02-29", None),
            (time, "23:59", Some("23:59:00")),
            (time, "23:59:59.9999999", Some("23:59:59.999999")),
            (time, "24:00", None),
            (time, "2024-02-29T23:59Z", None),
            (guid, "0F8FAD5B-D9CB-469F-A165-70867728950E", Some("0f8fad5b-d9cb-469f-a165-70867728950e")),
            (guid, "0f8fad5bd9cb469fa16570867728950e", None),
            (guid, "{0f8fad5b-d9cb-469f-a165-70867728950e}", None),
            (P::DateTimeOffset, "2024-02-29T23:30:00-01:00", Some("2024-03-01T00:30:00")),
            (P::DateTimeOffset, "2024-02-29t23:30z", Some("2024-02-29T23:30:00")),
            (P::DateTimeOffset, "2024-02-29", None),
            (P::DateTimeOffset, "2024-02-29T23:30:00", None),
            (P::DateTimeOffset, "2024-02-29 23:30:00Z", None),
            (P::DateTimeOffset, "0001-01-01T00:59:59+01:00", None),
            (P::DateTimeOffset, "0000-12-31T23:30:00-01:00", None),
            (P::DateTimeOffset, "9999-12-31T23:30:00-01:00", None),
            (P::String, "a", None),
        ] {
            let found = text_as(text, primitive).and_then(|value| match value {
                Value::Date(t) | Value::TimeOfDay(t) | Value::DateTimeOffset(t) | Value::Guid(t) => Some(t),
                _ => None,
            });
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
