//! Members of a JSON object that lies in the database, written as properties of an entity.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::PageWriter;
use crate::json::shape::ValueShape;
use crate::json::text::write_string;

/// The members of a JSON object in their order, each value as it is written there.
struct Members<'j>(Vec<(Cow<'j, str>, &'j RawValue)>);

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

impl<O> PageWriter<O> {
    /// Writes the members that are told of a JSON object. A text that is none has no members.
    pub(super) fn write_members(&mut self, text: &str) {
        let shape = Arc::clone(&self.shape);
        let Some(ValueShape::Members(told)) = shape.values.get(self.found) else {
            return;
        };
        let Ok(Members(members)) = serde_json::from_str::<Members<'_>>(text) else {
            return;
        };
        for (name, value) in members.iter().filter(|(name, _)| told.tells(name)) {
            if shape.omit_nulls && value.get() == "null" {
                continue;
            }
            if self.buffer.last() != Some(&b'{') {
                self.buffer.push(b',');
            }
            write_string(&mut self.buffer, name);
            self.buffer.push(b':');
            write_json(&mut self.buffer, value.get());
        }
    }
}

/// Appends JSON without the spaces between its tokens, which each database has its own way with.
fn write_json(out: &mut Vec<u8>, json: &str) {
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
