//! `$all`: the entities of all sets, one set after the other (Part 2 section 4.13).

use super::super::cast::of_type;
use super::super::compute::add_computed;
use super::super::error::{BindResult, invalid, not_supported};
use super::super::expr::typed;
use super::super::of_all::{Below, Chosen, never_holds, scope_of_all};
use super::super::scope::{Context, Scope};
use super::super::search::refuse_without_text;
use super::super::select::{bind_filter, bind_orderby, bind_rows, refuse_index};
use super::state::State;
use super::union::{self, PARTS};
use super::values;
use crate::model::{EntitySetId, PrimitiveType as P};
use crate::query::{
    Addressed, Comparison, EntityKind, Expr, ExprKind, Named, Order, Place, Query, Selection, Size, Variable,
};
use crate::url::ast::Options;
use crate::value::Value;

/// The column with the number of the type; no property is called like it.
const TYPE: &str = "@type";

/// What the names of `$compute` lie in among the columns.
const COMPUTED: &str = "@computed";

/// Binds a request for all entities, or for their number.
pub fn bind_all<'a>(
    cx: &Context<'a>,
    addressed: Addressed,
    options: &'a Options,
    at: u32,
) -> BindResult<Query> {
    refuse(options, addressed, at)?;
    let mut all = parts(cx, options, at)?;
    order_alike(&mut all, at)?;
    let chosen = Chosen::bind(cx, options)?;
    let below = Below::bind(cx, options.expand.as_deref().unwrap_or_default())?;
    let mut types: Vec<EntityKind> = Vec::new();
    let mut states = Vec::with_capacity(all.len());
    let sets: Vec<EntitySetId> = all.iter().map(|part| part.place.set).collect();
    let descending: Vec<bool> = all[0].orderby.iter().map(|order| order.descending).collect();
    let named = |path: Vec<String>, expr| Named { path, expr, size: Size::ONE, present: None, whole: None };
    for Part { place, computed, filter, orderby } in all {
        let mut values = vec![named(vec![TYPE.to_owned()], type_of(cx, &place, &chosen, &mut types))];
        if addressed == Addressed::Collection {
            values.extend(told_values(cx, &place, &chosen, computed, at)?);
            values.extend(below.keys(cx, &place, &values));
            let keys = orderby.into_iter().enumerate();
            values.extend(keys.map(|(number, order)| named(vec![order_name(number)], order.expr)));
        }
        cx.count_nodes(at, values.len())?;
        let mut state = State::of_product(cx, Scope::of_rows(values), &[place.set]);
        state.filter = filter;
        if addressed == Addressed::Count {
            // Nothing tells those apart that are only counted.
            state.identity.clear();
        }
        states.push(state);
    }
    let mut state = State::of_product(cx, Scope::of_rows(Vec::new()), &sets[..1]);
    union::concat(cx, &mut state, states, at)?;
    let mut orderby = Vec::new();
    for (number, descending) in descending.into_iter().enumerate() {
        let expr = column_of(&state, &order_name(number));
        orderby.extend(expr.map(|expr| Order { expr, descending }));
    }
    orderby.append(&mut state.orderby);
    let combined = below.put_beside(cx, &mut state, &sets, at)?;
    let rows = bind_rows(cx, &state.scope, sets[0], &Options::default(), false, at)?;
    let selection = Selection { combined, ..told(&state, rows, types) };
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
        orderby,
        top: options.top.map(|(n, _)| n),
        skip: options.skip.map_or(0, |(n, _)| n),
        count: options.count.is_some_and(|(c, _)| c),
        chosen: None,
        since: None,
        user: None,
        can_fail: cx.can_fail(),
    })
}

/// What is told of the entities of one set: their properties, then the values of `$compute`.
fn told_values(
    cx: &Context,
    place: &Place,
    chosen: &Chosen,
    computed: Vec<Named>,
    at: u32,
) -> BindResult<Vec<Named>> {
    let scope = Scope::of_expanded(place.clone());
    // Properties of different sets can be called alike and have different types.
    let name = std::slice::from_ref(&cx.model.entity_set(place.set).name);
    let mut values = chosen.of_set(cx, place, values::properties(cx, place, name, &scope, at)?);
    let told = computed.into_iter().filter(|own| chosen.tells(own.name()));
    values.extend(told.map(|own| Named { path: vec![COMPUTED.to_owned(), own.name().to_owned()], ..own }));
    Ok(values)
}

/// The entities of one set among all.
struct Part {
    place: Place,
    computed: Vec<Named>,
    filter: Option<Expr>,
    orderby: Vec<Order>,
}

/// The sets that have some of the entities that are asked for, one at least.
fn parts(cx: &Context, options: &Options, at: u32) -> BindResult<Vec<Part>> {
    let places: Vec<Place> = cx.model.served_sets().map(|(id, _)| Place::of(Variable(0), id)).collect();
    if options.search.is_some() {
        refuse_without_text(cx, &places, at)?;
    }
    let mut all = Vec::with_capacity(places.len());
    for place in places {
        let mut scope = scope_of_all(&place);
        add_computed(cx, &mut scope, options.compute.as_deref().unwrap_or_default())?;
        let filter = bind_filter(cx, &scope, options, at)?;
        let orderby = bind_orderby(cx, &scope, options.orderby.as_deref())?;
        all.push(Part { place, computed: scope.named.to_vec(), filter, orderby });
    }
    let none = |part: &Part| part.filter.as_ref().is_some_and(never_holds);
    if all.iter().any(|part| !none(part)) {
        all.retain(|part| !none(part));
    } else {
        all.truncate(1);
    }
    if all.is_empty() || all.len() > PARTS {
        let message =
            format!("$all is only supported for 1 to {PARTS} entity sets (fixed limit `rows_kinds`).");
        return Err(not_supported(at, "$all", message));
    }
    Ok(all)
}

/// Gives what all entities are ordered by one type: null has that of the others.
fn order_alike(all: &mut [Part], at: u32) -> BindResult<()> {
    let most = all.iter().map(|part| part.orderby.len()).max().unwrap_or(0);
    let values = || all.iter().flat_map(|part| &part.orderby).map(|order| &order.expr);
    if all.iter().any(|part| part.orderby.len() != most) || values().any(|value| value.enumeration.is_some())
    {
        let message = "All entities are not ordered by dynamic properties and members of enumerations; cast can make texts of them.";
        return Err(not_supported(at, "$orderby", message));
    }
    for number in 0..most {
        let known = all.iter().find_map(|part| part.orderby[number].expr.primitive);
        for part in all.iter_mut() {
            let expr = &mut part.orderby[number].expr;
            expr.primitive = expr.primitive.or(known).or(Some(P::String));
        }
    }
    Ok(())
}

/// The column with the value of an item of `$orderby`.
fn order_name(number: usize) -> String {
    format!("@order{number}")
}

fn column_of(state: &State, name: &str) -> Option<Expr> {
    state.scope.named.iter().find(|named| named.path == [name]).map(|named| named.expr.clone())
}

/// Each row tells its type, and the properties of that under their own names.
fn told(state: &State, selection: Selection, types: Vec<EntityKind>) -> Selection {
    let kind = column_of(state, TYPE);
    let hidden = |named: &Named| named.path[0].starts_with('@') && named.path[0] != COMPUTED;
    let own = selection.named.into_iter().filter(|named| !hidden(named));
    let (computed, mut own): (Vec<Named>, Vec<Named>) = own.partition(|named| named.path[0] == COMPUTED);
    own.extend(computed);
    let named = own.into_iter().map(|named| Named { path: named.path[1..].to_vec(), ..named }).collect();
    Selection { kind, types, named, ..selection }
}

/// The number of the type of an entity among all of them, from 1.
fn type_of(cx: &Context, place: &Place, chosen: &Chosen, types: &mut Vec<EntityKind>) -> Expr {
    let kind = |of| {
        let selected = chosen.names(cx, place.set, of);
        EntityKind { set: place.set, of, selected }
    };
    let number = |types: &Vec<EntityKind>| {
        let number = i64::try_from(types.len()).unwrap_or(i64::MAX);
        typed(0, P::Int64, false, ExprKind::Value(Value::Integer(number)))
    };
    types.push(kind(None));
    let own = number(types);
    let family = cx.type_of(place.set).family.as_ref();
    let Some(family) = family else {
        return own;
    };
    let mut pairs = Vec::with_capacity(family.derived.len() + 1);
    for derived in 0..family.derived.len() {
        types.push(kind(Some(derived)));
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
    refuse_index(options)?;
    let counted = addressed == Addressed::Count;
    let wrong = [
        (options.levels.is_some(), "$levels"),
        (counted && options.select.is_some(), "$select"),
        (counted && options.expand.is_some(), "$expand"),
        (counted && options.orderby.is_some(), "$orderby"),
        (counted && options.top.is_some(), "$top"),
        (counted && options.skip.is_some(), "$skip"),
        (counted && options.count.is_some(), "$count"),
    ];
    if let Some((_, option)) = wrong.into_iter().find(|(wrong, _)| *wrong) {
        return Err(invalid(at, option, format!("{option} cannot be applied to this resource.")));
    }
    if options.apply.is_some() {
        let message =
            "$apply of $all is not supported; it can stand behind a type, as in $all/Model.Customer.";
        return Err(not_supported(at, "$all", message));
    }
    Ok(())
}
