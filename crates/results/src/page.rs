//! A page: what the writer is given, how it is packed into segments, and what the reader gets.

use std::ops::Range;

use bytes::Bytes;

use crate::buffers::Buffer;
use crate::codec::{Codec, Compressor, Packed, expand};
use crate::error::PageError;
use crate::id::NodeId;
use crate::meta::Meta;
use crate::segment::{
    CUT, Cipher, END_OF_PAGE, Follows, IndexEntry, Kind, LAST_PAGE, RAW, SEGMENT_HEADER, SegmentHeader, TAG,
};
use crate::wire::{Cursor, put_prefixed, put_varint};

/// The most plain bytes in a segment.
pub const SEGMENT_BYTES: usize = 256 * 1024;
/// The most plain bytes in a page.
pub const MAX_PAGE_BYTES: usize = 64 * 1024 * 1024;
/// The most bytes of a position.
pub const MAX_POSITION_BYTES: usize = 64 * 1024;

/// A page to be stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageIn {
    /// The plain bytes of the rows; at most [`MAX_PAGE_BYTES`].
    pub body: Vec<u8>,
    /// How many rows they are.
    pub rows: u32,
    /// The position of the last row, for recovery; at most [`MAX_POSITION_BYTES`].
    pub position: Vec<u8>,
    /// Where each row starts in `body`, ascending; empty when the page will not be cut.
    pub row_offsets: Vec<u32>,
}

impl PageIn {
    /// What is wrong with the page, if anything.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let offsets = &self.row_offsets;
        if self.body.len() > MAX_PAGE_BYTES {
            return Some("it is too large");
        }
        if self.position.len() > MAX_POSITION_BYTES {
            return Some("its position is too long");
        }
        if !offsets.is_empty() && offsets.len() != self.rows as usize {
            return Some("it has not one offset for each row");
        }
        if !offsets.is_sorted() || offsets.last().is_some_and(|last| *last as usize > self.body.len()) {
            return Some("its row offsets are not ascending positions in it");
        }
        None
    }

    /// What it holds of memory, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.body.capacity() + self.row_offsets.capacity() * 4 + self.position.capacity()
    }
}

/// Where a page stands in its result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) number: u32,
    pub(crate) first_row: u64,
    pub(crate) follows: Follows,
}

/// Appends the sealed segments of a page to `out`. `None` when a library refuses.
pub(crate) fn pack(
    page: &PageIn,
    place: Place,
    codec: Codec,
    cipher: &Cipher,
    compressor: &mut Compressor,
    out: &mut Vec<u8>,
) -> Option<()> {
    let meta = meta_bytes(page, place);
    let meta = meta.chunks(SEGMENT_BYTES).map(|chunk| (Kind::Meta, chunk));
    let body = page.body.chunks(SEGMENT_BYTES).map(|chunk| (Kind::Body, chunk));
    let mut segments = meta.chain(body).enumerate().peekable();
    out.reserve(page.body.len() / 2 + SEGMENT_BYTES.min(page.body.len()) + 4096);
    while let Some((number, (kind, chunk))) = segments.next() {
        let start = out.len();
        out.resize(start + SEGMENT_HEADER, 0);
        let codec = if kind == Kind::Meta { Codec::None } else { codec };
        let raw = compressor.segment(codec, chunk, out)? == Packed::Raw;
        let end = segments.peek().is_none();
        let flag = |on: bool, flag: u8| if on { flag } else { 0 };
        let header = SegmentHeader {
            kind,
            flags: flag(end, END_OF_PAGE) | place.follows.flag() | flag(raw, RAW),
            segment: u16::try_from(number).ok()?,
            page: place.number,
            plain_len: chunk.len() as u32,
            cipher_len: 0,
        };
        cipher.seal(header, out, start)?;
    }
    Some(())
}

fn meta_bytes(page: &PageIn, place: Place) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + page.position.len() + page.row_offsets.len() * 2);
    put_varint(&mut out, place.first_row);
    put_varint(&mut out, u64::from(page.rows));
    put_varint(&mut out, page.body.len() as u64);
    out.extend_from_slice(&crc32fast::hash(&page.body).to_le_bytes());
    put_prefixed(&mut out, &page.position);
    put_varint(&mut out, page.row_offsets.len() as u64);
    let mut before = 0;
    for offset in &page.row_offsets {
        put_varint(&mut out, u64::from(offset.saturating_sub(before)));
        before = *offset;
    }
    out
}

/// A piece of a page, as it lies on disk, decrypted.
#[derive(Clone, Debug)]
struct Fragment {
    bytes: Bytes,
    plain_len: usize,
    raw: bool,
}

/// A page that was read and checked.
#[derive(Clone, Debug)]
pub struct StoredPage {
    /// Its number in the result, from 0.
    pub number: u32,
    /// The number of its first row in the whole result, as counted by the writer.
    pub first_row: u64,
    /// How many rows it holds.
    pub rows: u32,
    /// What stands behind it.
    pub follows: Follows,
    /// How its fragments are compressed.
    pub codec: Codec,
    /// The length of its plain bytes.
    pub plain_len: u64,
    /// The CRC-32 of its plain bytes (that of gzip).
    pub plain_crc32: u32,
    /// The position of its last row, as the writer gave it.
    pub position: Bytes,
    /// The metadata of the result, as the writer gave it.
    pub meta: Meta,
    /// The node that wrote it.
    pub writer: NodeId,
    offsets: Bytes,
    fragments: Vec<Fragment>,
}

impl StoredPage {
    /// The fragments as they lie on disk, for one gzip member
    /// ([`GzipMember::stored`](crate::gzip::GzipMember::stored)).
    ///
    /// # Errors
    /// Gives the page back when it is not stored as [`Codec::Deflate`].
    pub fn deflate_fragments(self) -> Result<Vec<Bytes>, Box<Self>> {
        if self.codec != Codec::Deflate {
            return Err(Box::new(self));
        }
        Ok(self.fragments.into_iter().map(|fragment| fragment.bytes).collect())
    }

    /// The plain bytes, a piece a segment. Without compression nothing is copied; for
    /// [`Codec::Deflate`] this is work for a thread that may be kept busy.
    ///
    /// # Errors
    /// [`PageError::Corrupt`] when a segment does not expand to its length.
    pub fn identity(&self) -> Result<Vec<Bytes>, PageError> {
        self.identity_range(0..self.plain_len)
    }

    /// A part of the plain bytes; only the segments it touches are expanded. What lies beyond the
    /// page is left out.
    ///
    /// # Errors
    /// As [`StoredPage::identity`].
    pub fn identity_range(&self, range: Range<u64>) -> Result<Vec<Bytes>, PageError> {
        let mut out = Vec::with_capacity(self.fragments.len());
        let mut start = 0u64;
        for fragment in &self.fragments {
            let end = start + fragment.plain_len as u64;
            let from = range.start.clamp(start, end);
            let to = range.end.clamp(from, end);
            if from < to {
                let plain = self.expand(fragment)?;
                out.push(plain.slice((from - start) as usize..(to - start) as usize));
            }
            start = end;
        }
        Ok(out)
    }

    /// Where each row starts in the plain bytes; empty when the writer gave none.
    ///
    /// # Errors
    /// [`PageError::Corrupt`] when they are not as written.
    pub fn row_offsets(&self) -> Result<Vec<u32>, PageError> {
        let read = || {
            let mut from = Cursor::new(&self.offsets);
            let count = from.varint_u32()?;
            if count != 0 && count != self.rows {
                return None;
            }
            let mut at = 0u32;
            let mut next = || {
                at = at.checked_add(from.varint_u32()?)?;
                (u64::from(at) <= self.plain_len).then_some(at)
            };
            let offsets = (0..count).map(|_| next()).collect::<Option<Vec<u32>>>()?;
            from.is_empty().then_some(offsets)
        };
        read().ok_or(PageError::Corrupt("the row offsets are not valid"))
    }

    fn expand(&self, fragment: &Fragment) -> Result<Bytes, PageError> {
        if fragment.raw {
            return Ok(fragment.bytes.clone());
        }
        expand(self.codec, &fragment.bytes, fragment.plain_len)
            .map(Bytes::from)
            .ok_or(PageError::Corrupt("a segment does not expand to its length"))
    }
}

/// Checks, opens and takes apart the bytes of a page.
///
/// # Errors
/// [`PageError::Corrupt`] for anything that is not exactly what [`pack`] made for this page of this
/// file.
pub(crate) fn unpack(
    mut buffer: Buffer,
    number: u32,
    entry: IndexEntry,
    codec: Codec,
    cipher: &Cipher,
    origin: (NodeId, Meta),
) -> Result<StoredPage, PageError> {
    let damaged = PageError::Corrupt;
    let mut parts = Vec::new();
    let mut at = 0;
    let mut ended = false;
    while at < buffer.len() {
        let header = buffer.get(at..at + SEGMENT_HEADER).and_then(SegmentHeader::parse);
        let header = header.ok_or(damaged("a segment header is not valid"))?;
        let text = at + SEGMENT_HEADER;
        let end = text.saturating_add(header.cipher_len as usize);
        let expected = header.page == number
            && usize::from(header.segment) == parts.len()
            && header.flags & (LAST_PAGE | CUT) == entry.follows.flag()
            && header.plain_len as usize <= SEGMENT_BYTES
            && !ended;
        if !expected || header.cipher_len < TAG as u32 {
            return Err(damaged("a segment is not the one expected"));
        }
        let cipher_text = buffer.get_mut(text..end).ok_or(damaged("a segment is cut"))?;
        cipher.open(header, cipher_text).ok_or(damaged("a segment was altered"))?;
        ended = header.flags & END_OF_PAGE != 0;
        parts.push((header, text..end - TAG));
        at = end;
    }
    if !ended {
        return Err(damaged("the page has no end"));
    }
    assemble(buffer.share(), &parts, number, entry, codec, origin)
        .ok_or(damaged("the page contradicts its index"))
}

fn assemble(
    buffer: Bytes,
    parts: &[(SegmentHeader, Range<usize>)],
    number: u32,
    entry: IndexEntry,
    codec: Codec,
    (writer, meta): (NodeId, Meta),
) -> Option<StoredPage> {
    let metas = parts.iter().take_while(|(header, _)| header.kind == Kind::Meta).count();
    let (metas, bodies) = parts.split_at(metas);
    let about = match metas {
        [(_, range)] => buffer.slice(range.clone()),
        many => Bytes::from(
            many.iter().flat_map(|(_, range)| buffer[range.clone()].iter().copied()).collect::<Vec<u8>>(),
        ),
    };
    let mut from = Cursor::new(&about);
    let (first_row, rows, plain_len) = (from.varint()?, from.varint_u32()?, from.varint()?);
    let plain_crc32 = from.u32()?;
    let position = about.slice_ref(from.prefixed()?);
    let offsets = about.slice_ref(from.rest());
    let mut fragments = Vec::with_capacity(bodies.len());
    for (header, range) in bodies {
        let (raw, plain_len) = (header.flags & RAW != 0, header.plain_len as usize);
        if header.kind != Kind::Body || (raw && range.len() != plain_len) {
            return None;
        }
        fragments.push(Fragment { bytes: buffer.slice(range.clone()), plain_len, raw });
    }
    let total: u64 = fragments.iter().map(|fragment| fragment.plain_len as u64).sum();
    let agrees = first_row == entry.first_row && rows == entry.rows && total == plain_len;
    let page = StoredPage {
        number,
        first_row,
        rows,
        follows: entry.follows,
        codec,
        plain_len,
        plain_crc32,
        position,
        meta,
        writer,
        offsets,
        fragments,
    };
    agrees.then_some(page)
}
