//! `$crossjoin(A,B)`: all combinations of the entities of some sets (Part 2 section 4.15).

use super::apply;
use super::compute::add_computed;
use super::error::{BindError, BindResult, invalid, not_found, not_supported, unknown_set};
use super::expand::refuse_on_single;
use super::member::both;
use super::scope::{Context, Scope};
use super::select::{bind_filter, bind_orderby, bind_rows, bind_selection, refuse_index};
use crate::model::EntitySetId;
use crate::query::{Addressed, Combined, Dynamic, Input, Named, Place, Query, Selection, Variable};
use crate::url::ast::{ExpandItem, ExpandSuffix, Options, Segment, SegmentKind};

/// Sets that can be combined.
const SETS: usize = 10;

/// Binds a request for combinations.
pub fn bind_product<'a>(
    cx: &Context<'a>,
    names: &[String],
    rest: &[Segment],
    options: &'a Options,
    at: u32,
) -> BindResult<Query> {
    let addressed = match rest {
        [] => Addressed::Collection,
        [Segment { kind: SegmentKind::Count, .. }] => Addressed::Count,
        [other, ..] => {
            let message = "Only $count can follow $crossjoin.".to_owned();
            return Err(not_found(other.at, "$crossjoin", message));
        }
    };
    refuse_index(options)?;
    let sets = sets(cx, names, at)?;
    let mut scope = scope_of(cx, &sets);
    let applied = options.apply.as_deref().map(|pipeline| apply::bind_product(cx, &scope, &sets, pipeline));
    let (mut input, mut kept, mut order) = (Input::Product(sets.clone()), None, Vec::new());
    if let Some(applied) = applied {
        let applied = applied?;
        (input, kept, order, scope) = (applied.input, applied.filter, applied.orderby, applied.scope);
    }
    add_computed(cx, &mut scope, options.compute.as_deref().unwrap_or_default())?;
    let selection = if matches!(input, Input::Product(_)) {
        bind_combined(cx, &scope, &sets, options)?
    } else {
        let combined = combined(&sets, false);
        Selection { combined, ..bind_rows(cx, &scope, sets[0], options, false, at)? }
    };
    let filter = bind_filter(cx, &scope, options, at)?;
    let orderby = bind_orderby(cx, &scope, options.orderby.as_deref())?;
    Ok(Query {
        root: sets[0],
        singleton: None,
        steps: Vec::new(),
        input,
        addressed,
        called: None,
        inside: Vec::new(),
        steps_inside: Vec::new(),
        selection,
        filter: both(kept, filter),
        orderby: if orderby.is_empty() { order } else { orderby },
        top: options.top.map(|(n, _)| n),
        skip: options.skip.map_or(0, |(n, _)| n),
        count: options.count.is_some_and(|(c, _)| c),
        chosen: None,
        since: None,
        user: None,
        can_fail: cx.can_fail(),
    })
}

fn sets(cx: &Context, names: &[String], at: u32) -> BindResult<Vec<EntitySetId>> {
    let mut sets: Vec<EntitySetId> = Vec::with_capacity(names.len());
    for name in names {
        let Some(set) = cx.model.find_set(name) else {
            if cx.model.find_singleton(name).is_some() {
                let message = format!("'{name}' is a singleton; $crossjoin combines entity sets.");
                return Err(not_found(at, name, message));
            }
            return Err(unknown_set(at, cx.model, name));
        };
        if sets.contains(&set) {
            return Err(invalid(at, name, format!("'{name}' stands twice in $crossjoin.")));
        }
        cx.count_navigation(at)?;
        sets.push(set);
    }
    if sets.is_empty() || sets.len() > SETS {
        let message = format!("$crossjoin takes 1 to {SETS} sets (fixed limit `crossjoin_sets`).");
        return Err(invalid(at, "$crossjoin", message));
    }
    Ok(sets)
}

/// The names of the sets stand for an entity of each.
fn scope_of(cx: &Context, sets: &[EntitySetId]) -> Scope {
    let mut scope = Scope::of_rows(Vec::new());
    for (number, set) in sets.iter().enumerate() {
        let variable = if number == 0 { Variable(0) } else { cx.new_variable() };
        scope.lambdas.push((cx.model.entity_set(*set).name.clone(), variable, *set));
    }
    scope
}

/// Links to the entities of the sets, which have the first variables, in their order.
fn combined(sets: &[EntitySetId], told: bool) -> Vec<Combined> {
    let one = |(number, set): (usize, &EntitySetId)| Combined {
        set: *set,
        variable: Variable(number),
        told,
        expand: None,
    };
    sets.iter().enumerate().map(one).collect()
}

/// What is told of each combination: a link to each entity, or the entity itself.
fn bind_combined<'a>(
    cx: &Context<'a>,
    scope: &Scope,
    sets: &[EntitySetId],
    options: &'a Options,
) -> BindResult<Selection> {
    let name = |set: &EntitySetId| &cx.model.entity_set(*set).name;
    let mut combined = combined(sets, options.select.is_none());
    let mut named: Vec<Named> = Vec::new();
    match &options.select {
        None => named.clone_from(&scope.named),
        Some(items) => {
            for item in items {
                let found = combined.iter_mut().find(|one| item.path == [name(&one.set).as_str()]);
                let computed = scope.named.iter().find(|named| named.path == item.path);
                match (found, computed) {
                    _ if item.options != Options::default() => {
                        let message = "Options in $select of $crossjoin are not supported; use $expand.";
                        return Err(not_supported(item.at, "$select", message));
                    }
                    _ if item.path == ["*"] => combined.iter_mut().for_each(|one| one.told = true),
                    (Some(one), _) => one.told = true,
                    (None, Some(value)) => named.push(value.clone()),
                    (None, None) => return Err(no_set(item.at, &item.path.join("/"))),
                }
            }
        }
    }
    for item in options.expand.iter().flatten() {
        let all = item.path == ["*"];
        let mut found = false;
        for one in &mut combined {
            if all || item.path == [name(&one.set).as_str()] {
                found = true;
                if one.expand.is_some() && !all {
                    return Err(invalid(
                        item.at,
                        "$expand",
                        format!("'{}' is expanded twice.", name(&one.set)),
                    ));
                }
                one.told = true;
                one.expand = Some(bind_one(cx, Place::of(one.variable, one.set), item)?);
            }
        }
        if !found {
            return Err(no_set(item.at, &item.path.join("/")));
        }
    }
    Ok(Selection {
        set: sets[0],
        of: None,
        kind: None,
        properties: Vec::new(),
        narrowed: Vec::new(),
        parts: Vec::new(),
        some: Vec::new(),
        streams: Vec::new(),
        functions: Vec::new(),
        dynamic: Dynamic::None,
        named,
        rows: false,
        combined,
        selected: options.select.is_some(),
        selected_navigation: Vec::new(),
        types: Vec::new(),
        references: false,
        expand: Vec::new(),
    })
}

/// What is returned of one entity of a combination.
fn bind_one<'a>(cx: &Context<'a>, place: Place, item: &'a ExpandItem) -> BindResult<Selection> {
    let name = &cx.model.entity_set(place.set).name;
    refuse_index(&item.options)?;
    refuse_on_single(item, name)?;
    if item.suffix != ExpandSuffix::None || item.options.levels.is_some() || item.options.apply.is_some() {
        let message = format!("Only $select, $expand and $compute can stand behind '{name}' here.");
        return Err(not_supported(item.at, "$expand", message));
    }
    cx.count_expanded(item.at)?;
    let mut scope = Scope::of_expanded(place.clone());
    add_computed(cx, &mut scope, item.options.compute.as_deref().unwrap_or_default())?;
    cx.with_aliases(&item.options.aliases, || bind_selection(cx, &scope, &place, &item.options, false, 1))
}

fn no_set(at: u32, name: &str) -> BindError {
    invalid(at, name, format!("'{name}' is none of the sets that $crossjoin combines."))
}
