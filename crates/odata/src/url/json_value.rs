//! JSON arrays and objects in a URL, whose members may be expressions (OData 4.01 grammar section 5).

use super::ast::{Expr, ExprKind, Literal};
use super::cursor::Cursor;
use super::error::Result;

impl Cursor<'_> {
    /// The value of a parameter: an array, an object or an expression.
    pub(crate) fn json_or_expr(&mut self) -> Result<Expr> {
        if self.peek() == Some(b'"') { self.json_text() } else { self.expr() }
    }

    /// An array or an object; the next byte is its bracket.
    pub(crate) fn json(&mut self) -> Result<Expr> {
        self.enter()?;
        let at = self.at();
        let kind = if self.eat(b'[') { self.array()? } else { self.object()? };
        self.leave();
        Ok(Expr { at, kind })
    }

    /// Items of an array and the closing bracket.
    fn array(&mut self) -> Result<ExprKind> {
        let mut items = Vec::new();
        self.skip_space();
        if self.eat(b']') {
            return Ok(ExprKind::Array(items));
        }
        loop {
            self.more(items.len())?;
            items.push(self.json_or_expr()?);
            if !self.eat_comma() {
                self.skip_space();
                self.expect(b']', ", or ]")?;
                return Ok(ExprKind::Array(items));
            }
        }
    }

    /// An object with its brackets.
    fn object(&mut self) -> Result<ExprKind> {
        let mut members = Vec::new();
        self.expect(b'{', "{")?;
        self.skip_space();
        if self.eat(b'}') {
            return Ok(ExprKind::Object(members));
        }
        loop {
            self.more(members.len())?;
            let name = self.json_string()?;
            self.skip_space();
            self.expect(b':', ":")?;
            self.skip_space();
            members.push((name, self.json_or_expr()?));
            if !self.eat_comma() {
                self.skip_space();
                self.expect(b'}', ", or }")?;
                return Ok(ExprKind::Object(members));
            }
        }
    }

    /// A string in double quotes as an expression.
    fn json_text(&mut self) -> Result<Expr> {
        let at = self.at();
        Ok(Expr { at, kind: ExprKind::Literal(Literal::String(self.json_string()?)) })
    }

    /// A string in double quotes with the escapes of JSON.
    pub(crate) fn json_string(&mut self) -> Result<String> {
        self.expect(b'"', "a string in double quotes")?;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let length = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(rest.len());
            text.push_str(rest.get(..length).unwrap_or_default());
            self.pos += length;
            match self.peek() {
                Some(b'"') => {
                    self.pos += 1;
                    return Ok(text);
                }
                Some(_) => {
                    self.pos += 1;
                    text.push(self.escape()?);
                }
                None => return Err(self.expected("\" to end the string")),
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<char> {
        let c = match self.peek() {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.expected("an escape of JSON: \" \\ / b f n r t u")),
        };
        self.pos += 1;
        Ok(c)
    }

    /// `uXXXX`, or two of them for a character beyond the basic plane.
    fn unicode_escape(&mut self) -> Result<char> {
        let start = self.pos;
        let first = self.code_unit()?;
        if let Some(c) = char::from_u32(first) {
            return Ok(c);
        }
        if self.eat(b'\\') && self.peek() == Some(b'u') {
            let second = self.code_unit()?;
            if let Some(Ok(c)) = char::decode_utf16([first as u16, second as u16]).next() {
                return Ok(c);
            }
        }
        Err(self.fault(start, "a pair of surrogates", "half a surrogate pair is no character".into()))
    }

    /// `uXXXX`
    fn code_unit(&mut self) -> Result<u32> {
        let digits = self.slice(self.pos + 1, self.pos + 5);
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.expected_at(self.pos + 1, "four hexadecimal digits"));
        }
        self.pos += 5;
        u32::from_str_radix(digits, 16).map_err(|_| self.expected("four hexadecimal digits"))
    }
}
