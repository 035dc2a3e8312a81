//! Functions: what they take and what they give.

use super::{EntitySetId, Model, Property, Type};
use crate::value::Value;

/// A function (CSDL 4.01 section 12.1). One that stands alone has an import of the same name (section 13.6).
#[derive(Debug, Clone)]
pub struct Function {
    /// Name, unique in the schema and in the container.
    pub name: String,
    /// What it takes: single primitive values.
    pub parameters: Vec<Property>,
    /// By parameter: what it is where a call does not give it, if it need not.
    pub defaults: Vec<Option<Omitted>>,
    /// What it gives.
    pub returns: Returns,
    /// Whether it gives several of that; else one or none.
    pub collection: bool,
    /// The entities that it is called on.
    pub bound: Option<Bound>,
    /// Text for `Core.Description`.
    pub description: Option<String>,
}

/// What a parameter is that a call does not give.
#[derive(Debug, Clone, PartialEq)]
pub enum Omitted {
    /// This value.
    Value(Value),
    /// What the database takes then.
    Unknown,
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
    /// Whether it is called on all of them together.
    pub collection: bool,
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
    /// The functions of a name that stand alone, or are called on entities of a set: on one of them, or on all together.
    pub fn overloads(&self, on: Option<(EntitySetId, bool)>, name: &str) -> Vec<usize> {
        let called_on =
            |function: &Function| function.bound.as_ref().map(|bound| (bound.set, bound.collection));
        let all = self.functions.iter().enumerate();
        let meant = all.filter(|(_, function)| function.name == name && called_on(function) == on);
        meant.map(|(number, _)| number).collect()
    }

    /// The same by the qualified name.
    pub fn bound_overloads(&self, set: EntitySetId, collection: bool, name: &str) -> Vec<usize> {
        self.simple_name(name).map_or_else(Vec::new, |simple| self.overloads(Some((set, collection)), simple))
    }

    /// Whether a function that stands alone, or another one of its name, can be called without any value.
    pub fn is_called_bare(&self, function: &Function) -> bool {
        let bare = |number: usize| self.functions[number].defaults.iter().all(Option::is_some);
        self.overloads(None, &function.name).into_iter().any(bare)
    }

    /// The functions that have an import: of those that stand alone the first one of each name.
    pub fn function_imports(&self) -> impl Iterator<Item = &Function> {
        let alone = |function: &&Function| function.bound.is_none();
        let all = self.functions.iter().enumerate();
        let first = move |(number, function): &(usize, &Function)| {
            self.functions[..*number].iter().filter(alone).all(|other| other.name != function.name)
        };
        all.filter(first).map(|(_, function)| function).filter(alone)
    }

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
