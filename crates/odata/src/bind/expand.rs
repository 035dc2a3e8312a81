//! `$expand`: what is returned of related entities (Part 2 section 5.1.3).

use super::apply::bind_apply;
use super::cast::{cast_at, narrower, of_type, there};
use super::compute::add_computed;
use super::error::{BindErrorKind, BindResult, invalid, limit_exceeded, not_supported, unknown_property};
use super::member::both;
use super::scope::{Context, Scope};
use super::select::{bind_filter, bind_orderby, bind_rows, bind_selection, refuse_index};
use crate::lexical::scan_identifier;
use crate::query::{Expand, Input, Place, Selection, Variable};
use crate::url::ast::{Alias, ExpandItem, ExpandSuffix, Levels, Options};

/// Most bytes of custom options that a nested next link repeats, as there is one for each entity.
const MAX_CUSTOM: usize = 500;

/// Adds an item of `$expand` to what is returned of the entities at a place, perhaps under a name of its own.
pub fn expand_item<'a>(
    cx: &Context<'a>,
    selection: &mut Selection,
    place: &Place,
    (item, alias): (&'a ExpandItem, Option<&str>),
    depth: usize,
) -> BindResult<()> {
    let ty = cx.type_of(selection.set);
    let mut of = place.of;
    let (name, cast) = match item.path.as_slice() {
        [name] => (name, None),
        [cast, name, rest @ ..]
            if rest.len() < 2
                && let Some(to) = cast_at(cx, place, cast, item.at)? =>
        {
            of = to;
            (name, rest.first())
        }
        [name, cast] if cast.contains('.') && name != "*" => (name, Some(cast)),
        [] => return Err(not_supported(item.at, "$value", "$value in $expand is not supported.")),
        [first, _, ..] if alias.is_some() && ty.find_navigation_of(first, of).is_some() => {
            let message =
                "Paths in addnested are not supported, but navigation properties of the entity itself.";
            return Err(not_supported(item.at, "addnested", message));
        }
        [first, next, ..] if ty.find_navigation_of(first, of).is_some() => {
            let message = format!("Behind '{first}' no '{next}' can stand; write {first}($expand={next}).");
            return Err(invalid(item.at, next, message));
        }
        _ => {
            return Err(not_supported(
                item.at,
                "$expand",
                "Paths in $expand are not supported; nest $expand.",
            ));
        }
    };
    if name == "*" {
        for index in (0..ty.navigation.len()).filter(|index| ty.has_navigation(of, *index)) {
            if !selection.expand.iter().any(|e| e.is(index)) {
                push_expand(cx, selection, place, index, item, depth)?;
                selection.expand.iter_mut().rev().take(1).for_each(|e| e.of = narrower(ty, place.of, of));
            }
        }
        return Ok(());
    }
    let Some(index) = ty.find_navigation_of(name, of) else {
        if ty.find_property_of(name, of).is_some() {
            let message = format!("'{name}' is no navigation property; only those expand.");
            return Err(invalid(item.at, name, message));
        }
        return Err(unknown_property(BindErrorKind::Invalid, item.at, (ty, of), name));
    };
    if let Some(cast) = cast
        && cx.model.find_cast(ty.navigation[index].target_set, cast).is_none()
    {
        return Err(invalid(item.at, cast, format!("'{name}' does not lead to '{cast}'.")));
    }
    if alias.is_none() && selection.expand.iter().any(|e| e.is(index)) {
        return Err(invalid(item.at, name, format!("'{name}' is expanded twice.")));
    }
    push_expand(cx, selection, place, index, item, depth)?;
    if let Some(expand) = selection.expand.last_mut() {
        expand.alias = alias.map(str::to_owned);
        expand.of = narrower(ty, place.of, of);
    }
    Ok(())
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
        Some((Levels::Max, _)) => {
            let left = cx.limits.expand_depth.saturating_sub(depth);
            left.saturating_sub(depth_inside(&item.options)).max(1)
        }
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

/// How many levels the options of an expanded property have below it at least.
fn depth_inside(options: &Options) -> usize {
    let levels = |item: &ExpandItem| match item.options.levels {
        Some((Levels::Number(levels), _)) => levels as usize,
        Some((Levels::Max, _)) | None => 1,
    };
    let below = |item: &ExpandItem| levels(item).saturating_add(depth_inside(&item.options));
    options.expand.iter().flatten().map(below).max().unwrap_or(0)
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
    refuse_index(options)?;
    if !navigation.collection {
        refuse_on_single(item, &navigation.name)?;
    }
    let target = navigation.target_set;
    // A single entity is joined to the one that it hangs on; a collection has rows of its own.
    let mut below = if navigation.collection { Place::of(Variable(0), target) } else { place.clone() };
    let cast = item.path.last().and_then(|name| cx.model.find_cast(target, name)).flatten();
    if !navigation.collection {
        below.path.push((index, target));
        below.of = cast;
        return bind_below(cx, &below, index, item, depth, levels);
    }
    below.of = cast;
    // Where its rows are, there is no entity that the request is about: it is joined again, where it is asked for.
    let it = cx.it();
    let outside = it.as_ref().is_some_and(|it| it.variable != Variable(0));
    let own = it.as_ref().map(|it| Place::of(cx.new_variable(), it.target()).typed(it.of));
    let variable = own.as_ref().map(|own| own.variable);
    cx.set_it(own);
    let used_before = cx.note_it(false);
    let bound = bind_below(cx, &below, index, item, depth, levels);
    cx.set_it(it);
    let used = cx.note_it(used_before);
    let bound = bound?;
    if used && matches!(bound.input, Input::Rows(_)) {
        return Err(not_supported(item.at, "$it", "$it beside $apply inside of $expand is not supported."));
    }
    if used && outside {
        // The level above has to know it, too.
        cx.note_it(true);
    }
    Ok(Expand { it: variable.filter(|_| used), ..bound })
}

/// Binds the options of an expanded navigation property whose entities are at a place.
fn bind_below<'a>(
    cx: &Context<'a>,
    below: &Place,
    index: usize,
    item: &'a ExpandItem,
    depth: usize,
    levels: usize,
) -> BindResult<Expand> {
    let options = &item.options;
    let references = item.suffix == ExpandSuffix::Ref;
    let mut scope = Scope { it: cx.it(), ..Scope::of_expanded(below.clone()) };
    let cast = below.of.map(|to| of_type(&below.clone().typed(None), to, item.at));
    let collection = below.path.is_empty();
    let (cast, when) = if collection { (cast, None) } else { (None, cast.map(there)) };
    let (mut input, mut kept, mut order) = (Input::Path, cast, Vec::new());
    let (nothing, mut behind) = (Options::default(), options);
    if let Some(pipeline) = &options.apply {
        let start = (kept.take(), cx.it());
        let applied = cx.within_expand(|| bind_apply(cx, below, start, pipeline, (options, item.at)))?;
        if applied.with_options {
            behind = &nothing;
        }
        (input, kept, order) = (applied.input, applied.filter, applied.orderby);
        scope = Scope { it: scope.it, ..applied.scope };
        if matches!(input, Input::Rows(_)) && options.levels.is_some() {
            let message = "$levels needs entities; $apply beside it makes other rows.";
            return Err(invalid(item.at, "$levels", message));
        }
    }
    add_computed(cx, &mut scope, behind.compute.as_deref().unwrap_or_default())?;
    let mut selection = if scope.implicit.is_some() {
        bind_selection(cx, &scope, below, options, references, depth + 1)?
    } else {
        bind_rows(cx, &scope, below.target(), options, references, item.at)?
    };
    let expands_itself = selection.expand.iter().any(|e| e.is(index));
    let recursive = levels > 1 && !expands_itself;
    if recursive {
        selection.expand.push(bind_expand(cx, below, index, item, depth + 1, levels - 1)?);
    }
    let count_only = item.suffix == ExpandSuffix::Count;
    let filter = bind_filter(cx, &scope, behind, item.at)?;
    let mut orderby = bind_orderby(cx, &scope, behind.orderby.as_deref())?;
    if orderby.is_empty() {
        orderby = order;
    }
    let name = item.path.join("/");
    Ok(Expand {
        of: None,
        navigation: index,
        group: None,
        alias: None,
        collection,
        when,
        input,
        selection,
        filter: both(kept, filter),
        orderby,
        top: options.top.map(|(n, _)| n),
        skip: options.skip.map_or(0, |(n, _)| n),
        count: count_only || options.count.is_some_and(|(c, _)| c),
        count_only,
        option_texts: next_link_options(cx, options, &name, expands_itself, levels),
        it: None,
        recursive,
    })
}

/// Cuts a text where it says `$it`, but for what stands in quotes, and puts what is to stand there before an identifier, and behind
/// it the cast to the type that the path of the request has led to.
fn around_it(text: &str, cast: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for (number, piece) in text.split('\'').enumerate() {
        let mut rest = piece.split("$it/");
        if number > 0 {
            push(&mut parts, "'");
        }
        push(&mut parts, rest.next().unwrap_or_default());
        for after in rest {
            if number % 2 == 0 {
                push(&mut parts, "$root/");
                parts.push(["/", cast].concat());
            } else {
                push(&mut parts, "$it/");
            }
            push(&mut parts, after);
        }
    }
    parts
}

fn push(parts: &mut [String], text: &str) {
    if let Some(last) = parts.last_mut() {
        last.push_str(text);
    }
}

/// The options that a next link of the nested collection repeats: its own, the parameter aliases they may use, `$format` and the
/// custom options of the URL, and what `$levels` still asks for below.
fn next_link_options(
    cx: &Context,
    options: &Options,
    name: &str,
    expands_itself: bool,
    levels: usize,
) -> Vec<Vec<String>> {
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
    texts.extend(cx.format.map(|format| ["$format=", format].concat()));
    let it = cx.it().filter(|it| it.of.is_some());
    let cast = it.map_or_else(String::new, |it| cx.model.qualified_cast(it.target(), it.of) + "/");
    let mut room = MAX_CUSTOM;
    let custom = cx.custom.iter().map(|option| [&option.name, "=", &option.value].concat());
    let custom = custom.filter(|text| {
        let left = room.checked_sub(text.len());
        room = left.unwrap_or(room);
        left.is_some()
    });
    texts.iter().map(|text| around_it(text, &cast)).chain(custom.map(|text| vec![text])).collect()
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
pub fn refuse_on_single(item: &ExpandItem, name: &str) -> BindResult<()> {
    let o = &item.options;
    let first = [
        (o.filter.is_some(), "$filter"),
        (o.orderby.is_some(), "$orderby"),
        (o.top.is_some(), "$top"),
        (o.skip.is_some(), "$skip"),
        (o.count.is_some(), "$count"),
        (o.search.is_some(), "$search"),
        (o.apply.is_some(), "$apply"),
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

#[cfg(test)]
mod tests {
    use super::around_it;

    #[test]
    fn it_is_named_by_its_identifier() {
        for (text, expected) in [
            ("$top=1", &["$top=1"] as &[&str]),
            ("$filter=A gt $it/B", &["$filter=A gt $root/", "/B"]),
            (
                "$filter=$it/B eq '$it/x''$it/y' or $it/C",
                &["$filter=$root/", "/B eq '$it/x''$it/y' or $root/", "/C"],
            ),
        ] {
            assert_eq!(around_it(text, ""), expected, "{text}");
        }
        assert_eq!(around_it("$filter=A gt $it/B", "N.T/"), ["$filter=A gt $root/", "/N.T/B"]);
    }
}
