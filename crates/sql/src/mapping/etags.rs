//! Columns that tell states of an entity from each other, as a model file wants it.

use nextlink_odata::model::{Etag, PrimitiveType};

use super::reshape::{Shaper, about, find_column};
use crate::catalog::ColumnType;
use crate::shape::EntityShape;

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

    /// The columns of which the ETags of a table are made. Without one of them it would be the same for different states, so then
    /// there are none.
    pub(super) fn etag(&mut self, index: usize, entity: &EntityShape) -> Vec<usize> {
        let mut found = Vec::with_capacity(entity.etag.0.len());
        for name in &entity.etag.0 {
            let told = entity.properties.get(&name.text).and_then(|property| property.column.as_ref());
            let table = &self.catalog.tables[index];
            let column = find_column(table, &told.unwrap_or(name).text);
            let problem = match column.map(|column| &table.columns[column].ty) {
                None => "it has no such property or column, so there are no ETags",
                Some(
                    ColumnType::Primitive(PrimitiveType::Shape(..))
                    | ColumnType::Composite(_)
                    | ColumnType::Array(_),
                ) => "ETags are made of single values, so there are none",
                Some(_) => {
                    found.extend(column);
                    continue;
                }
            };
            let notice = about(name, &table.name, problem);
            self.notices.push(notice);
            return Vec::new();
        }
        found
    }
}

/// What clients see of it, where so many columns are properties.
pub(super) fn model(etag: &[usize], visible: usize) -> Option<Etag> {
    let properties = etag.iter().copied().filter(|column| *column < visible).collect();
    (!etag.is_empty()).then_some(Etag { values: etag.len(), properties })
}
