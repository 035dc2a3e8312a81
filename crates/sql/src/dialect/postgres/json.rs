//! Members of JSON objects.

use nextlink_odata::model::PrimitiveType as P;

use super::by_code_point;
use crate::catalog::NativeType;
use crate::dialect::{Form, JsonPath, Operand};
use crate::tree::{Operator, Sql};

/// Numbers beyond these are none of binary64, or nothing but zero there.
const GREATEST: &str = "1.7e308";
const LEAST: &str = "1e-300";

/// A member as a value of a type.
pub(super) fn member(column: Sql, native: &NativeType, path: &JsonPath, wanted: Option<P>) -> Operand {
    let (inner, as_text, type_of) = match native {
        NativeType::Named { name, .. } if name == "json" => {
            ("json_extract_path", "json_extract_path_text", "json_typeof")
        }
        _ => ("jsonb_extract_path", "jsonb_extract_path_text", "jsonb_typeof"),
    };
    let args = || std::iter::once(column.clone()).chain(path.names()).collect::<Vec<_>>();
    let text = || Sql::call(as_text, args());
    let only = |kind: &'static str, value: Sql| {
        let found = Sql::call(type_of, [Sql::call(inner, args())]);
        Sql::Case(vec![(Sql::binary(Operator::Eq, found, Sql::Word(kind)), value)])
    };
    let sql = match wanted {
        None => text(),
        Some(P::Boolean) => only("boolean", text().cast("bool")),
        Some(P::Decimal) => only("number", text().cast("numeric")),
        Some(P::Double) => {
            let size = || Sql::call("abs", [text().cast("numeric")]);
            let bound = |bound: &'static str| Sql::Word(bound).cast("numeric");
            let zero = Sql::binary(Operator::Eq, size(), Sql::Integer(0));
            let fine = Sql::binary(Operator::Gt, size(), bound(LEAST));
            let held = Sql::binary(Operator::Lt, size(), bound(GREATEST));
            let held = Sql::binary(Operator::And, held, Sql::binary(Operator::Or, zero, fine));
            only("number", Sql::Case(vec![(held, text().cast("float8"))]))
        }
        Some(_) => by_code_point(only("string", text())),
    };
    Operand { sql, primitive: wanted, form: Form::Computed, nullable: true, native: NativeType::Plain }
}
