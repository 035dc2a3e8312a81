//! What the values of a function are like.

use super::Query;
use crate::model::{Model, Property, Type};

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
}
