//! What differs between databases, as facts: how to write names and operators, and what a function becomes.

mod micros;
mod json;
mod pattern;
mod sqlite;
mod postgres;
mod mysql;

use nextlink_odata::model::PrimitiveType;
use nextlink_odata::query::{Arithmetic, Function};
use nextlink_odata::value::Value;

use crate::catalog::{NativeType, Storage};
use crate::statement::ResultColumn;
use crate::tree::{KeyColumn, Operator, Param, Sql};
use crate::zone::Zone;

pub use json::JsonPath;
pub use mysql::{MARIADB, MYSQL, MySql, SORTED};
pub use pattern::sqlite_pattern;
pub use postgres::Postgres;
pub use sqlite::Sqlite;

/// Digits behind the point of a decimal quotient, and of seconds that are divided or multiplied: all databases have these.
const QUOTIENT_DIGITS: i64 = 16;
const SECOND_DIGITS: i64 = 6;

/// An expression with what is known of its value.
#[derive(Debug, Clone)]
pub struct Operand {
    /// The expression.
    pub sql: Sql,
    /// Its type; none for null.
    pub primitive: Option<PrimitiveType>,
    /// How its value looks to the database.
    pub form: Form,
    /// Whether it can be null.
    pub nullable: bool,
    /// The column's own type, where it is one.
    pub native: NativeType,
}

impl Operand {
    /// A constant.
    pub fn constant(sql: Sql, primitive: Option<PrimitiveType>, nullable: bool) -> Operand {
        Operand { sql, primitive, form: Form::Constant, nullable, native: NativeType::Plain }
    }

    /// The same facts of another expression.
    pub fn with(self, sql: Sql) -> Operand {
        Operand { sql, ..self }
    }

    /// Something that is computed and may be null.
    pub fn computed(sql: Sql, primitive: PrimitiveType) -> Operand {
        let form = Form::Computed;
        Operand { sql, primitive: Some(primitive), form, nullable: true, native: NativeType::Plain }
    }
}

/// What is asked of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Whether they are equal.
    Equality,
    /// Which comes first.
    Order,
}

/// How a statement takes rows of a level above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParentRows {
    /// `VALUES` with a parameter for each link value.
    Values,
    /// One `SELECT` a row, joined by `UNION ALL`, with a parameter for each link value.
    Selects,
    /// An array for each link column, of any number of rows.
    Arrays,
}

/// How the value of an expression looks to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A constant, which can take any form.
    Constant,
    /// A column as it lies in its table.
    Column(Storage),
    /// What the database computes for the type: numbers, text, booleans as 0 and 1.
    Computed,
    /// Text that a function made: exact decimal digits, a point in time in UTC, seconds of a duration.
    Exact,
}

/// An item of an array.
#[derive(Debug, Clone)]
pub struct ArrayItem {
    /// The item.
    pub value: Sql,
    /// That the array has so many.
    pub is_there: Sql,
}

/// What stands at a place of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonKind {
    /// Anything, null included.
    There,
    /// An object.
    Object,
    /// An array.
    Array,
}

/// What stands around a JSON array that is a table.
#[derive(Debug, Clone, Copy)]
pub struct JsonRows {
    /// Before it.
    pub before: &'static str,
    /// Behind it.
    pub behind: &'static str,
    /// Behind the name of the table.
    pub columns: &'static str,
}

/// Something the database cannot do.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what} is not supported on {database}.")]
pub struct Unsupported {
    /// What.
    pub what: String,
    /// Where.
    pub database: &'static str,
}

/// How large a SELECT may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Tables joined.
    pub tables: usize,
    /// Result columns.
    pub columns: usize,
    /// Parameters, besides those that parent rows take.
    pub parameters: usize,
}

/// The text of an operator as most databases have it.
fn standard(operator: Operator) -> &'static str {
    match operator {
        Operator::Eq => " = ",
        Operator::Ne => " <> ",
        Operator::Lt => " < ",
        Operator::Le => " <= ",
        Operator::Gt => " > ",
        Operator::Ge => " >= ",
        Operator::Same => " IS NOT DISTINCT FROM ",
        Operator::Distinct => " IS DISTINCT FROM ",
        Operator::And => " AND ",
        Operator::Or => " OR ",
        Operator::Add => " + ",
        Operator::Sub => " - ",
        Operator::Mul => " * ",
        Operator::Div | Operator::IntegerDiv => " / ",
        Operator::Mod => " % ",
        Operator::BitAnd => " & ",
        Operator::Concat => " || ",
        Operator::Matches => " REGEXP ",
        Operator::Like => " LIKE ",
        Operator::Found => " @@ ",
    }
}

/// The facts of a database.
pub trait Dialect: Sync {
    /// Name for messages.
    fn name(&self) -> &'static str;

    /// Appends a quoted identifier.
    fn identifier(&self, name: &str, out: &mut String);

    /// Appends the placeholder of the parameter with this number, from 1, in the type of its value.
    fn param(&self, number: usize, param: &Param, out: &mut String);

    /// Appends the placeholder of a link value, or of the array of them, in the type of the column it is compared with.
    fn key_param(&self, number: usize, column: &KeyColumn, out: &mut String);

    /// How a statement takes rows of a level above.
    fn parent_rows(&self) -> ParentRows;

    /// The text of an operator. For [`Operator::Distinct`] it may be that of the opposite, see
    /// [`Dialect::distinct_negates`].
    fn operator(&self, operator: Operator) -> &'static str;

    /// Whether different is written as not the same.
    fn distinct_negates(&self) -> bool {
        false
    }

    /// Greatest number of tables that one SELECT joins, and of columns it gives.
    fn bounds(&self) -> Bounds;

    /// The type of a short text in a cast.
    fn short_text(&self) -> &'static str {
        "CHAR(20)"
    }

    /// The type of a text of 2,400 digits in a cast.
    fn long_text(&self) -> &'static str {
        "CHAR(2400)"
    }

    /// Whether null is less than all values in ORDER BY by itself.
    fn nulls_are_smallest(&self) -> bool;

    /// What stands before a statement with a select that refers to itself.
    fn before_recursion(&self) -> &'static str {
        ""
    }

    /// Whether a select that refers to itself has to be named where the table of parent rows is, and sees that nowhere else.
    fn names_recursion_first(&self) -> bool {
        false
    }

    /// Whether columns that are equal are taken for each other in conditions. Not where they are compared by [`Operator::Same`].
    fn takes_equals_for_each_other(&self) -> bool {
        false
    }

    /// Whether a column that equals a constant is taken for it in other conditions, before the row is there. Not where
    /// they are compared by [`Operator::Same`].
    fn takes_constants_for_columns(&self) -> bool {
        false
    }

    /// Whether the order of joins must be forced for the table of parent rows to come first.
    fn forced_join(&self) -> &'static str;

    /// The left side and each right side of comparisons, in forms in which equal values are equal and the order is
    /// that of the values. Where a constant stands for several values of the database, there are more right sides than before: what
    /// equals one of them is equal.
    fn comparable(&self, left: Operand, right: Vec<Operand>, relation: Relation) -> (Sql, Vec<Sql>);

    /// Whether each constant of a type stands for one value of the database, so that [`Dialect::comparable`] makes the same of all.
    fn has_one_of_each(&self, _: PrimitiveType) -> bool {
        true
    }

    /// The last value before this one that a column can hold, where the database counts seconds less finely than the
    /// value does, or keeps fewer digits of a number.
    fn before(&self, value: &Value) -> Option<Value> {
        micros::before(value)
    }

    /// A text column that compares by code point although it was declared otherwise.
    fn by_code_point(&self, column: Sql, native: &NativeType) -> Sql;

    /// Whether a text column that is not declared to compare by code point should also be compared as it is where
    /// equality is asked for, since only that is served by an index.
    fn equality_needs_hint(&self) -> bool;

    /// Whether a column of dates or points in time should also be compared as it is where the order is asked for, since
    /// only that is served by an index.
    fn order_needs_hint(&self) -> bool {
        false
    }

    /// Whether a value is null.
    fn is_null(&self, operand: Operand) -> Sql {
        Sql::IsNull(Box::new(operand.sql))
    }

    /// Whether a value is not null.
    fn is_not_null(&self, operand: Operand) -> Sql {
        Sql::IsNotNull(Box::new(operand.sql))
    }

    /// A point in time that says no time zone, as it is meant in one: in UTC.
    fn in_utc(&self, column: Sql, zone: Zone) -> Sql;

    /// Whether a column of such points in time should also be compared as it is, since only that is served by an index.
    fn zone_needs_hint(&self) -> bool {
        true
    }

    /// What is null, or an error, where the server does not know a time zone that [`Dialect::in_utc`] names.
    fn zone_trial(&self, zone: Zone) -> Option<Sql>;

    /// A column as it is read.
    fn cell(&self, column: Sql, cell: &ResultColumn, native: &NativeType) -> Sql;

    /// What to order by, so that the order is that of the values.
    fn order_key(&self, operand: Operand) -> Sql;

    /// What to order by where only a total order that an index serves is wanted: the columns of the key.
    fn key_order(&self, operand: Operand) -> Sql {
        self.order_key(operand)
    }

    /// What compares as [`Dialect::order_key`] and [`Dialect::key_order`] of an operand are ordered, where they do not do
    /// so themselves.
    fn order_value(&self, operand: &Operand) -> Option<Sql> {
        _ = operand;
        None
    }

    /// What to order by in place of the key of an operand, where the database sorts by no more than the beginning of a
    /// long text.
    fn sorted(&self, key: Sql, operand: &Operand) -> Sql {
        _ = operand;
        key
    }

    /// Whether a condition on a row that leads to other tables reads the row once more, by its key, so that the database
    /// can make a join of it, which it does only where there are many rows.
    fn reads_rows_again(&self) -> bool {
        false
    }

    /// Whether the first level has to be read in pieces where others hang on it, since a connection has one result at a
    /// time.
    fn seeks_for_levels(&self) -> bool {
        false
    }

    /// A number or duration as exact decimal digits.
    fn exact(&self, operand: Operand) -> Sql;

    /// Arithmetic with a result of the given type.
    fn arithmetic(
        &self,
        op: Arithmetic,
        left: Operand,
        right: Operand,
        result: PrimitiveType,
    ) -> Result<Operand, Unsupported>;

    /// Unary minus.
    fn negate(&self, operand: Operand) -> Result<Operand, Unsupported>;

    /// A canonical function.
    fn call(
        &self,
        function: Function,
        args: Vec<Operand>,
        result: PrimitiveType,
    ) -> Result<Operand, Unsupported>;

    /// `cast`
    fn cast(&self, operand: Operand, to: PrimitiveType) -> Result<Operand, Unsupported>;

    /// A column of a SELECT of the owner, which is to be of a type.
    fn told(&self, column: Sql, primitive: PrimitiveType) -> Operand {
        Operand::computed(column, primitive)
    }

    /// A value as a SELECT of the owner takes it in the place of a parameter of a type.
    fn argument(&self, operand: Operand, primitive: PrimitiveType) -> Sql;

    /// Whether a select in the place of a table, inside of a select in the place of a value, can name columns around both.
    fn tables_see_rows(&self) -> bool {
        true
    }

    /// What ends a select of values so that the database computes each of them once, where it would write it into each place where
    /// it is named. Of values in which others are named, and so on, that makes more than memory holds.
    fn fence(&self) -> &'static str {
        ""
    }

    /// What stands around a whole number that becomes a table with the column `v0`, where a select in the place of a table cannot
    /// name what is around it.
    fn number_table(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// A value of which different ones are counted.
    fn distinct(&self, operand: Operand) -> Sql {
        self.carried(operand).sql
    }

    /// A value that a condition chooses, as the conditions and the values make it.
    fn chosen(&self, case: Sql, primitive: Option<PrimitiveType>) -> Sql {
        _ = primitive;
        case
    }

    /// Whether a text is found in a column, without regard to case. Null where the column is null.
    fn search(&self, column: Operand, text: &str) -> Sql;

    /// The number of bytes of a binary value.
    fn octets(&self, value: Sql) -> Sql {
        Sql::call("octet_length", [value])
    }

    /// Bytes of a binary value: the number of the first of them, from 1, and how many.
    fn piece(&self, value: Sql, first: Sql, bytes: Sql) -> Sql {
        Sql::call("substr", [value, first, bytes])
    }

    /// Names by which a table gives the numbers of its rows, unless a column has such a name.
    fn row_numbers(&self) -> &'static [&'static str] {
        &[]
    }

    /// A column that holds labels of an enumeration, as text that compares by code point.
    fn label_text(&self, column: Sql, native: &NativeType) -> Sql {
        self.by_code_point(column, native)
    }

    /// A value as a column of a select that others read: equal values are one there, and what was text of many forms has
    /// the one that is ordered as the values are.
    fn carried(&self, operand: Operand) -> Operand;

    /// A value that is no column of a table, as it is read.
    fn value(&self, operand: Operand) -> Sql {
        self.carried(operand).sql
    }

    /// Null in a column of selects that follow each other.
    fn null(&self, primitive: PrimitiveType) -> Sql {
        _ = primitive;
        Sql::Null
    }

    /// The sum of the values of a group.
    fn sum(&self, operand: Operand, result: PrimitiveType) -> Operand;

    /// An item of an array by its number from 0, or from its end where that is negative.
    fn item(&self, array: Sql, number: i64) -> Result<ArrayItem, Unsupported> {
        _ = (array, number);
        Err(Unsupported { what: "An item of a collection".to_owned(), database: self.name() })
    }

    /// What JSON in a column has at a path, as a value of a type, which is Edm.String, Edm.Boolean, Edm.Decimal, Edm.Double or, for whole
    /// numbers, which are given as Edm.Decimal, Edm.Int64: null where it has another one, or is not there. Without a type only counts
    /// whether it is null.
    fn json_member(
        &self,
        column: Sql,
        native: &NativeType,
        path: &JsonPath,
        wanted: Option<PrimitiveType>,
    ) -> Operand;

    /// Whether JSON in a column has something of a kind at a path. Null where nothing is there.
    fn json_is(&self, column: Sql, native: &NativeType, path: &JsonPath, kind: JsonKind) -> Sql;

    /// The JSON array that is at a path; null where there is none.
    fn json_array(&self, column: Sql, native: &NativeType, path: &JsonPath) -> Sql;

    /// How the items of a JSON array become rows.
    fn json_rows(&self) -> JsonRows;

    /// What stands before and behind a whole number where all of them become a text with commas between them; an order follows.
    fn json_numbers(&self) -> (&'static str, &'static str);

    /// The number from 0 of the item that a row of such a table is.
    fn json_index(&self, alias: usize) -> Sql;

    /// A column of the composite value of an expression. Null where the value is null.
    fn member(&self, value: Sql, name: &str) -> Result<Sql, Unsupported> {
        _ = (value, name);
        Err(Unsupported { what: "A path into a composite value".to_owned(), database: self.name() })
    }
}
