//! The values of the data set and of its questions, and how they are ordered.

use std::cmp::Ordering;

use rust_decimal::Decimal;

/// Microseconds of a day.
pub const DAY: i64 = 86_400_000_000;

/// A value of a property type.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Integer(i64),
    Decimal(Decimal),
    Double(f64),
    Boolean(bool),
    /// Days since 1970-01-01.
    Date(i64),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Instant(i64),
    /// Microseconds.
    Duration(i64),
}

/// The types of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Text,
    Integer,
    Decimal,
    Double,
    Date,
    Time,
    Instant,
    Duration,
}

/// A value or null.
pub type Cell = Option<Value>;

/// Which of two values comes first; text by code point, numbers by their amount.
pub fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => a.chars().cmp(b.chars()),
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b).expect("no NaN here"),
        (Value::Integer(a), Value::Decimal(b)) => Decimal::from(*a).cmp(b),
        (Value::Decimal(a), Value::Integer(b)) => a.cmp(&Decimal::from(*b)),
        (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
        (
            Value::Integer(a) | Value::Date(a) | Value::Time(a) | Value::Instant(a) | Value::Duration(a),
            Value::Integer(b) | Value::Date(b) | Value::Time(b) | Value::Instant(b) | Value::Duration(b),
        ) => a.cmp(b),
        _ => panic!("{a:?} and {b:?} do not compare"),
    }
}

/// Year, month and day of a number of days since 1970-01-01.
pub fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn date_text(days: i64) -> String {
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}")
}

fn time_text(micros: i64) -> String {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction == 0 { text } else { format!("{text}.{fraction:06}") }
}

fn instant_text(micros: i64, between: &str) -> String {
    let days = micros.div_euclid(DAY);
    [&date_text(days), between, &time_text(micros.rem_euclid(DAY))].concat()
}

/// The value as a literal of a URL, percent-encoded.
pub fn literal(value: &Value) -> String {
    match value {
        Value::Text(text) => {
            let quoted = ["'", &text.replace('\'', "''"), "'"].concat();
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'\'';
            let bytes = quoted.bytes();
            bytes.map(|b| if plain(b) { (b as char).to_string() } else { format!("%{b:02X}") }).collect()
        }
        Value::Integer(i) => i.to_string(),
        Value::Decimal(d) => d.to_string(),
        Value::Double(d) => format!("{d:e}"),
        Value::Boolean(b) => b.to_string(),
        Value::Date(days) => date_text(*days),
        Value::Time(micros) => time_text(*micros),
        Value::Instant(micros) => instant_text(*micros, "T") + "Z",
        Value::Duration(micros) => {
            let sign = if *micros < 0 { "-" } else { "" };
            let micros = micros.abs();
            format!("duration'{sign}PT{}.{:06}S'", micros / 1_000_000, micros % 1_000_000)
        }
    }
}

/// The value as a literal of SQL, which all databases read alike.
pub fn sql(cell: &Cell) -> String {
    match cell {
        None => "NULL".to_owned(),
        Some(Value::Text(text)) => ["'", &text.replace('\'', "''"), "'"].concat(),
        Some(Value::Boolean(b)) => b.to_string(),
        Some(Value::Date(days)) => ["'", &date_text(*days), "'"].concat(),
        Some(Value::Time(micros)) => ["'", &time_text(*micros), "'"].concat(),
        Some(Value::Instant(micros)) => ["'", &instant_text(*micros, " "), "'"].concat(),
        Some(value) => literal(value),
    }
}
