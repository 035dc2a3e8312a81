//! `$select` of the entities of all sets: what is named behind a type is told of entities of that type.

use super::super::apply::only_where;
use super::super::cast::{is_known, of_type, there};
use super::super::error::{
    BindErrorKind, BindResult, invalid, not_supported, unknown_member, unknown_property,
};
use super::super::expr::condition;
use super::super::scope::Context;
use super::super::select::inside_open;
use super::set_of_type;
use crate::model::{EntitySetId, Type};
use crate::query::{Expr, ExprKind, Named, Place};
use crate::url::ast::Options;

/// What is told of which entities.
pub struct Chosen {
    /// Properties; all where this is missing.
    items: Option<Vec<Item>>,
    /// The names of `$compute`.
    computed: Vec<String>,
}

/// Properties of the entities of a type.
struct Item {
    set: EntitySetId,
    /// The type below that of the set.
    of: Option<usize>,
    /// The property, and a path into it; all properties where this is empty.
    path: Vec<String>,
    /// Whether the model does not have it.
    dynamic: bool,
}

impl Item {
    /// Whether a value with this path, which begins with the set, is told where entities are of the type; and what tells that
    /// what a chosen value lies in is null.
    fn tells(&self, named: &Named) -> bool {
        if named.taken().is_some() {
            return self.dynamic || self.path.is_empty();
        }
        let inside = named.path.get(1..).unwrap_or_default();
        inside.starts_with(&self.path) || self.path.starts_with(inside)
    }
}

impl Chosen {
    /// Binds the items of `$select`.
    pub fn bind(cx: &Context, options: &Options) -> BindResult<Chosen> {
        let mut computed: Vec<String> =
            options.compute.iter().flatten().map(|item| item.name.clone()).collect();
        let Some(items) = &options.select else {
            return Ok(Chosen { items: None, computed });
        };
        let mut all = Vec::with_capacity(items.len());
        let mut named: Vec<&String> = Vec::new();
        for item in items {
            if item.options != Options::default() || item.parameters.is_some() {
                let message = "Options in $select of all entities are not supported.";
                return Err(not_supported(item.at, "$select", message));
            }
            let (first, rest) = match item.path.as_slice() {
                [name] if computed.contains(name) => {
                    named.push(name);
                    continue;
                }
                [star] if star == "*" => {
                    named.extend(options.compute.iter().flatten().map(|item| &item.name));
                    let every = cx.model.served_sets();
                    all.extend(every.map(|(set, _)| Item {
                        set,
                        of: None,
                        path: Vec::new(),
                        dynamic: false,
                    }));
                    continue;
                }
                [first, rest @ ..] => (first, rest),
                [] => continue,
            };
            let set = set_of_type(cx, first, item.at)?;
            let of = cx.model.find_cast(set, first).flatten();
            let Some(name) = rest.first() else {
                return Err(invalid(item.at, first, format!("'{first}' needs a property behind it.")));
            };
            let dynamic = cx.type_of(set).is_dynamic(name);
            if dynamic {
                if of.is_some() {
                    let message =
                        "Of all entities, dynamic properties are named behind the type of their set.";
                    return Err(not_supported(item.at, name, message));
                }
                if let [name] = rest
                    && computed.contains(name)
                {
                    let message =
                        format!("'{name}' is a name of $compute, and no dynamic property beside it.");
                    return Err(invalid(item.at, name, message));
                }
                inside_open(rest, item.at)?;
            } else {
                property(cx, (set, of), rest, item.at)?;
            }
            let path = rest.to_vec();
            all.push(Item { set, of, path, dynamic });
        }
        computed.retain(|name| named.contains(&name));
        Ok(Chosen { items: Some(all), computed })
    }

    /// Whether a name of `$compute` is told.
    pub fn tells(&self, computed: &str) -> bool {
        self.computed.iter().any(|name| name == computed)
    }

    /// Those of the values of a set that are told, where they are.
    pub fn of_set(&self, cx: &Context, place: &Place, values: Vec<Named>) -> Vec<Named> {
        let Some(items) = &self.items else {
            return values;
        };
        let told = |named: Named| {
            let mut types: Vec<Option<usize>> = Vec::new();
            for item in items.iter().filter(|item| item.set == place.set && item.tells(&named)) {
                types.push(item.of);
            }
            if types.is_empty() {
                return None;
            }
            let known = types.iter().any(|of| is_known(cx, place, *of));
            Some(if known { named } else { only_of(place, &types, named) })
        };
        values.into_iter().filter_map(told).collect()
    }

    /// The names of what is told of entities of a type; nothing where that is just all that they have.
    pub fn names(&self, cx: &Context, set: EntitySetId, of: Option<usize>) -> Option<Vec<String>> {
        let family = cx.type_of(set).family.as_ref();
        let is_a = |to: Option<usize>| to.is_none() || family.is_some_and(|family| family.is_a(of, to));
        let mut names: Vec<String> = Vec::new();
        let every = [Item { set, of: None, path: Vec::new(), dynamic: false }];
        if self.items.is_none() && self.computed.is_empty() {
            return None;
        }
        for item in
            self.items.as_deref().unwrap_or(&every).iter().filter(|item| item.set == set && is_a(item.of))
        {
            let name = if item.path.is_empty() { "*".to_owned() } else { item.path.join("/") };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.extend(self.computed.iter().cloned());
        Some(names)
    }
}

/// That there is such a property, and that a path into it can be followed.
fn property(
    cx: &Context,
    (set, of): (EntitySetId, Option<usize>),
    path: &[String],
    at: u32,
) -> BindResult<()> {
    let ty = cx.type_of(set);
    let (name, inside) = (path[0].as_str(), &path[1..]);
    if ty.find_navigation_of(name, of).is_some() {
        let message =
            format!("Of all entities, '{name}' is told by $expand; links in $select are not supported.");
        return Err(not_supported(at, name, message));
    }
    let Some(index) = ty.find_property_of(name, of) else {
        return Err(unknown_property(BindErrorKind::Invalid, at, (ty, of), name));
    };
    let property = &ty.properties[index];
    match (inside, property.ty) {
        ([], _) => Ok(()),
        ([member], Type::Complex(id)) if property.in_parts => {
            let ty = cx.model.complex_type(id);
            let known = ty.find_property(member).is_some();
            let unknown = || unknown_member(BindErrorKind::Invalid, at, ty, member);
            if known { Ok(()) } else { Err(unknown()) }
        }
        _ if !property.is_structured() => {
            let message = format!("'{name}' is a primitive property; nothing can follow it in $select.");
            Err(invalid(at, name, message))
        }
        _ => Err(not_supported(at, name, format!("Of all entities '{name}' is only told as a whole."))),
    }
}

/// A value that is only told of entities of some types.
fn only_of(place: &Place, types: &[Option<usize>], named: Named) -> Named {
    let is = types.iter().flatten().map(|to| of_type(place, *to, 0));
    let either = |a: Expr, b: Expr| condition(0, ExprKind::Or(Box::new(a), Box::new(b)));
    let Some(is) = is.reduce(either) else {
        return named;
    };
    let present = match named.present {
        Some(present) => only_where(&is, present),
        None => there(is.clone()),
    };
    Named { expr: only_where(&is, named.expr), present: Some(present), ..named }
}
