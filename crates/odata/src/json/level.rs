//! Encoded rows of one level of a batch, kept until all levels are there and can be put into each other.

use super::shape::{CollectionShape, Shape};

/// Rows of a level in one batch.
#[derive(Debug, Default)]
pub(crate) struct Level {
    /// The rows, one after the other.
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: Vec<Row>,
    /// Places in the rows where the rows of another level belong.
    pub(crate) holes: Vec<Hole>,
    /// Identifiers of the entities that the holes belong to.
    pub(crate) identifiers: Vec<u8>,
    /// Counts by parent row.
    pub(crate) counts: Vec<(u32, u64)>,
    /// Parent rows that have more rows than are kept.
    pub(crate) more: Vec<u32>,
    /// The parent of the last row, and how many rows it has so far.
    pub(crate) last: Option<(u32, u64)>,
}

/// A row: its parent and where it ends.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) parent: u32,
    pub(crate) end: usize,
    pub(crate) holes_end: usize,
}

/// Where the rows of another level belong.
#[derive(Debug)]
pub(crate) struct Hole {
    pub(crate) at: usize,
    pub(crate) node: usize,
    pub(crate) identifier: std::ops::Range<usize>,
    /// That of the row's own entity, which may stand around it.
    pub(crate) own: std::ops::Range<usize>,
}

impl Level {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.rows.clear();
        self.holes.clear();
        self.identifiers.clear();
        self.counts.clear();
        self.more.clear();
        self.last = None;
    }
}

/// How far the rows and counts of a level have been used.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cursor {
    row: usize,
    count: usize,
}

/// Puts the levels of a batch into each other. Rows of a level are used in order.
pub(crate) struct Composer<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) levels: &'a [Level],
    pub(crate) cursors: Vec<Cursor>,
}

impl Composer<'_> {
    /// Appends a row of a level with all that belongs into it: below the entity of the request with this identifier, if it is
    /// not that one itself.
    pub(crate) fn row(&mut self, node: usize, index: usize, it: Option<&[u8]>, out: &mut Vec<u8>) {
        let level = &self.levels[node];
        let before = index.checked_sub(1).map(|i| &level.rows[i]);
        let (mut at, first_hole) = before.map_or((0, 0), |row| (row.end, row.holes_end));
        let row = &level.rows[index];
        for hole in &level.holes[first_hole..row.holes_end] {
            out.extend_from_slice(&level.bytes[at..hole.at]);
            at = hole.at;
            let identifier = |range: &std::ops::Range<usize>| &level.identifiers[range.clone()];
            let own = it.unwrap_or_else(|| identifier(&hole.own));
            let identifiers = (identifier(&hole.identifier), own);
            self.collection(hole.node, index as u32, identifiers, out);
        }
        out.extend_from_slice(&level.bytes[at..row.end]);
    }

    fn collection(&mut self, node: usize, parent: u32, identifiers: (&[u8], &[u8]), out: &mut Vec<u8>) {
        let shape = self.shape;
        let Some(collection) = &shape.nodes[node].collection else {
            return;
        };
        let level = &self.levels[node];
        if collection.counted {
            member(out, &collection.count);
            let cursor = &mut self.cursors[node];
            cursor.count += level.counts[cursor.count..].iter().take_while(|(p, _)| *p < parent).count();
            let found = level.counts.get(cursor.count).filter(|(p, _)| *p == parent);
            let rows = found.map_or(0, |(_, rows)| *rows);
            let quote: &[u8] = if collection.quoted_count { b"\"" } else { b"" };
            out.extend_from_slice(quote);
            out.extend_from_slice(itoa::Buffer::new().format(rows).as_bytes());
            out.extend_from_slice(quote);
        }
        if collection.count_only {
            return;
        }
        member(out, &collection.open);
        let mut written: u64 = 0;
        // Rows of an entity that is not written, if there should be any, do not stop those behind them.
        while level.rows.get(self.cursors[node].row).is_some_and(|row| row.parent < parent) {
            self.cursors[node].row += 1;
        }
        while level.rows.get(self.cursors[node].row).is_some_and(|row| row.parent == parent) {
            let index = self.cursors[node].row;
            self.cursors[node].row += 1;
            if written > 0 {
                out.push(b',');
            }
            written += 1;
            self.row(node, index, Some(identifiers.1), out);
        }
        out.push(b']');
        if level.more.binary_search(&parent).is_ok() {
            next_link(collection, identifiers, written, out);
        }
    }
}

/// A link to what a nested collection has beyond its first page: an ordinary URL, relative to the context URL.
fn next_link(
    collection: &CollectionShape,
    (identifier, own): (&[u8], &[u8]),
    written: u64,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(&collection.next_link);
    out.extend_from_slice(identifier);
    for (number, part) in collection.next_path.iter().enumerate() {
        if number > 0 {
            out.extend_from_slice(own);
        }
        out.extend_from_slice(part);
    }
    out.extend_from_slice(itoa::Buffer::new().format(collection.skip + written).as_bytes());
    if let Some(top) = collection.top {
        out.extend_from_slice(b"&$top=");
        out.extend_from_slice(itoa::Buffer::new().format(top.saturating_sub(written)).as_bytes());
    }
    out.push(b'"');
}

/// Appends a member's prefix; its comma falls away at the start of an object.
pub(crate) fn member(out: &mut Vec<u8>, prefix: &[u8]) {
    let skip = usize::from(out.last() == Some(&b'{'));
    out.extend_from_slice(prefix.get(skip..).unwrap_or_default());
}
