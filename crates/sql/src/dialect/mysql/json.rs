//! Members of JSON objects: what is no JSON has none.

use nextlink_odata::model::PrimitiveType as P;

use super::MySql;
use crate::catalog::NativeType;
use crate::dialect::{Dialect, Form, JsonPath, Operand};
use crate::tree::{Operator, Sql};

/// Kinds of numbers.
const NUMBERS: &[&str] = &["INTEGER", "UNSIGNED INTEGER", "DECIMAL", "DOUBLE"];

/// A member as a value of a type.
pub(super) fn member(
    dialect: &MySql,
    column: Sql,
    native: &NativeType,
    path: &JsonPath,
    wanted: Option<P>,
) -> Operand {
    let valid = Sql::Case(vec![(Sql::call("JSON_VALID", [column.clone()]), column)]);
    let found = || Sql::call("JSON_EXTRACT", [valid.clone(), path.quoted()]);
    let text = || Sql::call("JSON_UNQUOTE", [found()]);
    let kind = || Sql::call("JSON_TYPE", [found()]);
    let only = |kinds: &[&'static str], value: Sql| {
        let is = Sql::In(Box::new(kind()), kinds.iter().map(|kind| Sql::Word(kind)).collect());
        Sql::Case(vec![(is, value)])
    };
    let sql = match wanted {
        None => Sql::Case(vec![(Sql::binary(Operator::Ne, kind(), Sql::Word("NULL")), text())]),
        Some(P::Boolean) => {
            let text = dialect.by_code_point(text(), native);
            only(&["BOOLEAN"], Sql::binary(Operator::Eq, text, Sql::Word("true")))
        }
        Some(P::Decimal) => only(NUMBERS, text().cast("DECIMAL(65,30)")),
        Some(P::Double) => only(NUMBERS, text().cast("DOUBLE")),
        Some(_) => dialect.by_code_point(only(&["STRING"], text()), native),
    };
    Operand { sql, primitive: wanted, form: Form::Computed, nullable: true, native: NativeType::Plain }
}
