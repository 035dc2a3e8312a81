//! A value of SQLite becomes a typed cell, or is refused where it does not fit the type it is served as.

use nextlink_odata::decimal::{is_decimal, plain_decimal};
use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::rows::RowSink;
use nextlink_odata::temporal::{Date, Instant, Time, duration_text, parse_seconds};
use nextlink_sql::statement::ResultColumn;
use rusqlite::types::ValueRef;

/// Characters of a value that an error shows.
const SHOWN: usize = 40;

/// The value does not fit.
#[derive(Debug)]
pub struct Misfit;

/// Pushes a value into the sink.
#[inline]
pub fn push<S: RowSink>(sink: &mut S, column: &ResultColumn, value: ValueRef<'_>) -> Result<(), Misfit> {
    match (column.primitive, value) {
        (_, ValueRef::Null) => sink.null(),
        (P::Int64, ValueRef::Integer(i)) => sink.integer(i),
        (P::String, ValueRef::Text(bytes)) => {
            if !sink.string_bytes(bytes) {
                return Err(Misfit);
            }
        }
        (P::Int32, ValueRef::Integer(i)) if i32::try_from(i).is_ok() => sink.integer(i),
        (P::Int16, ValueRef::Integer(i)) if i16::try_from(i).is_ok() => sink.integer(i),
        (P::Byte, ValueRef::Integer(i)) if u8::try_from(i).is_ok() => sink.integer(i),
        (P::SByte, ValueRef::Integer(i)) if i8::try_from(i).is_ok() => sink.integer(i),
        (P::Boolean, ValueRef::Integer(i @ (0 | 1))) => sink.boolean(i == 1),
        (P::Double, ValueRef::Real(r)) => sink.double(r),
        (P::Double, ValueRef::Integer(i)) if i.unsigned_abs() <= 1 << 53 => sink.double(i as f64),
        (P::Single, ValueRef::Real(r)) => sink.single(r as f32),
        (P::Single, ValueRef::Integer(i)) if i.unsigned_abs() <= 1 << 24 => sink.single(i as f32),
        (P::Decimal, ValueRef::Real(r)) => decimal(sink, r)?,
        (P::Decimal, ValueRef::Integer(i)) => sink.decimal(&i.to_string()),
        (P::Decimal, ValueRef::Text(bytes)) => {
            let digits = text(bytes)?;
            if !is_decimal(digits) {
                return Err(Misfit);
            }
            sink.decimal(&plain_decimal(digits).ok_or(Misfit)?);
        }
        // What is computed of points in time is seconds.
        (P::Duration, ValueRef::Text(bytes)) => {
            let picos = parse_seconds(text(bytes)?).ok_or(Misfit)?;
            sink.plain(duration_text(picos).as_bytes());
        }
        (P::Binary, ValueRef::Blob(bytes) | ValueRef::Text(bytes)) => sink.binary(bytes),
        // Columns of mixed values with bytes among them are served as bytes.
        (P::Binary, ValueRef::Integer(i)) => sink.binary(i.to_string().as_bytes()),
        (P::Binary, ValueRef::Real(r)) => sink.binary(real_text(r).as_bytes()),
        (P::DateTimeOffset, ValueRef::Text(bytes)) if Instant::is_plain(bytes) => plain_instant(sink, bytes),
        (P::DateTimeOffset, ValueRef::Text(bytes)) => instant(sink, text(bytes)?)?,
        (P::Date, ValueRef::Text(bytes)) if Date::is_plain(bytes) => sink.plain(bytes),
        (P::Date, ValueRef::Text(bytes)) => date(sink, text(bytes)?)?,
        (P::TimeOfDay, ValueRef::Text(bytes)) => {
            let time = Time::parse(text(bytes)?).ok_or(Misfit)?;
            let mut out = String::with_capacity(24);
            time.write(&mut out);
            sink.plain(out.as_bytes());
        }
        (P::Guid, ValueRef::Text(bytes)) if bytes.len() == 36 => {
            sink.plain(guid_text(text(bytes)?).ok_or(Misfit)?.as_bytes());
        }
        (P::Guid, ValueRef::Blob(bytes)) => {
            let id = uuid::Uuid::from_slice(bytes).map_err(|_| Misfit)?;
            sink.plain(id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).as_bytes());
        }
        // Columns of mixed values are served as text.
        (P::String, ValueRef::Integer(i)) => sink.string(&i.to_string()),
        (P::String, ValueRef::Real(r)) => sink.string(&real_text(r)),
        (p, ValueRef::Real(r)) if p.is_integer() => sink.integer(whole(p, r)?),
        _ => return Err(Misfit),
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Result<&str, Misfit> {
    std::str::from_utf8(bytes).map_err(|_| Misfit)
}

/// A whole number that lies in the database as a double.
fn whole(primitive: P, real: f64) -> Result<i64, Misfit> {
    let limit = match primitive {
        P::Byte => 0.0..=255.0,
        P::SByte => -128.0..=127.0,
        P::Int16 => -32768.0..=32767.0,
        P::Int32 => -2147483648.0..=2147483647.0,
        _ => -9007199254740992.0..=9007199254740992.0,
    };
    if real.fract() == 0.0 && limit.contains(&real) { Ok(real as i64) } else { Err(Misfit) }
}

fn decimal<S: RowSink>(sink: &mut S, real: f64) -> Result<(), Misfit> {
    if !real.is_finite() {
        return Err(Misfit);
    }
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(real);
    if shortest.bytes().any(|b| b == b'e') {
        sink.decimal(&plain_decimal(shortest).ok_or(Misfit)?);
    } else {
        let digits = shortest.strip_suffix(".0").unwrap_or(shortest);
        sink.decimal(if digits == "-0" { "0" } else { digits });
    }
    Ok(())
}

/// A double as text.
pub fn real_text(real: f64) -> String {
    match real {
        r if r.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "INF".to_owned(),
        f64::NEG_INFINITY => "-INF".to_owned(),
        r => zmij::Buffer::new().format_finite(r).to_owned(),
    }
}

/// Writes a point in time as it lies there, its own fraction and offset kept: only `T` and a missing zone are put in.
fn instant<S: RowSink>(sink: &mut S, text: &str) -> Result<(), Misfit> {
    Instant::parse(text).ok_or(Misfit)?;
    let mut buffer = [0u8; 48];
    let bytes = text.as_bytes();
    if bytes.len() == 10 {
        buffer[..10].copy_from_slice(bytes);
        buffer[10..20].copy_from_slice(b"T00:00:00Z");
        sink.plain(&buffer[..20]);
        return Ok(());
    }
    // A zone starts behind the time; short times get their seconds, so that the form is that of the standard.
    let end = bytes
        .iter()
        .skip(11)
        .position(|b| !matches!(b, b'0'..=b'9' | b':' | b'.'))
        .map_or(bytes.len(), |p| p + 11);
    let zone = &bytes[end..];
    if end + 9 > buffer.len() {
        return Err(Misfit);
    }
    buffer[..end].copy_from_slice(&bytes[..end]);
    buffer[10] = b'T';
    let mut length = end;
    if end == 16 {
        buffer[16..19].copy_from_slice(b":00");
        length = 19;
    }
    let zone = std::str::from_utf8(zone).map_err(|_| Misfit)?.trim_start();
    let digits: Vec<u8> = zone.bytes().filter(u8::is_ascii_digit).collect();
    if digits.is_empty() {
        buffer[length] = b'Z';
        sink.plain(&buffer[..length + 1]);
        return Ok(());
    }
    let minutes = digits.get(2..4).unwrap_or(b"00");
    let written = [&zone.as_bytes()[..1], &digits[..2], b":", minutes].concat();
    buffer[length..length + 6].copy_from_slice(&written);
    sink.plain(&buffer[..length + 6]);
    Ok(())
}

/// Writes a point in time in the form that most databases keep: `T` for the space, and `Z`, as it is UTC.
fn plain_instant<S: RowSink>(sink: &mut S, bytes: &[u8]) {
    // 19 characters, and at most a point and 12 digits.
    let mut buffer = [0u8; 33];
    let mut length = bytes.len().min(32);
    if length > 19 {
        // Zeros at the end of a fraction say nothing.
        let zeros = bytes[..length].iter().rev().take_while(|digit| **digit == b'0').count();
        length -= zeros;
        length -= usize::from(bytes[length - 1] == b'.');
    }
    buffer[..length].copy_from_slice(&bytes[..length]);
    buffer[10] = b'T';
    buffer[length] = b'Z';
    sink.plain(&buffer[..=length]);
}

/// A date, or a point in time at midnight.
fn date<S: RowSink>(sink: &mut S, text: &str) -> Result<(), Misfit> {
    let (day, rest) = text.split_at_checked(10).ok_or(Misfit)?;
    Date::parse(day).ok_or(Misfit)?;
    if !rest.is_empty() {
        let time = Instant::parse(text).ok_or(Misfit)?.local_time();
        if time.seconds != 0 || time.picos != 0 {
            return Err(Misfit);
        }
    }
    sink.plain(day.as_bytes());
    Ok(())
}

fn guid_text(text: &str) -> Option<String> {
    uuid::Uuid::try_parse(text).ok().map(|id| id.hyphenated().to_string())
}

/// A value for an error message: its kind, and its start where it is text or a number.
pub fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(i) => format!("the number {i}"),
        ValueRef::Real(r) => format!("the number {r}"),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => format!("the text '{}'", text.chars().take(SHOWN).collect::<String>()),
            Err(_) => "text that is not UTF-8".to_owned(),
        },
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}
