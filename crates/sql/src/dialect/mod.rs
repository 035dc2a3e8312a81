//! What differs between databases, as facts: how to write names and operators, and what a function becomes.

mod sqlite;

use nextlink_odata::model::PrimitiveType;
use nextlink_odata::query::{Arithmetic, Function};

use crate::catalog::Storage;
use crate::tree::{Operator, Sql};

pub use sqlite::Sqlite;

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
}

/// The facts of a database.
pub trait Dialect: Sync {
    /// Name for messages.
    fn name(&self) -> &'static str;

    /// Appends a quoted identifier.
    fn identifier(&self, name: &str, out: &mut String);

    /// Appends the placeholder of the parameter with this number, from 1.
    fn placeholder(&self, number: usize, out: &mut String);

    /// The text of an operator.
    fn operator(&self, operator: Operator) -> &'static str;

    /// Greatest number of tables that one SELECT joins, and of columns it gives.
    fn bounds(&self) -> Bounds;

    /// Whether null is less than all values in ORDER BY by itself.
    fn nulls_are_smallest(&self) -> bool;

    /// Whether the order of joins must be forced for the table of parent rows to come first.
    fn forced_join(&self) -> &'static str;

    /// The left side and each right side of comparisons, in forms in which equal values are equal and the order is
    /// that of the values.
    fn comparable(&self, left: Operand, right: Vec<Operand>) -> (Sql, Vec<Sql>);

    /// A text column that compares by code point although it was declared otherwise.
    fn by_code_point(&self, column: Sql) -> Sql;

    /// What to order by, so that the order is that of the values.
    fn order_key(&self, operand: Operand) -> Sql;

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

    /// Whether a text is found in a column, without regard to case. Null where the column is null.
    fn search(&self, column: Operand, text: &str) -> Sql;
}
