//! Members of JSON objects: what is no JSON has none.

use nextlink_odata::model::PrimitiveType as P;

use crate::catalog::{NativeType, Storage};
use crate::dialect::{Form, JsonKind, JsonPath, Operand};
use crate::tree::{Operator, Sql};

/// A member as a value of a type.
pub(super) fn member(column: Sql, path: &JsonPath, wanted: Option<P>) -> Operand {
    let kind = || type_of(column.clone(), path);
    let value = || extracted(column.clone(), path);
    let is = |kinds: &[&'static str]| {
        Sql::In(Box::new(kind()), kinds.iter().map(|kind| Sql::Word(kind)).collect())
    };
    // What is beyond all numbers of binary64 becomes infinite, which has no difference to itself.
    let finite = |kinds: &[&'static str]| {
        let difference = Sql::binary(Operator::Sub, value(), value());
        Sql::Case(vec![(is(kinds), Sql::Case(vec![(Sql::IsNotNull(Box::new(difference)), value())]))])
    };
    let (sql, form) = match wanted {
        None => (value(), Form::Computed),
        Some(P::Boolean) => {
            let truth = Sql::binary(Operator::Eq, kind(), Sql::Word("true"));
            (Sql::Case(vec![(is(&["true", "false"]), truth)]), Form::Computed)
        }
        Some(P::Decimal) => (finite(&["integer", "real"]), Form::Column(Storage::Native)),
        // What is greater than numbers of 64 bits is a double.
        Some(P::Int64) => (finite(&["integer"]), Form::Column(Storage::Native)),
        Some(P::Double) => (finite(&["integer", "real"]), Form::Computed),
        // JSON can have half of a surrogate pair, which SQLite makes bytes of that are no text.
        Some(_) => {
            let text = Sql::call("nl_text", [value()]);
            (Sql::Case(vec![(is(&["text"]), text)]), Form::Computed)
        }
    };
    let primitive = if wanted == Some(P::Int64) { Some(P::Decimal) } else { wanted };
    Operand { sql, primitive, form, nullable: true, native: NativeType::Plain }
}

/// Whether something of a kind is at a path.
pub(super) fn is(column: Sql, path: &JsonPath, kind: JsonKind) -> Sql {
    let found = type_of(column, path);
    match kind {
        JsonKind::There => Sql::IsNotNull(Box::new(found)),
        JsonKind::Object => Sql::binary(Operator::Eq, found, Sql::Word("object")),
        JsonKind::Array => Sql::binary(Operator::Eq, found, Sql::Word("array")),
    }
}

/// The array at a path.
pub(super) fn array(column: Sql, path: &JsonPath) -> Sql {
    let found = extracted(column.clone(), path);
    Sql::Case(vec![(is(column, path, JsonKind::Array), found)])
}

fn valid(column: Sql) -> Sql {
    Sql::Case(vec![(Sql::call("json_valid", [column.clone()]), column)])
}

fn type_of(column: Sql, path: &JsonPath) -> Sql {
    Sql::call("json_type", [valid(column), quoted(path)])
}

fn extracted(column: Sql, path: &JsonPath) -> Sql {
    Sql::call("json_extract", [valid(column), quoted(path)])
}

fn quoted(path: &JsonPath) -> Sql {
    let join = |parts: Vec<Sql>| {
        let all = parts.into_iter().reduce(|all, part| Sql::binary(Operator::Concat, all, part));
        all.unwrap_or(Sql::Null)
    };
    path.quoted(|number| ["#-", &number.to_string()].concat(), join)
}
