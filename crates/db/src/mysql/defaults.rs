//! Default values as MariaDB and MySQL tell them.

use nextlink_odata::model::PrimitiveType;

use super::schema::RawColumn;
use crate::defaults::{Default, read as read_expression};

/// What the default of a column comes to.
pub(super) fn read(
    column: &RawColumn,
    maria: bool,
    primitive: PrimitiveType,
    max_length: Option<u32>,
) -> Default {
    let Some(text) = &column.default else {
        return Default::Nothing;
    };
    let expression = if let Some(bits) = bits(text) {
        bits.to_string()
    } else if maria {
        unescaped(text)
    } else if column.extra.contains("default_generated") {
        return Default::Computed;
    } else {
        // The value without quotes, whatever its type.
        ["'", &text.replace('\'', "''"), "'"].concat()
    };
    read_expression(Some(&expression), primitive, max_length)
}

/// The number of a literal such as `b'101'`.
fn bits(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("b'")?.strip_suffix('\'')?, 2).ok()
}

/// MariaDB writes texts with backslashes, whatever the mode of the session.
fn unescaped(text: &str) -> String {
    if !text.starts_with('\'') || !text.contains('\\') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some('0')) => out.push('\0'),
            ('\\', Some(other)) => out.push(other),
            (plain, _) => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use PrimitiveType::*;

    use super::*;

    #[test]
    fn defaults() {
        let constant = |s: &str| Default::Constant(s.to_owned());
        for (maria, text, extra, primitive, expected) in [
            (true, None, "", Int32, Default::Nothing),
            (true, Some("NULL"), "", String, Default::Nothing),
            (true, Some("'NULL'"), "", String, constant("NULL")),
            (true, Some("'it''s'"), "", String, constant("it's")),
            (true, Some(r"'a\\b\n'"), "", String, constant("a\\b\n")),
            (true, Some("5"), "", Int32, constant("5")),
            (true, Some("b'1'"), "", Boolean, constant("true")),
            (true, Some("b'101'"), "", Int64, constant("5")),
            (true, Some("current_timestamp()"), "", DateTimeOffset, Default::Computed),
            (true, Some("(1 + 2)"), "", Int32, Default::Computed),
            (true, Some("'0000-00-00'"), "", Date, Default::Computed),
            (true, Some("00000001.50"), "", Decimal, constant("00000001.50")),
            (false, Some("NULL"), "", String, constant("NULL")),
            (false, Some("it's"), "", String, constant("it's")),
            (false, Some("5"), "", Int32, constant("5")),
            (false, Some("b'1'"), "", Boolean, constant("true")),
            (false, Some("2024-02-29"), "", Date, constant("2024-02-29")),
            (false, Some("CURRENT_TIMESTAMP"), "default_generated", DateTimeOffset, Default::Computed),
            (false, Some("uuid()"), "default_generated", String, Default::Computed),
        ] {
            let column = RawColumn {
                default: text.map(str::to_owned),
                extra: extra.to_owned(),
                ..RawColumn::default()
            };
            assert_eq!(read(&column, maria, primitive, None), expected, "{text:?} as {primitive:?}");
        }
    }
}
