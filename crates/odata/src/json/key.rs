//! Key values as they stand in a URL: `(1)`, `('O''Neil')`, `(OrderId=1,Line=2)`, percent-encoded.

use crate::value::Value;

/// Appends percent-encoded text; what may stand unencoded in a path segment of an OData URL stays.
fn encode(out: &mut Vec<u8>, text: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text {
        if byte.is_ascii_alphanumeric() || b"-._~!$*,;:@'()".contains(byte) {
            out.push(*byte);
        } else {
            out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

/// Appends a query option, percent-encoded.
pub(crate) fn write_query_option(out: &mut Vec<u8>, text: &str) {
    for part in text.split_inclusive(['=', '/', '?']) {
        let (body, last) = part.split_at(part.len() - usize::from(part.ends_with(['=', '/', '?'])));
        encode(out, body.as_bytes());
        out.extend_from_slice(last.as_bytes());
    }
}

/// Appends a string key value: in quotes, quotes doubled, percent-encoded.
pub(crate) fn write_text_key(out: &mut Vec<u8>, text: &str) {
    out.push(b'\'');
    for (i, part) in text.split('\'').enumerate() {
        if i > 0 {
            out.extend_from_slice(b"''");
        }
        encode(out, part.as_bytes());
    }
    out.push(b'\'');
}

/// Appends a key value whose text needs no quotes.
pub(crate) fn write_plain_key(out: &mut Vec<u8>, text: impl AsRef<[u8]>) {
    encode(out, text.as_ref());
}

/// A value of a key predicate.
#[derive(Debug, Clone)]
pub struct KeyValue<'a> {
    /// Name of the key property.
    pub name: &'a str,
    /// Qualified name of its enumeration type; empty for other types.
    pub enumeration: String,
    /// The value.
    pub value: &'a Value,
}

/// A key predicate as it stands in a URL; names are given for composite keys.
pub fn key_predicate(values: &[KeyValue<'_>]) -> String {
    let mut out = vec![b'('];
    for (i, KeyValue { name, enumeration, value }) in values.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        if values.len() > 1 {
            encode(&mut out, name.as_bytes());
            out.push(b'=');
        }
        encode(&mut out, enumeration.as_bytes());
        match value {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Boolean(b) => write_plain_key(&mut out, if *b { "true" } else { "false" }),
            Value::Integer(i) => write_plain_key(&mut out, i.to_string()),
            Value::Double(d) => write_plain_key(&mut out, zmij::Buffer::new().format(*d)),
            Value::String(s) => write_text_key(&mut out, s),
            Value::DateTimeOffset(s) => write_plain_key(&mut out, [s, "Z"].concat()),
            Value::Duration(s) => {
                let text = crate::temporal::parse_seconds(s).map(crate::temporal::duration_text);
                out.extend_from_slice(b"duration");
                write_text_key(&mut out, &text.unwrap_or_default());
            }
            // No key is of these types (CSDL 4.01 section 6.5).
            Value::Binary(_) | Value::Shape { .. } => out.extend_from_slice(b"binary''"),
            Value::Decimal(s) | Value::Date(s) | Value::TimeOfDay(s) | Value::Guid(s) => {
                write_plain_key(&mut out, s);
            }
        }
    }
    out.push(b')');
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key<'a>(name: &'a str, enumeration: &str, value: &'a Value) -> KeyValue<'a> {
        KeyValue { name, enumeration: enumeration.to_owned(), value }
    }

    #[test]
    fn keys_are_encoded() {
        for (text, expected) in [
            ("ALFKI", "('ALFKI')"),
            ("O'Neil", "('O''Neil')"),
            ("a/b?c#d%e f", "('a%2Fb%3Fc%23d%25e%20f')"),
            ("Ω", "('%CE%A9')"),
            ("\"", "('%22')"),
        ] {
            let value = Value::String(text.into());
            assert_eq!(key_predicate(&[key("Id", "", &value)]), expected);
        }
        let (a, b) = (Value::Integer(-1), Value::DateTimeOffset("2024-01-01T00:00:00".into()));
        let two = [key("A", "", &a), key("B", "", &b)];
        assert_eq!(key_predicate(&two), "(A=-1,B=2024-01-01T00:00:00Z)");
        let red = Value::String("Red,Blue".into());
        assert_eq!(key_predicate(&[key("C", "Ns.Färbe", &red)]), "(Ns.F%C3%A4rbe'Red,Blue')");
    }
}
