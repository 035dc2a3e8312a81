//! The syntax tree of `$apply` (OData Data Aggregation 4.0).

use super::ast::Expr;

/// A transformation of `$apply`. Filled in by the parser of `$apply`.
#[derive(Debug, Clone, PartialEq)]
pub struct Transformation {
    /// Byte offset.
    pub at: u32,
    /// Name as sent: `filter`, `groupby`, …
    pub name: String,
}

/// One aggregate expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// What is aggregated.
    pub expr: Expr,
    /// Alias, where there is one.
    pub alias: Option<String>,
}
