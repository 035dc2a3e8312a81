//! Generated rows on their way to a database, whichever it is.

use std::borrow::Cow;

use crate::Error;

/// The line of a schema at which the rows go; what makes loading slow comes below it.
pub(crate) const ROWS_HERE: &str = "-- rows\n";

/// Where generated rows go.
pub(crate) trait Sink {
    /// Takes a row of a table: its cells in the order of the columns, without those that are computed.
    ///
    /// Rows come after those that they refer to.
    fn add(&mut self, table: &'static str, row: &[Cell<'_>]) -> Result<(), Error>;
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Integer(i64),
    Money(Money),
    Double(f64),
    Boolean(bool),
    /// Text; also a date, a time or a UUID, in the form that ISO 8601 and RFC 9562 give them, and a moment,
    /// with a space between date and time, in UTC.
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
}

/// An amount of money, in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Money(pub(crate) i64);

/// A row of values of any kinds.
macro_rules! row {
    ($($value:expr),+ $(,)?) => { &[$($crate::rows::Cell::from($value)),+] };
}
pub(crate) use row;

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<i64> for Cell<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<Money> for Cell<'_> {
    fn from(value: Money) -> Self {
        Self::Money(value)
    }
}

impl From<f64> for Cell<'_> {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl From<bool> for Cell<'_> {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for Cell<'_> {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl From<Vec<u8>> for Cell<'_> {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value.into())
    }
}
