//! Functions of the model in expressions: `Shop.Discount(price=Price)`, `Customer/Shop.Rating()` (Part 2 section 5.1.1.15).

use super::collection::bind_given;
use super::dynamic::as_type;
use super::error::BindErrorKind;
use super::error::{BindResult, invalid, not_supported, unknown_member};
use super::expr::bind_open;
use super::function::{choose, constant_of};
use super::items::bind_items;
use super::member::{Member, after_value, read};
use super::root::bind_of_one;
use super::scope::{Context, Scope};
use crate::model::{Function, Omitted, PrimitiveType as P, Property, Type};
use crate::query::{Called, Expr, ExprKind, Place};
use crate::url::ast::{self, Argument, PathRoot, PathSegment, PathSegmentKind};
use crate::url::near_functions;

/// What a function is called on: nothing, or an entity, which may not be there.
type On<'p> = Option<(&'p Place, bool)>;

/// Binds a path that starts with a function which stands alone.
pub fn bind_alone(cx: &Context, scope: &Scope, path: &ast::Path) -> BindResult<Option<Member>> {
    let (PathRoot::Implicit, Some((first, rest))) = (path.root, path.segments.split_first()) else {
        return Ok(None);
    };
    let PathSegmentKind::Name { name, args: Some(args) } = &first.kind else {
        return Ok(None);
    };
    let simple = cx.model.simple_name(name);
    let all = simple.map_or_else(Vec::new, |simple| cx.model.overloads(None, simple));
    match choose(cx, &all, Some(args), first.at)? {
        Some(number) => bind(cx, scope, None, (number, args, first.at), rest).map(Some),
        None => Ok(None),
    }
}

/// Binds a function behind an entity, where the name is one of such a function. `optional` is whether the entity can be missing.
pub fn bind_behind(
    cx: &Context,
    scope: &Scope,
    (place, optional): (&Place, bool),
    segment: &PathSegment,
    rest: &[PathSegment],
) -> BindResult<Option<Member>> {
    let PathSegmentKind::Name { name, args } = &segment.kind else {
        return Ok(None);
    };
    let at = segment.at;
    let all = cx.model.bound_overloads(place.target(), false, name);
    if let (Some(args), Some(number)) = (args, choose(cx, &all, args.as_deref(), at)?) {
        return bind(cx, scope, Some((place, optional)), (number, args, at), rest).map(Some);
    }
    if let Some(function) = cx.model.functions.iter().find(|known| cx.model.function_name(known) == *name) {
        return Err(invalid(at, name, wrongly_called(cx, function, name, args.is_some())));
    }
    if args.is_some() {
        let message = format!("There is no function '{name}'.{}", near_functions(name));
        return Err(invalid(at, name, message));
    }
    Ok(None)
}

/// Why a function cannot be called so.
fn wrongly_called(cx: &Context, function: &Function, name: &str, parentheses: bool) -> String {
    match &function.bound {
        _ if !parentheses => format!("A function in an expression has parentheses: '{name}()'."),
        None => format!("'{name}' stands alone: it is called on nothing."),
        Some(bound) => {
            let on = if bound.collection { "all of" } else { "an entity of" };
            format!("'{name}' is called on {on} '{}'.", cx.model.entity_set(bound.set).name)
        }
    }
}

fn bind(
    cx: &Context,
    scope: &Scope,
    on: On<'_>,
    (number, args, at): (usize, &[Argument], u32),
    rest: &[PathSegment],
) -> BindResult<Member> {
    let function = &cx.model.functions[number];
    let name = function.name.as_str();
    if cx.rule.get().is_some() {
        return Err(not_supported(at, name, "A condition on rows cannot call functions."));
    }
    cx.count_navigation(at)?;
    // The SELECT of an owner can fail for some values.
    cx.note_failing(true);
    let values = arguments(cx, scope, on, number, args, at)?;
    let place = on.filter(|(_, optional)| *optional).map(|(place, _)| place.clone());
    let Some(value) = function.value() else {
        let Some(set) = function.set() else {
            return Err(invalid(at, name, format!("'{name}' gives nothing.")));
        };
        let called = Called { function: number, on: place, values, member: 0 };
        if function.collection {
            return bind_given(cx, scope, (called, set), rest, at);
        }
        let of = |variable, value| ExprKind::One(variable, set, Box::new(called), value);
        return bind_of_one(cx, set, rest, at, of);
    };
    let call = |member| {
        ExprKind::Called(Box::new(Called {
            function: number,
            on: place.clone(),
            values: values.clone(),
            member,
        }))
    };
    if function.collection {
        if matches!(value.ty, Type::Complex(_)) {
            let message = format!("'{name}' gives complex values, which are not supported in an expression.");
            return Err(not_supported(at, name, message));
        }
        let collection = read(at, value.ty, true, call(0));
        return bind_items(cx, scope, (value.ty, value.nullable), collection, rest);
    }
    let Type::Complex(id) = value.ty else {
        return match rest.first() {
            Some(next) => Err(after_value(next, name)),
            None => Ok(Member::Value(read(at, value.ty, true, call(0)))),
        };
    };
    let ty = cx.model.complex_type(id);
    let cast = |segment: &&PathSegment| match &segment.kind {
        PathSegmentKind::Name { name, args: None } => cx.model.find_complex(name) != Some(id),
        _ => true,
    };
    let mut rest = rest.iter().skip_while(|segment| !cast(segment));
    match (rest.next(), rest.next()) {
        (Some(PathSegment { at, kind: PathSegmentKind::Name { name, args: None } }), None) => {
            let member = ty.find_property(name);
            let member = member.ok_or_else(|| unknown_member(BindErrorKind::Invalid, *at, ty, name))?;
            Ok(Member::Value(read(*at, ty.properties[member].ty, true, call(member))))
        }
        (Some(_), Some(next)) => Err(after_value(next, name)),
        _ => {
            let message =
                format!("'{name}' gives a complex value, of which a part can stand here: '{name}()/Part'.");
            Err(not_supported(at, name, message))
        }
    }
}

/// A value for each parameter, in their order; none for one that the database knows a value of.
fn arguments(
    cx: &Context,
    scope: &Scope,
    on: On<'_>,
    number: usize,
    args: &[Argument],
    at: u32,
) -> BindResult<Vec<Option<Expr>>> {
    let function = &cx.model.functions[number];
    super::function::check_names(function, args)?;
    let mut values = Vec::with_capacity(function.parameters.len());
    for (number, parameter) in function.parameters.iter().enumerate() {
        let key = function.bound.as_ref().and_then(|bound| bound.keys[number]);
        if let (Some(property), Some((place, optional))) = (key, on) {
            let kind = ExprKind::Property(place.clone(), property);
            values.push(Some(read(at, parameter.ty, optional, kind)));
            continue;
        }
        let given = args.iter().find(|arg| arg.name.as_deref() == Some(&parameter.name));
        let known = |value| read(at, parameter.ty, false, ExprKind::Value(value));
        values.push(match (given, &function.defaults[number]) {
            (Some(arg), _) => Some(argument(cx, scope, parameter, arg)?),
            (None, Some(Omitted::Value(default))) => Some(known(default.clone())),
            (None, Some(Omitted::Unknown)) => None,
            (None, None) => {
                let name = &parameter.name;
                return Err(invalid(at, name, format!("Parameter '{name}' has no value.")));
            }
        });
    }
    Ok(values)
}

fn argument(cx: &Context, scope: &Scope, parameter: &Property, arg: &Argument) -> BindResult<Expr> {
    let (name, at) = (parameter.name.as_str(), arg.value.at);
    let wanted = parameter.primitive().unwrap_or(P::String);
    let bound = as_type(bind_open(cx, scope, &arg.value)?, wanted)?;
    if let ExprKind::Value(value) = bound.kind {
        let value = constant_of(parameter, value, at)?;
        return Ok(read(at, parameter.ty, false, ExprKind::Value(value)));
    }
    let fits = bound.enumeration.is_none() && bound.primitive.is_some_and(|own| takes(wanted, own));
    if !fits {
        let found = super::enumeration::type_name(cx, &bound);
        let message = format!("Parameter '{name}' is of {}, not of {found}.", wanted.name());
        return Err(invalid(at, name, message));
    }
    if matches!(wanted, P::Duration | P::Binary) {
        let message = format!("A value of {} for '{name}' has to be a constant here.", wanted.name());
        return Err(not_supported(at, name, message));
    }
    Ok(bound)
}

/// Whether a parameter of one type takes the values of another one as they are.
fn takes(wanted: P, own: P) -> bool {
    let float = |primitive| matches!(primitive, P::Double | P::Single);
    match (wanted, own) {
        (wanted, own) if wanted == own => true,
        (wanted, own) if float(wanted) => own.is_numeric(),
        (P::Decimal, own) => own.is_numeric() && !float(own),
        (wanted, own) => wanted.is_integer() && own.is_integer(),
    }
}
