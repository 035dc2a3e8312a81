//! The encoder: typed cells become pages of JSON rows. It does no IO and closes a page only when it has seen the
//! first row of the next one, so whether there is a next page is known.

mod dynamic;
mod objects;
mod sink;
mod structure;

use std::sync::Arc;

use super::etag::EtagText;
use super::key::write_plain_key;
use super::level::{Composer, Level, member};
use super::shape::{IdentityShape, Op, Shape};
use crate::rows::Flow;
use structure::Structure;

/// Bytes after which a chunk is handed on.
const CHUNK_BYTES: usize = 64 * 1024;

/// Bounds of pages.
#[derive(Debug, Clone, Copy)]
pub struct PageLimits {
    /// Rows of a page, and of a nested collection.
    pub rows: u64,
    /// Bytes of rows after which a page is closed early.
    pub bytes: usize,
    /// Bytes that one batch of rows with expanded collections may take.
    pub batch_bytes: usize,
    /// Rows of all pages together; one more ends the result.
    pub total: u64,
}

/// The end of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageEnd {
    /// Rows on it.
    pub rows: u64,
    /// Whether another page follows.
    pub more: bool,
}

/// Takes what the encoder writes.
pub trait PageOutput {
    /// The number of rows of all pages, where it was asked for; comes before anything else.
    fn count(&mut self, rows: u64);
    /// Whether bytes of a page are wanted before it is complete.
    fn wants_chunks(&self) -> bool {
        true
    }
    /// Bytes of the page being written. The buffer is to be left empty.
    fn bytes(&mut self, chunk: &mut Vec<u8>) -> Flow;
    /// The position of the last row of the page; comes before its end, where there is one.
    fn position(&mut self, position: Vec<u8>) {
        let _ = position;
    }
    /// The page is complete.
    fn page(&mut self, end: PageEnd) -> Flow;
}

/// Writes rows as pages.
pub struct PageWriter<O> {
    shape: Arc<Shape>,
    limits: PageLimits,
    output: O,
    /// The rows of the level being written; of the page itself where there is one level only.
    buffer: Vec<u8>,
    /// The page, where there are several levels.
    page: Vec<u8>,
    levels: Vec<Level>,
    nested: bool,
    node: usize,
    /// Where the row of the page starts in its buffer.
    row_start: usize,
    /// The next thing to do for the row.
    op: usize,
    /// Things before this one belong to a related entity that is not there.
    skip_until: usize,
    /// Identifiers of the entity at hand and those around it, and where each starts.
    identifiers: Vec<u8>,
    starts: Vec<usize>,
    /// Where the objects of values begin that are not ended yet.
    begun: Vec<usize>,
    /// The structured values being written, the innermost last, and what to do behind them.
    structures: Vec<Structure>,
    resume: usize,
    /// The ETag of the entity at hand, as far as it is read, and that of the entity that was asked for.
    etag: EtagText,
    kept: EtagText,
    /// Numbers of types of entities, as far as their sets have several.
    kinds: Vec<usize>,
    /// The number of the shape of the structured value come to last.
    found: usize,
    page_rows: u64,
    page_bytes: usize,
    batch_too_large: bool,
    /// Rows on all pages so far, and whether another one was too many.
    total: u64,
    too_many_rows: bool,
    /// Rows of level 0 in the batch that are on the page already.
    composed: usize,
    /// Positions of the rows of level 0 in the batch, where they are known.
    positions: Vec<Vec<u8>>,
}

/// What to do with a cell. One byte, as it is told for each.
#[derive(Debug, Clone, Copy)]
enum Target {
    Value {
        quoted: bool,
    },
    Flags,
    /// A collection or a complex value; which one is in `found`.
    Structure,
    Key,
    FlagsKey,
    /// A text of which something is written; what of it is in `found`.
    Json,
    /// The number of a type.
    Kind,
    /// A value of an ETag.
    Etag,
    Nothing,
}

impl<O: PageOutput> PageWriter<O> {
    /// A writer at the start of the first page.
    pub fn new(shape: Arc<Shape>, limits: PageLimits, output: O) -> PageWriter<O> {
        let levels = if shape.nodes.len() > 1 {
            shape.nodes.iter().map(|_| Level::default()).collect()
        } else {
            Vec::new()
        };
        PageWriter {
            shape,
            limits,
            output,
            buffer: Vec::with_capacity(1024),
            page: Vec::new(),
            nested: !levels.is_empty(),
            levels,
            node: 0,
            row_start: 0,
            op: 0,
            skip_until: 0,
            identifiers: Vec::new(),
            starts: Vec::new(),
            begun: Vec::new(),
            structures: Vec::new(),
            resume: 0,
            etag: EtagText::default(),
            kept: EtagText::default(),
            kinds: Vec::new(),
            found: 0,
            page_rows: 0,
            page_bytes: 0,
            batch_too_large: false,
            total: 0,
            too_many_rows: false,
            composed: 0,
            positions: Vec::new(),
        }
    }

    /// Whether a batch went beyond [`PageLimits::batch_bytes`].
    pub fn batch_too_large(&self) -> bool {
        self.batch_too_large
    }

    /// Whether there was a row beyond [`PageLimits::total`].
    pub fn too_many_rows(&self) -> bool {
        self.too_many_rows
    }

    /// The ETag of the last entity; empty where it has none.
    pub fn last_etag(&self) -> &EtagText {
        &self.kept
    }

    /// The identifier of the last entity, as far as it was read.
    pub fn last_identifier(&self) -> String {
        String::from_utf8_lossy(&self.identifiers).into_owned()
    }

    /// What takes the pages.
    pub fn output(&mut self) -> &mut O {
        &mut self.output
    }

    /// Closes the last page and gives back what took the pages. Only to be called when the source said that there
    /// are no more rows.
    pub fn finish(mut self) -> O {
        self.close_page(false);
        self.output
    }

    /// Gives back what took the pages, without an end.
    pub fn abandon(self) -> O {
        self.output
    }

    fn close_page(&mut self, more: bool) -> Flow {
        let buffer = if self.nested { &mut self.page } else { &mut self.buffer };
        if !buffer.is_empty() && self.output.bytes(buffer) == Flow::Stop {
            return Flow::Stop;
        }
        let end = PageEnd { rows: self.page_rows, more };
        self.page_rows = 0;
        self.page_bytes = 0;
        self.output.page(end)
    }

    /// Whether the row that comes next, if any, starts another page.
    fn is_full(&self) -> bool {
        let full = self.page_rows >= self.limits.rows || self.page_bytes >= self.limits.bytes;
        self.page_rows > 0 && full
    }

    /// Makes room for a row of the page: closes the page before it where that is full.
    fn start_page_row(&mut self) -> Flow {
        self.too_many_rows = self.total >= self.limits.total;
        // Of a first page that may not go on nothing is given but the reason.
        let first = self.page_rows == self.total;
        let ends = if self.too_many_rows { !first && self.page_rows > 0 } else { self.is_full() };
        if (ends && self.close_page(true) == Flow::Stop) || self.too_many_rows {
            return Flow::Stop;
        }
        let buffer = if self.nested { &mut self.page } else { &mut self.buffer };
        self.row_start = buffer.len();
        if self.page_rows > 0 {
            buffer.push(b',');
        }
        Flow::Continue
    }

    /// Counts a row of the page and hands a full chunk on.
    fn end_page_row(&mut self) -> Flow {
        self.page_rows += 1;
        self.total += 1;
        let buffer = if self.nested { &mut self.page } else { &mut self.buffer };
        self.page_bytes += buffer.len() - self.row_start;
        if buffer.len() >= CHUNK_BYTES && self.output.wants_chunks() {
            return self.output.bytes(buffer);
        }
        Flow::Continue
    }

    /// Puts a finished row of a batch on the page.
    fn compose_row(&mut self, composer: &mut Composer, row: usize) -> Flow {
        if self.start_page_row() == Flow::Stop {
            return Flow::Stop;
        }
        composer.row(0, row, None, &mut self.page);
        let flow = self.end_page_row();
        if self.is_full()
            && let Some(position) = self.positions.get_mut(row)
        {
            self.output.position(std::mem::take(position));
        }
        flow
    }

    /// Goes to the next cell. Nearly always that is a property, and nothing stands before it.
    #[inline]
    fn next_cell(&mut self, null: bool) -> Target {
        let shape = &*self.shape;
        if let Some(Op::Cell { prefix, quoted, .. }) = shape.nodes[self.node].ops.get(self.op)
            && self.op >= self.skip_until
            && !(null && shape.omit_nulls)
        {
            self.op += 1;
            member(&mut self.buffer, prefix);
            return Target::Value { quoted: *quoted };
        }
        self.walk_to_cell(null)
    }

    /// Goes to the next cell, doing on the way what needs no cell. Like all that is not just a value, it stands for itself:
    /// what is done for each cell is to stay small.
    #[inline(never)]
    fn walk_to_cell(&mut self, null: bool) -> Target {
        if !self.structures.is_empty() {
            return self.next_inside(null);
        }
        let shape = Arc::clone(&self.shape);
        let ops = &shape.nodes[self.node].ops;
        while let Some(op) = ops.get(self.op) {
            self.op += 1;
            if self.op <= self.skip_until {
                if op.reads() {
                    return Target::Nothing;
                }
                continue;
            }
            match op {
                Op::Cell { prefix, quoted, .. } => {
                    if null && shape.omit_nulls && !shape.nodes[self.node].bare {
                        return Target::Nothing;
                    }
                    member(&mut self.buffer, prefix);
                    return Target::Value { quoted: *quoted };
                }
                Op::Value { prefix, value } => {
                    let written = &shape.values[*value];
                    if null && shape.omit_nulls && !shape.nodes[self.node].bare && written.is_null() {
                        return Target::Nothing;
                    }
                    member(&mut self.buffer, prefix);
                    self.found = *value;
                    return Target::of(written);
                }
                Op::Key { prefix, flags, .. } => {
                    self.identifiers.extend_from_slice(prefix);
                    return if *flags { Target::FlagsKey } else { Target::Key };
                }
                Op::Open { prefix, before, skip_to } => {
                    if null {
                        self.skip_until = *skip_to;
                        if !shape.omit_nulls || shape.nodes[self.node].bare {
                            member(&mut self.buffer, &prefix[..*before]);
                            self.buffer.extend_from_slice(b"null");
                        }
                    } else {
                        let (name, start) = prefix.split_at(*before);
                        member(&mut self.buffer, name);
                        self.buffer.extend_from_slice(start);
                        self.starts.push(self.identifiers.len());
                    }
                    return Target::Nothing;
                }
                Op::Kind { .. } => {
                    if null {
                        self.end_kind(0);
                        return Target::Nothing;
                    }
                    return Target::Kind;
                }
                Op::Json { value } => {
                    self.found = *value;
                    return Target::Json;
                }
                Op::Etag { .. } => return Target::Etag,
                Op::Present { skip_to } => {
                    if null {
                        self.skip_until = *skip_to;
                    }
                    return Target::Nothing;
                }
                other => self.without_cell(other),
            }
        }
        Target::Nothing
    }

    /// After a key value: ends it, and once the last one is there, writes the identifier.
    #[inline(never)]
    fn end_key(&mut self) {
        let shape = Arc::clone(&self.shape);
        let Some(Op::Key { suffix, last, .. }) = shape.nodes[self.node].ops.get(self.op - 1) else {
            return;
        };
        self.identifiers.extend_from_slice(suffix);
        if let Some(identity) = last {
            self.identifiers.push(b')');
            self.write_identity(identity);
        }
    }

    /// After the number of a type: keeps it, and tells of the type.
    #[inline(never)]
    fn end_kind(&mut self, number: usize) {
        let shape = Arc::clone(&self.shape);
        let Some(Op::Kind { place, told }) = shape.nodes[self.node].ops.get(self.op - 1) else {
            return;
        };
        if self.kinds.len() <= *place {
            self.kinds.resize(place + 1, 0);
        }
        self.kinds[*place] = number;
        if let Some(told) = told.get(number).filter(|told| !told.is_empty()) {
            member(&mut self.buffer, told);
        }
    }

    /// Writes what is told of the entity whose identifier is complete.
    fn write_identity(&mut self, identity: &IdentityShape) {
        let start = self.starts.last().copied().unwrap_or(0);
        if !identity.before.is_empty() {
            member(&mut self.buffer, &identity.before);
        }
        for prefix in &identity.members {
            member(&mut self.buffer, prefix);
            self.buffer.extend_from_slice(&self.identifiers[start..]);
            self.buffer.push(b'"');
        }
    }

    /// Writes ASCII text that is a JSON number or literal, in quotes where the format asks for it.
    fn bare(&mut self, text: &str) {
        match self.next_cell(false) {
            Target::Value { quoted: false } => self.buffer.extend_from_slice(text.as_bytes()),
            Target::Value { quoted: true } => {
                self.buffer.push(b'"');
                self.buffer.extend_from_slice(text.as_bytes());
                self.buffer.push(b'"');
            }
            other => self.other_plain(other, text.as_bytes(), b""),
        }
    }

    /// Text that needs no escape and is not just a value. What a driver gives where labels or a structure are due is
    /// shown as it is: nothing is lost without a trace.
    #[inline(never)]
    fn other_plain(&mut self, target: Target, text: &[u8], quote: &[u8]) {
        match target {
            Target::Value { .. } | Target::Flags | Target::Structure => {
                for part in [quote, text, quote] {
                    self.buffer.extend_from_slice(part);
                }
            }
            Target::Key | Target::FlagsKey => {
                write_plain_key(&mut self.identifiers, text);
                self.end_key();
            }
            Target::Kind => self.end_kind(number(text)),
            Target::Etag => self.etag_value(|etag| etag.plain(text)),
            Target::Json => self.write_told(std::str::from_utf8(text).ok()),
            Target::Nothing => {}
        }
    }

    fn select_level(&mut self, node: usize) {
        if self.nested && node != self.node {
            std::mem::swap(&mut self.buffer, &mut self.levels[self.node].bytes);
            std::mem::swap(&mut self.buffer, &mut self.levels[node].bytes);
            self.node = node;
        }
    }

    /// Whether a lower level takes another row for this parent.
    fn takes(&mut self, node: usize, parent: u32) -> bool {
        let whole = self.shape.nodes[node].collection.as_ref().is_some_and(|collection| collection.whole);
        let limit = if whole { u64::MAX } else { self.limits.rows };
        let level = &mut self.levels[node];
        let rows = match level.last {
            Some((last, rows)) if last == parent => rows + 1,
            _ => 1,
        };
        level.last = Some((parent, rows));
        if rows > limit && level.more.last() != Some(&parent) {
            level.more.push(parent);
        }
        rows <= limit
    }
}

/// A number of a type, as a driver gives it.
fn number(text: &[u8]) -> usize {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}
