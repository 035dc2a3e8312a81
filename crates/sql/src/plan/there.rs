//! Which rows of a table are entities.

use nextlink_odata::model::{EntitySetId, PrimitiveType};

use crate::mapping::{Mapping, TableMap};
use crate::tree::Sql;

/// Conditions that keep out rows that are no entities: those that are deleted, and those whose key has a null.
pub(super) fn is_there(mapping: &Mapping, set: EntitySetId, alias: usize) -> Vec<Sql> {
    let mut conditions = key_is_there(mapping, set, alias);
    conditions.extend(not_deleted(mapping.table(set), alias));
    conditions
}

/// That a row is not deleted, where rows that are lie there, too.
pub(super) fn not_deleted(table: &TableMap, alias: usize) -> Option<Sql> {
    let map = &table.columns[table.changes.deleted?];
    let column = Box::new(Sql::column(alias, &map.column));
    let truth = map.primitive == PrimitiveType::Boolean;
    Some(if truth { Sql::IsNotTrue(column) } else { Sql::IsNull(column) })
}

/// Conditions that keep rows out whose key has a null: they are no entities.
pub(super) fn key_is_there(mapping: &Mapping, set: EntitySetId, alias: usize) -> Vec<Sql> {
    let table = mapping.table(set);
    if !table.null_key {
        return Vec::new();
    }
    let key = &mapping.model.entity_type(mapping.model.entity_set(set).entity_type).key;
    key.iter().map(|k| Sql::IsNotNull(Box::new(Sql::column(alias, &table.columns[*k].column)))).collect()
}
