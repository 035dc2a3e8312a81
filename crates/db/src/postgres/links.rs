//! Link values of the rows of a level: kept as they came, and sent back as arrays.

use std::ops::Range;

use bytes::{BufMut, BytesMut};
use tokio_postgres::Row;
use tokio_postgres::types::{Oid, Type};

use super::cells::Raw;
use super::forms::base;

/// Link values of the rows of one level in a batch: so many for each row.
#[derive(Default)]
pub struct Links {
    /// Type of each link column; none before the first row.
    types: Vec<Type>,
    /// Bytes of all values.
    bytes: Vec<u8>,
    /// Where the bytes of each value end, and whether it is null.
    ends: Vec<(usize, bool)>,
}

impl Links {
    /// Keeps the values of a row, which are those from column `first` on.
    pub fn keep(&mut self, row: &Row, first: usize) -> Result<(), tokio_postgres::Error> {
        if self.types.is_empty() {
            let columns = row.columns().get(first..).unwrap_or_default();
            self.types = columns.iter().map(|column| column.type_().clone()).collect();
        }
        for column in first..row.len() {
            let Raw(value) = row.try_get(column)?;
            self.bytes.extend_from_slice(value.unwrap_or_default());
            self.ends.push((self.bytes.len(), value.is_none()));
        }
        Ok(())
    }

    fn value(&self, row: usize, column: usize) -> Option<&[u8]> {
        let at = row * self.types.len() + column;
        let (end, is_null) = *self.ends.get(at)?;
        let start = at.checked_sub(1).and_then(|at| self.ends.get(at)).map_or(0, |(end, _)| *end);
        if is_null { None } else { self.bytes.get(start..end) }
    }

    /// Writes the values of a column in some rows as an array of items of a type. None where the values are of another.
    pub fn write_array(
        &self,
        column: usize,
        rows: Range<usize>,
        item: &Type,
        out: &mut BytesMut,
    ) -> Option<()> {
        let own = self.types.get(column)?;
        if !is_same(base(own), base(item)) {
            return None;
        }
        out.put_i32(1);
        let has_null = rows.clone().any(|row| self.value(row, column).is_none());
        out.put_i32(i32::from(has_null));
        out.put_u32(item.oid());
        out.put_i32(i32::try_from(rows.len()).ok()?);
        // Arrays count from 1.
        out.put_i32(1);
        for row in rows {
            match self.value(row, column) {
                Some(value) => {
                    out.put_i32(i32::try_from(value.len()).ok()?);
                    out.put_slice(value);
                }
                None => out.put_i32(-1),
            }
        }
        Some(())
    }
}

/// Whether values of one type are values of the other, byte for byte.
fn is_same(a: &Type, b: &Type) -> bool {
    const TEXTS: [Oid; 3] = [25, 1043, 1042];
    a.oid() == b.oid() || (TEXTS.contains(&a.oid()) && TEXTS.contains(&b.oid()))
}
