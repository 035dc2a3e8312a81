//! In which time zones the points in time of a database are meant, as the owner of a source says.

use nextlink_odata::model::PrimitiveType;

use crate::catalog::{Catalog, Column, ColumnType};
use crate::notice::Notice;
use crate::shape::PropertyShape;
use crate::zone::Zone;

/// The catalogue with the time zone of the source, where the owner says one.
pub(super) fn assumed(catalog: &Catalog, zone: Option<Zone>) -> Catalog {
    let mut catalog = catalog.clone();
    for column in catalog.tables.iter_mut().flat_map(|table| &mut table.columns) {
        column.zone = column.zone.map(|utc| zone.unwrap_or(utc));
    }
    catalog
}

/// Lets a column be of the time zone that is told of it. Says so where it can't be.
pub(super) fn tell(table: &str, column: &mut Column, told: &PropertyShape) -> Option<Notice> {
    let told = told.time_zone.as_ref()?;
    if of(column).is_some() {
        column.zone = Some(told.zone);
        return None;
    }
    let spot = told.spot.to_string();
    let text = "a time zone is told of points in time that say none themselves, and these are no such ones.";
    Some(Notice::column(table, &column.name, ["The model file, ", &spot, ": ", text].concat()))
}

/// The time zone in which the points in time of a column are meant that say none.
pub(super) fn of(column: &Column) -> Option<Zone> {
    column.zone.filter(|_| is_moment(column))
}

/// Whether values of two columns that are equal there are the same point in time, if they are any.
pub(super) fn are_alike(left: &Column, right: &Column) -> bool {
    let zone = |column| of(column).unwrap_or(Zone::UTC);
    zone(left) == zone(right)
}

fn is_moment(column: &Column) -> bool {
    column.ty == ColumnType::Primitive(PrimitiveType::DateTimeOffset)
}
