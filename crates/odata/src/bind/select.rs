//! `$select` and the options about whole collections: what is returned of entities, and of which (Part 2 section 5.1.4).

use super::apply::nested;
use super::cast::{cast_at, kind_of, narrower};
use super::dynamic::ordered;
use super::error::{BindErrorKind, BindResult, invalid, limit_exceeded, not_supported, unknown_property};
use super::expand::expand_item;
use super::expr::{bind_condition, bind_open};
use super::items::{changes_inside, in_order, some_are_asked_for, some_of, value_of};
use super::member::{both, leads_into, unknown_name};
use super::parts::{add_parts, add_whole};
use super::scope::{Context, ORDERBY_ITEMS, Scope};
use super::search::{bind_search, bind_words};
use crate::lexical::identifier;
use crate::model::EntitySetId;
use crate::query::{Dynamic, Expand, Expr, Inside, Named, Order, Place, Selection};
use crate::url::ast::{ExpandItem, Options, OrderItem, Search, SelectItem};

/// Binds `$select` and `$expand` of the entities at a place, whose scope has the names of `$compute`; `depth` counts the
/// expands around it.
pub fn bind_selection<'a>(
    cx: &Context<'a>,
    scope: &Scope,
    place: &Place,
    options: &'a Options,
    references: bool,
    depth: usize,
) -> BindResult<Selection> {
    let mut selection = all_of(cx, scope, place, references);
    selection.selected = options.select.is_some();
    for (item, alias) in options.apply.iter().flatten().flat_map(nested) {
        expand_item(cx, &mut selection, place, (item, alias.map(|alias| alias.name.as_str())), depth)?;
    }
    if let Some(items) = &options.select {
        select_items(cx, &mut selection, place, items)?;
    }
    add_whole(cx, &mut selection, place);
    let items: Vec<&ExpandItem> = options.expand.iter().flatten().collect();
    expand_items(cx, &mut selection, place, &items, depth)?;
    Ok(selection)
}

fn expand_items<'a>(
    cx: &Context<'a>,
    selection: &mut Selection,
    place: &Place,
    items: &[&'a ExpandItem],
    depth: usize,
) -> BindResult<()> {
    // What is named itself takes precedence over `*`, wherever it stands.
    let (stars, own): (Vec<&ExpandItem>, Vec<&ExpandItem>) =
        items.iter().partition(|item| item.path.last().is_some_and(|name| name == "*"));
    for item in own.into_iter().chain(stars) {
        expand_item(cx, selection, place, (item, None), depth)?;
    }
    Ok(())
}

/// What stands below the entities at a place, which are told by others.
pub fn bind_below_only<'a>(
    cx: &Context<'a>,
    place: &Place,
    items: &[&'a ExpandItem],
) -> BindResult<Selection> {
    let mut selection = all_of(cx, &Scope::default(), place, false);
    expand_items(cx, &mut selection, place, items, 0)?;
    Ok(selection)
}

/// All that is returned of entities at a place where no option says otherwise.
pub fn whole_entities(cx: &Context, scope: &Scope, place: &Place) -> Selection {
    let mut selection = all_of(cx, scope, place, false);
    add_whole(cx, &mut selection, place);
    selection
}

/// All that entities at a place have.
fn all_of(cx: &Context, scope: &Scope, place: &Place, references: bool) -> Selection {
    let set = place.target();
    let ty = cx.type_of(set);
    Selection {
        set,
        of: place.of,
        kind: kind_of(ty, place).filter(|_| !references),
        properties: ty.possible_properties(place.of).collect(),
        narrowed: Vec::new(),
        parts: Vec::new(),
        some: Vec::new(),
        streams: ty.possible_streams(place.of).collect(),
        dynamic: if ty.open { Dynamic::All } else { Dynamic::None },
        named: scope.named.to_vec(),
        rows: false,
        combined: Vec::new(),
        types: Vec::new(),
        selected: false,
        functions: cx.model.functions_of(set).collect(),
        selected_navigation: Vec::new(),
        references,
        expand: Vec::new(),
    }
}

/// Binds `$select` of a complex value, or of a collection of such, that the path leads to.
pub fn bind_value<'a>(
    cx: &Context<'a>,
    scope: &Scope,
    place: &Place,
    (property, inside): (usize, &[Inside]),
    options: &'a Options,
) -> BindResult<Selection> {
    let mut selection = all_of(cx, scope, place, false);
    for item in in_order(options.select.as_deref().unwrap_or_default()) {
        let path: Vec<&str> = item.path.iter().map(String::as_str).collect();
        add_parts(cx, &mut selection, place, (property, inside), (&path, false), (item, false))?;
    }
    if inside.is_empty() {
        add_whole(cx, &mut selection, place);
    }
    Ok(selection)
}

fn select_items<'a>(
    cx: &Context<'a>,
    selection: &mut Selection,
    place: &Place,
    items: &'a [SelectItem],
) -> BindResult<()> {
    let ty = cx.type_of(selection.set);
    let mut chosen = vec![false; ty.properties.len()];
    // Those that are named themselves, and not by a star.
    // The types below that of the place that properties were named of, as long as they are not asked for of all.
    let mut narrowed: Vec<Option<Vec<usize>>> = vec![Some(Vec::new()); ty.properties.len()];
    let mut told = vec![false; selection.named.len()];
    let mut streams = vec![false; ty.streams.len()];
    let mut dynamic = Dynamic::None;
    let mut functions = Vec::new();
    let mut below = vec![false; selection.expand.len()];
    for item in in_order(items) {
        let path: Vec<&str> = item.path.iter().map(String::as_str).collect();
        let (path, of) = behind_cast(cx, place, &path, item.at)?;
        let (name, rest) = match path {
            [name, rest @ ..] => (*name, rest),
            [] => continue,
        };
        if name == "*" {
            for index in ty.possible_properties(of) {
                chosen[index] = true;
                narrow(&mut narrowed[index], narrower(ty, place.of, of));
            }
            told.fill(true);
            ty.possible_streams(of).for_each(|index| streams[index] = true);
            below.fill(true);
            dynamic = if ty.open { Dynamic::All } else { Dynamic::None };
            selection.parts.clear();
        } else if name.starts_with('@') {
            // There are no annotations to choose from.
            continue;
        } else if let Some(found) = functions_named(cx, place, name, item) {
            functions.extend(found);
        } else if let Some(index) = ty.find_property_of(name, of) {
            select_property(cx, selection, place, (index, chosen[index]), rest, item)?;
            chosen[index] = true;
            narrow(&mut narrowed[index], narrower(ty, place.of, of));
        } else if let Some(index) = ty.find_stream_of(name, of).filter(|_| rest.is_empty()) {
            streams[index] = true;
        } else if let Some(index) = selection.named.iter().position(|named| named.path == path) {
            told[index] = true;
        } else if let Some(index) = selection.expand.iter().position(|e| e.alias.as_deref() == Some(name)) {
            below[index] = true;
        } else if let Some(index) = ty.find_navigation_of(name, of) {
            only_named(name, rest, item)?;
            if !selection.selected_navigation.contains(&index) {
                selection.selected_navigation.push(index);
            }
        } else if ty.is_dynamic(name) {
            if item.options != Options::default() {
                let message = format!("Options of the dynamic property '{name}' are not supported.");
                return Err(not_supported(item.at, name, message));
            }
            inside_open(path, item.at)?;
            dynamic.add(path);
        } else {
            return Err(unknown_property(BindErrorKind::Invalid, item.at, (ty, of), name));
        }
    }
    selection.dynamic = dynamic;
    selection.functions.retain(|known| functions.contains(known));
    selection.properties = (0..chosen.len()).filter(|i| chosen[*i]).collect();
    let named_of = narrowed.into_iter().enumerate().filter(|(index, _)| chosen[*index]);
    selection.narrowed = named_of.filter_map(|(index, types)| Some((index, types?))).collect();
    selection.streams = (0..streams.len()).filter(|i| streams[*i]).collect();
    let mut told = told.into_iter();
    selection.named.retain(|_| told.next().unwrap_or(false));
    let mut below = below.into_iter();
    selection.expand.retain(|e| below.next().unwrap_or(false) || e.alias.is_none());
    Ok(())
}

/// The functions that `Namespace.*`, `Namespace.Name` or `Namespace.Name(parameter)` means; nothing where it is no name of any.
fn functions_named(cx: &Context, place: &Place, name: &str, item: &SelectItem) -> Option<Vec<usize>> {
    let all = || cx.model.functions_of(place.target());
    if name.ends_with(".*") {
        let here = name.strip_suffix(".*") == Some(&cx.model.namespace);
        return Some(all().filter(|_| here).collect());
    }
    let meant = |number: &usize| {
        let function = &cx.model.functions[*number];
        let parameters = item.parameters.as_ref();
        cx.model.function_name(function) == name && parameters.is_none_or(|names| function.takes(names))
    };
    let found: Vec<usize> = all().filter(meant).collect();
    (!found.is_empty()).then_some(found)
}

/// What stands behind a cast at the start of a path, and the type that it is of then.
fn behind_cast<'p>(
    cx: &Context,
    place: &Place,
    path: &'p [&'p str],
    at: u32,
) -> BindResult<(&'p [&'p str], Option<usize>)> {
    Ok(match path {
        [first, rest @ ..] if !rest.is_empty() => match cast_at(cx, place, first, at)? {
            Some(to) => (rest, to),
            None => (path, place.of),
        },
        all => (all, place.of),
    })
}

/// Adds a type that a property is named of; none where it is named of all entities.
fn narrow(known: &mut Option<Vec<usize>>, of: Option<usize>) {
    match (known.as_mut(), of) {
        (Some(types), Some(of)) => types.push(of),
        _ => *known = None,
    }
}

/// Chooses a property, which may be chosen already, or parts of it.
fn select_property<'a>(
    cx: &Context<'a>,
    selection: &mut Selection,
    place: &Place,
    (index, chosen): (usize, bool),
    rest: &[&str],
    item: &'a SelectItem,
) -> BindResult<()> {
    let property = &cx.type_of(selection.set).properties[index];
    let more = !rest.is_empty() || item.options != Options::default();
    if more
        && property.is_structured()
        && property.collection
        && rest.is_empty()
        && some_are_asked_for(&item.options)
    {
        // Options stand in one place (Part 2 section 5.1.4).
        if selection.some.iter().any(|some| some.property == index) {
            let message = format!("'{}' is selected twice.", property.name);
            return Err(invalid(item.at, &property.name, message));
        }
        let of = value_of(cx, place, index, &[], item.at);
        let some = cx.with_aliases(&item.options.aliases, || some_of(cx, index, of, item))?;
        selection.some.push(some);
        if item.options.select.is_none() {
            return Ok(());
        }
        return add_parts(cx, selection, place, (index, &[]), (rest, false), (item, true));
    }
    if more && property.is_structured() {
        let whole = chosen && !selection.parts.iter().any(|parts| parts.property == index);
        if !whole || changes_inside(item) {
            add_parts(cx, selection, place, (index, &[]), (rest, whole), (item, false))?;
        }
        return Ok(());
    }
    selection.parts.retain(|parts| parts.property != index);
    if more {
        let name = &property.name;
        let message = format!("'{name}' is a primitive property; nothing can follow it in $select.");
        return Err(invalid(item.at, name, message));
    }
    Ok(())
}

/// Refuses what stands behind a navigation property in `$select`.
fn only_named(name: &str, rest: &[&str], item: &SelectItem) -> BindResult<()> {
    if !rest.is_empty() {
        let message = "Paths through navigation in $select are not supported; nest $select in $expand.";
        return Err(not_supported(item.at, name, message));
    }
    if item.options != Options::default() {
        let message = format!("$select tells where '{name}' leads; options belong to $expand.");
        return Err(invalid(item.at, name, message));
    }
    Ok(())
}

/// Refuses an option that only says where something new is put in.
pub fn refuse_index(options: &Options) -> BindResult<()> {
    if let Some((_, at)) = options.index {
        let message =
            "$index says where an item is put in; an item is read by its number in the path, as in Tags/0.";
        return Err(invalid(at, "$index", message));
    }
    Ok(())
}

/// Binds `$select` of rows that are no entities.
pub fn bind_rows(
    cx: &Context,
    scope: &Scope,
    set: EntitySetId,
    options: &Options,
    references: bool,
    at: u32,
) -> BindResult<Selection> {
    if references {
        return Err(invalid(at, "$ref", "Rows that $apply made have no references."));
    }
    if let Some(item) = options.expand.iter().flatten().next() {
        return Err(not_supported(item.at, "$expand", "$expand of rows that $apply made is not supported."));
    }
    let mut selection = Selection {
        set,
        of: None,
        kind: None,
        properties: Vec::new(),
        narrowed: Vec::new(),
        parts: Vec::new(),
        some: Vec::new(),
        streams: Vec::new(),
        dynamic: Dynamic::None,
        named: scope.named.to_vec(),
        rows: true,
        combined: Vec::new(),
        types: Vec::new(),
        selected: options.select.is_some(),
        functions: Vec::new(),
        selected_navigation: Vec::new(),
        references,
        expand: scope.below.clone(),
    };
    let Some(items) = &options.select else {
        return Ok(selection);
    };
    let all = items.iter().any(|item| item.path == ["*"]);
    let names = |item: &SelectItem, expand: &Expand| {
        item.path.len() == 1 && expand.alias == item.path.first().cloned()
    };
    selection.expand.retain(|expand| all || items.iter().any(|item| names(item, expand)));
    let mut told = vec![false; selection.named.len()];
    for item in items {
        let under = |named: &Named| item.path == ["*"] || named.path.starts_with(&item.path);
        let known = selection.named.iter().any(&under);
        let below = selection.expand.iter().any(|expand| names(item, expand));
        if !(known || below || item.path == ["*"] && !selection.expand.is_empty()) {
            let open = selection.named.iter().position(|named| leads_into(cx, named, &item.path));
            let Some(open) = open else {
                return Err(unknown_name(item.at, &selection.named, &item.path.join("/")));
            };
            told[open] = true;
            dynamic_of_row(&mut selection, items, (open, item))?;
        }
        // What tells that the value is null that a path leads into comes along.
        let around = |named: &Named| item.path.starts_with(&named.path);
        for (told, named) in told.iter_mut().zip(&selection.named) {
            *told |= under(named) || around(named);
        }
    }
    let mut told = told.into_iter();
    selection.named.retain(|_| told.next().unwrap_or(false));
    Ok(selection)
}

/// Refuses what cannot follow a dynamic property.
pub fn inside_open<N: AsRef<str>>(path: &[N], at: u32) -> BindResult<()> {
    match path.iter().map(AsRef::as_ref).find(|name| identifier(name).is_err()) {
        Some(other) => Err(invalid(at, other, format!("'{other}' cannot follow a dynamic property."))),
        None => Ok(()),
    }
}

/// Chooses a dynamic property of rows, unless all of them are told.
fn dynamic_of_row(
    selection: &mut Selection,
    items: &[SelectItem],
    (open, item): (usize, &SelectItem),
) -> BindResult<()> {
    inside_open(&item.path, item.at)?;
    let named = &selection.named[open];
    let whole = |item: &SelectItem| item.path == ["*"] || named.path.starts_with(&item.path);
    if !items.iter().any(whole) {
        selection.dynamic.add(&item.path.iter().map(String::as_str).collect::<Vec<_>>());
    }
    Ok(())
}

/// `$filter` and `$search` together.
pub fn bind_filter(cx: &Context, scope: &Scope, options: &Options, at: u32) -> BindResult<Option<Expr>> {
    let filter = match &options.filter {
        Some(filter) => Some(bind_condition(cx, scope, filter, "$filter")?),
        None => None,
    };
    let search = match &options.search {
        Some(search) => Some(search_in(cx, scope, search, at)?),
        None => None,
    };
    Ok(both(filter, search))
}

/// `$search` in the instances of a scope.
pub fn search_in(cx: &Context, scope: &Scope, search: &Search, at: u32) -> BindResult<Expr> {
    match (&scope.implicit, scope.lambdas.as_slice()) {
        (Some(place), _) if scope.of_all.is_some() => bind_words(cx, std::slice::from_ref(place), search, at),
        (Some(place), _) => bind_search(cx, std::slice::from_ref(place), search, at),
        (None, []) => Err(not_supported(at, "$search", "$search needs entities.")),
        // Combinations: the names of their sets stand for an entity of each.
        (None, sets) => {
            let places: Vec<Place> =
                sets.iter().map(|(_, variable, set)| Place::of(*variable, *set)).collect();
            bind_search(cx, &places, search, at)
        }
    }
}

/// `$orderby`
pub fn bind_orderby(cx: &Context, scope: &Scope, items: Option<&[OrderItem]>) -> BindResult<Vec<Order>> {
    let items = items.unwrap_or_default();
    if let Some(beyond) = items.get(ORDERBY_ITEMS) {
        let message = format!("$orderby has at most {ORDERBY_ITEMS} items (fixed limit `orderby_items`).");
        return Err(limit_exceeded(beyond.expr.at, "$orderby", message));
    }
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        let expr = bind_open(cx, scope, &item.expr)?;
        all.extend(ordered(Order { expr, descending: item.descending }));
    }
    Ok(all)
}
