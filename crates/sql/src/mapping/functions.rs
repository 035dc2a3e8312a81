//! Functions that a model file writes as SELECTs: each gives entities of a set, by their keys, or values.

use nextlink_odata::model::{
    Bound, ComplexTypeId, EnumTypeId, Function, Model, Omitted, PrimitiveType, Property, Returns, Type,
    TypeDefinitionId,
};

use super::find::about;
use super::{Behind, FunctionMap, Mapping};
use crate::notice::Notice;
use crate::shape::{FunctionShape, Named, ParameterShape, Shape, ToldSelect};

/// Adds all that can be served. `found` are the columns that the database tells of each SELECT.
pub(super) fn add(
    mapping: &mut Mapping,
    found: &[(String, usize, Vec<String>)],
    shape: &Shape,
    notices: &mut Vec<Notice>,
) {
    for ToldSelect { name, number, pieces, parameters, .. } in shape.selects() {
        let told = shape.functions.get(&name.text).and_then(|all| all.0.get(number)).zip(parameters);
        let columns = found.iter().find(|(known, of, _)| (known, *of) == (&name.text, number));
        // Where nothing is known of it, a notice says why.
        let (Some((told, parameters)), Some((.., columns))) = (told, columns) else { continue };
        if told.readers.are_others() {
            continue;
        }
        let found = match (&told.returns, &told.type_name) {
            (Some(set), _) => (set, entities(mapping, set, columns)),
            (None, Some(ty)) => (ty, values(&mapping.model, told, ty, columns)),
            (None, None) => continue,
        };
        let (returns, columns) = match found {
            (_, Ok(found)) => found,
            (named, Err(problem)) => {
                notices.push(about(named, &name.text, &problem));
                continue;
            }
        };
        let on = told.bound.as_ref().or(told.bound_set.as_ref());
        let whole = told.bound.is_none();
        let bound = match on.map(|named| (named, bound(&mapping.model, (named, whole), &parameters))) {
            Some((named, Err(problem))) => {
                notices.push(about(named, &name.text, problem));
                continue;
            }
            Some((_, Ok(bound))) => Some(bound),
            None => None,
        };
        let of = |name: &str| told.parameters.get(name);
        let nullable = |name: &str| of(name).is_some_and(|told| told.nullable);
        let default = |(name, ty): &(String, PrimitiveType)| of(name)?.default_value(*ty).map(Omitted::Value);
        let function = Function {
            name: name.text.clone(),
            defaults: parameters.iter().map(default).collect(),
            parameters: parameters
                .iter()
                .map(|(name, ty)| Property {
                    nullable: nullable(name),
                    default_value: of(name).and_then(ParameterShape::default_text),
                    ..Property::plain(name, *ty)
                })
                .collect(),
            collection: told.collection.unwrap_or(matches!(returns, Returns::Entities(_))),
            returns,
            bound,
            description: told.description.clone(),
        };
        let map = FunctionMap { behind: Behind::Select(pieces), columns, readers: told.readers.clone() };
        if let Err(problem) = stand(mapping, function, map) {
            notices.push(about(&name, &name.text, problem));
        }
    }
}

/// Puts a function into the model, unless it cannot stand there.
pub(super) fn stand(mapping: &mut Mapping, function: Function, map: FunctionMap) -> Result<(), &'static str> {
    if mapping.model.served_sets().next().is_none() {
        return Err("a service without entity sets has no functions");
    }
    if let Some(problem) = clash(&mapping.model, &function) {
        return Err(problem);
    }
    mapping.functions.push(map);
    mapping.model.functions.push(function);
    Ok(())
}

/// Why a function cannot stand beside those of its name that are called on the same (CSDL 4.01 section 12.2).
fn clash(model: &Model, function: &Function) -> Option<&'static str> {
    let on = function.bound.as_ref().map(|bound| (bound.set, bound.collection));
    let others: Vec<&Function> =
        model.overloads(on, &function.name).into_iter().map(|number| &model.functions[number]).collect();
    let names: Vec<String> = function.own_parameters().map(|(_, own)| own.name.clone()).collect();
    let types = |function: &Function| function.own_parameters().map(|(_, own)| own.ty).collect::<Vec<_>>();
    let gives = |function: &Function| {
        let value = function.value().map(|value| (value.ty, value.definition, value.nullable));
        (function.set(), value, function.collection)
    };
    if others.iter().any(|other| other.takes(&names)) {
        return Some("another function of this name takes parameters of the same names");
    }
    if others.iter().any(|other| types(other) == types(function)) {
        return Some("another function of this name takes parameters of the same types");
    }
    let other = others.iter().any(|other| gives(other) != gives(function));
    other.then_some("another function of this name gives something else")
}

/// The entities that a function is called on, and which parameters are their key.
pub(super) fn bound(
    model: &Model,
    (named, collection): (&Named, bool),
    parameters: &[(String, PrimitiveType)],
) -> Result<Bound, &'static str> {
    let set = model.find_set(&named.text).ok_or("there is no such entity set")?;
    let ty = model.entity_type(model.entity_set(set).entity_type);
    let mut keys = vec![None; parameters.len()];
    for property in ty.key.iter().filter(|_| !collection) {
        let of = &ty.properties[*property];
        let place = parameters.iter().position(|(name, _)| *name == of.name);
        let place = place.ok_or("each property of its key has to be a parameter, under its name")?;
        if of.ty != Type::Primitive(parameters[place].1) {
            return Err("parameters that are its key have the types of the key");
        }
        keys[place] = Some(*property);
    }
    Ok(Bound { set, collection, keys })
}

/// The entities of a set, and the columns with their key, which have the names of its properties or of their columns.
fn entities(mapping: &Mapping, named: &Named, columns: &[String]) -> Result<(Returns, Vec<String>), String> {
    let set = mapping.model.find_set(&named.text).ok_or("there is no such entity set")?;
    let ty = mapping.model.entity_type(mapping.model.entity_set(set).entity_type);
    let place = |property: &usize| {
        column(columns, &[&mapping.table(set).columns[*property].column, &ty.properties[*property].name])
            .map_err(|missing| ["its SELECT has no column `", missing, "`, which is of the key"].concat())
    };
    let key = ty.key.iter().map(place).collect::<Result<_, _>>()?;
    Ok((Returns::Entities(set), key))
}

/// Values of a type, and the columns with their parts.
fn values(
    model: &Model,
    told: &FunctionShape,
    named: &Named,
    columns: &[String],
) -> Result<(Returns, Vec<String>), String> {
    let value = value(model, &named.text).ok_or("there is no such type")?;
    let value = Property { nullable: told.nullable.unwrap_or(true), ..value };
    let parts = model.plain_parts(&value);
    let columns = match value.ty {
        Type::Complex(_) => {
            if parts.iter().any(|(_, part)| part.is_structured()) {
                return Err("values within values are not supported in what a function gives".to_owned());
            }
            let place = |(name, _): &(&str, &Property)| {
                column(columns, &[name])
                    .map_err(|missing| ["its SELECT has no column `", missing, "`"].concat())
            };
            parts.iter().map(place).collect::<Result<_, _>>()?
        }
        // What is computed of parameters is called after them, whose places differ from statement to statement.
        Type::Primitive(_) | Type::Enum(_)
            if columns.len() == 1 && columns[0].contains(['?', ':']) && columns[0] != "?column?" =>
        {
            return Err("the column of its SELECT needs a name (AS)".to_owned());
        }
        Type::Primitive(_) | Type::Enum(_) if columns.len() == 1 => columns.to_vec(),
        Type::Primitive(_) | Type::Enum(_) => return Err("its SELECT has to have one column".to_owned()),
    };
    Ok((Returns::Values(Box::new(value)), columns))
}

/// A value of a type by its name: a primitive one, or one of the model.
fn value(model: &Model, name: &str) -> Option<Property> {
    if let Some(primitive) = PrimitiveType::from_name(name) {
        return Some(Property::plain("value", primitive));
    }
    let text = || Property::plain("value", PrimitiveType::String);
    if let Some(place) = model.enum_types.iter().position(|known| known.name == name) {
        return Some(Property { ty: Type::Enum(EnumTypeId(place)), ..text() });
    }
    if let Some(place) = model.complex_types.iter().position(|known| known.name == name) {
        return Some(Property { ty: Type::Complex(ComplexTypeId(place)), ..text() });
    }
    let place = model.type_definitions.iter().position(|known| known.name == name)?;
    let definition = Some(TypeDefinitionId(place));
    Some(Property { definition, ..Property::plain("value", model.type_definitions[place].underlying) })
}

/// The column that is called like one of these, in any case where none is exactly so; else the first of these names.
fn column<'n>(columns: &[String], names: &[&'n str]) -> Result<String, &'n str> {
    let exact = columns.iter().find(|column| names.contains(&column.as_str()));
    let like = || {
        let same = |column: &&String| names.iter().any(|name| name.to_lowercase() == column.to_lowercase());
        columns.iter().find(same)
    };
    exact.or_else(like).cloned().ok_or(names[0])
}
