//! Sources of a cluster: what all nodes serve, as rows with one revision for all of them.

use nextlink_results::RegistryError;

/// A source. What it is stands in it sealed: whoever reads or writes the database alone can neither read nor make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// Its name; no other one differs in case alone.
    pub name: String,
    /// The revision at which it was written.
    pub revision: u64,
    /// When that was, in milliseconds since 1970.
    pub changed_ms: u64,
    /// Its settings.
    pub sealed: Vec<u8>,
}

/// All sources at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceRoll {
    /// The revision, one more at each change; 0 until the first one.
    pub revision: u64,
    /// The sources, by name.
    pub rows: Vec<SourceRow>,
}

/// A change of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceChange {
    /// It is there, with these settings.
    Put {
        /// Its name.
        name: String,
        /// Its settings, sealed.
        sealed: Vec<u8>,
    },
    /// It is gone, and the results that were read from it with it.
    Remove {
        /// Its name.
        name: String,
    },
}

impl SourceChange {
    /// The name of the source.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Put { name, .. } | Self::Remove { name } => name,
        }
    }
}

/// The table of sources. All methods may block.
pub trait Sources: Send + Sync {
    /// All sources.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn sources(&self) -> Result<SourceRoll, RegistryError>;

    /// Makes changes in one step, and gives the revision that they make; `None`, and nothing is changed, when `known` is
    /// not the revision any more.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn change_sources(&self, changes: &[SourceChange], known: u64) -> Result<Option<u64>, RegistryError>;
}
