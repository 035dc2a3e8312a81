//! Paths in expressions: properties and single-valued navigation (Part 2 section 5.1.1.13 ff.).

use super::apply::{bind_position, lost};
use super::called::{bind_alone, bind_behind};
use super::cast::{cast_at, guarded, is_known, of_type};
use super::collection::bind_collection;
use super::dynamic::bind_dynamic;
use super::error::{BindErrorKind, BindResult, invalid, not_supported, unknown_member, unknown_property};
use super::expr::{constant, typed};
use super::items::bind_items;
use super::of_all::bind_of_all;
use super::root::bind_root;
use super::scope::{Context, Scope};
use crate::model::{ComplexTypeId, PrimitiveType, Property, Type};
use crate::query::{Comparison, Expr, ExprKind, Items, Named, Place, Related, Variable, Whole};
use crate::url::ast::{self, PathRoot, PathSegment, PathSegmentKind};
use crate::value::Value;

/// What a path leads to.
pub enum Member {
    /// A primitive value.
    Value(Expr),
    /// One entity, and the condition on which a cast on the way to it leads there.
    Entity(Place, Option<Expr>),
    /// A collection of entities.
    Entities,
    /// A value of each entity of a collection.
    Values(Box<Related>, Expr),
    /// A collection of values, and one of them.
    Items(Box<Items>, Expr),
    /// A complex value, and the condition on which a cast on the way to it leads there.
    Complex(Expr, ComplexTypeId, Option<Expr>),
    /// An entity or a complex value among the values of a row that `$apply` made: the condition on which there is one.
    There(Expr),
}

/// Binds a path.
pub fn bind_path(cx: &Context, scope: &Scope, path: &ast::Path, at: u32) -> BindResult<Member> {
    if path.root == PathRoot::Root {
        return bind_root(cx, scope, path, at);
    }
    if let Some(found) = bind_position(cx, scope, path)? {
        return Ok(Member::Value(found));
    }
    if let Some(found) = bind_alone(cx, scope, path)? {
        return Ok(found);
    }
    match bind_of_all(cx, scope, path, at)? {
        Some(found) => Ok(found),
        None => bind_from_start(cx, scope, path, at),
    }
}

/// Binds a path that begins at the instance at hand, or at a variable.
pub fn bind_from_start(cx: &Context, scope: &Scope, path: &ast::Path, at: u32) -> BindResult<Member> {
    let (mut place, mut segments) = match start(cx, scope, path, at)? {
        Start::At(place, segments) => (place, segments),
        Start::Complex(value, id, segments) => {
            let known =
                Known { name: path_name(path), ty: Type::Complex(id), collection: false, nullable: true };
            return bind_value(cx, scope, known, value, segments);
        }
        Start::Whole(value, Whole::Dynamic(_), _) => return Ok(Member::Value(value)),
        Start::Whole(value, Whole::Property(set, property), segments) => {
            let known = Known::of(&cx.type_of(set).properties[property]);
            return bind_value(cx, scope, known, value, segments);
        }
        Start::There(there) => {
            let entity = grouped_entity(cx, scope, &path.segments);
            let found = |place| Member::Entity(place, Some(there.clone()));
            return Ok(entity.map_or_else(|| Member::There(there.clone()), found));
        }
        Start::Named(value, []) => return Ok(Member::Value(value)),
        Start::Named(_, [next, ..]) => return Err(after_named(scope, path_name(path), next)),
    };
    // Whether the place can be without an entity, so that what is read there can be null.
    let mut optional = !place.path.is_empty() || scope.optional.contains(&place.variable);
    let mut guards: Vec<Expr> = Vec::new();
    loop {
        let Some((segment, rest)) = segments.split_first() else {
            return guarded(Member::Entity(place, None), guards, at);
        };
        segments = rest;
        let PathSegmentKind::Name { name, .. } = &segment.kind else {
            return Err(misplaced(segment));
        };
        if name.starts_with('@') {
            return Err(misplaced(segment));
        }
        let ty = cx.type_of(place.target());
        if let Some(found) = bind_behind(cx, scope, (&place, optional), segment, rest)? {
            return guarded(found, guards, segment.at);
        }
        if let Some(to) = cast_at(cx, &place, name, segment.at)? {
            if let (false, Some(to)) = (is_known(cx, &place, to), to) {
                guards.push(of_type(&place.clone().typed(None), to, segment.at));
            }
            place.of = to;
            continue;
        }
        if let Some(index) = ty.find_property_of(name, place.of) {
            let property = &ty.properties[index];
            let nullable = optional || property.nullable;
            let kind = ExprKind::Property(place, index);
            let bound = read(segment.at, property.ty, nullable, kind);
            let found = bind_value(cx, scope, Known::of(property), bound, segments)?;
            return guarded(found, guards, segment.at);
        }
        let Some(index) = ty.find_navigation_of(name, place.of) else {
            if scope.nested.contains(name) && Some(&place) == scope.implicit.as_ref() {
                return Err(lost(name, segment.at));
            }
            if ty.is_dynamic(name) {
                place.of = None;
                let found = bind_dynamic(place, name, segments, segment.at).map(Member::Value)?;
                return guarded(found, guards, segment.at);
            }
            return Err(unknown_property(BindErrorKind::Invalid, segment.at, (ty, place.of), name));
        };
        cx.count_navigation(segment.at)?;
        let navigation = &ty.navigation[index];
        if navigation.collection {
            let set = navigation.target_set;
            let found = bind_collection(cx, scope, Some((place, index)), set, segments)?;
            return guarded(found, guards, segment.at);
        }
        optional = optional || navigation.nullable || !navigation.vouched;
        place.path.push((index, navigation.target_set));
        place.of = None;
    }
}

/// A value of some type as an expression.
pub fn read(at: u32, ty: Type, nullable: bool, kind: ExprKind) -> Expr {
    let (primitive, enumeration) = match ty {
        Type::Primitive(primitive) => (Some(primitive), None),
        Type::Enum(id) => (Some(PrimitiveType::String), Some(id)),
        Type::Complex(_) => (None, None),
    };
    Expr { at, primitive, enumeration, nullable, kind }
}

/// What is known of a value that a path has come to.
#[derive(Clone, Copy)]
struct Known<'a> {
    name: &'a str,
    /// Its type, or that of its items.
    ty: Type,
    collection: bool,
    /// Whether it, or an item, can be null.
    nullable: bool,
}

impl<'a> Known<'a> {
    fn of(property: &'a Property) -> Known<'a> {
        let Property { name, ty, collection, nullable, .. } = property;
        Known { name, ty: *ty, collection: *collection, nullable: *nullable }
    }
}

/// Goes on from a value: into a complex value, or to the end of the path.
fn bind_value<'k, 'm: 'k>(
    cx: &Context<'m>,
    scope: &Scope,
    mut known: Known<'k>,
    mut bound: Expr,
    mut segments: &[PathSegment],
) -> BindResult<Member> {
    loop {
        if known.collection {
            return bind_items(cx, scope, (known.ty, known.nullable), bound, segments);
        }
        let (id, segment, rest) = match (known.ty, segments.split_first()) {
            (Type::Complex(id), Some((segment, rest))) => (id, segment, rest),
            (Type::Complex(id), None) => return Ok(Member::Complex(bound, id, None)),
            (Type::Primitive(_) | Type::Enum(_), Some((segment, _))) => {
                return Err(after_value(segment, known.name));
            }
            (Type::Primitive(_) | Type::Enum(_), None) => return Ok(Member::Value(bound)),
        };
        segments = rest;
        let PathSegmentKind::Name { name, args: None } = &segment.kind else {
            return Err(misplaced(segment));
        };
        // A cast to the very type that is there changes nothing.
        if cx.model.find_complex(name) == Some(id) {
            continue;
        }
        let ty = cx.model.complex_type(id);
        let Some(index) = ty.find_property(name) else {
            return Err(unknown_member(BindErrorKind::Invalid, segment.at, ty, name));
        };
        known = Known::of(&ty.properties[index]);
        let nullable = bound.nullable || known.nullable;
        let kind = ExprKind::Member(Box::new(bound), id, index);
        bound = read(segment.at, known.ty, nullable, kind);
    }
}

/// Where a path starts.
enum Start<'p> {
    /// At an entity.
    At(Place, &'p [PathSegment]),
    /// At a value that has a name of its own.
    Named(Expr, &'p [PathSegment]),
    /// At a value of a property that is no primitive one.
    Whole(Expr, Whole, &'p [PathSegment]),
    /// At a complex value that a lambda variable or `$this` stands for.
    Complex(Expr, ComplexTypeId, &'p [PathSegment]),
    /// At an entity or a complex value among the values of a row: the condition on which there is one.
    There(Expr),
}

fn start<'p>(cx: &Context, scope: &Scope, path: &'p ast::Path, at: u32) -> BindResult<Start<'p>> {
    let segments = path.segments.as_slice();
    match path.root {
        PathRoot::Implicit => {
            if let Some(PathSegment { kind: PathSegmentKind::Name { name, args: None }, .. }) =
                segments.first()
                && let Some((_, variable, set)) = scope.lambdas.iter().rev().find(|(n, ..)| n == name)
            {
                return Ok(Start::At(cx.place_of(*variable, *set), &segments[1..]));
            }
            if let Some(PathSegment { kind: PathSegmentKind::Name { name, args: None }, .. }) =
                segments.first()
                && let Some((value, id)) = scope.find_complex(Some(name))
            {
                return Ok(Start::Complex(value.clone(), id, &segments[1..]));
            }
            implicit(cx, scope, segments, at)
        }
        PathRoot::This if let Some((value, id)) = scope.find_complex(None) => {
            Ok(Start::Complex(value.clone(), id, segments))
        }
        PathRoot::This => match &scope.this {
            Some(value) => Ok(Start::Named(value.clone(), segments)),
            None => implicit(cx, scope, segments, at),
        },
        PathRoot::It if let Some((value, ty)) = &scope.it_value => Ok(match ty {
            Type::Complex(id) => Start::Complex(value.clone(), *id, segments),
            Type::Primitive(_) | Type::Enum(_) => Start::Named(value.clone(), segments),
        }),
        PathRoot::It if scope.it == scope.implicit => implicit(cx, scope, segments, at),
        PathRoot::It => match &scope.it {
            Some(it) if it.variable == Variable(0) => Ok(Start::At(it.clone(), segments)),
            // A next link has to name a value of it.
            Some(it) if !segments.is_empty() => {
                cx.note_it(true);
                Ok(Start::At(it.clone(), segments))
            }
            _ => Err(not_supported(at, "$it", "$it is not supported here.")),
        },
        PathRoot::These => Err(not_supported(at, "$these", "$these is not supported.")),
        PathRoot::Root => Err(invalid(at, "$root", "$root cannot stand here.")),
    }
}

/// A path from the instance at hand: a name of its own, or a property.
fn implicit<'p>(cx: &Context, scope: &Scope, segments: &'p [PathSegment], at: u32) -> BindResult<Start<'p>> {
    // A part of a value is meant where the path goes on to it.
    let found =
        scope.named.iter().rev().filter_map(|named| Some((named, led(cx, scope, &named.path, segments)?)));
    let found = found.max_by_key(|(named, _)| named.path.len());
    let entities = scope.entities.iter().rev();
    let entity = entities.filter_map(|entity| Some((entity, led(cx, scope, &entity.0, segments)?)));
    if let Some(((_, variable, set), length)) = entity.max_by_key(|(_, length)| *length)
        && segments.len() > length
        && found.is_none_or(|(_, named)| named <= length)
    {
        return Ok(Start::At(Place::of(*variable, *set), &segments[length..]));
    }
    if let Some((named, length)) = found {
        cx.count_again(at, named.size)?;
        let (value, rest) = (named.expr.clone(), &segments[length..]);
        return Ok(match named.whole {
            Some(whole) => Start::Whole(value, whole, rest),
            None if rest.is_empty() && has_parts(scope, named) => {
                let null = Box::new(constant(at, Value::Null));
                let there = ExprKind::Compare(Comparison::Ne, Box::new(value), null);
                Start::There(typed(at, PrimitiveType::Boolean, false, there))
            }
            None => Start::Named(value, rest),
        });
    }
    if let (None, Some((value, id))) = (&scope.implicit, scope.find_complex(None)) {
        return Ok(Start::Complex(value.clone(), id, segments));
    }
    match (&scope.implicit, segments.first()) {
        (Some(place), _) => Ok(Start::At(place.clone(), segments)),
        (None, Some(PathSegment { at, kind: PathSegmentKind::Name { name, .. } })) => {
            if scope.nested.contains(name) {
                return Err(lost(name, *at));
            }
            let mut names: Vec<String> = Vec::new();
            for segment in segments {
                if let PathSegmentKind::Name { name, args: None } = &segment.kind {
                    names.push(name.clone());
                }
            }
            if scope.named.iter().any(|named| leads_into(cx, named, &names)) {
                let message = format!(
                    "Dynamic properties of rows that $apply made, as '{name}', are only supported in $select."
                );
                return Err(not_supported(*at, name, message));
            }
            Err(unknown_name(*at, &scope.named, name))
        }
        (None, Some(segment)) => Err(misplaced(segment)),
        (None, None) => Err(invalid(at, "$this", "A row that $apply made is no value.")),
    }
}

/// Whether a value among those of a row only tells that there is what others lie in.
fn has_parts(scope: &Scope, named: &Named) -> bool {
    let inside = |other: &Named| other.path.len() > named.path.len() && other.path.starts_with(&named.path);
    scope.named.iter().any(|other| inside(other) && other.taken().is_none())
}

/// The place of an entity that rows were grouped by or joined with, where a path is its name.
fn grouped_entity(cx: &Context, scope: &Scope, segments: &[PathSegment]) -> Option<Place> {
    let leads = |names: &[String]| led(cx, scope, names, segments) == Some(segments.len());
    let found = scope.entities.iter().rev().find(|(names, ..)| leads(names));
    found.map(|(_, variable, set)| Place::of(*variable, *set))
}

/// How many segments of a path lead along names. Casts in paths that rows were grouped by are not told in their names.
fn led(cx: &Context, scope: &Scope, path: &[String], segments: &[PathSegment]) -> Option<usize> {
    let mut names = path.iter();
    let mut wanted = names.next()?;
    for (number, segment) in segments.iter().enumerate() {
        let PathSegmentKind::Name { name, args: None } = &segment.kind else {
            return None;
        };
        if name == wanted {
            match names.next() {
                Some(next) => wanted = next,
                None => return Some(number + 1),
            }
        } else if scope.implicit.is_some() || !name.contains('.') || !cx.model.is_entity_type(name) {
            return None;
        }
    }
    None
}

/// Whether a path leads to a dynamic property among the values of a row.
pub fn leads_into(cx: &Context, named: &Named, path: &[String]) -> bool {
    let name = named.behind(path).and_then(|inside| inside.first());
    let (Some(name), Some(mut taken), Some(Whole::Dynamic(set))) = (name, named.taken(), named.whole) else {
        return false;
    };
    cx.type_of(set).is_dynamic(name) && !taken.any(|other| other == name)
}

/// Says that the rows have no such value, and what they have.
pub fn unknown_name(at: u32, named: &[Named], name: &str) -> super::error::BindError {
    if named.is_empty() {
        return invalid(at, name, format!("There is no '{name}' here."));
    }
    let has = named.iter().filter(|named| named.taken().is_none());
    let has: Vec<String> = has.map(|named| named.path.join("/")).collect();
    let message = format!("The rows that $apply makes have no '{name}', but: {}.", has.join(", "));
    invalid(at, name, message)
}

/// A condition as what a path leads to.
pub fn condition(at: u32, kind: ExprKind) -> Member {
    Member::Value(typed(at, PrimitiveType::Boolean, false, kind))
}

/// Joins two conditions by `and`.
pub fn both(left: Option<Expr>, right: Option<Expr>) -> Option<Expr> {
    match (left, right) {
        (Some(left), Some(right)) => {
            let nullable = left.nullable || right.nullable;
            let at = left.at;
            let kind = ExprKind::And(Box::new(left), Box::new(right));
            Some(typed(at, PrimitiveType::Boolean, nullable, kind))
        }
        (one, None) => one,
        (None, one) => one,
    }
}

/// Refuses a segment where it stands.
pub fn misplaced(segment: &PathSegment) -> super::error::BindError {
    match &segment.kind {
        PathSegmentKind::Name { name, .. } if !name.starts_with('@') => {
            invalid(segment.at, name, format!("'{name}' cannot stand after a collection here."))
        }
        PathSegmentKind::Name { name, .. } => {
            not_supported(segment.at, name, "Annotations in expressions are not supported.")
        }
        PathSegmentKind::Aggregate(_) => {
            not_supported(segment.at, "aggregate", "aggregate in paths is not supported.")
        }
        PathSegmentKind::Any(_)
        | PathSegmentKind::All(_)
        | PathSegmentKind::Count(_)
        | PathSegmentKind::Filter(_) => {
            invalid(segment.at, "path", "any, all, $count and $filter need a collection before them.")
        }
        PathSegmentKind::Ref | PathSegmentKind::Value | PathSegmentKind::Key(_) => {
            invalid(segment.at, "path", "$ref, $value and keys cannot stand in an expression here.")
        }
    }
}

/// The first name of a path.
fn path_name(path: &ast::Path) -> &str {
    match path.segments.first().map(|segment| &segment.kind) {
        Some(PathSegmentKind::Name { name, .. }) => name,
        _ => "",
    }
}

/// Refuses what stands behind a value of a row that is none of its parts.
fn after_named(scope: &Scope, name: &str, next: &PathSegment) -> super::error::BindError {
    let has_parts = scope.named.iter().any(|named| named.path.len() > 1 && named.path[0] == name);
    match &next.kind {
        PathSegmentKind::Name { name: part, .. } if has_parts && !part.starts_with('@') => {
            let message = format!(
                "Rows that $apply made have declared properties of '{name}' alone, of which '{part}' is none."
            );
            not_supported(next.at, part, message)
        }
        _ => after_value(next, name),
    }
}

/// Refuses what stands behind a primitive value.
pub fn after_value(next: &PathSegment, property: &str) -> super::error::BindError {
    match &next.kind {
        PathSegmentKind::Name { name, .. } if !name.starts_with('@') => {
            let message = format!("'{property}' is a primitive property; '{name}' cannot follow it.");
            invalid(next.at, name, message)
        }
        _ => misplaced(next),
    }
}
