//! Columns that tell states of an entity from each other, as a model file wants it.

use nextlink_odata::model::{Etag, PrimitiveType};

use super::find::{about, find_column};
use super::reshape::Shaper;
use super::streams::Streams;
use crate::catalog::ColumnType;
use crate::shape::EntityShape;

/// Stands for all columns of the table.
const EVERY: &str = "*";

impl Shaper<'_, '_> {
    /// Lets columns that the database does not show be among those of a table, where ETags are made of them.
    pub(super) fn show_system_columns(&mut self, index: usize, entity: &EntityShape) {
        let table = &mut self.catalog.tables[index];
        for name in &entity.etag.0 {
            let system = table.system.iter().position(|column| column.name == name.text);
            if let Some(system) = system.filter(|_| find_column(table, &name.text).is_none()) {
                table.columns.push(table.system.remove(system));
            }
        }
    }

    /// The columns of which the ETags of a table with so many declared ones are made. Without one of them it would be the same for different states, so then
    /// there are none.
    pub(super) fn etag(
        &mut self,
        (index, declared): (usize, usize),
        entity: &EntityShape,
        streams: &Streams<'_>,
    ) -> Vec<usize> {
        let mut found = Vec::with_capacity(entity.etag.0.len());
        let table = &self.catalog.tables[index];
        for name in &entity.etag.0 {
            let told = entity.properties.get(&name.text).and_then(|property| property.column.as_ref());
            let columns = match find_column(table, &told.unwrap_or(name).text) {
                Some(column) => column..column + 1,
                None if name.text == EVERY => 0..declared,
                None => 0..0,
            };
            let problem = if columns.is_empty() {
                "it has no such property or column, so there are no ETags"
            } else if !table.columns[columns.clone()].iter().all(|column| is_single(&column.ty)) {
                "ETags are made of single values, so there are none"
            } else if columns.len() > 1 && columns.clone().any(|column| streams.takes(column)) {
                "streams are too long to be read for an ETag, so there are none"
            } else {
                found.extend(columns);
                continue;
            };
            let notice = about(name, &table.name, problem);
            self.notices.push(notice);
            return Vec::new();
        }
        found
    }
}

/// Whether a value of this type can be one of those that an ETag is made of.
fn is_single(ty: &ColumnType) -> bool {
    !matches!(
        ty,
        ColumnType::Primitive(PrimitiveType::Shape(..)) | ColumnType::Composite(_) | ColumnType::Array(_)
    )
}

/// What clients see of it, where so many columns are properties.
pub(super) fn model(etag: &[usize], visible: usize) -> Option<Etag> {
    let properties = etag.iter().copied().filter(|column| *column < visible).collect();
    (!etag.is_empty()).then_some(Etag { values: etag.len(), properties })
}
