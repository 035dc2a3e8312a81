//! Singletons that a model file names: rows of tables of their own, or rows of entity sets.

use nextlink_odata::bind::{coerce, read};
use nextlink_odata::model::{EntitySetId, Model, Property, Singleton, Type};
use nextlink_odata::value::Value;

use super::Mapping;
use super::find::about;
use crate::notice::Notice;
use crate::shape::{Code, Named, Shape, SingletonShape};

/// All that can be served.
pub(super) fn of(mapping: &Mapping, shape: &Shape, notices: &mut Vec<Notice>) -> Vec<Singleton> {
    let model = &mapping.model;
    let mut found = Vec::new();
    for (name, told) in shape.singletons.iter() {
        if told.entity.readers.are_others() {
            continue;
        }
        let own = told.of.is_none();
        let wanted = told.of.as_ref().unwrap_or(name);
        let Some(set) = model.find_set(&wanted.text) else {
            // One with a table of its own has a notice of that.
            if !own {
                notices.push(about(wanted, &name.text, "there is no such entity set"));
            }
            continue;
        };
        match row(model, set, told) {
            Ok(row) => {
                let description = told.entity.description.clone().filter(|_| !own);
                found.push(Singleton { name: name.text.clone(), set, own, row, description });
            }
            Err((at, text)) => notices.push(about(at, &name.text, &text)),
        }
    }
    found
}

/// What finds the row: properties and their values.
fn row<'s>(
    model: &Model,
    set: EntitySetId,
    told: &'s SingletonShape,
) -> Result<Vec<(usize, Value)>, (&'s Named, String)> {
    let ty = model.entity_type(model.entity_set(set).entity_type);
    let mut row = Vec::new();
    for (name, code) in told.row.iter() {
        let index = ty.find_property(&name.text).ok_or((name, "there is no such property".to_owned()))?;
        row.push((index, value(model, &ty.properties[index], code).map_err(|text| (name, text))?));
    }
    Ok(row)
}

/// A constant as a value of a property.
fn value(model: &Model, property: &Property, code: &Code) -> Result<Value, String> {
    let told = match code {
        Code::Number(number) => Value::Integer(*number),
        Code::Text(text) => Value::String(text.clone()),
    };
    match (property.ty, &told) {
        _ if property.is_structured() => Err("a row is found by values of primitive properties".to_owned()),
        (Type::Enum(id), Value::String(member)) => {
            let known = model.enum_type(id).find_member(member).is_some();
            known.then_some(told.clone()).ok_or_else(|| "there is no such member".to_owned())
        }
        (Type::Primitive(primitive), Value::String(text)) => {
            read(primitive, text, 0).map_err(|error| error.message)
        }
        (Type::Primitive(primitive), _) => coerce(told, primitive, 0).map_err(|error| error.message),
        _ => Err("a member of an enumeration is named by its name".to_owned()),
    }
}
