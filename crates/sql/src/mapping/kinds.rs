//! Columns that tell derived types from each other.

use std::collections::HashMap;

use nextlink_odata::model::PrimitiveType;

use super::find::about;
use super::groups::Group;
use super::reshape::Shaper;
use crate::catalog::{Column, ColumnType};
use crate::shape::{Code, EntityShape, Named, PropertyShape};

impl<'s> Shaper<'s, '_> {
    /// The column that tells derived types from each other.
    pub(super) fn kind(&mut self, index: usize, entity: &'s EntityShape) -> Option<usize> {
        let (_, told) = entity.derived.iter().find(|(_, told)| !told.when.is_empty())?;
        let (named, _) = told.when.0.first()?;
        let column = self.column(index, named)?;
        let table = &self.catalog.tables[index];
        if !can_tell(&table.columns[column], entity) {
            self.notices.push(about(named, &table.name, "its values have another type than those of `when`"));
            return None;
        }
        Some(column)
    }

    /// Columns that only entities of derived types have.
    pub(super) fn derived(
        &mut self,
        index: usize,
        entity: &'s EntityShape,
        key: &[usize],
        (singles, groups): (&mut HashMap<usize, (&'s Named, &'s PropertyShape)>, &mut Vec<Group<'s>>),
    ) -> HashMap<usize, usize> {
        let joined = self.joins.of(index).into_iter().flat_map(|joined| joined.owners.iter().enumerate());
        let mut owners: HashMap<usize, usize> =
            joined.filter_map(|(column, owner)| Some((column, (*owner)?))).collect();
        for (number, (_, derived)) in entity.derived.iter().enumerate() {
            self.part = Some(number);
            for (name, property) in derived.properties.iter().filter(|(_, property)| !property.is_stream()) {
                if !property.columns.is_empty() {
                    let columns = self.group(index, &property.columns, key);
                    let owner = Some(number);
                    groups.extend(columns.map(|columns| Group { name, told: property, columns, owner }));
                    continue;
                }
                let named = property.column.as_ref().unwrap_or(name);
                let Some(column) = self.column(index, named) else { continue };
                if key.contains(&column) {
                    let table = self.catalog.tables[index].name.clone();
                    self.notices.push(about(named, &table, "a part of the key belongs to all entities"));
                    continue;
                }
                self.apply(index, column, property, false);
                singles.insert(column, (name, property));
                owners.insert(column, number);
            }
        }
        self.part = None;
        owners
    }
}

/// Whether values of a model file can stand in a column for types.
fn can_tell(column: &Column, entity: &EntityShape) -> bool {
    let primitive = match column.ty {
        ColumnType::Primitive(primitive) | ColumnType::Coded(_, primitive) => primitive,
        ColumnType::Enum(_) => PrimitiveType::String,
        ColumnType::Composite(_) | ColumnType::Json(_) | ColumnType::Array(_) => return false,
    };
    let fits = |code: &Code| match code {
        Code::Number(_) => primitive.is_integer(),
        Code::Text(_) => primitive == PrimitiveType::String,
    };
    let whens = entity.derived.iter().flat_map(|(_, told)| told.when.iter());
    whens.flat_map(|(_, when)| &when.0).all(fits)
}
