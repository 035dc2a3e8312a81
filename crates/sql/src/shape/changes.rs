//! What a model file says of changes: by what it is known when a row has changed, and that it is deleted.

use serde::Deserialize;

use super::named::{Entries, Named};

/// By what changes of an entity set are followed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ChangesShape {
    /// The column that gets a greater value with each change of a row: a point in time, or a number. Without it changes are
    /// not followed.
    pub column: Option<Named>,
    /// A table, filled by triggers, that tells which rows have changed.
    pub table: Option<Named>,
    /// Properties or columns of the key, with the columns of that table that tell them. Default: columns of the same names.
    #[serde(default)]
    pub key: Entries<Named>,
    /// The column of that table that gets a greater value with each row of it: a point in time, or a number.
    pub at: Option<Named>,
    /// What tells that a row is deleted.
    pub deleted: Option<DeletedShape>,
}

/// What tells that a row is deleted although it lies there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeletedShape {
    /// The column that is null as long as a row is there, or that is true of a deleted one.
    pub column: Named,
}
