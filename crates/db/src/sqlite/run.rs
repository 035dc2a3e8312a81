//! Runs a program on one connection: the statements of all levels see one snapshot.

use nextlink_odata::model::PrimitiveType;
use nextlink_odata::rows::{Flow, RowSink};
use nextlink_odata::value::Value;
use nextlink_sql::statement::{ChildStatement, NodeStatement, PARENT_ROWS, Program, ResultColumn, Statement};
use nextlink_sql::tree::{Param, ParamForm};
use rusqlite::types::{ToSqlOutput, Value as Cell, ValueRef};
use rusqlite::{CachedStatement, Connection, Row};

use super::cells;
use crate::error::Error;
use crate::run::Outcome;

/// Rows of the first level in the first batch; later ones grow while they stay small.
const FIRST_BATCH: usize = 16;

/// Runs a program.
pub fn run<S: RowSink>(connection: &Connection, program: &Program, sink: &mut S) -> Result<Outcome, Error> {
    let single = program.nodes.len() == 1 && program.count.is_none() && program.parent.is_none();
    // A single statement is its own snapshot.
    let transaction = if single { None } else { Some(connection.unchecked_transaction()?) };
    let outcome = run_inside(connection, program, sink);
    if let Some(transaction) = transaction {
        transaction.finish()?;
    }
    outcome
}

fn run_inside<S: RowSink>(
    connection: &Connection,
    program: &Program,
    sink: &mut S,
) -> Result<Outcome, Error> {
    if let Some(count) = &program.count {
        sink.count(0, 0, number(connection, count)?);
    }
    let Some(root) = program.nodes.first() else {
        return Ok(Outcome { rows: 0, complete: true, parent: None });
    };
    let (rows, complete) = if program.nodes.len() == 1 {
        flat(connection, root, sink)?
    } else {
        Levels { connection, nodes: &program.nodes }.run(sink)?
    };
    let parent = match &program.parent {
        Some(statement) if rows == 0 => Some(exists(connection, statement)?),
        _ => None,
    };
    Ok(Outcome { rows, complete, parent })
}

/// Runs the first statement of a program for its number, and looks for the parent where that is zero.
pub fn count(connection: &Connection, program: &Program) -> Result<(u64, Option<bool>), Error> {
    let transaction = connection.unchecked_transaction()?;
    let Some(ChildStatement { one, .. }) = program.nodes.first().and_then(|n| n.rows.as_ref()) else {
        return Ok((0, None));
    };
    let rows = number(connection, one)?;
    let parent = match &program.parent {
        Some(statement) if rows == 0 => Some(exists(connection, statement)?),
        _ => None,
    };
    transaction.finish()?;
    Ok((rows, parent))
}

fn number(connection: &Connection, statement: &Statement) -> Result<u64, Error> {
    let mut prepared = prepare(connection, statement, 0)?;
    let mut rows = prepared.raw_query();
    let row = rows.next()?;
    Ok(row.map(|r| r.get::<_, i64>(0)).transpose()?.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
}

fn exists(connection: &Connection, statement: &Statement) -> Result<bool, Error> {
    let mut prepared = prepare(connection, statement, 0)?;
    Ok(prepared.raw_query().next()?.is_some())
}

/// Prepares a statement and binds its parameters behind those of the parent rows.
fn prepare<'c>(
    connection: &'c Connection,
    statement: &Statement,
    taken: usize,
) -> Result<CachedStatement<'c>, Error> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    for (i, param) in statement.params.iter().enumerate() {
        prepared.raw_bind_parameter(taken + i + 1, bound(param))?;
    }
    Ok(prepared)
}

/// A parameter as SQLite takes it.
fn bound(param: &Param) -> ToSqlOutput<'_> {
    let borrowed = |text: &'_ str| -> ToSqlOutput<'_> { ToSqlOutput::Owned(Cell::Text(text.to_owned())) };
    match (&param.value, param.form) {
        (Value::Null, _) => ToSqlOutput::Owned(Cell::Null),
        (Value::Boolean(b), _) => ToSqlOutput::Owned(Cell::Integer(i64::from(*b))),
        (Value::Integer(i), ParamForm::Text) => borrowed(&i.to_string()),
        (Value::Integer(i), _) => ToSqlOutput::Owned(Cell::Integer(*i)),
        (Value::Double(d), _) => ToSqlOutput::Owned(Cell::Real(*d)),
        (Value::Decimal(d), ParamForm::Native) => match (d.parse::<i64>(), d.parse::<f64>()) {
            (Ok(i), _) => ToSqlOutput::Owned(Cell::Integer(i)),
            (_, Ok(f)) => ToSqlOutput::Owned(Cell::Real(f)),
            _ => borrowed(d),
        },
        (Value::Guid(g), ParamForm::Blob) => match uuid::Uuid::try_parse(g) {
            Ok(id) => ToSqlOutput::Owned(Cell::Blob(id.as_bytes().to_vec())),
            Err(_) => borrowed(g),
        },
        (Value::Binary(b), _) => ToSqlOutput::Borrowed(ValueRef::Blob(b)),
        (
            Value::Decimal(t)
            | Value::String(t)
            | Value::Date(t)
            | Value::TimeOfDay(t)
            | Value::DateTimeOffset(t)
            | Value::Duration(t)
            | Value::Guid(t),
            _,
        ) => ToSqlOutput::Borrowed(ValueRef::Text(t.as_bytes())),
    }
}

/// Pushes the cells of a row, the first of which is column `first`.
#[inline]
fn push_cells<S: RowSink>(
    row: &Row<'_>,
    first: usize,
    columns: &[ResultColumn],
    sink: &mut S,
) -> Result<(), Error> {
    for (i, column) in columns.iter().enumerate() {
        let value = row.get_ref(first + i)?;
        if cells::push(sink, column, value).is_err() {
            return Err(misfit(i, column.primitive, value));
        }
    }
    Ok(())
}

#[cold]
fn misfit(column: usize, primitive: PrimitiveType, value: ValueRef<'_>) -> Error {
    Error::Value { column, expected: primitive.name(), found: cells::shown(value) }
}

/// One level: rows go straight to the sink.
fn flat<S: RowSink>(
    connection: &Connection,
    node: &NodeStatement,
    sink: &mut S,
) -> Result<(u64, bool), Error> {
    let Some(statement) = &node.rows else {
        return Ok((0, true));
    };
    let mut prepared = prepare(connection, &statement.one, 0)?;
    let mut rows = prepared.raw_query();
    let mut handed: u64 = 0;
    while let Some(row) = rows.next()? {
        if !sink.begin_row(0, 0) {
            return Ok((handed, false));
        }
        push_cells(row, 0, &node.cells, sink)?;
        handed += 1;
        if sink.end_row() == Flow::Stop {
            return Ok((handed, false));
        }
    }
    Ok((handed, true))
}

/// Several levels: batches of rows of the first one, each with all that hangs on it.
struct Levels<'a> {
    connection: &'a Connection,
    nodes: &'a [NodeStatement],
}

/// Link values of the rows of one level in a batch: so many for each row.
struct Links {
    width: usize,
    values: Vec<Cell>,
}

impl Links {
    fn new(width: usize) -> Links {
        Links { width, values: Vec::new() }
    }

    fn keep(&mut self, row: &Row<'_>, first: usize) -> Result<(), Error> {
        for i in 0..self.width {
            self.values.push(row.get(first + i)?);
        }
        Ok(())
    }
}

impl Levels<'_> {
    fn run<S: RowSink>(&self, sink: &mut S) -> Result<(u64, bool), Error> {
        let root = &self.nodes[0];
        let Some(statement) = &root.rows else {
            return Ok((0, true));
        };
        let mut prepared = prepare(self.connection, &statement.one, 0)?;
        let mut rows = prepared.raw_query();
        let mut handed: u64 = 0;
        let mut size = FIRST_BATCH;
        loop {
            let mut links = Links::new(root.links);
            let mut batch: usize = 0;
            let mut ended = false;
            while batch < size {
                let Some(row) = rows.next()? else {
                    ended = true;
                    break;
                };
                if !sink.begin_row(0, 0) {
                    return Ok((handed, false));
                }
                push_cells(row, 0, &root.cells, sink)?;
                if sink.end_row() == Flow::Stop {
                    return Ok((handed, false));
                }
                links.keep(row, root.cells.len())?;
                batch += 1;
            }
            if batch > 0 {
                let lower = self.lower(batch, links, sink)?;
                let Some(lower) = lower else {
                    return Ok((handed, false));
                };
                handed += batch as u64;
                if sink.end_batch() == Flow::Stop {
                    return Ok((handed, false));
                }
                // Few rows below: larger batches cost no memory and save statements.
                if lower <= batch * 32 {
                    size = (size * 2).min(PARENT_ROWS);
                } else {
                    size = (size / 2).max(1);
                }
            }
            if ended {
                return Ok((handed, true));
            }
        }
    }

    /// Reads all lower levels of a batch. Gives how many rows they had, or none where the sink wants no more.
    fn lower<S: RowSink>(&self, batch: usize, links: Links, sink: &mut S) -> Result<Option<usize>, Error> {
        let mut levels: Vec<(usize, Links)> = vec![(batch, links)];
        let mut total = 0;
        for (number, node) in self.nodes.iter().enumerate().skip(1) {
            let mut links = Links::new(node.links);
            let mut rows = 0;
            let (parents, parent_links) = &levels[node.parent.unwrap_or(0)];
            for first in (0..*parents).step_by(PARENT_ROWS) {
                let parents = first..(*parents).min(first + PARENT_ROWS);
                if let Some(count) = &node.count {
                    self.counts(number, node, count, parents.clone(), parent_links, sink)?;
                }
                let Some(statement) = &node.rows else {
                    continue;
                };
                let mut prepared = self.prepare_for(node, statement, parents.clone(), parent_links)?;
                let mut found = prepared.raw_query();
                while let Some(row) = found.next()? {
                    let parent = first as u32 + row.get::<_, u32>(0)?;
                    if !sink.begin_row(number, parent) {
                        continue;
                    }
                    push_cells(row, 1, &node.cells, sink)?;
                    if sink.end_row() == Flow::Stop {
                        return Ok(None);
                    }
                    links.keep(row, 1 + node.cells.len())?;
                    rows += 1;
                }
            }
            total += rows;
            levels.push((rows, links));
        }
        Ok(Some(total))
    }

    fn counts<S: RowSink>(
        &self,
        number: usize,
        node: &NodeStatement,
        statement: &ChildStatement,
        parents: std::ops::Range<usize>,
        links: &Links,
        sink: &mut S,
    ) -> Result<(), Error> {
        let first = parents.start as u32;
        let mut prepared = self.prepare_for(node, statement, parents, links)?;
        let mut found = prepared.raw_query();
        let mut counts: Vec<(u32, u64)> = Vec::new();
        while let Some(row) = found.next()? {
            let rows = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
            counts.push((first + row.get::<_, u32>(0)?, rows));
        }
        // Groups come in any order; the sink wants them by parent.
        counts.sort_unstable();
        for (parent, rows) in counts {
            sink.count(number, parent, rows);
        }
        Ok(())
    }

    /// Prepares the statement of a lower level with the link values of some parent rows.
    fn prepare_for(
        &self,
        node: &NodeStatement,
        statement: &ChildStatement,
        parents: std::ops::Range<usize>,
        links: &Links,
    ) -> Result<CachedStatement<'_>, Error> {
        let width = node.link.len();
        let (text, room) = match &statement.many {
            Some(many) if parents.len() > 1 => (many, PARENT_ROWS),
            _ => (&statement.one, 1),
        };
        let mut prepared = prepare(self.connection, text, room * width)?;
        for row in 0..room {
            let parent = parents.start + row;
            for (i, link) in node.link.iter().enumerate() {
                let value = if parent < parents.end {
                    ToSqlOutput::Borrowed(ValueRef::from(&links.values[parent * links.width + link]))
                } else {
                    ToSqlOutput::Owned(Cell::Null)
                };
                prepared.raw_bind_parameter(row * width + i + 1, value)?;
            }
        }
        Ok(prepared)
    }
}
