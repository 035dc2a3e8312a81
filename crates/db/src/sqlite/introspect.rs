//! What a SQLite database says about itself: tables, views, columns, keys, and types as its values have
//! them.

use std::sync::Arc;

use nextlink_odata::model::{Computed, PrimitiveType};
use nextlink_sql::catalog::{Catalog, Column, ColumnType, NativeType, Table, TableKind};
use nextlink_sql::notice::Notice;
use nextlink_sql::zone::Zone;
use rusqlite::{Connection, ErrorCode};

use super::foreign::{self, Declared};
use super::probe::{Access, Probe, probe, quoted};
use super::schema::{self, Indexes, RawColumn, Relation};
use super::types::{Change, Facts, Served, Wish, decide};
use crate::defaults::{self, Default as DefaultValue};
use crate::error::Error;

/// How much of a database is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntrospectLimits {
    /// Most tables and views together.
    pub tables: usize,
    /// Most columns of one table or view.
    pub columns: usize,
    /// Tables of up to so many rows are read in full to see what their values are; of larger ones so many
    /// in all, half of them at each end.
    pub probe_rows: u32,
}

impl Default for IntrospectLimits {
    fn default() -> IntrospectLimits {
        IntrospectLimits { tables: 5_000, columns: 2_000, probe_rows: 10_000 }
    }
}

/// Reads the catalogue of a database: its own tables and views (not attached or temporary ones), sorted by
/// name.
///
/// A table or view that SQLite itself can't read (a view of a table that is gone, a virtual table whose
/// module is missing) is dropped with a notice. Reads in one transaction, unless the connection is in one
/// already.
///
/// # Errors
/// The file is no database or damaged, it is locked, it can't be read, or a limit was passed.
pub fn introspect(conn: &Connection, limits: &IntrospectLimits) -> Result<(Catalog, Vec<Notice>), Error> {
    let transaction = if conn.is_autocommit() { Some(conn.unchecked_transaction()?) } else { None };
    let mut notices = Vec::new();
    let relations = schema::relations(conn)?;
    if relations.len() > limits.tables {
        return Err(Error::TooManyTables { found: relations.len(), limit: limits.tables });
    }
    let mut tables = Vec::with_capacity(relations.len());
    let mut keys = Vec::with_capacity(relations.len());
    for relation in &relations {
        let raw = match schema::columns(conn, relation) {
            Ok(raw) => raw,
            Err(error) => {
                leave_out(relation, error, &mut notices)?;
                continue;
            }
        };
        if raw.len() > limits.columns {
            let (table, found, limit) = (relation.name.clone(), raw.len(), limits.columns);
            return Err(Error::TooManyColumns { table, found, limit });
        }
        match read_table(conn, relation, &raw, limits, &mut notices) {
            Ok((table, declared)) => {
                tables.push(table);
                keys.push(declared);
            }
            Err(error) => leave_out(relation, error, &mut notices)?,
        }
    }
    foreign::resolve(&mut tables, keys, &mut notices);
    if let Some(transaction) = transaction {
        transaction.finish()?;
    }
    let own_schema = Some("main".to_owned());
    Ok((Catalog { tables, own_schema, ..Catalog::default() }, notices))
}

/// Describes a SELECT as a view of this name would be; why not, where SQLite refuses it.
///
/// # Errors
/// As [`introspect`].
pub(super) fn describe_select(
    conn: &Connection,
    name: &str,
    select: &Arc<str>,
    limits: &IntrospectLimits,
) -> Result<Result<(Catalog, Vec<Notice>), String>, Error> {
    let relation = Relation {
        name: name.to_owned(),
        kind: "view".to_owned(),
        select: Some(Arc::clone(select)),
        without_rowid: false,
        strict: false,
    };
    let mut notices = Vec::new();
    let read = schema::columns(conn, &relation).and_then(|raw| {
        let (table, _) = read_table(conn, &relation, &raw, limits, &mut notices)?;
        Ok(table)
    });
    match read {
        Ok(table) if table.columns.len() > limits.columns => {
            Ok(Err(["it has more than ", &limits.columns.to_string(), " columns"].concat()))
        }
        Ok(table) => Ok(Ok((Catalog { tables: vec![table], ..Catalog::default() }, notices))),
        Err(error) if is_of_the_table(&error) => Ok(Err(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// The columns of a SELECT with so many places for values; why there are none, where SQLite refuses it.
///
/// # Errors
/// As [`introspect`].
pub(super) fn columns_of(
    conn: &Connection,
    select: &str,
    places: usize,
) -> Result<Result<Vec<String>, String>, Error> {
    match conn.prepare(&["SELECT * FROM (", select, ")"].concat()) {
        Ok(statement) if statement.parameter_count() != places => {
            Ok(Err("it has parameters that nobody gives".to_owned()))
        }
        Ok(statement) => Ok(Ok(statement.column_names().map(str::to_owned).collect())),
        Err(error) if is_of_the_table(&error) => Ok(Err(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// Says that a table can't be read, where the others can.
fn leave_out(relation: &Relation, error: rusqlite::Error, notices: &mut Vec<Notice>) -> Result<(), Error> {
    if !is_of_the_table(&error) {
        return Err(error.into());
    }
    let text = ["Not served: SQLite cannot read it (", &error.to_string(), ")."].concat();
    notices.push(Notice::table(&relation.name, text));
    Ok(())
}

/// Whether the error is about one table, and the others can be read.
fn is_of_the_table(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            matches!(
                failure.code,
                ErrorCode::Unknown | ErrorCode::TooBig | ErrorCode::AuthorizationForStatementDenied
            )
        }
        rusqlite::Error::SqlInputError { .. }
        | rusqlite::Error::NulError(_)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::FromSqlConversionFailure(..) => true,
        _ => false,
    }
}

fn read_table(
    conn: &Connection,
    relation: &Relation,
    raw: &[RawColumn],
    limits: &IntrospectLimits,
    notices: &mut Vec<Notice>,
) -> rusqlite::Result<(Table, Vec<Declared>)> {
    let is_view = relation.kind == "view";
    let mut primary_key: Vec<usize> = (0..raw.len()).filter(|&i| raw[i].key > 0).collect();
    primary_key.sort_by_key(|&i| raw[i].key);
    let (indexes, declared) = if is_view {
        (Indexes::default(), Vec::new())
    } else {
        (schema::indexes(conn, &relation.name, raw)?, foreign::declared(conn, &relation.name)?)
    };
    let rowid_alias = rowid_alias(relation, raw, &primary_key, &indexes);
    let facts = facts(conn, relation, raw, &primary_key, limits, notices)?;
    let mut columns = Vec::with_capacity(raw.len());
    for (i, (raw, facts)) in raw.iter().zip(&facts).enumerate() {
        let is_alias = rowid_alias == Some(i);
        let strict_key = raw.key > 0 && (relation.without_rowid || relation.strict);
        let not_null = raw.not_null || is_alias || strict_key;
        if raw.key > 0 && facts.nulls > 0 {
            notices.push(null_in_key(relation, raw, facts));
        }
        columns.push(column(relation, raw, facts, not_null, is_alias, notices));
    }
    let table = Table {
        schema: None,
        name: relation.name.clone(),
        kind: if is_view { TableKind::View } else { TableKind::Table },
        select: relation.select.clone(),
        columns,
        unique: indexes.unique.into_iter().filter(|u| *u != primary_key).collect(),
        system: Vec::new(),
        primary_key,
        foreign_keys: Vec::new(),
        comment: None,
    };
    Ok((table, declared))
}

/// The column that is another name of the rowid, and so gets a value by itself. `INTEGER PRIMARY KEY DESC`
/// is none: it has an index of its own.
fn rowid_alias(
    relation: &Relation,
    raw: &[RawColumn],
    primary_key: &[usize],
    indexes: &Indexes,
) -> Option<usize> {
    let &[only] = primary_key else { return None };
    let possible = relation.kind == "table" && !relation.without_rowid && !indexes.of_primary_key;
    (possible && raw[only].declared.eq_ignore_ascii_case("INTEGER")).then_some(only)
}

/// What the values are. A table whose values can't be looked at is served by its declarations; a view that
/// can't be run is of no use.
fn facts(
    conn: &Connection,
    relation: &Relation,
    raw: &[RawColumn],
    primary_key: &[usize],
    limits: &IntrospectLimits,
    notices: &mut Vec<Notice>,
) -> rusqlite::Result<Vec<Facts>> {
    let from = relation.source();
    let columns: Vec<(String, Wish)> = raw.iter().map(|c| (c.name.clone(), c.wish)).collect();
    let access = access(relation, raw, primary_key);
    match probe(conn, &Probe { from: &from, columns: &columns, access, rows: limits.probe_rows }) {
        Ok(facts) => Ok(facts),
        Err(error) if is_of_the_table(&error) && relation.kind != "view" => {
            let text = ["Its values cannot be looked at (", &error.to_string(), "): types are as declared."];
            notices.push(Notice::table(&relation.name, text.concat()));
            Ok(vec![Facts::default(); raw.len()])
        }
        Err(error) => Err(error),
    }
}

fn column(
    relation: &Relation,
    raw: &RawColumn,
    facts: &Facts,
    not_null: bool,
    rowid_alias: bool,
    notices: &mut Vec<Notice>,
) -> Column {
    let served = decide(raw.wish, facts);
    if let Some(change) = served.change {
        notices.push(Notice::column(&relation.name, &raw.name, describe(change, raw, &served)));
    }
    let default = defaults::read(raw.default.as_deref(), served.primitive, served.max_length);
    let computed = match default {
        _ if raw.generated => Computed::Always,
        _ if rowid_alias => Computed::Default,
        DefaultValue::Computed => Computed::Default,
        DefaultValue::Constant(_) | DefaultValue::Nothing => Computed::No,
    };
    Column {
        name: raw.name.clone(),
        declared: raw.declared.clone(),
        ty: ColumnType::Primitive(served.primitive),
        storage: served.storage,
        native: NativeType::Plain,
        nullable: !not_null,
        max_length: served.max_length,
        precision: served.precision,
        scale: served.scale,
        default_value: match default {
            DefaultValue::Constant(value) => Some(value),
            DefaultValue::Nothing | DefaultValue::Computed => None,
        },
        computed,
        binary_collation: raw.binary_collation,
        zone: (served.primitive == PrimitiveType::DateTimeOffset).then_some(Zone::UTC),
        comment: None,
    }
}

fn describe(change: Change, raw: &RawColumn, served: &Served) -> String {
    let name = served.primitive.name();
    let told = match (raw.declared.is_empty(), raw.checked) {
        (true, _) => "Bounded by a CHECK".to_owned(),
        (false, true) => ["Declared ", &raw.declared, " and bounded by a CHECK"].concat(),
        (false, false) => ["Declared ", &raw.declared].concat(),
    };
    match change {
        Change::Type => format!("{told}, but not all values fit: served as {name}."),
        Change::Facets => {
            format!("{told}, but some values are longer: served as {name} without that limit.")
        }
        Change::Mixed => format!("It holds values of several types: served as {name}."),
    }
}

fn null_in_key(relation: &Relation, raw: &RawColumn, facts: &Facts) -> Notice {
    let text = "Rows with null in this column of the primary key cannot be told apart and are not served: ";
    Notice::column(&relation.name, &raw.name, [text, &facts.nulls.to_string(), " seen."].concat())
}

/// How rows at both ends are found. A column may have the name of the rowid and hide it.
fn access(relation: &Relation, raw: &[RawColumn], primary_key: &[usize]) -> Access {
    if relation.kind != "table" {
        return Access::First;
    }
    if relation.without_rowid {
        return Access::Key(primary_key.iter().map(|&i| quoted(&raw[i].name)).collect());
    }
    let free = |id: &&str| !raw.iter().any(|c| c.name.eq_ignore_ascii_case(id));
    ["rowid", "_rowid_", "oid"].into_iter().find(free).map_or(Access::First, Access::RowId)
}
