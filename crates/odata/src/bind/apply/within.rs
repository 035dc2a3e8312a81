//! The transformations within `groupby`, which are done in each group (section 3.2.3.2).

use super::super::compute::add_computed;
use super::super::error::{BindResult, not_supported};
use super::super::expr::{bind, bind_condition};
use super::super::member::both;
use super::super::scope::Context;
use super::super::select::search_in;
use super::group::{Grouping, aggregate, grouping};
use super::nest::nest;
use super::rank;
use super::state::State;
use crate::query::{Expr, ExprKind};
use crate::url::apply::{DataPath, Transformation, TransformationKind as T};

/// Groups by some paths, and does something in each group.
pub fn grouped(
    cx: &Context,
    state: &mut State,
    paths: &[&DataPath],
    then: Option<&[Transformation]>,
) -> BindResult<()> {
    let Some(then) = then else {
        return aggregate(cx, state, paths, &[]);
    };
    if let Some(number) = then.iter().position(|step| matches!(step.kind, T::Nest(_))) {
        let T::Nest(items) = &then[number].kind else { return Ok(()) };
        // What is computed for each row is the same before it is grouped.
        let computed = then[..number].iter().take_while(|step| keeps_all(step)).count();
        for step in &then[..computed] {
            keep(cx, state, step, (paths, true))?;
        }
        nest(cx, state, (paths, &then[computed..number]), items, then[number].at)?;
        return behind(cx, state, &then[number + 1..]);
    }
    let made = then.iter().position(|step| matches!(step.kind, T::Aggregate(_)));
    for step in &then[..made.unwrap_or(then.len())] {
        keep(cx, state, step, (paths, made.is_some()))?;
    }
    let Some(number) = made else {
        return instances(cx, state, paths, then);
    };
    if let T::Aggregate(items) = &then[number].kind {
        aggregate(cx, state, paths, items)?;
    }
    behind(cx, state, &then[number + 1..])
}

fn keeps_all(step: &Transformation) -> bool {
    matches!(step.kind, T::Compute(_) | T::Identity)
}

/// What stands behind the transformation that makes one row of each group: the same for all of them at once.
fn behind(cx: &Context, state: &mut State, rest: &[Transformation]) -> BindResult<()> {
    for step in rest {
        if !(keeps_all(step) || matches!(step.kind, T::Filter(_))) {
            let message = "Within groupby only compute and filter are supported behind aggregate and nest.";
            return Err(not_supported(step.at, "groupby", message));
        }
        super::transform(cx, state, step)?;
    }
    Ok(())
}

/// A transformation of the instances of each group, which stay what they are; they are aggregated behind it or not.
fn keep(
    cx: &Context,
    state: &mut State,
    step: &Transformation,
    (paths, aggregated): (&[&DataPath], bool),
) -> BindResult<()> {
    let condition = match &step.kind {
        T::Identity => return Ok(()),
        T::Compute(items) => {
            state.settled();
            return add_computed(cx, &mut state.scope, items);
        }
        T::Filter(condition) => bind_condition(cx, state.settled(), condition, "filter")?,
        T::Search(search) => search_in(cx, state.settled(), search, step.at)?,
        T::Rank { method, amount, by } => {
            let groups = groups_of(cx, state, paths, (step, aggregated))?;
            return rank::rank(cx, state, (*method, amount, by), groups);
        }
        T::OrderBy(_) => return super::transform(cx, state, step),
        T::Top(rows) => {
            let groups = groups_of(cx, state, paths, (step, aggregated))?;
            let orderby = std::mem::take(&mut state.orderby);
            return rank::first(cx, state, orderby, *rows, groups);
        }
        _ => {
            let message = "Within groupby stand filter, search, compute, orderby, top and topcount and its like, then aggregate; or \
                           anything, then nest.";
            return Err(not_supported(step.at, "groupby", message));
        }
    };
    if aggregated {
        // Of a group without instances there is still a row.
        state.counted = both(state.counted.take(), Some(condition));
    } else {
        state.add_filter(condition);
    }
    Ok(())
}

/// The values that tell groups apart, of each of which only some instances are kept by their order.
fn groups_of(
    cx: &Context,
    state: &mut State,
    paths: &[&DataPath],
    (step, aggregated): (&Transformation, bool),
) -> BindResult<Vec<Expr>> {
    let name = "groupby";
    if state.rolled.is_some() || state.traversed || (state.joined && state.scope.implicit.is_none()) {
        let message = "Within such a groupby instances are not kept by their order; nest them.";
        return Err(not_supported(step.at, name, message));
    }
    if state.counted.is_some() {
        let message = "Behind filter and search in a group instances are not kept by their order and aggregated; \
                       filter before the groups are made.";
        return Err(not_supported(step.at, name, message));
    }
    let none = match &step.kind {
        T::Top(rows) => *rows == 0,
        T::Rank { amount, .. } => {
            let amount = bind(cx, state.settled(), amount)?;
            matches!(&amount.kind, ExprKind::Value(value) if !rank::is_positive(value))
        }
        _ => false,
    };
    if aggregated && none {
        return Err(not_supported(step.at, name, "Nothing would be aggregated in each group."));
    }
    if state.joined {
        super::values::as_rows(cx, state, step.at)?;
    }
    Ok(grouping(cx, state, paths)?.values)
}

/// Instances that were kept, each with what it is grouped by: it must have that anyway.
fn instances(
    cx: &Context,
    state: &mut State,
    paths: &[&DataPath],
    then: &[Transformation],
) -> BindResult<()> {
    let at = then.first().map_or(0, |step| step.at);
    if state.rolled.is_some() {
        let message = "Within rolluprecursive instances are aggregated or nested.";
        return Err(not_supported(at, "groupby", message));
    }
    let Grouping { values, entities, .. } = grouping(cx, state, paths)?;
    if state.scope.implicit.is_some() && !(entities.is_empty() && values.iter().all(Expr::is_own)) {
        let message = "Instances do not get what they are grouped by through navigation properties; compute it first, or nest them.";
        return Err(not_supported(at, "groupby", message));
    }
    Ok(())
}
