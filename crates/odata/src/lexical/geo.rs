//! The well-known text of geographies and geometries, as the grammar of OData writes it (section 7).

use super::{Malformed, Scan, malformed, scan_decimal, scan_digits};

/// How deep collections of geometries may nest in each other.
const MAX_COLLECTION_DEPTH: u32 = 16;

/// `fullCollectionLiteral`, `fullPointLiteral`, …: `SRID=0;Point(1 2)`.
///
/// # Errors
/// The first byte that does not fit.
pub fn geo(text: &str) -> Result<(), Malformed> {
    match scan_geo(text.as_bytes(), 0)? {
        end if end == text.len() => Ok(()),
        end => malformed(end, "the end of the value"),
    }
}

/// `"SRID" "=" digits ";"` and a shape.
pub(crate) fn scan_geo(bytes: &[u8], pos: usize) -> Scan {
    let start = text(bytes, pos, b"SRID=", "SRID=")?;
    let end = scan_digits(bytes, start)?;
    if end - start > 5 {
        return malformed(start + 5, "at most five digits");
    }
    shape(bytes, text(bytes, end, b";", ";")?, MAX_COLLECTION_DEPTH)
}

/// Any shape, without its reference system.
fn shape(bytes: &[u8], pos: usize, depth: u32) -> Scan {
    let end = pos + bytes.iter().skip(pos).take_while(|byte| byte.is_ascii_alphabetic()).count();
    match bytes.get(pos..end).unwrap_or_default().to_ascii_lowercase().as_slice() {
        b"point" => point(bytes, end),
        b"linestring" => line(bytes, end),
        b"polygon" => list(bytes, end, 1, |bytes, pos| list(bytes, pos, 1, position)),
        b"multipoint" => list(bytes, end, 0, point),
        b"multilinestring" => list(bytes, end, 0, line),
        b"multipolygon" => {
            list(bytes, end, 0, |bytes, pos| list(bytes, pos, 1, |bytes, pos| list(bytes, pos, 1, position)))
        }
        b"geometrycollection" if depth > 0 => list(bytes, end, 1, |bytes, pos| shape(bytes, pos, depth - 1)),
        b"geometrycollection" => malformed(pos, "collections nested less deeply"),
        _ => malformed(pos, "the name of a shape such as Point"),
    }
}

/// `(1 2)`
fn point(bytes: &[u8], pos: usize) -> Scan {
    text(bytes, position(bytes, text(bytes, pos, b"(", "(")?)?, b")", ")")
}

/// `(1 2,3 4)`, two positions or more.
fn line(bytes: &[u8], pos: usize) -> Scan {
    list(bytes, pos, 2, position)
}

/// Two to four numbers with one space between.
fn position(bytes: &[u8], pos: usize) -> Scan {
    let mut end = scan_decimal(bytes, text(bytes, scan_decimal(bytes, pos)?, b" ", "a space")?)?;
    for _ in 0..2 {
        if bytes.get(end) == Some(&b' ') {
            end = scan_decimal(bytes, end + 1)?;
        }
    }
    Ok(end)
}

/// `least` items or more in parentheses, with commas between.
fn list(bytes: &[u8], pos: usize, least: usize, item: impl Fn(&[u8], usize) -> Scan) -> Scan {
    let mut end = text(bytes, pos, b"(", "(")?;
    if least == 0 && bytes.get(end) == Some(&b')') {
        return Ok(end + 1);
    }
    let mut count = 0;
    loop {
        end = item(bytes, end)?;
        count += 1;
        match bytes.get(end) {
            Some(b',') => end += 1,
            Some(b')') if count >= least => return Ok(end + 1),
            _ if count < least => return malformed(end, ","),
            _ => return malformed(end, ", or )"),
        }
    }
}

/// A given text, in any case.
fn text(bytes: &[u8], pos: usize, wanted: &[u8], expected: &'static str) -> Scan {
    match bytes.get(pos..pos + wanted.len()) {
        Some(found) if found.eq_ignore_ascii_case(wanted) => Ok(pos + wanted.len()),
        _ => malformed(pos, expected),
    }
}
