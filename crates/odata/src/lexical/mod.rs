//! The lexical forms of primitive values, shared by the literals of a URL and the values of a payload.
//!
//! The rules are those of the grammar of OData 4.01 section 7 ("Literal Data Values"), read character by
//! character: month 13 is refused, February 30 is not. Values are checked here, not converted.

mod geo;

pub use geo::geo;
pub(crate) use geo::scan_geo;

/// Why a text is not a value of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at byte {at} of the value")]
pub struct Malformed {
    /// Byte offset in the text of the first character that does not fit.
    pub at: usize,
    /// What would have fitted there.
    pub expected: &'static str,
}

/// Where a value ends, or why there is none.
pub(crate) type Scan = Result<usize, Malformed>;

/// Fails at `at`.
pub(crate) fn malformed<T>(at: usize, expected: &'static str) -> Result<T, Malformed> {
    Err(Malformed { at, expected })
}

/// Requires that the value found by `scan` is the whole text.
fn whole(text: &str, scan: impl Fn(&[u8], usize) -> Scan) -> Result<(), Malformed> {
    match scan(text.as_bytes(), 0)? {
        end if end == text.len() => Ok(()),
        end => malformed(end, "the end of the value"),
    }
}

/// `booleanValue`: `true` or `false`, in lower case.
pub fn boolean(text: &str) -> Result<bool, Malformed> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => malformed(0, "true or false"),
    }
}

/// `dateValue`: `2024-02-29`, the year with a sign and more than four digits if need be.
pub fn date(text: &str) -> Result<(), Malformed> {
    whole(text, scan_date)
}

/// `timeOfDayValue`: `12:30`, `12:30:15.5`.
pub fn time_of_day(text: &str) -> Result<(), Malformed> {
    whole(text, scan_time)
}

/// `dateTimeOffsetValue`: date, `T`, time and `Z` or an offset.
pub fn date_time_offset(text: &str) -> Result<(), Malformed> {
    whole(text, scan_date_time_offset)
}

/// `durationValue`: days, hours, minutes and seconds of ISO 8601, no years and months.
pub fn duration(text: &str) -> Result<(), Malformed> {
    whole(text, scan_duration)
}

/// `guidValue`: 8-4-4-4-12 hexadecimal digits.
pub fn guid(text: &str) -> Result<(), Malformed> {
    whole(text, scan_guid)
}

/// `decimalValue` and `doubleValue`: digits, sign, point, exponent; or `INF`, `-INF`, `NaN`.
pub fn decimal(text: &str) -> Result<(), Malformed> {
    whole(text, scan_decimal)
}

/// The integer rules: an optional sign and at most `digits` digits.
pub fn integer(text: &str, digits: usize) -> Result<(), Malformed> {
    whole(text, |bytes, pos| {
        let start = pos + usize::from(matches!(bytes.get(pos), Some(b'+' | b'-')));
        let end = scan_digits(bytes, start)?;
        if end - start > digits { malformed(start + digits, "fewer digits") } else { Ok(end) }
    })
}

/// `binaryValue`: base64url of RFC 4648 section 5, padding optional.
pub fn binary(text: &str) -> Result<(), Malformed> {
    whole(text, scan_binary)
}

/// `enumValue`: member names or numbers, separated by commas.
pub fn enumeration(text: &str) -> Result<(), Malformed> {
    whole(text, scan_enumeration)
}

/// `odataIdentifier`: a letter or underscore, then letters, digits and underscores.
pub fn identifier(text: &str) -> Result<(), Malformed> {
    whole(text, |bytes, pos| match scan_identifier(text, pos) {
        end if end > pos => Ok(end),
        _ => malformed(pos.min(bytes.len()), "a letter or underscore"),
    })
}

/// `primitiveValue` of CSDL default values: any of the above.
pub fn primitive(text: &str) -> Result<(), Malformed> {
    let rules: [fn(&str) -> Result<(), Malformed>; 10] = [
        |text| boolean(text).map(drop),
        guid,
        duration,
        date_time_offset,
        date,
        time_of_day,
        enumeration,
        geo,
        decimal,
        binary,
    ];
    let mut best = Malformed { at: 0, expected: "a primitive value" };
    for rule in rules {
        match rule(text) {
            Ok(()) => return Ok(()),
            Err(error) if error.at > best.at => best = error,
            Err(_) => {}
        }
    }
    Err(best)
}

/// The end of an identifier that starts at `pos`; `pos` itself where there is none.
pub(crate) fn scan_identifier(text: &str, pos: usize) -> usize {
    let bytes = text.as_bytes();
    let mut end = pos;
    while let Some(&byte) = bytes.get(end) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => end += 1,
            b'0'..=b'9' if end > pos => end += 1,
            0x80.. => match text.get(end..).and_then(|rest| rest.chars().next()) {
                // The categories Mn, Mc, Pc and Cf may follow; what is no letter after all is no known name either.
                Some(c) if c.is_alphabetic() || (end > pos && !c.is_whitespace() && !c.is_control()) => {
                    end += c.len_utf8();
                }
                _ => break,
            },
            _ => break,
        }
    }
    end
}

/// One digit between `low` and `high`.
fn digit(bytes: &[u8], pos: usize, low: u8, high: u8, expected: &'static str) -> Scan {
    match bytes.get(pos) {
        Some(byte) if (low..=high).contains(byte) => Ok(pos + 1),
        _ => malformed(pos, expected),
    }
}

/// One given character.
fn char(bytes: &[u8], pos: usize, wanted: u8, expected: &'static str) -> Scan {
    if bytes.get(pos) == Some(&wanted) { Ok(pos + 1) } else { malformed(pos, expected) }
}

/// One digit or more.
pub(crate) fn scan_digits(bytes: &[u8], pos: usize) -> Scan {
    let mut end = pos;
    while bytes.get(end).is_some_and(u8::is_ascii_digit) {
        end += 1;
    }
    if end == pos { malformed(pos, "a digit") } else { Ok(end) }
}

/// `year "-" month "-" day`
pub(crate) fn scan_date(bytes: &[u8], pos: usize) -> Scan {
    let start = pos + usize::from(bytes.get(pos) == Some(&b'-'));
    let mut end = start;
    while bytes.get(end).is_some_and(u8::is_ascii_digit) && !(end == start + 4 && bytes[start] == b'0') {
        end += 1;
    }
    if end < start + 4 {
        return malformed(end, "a year of four digits");
    }
    let end = char(bytes, end, b'-', "- and the month")?;
    let end = match bytes.get(end) {
        Some(b'0') => digit(bytes, end + 1, b'1', b'9', "a month from 01 to 12")?,
        Some(b'1') => digit(bytes, end + 1, b'0', b'2', "a month from 01 to 12")?,
        _ => return malformed(end, "a month from 01 to 12"),
    };
    let end = char(bytes, end, b'-', "- and the day")?;
    match bytes.get(end) {
        Some(b'0') => digit(bytes, end + 1, b'1', b'9', "a day from 01 to 31"),
        Some(b'1' | b'2') => digit(bytes, end + 1, b'0', b'9', "a day from 01 to 31"),
        Some(b'3') => digit(bytes, end + 1, b'0', b'1', "a day from 01 to 31"),
        _ => malformed(end, "a day from 01 to 31"),
    }
}

/// `hour ":" minute`
fn scan_hour_minute(bytes: &[u8], pos: usize) -> Scan {
    let end = match bytes.get(pos) {
        Some(b'0' | b'1') => digit(bytes, pos + 1, b'0', b'9', "an hour from 00 to 23")?,
        Some(b'2') => digit(bytes, pos + 1, b'0', b'3', "an hour from 00 to 23")?,
        _ => return malformed(pos, "an hour from 00 to 23"),
    };
    let end = char(bytes, end, b':', ": and the minute")?;
    let end = digit(bytes, end, b'0', b'5', "a minute from 00 to 59")?;
    digit(bytes, end, b'0', b'9', "a minute from 00 to 59")
}

/// `hour ":" minute [ ":" second [ "." fractionalSeconds ] ]`; a leap second is second 60.
pub(crate) fn scan_time(bytes: &[u8], pos: usize) -> Scan {
    let end = scan_hour_minute(bytes, pos)?;
    if bytes.get(end) != Some(&b':') {
        return Ok(end);
    }
    let end = match bytes.get(end + 1) {
        Some(b'6') => digit(bytes, end + 2, b'0', b'0', "a second from 00 to 60")?,
        _ => {
            let end = digit(bytes, end + 1, b'0', b'5', "a second from 00 to 60")?;
            digit(bytes, end, b'0', b'9', "a second from 00 to 60")?
        }
    };
    if bytes.get(end) != Some(&b'.') {
        return Ok(end);
    }
    let fraction = end + 1;
    let end = scan_digits(bytes, fraction)?;
    if end - fraction > 12 { malformed(fraction + 12, "at most 12 fractional digits") } else { Ok(end) }
}

/// `"Z" / SIGN hour ":" minute`
pub(crate) fn scan_zone(bytes: &[u8], pos: usize) -> Scan {
    match bytes.get(pos) {
        Some(b'Z' | b'z') => Ok(pos + 1),
        Some(b'+' | b'-') => scan_hour_minute(bytes, pos + 1),
        _ => malformed(pos, "Z or an offset such as +01:00"),
    }
}

/// Date, `T`, time, zone.
pub(crate) fn scan_date_time_offset(bytes: &[u8], pos: usize) -> Scan {
    let end = scan_date(bytes, pos)?;
    match bytes.get(end) {
        Some(b'T' | b't') => scan_zone(bytes, scan_time(bytes, end + 1)?),
        _ => malformed(end, "T and the time"),
    }
}

/// `[ "-" ] "P" [ n "D" ] [ "T" [ n "H" ] [ n "M" ] [ n [ "." n ] "S" ] ]`
pub(crate) fn scan_duration(bytes: &[u8], pos: usize) -> Scan {
    let start = pos + usize::from(bytes.get(pos) == Some(&b'-'));
    if !matches!(bytes.get(start), Some(b'P' | b'p')) {
        return malformed(start, "P");
    }
    let mut end = start + 1;
    if bytes.get(end).is_some_and(u8::is_ascii_digit) {
        let unit = scan_digits(bytes, end)?;
        if !matches!(bytes.get(unit), Some(b'D' | b'd')) {
            return malformed(unit, "D, as days are the longest unit");
        }
        end = unit + 1;
    }
    if !matches!(bytes.get(end), Some(b'T' | b't')) {
        return Ok(end);
    }
    end += 1;
    let mut units: &[u8] = b"HMS";
    while bytes.get(end).is_some_and(u8::is_ascii_digit) {
        let mut unit = scan_digits(bytes, end)?;
        let fraction = bytes.get(unit) == Some(&b'.');
        if fraction {
            unit = scan_digits(bytes, unit + 1)?;
        }
        let letter = bytes.get(unit).map(u8::to_ascii_uppercase);
        match units.iter().position(|&allowed| Some(allowed) == letter && (!fraction || allowed == b'S')) {
            Some(index) => units = &units[index + 1..],
            None => return malformed(unit, "H, M or S, in this order"),
        }
        end = unit + 1;
    }
    Ok(end)
}

/// `8HEXDIG "-" 4HEXDIG "-" 4HEXDIG "-" 4HEXDIG "-" 12HEXDIG`
pub(crate) fn scan_guid(bytes: &[u8], pos: usize) -> Scan {
    for index in 0..36 {
        let fits = match bytes.get(pos + index) {
            Some(byte) if matches!(index, 8 | 13 | 18 | 23) => *byte == b'-',
            Some(byte) => byte.is_ascii_hexdigit(),
            None => false,
        };
        if !fits {
            return malformed(pos + index, "a GUID of 8-4-4-4-12 hexadecimal digits");
        }
    }
    Ok(pos + 36)
}

/// `[ SIGN ] digits [ "." digits ] [ "e" [ SIGN ] digits ]` or `INF`, `-INF`, `NaN`.
pub(crate) fn scan_decimal(bytes: &[u8], pos: usize) -> Scan {
    let rest = bytes.get(pos..).unwrap_or_default();
    for word in [&b"INF"[..], b"-INF", b"NaN"] {
        if rest.starts_with(word) {
            return Ok(pos + word.len());
        }
    }
    let start = pos + usize::from(matches!(bytes.get(pos), Some(b'+' | b'-')));
    let Ok(mut end) = scan_digits(bytes, start) else {
        return malformed(if bytes.get(start).is_some() { start } else { pos }, "a number");
    };
    if bytes.get(end) == Some(&b'.') {
        end = scan_digits(bytes, end + 1)?;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let exponent = end + 1;
        end = scan_digits(bytes, exponent + usize::from(matches!(bytes.get(exponent), Some(b'+' | b'-'))))?;
    }
    Ok(end)
}

/// Base64url with or without padding; the unused bits of the last character are zero.
fn scan_binary(bytes: &[u8], pos: usize) -> Scan {
    let mut end = pos;
    while bytes.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        end += 1;
    }
    let last = bytes.get(end.wrapping_sub(1)).copied().unwrap_or_default();
    let padding = match (end - pos) % 4 {
        0 => return Ok(end),
        2 if b"AQgw".contains(&last) => 2,
        3 if b"AEIMQUYcgkosw048".contains(&last) => 1,
        1 => return malformed(end, "another base64url character"),
        _ => return malformed(end - 1, "a last base64url character without surplus bits"),
    };
    let given = bytes.iter().skip(end).take(padding).take_while(|&&byte| byte == b'=').count();
    if given == 0 || given == padding { Ok(end + given) } else { malformed(end + given, "=") }
}

/// Names or signed numbers with commas between.
pub(crate) fn scan_enumeration(bytes: &[u8], pos: usize) -> Scan {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let mut end = pos;
    loop {
        let start = end;
        end = scan_identifier(text, start);
        if end == start {
            let digits = start + usize::from(matches!(bytes.get(start), Some(b'+' | b'-')));
            let Ok(number) = scan_digits(bytes, digits) else {
                return malformed(start, "a member name or number");
            };
            end = number;
        }
        if bytes.get(end) != Some(&b',') {
            return Ok(end);
        }
        end += 1;
    }
}
