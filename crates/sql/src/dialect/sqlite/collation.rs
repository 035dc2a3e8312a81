//! Text that is made of numbers compares as text: a collation that is written anywhere in an expression is otherwise that
//! of the whole, as one of decimals in the condition of a CASE.

use nextlink_odata::model::PrimitiveType as P;

use crate::tree::Sql;

/// What compares decimals by their digits.
pub(super) const DECIMAL: &str = "nl_decimal";

/// An expression of this type, with the collation of text where it is text and has another one within.
pub(super) fn own(sql: Sql, primitive: Option<P>) -> Sql {
    if primitive == Some(P::String) && has_digits(&sql) {
        return Sql::Collate(Box::new(sql), "BINARY");
    }
    sql
}

fn has_digits(sql: &Sql) -> bool {
    match sql {
        Sql::Collate(_, DECIMAL) => true,
        Sql::Binary(_, left, right) => has_digits(left) || has_digits(right),
        Sql::Collate(inner, _)
        | Sql::Not(inner)
        | Sql::Negate(inner)
        | Sql::IsNull(inner)
        | Sql::IsNotNull(inner)
        | Sql::IsTrue(inner)
        | Sql::IsNotTrue(inner)
        | Sql::Cast(inner, _) => has_digits(inner),
        Sql::In(inner, items) => has_digits(inner) || items.iter().any(has_digits),
        Sql::Call(_, args) => args.iter().any(has_digits),
        Sql::Case(pairs) => pairs.iter().any(|(condition, value)| has_digits(condition) || has_digits(value)),
        _ => false,
    }
}
