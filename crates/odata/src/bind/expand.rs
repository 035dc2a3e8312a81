//! `$expand`: what is returned of related entities (Part 2 section 5.1.3).

use super::compute::add_computed;
use super::error::{BindErrorKind, BindResult, invalid, limit_exceeded, not_supported, unknown_property};
use super::scope::{Context, Scope};
use super::select::{bind_filter, bind_orderby, bind_selection, refuse_unsupported};
use crate::lexical::scan_identifier;
use crate::model::EntitySetId;
use crate::query::{Expand, Place, Selection, Variable};
use crate::url::ast::{Alias, ExpandItem, ExpandSuffix, Levels, Options};

/// Adds an item of `$expand` to what is returned of the entities at a place.
pub fn expand_item<'a>(
    cx: &Context<'a>,
    selection: &mut Selection,
    place: &Place,
    item: &'a ExpandItem,
    depth: usize,
) -> BindResult<()> {
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
                push_expand(cx, selection, place, index, item, depth)?;
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
    push_expand(cx, selection, place, index, item, depth)
}

fn push_expand<'a>(
    cx: &Context<'a>,
    selection: &mut Selection,
    place: &Place,
    index: usize,
    item: &'a ExpandItem,
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
    let expand =
        cx.with_aliases(&item.options.aliases, || bind_expand(cx, place, index, item, depth, levels))?;
    selection.expand.push(expand);
    Ok(())
}

fn too_deep(cx: &Context, at: u32) -> super::error::BindError {
    let message = format!("$expand is deeper than {} (limit `expand_depth`).", cx.limits.expand_depth);
    limit_exceeded(at, "$expand", message)
}

fn bind_expand<'a>(
    cx: &Context<'a>,
    place: &Place,
    index: usize,
    item: &'a ExpandItem,
    depth: usize,
    levels: usize,
) -> BindResult<Expand> {
    if depth >= cx.limits.expand_depth {
        return Err(too_deep(cx, item.at));
    }
    cx.count_expanded(item.at)?;
    let navigation = &cx.type_of(place.target()).navigation[index];
    let options = &item.options;
    refuse_unsupported(options)?;
    if let Some(first) = options.apply.iter().flatten().next() {
        return Err(not_supported(first.at, "$apply", "$apply inside of $expand is not supported."));
    }
    if !navigation.collection {
        refuse_on_single(item, &navigation.name)?;
    }
    let references = item.suffix == ExpandSuffix::Ref;
    if item.suffix == ExpandSuffix::Value {
        return Err(not_supported(item.at, "$value", "$value in $expand is not supported."));
    }
    let target = navigation.target_set;
    // A single entity is joined to the one that it hangs on; a collection has rows of its own.
    let mut below = if navigation.collection { Place::of(Variable(0), target) } else { place.clone() };
    if !navigation.collection {
        below.path.push((index, target));
    }
    let mut scope = Scope::of_expanded(below.clone());
    add_computed(cx, &mut scope, options.compute.as_deref().unwrap_or_default())?;
    let mut selection = bind_selection(cx, &scope, &below, options, references, depth + 1)?;
    let expands_itself = selection.expand.iter().any(|e| e.navigation == index);
    if levels > 1 && !expands_itself {
        selection.expand.push(bind_expand(cx, &below, index, item, depth + 1, levels - 1)?);
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
    let own = |alias: &&&Alias| !options.aliases.iter().any(|own| own.name == alias.name);
    let aliases = used_aliases(cx, &texts);
    texts.extend(aliases.iter().filter(own).map(|alias| ["@", &alias.name, "=", &alias.text].concat()));
    texts
}

/// The parameter aliases that may be named in texts, and those that their values name.
fn used_aliases<'a>(cx: &Context<'a>, texts: &[String]) -> Vec<&'a Alias> {
    let mut used: Vec<&Alias> = Vec::new();
    let mut unread: Vec<&str> = texts.iter().map(String::as_str).collect();
    while let Some(text) = unread.pop() {
        for after in text.split('@').skip(1) {
            let name = &after[..scan_identifier(after, 0)];
            let found = cx.alias(name);
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
