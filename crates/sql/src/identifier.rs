//! What a legal OData identifier is.

use serde::Deserialize;

/// Greatest length of an identifier in characters (CSDL 4.01 section 17.2).
pub(crate) const MAX_CHARS: usize = 128;

/// The case of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Case {
    /// As in the database.
    #[default]
    AsIs,
    /// `ORDER_DATE`.
    Upper,
    /// `order_date`.
    Lower,
    /// `order_date` becomes `OrderDate`.
    Pascal,
    /// `order_date` becomes `orderDate`.
    Camel,
}

/// Whether the text is a legal identifier as it is.
pub(crate) fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(is_start) && chars.all(is_continue) && text.chars().count() <= MAX_CHARS
}

/// A letter (categories L and Nl) or `_`.
pub(crate) fn is_start(c: char) -> bool {
    // XID_Start also holds a few characters of other categories (Other_ID_Start).
    let other = matches!(c, '\u{1885}' | '\u{1886}' | '\u{2118}' | '\u{212E}');
    c == '_' || (unicode_ident::is_xid_start(c) && !other)
}

/// A letter, digit, mark or connector (categories L, Nl, Nd, Mn, Mc, Pc). Format characters (Cf) are legal
/// too, but invisible: names that differ only by them would look the same.
pub(crate) fn is_continue(c: char) -> bool {
    let other = matches!(
        c,
        '\u{B7}' | '\u{387}' | '\u{1369}'
            ..='\u{1371}'
                | '\u{19DA}'
                | '\u{200C}'
                | '\u{200D}'
                | '\u{2118}'
                | '\u{212E}'
                | '\u{30FB}'
                | '\u{FF65}'
    );
    unicode_ident::is_xid_continue(c) && !other
}
