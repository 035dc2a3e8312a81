//! Functions of a database that change nothing.

use std::sync::Arc;

use nextlink_odata::model::PrimitiveType;

use super::Column;

/// A function of the database that changes nothing.
#[derive(Debug, Clone)]
pub struct Routine {
    /// Schema, where the database has them.
    pub schema: Option<String>,
    /// Name as in the database. Several can have one, with different arguments.
    pub name: String,
    /// What it takes.
    pub arguments: Vec<Argument>,
    /// What it gives.
    pub gives: Gives,
    /// Whether it gives several of that; else one or none.
    pub collection: bool,
    /// The SELECT that calls it.
    pub call: Call,
    /// Comment of the database.
    pub comment: Option<String>,
}

/// What a function of the database takes.
#[derive(Debug, Clone)]
pub struct Argument {
    /// Its name; one that tells its place where it has none.
    pub name: String,
    /// The type it is served as.
    pub ty: PrimitiveType,
    /// Whether null is a value.
    pub nullable: bool,
    /// Whether a call need not give it.
    pub optional: bool,
}

/// What a function of the database gives.
#[derive(Debug, Clone)]
pub enum Gives {
    /// Values that are as those of this column of its SELECT; of a composite type each of its columns is one of the SELECT.
    Values(Box<Column>),
    /// Rows of a table or view, with all of its columns.
    Rows {
        /// Schema, where the database has them.
        schema: Option<String>,
        /// Name of the table or view.
        table: String,
    },
}

/// A SELECT that calls a function of the database with the arguments that are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its text before the arguments.
    pub before: Arc<str>,
    /// By argument: what stands before and behind its value. Commas stand between those that are given.
    pub arguments: Vec<(Arc<str>, Arc<str>)>,
    /// Its text behind them.
    pub after: Arc<str>,
}
