//! A row of the benchmark table as the JSON that an OData service answers, byte for byte.

use rusqlite::Row;
use rusqlite::types::ValueRef;

/// How the values of a column are written.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Integer,
    Text,
    /// Kept as an integer or a real; written in plain notation.
    Decimal,
    Double,
    Boolean,
    /// Kept as `YYYY-MM-DD HH:MM:SS[.fff]` in UTC.
    DateTime,
}

/// What goes before each value, and how the value is written, in the order of the columns.
const COLUMNS: [(&[u8], Kind); 10] = [
    (b"{\"Id\":", Kind::Integer),
    (b",\"Code\":", Kind::Text),
    (b",\"Name\":", Kind::Text),
    (b",\"Amount\":", Kind::Decimal),
    (b",\"Quantity\":", Kind::Integer),
    (b",\"Rate\":", Kind::Double),
    (b",\"Active\":", Kind::Boolean),
    (b",\"Created\":", Kind::DateTime),
    (b",\"Day\":", Kind::Text),
    (b",\"Note\":", Kind::Text),
];

/// For each byte: 0 as it is, `u` as `\u00XX`, else the letter after the backslash (RFC 8259 section 7).
const ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[b'\n' as usize] = b'n';
    table[b'\t' as usize] = b't';
    table[b'\r' as usize] = b'r';
    table[0x08] = b'b';
    table[0x0c] = b'f';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

/// Appends a row of the columns of [`crate::source::COLUMNS`] as an object.
///
/// # Errors
/// [`rusqlite::Error::InvalidColumnType`] where a value does not suit its column.
pub fn write_row(out: &mut Vec<u8>, row: &Row<'_>) -> rusqlite::Result<()> {
    for (index, (key, kind)) in COLUMNS.into_iter().enumerate() {
        out.extend_from_slice(key);
        let value = row.get_ref(index)?;
        match (kind, value) {
            (_, ValueRef::Null) => out.extend_from_slice(b"null"),
            (Kind::Integer | Kind::Decimal, ValueRef::Integer(value)) => write_integer(out, value),
            (Kind::Decimal, ValueRef::Real(value)) => write_decimal(out, value),
            (Kind::Double, ValueRef::Real(value)) => write_double(out, value),
            (Kind::Boolean, ValueRef::Integer(0)) => out.extend_from_slice(b"false"),
            (Kind::Boolean, ValueRef::Integer(_)) => out.extend_from_slice(b"true"),
            (Kind::Text, ValueRef::Text(value)) => write_text(out, value),
            (Kind::DateTime, ValueRef::Text(value)) if value.len() >= 19 => write_date_time(out, value),
            _ => {
                let name = String::from_utf8_lossy(key).into_owned();
                return Err(rusqlite::Error::InvalidColumnType(index, name, value.data_type()));
            }
        }
    }
    out.push(b'}');
    Ok(())
}

fn write_integer(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// The shortest digits that read back as the same double; not finite as in OData JSON 4.01 section 7.1.
fn write_double(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    } else if value.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else {
        out.extend_from_slice(if value > 0.0 { b"\"INF\"" } else { b"\"-INF\"" });
    }
}

/// The shortest digits without an exponent and without a fraction of zero.
fn write_decimal(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        return write_double(out, value);
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    match text.split_once('e') {
        None => out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes()),
        // Rust's own `Display` has the same digits and never an exponent.
        Some(_) => out.extend_from_slice(value.to_string().as_bytes()),
    }
}

/// `YYYY-MM-DD HH:MM:SS[.fff]` as `YYYY-MM-DDTHH:MM:SS[.fff]Z`; the text has at least 19 bytes.
fn write_date_time(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(&value[..10]);
    out.push(b'T');
    out.extend_from_slice(&value[11..]);
    out.extend_from_slice(b"Z\"");
}

fn write_text(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'"');
    let mut rest = value;
    while let Some(position) = first_escape(rest) {
        let (plain, tail) = rest.split_at(position);
        out.extend_from_slice(plain);
        let byte = tail[0];
        match ESCAPES[usize::from(byte)] {
            b'u' => {
                out.extend_from_slice(b"\\u00");
                out.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
            }
            letter => out.extend([b'\\', letter]),
        }
        rest = &tail[1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Where the first byte lies that cannot stand for itself.
fn first_escape(bytes: &[u8]) -> Option<usize> {
    // Sixteen bytes at a time without a branch, which compiles to vector instructions.
    let (chunks, _) = bytes.as_chunks::<16>();
    let special = |byte: &u8| (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\');
    let clean = |chunk: &&[u8; 16]| !chunk.iter().fold(false, |any, byte| any | special(byte));
    let skipped = chunks.iter().take_while(clean).count() * 16;
    let position = bytes[skipped..].iter().position(|byte| ESCAPES[usize::from(*byte)] != 0)?;
    Some(skipped + position)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn row(values: &str) -> Result<String, rusqlite::Error> {
        let connection = Connection::open_in_memory()?;
        let mut statement = connection.prepare(&format!("SELECT {values}"))?;
        let mut rows = statement.query([])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            write_row(&mut out, row)?;
        }
        Ok(String::from_utf8(out).expect("UTF-8"))
    }

    #[test]
    fn rows_are_json_without_spaces() {
        let rows = [
            (
                "1, 'A-1', 'Müller 茶', 12.5, 3, 0.25, 1, '2024-02-29 23:59:58.120', '2024-02-29', 'x'",
                r#"{"Id":1,"Code":"A-1","Name":"Müller 茶","Amount":12.5,"Quantity":3,"Rate":0.25,"#,
                r#""Active":true,"Created":"2024-02-29T23:59:58.120Z","Day":"2024-02-29","Note":"x"}"#,
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
            assert!(matches!(row(values), Err(rusqlite::Error::InvalidColumnType(..))), "{values}");
        }
    }

    #[test]
    fn decimals_are_plain() {
        for (value, expected) in [
            (12.5, "12.5"),
            (0.1 + 0.2, "0.30000000000000004"),
            (100.0, "100"),
            (-0.01, "-0.01"),
            (1e21, "1000000000000000000000"),
            (1e-9, "0.000000001"),
            (-1.5e-7, "-0.00000015"),
            (999_999.99, "999999.99"),
        ] {
            let mut out = Vec::new();
            write_decimal(&mut out, value);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{value:?}");
        }
    }

    #[test]
    fn doubles_are_shortest() {
        for (value, expected) in [
            (0.1, "0.1"),
            (3.0, "3.0"),
            (-2.5, "-2.5"),
            (f64::INFINITY, "\"INF\""),
            (f64::NEG_INFINITY, "\"-INF\""),
            (f64::NAN, "\"NaN\""),
        ] {
            let mut out = Vec::new();
            write_double(&mut out, value);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{value:?}");
        }
    }

    #[test]
    fn texts_are_escaped_as_little_as_json_allows() {
        for (value, expected) in [
            ("", r#""""#),
            ("plain", r#""plain""#),
            ("a\"b", r#""a\"b""#),
            ("C:\\", r#""C:\\""#),
            ("\n\t\r\u{8}\u{c}", r#""\n\t\r\b\f""#),
            ("\0\u{1}\u{1f}", r#""\u0000\u0001\u001f""#),
            ("a text of more than sixteen bytes\\", r#""a text of more than sixteen bytes\\""#),
            ("</é東🎂\u{7f}", "\"</é東🎂\u{7f}\""),
        ] {
            let mut out = Vec::new();
            write_text(&mut out, value.as_bytes());
            assert_eq!(String::from_utf8_lossy(&out), expected, "{value:?}");
            let read: String = serde_json::from_slice(&out).expect(value);
            assert_eq!(read, value);
        }
    }
}
