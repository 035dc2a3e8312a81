//! Columns of selects that others read, and values of groups.

use nextlink_odata::model::PrimitiveType as P;

use super::operand::{TO_TEXT, may_be_zero, plain, seconds};
use crate::catalog::{NativeType, Storage};
use crate::dialect::{Form, Operand, micros};
use crate::tree::{Param, Sql};

/// A value in the one form of its type. A column stays one where nothing has to be done to it.
pub(super) fn carried(operand: Operand) -> Operand {
    if operand.primitive.is_some_and(P::is_shape) {
        return shape(operand);
    }
    let as_it_is = operand.form == Form::Column(Storage::Native)
        && operand.primitive != Some(P::Boolean)
        && !may_be_zero(&operand);
    if as_it_is || operand.form == Form::Exact {
        return operand;
    }
    if operand.primitive == Some(P::Duration) {
        let facts = Operand { form: Form::Exact, native: NativeType::Plain, ..operand.clone() };
        return facts.with(seconds(operand));
    }
    let facts = Operand { form: Form::Computed, native: NativeType::Plain, ..operand.clone() };
    facts.with(in_micros(plain(operand)))
}

/// A constant without the digits of a second behind the sixth, with which the server would take it for a text.
fn in_micros(sql: Sql) -> Sql {
    match sql {
        Sql::Param(Param { value, form }) => {
            let value = micros::before(&value).unwrap_or(value);
            Sql::Param(Param { value, form })
        }
        other => other,
    }
}

/// A column of a SELECT of the owner as a type: what is put together can be of another one there.
pub(super) fn told(column: Sql, primitive: P) -> Sql {
    match primitive {
        P::Int64 | P::Int32 | P::Int16 | P::Byte | P::SByte => column.cast("SIGNED"),
        P::Decimal => column.cast("DECIMAL(65,30)"),
        P::Double => column.cast("DOUBLE"),
        P::Single => column.cast("FLOAT"),
        P::String | P::Guid => column.cast(TO_TEXT),
        P::Date => column.cast("DATE"),
        P::DateTimeOffset => column.cast("DATETIME(6)"),
        P::TimeOfDay | P::Duration => column.cast("TIME(6)"),
        P::Boolean | P::Binary | P::Shape(..) => column,
    }
}

/// A shape as it is read, which the functions of shapes take no more.
fn shape(operand: Operand) -> Operand {
    if operand.form == Form::Exact {
        return operand;
    }
    let text = Sql::call("ST_AsGeoJSON", [operand.sql.clone()]);
    Operand { form: Form::Exact, native: NativeType::Plain, ..operand }.with(text)
}

/// The sum of a group.
pub(super) fn sum(operand: Operand, result: P) -> Operand {
    let sum = Sql::call("SUM", [plain(operand)]);
    Operand::computed(if result == P::Int64 { sum.cast("SIGNED") } else { sum }, result)
}
