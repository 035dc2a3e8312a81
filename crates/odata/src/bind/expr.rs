//! Expressions: operators get their types, constants the type of what they meet (Part 2 section 5.1.1).

use super::call::structured_cast;
use super::constant::{coerce, read};
use super::days;
use super::dynamic;
use super::enumeration;
use super::error::{BindError, BindResult, invalid, not_supported};
use super::member::{Member, bind_path, both};
use super::rule;
use super::same;
use super::scope::{Context, Scope};
use super::subset::{self, Values, literals};
use crate::model::{ComplexTypeId, PrimitiveType};
use crate::query::{Arithmetic, Comparison, Expr, ExprKind, Place};
use crate::url::ast::{self, BinaryOp, UnaryOp};
use crate::value::Value;

/// Puts a typed expression together.
pub fn typed(at: u32, primitive: PrimitiveType, nullable: bool, kind: ExprKind) -> Expr {
    Expr { at, primitive: Some(primitive), enumeration: None, nullable, kind }
}

/// A condition, which is never null.
pub fn condition(at: u32, kind: ExprKind) -> Expr {
    typed(at, PrimitiveType::Boolean, false, kind)
}

/// A constant with the type it has by itself.
pub fn constant(at: u32, value: Value) -> Expr {
    let primitive = value.primitive();
    Expr { at, primitive, enumeration: None, nullable: primitive.is_none(), kind: ExprKind::Value(value) }
}

/// Binds an expression that must be a condition.
pub fn bind_condition(cx: &Context, scope: &Scope, expr: &ast::Expr, target: &str) -> BindResult<Expr> {
    let bound = dynamic::as_type(bind_open(cx, scope, expr)?, PrimitiveType::Boolean)?;
    match bound.primitive {
        Some(PrimitiveType::Boolean) | None => Ok(bound),
        Some(_) => {
            let found = enumeration::type_name(cx, &bound);
            let message = format!("A condition is needed here, not a value of {found}.");
            Err(invalid(expr.at, target, message))
        }
    }
}

/// Binds an expression to a primitive value of a type that is known.
pub fn bind(cx: &Context, scope: &Scope, expr: &ast::Expr) -> BindResult<Expr> {
    dynamic::known(bind_open(cx, scope, expr)?)
}

/// The same, where what is around it can say of which type a dynamic property is.
pub fn bind_open(cx: &Context, scope: &Scope, expr: &ast::Expr) -> BindResult<Expr> {
    let bound = bind_any(cx, scope, expr)?;
    if bound.primitive.is_some_and(PrimitiveType::is_shape) {
        let message =
            "A shape can be compared with null, and stand in geo.distance, geo.intersects and geo.length.";
        return Err(invalid(expr.at, "geo", message));
    }
    Ok(bound)
}

/// The same, where it may be a shape.
pub fn bind_any(cx: &Context, scope: &Scope, expr: &ast::Expr) -> BindResult<Expr> {
    cx.count_nodes(expr.at, 1)?;
    cx.deeper(expr.at, || bind_here(cx, scope, expr))
}

fn bind_here(cx: &Context, scope: &Scope, expr: &ast::Expr) -> BindResult<Expr> {
    let at = expr.at;
    match &expr.kind {
        ast::ExprKind::Literal(literal) => enumeration::from_literal(cx, literal, at),
        ast::ExprKind::Alias(name) => rule::bind_alias(cx, scope, name, at),
        ast::ExprKind::Path(path) => value_of(bind_path(cx, scope, path, at)?, at),
        ast::ExprKind::Call { name, args } => super::call::bind_call(cx, scope, name, args, at),
        ast::ExprKind::Unary(UnaryOp::Not, operand) => {
            let operand = bind_condition(cx, scope, operand, "not")?;
            Ok(typed(at, PrimitiveType::Boolean, operand.nullable, ExprKind::Not(Box::new(operand))))
        }
        ast::ExprKind::Unary(UnaryOp::Negate, operand) => negate(cx, scope, operand, at),
        ast::ExprKind::Binary(op, left, right) => bind_binary(cx, scope, *op, left, right, at),
        ast::ExprKind::In(left, list) => super::list::bind_in(cx, scope, left, list, at),
        ast::ExprKind::List(items) if items.len() == 1 => bind_open(cx, scope, &items[0]),
        ast::ExprKind::List(_) => Err(invalid(at, "list", "A list can only stand after 'in'.")),
        ast::ExprKind::Array(_) => {
            Err(not_supported(at, "list", "A list elsewhere than behind 'in' is not supported."))
        }
        ast::ExprKind::Object(_) => {
            Err(not_supported(at, "object", "Objects in expressions are not supported."))
        }
    }
}

/// The same, as an argument of a function that the standard has for collections, too (section 5.1.1.5).
pub fn bind_text(cx: &Context, scope: &Scope, function: &str, expr: &ast::Expr) -> BindResult<Expr> {
    let collection = || {
        let message = format!("'{function}' of collections and lists is not supported.");
        not_supported(expr.at, function, message)
    };
    match &expr.kind {
        ast::ExprKind::Array(_) => Err(collection()),
        ast::ExprKind::Path(path) => {
            cx.count_nodes(expr.at, 1)?;
            match cx.deeper(expr.at, || bind_path(cx, scope, path, expr.at))? {
                Member::Entities | Member::Values(..) | Member::Items(..) => Err(collection()),
                member => value_of(member, expr.at),
            }
        }
        _ => bind_open(cx, scope, expr),
    }
}

/// The primitive value that a path leads to.
fn value_of(member: Member, at: u32) -> BindResult<Expr> {
    match member {
        Member::Value(bound) => Ok(bound),
        Member::Entity(..) => Err(invalid(at, "navigation", "An entity can only be compared with null.")),
        Member::Entities | Member::Values(..) | Member::Items(..) => Err(no_value(at)),
        Member::There(_) => {
            let message =
                "Entities and complex values of rows that $apply made can only be compared with null.";
            Err(not_supported(at, "$apply", message))
        }
        Member::Complex(..) => {
            let message =
                "A complex value can only be compared with null or another one; its parts can stand here.";
            Err(not_supported(at, "complex", message))
        }
    }
}

fn no_value(at: u32) -> BindError {
    invalid(at, "navigation", "A collection is not a value; use any, all or $count on it.")
}

fn negate(cx: &Context, scope: &Scope, operand: &ast::Expr, at: u32) -> BindResult<Expr> {
    let operand = duration(dynamic::as_type(bind_open(cx, scope, operand)?, PrimitiveType::Decimal)?);
    let Some(primitive) = operand.primitive else {
        return Ok(operand);
    };
    if !primitive.is_numeric() && primitive != PrimitiveType::Duration {
        let found = enumeration::type_name(cx, &operand);
        return Err(invalid(at, "-", format!("A value of {found} has no negative.")));
    }
    let primitive = if primitive.is_integer() { PrimitiveType::Int64 } else { primitive };
    cx.note_failing(!is_constant(&operand));
    Ok(typed(at, primitive, operand.nullable, ExprKind::Negate(Box::new(operand))))
}

fn bind_binary(
    cx: &Context,
    scope: &Scope,
    op: BinaryOp,
    left: &ast::Expr,
    right: &ast::Expr,
    at: u32,
) -> BindResult<Expr> {
    let comparison = match op {
        BinaryOp::And | BinaryOp::Or => return bind_chain(cx, scope, op, left, right, at),
        BinaryOp::Has => {
            let (left, right) = (bind(cx, scope, left)?, bind(cx, scope, right)?);
            return enumeration::has(cx, left, right, at);
        }
        BinaryOp::Add => return arithmetic(cx, scope, Arithmetic::Add, left, right, at),
        BinaryOp::Sub => return arithmetic(cx, scope, Arithmetic::Sub, left, right, at),
        BinaryOp::Mul => return arithmetic(cx, scope, Arithmetic::Mul, left, right, at),
        BinaryOp::Div => return arithmetic(cx, scope, Arithmetic::Div, left, right, at),
        BinaryOp::DivBy => return arithmetic(cx, scope, Arithmetic::DivBy, left, right, at),
        BinaryOp::Mod => return arithmetic(cx, scope, Arithmetic::Mod, left, right, at),
        BinaryOp::Eq => Comparison::Eq,
        BinaryOp::Ne => Comparison::Ne,
        BinaryOp::Gt => Comparison::Gt,
        BinaryOp::Ge => Comparison::Ge,
        BinaryOp::Lt => Comparison::Lt,
        BinaryOp::Le => Comparison::Le,
    };
    compare(cx, scope, comparison, left, right, at)
}

/// Binds `a and b and c …` as a balanced tree, so that a long chain is not a deep one.
fn bind_chain(
    cx: &Context,
    scope: &Scope,
    op: BinaryOp,
    left: &ast::Expr,
    right: &ast::Expr,
    at: u32,
) -> BindResult<Expr> {
    let word = if op == BinaryOp::And { "and" } else { "or" };
    let mut operands = vec![right];
    let mut rest = left;
    while let ast::ExprKind::Binary(same, left, right) = &rest.kind
        && *same == op
    {
        operands.push(right);
        rest = left;
    }
    operands.push(rest);
    let operands = operands
        .into_iter()
        .rev()
        .map(|operand| bind_condition(cx, scope, operand, word))
        .collect::<BindResult<Vec<Expr>>>()?;
    balanced(op, operands, at).ok_or_else(|| invalid(at, word, "An operand is missing."))
}

/// Joins conditions by `and` or `or` as a balanced tree.
pub fn balanced(op: BinaryOp, mut level: Vec<Expr>, at: u32) -> Option<Expr> {
    while level.len() > 1 {
        let mut next = Vec::with_capacity(level.len().div_ceil(2));
        let mut operands = level.into_iter();
        while let Some(left) = operands.next() {
            let Some(right) = operands.next() else {
                next.push(left);
                break;
            };
            let nullable = left.nullable || right.nullable;
            let (left, right) = (Box::new(left), Box::new(right));
            let kind =
                if op == BinaryOp::And { ExprKind::And(left, right) } else { ExprKind::Or(left, right) };
            next.push(typed(at, PrimitiveType::Boolean, nullable, kind));
        }
        level = next;
    }
    level.pop()
}

/// An operand of a comparison: only there an entity can stand.
enum Side {
    Value(Expr),
    /// With the condition on which it is there.
    Entity(Place, Expr),
    /// With the condition on which it is one of the entity.
    Complex(Expr, ComplexTypeId, Option<Expr>),
    /// An entity or a complex value of a row that `$apply` made: the condition on which there is one.
    There(Expr),
    /// A collection of values.
    Items(Values),
    /// A list.
    List(Vec<Expr>),
}

fn bind_side(cx: &Context, scope: &Scope, comparison: Comparison, expr: &ast::Expr) -> BindResult<Side> {
    let cast = structured_cast(cx, expr);
    let path = match (&expr.kind, &cast) {
        (ast::ExprKind::Path(path), _) | (_, Some(path)) => path,
        (ast::ExprKind::Array(_), _) if is_equality(comparison) => {
            let list = literals(cx, scope, expr, expr.at)?;
            return Ok(Side::List(list.unwrap_or_default()));
        }
        _ => return bind_open(cx, scope, expr).map(Side::Value),
    };
    cx.count_nodes(expr.at, 1)?;
    match cx.deeper(expr.at, || bind_path(cx, scope, path, expr.at))? {
        Member::Value(bound) => Ok(Side::Value(bound)),
        Member::Entity(place, guard) => {
            let own = place.path.is_empty() && guard.is_some();
            let exists = (!own).then(|| condition(expr.at, ExprKind::Exists(place.clone())));
            let always = || constant(expr.at, Value::Boolean(true));
            Ok(Side::Entity(place, both(guard, exists).unwrap_or_else(always)))
        }
        Member::Complex(value, id, guard) => Ok(Side::Complex(value, id, guard)),
        Member::There(there) => Ok(Side::There(there)),
        Member::Items(items, value) if is_equality(comparison) => Ok(Side::Items((*items, value))),
        Member::Entities | Member::Values(..) if is_equality(comparison) => {
            let message = "Comparing collections of entities is not supported; use any, all or $count.";
            Err(not_supported(expr.at, "navigation", message))
        }
        Member::Entities | Member::Values(..) | Member::Items(..) => Err(no_value(expr.at)),
    }
}

fn is_equality(comparison: Comparison) -> bool {
    matches!(comparison, Comparison::Eq | Comparison::Ne)
}

fn compare(
    cx: &Context,
    scope: &Scope,
    comparison: Comparison,
    left: &ast::Expr,
    right: &ast::Expr,
    at: u32,
) -> BindResult<Expr> {
    let side = |expr| bind_side(cx, scope, comparison, expr);
    let (left, right) = match (side(left)?, side(right)?) {
        (Side::Value(left), Side::Value(right)) => (left, right),
        (Side::Entity(_, exists), Side::Value(other)) | (Side::Value(other), Side::Entity(_, exists)) => {
            let missing = condition(at, ExprKind::Not(Box::new(exists.clone())));
            return with_null(comparison, &other, missing, exists, at);
        }
        (Side::There(exists), Side::Value(other)) | (Side::Value(other), Side::There(exists)) => {
            let missing = condition(at, ExprKind::Not(Box::new(exists.clone())));
            return with_null(comparison, &other, missing, exists, at);
        }
        (Side::Complex(value, _, guard), Side::Value(other))
        | (Side::Value(other), Side::Complex(value, _, guard)) => {
            let missing = same::is_missing(value, guard, at);
            let exists = condition(at, ExprKind::Not(Box::new(missing.clone())));
            return with_null(comparison, &other, missing, exists, at);
        }
        (Side::Entity(left, one), Side::Entity(right, other)) if is_equality(comparison) => {
            let same = same::entities(cx, (left, one), (right, other), at)?;
            return Ok(negated_if(comparison, same));
        }
        (Side::Complex(left, one, here), Side::Complex(right, other, there)) if is_equality(comparison) => {
            let same = same::guarded(cx, (left, one, here), (right, other, there), at)?;
            return Ok(negated_if(comparison, same));
        }
        (Side::Items(left), Side::Items(right)) => {
            return Ok(negated_if(comparison, same::collections(cx, left, right, at)?));
        }
        (Side::Items(items), Side::List(list)) | (Side::List(list), Side::Items(items)) => {
            return Ok(negated_if(comparison, subset::is_list(cx, items, list, at)?));
        }
        (Side::List(left), Side::List(right)) => {
            return Ok(negated_if(
                comparison,
                constant(at, Value::Boolean(subset::are_same(cx, &left, &right, at)?)),
            ));
        }
        // A collection is never null, but empty.
        (Side::Items(_) | Side::List(_), Side::Value(other))
        | (Side::Value(other), Side::Items(_) | Side::List(_))
            if other.primitive.is_none() =>
        {
            return Ok(negated_if(comparison, constant(at, Value::Boolean(false))));
        }
        (Side::Items(_) | Side::List(_), _) | (_, Side::Items(_) | Side::List(_)) => {
            let message = "A collection can only be compared with another one, a list or null, by eq or ne.";
            return Err(invalid(at, "collection", message));
        }
        _ => return Err(invalid(at, "navigation", ONLY_NULL)),
    };
    let (left, right) = dynamic::meeting(left, right)?;
    if let Some(id) = left.enumeration.or(right.enumeration) {
        return enumeration::compare(cx, id, comparison, left, right, at);
    }
    compare_values(comparison, left, right, at)
}

fn negated_if(comparison: Comparison, same: Expr) -> Expr {
    if comparison == Comparison::Eq { same } else { condition(same.at, ExprKind::Not(Box::new(same))) }
}

/// A comparison of what is no primitive value with null.
fn with_null(comparison: Comparison, other: &Expr, missing: Expr, exists: Expr, at: u32) -> BindResult<Expr> {
    match comparison {
        Comparison::Eq if other.primitive.is_none() => Ok(missing),
        Comparison::Ne if other.primitive.is_none() => Ok(exists),
        _ => Err(invalid(at, "navigation", ONLY_NULL)),
    }
}

const ONLY_NULL: &str =
    "An entity or a complex value can only be compared with null or another one, by eq or ne.";

fn compare_values(comparison: Comparison, left: Expr, right: Expr, at: u32) -> BindResult<Expr> {
    let shape = |side: &Expr| side.primitive.is_some_and(PrimitiveType::is_shape);
    if (shape(&left) && right.primitive.is_some()) || (shape(&right) && left.primitive.is_some()) {
        return Err(invalid(at, "comparison", "A shape can only be compared with null."));
    }
    if let Some(told) = days::compare(comparison, &left, &right, at) {
        return Ok(told);
    }
    let (left, right) = unify(left, right, at)?;
    if left.primitive == Some(PrimitiveType::Binary) && !is_equality(comparison) {
        return Err(invalid(at, "comparison", "Binary values can only be compared by eq and ne."));
    }
    Ok(condition(at, ExprKind::Compare(comparison, Box::new(left), Box::new(right))))
}

/// Brings two operands to types that compare: constants take the type of the other side.
fn unify(left: Expr, right: Expr, at: u32) -> BindResult<(Expr, Expr)> {
    if is_constant(&left) && !is_constant(&right) {
        let left = meet(left, right.primitive, at)?;
        return Ok((left, right));
    }
    let right = meet(right, left.primitive, at)?;
    Ok((left, right))
}

/// Brings an operand to a type: a constant takes it, everything else must compare with it.
pub fn meet(expr: Expr, other: Option<PrimitiveType>, at: u32) -> BindResult<Expr> {
    let (Some(own), Some(other)) = (expr.primitive, other) else {
        return Ok(expr);
    };
    if own == other {
        Ok(expr)
    } else if is_constant(&expr) {
        retype(expr, other)
    } else if own.is_numeric() && other.is_numeric() {
        Ok(expr)
    } else {
        let message = format!("A value of {} cannot be compared with one of {}.", other.name(), own.name());
        Err(invalid(at, "comparison", message))
    }
}

/// Whether an expression is a constant.
pub fn is_constant(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Value(_))
}

/// Brings a constant to the type of the other operand.
fn retype(expr: Expr, primitive: PrimitiveType) -> BindResult<Expr> {
    let ExprKind::Value(value) = expr.kind else {
        return Ok(expr);
    };
    Ok(constant(expr.at, coerce(value, primitive, expr.at)?))
}

/// The duration that a text stands for where only one can (4.01: it needs no prefix); else what is given.
pub fn duration(expr: Expr) -> Expr {
    match &expr.kind {
        ExprKind::Value(Value::String(text)) => match read(PrimitiveType::Duration, text, expr.at) {
            Ok(value) => constant(expr.at, value),
            Err(_) => expr,
        },
        _ => expr,
    }
}

/// Whether two values of which each can say of which type the other is are the same.
pub fn equal(cx: &Context, left: Expr, right: Expr, at: u32) -> BindResult<Expr> {
    match left.enumeration.or(right.enumeration) {
        Some(id) => enumeration::compare(cx, id, Comparison::Eq, left, right, at),
        None => {
            let (left, right) = dynamic::meeting(left, right)?;
            compare_values(Comparison::Eq, left, right, at)
        }
    }
}

fn arithmetic(
    cx: &Context,
    scope: &Scope,
    op: Arithmetic,
    left: &ast::Expr,
    right: &ast::Expr,
    at: u32,
) -> BindResult<Expr> {
    use PrimitiveType as P;
    let (left, right) = (bind_open(cx, scope, left)?, bind_open(cx, scope, right)?);
    let both = dynamic::is_open(&left) && dynamic::is_open(&right);
    let left = if both { dynamic::as_type(left, P::Decimal)? } else { left };
    let (left, right) = dynamic::meeting(left, right)?;
    let (left, right) = match (left.primitive, right.primitive) {
        (Some(P::String), Some(_)) => (duration(left), right),
        (Some(_), Some(P::String)) => (left, duration(right)),
        _ => (left, right),
    };
    let nullable =
        left.nullable || right.nullable || !matches!(op, Arithmetic::Add | Arithmetic::Sub | Arithmetic::Mul);
    let (Some(a), Some(b)) = (left.primitive, right.primitive) else {
        return Ok(constant(at, Value::Null));
    };
    let result = match (op, a, b) {
        (_, a, b) if a.is_numeric() && b.is_numeric() => numeric_result(op, a, b),
        (Arithmetic::Add | Arithmetic::Sub, P::DateTimeOffset | P::Date, P::Duration) => a,
        (Arithmetic::Add, P::Duration, P::DateTimeOffset | P::Date) => b,
        (Arithmetic::Add | Arithmetic::Sub, P::Duration, P::Duration)
        | (Arithmetic::Sub, P::DateTimeOffset, P::DateTimeOffset)
        | (Arithmetic::Sub, P::Date, P::Date) => P::Duration,
        (Arithmetic::Mul | Arithmetic::Div | Arithmetic::DivBy, P::Duration, n) if n.is_numeric() => {
            P::Duration
        }
        (Arithmetic::Mul, n, P::Duration) if n.is_numeric() => P::Duration,
        _ => {
            let (a, b) = (enumeration::type_name(cx, &left), enumeration::type_name(cx, &right));
            let message = format!("This operation is not defined for {a} and {b}.");
            return Err(invalid(at, "arithmetic", message));
        }
    };
    let (left, right) =
        if result.is_numeric() { (widen(left, result)?, widen(right, result)?) } else { (left, right) };
    cx.note_failing(!is_constant(&left) || !is_constant(&right));
    Ok(typed(at, result, nullable, ExprKind::Arithmetic(op, Box::new(left), Box::new(right))))
}

/// Binary numeric promotion (Part 2 section 5.1.1.16); `divby` never cuts.
fn numeric_result(op: Arithmetic, a: PrimitiveType, b: PrimitiveType) -> PrimitiveType {
    let floats = [PrimitiveType::Double, PrimitiveType::Single];
    if floats.contains(&a) || floats.contains(&b) {
        PrimitiveType::Double
    } else if a == PrimitiveType::Decimal || b == PrimitiveType::Decimal || op == Arithmetic::DivBy {
        PrimitiveType::Decimal
    } else {
        PrimitiveType::Int64
    }
}

fn widen(expr: Expr, primitive: PrimitiveType) -> BindResult<Expr> {
    if matches!(expr.kind, ExprKind::Value(_)) {
        return retype(expr, primitive);
    }
    Ok(expr)
}
