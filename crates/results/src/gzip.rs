//! One valid gzip member (RFC 1952) around fragments that were deflated earlier.

use bytes::Bytes;
use crc32fast::Hasher;
use flate2::{Compress, Compression, FlushCompress};

/// The header of a gzip member: deflate, no name, no time, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// Text up to this length is put in as stored blocks: an envelope and its next link hardly shrink, and a
/// compressor costs more to set up than it would save.
const STORED_BYTES: usize = 2048;

/// Builds a gzip member piece by piece. Each method gives the bytes to send next.
///
/// Stored fragments are deflate data that ended with a full flush: they start and end at a byte and refer to
/// nothing before them, so they can follow anything.
#[derive(Debug)]
pub struct GzipMember {
    level: Compression,
    compress: Option<Compress>,
    crc: Hasher,
    plain_len: u64,
    started: bool,
}

impl Default for GzipMember {
    fn default() -> Self {
        Self::new(1)
    }
}

impl GzipMember {
    /// Starts a member. `level` (1 to 9) is for plain text that is deflated here.
    #[must_use]
    pub fn new(level: u32) -> Self {
        let level = Compression::new(level.clamp(1, 9));
        Self {
            level,
            compress: None,
            crc: Hasher::new(),
            plain_len: 0,
            started: false,
        }
    }

    /// Adds plain bytes: the envelope before the rows, or rows that are not stored deflated. The first call gives the member's header too.
    pub fn plain(&mut self, text: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(text.len() + 64);
        self.begin(&mut out);
        self.put(&mut out, text);
        Bytes::from(out)
    }

    /// Counts stored fragments that are sent next as they are. `plain_crc32` and `plain_len` are those of the
    /// plain bytes of all of them together. Gives the bytes that go before them: the member's header, or nothing.
    #[must_use]
    pub fn stored(&mut self, plain_crc32: u32, plain_len: u64) -> Bytes {
        let mut out = Vec::new();
        self.begin(&mut out);
        self.crc
            .combine(&Hasher::new_with_initial_len(plain_crc32, plain_len));
        self.plain_len = self.plain_len.wrapping_add(plain_len);
        Bytes::from(out)
    }

    /// Adds the last plain bytes, ends the deflate stream and writes the trailer.
    #[must_use]
    pub fn finish(mut self, text: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(text.len() + 64);
        self.begin(&mut out);
        self.put(&mut out, text);
        // An empty stored block with the final bit ends the stream.
        out.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
        out.extend_from_slice(&self.crc.finalize().to_le_bytes());
        // RFC 1952: the length modulo 2^32.
        out.extend_from_slice(&(self.plain_len as u32).to_le_bytes());
        Bytes::from(out)
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !self.started {
            self.started = true;
            out.extend_from_slice(&HEADER);
        }
    }

    fn put(&mut self, out: &mut Vec<u8>, text: &[u8]) {
        self.crc.update(text);
        self.plain_len = self.plain_len.wrapping_add(text.len() as u64);
        if text.len() > STORED_BYTES {
            let compress = self
                .compress
                .get_or_insert_with(|| Compress::new(self.level, false));
            if deflate_fragment(compress, text, out) {
                return;
            }
        }
        store_blocks(text, out);
    }
}

/// Deflates `text` as one fragment ended by a full flush. `false`, with `out` as before, when the library refuses.
pub(crate) fn deflate_fragment(compress: &mut Compress, text: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let before = compress.total_in();
    out.reserve(text.len() / 2 + 64);
    loop {
        let done = (compress.total_in() - before) as usize;
        let rest = text.get(done..).unwrap_or_default();
        if compress
            .compress_vec(rest, out, FlushCompress::Full)
            .is_err()
        {
            out.truncate(start);
            return false;
        }
        // The flush is complete when there was room left.
        if out.len() < out.capacity() {
            return (compress.total_in() - before) as usize == text.len();
        }
        out.reserve(text.len() / 4 + 64);
    }
}

/// Deflate's stored blocks (RFC 1951, section 3.2.4), none of them final.
fn store_blocks(text: &[u8], out: &mut Vec<u8>) {
    for block in text.chunks(usize::from(u16::MAX)) {
        let len = block.len() as u16;
        out.push(0);
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&(!len).to_le_bytes());
        out.extend_from_slice(block);
    }
}
