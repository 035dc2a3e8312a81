//! What the values of a function are like.

use super::{Expr, Place, Query};
use crate::model::{ComplexTypeId, Model, Property, Type};

/// A call of a function of the model in an expression.
#[derive(Debug, Clone)]
pub struct Called {
    /// The function.
    pub function: usize,
    /// The entity that it is called on, where that can be missing: there is no value then.
    pub on: Option<Place>,
    /// The values of its parameters; none is what the database takes then.
    pub values: Vec<Option<Expr>>,
    /// Which part of its value: the number of a property where that is a complex one, else 0.
    pub member: usize,
}

impl Query {
    /// What the values of a function are like that are asked for.
    pub fn result<'m>(&self, model: &'m Model) -> Option<&'m Property> {
        let (function, member) = self.called?;
        let value = model.functions[function].value()?;
        match (value.ty, member) {
            (Type::Complex(id), Some(member)) => Some(&model.complex_type(id).properties[member]),
            _ => Some(value),
        }
    }

    /// The complex type whose values a function gives that are asked for.
    pub fn complex_result(&self, model: &Model) -> Option<ComplexTypeId> {
        match self.result(model)?.ty {
            Type::Complex(id) => Some(id),
            Type::Primitive(_) | Type::Enum(_) => None,
        }
    }
}
