//! A sample as a script of SQL for another database than SQLite.

mod mariadb;
mod postgres;

use std::io::Write;

use crate::rows::{Cell, ROWS_HERE, Sink};
use crate::{Error, Summary, TableRows};

/// Rows are gathered up to this many bytes, so that statements are large and memory is small. MariaDB takes
/// sixteen times as much in one statement, unless told otherwise.
const GATHERED_BYTES: usize = 1 << 20;

/// The database that a script is for, and the client that runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// PostgreSQL, 13 or newer, by `psql`: the rows are lines for COPY.
    Postgres,
    /// MariaDB, 10.7 or newer, by `mariadb`.
    MariaDb,
}

/// A schema for each target: statements that make the tables, the line `-- rows`, and statements that
/// finish them.
pub(crate) struct Schemas {
    pub(crate) postgres: &'static str,
    pub(crate) mariadb: &'static str,
}

/// Writes a script: the schema with the rows that `fill` adds at their place.
pub(crate) fn write(
    target: Target,
    schemas: &Schemas,
    to: &mut dyn Write,
    fill: impl FnOnce(&mut dyn Sink) -> Result<(), Error>,
) -> Result<Summary, Error> {
    let schema = match target {
        Target::Postgres => schemas.postgres,
        Target::MariaDb => schemas.mariadb,
    };
    let (before, after) = schema.split_once(ROWS_HERE).unwrap_or((schema, ""));
    let mut script = Script { target, to, tables: Vec::new(), gathered: 0 };
    script.to.write_all(before.as_bytes()).map_err(Error::Script)?;
    fill(&mut script)?;
    script.flush()?;
    script.to.write_all(after.as_bytes()).and_then(|()| script.to.flush()).map_err(Error::Script)?;
    let mut tables: Vec<_> = script.tables.into_iter().map(|table| table.size).collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Summary { tables })
}

struct Script<'a> {
    target: Target,
    to: &'a mut dyn Write,
    /// In the order in which rows came first, so that tables that others refer to come before those.
    tables: Vec<Table>,
    gathered: usize,
}

/// Rows of a table that are not written yet, and how many there are in all.
struct Table {
    size: TableRows,
    text: Vec<u8>,
}

impl Sink for Script<'_> {
    fn add(&mut self, table: &'static str, row: &[Cell<'_>]) -> Result<(), Error> {
        let known = self.tables.iter().position(|known| known.size.name == table);
        let at = known.unwrap_or(self.tables.len());
        if known.is_none() {
            let size = TableRows { name: table.to_owned(), rows: 0 };
            self.tables.push(Table { size, text: Vec::new() });
        }
        let Table { size, text } = &mut self.tables[at];
        let before = text.len();
        match self.target {
            Target::Postgres => postgres::row(text, row),
            Target::MariaDb => mariadb::row(text, row),
        }
        size.rows += 1;
        self.gathered += text.len() - before;
        if self.gathered < GATHERED_BYTES { Ok(()) } else { self.flush() }
    }
}

impl Script<'_> {
    fn flush(&mut self) -> Result<(), Error> {
        self.gathered = 0;
        for Table { size, text } in self.tables.iter_mut().filter(|table| !table.text.is_empty()) {
            let written = match self.target {
                Target::Postgres => postgres::rows(self.to, &size.name, text),
                Target::MariaDb => mariadb::rows(self.to, &size.name, text),
            };
            written.map_err(Error::Script)?;
            text.clear();
        }
        Ok(())
    }
}

/// An amount as decimal digits.
fn money(text: &mut Vec<u8>, hundredths: i64) -> std::io::Result<()> {
    let sign = if hundredths < 0 { "-" } else { "" };
    let digits = hundredths.unsigned_abs();
    write!(text, "{sign}{}.{:02}", digits / 100, digits % 100)
}
