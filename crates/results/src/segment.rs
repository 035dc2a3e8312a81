//! Segments and index entries: how they lie on disk, and how they are sealed.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use crc32fast::Hasher;

use crate::wire::Cursor;

/// Bytes of a segment's header.
pub(crate) const SEGMENT_HEADER: usize = 20;
/// Bytes of the authentication tag behind the cipher text.
pub(crate) const TAG: usize = 16;
/// Bytes of an index entry.
pub(crate) const INDEX_ENTRY: usize = 32;

/// No file is longer than this; it keeps sums of offsets and lengths in range.
const MAX_OFFSET: u64 = 1 << 62;

const AUTHENTICATED: usize = 16;

/// What stands behind a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// Another page, written or still to come.
    Page,
    /// Nothing: the source said that this is all.
    Nothing,
    /// More rows, which could not be stored: they have to be read from the source again.
    Unstored,
}

impl Follows {
    /// The flag of all segments of the page.
    pub(crate) fn flag(self) -> u8 {
        match self {
            Self::Page => 0,
            Self::Nothing => LAST_PAGE,
            Self::Unstored => CUT,
        }
    }
}

/// What a segment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What is known about the page: rows, checksum, position, row offsets.
    Meta,
    /// Rows.
    Body,
}

/// The last segment of its page.
pub(crate) const END_OF_PAGE: u8 = 1;
/// A segment of the last page: the source said that this is all.
pub(crate) const LAST_PAGE: u8 = 2;
/// A segment of a page behind which more rows could not be stored.
pub(crate) const CUT: u8 = 8;
/// Not compressed, whatever the codec of the result is.
pub(crate) const RAW: u8 = 4;

/// The header of a segment: all of it except the checksum is authenticated with the cipher text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) kind: Kind,
    pub(crate) flags: u8,
    pub(crate) segment: u16,
    pub(crate) page: u32,
    pub(crate) plain_len: u32,
    /// With the tag.
    pub(crate) cipher_len: u32,
}

impl SegmentHeader {
    fn to_bytes(self) -> [u8; AUTHENTICATED] {
        let mut out = [0; AUTHENTICATED];
        out[0] = match self.kind {
            Kind::Meta => 1,
            Kind::Body => 2,
        };
        out[1] = self.flags;
        out[2..4].copy_from_slice(&self.segment.to_le_bytes());
        out[4..8].copy_from_slice(&self.page.to_le_bytes());
        out[8..12].copy_from_slice(&self.plain_len.to_le_bytes());
        out[12..16].copy_from_slice(&self.cipher_len.to_le_bytes());
        out
    }

    /// Reads a header of [`SEGMENT_HEADER`] bytes. The checksum is for those who hold no key, and
    /// is not looked at here.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut from = Cursor::new(bytes);
        Some(Self {
            kind: match from.u8()? {
                1 => Kind::Meta,
                2 => Kind::Body,
                _ => return None,
            },
            flags: from.u8()?,
            segment: from.u16()?,
            page: from.u32()?,
            plain_len: from.u32()?,
            cipher_len: from.u32()?,
        })
    }

    /// Page, segment, kind and flags. Each is written once under the key of its result, so no nonce
    /// comes twice.
    fn nonce(header: &[u8; AUTHENTICATED]) -> Nonce {
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&header[..8]);
        Nonce::assume_unique_for_key(nonce)
    }
}

/// Seals and opens the segments of one result.
pub(crate) struct Cipher {
    key: LessSafeKey,
    /// Of the file header: binds each segment to its file.
    header_hash: [u8; 32],
}

impl Cipher {
    pub(crate) fn new(key: &[u8; 32], header_hash: [u8; 32]) -> Option<Self> {
        let key = UnboundKey::new(&AES_256_GCM, key).ok()?;
        Some(Self { key: LessSafeKey::new(key), header_hash })
    }

    fn aad(&self, header: &[u8; AUTHENTICATED]) -> Aad<[u8; 32 + AUTHENTICATED]> {
        let mut aad = [0; 32 + AUTHENTICATED];
        aad[..32].copy_from_slice(&self.header_hash);
        aad[32..].copy_from_slice(header);
        Aad::from(aad)
    }

    /// Seals the segment that lies in `out` from `start` on: [`SEGMENT_HEADER`] bytes of room, then
    /// the packed bytes. `header.cipher_len` is filled in here. `None` when the library refuses.
    pub(crate) fn seal(&self, mut header: SegmentHeader, out: &mut Vec<u8>, start: usize) -> Option<()> {
        let body = start + SEGMENT_HEADER;
        header.cipher_len = u32::try_from(out.len() - body + TAG).ok()?;
        let head = header.to_bytes();
        let tag = self
            .key
            .seal_in_place_separate_tag(SegmentHeader::nonce(&head), self.aad(&head), out.get_mut(body..)?)
            .ok()?;
        out.extend_from_slice(tag.as_ref());
        let mut crc = Hasher::new();
        crc.update(&head);
        crc.update(out.get(body..)?);
        out.get_mut(start..start + AUTHENTICATED)?.copy_from_slice(&head);
        out.get_mut(start + AUTHENTICATED..body)?.copy_from_slice(&crc.finalize().to_le_bytes());
        Some(())
    }

    /// Opens cipher text in place; the plain bytes lie at its start, without the tag. `None` when
    /// it was altered.
    pub(crate) fn open(&self, header: SegmentHeader, cipher_text: &mut [u8]) -> Option<()> {
        let head = header.to_bytes();
        let (nonce, aad) = (SegmentHeader::nonce(&head), self.aad(&head));
        self.key.open_in_place(nonce, aad, cipher_text).ok()?;
        Some(())
    }

    /// The checksum of an index entry: bound to the file and the page, so that entries cannot
    /// change places.
    fn index_crc(&self, page: u32, fields: &[u8]) -> u32 {
        let mut crc = Hasher::new();
        crc.update(&self.header_hash);
        crc.update(&page.to_le_bytes());
        crc.update(fields);
        crc.finalize()
    }
}

/// Where a page lies and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IndexEntry {
    pub(crate) offset: u64,
    pub(crate) first_row: u64,
    pub(crate) rows: u32,
    pub(crate) bytes: u32,
    pub(crate) follows: Follows,
}

impl IndexEntry {
    pub(crate) fn to_bytes(self, cipher: &Cipher, page: u32) -> [u8; INDEX_ENTRY] {
        let mut out = [0; INDEX_ENTRY];
        out[..8].copy_from_slice(&self.offset.to_le_bytes());
        out[8..16].copy_from_slice(&self.first_row.to_le_bytes());
        out[16..20].copy_from_slice(&self.rows.to_le_bytes());
        out[20..24].copy_from_slice(&self.bytes.to_le_bytes());
        out[24] = match self.follows {
            Follows::Page => 0,
            Follows::Nothing => 1,
            Follows::Unstored => 2,
        };
        let crc = cipher.index_crc(page, &out[..28]);
        out[28..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// `None` when the entry is damaged, or not that of this page of this file.
    pub(crate) fn parse(bytes: &[u8; INDEX_ENTRY], cipher: &Cipher, page: u32) -> Option<Self> {
        let mut from = Cursor::new(bytes);
        let entry = Self {
            offset: from.u64()?,
            first_row: from.u64()?,
            rows: from.u32()?,
            bytes: from.u32()?,
            follows: match from.u32()? {
                0 => Follows::Page,
                1 => Follows::Nothing,
                2 => Follows::Unstored,
                _ => return None,
            },
        };
        let possible =
            entry.offset <= MAX_OFFSET && entry.first_row.checked_add(u64::from(entry.rows)).is_some();
        let sum = from.u32()? == cipher.index_crc(page, &bytes[..28]);
        (possible && sum).then_some(entry)
    }

    /// The number of the row behind its last one.
    pub(crate) fn end_row(&self) -> u64 {
        self.first_row.saturating_add(u64::from(self.rows))
    }
}
