//! JSON that lies in the database: members of an object written as properties of an entity, and values inside of one.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::PageWriter;
use crate::json::document::{find, members, write_json};
use crate::json::level::member;
use crate::json::shape::{DocumentShape, DynamicShape, ValueShape};
use crate::json::text::write_string;

impl<O> PageWriter<O> {
    /// Writes what is told of a JSON text; of none at all where it is null. A text that is no JSON is as null.
    #[inline(never)]
    pub(super) fn write_told(&mut self, text: Option<&str>) {
        let shape = Arc::clone(&self.shape);
        match shape.values.get(self.found) {
            Some(ValueShape::Members(told)) => self.write_members(told, text.unwrap_or_default()),
            Some(ValueShape::Document(told)) => self.write_document(told, text.unwrap_or_default()),
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
        match find(text, &told.path) {
            Some(value) => write_json(&mut self.buffer, value.get()),
            None => self.buffer.extend_from_slice(b"null"),
        }
    }
}
