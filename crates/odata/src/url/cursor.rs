//! A position in one decoded component, with the small moves all rules are made of.

use super::ParseOptions;
use super::error::{ParseError, ParseErrorKind, Result};
use super::percent::Component;
use crate::lexical::{Malformed, Scan, scan_identifier};

/// Reads one component from its start to its end.
pub(crate) struct Cursor<'a> {
    /// Decoded text.
    pub(crate) text: &'a str,
    /// Byte position in `text`.
    pub(crate) pos: usize,
    /// Limits and habits.
    pub(crate) options: &'a ParseOptions,
    /// Inside the condition of `case`, where a colon ends an operand.
    pub(crate) in_case: bool,
    raw: &'a [u8],
    base: u32,
    map: Option<&'a [u32]>,
    depth: u32,
    chained: u32,
}

impl<'a> Cursor<'a> {
    /// At the start of a component.
    pub(crate) fn new(component: &'a Component<'a>, options: &'a ParseOptions) -> Self {
        Cursor {
            text: component.text(),
            pos: 0,
            options,
            in_case: false,
            raw: component.raw.as_bytes(),
            base: component.base,
            map: component.map(),
            depth: 0,
            chained: 0,
        }
    }

    /// Raw offset of the current position.
    pub(crate) fn at(&self) -> u32 {
        self.at_pos(self.pos)
    }

    /// Raw offset of a position.
    pub(crate) fn at_pos(&self, pos: usize) -> u32 {
        match self.map {
            None => self.base + pos as u32,
            Some(map) => map.get(pos).or(map.last()).copied().unwrap_or(self.base),
        }
    }

    /// The raw byte a decoded byte comes from: `%` for an escape.
    pub(crate) fn raw_byte(&self, pos: usize) -> Option<u8> {
        self.raw.get((self.at_pos(pos) - self.base) as usize).copied()
    }

    /// The next byte.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    /// The byte `ahead` bytes further.
    pub(crate) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.pos + ahead).copied()
    }

    /// What is still to be read.
    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    /// Text between two positions.
    pub(crate) fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Takes one byte if it is the next.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.pos += usize::from(found);
        found
    }

    /// Takes a text if it is next, upper and lower case alike.
    pub(crate) fn eat_text(&mut self, text: &str) -> bool {
        let end = self.pos + text.len();
        let bytes = self.text.as_bytes().get(self.pos..end);
        let found = bytes.is_some_and(|bytes| bytes.eq_ignore_ascii_case(text.as_bytes()));
        if found {
            self.pos = end;
        }
        found
    }

    /// Takes one byte or fails.
    pub(crate) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<()> {
        if self.eat(byte) { Ok(()) } else { Err(self.expected(expected)) }
    }

    /// Takes spaces and tabs; says whether there were any.
    pub(crate) fn skip_space(&mut self) -> bool {
        let start = self.pos;
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.pos += 1;
        }
        self.pos > start
    }

    /// Takes a comma and the spaces around it, or nothing.
    pub(crate) fn eat_comma(&mut self) -> bool {
        let start = self.pos;
        self.skip_space();
        if self.eat(b',') {
            self.skip_space();
            return true;
        }
        self.pos = start;
        false
    }

    /// Takes an opening parenthesis and the spaces behind it.
    pub(crate) fn open(&mut self) -> Result<()> {
        self.expect(b'(', "(")?;
        self.skip_space();
        Ok(())
    }

    /// Takes a closing parenthesis and the spaces before it.
    pub(crate) fn close(&mut self, expected: &'static str) -> Result<()> {
        self.skip_space();
        self.expect(b')', expected)
    }

    /// Takes spaces, a word in any case and requires that the word ends; or takes nothing.
    pub(crate) fn eat_spaced_word(&mut self, word: &str) -> bool {
        let start = self.pos;
        let found = self.skip_space() && self.eat_text(word) && self.identifier_end() == self.pos;
        if !found {
            self.pos = start;
        }
        found
    }

    /// End of what could continue an identifier at the current position.
    fn identifier_end(&self) -> usize {
        match self.peek() {
            Some(b'0'..=b'9') => self.pos + 1,
            _ => scan_identifier(self.text, self.pos),
        }
    }

    /// Takes an identifier.
    pub(crate) fn eat_identifier(&mut self) -> Option<&'a str> {
        let start = self.pos;
        self.pos = scan_identifier(self.text, start);
        (self.pos > start).then(|| self.slice(start, self.pos))
    }

    /// Takes an identifier or fails.
    pub(crate) fn identifier(&mut self, expected: &'static str) -> Result<&'a str> {
        match self.eat_identifier() {
            Some(name) => Ok(name),
            None => Err(self.expected(expected)),
        }
    }

    /// Takes identifiers with dots between.
    pub(crate) fn eat_qualified(&mut self) -> Option<&'a str> {
        let start = self.pos;
        self.eat_identifier()?;
        while self.peek() == Some(b'.') {
            let end = scan_identifier(self.text, self.pos + 1);
            if end == self.pos + 1 {
                break;
            }
            self.pos = end;
        }
        Some(self.slice(start, self.pos))
    }

    /// Takes digits as a number or fails.
    pub(crate) fn number(&mut self, expected: &'static str) -> Result<u64> {
        let start = self.pos;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.pos += 1;
        }
        if start == self.pos {
            return Err(self.expected(expected));
        }
        self.slice(start, self.pos).parse().map_err(|_| {
            self.fault(start, expected, format!("expected {expected}, found a number beyond 64 bits"))
        })
    }

    /// Requires that nothing is left.
    pub(crate) fn end(&mut self, expected: &'static str) -> Result<()> {
        if self.options.lenient_space {
            self.skip_space();
        }
        if self.pos == self.text.len() { Ok(()) } else { Err(self.expected(expected)) }
    }

    /// Moves to where a scan ended, or fails where it failed.
    pub(crate) fn take_scan(&mut self, scan: Scan) -> Result<&'a str> {
        let start = self.pos;
        self.pos = scan.map_err(|error| self.malformed(error))?;
        Ok(self.slice(start, self.pos))
    }

    /// A scan's fault as one of the URL.
    pub(crate) fn malformed(&self, error: Malformed) -> ParseError {
        self.expected_at(error.at, error.expected)
    }

    /// One level deeper.
    pub(crate) fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > self.options.max_depth {
            Err(self.limit("max_depth", "deeply nested"))
        } else {
            Ok(())
        }
    }

    /// One level up.
    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Counts one more operator in a chain that makes the tree lean to the left.
    pub(crate) fn chain(&mut self) -> Result<()> {
        self.chained += 1;
        if self.chained > self.options.max_depth {
            Err(self.limit("max_depth", "long a chain"))
        } else {
            Ok(())
        }
    }

    /// Refuses a list that has already `len` items from taking another.
    pub(crate) fn more(&self, len: usize) -> Result<()> {
        if len >= self.options.max_list { Err(self.limit("max_list", "long a list")) } else { Ok(()) }
    }

    /// A limit that was passed.
    fn limit(&self, name: &'static str, how: &'static str) -> ParseError {
        let limit = if name == "max_list" { self.options.max_list } else { self.options.max_depth as usize };
        ParseError {
            kind: ParseErrorKind::Limit(name),
            at: self.at(),
            expected: "a shorter or flatter query",
            message: format!("the query is too {how}: {name} is {limit}"),
            option: None,
        }
    }

    /// A fault at the current position.
    pub(crate) fn expected(&self, expected: &'static str) -> ParseError {
        self.expected_at(self.pos, expected)
    }

    /// A fault at another position.
    pub(crate) fn expected_at(&self, pos: usize, expected: &'static str) -> ParseError {
        let found = describe(self.text.get(pos..).unwrap_or_default());
        self.fault(pos, expected, format!("expected {expected}, found {found}"))
    }

    /// A fault with its own sentence.
    pub(crate) fn fault(&self, pos: usize, expected: &'static str, message: String) -> ParseError {
        ParseError { kind: ParseErrorKind::Syntax, at: self.at_pos(pos), expected, message, option: None }
    }
}

/// The first word or character of what was found.
fn describe(found: &str) -> String {
    let word = found.get(..scan_identifier(found, 0)).unwrap_or_default();
    match found.chars().next() {
        None => "the end".into(),
        Some(' ' | '\t') => "a space".into(),
        Some(_) if !word.is_empty() => format!("'{}'", word.chars().take(40).collect::<String>()),
        Some(c) => format!("'{c}'"),
    }
}
