//! Default values: which of them are constants, and how CSDL writes them.

use nextlink_odata::model::PrimitiveType;

/// What the default expression of a column comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Default {
    /// Null, or none at all.
    Nothing,
    /// The same value each time, in the XML form of the type (CSDL 4.01 section 7.2.7).
    Constant(String),
    /// Something that the database finds out when a row is made.
    Computed,
}

/// Reads the text of a default expression.
pub(crate) fn read(expression: Option<&str>, primitive: PrimitiveType, max_length: Option<u32>) -> Default {
    let Some(text) = expression.map(without_parentheses) else {
        return Default::Nothing;
    };
    if is_null(text) {
        return Default::Nothing;
    }
    match literal(text) {
        Some(literal) => match xml_form(&literal, primitive, max_length) {
            Some(value) => Default::Constant(value),
            // A constant that the type can't write still is a value that the database gives.
            None => Default::Computed,
        },
        None => Default::Computed,
    }
}

/// Whether the text of an expression is null.
pub(crate) fn is_null(expression: &str) -> bool {
    expression.eq_ignore_ascii_case("NULL")
}

/// A literal of SQL.
enum Literal {
    Text(String),
    /// Sign, digits and point.
    Number(String),
    Bool(bool),
}

fn without_parentheses(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        text = inner.trim();
    }
    text
}

fn literal(text: &str) -> Option<Literal> {
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote) {
            let inner = inner.strip_suffix(quote)?;
            let doubled: String = [quote, quote].iter().collect();
            // A quote that stands alone would be the end of the literal, and this a longer expression.
            let alone = inner.replace(&doubled, "").contains(quote);
            return (!alone).then(|| Literal::Text(inner.replace(&doubled, &quote.to_string())));
        }
    }
    if text.eq_ignore_ascii_case("TRUE") || text.eq_ignore_ascii_case("FALSE") {
        return Some(Literal::Bool(text.eq_ignore_ascii_case("TRUE")));
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest.trim_start()),
        None => ("", text.strip_prefix('+').map_or(text, str::trim_start)),
    };
    is_plain_number(digits).then(|| Literal::Number([sign, digits].concat()))
}

/// Digits, at most one point between them, no exponent.
fn is_plain_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(w, f)| (w, Some(f)));
    let digits = |s: &str| !s.is_empty() && s.len() <= 40 && s.bytes().all(|b| b.is_ascii_digit());
    digits(whole) && fraction.is_none_or(digits)
}

fn xml_form(literal: &Literal, primitive: PrimitiveType, max_length: Option<u32>) -> Option<String> {
    use PrimitiveType::*;
    match (literal, primitive) {
        (Literal::Number(n), Boolean) if n == "0" || n == "1" => Some((n == "1").to_string()),
        (Literal::Bool(b), Boolean) => Some(b.to_string()),
        (Literal::Bool(b), p) if p.is_integer() => Some(u8::from(*b).to_string()),
        (Literal::Number(n), p) if p.is_integer() => {
            let n: i64 = n.parse().ok()?;
            let fits = match p {
                Byte => u8::try_from(n).is_ok(),
                SByte => i8::try_from(n).is_ok(),
                Int16 => i16::try_from(n).is_ok(),
                Int32 => i32::try_from(n).is_ok(),
                _ => true,
            };
            fits.then(|| n.to_string())
        }
        (Literal::Number(n), Decimal | Double | Single) => Some(n.clone()),
        (Literal::Text(t), p) if p.is_numeric() => match self::literal(t.trim()) {
            Some(number @ Literal::Number(_)) => xml_form(&number, p, max_length),
            _ => None,
        },
        (Literal::Text(t) | Literal::Number(t), String) => {
            let short = max_length.is_none_or(|m| t.chars().count() <= m as usize);
            (short && t.chars().all(is_xml)).then(|| t.clone())
        }
        (Literal::Text(t), Date) => {
            let bytes = t.as_bytes();
            let shape = bytes.len() == 10
                && bytes
                    .iter()
                    .enumerate()
                    .all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() });
            (shape && nextlink_odata::temporal::Date::parse(t).is_some()).then(|| t.clone())
        }
        (Literal::Text(t), Guid) => {
            (t.len() == 36 && uuid::Uuid::try_parse(t).is_ok()).then(|| t.to_lowercase())
        }
        _ => None,
    }
}

/// Characters that an XML document can hold (XML 1.0 section 2.2).
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use PrimitiveType::*;

    #[test]
    fn defaults() {
        let constant = |s: &str| Default::Constant(s.to_owned());
        for (text, primitive, expected) in [
            (None, Int32, Default::Nothing),
            (Some("NULL"), Int32, Default::Nothing),
            (Some("( null )"), Int32, Default::Nothing),
            (Some("0"), Int32, constant("0")),
            (Some("((0))"), Int64, constant("0")),
            (Some("- 5"), Int16, constant("-5")),
            (Some("+5"), Int16, constant("5")),
            (Some("'7'"), Int64, constant("7")),
            (Some("99999"), Int16, Default::Computed),
            (Some("0x10"), Int64, Default::Computed),
            (Some("1"), Boolean, constant("true")),
            (Some("FALSE"), Boolean, constant("false")),
            (Some("true"), Int64, constant("1")),
            (Some("1.50"), Decimal, constant("1.50")),
            (Some("1e3"), Decimal, Default::Computed),
            (Some("'abc'"), String, constant("abc")),
            (Some("'it''s'"), String, constant("it's")),
            (Some("\"abc\""), String, constant("abc")),
            (Some("''"), String, constant("")),
            (Some("'a' || 'b'"), String, Default::Computed),
            (Some("'abcdefghijk'"), String, Default::Computed),
            (Some("'\u{1}'"), String, Default::Computed),
            (Some("CURRENT_TIMESTAMP"), DateTimeOffset, Default::Computed),
            (Some("(datetime('now'))"), DateTimeOffset, Default::Computed),
            (Some("'2024-02-29'"), Date, constant("2024-02-29")),
            (Some("'2023-02-29'"), Date, Default::Computed),
            (Some("x'00'"), Binary, Default::Computed),
            (
                Some("'6BA7B810-9DAD-11D1-80B4-00C04FD430C8'"),
                Guid,
                constant("6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
            ),
            (Some("'"), String, Default::Computed),
            (Some("("), String, Default::Computed),
            (Some(""), String, Default::Computed),
        ] {
            assert_eq!(read(text, primitive, Some(10)), expected, "{text:?} as {primitive:?}");
        }
    }
}
