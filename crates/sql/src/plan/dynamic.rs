//! Dynamic properties: members of the JSON object in a column.

use nextlink_odata::model::{EntitySetId, PrimitiveType as P};

use super::Planner;
use crate::catalog::Storage;
use crate::statement::ResultColumn;
use crate::tree::Sql;

impl Planner<'_> {
    /// The JSON object of an entity, as it is read.
    pub(super) fn dynamic_cell(&self, alias: usize, set: EntitySetId) -> (Sql, ResultColumn) {
        let cell = |storage| ResultColumn { primitive: P::String, storage, nullable: true, structure: None };
        let table = self.mapping.table(set);
        let Some(column) = table.open.map(|number| &table.columns[number]) else {
            return (self.dialect.null(P::String), cell(Storage::Native));
        };
        let cell = cell(column.storage);
        (self.dialect.cell(Sql::column(alias, &column.column), &cell, &column.native), cell)
    }
}
