//! Which bytes a client wants: `Range` and `If-Range` (RFC 9110 section 14).

use std::ops::Range;

use http::{HeaderMap, header};

/// What is wanted of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All of them.
    Whole,
    /// Some of them: 206.
    Part(Range<u64>),
    /// Some that are not there: 416.
    Beyond,
}

/// What is wanted of so many bytes. What cannot be read, several ranges, and ranges of other bytes than those that are
/// there now come to all of them, as they may.
pub fn wanted(headers: &HeaderMap, length: u64, etag: Option<&str>) -> Wanted {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let Some(range) = text(header::RANGE) else {
        return Wanted::Whole;
    };
    // Only a strong ETag says that the bytes are the same (section 13.1.5); no date of theirs is known.
    let strong = etag.filter(|etag| !etag.starts_with("W/"));
    if headers.contains_key(header::IF_RANGE) && text(header::IF_RANGE) != strong {
        return Wanted::Whole;
    }
    part(range, length).unwrap_or(Wanted::Whole)
}

fn part(range: &str, length: u64) -> Option<Wanted> {
    let (unit, spec) = range.split_once('=')?;
    let (first, last) = spec.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (start, end) = match (number(first), number(last)) {
        (Some(first), Some(last)) if last < first => return None,
        (Some(first), Some(last)) => (first, last.saturating_add(1)),
        (Some(first), None) if last.is_empty() => (first, length),
        (None, Some(last)) if first.is_empty() => (length.saturating_sub(last), length),
        _ => return None,
    };
    let end = end.min(length);
    Some(if start >= end { Wanted::Beyond } else { Wanted::Part(start..end) })
}

/// Digits; a number that is too great is beyond all bytes.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn ranges() {
        use Wanted::{Beyond, Part, Whole};
        for (range, if_range, length, expected) in [
            ("", "", 10, Whole),
            ("bytes=0-3", "", 10, Part(0..4)),
            ("bytes=0-3", "\"a\"", 10, Part(0..4)),
            ("bytes=0-3", "\"b\"", 10, Whole),
            ("bytes=0-3", "W/\"a\"", 10, Whole),
            ("bytes=0-3", "Wed, 21 Oct 2015 07:28:00 GMT", 10, Whole),
            ("BYTES= 9-99", "", 10, Part(9..10)),
            ("bytes=4-", "", 10, Part(4..10)),
            ("bytes=-4", "", 10, Part(6..10)),
            ("bytes=-99", "", 10, Part(0..10)),
            ("bytes=-0", "", 10, Beyond),
            ("bytes=10-", "", 10, Beyond),
            ("bytes=10-12", "", 10, Beyond),
            ("bytes=99999999999999999999-", "", 10, Beyond),
            ("bytes=0-99999999999999999999", "", 10, Part(0..10)),
            ("bytes=0-", "", 0, Beyond),
            ("bytes=-1", "", 0, Beyond),
            ("bytes=3-1", "", 10, Whole),
            ("bytes=0-1,3-4", "", 10, Whole),
            ("bytes=-", "", 10, Whole),
            ("bytes=a-b", "", 10, Whole),
            ("bytes=+1-2", "", 10, Whole),
            ("rows=0-3", "", 10, Whole),
            ("bytes", "", 10, Whole),
        ] {
            let mut headers = HeaderMap::new();
            for (name, text) in [(header::RANGE, range), (header::IF_RANGE, if_range)] {
                if !text.is_empty() {
                    headers.insert(name, HeaderValue::from_static(text));
                }
            }
            assert_eq!(wanted(&headers, length, Some("\"a\"")), expected, "{range} {if_range} of {length}");
        }
    }
}
