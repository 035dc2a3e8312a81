//! Dynamic properties: members of the JSON object in a column.

use nextlink_odata::model::{EntitySetId, PrimitiveType as P};
use nextlink_odata::query::Place;

use super::Planner;
use super::frames::Frames;
use crate::catalog::Storage;
use crate::dialect::{JsonPath, Operand};
use crate::statement::ResultColumn;
use crate::tree::Sql;

impl Planner<'_> {
    /// A member of the JSON object of an entity, as a value of a type.
    pub(super) fn dynamic(
        &self,
        frames: &mut Frames,
        place: &Place,
        names: &[String],
        primitive: Option<P>,
    ) -> Operand {
        let alias = frames.resolve(self.mapping, place);
        let table = self.mapping.table(place.target());
        let path = table.open.map(|number| &table.columns[number]).zip(JsonPath::of(names));
        let Some((column, path)) = path else {
            return Operand::constant(Sql::Null, primitive, true);
        };
        self.dialect.json_member(Sql::column(alias, &column.column), &column.native, &path, primitive)
    }

    /// The JSON object of an entity, as it is read.
    pub(super) fn dynamic_cell(&self, alias: usize, set: EntitySetId) -> (Sql, ResultColumn) {
        let table = self.mapping.table(set);
        match table.open.map(|number| &table.columns[number]) {
            Some(column) => self.json_cell(Sql::column(alias, &column.column), column),
            None => self.no_object(),
        }
    }

    /// The same where no column has one.
    pub(super) fn no_object(&self) -> (Sql, ResultColumn) {
        let storage = Storage::Native;
        let cell =
            ResultColumn { primitive: P::String, storage, nullable: true, structure: None, property: None };
        (self.dialect.null(P::String), cell)
    }
}
