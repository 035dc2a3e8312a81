//! What the store asks of the system database: which results there are, and who owns them.

use crate::id::{NodeId, ResultId};

/// The state of a result as the registry knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultState {
    /// Pages are being added.
    Writing,
    /// The last page is written.
    Complete,
    /// It ends before its last page.
    Failed,
}

/// What can be done when the stored pages are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Recovery {
    /// Nothing.
    #[default]
    None,
    /// Execute again from a known row on: the order is total and the source compares it itself.
    Key,
}

/// A row of the table of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultRow {
    /// The result.
    pub id: ResultId,
    /// The execution it comes from.
    pub generation: u32,
    /// The node that holds it.
    pub owner: NodeId,
    /// Its state.
    pub state: ResultState,
    /// Whose query it answers.
    pub user: String,
    /// The source it was read from.
    pub source: String,
    /// What can be done when it is lost.
    pub recovery: Recovery,
    /// Pages written.
    pub pages: u32,
    /// Rows written.
    pub rows: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// When it expires if nobody reads it, in milliseconds since 1970; written now and then, not at
    /// each read.
    pub expires_ms: u64,
    /// When it expires in any case, in milliseconds since 1970.
    pub absolute_ms: u64,
}

/// A new expiry of a result that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The result.
    pub id: ResultId,
    /// Its generation.
    pub generation: u32,
    /// Its expiry in milliseconds since 1970.
    pub expires_ms: u64,
}

/// Why the registry did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// It cannot be reached or written. What is stored can still be read.
    #[error("the system database is not available: {0}")]
    Unavailable(String),
    /// It answered something that cannot be right.
    #[error("the system database holds what this version cannot read: {0}")]
    Invalid(String),
    /// Another process has taken the node over: what this one holds it may serve, and no more.
    #[error("another process has registered as this node")]
    Fenced,
}

/// The table of results, as one registered node sees it. One insert, one update and one removal a
/// result; nothing for a page. A node that another process has taken over changes nothing.
///
/// All methods may block. The store calls them from its own threads, or from methods that say so.
pub trait Registry: Send + Sync {
    /// Adds a result.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn insert(&self, row: &ResultRow) -> Result<(), RegistryError>;

    /// Writes state, sizes and expiry of a result; nothing happens when there is no such row of
    /// that owner.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn update(&self, row: &ResultRow) -> Result<(), RegistryError>;

    /// Writes the expiry of results that were read, in one transaction.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn touch(&self, touches: &[Touch]) -> Result<(), RegistryError>;

    /// Removes results of that owner, in one transaction; those that are not there are left out.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn remove(&self, owner: NodeId, results: &[(ResultId, u32)]) -> Result<(), RegistryError>;

    /// All results of an owner.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn owned_by(&self, owner: NodeId) -> Result<Vec<ResultRow>, RegistryError>;
}
