//! A typed constant: what a literal of a URL becomes once its type is known.

use crate::shape::{Shape, Space};

/// A constant of a primitive type. Numbers that floats cannot hold stay text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Null of any type.
    Null,
    /// `Edm.Boolean`
    Boolean(bool),
    /// `Edm.Byte`, `Edm.SByte`, `Edm.Int16`, `Edm.Int32`, `Edm.Int64`
    Integer(i64),
    /// `Edm.Decimal`: digits with an optional sign and point, no exponent.
    Decimal(String),
    /// `Edm.Double` and `Edm.Single`
    Double(f64),
    /// `Edm.String`
    String(String),
    /// `Edm.Date`: `YYYY-MM-DD`
    Date(String),
    /// `Edm.TimeOfDay`: `hh:mm:ss` with a fraction that has no trailing zero.
    TimeOfDay(String),
    /// `Edm.DateTimeOffset` in UTC: `YYYY-MM-DDThh:mm:ss` with a fraction that has no trailing zero, without `Z`.
    /// Two such texts compare like the points in time.
    DateTimeOffset(String),
    /// `Edm.Duration` in seconds: digits with an optional sign and point.
    Duration(String),
    /// `Edm.Guid`: 36 characters in lower case.
    Guid(String),
    /// `Edm.Binary`
    Binary(Vec<u8>),
    /// A shape, which is one.
    Shape {
        /// Where it lies.
        space: Space,
        /// What it is.
        shape: Shape,
        /// Number of its reference system.
        srid: u32,
        /// Well-known text, such as `Point(1 2)`.
        text: String,
    },
}
