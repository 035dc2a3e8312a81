//! The settings of a store, with their defaults.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::Error;
use crate::event::Observer;
use crate::identity::NodeIdentity;
use crate::keys::MasterKeys;
use crate::placement::Placement;

/// The time of day; a test gives one of its own.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// How much may be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Bytes on disk for all results. Default 16 GiB.
    pub node_bytes: u64,
    /// Bytes on disk for the results of one source. Default 16 GiB.
    pub source_bytes: u64,
    /// Bytes on disk for the results of one user. Default 8 GiB.
    pub user_bytes: u64,
    /// Bytes on disk for one result. Default 4 GiB.
    pub result_bytes: u64,
    /// How many results there may be. Default 10,000.
    pub results: usize,
    /// Bytes that stay free on the disk. Default 512 MiB.
    pub min_free_bytes: u64,
}

impl Default for Quotas {
    fn default() -> Self {
        const GIB: u64 = 1 << 30;
        Self {
            node_bytes: 16 * GIB,
            source_bytes: 16 * GIB,
            user_bytes: 8 * GIB,
            result_bytes: 4 * GIB,
            results: 10_000,
            min_free_bytes: GIB / 2,
        }
    }
}

/// What holds for the results of one source, in place of what holds for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceRules {
    /// Bytes on disk for all of them, in place of [`Quotas::source_bytes`].
    pub source_bytes: Option<u64>,
    /// Bytes on disk for each, in place of [`Quotas::result_bytes`].
    pub result_bytes: Option<u64>,
    /// Other nodes that get a copy of each.
    pub replicas: Option<usize>,
}

/// Tells what holds for a source now. It is asked for each page that is written.
pub type Rules = Arc<dyn Fn(&str) -> SourceRules + Send + Sync>;

/// What the store asks of the disk before it writes; a test gives one that is full.
pub trait Disk: Send + Sync {
    /// Bytes free for this process on the disk of `dir`.
    ///
    /// # Errors
    /// As the operating system says.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;

    /// Is asked before each write of so many bytes; an error is taken as that of the write.
    ///
    /// # Errors
    /// Whatever the write shall fail with.
    fn admit(&self, bytes: u64) -> io::Result<()> {
        let _ = bytes;
        Ok(())
    }
}

/// The disk as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalDisk;

impl Disk for LocalDisk {
    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        let found = rustix::fs::statvfs(dir)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }
}

/// The settings of a store.
pub struct StoreConfig {
    /// The directory of the stored results; one store owns it.
    pub dir: PathBuf,
    /// Who this node is.
    pub node: NodeIdentity,
    /// Under which the keys of results are wrapped.
    pub keys: MasterKeys,
    /// How much may be stored.
    pub quotas: Quotas,
    /// What sources have in place of that. Default: nothing.
    pub rules: Option<Rules>,
    /// A result that nobody reads or writes for so long expires. Default 15 minutes.
    pub idle_expiry: Duration,
    /// A result of this age expires in any case. Default 12 hours.
    pub absolute_expiry: Duration,
    /// The time of day.
    pub clock: Clock,
    /// Threads that compress, encrypt and write. Default: one a core, at most 4.
    pub writer_threads: usize,
    /// Bytes of pages that wait in memory for one writer; one page always may. Default 512 KiB.
    pub queue_bytes: usize,
    /// Results whose two files are kept open. Default 48.
    pub open_results: usize,
    /// Reads at one time that have to wait for the disk. Default 16.
    pub slow_reads: usize,
    /// The level of deflate, 1 to 9. Default 1.
    pub deflate_level: u32,
    /// Is told what happens. Default: nobody.
    pub observer: Option<Arc<dyn Observer>>,
    /// The disk.
    pub disk: Arc<dyn Disk>,
    /// The cluster. Default: none, the node is alone.
    pub placement: Option<Arc<dyn Placement>>,
}

impl StoreConfig {
    /// The defaults.
    #[must_use]
    pub fn new(dir: PathBuf, node: NodeIdentity, keys: MasterKeys) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            dir,
            node,
            keys,
            quotas: Quotas::default(),
            rules: None,
            idle_expiry: Duration::from_secs(15 * 60),
            absolute_expiry: Duration::from_secs(12 * 60 * 60),
            clock: Arc::new(SystemTime::now),
            writer_threads: cores.min(4),
            queue_bytes: 512 * 1024,
            open_results: 48,
            slow_reads: 16,
            deflate_level: 1,
            observer: None,
            disk: Arc::new(LocalDisk),
            placement: None,
        }
    }

    /// # Errors
    /// [`Error::Setting`] with the name of the first field that cannot work.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let rules = [
            ("writer_threads", (1..=64).contains(&self.writer_threads), "must be 1 to 64"),
            ("open_results", (1..=65_536).contains(&self.open_results), "must be 1 to 65536"),
            ("slow_reads", (1..=1024).contains(&self.slow_reads), "must be 1 to 1024"),
            ("deflate_level", (1..=9).contains(&self.deflate_level), "must be 1 to 9"),
            ("idle_expiry", !self.idle_expiry.is_zero(), "must not be zero"),
            ("absolute_expiry", self.absolute_expiry >= self.idle_expiry, "must not be below idle_expiry"),
        ];
        match rules.into_iter().find(|(_, good, _)| !good) {
            Some((name, _, why)) => Err(Error::Setting { name, why }),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreConfig")
            .field("dir", &self.dir)
            .field("node", &self.node)
            .field("quotas", &self.quotas)
            .finish_non_exhaustive()
    }
}
