//! Runs a program on one connection: the statements of all levels see one snapshot.

use nextlink_odata::model::PrimitiveType;
use nextlink_odata::rows::{Flow, RowSink};
use nextlink_odata::value::Value;
use nextlink_sql::position;
use nextlink_sql::statement::{ChildStatement, NodeStatement, PARENT_ROWS, Program, ResultColumn, Statement};
use nextlink_sql::tree::{Param, ParamForm};
use rusqlite::types::{ToSqlOutput, Value as Cell, ValueRef};
use rusqlite::{CachedStatement, Connection, Row, Rows};

use super::cells;
use crate::error::Error;
use crate::levels::{self, End, Parents, Read, Reader};
use crate::run::Outcome;

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

/// Runs the one statement of a program with another value of the key.
pub fn point<S: RowSink>(
    connection: &Connection,
    program: &Program,
    key: &Value,
    sink: &mut S,
) -> Result<Outcome, Error> {
    let node = program.nodes.first();
    let Some((node, ChildStatement { one, .. })) = node.and_then(|n| n.rows.as_ref().map(|rows| (n, rows)))
    else {
        return Ok(Outcome { rows: 0, complete: true, parent: None });
    };
    let mut prepared = connection.prepare_cached(&one.sql)?;
    let place = program.key.unwrap_or_default();
    for (number, param) in one.params.iter().enumerate() {
        let value = if number == place { key } else { &param.value };
        prepared.raw_bind_parameter(number + 1, bound(value, param.form))?;
    }
    let (rows, complete) = push_rows(&mut prepared, node, sink)?;
    Ok(Outcome { rows, complete, parent: None })
}

pub(super) fn run_inside<S: RowSink>(
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
        levels(connection, &program.nodes, sink)?
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
pub(super) fn prepare<'c>(
    connection: &'c Connection,
    statement: &Statement,
    taken: usize,
) -> Result<CachedStatement<'c>, Error> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    for (i, param) in statement.params.iter().enumerate() {
        prepared.raw_bind_parameter(taken + i + 1, bound(&param.value, param.form))?;
    }
    Ok(prepared)
}

/// A parameter as SQLite takes it.
fn bound(value: &Value, form: ParamForm) -> ToSqlOutput<'_> {
    let borrowed = |text: &'_ str| -> ToSqlOutput<'_> { ToSqlOutput::Owned(Cell::Text(text.to_owned())) };
    match (value, form) {
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
            | Value::Guid(t)
            | Value::Shape { text: t, .. },
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
            return Err(misfit(i, column.primitive, value).among(columns));
        }
    }
    Ok(())
}

/// Tells where the row stands, if that is wanted and known.
#[inline]
fn push_position<S: RowSink>(row: &Row<'_>, node: &NodeStatement, sink: &mut S) -> Result<(), Error> {
    let Some(columns) = node.position.as_ref().filter(|_| sink.wants_position()) else {
        return Ok(());
    };
    let mut values = Vec::with_capacity(columns.len());
    for column in columns.iter() {
        let value = match row.get(*column)? {
            Cell::Null => Value::Null,
            Cell::Integer(number) => Value::Integer(number),
            Cell::Real(number) => Value::Double(number),
            Cell::Text(text) => Value::String(text),
            Cell::Blob(bytes) => Value::Binary(bytes),
        };
        values.push(Param { value, form: ParamForm::Raw });
    }
    sink.position(position::to_bytes(&values));
    Ok(())
}

#[cold]
fn misfit(column: usize, primitive: PrimitiveType, value: ValueRef<'_>) -> Error {
    Error::Value { column, property: None, expected: primitive.name(), found: cells::shown(value) }
}

/// One level: rows go straight to the sink.
pub(super) fn flat<S: RowSink>(
    connection: &Connection,
    node: &NodeStatement,
    sink: &mut S,
) -> Result<(u64, bool), Error> {
    let Some(statement) = &node.rows else {
        return Ok((0, true));
    };
    push_rows(&mut prepare(connection, &statement.one, 0)?, node, sink)
}

/// Pushes the rows of a statement whose parameters are bound.
fn push_rows<S: RowSink>(
    prepared: &mut CachedStatement<'_>,
    node: &NodeStatement,
    sink: &mut S,
) -> Result<(u64, bool), Error> {
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
        push_position(row, node, sink)?;
    }
    Ok((handed, true))
}

/// Several levels.
fn levels<S: RowSink>(
    connection: &Connection,
    nodes: &[NodeStatement],
    sink: &mut S,
) -> Result<(u64, bool), Error> {
    let Some(statement) = &nodes[0].rows else {
        return Ok((0, true));
    };
    let mut prepared = prepare(connection, &statement.one, 0)?;
    let root = prepared.raw_query();
    levels::walk(nodes, &mut Levels { connection, nodes, root }, sink)
}

/// Reads several levels.
struct Levels<'a> {
    connection: &'a Connection,
    nodes: &'a [NodeStatement],
    root: Rows<'a>,
}

/// Link values of the rows of one level in a batch: so many for each row.
struct Links {
    width: usize,
    values: Vec<Cell>,
}

impl Links {
    fn keep(&mut self, row: &Row<'_>, first: usize) -> Result<(), Error> {
        for i in 0..self.width {
            self.values.push(row.get(first + i)?);
        }
        Ok(())
    }
}

impl Reader for Levels<'_> {
    type Links = Links;

    const BATCH: usize = PARENT_ROWS;
    const PARENTS: usize = PARENT_ROWS;

    fn links(&self, node: usize) -> Links {
        Links { width: self.nodes[node].links, values: Vec::new() }
    }

    fn root<S: RowSink>(&mut self, most: usize, links: &mut Links, sink: &mut S) -> Result<Read, Error> {
        let cells = &self.nodes[0].cells;
        for rows in 0..most {
            let Some(row) = self.root.next()? else {
                return Ok(Read { rows, end: End::Complete });
            };
            if !sink.begin_row(0, 0) {
                return Ok(Read { rows, end: End::Stopped });
            }
            push_cells(row, 0, cells, sink)?;
            if sink.end_row() == Flow::Stop {
                return Ok(Read { rows, end: End::Stopped });
            }
            push_position(row, &self.nodes[0], sink)?;
            links.keep(row, cells.len())?;
        }
        Ok(Read { rows: most, end: End::Most })
    }

    fn rows<S: RowSink>(
        &mut self,
        node: usize,
        parents: &Parents<'_, Links>,
        links: &mut Links,
        sink: &mut S,
    ) -> Result<Read, Error> {
        let (number, node) = (node, &self.nodes[node]);
        let mut rows = 0;
        let Some(statement) = &node.rows else {
            return Ok(Read { rows, end: End::Complete });
        };
        let mut prepared = self.prepare_for(node, statement, parents)?;
        let mut found = prepared.raw_query();
        while let Some(row) = found.next()? {
            if !sink.begin_row(number, parents.position(row.get(0)?)) {
                continue;
            }
            push_cells(row, 1, &node.cells, sink)?;
            if sink.end_row() == Flow::Stop {
                return Ok(Read { rows, end: End::Stopped });
            }
            links.keep(row, 1 + node.cells.len())?;
            rows += 1;
        }
        Ok(Read { rows, end: End::Complete })
    }

    fn counts(&mut self, node: usize, parents: &Parents<'_, Links>) -> Result<Vec<(u32, u64)>, Error> {
        let node = &self.nodes[node];
        let mut counts = Vec::new();
        let Some(statement) = &node.count else {
            return Ok(counts);
        };
        let mut prepared = self.prepare_for(node, statement, parents)?;
        let mut found = prepared.raw_query();
        while let Some(row) = found.next()? {
            let rows = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
            counts.push((parents.position(row.get(0)?), rows));
        }
        Ok(counts)
    }
}

impl Levels<'_> {
    /// Prepares the statement of a lower level with the link values of some parent rows.
    fn prepare_for(
        &self,
        node: &NodeStatement,
        statement: &ChildStatement,
        parents: &Parents<'_, Links>,
    ) -> Result<CachedStatement<'_>, Error> {
        let width = node.link.len();
        let Parents { rows, links } = parents;
        let (text, room) = match &statement.many {
            Some(many) if rows.len() > 1 => (many, PARENT_ROWS),
            _ => (&statement.one, 1),
        };
        let mut prepared = prepare(self.connection, text, room * width)?;
        for row in 0..room {
            let parent = rows.start + row;
            for (i, link) in node.link.iter().enumerate() {
                let value = if parent < rows.end {
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
