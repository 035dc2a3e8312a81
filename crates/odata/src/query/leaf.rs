//! Values inside of entities to which a path leads.

use super::{Addressed, Inside, Query, Step};
use crate::model::{Model, Property, Type, TypeDefinitionId};

/// A value inside of an entity.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// The way to it, as it stands in a URL.
    pub path: Vec<String>,
    /// Its type, or that of its items.
    pub ty: Type,
    /// Whether it is a collection.
    pub collection: bool,
    /// The type definition that it, or each of its items, is of.
    pub definition: Option<TypeDefinitionId>,
}

impl Leaf {
    /// A value that is no property's.
    pub fn plain(ty: Type, collection: bool) -> Leaf {
        Leaf { path: Vec::new(), ty, collection, definition: None }
    }

    /// The value that steps lead to from a property; none where they do not fit its type.
    pub fn of(model: &Model, property: &Property, inside: &[Inside]) -> Option<Leaf> {
        let path = vec![property.name.clone()];
        let Property { ty, collection, definition, .. } = *property;
        let mut leaf = Leaf { path, ty, collection, definition };
        for step in inside {
            match (step, leaf.ty, leaf.collection) {
                (Inside::Member(index), Type::Complex(id), false) => {
                    let member = &model.complex_type(id).properties[*index];
                    leaf.path.push(member.name.clone());
                    (leaf.ty, leaf.collection, leaf.definition) =
                        (member.ty, member.collection, member.definition);
                }
                (Inside::Item(number), _, true) => {
                    leaf.path.push(number.to_string());
                    leaf.collection = false;
                }
                _ => return None,
            }
        }
        Some(leaf)
    }
}

impl Query {
    /// Whether it is about a value of one entity whose key the path does not name, since navigation leads there.
    pub fn leads_to_value(&self) -> bool {
        let last = self.steps.iter().rfind(|step| !matches!(step, Step::Filter(_) | Step::Each));
        matches!(self.addressed, Addressed::Property(_) | Addressed::Dynamic)
            && matches!(last, Some(Step::Navigate(_) | Step::Call(..)))
    }
}
