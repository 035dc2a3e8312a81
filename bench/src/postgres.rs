//! The benchmark tables in a PostgreSQL database, read with tokio-postgres.

use std::error::Error;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, bail};
use futures_util::TryStreamExt;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, NoTls, Row, RowStream, Statement};

use crate::json;
use crate::output::Output;
use crate::tables::{
    Cells, GROUPS_SQL, ITEMS, Kind, ORDERS, OrderWriter, PAGE_ORDERS, PAGE_ROWS, ROWS, Tables, select_list,
    write_group, write_row,
};

/// Connections of a bare server, each of which takes many requests at once.
const CONNECTIONS: usize = 4;
/// The wire counts from 2000-01-01, the calendar from 1970-01-01.
const EPOCH_DAYS: i64 = 10_957;
const MICROS: i64 = 1_000_000;
const DAY_MICROS: i64 = 86_400 * MICROS;

/// Connects without TLS. The connection is served by a task of its own.
///
/// # Errors
/// Where the server cannot be reached or refuses.
pub async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("PostgreSQL")?;
    // The error that ends it is also met by the client's next statement.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

/// Hands the rows of a table over, ordered by the column given and Id.
///
/// # Errors
/// Where the database or the output fails.
pub async fn scan(
    client: &Client,
    table: &str,
    order_by: Option<&str>,
    output: &mut Output<'_>,
) -> anyhow::Result<()> {
    let columns = select_list(&ROWS, "", '"');
    let order = order_by.map_or_else(String::new, |column| format!("\"{column}\", "));
    let statement =
        client.prepare(&format!("SELECT {columns} FROM \"{table}\" ORDER BY {order}\"Id\"")).await?;
    let mut rows = pin!(client.query_raw(&statement, no_parameters()).await?);
    while let Some(row) = rows.try_next().await? {
        write_row(output.row()?, &row, 0, &ROWS)?;
    }
    Ok(())
}

fn no_parameters() -> [i64; 0] {
    []
}

/// A value as its bytes, none for null.
struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Raw<'a>, Box<dyn Error + Sync + Send>> {
        Ok(Raw(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Raw<'a>, Box<dyn Error + Sync + Send>> {
        Ok(Raw(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Cells for Row {
    fn integer(&self, index: usize) -> anyhow::Result<Option<i64>> {
        let Raw(bytes) = self.try_get(index)?;
        bytes.map(integer).transpose()
    }

    #[inline]
    fn write(&self, index: usize, kind: Kind, out: &mut Vec<u8>) -> anyhow::Result<()> {
        let Raw(bytes) = self.try_get(index)?;
        let Some(bytes) = bytes else {
            out.extend_from_slice(b"null");
            return Ok(());
        };
        match kind {
            Kind::Integer => json::write_integer(out, integer(bytes)?),
            Kind::Text => json::write_text(out, bytes),
            Kind::Decimal => write_numeric(out, bytes)?,
            Kind::Double => json::write_double(out, f64::from_be_bytes(bytes.try_into()?)),
            Kind::Boolean => out.extend_from_slice(if bytes == [0] { b"false" } else { b"true" }),
            Kind::DateTime => {
                let micros = i64::from_be_bytes(bytes.try_into()?);
                out.push(b'"');
                write_date(out, micros.div_euclid(DAY_MICROS));
                out.push(b'T');
                let (seconds, micros) =
                    (micros.rem_euclid(DAY_MICROS) / MICROS, micros.rem_euclid(MICROS) as u32);
                let seconds = seconds as u32;
                json::write_clock(out, seconds / 3_600, seconds / 60 % 60, seconds % 60, micros);
                out.extend_from_slice(b"Z\"");
            }
            Kind::Date => {
                out.push(b'"');
                write_date(out, i64::from(i32::from_be_bytes(bytes.try_into()?)));
                out.push(b'"');
            }
        }
        Ok(())
    }
}

/// Four or eight bytes, by the type of the column.
#[inline]
fn integer(bytes: &[u8]) -> anyhow::Result<i64> {
    match (<[u8; 8]>::try_from(bytes), <[u8; 4]>::try_from(bytes)) {
        (Ok(bytes), _) => Ok(i64::from_be_bytes(bytes)),
        (_, Ok(bytes)) => Ok(i64::from(i32::from_be_bytes(bytes))),
        _ => bail!("an integer of {} bytes", bytes.len()),
    }
}

/// Days since 2000-01-01.
fn write_date(out: &mut Vec<u8>, days: i64) {
    // The civil calendar from days: https://howardhinnant.github.io/date_algorithms.html#civil_from_days
    let shifted = days + EPOCH_DAYS + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    json::write_day(out, year as u32, month as u32, day as u32);
}

/// Digits in groups of four, with the weight of the first one, a sign, and how many digits follow the point.
fn write_numeric(out: &mut Vec<u8>, bytes: &[u8]) -> anyhow::Result<()> {
    let (head, groups) = bytes.split_at_checked(8).context("a numeric has a head")?;
    let head = |index: usize| i16::from_be_bytes([head[index * 2], head[index * 2 + 1]]);
    let (weight, sign, scale) = (i64::from(head(1)), head(2), usize::from(head(3).unsigned_abs()));
    let (groups, _) = groups.as_chunks::<2>();
    let group = |index: i64| {
        let bytes = usize::try_from(index).ok().and_then(|index| groups.get(index));
        bytes.map_or(0, |bytes| u32::from(u16::from_be_bytes(*bytes)))
    };
    match sign {
        0 => {}
        0x4000 => out.push(b'-'),
        _ => bail!("a numeric that is no number"),
    }
    out.extend_from_slice(itoa::Buffer::new().format(if weight < 0 { 0 } else { group(0) }).as_bytes());
    let mut four = [0; 4];
    for index in 1..=weight {
        json::digits(&mut four, group(index));
        out.extend_from_slice(&four);
    }
    if scale > 0 {
        let start = out.len();
        out.push(b'.');
        let end = out.len() + scale;
        let mut index = weight + 1;
        while out.len() < end {
            json::digits(&mut four, group(index));
            out.extend_from_slice(&four);
            index += 1;
        }
        out.truncate(end);
        out.truncate(start + json::without_zeros(&out[start..]).len());
    }
    Ok(())
}

/// The database, for a bare server: requests are sent one behind the other over few connections, without waiting for
/// the answers in between.
pub struct Postgres {
    connections: Vec<Connection>,
    turn: AtomicUsize,
}

struct Connection {
    client: Client,
    key: Statement,
    page: Statement,
    orders: Statement,
    groups: Statement,
}

impl Postgres {
    /// Connects, and prepares the statements.
    ///
    /// # Errors
    /// Where the server cannot be reached or has no such tables.
    pub async fn open(url: &str, connections: Option<usize>) -> anyhow::Result<Self> {
        let select = format!("SELECT {} FROM \"Rows\" WHERE", select_list(&ROWS, "", '"'));
        let (order, item) = (select_list(&ORDERS, "o.", '"'), select_list(&ITEMS, "i.", '"'));
        let orders = format!(
            "SELECT {order}, {item} FROM (SELECT * FROM \"Orders\" WHERE \"Id\" > $1 ORDER BY \"Id\" LIMIT $2) o \
            LEFT JOIN \"Items\" i ON i.\"OrderId\" = o.\"Id\" ORDER BY o.\"Id\", i.\"Id\""
        );
        let mut opened = Vec::new();
        for _ in 0..connections.unwrap_or(CONNECTIONS).max(1) {
            let client = connect(url).await?;
            opened.push(Connection {
                key: client.prepare(&format!("{select} \"Id\" = $1")).await?,
                page: client.prepare(&format!("{select} \"Id\" > $1 ORDER BY \"Id\" LIMIT $2")).await?,
                orders: client.prepare(&orders).await?,
                groups: client.prepare(GROUPS_SQL).await?,
                client,
            });
        }
        Ok(Self { connections: opened, turn: AtomicUsize::new(0) })
    }

    fn connection(&self) -> &Connection {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        &self.connections[turn % self.connections.len()]
    }
}

impl Connection {
    async fn query(&self, statement: &Statement, parameters: &[i64]) -> anyhow::Result<RowStream> {
        Ok(self.client.query_raw(statement, parameters).await?)
    }
}

impl Tables for Postgres {
    async fn row(&self, id: i64, body: &mut Vec<u8>) -> anyhow::Result<bool> {
        let connection = self.connection();
        let mut rows = pin!(connection.query(&connection.key, &[id]).await?);
        let Some(row) = rows.try_next().await? else { return Ok(false) };
        write_row(body, &row, 0, &ROWS)?;
        Ok(true)
    }

    async fn rows_after(&self, id: i64, body: &mut Vec<u8>) -> anyhow::Result<Option<i64>> {
        let connection = self.connection();
        let mut rows = pin!(connection.query(&connection.page, &[id, PAGE_ROWS as i64 + 1]).await?);
        let mut last = None;
        for count in 0..PAGE_ROWS {
            let Some(row) = rows.try_next().await? else { return Ok(None) };
            if count > 0 {
                body.push(b',');
            }
            write_row(body, &row, 0, &ROWS)?;
            last = row.integer(0)?;
        }
        Ok(rows.try_next().await?.and(last))
    }

    async fn orders_after(&self, id: i64, body: &mut Vec<u8>) -> anyhow::Result<()> {
        let connection = self.connection();
        let mut rows = pin!(connection.query(&connection.orders, &[id, PAGE_ORDERS as i64]).await?);
        let mut writer = OrderWriter::default();
        while let Some(row) = rows.try_next().await? {
            writer.row(body, &row)?;
        }
        writer.finish(body);
        Ok(())
    }

    async fn groups(&self, body: &mut Vec<u8>) -> anyhow::Result<()> {
        let connection = self.connection();
        let mut rows = pin!(connection.query(&connection.groups, &[]).await?);
        let start = body.len();
        while let Some(row) = rows.try_next().await? {
            write_group(body, &row, start)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerics_have_all_digits_that_count() {
        let wire = |weight: i16, sign: u16, scale: u16, groups: &[u16]| {
            let head = [groups.len() as u16, weight as u16, sign, scale];
            [&head, groups].concat().iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>()
        };
        for (bytes, expected) in [
            (wire(0, 0, 0, &[]), "0"),
            (wire(0, 0, 2, &[]), "0"),
            (wire(0, 0, 2, &[12, 5_000]), "12.5"),
            (wire(1, 0x4000, 2, &[12, 34, 100]), "-120034.01"),
            (wire(2, 0, 0, &[1]), "100000000"),
            (wire(-1, 0, 5, &[12, 3_000]), "0.00123"),
            (wire(-2, 0, 6, &[1_200]), "0.000012"),
        ] {
            let mut out = Vec::new();
            write_numeric(&mut out, &bytes).expect(expected);
            assert_eq!(String::from_utf8_lossy(&out), expected);
        }
        assert!(write_numeric(&mut Vec::new(), &wire(0, 0xc000, 0, &[])).is_err());
        assert!(write_numeric(&mut Vec::new(), &[0; 7]).is_err());
    }

    #[test]
    fn days_are_counted_from_2000() {
        for (days, expected) in
            [(0, "2000-01-01"), (59, "2000-02-29"), (-1, "1999-12-31"), (8_826, "2024-03-01")]
        {
            let mut out = Vec::new();
            write_date(&mut out, days);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{days}");
        }
    }
}
