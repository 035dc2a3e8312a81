//! Values as the JSON that an OData service answers.

/// For each byte: 0 as it is, `u` as `\u00XX`, else the letter after the backslash (RFC 8259 section 7).
const ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[b'\n' as usize] = b'n';
    table[b'\t' as usize] = b't';
    table[b'\r' as usize] = b'r';
    table[0x08] = b'b';
    table[0x0c] = b'f';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

/// A whole number.
pub fn write_integer(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// The shortest digits that read back as the same double; not finite as in OData JSON 4.01 section 7.1.
pub fn write_double(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    } else if value.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else {
        out.extend_from_slice(if value > 0.0 { b"\"INF\"" } else { b"\"-INF\"" });
    }
}

/// The shortest digits without an exponent and without a fraction of zero.
pub fn write_decimal(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        return write_double(out, value);
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    match text.split_once('e') {
        None => out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes()),
        // Rust's own `Display` has the same digits and never an exponent.
        Some(_) => out.extend_from_slice(value.to_string().as_bytes()),
    }
}

/// A day of a year of four digits, without quotes.
pub fn write_day(out: &mut Vec<u8>, year: u32, month: u32, day: u32) {
    let mut text = *b"0000-00-00";
    digits(&mut text[..4], year);
    digits(&mut text[5..7], month);
    digits(&mut text[8..], day);
    out.extend_from_slice(&text);
}

/// A time of day with as many digits of its fraction as it has, without quotes.
pub fn write_clock(out: &mut Vec<u8>, hour: u32, minute: u32, second: u32, micros: u32) {
    let mut text = *b"00:00:00.000000";
    digits(&mut text[..2], hour);
    digits(&mut text[3..5], minute);
    digits(&mut text[6..8], second);
    digits(&mut text[9..], micros);
    let zeros = text.iter().rev().take_while(|byte| **byte == b'0').count();
    out.extend_from_slice(&text[..if micros == 0 { 8 } else { text.len() - zeros }]);
}

/// What ends with digits, without those that a fraction ends with and that say nothing.
pub fn without_zeros(digits: &[u8]) -> &[u8] {
    if !digits.contains(&b'.') {
        return digits;
    }
    let zeros = digits.iter().rev().take_while(|digit| **digit == b'0').count();
    let digits = &digits[..digits.len() - zeros];
    digits.strip_suffix(b".").unwrap_or(digits)
}

/// The last digits of a number, as many as there is room for.
pub fn digits(room: &mut [u8], mut number: u32) {
    for byte in room.iter_mut().rev() {
        *byte = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Text in UTF-8, with as few escapes as JSON allows.
pub fn write_text(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'"');
    let mut rest = value;
    while let Some(position) = first_escape(rest) {
        let (plain, tail) = rest.split_at(position);
        out.extend_from_slice(plain);
        let byte = tail[0];
        match ESCAPES[usize::from(byte)] {
            b'u' => {
                out.extend_from_slice(b"\\u00");
                out.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
            }
            letter => out.extend([b'\\', letter]),
        }
        rest = &tail[1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Where the first byte lies that cannot stand for itself.
fn first_escape(bytes: &[u8]) -> Option<usize> {
    // Sixteen bytes at a time without a branch, which compiles to vector instructions.
    let (chunks, _) = bytes.as_chunks::<16>();
    let special = |byte: &u8| (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\');
    let clean = |chunk: &&[u8; 16]| !chunk.iter().fold(false, |any, byte| any | special(byte));
    let skipped = chunks.iter().take_while(clean).count() * 16;
    let position = bytes[skipped..].iter().position(|byte| ESCAPES[usize::from(*byte)] != 0)?;
    Some(skipped + position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_that_say_nothing() {
        for (text, expected) in [
            ("10", "10"),
            ("1.50", "1.5"),
            ("-0.00", "-0"),
            ("12:00:00.120", "12:00:00.12"),
            ("0.05", "0.05"),
        ] {
            assert_eq!(without_zeros(text.as_bytes()), expected.as_bytes(), "{text}");
        }
    }

    #[test]
    fn decimals_are_plain() {
        for (value, expected) in [
            (12.5, "12.5"),
            (0.1 + 0.2, "0.30000000000000004"),
            (100.0, "100"),
            (-0.01, "-0.01"),
            (1e21, "1000000000000000000000"),
            (1e-9, "0.000000001"),
            (-1.5e-7, "-0.00000015"),
            (999_999.99, "999999.99"),
        ] {
            let mut out = Vec::new();
            write_decimal(&mut out, value);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{value:?}");
        }
    }

    #[test]
    fn days_and_times_have_the_digits_they_need() {
        for (clock, expected) in [
            ([0, 0, 0, 0], "00:00:00"),
            ([23, 59, 58, 120_000], "23:59:58.12"),
            ([1, 2, 30, 7], "01:02:30.000007"),
            ([1, 2, 0, 999_999], "01:02:00.999999"),
        ] {
            let mut out = Vec::new();
            let [hour, minute, second, micros] = clock;
            write_clock(&mut out, hour, minute, second, micros);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{clock:?}");
        }
        let mut out = Vec::new();
        write_day(&mut out, 987, 6, 5);
        assert_eq!(out, b"0987-06-05");
    }

    #[test]
    fn doubles_are_shortest() {
        for (value, expected) in [
            (0.1, "0.1"),
            (3.0, "3.0"),
            (-2.5, "-2.5"),
            (f64::INFINITY, "\"INF\""),
            (f64::NEG_INFINITY, "\"-INF\""),
            (f64::NAN, "\"NaN\""),
        ] {
            let mut out = Vec::new();
            write_double(&mut out, value);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{value:?}");
        }
    }

    #[test]
    fn texts_are_escaped_as_little_as_json_allows() {
        for (value, expected) in [
            ("", r#""""#),
            ("plain", r#""plain""#),
            ("a\"b", r#""a\"b""#),
            ("C:\\", r#""C:\\""#),
            ("\n\t\r\u{8}\u{c}", r#""\n\t\r\b\f""#),
            ("\0\u{1}\u{1f}", r#""\u0000\u0001\u001f""#),
            ("a text of more than sixteen bytes\\", r#""a text of more than sixteen bytes\\""#),
            ("</é東🎂\u{7f}", "\"</é東🎂\u{7f}\""),
        ] {
            let mut out = Vec::new();
            write_text(&mut out, value.as_bytes());
            assert_eq!(String::from_utf8_lossy(&out), expected, "{value:?}");
            let read: String = serde_json::from_slice(&out).expect(value);
            assert_eq!(read, value);
        }
    }
}
