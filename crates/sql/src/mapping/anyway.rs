//! Columns whose type is the one that the model file says without anything being done.

use nextlink_odata::model::PrimitiveType;

use super::reshape::Shaper;
use crate::catalog::ColumnType;
use crate::shape::{Named, item_type};

impl Shaper<'_, '_> {
    /// Whether a column is of a type anyway.
    pub(super) fn is_of(&self, index: usize, column: usize, name: &Named) -> bool {
        let of = |entries: Option<&Option<Named>>, found: &str| {
            entries.and_then(Option::as_ref).is_some_and(|of| of.text == found)
        };
        let mut ty = &self.catalog.tables[index].columns[column].ty;
        let mut said = name.text.as_str();
        while let ColumnType::Array(item) = ty {
            ty = item;
            said = item_type(said).unwrap_or(said);
        }
        match ty {
            ColumnType::Primitive(primitive) => {
                let defined = self.shape.type_definitions.get(said);
                primitive.name() == defined.map_or(said, |told| &told.underlying.text)
            }
            ColumnType::Enum(index) => {
                let of =
                    of(self.shape.enumerations.get(said).map(|e| &e.of), &self.catalog.enums[*index].name);
                of || said == PrimitiveType::String.name()
            }
            ColumnType::Composite(index) => {
                of(self.shape.complex_types.get(said).map(|c| &c.of), &self.catalog.composites[*index].name)
            }
            ColumnType::Coded(..) | ColumnType::Json(_) | ColumnType::Array(_) => false,
        }
    }
}
