//! Literals in a URL (OData 4.01 Part 2 section 5.1.1.11; grammar section 7).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::ast::{Expr, ExprKind, Literal};
use super::cursor::Cursor;
use super::error::Result;
use crate::lexical::{
    Scan, malformed, scan_date, scan_decimal, scan_digits, scan_duration, scan_enumeration, scan_guid,
    scan_time, scan_zone,
};

impl<'a> Cursor<'a> {
    /// A literal that starts here, if what starts here can only be a literal: not a name, not a parenthesis.
    pub(crate) fn literal(&mut self) -> Result<Option<Expr>> {
        let at = self.at();
        let literal = match self.peek() {
            Some(b'\'') => Some(Literal::String(self.quoted()?)),
            Some(b'0'..=b'9' | b'+') => Some(self.digits()?),
            Some(b'-') if self.starts_negative_literal() => Some(self.digits()?),
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80..) => self.word_literal()?,
            _ => None,
        };
        Ok(literal.map(|literal| Expr { at, kind: ExprKind::Literal(literal) }))
    }

    /// A minus sign that belongs to a number or a year, not to an expression.
    pub(crate) fn starts_negative_literal(&self) -> bool {
        self.peek_at(1).is_some_and(|byte| byte.is_ascii_digit()) || self.rest().starts_with("-INF")
    }

    /// `null`, `true`, `INF`, a GUID that starts with a letter, or a prefix and quotes. Otherwise nothing.
    fn word_literal(&mut self) -> Result<Option<Literal>> {
        let start = self.pos;
        if let Some(guid) = self.guid() {
            return Ok(Some(guid));
        }
        let Some(word) = self.eat_qualified() else {
            return Ok(None);
        };
        let literal = match self.peek() {
            Some(b'\'') => return self.prefixed(start, word).map(Some),
            Some(b'/' | b'(' | b'.') => None,
            _ if word == "null" => Some(Literal::Null),
            _ if word == "INF" => Some(Literal::Double(f64::INFINITY)),
            _ if word == "NaN" => Some(Literal::Double(f64::NAN)),
            _ if word.eq_ignore_ascii_case("true") => Some(Literal::Boolean(true)),
            _ if word.eq_ignore_ascii_case("false") => Some(Literal::Boolean(false)),
            _ => None,
        };
        if literal.is_none() {
            self.pos = start;
        }
        Ok(literal)
    }

    /// A GUID, in lower case.
    fn guid(&mut self) -> Option<Literal> {
        if self.peek_at(8) != Some(b'-') {
            return None;
        }
        let end = scan_guid(self.text.as_bytes(), self.pos).ok()?;
        let guid = self.slice(self.pos, end).to_ascii_lowercase();
        self.pos = end;
        Some(Literal::Guid(guid))
    }

    /// What stands in single quotes, two of them inside for one.
    pub(crate) fn quoted(&mut self) -> Result<String> {
        let start = self.pos;
        self.expect(b'\'', "'")?;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let Some(length) = rest.bytes().position(|byte| byte == b'\'') else {
                self.pos = self.text.len();
                let message =
                    format!("expected ' to end the string that starts at offset {}", self.at_pos(start));
                return Err(self.fault(self.pos, "'", message));
            };
            text.push_str(rest.get(..length).unwrap_or_default());
            self.pos += length + 1;
            if !self.eat(b'\'') {
                return Ok(text);
            }
            text.push('\'');
        }
    }

    /// `duration'…'`, `binary'…'`, `geography'…'`, `geometry'…'` or an enumeration with its type.
    fn prefixed(&mut self, start: usize, prefix: &str) -> Result<Literal> {
        let quote = self.pos;
        let inside = |cursor: &mut Self, scan: fn(&[u8], usize) -> Scan| -> Result<&'a str> {
            cursor.pos = quote + 1;
            let text = cursor.take_scan(scan(cursor.text.as_bytes(), quote + 1))?;
            cursor.expect(b'\'', "'")?;
            Ok(text)
        };
        if prefix.eq_ignore_ascii_case("duration") {
            return Ok(Literal::Duration(inside(self, scan_duration)?.to_owned()));
        }
        if prefix.eq_ignore_ascii_case("binary") {
            return self.binary();
        }
        for geo in ["geography", "geometry"] {
            if prefix.eq_ignore_ascii_case(geo) {
                let text = inside(self, crate::lexical::scan_geo)?.to_owned();
                return Ok(Literal::Geo { prefix: geo.to_owned(), text });
            }
        }
        if !prefix.contains('.') {
            let expected = "an operator, or a known literal prefix before '";
            let message =
                format!("'{prefix}' is no prefix of a literal; an enumeration needs its qualified type name");
            return Err(self.fault(start, expected, message));
        }
        let value = inside(self, scan_enumeration)?.to_owned();
        Ok(Literal::Enum { type_name: prefix.to_owned(), value })
    }

    /// The quotes of a binary literal.
    fn binary(&mut self) -> Result<Literal> {
        let start = self.pos + 1;
        let text = self.quoted()?;
        if let Err(error) = crate::lexical::binary(&text) {
            return Err(self.expected_at(start + error.at, error.expected));
        }
        match URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')) {
            Ok(bytes) => Ok(Literal::Binary(bytes)),
            Err(_) => Err(self.expected_at(start, "base64url")),
        }
    }

    /// A literal that starts with a digit or a sign: GUID, date, time or number.
    fn digits(&mut self) -> Result<Literal> {
        if let Some(guid) = self.guid() {
            return Ok(guid);
        }
        let bytes = self.text.as_bytes();
        let sign = usize::from(matches!(self.peek(), Some(b'-' | b'+')));
        let Ok(digits) = scan_digits(bytes, self.pos + sign) else {
            return self.decimal();
        };
        let count = digits - self.pos - sign;
        match bytes.get(digits) {
            Some(b'-') if count >= 4 => self.date_or_time_stamp(),
            Some(b':') if count == 2 && sign == 0 && !self.colon_belongs_to_case() => {
                let time = self.take_scan(scan_time(bytes, self.pos))?;
                Ok(Literal::TimeOfDay(time.to_owned()))
            }
            Some(b'.' | b'e' | b'E') => self.decimal(),
            _ => {
                let text = self.slice(self.pos, digits);
                self.pos = digits;
                Ok(match text.parse() {
                    Ok(number) => Literal::Integer(number),
                    Err(_) => Literal::Decimal(text.trim_start_matches('+').to_owned()),
                })
            }
        }
    }

    /// In `case(X gt 10:11)` the colon ends the condition: a time there could not be followed by its end.
    fn colon_belongs_to_case(&self) -> bool {
        let Ok(end) = scan_time(self.text.as_bytes(), self.pos) else {
            return self.in_case;
        };
        let next = self.text.as_bytes().iter().skip(end).find(|byte| !matches!(byte, b' ' | b'\t'));
        self.in_case && matches!(next, Some(b',' | b')'))
    }

    /// A number with point or exponent, or an infinity.
    fn decimal(&mut self) -> Result<Literal> {
        let start = self.pos;
        let bytes = self.text.as_bytes();
        let text = match scan_decimal(bytes, start) {
            // A raw plus sign was read as a space: 1e+5.
            Err(error)
                if self.is_raw_plus(error.at)
                    && matches!(bytes.get(error.at.wrapping_sub(1)), Some(b'e' | b'E')) =>
            {
                let end = scan_digits(bytes, error.at + 1).map_err(|error| self.malformed(error))?;
                self.pos = end;
                self.slice(start, end).replace(' ', "+")
            }
            scan => self.take_scan(scan)?.to_owned(),
        };
        Ok(match text.as_str() {
            "-INF" => Literal::Double(f64::NEG_INFINITY),
            _ => Literal::Decimal(text.trim_start_matches('+').to_owned()),
        })
    }

    /// A date, or date, time and zone.
    fn date_or_time_stamp(&mut self) -> Result<Literal> {
        let start = self.pos;
        let bytes = self.text.as_bytes();
        let date = match (scan_date(bytes, start), scan_guid(bytes, start)) {
            // Eight digits and a hyphen start a GUID as well as a far year: the farther fault is the better guess.
            (Err(date), Err(guid)) if guid.at > date.at => return Err(self.malformed(guid)),
            (date, _) => self.take_scan(date)?,
        };
        if !matches!(self.peek(), Some(b'T' | b't')) {
            return Ok(Literal::Date(date.to_owned()));
        }
        self.take_scan(scan_time(bytes, self.pos + 1))?;
        let zone = self.pos;
        let mut text = self.slice(start, zone).to_ascii_uppercase();
        if self.is_raw_plus(zone) {
            // A raw plus sign was read as a space: 2024-02-29T12:30+01:00.
            self.pos = zone + 1;
            let offset = self.take_scan(scan_offset(bytes, zone + 1))?;
            text.push('+');
            text.push_str(offset);
        } else {
            text.push_str(&self.take_scan(scan_zone(bytes, zone))?.to_ascii_uppercase());
        }
        Ok(Literal::DateTimeOffset(text))
    }

    /// A space that was sent as a plus sign.
    fn is_raw_plus(&self, pos: usize) -> bool {
        self.text.as_bytes().get(pos) == Some(&b' ') && self.raw_byte(pos) == Some(b'+')
    }
}

/// Hour and minute of an offset, no seconds.
fn scan_offset(bytes: &[u8], pos: usize) -> Scan {
    match scan_time(bytes.get(..pos + 5).unwrap_or(bytes), pos)? {
        end if end == pos + 5 => Ok(end),
        end => malformed(end, "the minutes of the offset"),
    }
}
