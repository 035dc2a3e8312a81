//! Reading a sample database back.

use std::hash::Hasher;

use rusqlite::{Connection, types::ValueRef};

/// FNV-1a, which stays the same between releases of the standard library.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// A hash of every cell of every table, with its type.
pub fn hash(connection: &Connection) -> u64 {
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    for table in column(
        connection,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
    ) {
        hash.write(table.as_bytes());
        let mut rows = connection.prepare(&format!("SELECT * FROM \"{table}\"")).expect("prepare");
        let columns = rows.column_count();
        let mut rows = rows.query([]).expect("query");
        while let Some(row) = rows.next().expect("row") {
            for index in 0..columns {
                match row.get_ref(index).expect("cell") {
                    ValueRef::Null => hash.write(b"n"),
                    ValueRef::Integer(value) => hash.write(format!("i{value}").as_bytes()),
                    ValueRef::Real(value) => hash.write(format!("r{value:?}").as_bytes()),
                    ValueRef::Text(value) => hash.write(&[b"t", value].concat()),
                    ValueRef::Blob(value) => hash.write(&[b"b", value].concat()),
                }
                hash.write(b"\0");
            }
        }
    }
    hash.finish()
}

/// The texts of a query with one column.
pub fn column(connection: &Connection, sql: &str) -> Vec<String> {
    let mut rows = connection.prepare(sql).expect(sql);
    let rows = rows.query_map([], |row| row.get(0)).expect(sql);
    rows.collect::<Result<_, _>>().expect(sql)
}

/// The number that a query answers.
pub fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).expect(sql)
}
