//! Collections of values in expressions: `Tags/any(t:t eq 'a')`, `Tags/$count` (Part 2 section 5.1.1.13).

use std::rc::Rc;

use super::error::{BindResult, invalid, not_supported};
use super::expr::{bind_condition, typed};
use super::member::{Member, both, condition, misplaced, read};
use super::scope::{Context, Scope};
use super::search::search_values;
use super::select::bind_orderby;
use crate::model::{ComplexTypeId, PrimitiveType, Type};
use crate::query::{Chosen, Expr, ExprKind, Inside, Items, Named, Place, Size, SomeOf};
use crate::url::ast::{self, Lambda, Options, PathSegment, PathSegmentKind, SelectItem};

/// The number of items of a property, or inside of it, that is a collection of values: `/Tags/$count` as a path.
pub fn count_of(
    cx: &Context,
    place: &Place,
    property: usize,
    (inside, narrowed): (&[Inside], &[ast::Expr]),
    options: &Options,
    at: u32,
) -> BindResult<Named> {
    let (value, ty, nullable) = value_of(cx, place, property, inside, at);
    let (items, _) = which(cx, true, value, (ty, nullable), (narrowed, options), at)?;
    let expr = typed(at, PrimitiveType::Int64, false, ExprKind::CountItems(Box::new(items)));
    Ok(Named { path: vec!["$count".to_owned()], expr, size: Size::default(), present: None, whole: None })
}

/// What the options say of a collection of values that the path leads to; nothing where they say nothing.
pub fn chosen(
    cx: &Context,
    place: &Place,
    (property, inside): (usize, &[Inside]),
    (narrowed, options): (&[ast::Expr], &Options),
    at: u32,
) -> BindResult<Option<Box<Chosen>>> {
    let filtered = options.filter.is_some() || options.search.is_some() || !narrowed.is_empty();
    let asked = filtered || options.orderby.is_some() || options.top.is_some();
    if !(asked || options.skip.is_some() || options.count.is_some_and(|(count, _)| count)) {
        return Ok(None);
    }
    let (value, ty, nullable) = value_of(cx, place, property, inside, at);
    let (items, scope) = which(cx, true, value, (ty, nullable), (narrowed, options), at)?;
    let orderby = bind_orderby(cx, &scope, options.orderby.as_deref())?;
    let (top, skip) = (options.top.map(|(n, _)| n), options.skip.map_or(0, |(n, _)| n));
    Ok(Some(Box::new(Chosen { items, orderby, top, skip })))
}

/// Whether options say something of which values of a collection are returned.
pub fn some_are_asked_for(options: &Options) -> bool {
    let ordered = options.orderby.is_some() || options.top.is_some() || options.skip.is_some();
    ordered || options.filter.is_some() || options.search.is_some() || options.count.is_some()
}

/// Whether an item of `$select` says more than which parts of a value are returned, so that beside all of it something is different.
pub fn changes_inside(item: &SelectItem) -> bool {
    let Options { compute, select, .. } = &item.options;
    some_are_asked_for(&item.options) || compute.is_some() || select.iter().flatten().any(changes_inside)
}

/// Items of `$select`: those that change what is inside of a value come behind those that choose all of it.
pub fn in_order(items: &[SelectItem]) -> impl Iterator<Item = &SelectItem> {
    let whole = items.iter().filter(|item| !changes_inside(item));
    whole.chain(items.iter().filter(|item| changes_inside(item)))
}

/// Which values of a collection, a property of an entity or of a complex value, an item of `$select` asks for.
pub fn some_of(
    cx: &Context,
    property: usize,
    (value, ty, nullable): (Expr, Type, bool),
    item: &SelectItem,
) -> BindResult<SomeOf> {
    let options = &item.options;
    if options.compute.is_some() {
        let message = "$compute in a collection of values is not supported.";
        return Err(not_supported(item.at, "$compute", message));
    }
    let (items, scope) = which(cx, false, value, (ty, nullable), (&[], options), item.at)?;
    let orderby = bind_orderby(cx, &scope, options.orderby.as_deref())?;
    let (top, skip) = (options.top.map(|(n, _)| n), options.skip.map_or(0, |(n, _)| n));
    let counted = options.count.is_some_and(|(count, _)| count);
    let count = counted.then(|| {
        let kind = ExprKind::CountItems(Box::new(items.clone()));
        typed(item.at, PrimitiveType::Int64, false, kind)
    });
    Ok(SomeOf { property, chosen: Chosen { items, orderby, top, skip }, count })
}

/// The value that steps lead to from a property, its type, and whether it, or an item of it, can be null.
pub fn value_of(
    cx: &Context,
    place: &Place,
    property: usize,
    inside: &[Inside],
    at: u32,
) -> (Expr, Type, bool) {
    let own = &cx.type_of(place.target()).properties[property];
    let (mut leaf, mut nullable) = (own.ty, own.nullable);
    let mut value = read(at, leaf, true, ExprKind::Property(place.clone(), property));
    for step in inside {
        value = match (step, leaf) {
            (Inside::Item(number), _) => read(at, leaf, true, ExprKind::Item(Box::new(value), *number)),
            (Inside::Member(index), Type::Complex(id)) => {
                let member = &cx.model.complex_type(id).properties[*index];
                (leaf, nullable) = (member.ty, member.nullable);
                read(at, leaf, true, ExprKind::Member(Box::new(value), id, *index))
            }
            (Inside::Member(_), _) => value,
        };
    }
    (value, leaf, nullable)
}

/// The values of a collection that options choose, and what names mean there: `$it` is the value, where the path leads to the
/// collection, and else the entity that the request is about.
fn which(
    cx: &Context,
    addressed: bool,
    value: Expr,
    (ty, nullable): (Type, bool),
    (narrowed, options): (&[ast::Expr], &Options),
    at: u32,
) -> BindResult<(Items, Scope)> {
    let variable = cx.new_variable();
    let item = read(at, ty, nullable, ExprKind::Column(variable, 0));
    let it = if addressed { None } else { cx.it() };
    let it_value = addressed.then(|| (item.clone(), ty));
    let scope = of_item(&Scope { it, it_value, ..Scope::default() }, None, &item, ty);
    let mut predicate = None;
    for filter in narrowed.iter().chain(&options.filter) {
        predicate = both(predicate, Some(bind_condition(cx, &scope, filter, "$filter")?));
    }
    if let Some(search) = &options.search {
        predicate = both(predicate, Some(search_values(cx, &item, ty, search, at)?));
    }
    Ok((Items { collection: value, variable, predicate, numbered: false }, scope))
}

/// What names mean inside of a complex value of an entity; `$it` is the entity that the request is about.
pub fn scope_inside(cx: &Context, value: &Expr, ty: Type) -> Scope {
    of_item(&Scope { it: cx.it(), ..Scope::of_rows(Vec::new()) }, None, value, ty)
}

/// A scope in which an item is known by the name of a variable, or else as `$this`.
fn of_item(scope: &Scope, variable: Option<&str>, item: &Expr, ty: Type) -> Scope {
    let mut inner = scope.clone();
    let hidden = |(known, ..): &(Option<String>, Expr, ComplexTypeId)| known.as_deref() != variable;
    inner.complex.retain(hidden);
    match (ty, variable) {
        (Type::Complex(id), _) => {
            if variable.is_none() {
                // Bare names are those of the item.
                (inner.this, inner.implicit, inner.named) = (None, None, Rc::default());
            }
            inner.complex.push((variable.map(str::to_owned), item.clone(), id));
        }
        (_, None) => inner.this = Some(item.clone()),
        (_, Some(name)) => {
            let path = vec![name.to_owned()];
            let named = Named { path, expr: item.clone(), size: Size::ONE, present: None, whole: None };
            Rc::make_mut(&mut inner.named).insert(0, named);
        }
    }
    inner
}

/// Binds what follows a property that is a collection of values.
pub fn bind_items(
    cx: &Context,
    scope: &Scope,
    (ty, nullable): (Type, bool),
    collection: Expr,
    mut segments: &[PathSegment],
) -> BindResult<Member> {
    let variable = cx.new_variable();
    let value = read(collection.at, ty, nullable, ExprKind::Column(variable, 0));
    let mut predicate: Option<Expr> = None;
    loop {
        let Some((segment, rest)) = segments.split_first() else {
            return Ok(Member::Items(
                Box::new(Items { collection, variable, predicate, numbered: false }),
                value,
            ));
        };
        let at = segment.at;
        let this = || of_item(scope, None, &value, ty);
        let body = |lambda: &Lambda| {
            let inner = of_item(scope, Some(&lambda.variable), &value, ty);
            bind_condition(cx, &inner, &lambda.body, "lambda")
        };
        match &segment.kind {
            PathSegmentKind::Filter(filter) => {
                predicate = both(predicate, Some(bind_condition(cx, &this(), filter, "$filter")?));
                segments = rest;
                continue;
            }
            _ if !rest.is_empty() => return Err(misplaced(&rest[0])),
            PathSegmentKind::Any(lambda) => {
                if let Some(lambda) = lambda {
                    predicate = both(predicate, Some(body(lambda)?));
                }
                let items = Items { collection, variable, predicate, numbered: false };
                return Ok(condition(at, ExprKind::AnyItem(Box::new(items))));
            }
            PathSegmentKind::All(lambda) if predicate.is_none() => {
                let predicate = Some(body(lambda)?);
                let items = Items { collection, variable, predicate, numbered: false };
                return Ok(condition(at, ExprKind::AllItems(Box::new(items))));
            }
            PathSegmentKind::All(_) => {
                return Err(not_supported(at, "all", "all after $filter is not supported."));
            }
            PathSegmentKind::Count(options) => {
                if let Some(filter) = &options.filter {
                    predicate = both(predicate, Some(bind_condition(cx, &this(), filter, "$filter")?));
                }
                if let Some(search) = &options.search {
                    predicate = both(predicate, Some(search_values(cx, &value, ty, search, at)?));
                }
                let items = Items { collection, variable, predicate, numbered: false };
                let kind = ExprKind::CountItems(Box::new(items));
                return Ok(Member::Value(typed(at, PrimitiveType::Int64, false, kind)));
            }
            _ => {
                let message = "After a collection of values only any, all, $count and $filter can stand.";
                return Err(invalid(at, "path", message));
            }
        }
    }
}
