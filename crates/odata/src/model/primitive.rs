//! The primitive types of CSDL that a column can have.

use crate::shape::{self, Shape, Space};
use crate::value::Value;

/// A primitive type (CSDL 4.01 section 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrimitiveType {
    /// Bytes.
    Binary,
    /// `true` or `false`.
    Boolean,
    /// 0 to 255.
    Byte,
    /// A date without time and offset.
    Date,
    /// A point in time.
    DateTimeOffset,
    /// An exact number.
    Decimal,
    /// IEEE 754 binary64.
    Double,
    /// Days and time, no months.
    Duration,
    /// A 16-byte identifier.
    Guid,
    /// 16-bit signed.
    Int16,
    /// 32-bit signed.
    Int32,
    /// 64-bit signed.
    Int64,
    /// -128 to 127.
    SByte,
    /// IEEE 754 binary32.
    Single,
    /// A shape on the globe or on a plane.
    Shape(Space, Shape),
    /// Unicode text.
    String,
    /// A time of day.
    TimeOfDay,
}

impl PrimitiveType {
    /// All of them but those of shapes.
    pub const ALL: [PrimitiveType; 16] = [
        PrimitiveType::Binary,
        PrimitiveType::Boolean,
        PrimitiveType::Byte,
        PrimitiveType::Date,
        PrimitiveType::DateTimeOffset,
        PrimitiveType::Decimal,
        PrimitiveType::Double,
        PrimitiveType::Duration,
        PrimitiveType::Guid,
        PrimitiveType::Int16,
        PrimitiveType::Int32,
        PrimitiveType::Int64,
        PrimitiveType::SByte,
        PrimitiveType::Single,
        PrimitiveType::String,
        PrimitiveType::TimeOfDay,
    ];

    /// The qualified name, as in `Edm.Int32`.
    pub fn name(self) -> &'static str {
        match self {
            PrimitiveType::Binary => "Edm.Binary",
            PrimitiveType::Boolean => "Edm.Boolean",
            PrimitiveType::Byte => "Edm.Byte",
            PrimitiveType::Date => "Edm.Date",
            PrimitiveType::DateTimeOffset => "Edm.DateTimeOffset",
            PrimitiveType::Decimal => "Edm.Decimal",
            PrimitiveType::Double => "Edm.Double",
            PrimitiveType::Duration => "Edm.Duration",
            PrimitiveType::Guid => "Edm.Guid",
            PrimitiveType::Int16 => "Edm.Int16",
            PrimitiveType::Int32 => "Edm.Int32",
            PrimitiveType::Int64 => "Edm.Int64",
            PrimitiveType::SByte => "Edm.SByte",
            PrimitiveType::Single => "Edm.Single",
            PrimitiveType::Shape(space, shape) => shape::name(space, shape),
            PrimitiveType::String => "Edm.String",
            PrimitiveType::TimeOfDay => "Edm.TimeOfDay",
        }
    }

    /// Finds a type by its qualified name.
    pub fn from_name(name: &str) -> Option<PrimitiveType> {
        PrimitiveType::ALL.into_iter().chain(PrimitiveType::shapes()).find(|p| p.name() == name)
    }

    /// The types of shapes.
    pub fn shapes() -> impl Iterator<Item = PrimitiveType> {
        shape::all().map(|(space, shape)| PrimitiveType::Shape(space, shape))
    }

    /// Whether values are shapes.
    pub fn is_shape(self) -> bool {
        matches!(self, PrimitiveType::Shape(..))
    }

    /// Whether values are whole numbers of at most 64 bits.
    pub fn is_integer(self) -> bool {
        use PrimitiveType::*;
        matches!(self, Byte | SByte | Int16 | Int32 | Int64)
    }

    /// Whether arithmetic works on it.
    pub fn is_numeric(self) -> bool {
        use PrimitiveType::*;
        self.is_integer() || matches!(self, Decimal | Double | Single)
    }
}

impl Value {
    /// The type a constant has by itself; none for null.
    pub fn primitive(&self) -> Option<PrimitiveType> {
        Some(match self {
            Value::Null => return None,
            Value::Boolean(_) => PrimitiveType::Boolean,
            Value::Integer(_) => PrimitiveType::Int64,
            Value::Decimal(_) => PrimitiveType::Decimal,
            Value::Double(_) => PrimitiveType::Double,
            Value::String(_) => PrimitiveType::String,
            Value::Date(_) => PrimitiveType::Date,
            Value::TimeOfDay(_) => PrimitiveType::TimeOfDay,
            Value::DateTimeOffset(_) => PrimitiveType::DateTimeOffset,
            Value::Duration(_) => PrimitiveType::Duration,
            Value::Guid(_) => PrimitiveType::Guid,
            Value::Binary(_) => PrimitiveType::Binary,
            Value::Shape { space, shape, .. } => PrimitiveType::Shape(*space, *shape),
        })
    }
}
