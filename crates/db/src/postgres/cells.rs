//! A value of the wire becomes a typed cell, by the type that the server says its column has.

use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::rows::RowSink;
use nextlink_sql::statement::ResultColumn;
use tokio_postgres::types::{FromSql, Kind, Type};
use tokio_postgres::{Column, Row};

use super::numbers::{self, Numeric};
use super::times;
use crate::error::Error;

/// A value as its bytes, none for null.
pub struct Raw<'a>(pub Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Raw<'a>, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Raw(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Raw<'a>, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Raw(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Pushes the cells of the rows of one statement.
pub struct Cells {
    forms: Vec<Form>,
    /// Number of the first one in the rows.
    first: usize,
    /// Room for digits.
    digits: String,
}

/// How the wire writes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    Text,
    Jsonb,
    Bytea,
    Date,
    Time,
    Instant,
    Interval,
    Uuid,
}

/// Bytes that are no value of their type.
struct Misfit;

impl Cells {
    /// The cells of rows with these columns, where the columns still have types that go with what they are served as.
    ///
    /// # Errors
    /// They have not: the database has changed.
    pub fn new(cells: &[ResultColumn], columns: &[Column], first: usize) -> Result<Cells, Error> {
        let columns = columns.get(first..).unwrap_or_default();
        let mut forms = Vec::with_capacity(cells.len());
        for (cell, column) in cells.iter().zip(columns) {
            let form = form(column.type_()).filter(|form| fits(cell.primitive, *form));
            let Some(form) = form else {
                let text =
                    [cell.primitive.name(), " cannot be read from the type ", column.type_().name()].concat();
                return Err(Error::Changed(text));
            };
            forms.push(form);
        }
        if forms.len() < cells.len() {
            return Err(Error::Changed("the result has fewer columns than asked for".to_owned()));
        }
        Ok(Cells { forms, first, digits: String::new() })
    }

    /// Number of the column behind the last one.
    pub fn end(&self) -> usize {
        self.first + self.forms.len()
    }

    /// Pushes those of a row.
    #[inline]
    pub fn push<S: RowSink>(&mut self, row: &Row, sink: &mut S) -> Result<(), Error> {
        for (i, form) in self.forms.iter().enumerate() {
            let Raw(value) = row.try_get(self.first + i)?;
            match value {
                None => sink.null(),
                Some(bytes) => {
                    push(sink, *form, bytes, &mut self.digits).map_err(|_| misfit(i, *form, bytes))?;
                }
            }
        }
        Ok(())
    }
}

#[cold]
fn misfit(column: usize, form: Form, bytes: &[u8]) -> Error {
    let expected = match form {
        Form::Text | Form::Jsonb => "text in UTF-8",
        Form::Time => "a time of day",
        _ => "its type",
    };
    Error::Value { column, expected, found: format!("{} bytes", bytes.len()) }
}

/// How the wire writes values of a type.
fn form(ty: &Type) -> Option<Form> {
    Some(match *ty {
        Type::BOOL => Form::Bool,
        Type::INT2 => Form::Int2,
        Type::INT4 => Form::Int4,
        Type::INT8 => Form::Int8,
        Type::OID => Form::Oid,
        Type::FLOAT4 => Form::Float4,
        Type::FLOAT8 => Form::Float8,
        Type::NUMERIC => Form::Numeric,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON | Type::XML | Type::UNKNOWN => {
            Form::Text
        }
        Type::JSONB => Form::Jsonb,
        Type::BYTEA => Form::Bytea,
        Type::DATE => Form::Date,
        Type::TIME => Form::Time,
        Type::TIMESTAMP | Type::TIMESTAMPTZ => Form::Instant,
        Type::INTERVAL => Form::Interval,
        Type::UUID => Form::Uuid,
        _ => match ty.kind() {
            Kind::Enum(_) => Form::Text,
            Kind::Domain(inner) => return form(inner),
            // Its wire form is that of text.
            Kind::Simple if ty.name() == "citext" => Form::Text,
            _ => return None,
        },
    })
}

/// Whether values of this form are values of the type they are served as.
fn fits(primitive: P, form: Form) -> bool {
    match primitive {
        P::Boolean => form == Form::Bool,
        P::Byte | P::SByte | P::Int16 | P::Int32 | P::Int64 => {
            matches!(form, Form::Int2 | Form::Int4 | Form::Int8 | Form::Oid)
        }
        P::Decimal => matches!(form, Form::Numeric | Form::Int2 | Form::Int4 | Form::Int8 | Form::Oid),
        P::Double | P::Single => matches!(form, Form::Float4 | Form::Float8),
        P::String => matches!(form, Form::Text | Form::Jsonb),
        P::Binary => form == Form::Bytea,
        P::Date => form == Form::Date,
        P::TimeOfDay => form == Form::Time,
        P::DateTimeOffset => form == Form::Instant,
        P::Duration => form == Form::Interval,
        P::Guid => form == Form::Uuid,
    }
}

#[inline]
fn push<S: RowSink>(sink: &mut S, form: Form, bytes: &[u8], digits: &mut String) -> Result<(), Misfit> {
    match form {
        Form::Int4 => sink.integer(i64::from(i32::from_be_bytes(exactly(bytes)?))),
        Form::Text => return if sink.string_bytes(bytes) { Ok(()) } else { Err(Misfit) },
        Form::Int8 => sink.integer(i64::from_be_bytes(exactly(bytes)?)),
        Form::Int2 => sink.integer(i64::from(i16::from_be_bytes(exactly(bytes)?))),
        Form::Bool => sink.boolean(exactly::<1>(bytes)?[0] != 0),
        Form::Oid => sink.integer(i64::from(u32::from_be_bytes(exactly(bytes)?))),
        Form::Float4 => sink.single(f32::from_be_bytes(exactly(bytes)?)),
        Form::Float8 => sink.double(f64::from_be_bytes(exactly(bytes)?)),
        Form::Numeric => {
            digits.clear();
            match numbers::read(bytes, digits).ok_or(Misfit)? {
                Numeric::Digits => sink.decimal(digits),
                Numeric::Named(name) => sink.plain(name.as_bytes()),
            }
        }
        Form::Instant => sink.plain(times::instant(i64::from_be_bytes(exactly(bytes)?)).as_bytes()),
        Form::Date => sink.plain(times::date(i32::from_be_bytes(exactly(bytes)?)).as_bytes()),
        Form::Time => {
            sink.plain(times::time(i64::from_be_bytes(exactly(bytes)?)).ok_or(Misfit)?.as_bytes());
        }
        Form::Uuid => {
            let id = uuid::Uuid::from_bytes(exactly(bytes)?);
            sink.plain(id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).as_bytes());
        }
        Form::Bytea => sink.binary(bytes),
        Form::Interval => {
            let bytes: [u8; 16] = exactly(bytes)?;
            let (micros, rest) = bytes.split_at(8);
            let (days, months) = rest.split_at(4);
            let micros = i64::from_be_bytes(exactly(micros)?);
            let (days, months) = (i32::from_be_bytes(exactly(days)?), i32::from_be_bytes(exactly(months)?));
            sink.plain(times::duration(micros, days, months).as_bytes());
        }
        Form::Jsonb => {
            // The version of the form comes first.
            let (1, text) = bytes.split_first().map(|(v, text)| (*v, text)).ok_or(Misfit)? else {
                return Err(Misfit);
            };
            return if sink.string_bytes(text) { Ok(()) } else { Err(Misfit) };
        }
    }
    Ok(())
}

fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Misfit> {
    bytes.try_into().map_err(|_| Misfit)
}
