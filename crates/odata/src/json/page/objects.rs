//! What is written without a cell: ends of entities, links, objects that hold values, and holes for lower levels.

use std::sync::Arc;

use super::{PageOutput, PageWriter};
use crate::json::etag::EtagText;
use crate::json::level::{Hole, member};
use crate::json::shape::Op;

impl Op {
    /// Whether it reads a cell.
    pub(super) fn reads(&self) -> bool {
        match self {
            Op::Cell { .. }
            | Op::Value { .. }
            | Op::Json { .. }
            | Op::Key { .. }
            | Op::Open { .. }
            | Op::Kind { .. }
            | Op::Etag { .. }
            | Op::Present { .. } => true,
            Op::Close { .. }
            | Op::Single { .. }
            | Op::Only { .. }
            | Op::Identify
            | Op::Identified { .. }
            | Op::Collection { .. }
            | Op::Links { .. }
            | Op::Begin { .. }
            | Op::End => false,
        }
    }
}

impl<O: PageOutput> PageWriter<O> {
    /// Does what needs no cell.
    pub(super) fn without_cell(&mut self, op: &Op) {
        match op {
            Op::Close { links } => {
                self.write_links(links);
                self.buffer.push(b'}');
                self.identifiers.truncate(self.starts.pop().unwrap_or(0));
            }
            Op::Links { links } => self.write_links(links),
            Op::Only { place, types, skip_to } => {
                let kind = self.kinds.get(*place).copied().unwrap_or(0);
                if !types.get(kind).copied().unwrap_or(false) {
                    self.skip_until = *skip_to;
                }
            }
            Op::Single { name, identity } => {
                self.identifiers.extend_from_slice(name);
                self.write_identity(identity);
            }
            Op::Begin { prefix } => {
                self.begun.push(self.buffer.len());
                member(&mut self.buffer, prefix);
                self.buffer.push(b'{');
            }
            Op::End => {
                let start = self.begun.pop().unwrap_or(self.buffer.len());
                if self.buffer.last() == Some(&b'{') {
                    self.buffer.truncate(start);
                } else {
                    self.buffer.push(b'}');
                }
            }
            Op::Identify => self.starts.push(self.identifiers.len()),
            Op::Identified { link } => {
                let start = self.starts.pop().unwrap_or(0);
                if let Some(prefix) = link {
                    member(&mut self.buffer, prefix);
                    self.buffer.push(b'"');
                    self.buffer.extend_from_slice(&self.identifiers[start..]);
                    self.buffer.push(b'"');
                }
                self.identifiers.truncate(start);
            }
            Op::Collection { node } => {
                let start = self.starts.last().copied().unwrap_or(0);
                let at = self.buffer.len();
                if let Some(level) = self.levels.get_mut(self.node) {
                    let from = level.identifiers.len();
                    level.identifiers.extend_from_slice(&self.identifiers[start..]);
                    let identifier = from..level.identifiers.len();
                    let outer = self.starts.first().copied().unwrap_or(self.identifiers.len());
                    let mut own = identifier.clone();
                    if start > 0 {
                        level.identifiers.extend_from_slice(&self.identifiers[..outer]);
                        own = identifier.end..level.identifiers.len();
                    }
                    level.holes.push(Hole { at, node: *node, identifier, own });
                }
            }
            Op::Cell { .. }
            | Op::Value { .. }
            | Op::Key { .. }
            | Op::Open { .. }
            | Op::Kind { .. }
            | Op::Json { .. }
            | Op::Etag { .. }
            | Op::Present { .. } => {}
        }
    }

    /// Takes a value of an ETag, and after the last one writes it.
    #[inline(never)]
    pub(super) fn etag_value(&mut self, add: impl FnOnce(&mut EtagText)) {
        add(&mut self.etag);
        let shape = Arc::clone(&self.shape);
        let Some(Op::Etag { last: Some(last) }) = shape.nodes[self.node].ops.get(self.op - 1) else {
            return;
        };
        self.etag.finish();
        let kind = self.kinds.get(last.place).copied().unwrap_or(0);
        let derived = last.derived.iter().filter(|(types, _)| types.get(kind).copied().unwrap_or(false));
        for prefix in last.prefixes.iter().chain(derived.flat_map(|(_, prefixes)| prefixes)) {
            member(&mut self.buffer, prefix);
            self.buffer.extend_from_slice(self.etag.as_bytes());
            self.buffer.extend_from_slice(b"\\\"\"");
        }
        if last.kept {
            self.kept.clone_from(&self.etag);
        }
        self.etag.clear();
    }

    pub(super) fn write_links(&mut self, links: &[Vec<u8>]) {
        let start = self.starts.last().copied().unwrap_or(0);
        for [prefix, rest] in links.as_chunks::<2>().0 {
            member(&mut self.buffer, prefix);
            self.buffer.push(b'"');
            self.buffer.extend_from_slice(&self.identifiers[start..]);
            self.buffer.extend_from_slice(rest);
        }
    }
}
