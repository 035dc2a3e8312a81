//! Parameters as the wire takes them: binary for the types that statements give to values, text for any other.

use std::error::Error;
use std::fmt;
use std::ops::Range;

use bytes::{BufMut, BytesMut};
use nextlink_odata::value::Value;
use nextlink_sql::tree::{Param, ParamForm};
use tokio_postgres::types::{Format, IsNull, Kind, ToSql, Type};

use super::links::Links;
use super::{numbers, times};

/// A parameter of a statement.
pub enum Bound<'a> {
    /// A value of the request.
    Value(&'a Value),
    /// A value in the binary form of the type that it is compared with.
    Raw(&'a [u8]),
    /// The values of a link column in some parent rows, as an array.
    Links {
        /// Those of all parent rows.
        links: &'a Links,
        /// The number of the link column.
        column: usize,
        /// The parent rows.
        parents: Range<usize>,
    },
}

impl<'a> From<&'a Param> for Bound<'a> {
    fn from(param: &'a Param) -> Bound<'a> {
        match (&param.value, param.form) {
            (Value::Binary(bytes), ParamForm::Raw) => Bound::Raw(bytes),
            (value, _) => Bound::Value(value),
        }
    }
}

impl fmt::Debug for Bound<'_> {
    /// Says nothing of the value: it may end in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bound::Value(_) | Bound::Raw(_) => "a value",
            Bound::Links { .. } => "link values",
        })
    }
}

/// Why a parameter cannot travel.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// A value of the request is none of this type of the server.
    #[error("a value of the request is no {0} of PostgreSQL")]
    Value(String),
    /// Link values are of another type than the column that they are compared with was.
    #[error("a column that links tables has no {0} any more")]
    Links(String),
}

type Encoded = Result<IsNull, Box<dyn Error + Sync + Send>>;

impl ToSql for Bound<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Encoded {
        match self {
            Bound::Value(Value::Null) => return Ok(IsNull::Yes),
            Bound::Value(value) if is_binary(value, ty) => {
                binary(value, ty, out).ok_or_else(|| Unfit::Value(ty.name().to_owned()))?;
            }
            Bound::Value(value) => text(value, out),
            Bound::Raw(bytes) => out.put_slice(bytes),
            Bound::Links { links, column, parents } => {
                let written = match ty.kind() {
                    Kind::Array(item) => links.write_array(*column, parents.clone(), item, out),
                    _ => None,
                };
                written.ok_or_else(|| Unfit::Links(ty.name().to_owned()))?;
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(&self, ty: &Type, out: &mut BytesMut) -> Encoded {
        self.to_sql(ty, out)
    }

    fn encode_format(&self, ty: &Type) -> Format {
        match self {
            Bound::Value(value) if !is_binary(value, ty) => Format::Text,
            _ => Format::Binary,
        }
    }
}

/// Whether the value travels in the binary form of the type.
fn is_binary(value: &Value, ty: &Type) -> bool {
    match value {
        Value::Null => true,
        Value::Boolean(_) => *ty == Type::BOOL,
        Value::Integer(_) => {
            matches!(*ty, Type::INT8 | Type::INT4 | Type::INT2 | Type::FLOAT8 | Type::NUMERIC)
        }
        Value::Decimal(_) => *ty == Type::NUMERIC,
        Value::Double(_) => matches!(*ty, Type::FLOAT8 | Type::FLOAT4),
        Value::String(_) => matches!(*ty, Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME),
        Value::Date(_) => *ty == Type::DATE,
        Value::TimeOfDay(_) => *ty == Type::TIME,
        Value::DateTimeOffset(_) => matches!(*ty, Type::TIMESTAMP | Type::TIMESTAMPTZ),
        Value::Duration(_) => *ty == Type::INTERVAL,
        Value::Guid(_) => *ty == Type::UUID,
        Value::Binary(_) => *ty == Type::BYTEA,
        Value::Shape { .. } => *ty == Type::TEXT,
    }
}

fn binary(value: &Value, ty: &Type, out: &mut BytesMut) -> Option<()> {
    match value {
        Value::Null => {}
        Value::Boolean(b) => out.put_u8(u8::from(*b)),
        Value::Integer(i) => match *ty {
            Type::INT2 => out.put_i16(i16::try_from(*i).ok()?),
            Type::INT4 => out.put_i32(i32::try_from(*i).ok()?),
            Type::FLOAT8 => out.put_f64(*i as f64),
            Type::NUMERIC => numbers::write(itoa::Buffer::new().format(*i), out)?,
            _ => out.put_i64(*i),
        },
        Value::Double(d) if *ty == Type::FLOAT4 => out.put_f32(*d as f32),
        Value::Double(d) => out.put_f64(*d),
        Value::Decimal(digits) => numbers::write(digits, out)?,
        Value::String(text) | Value::Shape { text, .. } => out.put_slice(text.as_bytes()),
        Value::Date(text) => out.put_i32(times::parse_date(text)?),
        Value::TimeOfDay(text) => out.put_i64(times::parse_time(text)?),
        Value::DateTimeOffset(text) => out.put_i64(times::parse_instant(text)?),
        Value::Duration(seconds) => {
            let (micros, days, months) = times::parse_duration(seconds)?;
            out.put_i64(micros);
            out.put_i32(days);
            out.put_i32(months);
        }
        Value::Guid(text) => out.put_slice(uuid::Uuid::try_parse(text).ok()?.as_bytes()),
        Value::Binary(bytes) => out.put_slice(bytes),
    }
    Some(())
}

/// The form that the server reads for any type.
fn text(value: &Value, out: &mut BytesMut) {
    match value {
        Value::Null => {}
        Value::Boolean(b) => out.put_slice(if *b { b"true" } else { b"false" }),
        Value::Integer(i) => out.put_slice(itoa::Buffer::new().format(*i).as_bytes()),
        Value::Double(d) => out.put_slice(d.to_string().as_bytes()),
        Value::Duration(seconds) => {
            out.put_slice(seconds.as_bytes());
            out.put_slice(b" seconds");
        }
        Value::Binary(bytes) => {
            out.put_slice(b"\\x");
            for byte in bytes {
                for nibble in [byte >> 4, byte & 15] {
                    out.put_u8(b"0123456789abcdef"[usize::from(nibble)]);
                }
            }
        }
        Value::Decimal(text)
        | Value::Shape { text, .. }
        | Value::String(text)
        | Value::Date(text)
        | Value::TimeOfDay(text)
        | Value::DateTimeOffset(text)
        | Value::Guid(text) => out.put_slice(text.as_bytes()),
    }
}
