//! What the store asks of the system database: which results there are, and who owns them.

use bytes::Bytes;

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

/// The page of an earlier execution at which another one goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Continues {
    /// The earlier execution.
    pub generation: u32,
    /// Its first page that was made anew.
    pub page: u32,
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
    /// Other nodes that have, or are being given, a copy.
    pub replicas: Vec<NodeId>,
    /// Where it goes on, if it is not a first execution.
    pub continues: Option<Continues>,
}

/// One execution of a result, as the registry knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Its row.
    pub row: ResultRow,
    /// Whether its owner's lease is not over.
    pub live: bool,
    /// The header of its file, sealed: with it a node knows the request although no copy is left. Empty for a node that
    /// was alone.
    pub header: Bytes,
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
/// What only several nodes need does nothing by default.
///
/// All methods may block. The store calls them from its own threads, or from methods that say so.
pub trait Registry: Send + Sync {
    /// Adds a result, with the sealed header of its file where other nodes may need it.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn insert(&self, row: &ResultRow, header: &[u8]) -> Result<(), RegistryError>;

    /// Adds an execution that goes on for a lost one, if `known` is the last one there is and the lease of the owner of
    /// the lost one is over; `false` when not. Of several nodes that try, one succeeds.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn claim(&self, row: &ResultRow, header: &[u8], known: u32) -> Result<bool, RegistryError> {
        let _ = (row, header, known);
        Ok(false)
    }

    /// Makes this node the owner of a result in place of another one; `false` when that is not its owner.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn take_over(&self, result: (ResultId, u32), from: NodeId) -> Result<bool, RegistryError> {
        let _ = (result, from);
        Ok(false)
    }

    /// All executions of a result, the first one first.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn generations(&self, id: ResultId) -> Result<Vec<Generation>, RegistryError> {
        let _ = id;
        Ok(Vec::new())
    }

    /// All pages at which another execution goes on.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn continued(&self) -> Result<Vec<(ResultId, Continues)>, RegistryError> {
        Ok(Vec::new())
    }

    /// Removes what has expired and whose owner does not live to remove it.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn remove_lost(&self) -> Result<u64, RegistryError> {
        Ok(0)
    }

    /// Writes state, sizes, copies and expiry of a result; nothing happens when there is no such row of
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

    /// All results of which a node has a copy that is not its own.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn kept_by(&self, holder: NodeId) -> Result<Vec<ResultRow>, RegistryError> {
        let _ = holder;
        Ok(Vec::new())
    }
}
