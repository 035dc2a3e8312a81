//! JSON that lies in the database: what stands in it, and its text without the spaces that each database has its own way with.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::cast::text_as;
use crate::decimal::plain_decimal;
use crate::lexical;
use crate::model::PrimitiveType as P;
use crate::query::JsonStep;

/// The members of a JSON object in their order, each value as it is written there.
pub(crate) struct Members<'j>(pub(crate) Vec<(Cow<'j, str>, &'j RawValue)>);

#[derive(Deserialize)]
struct Name<'j>(#[serde(borrow)] Cow<'j, str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'de>, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::new();
                let mut known = HashSet::new();
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    // Of several with one name the databases take the first, too.
                    if known.insert(name.clone()) {
                        members.push((name, value));
                    }
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// The members of a JSON object; none where it is something else.
pub(crate) fn members(json: &str) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    serde_json::from_str::<Members<'_>>(json).ok().map(|Members(members)| members)
}

/// The items of a JSON array; none where it is something else.
pub(crate) fn items(json: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(json).ok()
}

/// The value that steps lead to. Null is none, and so is what is no JSON.
pub(crate) fn find<'j>(json: &'j str, path: &[JsonStep]) -> Option<&'j RawValue> {
    let mut found: &RawValue = serde_json::from_str(json).ok()?;
    for step in path {
        found = match step {
            JsonStep::Member(name) => members(found.get())?.into_iter().find(|(known, _)| known == name)?.1,
            JsonStep::Item(number) => {
                let items = items(found.get())?;
                let place = match usize::try_from(*number) {
                    Ok(place) => place,
                    Err(_) => items.len().checked_sub(usize::try_from(number.unsigned_abs()).ok()?)?,
                };
                items.get(place).copied()?
            }
        };
    }
    (found.get() != "null").then_some(found)
}

/// JSON in which no text has half of a surrogate pair, which is no character: U+FFFD stands in its place.
pub(crate) fn without_halves(json: &str) -> Cow<'_, str> {
    const HALF: &str = "\\ufffd";
    if !(json.contains("\\ud") || json.contains("\\uD")) {
        return Cow::Borrowed(json);
    }
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        whole.push_str(&rest[..at]);
        rest = &rest[at..];
        let pair = rest.get(6..).and_then(unit).filter(|low| (0xdc00..0xe000).contains(low));
        let (written, bytes) = match (unit(rest), pair) {
            (Some(0xd800..0xdc00), Some(_)) => (&rest[..12], 12),
            (Some(0xd800..0xe000), _) => (HALF, 6),
            (Some(_), _) => (&rest[..6], 6),
            // Behind a backslash there is a character, as this is JSON.
            (None, _) => {
                let bytes = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                (&rest[..bytes], bytes)
            }
        };
        whole.push_str(written);
        rest = &rest[bytes..];
    }
    whole.push_str(rest);
    Cow::Owned(whole)
}

/// The code unit that stands at the start as `\uXXXX`.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// Appends JSON without the spaces between its tokens.
pub(crate) fn write_json(out: &mut Vec<u8>, json: &str) {
    let (mut inside, mut escaped) = (false, false);
    for byte in json.bytes() {
        if !inside && matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            continue;
        }
        if byte == b'"' && !escaped {
            inside = !inside;
        }
        escaped = inside && byte == b'\\' && !escaped;
        out.push(byte);
    }
}

/// A primitive value that stands in JSON.
pub(crate) enum PlainText {
    /// What is text in JSON.
    Text(String),
    /// A number, or a truth value.
    Bare(String),
}

/// A value of a primitive type; none where the JSON is none of it.
pub(crate) fn plain_text(primitive: P, json: &str) -> Option<PlainText> {
    let text = || serde_json::from_str::<String>(json).ok();
    let number = json.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let bare = |fits: bool, text: &str| fits.then(|| PlainText::Bare(text.to_owned()));
    match primitive {
        P::String => text().map(PlainText::Text),
        P::Boolean => bare(matches!(json, "true" | "false"), json),
        P::Decimal if number && json.contains(['e', 'E']) => plain_decimal(json).map(PlainText::Bare),
        P::Decimal => bare(number, json),
        P::Double if number => {
            let value = json.parse::<f64>().ok().filter(|value| value.is_finite())?;
            bare(true, zmij::Buffer::new().format_finite(value))
        }
        P::Single if number => {
            let value = json.parse::<f32>().ok().filter(|value| value.is_finite())?;
            bare(true, zmij::Buffer::new().format_finite(value))
        }
        P::Double | P::Single => {
            text().filter(|text| matches!(text.as_str(), "INF" | "-INF" | "NaN")).map(PlainText::Text)
        }
        P::Byte => bare(json.parse::<u8>().is_ok(), json),
        P::SByte => bare(json.parse::<i8>().is_ok(), json),
        P::Int16 => bare(json.parse::<i16>().is_ok(), json),
        P::Int32 => bare(json.parse::<i32>().is_ok(), json),
        P::Int64 => bare(json.parse::<i64>().is_ok(), json),
        P::Date | P::DateTimeOffset | P::TimeOfDay | P::Guid => {
            text().filter(|text| text_as(text, primitive).is_some()).map(PlainText::Text)
        }
        P::Duration => text().filter(|text| lexical::duration(text).is_ok()).map(PlainText::Text),
        P::Binary => text().filter(|text| lexical::binary(text).is_ok()).map(PlainText::Text),
        P::Shape(..) => None,
    }
}

/// The raw form of the value of a primitive type that steps lead to in a JSON text; none where there is none that fits.
pub fn raw_typed(json: &str, path: &[JsonStep], primitive: P) -> Option<Vec<u8>> {
    match plain_text(primitive, find(&without_halves(json), path)?.get())? {
        PlainText::Text(text) | PlainText::Bare(text) => Some(text.into_bytes()),
    }
}

/// An object or an array, which has no raw form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPlainValue;

/// The raw form of the value that steps lead to in a JSON text; none where there is none.
///
/// # Errors
/// It is an object or an array.
pub fn raw_json(json: &str, path: &[JsonStep]) -> Result<Option<Vec<u8>>, NoPlainValue> {
    let json = without_halves(json);
    let Some(found) = find(&json, path).map(RawValue::get) else {
        return Ok(None);
    };
    match found.as_bytes().first() {
        Some(b'{' | b'[') => Err(NoPlainValue),
        Some(b'"') => Ok(serde_json::from_str::<String>(found).ok().map(String::into_bytes)),
        _ => Ok(Some(found.as_bytes().to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_pairs() {
        for (json, expected) in [
            (r#""a\u00e4""#, r#""a\u00e4""#),
            (r#""\ud83d\ude00\ud83d""#, r#""\ud83d\ude00\ufffd""#),
            (r#"{"\uDE00x":"\uD83D\u0041"}"#, r#"{"\ufffdx":"\ufffd\u0041"}"#),
            (r#""\\ud800\"\ud800ä\ud8""#, r#""\\ud800\"\ufffdä\ud8""#),
            ("\\ud800\\", "\\ufffd\\"),
        ] {
            assert_eq!(without_halves(json), expected, "{json}");
        }
    }

    #[test]
    fn steps_lead_to_values() {
        let json = r#" {"a": {"b c": [1, {"d": "x\"y"}, null]}, "a": 2, "n": null, "t": true} "#;
        let member = |name: &str| JsonStep::Member(name.to_owned());
        for (path, expected) in [
            (vec![member("t")], Ok(Some("true"))),
            (vec![member("n")], Ok(None)),
            (vec![member("none")], Ok(None)),
            (vec![member("a")], Err(NoPlainValue)),
            (vec![member("a"), member("b c")], Err(NoPlainValue)),
            (vec![member("a"), member("b c"), JsonStep::Item(0)], Ok(Some("1"))),
            (vec![member("a"), member("b c"), JsonStep::Item(-3)], Ok(Some("1"))),
            (vec![member("a"), member("b c"), JsonStep::Item(-4)], Ok(None)),
            (vec![member("a"), member("b c"), JsonStep::Item(2)], Ok(None)),
            (vec![member("a"), member("b c"), JsonStep::Item(i64::MIN)], Ok(None)),
            (vec![member("a"), member("b c"), JsonStep::Item(1), member("d")], Ok(Some("x\"y"))),
            (vec![member("t"), member("d")], Ok(None)),
            (vec![member("t"), JsonStep::Item(0)], Ok(None)),
            (vec![JsonStep::Item(0)], Ok(None)),
        ] {
            let found = raw_json(json, &path);
            let found = found.map(|found| found.map(|bytes| String::from_utf8(bytes).expect("UTF-8")));
            assert_eq!(found, expected.map(|text| text.map(str::to_owned)), "{path:?}");
        }
        assert_eq!(raw_json("no JSON", &[]), Ok(None));
    }
}
