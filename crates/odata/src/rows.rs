//! How rows come in: a driver pushes typed cells, and what takes them decides whether to go on.

/// Whether more is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Nobody wants the rest.
    Stop,
}

/// Takes the bytes of one value in pieces: first a row that says what they are, then each piece as a row of one cell.
pub trait PieceSink: RowSink {
    /// Which of the bytes are wanted, once the first row is there; none where that row was enough.
    fn wanted(&mut self) -> Option<std::ops::Range<u64>>;
}

/// Takes the rows of a result, level by level.
///
/// A result of one level is a run of `begin_row`, its cells, `end_row`. A result of several levels comes in batches:
/// rows of level 0, then for each lower level its rows (ascending by the position of their parent row in the batch)
/// and counts, then `end_batch`. Where the sink stops because that is too much at once, `retry_batch` starts the lower levels again
/// for fewer rows of level 0, and `end_batch` comes for each part.
pub trait RowSink {
    /// A row of a level starts. `parent` is the position of its parent row among those of the level above in this
    /// batch. False: the row is not wanted, and neither cells nor `end_row` follow.
    fn begin_row(&mut self, node: usize, parent: u32) -> bool;
    /// Null.
    fn null(&mut self);
    /// `Edm.Boolean`
    fn boolean(&mut self, value: bool);
    /// An integer type.
    fn integer(&mut self, value: i64);
    /// `Edm.Double`
    fn double(&mut self, value: f64);
    /// `Edm.Single`
    fn single(&mut self, value: f32);
    /// `Edm.Decimal`: digits with an optional sign and point.
    fn decimal(&mut self, digits: &str);
    /// `Edm.String`, or the member of an enumeration; members of flags are joined by commas.
    fn string(&mut self, value: &str);
    /// `Edm.String` whose bytes have not been looked at: false where they are not UTF-8, and nothing is taken then.
    fn string_bytes(&mut self, value: &[u8]) -> bool {
        let text = std::str::from_utf8(value);
        if let Ok(text) = text {
            self.string(text);
        }
        text.is_ok()
    }
    /// A type whose text is ASCII and needs no escape: dates, times, points in time, durations, Guid.
    fn plain(&mut self, text: &[u8]);
    /// A shape as GeoJSON (RFC 7946), which is JSON.
    fn shape(&mut self, text: &str);
    /// `Edm.Binary`
    fn binary(&mut self, value: &[u8]);
    /// A structured cell starts. Of a collection its items follow, of a complex value one value for each property of
    /// its type, in their order; each is pushed as if it were a cell, null included, and structured ones by `open`
    /// and `close` again.
    fn open(&mut self);
    /// What the last `open` started is complete.
    fn close(&mut self);
    /// The row ends.
    fn end_row(&mut self) -> Flow;
    /// Whether the position of the row of level 0 that has just ended is wanted.
    fn wants_position(&self) -> bool {
        false
    }
    /// The position of the row of level 0 that has just ended: what a driver needs to go on after it.
    fn position(&mut self, position: Vec<u8>) {
        let _ = position;
    }
    /// The number of rows that a lower level has for a parent row; for level 0, before its rows, that of all rows.
    fn count(&mut self, node: usize, parent: u32, rows: u64);
    /// The first `rows` rows of level 0 in the batch are complete with all that hangs on them.
    fn end_batch(&mut self, rows: usize) -> Flow;
    /// Forgets the rows and counts of the lower levels since the last `end_batch`, to take those of fewer rows of level 0. False:
    /// the sink did not stop for their size.
    fn retry_batch(&mut self) -> bool;
}
