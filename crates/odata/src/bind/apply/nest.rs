//! `nest`: all instances, or those of each group, as a collection in one instance (section 3.6.1).

use super::super::error::{BindResult, invalid, not_supported};
use super::super::expr::typed;
use super::super::scope::{Context, Scope};
use super::super::select::{bind_rows, whole_entities};
use super::entities::attach;
use super::group::{Grouping, grouping, groups};
use super::nested::nothing_below;
use super::state::{State, column, row_column};
use super::values::as_rows;
use super::{applied, run};
use crate::model::PrimitiveType as P;
use crate::query::{Expand, Expr, ExprKind, Group, Input, RowColumn, Rows, RowsKind, Transform};
use crate::url::apply::{DataPath, NestItem, Transformation};
use crate::url::ast::Options;

/// Puts what transformations make of the instances of each group into an instance for the group; what stands before `nest` in the
/// group comes first in each of them.
pub fn nest(
    cx: &Context,
    state: &mut State,
    (paths, before): (&[&DataPath], &[Transformation]),
    items: &[NestItem],
    at: u32,
) -> BindResult<()> {
    if cx.is_in_expand() {
        let message = "nest inside of $expand, addnested and nest is not supported.";
        return Err(not_supported(at, "nest", message));
    }
    if matches!(state.input, Input::Product(_)) && state.scope.implicit.is_none() {
        return Err(not_supported(at, "nest", "nest of the rows of $crossjoin is not supported."));
    }
    nothing_below(state, at)?;
    let Grouping { values, columns, entities } = grouping(cx, state, paths)?;
    let (members, rows, are_entities) = members(cx, state.clone(), &values, at)?;
    let mut below: Vec<Expand> = Vec::with_capacity(items.len());
    for NestItem { pipeline, alias } in items {
        let known = below.iter().filter_map(|expand| expand.alias.as_ref());
        let grouped = columns.iter().filter_map(|column| column.path.first());
        let by_entity = entities.iter().filter_map(|entity| entity.names.first());
        if known.chain(grouped).chain(by_entity).any(|name| *name == alias.name) {
            let message = format!("The name '{}' is given twice.", alias.name);
            return Err(invalid(alias.at, &alias.name, message));
        }
        cx.count_expanded(alias.at)?;
        cx.count_nodes(alias.at, state.nodes)?;
        let mut inner = members.clone();
        cx.within_expand(|| {
            run(cx, &mut inner, before)?;
            run(cx, &mut inner, pipeline)
        })?;
        nothing_below(&inner, alias.at)?;
        let group = Group { rows: rows.clone(), entities: are_entities, number: number(Vec::new()) };
        below.push(Expand { alias: Some(alias.name.clone()), ..told(cx, inner, group, alias.at)? });
    }
    let keys = values.len();
    let rows = numbered(groups(state, values, columns, keys), 0, (0..keys).collect());
    let last = rows.columns.len() - 1;
    let found = column(&rows.columns[last], last);
    *state = State::of_rows(rows, state.set);
    for group in below.iter_mut().filter_map(|expand| expand.group.as_mut()) {
        group.number = found.clone();
    }
    state.scope.nested = items.iter().map(|item| item.alias.name.clone()).collect();
    state.scope.below = below;
    attach(cx, state, entities)
}

/// The number of the group of some values.
fn number(values: Vec<Expr>) -> Expr {
    typed(0, P::Int64, false, ExprKind::GroupNumber(values))
}

/// The instances that are grouped, each with the number of its group: a state that begins with those of one group, the rows that
/// give them, and whether they are entities.
fn members(cx: &Context, mut state: State, values: &[Expr], at: u32) -> BindResult<(State, Rows, bool)> {
    if state.joined {
        as_rows(cx, &mut state, at)?;
    }
    let place = state.scope.implicit.clone();
    let (keys, grouped) = match &place {
        Some(_) => {
            let keys = state.identity.len();
            let all: Vec<Expr> = state.identity.iter().chain(values).cloned().collect();
            let columns: Vec<RowColumn> = all.iter().map(|value| row_column(Vec::new(), value)).collect();
            let select = Transform { keys, ..state.select(all, None) };
            let kind = RowsKind::Select(Box::new(select));
            (keys, Rows { columns, identity: (0..keys).collect(), kind })
        }
        None => (0, state.take_rows(&values.iter().collect::<Vec<_>>())),
    };
    let all = grouped.columns.len();
    let rows = numbered(grouped, keys, (all - values.len()..all).collect());
    let are_entities = place.is_some();
    let inner = match place {
        Some(place) => {
            let scope = Scope { it: None, ..state.scope };
            State { scope, ..State::of_entities(cx, &place) }
        }
        None => State { input: Input::Path, ..State::of_rows(rows.clone(), state.set) },
    };
    Ok((inner, rows, are_entities))
}

/// Rows with one more column at the end: the number of the group by the values of some of their columns. So many columns at the start
/// are the key of entities.
fn numbered(rows: Rows, keys: usize, by: Vec<usize>) -> Rows {
    let mut columns = rows.columns.clone();
    let identity = rows.identity.clone();
    let mut values: Vec<Expr> = columns.iter().enumerate().map(|(at, own)| column(own, at)).collect();
    let own = number(by.into_iter().map(|at| values[at].clone()).collect());
    columns.push(row_column(Vec::new(), &own));
    values.push(own);
    let transform = Transform::of_all(Input::Rows(Box::new(rows)), values, keys);
    Rows { columns, identity, kind: RowsKind::Select(Box::new(transform)) }
}

/// What is told of the instances of a group that transformations have made.
fn told(cx: &Context, inner: State, group: Group, at: u32) -> BindResult<Expand> {
    let set = inner.set;
    let applied = applied(cx, inner)?;
    let selection = match &applied.scope.implicit {
        Some(place) => whole_entities(cx, &applied.scope, place),
        None => bind_rows(cx, &applied.scope, set, &Options::default(), false, at)?,
    };
    Ok(Expand {
        of: None,
        navigation: 0,
        group: Some(Box::new(group)),
        alias: None,
        collection: true,
        when: None,
        input: applied.input,
        selection,
        filter: applied.filter,
        orderby: applied.orderby,
        top: None,
        skip: 0,
        count: false,
        count_only: false,
        option_texts: Vec::new(),
        it: None,
        recursive: false,
    })
}
