//! What is written of JSON that lies in the database: all of a value as it is, or as the model says of which types it is.

use super::{Compiler, Op, ValueShape};
use crate::layout::Item;
use crate::model::{PrimitiveType, Property, Type};
use crate::query::{JsonStep, Leaf, Parts};

/// A value inside of a JSON text.
#[derive(Debug, Clone)]
pub(crate) struct DocumentShape {
    /// What stands before it; nothing where it alone makes a row.
    pub(crate) prefix: Vec<u8>,
    /// The steps that lead to it.
    pub(crate) path: Vec<JsonStep>,
    /// How it is written.
    pub(crate) shape: JsonShape,
    /// Where it is a collection of which not all items are written: the text begins with their numbers, of which so many are passed over,
    /// and so many taken at most.
    pub(crate) chosen: Option<(u64, Option<u64>)>,
}

/// How a value of JSON is written.
#[derive(Debug, Clone)]
pub(crate) enum JsonShape {
    /// As it is there.
    Any,
    /// A value of a primitive type; null where it is none of it.
    Primitive { primitive: PrimitiveType, quoted: bool },
    /// The items of an array; none where it is none.
    Collection(Box<JsonShape>),
    /// An object: how it starts, and its members. Null where it is none.
    Complex { start: Vec<u8>, members: Vec<JsonMember> },
}

/// A member of an object.
#[derive(Debug, Clone)]
pub(crate) struct JsonMember {
    /// Its name there.
    pub(crate) name: String,
    /// `,"Street":`
    pub(crate) prefix: Vec<u8>,
    /// How its value is written.
    pub(crate) shape: JsonShape,
}

impl Compiler<'_> {
    /// Reads a JSON object and writes the value inside of it that alone makes a row.
    pub(super) fn document(&mut self, path: &[JsonStep]) -> Op {
        let told =
            DocumentShape { prefix: Vec::new(), path: path.to_vec(), shape: JsonShape::Any, chosen: None };
        Op::Json { value: self.add(ValueShape::Document(told)) }
    }

    /// Reads a property that lies in JSON.
    pub(super) fn typed(&mut self, property: &Property, item: &Item<'_>, bare: Option<&Leaf>) -> Op {
        let (prefix, ty, collection) = match bare {
            Some(leaf) => (Vec::new(), leaf.ty, leaf.collection),
            None => (self.prefix_of(property), property.ty, property.collection),
        };
        let (path, parts, chosen) = match item {
            Item::Json { steps, parts, chosen, .. } | Item::JsonMember { steps, parts, chosen, .. } => {
                (steps.clone(), *parts, *chosen)
            }
            _ => (Vec::new(), None, None),
        };
        let shape = self.json(ty, collection, parts);
        let chosen = chosen.map(|chosen| (chosen.skip, chosen.top));
        Op::Json { value: self.add(ValueShape::Document(DocumentShape { prefix, path, shape, chosen })) }
    }

    fn json(&self, ty: Type, collection: bool, parts: Option<&Parts>) -> JsonShape {
        if collection {
            return JsonShape::Collection(Box::new(self.json(ty, false, parts)));
        }
        match ty {
            Type::Primitive(primitive) => {
                JsonShape::Primitive { primitive, quoted: self.is_quoted(primitive) }
            }
            Type::Enum(_) => JsonShape::Primitive { primitive: PrimitiveType::String, quoted: false },
            Type::Complex(id) => {
                let all = self.model.complex_type(id).properties.iter().enumerate();
                let told = all.filter(|(index, _)| parts.is_none_or(|parts| parts.members.contains(index)));
                let members = told.map(|(index, property)| {
                    let inner = parts.and_then(|parts| parts.parts.iter().find(|one| one.property == index));
                    JsonMember {
                        name: property.json.clone().unwrap_or_default(),
                        prefix: self.prefix_of(property),
                        shape: self.json(property.ty, property.collection, inner),
                    }
                });
                JsonShape::Complex { start: self.start_of(ty), members: members.collect() }
            }
        }
    }
}
