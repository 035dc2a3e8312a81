//! SQLite: its own operators where they are exact, functions of the driver (`nl_…`) where they are not.

mod collation;
mod json;
mod rows;

use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::query::{Arithmetic, Function};
use nextlink_odata::value::Value;

use super::{
    Bounds, Dialect, Form, JsonKind, JsonPath, JsonRows, Operand, ParentRows, Relation, Unsupported,
    sqlite_pattern, standard,
};
use crate::catalog::{NativeType, Storage};
use crate::statement::ResultColumn;
use crate::tree::{KeyColumn, Operator, Param, ParamForm, Sql};
use crate::zone::Zone;

/// Significant digits that a stored double gives back as they were.
const EXACT_DIGITS: usize = 15;

/// The dialect of SQLite.
#[derive(Debug, Clone, Copy)]
pub struct Sqlite;

impl Dialect for Sqlite {
    fn name(&self) -> &'static str {
        "SQLite"
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

    fn param(&self, number: usize, _: &Param, out: &mut String) {
        placeholder(number, out);
    }

    fn key_param(&self, number: usize, _: &KeyColumn, out: &mut String) {
        placeholder(number, out);
    }

    fn parent_rows(&self) -> ParentRows {
        ParentRows::Values
    }

    fn operator(&self, operator: Operator) -> &'static str {
        match operator {
            Operator::Same => " IS ",
            Operator::Distinct => " IS NOT ",
            Operator::Found => " MATCH ",
            other => standard(other),
        }
    }

    fn bounds(&self) -> Bounds {
        // https://www.sqlite.org/limits.html; a window needs a column more than the rows have.
        Bounds { tables: 64, columns: 1_990, parameters: 30_000 }
    }

    fn short_text(&self) -> &'static str {
        "text"
    }

    fn long_text(&self) -> &'static str {
        "text"
    }

    fn nulls_are_smallest(&self) -> bool {
        true
    }

    fn takes_constants_for_columns(&self) -> bool {
        true
    }

    fn forced_join(&self) -> &'static str {
        " CROSS JOIN "
    }

    fn comparable(&self, left: Operand, right: Vec<Operand>, _: Relation) -> (Sql, Vec<Sql>) {
        if needs_digits(&left) || right.iter().any(needs_digits) {
            if is_double(&left) || right.iter().any(is_double) {
                // With a double all are doubles (Part 2 section 5.1.1.14), and INF is one.
                return (double(left), right.into_iter().map(double).collect());
            }
            let left = Sql::Collate(Box::new(digits(left)), collation::DECIMAL);
            return (left, right.into_iter().map(digits).collect());
        }
        // A constant takes the form of the column it meets; two columns that differ meet as text.
        let forms = || right.iter().map(|r| r.form).chain([left.form]);
        let mut storages = forms().filter_map(|form| match form {
            Form::Column(storage) => Some(storage),
            _ => None,
        });
        let computed = forms().any(|form| matches!(form, Form::Computed | Form::Exact));
        let first = storages.next();
        let storage = if computed || storages.any(|s| Some(s) != first) { None } else { first };
        (comparable(left, storage), right.into_iter().map(|r| comparable(r, storage)).collect())
    }

    fn before(&self, _: &Value) -> Option<Value> {
        None
    }

    fn json_member(&self, column: Sql, _: &NativeType, path: &JsonPath, wanted: Option<P>) -> Operand {
        json::member(column, path, wanted)
    }

    fn json_is(&self, column: Sql, _: &NativeType, path: &JsonPath, kind: JsonKind) -> Sql {
        json::is(column, path, kind)
    }

    fn json_array(&self, column: Sql, _: &NativeType, path: &JsonPath) -> Sql {
        json::array(column, path)
    }

    fn json_rows(&self) -> JsonRows {
        JsonRows { before: "json_each(", behind: ")", columns: "" }
    }

    fn json_numbers(&self) -> (&'static str, &'static str) {
        ("group_concat(", ", ','")
    }

    fn json_index(&self, alias: usize) -> Sql {
        Sql::column(alias, "key")
    }

    fn by_code_point(&self, column: Sql, _: &NativeType) -> Sql {
        Sql::Collate(Box::new(column), "BINARY")
    }

    fn equality_needs_hint(&self) -> bool {
        true
    }

    fn in_utc(&self, column: Sql, zone: Zone) -> Sql {
        let zone = match zone {
            Zone::Offset(minutes) => Sql::Integer(minutes.into()),
            Zone::Named(name) => Sql::Word(name),
        };
        Sql::call("nl_utc", [column, zone])
    }

    fn zone_needs_hint(&self) -> bool {
        false
    }

    fn zone_trial(&self, _: Zone) -> Option<Sql> {
        // It is the driver's function that knows them.
        None
    }

    fn cell(&self, column: Sql, _: &ResultColumn, _: &NativeType) -> Sql {
        column
    }

    fn order_key(&self, operand: Operand) -> Sql {
        match (operand.primitive, operand.form) {
            (Some(P::Decimal | P::Duration), Form::Exact) => {
                Sql::Collate(Box::new(operand.sql), collation::DECIMAL)
            }
            _ => comparable(operand, None),
        }
    }

    fn exact(&self, operand: Operand) -> Sql {
        digits(operand)
    }

    fn arithmetic(
        &self,
        op: Arithmetic,
        left: Operand,
        right: Operand,
        result: P,
    ) -> Result<Operand, Unsupported> {
        let nullable = true;
        if result.is_integer() {
            return Ok(computed(result, Sql::Call(integer_function(op), vec![plain(left), plain(right)])));
        }
        if result == P::Double || result == P::Single {
            let (left, right) = (double(left), double(right));
            let sql = match op {
                Arithmetic::Add => Sql::binary(Operator::Add, left, right),
                Arithmetic::Sub => Sql::binary(Operator::Sub, left, right),
                Arithmetic::Mul => Sql::binary(Operator::Mul, left, right),
                // SQLite gives null where the divisor is zero; doubles have infinities.
                Arithmetic::Div | Arithmetic::DivBy => Sql::Call("nl_div", vec![left, right]),
                Arithmetic::Mod => Sql::Call("nl_mod", vec![left, right]),
            };
            return Ok(computed(result, sql));
        }
        let function = match (result, op) {
            (P::Decimal, _) => decimal_function(op),
            (P::Duration, Arithmetic::Sub)
                if left.primitive != Some(P::Duration) && right.primitive == left.primitive =>
            {
                "nl_between"
            }
            (P::Duration, Arithmetic::Mul) => "nl_duration_mul",
            (P::Duration, Arithmetic::Div | Arithmetic::DivBy) => "nl_duration_div",
            (P::Duration, _) => decimal_function(op),
            (P::DateTimeOffset | P::Date, Arithmetic::Sub) => "nl_earlier",
            (P::DateTimeOffset | P::Date, _) => "nl_later",
            _ => return Err(self.unsupported("This arithmetic")),
        };
        // nl_later and nl_earlier take the point in time first.
        let (left, right) =
            if matches!(result, P::DateTimeOffset | P::Date) && left.primitive == Some(P::Duration) {
                (right, left)
            } else {
                (left, right)
            };
        let sql = Sql::Call(function, vec![exact(left), exact(right)]);
        Ok(Operand { form: Form::Exact, nullable, ..computed(result, sql) })
    }

    fn negate(&self, operand: Operand) -> Result<Operand, Unsupported> {
        let primitive = operand.primitive;
        if matches!(primitive, Some(P::Decimal | P::Duration)) {
            let nullable = operand.nullable;
            let sql = Sql::Call("nl_decimal_sub", vec![Sql::Word("0"), exact(operand)]);
            return Ok(Operand { sql, primitive, form: Form::Exact, nullable, native: NativeType::Plain });
        }
        let nullable = operand.nullable;
        let sql = match primitive {
            // The least integer has no negative.
            Some(p) if p.is_integer() => {
                Sql::Call(integer_function(Arithmetic::Sub), vec![Sql::Integer(0), plain(operand)])
            }
            _ => Sql::Negate(Box::new(plain(operand))),
        };
        Ok(Operand { sql, primitive, form: Form::Computed, nullable, native: NativeType::Plain })
    }

    fn call(&self, function: Function, args: Vec<Operand>, result: P) -> Result<Operand, Unsupported> {
        let exact_number = matches!(result, P::Decimal);
        if matches!(function, Function::Concat) {
            let mut args = args.into_iter().map(plain);
            let (Some(left), Some(right)) = (args.next(), args.next()) else {
                return Err(self.unsupported("concat"));
            };
            let both = Sql::binary(Operator::Concat, left, right);
            return Ok(computed(result, collation::own(both, Some(result))));
        }
        let name = match function {
            Function::Concat => "concat",
            Function::Contains => "nl_contains",
            Function::EndsWith => "nl_endswith",
            Function::IndexOf => "nl_indexof",
            Function::Length => "nl_length",
            Function::MatchesPattern => {
                if let Some(Sql::Param(Param { value: Value::String(known), .. })) =
                    args.get(1).map(|arg| &arg.sql)
                {
                    sqlite_pattern(known).map_err(|what| self.unsupported(what))?;
                }
                "nl_matches"
            }
            Function::StartsWith => "nl_startswith",
            Function::Substring => "nl_substring",
            Function::ToLower => "nl_lower",
            Function::ToUpper => "nl_upper",
            Function::Trim => "nl_trim",
            Function::Date => "nl_date",
            Function::Day => "nl_day",
            Function::FractionalSeconds => "nl_fraction",
            Function::Hour => "nl_hour",
            Function::Minute => "nl_minute",
            Function::Month => "nl_month",
            Function::Second => "nl_second",
            Function::Time => "nl_time",
            Function::TotalOffsetMinutes => "nl_offset",
            Function::Year => "nl_year",
            Function::TotalSeconds => {
                let operand = args.into_iter().next().ok_or_else(|| self.unsupported("totalseconds"))?;
                return Ok(Operand { primitive: Some(P::Decimal), ..operand });
            }
            Function::Ceiling if exact_number => "nl_decimal_ceiling",
            Function::Floor if exact_number => "nl_decimal_floor",
            Function::Round if exact_number => "nl_decimal_round",
            Function::Ceiling => "nl_ceiling",
            Function::Floor => "nl_floor",
            Function::Round => "nl_round",
            Function::HasFlag => return Err(self.unsupported("has")),
            Function::GeoDistance | Function::GeoIntersects | Function::GeoLength => {
                return Err(self.unsupported("A function of shapes"));
            }
            Function::MaxDateTime | Function::MinDateTime | Function::Now => {
                return Err(self.unsupported("A date function without a value"));
            }
        };
        let rounds = matches!(function, Function::Ceiling | Function::Floor | Function::Round);
        let form = if rounds && exact_number { digits } else { plain };
        let args = args.into_iter().map(form).collect();
        let operand = computed(result, collation::own(Sql::Call(name, args), Some(result)));
        let exact_result = exact_number || matches!(result, P::Date | P::TimeOfDay);
        Ok(if exact_result { Operand { form: Form::Exact, ..operand } } else { operand })
    }

    fn cast(&self, operand: Operand, to: P) -> Result<Operand, Unsupported> {
        let from = operand.primitive.map_or("Edm.String", P::name);
        // Text and bytes of a Guid both become its text, and what else is served as bytes is those of its text.
        let value = match operand.primitive {
            Some(P::Guid | P::Binary) => comparable(operand, None),
            _ => plain(operand),
        };
        let sql = Sql::Call("nl_cast", vec![value, Sql::Word(from), Sql::Word(to.name())]);
        let form = match to {
            P::Decimal | P::DateTimeOffset | P::Date | P::Duration | P::TimeOfDay | P::Guid => Form::Exact,
            _ => Form::Computed,
        };
        Ok(Operand { form, ..computed(to, collation::own(sql, Some(to))) })
    }

    fn chosen(&self, case: Sql, primitive: Option<P>) -> Sql {
        collation::own(case, primitive)
    }

    fn told(&self, column: Sql, primitive: P) -> Operand {
        let text = matches!(primitive, P::Date | P::DateTimeOffset | P::TimeOfDay | P::Guid);
        let form = Form::Column(if text { Storage::Text } else { Storage::Native });
        Operand { form, ..Operand::computed(column, primitive) }
    }

    fn argument(&self, operand: Operand, primitive: P) -> Sql {
        match (primitive, operand.sql) {
            (P::String, Sql::Collate(inner, _)) => *inner,
            (P::Double | P::Single, sql) => Sql::Call("nl_double", vec![sql]),
            (_, sql) => {
                let operand = Operand { sql, ..operand };
                if needs_digits(&operand) {
                    digits(operand).cast("NUMERIC")
                } else {
                    comparable(operand, None)
                }
            }
        }
    }

    fn carried(&self, operand: Operand) -> Operand {
        rows::carried(operand)
    }

    fn sum(&self, operand: Operand, result: P) -> Operand {
        rows::sum(operand, result)
    }

    fn piece(&self, value: Sql, first: Sql, bytes: Sql) -> Sql {
        // Of text it would count characters.
        Sql::call("substr", [value.cast("BLOB"), first, bytes])
    }

    fn row_numbers(&self) -> &'static [&'static str] {
        &["rowid", "_rowid_", "oid"]
    }

    fn search(&self, column: Operand, text: &str) -> Sql {
        let param = Param { value: Value::String(text.to_lowercase()), form: ParamForm::Native };
        Sql::Call("nl_search", vec![plain(column), Sql::Param(param)])
    }
}

impl Sqlite {
    fn unsupported(&self, what: &str) -> Unsupported {
        Unsupported { what: what.to_owned(), database: self.name() }
    }
}

fn placeholder(number: usize, out: &mut String) {
    out.push('?');
    out.push_str(&number.to_string());
}

fn computed(primitive: P, sql: Sql) -> Operand {
    Operand {
        sql,
        primitive: Some(primitive),
        form: Form::Computed,
        nullable: true,
        native: NativeType::Plain,
    }
}

fn integer_function(op: Arithmetic) -> &'static str {
    match op {
        Arithmetic::Add => "nl_integer_add",
        Arithmetic::Sub => "nl_integer_sub",
        Arithmetic::Mul => "nl_integer_mul",
        Arithmetic::Div | Arithmetic::DivBy => "nl_integer_div",
        Arithmetic::Mod => "nl_integer_mod",
    }
}

fn decimal_function(op: Arithmetic) -> &'static str {
    match op {
        Arithmetic::Add => "nl_decimal_add",
        Arithmetic::Sub => "nl_decimal_sub",
        Arithmetic::Mul => "nl_decimal_mul",
        Arithmetic::Div | Arithmetic::DivBy => "nl_decimal_div",
        Arithmetic::Mod => "nl_decimal_mod",
    }
}

/// Whether comparing needs exact digits: something computed them, or a constant has more than a double holds.
fn needs_digits(operand: &Operand) -> bool {
    let exact = matches!(operand.primitive, Some(P::Decimal | P::Duration)) && operand.form == Form::Exact;
    let text = operand.primitive == Some(P::Decimal) && operand.form == Form::Column(Storage::Text);
    let long = match &operand.sql {
        Sql::Param(Param { value: Value::Decimal(digits), .. }) => {
            digits.bytes().filter(u8::is_ascii_digit).count() > EXACT_DIGITS
        }
        Sql::Param(Param { value: Value::Duration(_), .. }) => true,
        _ => false,
    };
    exact || text || long
}

/// Whether a double is compared.
fn is_double(operand: &Operand) -> bool {
    matches!(operand.primitive, Some(P::Double | P::Single))
        || matches!(&operand.sql, Sql::Param(Param { value: Value::Double(_), .. }))
}

/// The operand as the text that exact functions read.
fn exact(operand: Operand) -> Sql {
    match operand.primitive {
        Some(P::Decimal | P::Duration) => digits(operand),
        Some(P::Double | P::Single) => digits(operand),
        Some(p) if p.is_integer() => digits(operand),
        _ => comparable(operand, None),
    }
}

/// A number as exact decimal digits.
fn digits(operand: Operand) -> Sql {
    match (operand.form, operand.sql) {
        (Form::Exact, sql) => sql,
        (_, Sql::Param(param)) => Sql::Param(Param { form: ParamForm::Text, ..param }),
        (_, sql) => Sql::Call("nl_digits", vec![sql]),
    }
}

/// A number as a double.
fn double(operand: Operand) -> Sql {
    match operand.sql {
        Sql::Param(Param { value: Value::Integer(i), form }) => {
            Sql::Param(Param { value: Value::Double(i as f64), form })
        }
        Sql::Param(Param { value: Value::Decimal(digits), form }) => {
            let value = digits.parse().map_or(Value::Decimal(digits), Value::Double);
            Sql::Param(Param { value, form })
        }
        // Columns can hold whole numbers as integers, with which SQLite would compute otherwise.
        sql if operand.form != Form::Constant => Sql::Call("nl_double", vec![sql]),
        sql => sql,
    }
}

/// The operand as functions of the driver read it.
fn plain(operand: Operand) -> Sql {
    operand.sql
}

/// The operand in the form in which equal values are equal and the order is that of the values. `storage` is that
/// of the column it meets.
fn comparable(operand: Operand, storage: Option<Storage>) -> Sql {
    match (operand.form, operand.primitive, operand.sql) {
        (Form::Constant, Some(P::Guid), Sql::Param(param)) => {
            let form = if storage == Some(Storage::Blob) { ParamForm::Blob } else { ParamForm::Text };
            Sql::Param(Param { form, ..param })
        }
        (Form::Column(Storage::Blob), Some(P::Guid), sql) if storage.is_none() => {
            Sql::Call("nl_guid", vec![sql])
        }
        (Form::Column(Storage::Text), Some(P::Guid), sql) => Sql::Call("lower", vec![sql]),
        (Form::Column(Storage::Text), Some(P::String), sql) => Sql::Call("nl_shown", vec![sql]),
        (Form::Column(Storage::Text), Some(P::Binary), sql) => Sql::Call("nl_bytes", vec![sql]),
        (Form::Column(Storage::Text), Some(P::DateTimeOffset), sql) => Sql::Call("nl_instant", vec![sql]),
        (Form::Column(Storage::Text), Some(P::TimeOfDay), sql) => Sql::Call("nl_time", vec![sql]),
        (Form::Column(Storage::Text), Some(P::Decimal), sql) => {
            Sql::Collate(Box::new(Sql::Call("nl_digits", vec![sql])), collation::DECIMAL)
        }
        (_, _, sql) => sql,
    }
}
