//! `join` and `outerjoin`: rows, each with the entities of a collection beside it (section 3.5).

use super::super::compute::free_name;
use super::super::error::BindErrorKind;
use super::super::error::{BindResult, invalid, not_supported, unknown_property};
use super::super::expr::bind_condition;
use super::super::member::{both, read};
use super::super::scope::{Context, Scope};
use super::super::select::search_in;
use super::state::State;
use crate::query::{Expr, ExprKind, Input, Joined, Place, Related, Variable};
use crate::url::apply::{DataPath, Name, Transformation, TransformationKind as T};

/// Binds `join` and `outerjoin`.
pub fn join(
    cx: &Context,
    state: &mut State,
    outer: bool,
    path: &DataPath,
    alias: &Name,
    then: Option<&[Transformation]>,
) -> BindResult<()> {
    let at = alias.at;
    let Some(place) = state.settled().implicit.clone() else {
        let message = "join is only supported as long as the instances are entities.";
        return Err(not_supported(at, "join", message));
    };
    let ty = cx.type_of(place.target());
    let name = path.first().map_or("", |name| name.name.as_str());
    let navigation = match ty.find_navigation(name) {
        Some(navigation) if ty.navigation[navigation].collection => navigation,
        None if ty.find_property(name).is_none() => {
            return Err(unknown_property(BindErrorKind::Invalid, at, (ty, None), name));
        }
        _ => {
            let message = format!("'{name}' does not lead to many entities; join needs a collection.");
            return Err(invalid(at, name, message));
        }
    };
    let set = ty.navigation[navigation].target_set;
    let own = |cast: &Name| cx.model.find_type(&cast.name) == Some(cx.model.entity_set(set).entity_type);
    if !path[1..].iter().all(own) {
        return Err(invalid(at, name, format!("Behind '{name}' only its own type can stand.")));
    }
    free_name(cx, &state.scope, &alias.name, at)?;
    cx.count_navigation(at)?;
    let variable = cx.new_variable();
    let predicate = conditions(cx, Place::of(variable, set), then.unwrap_or_default())?;
    let related = Related { from: Some((place, navigation)), set, variable, predicate };
    beside(cx, state, related, outer);
    state.scope.lambdas.push((alias.name.clone(), variable, set));
    Ok(())
}

/// Puts the entities of a collection beside the rows.
pub fn beside(cx: &Context, state: &mut State, related: Related, outer: bool) {
    let (variable, set): (Variable, _) = (related.variable, related.set);
    let ty = cx.type_of(set);
    let key = ty.key.iter().map(|key| {
        let kind = ExprKind::Property(Place::of(variable, set), *key);
        read(0, ty.properties[*key].ty, outer, kind)
    });
    state.identity.extend(key);
    if outer {
        state.scope.optional.push(variable);
    }
    let input = std::mem::replace(&mut state.input, Input::Path);
    state.input = Input::Joined(Box::new(Joined { input, related, outer }));
    state.joined = true;
}

/// What the entities of the collection must fulfil.
fn conditions(cx: &Context, place: Place, then: &[Transformation]) -> BindResult<Option<Expr>> {
    let scope = Scope::of_expanded(place);
    let mut predicate = None;
    for step in then {
        let condition = match &step.kind {
            T::Identity => continue,
            T::Filter(condition) => bind_condition(cx, &scope, condition, "filter")?,
            T::Search(search) => search_in(cx, &scope, search, step.at)?,
            _ => {
                let message = "Within join only filter and search are supported.";
                return Err(not_supported(step.at, "join", message));
            }
        };
        predicate = both(predicate, Some(condition));
    }
    Ok(predicate)
}
