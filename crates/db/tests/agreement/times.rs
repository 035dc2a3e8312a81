//! What a text is as a date, time or point in time by the grammar of the standard, years being 1 to 9999.

use crate::values::{DAY, Value, civil, literal};

/// Days since 1970-01-01 of `YYYY-MM-DD`.
pub fn date(text: &str) -> Option<i64> {
    let [year, month, day] = numbers(text, '-', &[4, 2, 2])?[..] else { return None };
    // A day is one that comes out again.
    let near = (year - 1970) * 365 + (month - 1) * 30;
    let days = (near - 800..near + 4_000).find(|&days| civil(days) == (year, month, day))?;
    (year > 0).then_some(days)
}

/// Microseconds of `hh:mm[:ss[.f]]`; further digits are cut.
pub fn time(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let (hour, minute, second) =
        match numbers(whole, ':', &[2, 2, 2][..whole.split(':').count().clamp(2, 3)])?[..] {
            [hour, minute] if whole == text => (hour, minute, 0),
            [hour, minute, second] => (hour, minute, second),
            _ => return None,
        };
    let digits = fraction.len();
    if hour > 23 || minute > 59 || second > 59 || !(1..=12).contains(&digits) {
        return None;
    }
    let picos = numbers(fraction, ' ', &[digits])?[0] * 10_i64.pow(12 - digits as u32);
    Some((hour * 3600 + minute * 60 + second) * 1_000_000 + picos / 1_000_000)
}

/// Microseconds since 1970 of a date, `T`, a time and a zone.
pub fn instant(text: &str) -> Option<i64> {
    let text = text.to_ascii_uppercase();
    let (day, rest) = text.split_once('T')?;
    let (clock, offset) = match rest.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => {
            let at = rest.find(['+', '-'])?;
            let [hours, minutes] = numbers(&rest[at + 1..], ':', &[2, 2])?[..] else { return None };
            let minutes = (hours < 15 && minutes < 60).then_some(hours * 60 + minutes)?;
            (&rest[..at], if rest[at..].starts_with('-') { -minutes } else { minutes })
        }
    };
    let micros = date(day)? * DAY + time(clock)? - offset * 60_000_000;
    (1..=9_999).contains(&civil(micros.div_euclid(DAY)).0).then_some(micros)
}

/// A point in time as text, without zeros at the end of a fraction.
pub fn instant_text(micros: i64) -> String {
    let text = literal(&Value::Instant(micros));
    let text = text.trim_end_matches('Z');
    let text = if text.contains('.') { text.trim_end_matches('0') } else { text };
    [text, "Z"].concat()
}

/// Numbers of so many digits each.
fn numbers(text: &str, between: char, digits: &[usize]) -> Option<Vec<i64>> {
    let parts: Vec<&str> = text.split(between).collect();
    let right = parts.len() == digits.len()
        && parts
            .iter()
            .zip(digits)
            .all(|(part, &digits)| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()));
    if right { parts.iter().map(|part| part.parse().ok()).collect() } else { None }
}
