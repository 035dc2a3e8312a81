//! Calls of functions at the start of a path: `Best(year=1997)`, `Best(year=@y)?@y=1997`, `Best?year=1997` (Part 1 section
//! 11.5.4.1), and behind an entity.

use super::constant::coerce;
use super::enumeration;
use super::error::{BindError, BindErrorKind, BindResult, invalid, not_found, not_supported, unknown_member};
use super::expr::bind_condition;
use super::member::{both, read};
use super::path::BoundPath;
use super::scope::{Context, Scope};
use super::select::{bind_filter, bind_orderby, bind_rows};
use crate::model::{Function, Omitted, PrimitiveType as P, Property, Type};
use crate::query::{
    self, Addressed, Given, Input, Named, Query, RowColumn, Rows, RowsKind, Size, Step, Variable,
};
use crate::url::ast::{Argument, Expr, ExprKind, Options, Segment, SegmentKind};
use crate::url::{ParseOptions, parse_expression};
use crate::value::Value;

/// Which of the functions of one name is called: the one that takes what is given. What is no argument can be a query option.
pub fn choose(cx: &Context, all: &[usize], args: Option<&[Argument]>, at: u32) -> BindResult<Option<usize>> {
    let [first, _, ..] = all else {
        return Ok(all.first().copied());
    };
    let given: Vec<&str> = args.unwrap_or_default().iter().filter_map(|arg| arg.name.as_deref()).collect();
    let implied = |name: &str| cx.custom.iter().any(|o| o.name == name) || cx.alias(name).is_some();
    // How many parameters are query options, and how many are not given at all.
    let fit = |number: &usize| {
        let function = &cx.model.functions[*number];
        let known = given.iter().all(|name| function.own_parameters().any(|(_, own)| own.name == *name));
        let mut missing = function.own_parameters().filter(|(_, own)| !given.contains(&own.name.as_str()));
        let (mut options, mut absent) = (0_usize, 0_usize);
        let can = missing.all(|(place, own)| {
            let option = implied(&own.name);
            options += usize::from(option);
            absent += usize::from(!option);
            option || function.defaults[place].is_some()
        });
        (known && can).then_some((options, absent, *number))
    };
    let fits: Vec<(usize, usize, usize)> = all.iter().filter_map(fit).collect();
    let best = match args {
        Some(_) => fits.iter().min_by_key(|(options, absent, _)| (*absent, *options)),
        None => fits.iter().min_by_key(|(options, absent, _)| (*absent, usize::MAX - options)),
    };
    if let Some((.., number)) = best {
        return Ok(Some(*number));
    }
    let name = &cx.model.functions[*first].name;
    let takes = |number: &usize| {
        let names = cx.model.functions[*number].own_parameters().map(|(_, own)| own.name.as_str());
        ["(", &names.collect::<Vec<_>>().join(","), ")"].concat()
    };
    let takes: Vec<String> = all.iter().map(takes).collect();
    Err(invalid(at, name, format!("'{name}' takes {}.", takes.join(" or "))))
}

/// Binds a call: a value for each parameter, in their order. `key` is that of the entity before it, where it is known.
pub fn bind_call(
    cx: &Context,
    number: usize,
    args: Option<&[Argument]>,
    key: &[(usize, Value)],
    at: u32,
) -> BindResult<Step> {
    let function = &cx.model.functions[number];
    let args = args.unwrap_or_default();
    check_names(function, args)?;
    let mut values = Vec::with_capacity(function.parameters.len());
    for (number, parameter) in function.parameters.iter().enumerate() {
        if let Some(property) = function.bound.as_ref().and_then(|bound| bound.keys[number]) {
            let known = key.iter().find(|(known, _)| *known == property);
            values.push(known.map_or(Given::Key(property), |(_, value)| Given::Value(value.clone())));
            continue;
        }
        let given = args.iter().find(|arg| arg.name.as_deref() == Some(&parameter.name));
        let given = match given {
            Some(arg) => Some(value(cx, parameter, &arg.value)?),
            None => implicit(cx, parameter, at)?,
        };
        values.push(match (given, &function.defaults[number]) {
            (Some(value), _) => Given::Value(value),
            (None, Some(Omitted::Value(default))) => Given::Value(default.clone()),
            (None, Some(Omitted::Unknown)) => Given::Omitted,
            (None, None) => {
                let name = &parameter.name;
                return Err(invalid(at, name, format!("Parameter '{name}' has no value.")));
            }
        });
    }
    Ok(Step::Call(number, values))
}

/// Checks that arguments have names, those of parameters, each once.
pub fn check_names(function: &Function, args: &[Argument]) -> BindResult<()> {
    for (place, arg) in args.iter().enumerate() {
        let Some(name) = &arg.name else {
            let message =
                format!("Values for '{}' have names, as in {}(name=value).", function.name, function.name);
            return Err(invalid(arg.at, &function.name, message));
        };
        if !function.own_parameters().any(|(_, parameter)| parameter.name == *name) {
            let names: Vec<&str> = function.own_parameters().map(|(_, p)| p.name.as_str()).collect();
            let message = format!("'{}' has no parameter '{name}': ({}).", function.name, names.join(", "));
            return Err(invalid(arg.at, name, message));
        }
        if args[..place].iter().any(|other| other.name == arg.name) {
            return Err(invalid(arg.at, name, format!("Parameter '{name}' is given twice.")));
        }
    }
    Ok(())
}

/// The value of a parameter that is a query option of its own, with or without `@`.
fn implicit(cx: &Context, parameter: &Property, at: u32) -> BindResult<Option<Value>> {
    let name = parameter.name.as_str();
    let option = cx.custom.iter().find(|option| option.name == name);
    if let Some(option) = option {
        let wrong = |message: String| invalid(option.at, name, message);
        let expr = parse_expression(&option.value, &ParseOptions::default());
        let expr = expr.map_err(|error| wrong(error.message))?;
        let value = value(cx, parameter, &expr).map_err(|error| BindError { at: option.at, ..error });
        return value.map(Some);
    }
    cx.with_alias(name, at, |expr| value(cx, parameter, expr))
}

fn value(cx: &Context, parameter: &Property, expr: &Expr) -> BindResult<Value> {
    let name = parameter.name.as_str();
    let bound = match &expr.kind {
        ExprKind::Literal(literal) => enumeration::from_literal(cx, literal, expr.at)?,
        ExprKind::Alias(alias) => {
            return match cx.with_alias(alias, expr.at, |expr| value(cx, parameter, expr))? {
                Some(value) => Ok(value),
                None => Err(invalid(
                    expr.at,
                    &["@", alias].concat(),
                    format!("Parameter alias '@{alias}' has no value."),
                )),
            };
        }
        _ => return Err(invalid(expr.at, name, format!("The value of '{name}' is a literal."))),
    };
    let query::ExprKind::Value(found) = bound.kind else {
        return Err(invalid(expr.at, name, format!("The value of '{name}' is a literal.")));
    };
    constant_of(parameter, found, expr.at)
}

/// A constant as the value of a parameter.
pub fn constant_of(parameter: &Property, found: Value, at: u32) -> BindResult<Value> {
    let (name, primitive) = (parameter.name.as_str(), parameter.primitive().unwrap_or(P::String));
    if found == Value::Null && parameter.nullable {
        return Ok(found);
    }
    if found == Value::Null {
        return Err(invalid(at, name, format!("The value of '{name}' cannot be null.")));
    }
    let wrong = |error| BindError { target: name.to_owned(), ..error };
    let found = coerce(found, primitive, at).map_err(wrong)?;
    if !fits(&found, primitive) {
        let message = format!("The value of '{name}' is none of {}.", primitive.name());
        return Err(invalid(at, name, message));
    }
    Ok(found)
}

/// Whether a value that compares with those of a type is one of them.
pub fn fits(value: &Value, primitive: P) -> bool {
    match (value, primitive) {
        (Value::Integer(i), P::Int32) => i32::try_from(*i).is_ok(),
        (Value::Integer(i), P::Int16) => i16::try_from(*i).is_ok(),
        (Value::Integer(i), P::Byte) => u8::try_from(*i).is_ok(),
        (Value::Integer(i), P::SByte) => i8::try_from(*i).is_ok(),
        (Value::Double(d), P::Decimal) => d.is_finite(),
        (Value::Decimal(_) | Value::Double(_), primitive) => !primitive.is_integer(),
        _ => true,
    }
}

/// Binds what stands behind a function that gives values: `$count`, `$value`, or a property of a complex value.
pub fn bind_behind_values(
    cx: &Context,
    path: &mut BoundPath,
    (number, member): (usize, Option<usize>),
    segment: &Segment,
) -> BindResult<()> {
    let function = &cx.model.functions[number];
    let complex = match function.value().map(|value| value.ty) {
        Some(Type::Complex(id)) if member.is_none() => Some(id),
        _ => None,
    };
    let at = segment.at;
    match (&segment.kind, path.addressed, complex) {
        (SegmentKind::Count, Addressed::Collection, _) => path.addressed = Addressed::Count,
        (SegmentKind::Value, Addressed::Result, None) => path.addressed = Addressed::RawResult,
        (SegmentKind::Name { name, args: None, key: None }, Addressed::Result, Some(id)) => {
            let ty = cx.model.complex_type(id);
            if cx.model.find_complex(name) != Some(id) {
                let found = ty.find_property(name);
                let found = found.ok_or_else(|| unknown_member(BindErrorKind::NotFound, at, ty, name))?;
                path.called = Some((number, Some(found)));
            }
        }
        // What is meant by it is said when it is known what the values are.
        (SegmentKind::Filter(condition), Addressed::Collection, _) => path.narrowed.push(condition.clone()),
        _ => {
            let message = format!("This cannot follow what '{}' gives.", function.name);
            return Err(not_found(at, &function.name, message));
        }
    }
    Ok(())
}

/// Binds a request for the values that a function gives.
pub fn bind_values(
    cx: &Context,
    path: BoundPath,
    (number, member): (usize, Option<usize>),
    options: &Options,
    at: u32,
) -> BindResult<Query> {
    check_options(cx, &path, options, at)?;
    let function = &cx.model.functions[number];
    let Some(Step::Call(_, values)) = path.steps.last() else {
        return Err(not_found(at, &function.name, "Nothing is called here.".to_owned()));
    };
    let mut columns = Vec::new();
    let mut named = Vec::new();
    for (name, property) in function.value().into_iter().flat_map(|value| cx.model.plain_parts(value)) {
        let expr =
            read(at, property.ty, property.nullable, query::ExprKind::Column(Variable(0), columns.len()));
        columns.push(RowColumn {
            path: vec![name.to_owned()],
            primitive: expr.primitive,
            enumeration: expr.enumeration,
            nullable: property.nullable,
            present: None,
            whole: None,
        });
        named.push(Named { path: vec![name.to_owned()], expr, size: Size::ONE, present: None, whole: None });
    }
    let identity = (0..columns.len()).collect();
    let rows = Rows { columns, identity, kind: RowsKind::Called(number, values.clone()) };
    let this = named.first().map(|only| only.expr.clone());
    let complex = matches!(function.value().map(|value| value.ty), Some(Type::Complex(_)));
    let this = this.filter(|_| !complex);
    let it_value = this.clone().zip(function.value().map(|value| value.ty));
    let scope = Scope { this, it_value, ..Scope::of_rows(named) };
    let mut selection = bind_rows(cx, &scope, path.set, options, false, at)?;
    if let Some(member) = member {
        selection.named = selection.named.drain(..).skip(member).take(1).collect();
    }
    // The one value of a row has no name.
    let inside = if complex { scope } else { Scope { named: Default::default(), ..scope } };
    let mut filter = None;
    for narrowed in &path.narrowed {
        filter = both(filter, Some(bind_condition(cx, &inside, narrowed, "$filter")?));
    }
    filter = both(filter, bind_filter(cx, &inside, options, at)?);
    Ok(Query {
        root: path.root,
        singleton: path.singleton,
        steps: path.steps,
        input: Input::Rows(Box::new(rows)),
        addressed: path.addressed,
        called: path.called,
        inside: Vec::new(),
        steps_inside: Vec::new(),
        selection,
        filter,
        orderby: bind_orderby(cx, &inside, options.orderby.as_deref())?,
        top: options.top.map(|(n, _)| n),
        skip: options.skip.map_or(0, |(n, _)| n),
        count: options.count.is_some_and(|(count, _)| count),
        chosen: None,
        since: None,
        user: None,
        can_fail: cx.can_fail(),
    })
}

/// Which options apply to values.
fn check_options(cx: &Context, path: &BoundPath, options: &Options, at: u32) -> BindResult<()> {
    let collection = path.addressed == Addressed::Collection;
    let of = path.called.and_then(|(number, member)| Some((cx.model.functions[number].value()?.ty, member)));
    let complex = matches!(of, Some((Type::Complex(_), None)));
    let whole = complex && (collection || path.addressed == Addressed::Result);
    let counted = collection || path.addressed == Addressed::Count;
    let wrong = [
        (options.filter.is_some() && !counted, "$filter"),
        (options.orderby.is_some() && !counted, "$orderby"),
        (options.top.is_some() && !counted, "$top"),
        (options.skip.is_some() && !counted, "$skip"),
        (options.count.is_some() && !counted, "$count"),
        (options.select.is_some() && !whole, "$select"),
    ];
    if let Some((_, option)) = wrong.into_iter().find(|(wrong, _)| *wrong) {
        return Err(invalid(at, option, format!("{option} cannot be applied to this resource.")));
    }
    let unsupported = [
        (options.search.is_some(), "$search"),
        (options.expand.is_some(), "$expand"),
        (options.compute.is_some(), "$compute"),
        (options.apply.is_some(), "$apply"),
    ];
    match unsupported.into_iter().find(|(given, _)| *given) {
        Some((_, option)) => Err(not_supported(
            at,
            option,
            format!("{option} of values that a function gives is not supported."),
        )),
        None => Ok(()),
    }
}
