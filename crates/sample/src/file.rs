//! A new SQLite file, filled in one transaction and put in its place only when it is whole.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql, Transaction, params_from_iter};

use crate::Error;
use crate::rows::{Cell, Money, ROWS_HERE, Sink};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Tables in the order of their names; views are not listed.
    pub tables: Vec<TableRows>,
}

/// A table and its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRows {
    /// Table name.
    pub name: String,
    /// Number of rows.
    pub rows: u64,
}

impl Summary {
    /// Rows of all tables together.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// Makes `path` by writing the schema, with the rows that `fill` adds at their place, into a file beside it,
/// which is then renamed.
///
/// An interrupted run leaves only the file ending in `.partial`, which the next run replaces.
pub(crate) fn create(
    path: &Path,
    schema: &str,
    fill: impl FnOnce(&mut dyn Sink) -> Result<(), Error>,
) -> Result<Summary, Error> {
    let io_error = |source| Error::Io { path: path.to_owned(), source };
    if path.try_exists().map_err(io_error)? {
        return Err(Error::Exists(path.to_owned()));
    }
    let partial = beside(path);
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io_error(error)),
        _ => {}
    }
    let written = write(&partial, schema, fill);
    if written.is_err() {
        // The first error is the one to report; a file left behind is replaced by the next run.
        let _ = fs::remove_file(&partial);
    }
    let summary = written?;
    fs::rename(&partial, path).map_err(io_error)?;
    Ok(summary)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".partial");
    path.with_file_name(name)
}

fn write(
    path: &Path,
    schema: &str,
    fill: impl FnOnce(&mut dyn Sink) -> Result<(), Error>,
) -> Result<Summary, Error> {
    let mut connection = Connection::open(path)?;
    // No journal and no sync: a torn file is thrown away, not repaired.
    connection
        .execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF;")?;
    let transaction = connection.transaction()?;
    let (before, after) = schema.split_once(ROWS_HERE).unwrap_or((schema, ""));
    transaction.execute_batch(before)?;
    fill(&mut Rows { transaction: &transaction, inserts: Vec::new() })?;
    transaction.execute_batch(after)?;
    transaction.execute_batch("ANALYZE")?;
    let summary = summarise(&transaction)?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(summary)
}

/// The way of rows into SQLite: one prepared statement a table.
struct Rows<'a> {
    transaction: &'a Transaction<'a>,
    inserts: Vec<(&'static str, Statement<'a>)>,
}

impl Sink for Rows<'_> {
    fn add(&mut self, table: &'static str, row: &[Cell<'_>]) -> Result<(), Error> {
        let known = self.inserts.iter().position(|(name, _)| *name == table);
        let at = known.unwrap_or(self.inserts.len());
        if known.is_none() {
            let marks = vec!["?"; row.len()].join(", ");
            let insert = format!("INSERT INTO \"{table}\" VALUES ({marks})");
            self.inserts.push((table, self.transaction.prepare(&insert)?));
        }
        self.inserts[at].1.execute(params_from_iter(row))?;
        Ok(())
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(value) => ValueRef::Integer(*value),
            // SQLite keeps a DECIMAL as the double next to it.
            Self::Money(Money(hundredths)) => ValueRef::Real(*hundredths as f64 / 100.0),
            Self::Double(value) => ValueRef::Real(*value),
            Self::Boolean(value) => ValueRef::Integer(i64::from(*value)),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn summarise(transaction: &Transaction<'_>) -> Result<Summary, Error> {
    let mut names = transaction.prepare(
        "SELECT name FROM sqlite_schema
        WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name",
    )?;
    let names = names.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    let mut tables = Vec::with_capacity(names.len());
    for name in names {
        let sql = format!("SELECT count(*) FROM \"{name}\"");
        let rows = transaction.query_row(&sql, [], |row| row.get::<_, i64>(0))?;
        tables.push(TableRows { name, rows: rows.unsigned_abs() });
    }
    Ok(Summary { tables })
}
