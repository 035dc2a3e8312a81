//! What a model file says of changes: by what it is known when a row has changed, and that it is deleted.

use serde::Deserialize;

use super::named::Named;

/// By what changes of an entity set are followed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ChangesShape {
    /// The column that gets a greater value with each change of a row: a point in time, or a number. Without it changes are
    /// not followed.
    pub column: Option<Named>,
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
