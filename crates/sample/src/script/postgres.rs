//! Rows as lines of PostgreSQL's COPY, in its text format.

use std::io::{self, Write};

use crate::rows::{Cell, Money};

/// Adds a line.
pub(super) fn row(text: &mut Vec<u8>, row: &[Cell<'_>]) {
    for (index, cell) in row.iter().enumerate() {
        if index > 0 {
            text.push(b'\t');
        }
        // Writing to a Vec cannot fail.
        let _ = match cell {
            Cell::Null => text.write_all(b"\\N"),
            Cell::Integer(value) => write!(text, "{value}"),
            Cell::Money(Money(hundredths)) => super::money(text, *hundredths),
            Cell::Double(value) => write!(text, "{value}"),
            Cell::Boolean(value) => text.write_all(if *value { b"t" } else { b"f" }),
            Cell::Text(value) => {
                escaped(text, value);
                Ok(())
            }
            Cell::Bytes(bytes) => {
                text.extend(b"\\\\x");
                bytes.iter().try_for_each(|byte| write!(text, "{byte:02x}"))
            }
        };
    }
    text.push(b'\n');
}

/// Writes lines as a statement.
pub(super) fn rows(to: &mut dyn Write, table: &str, text: &[u8]) -> io::Result<()> {
    writeln!(to, "COPY \"{table}\" FROM stdin;")?;
    to.write_all(text)?;
    to.write_all(b"\\.\n")
}

fn escaped(text: &mut Vec<u8>, value: &str) {
    for byte in value.bytes() {
        match byte {
            b'\\' => text.extend(b"\\\\"),
            b'\n' => text.extend(b"\\n"),
            b'\r' => text.extend(b"\\r"),
            b'\t' => text.extend(b"\\t"),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{row, rows};
    use crate::rows::{Money, row as cells};

    #[test]
    fn cells_are_written_as_copy_reads_them() {
        let mut text = Vec::new();
        row(&mut text, cells![-7, Money(1_005), Money(-5), 0.1, true, false, None::<i64>]);
        row(&mut text, cells!["a\\b\tc\nd\re'\"", "", "\\N", vec![0_u8, 0xff, 0x5c]]);
        let mut script = Vec::new();
        rows(&mut script, "T", &text).unwrap();
        let expected = "COPY \"T\" FROM stdin;\n-7\t10.05\t-0.05\t0.1\tt\tf\t\\N\n\
                        a\\\\b\\tc\\nd\\re'\"\t\t\\\\N\t\\\\x00ff5c\n\\.\n";
        assert_eq!(String::from_utf8(script).unwrap(), expected);
    }
}
