//! `addnested` and `expand`: related instances below entities (sections 3.6, and 3.11 of the first version).

use super::super::compute::free_name;
use super::super::error::{BindError, BindResult, not_supported};
use super::super::scope::Context;
use super::state::State;
use crate::url::apply::{Name, Nested, Transformation, TransformationKind as T};
use crate::url::ast::ExpandItem;

/// What a transformation has below each entity, with the name that it is to have. It is bound with `$expand`, once it is clear
/// that the rows stay entities: groups have nothing below them.
pub fn nested(step: &Transformation) -> Vec<(&ExpandItem, Option<&Name>)> {
    match &step.kind {
        T::AddNested(items) => items.iter().map(|item| (&item.expand, Some(&item.alias))).collect(),
        T::Expand(item) => vec![(item, None)],
        _ => Vec::new(),
    }
}

/// Binds the names of `addnested`.
pub fn add_nested(cx: &Context, state: &mut State, items: &[Nested], at: u32) -> BindResult<()> {
    for Nested { alias, .. } in items {
        free_name(cx, &state.scope, &alias.name, alias.at)?;
        note(state, &alias.name, at, "addnested")?;
    }
    Ok(())
}

/// Notes what `expand` names.
pub fn expand(state: &mut State, item: &ExpandItem) -> BindResult<()> {
    note(state, &item.path.join("/"), item.at, "expand")
}

fn note(state: &mut State, name: &str, at: u32, what: &str) -> BindResult<()> {
    if state.scope.implicit.is_none() || state.joined {
        let message = [what, " is only supported as long as the instances are entities."].concat();
        return Err(not_supported(at, what, message));
    }
    state.scope.nested.push(name.to_owned());
    Ok(())
}

/// Refuses to make values of entities that have something below them.
pub fn nothing_below(state: &State, at: u32) -> BindResult<()> {
    match state.scope.nested.first() {
        Some(name) => Err(lost(name, at)),
        None => Ok(()),
    }
}

/// That something below entities is asked for where only their values are.
pub fn lost(name: &str, at: u32) -> BindError {
    let message = format!("'{name}', which $apply has put below the entities, is not supported here.");
    not_supported(at, name, message)
}
