//! Context URLs: what an answer holds, as a fragment of the metadata URL (Part 1 section 10).

use crate::model::{EntitySetId, Model};
use crate::query::{Addressed, Dynamic, EntityKind, Expand, JsonStep, Named, Parts, Query, Selection, Step};
use crate::version::Version;

/// The fragment behind `$metadata#`. `entity` is the identifier of the entity that a property belongs to, as in
/// `Customers('A')`.
pub fn fragment(model: &Model, query: &Query, entity: &str, version: Version) -> String {
    let selection = &query.selection;
    let set = &model.entity_set(selection.set).name;
    let single = single(model, query);
    let cast = cast(model, selection.set, selection.of, "/", "");
    match query.addressed {
        Addressed::Property(_) if has_no_name(model, query) => {
            let leaf = query.leaf(model);
            let name = leaf.as_ref().map_or_else(String::new, |leaf| model.type_name(leaf.ty));
            let collection = leaf.is_some_and(|leaf| leaf.collection);
            if collection { ["Collection(", &name, ")"].concat() } else { name }
        }
        Addressed::Property(_) | Addressed::RawValue(_) => {
            let path = query.leaf(model).map(|leaf| leaf.path).unwrap_or_default();
            let path =
                [entity].into_iter().chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join("/");
            [path, value_list(model, query)].concat()
        }
        Addressed::Dynamic | Addressed::RawDynamic => {
            let mut path = entity.to_owned();
            for step in &query.steps_inside {
                path.push('/');
                match step {
                    JsonStep::Member(name) => path.push_str(name),
                    JsonStep::Item(number) => path.push_str(&number.to_string()),
                }
            }
            path
        }
        Addressed::Collection | Addressed::Result | Addressed::RawResult
            if let Some(value) = query.result(model) =>
        {
            let name = model.declared_type(value);
            let several = query.addressed == Addressed::Collection;
            let all = !selection.selected;
            let list = if all { String::new() } else { select_list(model, selection, None, version) };
            if several { ["Collection(", &name, ")", &list].concat() } else { [name, list].concat() }
        }
        Addressed::Result | Addressed::RawResult => String::new(),
        Addressed::Count | Addressed::ItemCount(_) => "Edm.Int64".to_owned(),
        Addressed::Stream(_) => "Edm.Stream".to_owned(),
        Addressed::Collection if selection.references => "Collection($ref)".to_owned(),
        Addressed::Entity if selection.references => "$ref".to_owned(),
        Addressed::Collection if !selection.types.is_empty() => {
            ["Collection(Edm.EntityType)", &list_of_all(model, selection, version)].concat()
        }
        Addressed::Collection if !selection.combined.is_empty() => {
            let list =
                if selection.rows { select_list(model, selection, None, version) } else { String::new() };
            ["Collection(Edm.ComplexType)", &list].concat()
        }
        Addressed::Collection => {
            let changes = if query.since.is_some() { "/$delta" } else { "" };
            [&collection(model, selection, version), changes].concat()
        }
        Addressed::Entity if let Some(name) = single => {
            [name, &cast, &select_list(model, selection, None, version)].concat()
        }
        Addressed::Entity => {
            [set.as_str(), &cast, &select_list(model, selection, None, version), "/$entity"].concat()
        }
    }
}

/// The fragment for a collection of which this is returned.
pub(crate) fn collection(model: &Model, selection: &Selection, version: Version) -> String {
    let cast = cast(model, selection.set, selection.of, "/", "");
    let list = select_list(model, selection, None, version);
    [model.entity_set(selection.set).name.as_str(), &cast, &list].concat()
}

/// `(Shop.Product/Name,Shop.Order/Date)` behind the entities of all sets, where not just all of them is told.
fn list_of_all(model: &Model, selection: &Selection, version: Version) -> String {
    let (mut names, mut computed): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let told: Vec<Vec<String>> =
        selection.types.iter().map(|kind| told_of(model, selection, kind, version)).collect();
    for (EntityKind { set, of, .. }, own) in selection.types.iter().zip(&told) {
        let ty = model.entity_type(model.entity_set(*set).entity_type);
        let is_above = |other: &EntityKind| {
            other.set == *set
                && other.of != *of
                && ty.family.as_ref().is_some_and(|family| family.is_a(*of, other.of))
        };
        // What a type has from one above it is named with that.
        let above = || selection.types.iter().zip(&told).filter(|(other, _)| is_above(other));
        for name in own.iter().filter(|name| !above().any(|(_, has)| has.contains(name))) {
            let first = name.split(['/', '(', '+']).next().unwrap_or_default();
            let made = |named: &Named| named.path == [first] && named.whole.is_none();
            if ty.is_declared(first) || !selection.named.iter().any(made) {
                names.push([&model.qualified_cast(*set, *of), "/", name].concat());
            } else if !computed.contains(name) {
                computed.push(name.clone());
            }
        }
    }
    names.append(&mut computed);
    let all = names.is_empty() && selection.types.iter().all(|kind| kind.selected.is_none());
    if all { String::new() } else { ["(", &names.join(","), ")"].concat() }
}

/// The names of what is told of entities of a type among those of all sets, where that is not just all that they have.
pub(crate) fn told_of(
    model: &Model,
    selection: &Selection,
    kind: &EntityKind,
    version: Version,
) -> Vec<String> {
    let mut names = kind.selected.clone().unwrap_or_default();
    let family = &model.entity_type(model.entity_set(kind.set).entity_type).family;
    let is =
        |to: Option<usize>| to.is_none() || family.as_ref().is_some_and(|family| family.is_a(kind.of, to));
    for one in selection.combined.iter().filter(|one| one.set == kind.set) {
        let Some(below) = &one.expand else { continue };
        let mut below = Selection { of: kind.of, ..below.clone() };
        below.expand.retain(|expand| is(expand.of));
        below.expand.iter_mut().for_each(|expand| expand.of = None);
        names.extend(expanded_list(model, &below, None, version));
    }
    names
}

/// `(City,Street)` behind the path to a complex value of which only parts are told.
fn value_list(model: &Model, query: &Query) -> String {
    let Addressed::Property(property) = query.addressed else {
        return String::new();
    };
    let of = |parts: &&Parts| parts.property == property && !parts.whole;
    let Some(parts) = query.selection.parts.iter().find(of) else {
        return String::new();
    };
    let mut items = Vec::new();
    part_list(model, parts, "", &mut items);
    let names: Vec<&str> = items.iter().map(|item| item.trim_start_matches('/')).collect();
    ["(", &names.join(","), ")"].concat()
}

/// Whether nothing tells which entity it is: a function that gives one of them, and no key behind it.
fn has_no_name(model: &Model, query: &Query) -> bool {
    query.steps.iter().fold(false, |unnamed, step| match step {
        Step::Call(function, _) => !model.functions[*function].collection,
        Step::Key(_) => false,
        Step::Navigate(_) | Step::Filter(_) | Step::Each => unnamed,
    })
}

/// The name of a type below that of a set, between others.
fn cast(model: &Model, set: EntitySetId, of: Option<usize>, before: &str, behind: &str) -> String {
    of.map_or_else(String::new, |_| [before, &model.qualified_cast(set, of), behind].concat())
}

/// The singleton that an addressed entity is (Part 1 section 10.4).
fn single<'m>(model: &'m Model, query: &Query) -> Option<&'m str> {
    let navigates = query.steps.iter().any(|step| matches!(step, Step::Navigate(_) | Step::Call(..)));
    match query.singleton.filter(|_| !navigates) {
        Some(number) => Some(&model.singletons[number].name),
        None => {
            model.is_single(query.selection.set).then(|| model.entity_set(query.selection.set).name.as_str())
        }
    }
}

/// `(Name,Orders(Id))`, or nothing where all properties and no expanded ones are told; `around` is the expand that it is of.
fn select_list(model: &Model, selection: &Selection, around: Option<&Expand>, version: Version) -> String {
    let ty = model.entity_type(model.entity_set(selection.set).entity_type);
    let mut items: Vec<String> = Vec::new();
    let named: Vec<&Named> = selection.named.iter().collect();
    if selection.rows {
        // What tells that the value is null that such a path leads into is no value of its own.
        let apart = |own: &Named| match &selection.dynamic {
            Dynamic::Named(paths) => {
                own.taken().is_some() || paths.iter().any(|path| path.starts_with(&own.path))
            }
            Dynamic::None | Dynamic::All => false,
        };
        let told: Vec<&Named> = named.iter().copied().filter(|own| !apart(own)).collect();
        items.extend((!told.is_empty()).then(|| named_list(&told, 0)));
        if let Dynamic::Named(names) = &selection.dynamic {
            items.extend(names.iter().map(|path| path.join("/")));
        }
    }
    let added = selection.expand.iter().any(|expand| expand.alias.is_some());
    if !selection.rows && (selection.selected || !named.is_empty() || added) {
        let all = selection.properties.len() == ty.possible_properties(selection.of).count()
            && selection.streams.len() == ty.possible_streams(selection.of).count()
            && selection.dynamic == if ty.open { Dynamic::All } else { Dynamic::None };
        if all && selection.parts.iter().all(|parts| parts.whole) {
            items.push("*".to_owned());
        } else {
            for p in &selection.properties {
                let types = selection.only_of_property(ty, *p);
                let name =
                    |of| [&cast(model, selection.set, of, "", "/"), ty.properties[*p].name.as_str()].concat();
                let names = types.iter().map(|of| name(Some(*of)));
                let plain = types.is_empty().then(|| name(None));
                for name in names.chain(plain) {
                    match selection.parts.iter().find(|parts| parts.property == *p && !parts.whole) {
                        None => items.push(name),
                        Some(parts) => part_list(model, parts, &name, &mut items),
                    }
                }
            }
        }
        if !all {
            items.extend(selection.streams.iter().map(|s| {
                let owner = ty.owner_of_stream(*s).filter(|_| !ty.has_stream(selection.of, *s));
                [&cast(model, selection.set, owner, "", "/"), ty.streams[*s].name.as_str()].concat()
            }));
        }
        if let Dynamic::Named(names) = &selection.dynamic {
            items.extend(names.iter().map(|path| path.join("/")));
        }
        let functions = selection.functions.iter().filter(|_| selection.selected);
        for name in functions.map(|number| model.function_name(&model.functions[*number])) {
            if !items.contains(&name) {
                items.push(name);
            }
        }
        // What is expanded, too, stands twice.
        items.extend(selection.selected_navigation.iter().map(|n| navigation_name(model, selection, *n)));
        items.extend((!named.is_empty()).then(|| named_list(&named, 0)));
    }
    items.extend(expanded_list(model, selection, around, version));
    let whole = !selection.rows && !selection.selected;
    if items.is_empty() && whole { String::new() } else { ["(", &items.join(","), ")"].concat() }
}

/// The names of what is expanded, with what is told of it.
fn expanded_list(
    model: &Model,
    selection: &Selection,
    around: Option<&Expand>,
    version: Version,
) -> Vec<String> {
    let ty = model.entity_type(model.entity_set(selection.set).entity_type);
    let mut items = Vec::new();
    // Where only counts or references are given, nothing is expanded; what `$levels` repeats stands once, with a plus sign.
    let repeated = |e: &Expand| around.is_some_and(|outer| outer.recursive && e.is(outer.navigation));
    let stands = |e: &&Expand| !e.count_only && !e.selection.references && !repeated(e);
    for expand in selection.expand.iter().filter(stands) {
        let name = match &expand.alias {
            Some(alias) => alias.clone(),
            None => {
                let owner = selection.only_of_expanded(ty, expand);
                let name = ty.navigation[expand.navigation].name.as_str();
                [&cast(model, selection.set, owner, "", "/"), name].concat()
            }
        };
        let plus = if expand.recursive { "+" } else { "" };
        let name = [&name, &cast(model, expand.selection.set, expand.selection.of, "/", ""), plus].concat();
        let name = name.as_str();
        let inner = select_list(model, &expand.selection, Some(expand), version);
        // 4.01 names every expanded property; 4.0 only those with a select list of their own.
        match (inner.is_empty(), version) {
            (false, _) => items.push([name, inner.as_str()].concat()),
            (true, Version::V401) => items.push([name, "()"].concat()),
            // The model does not have it.
            (true, Version::V40) => items.extend(expand.alias.is_some().then(|| name.to_owned())),
        }
    }
    items
}

/// A navigation property, behind the type that has it where the entities are not known to be of it.
fn navigation_name(model: &Model, selection: &Selection, index: usize) -> String {
    let ty = model.entity_type(model.entity_set(selection.set).entity_type);
    let owner = ty.owner_of_navigation(index).filter(|_| !ty.has_navigation(selection.of, index));
    [&cast(model, selection.set, owner, "", "/"), ty.navigation[index].name.as_str()].concat()
}

/// Parts of a complex value, as in `Address/City`.
fn part_list(model: &Model, parts: &Parts, path: &str, items: &mut Vec<String>) {
    for member in &parts.members {
        let name = &model.complex_type(parts.ty).properties[*member].name;
        let path = [path, "/", name].concat();
        match parts.parts.iter().find(|inner| inner.property == *member) {
            Some(inner) => part_list(model, inner, &path, items),
            None => items.push(path),
        }
    }
    items.extend(parts.named.iter().map(|named| [path, "/", named.name()].concat()));
}

/// Values under names of their own, as in `Customer(Country),Total`.
fn named_list(all: &[&Named], depth: usize) -> String {
    let mut names: Vec<&str> = Vec::new();
    for named in all {
        let open = named.path.len() == depth + 1 && named.taken().is_some();
        let name = if open { Some("*") } else { named.path.get(depth).map(String::as_str) };
        names.extend(name.filter(|name| !names.contains(name)));
    }
    let item = |name: &&str| {
        let here = |named: &&&Named| named.path.get(depth).is_some_and(|there| there == name);
        let inner: Vec<&Named> =
            all.iter().filter(here).filter(|named| named.path.len() > depth + 1).copied().collect();
        if inner.is_empty() {
            (*name).to_owned()
        } else {
            [name, "(", &named_list(&inner, depth + 1), ")"].concat()
        }
    };
    names.iter().map(item).collect::<Vec<_>>().join(",")
}
