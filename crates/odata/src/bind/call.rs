//! Canonical functions: names, arguments and result types (Part 2 section 5.1.1.5 to 5.1.1.12).

use super::constant::coerce;
use super::dynamic::{as_type, known};
use super::enumeration;
use super::error::{BindResult, invalid, limit_exceeded, not_supported};
use super::expr::{bind, bind_any, bind_condition, bind_open, bind_text, constant, duration, meet, typed};
use super::isof;
use super::scope::{Context, Scope};
use super::subset::{has_subsequence, has_subset};
use crate::cast::{as_text, text_as};
use crate::model::{PrimitiveType as P, Shape, Type};
use crate::query::{Expr, ExprKind, Function as F};
use crate::temporal::Instant;
use crate::url::{ast, cast_segments};
use crate::value::Value;

/// The types that an argument may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Number,
    Dated,
    Clocked,
    Instant,
    Fractional,
    Duration,
    Shape,
    Line,
}

impl Kind {
    fn takes(self, p: P) -> bool {
        match self {
            Kind::Text => p == P::String,
            Kind::Integer => p.is_integer(),
            Kind::Number => p.is_numeric(),
            Kind::Dated => matches!(p, P::Date | P::DateTimeOffset),
            Kind::Clocked | Kind::Fractional => matches!(p, P::TimeOfDay | P::DateTimeOffset),
            Kind::Instant => p == P::DateTimeOffset,
            Kind::Duration => p == P::Duration,
            Kind::Shape => p.is_shape(),
            Kind::Line => {
                matches!(p, P::Shape(_, Shape::LineString | Shape::MultiLineString | Shape::Any))
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Text => "Edm.String",
            Kind::Integer => "an integer type",
            Kind::Number => "a numeric type",
            Kind::Dated => "Edm.Date or Edm.DateTimeOffset",
            Kind::Clocked | Kind::Fractional => "Edm.TimeOfDay or Edm.DateTimeOffset",
            Kind::Instant => "Edm.DateTimeOffset",
            Kind::Duration => "Edm.Duration",
            Kind::Shape => "a shape",
            Kind::Line => "a line",
        }
    }
}

/// Name, function, arguments, how many of them are needed, result; no result means that of the argument.
type Signature = (&'static str, F, &'static [Kind], usize, Option<P>);

const SIGNATURES: &[Signature] = &[
    ("concat", F::Concat, &[Kind::Text, Kind::Text], 2, Some(P::String)),
    ("contains", F::Contains, &[Kind::Text, Kind::Text], 2, Some(P::Boolean)),
    ("endswith", F::EndsWith, &[Kind::Text, Kind::Text], 2, Some(P::Boolean)),
    ("geo.distance", F::GeoDistance, &[Kind::Shape, Kind::Shape], 2, Some(P::Double)),
    ("geo.intersects", F::GeoIntersects, &[Kind::Shape, Kind::Shape], 2, Some(P::Boolean)),
    ("geo.length", F::GeoLength, &[Kind::Line], 1, Some(P::Double)),
    ("indexof", F::IndexOf, &[Kind::Text, Kind::Text], 2, Some(P::Int32)),
    ("length", F::Length, &[Kind::Text], 1, Some(P::Int32)),
    ("matchespattern", F::MatchesPattern, &[Kind::Text, Kind::Text], 2, Some(P::Boolean)),
    ("startswith", F::StartsWith, &[Kind::Text, Kind::Text], 2, Some(P::Boolean)),
    ("substring", F::Substring, &[Kind::Text, Kind::Integer, Kind::Integer], 2, Some(P::String)),
    ("tolower", F::ToLower, &[Kind::Text], 1, Some(P::String)),
    ("toupper", F::ToUpper, &[Kind::Text], 1, Some(P::String)),
    ("trim", F::Trim, &[Kind::Text], 1, Some(P::String)),
    ("date", F::Date, &[Kind::Dated], 1, Some(P::Date)),
    ("day", F::Day, &[Kind::Dated], 1, Some(P::Int32)),
    ("fractionalseconds", F::FractionalSeconds, &[Kind::Fractional], 1, Some(P::Decimal)),
    ("hour", F::Hour, &[Kind::Clocked], 1, Some(P::Int32)),
    ("maxdatetime", F::MaxDateTime, &[], 0, Some(P::DateTimeOffset)),
    ("mindatetime", F::MinDateTime, &[], 0, Some(P::DateTimeOffset)),
    ("minute", F::Minute, &[Kind::Clocked], 1, Some(P::Int32)),
    ("month", F::Month, &[Kind::Dated], 1, Some(P::Int32)),
    ("now", F::Now, &[], 0, Some(P::DateTimeOffset)),
    ("second", F::Second, &[Kind::Clocked], 1, Some(P::Int32)),
    ("time", F::Time, &[Kind::Instant], 1, Some(P::TimeOfDay)),
    ("totaloffsetminutes", F::TotalOffsetMinutes, &[Kind::Instant], 1, Some(P::Int32)),
    ("totalseconds", F::TotalSeconds, &[Kind::Duration], 1, Some(P::Decimal)),
    ("year", F::Year, &[Kind::Dated], 1, Some(P::Int32)),
    ("ceiling", F::Ceiling, &[Kind::Number], 1, None),
    ("floor", F::Floor, &[Kind::Number], 1, None),
    ("round", F::Round, &[Kind::Number], 1, None),
];

/// Functions that have a value, or null, for all arguments. Others are an error for some.
const NEVER_FAIL: &[&str] = &[
    "case",
    "contains",
    "date",
    "day",
    "endswith",
    "fractionalseconds",
    "hassubsequence",
    "hassubset",
    "hour",
    "indexof",
    "isof",
    "length",
    "maxdatetime",
    "mindatetime",
    "minute",
    "month",
    "now",
    "second",
    "startswith",
    "time",
    "tolower",
    "toupper",
    "trim",
    "year",
];

/// Binds a call of a canonical function.
pub fn bind_call(cx: &Context, scope: &Scope, name: &str, args: &[ast::Expr], at: u32) -> BindResult<Expr> {
    let lower = name.to_ascii_lowercase();
    cx.note_failing(!NEVER_FAIL.contains(&lower.as_str()));
    match lower.as_str() {
        "cast" => return bind_cast(cx, scope, args, at),
        "isof" => return isof::bind_isof(cx, scope, args, at),
        "case" => return bind_case(cx, scope, args, at),
        "hassubset" => return has_subset(cx, scope, args, at),
        "hassubsequence" => return has_subsequence(cx, scope, args, at),
        _ => {}
    }
    let Some((_, function, kinds, needed, result)) = SIGNATURES.iter().find(|s| s.0 == lower) else {
        return Err(invalid(at, name, format!("There is no function '{name}'.")));
    };
    if args.len() < *needed || args.len() > kinds.len() {
        let message =
            format!("Function '{name}' takes {needed} to {} arguments, not {}.", kinds.len(), args.len());
        return Err(invalid(at, name, message));
    }
    let mut bound = Vec::with_capacity(args.len());
    for (kind, arg) in kinds.iter().zip(args) {
        bound.push(argument(cx, scope, (name, *function), *kind, arg)?);
    }
    match function {
        F::Now if cx.rule.get().is_some() => {
            return Err(not_supported(
                at,
                name,
                "A condition on rows cannot ask for the time of the request.",
            ));
        }
        F::Now => return Ok(constant(at, Value::DateTimeOffset(cx.now.to_owned()))),
        F::MinDateTime => {
            return Ok(constant(at, Value::DateTimeOffset("0001-01-01T00:00:00".to_owned())));
        }
        F::MaxDateTime => {
            return Ok(constant(at, Value::DateTimeOffset("9999-12-31T23:59:59.999999999999".to_owned())));
        }
        F::MatchesPattern => pattern(cx, name, &bound[1])?,
        // A constant is in UTC from then on.
        F::TotalOffsetMinutes if let Some(minutes) = told_offset(&args[0]) => {
            return Ok(typed(at, P::Int32, false, ExprKind::Value(Value::Integer(minutes))));
        }
        _ => {}
    }
    one_space(name, &bound, at)?;
    let nullable = bound.iter().any(|b| b.nullable);
    let result = result.or(bound[0].primitive).unwrap_or(P::Int64);
    Ok(typed(at, result, nullable, ExprKind::Call(*function, bound)))
}

/// A pattern that is known is one.
fn pattern(cx: &Context, name: &str, told: &Expr) -> BindResult<()> {
    cx.count_pattern(told.at)?;
    let ExprKind::Value(Value::String(text)) = &told.kind else {
        return Ok(());
    };
    crate::pattern::parse(text).map(drop).map_err(|mistake| match mistake.limit {
        true => {
            let message =
                format!("The second argument of '{name}' is too large. {mistake} (fixed limit `pattern`).");
            limit_exceeded(told.at, name, message)
        }
        false => {
            let message = format!("The second argument of '{name}' is no regular expression. {mistake}.");
            invalid(told.at, name, message)
        }
    })
}

/// Minutes that a literal says to be ahead of UTC.
fn told_offset(literal: &ast::Expr) -> Option<i64> {
    match &literal.kind {
        ast::ExprKind::Literal(ast::Literal::DateTimeOffset(text)) => {
            Instant::parse(text).map(|instant| instant.offset.into())
        }
        _ => None,
    }
}

/// Shapes on the globe and on a plane have nothing to do with each other.
fn one_space(name: &str, arguments: &[Expr], at: u32) -> BindResult<()> {
    let mut spaces = arguments.iter().filter_map(|argument| match argument.primitive {
        Some(P::Shape(space, _)) => Some(space),
        _ => None,
    });
    let first = spaces.next();
    if spaces.all(|space| Some(space) == first) {
        return Ok(());
    }
    let message = format!("Both shapes of '{name}' are of Edm.Geography, or both of Edm.Geometry.");
    Err(invalid(at, name, message))
}

/// Functions of texts that the standard has for collections, too.
const OF_COLLECTIONS: &[F] =
    &[F::Concat, F::Contains, F::EndsWith, F::IndexOf, F::Length, F::StartsWith, F::Substring];

fn argument(
    cx: &Context,
    scope: &Scope,
    (name, function): (&str, F),
    kind: Kind,
    arg: &ast::Expr,
) -> BindResult<Expr> {
    let bound = match kind {
        Kind::Shape | Kind::Line => bind_any(cx, scope, arg)?,
        Kind::Text if OF_COLLECTIONS.contains(&function) => bind_text(cx, scope, name, arg)?,
        _ => bind_open(cx, scope, arg)?,
    };
    let bound = match kind {
        Kind::Text => as_type(bound, P::String)?,
        Kind::Number => as_type(bound, P::Decimal)?,
        Kind::Instant => as_type(bound, P::DateTimeOffset)?,
        Kind::Duration => duration(known(bound)?),
        _ => known(bound)?,
    };
    let Some(primitive) = bound.primitive else {
        return Ok(bound);
    };
    if kind.takes(primitive) && bound.enumeration.is_none() {
        return Ok(bound);
    }
    let found = enumeration::type_name(cx, &bound);
    let message = format!("Function '{name}' takes {} here, not {found}.", kind.name());
    Err(invalid(arg.at, name, message))
}

/// The type named by an argument: a path of one qualified name, or a name in quotes as some clients send it.
pub fn type_argument(expr: &ast::Expr) -> Option<&str> {
    match &expr.kind {
        ast::ExprKind::Path(path) if path.root == ast::PathRoot::Implicit => match path.segments.as_slice() {
            [ast::PathSegment { kind: ast::PathSegmentKind::Name { name, args: None }, .. }] => Some(name),
            _ => None,
        },
        ast::ExprKind::Literal(ast::Literal::String(name)) => Some(name),
        _ => None,
    }
}

/// The value and the type of `cast` and `isof`.
pub fn value_and_type(
    cx: &Context,
    scope: &Scope,
    name: &str,
    args: &[ast::Expr],
    at: u32,
) -> BindResult<(Expr, Type)> {
    let (value, ty) = match args {
        [value, ty] => (value, ty),
        [_] => {
            return Err(not_supported(
                at,
                name,
                format!("'{name}' of the instance itself is not supported."),
            ));
        }
        _ => {
            return Err(invalid(at, name, format!("'{name}' takes a value and a type.")));
        }
    };
    let Some(type_name) = type_argument(ty) else {
        return Err(invalid(ty.at, name, format!("The second argument of '{name}' is a type name.")));
    };
    let defined = || cx.model.find_definition(type_name).map(|found| found.underlying);
    let found = P::from_name(type_name).or_else(defined).map(Type::Primitive);
    let Some(found) = found.or_else(|| cx.model.find_enum(type_name).map(Type::Enum)) else {
        return Err(not_supported(ty.at, type_name, format!("'{name}' to '{type_name}' is not supported.")));
    };
    let bound = bind_any(cx, scope, value)?;
    if bound.primitive.is_some_and(P::is_shape) {
        return Err(not_supported(value.at, name, format!("'{name}' of a shape is not supported.")));
    }
    Ok((bound, found))
}

pub fn is_structured(cx: &Context, name: &str) -> bool {
    cx.model.is_entity_type(name) || cx.model.find_complex(name).is_some()
}

/// What `cast` to an entity type or a complex type is as a path.
pub fn structured_cast(cx: &Context, expr: &ast::Expr) -> Option<ast::Path> {
    let ast::ExprKind::Call { name, args } = &expr.kind else {
        return None;
    };
    let ty = args.last().and_then(type_argument)?;
    if name != "cast" || !is_structured(cx, ty) {
        return None;
    }
    let (root, segments) = cast_segments(args)?;
    Some(ast::Path { root, segments })
}

fn bind_cast(cx: &Context, scope: &Scope, args: &[ast::Expr], at: u32) -> BindResult<Expr> {
    if args.last().and_then(type_argument).is_some_and(|name| is_structured(cx, name)) {
        let message = "An entity or a complex value can only be compared with null, and paths can follow it.";
        return Err(invalid(at, "cast", message));
    }
    let (value, ty) = value_and_type(cx, scope, "cast", args, at)?;
    let value = match ty {
        Type::Primitive(primitive) => as_type(value, primitive)?,
        Type::Enum(_) | Type::Complex(_) => known(value)?,
    };
    let primitive = match ty {
        Type::Primitive(primitive) if value.enumeration.is_none() => primitive,
        _ => return cast_enumeration(cx, value, ty, at),
    };
    match value.primitive {
        None => return Ok(typed(at, primitive, true, ExprKind::Value(Value::Null))),
        Some(from) if from == primitive => return Ok(value),
        // They become text, and text becomes one of them.
        Some(from)
            if (is_encoded(from) && primitive != P::String)
                || (is_encoded(primitive) && from != P::String) =>
        {
            return Ok(typed(at, primitive, true, ExprKind::Value(Value::Null)));
        }
        Some(_) => {}
    }
    // A constant needs no database.
    if let ExprKind::Value(known) = &value.kind
        && let (P::String, Some(text)) = (primitive, as_text(known))
    {
        return Ok(constant(at, Value::String(text)));
    }
    if let ExprKind::Value(Value::String(text)) = &value.kind
        && matches!(primitive, P::Date | P::TimeOfDay | P::DateTimeOffset | P::Guid | P::Duration | P::Binary)
    {
        let known = text_as(text, primitive);
        return Ok(typed(at, primitive, known.is_none(), ExprKind::Value(known.unwrap_or(Value::Null))));
    }
    // A number keeps its digits when it is compared with a narrower type, so not every constant is a cast one.
    if let ExprKind::Value(known) = &value.kind
        && let Ok(known) = coerce(known.clone(), primitive, at)
        && known.primitive() == Some(primitive)
    {
        return Ok(typed(at, primitive, false, ExprKind::Value(known)));
    }
    Ok(typed(at, primitive, true, ExprKind::Cast(Box::new(value))))
}

/// Whether values of a type are compared as something else than they are written as.
fn is_encoded(primitive: P) -> bool {
    matches!(primitive, P::Binary | P::Duration)
}

/// Casts from and to enumerations: a member and its name become each other.
fn cast_enumeration(cx: &Context, value: Expr, ty: Type, at: u32) -> BindResult<Expr> {
    let is_constant = matches!(value.kind, ExprKind::Value(_));
    match (value.enumeration, ty) {
        (Some(own), Type::Enum(id)) if own == id => Ok(value),
        (None, Type::Enum(id)) if value.primitive.is_none() => {
            Ok(Expr { enumeration: Some(id), ..typed(at, P::String, true, value.kind) })
        }
        (None, Type::Enum(id)) if is_constant => enumeration::meet(cx, value, id),
        (Some(_), Type::Primitive(P::String)) if is_constant => Ok(Expr { enumeration: None, ..value }),
        (Some(_), Type::Primitive(P::String)) => {
            Ok(typed(at, P::String, value.nullable, ExprKind::Cast(Box::new(value))))
        }
        _ => {
            let (from, to) = (enumeration::type_name(cx, &value), cx.model.type_name(ty));
            Err(not_supported(at, "cast", format!("Casts of {from} to {to} are not supported.")))
        }
    }
}

fn bind_case(cx: &Context, scope: &Scope, args: &[ast::Expr], at: u32) -> BindResult<Expr> {
    if args.is_empty() || !args.len().is_multiple_of(2) {
        return Err(invalid(at, "case", "'case' takes pairs of a condition and a value."));
    }
    let mut pairs: Vec<(Expr, Expr)> = Vec::with_capacity(args.len() / 2);
    let mut primitive: Option<P> = None;
    for pair in args.chunks_exact(2) {
        let condition = bind_condition(cx, scope, &pair[0], "case")?;
        let value = bind(cx, scope, &pair[1])?;
        if value.enumeration.is_some() {
            let message = "Values of enumerations in 'case' are not supported; cast them to Edm.String.";
            return Err(not_supported(pair[1].at, "case", message));
        }
        primitive = match (primitive, value.primitive) {
            (Some(a), Some(b)) if a != b && a.is_numeric() && b.is_numeric() => Some(wider(a, b)),
            (known, new) => known.or(new),
        };
        pairs.push((condition, value));
    }
    for ((_, value), arg) in pairs.iter_mut().zip(args.chunks_exact(2)) {
        let met = meet(value.clone(), primitive, arg[1].at)?;
        *value = match primitive {
            // Numbers of several types meet in the widest one.
            Some(wide) if met.primitive.is_some_and(|own| own != wide) => {
                typed(met.at, wide, true, ExprKind::Cast(Box::new(met)))
            }
            _ => met,
        };
    }
    Ok(Expr { at, primitive, enumeration: None, nullable: true, kind: ExprKind::Case(pairs) })
}

/// The numeric type that holds the values of two others.
fn wider(a: P, b: P) -> P {
    let float = |p| matches!(p, P::Double | P::Single);
    match (a, b) {
        (a, b) if float(a) || float(b) => P::Double,
        (P::Decimal, _) | (_, P::Decimal) => P::Decimal,
        _ => P::Int64,
    }
}
