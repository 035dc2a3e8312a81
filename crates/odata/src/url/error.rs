//! Why a URL was refused, and where.

/// What kind of fault it is; the gateway answers limits and faults differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// A percent sign without two hexadecimal digits, or bytes that are not UTF-8.
    Encoding,
    /// The text does not follow the grammar.
    Syntax,
    /// A limit of [`ParseOptions`](super::ParseOptions), by its name.
    Limit(&'static str),
}

/// A URL that cannot be read, with the place of the fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at offset {at})")]
pub struct ParseError {
    /// Kind of fault.
    pub kind: ParseErrorKind,
    /// Byte offset in the raw text, still percent-encoded.
    pub at: u32,
    /// What the grammar allows there.
    pub expected: &'static str,
    /// A sentence for the client: what was expected and what was found.
    pub message: String,
    /// The query option or parameter alias that it lies in, the innermost one: `$filter`, `@p`.
    pub option: Option<String>,
}

impl ParseError {
    /// The same, in an option, where it is not known to lie in one inside of that.
    pub(crate) fn within(mut self, option: Option<&str>) -> ParseError {
        if self.option.is_none() {
            self.option = option.map(str::to_owned);
        }
        self
    }
}

/// The result of every rule of the parser.
pub(crate) type Result<T> = std::result::Result<T, ParseError>;
