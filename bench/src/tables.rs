//! The benchmark tables, and a row of any driver as the JSON that an OData service answers, byte for byte.

/// How the values of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// Text in UTF-8.
    Text,
    /// A number in plain notation.
    Decimal,
    /// The shortest digits that read back as the same double.
    Double,
    /// `true` or `false`.
    Boolean,
    /// A point in time in UTC.
    DateTime,
    /// A day.
    Date,
}

/// A column: what goes before each value, and how the value is written.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    key: &'static str,
    kind: Kind,
}

const fn column(key: &'static str, kind: Kind) -> Column {
    Column { key, kind }
}

/// The columns of `Rows` and `Small`.
pub const ROWS: [Column; 10] = [
    column("{\"Id\":", Kind::Integer),
    column(",\"Code\":", Kind::Text),
    column(",\"Name\":", Kind::Text),
    column(",\"Amount\":", Kind::Decimal),
    column(",\"Quantity\":", Kind::Integer),
    column(",\"Rate\":", Kind::Double),
    column(",\"Active\":", Kind::Boolean),
    column(",\"Created\":", Kind::DateTime),
    column(",\"Day\":", Kind::Date),
    column(",\"Note\":", Kind::Text),
];
/// The columns of `Orders`.
pub const ORDERS: [Column; 4] = [
    column("{\"Id\":", Kind::Integer),
    column(",\"Customer\":", Kind::Text),
    column(",\"Placed\":", Kind::DateTime),
    column(",\"Freight\":", Kind::Decimal),
];
/// The columns of `Items`.
pub const ITEMS: [Column; 5] = [
    column("{\"Id\":", Kind::Integer),
    column(",\"OrderId\":", Kind::Integer),
    column(",\"Product\":", Kind::Text),
    column(",\"Quantity\":", Kind::Integer),
    column(",\"Price\":", Kind::Decimal),
];
/// The columns of groups of `Rows`.
pub const GROUPS: [Column; 3] = [
    column("{\"Day\":", Kind::Date),
    column(",\"Total\":", Kind::Decimal),
    column(",\"Count\":", Kind::Integer),
];
/// The statement that makes them, where names stand between two double quotes.
pub const GROUPS_SQL: &str =
    "SELECT \"Day\", ROUND(SUM(\"Amount\"), 2), COUNT(*) FROM \"Rows\" GROUP BY \"Day\" ORDER BY \"Day\"";

/// Rows of a page.
pub const PAGE_ROWS: usize = 1_000;
/// Orders that are read with their items.
pub const PAGE_ORDERS: usize = 100;

/// The columns as a list in SQL, each name between two of `quote` and behind `prefix`.
pub fn select_list(columns: &[Column], prefix: &str, quote: char) -> String {
    let mut list = String::new();
    for column in columns {
        if !list.is_empty() {
            list.push_str(", ");
        }
        let name = column.key.trim_matches(['{', ',', '"', ':']);
        list.push_str(prefix);
        list.extend([quote.to_string().as_str(), name, quote.to_string().as_str()]);
    }
    list
}

/// A row as its driver gives it.
pub trait Cells {
    /// A whole number; none for null.
    ///
    /// # Errors
    /// Where it is something else.
    fn integer(&self, index: usize) -> anyhow::Result<Option<i64>>;

    /// Appends a value as JSON.
    ///
    /// # Errors
    /// Where it does not suit its column.
    fn write(&self, index: usize, kind: Kind, out: &mut Vec<u8>) -> anyhow::Result<()>;
}

/// Appends a row as an object; its first cell is the one with the number `first`.
///
/// # Errors
/// Where a value does not suit its column.
#[inline]
pub fn write_row(
    out: &mut Vec<u8>,
    row: &impl Cells,
    first: usize,
    columns: &[Column],
) -> anyhow::Result<()> {
    write_members(out, row, first, columns)?;
    out.push(b'}');
    Ok(())
}

/// Appends a group to those from `start` on.
///
/// # Errors
/// Where a value does not suit its column.
pub fn write_group(out: &mut Vec<u8>, row: &impl Cells, start: usize) -> anyhow::Result<()> {
    if out.len() > start {
        out.push(b',');
    }
    write_row(out, row, 0, &GROUPS)
}

#[inline]
fn write_members(
    out: &mut Vec<u8>,
    row: &impl Cells,
    first: usize,
    columns: &[Column],
) -> anyhow::Result<()> {
    for (index, column) in columns.iter().enumerate() {
        out.extend_from_slice(column.key.as_bytes());
        row.write(first + index, column.kind, out)?;
    }
    Ok(())
}

/// Puts rows of orders with the columns of one of their items each, or nulls, into objects with nested arrays.
#[derive(Debug, Default)]
pub struct OrderWriter {
    last: Option<i64>,
}

impl OrderWriter {
    /// Appends a row: the columns of [`ORDERS`], then those of [`ITEMS`].
    ///
    /// # Errors
    /// Where a value does not suit its column.
    pub fn row(&mut self, out: &mut Vec<u8>, row: &impl Cells) -> anyhow::Result<()> {
        let id = row.integer(0)?;
        let item = row.integer(ORDERS.len())?;
        if self.last != id {
            out.extend_from_slice(if self.last.is_some() { b"]}," } else { b"" });
            write_members(out, row, 0, &ORDERS)?;
            out.extend_from_slice(b",\"Items\":[");
            self.last = id;
        } else if item.is_some() {
            out.push(b',');
        }
        if item.is_some() {
            write_row(out, row, ORDERS.len(), &ITEMS)?;
        }
        Ok(())
    }

    /// Ends the last order.
    pub fn finish(self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.last.is_some() { b"]}" } else { b"" });
    }
}

/// The tables with a statement for each question, as a bare server uses them.
pub trait Tables: Send + Sync + 'static {
    /// Appends the row with this key, where there is one.
    ///
    /// # Errors
    /// Where the database fails.
    fn row(&self, id: i64, body: &mut Vec<u8>) -> impl Future<Output = anyhow::Result<bool>> + Send;

    /// Appends a page of the rows after this key, with commas between. Gives the key of the last one where there are
    /// more; it reads one row more to know that.
    ///
    /// # Errors
    /// Where the database fails.
    fn rows_after(
        &self,
        id: i64,
        body: &mut Vec<u8>,
    ) -> impl Future<Output = anyhow::Result<Option<i64>>> + Send;

    /// Appends [`PAGE_ORDERS`] orders after this key, each with its items, with commas between.
    ///
    /// # Errors
    /// Where the database fails.
    fn orders_after(&self, id: i64, body: &mut Vec<u8>) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Appends all rows in groups, with commas between.
    ///
    /// # Errors
    /// Where the database fails.
    fn groups(&self, body: &mut Vec<u8>) -> impl Future<Output = anyhow::Result<()>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts that are JSON already.
    struct Plain(&'static [&'static str]);

    impl Cells for Plain {
        fn integer(&self, index: usize) -> anyhow::Result<Option<i64>> {
            Ok(self.0[index].parse().ok())
        }

        fn write(&self, index: usize, _: Kind, out: &mut Vec<u8>) -> anyhow::Result<()> {
            out.extend_from_slice(self.0[index].as_bytes());
            Ok(())
        }
    }

    #[test]
    fn names_are_quoted_and_prefixed() {
        for (prefix, quote, expected) in [
            ("", '"', r#""Id", "Customer", "Placed", "Freight""#),
            ("o.", '`', "o.`Id`, o.`Customer`, o.`Placed`, o.`Freight`"),
        ] {
            assert_eq!(select_list(&ORDERS, prefix, quote), expected);
        }
    }

    #[test]
    fn items_are_nested_in_their_orders() {
        const NULL: &str = "null";
        let first = r#"{"Id":1,"Customer":"a","Placed":"p","Freight":2,"Items":["#;
        let second = r#"{"Id":2,"Customer":"b","Placed":"p","Freight":3,"Items":["#;
        let item = |id| format!(r#"{{"Id":{id},"OrderId":1,"Product":"x","Quantity":5,"Price":6}}"#);
        let one = Plain(&["1", "\"a\"", "\"p\"", "2", "7", "1", "\"x\"", "5", "6"]);
        let more = Plain(&["1", "\"a\"", "\"p\"", "2", "8", "1", "\"x\"", "5", "6"]);
        let none = Plain(&["2", "\"b\"", "\"p\"", "3", NULL, NULL, NULL, NULL, NULL]);
        for (rows, expected) in [
            (vec![], String::new()),
            (vec![&one], format!("{first}{}]}}", item(7))),
            (vec![&none], format!("{second}]}}")),
            (vec![&one, &more, &none], format!("{first}{},{}]}},{second}]}}", item(7), item(8))),
            (vec![&none, &one], format!("{second}]}},{first}{}]}}", item(7))),
        ] {
            let mut out = Vec::new();
            let mut writer = OrderWriter::default();
            for row in rows {
                writer.row(&mut out, row).expect("JSON");
            }
            writer.finish(&mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected);
        }
    }
}
