//! PostgreSQL 14 and newer: its own types and operators, which are exact, with every text compared by code point.
//!
//! A session is expected to have the time zone UTC and the date style ISO.

mod ends;
mod encoded;
mod functions;
mod arithmetic;
mod cast;
mod rows;
mod json;

use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::query::{Arithmetic, Function};
use nextlink_odata::value::Value;

use super::{
    ArrayItem, Bounds, Dialect, Form, JsonKind, JsonPath, JsonRows, Operand, ParentRows, Relation,
    Unsupported, micros, standard,
};
use crate::catalog::{NativeType, Storage};
use crate::statement::{ResultColumn, Structure};
use crate::tree::{CastType, KeyColumn, Operator, Param, ParamForm, Sql};
use crate::zone::Zone;

/// The dialect of PostgreSQL.
#[derive(Debug, Clone, Copy)]
pub struct Postgres;

/// Digits behind the point of coordinates, as many as a number of 64 bits may need.
const GEO_DIGITS: i64 = 15;
/// Compares text by code point.
const CODE_POINT: &str = "\"C\"";
/// The last point in time of OData.
const LAST: &str = "9999-12-31T23:59:59.999999999999";
/// Knows the letters of all scripts.
const UNICODE: &str = "\"und-x-icu\"";

impl Dialect for Postgres {
    fn name(&self) -> &'static str {
        "PostgreSQL"
    }

    fn identifier(&self, name: &str, out: &mut String) {
        out.push('"');
        for c in name.chars() {
            if c == '"' {
                out.push('"');
            }
            out.push(c);
        }
        out.push('"');
    }

    fn param(&self, number: usize, param: &Param, out: &mut String) {
        out.push('$');
        out.push_str(&number.to_string());
        if param.form == ParamForm::Raw {
            // Its type is that of what it is compared with.
            return;
        }
        out.push_str(match &param.value {
            Value::Boolean(_) => "::bool",
            Value::Integer(_) => "::int8",
            Value::Decimal(_) => "::numeric",
            Value::Double(_) => "::float8",
            Value::Null | Value::String(_) | Value::Shape { .. } => "::text",
            Value::Date(_) => "::date",
            Value::TimeOfDay(_) => "::time",
            Value::DateTimeOffset(_) => "::timestamptz",
            Value::Duration(_) => "::interval",
            Value::Guid(_) => "::uuid",
            Value::Binary(_) => "::bytea",
        });
    }

    fn key_param(&self, number: usize, column: &KeyColumn, out: &mut String) {
        out.push('$');
        out.push_str(&number.to_string());
        out.push_str("::");
        match &column.native {
            NativeType::Named { schema, name } | NativeType::Enum { schema, name } => {
                self.identifier(schema, out);
                out.push('.');
                self.identifier(name, out);
            }
            NativeType::Plain
            | NativeType::Unsigned
            | NativeType::Dates
            | NativeType::Labels { .. }
            | NativeType::Text { .. } => out.push_str("text"),
        }
        out.push_str("[]");
    }

    fn parent_rows(&self) -> ParentRows {
        ParentRows::Arrays
    }

    fn operator(&self, operator: Operator) -> &'static str {
        match operator {
            Operator::Matches => " ~ ",
            other => standard(other),
        }
    }

    fn bounds(&self) -> Bounds {
        // https://www.postgresql.org/docs/current/limits.html; tables are bounded so that planning stays short.
        Bounds { tables: 64, columns: 1_600, parameters: 65_000 }
    }

    fn short_text(&self) -> &'static str {
        "text"
    }

    fn long_text(&self) -> &'static str {
        "text"
    }

    fn reads_rows_again(&self) -> bool {
        true
    }

    fn fence(&self) -> &'static str {
        " OFFSET 0"
    }

    fn nulls_are_smallest(&self) -> bool {
        false
    }

    fn forced_join(&self) -> &'static str {
        " CROSS JOIN "
    }

    fn comparable(&self, left: Operand, right: Vec<Operand>, relation: Relation) -> (Sql, Vec<Sql>) {
        let constants = right.iter().all(|r| r.form == Form::Constant);
        if ends::is_shared(&left) || right.iter().any(ends::is_shared) {
            // Infinity is served as what a column may hold besides.
            if relation == Relation::Equality && constants && left.form != Form::Constant {
                let ends: Vec<Sql> = right.iter().filter_map(ends::beside).collect();
                let all = right.into_iter().map(plain).chain(ends).collect();
                return (plain(left), all);
            }
            return (ends::told(left), right.into_iter().map(ends::told).collect());
        }
        match (&left.native, relation) {
            (NativeType::Enum { schema, name }, _) if constants && matches!(left.form, Form::Column(_)) => {
                let label = |label: Operand| {
                    Sql::Cast(Box::new(label.sql), CastType::Named(schema.clone(), name.clone()))
                };
                return (left.sql, right.into_iter().map(label).collect());
            }
            // The server pads these, and ignores blanks at the end: of what is compared here there are none.
            (NativeType::Named { schema, name }, Relation::Equality)
                if schema == "pg_catalog" && name == "bpchar" && right.iter().all(ends_without_blank) =>
            {
                let padded = |text: Operand| text.sql.cast("bpchar");
                return (bare(left.sql), right.into_iter().map(padded).collect());
            }
            _ => {}
        }
        if constants && relation == Relation::Equality && left.form == Form::Column(Storage::Native) {
            // Equal in any collation is equal by code point, and an index has that of the column.
            let single = left.primitive == Some(P::Single);
            return (bare(left.sql), right.into_iter().map(|r| beside(r, single)).collect());
        }
        let single =
            left.primitive == Some(P::Single) || right.iter().any(|r| r.primitive == Some(P::Single));
        let text = relation == Relation::Order && left.form == Form::Constant;
        let left = beside(left, single);
        // A constant has no collation of its own.
        let left = if text && is_text(&left) { by_code_point(left) } else { left };
        (left, right.into_iter().map(|r| beside(r, single)).collect())
    }

    fn has_one_of_each(&self, primitive: P) -> bool {
        // Infinity is served as the first or the last one.
        !matches!(primitive, P::Date | P::DateTimeOffset)
    }

    fn before(&self, value: &Value) -> Option<Value> {
        match value {
            // They stand for infinity and for 24:00, which a column can hold.
            Value::DateTimeOffset(text) if text == LAST => None,
            Value::TimeOfDay(text) if text == &LAST[11..] => None,
            _ => micros::before(value),
        }
    }

    fn json_member(&self, column: Sql, native: &NativeType, path: &JsonPath, wanted: Option<P>) -> Operand {
        json::member(column, native, path, wanted)
    }

    fn json_is(&self, column: Sql, native: &NativeType, path: &JsonPath, kind: JsonKind) -> Sql {
        json::is(column, native, path, kind)
    }

    fn json_array(&self, column: Sql, native: &NativeType, path: &JsonPath) -> Sql {
        json::array(column, native, path)
    }

    fn json_rows(&self) -> JsonRows {
        JsonRows { before: "generate_series(0, jsonb_array_length(", behind: ") - 1)", columns: "(c0)" }
    }

    fn json_numbers(&self) -> (&'static str, &'static str) {
        ("string_agg(CAST(", " AS text), ','")
    }

    fn json_index(&self, alias: usize) -> Sql {
        Sql::carried(alias, 0)
    }

    fn by_code_point(&self, column: Sql, _: &NativeType) -> Sql {
        by_code_point(column)
    }

    fn equality_needs_hint(&self) -> bool {
        false
    }

    fn in_utc(&self, column: Sql, zone: Zone) -> Sql {
        let zone = match zone {
            Zone::Named(name) => Sql::Word(name),
            // As a text it would be one of POSIX, whose sign is the other one.
            Zone::Offset(minutes) => {
                let parts = [0, 0, 0, 0, 0, minutes].map(|part| Sql::Integer(part.into()));
                Sql::call("make_interval", parts)
            }
        };
        Sql::call("timezone", [zone, column])
    }

    fn zone_trial(&self, zone: Zone) -> Option<Sql> {
        Some(self.in_utc(Sql::Word("2000-01-01").cast("timestamp"), zone))
    }

    fn cell(&self, column: Sql, cell: &ResultColumn, native: &NativeType) -> Sql {
        let (item, is_array) = match cell.structure.as_deref() {
            Some(Structure::Collection(item)) => (item, true),
            _ => (cell, false),
        };
        match (item.storage, item.primitive, is_array) {
            (_, P::Shape(..), false) => Sql::call("ST_AsGeoJSON", [column, Sql::Integer(GEO_DIGITS)]),
            (Storage::Text, P::Decimal, false) => column.cast("numeric"),
            (Storage::Text, P::Decimal, true) => column.cast("numeric[]"),
            (Storage::Text, _, false) => text(column, native),
            // What an array looks like as text is what its items look like.
            (Storage::Text, _, true) if is_address(native) => column.cast("text").cast("text[]"),
            (Storage::Text, _, true) => column.cast("text[]"),
            (Storage::Native | Storage::Blob, ..) => column,
        }
    }

    fn order_key(&self, operand: Operand) -> Sql {
        // Enumerations are ordered as they were declared.
        if matches!(operand.native, NativeType::Enum { .. }) { operand.sql } else { plain(operand) }
    }

    fn key_order(&self, operand: Operand) -> Sql {
        bare(operand.sql)
    }

    fn exact(&self, operand: Operand) -> Sql {
        match operand.primitive {
            Some(P::Decimal) => plain(operand).cast("numeric"),
            _ => plain(operand),
        }
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
        let sql =
            arithmetic::arithmetic(op, left, right, result).ok_or_else(|| self.cannot("This arithmetic"))?;
        Ok(Operand::computed(sql, result))
    }

    fn negate(&self, operand: Operand) -> Result<Operand, Unsupported> {
        let Some(primitive) = operand.primitive.filter(|_| !is_null(&operand)) else {
            return Ok(operand);
        };
        let nullable = operand.nullable;
        let sql = if primitive.is_integer() {
            // The least integer has no negative, which the server notices.
            Sql::binary(Operator::Sub, Sql::Integer(0).cast("int8"), plain(operand).cast("int8"))
        } else {
            Sql::Negate(Box::new(plain(operand)))
        };
        Ok(Operand { nullable, ..Operand::computed(sql, primitive) })
    }

    fn call(&self, function: Function, args: Vec<Operand>, result: P) -> Result<Operand, Unsupported> {
        if args.iter().any(is_null) {
            return Ok(null(result));
        }
        let sql = functions::call(function, args, result).map_err(|what| self.cannot(what))?;
        let sql = if result == P::String { by_code_point(sql) } else { sql };
        Ok(Operand::computed(sql, result))
    }

    fn cast(&self, operand: Operand, to: P) -> Result<Operand, Unsupported> {
        if is_null(&operand) {
            return Ok(null(to));
        }
        let from = operand.primitive.unwrap_or(P::String);
        Ok(Operand::computed(cast::cast(plain(operand), from, to), to))
    }

    fn carried(&self, operand: Operand) -> Operand {
        rows::carried(operand)
    }

    fn argument(&self, operand: Operand, primitive: P) -> Sql {
        let to = match primitive {
            // As constants travel.
            P::Single => "float8",
            primitive if primitive.is_integer() => "int8",
            primitive => rows::type_of(primitive),
        };
        bare(plain(operand)).cast(to)
    }

    fn told(&self, column: Sql, primitive: P) -> Operand {
        Operand::computed(column.cast(rows::type_of(primitive)), primitive)
    }

    fn value(&self, operand: Operand) -> Sql {
        plain(operand)
    }

    fn null(&self, primitive: P) -> Sql {
        Sql::Null.cast(rows::type_of(primitive))
    }

    fn sum(&self, operand: Operand, result: P) -> Operand {
        rows::sum(operand, result)
    }

    fn search(&self, column: Operand, text: &str) -> Sql {
        let needle = string_param(text.to_lowercase());
        let lower = functions::lower(plain(column));
        Sql::binary(Operator::Gt, Sql::call("strpos", [by_code_point(lower), needle]), Sql::Integer(0))
    }

    fn octets(&self, value: Sql) -> Sql {
        Sql::call("octet_length", [value]).cast("int8")
    }

    fn piece(&self, value: Sql, first: Sql, bytes: Sql) -> Sql {
        Sql::call("substr", [value, first.cast("int4"), bytes.cast("int4")])
    }

    fn label_text(&self, column: Sql, _: &NativeType) -> Sql {
        by_code_point(column.cast("text"))
    }

    fn item(&self, array: Sql, number: i64) -> Result<ArrayItem, Unsupported> {
        // An array can begin with any index.
        let bound = |name| Sql::call(name, [array.clone(), Sql::Integer(1)]);
        let from_end = number < 0;
        let start = bound(if from_end { "array_upper" } else { "array_lower" });
        let offset = if from_end { number.saturating_add(1) } else { number };
        let is_there = Sql::binary(
            if from_end { Operator::Ge } else { Operator::Gt },
            Sql::call("cardinality", [array.clone()]),
            Sql::Integer(number.saturating_abs()),
        );
        // No array has so many.
        let offset = offset.clamp(i64::from(i32::MIN / 4), i64::from(i32::MAX / 4));
        let index = Sql::binary(Operator::Add, start, Sql::Integer(offset));
        Ok(ArrayItem { value: Sql::Item(Box::new(array.clone()), Box::new(index)), is_there })
    }

    fn member(&self, value: Sql, name: &str) -> Result<Sql, Unsupported> {
        Ok(Sql::Member(Box::new(value), name.to_owned()))
    }
}

impl Postgres {
    fn cannot(&self, what: &str) -> Unsupported {
        Unsupported { what: what.to_owned(), database: self.name() }
    }
}

fn is_null(operand: &Operand) -> bool {
    matches!(operand.sql, Sql::Null)
}

fn null(primitive: P) -> Operand {
    Operand::constant(Sql::Null, Some(primitive), true)
}

fn string_param(text: String) -> Sql {
    Sql::Param(Param { value: Value::String(text), form: ParamForm::Native })
}

fn by_code_point(sql: Sql) -> Sql {
    Sql::Collate(Box::new(sql), CODE_POINT)
}

/// A column without the collation put around it.
fn bare(sql: Sql) -> Sql {
    match sql {
        Sql::Collate(inner, CODE_POINT) if matches!(*inner, Sql::Column(..)) => *inner,
        other => other,
    }
}

fn is_text(sql: &Sql) -> bool {
    matches!(sql, Sql::Param(Param { value: Value::String(_), .. }))
}

fn ends_without_blank(operand: &Operand) -> bool {
    matches!(&operand.sql, Sql::Param(Param { value: Value::String(text), .. }) if !text.ends_with(' '))
}

/// The operand as functions and operators take it.
fn plain(operand: Operand) -> Sql {
    match (operand.form, operand.primitive, &operand.native) {
        (Form::Column(Storage::Text), Some(P::Decimal), _) => operand.sql.cast("numeric"),
        (Form::Column(Storage::Text), _, _) | (Form::Column(_), _, NativeType::Enum { .. }) => {
            by_code_point(text(bare(operand.sql), &operand.native))
        }
        _ => operand.sql,
    }
}

/// A value as its text.
fn text(sql: Sql, native: &NativeType) -> Sql {
    // The cast, unlike the server's clients, shows that an address is one of a network of its own.
    if is_address(native) { Sql::call("abbrev", [sql]) } else { sql.cast("text") }
}

fn is_address(native: &NativeType) -> bool {
    matches!(native, NativeType::Named { schema, name } if schema == "pg_catalog" && name == "inet")
}

/// The operand beside another one in a comparison. A constant beside a binary32 becomes one: `0.1` means what is shown
/// as `0.1`.
fn beside(operand: Operand, single: bool) -> Sql {
    let number = operand.primitive.is_some_and(P::is_numeric);
    let constant = operand.form == Form::Constant;
    let sql = plain(operand);
    if single && constant && number { sql.cast("float4") } else { sql }
}
