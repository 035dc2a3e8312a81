//! Percent-decoding of one component of a URL, with the way back from decoded to raw offsets.

use super::error::{ParseError, ParseErrorKind, Result};

/// A path segment, option name or option value, decoded. A component without escapes borrows the raw text.
pub(crate) struct Component<'a> {
    /// As sent.
    pub(crate) raw: &'a str,
    /// Offset of `raw` in the whole URL.
    pub(crate) base: u32,
    /// Decoded text, and the raw offset of each of its bytes and of its end. None: equal to `raw`.
    decoded: Option<(String, Vec<u32>)>,
}

impl<'a> Component<'a> {
    /// Decodes `raw`, which starts at `base` of the whole URL.
    pub(crate) fn decode(raw: &'a str, base: u32, plus_is_space: bool) -> Result<Self> {
        let escaped = raw.bytes().any(|byte| byte == b'%' || (byte == b'+' && plus_is_space));
        let decoded = if escaped { Some(decode(raw, base, plus_is_space)?) } else { None };
        Ok(Component { raw, base, decoded })
    }

    /// The decoded text.
    pub(crate) fn text(&self) -> &str {
        self.decoded.as_ref().map_or(self.raw, |(text, _)| text)
    }

    /// Raw offsets of the decoded bytes; none where they are the same but for `base`.
    pub(crate) fn map(&self) -> Option<&[u32]> {
        self.decoded.as_ref().map(|(_, map)| map.as_slice())
    }
}

/// Decodes escapes and plus signs.
fn decode(raw: &str, base: u32, plus_is_space: bool) -> Result<(String, Vec<u32>)> {
    let bytes = raw.as_bytes();
    let mut text = Vec::with_capacity(bytes.len());
    let mut map = Vec::with_capacity(bytes.len() + 1);
    let mut pos = 0;
    while let Some(&byte) = bytes.get(pos) {
        map.push(base + pos as u32);
        match byte {
            b'%' => {
                let digits = (bytes.get(pos + 1).and_then(hex), bytes.get(pos + 2).and_then(hex));
                let (Some(high), Some(low)) = digits else {
                    return Err(bad_escape(raw, pos, base));
                };
                text.push(high << 4 | low);
                pos += 3;
            }
            b'+' if plus_is_space => {
                text.push(b' ');
                pos += 1;
            }
            _ => {
                text.push(byte);
                pos += 1;
            }
        }
    }
    map.push(base + pos as u32);
    match String::from_utf8(text) {
        Ok(text) => Ok((text, map)),
        Err(error) => Err(ParseError {
            kind: ParseErrorKind::Encoding,
            at: map[error.utf8_error().valid_up_to()],
            expected: "UTF-8",
            message: "the percent-encoded bytes are not UTF-8".into(),
            option: None,
        }),
    }
}

/// The value of a hexadecimal digit.
fn hex(byte: &u8) -> Option<u8> {
    char::from(*byte).to_digit(16).map(|value| value as u8)
}

/// A percent sign that starts no escape.
fn bad_escape(raw: &str, pos: usize, base: u32) -> ParseError {
    let found: String = raw.get(pos..).unwrap_or_default().chars().take(3).collect();
    ParseError {
        kind: ParseErrorKind::Encoding,
        at: base + pos as u32,
        expected: "two hexadecimal digits after %",
        message: format!(
            "expected two hexadecimal digits after %, found {found:?}; a percent sign itself is %25"
        ),
        option: None,
    }
}
