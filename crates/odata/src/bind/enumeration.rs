//! Enumeration values: literals, members, and what they compare with (Part 2 section 5.1.1.1 and 5.1.1.14).

use super::constant;
use super::error::{BindError, BindResult, invalid, not_supported};
use super::expr::{balanced, constant as plain, typed};
use super::scope::Context;
use crate::model::{EnumType, EnumTypeId, PrimitiveType, Type};
use crate::near::suggestion;
use crate::query::{Comparison, Expr, ExprKind, Function};
use crate::url::ast::{BinaryOp, Literal};
use crate::value::Value;

/// The constant that a literal stands for.
pub fn from_literal(cx: &Context, literal: &Literal, at: u32) -> BindResult<Expr> {
    let Literal::Enum { type_name, value } = literal else {
        return Ok(plain(at, constant::from_literal(literal, at)?));
    };
    let Some(id) = cx.model.find_enum(type_name) else {
        let names = (0..cx.model.enum_types.len()).map(|i| cx.model.type_name(Type::Enum(EnumTypeId(i))));
        let near = suggestion(type_name, names.collect::<Vec<_>>().iter());
        return Err(invalid(at, type_name, format!("There is no enumeration type '{type_name}'.{near}")));
    };
    let number = number_of(cx, id, value, at)?;
    member_constant(cx, id, number, at)
}

/// The name of the type of an expression, for messages.
pub fn type_name(cx: &Context, expr: &Expr) -> String {
    match (expr.enumeration, expr.primitive) {
        (Some(id), _) => cx.model.type_name(Type::Enum(id)),
        (None, Some(primitive)) => primitive.name().to_owned(),
        (None, None) => "null".to_owned(),
    }
}

/// A member with its type, for messages.
fn example(cx: &Context, id: EnumTypeId) -> String {
    let first = cx.model.enum_type(id).members.first().map_or("", |member| &member.name);
    format!("{}'{first}'", cx.model.type_name(Type::Enum(id)))
}

/// Brings an operand to an enumeration: constants become members, everything else must be of it already.
pub fn meet(cx: &Context, expr: Expr, id: EnumTypeId) -> BindResult<Expr> {
    let at = expr.at;
    match &expr.kind {
        _ if expr.enumeration == Some(id) => Ok(expr),
        ExprKind::Value(Value::Null) => Ok(expr),
        ExprKind::Value(Value::String(text)) if expr.enumeration.is_none() => {
            let number = number_of(cx, id, text, at)?;
            member_constant(cx, id, number, at)
        }
        ExprKind::Value(Value::Integer(number)) => member_constant(cx, id, *number, at),
        _ => {
            let found = type_name(cx, &expr);
            let message =
                format!("A member such as {} is needed here, not a value of {found}.", example(cx, id));
            Err(invalid(at, &found, message))
        }
    }
}

/// Refuses a value of an enumeration where none can stand.
pub fn refuse(cx: &Context, expr: &Expr, wanted: &str) -> BindError {
    let found = type_name(cx, expr);
    invalid(expr.at, &found, format!("A value of {wanted} is needed here, not of {found}."))
}

/// The number of the members that a text names, by name or by number.
fn number_of(cx: &Context, id: EnumTypeId, text: &str, at: u32) -> BindResult<i64> {
    let ty = cx.model.enum_type(id);
    if !ty.flags && text.contains(',') {
        let message = format!("'{}' has no flags, so a value of it is one member.", ty.name);
        return Err(invalid(at, text, message));
    }
    let mut number = 0;
    for name in text.split(',').map(str::trim) {
        number |= match (ty.find_member(name), name.parse::<i64>()) {
            (Some(member), _) => member.value,
            (None, Ok(number)) => number,
            (None, Err(_)) => {
                let near = suggestion(name, ty.members.iter().map(|member| &member.name));
                let message = format!("Enumeration '{}' has no member '{name}'.{near}", ty.name);
                return Err(invalid(at, name, message));
            }
        };
    }
    Ok(number)
}

/// The constant with a number: the name of the member, of flags the names in declared order.
fn member_constant(cx: &Context, id: EnumTypeId, number: i64, at: u32) -> BindResult<Expr> {
    let ty = cx.model.enum_type(id);
    let chosen: Vec<&str> = chosen(ty, number).collect();
    let known = if ty.flags {
        ty.members.iter().fold(0, |all, member| all | member.value) & number == number
    } else {
        !chosen.is_empty()
    };
    if !known {
        let message = format!("Enumeration '{}' has no member with the value {number}.", ty.name);
        return Err(invalid(at, &number.to_string(), message));
    }
    Ok(label(at, id, chosen.join(",")))
}

/// The names of the members in a number.
fn chosen(ty: &EnumType, number: i64) -> impl Iterator<Item = &str> {
    let is_chosen = move |value: i64| if ty.flags { value & number == value } else { value == number };
    ty.members.iter().filter(move |member| is_chosen(member.value)).map(|member| member.name.as_str())
}

fn label(at: u32, id: EnumTypeId, text: String) -> Expr {
    let kind = ExprKind::Value(Value::String(text));
    Expr { enumeration: Some(id), ..typed(at, PrimitiveType::String, false, kind) }
}

/// The number of a constant of the enumeration; none for null and what is no constant.
fn constant_number(ty: &EnumType, expr: &Expr) -> Option<i64> {
    let ExprKind::Value(Value::String(text)) = &expr.kind else {
        return None;
    };
    let values = text.split(',').filter_map(|name| ty.find_member(name));
    Some(values.fold(0, |all, member| all | member.value))
}

/// Binds a comparison of which a side is of the enumeration. Greater and less become a search among the members that
/// are so, which every database can do.
pub fn compare(
    cx: &Context,
    id: EnumTypeId,
    comparison: Comparison,
    left: Expr,
    right: Expr,
    at: u32,
) -> BindResult<Expr> {
    let ty = cx.model.enum_type(id);
    let (left, right) = (meet(cx, left, id)?, meet(cx, right, id)?);
    let by_order = !matches!(comparison, Comparison::Eq | Comparison::Ne);
    let null = |expr: &Expr| matches!(expr.kind, ExprKind::Value(Value::Null));
    match (constant_number(ty, &left), constant_number(ty, &right)) {
        (Some(a), Some(b)) => Ok(plain(at, Value::Boolean(holds(comparison, a, b)))),
        (None, Some(b)) if by_order && !null(&left) => among(cx, id, left, |a| holds(comparison, a, b), at),
        (Some(a), None) if by_order && !null(&right) => among(cx, id, right, |b| holds(comparison, a, b), at),
        (None, None) if by_order && !null(&left) && !null(&right) => {
            let message = "Two properties of an enumeration type can only be compared by eq and ne.";
            Err(not_supported(at, "comparison", message))
        }
        (a, b) => {
            // Equality has no direction: the property comes first, as databases look for it in an index.
            let turned = a.is_some() && b.is_none();
            let (left, right) = if turned && !by_order { (right, left) } else { (left, right) };
            let kind = ExprKind::Compare(comparison, Box::new(left), Box::new(right));
            Ok(typed(at, PrimitiveType::Boolean, false, kind))
        }
    }
}

fn holds(comparison: Comparison, a: i64, b: i64) -> bool {
    match comparison {
        Comparison::Eq => a == b,
        Comparison::Ne => a != b,
        Comparison::Gt => a > b,
        Comparison::Ge => a >= b,
        Comparison::Lt => a < b,
        Comparison::Le => a <= b,
    }
}

/// Whether a value is among the members for whose numbers the condition holds.
fn among(
    cx: &Context,
    id: EnumTypeId,
    needle: Expr,
    condition: impl Fn(i64) -> bool,
    at: u32,
) -> BindResult<Expr> {
    let ty = cx.model.enum_type(id);
    if ty.flags {
        let message =
            format!("Values of '{}' have several members; they compare by eq, ne, in and has.", ty.name);
        return Err(not_supported(at, "comparison", message));
    }
    let found = ty.members.iter().filter(|member| condition(member.value));
    let items: Vec<Expr> = found.map(|member| label(at, id, member.name.clone())).collect();
    cx.count_nodes(at, items.len())?;
    let kind = if items.is_empty() {
        ExprKind::Value(Value::Boolean(false))
    } else {
        ExprKind::In(Box::new(needle), items)
    };
    Ok(typed(at, PrimitiveType::Boolean, false, kind))
}

/// Binds `has`: whether a value has all members of a constant.
pub fn has(cx: &Context, left: Expr, right: Expr, at: u32) -> BindResult<Expr> {
    let Some(id) = left.enumeration else {
        let message =
            format!("Only a value of an enumeration can stand before 'has', not {}.", type_name(cx, &left));
        return Err(invalid(at, "has", message));
    };
    let ty = cx.model.enum_type(id);
    let right = meet(cx, right, id)?;
    let condition = |nullable, kind| typed(at, PrimitiveType::Boolean, nullable, kind);
    if matches!(right.kind, ExprKind::Value(Value::Null)) {
        return Ok(condition(true, ExprKind::Value(Value::Null)));
    }
    let Some(wanted) = constant_number(ty, &right) else {
        return Err(not_supported(at, "has", "Only a constant can stand after 'has'."));
    };
    if let Some(number) = constant_number(ty, &left) {
        let has = if ty.flags { number & wanted == wanted } else { number == wanted };
        return Ok(plain(at, Value::Boolean(has)));
    }
    if !ty.flags {
        return compare(cx, id, Comparison::Eq, left, right, at);
    }
    let flags: Vec<&str> = chosen(ty, wanted).collect();
    cx.count_nodes(at, flags.len())?;
    let one = |flag: &str| {
        let args = vec![left.clone(), label(at, id, flag.to_owned())];
        condition(left.nullable, ExprKind::Call(Function::HasFlag, args))
    };
    let all = balanced(BinaryOp::And, flags.into_iter().map(one).collect(), at);
    // Every value has the flags of 0, but null is none.
    let there =
        || ExprKind::Compare(Comparison::Ne, Box::new(left.clone()), Box::new(plain(at, Value::Null)));
    Ok(all.unwrap_or_else(|| condition(false, there())))
}
