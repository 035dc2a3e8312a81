//! Functions that SQLite lacks or has only for ASCII: text in characters and in all scripts, patterns.

use std::sync::Arc;

use nextlink_odata::model::PrimitiveType as P;
use nextlink_sql::dialect::sqlite_pattern;
use regex::bytes::Regex;
use rusqlite::functions::Context;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Error};

use super::cells::real_text;
use super::numbers::{PURE, any_null, integer, refuse};
use super::{cast, dates, numbers, sums};

/// Bytes that a compiled pattern may take; a request has some of them at once.
const MAX_COMPILED: usize = 2 << 20;

/// Registers all functions.
pub fn register(connection: &Connection) -> Result<(), Error> {
    numbers::register(connection)?;
    sums::register(connection)?;
    dates::register(connection)?;
    text_functions(connection)?;
    pattern(connection)?;
    connection.create_scalar_function("nl_guid", 1, PURE, |cx| match cx.get_raw(0) {
        ValueRef::Blob(bytes) => Ok(uuid::Uuid::from_slice(bytes).ok().map(|id| id.hyphenated().to_string())),
        ValueRef::Text(bytes) => Ok(std::str::from_utf8(bytes).ok().map(str::to_lowercase)),
        _ => Ok(None),
    })?;
    connection.create_scalar_function("nl_cast", 3, PURE, |cx| {
        if any_null(cx) {
            return Ok(Value::Null);
        }
        let (from, to): (String, String) = (cx.get(1)?, cx.get(2)?);
        Ok(match (P::from_name(&from), P::from_name(&to)) {
            (Some(from), Some(to)) => cast::cast(cx.get_raw(0), from, to),
            _ => Value::Null,
        })
    })
}

/// An argument as text; columns of mixed values hold numbers too.
fn text(cx: &Context<'_>, index: usize) -> Option<String> {
    match cx.get_raw(index) {
        ValueRef::Text(bytes) => String::from_utf8(bytes.to_vec()).ok(),
        ValueRef::Integer(i) => Some(i.to_string()),
        ValueRef::Real(r) => Some(real_text(r)),
        ValueRef::Null | ValueRef::Blob(_) => None,
    }
}

type Test = fn(&str, &str) -> bool;
type Change = fn(&str) -> String;

fn text_functions(connection: &Connection) -> Result<(), Error> {
    let tests: [(&str, Test); 4] = [
        ("nl_contains", |a, b| a.contains(b)),
        ("nl_startswith", |a, b| a.starts_with(b)),
        ("nl_endswith", |a, b| a.ends_with(b)),
        // The text that is looked for has been brought to lower case already.
        ("nl_search", |a, b| a.to_lowercase().contains(b)),
    ];
    for (name, test) in tests {
        connection.create_scalar_function(name, 2, PURE, move |cx| {
            // Without a copy where both are text, which is nearly always so.
            if let (ValueRef::Text(a), ValueRef::Text(b)) = (cx.get_raw(0), cx.get_raw(1))
                && let (Ok(a), Ok(b)) = (std::str::from_utf8(a), std::str::from_utf8(b))
            {
                return Ok(Some(test(a, b)));
            }
            Ok(text(cx, 0).zip(text(cx, 1)).map(|(a, b)| test(&a, &b)))
        })?;
    }
    let changes: [(&str, Change); 3] = [
        ("nl_lower", |t| t.to_lowercase()),
        ("nl_upper", |t| t.to_uppercase()),
        ("nl_trim", |t| t.trim().to_owned()),
    ];
    for (name, change) in changes {
        connection.create_scalar_function(name, 1, PURE, move |cx| Ok(text(cx, 0).map(|t| change(&t))))?;
    }
    connection.create_scalar_function("nl_text", 1, PURE, |cx| match cx.get_raw(0) {
        // Nearly all text is whole, and needs no copy.
        ValueRef::Text(bytes) if std::str::from_utf8(bytes).is_ok() => Ok(ToSqlOutput::Arg(0)),
        ValueRef::Text(bytes) => Ok(whole_text(bytes).into()),
        _ => Ok(ToSqlOutput::Owned(Value::Null)),
    })?;
    connection.create_scalar_function("nl_shown", 1, PURE, |cx| Ok(text(cx, 0)))?;
    connection.create_scalar_function("nl_bytes", 1, PURE, |cx| match cx.get_raw(0) {
        ValueRef::Blob(bytes) => Ok(Some(bytes.to_vec())),
        _ => Ok(text(cx, 0).map(String::into_bytes)),
    })?;
    connection.create_scalar_function("nl_length", 1, PURE, |cx| {
        Ok(text(cx, 0).map(|t| t.chars().count() as i64))
    })?;
    connection.create_scalar_function("nl_indexof", 2, PURE, |cx| {
        Ok(text(cx, 0).zip(text(cx, 1)).map(|(a, b)| match a.find(&b) {
            Some(at) => a[..at].chars().count() as i64,
            None => -1,
        }))
    })?;
    connection.create_scalar_function("nl_substring", -1, PURE, |cx| {
        if any_null(cx) {
            return Ok(None);
        }
        let length = if cx.len() > 2 { integer(cx, 2) } else { None };
        Ok(text(cx, 0).zip(integer(cx, 1)).map(|(t, start)| substring(&t, start, length)))
    })
}

/// Text in which U+FFFD stands in the place of each half of a surrogate pair, of which SQLite makes three bytes.
fn whole_text(bytes: &[u8]) -> String {
    let lossy = |rest: &[u8]| String::from_utf8_lossy(rest).into_owned();
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        let known = match std::str::from_utf8(rest) {
            Ok(whole) => return text + whole,
            Err(fault) => fault.valid_up_to(),
        };
        let (whole, behind) = rest.split_at(known);
        text += &lossy(whole);
        text.push(char::REPLACEMENT_CHARACTER);
        rest = match behind {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, behind @ ..] | [_, behind @ ..] => behind,
            [] => return text,
        };
    }
}

/// Characters from a start counted from 0; a negative start counts from the end (4.01).
fn substring(text: &str, start: i64, length: Option<i64>) -> String {
    let start = if start < 0 {
        (text.chars().count() as u64).saturating_sub(start.unsigned_abs())
    } else {
        start.unsigned_abs()
    };
    let rest = text.chars().skip(usize::try_from(start).unwrap_or(usize::MAX));
    match length {
        Some(length) => rest.take(usize::try_from(length).unwrap_or(0)).collect(),
        None => rest.collect(),
    }
}

fn pattern(connection: &Connection) -> Result<(), Error> {
    connection.create_scalar_function("nl_matches", 2, PURE, |cx| {
        if any_null(cx) {
            return Ok(None);
        }
        let compiled: Arc<Regex> = cx
            .get_or_create_aux(1, |value| -> Result<_, Box<dyn std::error::Error + Send + Sync>> {
                let pattern = sqlite_pattern(value.as_str()?)?;
                Ok(regex::bytes::RegexBuilder::new(&pattern).size_limit(MAX_COMPILED).build()?)
            })
            .map_err(|_| refuse("the pattern of matchesPattern cannot be used, or needs too much memory"))?;
        // Nothing at all can be found within a character.
        let found = |t: &str| compiled.find_iter(t.as_bytes()).any(|found| t.is_char_boundary(found.start()));
        Ok(text(cx, 0).map(|t| found(&t)))
    })
}
