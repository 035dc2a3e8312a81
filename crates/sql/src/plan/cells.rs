//! What the cells of a row hold, down to the members of structured ones.

use std::sync::Arc;

use nextlink_odata::model::{PrimitiveType, Property, Type};

use super::Planner;
use crate::mapping::ColumnMap;
use crate::statement::{ResultColumn, Structure};

impl Planner<'_> {
    /// What a column holds that is served as the property.
    pub(super) fn result_column(&self, property: &Property, column: &ColumnMap) -> ResultColumn {
        let item = ResultColumn {
            primitive: match property.ty {
                Type::Primitive(primitive) => primitive,
                Type::Enum(_) | Type::Complex(_) => PrimitiveType::String,
            },
            storage: column.storage,
            nullable: property.nullable,
            structure: match property.ty {
                Type::Complex(id) => {
                    let properties = &self.mapping.model.complex_type(id).properties;
                    let members = properties.iter().zip(&self.mapping.complex[id.0]);
                    let members = members.map(|(property, column)| self.result_column(property, column));
                    Some(Arc::new(Structure::Complex(members.collect())))
                }
                Type::Primitive(_) | Type::Enum(_) => None,
            },
        };
        if !property.collection {
            return item;
        }
        // A column without an array is an empty collection: OData's are never null.
        let outer = ResultColumn { primitive: PrimitiveType::String, nullable: true, ..item.clone() };
        ResultColumn { structure: Some(Arc::new(Structure::Collection(item))), ..outer }
    }
}
