//! From the text of a URL to its syntax tree, with no knowledge of the model.
//!
//! The raw text is cut at `/`, `?`, `&` and `=` first; each component is then percent-decoded and parsed.
//! Every offset in the tree and in an error is a byte offset into the raw text (OData 4.01 Part 2 section 2).

mod aggregate_parse;
pub mod apply;
mod apply_parse;
mod nested_parse;
pub mod ast;
mod call;
mod context;
mod cursor;
mod error;
mod expand;
mod expr;
mod json_value;
mod literal;
mod member;
mod option_names;
mod options;
mod path;
mod percent;
mod search;
mod select;

use ast::{Expr, Options, Search, Url};
pub(crate) use call::{cast_segments, near_functions};
use cursor::Cursor;
pub use error::{ParseError, ParseErrorKind};
pub(crate) use option_names::meant;
use percent::Component;

/// Limits and habits of the parser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseOptions {
    /// `+` in the query means a space, as browsers and HTML forms send it. The path is never read so.
    pub plus_is_space: bool,
    /// Spaces at the start and end of a query option's value are ignored. The grammar refuses them.
    pub lenient_space: bool,
    /// System query options need no `$` (OData 4.01). Without it such names are custom query options.
    pub dollar_optional: bool,
    /// How deep expressions, `$expand`, `$apply` and JSON may nest, all counted together; also how many
    /// operators other than `and` and `or` may follow each other in one query option.
    pub max_depth: u32,
    /// How many items any one list may have: path segments, options, select items, operands of `in`…
    pub max_list: usize,
    /// Bytes of the raw text.
    pub max_url_bytes: usize,
}

impl Default for ParseOptions {
    fn default() -> Self {
        ParseOptions {
            plus_is_space: true,
            lenient_space: true,
            dollar_optional: true,
            max_depth: 64,
            max_list: 10_000,
            max_url_bytes: 65_536,
        }
    }
}

/// Parses the text behind the service root, `Customers('ALFKI')/Orders?$top=3`, with the default options.
///
/// # Errors
/// The first place where the text leaves the grammar or passes a limit.
pub fn parse(path_and_query: &str) -> Result<Url, ParseError> {
    parse_with(path_and_query, &ParseOptions::default())
}

/// Parses the text behind the service root: resource path and query options, still percent-encoded.
/// A leading and a trailing slash of the path are ignored.
///
/// # Errors
/// The first place where the text leaves the grammar or passes a limit.
pub fn parse_with(path_and_query: &str, options: &ParseOptions) -> Result<Url, ParseError> {
    check_raw(path_and_query, options)?;
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path_and_query, None),
    };
    let segments = path::parse_path(path, options)?;
    let allowed = option_names::Allowed::after_path(&segments);
    let base = path.len() as u32 + 1;
    let parsed = options::parse_query(query.unwrap_or_default(), base, allowed, options)?;
    allowed.require_id(&parsed, path_and_query.len() as u32)?;
    Ok(Url { path: segments, options: parsed })
}

/// Parses query options without a path, as they stand behind `?` or in the body of a `$query` request.
///
/// # Errors
/// The first place where the text leaves the grammar or passes a limit.
pub fn parse_query_options(query: &str, options: &ParseOptions) -> Result<Options, ParseError> {
    check_raw(query, options)?;
    options::parse_query(query, 0, option_names::Allowed::RESOURCE, options)
}

/// Parses a common expression, the value of `$filter` or of a parameter alias.
///
/// # Errors
/// The first place where the text leaves the grammar or passes a limit.
pub fn parse_expression(value: &str, options: &ParseOptions) -> Result<Expr, ParseError> {
    parse_value(value, options, |cursor| cursor.json_or_expr())
}

/// Parses a common expression that does not stand in a URL: nothing in it is percent-encoded, and any white space is a
/// space.
///
/// # Errors
/// The first place where the text leaves the grammar or passes a limit.
pub fn parse_plain_expression(text: &str) -> Result<Expr, ParseError> {
    let mut raw = String::with_capacity(text.len());
    for character in text.trim().chars() {
        match character {
            '%' => raw.push_str("%25"),
            '#' => raw.push_str("%23"),
            '\n' | '\r' | '\t' => raw.push(' '),
            other => raw.push(other),
        }
    }
    parse_expression(&raw, &ParseOptions { plus_is_space: false, ..ParseOptions::default() })
}

/// Parses the value of `$search`.
///
/// # Errors
/// The first place where the text leaves the grammar or passes a limit.
pub fn parse_search(value: &str, options: &ParseOptions) -> Result<Search, ParseError> {
    parse_value(value, options, |cursor| cursor.search())
}

/// Checks the fragment of a context URL, what follows the `#` (OData 4.01 Part 1 section 10).
///
/// # Errors
/// The first place where the text leaves the grammar or passes a limit.
pub fn check_context(fragment: &str, options: &ParseOptions) -> Result<(), ParseError> {
    check_length(fragment, options)?;
    let component = Component::decode(fragment, 0, false)?;
    let mut cursor = Cursor::new(&component, options);
    cursor.context()?;
    cursor.end("the end of the context URL")
}

/// Decodes one value and requires that `rule` reads all of it.
fn parse_value<T>(
    value: &str,
    options: &ParseOptions,
    rule: impl FnOnce(&mut Cursor<'_>) -> Result<T, ParseError>,
) -> Result<T, ParseError> {
    check_raw(value, options)?;
    let component = Component::decode(value, 0, options.plus_is_space)?;
    let mut cursor = Cursor::new(&component, options);
    let parsed = rule(&mut cursor)?;
    cursor.end("the end of the value")?;
    Ok(parsed)
}

/// Refuses what is too long.
fn check_length(raw: &str, options: &ParseOptions) -> Result<(), ParseError> {
    if raw.len() > options.max_url_bytes {
        let limit = options.max_url_bytes;
        return Err(ParseError {
            kind: ParseErrorKind::Limit("max_url_bytes"),
            at: u32::try_from(limit).unwrap_or(u32::MAX),
            expected: "a shorter URL",
            message: format!("the URL has {} bytes: max_url_bytes is {limit}", raw.len()),
            option: None,
        });
    }
    Ok(())
}

/// Refuses what is too long, and a fragment, which is no part of a request.
fn check_raw(raw: &str, options: &ParseOptions) -> Result<(), ParseError> {
    check_length(raw, options)?;
    match raw.find('#') {
        None => Ok(()),
        Some(at) => Err(ParseError {
            kind: ParseErrorKind::Syntax,
            at: u32::try_from(at).unwrap_or(u32::MAX),
            expected: "no #, or %23",
            message: "a # starts a fragment, which is no part of a request; as text it is %23".into(),
            option: None,
        }),
    }
}
