//! The resource path: from an entity set through keys and navigation to what is addressed (Part 2 section 4).

use super::cast::{cast_at, is_known, of_type};
use super::constant::{coerce, read};
use super::enumeration;
use super::error::{
    BindError, BindErrorKind, BindResult, invalid, not_found, not_supported, unknown_member,
    unknown_property, unknown_set,
};
use super::expr::bind_condition;
use super::function::bind_call;
use super::scope::{Context, Scope};
use crate::lexical::identifier;
use crate::model::{EntitySetId, EntityType, PrimitiveType as P, Type};
use crate::query::{self, Addressed, Inside, JsonStep, Leaf, Place, Step, Variable};
use crate::url::ast::{Argument, Expr, ExprKind, Segment, SegmentKind};
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
    /// The steps to the value of the addressed dynamic property.
    pub steps_inside: Vec<JsonStep>,
    /// Whether the addressed property is a collection or complex, or can be.
    pub structured: bool,
    /// Whether the path ends in `$ref`.
    pub references: bool,
    /// Whether what follows is about each member of a collection.
    pub each: bool,
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
    let function = cx.model.find_function(name);
    let called = function.map(|number| cx.model.functions[number].returns);
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
        steps_inside: Vec::new(),
        structured: false,
        references: false,
        each: false,
    };
    match function {
        Some(number) => {
            path.steps.push(bind_call(cx, number, args.as_deref(), first.at)?);
            apply_key(cx, &mut path, key.as_deref(), first.at)?;
        }
        None => apply_key(cx, &mut path, args.as_deref(), first.at)?,
    }
    for segment in rest {
        if path.references {
            return Err(invalid(segment.at, "$ref", "Nothing can follow $ref."));
        }
        bind_segment(cx, &mut path, segment)?;
    }
    Ok(path)
}

fn two_parentheses(at: u32, name: &str) -> BindError {
    invalid(at, name, format!("'{name}' is no function, so it has only one pair of parentheses."))
}

fn bind_segment(cx: &Context, path: &mut BoundPath, segment: &Segment) -> BindResult<()> {
    let at = segment.at;
    let entities = matches!(path.addressed, Addressed::Collection | Addressed::Entity);
    match (&segment.kind, path.addressed) {
        (SegmentKind::Name { name, args, key }, _) => {
            if key.is_some() {
                return Err(two_parentheses(at, name));
            }
            bind_name(cx, path, name, args.as_deref(), at)
        }
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
        (SegmentKind::Count, Addressed::Dynamic) => {
            let message = "Nobody knows of a dynamic property whether it is a collection.";
            Err(not_supported(at, "$count", message))
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
            if !path.references && cx.type_of(path.set).media.is_some() =>
        {
            path.addressed = Addressed::Stream(None);
            Ok(())
        }
        // The bytes have no other form.
        (SegmentKind::Value, Addressed::Stream(Some(_))) => Ok(()),
        (SegmentKind::Value, _) => {
            Err(not_found(at, "$value", "Only a primitive property has a $value here.".to_owned()))
        }
        (SegmentKind::Filter(condition), Addressed::Collection) => {
            let scope = Scope::of_resource(place_of(path));
            let condition = bind_condition(cx, &scope, condition, "$filter")?;
            path.steps.push(Step::Filter(Box::new(condition)));
            Ok(())
        }
        (SegmentKind::Filter(_), _) => {
            Err(not_found(at, "$filter", "Only a collection of entities can be filtered.".to_owned()))
        }
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
            if let Some(index) = ty.find_stream(name).filter(|_| args.is_none()) {
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
        | Addressed::Stream(_) => {
            Err(not_found(at, name, format!("'{name}' cannot follow a primitive value.")))
        }
    }
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

/// Takes a segment as the key of one entity, as in `Products/1`, where it is neither a name of the type nor no key at all.
fn key_segment(cx: &Context, path: &mut BoundPath, name: &str, at: u32) -> bool {
    let ty = cx.type_of(path.set);
    let ([key], None, None) = (ty.key.as_slice(), ty.find_property(name), ty.find_navigation(name)) else {
        return false;
    };
    let value = match ty.properties[*key].ty {
        Type::Primitive(P::String) => Ok(Value::String(name.to_owned())),
        Type::Primitive(primitive) if primitive.is_integer() => match name.parse() {
            Ok(number) => Ok(Value::Integer(number)),
            Err(_) => return false,
        },
        Type::Primitive(primitive) => read(primitive, name, at),
        Type::Enum(_) | Type::Complex(_) => return false,
    };
    let Ok(value) = value else {
        return false;
    };
    path.steps.push(Step::Key(vec![(*key, value)]));
    (path.addressed, path.each) = (Addressed::Entity, false);
    true
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

/// Takes the parentheses after a name: none, empty, or a key.
fn apply_key(cx: &Context, path: &mut BoundPath, args: Option<&[Argument]>, at: u32) -> BindResult<()> {
    let Some(args) = args else {
        return Ok(());
    };
    if args.is_empty() {
        return Ok(());
    }
    if path.addressed != Addressed::Collection {
        return Err(invalid(at, "key", "A key can only follow a collection."));
    }
    path.steps.push(Step::Key(bind_key(cx, cx.type_of(path.set), args, at)?));
    (path.addressed, path.each) = (Addressed::Entity, false);
    Ok(())
}

/// Binds a key predicate: one value, or a name and value for each key property, in any order.
pub fn bind_key(
    cx: &Context,
    ty: &EntityType,
    args: &[Argument],
    at: u32,
) -> BindResult<Vec<(usize, Value)>> {
    let names: Vec<&str> = ty.key.iter().map(|k| ty.properties[*k].name.as_str()).collect();
    let expected = names.join(", ");
    if args.len() != ty.key.len() {
        let message =
            format!("The key of '{}' is ({expected}): {} values, not {}.", ty.name, names.len(), args.len());
        return Err(invalid(at, "key", message));
    }
    let mut values: Vec<(usize, Value)> = Vec::with_capacity(args.len());
    for arg in args {
        let property = match &arg.name {
            None if args.len() == 1 => ty.key[0],
            None => {
                let message =
                    format!("The key of '{}' needs names: ({expected}), each as name=value.", ty.name);
                return Err(invalid(arg.at, "key", message));
            }
            Some(name) => match ty.key.iter().find(|k| ty.properties[**k].name == *name) {
                Some(index) => *index,
                None => {
                    let message = format!("'{name}' is not in the key of '{}': ({expected}).", ty.name);
                    return Err(invalid(arg.at, name, message));
                }
            },
        };
        if values.iter().any(|(p, _)| *p == property) {
            let name = &ty.properties[property].name;
            return Err(invalid(arg.at, name, format!("Key property '{name}' is given twice.")));
        }
        values.push((property, key_value(cx, ty, property, &arg.value)?));
    }
    values.sort_by_key(|(p, _)| ty.key.iter().position(|k| k == p));
    Ok(values)
}

fn key_value(cx: &Context, ty: &EntityType, property: usize, expr: &Expr) -> BindResult<Value> {
    let property = &ty.properties[property];
    let bound = match &expr.kind {
        ExprKind::Literal(literal) => enumeration::from_literal(cx, literal, expr.at)?,
        ExprKind::Alias(name) => {
            let bound = cx.with_alias(name, expr.at, |value| match &value.kind {
                ExprKind::Literal(literal) => enumeration::from_literal(cx, literal, value.at),
                _ => Err(invalid(
                    value.at,
                    name,
                    format!("Parameter alias '@{name}' is no literal, so no key."),
                )),
            })?;
            let Some(bound) = bound else {
                return Err(invalid(expr.at, name, format!("Parameter alias '@{name}' has no value.")));
            };
            bound
        }
        _ => {
            return Err(invalid(expr.at, &property.name, "A key value is a literal, as in (1) or ('text')."));
        }
    };
    let named = |mut e: BindError| {
        e.target = property.name.clone();
        e
    };
    let value = match property.ty {
        Type::Enum(id) => constant_value(enumeration::meet(cx, bound, id).map_err(named)?),
        _ if bound.enumeration.is_some() => {
            return Err(named(enumeration::refuse(cx, &bound, &cx.model.type_name(property.ty))));
        }
        Type::Primitive(primitive) => {
            let value = constant_value(bound);
            if value == Value::Null { value } else { coerce(value, primitive, expr.at).map_err(named)? }
        }
        Type::Complex(_) => Value::Null,
    };
    if value == Value::Null {
        return Err(invalid(expr.at, &property.name, "A key value cannot be null."));
    }
    Ok(value)
}

fn constant_value(expr: query::Expr) -> Value {
    match expr.kind {
        query::ExprKind::Value(value) => value,
        _ => Value::Null,
    }
}
