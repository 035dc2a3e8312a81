//! Query options as they are sent.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// An option of a query, decoded where that is needed.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned())
}

/// System query options that may be sent without their dollar.
const SYSTEM: &[&str] = &[
    "$filter",
    "$select",
    "$expand",
    "$orderby",
    "$top",
    "$skip",
    "$count",
    "$search",
    "$compute",
    "$apply",
    "$index",
    "$format",
    "$id",
    "$skiptoken",
    "$deltatoken",
    "$schemaversion",
];

/// The name of an option, decoded; that of a system query option with its dollar and in lower case.
pub fn name_of(option: &str) -> Cow<'_, str> {
    let name = decode(option.split_once('=').map_or(option, |(name, _)| name));
    let bare = name.trim_start_matches('$');
    let system = SYSTEM.iter().find(|known| known[1..].eq_ignore_ascii_case(bare));
    system.map_or(name, |known| Cow::Borrowed(known))
}

/// Whether an option of this name counts for every request: a system query option or a parameter alias. Other ones may be added
/// to links (Part 1 section 11.2.6.7).
pub fn is_standard(name: &str) -> bool {
    name.starts_with(['$', '@'])
}

/// The value of an option, decoded.
pub fn value_of(option: &str) -> Cow<'_, str> {
    decode(option.split_once('=').map_or("", |(_, value)| value))
}

/// The options of a query as sent.
pub fn options(query: &str) -> impl Iterator<Item = &str> {
    query.split('&').filter(|option| !option.is_empty())
}

/// Whether an option as sent is this one; `name` with its dollar and in lower case.
pub fn is_option(option: &str, name: &str) -> bool {
    name_of(option) == name
}
