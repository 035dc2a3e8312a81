//! Groups of columns that are the properties of complex values.

use super::find::about;
use super::reshape::Shaper;
use crate::catalog::{CatalogComposite, Column, ColumnType};
use crate::shape::{Entries, Named, PropertyShape};

/// Columns that become one of a complex type.
#[derive(Clone)]
pub(super) struct Group<'s> {
    pub(super) name: &'s Named,
    pub(super) told: &'s PropertyShape,
    pub(super) columns: Vec<usize>,
    /// The derived type that has it.
    pub(super) owner: Option<usize>,
}

impl<'s> Shaper<'s, '_> {
    /// The columns of a group, each as the model file wants it.
    pub(super) fn group(
        &mut self,
        index: usize,
        told: &'s Entries<PropertyShape>,
        key: &[usize],
    ) -> Option<Vec<usize>> {
        let mut columns = Vec::with_capacity(told.0.len());
        for (name, property) in told.iter() {
            let named = property.column.as_ref().unwrap_or(name);
            let column = self.column(index, named)?;
            if key.contains(&column) {
                let table = self.catalog.tables[index].name.clone();
                self.notices.push(about(
                    named,
                    &table,
                    "a part of the key cannot be part of a complex value",
                ));
                return None;
            }
            self.apply(index, column, property, false);
            let table = &self.catalog.tables[index];
            if matches!(table.columns[column].ty, ColumnType::Json(_)) {
                let notice =
                    about(named, &table.name, "JSON cannot be part of a complex value made of columns");
                self.notices.push(notice);
                return None;
            }
            columns.push(column);
        }
        Some(columns)
    }

    /// The column that stands for a group, of a complex type that is made where there is none of its name yet.
    pub(super) fn made(
        &mut self,
        table: &str,
        name: &Named,
        told: &'s PropertyShape,
        parts: &[Column],
    ) -> Option<Column> {
        let ty = told.type_name.as_ref()?;
        let names = told.columns.iter().map(|(name, _)| name.text.clone());
        let columns: Vec<Column> =
            parts.iter().zip(names).map(|(column, name)| Column { name, ..column.clone() }).collect();
        let index = match self.groups.get(ty.text.as_str()) {
            Some(&index) => {
                let known = &mut self.catalog.composites[index].columns;
                if known.iter().zip(&columns).any(|(known, column)| known.ty != column.ty) {
                    self.notices.push(about(
                        ty,
                        table,
                        "its columns have other types than those of this complex type elsewhere",
                    ));
                    return None;
                }
                known.iter_mut().zip(&columns).for_each(|(known, column)| widen(known, column));
                index
            }
            None => {
                let comment =
                    self.shape.complex_types.get(&ty.text).and_then(|told| told.description.clone());
                let index = self.catalog.composites.len();
                self.catalog.composites.push(CatalogComposite {
                    schema: None,
                    name: ty.text.clone(),
                    columns,
                    comment,
                });
                self.groups.insert(&ty.text, index);
                index
            }
        };
        Some(Column {
            // It is null where all of it is, if all of it can be.
            nullable: told.nullable.unwrap_or(parts.iter().all(|part| part.nullable)),
            comment: told.description.clone(),
            ..Column::plain(name.text.clone(), ColumnType::Composite(index))
        })
    }
}

/// Lets a property of a complex type hold what another column of it holds.
fn widen(known: &mut Column, other: &Column) {
    let wider = |a: Option<u32>, b: Option<u32>| a.zip(b).map(|(a, b)| a.max(b));
    known.nullable |= other.nullable;
    known.max_length = wider(known.max_length, other.max_length);
    known.precision = wider(known.precision, other.precision);
    known.scale = wider(known.scale, other.scale);
    if known.default_value != other.default_value {
        known.default_value = None;
    }
}
