//! Members of JSON objects: what is no JSON has none.

use nextlink_odata::model::PrimitiveType as P;

use crate::catalog::{NativeType, Storage};
use crate::dialect::{Form, JsonPath, Operand};
use crate::tree::{Operator, Sql};

/// A member as a value of a type.
pub(super) fn member(column: Sql, path: &JsonPath, wanted: Option<P>) -> Operand {
    let valid = Sql::Case(vec![(Sql::call("json_valid", [column.clone()]), column)]);
    let kind = || Sql::call("json_type", [valid.clone(), path.quoted()]);
    let value = || Sql::call("json_extract", [valid.clone(), path.quoted()]);
    let is = |kinds: &[&'static str]| {
        Sql::In(Box::new(kind()), kinds.iter().map(|kind| Sql::Word(kind)).collect())
    };
    let only = |kinds: &[&'static str]| Sql::Case(vec![(is(kinds), value())]);
    let (sql, form) = match wanted {
        None => (value(), Form::Computed),
        Some(P::Boolean) => {
            let truth = Sql::binary(Operator::Eq, kind(), Sql::Word("true"));
            (Sql::Case(vec![(is(&["true", "false"]), truth)]), Form::Computed)
        }
        Some(P::Decimal) => (only(&["integer", "real"]), Form::Column(Storage::Native)),
        Some(P::Double) => (only(&["integer", "real"]), Form::Computed),
        Some(_) => (only(&["text"]), Form::Computed),
    };
    Operand { sql, primitive: wanted, form, nullable: true, native: NativeType::Plain }
}
