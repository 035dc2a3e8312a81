//! Values under names of their own, and rows that are no entities: what `$compute` and `$apply` make.

use super::{Expr, Order};
use crate::model::{EnumTypeId, PrimitiveType};

/// How large an expression is, for the limits: it is counted again wherever its name is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Its parts.
    pub nodes: usize,
    /// Its depth.
    pub depth: usize,
    /// Navigation properties in it.
    pub navigations: usize,
}

/// A value under a name that no property of the model has.
#[derive(Debug, Clone)]
pub struct Named {
    /// Its name, behind those of the values that it lies in.
    pub path: Vec<String>,
    /// The value.
    pub expr: Expr,
    /// How large that is.
    pub size: Size,
    /// What is null where the row does not have the value at all.
    pub present: Option<Expr>,
}

/// Where the rows of a select come from.
#[derive(Debug, Clone)]
pub enum Input {
    /// The entities of the resource path.
    Path,
    /// Those of them whose keys the rows are.
    Keys(Box<Rows>),
    /// Rows of which variable 0 is one.
    Rows(Box<Rows>),
}

/// Rows that a transformation of `$apply` makes.
#[derive(Debug, Clone)]
pub struct Rows {
    /// What each row has.
    pub columns: Vec<RowColumn>,
    /// The columns whose values no two rows have in common: none where there is one row only.
    pub identity: Vec<usize>,
    /// How they are made.
    pub kind: RowsKind,
}

/// How rows are made.
#[derive(Debug, Clone)]
pub enum RowsKind {
    /// Of other rows.
    Select(Box<Transform>),
    /// One after the other, with the same columns.
    Union(Vec<Rows>),
}

/// A column of rows.
#[derive(Debug, Clone)]
pub struct RowColumn {
    /// The name of the value and of those that it lies in; none of a column that only serves others.
    pub path: Vec<String>,
    /// Its type.
    pub primitive: Option<PrimitiveType>,
    /// The enumeration that it is a value of.
    pub enumeration: Option<EnumTypeId>,
    /// Whether it can be null.
    pub nullable: bool,
    /// The column that is null in the rows that do not have the value at all.
    pub present: Option<usize>,
}

/// A select whose rows are the input of others.
#[derive(Debug, Clone)]
pub struct Transform {
    /// Its rows: variable 0 in all expressions.
    pub input: Input,
    /// Which of them.
    pub filter: Option<Expr>,
    /// The values of the columns.
    pub values: Vec<Expr>,
    /// Groups by so many values at the start; the others are of whole groups.
    pub group: Option<usize>,
    /// Whether the values are the key of the entities as it lies in the table.
    pub keys: bool,
    /// The order that `top` and `skip` are about; it is total.
    pub orderby: Vec<Order>,
    /// Rows at most.
    pub top: Option<u64>,
    /// Rows passed over first.
    pub skip: u64,
}

/// What is made of the values of a group (Data Aggregation section 3.2.1.2). Null is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregation {
    /// The number of rows.
    Count,
    /// `sum`
    Sum,
    /// `min`
    Min,
    /// `max`
    Max,
    /// `average`
    Average,
    /// `countdistinct`
    CountDistinct,
}
