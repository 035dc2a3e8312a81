//! Structured cells: collections and complex values, written item by item and member by member.

use std::sync::Arc;

use super::{PageOutput, PageWriter, Target};
use crate::json::level::member;
use crate::json::shape::{Op, SpecialShape, ValueShape};
use crate::rows::RowSink;

/// A structured value that is being written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Structure {
    /// The number of its shape; none where it is not wanted.
    shape: Option<usize>,
    /// Its next member.
    next: usize,
}

impl ValueShape {
    /// Whether null is written as null: an array that is not there is an empty one (CSDL 4.01 section 7.2.1).
    pub(super) fn is_null(&self) -> bool {
        !matches!(self, ValueShape::Collection { .. })
    }
}

impl Target {
    /// How a value is written.
    pub(super) fn of(shape: &ValueShape) -> Target {
        match shape {
            ValueShape::Plain { quoted } => Target::Value { quoted: *quoted },
            ValueShape::Flags => Target::Flags,
            ValueShape::Members(_) | ValueShape::Document(_) | ValueShape::MediaType { .. } => Target::Json,
            ValueShape::Collection { .. } | ValueShape::Complex { .. } => Target::Structure,
        }
    }
}

impl<O> PageWriter<O> {
    /// Goes to the next item or member of the innermost structured value.
    pub(super) fn next_inside(&mut self, null: bool) -> Target {
        let shape = &*self.shape;
        let Some(structure) = self.structures.last_mut() else {
            return Target::Nothing;
        };
        let number = match structure.shape.map(|number| &shape.values[number]) {
            Some(ValueShape::Collection { item }) => {
                if self.buffer.last() != Some(&b'[') {
                    self.buffer.push(b',');
                }
                *item
            }
            Some(ValueShape::Complex { members, .. }) => {
                let Some(found) = members.get(structure.next) else {
                    return Target::Nothing;
                };
                structure.next += 1;
                if !found.told {
                    return Target::Nothing;
                }
                if null && shape.omit_nulls && shape.values[found.value].is_null() {
                    return Target::Nothing;
                }
                member(&mut self.buffer, &found.prefix);
                found.value
            }
            Some(
                ValueShape::Plain { .. }
                | ValueShape::Flags
                | ValueShape::Members(_)
                | ValueShape::MediaType { .. }
                | ValueShape::Document(_),
            )
            | None => {
                return Target::Nothing;
            }
        };
        self.found = number;
        Target::of(&shape.values[number])
    }

    /// Starts the structured value that the next cell, item or member is.
    pub(super) fn open_next(&mut self, target: Target) {
        if self.structures.is_empty() {
            // The cells behind it are out of reach until it is closed: what comes next goes into it.
            self.resume = std::mem::replace(&mut self.op, usize::MAX);
        }
        let mut wanted = None;
        match target {
            Target::Structure => {
                match &self.shape.values[self.found] {
                    ValueShape::Complex { start, .. } => self.buffer.extend_from_slice(start),
                    _ => self.buffer.push(b'['),
                }
                wanted = Some(self.found);
            }
            // Only a plain value was expected: what is in this one has no place.
            Target::Value { .. } | Target::Flags => self.buffer.extend_from_slice(b"null"),
            Target::Key | Target::FlagsKey | Target::Kind | Target::Json | Target::Etag | Target::Nothing => {
            }
        }
        self.structures.push(Structure { shape: wanted, next: 0 });
    }

    /// Ends the innermost structured value.
    pub(super) fn close_last(&mut self) {
        let Some(structure) = self.structures.pop() else {
            return;
        };
        match structure.shape.map(|number| &self.shape.values[number]) {
            Some(ValueShape::Complex { .. }) => self.buffer.push(b'}'),
            Some(_) => self.buffer.push(b']'),
            None => {}
        }
        if self.structures.is_empty() {
            self.op = self.resume;
        }
    }
}

impl<O: PageOutput> PageWriter<O> {
    /// Writes a value that is no number at all, behind its type where that is to be told.
    #[cold]
    pub(super) fn special(&mut self, text: &[u8]) {
        self.plain(text);
        let shape = Arc::clone(&self.shape);
        let known = match self.structures.last() {
            None => match shape.nodes[self.node].ops.get(self.op.wrapping_sub(1)) {
                Some(Op::Cell { prefix, special, .. }) => Some((prefix, special)),
                _ => None,
            },
            Some(structure) => match structure.shape.map(|number| &shape.values[number]) {
                Some(ValueShape::Complex { members, .. }) => {
                    members.get(structure.next.wrapping_sub(1)).map(|told| (&told.prefix, &told.special))
                }
                _ => None,
            },
        };
        let Some((prefix, Some(special))) = known else {
            return;
        };
        let SpecialShape { prefix: typed } = &**special;
        // Where the value has not been written at all, neither has what stands before it.
        let written = [&prefix[1..], b"\"", text, b"\""].concat();
        if let Some(before) = self.buffer.strip_suffix(written.as_slice()).map(<[u8]>::len) {
            self.buffer.truncate(before);
            self.buffer.extend_from_slice(&typed[1..]);
            self.buffer.extend_from_slice(&written[prefix.len() - 1..]);
        }
    }
}
