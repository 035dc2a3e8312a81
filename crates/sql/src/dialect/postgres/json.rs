//! Members of JSON objects.

use nextlink_odata::model::PrimitiveType as P;

use super::by_code_point;
use crate::catalog::NativeType;
use crate::dialect::{Form, JsonKind, JsonPath, Operand};
use crate::tree::{Operator, Sql};

/// Numbers beyond these are none of binary64, or nothing but zero there.
const GREATEST: &str = "1.7e308";
const LEAST: &str = "1e-300";
/// A whole number.
const WHOLE: &str = "^-?[0-9]+$";

/// A member as a value of a type.
pub(super) fn member(column: Sql, native: &NativeType, path: &JsonPath, wanted: Option<P>) -> Operand {
    let (_, as_text, type_of) = functions(native);
    let args = || std::iter::once(column.clone()).chain(path.names()).collect::<Vec<_>>();
    let text = || Sql::call(as_text, args());
    let only = |kind: &'static str, value: Sql| {
        let found = Sql::call(type_of, [extracted(column.clone(), native, path)]);
        Sql::Case(vec![(Sql::binary(Operator::Eq, found, Sql::Word(kind)), value)])
    };
    let sql = match wanted {
        None => text(),
        Some(P::Boolean) => only("boolean", text().cast("bool")),
        Some(P::Int64) => {
            let whole = Sql::binary(Operator::Matches, text(), Sql::Word(WHOLE));
            only("number", Sql::Case(vec![(whole, text().cast("numeric"))]))
        }
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
    let primitive = if wanted == Some(P::Int64) { Some(P::Decimal) } else { wanted };
    Operand { sql, primitive, form: Form::Computed, nullable: true, native: NativeType::Plain }
}

/// Whether something of a kind is at a path.
pub(super) fn is(column: Sql, native: &NativeType, path: &JsonPath, kind: JsonKind) -> Sql {
    let (_, _, type_of) = functions(native);
    let found = extracted(column, native, path);
    let of = |found: Sql, kind| Sql::binary(Operator::Eq, Sql::call(type_of, [found]), Sql::Word(kind));
    match kind {
        JsonKind::There => Sql::IsNotNull(Box::new(found)),
        JsonKind::Object => of(found, "object"),
        JsonKind::Array => of(found, "array"),
    }
}

/// The array at a path.
pub(super) fn array(column: Sql, native: &NativeType, path: &JsonPath) -> Sql {
    let found = extracted(column.clone(), native, path).cast("jsonb");
    Sql::Case(vec![(is(column, native, path, JsonKind::Array), found)])
}

/// What gives a part, its text, and its type.
fn functions(native: &NativeType) -> (&'static str, &'static str, &'static str) {
    match native {
        NativeType::Named { name, .. } if name == "json" => {
            ("json_extract_path", "json_extract_path_text", "json_typeof")
        }
        _ => ("jsonb_extract_path", "jsonb_extract_path_text", "jsonb_typeof"),
    }
}

fn extracted(column: Sql, native: &NativeType, path: &JsonPath) -> Sql {
    if path.is_whole() {
        return column;
    }
    let args: Vec<Sql> = std::iter::once(column).chain(path.names()).collect();
    Sql::call(functions(native).0, args)
}
