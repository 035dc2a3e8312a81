//! What a model file says of the types of JSON in columns.

use nextlink_odata::model::PrimitiveType;

use super::ShapeError;
use super::named::{Named, Spot};
use super::parts::{ComplexShape, Shape};
use crate::identifier::is_identifier;

/// The type of the items, where a name is that of a collection: `Collection(Edm.String)`.
pub fn item_type(name: &str) -> Option<&str> {
    name.strip_prefix("Collection(")?.strip_suffix(')')
}

impl Shape {
    /// A complex type whose values are JSON: one with properties that is none of the database.
    pub fn json_type(&self, name: &str) -> Option<(&str, &ComplexShape)> {
        let json = |told: &ComplexShape| told.of.is_none() && !told.properties.is_empty();
        let found = self.complex_types.iter().find(|(known, told)| known.text == name && json(told));
        found.map(|(name, told)| (name.text.as_str(), told))
    }
}

/// Checks a complex type whose values are JSON.
pub(super) fn complex(shape: &Shape, name: &Named, told: &ComplexShape) -> Result<(), ShapeError> {
    for (property, told) in told.properties.iter() {
        if !told.columns.is_empty() {
            return Err(bad(property.spot, &["the value of a member of JSON is not made of columns"]));
        }
        let member = told.column.as_ref().unwrap_or(property);
        if !is_identifier(&member.text) {
            let words =
                ["`", &member.text, "`: members of JSON that are properties are called like identifiers"];
            return Err(bad(member.spot, &words));
        }
        let Some(ty) = &told.type_name else {
            return Err(bad(property.spot, &["a property in JSON needs `type`, such as Edm.String"]));
        };
        value(shape, ty, item_type(&ty.text).unwrap_or(&ty.text))?;
    }
    if holds(shape, &name.text, told) {
        return Err(bad(name.spot, &["a complex type cannot hold itself"]));
    }
    Ok(())
}

/// A collection of values in a column.
pub(super) fn collection(shape: &Shape, ty: &Named) -> Result<(), ShapeError> {
    match item_type(&ty.text) {
        // It may be an array of the database, of any type that this has.
        Some(item) if shape.enumerations.get(item).is_some() => Ok(()),
        Some(item) if shape.complex_types.get(item).is_some_and(|told| told.of.is_some()) => Ok(()),
        Some(item) => value(shape, ty, item),
        None => Ok(()),
    }
}

fn value(shape: &Shape, named: &Named, name: &str) -> Result<(), ShapeError> {
    let primitive =
        |name: &str| PrimitiveType::from_name(name).is_some_and(|primitive| !primitive.is_shape());
    let known = primitive(name) || shape.type_definitions.get(name).is_some();
    if known || shape.json_type(name).is_some() {
        return Ok(());
    }
    let words = [
        "`",
        &named.text,
        "`: values of JSON are of primitive types such as Edm.String, or of complex types with `properties`, or collections of them",
    ];
    Err(bad(named.spot, &words))
}

fn bad(spot: Spot, words: &[&str]) -> ShapeError {
    ShapeError { spot, problem: words.concat() }
}

/// Whether a type is found in what it holds.
fn holds(shape: &Shape, sought: &str, told: &ComplexShape) -> bool {
    let (mut seen, mut waiting): (Vec<&str>, Vec<&ComplexShape>) = (Vec::new(), vec![told]);
    while let Some(told) = waiting.pop() {
        for ty in told.properties.iter().filter_map(|(_, told)| told.type_name.as_ref()) {
            let found = shape.json_type(item_type(&ty.text).unwrap_or(&ty.text));
            let Some((name, told)) = found.filter(|(name, _)| !seen.contains(name)) else { continue };
            if name == sought {
                return true;
            }
            seen.push(name);
            waiting.push(told);
        }
    }
    false
}
