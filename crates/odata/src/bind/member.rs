//! Paths in expressions: properties, navigation, lambda operators and counts (Part 2 section 5.1.1.13 ff.).

use std::rc::Rc;

use super::apply::{bind_in_path, lost};
use super::cast::{cast_at, guarded, is_known, of_type};
use super::dynamic::bind_dynamic;
use super::error::{BindErrorKind, BindResult, invalid, not_supported, unknown_member, unknown_property};
use super::expr::{bind_condition, typed};
use super::items::bind_items;
use super::root::bind_root;
use super::scope::{Context, Scope};
use super::search::bind_search;
use crate::model::{ComplexTypeId, EntitySetId, PrimitiveType, Property, Type};
use crate::query::{Expr, ExprKind, Items, Named, Place, Related, Variable};
use crate::url::ast::{self, PathRoot, PathSegment, PathSegmentKind};
use crate::url::near_functions;

/// Where the functions of hierarchies are (Data Aggregation 4.0 section 5.3).
const HIERARCHIES: [&str; 2] = ["Aggregation.", "Org.OData.Aggregation.V1."];

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
}

/// Binds a path.
pub fn bind_path(cx: &Context, scope: &Scope, path: &ast::Path, at: u32) -> BindResult<Member> {
    if path.root == PathRoot::Root {
        return bind_root(cx, scope, path, at);
    }
    let (mut place, mut segments) = match start(cx, scope, path, at)? {
        Start::At(place, segments) => (place, segments),
        Start::Complex(value, id, segments) => {
            let known =
                Known { name: path_name(path), ty: Type::Complex(id), collection: false, nullable: true };
            return bind_value(cx, scope, known, value, segments);
        }
        Start::Named(value, []) => return Ok(Member::Value(value)),
        Start::Named(_, [next, ..]) => return Err(after_value(next, path_name(path))),
    };
    // Whether the place can be without an entity, so that what is read there can be null.
    let mut optional = !place.path.is_empty() || scope.optional.contains(&place.variable);
    let mut guards: Vec<Expr> = Vec::new();
    loop {
        let Some((segment, rest)) = segments.split_first() else {
            return guarded(Member::Entity(place, None), guards, at);
        };
        segments = rest;
        let PathSegmentKind::Name { name, args } = &segment.kind else {
            return Err(misplaced(segment));
        };
        if name.starts_with('@') {
            return Err(misplaced(segment));
        }
        let ty = cx.type_of(place.target());
        if cx.model.functions.iter().any(|function| cx.model.function_name(function) == *name) {
            let message = format!("Function '{name}' in an expression is not supported.");
            return Err(not_supported(segment.at, name, message));
        }
        if args.is_some() {
            if HIERARCHIES.iter().any(|namespace| name.starts_with(namespace)) {
                let message = format!("Function '{name}' is not supported.");
                return Err(not_supported(segment.at, name, message));
            }
            let message = format!("There is no function '{name}'.{}", near_functions(name));
            return Err(invalid(segment.at, name, message));
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
        optional = optional || navigation.nullable;
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
    /// At a complex value that a lambda variable or `$this` stands for.
    Complex(Expr, ComplexTypeId, &'p [PathSegment]),
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
    let is = |name: &String, segment: &PathSegment| match &segment.kind {
        PathSegmentKind::Name { name: sent, args: None } => sent == name,
        _ => false,
    };
    let leads = |path: &[String]| {
        path.len() <= segments.len() && path.iter().zip(segments).all(|(name, segment)| is(name, segment))
    };
    if let Some(named) = scope.named.iter().find(|named| leads(&named.path)) {
        cx.count_again(at, named.size)?;
        return Ok(Start::Named(named.expr.clone(), &segments[named.path.len()..]));
    }
    if let (None, Some((value, id))) = (&scope.implicit, scope.find_complex(None)) {
        return Ok(Start::Complex(value.clone(), id, segments));
    }
    match (&scope.implicit, segments.first()) {
        (Some(place), _) => Ok(Start::At(place.clone(), segments)),
        (None, Some(PathSegment { at, kind: PathSegmentKind::Name { name, .. } })) => {
            Err(unknown_name(*at, &scope.named, name))
        }
        (None, Some(segment)) => Err(misplaced(segment)),
        (None, None) => Err(invalid(at, "$this", "A row that $apply made is no value.")),
    }
}

/// Says that the rows have no such value, and what they have.
pub fn unknown_name(at: u32, named: &[Named], name: &str) -> super::error::BindError {
    if named.is_empty() {
        return invalid(at, name, format!("There is no '{name}' here."));
    }
    let has: Vec<String> = named.iter().map(|named| named.path.join("/")).collect();
    let message = format!("The rows that $apply makes have no '{name}', but: {}.", has.join(", "));
    invalid(at, name, message)
}

/// A collection of entities that a path has come to.
struct Collected {
    from: Option<(Place, usize)>,
    set: EntitySetId,
    variable: Variable,
    /// One of its entities, and what names mean there.
    own: Place,
    inner: Scope,
    predicate: Option<Expr>,
    /// The condition of a cast, which leaves others out of `all`, too.
    cast: Option<Expr>,
}

impl Collected {
    /// Keeps the entities for which a condition holds.
    fn keep(&mut self, condition: Expr) {
        self.predicate = both(self.predicate.take(), Some(condition));
    }

    /// Keeps the entities of a type.
    fn cast(&mut self, cx: &Context, to: Option<usize>, at: u32) {
        if let (false, Some(to)) = (is_known(cx, &self.own, to), to) {
            self.cast = both(self.cast.take(), Some(of_type(&self.own.clone().typed(None), to, at)));
            cx.note_type(self.variable, to);
        }
        self.own.of = to;
        self.inner.implicit = Some(self.own.clone());
    }

    fn related(self) -> Related {
        let Collected { from, set, variable, predicate, cast, .. } = self;
        Related { from, set, variable, predicate: both(cast, predicate) }
    }

    /// That a condition holds for all of them.
    fn all(self, body: Expr, at: u32) -> Related {
        let predicate = match self.cast {
            Some(cast) => {
                let nullable = body.nullable;
                let other = typed(at, PrimitiveType::Boolean, false, ExprKind::Not(Box::new(cast)));
                let kind = ExprKind::Or(Box::new(other), Box::new(body));
                typed(at, PrimitiveType::Boolean, nullable, kind)
            }
            None => body,
        };
        Related { from: self.from, set: self.set, variable: self.variable, predicate: Some(predicate) }
    }
}

/// Binds what follows a collection of entities.
pub fn bind_collection(
    cx: &Context,
    scope: &Scope,
    from: Option<(Place, usize)>,
    set: EntitySetId,
    mut segments: &[PathSegment],
) -> BindResult<Member> {
    let variable = cx.new_variable();
    let own = Place::of(variable, set);
    let inner = Scope {
        implicit: Some(own.clone()),
        named: Rc::default(),
        this: None,
        complex: scope.complex.clone(),
        it: scope.it.clone(),
        lambdas: scope.lambdas.clone(),
        optional: scope.optional.clone(),
        nested: Vec::new(),
    };
    let mut all = Collected { from, set, variable, own, inner, predicate: None, cast: None };
    loop {
        let Some((segment, rest)) = segments.split_first() else {
            return Ok(Member::Entities);
        };
        let at = segment.at;
        match &segment.kind {
            PathSegmentKind::Filter(condition) => {
                let condition = bind_condition(cx, &all.inner, condition, "$filter")?;
                all.keep(condition);
            }
            PathSegmentKind::Name { name, args: None } if let Some(to) = cast_at(cx, &all.own, name, at)? => {
                all.cast(cx, to, at);
            }
            PathSegmentKind::Name { .. } => {
                let inner = all.inner.clone();
                return bind_each(cx, &inner, all.related(), segments, at);
            }
            _ if !rest.is_empty() => return Err(misplaced(&rest[0])),
            _ => return bind_end(cx, scope, all, segment),
        }
        segments = rest;
    }
}

/// Binds the last segment behind a collection of entities.
fn bind_end(cx: &Context, scope: &Scope, mut all: Collected, segment: &PathSegment) -> BindResult<Member> {
    let at = segment.at;
    let variable = (all.variable, all.set);
    match &segment.kind {
        PathSegmentKind::Any(lambda) => {
            if let Some(lambda) = lambda {
                let body = lambda_body(cx, scope, lambda, variable)?;
                all.keep(body);
            }
            Ok(condition(at, ExprKind::Any(Box::new(all.related()))))
        }
        PathSegmentKind::All(lambda) => {
            if all.predicate.is_some() {
                return Err(not_supported(at, "all", "all after $filter is not supported."));
            }
            let body = lambda_body(cx, scope, lambda, variable)?;
            Ok(condition(at, ExprKind::All(Box::new(all.all(body, at)))))
        }
        PathSegmentKind::Count(options) => {
            if let Some(filter) = &options.filter {
                let filter = bind_condition(cx, &all.inner, filter, "$filter")?;
                all.keep(filter);
            }
            if let Some(search) = &options.search {
                let found = bind_search(cx, std::slice::from_ref(&all.own), search, at)?;
                all.keep(found);
            }
            let kind = ExprKind::Count(Box::new(all.related()));
            Ok(Member::Value(typed(at, PrimitiveType::Int64, false, kind)))
        }
        PathSegmentKind::Aggregate(items) => match items.as_slice() {
            [item] => bind_in_path(cx, all.related(), item).map(Member::Value),
            _ => Err(misplaced(segment)),
        },
        _ => {
            let message = "After a collection only any, all, $count, $filter and aggregate can stand.";
            Err(invalid(at, "path", message))
        }
    }
}

/// Binds a path from each entity of a collection.
fn bind_each(
    cx: &Context,
    inner: &Scope,
    related: Related,
    segments: &[PathSegment],
    at: u32,
) -> BindResult<Member> {
    let path = ast::Path { root: PathRoot::Implicit, segments: segments.to_vec() };
    match bind_path(cx, inner, &path, at)? {
        Member::Value(value) => Ok(Member::Values(Box::new(related), value)),
        _ => Err(invalid(at, "path", "A path through a collection ends in a primitive value.")),
    }
}

fn lambda_body(
    cx: &Context,
    scope: &Scope,
    lambda: &ast::Lambda,
    (variable, set): (Variable, EntitySetId),
) -> BindResult<Expr> {
    // Inside a lambda a bare name still belongs to the outer instance (Part 2 section 5.1.1.13).
    let mut inner = scope.clone();
    inner.lambdas.push((lambda.variable.clone(), variable, set));
    bind_condition(cx, &inner, &lambda.body, "lambda")
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

fn after_value(next: &PathSegment, property: &str) -> super::error::BindError {
    match &next.kind {
        PathSegmentKind::Name { name, .. } if !name.starts_with('@') => {
            let message = format!("'{property}' is a primitive property; '{name}' cannot follow it.");
            invalid(next.at, name, message)
        }
        _ => misplaced(next),
    }
}
