//! `concat`, and the groups of `rollup`: rows one after the other, of which some lack what others have (section 3.4.2).

use super::super::error::{BindError, BindResult, limit_exceeded, not_supported};
use super::super::scope::Context;
use super::state::{State, column, row_column};
use super::values::as_rows;
use crate::model::{EntitySetId, PrimitiveType};
use crate::query::{Expr, ExprKind, RowColumn, Rows, RowsKind};
use crate::value::Value;

/// Selects that follow each other in one statement.
pub const PARTS: usize = 50;

/// Puts rows one after the other.
pub fn concat(cx: &Context, state: &mut State, parts: Vec<State>, at: u32) -> BindResult<()> {
    if parts.len() > PARTS {
        return Err(too_many(at));
    }
    let mut all: Vec<Rows> = Vec::with_capacity(parts.len());
    for mut part in parts {
        as_rows(cx, &mut part, at)?;
        part.settle();
        all.push(match part.input {
            crate::query::Input::Rows(rows) => *rows,
            _ => return Err(not_supported(at, "concat", "concat of these rows is not supported.")),
        });
    }
    let columns = common(&all, at)?;
    let rows = aligned(all, &columns, state.set);
    *state = State::of_rows(rows, state.set);
    Ok(())
}

/// Refuses what makes too many kinds of rows.
pub fn too_many(at: u32) -> BindError {
    let message = format!("concat and rollup make at most {PARTS} kinds of rows (fixed limit `rows_kinds`).");
    limit_exceeded(at, "concat", message)
}

/// All values that any of the rows have.
fn common(all: &[Rows], at: u32) -> BindResult<Vec<RowColumn>> {
    let mut columns: Vec<RowColumn> = Vec::new();
    for own in all.iter().flat_map(|rows| &rows.columns).filter(|own| !own.path.is_empty()) {
        match columns.iter_mut().find(|known| known.path == own.path) {
            Some(known) if !same_type(known, own) => {
                let name = own.path.join("/");
                let message = format!("'{name}' is of different types in the rows that follow each other.");
                return Err(not_supported(at, &name, message));
            }
            Some(known) => known.nullable |= own.nullable,
            None => columns.push(RowColumn { present: None, ..own.clone() }),
        }
    }
    Ok(columns)
}

fn same_type(one: &RowColumn, other: &RowColumn) -> bool {
    one.primitive == other.primitive && one.enumeration == other.enumeration && one.whole == other.whole
}

/// The rows with the same columns: those common to them, which of them are there, and a number for each kind of rows.
fn aligned(all: Vec<Rows>, common: &[RowColumn], set: EntitySetId) -> Rows {
    let find = |rows: &Rows, path: &[String]| rows.columns.iter().position(|own| own.path == path);
    let mut columns = common.to_vec();
    let mut optional = Vec::new();
    for (number, known) in common.iter().enumerate() {
        let always =
            |rows: &Rows| find(rows, &known.path).is_some_and(|own| rows.columns[own].present.is_none());
        if !all.iter().all(always) {
            columns[number].present = Some(common.len() + optional.len());
            columns[number].nullable = true;
            optional.push(number);
        }
    }
    let mark = |value| constant(value, PrimitiveType::Int64);
    columns.extend(optional.iter().map(|_| row_column(Vec::new(), &mark(Value::Null))));
    // What tells rows apart and has no name: numbers of kinds of rows within a kind of rows.
    let hidden = |rows: &Rows| -> Vec<usize> {
        rows.identity.iter().copied().filter(|own| rows.columns[*own].path.is_empty()).collect()
    };
    let within = all.iter().map(|rows| hidden(rows).len()).max().unwrap_or(0);
    let mut identity: Vec<usize> = (columns.len()..=columns.len() + within).collect();
    columns.push(row_column(Vec::new(), &mark(Value::Integer(0))));
    columns.extend((0..within).map(|_| row_column(Vec::new(), &mark(Value::Null))));
    for rows in &all {
        let named = rows.identity.iter().filter(|own| !rows.columns[**own].path.is_empty());
        let shared =
            named.filter_map(|own| common.iter().position(|known| known.path == rows.columns[*own].path));
        for number in shared {
            if !identity.contains(&number) {
                identity.push(number);
            }
        }
    }
    let parts = all.into_iter().enumerate().map(|(kind, rows)| {
        let mut values: Vec<Expr> = common
            .iter()
            .map(|known| match find(&rows, &known.path) {
                Some(own) if known.whole.is_some() => column(&rows.columns[own], own),
                Some(own) => as_text(column(&rows.columns[own], own)),
                None => missing(known),
            })
            .collect();
        values.extend(optional.iter().map(|number| match find(&rows, &common[*number].path) {
            None => mark(Value::Null),
            Some(own) => match rows.columns[own].present {
                Some(present) => column(&rows.columns[present], present),
                None => mark(Value::Integer(1)),
            },
        }));
        values.push(mark(Value::Integer(kind as i64)));
        let hidden = hidden(&rows);
        values.extend((0..within).map(|number| match hidden.get(number) {
            Some(own) => column(&rows.columns[*own], *own),
            None => mark(Value::Null),
        }));
        let mut part = State::of_rows(rows, set);
        let kind = RowsKind::Select(Box::new(part.select(values, None)));
        Rows { columns: columns.clone(), identity: identity.clone(), kind }
    });
    let kind = RowsKind::Union(parts.collect());
    Rows { columns, identity, kind }
}

/// No value of a column.
fn missing(column: &RowColumn) -> Expr {
    let null = constant(Value::Null, column.primitive.unwrap_or(PrimitiveType::String));
    let kind = column.whole.map_or(null.kind, ExprKind::Missing);
    Expr { primitive: column.primitive, enumeration: column.enumeration, kind, ..null }
}

/// Members of an enumeration as text: what is null elsewhere has no other type.
fn as_text(value: Expr) -> Expr {
    if value.enumeration.is_none() {
        return value;
    }
    Expr { kind: ExprKind::Cast(Box::new(value.clone())), ..value }
}

fn constant(value: Value, primitive: PrimitiveType) -> Expr {
    let nullable = value == Value::Null;
    Expr { at: 0, primitive: Some(primitive), enumeration: None, nullable, kind: ExprKind::Value(value) }
}
