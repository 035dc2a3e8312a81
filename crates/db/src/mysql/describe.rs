//! The columns of a SELECT, as the server describes it.

use std::sync::Arc;

use mysql_async::consts::{ColumnFlags, ColumnType as Kind};
use mysql_async::{Column as Described, Value};
use nextlink_odata::model::{Computed, PrimitiveType};
use nextlink_sql::catalog::{Catalog, Column, ColumnType, Table};
use nextlink_sql::dialect::{Dialect, MARIADB};
use nextlink_sql::notice::Notice;

use super::errors::Done;
use super::schema::RawColumn;
use super::session::Session;
use super::types::{is_binary, served, zone};
use crate::sqlite::IntrospectLimits;

/// The character set that stands for bytes.
const BYTES: u16 = 63;
/// Bytes of a character, as lengths are told.
const CHARACTER: u32 = 4;
/// Decimals of a number that has no certain number of them.
const LOOSE: u8 = 31;

/// Describes a SELECT as a view of this name would be; why not, where the server refuses it.
pub(super) async fn describe(
    session: &mut Session,
    name: &str,
    select: &Arc<str>,
    limits: &IntrospectLimits,
) -> Done<Result<(Catalog, Vec<Notice>), String>> {
    let found = match prepare(session, select, 0).await? {
        Ok(found) => found,
        Err(why) => return Ok(Err(why)),
    };
    if found.len() > limits.columns {
        return Ok(Err(["it has more than ", &limits.columns.to_string(), " columns"].concat()));
    }
    let texts = collations(session, &found, select).await?;
    let (mut columns, mut notices) = (Vec::with_capacity(found.len()), Vec::new());
    for (found, (charset, collation)) in found.iter().zip(texts) {
        let raw = RawColumn { charset, collation, ..raw(found) };
        match served(&raw) {
            Some(served) => {
                let binary_collation = is_binary(&served);
                // What is no date is served as null, whatever the server says.
                let dates = matches!(served.primitive, PrimitiveType::Date | PrimitiveType::DateTimeOffset);
                let zone = zone(&raw.kind);
                columns.push(Column {
                    name: raw.name,
                    declared: raw.declared,
                    ty: ColumnType::Primitive(served.primitive),
                    storage: served.storage,
                    native: served.native,
                    nullable: raw.nullable || dates,
                    max_length: served.max_length,
                    precision: served.precision,
                    scale: served.scale,
                    default_value: None,
                    computed: Computed::No,
                    binary_collation,
                    zone,
                    comment: None,
                });
            }
            None => notices.push(Notice::column(name, &raw.name, "Not served: there is no type for it.")),
        }
    }
    let table = Table::of_select(name, select, columns);
    Ok(Ok((Catalog { tables: vec![table], ..Catalog::default() }, notices)))
}

/// The columns of a SELECT with so many places for values; why there are none, where the server refuses it.
pub(super) async fn columns(
    session: &mut Session,
    select: &str,
    places: usize,
) -> Done<Result<Vec<String>, String>> {
    let found = prepare(session, select, places).await?;
    Ok(found.map(|found| found.iter().map(|column| column.name_str().into_owned()).collect()))
}

/// Has the server look at a SELECT that stands in the place of a table.
async fn prepare(session: &mut Session, select: &str, places: usize) -> Done<Result<Vec<Described>, String>> {
    match session.describe(&["SELECT * FROM (", select, ") AS t"].concat()).await {
        Ok((found, parameters)) if parameters == places => Ok(Ok(found)),
        Ok(_) => Ok(Err("it has parameters that nobody gives".to_owned())),
        Err(fault) if fault.lost || fault.error.is_down() => Err(fault),
        Err(fault) => Ok(Err(fault.error.to_string())),
    }
}

/// The character set and the collation of each column. What is told of a statement is what the session gets, not what
/// the values are compared by. No row is read for it.
async fn collations(
    session: &mut Session,
    columns: &[Described],
    select: &str,
) -> Done<Vec<(Option<String>, Option<String>)>> {
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = "SELECT ".to_owned();
    for (number, column) in columns.iter().enumerate() {
        for (function, end) in [("CHARSET(t.", "), "), ("COLLATION(t.", ")")] {
            sql.push_str(if number > 0 && function.starts_with("CHARSET") { ", " } else { "" });
            sql.push_str(function);
            MARIADB.identifier(&column.name_str(), &mut sql);
            sql.push_str(end);
        }
    }
    let sql = [&sql, " FROM (SELECT 1 AS a) AS o LEFT JOIN (", select, ") AS t ON 1 = 0"].concat();
    let mut rows = session.query(&sql, Vec::new()).await?;
    let mut found = vec![(None, None); columns.len()];
    while let Some(row) = rows.next().await? {
        let text = |place: usize| match row.as_ref(place) {
            Some(Value::Bytes(bytes)) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        };
        for (number, found) in found.iter_mut().enumerate() {
            *found = (text(2 * number), text(2 * number + 1));
        }
    }
    Ok(found)
}

/// A column as one of a view would be described.
fn raw(column: &Described) -> RawColumn {
    let flags = column.flags();
    let unsigned = flags.contains(ColumnFlags::UNSIGNED_FLAG);
    let bytes = column.character_set() == BYTES;
    let (length, decimals) = (column.column_length(), column.decimals());
    let text = |of_text: &'static str, of_bytes: &'static str| if bytes { of_bytes } else { of_text };
    let kind = match column.column_type() {
        Kind::MYSQL_TYPE_TINY => "tinyint",
        Kind::MYSQL_TYPE_SHORT => "smallint",
        Kind::MYSQL_TYPE_YEAR => "year",
        Kind::MYSQL_TYPE_INT24 => "mediumint",
        Kind::MYSQL_TYPE_LONG => "int",
        Kind::MYSQL_TYPE_LONGLONG => "bigint",
        Kind::MYSQL_TYPE_BIT => "bit",
        Kind::MYSQL_TYPE_FLOAT => "float",
        Kind::MYSQL_TYPE_DOUBLE => "double",
        Kind::MYSQL_TYPE_DECIMAL | Kind::MYSQL_TYPE_NEWDECIMAL => "decimal",
        Kind::MYSQL_TYPE_DATE | Kind::MYSQL_TYPE_NEWDATE => "date",
        Kind::MYSQL_TYPE_DATETIME | Kind::MYSQL_TYPE_DATETIME2 => "datetime",
        Kind::MYSQL_TYPE_TIMESTAMP | Kind::MYSQL_TYPE_TIMESTAMP2 => "timestamp",
        Kind::MYSQL_TYPE_TIME | Kind::MYSQL_TYPE_TIME2 => "time",
        Kind::MYSQL_TYPE_VARCHAR | Kind::MYSQL_TYPE_VAR_STRING => text("varchar", "varbinary"),
        Kind::MYSQL_TYPE_STRING => text("char", "binary"),
        Kind::MYSQL_TYPE_TINY_BLOB
        | Kind::MYSQL_TYPE_MEDIUM_BLOB
        | Kind::MYSQL_TYPE_LONG_BLOB
        | Kind::MYSQL_TYPE_BLOB => text("longtext", "longblob"),
        // Members of an enumeration are not told: its labels are texts.
        Kind::MYSQL_TYPE_ENUM | Kind::MYSQL_TYPE_SET => "varchar",
        Kind::MYSQL_TYPE_JSON => "json",
        _ => "",
    };
    let declared = match kind {
        "tinyint" if length == 1 => "tinyint(1)".to_owned(),
        kind if unsigned => [kind, " unsigned"].concat(),
        kind => kind.to_owned(),
    };
    let characters = match kind {
        "varchar" | "char" => Some(length / CHARACTER),
        "varbinary" | "binary" => Some(length),
        _ => None,
    };
    let sign = u32::from(!unsigned) + u32::from(decimals > 0);
    let precision = match kind {
        "decimal" => Some(length.saturating_sub(sign)),
        "bit" => Some(length),
        _ => None,
    };
    RawColumn {
        name: column.name_str().into_owned(),
        nullable: !flags.contains(ColumnFlags::NOT_NULL_FLAG),
        kind: kind.to_owned(),
        declared,
        length: characters.filter(|&length| length > 0).map(u64::from),
        precision: precision.map(u64::from),
        scale: (kind == "decimal").then_some(u64::from(decimals)),
        fraction: (decimals < LOOSE).then_some(u64::from(decimals)),
        readable: true,
        ..RawColumn::default()
    }
}
