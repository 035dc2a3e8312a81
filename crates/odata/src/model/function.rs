//! Functions: what they take and what they give.

use super::{EntitySetId, Model, Property, Type};

/// A function (CSDL 4.01 section 12.1). One that stands alone has an import of the same name (section 13.6).
#[derive(Debug, Clone)]
pub struct Function {
    /// Name, unique in the schema and in the container.
    pub name: String,
    /// What it takes: single primitive values.
    pub parameters: Vec<Property>,
    /// What it gives.
    pub returns: Returns,
    /// Whether it gives several of that; else one or none.
    pub collection: bool,
    /// The entities that it is called on.
    pub bound: Option<Bound>,
    /// Text for `Core.Description`.
    pub description: Option<String>,
}

/// What a function gives.
#[derive(Debug, Clone)]
pub enum Returns {
    /// Entities of a set.
    Entities(EntitySetId),
    /// Values that are as those of this property.
    Values(Box<Property>),
}

/// What a function is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The set of the entity.
    pub set: EntitySetId,
    /// By parameter: the property of its key that is the value of it.
    pub keys: Vec<Option<usize>>,
}

impl Function {
    /// The set of the entities that it gives.
    pub fn set(&self) -> Option<EntitySetId> {
        match self.returns {
            Returns::Entities(set) => Some(set),
            Returns::Values(_) => None,
        }
    }

    /// What its values are like, where it gives no entities.
    pub fn value(&self) -> Option<&Property> {
        match &self.returns {
            Returns::Entities(_) => None,
            Returns::Values(property) => Some(property),
        }
    }

    /// The parameters that a call gives values for, with their numbers.
    pub fn own_parameters(&self) -> impl Iterator<Item = (usize, &Property)> {
        let own = |number: usize| self.bound.as_ref().is_none_or(|bound| bound.keys[number].is_none());
        self.parameters.iter().enumerate().filter(move |(number, _)| own(*number))
    }

    /// Whether these are the names of the parameters that a call gives values for, in any order.
    pub fn takes(&self, names: &[String]) -> bool {
        self.own_parameters().count() == names.len()
            && self.own_parameters().all(|(_, parameter)| names.contains(&parameter.name))
    }
}

impl Model {
    /// The plain values that one like those of a property is made of: its own, under the name `value`, or those of the properties
    /// of its complex type.
    pub fn plain_parts<'m>(&'m self, value: &'m Property) -> Vec<(&'m str, &'m Property)> {
        match value.ty {
            Type::Complex(id) => {
                self.complex_type(id).properties.iter().map(|part| (part.name.as_str(), part)).collect()
            }
            Type::Primitive(_) | Type::Enum(_) => vec![("value", value)],
        }
    }
}
