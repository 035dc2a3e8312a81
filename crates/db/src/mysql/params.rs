//! A parameter as it travels to the server.

use mysql_async::Value as Sent;
use nextlink_odata::temporal::{Date, Time};
use nextlink_odata::value::Value;
use nextlink_sql::tree::{Param, ParamForm};

/// Digits of a fraction of a second that the server knows.
const FRACTION: u64 = 1_000_000;

/// A parameter in the protocol's type for its value: texts, exact numbers and bytes as bytes.
pub(super) fn sent(param: &Param) -> Sent {
    match (&param.value, param.form) {
        (Value::Null, _) => Sent::NULL,
        (Value::Boolean(truth), _) => Sent::Int(i64::from(*truth)),
        (Value::Integer(number), ParamForm::Text) => Sent::Bytes(number.to_string().into_bytes()),
        (Value::Integer(number), _) => Sent::Int(*number),
        (Value::Double(number), _) => Sent::Double(*number),
        (Value::Guid(text), ParamForm::Blob) => match uuid::Uuid::try_parse(text) {
            Ok(id) => Sent::Bytes(id.as_bytes().to_vec()),
            Err(_) => text_sent(text),
        },
        (Value::Date(text), ParamForm::Native) => date_sent(text),
        (Value::DateTimeOffset(text), ParamForm::Native) => instant_sent(text),
        (Value::Binary(bytes), _) => Sent::Bytes(bytes.clone()),
        (
            Value::Decimal(text)
            | Value::String(text)
            | Value::Date(text)
            | Value::TimeOfDay(text)
            | Value::DateTimeOffset(text)
            | Value::Duration(text)
            | Value::Guid(text),
            _,
        ) => text_sent(text),
    }
}

fn text_sent(text: &str) -> Sent {
    Sent::Bytes(text.as_bytes().to_vec())
}

fn date_sent(text: &str) -> Sent {
    match Date::parse(text) {
        Some(date) => Sent::Date(date.year as u16, date.month as u8, date.day as u8, 0, 0, 0, 0),
        None => text_sent(text),
    }
}

/// `YYYY-MM-DDThh:mm:ss.f`; what has more digits than the server knows is left to the server.
fn instant_sent(text: &str) -> Sent {
    let read = text.split_once('T').and_then(|(day, time)| Some((Date::parse(day)?, Time::parse(time)?)));
    match read {
        Some((date, time)) if time.picos % FRACTION == 0 => Sent::Date(
            date.year as u16,
            date.month as u8,
            date.day as u8,
            (time.seconds / 3600) as u8,
            (time.seconds / 60 % 60) as u8,
            (time.seconds % 60) as u8,
            (time.picos / FRACTION) as u32,
        ),
        _ => text_sent(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let text = |t: &str| Sent::Bytes(t.as_bytes().to_vec());
        let id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
        for (value, form, expected) in [
            (Value::Null, ParamForm::Native, Sent::NULL),
            (Value::Boolean(true), ParamForm::Native, Sent::Int(1)),
            (Value::Integer(-7), ParamForm::Native, Sent::Int(-7)),
            (Value::Integer(-7), ParamForm::Text, text("-7")),
            (Value::Decimal("1.50".into()), ParamForm::Native, text("1.50")),
            (Value::Double(0.5), ParamForm::Native, Sent::Double(0.5)),
            (Value::String("ä`'\\".into()), ParamForm::Native, text("ä`'\\")),
            (Value::Date("2024-02-29".into()), ParamForm::Native, Sent::Date(2024, 2, 29, 0, 0, 0, 0)),
            (Value::Date("2024-02-29".into()), ParamForm::Text, text("2024-02-29")),
            (
                Value::DateTimeOffset("9999-12-31T23:59:59.999999".into()),
                ParamForm::Native,
                Sent::Date(9999, 12, 31, 23, 59, 59, 999_999),
            ),
            (
                Value::DateTimeOffset("2024-02-29T00:00:00".into()),
                ParamForm::Native,
                Sent::Date(2024, 2, 29, 0, 0, 0, 0),
            ),
            (
                Value::DateTimeOffset("2024-02-29T00:00:00.0000001".into()),
                ParamForm::Native,
                text("2024-02-29T00:00:00.0000001"),
            ),
            (Value::TimeOfDay("23:59:59.5".into()), ParamForm::Native, text("23:59:59.5")),
            (Value::Duration("-90.5".into()), ParamForm::Native, text("-90.5")),
            (Value::Guid(id.into()), ParamForm::Native, text(id)),
            (Value::Guid(id.into()), ParamForm::Blob, {
                let bytes = [
                    0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0, 0xc0, 0x4f, 0xd4, 0x30,
                    0xc8,
                ];
                Sent::Bytes(bytes.to_vec())
            }),
            (Value::Binary(vec![0, 255]), ParamForm::Native, Sent::Bytes(vec![0, 255])),
        ] {
            assert_eq!(sent(&Param { value: value.clone(), form }), expected, "{value:?} as {form:?}");
        }
    }
}
