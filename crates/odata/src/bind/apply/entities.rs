//! Groups by entities: by a navigation property itself (section 3.2.3.1). Rows are grouped by the key, and have all properties of the
//! entity beside that.

use std::rc::Rc;

use super::super::cast::{there, through_cast};
use super::super::error::{BindResult, invalid};
use super::super::expr::condition;
use super::super::member::{both, read};
use super::super::scope::Context;
use super::state::{State, column, row_column};
use super::values::{entity, only_where};
use crate::model::EntitySetId;
use crate::query::{Comparison, Expr, ExprKind, Input, Joined, Named, Place, Related, RowColumn};
use crate::url::apply::{DataPath, Name};

/// An entity that rows are grouped by.
pub struct Grouped {
    /// The path to it.
    pub names: Vec<String>,
    at: u32,
    /// The set that it is in.
    pub set: EntitySetId,
    /// The key of the entity in the rows.
    key: Vec<Expr>,
}

/// The names of a path without casts.
pub fn names_of(path: &DataPath) -> Vec<String> {
    path.iter().filter(|name| !name.name.contains('.')).map(|name| name.name.clone()).collect()
}

/// The single entity that a path ends at, and the condition on which casts on its way lead there.
pub fn entity_of(cx: &Context, state: &State, path: &DataPath) -> BindResult<Option<(Place, Option<Expr>)>> {
    let first = path.first().map_or("", |name| name.name.as_str());
    let beside = state.scope.lambdas.iter().rev().find(|(alias, ..)| alias == first);
    let (mut place, rest) = match (beside, &state.scope.implicit) {
        (Some((_, variable, set)), _) => (cx.place_of(*variable, *set), &path[1..]),
        (None, Some(place)) => (place.clone(), path.as_slice()),
        (None, None) => return Ok(None),
    };
    let (mut guard, mut leads) = (None, beside.is_some());
    for Name { at, name } in rest {
        if through_cast(cx, &mut place, &mut guard, (name, *at))? {
            continue;
        }
        let ty = cx.type_of(place.target());
        let Some(index) = ty.find_navigation_of(name, place.of) else { return Ok(None) };
        let navigation = &ty.navigation[index];
        if navigation.collection {
            return Ok(None);
        }
        place.path.push((index, navigation.target_set));
        (place.of, leads) = (None, true);
    }
    Ok(leads.then_some((place, guard)))
}

/// Groups by the keys of the entities that some of the paths end at.
pub fn by_entities(
    cx: &Context,
    state: &State,
    paths: &[&DataPath],
    values: &mut Vec<Expr>,
    columns: &mut Vec<RowColumn>,
) -> BindResult<Vec<Grouped>> {
    let mut found: Vec<Grouped> = Vec::new();
    for path in paths {
        let Some((place, guard)) = entity_of(cx, state, path)? else { continue };
        let (at, names) = (path.first().map_or(0, |name| name.at), names_of(path));
        if found.iter().any(|known| known.names == names) {
            let name = names.join("/");
            return Err(invalid(at, &name, format!("'{name}' is grouped by twice.")));
        }
        cx.count_nodes(at, cx.type_of(place.target()).properties.len())?;
        for _ in &place.path {
            cx.count_navigation(at)?;
        }
        let set = place.target();
        let ty = cx.type_of(set);
        let mut key = Vec::with_capacity(ty.key.len());
        for property in &ty.key {
            let kind = ExprKind::Property(place.clone(), *property);
            let value = read(at, ty.properties[*property].ty, true, kind);
            let value = match &guard {
                Some(guard) => only_where(guard, value),
                None => value,
            };
            let own = row_column(Vec::new(), &value);
            key.push(column(&own, values.len()));
            values.push(value);
            columns.push(own);
        }
        found.push(Grouped { names, at, set, key });
    }
    Ok(found)
}

/// The values of an entity that lies inside of others that rows are grouped by: none where one of those is not there, as its null
/// is told then.
fn inside(mut values: Vec<Named>, names: &[String], around: &[(Vec<String>, Place)]) -> Vec<Named> {
    for (_, place) in around.iter().filter(|(other, _)| other.len() < names.len() && names.starts_with(other))
    {
        for named in values.iter_mut().filter(|named| named.taken().is_none()) {
            let exists = condition(named.expr.at, ExprKind::Exists(place.clone()));
            let present = named.present.take();
            named.present =
                Some(present.map_or_else(|| there(exists.clone()), |present| only_where(&exists, present)));
        }
    }
    values
}

/// Puts the entities beside the rows that are grouped by them, and their properties among the values of those.
pub fn attach(cx: &Context, state: &mut State, all: Vec<Grouped>) -> BindResult<()> {
    if all.is_empty() {
        return Ok(());
    }
    let mut values: Vec<(Vec<String>, Place, Vec<Named>)> = Vec::with_capacity(all.len());
    for Grouped { names, at, set, key } in all {
        let variable = cx.new_variable();
        let place = Place::of(variable, set);
        let ty = cx.type_of(set);
        let mut predicate = None;
        for (property, value) in ty.key.iter().zip(key) {
            let own = ExprKind::Property(place.clone(), *property);
            let own = read(at, ty.properties[*property].ty, false, own);
            let same = ExprKind::Compare(Comparison::Eq, Box::new(own), Box::new(value));
            predicate = both(predicate, Some(condition(at, same)));
        }
        let related = Related { from: None, set, variable, predicate };
        let input = std::mem::replace(&mut state.input, Input::Path);
        state.input = Input::Joined(Box::new(Joined { input, related, outer: true }));
        state.scope.optional.push(variable);
        let own = entity(cx, &place, &names, &state.scope, at)?;
        state.scope.entities.push((names.clone(), variable, set));
        values.push((names, place, own));
    }
    let around: Vec<(Vec<String>, Place)> =
        values.iter().map(|(names, place, _)| (names.clone(), place.clone())).collect();
    let named: Vec<Named> =
        values.into_iter().flat_map(|(names, _, own)| inside(own, &names, &around)).collect();
    // They stand before what was aggregated.
    Rc::make_mut(&mut state.scope.named).splice(0..0, named);
    Ok(())
}
