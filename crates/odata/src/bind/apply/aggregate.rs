//! Aggregate expressions: values of all rows of a group, or of all entities of a collection (section 3.2.1).

use std::rc::Rc;

use super::super::cast::{there, through_cast};
use super::super::enumeration;
use super::super::error::{BindResult, invalid, not_supported};
use super::super::expr::{bind, typed};
use super::super::member::{both, read};
use super::super::scope::{Context, Scope};
use super::values::only_where;
use crate::model::PrimitiveType as P;
use crate::query::{Aggregation, Expr, ExprKind, Place, Related};
use crate::url::apply::{Aggregate, Method, MethodKind};
use crate::url::ast::{self, PathRoot, PathSegment, PathSegmentKind};

/// Binds what `aggregate` has for one name.
pub fn bind_aggregate(cx: &Context, scope: &Scope, item: &Aggregate) -> BindResult<Expr> {
    if !is_counted_value(item)
        && let Some((related, rest)) = leading_collection(cx, scope, &item.expr)?
    {
        let gathered = gather(cx, scope, related, rest, item)?;
        return outer(gathered, item);
    }
    if counts(&item.expr) {
        return Ok(typed(item.at, P::Decimal, false, ExprKind::Aggregate(Aggregation::Count, None)));
    }
    let (method, value) = method_and_value(cx, scope, item, &item.expr)?;
    made(cx, method, value, item.at, |value| ExprKind::Aggregate(method, Some(Box::new(value))))
}

/// What a method makes of values, with its type.
pub fn made(
    cx: &Context,
    method: Aggregation,
    value: Expr,
    at: u32,
    kind: impl FnOnce(Expr) -> ExprKind,
) -> BindResult<Expr> {
    let (primitive, nullable) = result(cx, method, &value, at)?;
    let member = matches!(method, Aggregation::Min | Aggregation::Max);
    let enumeration = value.enumeration.filter(|_| member);
    Ok(Expr { enumeration, ..typed(at, primitive, nullable, kind(value)) })
}

/// The collections, one behind the other, that all of the items go through, where one of them needs the entities of the last one
/// themselves: `countdistinct` is not put together from what it is for each instance.
pub fn common_collections(cx: &Context, scope: &Scope, items: &[Aggregate]) -> BindResult<Vec<Related>> {
    let distinct = |item: &Aggregate| {
        item.method.as_ref().is_some_and(|method| method.kind == MethodKind::CountDistinct)
    };
    let mut chains = Vec::with_capacity(items.len());
    for item in items {
        let most = if is_counted_value(item) { 0 } else { usize::MAX };
        chains.push(chain(cx, scope, &item.expr, most)?.0);
    }
    let needed = items.iter().zip(&chains).filter(|(item, chain)| distinct(item) && !chain.is_empty());
    let Some((depth, at)) = needed.map(|(item, chain)| (chain.len(), item.at)).max() else {
        return Ok(Vec::new());
    };
    let step = |related: &Related| {
        let from = related.from.as_ref();
        from.map(|(place, navigation)| (place.path.clone(), place.of, *navigation))
    };
    let same = |chain: &Vec<Related>| {
        chain.len() >= depth
            && chain.iter().zip(&chains[0]).take(depth).all(|(one, other)| step(one) == step(other))
    };
    if !chains.iter().all(same) {
        let message = "countdistinct through a collection is only supported where all values go through it.";
        return Err(not_supported(at, "aggregate", message));
    }
    let mut common = chains.swap_remove(0);
    common.truncate(depth);
    Ok(common)
}

/// The collections that the path of an aggregate expression comes to, so many at most, and what is behind them.
fn chain<'e>(
    cx: &Context,
    scope: &Scope,
    expr: &'e ast::Expr,
    most: usize,
) -> BindResult<(Vec<Related>, Option<Rest<'e>>)> {
    let (mut found, mut rest): (Vec<Related>, Option<Rest>) = (Vec::new(), None);
    while found.len() < most {
        let next = match (&rest, found.last()) {
            (None, _) => leading_collection(cx, scope, expr)?,
            (Some(Rest::Path(path)), Some(last)) => {
                let expr = ast::Expr { at: expr.at, kind: ast::ExprKind::Path(path.clone()) };
                let next = leading_collection(cx, &inside(scope, last), &expr)?;
                // What is behind it has been copied out of the path.
                next.and_then(|(related, rest)| Some((related, rest.owned()?)))
            }
            _ => None,
        };
        let Some((related, behind)) = next else { break };
        found.push(related);
        rest = Some(behind);
    }
    Ok((found, rest))
}

/// Binds what `aggregate` has for one name, where the collections that its path goes through are beside the rows.
pub fn bind_beside(cx: &Context, scope: &Scope, common: &[Related], item: &Aggregate) -> BindResult<Expr> {
    let Some(related) = common.last() else {
        return bind_aggregate(cx, scope, item);
    };
    let inner = inside(scope, related);
    let path = match chain(cx, scope, &item.expr, common.len())? {
        (_, Some(Rest::Path(path))) => path,
        _ => {
            let key = cx.type_of(related.set).key[0];
            let ty = cx.type_of(related.set).properties[key].ty;
            let kind = ExprKind::Property(Place::of(related.variable, related.set), key);
            let there =
                ExprKind::Aggregate(Aggregation::Count, Some(Box::new(read(item.at, ty, true, kind))));
            return Ok(typed(item.at, P::Decimal, false, there));
        }
    };
    let expr = ast::Expr { at: item.at, kind: ast::ExprKind::Path(path) };
    if let Some((deeper, rest)) = leading_collection(cx, &inner, &expr)? {
        return outer(gather(cx, &inner, deeper, rest, item)?, item);
    }
    let (method, value) = method_and_value(cx, &inner, item, &expr)?;
    made(cx, method, value, item.at, |value| ExprKind::Aggregate(method, Some(Box::new(value))))
}

/// Binds `aggregate(…)` behind a collection in a path.
pub fn bind_in_path(cx: &Context, related: Related, item: &Aggregate) -> BindResult<Expr> {
    if let Some(from) = item.from.first() {
        return Err(not_supported(from.at, "from", "from is not supported in paths."));
    }
    let scope = Scope::of_expanded(Place::of(related.variable, related.set));
    gather(cx, &scope, related, Rest::Expr(&item.expr), item)
}

/// What is aggregated, of those instances alone for which a condition holds.
pub fn only_of(condition: &Expr, value: Expr) -> Expr {
    let ExprKind::Aggregate(method, of) = value.kind else {
        return value;
    };
    let of = match of {
        Some(of) => match *of {
            Expr { kind: ExprKind::Gather(inner, of, mut related), at, primitive, enumeration, nullable } => {
                related.predicate = both(Some(condition.clone()), related.predicate);
                Expr { at, primitive, enumeration, nullable, kind: ExprKind::Gather(inner, of, related) }
            }
            of => only_where(condition, of),
        },
        None => there(condition.clone()),
    };
    Expr { kind: ExprKind::Aggregate(method, Some(Box::new(of))), ..value }
}

/// What is made of the entities of a collection.
enum Rest<'e> {
    /// They are counted.
    Count,
    /// A path from each of them.
    Path(ast::Path),
    /// An expression.
    Expr(&'e ast::Expr),
}

impl Rest<'_> {
    /// The same without anything borrowed; none of an expression.
    fn owned<'e>(self) -> Option<Rest<'e>> {
        match self {
            Rest::Count => Some(Rest::Count),
            Rest::Path(path) => Some(Rest::Path(path)),
            Rest::Expr(_) => None,
        }
    }
}

fn gather(cx: &Context, scope: &Scope, related: Related, rest: Rest, item: &Aggregate) -> BindResult<Expr> {
    let path;
    let expr = match rest {
        Rest::Count => None,
        Rest::Expr(expr) if counts(expr) => None,
        Rest::Expr(expr) => Some(expr),
        Rest::Path(rest) => {
            path = ast::Expr { at: item.at, kind: ast::ExprKind::Path(rest) };
            Some(&path)
        }
    };
    let Some(expr) = expr else {
        let kind = ExprKind::Gather(Aggregation::Count, None, Box::new(related));
        return Ok(typed(item.at, P::Decimal, false, kind));
    };
    let inner = inside(scope, &related);
    if let Some((deeper, rest)) = leading_collection(cx, &inner, expr)? {
        let gathered = gather(cx, &inner, deeper, rest, item)?;
        return together(gathered, item, |method, of| {
            ExprKind::Gather(method, Some(Box::new(of)), Box::new(related))
        });
    }
    let (method, value) = method_and_value(cx, &inner, item, expr)?;
    made(cx, method, value, item.at, |value| {
        ExprKind::Gather(method, Some(Box::new(value)), Box::new(related))
    })
}

/// What is in sight of an entity of a collection.
fn inside(scope: &Scope, related: &Related) -> Scope {
    let own = Place::of(related.variable, related.set);
    Scope { implicit: Some(own), named: Rc::default(), ..scope.clone() }
}

/// What was made of the collection of each row, put together for all rows.
fn outer(gathered: Expr, item: &Aggregate) -> BindResult<Expr> {
    together(gathered, item, |method, of| ExprKind::Aggregate(method, Some(Box::new(of))))
}

/// What was made of some collections, put together.
fn together(
    gathered: Expr,
    item: &Aggregate,
    kind: impl FnOnce(Aggregation, Expr) -> ExprKind,
) -> BindResult<Expr> {
    let ExprKind::Gather(method, ..) = &gathered.kind else {
        return Ok(gathered);
    };
    let again = match method {
        // An average of averages is that of all values, each counted once.
        Aggregation::Min | Aggregation::Max | Aggregation::Average => *method,
        Aggregation::Count | Aggregation::Sum => Aggregation::Sum,
        Aggregation::CountDistinct => {
            let message = "countdistinct through a collection is not supported here.";
            return Err(not_supported(item.at, "aggregate", message));
        }
    };
    let (at, primitive) = (gathered.at, gathered.primitive.unwrap_or(P::Decimal));
    // Sums of sums need more room.
    let primitive = if again == Aggregation::Sum && primitive == P::Int64 { P::Decimal } else { primitive };
    let enumeration = gathered.enumeration;
    Ok(Expr { enumeration, ..typed(at, primitive, true, kind(again, gathered)) })
}

/// The number of entities of a collection as the value of an instance, as a method takes it.
fn is_counted_value(item: &Aggregate) -> bool {
    item.method.is_some() && item.expr.ends_in_count()
}

/// `$count` alone.
fn counts(expr: &ast::Expr) -> bool {
    let ast::ExprKind::Path(path) = &expr.kind else {
        return false;
    };
    matches!(path.segments.as_slice(), [PathSegment { kind: PathSegmentKind::Count(options), .. }]
        if **options == ast::Options::default())
}

/// Where the path of an aggregate expression comes to a collection: that, and the rest.
fn leading_collection<'e>(
    cx: &Context,
    scope: &Scope,
    expr: &'e ast::Expr,
) -> BindResult<Option<(Related, Rest<'e>)>> {
    let (ast::ExprKind::Path(path), Some(start)) = (&expr.kind, &scope.implicit) else {
        return Ok(None);
    };
    if path.root != PathRoot::Implicit {
        return Ok(None);
    }
    let (mut place, mut guard) = (start.clone(), None);
    for (number, segment) in path.segments.iter().enumerate() {
        let PathSegmentKind::Name { name, args: None } = &segment.kind else {
            return Ok(None);
        };
        if through_cast(cx, &mut place, &mut guard, (name, segment.at))? {
            continue;
        }
        let ty = cx.type_of(place.target());
        let Some(index) = ty.find_navigation_of(name, place.of) else {
            return Ok(None);
        };
        cx.count_navigation(segment.at)?;
        let navigation = &ty.navigation[index];
        if !navigation.collection {
            place.path.push((index, navigation.target_set));
            place.of = None;
            continue;
        }
        let set = navigation.target_set;
        let from = Some((place, index));
        let related = Related { from, set, variable: cx.new_variable(), predicate: guard };
        let rest = &path.segments[number + 1..];
        let rest = match rest {
            [] => {
                return Err(invalid(
                    segment.at,
                    name,
                    "A collection is no value; aggregate a property of it.",
                ));
            }
            [PathSegment { kind: PathSegmentKind::Count(options), .. }]
                if **options == ast::Options::default() =>
            {
                Rest::Count
            }
            [PathSegment { kind: PathSegmentKind::Name { .. }, .. }, ..] => {
                Rest::Path(ast::Path { root: PathRoot::Implicit, segments: rest.to_vec() })
            }
            _ => return Ok(None),
        };
        return Ok(Some((related, rest)));
    }
    Ok(None)
}

fn method_and_value(
    cx: &Context,
    scope: &Scope,
    item: &Aggregate,
    expr: &ast::Expr,
) -> BindResult<(Aggregation, Expr)> {
    let Some(method) = &item.method else {
        let message = "There are no custom aggregates; a method is needed, as in 'Amount with sum as Total'.";
        return Err(invalid(item.at, "aggregate", message));
    };
    let value = bind(cx, scope, expr)?;
    if value.primitive.is_none() {
        return Err(invalid(item.at, "aggregate", "Null alone cannot be aggregated."));
    }
    Ok((aggregation(method)?, value))
}

/// The method by its name.
pub fn aggregation(method: &Method) -> BindResult<Aggregation> {
    Ok(match &method.kind {
        MethodKind::Sum => Aggregation::Sum,
        MethodKind::Min => Aggregation::Min,
        MethodKind::Max => Aggregation::Max,
        MethodKind::Average => Aggregation::Average,
        MethodKind::CountDistinct => Aggregation::CountDistinct,
        MethodKind::Custom(name) => {
            return Err(invalid(method.at, name, format!("There is no aggregation method '{name}'.")));
        }
    })
}

/// The type of what a method makes of values, and whether it can be null.
pub fn result(cx: &Context, method: Aggregation, value: &Expr, at: u32) -> BindResult<(P, bool)> {
    let own = value.primitive.unwrap_or(P::String);
    let refused = |needed: &str| {
        let found = enumeration::type_name(cx, value);
        invalid(at, "aggregate", format!("This method takes {needed}, not {found}."))
    };
    Ok(match method {
        Aggregation::Count | Aggregation::CountDistinct => (P::Decimal, false),
        Aggregation::Sum | Aggregation::Average if !own.is_numeric() => return Err(refused("numbers")),
        Aggregation::Average => (P::Double, true),
        Aggregation::Sum => match own {
            P::Double | P::Single => (P::Double, true),
            // A sum of these may need more than 64 bits.
            P::Int64 | P::Decimal => (P::Decimal, true),
            _ => (P::Int64, true),
        },
        Aggregation::Min | Aggregation::Max
            if value.enumeration.is_some_and(|id| cx.model.enum_type(id).flags) =>
        {
            return Err(refused("values that have an order"));
        }
        Aggregation::Min | Aggregation::Max => match own {
            P::Boolean | P::Binary | P::Guid => return Err(refused("values that have an order")),
            _ => (own, true),
        },
    })
}
