//! Values of earlier answers in later requests of a batch, as in `$filter=Building eq $1/Building` (Part 1 section 11.7.6).

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use nextlink_odata::bind::{self, BindLimits, Request as Asked};
use nextlink_odata::model::{EntityTypeId, Model, PrimitiveType, Type};
use nextlink_odata::query::{Addressed, Query};
use nextlink_odata::url;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::value::RawValue;

use super::call::{Call, bad};
use crate::answer::Refusal;
use crate::tunnel;

/// Bytes of an answer that others refer to, at most.
pub const MOST_BYTES: usize = 1 << 20;
/// Words of the language that begin with a dollar, and so are no ids.
const WORDS: [&str; 30] = [
    "all",
    "apply",
    "batch",
    "compute",
    "count",
    "crossjoin",
    "deltatoken",
    "each",
    "entity",
    "expand",
    "filter",
    "format",
    "id",
    "index",
    "it",
    "levels",
    "metadata",
    "openapi",
    "orderby",
    "query",
    "ref",
    "root",
    "schemaversion",
    "search",
    "select",
    "skip",
    "skiptoken",
    "these",
    "this",
    "value",
];

/// A reference in an expression.
#[derive(Debug, PartialEq, Eq)]
pub struct Reference<'t> {
    /// Where it stands.
    pub at: Range<usize>,
    /// The id of a request.
    pub id: &'t str,
    /// The way into its answer.
    pub path: Vec<&'t str>,
}

/// The references in an expression to requests whose ids are known; what stands in quotes is text.
pub fn references<'t>(text: &'t str, known: impl Fn(&str) -> bool) -> Vec<Reference<'t>> {
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    let in_name = |c: char| c.is_alphanumeric() || "_@.$".contains(c);
    let run = |from: usize, fits: &dyn Fn(char) -> bool| {
        text[from..].find(|c| !fits(c)).map_or(text.len(), |length| from + length)
    };
    let mut found = Vec::new();
    let (mut at, mut quote, mut before) = (0, None, ' ');
    while let Some(c) = text[at..].chars().next() {
        let end = run(at + c.len_utf8(), &unreserved);
        let id = &text[at + c.len_utf8()..end];
        if quote.is_none() && c == '$' && before != '/' && !WORDS.contains(&id) && known(id) {
            let (start, mut path) = (at, Vec::new());
            at = end;
            while text[at..].starts_with('/') {
                let segment = run(at + 1, &in_name);
                path.push(&text[at + 1..segment]);
                at = segment;
            }
            found.push(Reference { at: start..at, id, path });
            before = ' ';
            continue;
        }
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        (at, before) = (at + c.len_utf8(), c);
    }
    found
}

/// A text with something else in the places of references.
pub fn replaced<'t>(
    text: &'t str,
    references: Vec<Reference<'t>>,
    mut with: impl FnMut(&Reference<'t>) -> Result<String, Refusal>,
) -> Result<String, Refusal> {
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    for reference in references {
        out.push_str(&text[from..reference.at.start]);
        out.push_str(&with(&reference)?);
        from = reference.at.end;
    }
    out.push_str(&text[from..]);
    Ok(out)
}

/// The value of an option as it is meant.
fn decoded(value: &str) -> String {
    percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// A URL with values in the places of references in its options.
///
/// # Errors
/// One of them has no value.
pub fn put_in(
    url: String,
    known: impl Fn(&str) -> bool,
    mut with: impl FnMut(&Reference<'_>) -> Result<String, Refusal>,
) -> Result<String, Refusal> {
    let Some((path, query)) = url.split_once('?').filter(|(_, query)| query.contains(['$', '%'])) else {
        return Ok(url);
    };
    let mut options = Vec::new();
    for option in query.split('&') {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let text = decoded(value);
        let references = references(&text, &known);
        options.push(if references.is_empty() {
            option.to_owned()
        } else {
            let text = replaced(&text, references, &mut with)?;
            [name, "=", &utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string()].concat()
        });
    }
    Ok([path, "?", &options.join("&")].concat())
}

/// Ids of requests whose answers others refer to.
pub fn wanted(calls: &[Call]) -> HashSet<String> {
    let ids: HashSet<&str> = calls.iter().filter_map(|call| call.id.as_deref()).collect();
    let mut found = HashSet::new();
    for call in calls {
        let query = call.url.split_once('?').map_or("", |(_, query)| query);
        let mut texts: Vec<String> = query
            .split('&')
            .map(|option| decoded(option.split_once('=').map_or("", |(_, value)| value)))
            .collect();
        texts.extend(call.condition.clone());
        if !call.body.is_empty() && call.url.contains("query") {
            let body = tunnel::with_body("/A/$query", &call.headers, &call.body);
            texts.extend(body.ok().map(|url| decoded(&url)));
        }
        for text in &texts {
            let references = references(text, |id| ids.contains(id));
            found.extend(references.iter().map(|reference| reference.id.to_owned()));
        }
    }
    found
}

/// What a value is known to be.
#[derive(Debug, Clone, Copy)]
enum Known {
    Entity(EntityTypeId),
    Value(Type),
    Nothing,
}

/// The answer to a request that others refer to.
#[derive(Debug)]
pub struct Answer {
    /// What was asked for, behind the root of the service.
    pub url: String,
    /// Its body; none where it was too long.
    pub body: Option<Vec<u8>>,
}

impl Answer {
    /// A value in it, as a literal; none where there is no such value.
    ///
    /// # Errors
    /// The answer was too long, or what is there is no value that can stand in an expression.
    pub fn literal(&self, model: &Model, reference: &Reference<'_>) -> Result<Option<String>, Refusal> {
        let Some(body) = &self.body else {
            let id = reference.id;
            let message = format!(
                "The answer to '{id}' is longer than {MOST_BYTES} bytes, so nothing in it is looked up."
            );
            return Err(bad(message).about("url"));
        };
        let no_value = || {
            let whole =
                [&[["$", reference.id].concat().as_str()], reference.path.as_slice()].concat().join("/");
            bad(format!("'{whole}' is no value that can stand in an expression.")).about("url")
        };
        let query = self.query(model);
        let (mut known, raw) = match query.as_deref() {
            None => (Known::Nothing, false),
            Some(query) => self.known(model, query),
        };
        if raw {
            let text = String::from_utf8_lossy(body);
            return Ok(reference.path.is_empty().then(|| text_literal(known, &text)));
        }
        let Ok(mut value) = serde_json::from_slice::<&RawValue>(body) else { return Err(no_value()) };
        // What is neither a complex value nor an entity is answered as the member `value` of an object.
        if matches!(known, Known::Value(Type::Primitive(_) | Type::Enum(_))) {
            let Some(inner) = member(value, "value") else { return Ok(None) };
            value = inner;
        }
        for segment in &reference.path {
            let Some(inner) = member(value, segment) else { return Ok(None) };
            (value, known) = (inner, inside(model, known, segment));
        }
        literal(known, value).map(Some).ok_or_else(no_value)
    }

    /// What was asked for, bound anew.
    fn query(&self, model: &Model) -> Option<Box<Query>> {
        let url = url::parse(&self.url).ok()?;
        match bind::bind(model, &url, BindLimits::default(), "2000-01-01T00:00:00").ok()? {
            Asked::Query(query) => Some(query),
            _ => None,
        }
    }

    /// What the whole of it is, and whether it is plain text.
    fn known(&self, model: &Model, query: &Query) -> (Known, bool) {
        // Of a collection, what its items are.
        let leaf = || query.leaf(model).map_or(Known::Nothing, |leaf| Known::Value(leaf.ty));
        let number = Known::Value(Type::Primitive(PrimitiveType::Int64));
        match query.addressed {
            Addressed::Entity => (Known::Entity(model.entity_set(query.selection.set).entity_type), false),
            Addressed::Property(_) | Addressed::Result => (leaf(), false),
            Addressed::RawValue(_) | Addressed::RawResult => (leaf(), true),
            Addressed::Count | Addressed::ItemCount(_) => (number, true),
            Addressed::RawDynamic => (Known::Value(Type::Primitive(PrimitiveType::String)), true),
            Addressed::Collection => (leaf(), false),
            Addressed::Dynamic | Addressed::Stream(_) => (Known::Nothing, false),
        }
    }
}

/// What a member of a value is known to be.
fn inside(model: &Model, known: Known, name: &str) -> Known {
    let properties = match known {
        Known::Entity(id) => {
            let ty = model.entity_type(id);
            if let Some(navigation) = ty.navigation.iter().find(|navigation| navigation.name == name) {
                return Known::Entity(navigation.target);
            }
            &ty.properties
        }
        Known::Value(Type::Complex(id)) => &model.complex_type(id).properties,
        Known::Value(_) | Known::Nothing => return Known::Nothing,
    };
    let property = properties.iter().find(|property| property.name == name);
    property.map_or(Known::Nothing, |property| Known::Value(property.ty))
}

/// A member of an object.
fn member<'v>(value: &'v RawValue, name: &str) -> Option<&'v RawValue> {
    let members: HashMap<String, &RawValue> = serde_json::from_str(value.get()).ok()?;
    members.get(name).copied()
}

/// A value of an answer as it is written in an expression. Numbers keep all their digits.
fn literal(known: Known, value: &RawValue) -> Option<String> {
    let json = value.get();
    match json.as_bytes().first()? {
        b'"' => Some(text_literal(known, &serde_json::from_str::<String>(json).ok()?)),
        // A collection, behind `in`.
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            let items: Option<Vec<String>> = items.into_iter().map(|item| literal(known, item)).collect();
            Some(["(", &items?.join(","), ")"].concat())
        }
        b'{' => None,
        // Null, true, false and numbers.
        _ => Some(json.to_owned()),
    }
}

/// What is text in JSON, or plain text.
fn text_literal(known: Known, text: &str) -> String {
    use PrimitiveType as P;
    let quoted = || ["'", &text.replace('\'', "''"), "'"].concat();
    match known {
        Known::Value(Type::Primitive(P::String)) => quoted(),
        Known::Value(Type::Primitive(P::Binary)) => ["binary", &quoted()].concat(),
        Known::Value(Type::Primitive(P::Duration)) => ["duration", &quoted()].concat(),
        // Whatever else is written as text in JSON stands without quotes in an expression.
        Known::Value(Type::Primitive(_)) => text.to_owned(),
        _ => quoted(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_outside_of_texts() {
        let known = |id: &str| ["1", "a-b", "count", "it"].contains(&id);
        for (text, expected) in [
            ("Building eq $1/Building", &["1 Building"][..]),
            ("$1", &["1 "]),
            ("$1/Address/City eq 'x' and A eq $a-b", &["1 Address/City", "a-b "]),
            ("$1/$succeeded", &["1 $succeeded"]),
            ("$1/@odata.count gt 1", &["1 @odata.count"]),
            ("A in ($1/B,$1/C)", &["1 B", "1 C"]),
            ("A eq '$1/B' or B eq 'it''s $1'", &[]),
            ("\"$1\" or $1", &["1 "]),
            ("Orders/$count eq 1", &[]),
            ("$count eq $it/A", &[]),
            ("$2/B", &[]),
            ("$12/B", &[]),
            ("A/$1", &[]),
            ("", &[]),
            ("é eq $1/é", &["1 é"]),
        ] {
            let found = references(text, known);
            let found: Vec<String> = found.iter().map(|r| [r.id, " ", &r.path.join("/")].concat()).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn values_stand_where_references_stood() {
        for (url, expected) in [
            ("/A", "/A"),
            ("/A?$filter=B eq 1", "/A?$filter=B eq 1"),
            ("/A?$filter=B%20eq%20$1/C&$top=2", "/A?$filter=B%20eq%20%27x%27&$top=2"),
            ("/A?$filter=B+eq+%241/C", "/A?$filter=B%20eq%20%27x%27"),
            ("/A?$filter=B eq '$1'&x=$1", "/A?$filter=B eq '$1'&x=%27x%27"),
            ("/A?@p=$1&$filter=B eq @p", "/A?@p=%27x%27&$filter=B eq @p"),
        ] {
            let found = put_in(url.to_owned(), |id| id == "1", |_| Ok("'x'".to_owned()));
            assert_eq!(found.ok().as_deref(), Some(expected), "{url}");
        }
    }

    #[test]
    fn literals_are_written_by_type() {
        use PrimitiveType as P;
        let of = |ty| Known::Value(Type::Primitive(ty));
        for (known, json, expected) in [
            (of(P::String), "\"it's\"", Some("'it''s'")),
            (of(P::Guid), "\"0f0e\"", Some("0f0e")),
            (of(P::Date), "\"2024-01-02\"", Some("2024-01-02")),
            (of(P::Decimal), "1.50", Some("1.50")),
            (of(P::Decimal), "\"1.5\"", Some("1.5")),
            (of(P::Decimal), "12345678901234567890.123456789", Some("12345678901234567890.123456789")),
            (of(P::Double), "\"INF\"", Some("INF")),
            (of(P::Duration), "\"PT1S\"", Some("duration'PT1S'")),
            (of(P::Binary), "\"AQ\"", Some("binary'AQ'")),
            (of(P::Boolean), "true", Some("true")),
            (of(P::Int32), "null", Some("null")),
            (of(P::String), "[\"a\",\"b\"]", Some("('a','b')")),
            (Known::Nothing, "\"a\"", Some("'a'")),
            (Known::Nothing, "{}", None),
            (Known::Nothing, "[{}]", None),
        ] {
            let value: &RawValue = serde_json::from_str(json).expect(json);
            assert_eq!(literal(known, value).as_deref(), expected, "{json}");
        }
    }
}
