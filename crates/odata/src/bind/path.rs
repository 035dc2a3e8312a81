//! The resource path: from an entity set through keys and navigation to what is addressed (Part 2 section 4).

use super::cast::{cast_at, is_known, of_type};
use super::error::{
    BindError, BindErrorKind, BindResult, invalid, not_found, not_supported, unknown_member,
    unknown_property, unknown_set,
};
use super::expr::bind_condition;
use super::function::{bind_behind_values, bind_call, choose};
use super::key::{apply_key, complete, key_segment};
use super::scope::{Context, Scope};
use crate::lexical::identifier;
use crate::model::{EntitySetId, Type};
use crate::query::{Addressed, Inside, JsonStep, Leaf, Place, Step, Variable};
use crate::url::ast::{Argument, Expr, Segment, SegmentKind};
use crate::value::Value;

/// What a resource path leads to.
pub struct BoundPath {
    /// The entity set at its start.
    pub root: EntitySetId,
    /// The singleton that it starts with instead.
    pub singleton: Option<usize>,
    /// Keys and navigation.
    pub steps: Vec<Step>,
    /// The set of the addressed entities.
    pub set: EntitySetId,
    /// The type below that of the set that they are cast to.
    pub of: Option<usize>,
    /// What is addressed.
    pub addressed: Addressed,
    /// The steps into the value of the addressed property.
    pub inside: Vec<Inside>,
    /// Conditions on the values of the addressed collection.
    pub narrowed: Vec<Expr>,
    /// The steps to the value of the addressed dynamic property.
    pub steps_inside: Vec<JsonStep>,
    /// Whether the addressed property is a collection or complex, or can be.
    pub structured: bool,
    /// Whether it is a collection of values.
    pub values: bool,
    /// Whether it is a complex value, or a collection of such.
    pub complex: bool,
    /// Whether the path ends in `$ref`.
    pub references: bool,
    /// Whether what follows is about each member of a collection.
    pub each: bool,
    /// The function whose values it leads to, and a property of its complex value.
    pub called: Option<(usize, Option<usize>)>,
    /// The first values of a key of several, as segments; those of the others are still to come.
    pub begun: Vec<(usize, Value)>,
}

/// Binds the segments of a path that starts with a name.
pub fn bind_path(cx: &Context, segments: &[Segment]) -> BindResult<BoundPath> {
    let Some((first, rest)) = segments.split_first() else {
        return Err(not_found(0, "path", "The path is empty.".to_owned()));
    };
    let SegmentKind::Name { name, args, key } = &first.kind else {
        return Err(not_supported(first.at, "path", "This resource is not supported."));
    };
    let singleton = cx.model.find_singleton(name);
    let single = singleton.map(|number| &cx.model.singletons[number]);
    let function = choose(cx, &cx.model.overloads(None, name), args.as_deref(), first.at)?;
    // What gives values has no set.
    let any = || cx.model.served_sets().map(|(set, _)| set).next();
    let called = function.and_then(|number| cx.model.functions[number].set().or_else(any));
    let Some(root) = single.map(|single| single.set).or_else(|| called.or(cx.model.find_set(name))) else {
        return Err(unknown_set(first.at, cx.model, name));
    };
    if key.is_some() && function.is_none() {
        return Err(two_parentheses(first.at, name));
    }
    let mut path = BoundPath {
        root,
        singleton,
        steps: single
            .filter(|single| !single.row.is_empty())
            .map(|single| Step::Key(single.row.clone()))
            .into_iter()
            .collect(),
        set: root,
        of: None,
        addressed: if single.is_some() { Addressed::Entity } else { Addressed::Collection },
        inside: Vec::new(),
        narrowed: Vec::new(),
        steps_inside: Vec::new(),
        structured: false,
        values: false,
        complex: false,
        references: false,
        each: false,
        begun: Vec::new(),
        called: None,
    };
    match function {
        Some(number) => call(cx, &mut path, number, (args.as_deref(), key.as_deref()), first.at)?,
        None => apply_key(cx, &mut path, args.as_deref(), first.at)?,
    }
    for segment in rest {
        if path.references {
            return Err(invalid(segment.at, "$ref", "Nothing can follow $ref."));
        }
        bind_segment(cx, &mut path, segment)?;
    }
    complete(cx, &path, segments.last().map_or(0, |segment| segment.at))?;
    if let Some(leaf) = addressed_leaf(cx, &path) {
        (path.values, path.complex) = (leaf.collection, matches!(leaf.ty, Type::Complex(_)));
    }
    Ok(path)
}

/// The function of this name that is called on what the path has come to.
fn bound_function(
    cx: &Context,
    path: &BoundPath,
    name: &str,
    args: Option<&[Argument]>,
    at: u32,
) -> BindResult<Option<usize>> {
    let collection = path.addressed == Addressed::Collection;
    let found = choose(cx, &cx.model.bound_overloads(path.set, collection, name), args, at)?;
    if collection && found.is_some() && !path.steps.is_empty() {
        let message = "A function of entities together is supported behind their set alone.";
        return Err(not_supported(at, name, message));
    }
    Ok(found)
}

/// Calls a function: on the entity that the path has come to, or at its start.
fn call(
    cx: &Context,
    path: &mut BoundPath,
    number: usize,
    (args, key): (Option<&[Argument]>, Option<&[Argument]>),
    at: u32,
) -> BindResult<()> {
    let function = &cx.model.functions[number];
    let known = match path.steps.last() {
        Some(Step::Key(values)) => values.as_slice(),
        _ => &[],
    };
    let step = bind_call(cx, number, args, known, at)?;
    path.steps.push(step);
    let Some(set) = function.set() else {
        path.called = Some((number, None));
        path.addressed = if function.collection { Addressed::Collection } else { Addressed::Result };
        return key.map_or(Ok(()), |_| Err(invalid(at, &function.name, "No key can follow values.")));
    };
    (path.set, path.of) = (set, None);
    if function.collection {
        path.addressed = Addressed::Collection;
        return apply_key(cx, path, key, at);
    }
    if key.is_some() {
        let message = format!("'{}' gives one entity, so no key can follow.", function.name);
        return Err(invalid(at, &function.name, message));
    }
    path.addressed = Addressed::Entity;
    Ok(())
}

fn two_parentheses(at: u32, name: &str) -> BindError {
    invalid(at, name, format!("'{name}' is no function, so it has only one pair of parentheses."))
}

fn bind_segment(cx: &Context, path: &mut BoundPath, segment: &Segment) -> BindResult<()> {
    let at = segment.at;
    if let Some(called) = path.called {
        return bind_behind_values(cx, path, called, segment);
    }
    let entities = matches!(path.addressed, Addressed::Collection | Addressed::Entity);
    if !matches!(segment.kind, SegmentKind::Name { .. }) {
        complete(cx, path, at)?;
    }
    match (&segment.kind, path.addressed) {
        (SegmentKind::Name { name, args, key }, Addressed::Entity | Addressed::Collection)
            if let Some(number) = bound_function(cx, path, name, args.as_deref(), at)? =>
        {
            cx.count_navigation(at)?;
            call(cx, path, number, (args.as_deref(), key.as_deref()), at)
        }
        (SegmentKind::Name { name, key: Some(_), .. }, _) => Err(two_parentheses(at, name)),
        (SegmentKind::Name { name, args, .. }, _) => bind_name(cx, path, name, args.as_deref(), at),
        (SegmentKind::Count, Addressed::Collection) => {
            path.addressed = Addressed::Count;
            Ok(())
        }
        (SegmentKind::Count, Addressed::Property(index))
            if addressed_leaf(cx, path).is_some_and(|leaf| leaf.collection) =>
        {
            path.addressed = Addressed::ItemCount(index);
            Ok(())
        }
        (SegmentKind::Count | SegmentKind::Filter(_), Addressed::Dynamic) => {
            let message = "Nobody knows of a dynamic property whether it is a collection.";
            Err(not_supported(at, "path", message))
        }
        (SegmentKind::Count, _) => Err(not_found(at, "$count", "Only a collection has a $count.".to_owned())),
        (SegmentKind::Ref, _) if entities => {
            path.references = true;
            Ok(())
        }
        (SegmentKind::Ref, _) => Err(not_found(at, "$ref", "Only entities have references.".to_owned())),
        (SegmentKind::Value, Addressed::Property(index)) if !path.structured => {
            path.addressed = Addressed::RawValue(index);
            Ok(())
        }
        (SegmentKind::Value, Addressed::Dynamic) => {
            path.addressed = Addressed::RawDynamic;
            Ok(())
        }
        (SegmentKind::Value, Addressed::Entity)
            if !path.references && cx.type_of(path.set).media_of(path.of).is_some() =>
        {
            path.addressed = Addressed::Stream(None);
            Ok(())
        }
        // The bytes have no other form.
        (SegmentKind::Value, Addressed::Stream(Some(_))) => Ok(()),
        (SegmentKind::Value, _) => {
            Err(not_found(at, "$value", "Only a primitive property has a $value here.".to_owned()))
        }
        (SegmentKind::Filter(condition), _) => filter_segment(cx, path, condition, at),
        (SegmentKind::Key(args), _) => apply_key(cx, path, Some(args), at),
        // Whoever reads each member of a collection reads the collection.
        (SegmentKind::Each, Addressed::Collection) => {
            path.steps.extend((!path.each).then_some(Step::Each));
            path.each = true;
            Ok(())
        }
        (SegmentKind::Each, _) => {
            Err(not_found(at, "$each", "Only a collection of entities has members here.".to_owned()))
        }
        (SegmentKind::Query, _) => Err(not_supported(at, "$query", "$query is not supported.")),
        (
            SegmentKind::Metadata
            | SegmentKind::OpenApi
            | SegmentKind::Batch
            | SegmentKind::Entity
            | SegmentKind::All
            | SegmentKind::CrossJoin(_),
            _,
        ) => Err(not_found(at, "path", "This segment can only stand at the start of the path.".to_owned())),
    }
}

/// A condition on the collection before it.
fn filter_segment(cx: &Context, path: &mut BoundPath, condition: &Expr, at: u32) -> BindResult<()> {
    match path.addressed {
        Addressed::Collection => {
            let scope = Scope::of_resource(place_of(path));
            let condition = bind_condition(cx, &scope, condition, "$filter")?;
            path.steps.push(Step::Filter(Box::new(condition)));
            Ok(())
        }
        // What is meant by it is said when it is known which values are read.
        _ if addressed_leaf(cx, path).is_some_and(|leaf| leaf.collection) => {
            path.narrowed.push(condition.clone());
            Ok(())
        }
        _ => {
            let message = "Only a collection can be filtered.";
            Err(not_found(at, "$filter", message.to_owned()))
        }
    }
}

/// Where the addressed entities are, for conditions on them.
fn place_of(path: &BoundPath) -> Place {
    Place::of(Variable(0), path.set).typed(path.of)
}

fn bind_name(
    cx: &Context,
    path: &mut BoundPath,
    name: &str,
    args: Option<&[Argument]>,
    at: u32,
) -> BindResult<()> {
    let ty = cx.type_of(path.set);
    let entities = matches!(path.addressed, Addressed::Collection | Addressed::Entity);
    if !path.begun.is_empty() {
        return next_of_key(cx, path, name, args, at);
    }
    if let (true, Some(to)) = (entities, cast_at(cx, &place_of(path), name, at)?) {
        if let (false, Some(to)) = (is_known(cx, &place_of(path), to), to) {
            path.steps.push(Step::Filter(Box::new(of_type(&place_of(path).typed(None), to, at))));
        }
        path.of = to;
        return apply_key(cx, path, args, at);
    }
    if path.addressed == Addressed::Collection && args.is_none() && key_segment(cx, path, name, at) {
        return Ok(());
    }
    match path.addressed {
        Addressed::Collection if path.each => bind_each(cx, path, name, args, at),
        Addressed::Collection => {
            let known = ty.find_navigation_of(name, path.of).is_some()
                || !cx.model.bound_overloads(path.set, false, name).is_empty()
                || ty.find_property_of(name, path.of).is_some();
            let message = if known {
                format!("'{name}' belongs to one entity; a key is needed before it, as in Set(1)/{name}.")
            } else {
                format!("There is no '{name}' in a collection of '{}'.", ty.name)
            };
            Err(not_found(at, name, message))
        }
        Addressed::Entity => {
            if let Some(index) = ty.find_property_of(name, path.of) {
                if args.is_some() {
                    let message = format!("'{name}' is a property; no parentheses can follow it.");
                    return Err(not_found(at, name, message));
                }
                path.addressed = Addressed::Property(index);
                path.structured = ty.properties[index].is_structured();
                return Ok(());
            }
            if let Some(index) = ty.find_stream_of(name, path.of).filter(|_| args.is_none()) {
                path.addressed = Addressed::Stream(Some(index));
                return Ok(());
            }
            let Some(index) = ty.find_navigation_of(name, path.of) else {
                if ty.is_dynamic(name) && args.is_none() {
                    (path.addressed, path.structured) = (Addressed::Dynamic, true);
                    path.steps_inside.push(JsonStep::Member(name.to_owned()));
                    return Ok(());
                }
                return Err(unknown_property(BindErrorKind::NotFound, at, (ty, path.of), name));
            };
            let collection = ty.navigation[index].collection;
            navigate(cx, path, index, at)?;
            path.addressed = if collection { Addressed::Collection } else { Addressed::Entity };
            apply_key(cx, path, args, at)
        }
        Addressed::Property(_) if path.structured => bind_inside(cx, path, name, args, at),
        Addressed::Dynamic => {
            path.steps_inside.push(json_step(name, args, at)?);
            Ok(())
        }
        Addressed::Property(_)
        | Addressed::RawValue(_)
        | Addressed::RawDynamic
        | Addressed::Count
        | Addressed::ItemCount(_)
        | Addressed::Result
        | Addressed::RawResult
        | Addressed::Stream(_) => {
            Err(not_found(at, name, format!("'{name}' cannot follow a primitive value.")))
        }
    }
}

/// A name where the next value of a key stands.
fn next_of_key(
    cx: &Context,
    path: &mut BoundPath,
    name: &str,
    args: Option<&[Argument]>,
    at: u32,
) -> BindResult<()> {
    if args.is_none() && key_segment(cx, path, name, at) {
        return Ok(());
    }
    complete(cx, path, at)
}

/// Goes along a navigation property.
fn navigate(cx: &Context, path: &mut BoundPath, index: usize, at: u32) -> BindResult<()> {
    cx.count_navigation(at)?;
    path.set = cx.type_of(path.set).navigation[index].target_set;
    path.of = None;
    path.steps.push(Step::Navigate(index));
    Ok(())
}

/// A name behind `$each`: navigation from each of the entities so far.
fn bind_each(
    cx: &Context,
    path: &mut BoundPath,
    name: &str,
    args: Option<&[Argument]>,
    at: u32,
) -> BindResult<()> {
    let ty = cx.type_of(path.set);
    if let Some(index) = ty.find_navigation_of(name, path.of) {
        navigate(cx, path, index, at)?;
        return apply_key(cx, path, args, at);
    }
    if ty.find_property_of(name, path.of).is_none() {
        return Err(unknown_property(BindErrorKind::NotFound, at, (ty, path.of), name));
    }
    let message = format!("'{name}' behind $each is not supported; $select tells it.");
    Err(not_supported(at, "$each", message))
}

/// The value that the path has come to.
fn addressed_leaf(cx: &Context, path: &BoundPath) -> Option<Leaf> {
    let Addressed::Property(index) = path.addressed else {
        return None;
    };
    Leaf::of(cx.model, &cx.type_of(path.set).properties[index], &path.inside)
}

/// A step into a value: to a property of a complex one, or to an item of a collection.
fn bind_inside(
    cx: &Context,
    path: &mut BoundPath,
    name: &str,
    args: Option<&[Argument]>,
    at: u32,
) -> BindResult<()> {
    let step = match addressed_leaf(cx, path) {
        Some(_) if !path.narrowed.is_empty() => {
            let message = format!("'{name}' behind $filter of a collection of values is not supported.");
            return Err(not_supported(at, "$filter", message));
        }
        Some(Leaf { collection: true, .. }) => match name.parse() {
            Ok(number) if args.is_none() => Inside::Item(number),
            _ => {
                let message =
                    format!("'{name}' cannot follow a collection of values; the number of an item can.");
                return Err(not_found(at, name, message));
            }
        },
        Some(Leaf { ty: Type::Complex(id), .. }) => {
            let ty = cx.model.complex_type(id);
            // A cast to the very type that is there changes nothing.
            if args.is_none() && cx.model.find_complex(name) == Some(id) {
                return Ok(());
            }
            let Some(index) = ty.find_property(name) else {
                return Err(unknown_member(BindErrorKind::NotFound, at, ty, name));
            };
            if args.is_some() {
                let message = format!("'{name}' is a property; no parentheses can follow it.");
                return Err(not_found(at, name, message));
            }
            Inside::Member(index)
        }
        _ => return Err(not_found(at, name, format!("'{name}' cannot follow a primitive value."))),
    };
    path.inside.push(step);
    path.structured =
        addressed_leaf(cx, path).is_some_and(|leaf| leaf.collection || matches!(leaf.ty, Type::Complex(_)));
    Ok(())
}

/// A step into the value of a dynamic property.
fn json_step(name: &str, args: Option<&[Argument]>, at: u32) -> BindResult<JsonStep> {
    match (name.parse(), args) {
        (Ok(number), None) => Ok(JsonStep::Item(number)),
        (Err(_), None) if identifier(name).is_ok() => Ok(JsonStep::Member(name.to_owned())),
        _ => Err(not_found(at, name, format!("'{name}' cannot follow a dynamic property."))),
    }
}
