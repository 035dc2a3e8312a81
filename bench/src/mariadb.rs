//! The benchmark tables in a MariaDB database, read with mysql_async.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, bail};
use mysql_async::prelude::Queryable;
use mysql_async::{BinaryProtocol, Conn, Opts, OptsBuilder, Params, QueryResult, Row, Statement, Value};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::json;
use crate::output::Output;
use crate::tables::{
    Cells, GROUPS_SQL, ITEMS, Kind, ORDERS, OrderWriter, PAGE_ORDERS, PAGE_ROWS, ROWS, Tables, select_list,
    write_group, write_row,
};

/// Connections of a bare server, each of which takes one request at once.
const CONNECTIONS: usize = 16;

/// Connects without TLS, through TCP as every other client.
///
/// # Errors
/// Where the server cannot be reached or refuses.
pub async fn connect(url: &str) -> anyhow::Result<Conn> {
    let options = Opts::from_url(url).context("the URL of MariaDB")?;
    Conn::new(OptsBuilder::from_opts(options).prefer_socket(false)).await.context("MariaDB")
}

/// Hands the rows of a table over, ordered by the column given and Id.
///
/// # Errors
/// Where the database or the output fails.
pub async fn scan(
    connection: &mut Conn,
    table: &str,
    order_by: Option<&str>,
    output: &mut Output<'_>,
) -> anyhow::Result<()> {
    let columns = select_list(&ROWS, "", '`');
    let order = order_by.map_or_else(String::new, |column| format!("`{column}`, "));
    let statement = format!("SELECT {columns} FROM `{table}` ORDER BY {order}`Id`");
    let mut rows = connection.exec_iter(statement, ()).await?;
    while let Some(row) = rows.next().await? {
        write_row(output.row()?, &row, 0, &ROWS)?;
    }
    Ok(())
}

impl Cells for Row {
    fn integer(&self, index: usize) -> anyhow::Result<Option<i64>> {
        match self.as_ref(index) {
            Some(Value::NULL) => Ok(None),
            Some(Value::Int(value)) => Ok(Some(*value)),
            other => bail!("column {index} is {other:?}"),
        }
    }

    #[inline]
    fn write(&self, index: usize, kind: Kind, out: &mut Vec<u8>) -> anyhow::Result<()> {
        let value = self.as_ref(index).context("a column is missing")?;
        match (kind, value) {
            (_, Value::NULL) => out.extend_from_slice(b"null"),
            (Kind::Integer, Value::Int(value)) => json::write_integer(out, *value),
            (Kind::Text, Value::Bytes(value)) => json::write_text(out, value),
            (Kind::Decimal, Value::Bytes(digits)) => out.extend_from_slice(json::without_zeros(digits)),
            (Kind::Double, Value::Double(value)) => json::write_double(out, *value),
            (Kind::Boolean, Value::Int(0)) => out.extend_from_slice(b"false"),
            (Kind::Boolean, Value::Int(_)) => out.extend_from_slice(b"true"),
            (Kind::DateTime, Value::Date(year, month, day, hour, minute, second, micros)) => {
                out.push(b'"');
                json::write_day(out, u32::from(*year), u32::from(*month), u32::from(*day));
                out.push(b'T');
                json::write_clock(out, u32::from(*hour), u32::from(*minute), u32::from(*second), *micros);
                out.extend_from_slice(b"Z\"");
            }
            (Kind::Date, Value::Date(year, month, day, ..)) => {
                out.push(b'"');
                json::write_day(out, u32::from(*year), u32::from(*month), u32::from(*day));
                out.push(b'"');
            }
            _ => bail!("column {index} is {value:?}"),
        }
        Ok(())
    }
}

/// The database, for a bare server: connections that are lent to one request each, with prepared statements.
pub struct MariaDb {
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

struct Connection {
    conn: Conn,
    key: Statement,
    page: Statement,
    orders: Statement,
    groups: Statement,
}

impl MariaDb {
    /// Connects, and prepares the statements.
    ///
    /// # Errors
    /// Where the server cannot be reached or has no such tables.
    pub async fn open(url: &str, connections: Option<usize>) -> anyhow::Result<Self> {
        let select = format!("SELECT {} FROM `Rows` WHERE", select_list(&ROWS, "", '`'));
        let (order, item) = (select_list(&ORDERS, "o.", '`'), select_list(&ITEMS, "i.", '`'));
        let orders = format!(
            "SELECT {order}, {item} FROM (SELECT * FROM `Orders` WHERE `Id` > ? ORDER BY `Id` LIMIT ?) o \
            LEFT JOIN `Items` i ON i.`OrderId` = o.`Id` ORDER BY o.`Id`, i.`Id`"
        );
        let connections = connections.unwrap_or(CONNECTIONS).max(1);
        let mut opened = Vec::new();
        for _ in 0..connections {
            let mut conn = connect(url).await?;
            opened.push(Connection {
                key: conn.prep(format!("{select} `Id` = ?")).await?,
                page: conn.prep(format!("{select} `Id` > ? ORDER BY `Id` LIMIT ?")).await?,
                orders: conn.prep(orders.as_str()).await?,
                groups: conn.prep(GROUPS_SQL.replace('"', "`")).await?,
                conn,
            });
        }
        Ok(Self { idle: Mutex::new(opened), permits: Semaphore::new(connections) })
    }

    async fn lend(&self) -> anyhow::Result<Lent<'_>> {
        let permit = self.permits.acquire().await?;
        let connection = self.idle().pop();
        Ok(Lent { from: self, connection, _permit: permit })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that goes back when this is dropped, with the rest of its rows, which its next statement skips.
struct Lent<'a> {
    from: &'a MariaDb,
    connection: Option<Connection>,
    _permit: SemaphorePermit<'a>,
}

impl Lent<'_> {
    async fn query(
        &mut self,
        statement: impl Fn(&Connection) -> &Statement,
        parameters: impl Into<Params> + Send,
    ) -> anyhow::Result<QueryResult<'_, 'static, BinaryProtocol>> {
        let connection = self.connection.as_mut().context("there is a connection for each permit")?;
        let statement = statement(connection).clone();
        Ok(connection.conn.exec_iter(statement, parameters.into()).await?)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.from.idle().extend(self.connection.take());
    }
}

impl Tables for MariaDb {
    async fn row(&self, id: i64, body: &mut Vec<u8>) -> anyhow::Result<bool> {
        let mut lent = self.lend().await?;
        let mut rows = lent.query(|connection| &connection.key, (id,)).await?;
        let mut found = false;
        while let Some(row) = rows.next().await? {
            write_row(body, &row, 0, &ROWS)?;
            found = true;
        }
        Ok(found)
    }

    async fn rows_after(&self, id: i64, body: &mut Vec<u8>) -> anyhow::Result<Option<i64>> {
        let mut lent = self.lend().await?;
        let mut rows = lent.query(|connection| &connection.page, (id, PAGE_ROWS as i64 + 1)).await?;
        let mut last = None;
        let mut count = 0;
        let mut more = false;
        while let Some(row) = rows.next().await? {
            if count == PAGE_ROWS {
                more = true;
                continue;
            }
            if count > 0 {
                body.push(b',');
            }
            write_row(body, &row, 0, &ROWS)?;
            last = row.integer(0)?;
            count += 1;
        }
        Ok(last.filter(|_| more))
    }

    async fn orders_after(&self, id: i64, body: &mut Vec<u8>) -> anyhow::Result<()> {
        let mut lent = self.lend().await?;
        let mut rows = lent.query(|connection| &connection.orders, (id, PAGE_ORDERS as i64)).await?;
        let mut writer = OrderWriter::default();
        while let Some(row) = rows.next().await? {
            writer.row(body, &row)?;
        }
        writer.finish(body);
        Ok(())
    }

    async fn groups(&self, body: &mut Vec<u8>) -> anyhow::Result<()> {
        let mut lent = self.lend().await?;
        let mut rows = lent.query(|connection| &connection.groups, ()).await?;
        let start = body.len();
        while let Some(row) = rows.next().await? {
            write_group(body, &row, start)?;
        }
        Ok(())
    }
}
