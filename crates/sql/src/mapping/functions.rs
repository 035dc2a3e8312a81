//! Functions that a model file writes as SELECTs: each gives entities of a set, by their keys.

use nextlink_odata::model::{Bound, EntitySetId, Function, Model, PrimitiveType, Property, Type};

use super::reshape::about;
use super::{FunctionMap, Mapping};
use crate::notice::Notice;
use crate::shape::{Named, Shape, ToldSelect};

/// Adds all that can be served. `found` are the columns that the database tells of each SELECT.
pub(super) fn add(
    mapping: &mut Mapping,
    found: &[(String, Vec<String>)],
    shape: &Shape,
    notices: &mut Vec<Notice>,
) {
    for ToldSelect { name, pieces, parameters, .. } in shape.selects() {
        let told = shape.functions.get(&name.text).zip(parameters);
        let columns = found.iter().find(|(known, _)| *known == name.text);
        // Where nothing is known of it, a notice says why.
        let (Some((told, parameters)), Some((_, columns))) = (told, columns) else { continue };
        let Some(set) = mapping.model.find_set(&told.returns.text) else {
            notices.push(about(&told.returns, &name.text, "there is no such entity set"));
            continue;
        };
        let key = match key(mapping, set, columns) {
            Ok(key) => key,
            Err(missing) => {
                let text = ["its SELECT has no column `", &missing, "`, which is of the key"].concat();
                notices.push(about(&told.returns, &name.text, &text));
                continue;
            }
        };
        let bound = match told.bound.as_ref().map(|named| (named, bound(&mapping.model, named, &parameters)))
        {
            Some((named, Err(problem))) => {
                notices.push(about(named, &name.text, problem));
                continue;
            }
            Some((_, Ok(bound))) => Some(bound),
            None => None,
        };
        let nullable = |name: &str| told.parameters.get(name).is_some_and(|told| told.nullable);
        let parameters = parameters
            .iter()
            .map(|(name, ty)| Property { nullable: nullable(name), ..Property::plain(name, *ty) });
        mapping.functions.push(FunctionMap { pieces, key });
        mapping.model.functions.push(Function {
            name: name.text.clone(),
            parameters: parameters.collect(),
            returns: set,
            collection: told.collection.unwrap_or(true),
            bound,
            description: told.description.clone(),
        });
    }
}

/// The entities that a function is called on, and which parameters are their key.
fn bound(
    model: &Model,
    named: &Named,
    parameters: &[(String, PrimitiveType)],
) -> Result<Bound, &'static str> {
    let set = model.find_set(&named.text).ok_or("there is no such entity set")?;
    let ty = model.entity_type(model.entity_set(set).entity_type);
    let mut keys = vec![None; parameters.len()];
    for property in &ty.key {
        let of = &ty.properties[*property];
        let place = parameters.iter().position(|(name, _)| *name == of.name);
        let place = place.ok_or("each property of its key has to be a parameter, under its name")?;
        if of.ty != Type::Primitive(parameters[place].1) {
            return Err("parameters that are its key have the types of the key");
        }
        keys[place] = Some(*property);
    }
    Ok(Bound { set, keys })
}

/// The columns with the key, which have the names of its properties or of their columns.
fn key(mapping: &Mapping, set: EntitySetId, columns: &[String]) -> Result<Vec<String>, String> {
    let ty = mapping.model.entity_type(mapping.model.entity_set(set).entity_type);
    let place = |property: &usize| {
        let names = [&mapping.table(set).columns[*property].column, &ty.properties[*property].name];
        let exact = columns.iter().find(|column| names.contains(column));
        let like = || {
            let same =
                |column: &&String| names.iter().any(|name| name.to_lowercase() == column.to_lowercase());
            columns.iter().find(same)
        };
        exact.or_else(like).cloned().ok_or_else(|| names[0].clone())
    };
    ty.key.iter().map(place).collect()
}
