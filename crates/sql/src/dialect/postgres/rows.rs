//! Columns of selects that others read, and values of groups.

use nextlink_odata::model::PrimitiveType as P;

use super::{GEO_DIGITS, bare, plain};
use crate::catalog::{NativeType, Storage};
use crate::dialect::{Form, Operand};
use crate::tree::Sql;

/// A value in the one form of its type. A column is left as it is, so that an index over it serves: what is equal in
/// its collation is equal by code point.
pub(super) fn carried(operand: Operand) -> Operand {
    if operand.primitive.is_some_and(P::is_shape) {
        return shape(operand);
    }
    if let (Sql::Null, Some(primitive)) = (&operand.sql, operand.primitive) {
        return operand.with(Sql::Null.cast(type_of(primitive)));
    }
    if operand.form == Form::Column(Storage::Native) {
        let column = bare(operand.sql.clone());
        return operand.with(column);
    }
    let facts = Operand { form: Form::Computed, native: NativeType::Plain, ..operand.clone() };
    facts.with(plain(operand))
}

/// A shape as it is read, which the functions of shapes take no more.
fn shape(operand: Operand) -> Operand {
    if operand.form == Form::Exact {
        return operand;
    }
    let text = Sql::call("ST_AsGeoJSON", [operand.sql.clone(), Sql::Integer(GEO_DIGITS)]);
    Operand { form: Form::Exact, native: NativeType::Plain, ..operand }.with(text)
}

/// The sum of a group.
pub(super) fn sum(operand: Operand, result: P) -> Operand {
    let value = plain(operand);
    let value = if result == P::Double { value.cast("float8") } else { value };
    let sum = Sql::call("SUM", [value]);
    Operand::computed(if result == P::Int64 { sum.cast("int8") } else { sum }, result)
}

/// The server's own type for the values of a type.
pub(super) fn type_of(primitive: P) -> &'static str {
    match primitive {
        P::Boolean => "bool",
        P::Byte | P::SByte | P::Int16 => "int2",
        P::Int32 => "int4",
        P::Int64 => "int8",
        P::Decimal => "numeric",
        P::Double => "float8",
        P::Single => "float4",
        P::String | P::Shape(..) => "text",
        P::Date => "date",
        P::TimeOfDay => "time",
        P::DateTimeOffset => "timestamptz",
        P::Duration => "interval",
        P::Guid => "uuid",
        P::Binary => "bytea",
    }
}
