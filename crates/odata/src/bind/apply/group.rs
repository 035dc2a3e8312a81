//! `groupby` and `aggregate` (section 3.2).

use super::super::compute::with_type;
use super::super::error::{BindResult, invalid, not_supported};
use super::super::expr::{bind, typed};
use super::super::scope::Context;
use super::aggregate::{aggregation, bind_aggregate, bind_beside, common_collections, made, only_of};
use super::entities::{Grouped, attach, by_entities, entity_of, names_of};
use super::hierarchy;
use super::join::beside;
use super::state::{State, column, row_column};
use super::union;
use super::within::grouped;
use crate::model::PrimitiveType as P;
use crate::query::{Aggregation, Expr, ExprKind, RowColumn, Rows, RowsKind};
use crate::url::apply::{Aggregate, DataPath, GroupingElement, Transformation};
use crate::url::ast::{self, PathRoot, PathSegment, PathSegmentKind};

/// Binds `groupby`.
pub fn groupby(
    cx: &Context,
    state: &mut State,
    elements: &[GroupingElement],
    then: Option<&[Transformation]>,
    at: u32,
) -> BindResult<()> {
    let mut rolled = None;
    for element in elements {
        if let GroupingElement::RollupRecursive { hierarchy, restrict } = element {
            if rolled.is_some() {
                return Err(not_supported(at, "rolluprecursive", "Only one rolluprecursive is supported."));
            }
            rolled = Some(hierarchy::rollup(cx, state, hierarchy, restrict.as_ref())?);
        }
    }
    state.rolled = rolled;
    let sets = grouping_sets(elements, at)?;
    if let [paths] = sets.as_slice() {
        return grouped(cx, state, paths, then);
    }
    cx.count_nodes(at, state.nodes.saturating_mul(sets.len()))?;
    let mut parts = Vec::with_capacity(sets.len());
    for paths in &sets {
        let mut part = state.clone();
        grouped(cx, &mut part, paths, then)?;
        parts.push(part);
    }
    union::concat(cx, state, parts, at)
}

/// What each `rollup` groups by, all with all.
fn grouping_sets(elements: &[GroupingElement], at: u32) -> BindResult<Vec<Vec<&DataPath>>> {
    let mut sets: Vec<Vec<&DataPath>> = vec![Vec::new()];
    for element in elements {
        let choices: Vec<&[DataPath]> = match element {
            GroupingElement::Path(path) => vec![std::slice::from_ref(path)],
            GroupingElement::Rollup(paths) => {
                let all = paths.first().is_some_and(is_all);
                let paths = if all { &paths[1..] } else { paths.as_slice() };
                if paths.len() < 2 && !all {
                    let message = "There are no leveled hierarchies; rollup needs two properties or more.";
                    return Err(invalid(at, "rollup", message));
                }
                (usize::from(!all)..=paths.len()).rev().map(|length| &paths[..length]).collect()
            }
            GroupingElement::RollupRecursive { .. } => continue,
        };
        if sets.len().saturating_mul(choices.len()) > union::PARTS {
            return Err(union::too_many(at));
        }
        let mut product = Vec::with_capacity(sets.len() * choices.len());
        for set in &sets {
            for choice in &choices {
                product.push(set.iter().copied().chain(choice.iter()).collect());
            }
        }
        sets = product;
    }
    Ok(sets)
}

fn is_all(path: &DataPath) -> bool {
    matches!(path.as_slice(), [only] if only.name == "$all")
}

/// Makes one row for each group, with values of its rows.
pub fn aggregate(
    cx: &Context,
    state: &mut State,
    paths: &[&DataPath],
    items: &[Aggregate],
) -> BindResult<()> {
    let Grouping { mut values, mut columns, entities } = grouping(cx, state, paths)?;
    if let [item] = items
        && !item.from.is_empty()
    {
        if state.counted.is_some() {
            let message =
                "from behind a transformation that chooses instances of the group is not supported.";
            return Err(not_supported(item.at, "from", message));
        }
        from(cx, state, item, values, columns)?;
        return attach(cx, state, entities);
    }
    let keys = values.len();
    let counted = state.counted.take();
    let common = common_collections(cx, &state.scope, items)?;
    for related in &common {
        // Groups stay in which there is nothing to count.
        beside(cx, state, related.clone(), true);
    }
    for item in items {
        if let Some(from) = item.from.first() {
            let message = "from is only supported where one value is aggregated.";
            return Err(not_supported(from.at, "from", message));
        }
        let value = bind_beside(cx, &state.scope, &common, item)?;
        let value = match &counted {
            Some(condition) => only_of(condition, value),
            None => value,
        };
        columns.push(row_column(vec![alias(item, &columns)?], &value));
        values.push(value);
    }
    replace(state, values, columns, keys);
    attach(cx, state, entities)
}

/// What rows are grouped by.
pub struct Grouping {
    /// The values.
    pub values: Vec<Expr>,
    /// The columns that hold them.
    pub columns: Vec<RowColumn>,
    /// The entities whose keys are among them.
    pub entities: Vec<Grouped>,
}

/// Binds the paths that rows are grouped by.
pub fn grouping(cx: &Context, state: &mut State, paths: &[&DataPath]) -> BindResult<Grouping> {
    state.settled();
    let mut values: Vec<Expr> = Vec::new();
    let mut columns: Vec<RowColumn> = Vec::new();
    if let Some((value, column)) = state.rolled.take() {
        values.push(value);
        columns.push(column);
    }
    let entities = by_entities(cx, state, paths, &mut values, &mut columns)?;
    for path in paths {
        if entity_of(cx, state, path)?.is_some() {
            continue;
        }
        let names = names_of(path);
        let known = |entity: &&Grouped| names.len() > entity.names.len() && names.starts_with(&entity.names);
        match entities.iter().find(known) {
            // An entity has one value of each of its properties.
            Some(entity) if has(cx, entity, &names) => {}
            Some(entity) => {
                let (at, entity) = (path.first().map_or(0, |name| name.at), entity.names.join("/"));
                let message = format!(
                    "groupby by '{}' beside '{entity}' is not supported, which has its declared properties alone there.",
                    names.join("/")
                );
                return Err(not_supported(at, &entity, message));
            }
            None => group_by(cx, state, path, &mut values, &mut columns)?,
        }
    }
    Ok(Grouping { values, columns, entities })
}

/// Whether a path behind an entity is that of a declared property.
fn has(cx: &Context, entity: &Grouped, names: &[String]) -> bool {
    let name = &names[entity.names.len()];
    cx.type_of(entity.set).properties.iter().any(|property| property.name == *name)
}

/// Puts grouped rows in the place of those that were grouped.
fn replace(state: &mut State, values: Vec<Expr>, columns: Vec<RowColumn>, keys: usize) {
    let rows = groups(state, values, columns, keys);
    *state = State::of_rows(rows, state.set);
}

/// A row for each group of the rows so far, which are used up.
pub fn groups(state: &mut State, mut values: Vec<Expr>, mut columns: Vec<RowColumn>, keys: usize) -> Rows {
    if values.is_empty() {
        // All rows are one group, which is one row even where nothing is said of it.
        let count = typed(0, P::Decimal, false, ExprKind::Aggregate(Aggregation::Count, None));
        columns.push(row_column(Vec::new(), &count));
        values.push(count);
    }
    let kind = RowsKind::Select(Box::new(state.select(values, Some(keys))));
    Rows { columns, identity: (0..keys).collect(), kind }
}

/// The name of an aggregated value.
fn alias(item: &Aggregate, columns: &[RowColumn]) -> BindResult<String> {
    let Some(alias) = &item.alias else {
        let message =
            "There are no custom aggregates; a method and a name are needed, as in 'with sum as Total'.";
        return Err(invalid(item.at, "aggregate", message));
    };
    if columns.iter().any(|column| column.path.first() == Some(&alias.name)) {
        let message = format!("The name '{}' is given twice.", alias.name);
        return Err(invalid(alias.at, &alias.name, message));
    }
    Ok(alias.name.clone())
}

/// Binds a path to group by.
pub fn group_by(
    cx: &Context,
    state: &State,
    path: &DataPath,
    values: &mut Vec<Expr>,
    columns: &mut Vec<RowColumn>,
) -> BindResult<()> {
    let at = path.first().map_or(0, |name| name.at);
    let names = names_of(path);
    if columns.iter().any(|column| column.path == names) {
        let name = names.join("/");
        return Err(invalid(at, &name, format!("'{name}' is grouped by twice.")));
    }
    let segments = path.iter().map(|name| PathSegment {
        at: name.at,
        kind: PathSegmentKind::Name { name: name.name.clone(), args: None },
    });
    let path = ast::Path { root: PathRoot::Implicit, segments: segments.collect() };
    let value = bind(cx, &state.scope, &ast::Expr { at, kind: ast::ExprKind::Path(path) })?;
    let value = with_type(value, &names.join("/"), at)?;
    columns.push(row_column(names, &value));
    values.push(value);
    Ok(())
}

/// `Amount with sum from Time with average`: first for each of the finest groups, then those together (section 3.2.1.5).
fn from(
    cx: &Context,
    state: &mut State,
    item: &Aggregate,
    mut values: Vec<Expr>,
    mut columns: Vec<RowColumn>,
) -> BindResult<()> {
    let keys = values.len();
    let mut ends = vec![keys];
    for from in item.from.iter().rev() {
        for path in &from.grouping {
            // An entity is told apart by its key.
            if by_entities(cx, state, &[path], &mut values, &mut columns)?.is_empty() {
                group_by(cx, state, path, &mut values, &mut columns)?;
            }
        }
        ends.push(values.len());
    }
    let name = alias(item, &columns)?;
    let value = bind_aggregate(cx, &state.scope, item)?;
    columns.push(row_column(vec![name.clone()], &value));
    let all = values.len();
    values.push(value);
    let mut rows = groups(state, values, columns, all);
    ends.pop();
    for (from, end) in item.from.iter().zip(ends.into_iter().rev()) {
        let Some(method) = &from.method else {
            return Err(invalid(
                from.at,
                "from",
                "A method is needed behind from, as in 'from Time with average'.",
            ));
        };
        let own = |number: usize| column(&rows.columns[number], number);
        let mut values: Vec<Expr> = (0..end).map(own).collect();
        let mut columns: Vec<RowColumn> = rows.columns[..end].to_vec();
        let method = aggregation(method)?;
        let of = own(rows.columns.len() - 1);
        let value = made(cx, method, of, from.at, |of| ExprKind::Aggregate(method, Some(Box::new(of))))?;
        columns.push(row_column(vec![name.clone()], &value));
        values.push(value);
        *state = State::of_rows(rows, state.set);
        rows = groups(state, values, columns, end);
    }
    *state = State::of_rows(rows, state.set);
    Ok(())
}
