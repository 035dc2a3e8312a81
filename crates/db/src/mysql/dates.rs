//! Whether a column of dates holds nothing else: the server lets it have zeros in the place of days, months and years.

use std::time::{Duration, Instant};

use nextlink_odata::model::PrimitiveType;
use nextlink_sql::catalog::{Column, ColumnType, NativeType, Table, TableKind};
use nextlink_sql::dialect::{Dialect, MARIADB};
use nextlink_sql::notice::Notice;

use super::errors::Done;
use super::schema::{Place, number};
use super::session::Session;

/// What is told of a column with zeros.
const NULL: &str =
    "Holds dates without a year, a month or a day, such as 0000-00-00, which are served as null.";
const KEY: &str = "Holds dates without a year, a month or a day, such as 0000-00-00; a key cannot be null, so reading these rows fails.";
/// Years between the first and the last date: each makes thirteen places to look at.
const MOST_YEARS: u64 = 300;

/// Rows of a table that are looked at for zeros where no index leads to them.
const SAMPLE: &str = "10000";

/// How long the dates of all tables are looked at when a source is opened.
pub(super) const TIME: Duration = Duration::from_secs(10);

/// What a column of dates holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Dates,
    Zeros,
    /// It would take too long to know.
    Unknown,
}

/// Marks the columns of a table that may be null, begin an index and hold no zeros: their order is that of the index.
/// Without one it takes the whole table to know, and there is nothing to win. Columns that hold zeros may be null, whatever they are
/// declared as, unless they are of a key.
pub(super) async fn mark(
    session: &mut Session,
    place: &Place,
    table: &mut Table,
    indexed: &[String],
    until: Instant,
    notices: &mut Vec<Notice>,
) -> Done<()> {
    let dated = |column: &Column| {
        matches!(column.ty, ColumnType::Primitive(PrimitiveType::Date | PrimitiveType::DateTimeOffset))
    };
    let dates: Vec<usize> = (0..table.columns.len()).filter(|i| dated(&table.columns[*i])).collect();
    let begins = |i: &usize| indexed.contains(&table.columns[*i].name);
    let (led, others): (Vec<usize>, Vec<usize>) = dates.into_iter().partition(begins);
    let mut found = Vec::with_capacity(led.len());
    for i in led {
        let name = &table.columns[i].name;
        let in_time = Instant::now() < until;
        found
            .push((i, if in_time { known(only_dates(session, place, name).await)? } else { Found::Unknown }));
    }
    // Those that may be null are taken for columns with zeros anyway. A view can take long.
    let asked: Vec<usize> = others.into_iter().filter(|i| !table.columns[*i].nullable).collect();
    if table.kind == TableKind::Table && !asked.is_empty() && Instant::now() < until {
        let names: Vec<&str> = asked.iter().map(|i| table.columns[*i].name.as_str()).collect();
        let zeros = match sample(session, place, &names).await {
            Err(fault) if fault.lost => return Err(fault),
            zeros => zeros.unwrap_or_default(),
        };
        found.extend(asked.into_iter().zip(zeros).filter(|(_, zero)| *zero).map(|(i, _)| (i, Found::Zeros)));
    }
    for (i, found) in found {
        let of_key = table.primary_key.contains(&i)
            || (table.primary_key.is_empty() && table.unique.iter().flatten().any(|of| *of == i));
        let column = &mut table.columns[i];
        match found {
            Found::Dates if column.nullable => column.native = NativeType::Dates,
            Found::Zeros => {
                column.nullable |= !of_key;
                let text = if column.nullable { NULL } else { KEY };
                notices.push(Notice::column(&place.table, &column.name, text));
            }
            Found::Dates | Found::Unknown => {}
        }
    }
    Ok(())
}

/// What cannot be known may be so.
fn known(found: Done<Found>) -> Done<Found> {
    match found {
        Err(fault) if fault.lost => Err(fault),
        found => Ok(found.unwrap_or(Found::Unknown)),
    }
}

/// Whether columns have zeros in the first rows of a table.
async fn sample(session: &mut Session, place: &Place, columns: &[&str]) -> Done<Vec<bool>> {
    let names: Vec<String> = columns.iter().map(|column| quoted(place, column).1).collect();
    let zeros = |name: &String| {
        let zero = |part| ["COALESCE(MAX(", part, "(", name, ") = 0), 0)"].concat();
        [zero("YEAR"), zero("MONTH"), zero("DAYOFMONTH")].join(" + ")
    };
    let zeros: Vec<String> = names.iter().map(zeros).collect();
    let (from, _) = quoted(place, "");
    let sql = [
        "SELECT ",
        &zeros.join(", "),
        " FROM (SELECT ",
        &names.join(", "),
        &from,
        " LIMIT ",
        SAMPLE,
        ") AS sample",
    ];
    let mut rows = session.query(&sql.concat(), Vec::new()).await?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().await? {
        found = (0..columns.len()).map(|i| number(&row, i).is_some_and(|zeros| zeros > 0)).collect();
    }
    Ok(found)
}

async fn only_dates(session: &mut Session, place: &Place, column: &str) -> Done<Found> {
    let (from, column) = quoted(place, column);
    let ends = ["SELECT YEAR(MIN(", &column, ")), YEAR(MAX(", &column, "))", &from].concat();
    let Some((first, last)) = years(session, &ends).await? else {
        return Ok(Found::Dates);
    };
    if first == 0 {
        return Ok(Found::Zeros);
    }
    if last - first > MOST_YEARS {
        return Ok(Found::Unknown);
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
    Ok(if none { Found::Dates } else { Found::Zeros })
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
