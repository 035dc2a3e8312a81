//! The walk over the levels of a result, the same for every database: rows of the first level in batches, each with
//! all that hangs on it.

use std::ops::Range;

use nextlink_odata::rows::{Flow, RowSink};
use nextlink_sql::statement::NodeStatement;

use crate::error::Error;

/// Rows of the first level in the first batch; later ones grow while they stay small.
const FIRST_BATCH: usize = 16;
/// Rows of the lower levels for each row of the first one, up to which batches grow.
const FEW: usize = 32;

/// What a database does for the walk.
pub(crate) trait Reader {
    /// Link values of the rows of one level in a batch.
    type Links;

    /// Rows of the first level in the largest batch.
    const BATCH: usize;
    /// Parent rows that one statement of a lower level takes.
    const PARENTS: usize;

    /// Room for the link values of a level's rows.
    fn links(&self, node: usize) -> Self::Links;

    /// Hands over the next rows of the first level, at most so many, and keeps their link values.
    fn root<S: RowSink>(&mut self, most: usize, links: &mut Self::Links, sink: &mut S)
    -> Result<Read, Error>;

    /// Hands over the rows of a lower level for some rows of the level above it, and keeps their link values.
    fn rows<S: RowSink>(
        &mut self,
        node: usize,
        parents: &Parents<'_, Self::Links>,
        links: &mut Self::Links,
        sink: &mut S,
    ) -> Result<Read, Error>;

    /// Positions of rows of the level above, in any order, each with the number of rows that a lower level has for it.
    fn counts(&mut self, node: usize, parents: &Parents<'_, Self::Links>) -> Result<Vec<(u32, u64)>, Error>;
}

/// Rows of a level that another one hangs on.
pub(crate) struct Parents<'a, L> {
    /// Their positions in the batch.
    pub(crate) rows: Range<usize>,
    /// Link values of all rows of the level.
    pub(crate) links: &'a L,
}

impl<L> Parents<'_, L> {
    /// The position in the batch of a row, given its place among these.
    pub(crate) fn position(&self, place: u32) -> u32 {
        self.rows.start as u32 + place
    }
}

/// How far reading came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Read {
    /// Rows that were handed over.
    pub(crate) rows: usize,
    /// Why no more were read.
    pub(crate) end: End,
}

/// Why no more rows were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// There are as many as were asked for.
    Most,
    /// There are no more.
    Complete,
    /// The sink wants no more.
    Stopped,
}

/// Hands over all levels. Gives the rows of the first one that are complete, and whether there are no more.
pub(crate) fn walk<R: Reader, S: RowSink>(
    nodes: &[NodeStatement],
    reader: &mut R,
    sink: &mut S,
) -> Result<(u64, bool), Error> {
    let mut handed: u64 = 0;
    let mut size = FIRST_BATCH.min(R::BATCH);
    loop {
        let mut links = reader.links(0);
        let batch = reader.root(size, &mut links, sink)?;
        if batch.end == End::Stopped {
            return Ok((handed, false));
        }
        let mut done = 0;
        let mut part = batch.rows;
        while done < batch.rows {
            let rows = done..(done + part).min(batch.rows);
            let Some(lower) = lower(nodes, reader, rows.clone(), &links, sink)? else {
                if rows.len() > 1 && sink.retry_batch() {
                    part = rows.len() / 2;
                    size = part;
                    continue;
                }
                return Ok((handed, false));
            };
            handed += rows.len() as u64;
            done = rows.end;
            if sink.end_batch(done) == Flow::Stop {
                return Ok((handed, false));
            }
            // Few rows below: larger batches cost no memory and save statements.
            size = if lower <= rows.len() * FEW { (size * 2).min(R::BATCH) } else { (size / 2).max(1) };
        }
        if batch.end == End::Complete {
            return Ok((handed, true));
        }
    }
}

/// Reads all lower levels of some rows of a batch. Gives how many rows they had, or none where the sink wants no more.
fn lower<R: Reader, S: RowSink>(
    nodes: &[NodeStatement],
    reader: &mut R,
    batch: Range<usize>,
    batch_links: &R::Links,
    sink: &mut S,
) -> Result<Option<usize>, Error> {
    // Rows and link values of the lower levels.
    let mut levels: Vec<(usize, R::Links)> = Vec::new();
    let mut total = 0;
    for (number, node) in nodes.iter().enumerate().skip(1) {
        let mut links = reader.links(number);
        let mut rows = 0;
        let (above, above_links) = match node.parent.and_then(|parent| parent.checked_sub(1)) {
            Some(parent) => (0..levels[parent].0, &levels[parent].1),
            None => (batch.clone(), batch_links),
        };
        for first in above.clone().step_by(R::PARENTS) {
            let parents = Parents { rows: first..above.end.min(first + R::PARENTS), links: above_links };
            if node.count.is_some() {
                let mut counts = reader.counts(number, &parents)?;
                // The sink wants them by parent.
                counts.sort_unstable();
                for (parent, rows) in counts {
                    sink.count(number, parent, rows);
                }
            }
            if node.rows.is_some() {
                let read = reader.rows(number, &parents, &mut links, sink)?;
                if read.end == End::Stopped {
                    return Ok(None);
                }
                rows += read.rows;
            }
        }
        total += rows;
        levels.push((rows, links));
    }
    Ok(Some(total))
}
