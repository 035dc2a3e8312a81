//! The encoder takes rows: each kind of cell in its JSON form.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;

use super::{PageOutput, PageWriter, Target};
use crate::json::etag::EtagText;
use crate::json::key::write_text_key;
use crate::json::level::{Composer, Cursor, Row};
use crate::json::text::{Sight, not_finite, sight, write_string};
use crate::rows::{Flow, RowSink};

/// Appends text that needs no escape, in quotes.
fn quote(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

impl<O: PageOutput> PageWriter<O> {
    /// Text that is not just a value.
    #[inline(never)]
    fn other_text(&mut self, target: Target, value: &str) {
        // No member at all of flags is the number 0, also in an identifier.
        let flags = matches!(target, Target::Flags | Target::FlagsKey);
        let value = if flags && value.is_empty() { "0" } else { value };
        match target {
            Target::Value { .. } | Target::Flags | Target::Structure => {
                write_string(&mut self.buffer, value);
            }
            Target::Key | Target::FlagsKey => {
                write_text_key(&mut self.identifiers, value);
                self.end_key();
            }
            Target::Kind => self.end_kind(super::number(value.as_bytes())),
            Target::Json => self.write_told(Some(value)),
            Target::Etag => self.etag_value(|etag| etag.text(value)),
            Target::Nothing => {}
        }
    }
}

impl<O: PageOutput> PageWriter<O> {
    /// A value that may not be valid, or has what needs an escape.
    #[inline(never)]
    fn string_with_escapes(&mut self, value: &[u8]) -> bool {
        let text = simdutf8::basic::from_utf8(value);
        text.map(|text| write_string(&mut self.buffer, text)).is_ok()
    }

    /// Text of which it is not known that it is valid, and that is not just a value.
    #[inline(never)]
    fn other_bytes(&mut self, target: Target, value: &[u8]) -> bool {
        let nothing = matches!(target, Target::Nothing);
        nothing || simdutf8::basic::from_utf8(value).map(|text| self.other_text(target, text)).is_ok()
    }
}

impl<O: PageOutput> RowSink for PageWriter<O> {
    fn begin_row(&mut self, node: usize, parent: u32) -> bool {
        if node > 0 && !self.takes(node, parent) {
            return false;
        }
        if self.nested {
            self.select_level(node);
        } else if self.start_page_row() == Flow::Stop {
            return false;
        }
        self.op = 0;
        self.skip_until = 0;
        self.identifiers.clear();
        self.starts.clear();
        self.structures.clear();
        if !self.shape.nodes[node].bare {
            self.buffer.push(b'{');
        }
        if let Some(level) = self.levels.get_mut(node) {
            level.rows.push(Row { parent, end: 0, holes_end: 0 });
        }
        true
    }

    #[inline]
    fn null(&mut self) {
        match self.next_cell(true) {
            Target::Value { .. } | Target::Flags => self.buffer.extend_from_slice(b"null"),
            Target::Structure => {
                let text: &[u8] = if self.shape.values[self.found].is_null() { b"null" } else { b"[]" };
                self.buffer.extend_from_slice(text);
            }
            Target::Etag => self.etag_value(EtagText::null),
            Target::Json => self.write_told(None),
            Target::Key | Target::FlagsKey | Target::Kind | Target::Nothing => {}
        }
    }

    #[inline]
    fn boolean(&mut self, value: bool) {
        self.bare(if value { "true" } else { "false" });
    }

    #[inline]
    fn integer(&mut self, value: i64) {
        self.bare(itoa::Buffer::new().format(value));
    }

    fn double(&mut self, value: f64) {
        if value.is_finite() {
            self.bare(zmij::Buffer::new().format_finite(value));
        } else {
            self.special(not_finite(value).as_bytes());
        }
    }

    fn single(&mut self, value: f32) {
        if value.is_finite() {
            self.bare(zmij::Buffer::new().format_finite(value));
        } else {
            self.plain(not_finite(f64::from(value)).as_bytes());
        }
    }

    #[inline]
    fn decimal(&mut self, digits: &str) {
        self.bare(digits);
    }

    #[inline]
    fn string(&mut self, value: &str) {
        match self.next_cell(false) {
            Target::Value { .. } => write_string(&mut self.buffer, value),
            other => self.other_text(other, value),
        }
    }

    #[inline]
    fn string_bytes(&mut self, value: &[u8]) -> bool {
        let target = self.next_cell(false);
        if let Target::Value { .. } = target {
            match sight(value) {
                Sight::Bare => quote(&mut self.buffer, value),
                Sight::Clean if simdutf8::basic::from_utf8(value).is_ok() => quote(&mut self.buffer, value),
                Sight::Clean | Sight::Unknown => return self.string_with_escapes(value),
            }
            return true;
        }
        self.other_bytes(target, value)
    }

    #[inline]
    fn plain(&mut self, text: &[u8]) {
        match self.next_cell(false) {
            Target::Value { .. } => quote(&mut self.buffer, text),
            other => self.other_plain(other, text, b"\""),
        }
    }

    fn shape(&mut self, text: &str) {
        self.bare(text);
    }

    fn binary(&mut self, value: &[u8]) {
        let target = self.next_cell(false);
        if matches!(target, Target::Etag) {
            self.etag_value(|etag| etag.binary(value));
        } else if let Target::Value { .. } | Target::Flags | Target::Structure = target {
            self.buffer.push(b'"');
            let start = self.buffer.len();
            let length = value.len().div_ceil(3) * 4;
            self.buffer.resize(start + length, 0);
            // The buffer has exactly the room that the encoding takes.
            let written = URL_SAFE.encode_slice(value, &mut self.buffer[start..]).unwrap_or(0);
            self.buffer.truncate(start + written);
            self.buffer.push(b'"');
        }
    }

    fn open(&mut self) {
        let target = self.next_cell(false);
        self.open_next(target);
    }

    fn close(&mut self) {
        self.close_last();
    }

    fn end_row(&mut self) -> Flow {
        if self.op < self.shape.nodes[self.node].ops.len() {
            let shape = Arc::clone(&self.shape);
            for op in shape.nodes[self.node].ops.iter().skip(self.op) {
                self.op += 1;
                if self.op > self.skip_until {
                    self.without_cell(op);
                }
            }
        }
        if !self.shape.nodes[self.node].bare {
            self.buffer.push(b'}');
        }
        if !self.nested {
            return self.end_page_row();
        }
        let end = self.buffer.len();
        let level = &mut self.levels[self.node];
        let holes_end = level.holes.len();
        if let Some(row) = level.rows.last_mut() {
            row.end = end;
            row.holes_end = holes_end;
        }
        if end > self.limits.batch_bytes {
            self.batch_too_large = true;
            return Flow::Stop;
        }
        Flow::Continue
    }

    fn wants_position(&self) -> bool {
        // Which rows of a batch end a page is known only once all that hangs on them is there.
        self.nested || self.is_full()
    }

    fn position(&mut self, position: Vec<u8>) {
        if self.nested {
            self.positions.push(position);
        } else {
            self.output.position(position);
        }
    }

    fn count(&mut self, node: usize, parent: u32, rows: u64) {
        if node == 0 {
            self.output.count(rows);
        } else if let Some(level) = self.levels.get_mut(node) {
            level.counts.push((parent, rows));
        }
    }

    fn end_batch(&mut self, complete: usize) -> Flow {
        // The buffer holds the level written last; put it back so that all levels are in their places.
        self.select_level(0);
        std::mem::swap(&mut self.buffer, &mut self.levels[0].bytes);
        let shape = Arc::clone(&self.shape);
        let mut levels = std::mem::take(&mut self.levels);
        let cursors = vec![Cursor::default(); levels.len()];
        let mut composer = Composer { shape: &shape, levels: &levels, cursors };
        let mut flow = Flow::Continue;
        for row in self.composed..complete {
            flow = self.compose_row(&mut composer, row);
            if flow == Flow::Stop {
                break;
            }
        }
        // Rows of level 0 stay where they are until the last part of the batch.
        let whole = complete >= levels[0].rows.len();
        self.composed = if whole { 0 } else { complete };
        if whole {
            self.positions.clear();
        }
        for level in levels.iter_mut().skip(usize::from(!whole)) {
            level.clear();
        }
        self.levels = levels;
        std::mem::swap(&mut self.buffer, &mut self.levels[0].bytes);
        flow
    }

    fn retry_batch(&mut self) -> bool {
        // Level 0 alone does not become smaller.
        if !self.batch_too_large || self.node == 0 {
            return false;
        }
        self.batch_too_large = false;
        self.select_level(0);
        for level in self.levels.iter_mut().skip(1) {
            level.clear();
        }
        true
    }
}
