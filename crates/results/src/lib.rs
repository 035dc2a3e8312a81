//! Stored results: numbered pages of bytes, encrypted, kept on this node for a while and read by
//! number.
//!
//! The crate knows no OData, no SQL and no HTTP. A [`Store`] owns one directory. A [`ResultWriter`]
//! takes pages from the thread that reads rows; [`Store::page`] gives them back, any number of
//! times, while the rest is still being written. Identity, generation and owner are part of every
//! name, token and header; [`peer`] has what nodes need of one another to serve each other's pages.
//!
//! The order of the modules is the order of dependency: a module uses only those above it.

mod wire;
mod buffers;
mod id;
mod registry;
mod placement;
mod error;
mod event;
mod identity;
pub mod keys;
pub mod token;
mod vault;
pub mod gzip;
mod meta;
mod codec;
mod segment;
mod page;
mod header;
mod config;
mod quota;
mod files;
mod entry;
mod inner;
pub mod peer;
mod pool;
mod drain;
mod writer;
mod reader;
mod adopt;
mod moved;
mod store;
mod replica;

pub use buffers::Buffer;
pub use codec::Codec;
pub use config::{Clock, Disk, LocalDisk, Quotas, Rules, SourceRules, StoreConfig};
pub use entry::{MAX_META_BYTES, MAX_NAME_BYTES, ResultInfo};
pub use error::{CopyError, CreateError, Error, Incomplete, PageError, QuotaLevel, WriteError};
pub use event::{Event, Observer, Stats, SweepReport};
pub use id::{NodeId, Registration, ResultId};
pub use identity::NodeIdentity;
pub use meta::Meta;
pub use moved::{Moved, of_directory};
pub use page::{MAX_PAGE_BYTES, MAX_POSITION_BYTES, PageIn, SEGMENT_BYTES, StoredPage};
pub use placement::Placement;
pub use registry::{Continues, Generation, Recovery, Registry, RegistryError, ResultRow, ResultState, Touch};
pub use replica::Copied;
pub use segment::Follows;
pub use store::Store;
pub use vault::Vault;
pub use writer::{After, Finished, NewResult, ResultWriter};
