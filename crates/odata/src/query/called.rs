//! What the values of a function are like.

use super::Query;
use crate::model::{ComplexTypeId, Model, Property, Type};

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
