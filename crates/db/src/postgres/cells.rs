//! A value of the wire becomes a typed cell.

use std::sync::Arc;

use nextlink_odata::rows::RowSink;
use nextlink_sql::statement::ResultColumn;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Column, Row};

use super::forms::Form;
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

/// Bytes of what a request computes in one row, as many as those of a value on SQLite.
const COMPUTED_BYTES: usize = 64 * 1024 * 1024;

/// How a cell is read.
pub struct Cell {
    form: Form,
    /// Whether it is no property, but computed.
    computed: bool,
}

/// How the cells of a statement are read.
pub type Forms = Arc<[Cell]>;

/// Pushes the cells of the rows of one statement.
pub struct Cells {
    forms: Forms,
    /// Number of the first one in the rows.
    first: usize,
    /// Room for digits.
    digits: String,
}

/// Bytes that are no value of their type.
struct Misfit;

impl Cells {
    /// The cells of rows with these columns.
    ///
    /// # Errors
    /// The columns have types that do not go with what they are served as: the database has changed.
    pub fn new(cells: &[ResultColumn], columns: &[Column], first: usize) -> Result<Cells, Error> {
        Ok(Cells::of(Cells::forms(cells, columns, first)?, first))
    }

    /// The cells of rows that are read so, from the column `first` on.
    pub fn of(forms: Forms, first: usize) -> Cells {
        Cells { forms, first, digits: String::new() }
    }

    /// How the cells of rows with these columns are read.
    ///
    /// # Errors
    /// As for [`Cells::new`].
    pub fn forms(cells: &[ResultColumn], columns: &[Column], first: usize) -> Result<Forms, Error> {
        let columns = columns.get(first..).unwrap_or_default();
        let mut forms = Vec::with_capacity(cells.len());
        for (cell, column) in cells.iter().zip(columns) {
            let Some(form) = Form::of(cell, column.type_()) else {
                let text = ["a column has the type ", column.type_().name(), " now"].concat();
                return Err(Error::Changed(text));
            };
            forms.push(Cell { form, computed: cell.property.is_none() });
        }
        if forms.len() < cells.len() {
            return Err(Error::Changed("the result has fewer columns than asked for".to_owned()));
        }
        Ok(forms.into())
    }

    /// Number of the column behind the last one.
    pub fn end(&self) -> usize {
        self.first + self.forms.len()
    }

    /// Pushes those of a row.
    #[inline]
    pub fn push<S: RowSink>(&mut self, row: &Row, sink: &mut S) -> Result<(), Error> {
        if row.raw_size_bytes() > COMPUTED_BYTES {
            self.bounded(row)?;
        }
        for (i, Cell { form, .. }) in self.forms.iter().enumerate() {
            let Raw(value) = row.try_get(self.first + i)?;
            if push(sink, form, value, &mut self.digits).is_err() {
                return Err(misfit(i, form, value.unwrap_or_default()));
            }
        }
        Ok(())
    }

    /// Refuses a row in which too much was computed: the server has no bound for that but its memory.
    #[cold]
    fn bounded(&self, row: &Row) -> Result<(), Error> {
        let mut bytes = 0;
        for (i, _) in self.forms.iter().enumerate().filter(|(_, cell)| cell.computed) {
            let Raw(value) = row.try_get(self.first + i)?;
            bytes += value.map_or(0, <[u8]>::len);
        }
        if bytes > COMPUTED_BYTES {
            return Err(Error::Expression("a value is too large".to_owned()));
        }
        Ok(())
    }
}

#[cold]
fn misfit(column: usize, form: &Form, bytes: &[u8]) -> Error {
    let found = [&bytes.len().to_string(), " bytes"].concat();
    Error::Value { column, property: None, expected: form.name(), found }
}

#[inline]
fn push<S: RowSink>(
    sink: &mut S,
    form: &Form,
    value: Option<&[u8]>,
    digits: &mut String,
) -> Result<(), Misfit> {
    let Some(bytes) = value else {
        match form {
            // Collections are never null.
            Form::Array(_) => {
                sink.open();
                sink.close();
            }
            _ => sink.null(),
        }
        return Ok(());
    };
    match form {
        Form::Int4 => sink.integer(i64::from(i32::from_be_bytes(exactly(bytes)?))),
        Form::Text => return text(sink, bytes),
        Form::Shape => sink.shape(std::str::from_utf8(bytes).map_err(|_| Misfit)?),
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
        Form::Interval => interval(sink, bytes)?,
        // The version of the form comes first.
        Form::Jsonb => match bytes {
            [1, json @ ..] => return text(sink, json),
            _ => return Err(Misfit),
        },
        Form::Array(item) => array(sink, item, bytes, digits)?,
        Form::Composite(members) => composite(sink, members, bytes, digits)?,
    }
    Ok(())
}

fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Misfit> {
    bytes.try_into().map_err(|_| Misfit)
}

#[inline]
fn text<S: RowSink>(sink: &mut S, bytes: &[u8]) -> Result<(), Misfit> {
    if sink.string_bytes(bytes) { Ok(()) } else { Err(Misfit) }
}

fn interval<S: RowSink>(sink: &mut S, bytes: &[u8]) -> Result<(), Misfit> {
    let mut wire = Wire(bytes);
    let micros = i64::from_be_bytes(wire.take()?);
    let (days, months) = (wire.number()?, wire.number()?);
    sink.plain(times::duration(micros, days, months).as_bytes());
    wire.end()
}

/// Items one after another. OData has no collections of collections: those of several dimensions are one run.
fn array<S: RowSink>(sink: &mut S, item: &Form, bytes: &[u8], digits: &mut String) -> Result<(), Misfit> {
    let mut wire = Wire(bytes);
    let dimensions = wire.number()?;
    // Whether there are nulls, and the type of the items.
    wire.number()?;
    wire.number()?;
    let mut items: u64 = u64::from(dimensions > 0);
    for _ in 0..dimensions {
        items *= u64::try_from(wire.number()?).map_err(|_| Misfit)?;
        // What the first one is numbered with.
        wire.number()?;
    }
    sink.open();
    for _ in 0..items {
        push(sink, item, wire.value()?, digits)?;
    }
    sink.close();
    wire.end()
}

fn composite<S: RowSink>(
    sink: &mut S,
    members: &[Form],
    bytes: &[u8],
    digits: &mut String,
) -> Result<(), Misfit> {
    let mut wire = Wire(bytes);
    if usize::try_from(wire.number()?) != Ok(members.len()) {
        return Err(Misfit);
    }
    sink.open();
    for member in members {
        // The type of the member.
        wire.number()?;
        push(sink, member, wire.value()?, digits)?;
    }
    sink.close();
    wire.end()
}

/// What is left to read of a structured value.
struct Wire<'a>(&'a [u8]);

impl<'a> Wire<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Misfit> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Misfit)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> Result<i32, Misfit> {
        self.take().map(i32::from_be_bytes)
    }

    /// A value with its length before it, which is negative for null.
    fn value(&mut self) -> Result<Option<&'a [u8]>, Misfit> {
        let Ok(length) = usize::try_from(self.number()?) else {
            return Ok(None);
        };
        let (value, rest) = self.0.split_at_checked(length).ok_or(Misfit)?;
        self.0 = rest;
        Ok(Some(value))
    }

    fn end(&self) -> Result<(), Misfit> {
        if self.0.is_empty() { Ok(()) } else { Err(Misfit) }
    }
}
