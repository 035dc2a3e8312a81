//! Columns of selects that others read, and values of groups.

use nextlink_odata::model::PrimitiveType as P;

use super::collation::DECIMAL;
use super::{comparable, computed, digits, needs_digits};
use crate::catalog::{NativeType, Storage};
use crate::dialect::{Form, Operand};
use crate::tree::Sql;

/// A value in the one form of its type.
pub(super) fn carried(operand: Operand) -> Operand {
    if needs_digits(&operand) {
        let facts = Operand { form: Form::Exact, native: NativeType::Plain, ..operand.clone() };
        return facts.with(Sql::Collate(Box::new(digits(operand)), DECIMAL));
    }
    let form = match (operand.form, operand.primitive) {
        (Form::Column(Storage::Text | Storage::Blob), Some(P::DateTimeOffset | P::TimeOfDay | P::Guid)) => {
            Form::Exact
        }
        (Form::Constant, _) => Form::Computed,
        (form, _) => form,
    };
    let facts = Operand { form, ..operand.clone() };
    facts.with(comparable(operand, None))
}

/// The sum of a group; with all its digits where it is a decimal, and larger ones than SQLite's own has room for.
pub(super) fn sum(operand: Operand, result: P) -> Operand {
    if matches!(operand.primitive, Some(P::Decimal | P::Int64)) {
        return Operand { form: Form::Exact, ..computed(result, Sql::call("nl_sum", [operand.sql])) };
    }
    computed(result, Sql::call("SUM", [operand.sql]))
}
