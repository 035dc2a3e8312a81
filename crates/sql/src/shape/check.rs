//! Whether what a model file says fits together, whatever the database has.

mod names;
mod types;
mod entities;
#[cfg(test)]
mod tests;

use nextlink_odata::model::PrimitiveType;

use super::functions::FunctionShape;
use super::named::Named;
use super::parts::{EntityShape, Shape, SingletonShape};
use super::select::{Piece, pieces};
use crate::identifier::is_identifier;
use entities::{entity, rows_stand_once};
use names::Names;
use types::{complex, definition, enumeration};

pub(super) use names::{Checked, bad};

/// Checks a model file.
///
/// # Errors
/// The first thing in it that contradicts another one, or that no model can have.
pub(super) fn check(shape: &Shape) -> Checked {
    if let Some(namespace) = &shape.namespace
        && !namespace.text.split('.').all(is_identifier)
    {
        return Err(bad(namespace.spot, &["`", &namespace.text, "` cannot be a namespace"]));
    }
    let mut types = Names::default();
    if let Some(container) = &shape.container {
        types.add(container)?;
    }
    for (name, told) in shape.enumerations.iter() {
        types.add(name)?;
        enumeration(name, told)?;
    }
    for (name, told) in shape.type_definitions.iter() {
        types.add(name)?;
        definition(told)?;
    }
    for (name, told) in shape.complex_types.iter() {
        types.add(name)?;
        complex(shape, name, told)?;
    }
    let mut container = Names::default();
    rows_stand_once(shape)?;
    for (name, told) in shape.entities.iter() {
        container.add(name)?;
        if let Some(name) = &told.type_name {
            types.add(name)?;
        }
        entity(shape, told)?;
    }
    for (name, told) in shape.singletons.iter() {
        container.add(name)?;
        if let Some(name) = &told.entity.type_name {
            types.add(name)?;
        }
        singleton(shape, name, told)?;
    }
    for (name, _) in shape.derived() {
        types.add(name)?;
    }
    for (name, told) in shape.functions.iter() {
        types.add(name)?;
        container.add(name)?;
        told.0.iter().try_for_each(|told| function(name, told))?;
    }
    groups(shape, &mut types)
}

/// A function: of a SELECT, or of the database.
fn function(name: &Named, told: &FunctionShape) -> Checked {
    if let (Some(_), Some(set)) = (&told.bound, &told.bound_set) {
        return Err(bad(set.spot, &["a function has `bound` or `boundSet`, not both"]));
    }
    match (&told.sql, &told.routine) {
        (Some(sql), None) if told.arguments.is_empty() && told.takes.is_none() => select(name, told, sql),
        (None, Some(named)) => routine(named, told),
        _ => {
            let words = "a function has either `sql` or `routine`; `arguments` and `takes` go with `routine`";
            Err(bad(name.spot, &[words]))
        }
    }
}

/// A function of a SELECT: each of its parameters has a primitive type.
fn select(name: &Named, told: &FunctionShape, sql: &Named) -> Checked {
    let mut names = Names::default();
    for (name, parameter) in told.parameters.iter() {
        let ty = &parameter.type_name;
        names.add(name)?;
        if PrimitiveType::from_name(&ty.text).is_none_or(PrimitiveType::is_shape) {
            return Err(bad(ty.spot, &["`", &ty.text, "`: a parameter has a type such as Edm.String"]));
        }
        let default = PrimitiveType::from_name(&ty.text).map(|primitive| parameter.default_value(primitive));
        if parameter.default.is_some() && default.flatten().is_none() {
            return Err(bad(ty.spot, &["the default of `", &name.text, "` is no value of `", &ty.text, "`"]));
        }
        // Those that are the key of what it is called on are no parameters of calls.
        let behind = told.bound.is_none() && parameter.default.is_none();
        if behind
            && told.parameters.iter().any(|(before, told)| before.spot < name.spot && told.default.is_some())
        {
            return Err(bad(
                name.spot,
                &["`", &name.text, "`: parameters with a default stand behind those without"],
            ));
        }
    }
    match (&told.returns, &told.type_name) {
        (Some(_), None) if told.nullable.is_none() => {}
        (Some(set), None) => return Err(bad(set.spot, &["`nullable` is said of values, not of entities"])),
        (None, Some(ty)) => {
            let known = PrimitiveType::from_name(&ty.text).is_some_and(|found| !found.is_shape());
            if ty.text.contains('.') && !known {
                return Err(bad(ty.spot, &["`", &ty.text, "`: a function gives no values of this type"]));
            }
        }
        _ => {
            let words = "a function has either `returns`, an entity set, or `type`, that of its values";
            return Err(bad(name.spot, &[words]));
        }
    }
    for piece in pieces(sql)? {
        if let Piece::Parameter(name) = piece
            && told.parameters.get(&name).is_none()
        {
            return Err(bad(sql.spot, &["`:", &name, "`: there is no such parameter"]));
        }
    }
    Ok(())
}

/// A function of the database, which says itself what it takes and gives.
fn routine(routine: &Named, told: &FunctionShape) -> Checked {
    let FunctionShape { bound, bound_set, description, arguments, takes, readers, .. } = told;
    let alone = FunctionShape {
        routine: told.routine.clone(),
        arguments: arguments.clone(),
        takes: takes.clone(),
        bound: bound.clone(),
        bound_set: bound_set.clone(),
        description: description.clone(),
        readers: readers.clone(),
        ..FunctionShape::default()
    };
    if *told != alone {
        let words = "of a function of the database only `takes`, `arguments`, `bound`, `boundSet`, `description` and `readers` can be said";
        return Err(bad(routine.spot, &[words]));
    }
    if let Some(ty) = takes.iter().flatten().find(|ty| PrimitiveType::from_name(&ty.text).is_none()) {
        return Err(bad(
            ty.spot,
            &["`", &ty.text, "`: a function takes values of a type such as Edm.String"],
        ));
    }
    let mut names = Names::default();
    arguments.iter().try_for_each(|(name, _)| names.add(name))
}

/// A singleton is a row of an entity set, or has a table of its own.
fn singleton(shape: &Shape, name: &Named, told: &SingletonShape) -> Checked {
    match (&told.of, told.row.is_empty()) {
        (None, true) => entity(shape, &told.entity),
        (Some(_), false) => {
            let EntityShape { description, readers, .. } = &told.entity;
            let (description, readers) = (description.clone(), readers.clone());
            let alone = EntityShape { description, readers, ..EntityShape::default() };
            if told.entity == alone {
                return Ok(());
            }
            let words = "a singleton with `of` is an entity of that set: nothing but `row`, `description` and `readers` can be said of it";
            Err(bad(name.spot, &[words]))
        }
        _ => Err(bad(name.spot, &["a singleton has both `of`, an entity set, and `row`, or none of them"])),
    }
}

/// Complex types that only groups of columns name have names of their own, too.
fn groups<'s>(shape: &'s Shape, types: &mut Names<'s>) -> Checked {
    let mut seen: Vec<&str> = shape.complex_types.iter().map(|(name, _)| name.text.as_str()).collect();
    for (_, property) in shape.properties() {
        if let Some(ty) = property.type_name.as_ref().filter(|_| !property.columns.is_empty())
            && !seen.contains(&ty.text.as_str())
        {
            types.add(ty)?;
            seen.push(&ty.text);
        }
    }
    Ok(())
}
