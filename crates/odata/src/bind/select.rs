//! `$select` and `$expand`: what is returned of entities and of those related to them (Part 2 section 5.1.3, 5.1.4).

use super::error::{BindErrorKind, BindResult, invalid, limit_exceeded, not_supported, unknown_property};
use super::expr::{bind, bind_condition};
use super::member::both;
use super::scope::{Context, ORDERBY_ITEMS, Scope};
use super::search::bind_search;
use crate::lexical::scan_identifier;
use crate::model::EntitySetId;
use crate::query::{Expand, Expr, Order, Selection};
use crate::url::ast::{Alias, ExpandItem, ExpandSuffix, Levels, Options, OrderItem, SelectItem};

/// Binds `$select` and `$expand` of entities of a set; `depth` counts the expands around it.
pub fn bind_selection(
    cx: &Context,
    set: EntitySetId,
    options: &Options,
    references: bool,
    depth: usize,
) -> BindResult<Selection> {
    let ty = cx.type_of(set);
    let mut selection = Selection {
        set,
        properties: (0..ty.properties.len()).collect(),
        selected: options.select.is_some(),
        selected_navigation: Vec::new(),
        references,
        expand: Vec::new(),
    };
    if let Some(items) = &options.select {
        select_items(cx, &mut selection, items)?;
    }
    for item in options.expand.iter().flatten() {
        expand_item(cx, &mut selection, item, depth)?;
    }
    Ok(selection)
}

fn select_items(cx: &Context, selection: &mut Selection, items: &[SelectItem]) -> BindResult<()> {
    let ty = cx.type_of(selection.set);
    let mut chosen = vec![false; ty.properties.len()];
    for item in items {
        let path: Vec<&str> = item.path.iter().map(String::as_str).collect();
        let own = |name: &str| {
            name.contains('.')
                && cx.model.find_type(name) == Some(cx.model.entity_set(selection.set).entity_type)
        };
        let path = match path.as_slice() {
            [first, rest @ ..] if own(first) && !rest.is_empty() => rest,
            all => all,
        };
        let (name, rest) = match path {
            [name, rest @ ..] => (*name, rest),
            [] => continue,
        };
        if name == "*" {
            chosen.fill(true);
        } else if name.starts_with('@') || name.ends_with(".*") {
            // Annotations, actions and functions: there are none to choose from.
            continue;
        } else if let Some(index) = ty.find_property(name) {
            let more = !rest.is_empty() || item.options != Options::default();
            if more && ty.properties[index].is_structured() {
                let message = format!("'{name}' can only be selected as a whole.");
                return Err(not_supported(item.at, name, message));
            }
            if more {
                let message = format!("'{name}' is a primitive property; nothing can follow it in $select.");
                return Err(invalid(item.at, name, message));
            }
            chosen[index] = true;
        } else if let Some(index) = ty.find_navigation(name) {
            if !rest.is_empty() {
                return Err(not_supported(
                    item.at,
                    name,
                    "Paths through navigation in $select are not supported; nest $select in $expand.",
                ));
            }
            if !selection.selected_navigation.contains(&index) {
                selection.selected_navigation.push(index);
            }
        } else {
            return Err(unknown_property(BindErrorKind::Invalid, item.at, ty, name));
        }
    }
    selection.properties = (0..chosen.len()).filter(|i| chosen[*i]).collect();
    Ok(())
}

fn expand_item(cx: &Context, selection: &mut Selection, item: &ExpandItem, depth: usize) -> BindResult<()> {
    let ty = cx.type_of(selection.set);
    // A cast to the very type that is there changes nothing.
    let is = |cast: &str, set: EntitySetId| {
        cast.contains('.') && cx.model.find_type(cast) == Some(cx.model.entity_set(set).entity_type)
    };
    let (name, cast) = match item.path.as_slice() {
        [name] => (name, None),
        [cast, name] if is(cast, selection.set) => (name, None),
        [name, cast] if cast.contains('.') && name != "*" => (name, Some(cast)),
        _ => {
            return Err(not_supported(
                item.at,
                "$expand",
                "Paths in $expand are not supported; nest $expand.",
            ));
        }
    };
    if name == "*" {
        for index in 0..ty.navigation.len() {
            if !selection.expand.iter().any(|e| e.navigation == index) {
                push_expand(cx, selection, index, item, depth)?;
            }
        }
        return Ok(());
    }
    let Some(index) = ty.find_navigation(name) else {
        if ty.find_property(name).is_some() {
            let message = format!("'{name}' is no navigation property; only those expand.");
            return Err(invalid(item.at, name, message));
        }
        return Err(unknown_property(BindErrorKind::Invalid, item.at, ty, name));
    };
    if let Some(cast) = cast
        && !is(cast, ty.navigation[index].target_set)
    {
        return Err(invalid(item.at, cast, format!("'{name}' does not lead to '{cast}'.")));
    }
    if selection.expand.iter().any(|e| e.navigation == index) {
        return Err(invalid(item.at, name, format!("'{name}' is expanded twice.")));
    }
    push_expand(cx, selection, index, item, depth)
}

fn push_expand(
    cx: &Context,
    selection: &mut Selection,
    index: usize,
    item: &ExpandItem,
    depth: usize,
) -> BindResult<()> {
    let navigation = &cx.type_of(selection.set).navigation[index];
    let levels = match item.options.levels {
        None => 1,
        Some((Levels::Max, _)) => cx.limits.expand_depth.saturating_sub(depth).max(1),
        Some((Levels::Number(n), at)) => {
            if n as usize > cx.limits.expand_depth {
                return Err(too_deep(cx, at));
            }
            (n as usize).max(1)
        }
    };
    if item.options.levels.is_some() && navigation.target_set != selection.set {
        let message = format!(
            "'$levels' needs a navigation property that leads to its own type; '{}' does not.",
            navigation.name
        );
        return Err(invalid(item.at, "$levels", message));
    }
    let expand = bind_expand(cx, selection.set, index, item, depth, levels)?;
    selection.expand.push(expand);
    Ok(())
}

fn too_deep(cx: &Context, at: u32) -> super::error::BindError {
    let message = format!("$expand is deeper than {} (limit `expand_depth`).", cx.limits.expand_depth);
    limit_exceeded(at, "$expand", message)
}

fn bind_expand(
    cx: &Context,
    set: EntitySetId,
    index: usize,
    item: &ExpandItem,
    depth: usize,
    levels: usize,
) -> BindResult<Expand> {
    if depth >= cx.limits.expand_depth {
        return Err(too_deep(cx, item.at));
    }
    cx.count_expanded(item.at)?;
    let navigation = &cx.type_of(set).navigation[index];
    let options = &item.options;
    refuse_unsupported(options, item.at)?;
    if let Some(alias) = options.aliases.first() {
        let message =
            "Parameter aliases inside of $expand are not supported; define them in the query string.";
        return Err(not_supported(alias.at, &alias.name, message));
    }
    if !navigation.collection {
        refuse_on_single(item, &navigation.name)?;
    }
    let references = item.suffix == ExpandSuffix::Ref;
    if item.suffix == ExpandSuffix::Value {
        return Err(not_supported(item.at, "$value", "$value in $expand is not supported."));
    }
    let target = navigation.target_set;
    let scope = Scope::of_expanded(target);
    let mut selection = bind_selection(cx, target, options, references, depth + 1)?;
    let expands_itself = selection.expand.iter().any(|e| e.navigation == index);
    if levels > 1 && !expands_itself {
        selection.expand.push(bind_expand(cx, target, index, item, depth + 1, levels - 1)?);
    }
    let count_only = item.suffix == ExpandSuffix::Count;
    Ok(Expand {
        navigation: index,
        collection: navigation.collection,
        selection,
        filter: bind_filter(cx, &scope, options, item.at)?,
        orderby: bind_orderby(cx, &scope, options.orderby.as_deref())?,
        top: options.top.map(|(n, _)| n),
        skip: options.skip.map_or(0, |(n, _)| n),
        count: count_only || options.count.is_some_and(|(c, _)| c),
        count_only,
        option_texts: next_link_options(cx, options, &navigation.name, expands_itself, levels),
    })
}

/// The options that a next link of the nested collection repeats: those of the URL, the parameter aliases they may
/// use, and what `$levels` still asks for below.
fn next_link_options(
    cx: &Context,
    options: &Options,
    name: &str,
    expands_itself: bool,
    levels: usize,
) -> Vec<String> {
    let mut texts = options.texts.clone();
    if levels > 1 && !expands_itself {
        let mut nested = texts.clone();
        nested.extend(options.top.map(|(n, _)| format!("$top={n}")));
        nested.extend(options.skip.map(|(n, _)| format!("$skip={n}")));
        nested.extend(options.count.map(|(c, _)| format!("$count={c}")));
        nested.push(format!("$levels={}", levels - 1));
        let item = format!("{name}({})", nested.join(";"));
        let is_expand = |text: &&mut String| {
            let option = text.split('=').next().unwrap_or_default();
            option.trim_start_matches('$').eq_ignore_ascii_case("expand")
        };
        match texts.iter_mut().find(is_expand) {
            Some(expand) => *expand = [expand, ",", &item].concat(),
            None => texts.push(["$expand=", &item].concat()),
        }
    }
    let aliases = used_aliases(cx, &texts);
    texts.extend(aliases.iter().map(|alias| ["@", &alias.name, "=", &alias.text].concat()));
    texts
}

/// The parameter aliases that may be named in texts, and those that their values name.
fn used_aliases<'a>(cx: &Context<'a>, texts: &[String]) -> Vec<&'a Alias> {
    let mut used: Vec<&Alias> = Vec::new();
    let mut unread: Vec<&str> = texts.iter().map(String::as_str).collect();
    while let Some(text) = unread.pop() {
        for after in text.split('@').skip(1) {
            let name = &after[..scan_identifier(after, 0)];
            let found = cx.aliases.iter().find(|alias| alias.name == name);
            if let Some(alias) = found
                && !used.iter().any(|known| known.at == alias.at)
            {
                used.push(alias);
                unread.push(&alias.text);
            }
        }
    }
    used
}

/// Options of a collection make no sense on a single entity.
fn refuse_on_single(item: &ExpandItem, name: &str) -> BindResult<()> {
    let o = &item.options;
    let first = [
        (o.filter.is_some(), "$filter"),
        (o.orderby.is_some(), "$orderby"),
        (o.top.is_some(), "$top"),
        (o.skip.is_some(), "$skip"),
        (o.count.is_some(), "$count"),
        (o.search.is_some(), "$search"),
        (item.suffix == ExpandSuffix::Count, "$count"),
    ]
    .into_iter()
    .find(|(given, _)| *given);
    match first {
        Some((_, option)) => Err(invalid(
            item.at,
            option,
            format!("'{name}' leads to one entity; {option} needs a collection."),
        )),
        None => Ok(()),
    }
}

/// Refuses options that are of the standard but not done here.
pub fn refuse_unsupported(options: &Options, at: u32) -> BindResult<()> {
    if let Some(first) = options.compute.as_ref().and_then(|c| c.first()) {
        return Err(not_supported(first.at, "$compute", "$compute is not supported."));
    }
    if let Some(apply) = &options.apply {
        let at = apply.first().map_or(at, |t| t.at);
        return Err(not_supported(at, "$apply", "$apply is not supported."));
    }
    if let Some((_, at)) = options.index {
        return Err(not_supported(at, "$index", "$index is not supported."));
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
        Some(search) => Some(bind_search(cx, &Scope::place(scope.implicit), search, at)?),
        None => None,
    };
    Ok(both(filter, search))
}

/// `$orderby`
pub fn bind_orderby(cx: &Context, scope: &Scope, items: Option<&[OrderItem]>) -> BindResult<Vec<Order>> {
    let items = items.unwrap_or_default();
    if let Some(beyond) = items.get(ORDERBY_ITEMS) {
        let message = format!("$orderby has at most {ORDERBY_ITEMS} items (limit `orderby_items`).");
        return Err(limit_exceeded(beyond.expr.at, "$orderby", message));
    }
    items
        .iter()
        .map(|item| Ok(Order { expr: bind(cx, scope, &item.expr)?, descending: item.descending }))
        .collect()
}
