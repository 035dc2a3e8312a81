//! Texts of which something is told: members of a JSON object as properties of an entity, values inside of one, and media types.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::PageWriter;
use crate::json::document::{PlainText, find, items, members, plain_text, without_halves, write_json};
use crate::json::level::member;
use crate::json::shape::{DocumentShape, DynamicShape, JsonShape, ValueShape};
use crate::json::text::write_string;
use crate::model::{BYTES, is_media_type};

impl<O> PageWriter<O> {
    /// Writes what is told of a text; of none at all where it is null. A text that is no JSON or no media type is as null.
    #[inline(never)]
    pub(super) fn write_told(&mut self, text: Option<&str>) {
        let shape = Arc::clone(&self.shape);
        match shape.values.get(self.found) {
            Some(ValueShape::Members(told)) => {
                self.write_members(told, &without_halves(text.unwrap_or_default()));
            }
            Some(ValueShape::MediaType { prefix }) => {
                // Just as it is told where the bytes are.
                let told = text.filter(|text| is_media_type(text)).unwrap_or(BYTES);
                member(&mut self.buffer, prefix);
                write_string(&mut self.buffer, told);
            }
            Some(ValueShape::Document(told)) => {
                self.write_document(told, &without_halves(text.unwrap_or_default()));
            }
            _ => {}
        }
    }

    /// Writes the members that are told of a JSON object.
    fn write_members(&mut self, told: &DynamicShape, text: &str) {
        for (name, value) in members(text).unwrap_or_default() {
            if told.tells(&name) {
                self.write_parts(&name, &told.parts(&name), value);
            }
        }
    }

    /// Writes a member, or of it what paths lead to. Where there are paths, it is told only as an object.
    fn write_parts(&mut self, name: &str, paths: &[&[String]], value: &RawValue) {
        if self.shape.omit_nulls && value.get() == "null" {
            return;
        }
        let mut prefix = vec![b','];
        write_string(&mut prefix, name);
        prefix.push(b':');
        if paths.iter().any(|path| path.is_empty()) {
            member(&mut self.buffer, &prefix);
            write_json(&mut self.buffer, value.get());
            return;
        }
        let Some(all) = members(value.get()) else {
            return;
        };
        member(&mut self.buffer, &prefix);
        self.buffer.push(b'{');
        for (name, value) in all {
            let inner: Vec<&[String]> = paths
                .iter()
                .filter_map(|path| path.split_first().filter(|(first, _)| **first == name))
                .map(|(_, rest)| rest)
                .collect();
            if !inner.is_empty() {
                self.write_parts(&name, &inner, value);
            }
        }
        self.buffer.push(b'}');
    }

    /// Writes the value that steps lead to.
    fn write_document(&mut self, told: &DocumentShape, text: &str) {
        match (told.chosen, &told.shape) {
            (Some(chosen), JsonShape::Collection(item)) => self.write_chosen(told, item, chosen, text),
            _ => self.write_shaped(&told.shape, &told.prefix, find(text, &told.path)),
        }
    }

    /// Writes the items of a collection whose numbers stand before it.
    fn write_chosen(
        &mut self,
        told: &DocumentShape,
        item: &JsonShape,
        (skip, top): (u64, Option<u64>),
        text: &str,
    ) {
        let (numbers, json) = text.split_once(' ').unwrap_or_default();
        let all = find(json, &told.path).and_then(|value| items(value.get())).unwrap_or_default();
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let wanted = numbers.split(',').skip(count(skip)).take(top.map_or(usize::MAX, count));
        let found = wanted.filter_map(|number| all.get(number.parse::<usize>().ok()?).copied());
        self.write_items(item, &told.prefix, found);
    }

    fn write_items<'j>(
        &mut self,
        item: &JsonShape,
        prefix: &[u8],
        found: impl Iterator<Item = &'j RawValue>,
    ) {
        member(&mut self.buffer, prefix);
        self.buffer.push(b'[');
        for (number, value) in found.enumerate() {
            if number > 0 {
                self.buffer.push(b',');
            }
            self.write_shaped(item, b"", Some(value));
        }
        self.buffer.push(b']');
    }

    /// Writes a value behind a prefix. What does not fit its type is as null; an array that is not there is an empty one.
    fn write_shaped(&mut self, shape: &JsonShape, prefix: &[u8], value: Option<&RawValue>) {
        let json = value.map_or("null", RawValue::get);
        match shape {
            JsonShape::Complex { start, members: told } => {
                if let Some(found) = members(json) {
                    member(&mut self.buffer, prefix);
                    self.buffer.extend_from_slice(start);
                    for one in told {
                        let value = found.iter().find(|(name, _)| *name == one.name).map(|(_, value)| *value);
                        self.write_shaped(&one.shape, &one.prefix, value);
                    }
                    self.buffer.push(b'}');
                    return;
                }
            }
            JsonShape::Collection(item) => {
                self.write_items(item, prefix, items(json).unwrap_or_default().into_iter());
                return;
            }
            JsonShape::Primitive { primitive, quoted } => {
                if let Some(text) = plain_text(*primitive, json) {
                    member(&mut self.buffer, prefix);
                    match text {
                        PlainText::Text(text) => write_string(&mut self.buffer, &text),
                        PlainText::Bare(digits) if *quoted => write_string(&mut self.buffer, &digits),
                        PlainText::Bare(digits) => self.buffer.extend_from_slice(digits.as_bytes()),
                    }
                    return;
                }
            }
            JsonShape::Any => {
                member(&mut self.buffer, prefix);
                write_json(&mut self.buffer, json);
                return;
            }
        }
        if prefix.is_empty() || !self.shape.omit_nulls {
            member(&mut self.buffer, prefix);
            self.buffer.extend_from_slice(b"null");
        }
    }
}
