//! The benchmark tables in a SQLite file, read with rusqlite.

use std::cell::{OnceCell, RefCell};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row, Statement};

use crate::json;
use crate::output::Output;
use crate::tables::{
    Cells, GROUPS_SQL, ITEMS, Kind, ORDERS, OrderWriter, PAGE_ORDERS, PAGE_ROWS, ROWS, Tables, select_list,
    write_group, write_row,
};

/// Bytes of the file that SQLite may map into memory: all of it, so that reading copies nothing.
const MAPPED_BYTES: i64 = 1 << 30;

/// Opens the database read-only, for use by one thread.
///
/// # Errors
/// Where there is no such file or it cannot be read.
pub fn open(path: &Path) -> anyhow::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.pragma_update(None, "mmap_size", MAPPED_BYTES)?;
        Ok::<_, rusqlite::Error>(connection)
    };
    open().with_context(|| format!("{}", path.display()))
}

/// Hands the rows of a table over, ordered by the column given and Id.
///
/// # Errors
/// Where the database or the output fails.
pub fn scan(
    connection: &Connection,
    table: &str,
    order_by: Option<&str>,
    output: &mut Output<'_>,
) -> anyhow::Result<()> {
    let columns = select_list(&ROWS, "", '"');
    let order = order_by.map_or_else(String::new, |column| format!("\"{column}\", "));
    let mut statement =
        connection.prepare(&format!("SELECT {columns} FROM \"{table}\" ORDER BY {order}\"Id\""))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        write_row(output.row()?, row, 0, &ROWS)?;
    }
    Ok(())
}

impl Cells for Row<'_> {
    fn integer(&self, index: usize) -> anyhow::Result<Option<i64>> {
        Ok(self.get(index)?)
    }

    #[inline]
    fn write(&self, index: usize, kind: Kind, out: &mut Vec<u8>) -> anyhow::Result<()> {
        let value = self.get_ref(index)?;
        match (kind, value) {
            (_, ValueRef::Null) => out.extend_from_slice(b"null"),
            (Kind::Integer | Kind::Decimal, ValueRef::Integer(value)) => json::write_integer(out, value),
            (Kind::Decimal, ValueRef::Real(value)) => json::write_decimal(out, value),
            (Kind::Double, ValueRef::Real(value)) => json::write_double(out, value),
            (Kind::Boolean, ValueRef::Integer(0)) => out.extend_from_slice(b"false"),
            (Kind::Boolean, ValueRef::Integer(_)) => out.extend_from_slice(b"true"),
            (Kind::Text | Kind::Date, ValueRef::Text(value)) => json::write_text(out, value),
            (Kind::DateTime, ValueRef::Text(value)) if value.len() >= 19 => write_date_time(out, value),
            _ => bail!("column {index} has a value of the type {}", value.data_type()),
        }
        Ok(())
    }
}

/// `YYYY-MM-DD HH:MM:SS[.fff]` as `YYYY-MM-DDTHH:MM:SS[.fff]Z`; the text has at least 19 bytes.
fn write_date_time(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(&value[..10]);
    out.push(b'T');
    out.extend_from_slice(json::without_zeros(&value[11..]));
    out.extend_from_slice(b"Z\"");
}

/// The file, for a bare server. A connection is opened for each thread, on which its statements also run.
#[derive(Debug)]
pub struct Sqlite(pub PathBuf);

/// The statements of a thread.
struct Statements {
    key: RefCell<Statement<'static>>,
    page: RefCell<Statement<'static>>,
    orders: RefCell<Statement<'static>>,
    groups: RefCell<Statement<'static>>,
}

thread_local! {
    static STATEMENTS: OnceCell<Statements> = const { OnceCell::new() };
}

impl Statements {
    /// Opens a connection that lives as long as the process.
    fn open(path: &Path) -> anyhow::Result<Self> {
        let connection = Box::leak(Box::new(open(path)?));
        let select = format!("SELECT {} FROM \"Rows\" WHERE", select_list(&ROWS, "", '"'));
        let (order, item) = (select_list(&ORDERS, "o.", '"'), select_list(&ITEMS, "i.", '"'));
        let orders = format!(
            "SELECT {order}, {item} FROM (SELECT * FROM \"Orders\" WHERE \"Id\" > ?1 ORDER BY \"Id\" LIMIT ?2) o \
            LEFT JOIN \"Items\" i ON i.\"OrderId\" = o.\"Id\" ORDER BY o.\"Id\", i.\"Id\""
        );
        Ok(Self {
            key: RefCell::new(connection.prepare(&format!("{select} \"Id\" = ?1"))?),
            page: RefCell::new(
                connection.prepare(&format!("{select} \"Id\" > ?1 ORDER BY \"Id\" LIMIT ?2"))?,
            ),
            orders: RefCell::new(connection.prepare(&orders)?),
            groups: RefCell::new(connection.prepare(GROUPS_SQL)?),
        })
    }
}

impl Sqlite {
    fn with_statements<T>(&self, read: impl FnOnce(&Statements) -> anyhow::Result<T>) -> anyhow::Result<T> {
        STATEMENTS.with(|cell| match cell.get() {
            Some(statements) => read(statements),
            None => {
                let opened = Statements::open(&self.0)?;
                read(cell.get_or_init(|| opened))
            }
        })
    }
}

impl Tables for Sqlite {
    async fn row(&self, id: i64, body: &mut Vec<u8>) -> anyhow::Result<bool> {
        self.with_statements(|statements| {
            let mut statement = statements.key.borrow_mut();
            let mut rows = statement.query([id])?;
            let Some(row) = rows.next()? else { return Ok(false) };
            write_row(body, row, 0, &ROWS)?;
            Ok(true)
        })
    }

    async fn rows_after(&self, id: i64, body: &mut Vec<u8>) -> anyhow::Result<Option<i64>> {
        self.with_statements(|statements| {
            let mut statement = statements.page.borrow_mut();
            let mut rows = statement.query([id, PAGE_ROWS as i64 + 1])?;
            let mut last = None;
            for count in 0..PAGE_ROWS {
                let Some(row) = rows.next()? else { return Ok(None) };
                if count > 0 {
                    body.push(b',');
                }
                write_row(body, row, 0, &ROWS)?;
                last = row.integer(0)?;
            }
            Ok(rows.next()?.and(last))
        })
    }

    async fn orders_after(&self, id: i64, body: &mut Vec<u8>) -> anyhow::Result<()> {
        self.with_statements(|statements| {
            let mut statement = statements.orders.borrow_mut();
            let mut rows = statement.query([id, PAGE_ORDERS as i64])?;
            let mut writer = OrderWriter::default();
            while let Some(row) = rows.next()? {
                writer.row(body, row)?;
            }
            writer.finish(body);
            Ok(())
        })
    }

    async fn groups(&self, body: &mut Vec<u8>) -> anyhow::Result<()> {
        self.with_statements(|statements| {
            let mut statement = statements.groups.borrow_mut();
            let mut rows = statement.query([])?;
            let start = body.len();
            while let Some(row) = rows.next()? {
                write_group(body, row, start)?;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &str) -> anyhow::Result<String> {
        let connection = Connection::open_in_memory()?;
        let mut statement = connection.prepare(&format!("SELECT {values}"))?;
        let mut rows = statement.query([])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            write_row(&mut out, row, 0, &ROWS)?;
        }
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn rows_are_json_without_spaces() {
        let rows = [
            (
                "1, 'A-1', 'Müller 茶', 12.5, 3, 0.25, 1, '2024-02-29 23:59:58.120', '2024-02-29', 'x'",
                r#"{"Id":1,"Code":"A-1","Name":"Müller 茶","Amount":12.5,"Quantity":3,"Rate":0.25,"#,
                r#""Active":true,"Created":"2024-02-29T23:59:58.12Z","Day":"2024-02-29","Note":"x"}"#,
            ),
            (
                "-9223372036854775808, '', '', 12, 0, 3.0, 0, '2024-02-29 23:59:58', '0001-01-01', NULL",
                r#"{"Id":-9223372036854775808,"Code":"","Name":"","Amount":12,"Quantity":0,"Rate":3.0,"#,
                r#""Active":false,"Created":"2024-02-29T23:59:58Z","Day":"0001-01-01","Note":null}"#,
            ),
            (
                "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
                r#"{"Id":null,"Code":null,"Name":null,"Amount":null,"Quantity":null,"Rate":null,"#,
                r#""Active":null,"Created":null,"Day":null,"Note":null}"#,
            ),
        ];
        for (values, first, second) in rows {
            assert_eq!(row(values).expect(values), [first, second].concat(), "{values}");
        }
    }

    #[test]
    fn values_that_do_not_suit_are_refused() {
        for values in [
            "'1', 'c', 'n', 1, 1, 1.0, 1, '2024-01-01 00:00:00', 'd', 'x'",
            "1, 'c', 'n', 'one', 1, 1.0, 1, '2024-01-01 00:00:00', 'd', 'x'",
            "1, 'c', 'n', 1, 1, 1.0, 1, '2024-01-01', 'd', 'x'",
            "1, 'c', x'00', 1, 1, 1.0, 1, '2024-01-01 00:00:00', 'd', 'x'",
        ] {
            assert!(row(values).is_err(), "{values}");
        }
    }
}
