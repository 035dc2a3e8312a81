//! MySQL 8.0.19 and MariaDB 10.6 and newer: text compared by code point without regard to padding, exact decimals.
//!
//! A session is expected to have the time zone UTC, the collation of the dialect for parameters and literals, and the
//! modes `NO_BACKSLASH_ESCAPES` and `PIPES_AS_CONCAT`.

mod operand;
mod functions;
mod arithmetic;
mod cast;
mod encoded;
mod rows;
mod json;
mod zones;
mod decimals;

use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::query::{Arithmetic, Function};
use nextlink_odata::value::Value;

use super::{
    Bounds, Dialect, Form, JsonKind, JsonPath, JsonRows, Operand, ParentRows, Relation, Unsupported, standard,
};
use crate::catalog::{NativeType, Storage};
use crate::statement::ResultColumn;
use crate::tree::{KeyColumn, Operator, Param, Sql};
use crate::zone::Zone;
use operand::{TO_TEXT, bare, is_null, null, plain, seconds, string_param};

/// The dialect of MySQL or of MariaDB.
#[derive(Debug, Clone, Copy)]
pub struct MySql {
    name: &'static str,
    /// A collation of `utf8mb4` that compares by code point and pads nothing.
    collation: &'static str,
    /// What stands for the first group where a regular expression replaces.
    groups: cast::Groups,
    /// Digits behind the point of a decimal.
    most_scale: usize,
}

/// Characters of a text that a session sorts by, whatever they are: `max_sort_length` counts bytes of a sort key.
pub const SORTED: i64 = 16_000;

/// MySQL.
pub static MYSQL: MySql = MySql {
    name: "MySQL",
    collation: "utf8mb4_0900_bin",
    groups: cast::Groups { first: "$1", small: "$1$3.$4e-$5" },
    most_scale: 30,
};

/// MariaDB.
pub static MARIADB: MySql = MySql {
    name: "MariaDB",
    collation: "utf8mb4_nopad_bin",
    groups: cast::Groups { first: "\\1", small: r"\1\3.\4e-\5" },
    most_scale: 38,
};

impl Dialect for MySql {
    fn name(&self) -> &'static str {
        self.name
    }

    fn identifier(&self, name: &str, out: &mut String) {
        out.push('`');
        for c in name.chars() {
            if c == '`' {
                out.push('`');
            }
            out.push(c);
        }
        out.push('`');
    }

    fn param(&self, _: usize, param: &Param, out: &mut String) {
        match &param.value {
            // As text it would be compared as a double.
            Value::Decimal(digits) => {
                out.push_str("CAST(? AS DECIMAL(65,");
                out.push_str(&decimals::scale(digits, self.most_scale).to_string());
                out.push_str("))");
            }
            Value::Binary(_) => out.push_str("CAST(? AS BINARY)"),
            _ => out.push('?'),
        }
    }

    fn key_param(&self, _: usize, column: &KeyColumn, out: &mut String) {
        match (&column.native, column.primitive) {
            (NativeType::Text { charset, collation, .. } | NativeType::Labels { charset, collation }, _)
                if is_word(charset) && is_word(collation) =>
            {
                out.push_str("CONVERT(? USING ");
                out.push_str(charset);
                out.push_str(") COLLATE ");
                out.push_str(collation);
            }
            (NativeType::Unsigned, _) => out.push_str("CAST(? AS UNSIGNED)"),
            (_, p) if p.is_integer() => out.push_str("CAST(? AS SIGNED)"),
            (_, P::Date) => out.push_str("CAST(? AS DATE)"),
            (_, P::DateTimeOffset) => out.push_str("CAST(? AS DATETIME(6))"),
            (_, P::Duration | P::TimeOfDay) => out.push_str("CAST(? AS TIME(6))"),
            (_, P::Decimal) => out.push_str("CAST(? AS DECIMAL(65,30))"),
            (_, P::Binary) => out.push_str("CAST(? AS BINARY)"),
            _ => out.push('?'),
        }
    }

    fn parent_rows(&self) -> ParentRows {
        ParentRows::Selects
    }

    fn operator(&self, operator: Operator) -> &'static str {
        match operator {
            Operator::Same | Operator::Distinct => " <=> ",
            Operator::IntegerDiv => " DIV ",
            Operator::Found => " AGAINST ",
            other => standard(other),
        }
    }

    fn distinct_negates(&self) -> bool {
        true
    }

    fn bounds(&self) -> Bounds {
        // https://dev.mysql.com/doc/refman/8.4/en/joins-limits.html and column-count-limit.html
        Bounds { tables: 60, columns: 4_000, parameters: 60_000 }
    }

    fn nulls_are_smallest(&self) -> bool {
        true
    }

    /// MariaDB loses rows of such a select when it moves them from memory to disk meanwhile, so they are there from the
    /// beginning; and it ends silently after 1,000 steps. MySQL takes this for a comment.
    fn before_recursion(&self) -> &'static str {
        "/*M! SET STATEMENT tmp_memory_table_size = 0, max_recursive_iterations = 4294967295 FOR */ "
    }

    fn names_recursion_first(&self) -> bool {
        true
    }

    fn takes_equals_for_each_other(&self) -> bool {
        true
    }

    fn before(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Decimal(digits) => decimals::before(digits, self.most_scale).map(Value::Decimal),
            other => super::micros::before(other),
        }
    }

    fn takes_constants_for_columns(&self) -> bool {
        true
    }

    fn forced_join(&self) -> &'static str {
        " STRAIGHT_JOIN "
    }

    fn comparable(&self, left: Operand, right: Vec<Operand>, relation: Relation) -> (Sql, Vec<Sql>) {
        let column = matches!(left.form, Form::Column(_));
        let constants = right.iter().all(|r| r.form == Form::Constant);
        let times = column && constants && right.iter().all(operand::is_time);
        if left.primitive == Some(P::Duration) && !times {
            return (seconds(left), right.into_iter().map(seconds).collect());
        }
        if left.native == NativeType::Unsigned && right.iter().all(operand::is_unsigned) {
            let whole = |number: Operand| plain(number).cast("UNSIGNED");
            return (plain(left), right.into_iter().map(whole).collect());
        }
        let single =
            left.primitive == Some(P::Single) || right.iter().any(|r| r.primitive == Some(P::Single));
        let beside = |operand: Operand| {
            let number = operand.form == Form::Constant && operand.primitive.is_some_and(P::is_numeric);
            let guid = operand.primitive == Some(P::Guid) && relation == Relation::Order;
            let sql = plain(operand);
            if guid {
                return sql.cast(TO_TEXT);
            }
            // `0.1` means what is shown as `0.1`.
            if single && number { sql.cast("FLOAT") } else { sql }
        };
        // No constant equals what is no date.
        let bare = constants && relation == Relation::Equality && operand::may_be_zero(&left);
        let left = if bare { left.sql } else { beside(left) };
        (left, right.into_iter().map(beside).collect())
    }

    fn json_member(&self, column: Sql, native: &NativeType, path: &JsonPath, wanted: Option<P>) -> Operand {
        json::member(self, column, native, path, wanted)
    }

    fn json_is(&self, column: Sql, native: &NativeType, path: &JsonPath, kind: JsonKind) -> Sql {
        json::is(column, native, path, kind)
    }

    fn json_array(&self, column: Sql, native: &NativeType, path: &JsonPath) -> Sql {
        json::array(column, native, path)
    }

    fn json_rows(&self) -> JsonRows {
        JsonRows { before: "JSON_TABLE(", behind: ", '$[*]' COLUMNS (c0 FOR ORDINALITY))", columns: "" }
    }

    fn json_numbers(&self) -> (&'static str, &'static str) {
        ("GROUP_CONCAT(", "")
    }

    fn json_index(&self, alias: usize) -> Sql {
        Sql::binary(Operator::Sub, Sql::carried(alias, 0), Sql::Integer(1))
    }

    fn by_code_point(&self, column: Sql, native: &NativeType) -> Sql {
        let unicode = match native {
            NativeType::Text { charset, .. } | NativeType::Labels { charset, .. } => charset == "utf8mb4",
            _ => true,
        };
        let text = if unicode { column } else { column.cast(TO_TEXT) };
        Sql::Collate(Box::new(text), self.collation)
    }

    fn equality_needs_hint(&self) -> bool {
        true
    }

    fn in_utc(&self, column: Sql, zone: Zone) -> Sql {
        zones::in_utc(column, zone)
    }

    fn zone_trial(&self, zone: Zone) -> Option<Sql> {
        Some(zones::in_utc(Sql::Word("2000-01-01").cast("DATETIME"), zone))
    }

    fn cell(&self, column: Sql, cell: &ResultColumn, _: &NativeType) -> Sql {
        if cell.primitive.is_shape() && cell.structure.is_none() {
            return Sql::call("ST_AsGeoJSON", [column]);
        }
        match cell.storage {
            Storage::Text => column.cast(TO_TEXT),
            Storage::Native | Storage::Blob => column,
        }
    }

    fn order_needs_hint(&self) -> bool {
        true
    }

    fn is_null(&self, operand: Operand) -> Sql {
        let zero = operand::may_be_zero(&operand);
        Sql::IsNull(Box::new(if zero { plain(operand) } else { operand.sql }))
    }

    fn is_not_null(&self, operand: Operand) -> Sql {
        let zero = operand::may_be_zero(&operand);
        Sql::IsNotNull(Box::new(if zero { plain(operand) } else { operand.sql }))
    }

    fn order_key(&self, operand: Operand) -> Sql {
        match (operand.primitive, operand.form) {
            (Some(P::Duration), form) if !matches!(form, Form::Column(_)) => seconds(operand),
            // The server's own order begins with the last digits.
            (Some(P::Guid), _) => operand.sql.cast(TO_TEXT),
            _ => plain(operand),
        }
    }

    fn key_order(&self, operand: Operand) -> Sql {
        bare(operand.sql)
    }

    fn order_value(&self, operand: &Operand) -> Option<Sql> {
        // They are ordered by number, and compared with a text by their text.
        let labels = matches!(operand.native, NativeType::Labels { .. });
        labels.then(|| operand.sql.clone().cast("UNSIGNED"))
    }

    fn sorted(&self, key: Sql, operand: &Operand) -> Sql {
        let long = match (&operand.native, operand.form) {
            (NativeType::Text { long, .. }, Form::Column(_)) => *long,
            // The labels of an enumeration are short.
            (_, Form::Computed) => {
                operand.primitive == Some(P::String) && !matches!(operand.sql, Sql::Collate(..))
            }
            _ => false,
        };
        if long { Sql::call("LEFT", [key, Sql::Integer(SORTED)]) } else { key }
    }

    fn seeks_for_levels(&self) -> bool {
        true
    }

    fn exact(&self, operand: Operand) -> Sql {
        if operand.primitive == Some(P::Duration) { seconds(operand) } else { plain(operand) }
    }

    fn arithmetic(
        &self,
        op: Arithmetic,
        left: Operand,
        right: Operand,
        result: P,
    ) -> Result<Operand, Unsupported> {
        if is_null(&left) || is_null(&right) {
            return Ok(null(result));
        }
        let sql = arithmetic::arithmetic(op, left, right, result).map_err(|what| self.cannot(what))?;
        let form = if result == P::Duration { Form::Exact } else { Form::Computed };
        Ok(Operand { form, ..Operand::computed(sql, result) })
    }

    fn negate(&self, operand: Operand) -> Result<Operand, Unsupported> {
        let Some(primitive) = operand.primitive.filter(|_| !is_null(&operand)) else {
            return Ok(operand);
        };
        let nullable = operand.nullable;
        let (sql, form) = match primitive {
            P::Duration => (Sql::Negate(Box::new(seconds(operand))), Form::Exact),
            // The least integer has no negative, which the server notices.
            p if p.is_integer() => (operand::difference(Sql::Integer(0), plain(operand)), Form::Computed),
            _ => (Sql::Negate(Box::new(plain(operand))), Form::Computed),
        };
        Ok(Operand { nullable, form, ..Operand::computed(sql, primitive) })
    }

    fn call(&self, function: Function, args: Vec<Operand>, result: P) -> Result<Operand, Unsupported> {
        if args.iter().any(is_null) {
            return Ok(null(result));
        }
        let sql = functions::call(function, args, result).map_err(|what| self.cannot(what))?;
        Ok(Operand::computed(sql, result))
    }

    fn cast(&self, operand: Operand, to: P) -> Result<Operand, Unsupported> {
        if is_null(&operand) {
            return Ok(null(to));
        }
        let from = operand.primitive.unwrap_or(P::String);
        let cast = cast::Cast { collation: self.collation, groups: self.groups };
        let value = if from == P::Duration { seconds(operand) } else { plain(operand) };
        let sql = cast.cast(value, from, to).ok_or_else(|| self.cannot("This cast"))?;
        let form = if to == P::Duration { Form::Exact } else { Form::Computed };
        Ok(Operand { form, ..Operand::computed(sql, to) })
    }

    fn argument(&self, operand: Operand, _: P) -> Sql {
        bare(plain(operand))
    }

    fn tables_see_rows(&self) -> bool {
        false
    }

    fn number_table(&self) -> Option<(&'static str, &'static str)> {
        Some(("JSON_TABLE(JSON_ARRAY(", "), '$[*]' COLUMNS (v0 BIGINT PATH '$'))"))
    }

    fn told(&self, column: Sql, primitive: P) -> Operand {
        Operand::computed(rows::told(column, primitive), primitive)
    }

    fn carried(&self, operand: Operand) -> Operand {
        rows::carried(operand)
    }

    fn sum(&self, operand: Operand, result: P) -> Operand {
        rows::sum(operand, result)
    }

    /// MariaDB counts a constant for each row where tables of its own lie on disk, as they do for a select that refers to itself.
    fn distinct(&self, operand: Operand) -> Sql {
        let column = matches!(operand.form, Form::Column(_));
        let value = self.carried(operand).sql;
        if column {
            return value;
        }
        let always = Sql::binary(Operator::Lt, Sql::call("RAND", []), Sql::Integer(2));
        Sql::call("IF", [always, value, Sql::Null])
    }

    fn search(&self, column: Operand, text: &str) -> Sql {
        let lower = Sql::call("LOWER", [plain(column)]);
        let position = Sql::call("LOCATE", [string_param(text.to_lowercase()), lower]);
        Sql::binary(Operator::Gt, position, Sql::Integer(0))
    }
}

impl MySql {
    fn cannot(&self, what: &str) -> Unsupported {
        Unsupported { what: what.to_owned(), database: self.name() }
    }
}

/// Whether a name that the server gave needs no quotes.
fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
