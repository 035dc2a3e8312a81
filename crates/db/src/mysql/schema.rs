//! Tables, columns, indexes and foreign keys, as `information_schema` describes them.

use mysql_async::{Row, Value};

use super::errors::Done;
use super::session::Session;

/// A table or view.
pub(super) struct Relation {
    pub(super) place: Place,
    pub(super) is_view: bool,
    pub(super) comment: String,
}

/// A schema and a table in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) schema: String,
    pub(super) table: String,
}

/// A column, as the server describes it.
#[derive(Debug, Clone, Default)]
pub(super) struct RawColumn {
    pub(super) name: String,
    /// The default as written here: by MariaDB an expression, by MySQL a text without quotes.
    pub(super) default: Option<String>,
    pub(super) nullable: bool,
    /// The name of the type alone, such as `bigint`.
    pub(super) kind: String,
    /// The type as declared, such as `bigint(20) unsigned`.
    pub(super) declared: String,
    pub(super) length: Option<u64>,
    pub(super) precision: Option<u64>,
    pub(super) scale: Option<u64>,
    pub(super) fraction: Option<u64>,
    pub(super) charset: Option<String>,
    pub(super) collation: Option<String>,
    /// What else there is to know, such as `auto_increment`.
    pub(super) extra: String,
    pub(super) comment: String,
    /// Whether the login may read it.
    pub(super) readable: bool,
}

/// A column of a unique index.
pub(super) struct IndexColumn {
    pub(super) index: String,
    /// None for an expression.
    pub(super) column: Option<String>,
    /// Whether only the start of the values is unique.
    pub(super) is_prefix: bool,
}

/// A column of a foreign key.
pub(super) struct ForeignColumn {
    pub(super) name: String,
    pub(super) column: String,
    pub(super) target: Place,
    pub(super) target_column: String,
}

/// A function.
pub(super) struct RawRoutine {
    /// Its schema and its name.
    pub(super) place: Place,
    pub(super) deterministic: bool,
    /// What it does with SQL, such as `READS SQL DATA`.
    pub(super) access: String,
    pub(super) comment: String,
}

impl RawRoutine {
    /// Whether it says that it writes nothing. `CONTAINS SQL` is what stands there where nothing is said.
    pub(super) fn reads_only(&self) -> bool {
        match self.access.as_str() {
            "NO SQL" | "READS SQL DATA" => true,
            access => access == "CONTAINS SQL" && self.deterministic,
        }
    }
}

/// The names of schemas as the server writes them: on some servers case makes no difference.
pub(super) async fn named(session: &mut Session, mut schemas: Vec<String>) -> Done<Vec<String>> {
    let select = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE @@lower_case_table_names <> 0 AND SCHEMA_NAME IN ";
    for name in read(session, select, "", &schemas, |row| text(row, 0)).await? {
        for schema in schemas.iter_mut().filter(|schema| schema.to_lowercase() == name.to_lowercase()) {
            schema.clone_from(&name);
        }
    }
    Ok(schemas)
}

/// Tables and views, sorted by schema and name.
pub(super) async fn relations(session: &mut Session, schemas: &[String]) -> Done<Vec<Relation>> {
    let select = "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, TABLE_COMMENT FROM information_schema.TABLES \
                  WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW') AND TABLE_SCHEMA IN ";
    let mut relations = read(session, select, "", schemas, |row| {
        let is_view = text(row, 2) == "VIEW";
        // Of a view the server says here that it is one, or why it cannot be read.
        let comment = if is_view { String::new() } else { text(row, 3) };
        Relation { place: place(row, 0), is_view, comment }
    })
    .await?;
    relations.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(relations)
}

/// Columns with their tables, in the order of each table.
pub(super) async fn columns(session: &mut Session, schemas: &[String]) -> Done<Vec<(Place, RawColumn)>> {
    let select = "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_DEFAULT, IS_NULLABLE, DATA_TYPE, COLUMN_TYPE, \
                  CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, \
                  CHARACTER_SET_NAME, COLLATION_NAME, EXTRA, COLUMN_COMMENT, PRIVILEGES \
                  FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN ";
    read(session, select, " ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION", schemas, |row| {
        let column = RawColumn {
            name: text(row, 2),
            default: maybe_text(row, 3),
            nullable: text(row, 4) == "YES",
            kind: text(row, 5).to_ascii_lowercase(),
            declared: text(row, 6),
            length: number(row, 7),
            precision: number(row, 8),
            scale: number(row, 9),
            fraction: number(row, 10),
            charset: maybe_text(row, 11),
            collation: maybe_text(row, 12),
            extra: text(row, 13).to_ascii_lowercase(),
            comment: text(row, 14),
            readable: text(row, 15).split(',').any(|right| right.trim().eq_ignore_ascii_case("select")),
        };
        (place(row, 0), column)
    })
    .await
}

/// Columns of unique indexes, in the order of each index.
pub(super) async fn unique(session: &mut Session, schemas: &[String]) -> Done<Vec<(Place, IndexColumn)>> {
    let select = "SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART \
                  FROM information_schema.STATISTICS WHERE NON_UNIQUE = 0 AND TABLE_SCHEMA IN ";
    read(session, select, " ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX", schemas, |row| {
        let index = IndexColumn {
            index: text(row, 2),
            column: maybe_text(row, 3),
            is_prefix: number(row, 4).is_some(),
        };
        (place(row, 0), index)
    })
    .await
}

/// Columns that begin an index, by their whole values.
pub(super) async fn indexed(session: &mut Session, schemas: &[String]) -> Done<Vec<(Place, String)>> {
    let select = "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS \
                  WHERE SEQ_IN_INDEX = 1 AND SUB_PART IS NULL AND TABLE_SCHEMA IN ";
    read(session, select, "", schemas, |row| (place(row, 0), text(row, 2))).await
}

/// Columns of foreign keys, in the order of each key.
pub(super) async fn foreign(session: &mut Session, schemas: &[String]) -> Done<Vec<(Place, ForeignColumn)>> {
    let select = "SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, \
                  REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE \
                  WHERE REFERENCED_TABLE_NAME IS NOT NULL AND TABLE_SCHEMA IN ";
    let order = " ORDER BY TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION";
    read(session, select, order, schemas, |row| {
        let column = ForeignColumn {
            name: text(row, 2),
            column: text(row, 3),
            target: place(row, 4),
            target_column: text(row, 6),
        };
        (place(row, 0), column)
    })
    .await
}

/// What happens to the rows of a foreign key when the row goes that they point to: by table and name of the key. The
/// server tells only those who may change the table.
pub(super) async fn delete_rules(
    session: &mut Session,
    schemas: &[String],
) -> Done<Vec<(Place, String, String)>> {
    let select = "SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, DELETE_RULE \
                  FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA IN ";
    read(session, select, "", schemas, |row| (place(row, 0), text(row, 2), text(row, 3))).await
}

/// Functions, sorted by schema and name, without those that are aggregates.
pub(super) async fn routines(session: &mut Session, schemas: &[String]) -> Done<Vec<RawRoutine>> {
    let select = "SELECT ROUTINE_SCHEMA, ROUTINE_NAME, IS_DETERMINISTIC, SQL_DATA_ACCESS, ROUTINE_COMMENT \
                  FROM information_schema.ROUTINES WHERE ROUTINE_TYPE = 'FUNCTION' \
                  AND coalesce(upper(ROUTINE_DEFINITION) NOT LIKE '%FETCH GROUP NEXT ROW%', TRUE) AND ROUTINE_SCHEMA IN ";
    let row = |row: &Row| RawRoutine {
        place: place(row, 0),
        deterministic: text(row, 2) == "YES",
        access: text(row, 3),
        comment: text(row, 4),
    };
    let mut routines = read(session, select, "", schemas, row).await?;
    routines.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(routines)
}

/// Parameters of functions in their order; what a function gives comes first.
pub(super) async fn parameters(session: &mut Session, schemas: &[String]) -> Done<Vec<(Place, RawColumn)>> {
    let select = "SELECT SPECIFIC_SCHEMA, SPECIFIC_NAME, PARAMETER_NAME, DATA_TYPE, DTD_IDENTIFIER, \
                  CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, \
                  CHARACTER_SET_NAME, COLLATION_NAME \
                  FROM information_schema.PARAMETERS WHERE ROUTINE_TYPE = 'FUNCTION' AND SPECIFIC_SCHEMA IN ";
    read(session, select, " ORDER BY SPECIFIC_SCHEMA, SPECIFIC_NAME, ORDINAL_POSITION", schemas, |row| {
        let parameter = RawColumn {
            name: text(row, 2),
            nullable: true,
            kind: text(row, 3).to_ascii_lowercase(),
            declared: text(row, 4),
            length: number(row, 5),
            precision: number(row, 6),
            scale: number(row, 7),
            fraction: number(row, 8),
            charset: maybe_text(row, 9),
            collation: maybe_text(row, 10),
            readable: true,
            ..RawColumn::default()
        };
        (place(row, 0), parameter)
    })
    .await
}

async fn read<T>(
    session: &mut Session,
    select: &str,
    order: &str,
    schemas: &[String],
    row: impl Fn(&Row) -> T,
) -> Done<Vec<T>> {
    let places = vec!["?"; schemas.len()].join(", ");
    let sql = [select, "(", &places, ")", order].concat();
    let params = schemas.iter().map(|schema| Value::from(schema.as_str())).collect();
    let mut rows = session.query(&sql, params).await?;
    let mut read = Vec::new();
    while let Some(found) = rows.next().await? {
        read.push(row(&found));
    }
    Ok(read)
}

fn place(row: &Row, schema: usize) -> Place {
    Place { schema: text(row, schema), table: text(row, schema + 1) }
}

fn text(row: &Row, column: usize) -> String {
    maybe_text(row, column).unwrap_or_default()
}

fn maybe_text(row: &Row, column: usize) -> Option<String> {
    match row.as_ref(column) {
        Some(Value::Bytes(bytes)) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

pub(super) fn number(row: &Row, column: usize) -> Option<u64> {
    match row.as_ref(column) {
        Some(Value::UInt(number)) => Some(*number),
        Some(Value::Int(number)) => u64::try_from(*number).ok(),
        _ => None,
    }
}
