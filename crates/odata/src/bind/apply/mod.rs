//! `$apply`: transformations, each of which makes rows of those before it (Data Aggregation 4.0 section 3).

mod state;
mod aggregate;
mod values;
mod union;
mod join;
mod hierarchy;
mod position;
mod entities;
mod group;
mod rank;
mod within;
mod nested;
mod nest;
mod all;

use super::compute::add_computed;
use super::error::{BindResult, invalid, limit_exceeded, not_supported};
use super::expr::bind_condition;
use super::scope::{Context, SELECTS, Scope};
use super::select::{bind_filter, bind_orderby, search_in};
use crate::model::EntitySetId;
use crate::query::{Expr, Input, Order, Place, Rows, RowsKind};
use crate::url::apply::{Transformation, TransformationKind};
use crate::url::ast::Options;

pub use state::State;

pub use aggregate::bind_in_path;
pub use all::bind_all;
pub use nested::{lost, nested};
pub use position::bind_position;
pub use values::only_where;

/// What `$apply` makes of the entities of a set.
pub struct Applied {
    /// Where the rows come from.
    pub input: Input,
    /// Which of them.
    pub filter: Option<Expr>,
    /// Their order, where `$orderby` asks for no other.
    pub orderby: Vec<Order>,
    /// The names in sight behind it.
    pub scope: Scope,
    /// Whether `$compute`, `$filter`, `$search` and `$orderby` are among all this.
    pub with_options: bool,
}

/// Binds `$apply` over the entities at a place, or those of them for which a condition holds; the other options come behind it.
pub fn bind_apply(
    cx: &Context,
    place: &Place,
    (filter, it): (Option<Expr>, Option<Place>),
    pipeline: &[Transformation],
    (options, at): (&Options, u32),
) -> BindResult<Applied> {
    let mut state = State { filter, ..State::of_entities(cx, place) };
    run(cx, &mut state, pipeline)?;
    if state.joined || !state.scope.entities.is_empty() {
        // From the entities of the rows paths still lead on.
        // There is no such entity any more where rows were grouped.
        state.scope.it = it.filter(|it| state.scope.implicit.is_some() || it != place);
        add_computed(cx, &mut state.scope, options.compute.as_deref().unwrap_or_default())?;
        if let Some(condition) = bind_filter(cx, &state.scope, options, at)? {
            state.add_filter(condition);
        }
        let orderby = bind_orderby(cx, &state.scope, options.orderby.as_deref())?;
        if !orderby.is_empty() {
            state.orderby = orderby;
        }
    }
    applied(cx, state)
}

/// What transformations have made in the end.
fn applied(cx: &Context, mut state: State) -> BindResult<Applied> {
    let with_options = state.joined || !state.scope.entities.is_empty();
    if state.joined {
        values::as_rows(cx, &mut state, 0)?;
    }
    if with_options || state.is_limited() {
        state.settle();
    }
    let State { input, filter, orderby, scope, .. } = state;
    Ok(Applied { input, filter, orderby, scope, with_options })
}

/// Binds `$apply` over combinations of entities, each of which has a name in the scope.
pub fn bind_product(
    cx: &Context,
    scope: &Scope,
    sets: &[EntitySetId],
    pipeline: &[Transformation],
) -> BindResult<Applied> {
    let mut state = State::of_product(cx, scope.clone(), sets);
    run(cx, &mut state, pipeline)?;
    if state.is_limited() || !state.scope.entities.is_empty() {
        state.settle();
    }
    let State { input, filter, orderby, scope, .. } = state;
    Ok(Applied { input, filter, orderby, scope, with_options: false })
}

/// Transformations, one after the other.
fn run(cx: &Context, state: &mut State, pipeline: &[Transformation]) -> BindResult<()> {
    for step in pipeline {
        cx.count_transformation(step.at)?;
        let before = state.nodes;
        let ((), size) = cx.measured(|| cx.deeper(step.at, || transform(cx, state, step)))?;
        state.nodes = before + size.nodes;
        if selects(&state.input) > SELECTS {
            let message =
                format!("$apply makes more than {SELECTS} selects of one request (fixed limit `selects`).");
            return Err(limit_exceeded(step.at, "$apply", message));
        }
    }
    Ok(())
}

/// The selects in an input.
fn selects(input: &Input) -> usize {
    match input {
        Input::Keys(rows) | Input::Rows(rows) => of_rows(rows),
        Input::Joined(joined) => selects(&joined.input),
        Input::Walked(walked) => 1 + selects(&walked.0),
        Input::Path | Input::Product(_) => 0,
    }
}

fn of_rows(rows: &Rows) -> usize {
    match &rows.kind {
        RowsKind::Select(transform) => 1 + selects(&transform.input),
        RowsKind::Union(parts) => parts.iter().map(of_rows).sum(),
        RowsKind::Called(..) => 1,
    }
}

fn transform(cx: &Context, state: &mut State, step: &Transformation) -> BindResult<()> {
    cx.count_nodes(step.at, 1)?;
    use TransformationKind as T;
    let limits = matches!(&step.kind, T::Top(_) | T::Skip(_) | T::Rank { .. } | T::Concat(_));
    if limits && matches!(state.input, Input::Product(_)) && state.scope.implicit.is_none() {
        let message = "Behind $crossjoin stand only filter, compute, groupby and aggregate first.";
        return Err(not_supported(step.at, "$apply", message));
    }
    if state.traversed
        && (limits || matches!(&step.kind, T::Join { .. } | T::Traverse { .. } | T::Relatives { .. }))
    {
        let message = "Behind traverse rows can only be filtered, computed and grouped; use $top and $skip.";
        return Err(not_supported(step.at, "traverse", message));
    }
    if limits && state.joined {
        values::as_rows(cx, state, step.at)?;
    }
    let leads_on = matches!(
        &step.kind,
        T::Identity | T::Filter(_) | T::Compute(_) | T::OrderBy(_) | T::Aggregate(_) | T::GroupBy { .. }
    );
    if !leads_on && !state.scope.entities.is_empty() {
        state.settle();
    }
    match &step.kind {
        T::Identity => Ok(()),
        T::Filter(condition) => {
            let condition = bind_condition(cx, state.settled(), condition, "filter")?;
            state.add_filter(condition);
            Ok(())
        }
        T::Search(search) => {
            let condition = search_in(cx, state.settled(), search, step.at)?;
            state.add_filter(condition);
            Ok(())
        }
        T::Compute(items) => add_computed(cx, &mut state.scope, items),
        T::OrderBy(items) => {
            state.orderby = bind_orderby(cx, state.settled(), Some(items))?;
            Ok(())
        }
        T::Top(rows) => {
            state.top = Some(state.top.map_or(*rows, |top| top.min(*rows)));
            Ok(())
        }
        T::Skip(rows) => {
            state.skip = state.skip.saturating_add(*rows);
            state.top = state.top.map(|top| top.saturating_sub(*rows));
            Ok(())
        }
        T::Aggregate(items) => group::aggregate(cx, state, &[], items),
        T::GroupBy { elements, then } => group::groupby(cx, state, elements, then.as_deref(), step.at),
        T::Concat(pipelines) => {
            // Each of them begins with all that there is.
            cx.count_nodes(step.at, state.nodes.saturating_mul(pipelines.len()))?;
            let mut parts = Vec::with_capacity(pipelines.len());
            for pipeline in pipelines {
                let mut part = state.clone();
                run(cx, &mut part, pipeline)?;
                parts.push(part);
            }
            union::concat(cx, state, parts, step.at)
        }
        T::Rank { method, amount, by } => rank::rank(cx, state, (*method, amount, by), Vec::new()),
        T::Relatives { direction, hierarchy, start, max_distance, keep_start } => {
            let (start, bounds) = ((*direction, start), (*max_distance, *keep_start));
            hierarchy::relatives(cx, state, hierarchy, start, bounds)
        }
        T::Traverse { hierarchy, order, start, orderby } => {
            hierarchy::traverse(cx, state, hierarchy, *order, start.as_ref(), orderby)
        }
        T::Nest(items) => nest::nest(cx, state, (&[], &[]), items, step.at),
        T::AddNested(items) => nested::add_nested(cx, state, items, step.at),
        T::Expand(item) => nested::expand(state, item),
        T::Join { outer, path, alias, then } => join::join(cx, state, *outer, path, alias, then.as_deref()),
        T::Function { name, .. } => {
            Err(invalid(step.at, name, format!("There is no transformation '{name}'.")))
        }
    }
}
