//! A value of the server becomes a typed cell, or is refused where it does not fit the type it is served as.

use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Column, Value as Got};
use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::rows::RowSink;
use nextlink_odata::temporal::{Date, duration_text, parse_seconds};
use nextlink_sql::statement::ResultColumn;

/// Characters of a value that an error shows.
const SHOWN: usize = 40;

/// The value does not fit.
#[derive(Debug)]
pub(super) struct Misfit;

/// Pushes a value into the sink. `wire` is what the server says of the column.
#[inline]
pub(super) fn push<S: RowSink>(
    sink: &mut S,
    column: &ResultColumn,
    wire: &Column,
    value: &Got,
) -> Result<(), Misfit> {
    match (column.primitive, value) {
        (_, Got::NULL) => sink.null(),
        (P::String, Got::Bytes(bytes)) if bytes.is_empty() => empty(sink, column, wire)?,
        (P::String, Got::Bytes(bytes)) => {
            if !sink.string_bytes(bytes) {
                return Err(Misfit);
            }
        }
        (P::Boolean, Got::Int(number)) => sink.boolean(*number != 0),
        (P::Boolean, Got::UInt(number)) => sink.boolean(*number != 0),
        (P::Boolean, Got::Bytes(bytes)) => sink.boolean(bits(bytes, wire)? != 0),
        (P::Decimal, Got::Bytes(bytes)) if wire.column_type() == ColumnType::MYSQL_TYPE_BIT => {
            sink.decimal(itoa::Buffer::new().format(bits(bytes, wire)?));
        }
        (P::Decimal, Got::Bytes(bytes)) => sink.decimal(digits(bytes)?),
        (P::Decimal, Got::Int(number)) => sink.decimal(itoa::Buffer::new().format(*number)),
        (P::Decimal, Got::UInt(number)) => sink.decimal(itoa::Buffer::new().format(*number)),
        (primitive, Got::Int(number)) if primitive.is_integer() => integer(sink, primitive, *number)?,
        (primitive, Got::UInt(number)) if primitive.is_integer() => {
            integer(sink, primitive, i64::try_from(*number).map_err(|_| Misfit)?)?;
        }
        (P::Int64, Got::Bytes(bytes)) => {
            sink.integer(i64::try_from(bits(bytes, wire)?).map_err(|_| Misfit)?);
        }
        (P::Double, Got::Double(number)) => sink.double(*number),
        (P::Double, Got::Float(number)) => sink.double(f64::from(*number)),
        (P::Single, Got::Float(number)) => sink.single(*number),
        (P::Single, Got::Double(number)) => sink.single(*number as f32),
        (P::Binary, Got::Bytes(bytes)) => sink.binary(bytes),
        (P::Date | P::DateTimeOffset, Got::Date(year, month, day, ..))
            if *year == 0 || *month == 0 || *day == 0 =>
        {
            no_date(sink, column)?;
        }
        (P::Date, Got::Date(year, month, day, 0, 0, 0, 0)) => {
            exists(*year, *month, *day)?;
            let mut text = Text::default();
            text.date(*year, *month, *day);
            sink.plain(text.written());
        }
        (P::DateTimeOffset, Got::Date(year, month, day, hour, minute, second, micros)) => {
            exists(*year, *month, *day)?;
            let mut text = Text::default();
            text.date(*year, *month, *day);
            text.push(b'T');
            text.clock(*hour, *minute, *second);
            text.fraction(*micros);
            text.push(b'Z');
            sink.plain(text.written());
        }
        (P::Duration, Got::Time(negative, days, hours, minutes, seconds, micros)) => {
            let mut text = Text::default();
            text.duration(*negative, *days, [*hours, *minutes, *seconds], *micros);
            sink.plain(text.written());
        }
        // What is computed of points in time is seconds.
        (P::Duration, Got::Bytes(bytes)) => {
            let picos = std::str::from_utf8(bytes).ok().and_then(parse_seconds).ok_or(Misfit)?;
            sink.plain(duration_text(picos).as_bytes());
        }
        (P::TimeOfDay, Got::Time(false, 0, hours, minutes, seconds, micros)) => {
            let mut text = Text::default();
            text.clock(*hours, *minutes, *seconds);
            text.fraction(*micros);
            sink.plain(text.written());
        }
        (P::Guid, Got::Bytes(bytes)) => guid(sink, bytes)?,
        (P::Shape(..), Got::Bytes(bytes)) => shape(sink, bytes)?,
        _ => return Err(Misfit),
    }
    Ok(())
}

/// A text without a character. A set without a member is a number, as no name stands for it; an enumeration that holds
/// none of its members has got something that was refused, and so holds nothing.
fn empty<S: RowSink>(sink: &mut S, column: &ResultColumn, wire: &Column) -> Result<(), Misfit> {
    if wire.flags().contains(ColumnFlags::SET_FLAG) {
        sink.string("0");
    } else if !wire.flags().contains(ColumnFlags::ENUM_FLAG) {
        sink.string("");
    } else if column.nullable {
        sink.null();
    } else {
        return Err(Misfit);
    }
    Ok(())
}

/// GeoJSON, without the spaces that MariaDB puts between its parts: no name of it has one.
fn shape<S: RowSink>(sink: &mut S, bytes: &[u8]) -> Result<(), Misfit> {
    sink.shape(&std::str::from_utf8(bytes).map_err(|_| Misfit)?.replace(' ', ""));
    Ok(())
}

fn integer<S: RowSink>(sink: &mut S, primitive: P, number: i64) -> Result<(), Misfit> {
    let fits = match primitive {
        P::Byte => u8::try_from(number).is_ok(),
        P::SByte => i8::try_from(number).is_ok(),
        P::Int16 => i16::try_from(number).is_ok(),
        P::Int32 => i32::try_from(number).is_ok(),
        _ => true,
    };
    if !fits {
        return Err(Misfit);
    }
    sink.integer(number);
    Ok(())
}

/// A value of type BIT: its bytes, the most significant first.
fn bits(bytes: &[u8], wire: &Column) -> Result<u64, Misfit> {
    if wire.column_type() != ColumnType::MYSQL_TYPE_BIT || bytes.len() > 8 {
        return Err(Misfit);
    }
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Exact digits. Columns with ZEROFILL have zeros in front, and columns with a scale zeros at the end, which a number has
/// not.
fn digits(bytes: &[u8]) -> Result<&str, Misfit> {
    let text = std::str::from_utf8(bytes).map_err(|_| Misfit)?;
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    if text.starts_with('0') && text.len() > 1 && !text.starts_with("0.") {
        let rest = text.trim_start_matches('0');
        let whole = !rest.is_empty() && !rest.starts_with('.');
        // One zero stays where there is nothing else in front of the point.
        return Ok(if whole { rest } else { &text[text.len() - rest.len() - 1..] });
    }
    Ok(text)
}

fn guid<S: RowSink>(sink: &mut S, bytes: &[u8]) -> Result<(), Misfit> {
    let id = match bytes.len() {
        16 => uuid::Uuid::from_slice(bytes),
        36 => uuid::Uuid::try_parse_ascii(bytes),
        _ => return Err(Misfit),
    };
    let id = id.map_err(|_| Misfit)?;
    sink.plain(id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).as_bytes());
    Ok(())
}

/// A date without a year, a month or a day is none. The server lets a column hold it that refuses null.
fn no_date<S: RowSink>(sink: &mut S, column: &ResultColumn) -> Result<(), Misfit> {
    if !column.nullable {
        return Err(Misfit);
    }
    sink.null();
    Ok(())
}

/// The server can be told to take a 31st of February.
fn exists(year: u16, month: u8, day: u8) -> Result<(), Misfit> {
    let date = Date { year: i32::from(year), month: u32::from(month), day: u32::from(day) };
    (Date::from_days(date.days()) == Some(date)).then_some(()).ok_or(Misfit)
}

/// A short text that is put together without an allocation.
struct Text {
    bytes: [u8; 48],
    length: usize,
}

impl Default for Text {
    fn default() -> Text {
        Text { bytes: [0; 48], length: 0 }
    }
}

impl Text {
    fn written(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    fn two(&mut self, number: u8) {
        self.push(b'0' + number / 10 % 10);
        self.push(b'0' + number % 10);
    }

    fn number(&mut self, number: u32) {
        let mut buffer = itoa::Buffer::new();
        for byte in buffer.format(number).bytes() {
            self.push(byte);
        }
    }

    fn date(&mut self, year: u16, month: u8, day: u8) {
        self.two((year / 100 % 100) as u8);
        self.two((year % 100) as u8);
        self.push(b'-');
        self.two(month);
        self.push(b'-');
        self.two(day);
    }

    fn clock(&mut self, hour: u8, minute: u8, second: u8) {
        self.two(hour);
        self.push(b':');
        self.two(minute);
        self.push(b':');
        self.two(second);
    }

    /// A point and digits without zeros at the end; nothing where there is no fraction.
    fn fraction(&mut self, micros: u32) {
        if micros == 0 {
            return;
        }
        self.push(b'.');
        let mut rest = micros % 1_000_000;
        let mut unit = 100_000;
        while rest > 0 {
            self.push(b'0' + (rest / unit) as u8);
            rest %= unit;
            unit /= 10;
        }
    }

    /// As in `-P1DT2H3M4.5S`; nothing at all is `PT0S`.
    fn duration(&mut self, negative: bool, days: u32, clock: [u8; 3], micros: u32) {
        let [hours, minutes, seconds] = clock;
        let empty = days == 0 && clock == [0; 3] && micros == 0;
        if negative && !empty {
            self.push(b'-');
        }
        self.push(b'P');
        if days > 0 {
            self.number(days);
            self.push(b'D');
        }
        if clock != [0; 3] || micros > 0 || empty {
            self.push(b'T');
        }
        for (count, unit) in [(hours, b'H'), (minutes, b'M')] {
            if count > 0 {
                self.number(u32::from(count));
                self.push(unit);
            }
        }
        if seconds > 0 || micros > 0 || empty {
            self.number(u32::from(seconds));
            self.fraction(micros);
            self.push(b'S');
        }
    }
}

/// A value for an error message: its kind, and its start where it is text or a number.
pub(super) fn shown(value: &Got) -> String {
    match value {
        Got::NULL => "null".to_owned(),
        Got::Int(number) => format!("the number {number}"),
        Got::UInt(number) => format!("the number {number}"),
        Got::Float(number) => format!("the number {number}"),
        Got::Double(number) => format!("the number {number}"),
        Got::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => format!("the text '{}'", text.chars().take(SHOWN).collect::<String>()),
            Err(_) => format!("{} bytes", bytes.len()),
        },
        Got::Date(year, month, day, ..) => format!("the date {year:04}-{month:02}-{day:02}"),
        Got::Time(..) => "a time".to_owned(),
    }
}
