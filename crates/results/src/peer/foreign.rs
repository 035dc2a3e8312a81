//! A result that lies on another node: its header opened here, its pages taken as they come over the
//! wire.

use bytes::Bytes;

use crate::buffers::Buffer;
use crate::error::PageError;
use crate::files::Key;
use crate::header::{Header, Private};
use crate::id::NodeId;
use crate::keys::MasterKeys;
use crate::meta::Meta;
use crate::page::{StoredPage, unpack};
use crate::segment::{Cipher, INDEX_ENTRY, IndexEntry};

/// A page as it lies on disk: nothing of it can be read without the key of its result.
#[derive(Clone, Debug)]
pub struct SealedPage {
    /// Its index entry.
    pub index: [u8; INDEX_ENTRY],
    /// Its segments.
    pub segments: Buffer,
}

impl SealedPage {
    /// Where it lies in the file of pages.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.index.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// Whether no further page is stored behind it.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.index.get(24) != Some(&0)
    }
}

/// What is needed to read the pages of a result that lies elsewhere.
pub struct Foreign {
    header: Header,
    meta: Meta,
    cipher: Cipher,
}

impl Foreign {
    /// Opens a header as it lies on disk. `None` when it was altered, or its key is not known here.
    pub(crate) fn open(header: &[u8], keys: &MasterKeys) -> Option<Self> {
        let (header, Private { meta, .. }, cipher) = Header::open(header, keys)?;
        Some(Self { header, meta: meta.into(), cipher })
    }

    /// The result and its generation.
    #[must_use]
    pub fn key(&self) -> Key {
        (self.header.id, self.header.generation)
    }

    /// The node that wrote it.
    #[must_use]
    pub fn owner(&self) -> NodeId {
        self.header.owner
    }

    /// The metadata that the writer gave.
    #[must_use]
    pub fn meta(&self) -> &Bytes {
        self.meta.bytes()
    }

    /// What it holds of memory, about, in bytes, with what is made of the metadata.
    #[must_use]
    pub fn weight(&self) -> usize {
        2 * self.meta.bytes().len() + 512
    }

    /// Checks and opens a page. For a large one this is work for a thread that may be kept busy.
    ///
    /// # Errors
    /// [`PageError::Corrupt`] for anything that is not exactly this page of this result.
    pub fn page(&self, number: u32, sealed: SealedPage) -> Result<StoredPage, PageError> {
        let index = IndexEntry::parse(&sealed.index, &self.cipher, number);
        let index = index.ok_or(PageError::Corrupt("the index entry is not valid"))?;
        let (codec, origin) = (self.header.codec, (self.header.owner, self.meta.clone()));
        unpack(sealed.segments, number, index, codec, &self.cipher, origin)
    }
}

impl std::fmt::Debug for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Foreign({}, {})", self.header.id, self.header.generation)
    }
}
