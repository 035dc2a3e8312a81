//! `$all`: the entities of all sets, one set after the other (Part 2 section 4.13).

use super::super::cast::of_type;
use super::super::error::{BindResult, not_supported};
use super::super::expr::typed;
use super::super::scope::{Context, Scope};
use super::super::select::bind_rows;
use super::state::State;
use super::union::{self, PARTS};
use super::values;
use crate::model::{EntitySetId, PrimitiveType as P};
use crate::query::{
    Addressed, Comparison, EntityKind, Expr, ExprKind, Named, Place, Query, Selection, Size, Variable,
};
use crate::url::ast::Options;
use crate::value::Value;

/// The column with the number of the type; no property is called like it.
const TYPE: &str = "@type";

/// Binds a request for all entities, or for their number.
pub fn bind_all(cx: &Context, addressed: Addressed, options: &Options, at: u32) -> BindResult<Query> {
    refuse(options, addressed, at)?;
    let sets: Vec<EntitySetId> = cx.model.served_sets().map(|(id, _)| id).collect();
    if sets.is_empty() || sets.len() > PARTS {
        let message =
            format!("$all is only supported for 1 to {PARTS} entity sets (fixed limit `rows_kinds`).");
        return Err(not_supported(at, "$all", message));
    }
    let mut types: Vec<EntityKind> = Vec::new();
    let mut parts = Vec::with_capacity(sets.len());
    for set in &sets {
        let place = Place::of(Variable(0), *set);
        let number = type_of(cx, &place, &mut types);
        let path = vec![TYPE.to_owned()];
        let mut named = vec![Named { path, expr: number, size: Size::ONE, present: None, whole: None }];
        if addressed == Addressed::Collection {
            let scope = Scope::of_expanded(place.clone());
            // Those of different sets can be called alike and have different types.
            let name = std::slice::from_ref(&cx.model.entity_set(*set).name);
            named.extend(values::properties(cx, &place, name, &scope, at)?);
        }
        cx.count_nodes(at, named.len())?;
        let mut part = State::of_product(cx, Scope::of_rows(named), std::slice::from_ref(set));
        if addressed == Addressed::Count {
            // Nothing tells those apart that are only counted.
            part.identity.clear();
        }
        parts.push(part);
    }
    let mut state = State::of_product(cx, Scope::of_rows(Vec::new()), &sets[..1]);
    union::concat(cx, &mut state, parts, at)?;
    let selection = told(&state, bind_rows(&state.scope, sets[0], &Options::default(), false, at)?, types);
    Ok(Query {
        root: sets[0],
        singleton: None,
        steps: Vec::new(),
        input: state.input,
        addressed,
        called: None,
        inside: Vec::new(),
        steps_inside: Vec::new(),
        selection,
        filter: None,
        orderby: state.orderby,
        top: options.top.map(|(n, _)| n),
        skip: options.skip.map_or(0, |(n, _)| n),
        count: options.count.is_some_and(|(c, _)| c),
        chosen: None,
        since: None,
        user: None,
        can_fail: cx.can_fail(),
    })
}

/// Each row tells its type, and the properties of that under their own names.
fn told(state: &State, selection: Selection, types: Vec<EntityKind>) -> Selection {
    let number = state.scope.named.iter().find(|named| named.path == [TYPE]);
    let kind = number.map(|named| named.expr.clone());
    let own = selection.named.into_iter().filter(|named| named.path != [TYPE]);
    let named = own.map(|named| Named { path: named.path[1..].to_vec(), ..named }).collect();
    Selection { kind, types, named, ..selection }
}

/// The number of the type of an entity among all of them, from 1.
fn type_of(cx: &Context, place: &Place, types: &mut Vec<EntityKind>) -> Expr {
    let number = |types: &Vec<EntityKind>| {
        let number = i64::try_from(types.len()).unwrap_or(i64::MAX);
        typed(0, P::Int64, false, ExprKind::Value(Value::Integer(number)))
    };
    types.push((place.set, None));
    let own = number(types);
    let family = cx.type_of(place.set).family.as_ref();
    let Some(family) = family else {
        return own;
    };
    let mut pairs = Vec::with_capacity(family.derived.len() + 1);
    for derived in 0..family.derived.len() {
        types.push((place.set, Some(derived)));
        pairs.push((family.depth(derived), of_type(place, derived, 0), number(types)));
    }
    // Types further below are asked for first.
    pairs.sort_by_key(|(depth, ..)| std::cmp::Reverse(*depth));
    let mut pairs: Vec<(Expr, Expr)> = pairs.into_iter().map(|(_, is, number)| (is, number)).collect();
    let same = ExprKind::Compare(Comparison::Eq, Box::new(own.clone()), Box::new(own.clone()));
    pairs.push((typed(0, P::Boolean, false, same), own));
    typed(0, P::Int64, false, ExprKind::Case(pairs))
}

fn refuse(options: &Options, addressed: Addressed, at: u32) -> BindResult<()> {
    let counted = addressed == Addressed::Count;
    let given = [
        (options.filter.is_some(), "$filter"),
        (options.search.is_some(), "$search"),
        (options.orderby.is_some(), "$orderby"),
        (options.select.is_some(), "$select"),
        (options.expand.is_some(), "$expand"),
        (options.compute.is_some(), "$compute"),
        (options.apply.is_some(), "$apply"),
        (options.levels.is_some(), "$levels"),
        (options.index.is_some(), "$index"),
        (counted && options.top.is_some(), "$top"),
        (counted && options.skip.is_some(), "$skip"),
        (counted && options.count.is_some(), "$count"),
    ];
    match given.into_iter().find(|(given, _)| *given) {
        Some((_, option)) => {
            let message = format!(
                "{option} of $all is not supported; it can stand behind a type, as in $all/Model.Customer."
            );
            Err(not_supported(at, "$all", message))
        }
        None => Ok(()),
    }
}
