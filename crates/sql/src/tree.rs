//! SQL as a tree. Outside text gets in as an identifier or as a parameter, in no other way.

use std::sync::Arc;

use nextlink_odata::model::PrimitiveType;
use nextlink_odata::query::Arithmetic;
use nextlink_odata::value::Value;

use crate::catalog::{JoinedTables, NativeType};

/// A SELECT.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Select {
    /// Joins with a table `k` of parent rows (position, link values) that the caller sends as parameters: the columns
    /// of the link values.
    pub keys: Option<Vec<KeyColumn>>,
    /// Result columns.
    pub columns: Vec<Sql>,
    /// Tables, the first one without a condition.
    pub from: Vec<Join>,
    /// Conditions, all of which must hold.
    pub filter: Vec<Sql>,
    /// ORDER BY.
    pub order: Vec<OrderTerm>,
    /// Rows at most.
    pub limit: Option<u64>,
    /// Rows at most, as a parameter: a number that changes from one statement to the next.
    pub chunk: Option<u64>,
    /// Rows passed over first.
    pub offset: u64,
    /// Keeps, for each parent, only the rows after `.0` and at most `.1` of them, in `order`.
    pub window: Option<(u64, Option<u64>)>,
    /// Groups by so many columns at the start.
    pub group: usize,
    /// Groups by the last column, too.
    pub group_last: bool,
    /// Groups by the parent's position: the columns are the position and COUNT(*).
    pub count_by_parent: bool,
}

/// A column of the table of parent rows.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyColumn {
    /// The type it is served as.
    pub primitive: PrimitiveType,
    /// The type of the column it is compared with.
    pub native: NativeType,
}

/// A table and how it joins those before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// How.
    pub kind: JoinKind,
    /// The table.
    pub table: TableRef,
    /// Conditions.
    pub on: Vec<Sql>,
}

/// How a table joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// Rows that match.
    Inner,
    /// All rows so far, with what matches.
    Left,
}

/// A table with its alias.
#[derive(Debug, Clone, PartialEq)]
pub struct TableRef {
    /// What it is.
    pub source: Source,
    /// Alias: `t` and this number.
    pub alias: usize,
}

/// Where the rows of a table are.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// In the database.
    Table {
        /// Schema.
        schema: Option<String>,
        /// Name.
        name: String,
    },
    /// Rows of a table under the same alias, chosen by conditions that come before all others.
    Chosen(Box<Select>),
    /// A SELECT of the owner, as it stands in the model file.
    Told(Vec<Told>),
    /// What selects give, one after the other. Their columns are `c0`, `c1`, …
    Selects(Vec<Select>),
    /// What a recursive select gives: rows, and over and over those that follow from the ones before, each once. Its
    /// columns are `c0`, `c1`, …
    Recursive {
        /// The first rows.
        base: Box<Select>,
        /// Those that follow from [`Source::SoFar`].
        step: Box<Select>,
    },
    /// In the step of a recursive select: the rows that came last.
    SoFar,
    /// Tables that share a key.
    Joined(Arc<JoinedTables>),
    /// The items of a JSON array, which is an expression: the dialect says how they are numbered.
    JsonItems(Box<Sql>),
    /// In an array: its column is `c0`.
    Items {
        /// The array.
        array: Box<Sql>,
        /// Whether the items are composite values, which are to stay whole.
        whole: bool,
        /// Whether their numbers are in the column `c1`.
        numbered: bool,
    },
}

/// A part of a SELECT of the owner.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// Text.
    Text(Arc<str>),
    /// A value.
    Value(Sql),
}

/// An item of ORDER BY. Null comes first when ascending and last when descending.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderTerm {
    /// What to order by.
    pub expr: Sql,
    /// What compares as that is ordered, where it does not do so itself.
    pub value: Option<Sql>,
    /// Descending.
    pub descending: bool,
    /// Whether it can be null.
    pub nullable: bool,
}

/// How a parameter travels to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamForm {
    /// In the database's own type for the value: decimals as numbers.
    Native,
    /// As text: decimals as digits.
    Text,
    /// As bytes: Guid.
    Blob,
    /// As it came from what it is compared with: bytes are those of the database's own form, whatever the type.
    Raw,
}

/// A parameter of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// The value.
    pub value: Value,
    /// How it travels.
    pub form: ParamForm,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Sql {
    /// A column of the table with this alias.
    Column(usize, String),
    /// A column of the composite value of an expression.
    Member(Box<Sql>, String),
    /// An item of an array by its index.
    Item(Box<Sql>, Box<Sql>),
    /// The position of the parent row in `k`.
    Position,
    /// A link value in `k`.
    Key(usize),
    /// A parameter.
    Param(Param),
    /// A whole number of our own.
    Integer(i64),
    /// A short text of our own, such as the name of a type.
    Word(&'static str),
    /// The name of a member of an enumeration: letters, digits and `_`, and nothing else.
    Label(String),
    /// NULL
    Null,
    /// Two operands.
    Binary(Operator, Box<Sql>, Box<Sql>),
    /// NOT
    Not(Box<Sql>),
    /// Unary minus.
    Negate(Box<Sql>),
    /// IS NULL
    IsNull(Box<Sql>),
    /// IS NOT NULL
    IsNotNull(Box<Sql>),
    /// IS TRUE: never null.
    IsTrue(Box<Sql>),
    /// IS NOT TRUE: never null.
    IsNotTrue(Box<Sql>),
    /// IN with a list.
    In(Box<Sql>, Vec<Sql>),
    /// Several values side by side, to be compared with what a select gives.
    Row(Vec<Sql>),
    /// IN with a select.
    InSelect(Box<Sql>, Box<Select>),
    /// The number of a row in an order, among those with the same values.
    RowNumber(Vec<Sql>, Vec<OrderTerm>),
    /// The number of a row in an order, where those have the same number that the order does not tell apart.
    Rank(Vec<OrderTerm>),
    /// A function of the database or of the driver.
    Call(&'static str, Vec<Sql>),
    /// COLLATE
    Collate(Box<Sql>, &'static str),
    /// CAST
    Cast(Box<Sql>, CastType),
    /// Values that the expression names by [`Sql::Bound`], so that each is written and computed once.
    Let(Vec<Sql>, Box<Sql>),
    /// The same with one whole number, which the expression can name inside of selects in the place of tables, too.
    LetNumber(Box<Sql>, Box<Sql>),
    /// One of the values of the `Let` or `LetNumber` around it.
    Bound(usize),
    /// A word of the language in the place of an argument, such as a unit of time.
    Keyword(&'static str),
    /// CASE WHEN … THEN … END
    Case(Vec<(Sql, Sql)>),
    /// EXISTS
    Exists(Box<Select>),
    /// A scalar subquery.
    Scalar(Box<Select>),
    /// A SELECT of the owner in the place of a value.
    Told(Vec<Told>),
    /// An array of the rows of a select.
    Array(Box<Select>),
    /// The numbers that the one column of a select gives as a text, in its order, with commas between them.
    JsonNumbers(Box<Select>),
    /// What MATCH looks for, in boolean mode.
    BooleanMode(Box<Sql>),
    /// COUNT(*)
    CountAll,
    /// An argument of an aggregate function of which each value counts once.
    Distinct(Box<Sql>),
    /// An aggregate function over the rows before this one in an order, among those with the same values; without an order
    /// over all rows.
    Over(Box<Sql>, Vec<Sql>, Vec<OrderTerm>),
}

/// The type of a CAST.
#[derive(Debug, Clone, PartialEq)]
pub enum CastType {
    /// A type of the language.
    Word(&'static str),
    /// A type of the database by its schema and name.
    Named(String, String),
}

/// Binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// Equal, null being equal to null; never null.
    Same,
    /// Different, null being equal to null; never null.
    Distinct,
    /// AND
    And,
    /// OR
    Or,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// A quotient without its fraction.
    IntegerDiv,
    /// The bits that both numbers have.
    BitAnd,
    /// Text put together.
    Concat,
    /// Whether a text matches a regular expression.
    Matches,
    /// Whether a text matches a pattern with `%` and `_`.
    Like,
    /// Whether words are found by an index.
    Found,
}

impl From<Arithmetic> for Operator {
    fn from(op: Arithmetic) -> Operator {
        match op {
            Arithmetic::Add => Operator::Add,
            Arithmetic::Sub => Operator::Sub,
            Arithmetic::Mul => Operator::Mul,
            Arithmetic::Div | Arithmetic::DivBy => Operator::Div,
            Arithmetic::Mod => Operator::Mod,
        }
    }
}

impl Sql {
    /// Whether it is written as a value, which is the same for all rows.
    pub fn is_literal(&self) -> bool {
        match self {
            Sql::Null | Sql::Param(_) | Sql::Integer(_) | Sql::Word(_) | Sql::Label(_) => true,
            Sql::Cast(value, _) | Sql::Collate(value, _) => value.is_literal(),
            _ => false,
        }
    }

    /// A binary expression.
    pub fn binary(op: Operator, left: Sql, right: Sql) -> Sql {
        Sql::Binary(op, Box::new(left), Box::new(right))
    }

    /// A call of a function.
    pub fn call(name: &'static str, args: impl Into<Vec<Sql>>) -> Sql {
        Sql::Call(name, args.into())
    }

    /// `CASE` with one condition, and a value for where it does not hold.
    pub fn when(condition: Sql, value: Sql, otherwise: Sql) -> Sql {
        let always = Sql::binary(Operator::Eq, Sql::Integer(1), Sql::Integer(1));
        Sql::Case(vec![(condition, value), (always, otherwise)])
    }

    /// A cast to a type of the language.
    pub fn cast(self, to: &'static str) -> Sql {
        Sql::Cast(Box::new(self), CastType::Word(to))
    }

    /// A column of selects in the place of a table.
    pub fn carried(alias: usize, number: usize) -> Sql {
        Sql::Column(alias, ["c", &number.to_string()].concat())
    }

    /// A column.
    pub fn column(alias: usize, name: &str) -> Sql {
        Sql::Column(alias, name.to_owned())
    }
}
