//! The values of the `Prefer` header (OData 4.01 Part 1 section 8.2.8, RFC 7240).

use crate::lexical::scan_identifier;

/// What a client prefers. What it did not say is `None`, `false` or empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preferences {
    /// `allow-entityreferences`
    pub allow_entity_references: bool,
    /// `callback; url="…"`
    pub callback: Option<String>,
    /// `continue-on-error`, with or without a value.
    pub continue_on_error: Option<bool>,
    /// `include-annotations="…"`, the items in the order as sent.
    pub include_annotations: Option<Vec<AnnotationFilter>>,
    /// `maxpagesize`, from 1.
    pub max_page_size: Option<u64>,
    /// `omit-values`
    pub omit_values: Option<OmitValues>,
    /// `respond-async`
    pub respond_async: bool,
    /// `return`
    pub return_content: Option<ReturnContent>,
    /// `track-changes`
    pub track_changes: bool,
    /// `wait`, in seconds.
    pub wait: Option<u64>,
}

/// An item of `include-annotations`: `-Namespace.Term#Qualifier`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotationFilter {
    /// `-`: these annotations are left out.
    pub exclude: bool,
    /// `*`, `Namespace.*` or `Namespace.Term`.
    pub term: String,
    /// What follows the `#`.
    pub qualifier: Option<String>,
}

/// Which values a response may leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OmitValues {
    /// `nulls`
    Nulls,
    /// `defaults`
    Defaults,
}

/// What the answer to a data modification holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnContent {
    /// `representation`
    Representation,
    /// `minimal`
    Minimal,
}

/// A preference that does not follow its grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at byte {at} of the Prefer header")]
pub struct PreferError {
    /// Byte offset in the header value.
    pub at: usize,
    /// What would have fitted there.
    pub expected: &'static str,
}

/// Reads a `Prefer` header as a server does: what is unknown or malformed is ignored, as RFC 7240 section 2 asks,
/// and of a preference given twice the first counts.
pub fn parse_lenient(value: &str) -> Preferences {
    let mut preferences = Preferences::default();
    for (at, part) in parts(value, b',') {
        // A malformed preference changes nothing.
        let mut one = Preferences::default();
        if matches!(preference(part, at, &mut one), Ok(true)) {
            preferences.take_missing(one);
        }
    }
    preferences
}

/// Reads a `Prefer` header by the grammar of OData: what is unknown or malformed is an error.
///
/// # Errors
/// The first preference that is unknown or malformed.
pub fn parse_strict(value: &str) -> Result<Preferences, PreferError> {
    let mut preferences = Preferences::default();
    for (at, part) in parts(value, b',') {
        let mut one = Preferences::default();
        if !preference(part, at, &mut one)? {
            return Err(PreferError { at, expected: "a preference of OData" });
        }
        preferences.take_missing(one);
    }
    Ok(preferences)
}

impl Preferences {
    /// Takes what is not yet known from a later preference.
    fn take_missing(&mut self, later: Preferences) {
        self.allow_entity_references |= later.allow_entity_references;
        self.callback = self.callback.take().or(later.callback);
        self.continue_on_error = self.continue_on_error.or(later.continue_on_error);
        self.include_annotations = self.include_annotations.take().or(later.include_annotations);
        self.max_page_size = self.max_page_size.or(later.max_page_size);
        self.omit_values = self.omit_values.or(later.omit_values);
        self.respond_async |= later.respond_async;
        self.return_content = self.return_content.or(later.return_content);
        self.track_changes |= later.track_changes;
        self.wait = self.wait.or(later.wait);
    }
}

/// Cuts at a separator outside double quotes and trims; each part with its offset.
fn parts(value: &str, separator: u8) -> impl Iterator<Item = (usize, &str)> {
    let mut quoted = false;
    let mut escaped = false;
    let pieces = value.split(move |c: char| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return !quoted && u8::try_from(c) == Ok(separator),
        }
        false
    });
    let mut next = 0;
    pieces.map(move |piece| {
        let at = next + piece.len() - piece.trim_start_matches([' ', '\t']).len();
        next += piece.len() + 1;
        (at, piece.trim_matches([' ', '\t']))
    })
}

/// `name`, or `name = value`, the quotes of the value still on, and the offset of the value.
fn name_and_value(part: &str) -> (&str, Option<(usize, &str)>) {
    match part.split_once('=') {
        None => (part, None),
        Some((name, value)) => {
            let trimmed = value.trim_start_matches([' ', '\t']);
            (name.trim_end_matches([' ', '\t']), Some((part.len() - trimmed.len(), trimmed)))
        }
    }
}

/// Reads one preference; false where it is unknown.
fn preference(part: &str, at: usize, found: &mut Preferences) -> Result<bool, PreferError> {
    let mut parameters = parts(part, b';');
    let (_, head) = parameters.next().unwrap_or_default();
    let (name, value) = name_and_value(head);
    let lower = name.to_ascii_lowercase();
    let (known, prefixed) = match lower.strip_prefix("odata.") {
        Some(known) => (known, true),
        None => (lower.as_str(), false),
    };
    let fault = |offset: usize, expected| PreferError { at: at + offset, expected };
    let end = fault(head.len(), "= and a value");
    let text = value.map(|(_, text)| text).unwrap_or_default();
    let offset = value.map_or(head.len(), |(offset, _)| offset);
    if value.is_some_and(|(_, text)| text.is_empty()) {
        return Err(fault(offset, "a value"));
    }
    let flag = |expected| {
        if value.is_none() { Ok(true) } else { Err(fault(name.len(), expected)) }
    };
    match known {
        "allow-entityreferences" => found.allow_entity_references = flag("no value")?,
        "track-changes" => found.track_changes = flag("no value")?,
        "respond-async" if !prefixed => found.respond_async = flag("no value")?,
        "callback" => found.callback = Some(callback(parameters, at, part)?),
        "continue-on-error" => {
            found.continue_on_error = match text.to_ascii_lowercase().as_str() {
                "" | "true" => Some(true),
                "false" => Some(false),
                _ => return Err(fault(offset, "true or false")),
            };
        }
        "include-annotations" => {
            let (offset, text) = value.ok_or(end)?;
            found.include_annotations = Some(annotations(text, at + offset)?);
        }
        "maxpagesize" => {
            value.ok_or(end)?;
            found.max_page_size = Some(match unquoted(text).as_bytes() {
                [b'1'..=b'9', ..] => number(unquoted(text)).ok_or(fault(offset, "a whole number from 1"))?,
                _ => return Err(fault(offset, "a whole number from 1")),
            });
        }
        "wait" if !prefixed => {
            value.ok_or(end)?;
            found.wait = Some(number(unquoted(text)).ok_or(fault(offset, "a number of seconds"))?);
        }
        "omit-values" => {
            found.omit_values = Some(match unquoted(text).to_ascii_lowercase().as_str() {
                "nulls" => OmitValues::Nulls,
                "defaults" => OmitValues::Defaults,
                _ => return Err(fault(offset, "nulls or defaults")),
            });
        }
        "return" if !prefixed => {
            found.return_content = Some(match unquoted(text) {
                "representation" => ReturnContent::Representation,
                "minimal" => ReturnContent::Minimal,
                _ => return Err(fault(offset, "representation or minimal")),
            });
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// The value without double quotes around it, which RFC 7240 allows anywhere.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

/// Digits only, in 64 bits.
fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// The parameter `url` of `callback`.
fn callback<'a>(
    parameters: impl Iterator<Item = (usize, &'a str)>,
    at: usize,
    part: &str,
) -> Result<String, PreferError> {
    for (start, parameter) in parameters {
        let (name, value) = name_and_value(parameter);
        let Some((offset, text)) = value.filter(|_| name.eq_ignore_ascii_case("url")) else {
            continue;
        };
        let url = unquoted(text);
        let scheme = url.bytes().position(|byte| byte == b':');
        let letters =
            url.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
        if url.len() + 2 == text.len() && scheme == Some(letters) && letters > 0 {
            return Ok(url.to_owned());
        }
        return Err(PreferError { at: at + start + offset, expected: "a URL in double quotes" });
    }
    Err(PreferError { at: at + part.len(), expected: "; url= and a URL in double quotes" })
}

/// The list in double quotes of `include-annotations`; `at` is the offset of its first quote.
fn annotations(text: &str, at: usize) -> Result<Vec<AnnotationFilter>, PreferError> {
    let fault = |offset: usize, expected| PreferError { at: at + offset, expected };
    let Some(list) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Err(fault(0, "a list in double quotes"));
    };
    let mut filters = Vec::new();
    for (start, item) in parts(list, b',') {
        let start = start + 1;
        let exclude = item.starts_with('-');
        let name = item.get(usize::from(exclude)..).unwrap_or_default();
        let place = start + usize::from(exclude);
        let (term, qualifier) = match name.split_once('#') {
            Some((term, qualifier)) => (term, Some(qualifier)),
            None => (name, None),
        };
        let end = term_end(term);
        if end.is_none_or(|end| end < term.len()) {
            let stop = end.unwrap_or_else(|| dotted_end(term));
            return Err(fault(place + stop, "*, a namespace and a term, or a namespace and *"));
        }
        if qualifier.is_some_and(|qualifier| crate::lexical::identifier(qualifier).is_err()) {
            return Err(fault(place + term.len() + 1, "a qualifier"));
        }
        filters.push(AnnotationFilter {
            exclude,
            term: term.to_owned(),
            qualifier: qualifier.map(str::to_owned),
        });
    }
    Ok(filters)
}

/// Where `*`, `Namespace.*` or `Namespace.Term` ends; none where it is not complete.
fn term_end(term: &str) -> Option<usize> {
    if term.starts_with('*') {
        return Some(1);
    }
    let end = dotted_end(term);
    if term.get(..end).is_some_and(|name| name.ends_with('.')) {
        return term.get(end..).filter(|rest| rest.starts_with('*')).map(|_| end + 1);
    }
    term.get(..end).filter(|name| name.contains('.')).map(|_| end)
}

/// Where identifiers with dots between and perhaps behind end.
fn dotted_end(term: &str) -> usize {
    let mut end = scan_identifier(term, 0);
    while end > 0 && term.as_bytes().get(end) == Some(&b'.') {
        let next = scan_identifier(term, end + 1);
        if next == end + 1 {
            return next;
        }
        end = next;
    }
    end
}
