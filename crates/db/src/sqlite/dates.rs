//! Parts of dates and times, and arithmetic with durations, for SQLite.

use std::sync::Arc;

use nextlink_odata::temporal::{Date, Instant, Time, parse_seconds, seconds_text};
use nextlink_sql::zone::{Rules, Zone};
use rusqlite::functions::Context;
use rusqlite::types::{FromSqlError, Value, ValueRef};
use rusqlite::{Connection, Error};

use super::numbers::{PURE, refuse};

fn text<'c>(cx: &'c Context<'_>, index: usize) -> Option<&'c str> {
    match cx.get_raw(index) {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// What an argument says of the date and of the time, in its own offset.
fn parts(text: &str) -> (Option<Date>, Option<Time>) {
    match Instant::parse(text) {
        Some(instant) => (instant.local_date(), Some(instant.local_time())),
        None => (None, Time::parse(text)),
    }
}

type Part = fn(Option<Date>, Option<Time>) -> Option<i64>;

/// Registers the functions. A value that is no date gives null.
pub fn register(connection: &Connection) -> Result<(), Error> {
    let numbers: [(&str, Part); 6] = [
        ("nl_year", |date, _| date.map(|d| i64::from(d.year))),
        ("nl_month", |date, _| date.map(|d| i64::from(d.month))),
        ("nl_day", |date, _| date.map(|d| i64::from(d.day))),
        ("nl_hour", |_, time| time.map(|t| i64::from(t.seconds / 3600))),
        ("nl_minute", |_, time| time.map(|t| i64::from(t.seconds / 60 % 60))),
        ("nl_second", |_, time| time.map(|t| i64::from(t.seconds % 60))),
    ];
    for (name, part) in numbers {
        connection.create_scalar_function(name, 1, PURE, move |cx| {
            Ok(text(cx, 0).and_then(|t| {
                let (date, time) = parts(t);
                part(date, time)
            }))
        })?;
    }
    connection.create_scalar_function("nl_offset", 1, PURE, |cx| {
        Ok(text(cx, 0).and_then(Instant::parse).map(|i| i64::from(i.offset)))
    })?;
    connection.create_scalar_function("nl_fraction", 1, PURE, |cx| {
        Ok(text(cx, 0).and_then(|t| parts(t).1).map(|time| seconds_text(i128::from(time.picos))))
    })?;
    connection.create_scalar_function("nl_date", 1, PURE, |cx| {
        Ok(text(cx, 0).and_then(|t| parts(t).0).map(|date| written(|out| date.write(out))))
    })?;
    connection.create_scalar_function("nl_time", 1, PURE, |cx| {
        Ok(text(cx, 0).and_then(|t| parts(t).1).map(|time| written(|out| time.write(out))))
    })?;
    connection.create_scalar_function("nl_instant", 1, PURE, |cx| {
        Ok(text(cx, 0).and_then(Instant::parse).and_then(utc))
    })?;
    zones(connection)?;
    arithmetic(connection)
}

/// `nl_utc(x, zone)`: a text that says no time zone, as it is meant in one; anything else as it is.
fn zones(connection: &Connection) -> Result<(), Error> {
    connection.create_scalar_function("nl_utc", 2, PURE, |cx| {
        let rules: Arc<Rules> = cx.get_or_create_aux(1, |zone| -> Result<_, FromSqlError> {
            Ok(match zone {
                ValueRef::Integer(minutes) => {
                    let minutes = i16::try_from(minutes).map_err(|_| FromSqlError::OutOfRange(minutes))?;
                    Zone::Offset(minutes).rules()
                }
                name => Zone::parse(name.as_str()?).map_err(FromSqlError::other)?.rules(),
            })
        })?;
        let meant = text(cx, 0).filter(|text| !tells_zone(text)).and_then(Instant::parse);
        let moved = |instant: Instant| utc(Instant { seconds: rules.utc(instant.seconds)?, ..instant });
        match meant.and_then(moved) {
            Some(text) => Ok(Value::Text(text)),
            None => cx.get::<Value>(0),
        }
    })
}

/// Whether a time zone stands behind a time.
fn tells_zone(text: &str) -> bool {
    text.get(10..).is_some_and(|time| time.contains(['Z', 'z', '+', '-']))
}

fn written(write: impl FnOnce(&mut String)) -> String {
    let mut out = String::with_capacity(32);
    write(&mut out);
    out
}

fn utc(instant: Instant) -> Option<String> {
    let mut out = String::with_capacity(32);
    instant.write_utc(&mut out)?;
    Some(out)
}

/// `nl_later(x, seconds)`, `nl_earlier(x, seconds)`, `nl_between(x, y)`, the last in seconds.
fn arithmetic(connection: &Connection) -> Result<(), Error> {
    for (name, sign) in [("nl_later", 1), ("nl_earlier", -1)] {
        connection.create_scalar_function(name, 2, PURE, move |cx| {
            let (Some(start), Some(seconds)) = (text(cx, 0), text(cx, 1)) else {
                return Ok(Value::Null);
            };
            let Some(instant) = Instant::parse(start) else {
                return Ok(Value::Null);
            };
            let beyond = || refuse("a date lies outside of the years 1 to 9999");
            let picos = parse_seconds(seconds).ok_or_else(beyond)?;
            let moved = Instant::from_picos(instant.total_picos() + sign * picos, 0).ok_or_else(beyond)?;
            let result = if start.len() == 10 {
                moved.local_date().map(|date| written(|out| date.write(out)))
            } else {
                utc(moved)
            };
            result.filter(|text| !text.starts_with("0000")).map(Value::Text).ok_or_else(beyond)
        })?;
    }
    connection.create_scalar_function("nl_between", 2, PURE, |cx| {
        let (a, b) = (text(cx, 0).and_then(Instant::parse), text(cx, 1).and_then(Instant::parse));
        Ok(a.zip(b).map(|(a, b)| seconds_text(a.total_picos() - b.total_picos())))
    })
}
