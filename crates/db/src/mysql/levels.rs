//! Several levels on one connection: the first one is read in pieces, as a connection has one result at a time.

use std::collections::VecDeque;

use mysql_async::{Row, Value};
use nextlink_odata::rows::{Flow, RowSink};
use nextlink_sql::dialect::Dialect;
use nextlink_sql::seek;
use nextlink_sql::statement::{ChildStatement, NodeStatement, PARENT_ROWS, Program, Seek};
use nextlink_sql::tree::Param;

use super::errors::{Done, Fault};
use super::params;
use super::run::{Watch, exists, number, push_cells, push_position, values, whole};
use super::session::Session;
use crate::error::Error;
use crate::levels::{End, Parents, Read, Reader, walk};
use crate::run::Outcome;
use crate::runtime::Runtime;

/// Rows of the first piece.
const FIRST_PIECE: u64 = 128;
/// Rows of the largest piece.
const MOST_ROWS: u64 = 100_000;
/// Times that a piece is larger than the one before.
const GROWTH: u64 = 8;
/// Bytes that the rows of a piece take.
const PIECE_BYTES: usize = 8 << 20;
/// What a value takes beside its bytes.
const VALUE_BYTES: usize = size_of::<Option<Value>>();

/// Runs a program of several levels. Blocks; the thread is free for what the sink waits for.
pub(super) fn run<S: RowSink>(
    runtime: &Runtime,
    session: &mut Session,
    program: &Program,
    watch: &mut Watch<'_>,
    sink: &mut S,
) -> Done<Outcome> {
    let dialect = session.facts.dialect();
    let root = program.nodes.first().and_then(|node| node.seek.as_ref());
    let mut levels = Levels {
        runtime,
        session,
        dialect,
        nodes: &program.nodes,
        watch,
        lost: false,
        kept: VecDeque::new(),
        last: None,
        left: root.and_then(|seek| seek.limit).unwrap_or(u64::MAX),
        piece: FIRST_PIECE,
    };
    let outcome = levels.run(program, sink);
    let lost = levels.lost;
    outcome.map_err(|error| Fault { error, lost })
}

struct Levels<'a, 'w> {
    runtime: &'a Runtime,
    session: &'a mut Session,
    dialect: &'static dyn Dialect,
    nodes: &'a [NodeStatement],
    watch: &'a mut Watch<'w>,
    /// Whether an error was the loss of the connection.
    lost: bool,
    /// Rows of the first level that were read and not handed over.
    kept: VecDeque<Row>,
    /// The values in the order of the last row that was read.
    last: Option<Vec<Param>>,
    /// Rows of the first level that may still be read.
    left: u64,
    /// Rows of the next piece.
    piece: u64,
}

/// Link values of the rows of one level in a batch: so many for each row.
struct Links {
    width: usize,
    values: Vec<Value>,
}

impl Links {
    fn keep(&mut self, row: &Row, first: usize) {
        for column in first..first + self.width {
            self.values.push(params::again(row, column));
        }
    }
}

impl Levels<'_, '_> {
    fn run<S: RowSink>(&mut self, program: &Program, sink: &mut S) -> Result<Outcome, Error> {
        let (timeout, lock_wait) = (self.watch.options.timeout, self.watch.options.lock_wait);
        self.wait(async |session| {
            session.bound(timeout, lock_wait).await?;
            session.begin().await
        })?;
        if let Some(count) = &program.count {
            let rows = self.wait(async |session| number(session, count).await)?;
            self.watch.begun = true;
            sink.count(0, 0, rows);
        }
        let nodes = self.nodes;
        let (rows, complete) = walk(nodes, self, sink)?;
        let parent = match &program.parent {
            Some(statement) if rows == 0 => {
                Some(self.wait(async |session| exists(session, statement).await)?)
            }
            _ => None,
        };
        Ok(Outcome { rows, complete, parent })
    }

    /// Waits for something at the server, as long as the run may last.
    fn wait<T>(&mut self, work: impl AsyncFnOnce(&mut Session) -> Done<T>) -> Result<T, Error> {
        let end = self.watch.end();
        let done = self.runtime.block_on(async {
            tokio::select! {
                biased;
                done = work(self.session) => done,
                why = end => Err(why.into()),
            }
        });
        done.map_err(|Fault { error, lost }| {
            self.lost = lost;
            error
        })
    }

    /// Reads the next piece of the first level.
    fn read_piece(&mut self) -> Result<(), Error> {
        let Some(statement) = &self.nodes[0].rows else {
            self.left = 0;
            return Ok(());
        };
        let rows = self.piece.min(self.left);
        let seek = self.nodes[0].seek.as_ref();
        let statement = match seek {
            Some(seek) => &seek::piece(self.dialect, seek, self.last.as_deref(), rows),
            // Without an order there is one row.
            None => &statement.one,
        };
        let piece = self.wait(async |session| read(session, &statement.sql, values(statement)).await)?;
        match (seek, piece.rows.back()) {
            (Some(seek), Some(last)) if piece.cut || piece.rows.len() as u64 == rows => {
                self.last = Some(last_values(last, seek));
                self.left -= piece.rows.len() as u64;
                self.piece = next_piece(rows, piece.bytes, piece.rows.len());
            }
            _ => self.left = 0,
        }
        self.kept = piece.rows;
        Ok(())
    }

    /// The next row of the first level.
    fn next_root(&mut self) -> Result<Option<Row>, Error> {
        if self.kept.is_empty() && self.left > 0 {
            self.read_piece()?;
        }
        Ok(self.kept.pop_front())
    }

    /// The values for a statement of a lower level: link values of some parent rows, then its own.
    fn values_for(
        node: &NodeStatement,
        statement: &ChildStatement,
        parents: &Parents<'_, Links>,
    ) -> Prepared {
        let Parents { rows, links } = parents;
        let (statement, room) = match &statement.many {
            Some(many) if rows.len() > 1 => (many, PARENT_ROWS),
            _ => (&statement.one, 1),
        };
        let mut sent = Vec::with_capacity(room * node.link.len() + statement.params.len());
        for row in rows.start..rows.start + room {
            for link in &node.link {
                // What is missing is sent as null, which equals nothing.
                let value = (row < rows.end).then(|| links.values[row * links.width + link].clone());
                sent.push(value.unwrap_or(Value::NULL));
            }
        }
        sent.extend(values(statement));
        Prepared { sql: statement.sql.clone(), values: sent }
    }
}

/// A statement with its values.
struct Prepared {
    sql: std::sync::Arc<str>,
    values: Vec<Value>,
}

impl Reader for Levels<'_, '_> {
    type Links = Links;

    const BATCH: usize = PARENT_ROWS;
    const PARENTS: usize = PARENT_ROWS;

    fn links(&self, node: usize) -> Links {
        Links { width: self.nodes[node].links, values: Vec::new() }
    }

    fn root<S: RowSink>(&mut self, most: usize, links: &mut Links, sink: &mut S) -> Result<Read, Error> {
        let nodes = self.nodes;
        for rows in 0..most {
            let Some(row) = self.next_root()? else {
                return Ok(Read { rows, end: End::Complete });
            };
            self.watch.row()?;
            if !sink.begin_row(0, 0) {
                return Ok(Read { rows, end: End::Stopped });
            }
            push_cells(&row, 0, &nodes[0].cells, sink)?;
            if sink.end_row() == Flow::Stop {
                return Ok(Read { rows, end: End::Stopped });
            }
            push_position(&row, &nodes[0], sink);
            links.keep(&row, nodes[0].cells.len());
        }
        Ok(Read { rows: most, end: End::Most })
    }

    fn rows<S: RowSink>(
        &mut self,
        number: usize,
        parents: &Parents<'_, Links>,
        links: &mut Links,
        sink: &mut S,
    ) -> Result<Read, Error> {
        let node = &self.nodes[number];
        let mut rows = 0;
        let Some(statement) = &node.rows else {
            return Ok(Read { rows, end: End::Complete });
        };
        let Prepared { sql, values } = Levels::values_for(node, statement, parents);
        let mut watch = self.watch.again();
        let end = self.wait(async |session| {
            let mut found = session.query(&sql, values).await?;
            while let Some(row) = found.next().await? {
                watch.row()?;
                if !sink.begin_row(number, parents.position(whole(&row, 0) as u32)) {
                    continue;
                }
                push_cells(&row, 1, &node.cells, sink)?;
                if sink.end_row() == Flow::Stop {
                    return Ok(End::Stopped);
                }
                links.keep(&row, 1 + node.cells.len());
                rows += 1;
            }
            Ok(End::Complete)
        })?;
        Ok(Read { rows, end })
    }

    fn counts(&mut self, number: usize, parents: &Parents<'_, Links>) -> Result<Vec<(u32, u64)>, Error> {
        let node = &self.nodes[number];
        let Some(statement) = &node.count else {
            return Ok(Vec::new());
        };
        let Prepared { sql, values } = Levels::values_for(node, statement, parents);
        self.wait(async |session| {
            let mut found = session.query(&sql, values).await?;
            let mut counts = Vec::new();
            while let Some(row) = found.next().await? {
                counts.push((parents.position(whole(&row, 0) as u32), whole(&row, 1)));
            }
            Ok(counts)
        })
    }
}

/// Rows that are kept.
struct Piece {
    rows: VecDeque<Row>,
    bytes: usize,
    /// Whether rows behind them were read and not kept, as they were too large.
    cut: bool,
}

async fn read(session: &mut Session, sql: &str, values: Vec<Value>) -> Done<Piece> {
    let mut found = session.query(sql, values).await?;
    let mut piece = Piece { rows: VecDeque::new(), bytes: 0, cut: false };
    while let Some(row) = found.next().await? {
        // All rows of a result have to be read before the next statement; one is always kept.
        piece.cut = piece.cut || piece.bytes > PIECE_BYTES;
        if !piece.cut {
            piece.bytes += bytes(&row);
            piece.rows.push_back(row);
        }
    }
    Ok(piece)
}

/// What a row takes in memory.
fn bytes(row: &Row) -> usize {
    let held = |column: usize| match row.as_ref(column) {
        Some(Value::Bytes(bytes)) => bytes.len(),
        _ => 0,
    };
    (0..row.len()).map(|column| VALUE_BYTES + held(column)).sum()
}

/// As many rows as the budget holds, if they are as large as those before.
fn next_piece(rows: u64, bytes: usize, kept: usize) -> u64 {
    let room = PIECE_BYTES * kept / bytes.max(1);
    (room as u64).min(rows * GROWTH).clamp(1, MOST_ROWS)
}

fn last_values(row: &Row, seek: &Seek) -> Vec<Param> {
    seek.values.iter().map(|&column| params::of_cell(row, column)).collect()
}
