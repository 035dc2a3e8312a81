//! The position of a row in a result: the values it is ordered by, as bytes that can be kept.

use nextlink_odata::value::Value;

use crate::tree::{Param, ParamForm};

/// Writes values as a driver read them.
pub fn to_bytes(values: &[Param]) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.len() * 10);
    for Param { value, form } in values {
        let raw = if *form == ParamForm::Raw { RAW } else { 0 };
        match value {
            Value::Null => out.push(raw),
            Value::Boolean(truth) => out.extend([raw | 1, u8::from(*truth)]),
            Value::Integer(number) => fixed(&mut out, raw | 2, number.to_le_bytes()),
            Value::Double(number) => fixed(&mut out, raw | 3, number.to_le_bytes()),
            Value::Decimal(text) => run(&mut out, raw | 4, text.as_bytes()),
            // Nothing is ordered by shapes.
            Value::String(text) | Value::Shape { text, .. } => run(&mut out, raw | 5, text.as_bytes()),
            Value::Date(text) => run(&mut out, raw | 6, text.as_bytes()),
            Value::TimeOfDay(text) => run(&mut out, raw | 7, text.as_bytes()),
            Value::DateTimeOffset(text) => run(&mut out, raw | 8, text.as_bytes()),
            Value::Duration(text) => run(&mut out, raw | 9, text.as_bytes()),
            Value::Guid(text) => run(&mut out, raw | 10, text.as_bytes()),
            Value::Binary(bytes) => run(&mut out, raw | 11, bytes),
        }
    }
    out
}

/// Marks values in the database's own form.
const RAW: u8 = 0x80;

fn fixed(out: &mut Vec<u8>, tag: u8, bytes: [u8; 8]) {
    out.push(tag);
    out.extend(bytes);
}

fn run(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    // No value is longer than what a database holds in one cell.
    out.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(bytes);
}

/// Reads what [`to_bytes`] wrote. None for any other bytes.
pub fn from_bytes(mut bytes: &[u8]) -> Option<Vec<Param>> {
    let mut values = Vec::new();
    while let Some((tag, rest)) = bytes.split_first() {
        let form = if tag & RAW == 0 { ParamForm::Native } else { ParamForm::Raw };
        let (value, rest) = read(tag & !RAW, rest)?;
        values.push(Param { value, form });
        bytes = rest;
    }
    Some(values)
}

fn read(tag: u8, bytes: &[u8]) -> Option<(Value, &[u8])> {
    if tag == 0 {
        return Some((Value::Null, bytes));
    }
    if tag == 1 {
        let (truth, rest) = bytes.split_first()?;
        return Some((Value::Boolean(*truth != 0), rest));
    }
    if tag <= 3 {
        let (number, rest) = bytes.split_first_chunk::<8>()?;
        let value = match tag {
            2 => Value::Integer(i64::from_le_bytes(*number)),
            _ => Value::Double(f64::from_le_bytes(*number)),
        };
        return Some((value, rest));
    }
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (held, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    if tag == 11 {
        return Some((Value::Binary(held.to_vec()), rest));
    }
    let text = std::str::from_utf8(held).ok()?.to_owned();
    let value = match tag {
        4 => Value::Decimal(text),
        5 => Value::String(text),
        6 => Value::Date(text),
        7 => Value::TimeOfDay(text),
        8 => Value::DateTimeOffset(text),
        9 => Value::Duration(text),
        10 => Value::Guid(text),
        _ => return None,
    };
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_round_trip_and_other_bytes_are_none() {
        let text = |make: fn(String) -> Value| make("é 1".to_owned());
        let values = [
            Value::Null,
            Value::Boolean(true),
            Value::Integer(i64::MIN),
            Value::Double(-0.5),
            text(Value::Decimal),
            text(Value::String),
            text(Value::Date),
            text(Value::TimeOfDay),
            text(Value::DateTimeOffset),
            text(Value::Duration),
            text(Value::Guid),
            Value::Binary(vec![0, 255]),
            Value::String(String::new()),
        ];
        for form in [ParamForm::Native, ParamForm::Raw] {
            let params: Vec<Param> =
                values.iter().map(|value| Param { value: value.clone(), form }).collect();
            let bytes = to_bytes(&params);
            assert_eq!(from_bytes(&bytes), Some(params));
            for value in &values {
                let bytes = to_bytes(&[Param { value: value.clone(), form }]);
                for cut in 1..bytes.len() {
                    assert_eq!(from_bytes(&bytes[..cut]), None, "{value:?} cut at {cut}");
                }
            }
        }
        assert_eq!(from_bytes(&[]), Some(Vec::new()));
        for bytes in [&[12, 0, 0, 0, 0][..], &[5, 1, 0, 0, 0, 255], &[5, 255, 255, 255, 255, 1]] {
            assert_eq!(from_bytes(bytes), None, "{bytes:?}");
        }
    }
}
