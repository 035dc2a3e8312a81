//! Columns by which changes of rows are followed, as a model file wants it.

use nextlink_odata::model::PrimitiveType as P;

use super::ChangesMap;
use super::find::{about, find_column};
use crate::catalog::{Column, ColumnType, Table};
use crate::notice::Notice;
use crate::shape::{EntityShape, Named};

/// Finds the columns that the model file names. Rows that are deleted stay away, whether changes can be followed or not.
pub(super) fn find(table: &Table, entity: &EntityShape, notices: &mut Vec<Notice>) -> ChangesMap {
    let Some(told) = &entity.changes else {
        return ChangesMap::default();
    };
    let mut column = |named: &Named, fits: fn(&Column) -> bool, wrong: &str| {
        let property = entity.properties.get(&named.text);
        let name = property.and_then(|property| property.column.as_ref()).unwrap_or(named);
        let found = find_column(table, &name.text);
        let problem = match found {
            None => "it has no such column, so changes are not followed",
            Some(column) if !fits(&table.columns[column]) => wrong,
            Some(column) => return Some(column),
        };
        notices.push(about(named, &table.name, problem));
        None
    };
    let deleted = told.deleted.as_ref();
    let wrong = "what tells that a row is deleted is null as long as it is there, or true when it is not";
    let deleted = deleted.map(|deleted| column(&deleted.column, can_tell, wrong));
    let wrong = "only points in time and numbers tell when a row has changed";
    let at = told.column.as_ref().and_then(|named| column(named, can_order, wrong));
    let at = at.filter(|_| deleted != Some(None));
    ChangesMap { at, log: None, deleted: deleted.flatten() }
}

/// Whether values of a column can tell when a row has changed.
pub(super) fn can_order(column: &Column) -> bool {
    let ordered = |ty: P| ty.is_integer() || matches!(ty, P::DateTimeOffset | P::Decimal);
    matches!(column.ty, ColumnType::Primitive(ty) if ordered(ty))
}

/// Whether values of a column can tell that a row is deleted.
fn can_tell(column: &Column) -> bool {
    column.nullable || column.ty == ColumnType::Primitive(P::Boolean)
}

impl ChangesMap {
    /// Columns have gone to other places.
    pub(super) fn moved(self, place: &[usize]) -> ChangesMap {
        let moved = |column: Option<usize>| column.map(|column| place[column]);
        ChangesMap { at: moved(self.at), log: self.log, deleted: moved(self.deleted) }
    }
}
