//! Tables, columns and indexes, as SQLite describes them.

use std::sync::Arc;

use rusqlite::Connection;

use super::checks::{self, Place};
use super::probe::quoted;
use super::types::{Wish, wish};

/// A table or view, as the list of them has it.
pub(super) struct Relation {
    pub(super) name: String,
    pub(super) kind: String,
    /// The SELECT that its rows are of, where it is no part of the database.
    pub(super) select: Option<Arc<str>>,
    pub(super) without_rowid: bool,
    pub(super) strict: bool,
}

impl Relation {
    /// What stands behind FROM.
    pub(super) fn source(&self) -> String {
        match &self.select {
            Some(select) => ["(", select, ")"].concat(),
            None => ["main.", &quoted(&self.name)].concat(),
        }
    }
}

pub(super) fn relations(conn: &Connection) -> rusqlite::Result<Vec<Relation>> {
    let sql = "SELECT name, type, wr, strict FROM pragma_table_list \
               WHERE schema = 'main' AND type <> 'shadow' AND lower(substr(name, 1, 7)) <> 'sqlite_' \
               ORDER BY name";
    let mut statement = conn.prepare(sql)?;
    let relations = statement.query_map([], |row| {
        let (name, kind) = (row.get(0)?, row.get(1)?);
        Ok(Relation { name, kind, select: None, without_rowid: row.get(2)?, strict: row.get(3)? })
    })?;
    relations.collect()
}

/// A column, as SQLite describes it.
pub(super) struct RawColumn {
    pub(super) name: String,
    pub(super) declared: String,
    /// What its declaration, and the CHECKs of its table, ask for.
    pub(super) wish: Wish,
    /// Whether that is not as declared because of a CHECK.
    pub(super) checked: bool,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
    /// Place in the primary key from 1, or 0.
    pub(super) key: u32,
    pub(super) generated: bool,
    pub(super) binary_collation: bool,
}

/// The columns of a table or view.
pub(super) fn columns(conn: &Connection, relation: &Relation) -> rusqlite::Result<Vec<RawColumn>> {
    match relation.kind.as_str() {
        "view" => view_columns(conn, relation),
        _ => table_columns(conn, relation),
    }
}

fn table_columns(conn: &Connection, relation: &Relation) -> rusqlite::Result<Vec<RawColumn>> {
    let table = relation.name.as_str();
    // 0: ordinary, 1: hidden column of a virtual table, 2 and 3: generated.
    let sql = "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1, 'main') \
               WHERE hidden <> 1 ORDER BY cid";
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query([table])?;
    let mut columns = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let declared: String = row.get(1)?;
        columns.push(RawColumn {
            binary_collation: is_binary(conn, table, &name),
            wish: wish(&declared),
            checked: false,
            declared,
            not_null: row.get(2)?,
            default: row.get(3)?,
            key: row.get(4)?,
            generated: row.get::<_, i64>(5)? > 1,
            name,
        });
    }
    refine(conn, relation, &mut columns)?;
    Ok(columns)
}

/// Puts to the declarations of columns what the CHECKs of their table say.
fn refine(conn: &Connection, relation: &Relation, columns: &mut [RawColumn]) -> rusqlite::Result<()> {
    let sql = "SELECT sql FROM main.sqlite_schema WHERE name = ?1 AND type = 'table'";
    let create: Option<Option<String>> =
        conn.prepare(sql)?.query_map([&relation.name], |row| row.get(0))?.next().transpose()?;
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let known = checks::known(create.flatten().as_deref().unwrap_or_default(), &names);
    if known.is_empty() {
        return Ok(());
    }
    let sql = "SELECT \"from\" FROM pragma_foreign_key_list(?1, 'main')";
    let mut statement = conn.prepare(sql)?;
    let keys: Vec<String> =
        statement.query_map([&relation.name], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for (number, column) in columns.iter_mut().enumerate() {
        let own: Vec<_> = known.iter().filter(|(of, _)| *of == number).map(|(_, known)| *known).collect();
        let place = Place {
            strict: relation.strict,
            of_key: column.key > 0 || keys.iter().any(|key| key.eq_ignore_ascii_case(&column.name)),
            binary: column.binary_collation,
        };
        let refined = checks::refined(column.wish, &own, place);
        column.checked = refined != column.wish;
        column.wish = refined;
    }
    Ok(())
}

/// Columns of a view, with the declared type of the table column that each comes from unchanged.
fn view_columns(conn: &Connection, view: &Relation) -> rusqlite::Result<Vec<RawColumn>> {
    let sql = ["SELECT * FROM ", &view.source()].concat();
    let statement = conn.prepare(&sql)?;
    let columns = statement.columns().map(|column| RawColumn {
        name: column.name().to_owned(),
        wish: wish(column.decl_type().unwrap_or_default()),
        checked: false,
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
pub(super) struct Indexes {
    /// Column indexes of each one without expressions and without a condition.
    pub(super) unique: Vec<Vec<usize>>,
    /// Whether the primary key has an index, and so is not the rowid.
    pub(super) of_primary_key: bool,
}

pub(super) fn indexes(conn: &Connection, table: &str, raw: &[RawColumn]) -> rusqlite::Result<Indexes> {
    let sql = "SELECT name, origin FROM pragma_index_list(?1, 'main') \
               WHERE \"unique\" AND NOT partial ORDER BY name";
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
