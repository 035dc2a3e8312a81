//! Rows as statements of MariaDB with many rows each.

use std::io::{self, Write};

use crate::rows::{Cell, Money};

/// Adds a row, with a comma behind it.
pub(super) fn row(text: &mut Vec<u8>, row: &[Cell<'_>]) {
    for (index, cell) in row.iter().enumerate() {
        text.push(if index == 0 { b'(' } else { b',' });
        // Writing to a Vec cannot fail.
        let _ = match cell {
            Cell::Null => text.write_all(b"NULL"),
            Cell::Integer(value) => write!(text, "{value}"),
            Cell::Money(Money(hundredths)) => super::money(text, *hundredths),
            // In the form that makes it a double, and no decimal.
            Cell::Double(value) => write!(text, "{value:e}"),
            Cell::Boolean(value) => text.write_all(if *value { b"1" } else { b"0" }),
            Cell::Text(value) => {
                quoted(text, value);
                Ok(())
            }
            Cell::Bytes(bytes) => {
                text.extend(b"X'");
                let _ = bytes.iter().try_for_each(|byte| write!(text, "{byte:02x}"));
                text.write_all(b"'")
            }
        };
    }
    text.extend(b"),\n");
}

/// Writes rows as a statement. Computed columns have to be made later: here they would need a value.
pub(super) fn rows(to: &mut dyn Write, table: &str, text: &[u8]) -> io::Result<()> {
    writeln!(to, "INSERT INTO `{table}` VALUES")?;
    to.write_all(text.strip_suffix(b",\n").unwrap_or(text))?;
    to.write_all(b";\n")
}

/// Backslashes escape unless `sql_mode` says otherwise, which the schema takes care of.
fn quoted(text: &mut Vec<u8>, value: &str) {
    text.push(b'\'');
    for byte in value.bytes() {
        match byte {
            b'\\' => text.extend(b"\\\\"),
            b'\'' => text.extend(b"\\'"),
            b'\n' => text.extend(b"\\n"),
            b'\r' => text.extend(b"\\r"),
            other => text.push(other),
        }
    }
    text.push(b'\'');
}

#[cfg(test)]
mod tests {
    use super::{row, rows};
    use crate::rows::{Money, row as cells};

    #[test]
    fn cells_are_written_as_literals() {
        let mut text = Vec::new();
        row(&mut text, cells![-7, Money(1_005), Money(-5), 0.1, true, false, None::<i64>]);
        row(&mut text, cells!["a\\b\tc\nd\re'\"", "", "NULL", vec![0_u8, 0xff, 0x27]]);
        let mut script = Vec::new();
        rows(&mut script, "T", &text).unwrap();
        let expected = "INSERT INTO `T` VALUES\n(-7,10.05,-0.05,1e-1,1,0,NULL),\n\
                        ('a\\\\b\tc\\nd\\re\\'\"','','NULL',X'00ff27');\n";
        assert_eq!(String::from_utf8(script).unwrap(), expected);
    }
}
