//! Paths that come to a collection of entities: lambda operators, counts and what is behind each (Part 2 section 5.1.1.13 f.).

use std::rc::Rc;

use super::apply::bind_in_path;
use super::cast::{cast_at, is_known, of_type};
use super::error::{BindResult, invalid, not_supported};
use super::expr::{bind_condition, typed};
use super::member::{Member, bind_path, both, condition, misplaced};
use super::scope::{Context, Scope};
use super::search::bind_search;
use crate::model::{EntitySetId, PrimitiveType};
use crate::query::{Called, Expr, ExprKind, Place, Related, Variable};
use crate::url::ast::{self, PathRoot, PathSegment, PathSegmentKind};

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
    segments: &[PathSegment],
) -> BindResult<Member> {
    follow(cx, scope, collected(cx, scope, from, set), segments)
}

/// Binds what follows the entities that a function gives.
pub fn bind_given(
    cx: &Context,
    scope: &Scope,
    (called, set): (Called, EntitySetId),
    segments: &[PathSegment],
    at: u32,
) -> BindResult<Member> {
    let mut all = collected(cx, scope, None, set);
    // As a cast does, it says of which entities `all` speaks.
    let kind = ExprKind::Given(all.own.clone(), Box::new(called));
    all.cast = Some(typed(at, PrimitiveType::Boolean, false, kind));
    follow(cx, scope, all, segments)
}

/// All entities of a collection, and what names mean there.
fn collected(cx: &Context, scope: &Scope, from: Option<(Place, usize)>, set: EntitySetId) -> Collected {
    let variable = cx.new_variable();
    let own = Place::of(variable, set);
    let inner = Scope {
        implicit: Some(own.clone()),
        named: Rc::default(),
        this: None,
        complex: scope.complex.clone(),
        it: scope.it.clone(),
        it_value: scope.it_value.clone(),
        lambdas: scope.lambdas.clone(),
        entities: Vec::new(),
        optional: scope.optional.clone(),
        nested: Vec::new(),
        below: Vec::new(),
        of_all: scope.of_all.clone(),
    };
    Collected { from, set, variable, own, inner, predicate: None, cast: None }
}

fn follow(
    cx: &Context,
    scope: &Scope,
    mut all: Collected,
    mut segments: &[PathSegment],
) -> BindResult<Member> {
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
            PathSegmentKind::Name { name, args: Some(_) }
                if !cx.model.bound_overloads(all.set, true, name).is_empty() =>
            {
                let message = format!("'{name}' of all of a collection is not supported in an expression.");
                return Err(not_supported(at, name, message));
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
