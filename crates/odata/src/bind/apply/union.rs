//! `concat`, and the groups of `rollup`: rows one after the other, of which some lack what others have (section 3.4.2).

use super::super::cast::{of_type, there};
use super::super::error::{BindError, BindResult, limit_exceeded, not_supported};
use super::super::member::read;
use super::super::scope::Context;
use super::nested::nothing_below;
use super::state::{State, column, row_column};
use crate::model::PrimitiveType;
use crate::query::{Expr, ExprKind, Named, Place, RowColumn, Rows, RowsKind, Size};
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
    let rows = aligned(all, &columns);
    *state = State::of_rows(rows);
    Ok(())
}

/// Refuses what makes too many kinds of rows.
pub fn too_many(at: u32) -> BindError {
    let message = format!("concat and rollup make at most {PARTS} kinds of rows (limit `rows_kinds`).");
    limit_exceeded(at, "concat", message)
}

/// Gives entities the values of their properties as names, so that they are rows as others are.
pub fn as_rows(cx: &Context, state: &mut State, at: u32) -> BindResult<()> {
    let Some(place) = state.scope.implicit.clone() else {
        return Ok(());
    };
    nothing_below(state, at)?;
    state.settled();
    let mut named = properties(cx, &place, None, &state.scope, at)?;
    let beside = if state.joined { state.scope.lambdas.as_slice() } else { &[] };
    for (alias, variable, set) in beside {
        named.extend(properties(cx, &Place::of(*variable, *set), Some(alias), &state.scope, at)?);
    }
    named.extend(state.scope.named.iter().cloned());
    state.scope = super::Scope::of_rows(named);
    state.joined = false;
    Ok(())
}

/// The values of the properties of an entity under their names, or behind that of the entity.
pub fn properties(
    cx: &Context,
    place: &Place,
    alias: Option<&String>,
    scope: &super::Scope,
    at: u32,
) -> BindResult<Vec<Named>> {
    let ty = cx.type_of(place.target());
    let optional = scope.optional.contains(&place.variable);
    let value = |index: usize| {
        let property = &ty.properties[index];
        let kind = ExprKind::Property(place.clone(), index);
        read(at, property.ty, property.nullable || optional, kind)
    };
    let mut named = Vec::with_capacity(ty.properties.len());
    for index in ty.possible_properties(place.of) {
        let property = &ty.properties[index];
        if property.is_structured() {
            let message = format!("'{}', which is no primitive value, is not supported here.", property.name);
            return Err(not_supported(at, &property.name, message));
        }
        let size = Size { nodes: 1, depth: 1, navigations: 0 };
        let path = alias.into_iter().chain([&property.name]).cloned().collect();
        let owner = ty.owner_of_property(index).filter(|_| !ty.has_property(place.of, index));
        let (expr, present) = match owner {
            // What the column of another type holds is no value of it.
            Some(owner) => {
                let is = of_type(&place.clone().typed(None), owner, at);
                let own = value(index);
                let kind = ExprKind::Case(vec![(is.clone(), own.clone())]);
                (Expr { kind, nullable: true, ..own }, Some(there(is)))
            }
            None => (value(index), optional.then(|| value(ty.key[0]))),
        };
        named.push(Named { path, expr, size, present });
    }
    Ok(named)
}

/// All values that any of the rows have.
fn common(all: &[Rows], at: u32) -> BindResult<Vec<RowColumn>> {
    let mut columns: Vec<RowColumn> = Vec::new();
    for own in all.iter().flat_map(|rows| &rows.columns).filter(|own| !own.path.is_empty()) {
        match columns.iter_mut().find(|known| known.path == own.path) {
            Some(known) if known.primitive != own.primitive || known.enumeration != own.enumeration => {
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

/// The rows with the same columns: those common to them, which of them are there, and a number for each kind of rows.
fn aligned(all: Vec<Rows>, common: &[RowColumn]) -> Rows {
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
                Some(own) => as_text(column(&rows.columns[own], own)),
                None => Expr {
                    enumeration: known.enumeration,
                    ..constant(Value::Null, known.primitive.unwrap_or(PrimitiveType::String))
                },
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
        let mut part = State::of_rows(rows);
        let kind = RowsKind::Select(Box::new(part.select(values, None)));
        Rows { columns: columns.clone(), identity: identity.clone(), kind }
    });
    let kind = RowsKind::Union(parts.collect());
    Rows { columns, identity, kind }
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
