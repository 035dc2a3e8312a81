//! Whether a column of dates holds nothing else: the server lets it have zeros in the place of days, months and years.

use nextlink_odata::model::PrimitiveType;
use nextlink_sql::catalog::{ColumnType, NativeType, Table};
use nextlink_sql::dialect::{Dialect, MARIADB};

use super::errors::Done;
use super::schema::{Place, number};
use super::session::Session;

/// Years between the first and the last date: each makes thirteen places to look at.
const MOST_YEARS: u64 = 300;

/// Marks the columns of a table that may be null, begin an index and hold no zeros: their order is that of the index.
/// Without one it takes the whole table to know, and there is nothing to win.
pub(super) async fn mark(
    session: &mut Session,
    place: &Place,
    table: &mut Table,
    indexed: &[String],
) -> Done<()> {
    for column in &mut table.columns {
        let dates =
            matches!(column.ty, ColumnType::Primitive(PrimitiveType::Date | PrimitiveType::DateTimeOffset));
        if !(dates && column.nullable && indexed.contains(&column.name)) {
            continue;
        }
        match only_dates(session, place, &column.name).await {
            Ok(true) => column.native = NativeType::Dates,
            Ok(false) => {}
            Err(fault) if fault.lost => return Err(fault),
            // What cannot be known may be so.
            Err(_) => {}
        }
    }
    Ok(())
}

async fn only_dates(session: &mut Session, place: &Place, column: &str) -> Done<bool> {
    let (from, column) = quoted(place, column);
    let ends = ["SELECT YEAR(MIN(", &column, ")), YEAR(MAX(", &column, "))", &from].concat();
    let Some((first, last)) = years(session, &ends).await? else {
        return Ok(true);
    };
    if first == 0 || last - first > MOST_YEARS {
        return Ok(false);
    }
    let mut sql = ["SELECT 1", &from, " WHERE "].concat();
    for year in first..=last {
        // A year without a month, and each of its months without a day.
        for month in 0..=12 {
            let (day, next) =
                (if month == 0 { "00-00" } else { "00" }, if month == 0 { "01-00" } else { "01" });
            let month = if month == 0 { format!("{year:04}-") } else { format!("{year:04}-{month:02}-") };
            let or = if sql.ends_with("WHERE ") { "" } else { " OR " };
            sql.extend([or, &column, " >= '", &month, day, "' AND ", &column, " < '", &month, next, "'"]);
        }
    }
    sql.push_str(" LIMIT 1");
    let mut rows = session.query(&sql, Vec::new()).await?;
    let none = rows.next().await?.is_none();
    while rows.next().await?.is_some() {}
    Ok(none)
}

/// The first and the last year; none where there is no date.
async fn years(session: &mut Session, sql: &str) -> Done<Option<(u64, u64)>> {
    let mut rows = session.query(sql, Vec::new()).await?;
    let mut found = None;
    while let Some(row) = rows.next().await? {
        found = number(&row, 0).zip(number(&row, 1));
    }
    Ok(found)
}

/// ` FROM` a table, and a column of it.
fn quoted(place: &Place, column: &str) -> (String, String) {
    let mut from = " FROM ".to_owned();
    MARIADB.identifier(&place.schema, &mut from);
    from.push('.');
    MARIADB.identifier(&place.table, &mut from);
    let mut name = String::new();
    MARIADB.identifier(column, &mut name);
    (from, name)
}
