//! What a SQLite database says about itself: tables, views, columns, keys, and types as its values have them.

use nextlink_odata::model::Computed;
use nextlink_sql::catalog::{Catalog, Column, Table, TableKind};
use nextlink_sql::notice::Notice;
use rusqlite::{Connection, ErrorCode};

use super::defaults::{self, Default as DefaultValue};
use super::foreign::{self, Declared};
use super::probe::{Access, Probe, probe, quoted};
use super::types::{Change, Facts, Served, Wish, decide, wish};
use crate::error::Error;

/// How much of a database is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntrospectLimits {
    /// Most tables and views together.
    pub tables: usize,
    /// Most columns of one table or view.
    pub columns: usize,
    /// Tables of up to so many rows are read in full to see what their values are; of larger ones so many in all, half
    /// of them at each end.
    pub probe_rows: u32,
}

impl Default for IntrospectLimits {
    fn default() -> IntrospectLimits {
        IntrospectLimits { tables: 5_000, columns: 2_000, probe_rows: 10_000 }
    }
}

/// Reads the catalogue of a database: its own tables and views (not attached or temporary ones), sorted by name.
///
/// A table or view that SQLite itself can't read (a view of a table that is gone, a virtual table whose module is
/// missing) is dropped with a notice. Reads in one transaction, unless the connection is in one already.
///
/// # Errors
/// The file is no database or damaged, it is locked, it can't be read, or a limit was passed.
pub fn introspect(conn: &Connection, limits: &IntrospectLimits) -> Result<(Catalog, Vec<Notice>), Error> {
    let transaction = if conn.is_autocommit() { Some(conn.unchecked_transaction()?) } else { None };
    let mut notices = Vec::new();
    let relations = relations(conn)?;
    if relations.len() > limits.tables {
        return Err(Error::TooManyTables { found: relations.len(), limit: limits.tables });
    }
    let mut tables = Vec::with_capacity(relations.len());
    let mut keys = Vec::with_capacity(relations.len());
    for relation in &relations {
        match read_table(conn, relation, limits, &mut notices) {
            Ok((table, declared)) => {
                tables.push(table);
                keys.push(declared);
            }
            Err(Error::Sqlite(error)) if is_of_the_table(&error) => {
                let text = ["Not served: SQLite can't read it (", &error.to_string(), ")."].concat();
                notices.push(Notice::table(&relation.name, text));
            }
            Err(error) => return Err(error),
        }
    }
    foreign::resolve(&mut tables, keys, &mut notices);
    if let Some(transaction) = transaction {
        transaction.finish()?;
    }
    Ok((Catalog { tables }, notices))
}

/// A table or view, as the list of them has it.
struct Relation {
    name: String,
    kind: String,
    without_rowid: bool,
    strict: bool,
}

fn relations(conn: &Connection) -> rusqlite::Result<Vec<Relation>> {
    let sql = "SELECT name, type, wr, strict FROM pragma_table_list \
               WHERE schema = 'main' AND type <> 'shadow' AND lower(substr(name, 1, 7)) <> 'sqlite_' ORDER BY name";
    let mut statement = conn.prepare(sql)?;
    let relations = statement.query_map([], |row| {
        Ok(Relation { name: row.get(0)?, kind: row.get(1)?, without_rowid: row.get(2)?, strict: row.get(3)? })
    })?;
    relations.collect()
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

/// A column, as SQLite describes it.
struct RawColumn {
    name: String,
    declared: String,
    not_null: bool,
    default: Option<String>,
    /// Place in the primary key from 1, or 0.
    key: u32,
    generated: bool,
    binary_collation: bool,
}

fn read_table(
    conn: &Connection,
    relation: &Relation,
    limits: &IntrospectLimits,
    notices: &mut Vec<Notice>,
) -> Result<(Table, Vec<Declared>), Error> {
    let is_view = relation.kind == "view";
    let raw =
        if is_view { view_columns(conn, &relation.name)? } else { table_columns(conn, &relation.name)? };
    if raw.len() > limits.columns {
        return Err(Error::TooManyColumns {
            table: relation.name.clone(),
            found: raw.len(),
            limit: limits.columns,
        });
    }
    let mut primary_key: Vec<usize> = (0..raw.len()).filter(|&i| raw[i].key > 0).collect();
    primary_key.sort_by_key(|&i| raw[i].key);
    let indexes = if is_view { Indexes::default() } else { indexes(conn, &relation.name, &raw)? };
    let rowid_alias = match primary_key[..] {
        // `INTEGER PRIMARY KEY DESC` is no alias and has an index of its own.
        [only] if relation.kind == "table" && !relation.without_rowid && !indexes.of_primary_key => {
            raw[only].declared.eq_ignore_ascii_case("INTEGER").then_some(only)
        }
        _ => None,
    };
    let from = ["main.", &quoted(&relation.name)].concat();
    let columns: Vec<(String, Wish)> = raw.iter().map(|c| (c.name.clone(), wish(&c.declared))).collect();
    let access = access(relation, &raw, &primary_key);
    let facts = match probe(conn, &Probe { from: &from, columns: &columns, access, rows: limits.probe_rows })
    {
        Ok(facts) => facts,
        Err(error) if is_of_the_table(&error) && !is_view => {
            let text =
                ["Its values can't be looked at (", &error.to_string(), "): types are as declared."].concat();
            notices.push(Notice::table(&relation.name, text));
            vec![Facts::default(); raw.len()]
        }
        Err(error) => return Err(error.into()),
    };
    let mut served = Vec::with_capacity(raw.len());
    for (i, (raw, facts)) in raw.iter().zip(&facts).enumerate() {
        let not_null = raw.not_null
            || rowid_alias == Some(i)
            || (raw.key > 0 && (relation.without_rowid || relation.strict));
        if raw.key > 0 && facts.nulls > 0 {
            notices.push(null_in_key(relation, raw, facts));
        }
        served.push(column(relation, raw, facts, not_null, rowid_alias == Some(i), notices));
    }
    let table = Table {
        schema: None,
        name: relation.name.clone(),
        kind: if is_view { TableKind::View } else { TableKind::Table },
        columns: served,
        unique: indexes.unique.into_iter().filter(|u| *u != primary_key).collect(),
        primary_key,
        foreign_keys: Vec::new(),
        comment: None,
    };
    let declared = if is_view { Vec::new() } else { foreign::declared(conn, &relation.name)? };
    Ok((table, declared))
}

fn column(
    relation: &Relation,
    raw: &RawColumn,
    facts: &Facts,
    not_null: bool,
    rowid_alias: bool,
    notices: &mut Vec<Notice>,
) -> Column {
    let served = decide(wish(&raw.declared), facts);
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
        primitive: served.primitive,
        storage: served.storage,
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
        comment: None,
    }
}

fn describe(change: Change, raw: &RawColumn, served: &Served) -> String {
    let name = served.primitive.name();
    match change {
        Change::Type => {
            ["Declared ", &raw.declared, ", but not all values fit: served as ", name, "."].concat()
        }
        Change::Facets => [
            "Declared ",
            &raw.declared,
            ", but some values are longer: served as ",
            name,
            " without that limit.",
        ]
        .concat(),
        Change::Mixed => ["It holds values of several types: served as ", name, "."].concat(),
    }
}

fn null_in_key(relation: &Relation, raw: &RawColumn, facts: &Facts) -> Notice {
    let text = "Rows with null in this column of the primary key can't be told apart and are not served: ";
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

fn table_columns(conn: &Connection, table: &str) -> rusqlite::Result<Vec<RawColumn>> {
    // 0: ordinary, 1: hidden column of a virtual table, 2 and 3: generated.
    let sql = "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1, 'main') \
               WHERE hidden <> 1 ORDER BY cid";
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query([table])?;
    let mut columns = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        columns.push(RawColumn {
            binary_collation: is_binary(conn, table, &name),
            declared: row.get(1)?,
            not_null: row.get(2)?,
            default: row.get(3)?,
            key: row.get(4)?,
            generated: row.get::<_, i64>(5)? > 1,
            name,
        });
    }
    Ok(columns)
}

/// Columns of a view, with the declared type of the table column that each comes from unchanged.
fn view_columns(conn: &Connection, view: &str) -> rusqlite::Result<Vec<RawColumn>> {
    let sql = ["SELECT * FROM main.", &quoted(view)].concat();
    let statement = conn.prepare(&sql)?;
    let columns = statement.columns().map(|column| RawColumn {
        name: column.name().to_owned(),
        declared: column.decl_type().unwrap_or_default().to_owned(),
        not_null: false,
        default: None,
        key: 0,
        generated: false,
        // An expression may bring a collation of its own, and SQLite does not tell.
        binary_collation: false,
    });
    Ok(columns.collect())
}

/// Whether the column compares by its bytes. What can't be found out is taken for another collation.
fn is_binary(conn: &Connection, table: &str, column: &str) -> bool {
    let metadata = conn.column_metadata(Some("main"), table, column);
    metadata.is_ok_and(|(_, collation, ..)| {
        collation.is_some_and(|c| c.to_bytes().eq_ignore_ascii_case(b"BINARY"))
    })
}

/// Unique indexes of a table.
#[derive(Default)]
struct Indexes {
    /// Column indexes of each one without expressions and without a condition.
    unique: Vec<Vec<usize>>,
    /// Whether the primary key has an index, and so is not the rowid.
    of_primary_key: bool,
}

fn indexes(conn: &Connection, table: &str, raw: &[RawColumn]) -> rusqlite::Result<Indexes> {
    let sql = "SELECT name, origin FROM pragma_index_list(?1, 'main') WHERE \"unique\" AND NOT partial ORDER BY name";
    let mut statement = conn.prepare(sql)?;
    let names = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let names: Vec<(String, String)> = names.collect::<Result<_, _>>()?;
    let sql = "SELECT name FROM pragma_index_xinfo(?1, 'main') WHERE \"key\" ORDER BY seqno";
    let mut statement = conn.prepare(sql)?;
    let mut found = Indexes::default();
    for (name, origin) in names {
        if origin == "pk" {
            found.of_primary_key = true;
            continue;
        }
        let columns = statement.query_map([&name], |row| row.get::<_, Option<String>>(0))?;
        let columns: Vec<Option<String>> = columns.collect::<Result<_, _>>()?;
        // An expression has no name.
        let place = |c: &Option<String>| c.as_ref().and_then(|c| raw.iter().position(|r| r.name == *c));
        if let Some(columns) = columns.iter().map(place).collect::<Option<Vec<usize>>>()
            && !columns.is_empty()
        {
            found.unique.push(columns);
        }
    }
    Ok(found)
}
