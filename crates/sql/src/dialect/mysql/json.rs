//! Members of JSON objects: what is no JSON has none.

use nextlink_odata::model::PrimitiveType as P;

use super::MySql;
use super::operand::TO_TEXT;
use crate::catalog::NativeType;
use crate::dialect::{Dialect, Form, JsonKind, JsonPath, Operand};
use crate::tree::{Operator, Sql};

/// The greatest number of binary64.
const GREATEST: &str = "1.7976931348623157e308";
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
    let found = || extracted(column.clone(), native, path);
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
        Some(P::Int64) => only(&NUMBERS[..2], text().cast("DECIMAL(65,30)")),
        Some(P::Decimal) => only(NUMBERS, text().cast("DECIMAL(65,30)")),
        Some(P::Double) => {
            let value = || text().cast("DOUBLE");
            // What is beyond all numbers becomes the greatest of them.
            let size = Sql::call("ABS", [value()]);
            let known = Sql::binary(Operator::Lt, size, Sql::Keyword(GREATEST));
            only(NUMBERS, Sql::Case(vec![(known, value())]))
        }
        Some(_) => dialect.by_code_point(only(&["STRING"], text()), native),
    };
    let primitive = if wanted == Some(P::Int64) { Some(P::Decimal) } else { wanted };
    Operand { sql, primitive, form: Form::Computed, nullable: true, native: NativeType::Plain }
}

/// Whether something of a kind is at a path.
pub(super) fn is(column: Sql, native: &NativeType, path: &JsonPath, kind: JsonKind) -> Sql {
    let found = extracted(column, native, path);
    let of = |found: Sql, kind| Sql::binary(Operator::Eq, Sql::call("JSON_TYPE", [found]), Sql::Word(kind));
    match kind {
        JsonKind::There => Sql::IsNotNull(Box::new(found)),
        JsonKind::Object => of(found, "OBJECT"),
        JsonKind::Array => of(found, "ARRAY"),
    }
}

/// The array at a path.
pub(super) fn array(column: Sql, native: &NativeType, path: &JsonPath) -> Sql {
    let found = extracted(column.clone(), native, path);
    Sql::Case(vec![(is(column, native, path, JsonKind::Array), found)])
}

fn extracted(column: Sql, native: &NativeType, path: &JsonPath) -> Sql {
    let unicode = !matches!(native, NativeType::Text { charset, .. } if charset != "utf8mb4");
    // Names are looked for in the bytes of the column.
    let text = if unicode { column } else { column.cast(TO_TEXT) };
    let valid = Sql::Case(vec![(Sql::call("JSON_VALID", [text.clone()]), text)]);
    let from_end = |number: u64| match number {
        1 => "last".to_owned(),
        number => ["last-", &(number - 1).to_string()].concat(),
    };
    let at = |path: &JsonPath| {
        let path = path.quoted(from_end, |parts| Sql::call("CONCAT", parts));
        Sql::call("JSON_EXTRACT", [valid.clone(), path])
    };
    match path.escaped() {
        // MariaDB takes a name for another one that is escaped.
        Some(escaped) => Sql::call("COALESCE", [at(path), at(&escaped)]),
        None => at(path),
    }
}
