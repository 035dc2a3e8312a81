//! Columns of JSON whose types the model file says: complex values, and collections.

use nextlink_odata::model::PrimitiveType;

use super::open::may_be_json;
use super::reshape::Shaper;
use crate::catalog::{CatalogComposite, Column, ColumnType};
use crate::shape::{ComplexShape, PropertyShape, Shape, item_type};

impl<'s> Shaper<'s, '_> {
    /// Makes a column be of a type that its JSON has, if it can.
    pub(super) fn as_json(&mut self, index: usize, column: usize, name: &str) -> bool {
        let shape = self.shape;
        let known = item_type(name).is_some() || shape.json_type(name).is_some();
        if !known || !may_be_json(&self.catalog.tables[index].columns[column]) {
            return false;
        }
        let Some(ty) = self.json_type(shape, name) else {
            return false;
        };
        let column = &mut self.catalog.tables[index].columns[column];
        column.ty = ColumnType::Json(Box::new(ty));
        // What was said of it was said of text.
        (column.max_length, column.default_value) = (None, None);
        true
    }

    /// A type by its name. None holds itself, as the file was checked.
    pub(super) fn json_type(&mut self, shape: &'s Shape, name: &str) -> Option<ColumnType> {
        if let Some(item) = item_type(name) {
            return Some(ColumnType::Array(Box::new(self.json_type(shape, item)?)));
        }
        if let Some((name, told)) = shape.json_type(name) {
            return Some(ColumnType::Composite(self.json_composite(shape, name, told)?));
        }
        let defined = shape.type_definitions.get(name).map(|told| told.underlying.text.as_str());
        PrimitiveType::from_name(defined.unwrap_or(name)).map(ColumnType::Primitive)
    }

    fn json_composite(&mut self, shape: &'s Shape, name: &'s str, told: &'s ComplexShape) -> Option<usize> {
        if let Some(known) = self.groups.get(name) {
            return Some(*known);
        }
        let mut columns = Vec::with_capacity(told.properties.0.len());
        for (name, property) in told.properties.iter() {
            let ty = self.json_type(shape, &property.type_name.as_ref()?.text)?;
            columns.push(member(&property.column.as_ref().unwrap_or(name).text, ty, property, shape));
        }
        let index = self.catalog.composites.len();
        self.catalog.composites.push(CatalogComposite {
            schema: None,
            name: name.to_owned(),
            columns,
            comment: told.description.clone(),
        });
        self.groups.insert(name, index);
        Some(index)
    }
}

/// A member of an object.
pub(super) fn member(name: &str, ty: ColumnType, told: &PropertyShape, shape: &Shape) -> Column {
    let defined = told.type_name.as_ref().and_then(|name| shape.type_definitions.get(&name.text));
    let facet = |own: Option<u32>, defined: Option<u32>| defined.or(own);
    Column {
        nullable: told.nullable.unwrap_or(true),
        max_length: facet(told.max_length, defined.and_then(|d| d.max_length)),
        precision: facet(told.precision, defined.and_then(|d| d.precision)),
        scale: facet(told.scale, defined.and_then(|d| d.scale)),
        comment: told.description.clone(),
        ..Column::plain(name.to_owned(), ty)
    }
}
