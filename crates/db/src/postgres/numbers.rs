//! `numeric` of the wire and decimal digits. The wire has groups of four digits, the weight of the first group, and
//! the number of digits behind the point.

use bytes::{BufMut, BytesMut};

const NEGATIVE: u16 = 0x4000;
const NOT_A_NUMBER: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;
/// Digits behind the point that a `numeric` can have.
const GREATEST_SCALE: usize = 16_383;

/// What a `numeric` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numeric {
    /// Digits, which were written.
    Digits,
    /// A value that has no digits, by its name in OData.
    Named(&'static str),
}

/// Writes the digits of a value, without zeros that say nothing. None where it is malformed.
pub fn read(value: &[u8], out: &mut String) -> Option<Numeric> {
    let (header, groups) = value.split_first_chunk::<8>()?;
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let (count, weight, sign) = (usize::from(word(0)), word(2) as i16, word(4));
    let (groups, []) = groups.as_chunks::<2>() else {
        return None;
    };
    if groups.len() != count {
        return None;
    }
    match sign {
        0 => {}
        NEGATIVE => out.push('-'),
        NOT_A_NUMBER => return Some(Numeric::Named("NaN")),
        INFINITY => return Some(Numeric::Named("INF")),
        NEGATIVE_INFINITY => return Some(Numeric::Named("-INF")),
        _ => return None,
    }
    let group = |at: i32| {
        let found = usize::try_from(at).ok().and_then(|at| groups.get(at));
        found.map_or(0, |bytes| u16::from_be_bytes(*bytes))
    };
    let weight = i32::from(weight);
    if weight < 0 {
        out.push('0');
    } else {
        out.push_str(itoa::Buffer::new().format(group(0)));
        (1..=weight).for_each(|at| push_group(out, group(at)));
    }
    let last = count as i32;
    if last > weight + 1 {
        out.push('.');
        (weight + 1..last).for_each(|at| push_group(out, group(at)));
        out.truncate(out.trim_end_matches('0').trim_end_matches('.').len());
    }
    Some(Numeric::Digits)
}

fn push_group(out: &mut String, group: u16) {
    for scale in [1000, 100, 10, 1] {
        out.push(char::from(b'0' + (group / scale % 10) as u8));
    }
}

/// Groups of four digits that the server takes in one parameter (`numeric_recv`).
const MOST_GROUPS: usize = 3_000;

/// Writes a number, given as digits with an optional sign and point, as the wire has it. None where it is none, or
/// has more digits than a parameter can have.
pub fn write(text: &str, out: &mut BytesMut) -> Option<()> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (NEGATIVE, rest),
        None => (0, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let is_number = digits.bytes().any(|b| b.is_ascii_digit()) && all_digits(whole) && all_digits(fraction);
    if !is_number || fraction.len() > GREATEST_SCALE {
        return None;
    }
    let before = whole.len().div_ceil(4);
    let digit = |at: usize, part: &str| part.as_bytes().get(at).map_or(0, |b| u16::from(b - b'0'));
    let mut groups: Vec<u16> = Vec::with_capacity(before + fraction.len().div_ceil(4));
    let padding = before * 4 - whole.len();
    for start in (0..before * 4).step_by(4) {
        let value = |at: usize| (start + at).checked_sub(padding).map_or(0, |at| digit(at, whole));
        groups.push((0..4).fold(0, |group, at| group * 10 + value(at)));
    }
    for start in (0..fraction.len()).step_by(4) {
        groups.push((start..start + 4).fold(0, |group, at| group * 10 + digit(at, fraction)));
    }
    let empty = groups.iter().take_while(|group| **group == 0).count();
    let kept = &groups[empty..];
    let kept = &kept[..kept.len() - kept.iter().rev().take_while(|group| **group == 0).count()];
    let weight = if kept.is_empty() { 0 } else { before as i64 - 1 - empty as i64 };
    if kept.len() > MOST_GROUPS {
        return None;
    }
    out.put_i16(kept.len() as i16);
    out.put_i16(i16::try_from(weight).ok()?);
    out.put_u16(if kept.is_empty() { 0 } else { sign });
    out.put_u16(fraction.len() as u16);
    kept.iter().for_each(|group| out.put_u16(*group));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_become_groups_and_come_back() {
        let long = ["1".repeat(8_000), ".".to_owned(), "2".repeat(4_000)].concat();
        for (text, written) in [
            ("0", "0"),
            ("-0.000", "0"),
            ("00012.500", "12.5"),
            ("-12345678.00012", "-12345678.00012"),
            ("+7", "7"),
            ("0.00001", "0.00001"),
            ("0.12345", "0.12345"),
            (".5", "0.5"),
            ("5.", "5"),
            ("100000000", "100000000"),
            ("9999.9999", "9999.9999"),
            (long.as_str(), long.as_str()),
        ] {
            let mut wire = BytesMut::new();
            assert_eq!(write(text, &mut wire), Some(()), "{text}");
            let mut back = String::new();
            assert_eq!(read(&wire, &mut back), Some(Numeric::Digits), "{text}");
            assert_eq!(back, written, "{text}");
        }
        let too_long = ["0.", &"1".repeat(16_384)].concat();
        for bad in ["", "-", "1e5", "1.2.3", "abc", too_long.as_str()] {
            assert_eq!(write(bad, &mut BytesMut::new()), None, "{bad}");
        }
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let head = |count: i16, sign: u16| {
            let mut wire = BytesMut::new();
            wire.put_i16(count);
            wire.put_i16(0);
            wire.put_u16(sign);
            wire.put_u16(0);
            wire
        };
        for (wire, expected) in [
            (head(0, NOT_A_NUMBER), Some(Numeric::Named("NaN"))),
            (head(0, INFINITY), Some(Numeric::Named("INF"))),
            (head(0, NEGATIVE_INFINITY), Some(Numeric::Named("-INF"))),
            (head(0, 0), Some(Numeric::Digits)),
            (head(1, 0), None),
            (head(0, 0x1234), None),
            (BytesMut::from(&[0u8; 7][..]), None),
        ] {
            assert_eq!(read(&wire, &mut String::new()), expected, "{wire:?}");
        }
    }
}
