//! A parameter as it travels to the server, and what came from there as a parameter.

use mysql_async::consts::ColumnType;
use mysql_async::{Row, Value as Sent};
use nextlink_odata::temporal::{Date, PICOS, Time, parse_seconds};
use nextlink_odata::value::Value;
use nextlink_sql::tree::{Param, ParamForm};

/// Picoseconds of the shortest time that the server knows.
const FRACTION: u64 = 1_000_000;
/// Seconds of a day.
const DAY: u128 = 86_400;
/// Whole days that a value of type TIME has at most.
const MOST_DAYS: u32 = 34;
/// Number of the collation of bytes.
const BINARY: u16 = 63;

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
        (Value::TimeOfDay(text), ParamForm::Native) => clock_sent(text),
        (Value::Duration(text), ParamForm::Native) => duration_sent(text),
        (Value::Binary(bytes), _) => Sent::Bytes(bytes.clone()),
        (
            Value::Decimal(text)
            | Value::String(text)
            | Value::Date(text)
            | Value::TimeOfDay(text)
            | Value::DateTimeOffset(text)
            | Value::Duration(text)
            | Value::Guid(text)
            | Value::Shape { text, .. },
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

fn clock_sent(text: &str) -> Sent {
    match Time::parse(text) {
        Some(time) if time.picos % FRACTION == 0 => {
            let [hour, minute, second] = clock(time.seconds);
            Sent::Time(false, 0, hour, minute, second, (time.picos / FRACTION) as u32)
        }
        _ => text_sent(text),
    }
}

/// Seconds with a fraction. What the server's type does not hold is left to the server.
fn duration_sent(text: &str) -> Sent {
    let Some(picos) = parse_seconds(text) else {
        return text_sent(text);
    };
    let size = picos.unsigned_abs();
    let (seconds, rest) = (size / u128::from(PICOS), (size % u128::from(PICOS)) as u64);
    let days = u32::try_from(seconds / DAY).ok().filter(|days| *days <= MOST_DAYS);
    match days {
        Some(days) if rest % FRACTION == 0 => {
            let [hour, minute, second] = clock((seconds % DAY) as u32);
            Sent::Time(picos < 0, days, hour, minute, second, (rest / FRACTION) as u32)
        }
        _ => {
            let sign = if picos < 0 { "-" } else { "" };
            let (minutes, second) = (seconds / 60, seconds % 60);
            let fraction = format!("{rest:012}");
            let text = format!("{sign}{}:{:02}:{second:02}.{fraction}", minutes / 60, minutes % 60);
            Sent::Bytes(text.into_bytes())
        }
    }
}

fn clock(seconds: u32) -> [u8; 3] {
    [seconds / 3600, seconds / 60 % 60, seconds % 60].map(|part| part as u8)
}

/// A value as it came, to be sent again: bits as the number that they are.
pub(super) fn again(row: &Row, column: usize) -> Sent {
    match row.as_ref(column) {
        Some(Sent::Bytes(bytes)) if is(row, column, ColumnType::MYSQL_TYPE_BIT) => Sent::UInt(bits(bytes)),
        Some(value) => value.clone(),
        None => Sent::NULL,
    }
}

/// A value that came as a parameter with which its column is compared.
pub(super) fn of_cell(row: &Row, column: usize) -> Param {
    let value = match again(row, column) {
        Sent::NULL => Value::Null,
        Sent::Int(number) => Value::Integer(number),
        Sent::UInt(number) => match i64::try_from(number) {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Decimal(number.to_string()),
        },
        Sent::Float(number) => Value::Double(f64::from(number)),
        Sent::Double(number) => Value::Double(number),
        Sent::Bytes(bytes) => of_bytes(row, column, bytes),
        Sent::Date(year, month, day, hour, minute, second, micros) => {
            let day = format!("{year:04}-{month:02}-{day:02}");
            if is(row, column, ColumnType::MYSQL_TYPE_DATE) {
                Value::Date(day)
            } else {
                Value::DateTimeOffset(format!("{day}T{hour:02}:{minute:02}:{second:02}.{micros:06}"))
            }
        }
        Sent::Time(negative, days, hours, minutes, seconds, micros) => {
            let clock = (u32::from(hours) * 60 + u32::from(minutes)) * 60 + u32::from(seconds);
            let total = u64::from(days) * DAY as u64 + u64::from(clock);
            Value::Duration(format!("{}{total}.{micros:06}", if negative { "-" } else { "" }))
        }
    };
    Param { value, form: ParamForm::Native }
}

fn of_bytes(row: &Row, column: usize, bytes: Vec<u8>) -> Value {
    let exact = [ColumnType::MYSQL_TYPE_NEWDECIMAL, ColumnType::MYSQL_TYPE_DECIMAL];
    let number = exact.iter().any(|ty| is(row, column, *ty));
    let is_binary = row.columns_ref()[column].character_set() == BINARY;
    match String::from_utf8(bytes) {
        Ok(text) if number => Value::Decimal(text),
        Ok(text) if !is_binary => Value::String(text),
        Ok(text) => Value::Binary(text.into_bytes()),
        Err(error) => Value::Binary(error.into_bytes()),
    }
}

fn is(row: &Row, column: usize, ty: ColumnType) -> bool {
    row.columns_ref()[column].column_type() == ty
}

fn bits(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
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
            (
                Value::TimeOfDay("23:59:59.5".into()),
                ParamForm::Native,
                Sent::Time(false, 0, 23, 59, 59, 500_000),
            ),
            (Value::TimeOfDay("23:59:59.0000001".into()), ParamForm::Native, text("23:59:59.0000001")),
            (Value::Duration("-90.5".into()), ParamForm::Native, Sent::Time(true, 0, 0, 1, 30, 500_000)),
            (Value::Duration("90000".into()), ParamForm::Native, Sent::Time(false, 1, 1, 0, 0, 0)),
            (Value::Duration("-9000000".into()), ParamForm::Native, text("-2500:00:00.000000000000")),
            (Value::Duration("1.0000001".into()), ParamForm::Native, text("0:00:01.000000100000")),
            (Value::Duration("-90.5".into()), ParamForm::Text, text("-90.5")),
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
