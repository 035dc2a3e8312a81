//! The statements of one transaction, all of which see one snapshot: numbers, and the levels of a result, the first
//! one through a portal, those below by the link values of many rows at once.

use std::pin::pin;

use futures_util::TryStreamExt;
use nextlink_odata::rows::{Flow, RowSink};
use nextlink_sql::statement::{ChildStatement, NodeStatement, Statement};
use tokio_postgres::{Portal, Row, RowStream, Transaction};

use super::bounds::Bounds;
use super::cells::Cells;
use super::errors::{Again, Failed};
use super::flat::{self, ROWS, is_drained, push_position, start, whole};
use super::line::Line;
use super::links::Links;
use super::params::Bound;
use super::session::Statements;
use crate::error::Error;
use crate::levels::{self, End, Parents, Read, Reader};

/// A transaction in which statements run one after another.
pub struct Snapshot<'a> {
    /// The bounds of the run.
    pub bounds: &'a Bounds<'a>,
    /// What it goes over.
    pub line: &'a Line,
    /// The transaction.
    pub transaction: &'a Transaction<'a>,
    /// What is prepared on its connection.
    pub statements: &'a mut Statements,
    /// Whether anything was handed over.
    pub begun: bool,
    /// What makes another attempt worth it, after an error.
    pub again: Option<Again>,
    /// Whether the server has nothing left to say.
    pub settled: bool,
}

impl Snapshot<'_> {
    /// Waits for work on the connection.
    fn wait<T>(&mut self, work: impl AsyncFnOnce(&mut Self) -> Result<T, Failed>) -> Result<T, Error> {
        let (bounds, line) = (self.bounds, self.line);
        self.settled = false;
        match bounds.wait(line.over(work(self))) {
            Ok(done) => Ok(done),
            Err(failed) => {
                self.again = failed.again;
                self.settled = failed.settled;
                Err(failed.error)
            }
        }
    }

    /// The number that a statement gives, or none where it gives no row.
    pub fn number(&mut self, statement: &Statement) -> Result<Option<u64>, Error> {
        self.wait(async |snapshot| {
            let number = flat::number(snapshot.transaction, snapshot.statements, statement).await?;
            snapshot.settled = true;
            Ok(number)
        })
    }

    /// One level. Gives its rows, and whether there are no more.
    pub fn flat<S: RowSink>(&mut self, node: &NodeStatement, sink: &mut S) -> Result<(u64, bool), Error> {
        self.wait(async |snapshot| {
            let Snapshot { bounds, transaction, statements, settled, .. } = snapshot;
            let flat = flat::flat(*transaction, statements, node, bounds, sink).await?;
            *settled = flat.settled;
            Ok((flat.rows, flat.complete))
        })
    }

    /// Several levels. Gives the rows of the first one, and whether there are no more.
    pub fn levels<S: RowSink>(
        &mut self,
        nodes: &[NodeStatement],
        sink: &mut S,
    ) -> Result<(u64, bool), Error> {
        let Some(ChildStatement { one, .. }) = &nodes[0].rows else {
            return Ok((0, true));
        };
        let (portal, cells) = self.wait(async |snapshot| {
            let prepared = snapshot.statements.prepare(snapshot.transaction, &one.sql).await?;
            let cells = Cells::new(&nodes[0].cells, prepared.columns(), 0)?;
            let params = one.params.iter().map(Bound::from);
            let portal = snapshot.transaction.bind_raw(&prepared, params).await?;
            snapshot.settled = true;
            Ok((portal, cells))
        })?;
        levels::walk(nodes, &mut Levels { snapshot: self, nodes, portal, cells }, sink)
    }
}

/// Reads several levels.
struct Levels<'a, 'b> {
    snapshot: &'a mut Snapshot<'b>,
    nodes: &'a [NodeStatement],
    portal: Portal,
    /// Those of the first level.
    cells: Cells,
}

impl Reader for Levels<'_, '_> {
    type Links = Links;

    const BATCH: usize = 256;
    const PARENTS: usize = 2_048;

    fn links(&self, _: usize) -> Links {
        Links::default()
    }

    fn root<S: RowSink>(&mut self, most: usize, links: &mut Links, sink: &mut S) -> Result<Read, Error> {
        let Levels { snapshot, portal, cells, nodes } = self;
        let root = &nodes[0];
        snapshot.wait(async |snapshot| {
            let stream = snapshot.transaction.query_portal_raw(portal, most as i32).await?;
            let read = hand_over(snapshot, stream, cells, links, sink, root, |_| Ok((0, 0))).await?;
            let end = if read.rows == most && read.end == End::Complete { End::Most } else { read.end };
            Ok(Read { end, ..read })
        })
    }

    fn rows<S: RowSink>(
        &mut self,
        node: usize,
        parents: &Parents<'_, Links>,
        links: &mut Links,
        sink: &mut S,
    ) -> Result<Read, Error> {
        let (number, node) = (node, &self.nodes[node]);
        let Some(ChildStatement { one, many }) = &node.rows else {
            return Ok(Read { rows: 0, end: End::Complete });
        };
        let one = many.as_ref().filter(|_| parents.rows.len() > 1).unwrap_or(one);
        self.snapshot.wait(async |snapshot| {
            let Snapshot { transaction, statements, .. } = snapshot;
            let (stream, prepared) = start(*transaction, statements, one, bound(node, parents)).await?;
            let mut cells = Cells::new(&node.cells, prepared.columns(), 1)?;
            let place = |row: &Row| Ok((number, parents.position(whole(row, 0)? as u32)));
            hand_over(snapshot, stream, &mut cells, links, sink, node, place).await
        })
    }

    fn counts(&mut self, node: usize, parents: &Parents<'_, Links>) -> Result<Vec<(u32, u64)>, Error> {
        let node = &self.nodes[node];
        let Some(ChildStatement { one, .. }) = &node.count else {
            return Ok(Vec::new());
        };
        self.snapshot.wait(async |snapshot| {
            let Snapshot { transaction, statements, .. } = snapshot;
            let (stream, _) = start(*transaction, statements, one, bound(node, parents)).await?;
            let rows: Vec<Row> = stream.try_collect().await?;
            snapshot.settled = true;
            rows.iter().map(|row| Ok((parents.position(whole(row, 0)? as u32), whole(row, 1)?))).collect()
        })
    }
}

/// The link values that a lower level takes of some parent rows.
fn bound<'a>(node: &NodeStatement, parents: &Parents<'a, Links>) -> Vec<Bound<'a>> {
    let links = parents.links;
    let array = |&column: &usize| Bound::Links { links, column, parents: parents.rows.clone() };
    node.link.iter().map(array).collect()
}

/// Hands over the rows of a level and keeps their link values. `place` gives the level of a row and the position of
/// its parent; `root` is the first level.
async fn hand_over<S: RowSink>(
    snapshot: &mut Snapshot<'_>,
    stream: RowStream,
    cells: &mut Cells,
    links: &mut Links,
    sink: &mut S,
    root: &NodeStatement,
    place: impl Fn(&Row) -> Result<(usize, u32), Failed>,
) -> Result<Read, Failed> {
    let mut stream = pin!(stream);
    let mut rows = 0;
    while let Some(row) = stream.try_next().await? {
        let (node, parent) = place(&row)?;
        snapshot.begun = true;
        let wanted = sink.begin_row(node, parent);
        if wanted {
            cells.push(&row, sink).map_err(|error| error.among(&root.cells))?;
        }
        let stops = if wanted { sink.end_row() == Flow::Stop } else { node == 0 };
        if stops {
            snapshot.settled = is_drained(stream).await;
            return Ok(Read { rows, end: End::Stopped });
        }
        if wanted {
            if node == 0 {
                push_position(&row, root, sink)?;
            }
            links.keep(&row, cells.end())?;
            rows += 1;
        }
        if rows.is_multiple_of(ROWS) {
            snapshot.bounds.check()?;
        }
    }
    snapshot.settled = true;
    Ok(Read { rows, end: End::Complete })
}
