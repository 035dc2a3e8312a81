//! Dynamic properties in expressions: what they meet says of which type they are (Part 2 section 5.1.1.13).

use super::error::{BindResult, invalid, not_supported};
use super::expr::{meet, typed};
use super::member::misplaced;
use crate::lexical::identifier;
use crate::model::PrimitiveType as P;
use crate::query::{Expr, ExprKind, Order, Place};
use crate::url::ast::{PathSegment, PathSegmentKind};

/// A path into the JSON object of an open type.
pub fn bind_dynamic(place: Place, name: &str, segments: &[PathSegment], at: u32) -> BindResult<Expr> {
    let mut names = vec![name.to_owned()];
    for segment in segments {
        match &segment.kind {
            PathSegmentKind::Name { name, args: None } if identifier(name).is_ok() => {
                names.push(name.clone())
            }
            PathSegmentKind::Any(_)
            | PathSegmentKind::All(_)
            | PathSegmentKind::Count(_)
            | PathSegmentKind::Filter(_) => {
                let message = format!(
                    "'{name}' is a dynamic property, of which nobody knows whether it is a collection."
                );
                return Err(not_supported(segment.at, name, message));
            }
            _ => return Err(misplaced(segment)),
        }
    }
    Ok(Expr { at, primitive: None, enumeration: None, nullable: true, kind: ExprKind::Dynamic(place, names) })
}

/// Whether the type of a dynamic property is not known yet.
pub fn is_open(expr: &Expr) -> bool {
    open_names(expr).is_some()
}

/// The names of a dynamic property whose type is not known yet; it may be one of entities of some types only.
fn open_names(expr: &Expr) -> Option<&[String]> {
    match &expr.kind {
        _ if expr.primitive.is_some() => None,
        ExprKind::Dynamic(_, names) => Some(names),
        ExprKind::Case(branches) => match branches.as_slice() {
            [(_, value)] => open_names(value),
            _ => None,
        },
        _ => None,
    }
}

/// A dynamic property as the value of a type that JSON has.
fn with_type(expr: Expr, primitive: P) -> Expr {
    let kind = match expr.kind {
        ExprKind::Case(branches) => ExprKind::Case(
            branches.into_iter().map(|(condition, value)| (condition, with_type(value, primitive))).collect(),
        ),
        kind => kind,
    };
    Expr { primitive: Some(primitive), kind, ..expr }
}

/// Refuses a dynamic property where nothing says of which type it is.
pub fn known(expr: Expr) -> BindResult<Expr> {
    let Some(names) = open_names(&expr) else {
        return Ok(expr);
    };
    let name = names.join("/");
    let message = format!(
        "'{name}' is a dynamic property, and nothing says of which type; cast({name},Edm.String) does."
    );
    Err(not_supported(expr.at, &name, message))
}

/// A dynamic property as a value of a type. What else comes stays as it is.
pub fn as_type(expr: Expr, primitive: P) -> BindResult<Expr> {
    if !is_open(&expr) {
        return Ok(expr);
    }
    let (at, own) = (expr.at, |own| with_type(expr.clone(), own));
    Ok(match primitive {
        P::String | P::Boolean | P::Double => own(primitive),
        P::Single => own(P::Double),
        p if p.is_numeric() => own(P::Decimal),
        // JSON has texts for them.
        P::Date | P::DateTimeOffset | P::TimeOfDay | P::Guid | P::Duration | P::Binary => {
            typed(at, primitive, true, ExprKind::Cast(Box::new(own(P::String))))
        }
        other => {
            let message = format!("A dynamic property as a value of {} is not supported.", other.name());
            return Err(not_supported(at, other.name(), message));
        }
    })
}

/// Two operands, of which one can say of which type the other is.
pub fn meeting(left: Expr, right: Expr) -> BindResult<(Expr, Expr)> {
    match (is_open(&left), is_open(&right)) {
        (true, true) => Ok((known(left)?, right)),
        (true, false) if right.primitive.is_some() => Ok((as_known(left, &right)?, right)),
        (false, true) if left.primitive.is_some() => {
            let right = as_known(right, &left)?;
            Ok((left, right))
        }
        _ => Ok((left, right)),
    }
}

fn as_known(expr: Expr, other: &Expr) -> BindResult<Expr> {
    match (other.primitive, other.enumeration) {
        (_, Some(_)) => known(expr),
        (Some(primitive), None) => as_type(expr, primitive),
        (None, None) => Ok(expr),
    }
}

/// A dynamic property before `in`, and the constants behind it.
pub fn listed(needle: Expr, items: Vec<Expr>) -> BindResult<(Expr, Vec<Expr>)> {
    if !is_open(&needle) {
        return Ok((needle, items));
    }
    let types = items.iter().filter_map(|item| item.primitive);
    let wider = |a: P, b: P| match (a, b) {
        (P::Double | P::Single, b) if b.is_numeric() => P::Double,
        (a, P::Double | P::Single) if a.is_numeric() => P::Double,
        (a, b) if a != b && a.is_numeric() && b.is_numeric() => P::Decimal,
        (a, _) => a,
    };
    let Some(primitive) = types.reduce(wider) else {
        return Ok((needle, items));
    };
    let needle = as_type(needle, primitive)?;
    let item = |item: Expr| match item.primitive {
        Some(own) if own != primitive && !(own.is_numeric() && primitive.is_numeric()) => {
            let message = "The values of the list are of several types, so nobody knows of which the dynamic property is.";
            Err(invalid(item.at, "in", message))
        }
        _ => {
            let at = item.at;
            meet(item, needle.primitive, at)
        }
    };
    let items = items.into_iter().map(item).collect::<BindResult<Vec<Expr>>>()?;
    Ok((needle, items))
}

/// The order of a dynamic property: first what has none of the types, then texts, numbers, truths, each in their order.
pub fn ordered(order: Order) -> Vec<Order> {
    if !is_open(&order.expr) {
        return vec![order];
    }
    let of =
        |primitive| Order { expr: with_type(order.expr.clone(), primitive), descending: order.descending };
    vec![of(P::Boolean), of(P::Decimal), of(P::String)]
}
