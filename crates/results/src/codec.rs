//! How the bytes of a segment are compressed.

use flate2::{Compress, Compression, Decompress, FlushDecompress, Status};
use lz4_flex::block::{
    CompressTable, compress_into_with_table, decompress_into, get_maximum_output_size,
};

use crate::gzip::deflate_fragment;

/// How pages are compressed on disk; chosen once for a result by what its first reader accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// As it is: the fastest.
    None,
    /// LZ4 blocks, for readers that accept no compression.
    Lz4,
    /// Raw deflate fragments that can be sent inside one gzip member as they lie on disk.
    Deflate,
}

impl Codec {
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Lz4 => 1,
            Self::Deflate => 2,
        }
    }

    pub(crate) const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::None),
            1 => Some(Self::Lz4),
            2 => Some(Self::Deflate),
            _ => None,
        }
    }
}

/// How a segment came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packed {
    /// In the codec of the result.
    Coded,
    /// As it is, since the codec did not make it smaller.
    Raw,
}

/// The working memory of compression; one a thread, used for one segment after the other.
pub(crate) struct Compressor {
    level: u32,
    deflate: Option<Compress>,
    table: Option<CompressTable>,
}

impl Compressor {
    pub(crate) fn new(deflate_level: u32) -> Self {
        Self {
            level: deflate_level,
            deflate: None,
            table: None,
        }
    }

    /// Appends the compressed form of `plain`. `None` when the library refuses.
    pub(crate) fn segment(
        &mut self,
        codec: Codec,
        plain: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<Packed> {
        match codec {
            Codec::None => {
                out.extend_from_slice(plain);
                Some(Packed::Raw)
            }
            Codec::Lz4 => {
                let start = out.len();
                out.resize(start + get_maximum_output_size(plain.len()), 0);
                let table = self.table.get_or_insert_with(CompressTable::large);
                let len = compress_into_with_table(plain, &mut out[start..], table).ok()?;
                if len < plain.len() {
                    out.truncate(start + len);
                    return Some(Packed::Coded);
                }
                out.truncate(start);
                out.extend_from_slice(plain);
                Some(Packed::Raw)
            }
            Codec::Deflate => {
                let level = Compression::new(self.level);
                let compress = self
                    .deflate
                    .get_or_insert_with(|| Compress::new(level, false));
                if !deflate_fragment(compress, plain, out) {
                    self.deflate = None;
                    return None;
                }
                Some(Packed::Coded)
            }
        }
    }
}

/// Decompresses one coded segment into exactly `plain_len` bytes; `None` when it is not that.
pub(crate) fn expand(codec: Codec, coded: &[u8], plain_len: usize) -> Option<Vec<u8>> {
    match codec {
        Codec::None => None,
        Codec::Lz4 => {
            let mut out = vec![0; plain_len];
            (decompress_into(coded, &mut out).ok()? == plain_len).then_some(out)
        }
        Codec::Deflate => {
            let mut inflate = Decompress::new(false);
            let mut out = Vec::with_capacity(plain_len + 1);
            loop {
                let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
                let rest = coded.get(before_in as usize..)?;
                let status = inflate
                    .decompress_vec(rest, &mut out, FlushDecompress::Sync)
                    .ok()?;
                let consumed = inflate.total_in() as usize == coded.len();
                if consumed || out.len() > plain_len || matches!(status, Status::StreamEnd) {
                    return (consumed && out.len() == plain_len).then_some(out);
                }
                if inflate.total_in() == before_in && inflate.total_out() == before_out {
                    return None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_codec_gives_back_what_it_took() {
        let text: Vec<u8> = (0..300_000u32)
            .flat_map(|n| n.to_string().into_bytes())
            .collect();
        let noise: Vec<u8> = (0..200_000u64)
            .map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
            .collect();
        for codec in [Codec::None, Codec::Lz4, Codec::Deflate] {
            assert_eq!(Codec::from_number(codec.number()), Some(codec));
            for plain in [&b""[..], b"a", &text[..65_536], &text, &noise] {
                let mut compressor = Compressor::new(1);
                let mut out = b"before".to_vec();
                for turn in 0..2 {
                    out.truncate(6);
                    let packed = compressor.segment(codec, plain, &mut out).unwrap();
                    let name = format!("{codec:?}, {} bytes, turn {turn}", plain.len());
                    match packed {
                        Packed::Raw => assert_eq!(&out[6..], plain, "{name}"),
                        Packed::Coded => {
                            assert_eq!(
                                expand(codec, &out[6..], plain.len()).as_deref(),
                                Some(plain),
                                "{name}"
                            );
                            assert_eq!(
                                expand(codec, &out[6..], plain.len() + 1),
                                None,
                                "{name}: longer"
                            );
                            if !plain.is_empty() {
                                assert_eq!(
                                    expand(codec, &out[6..], plain.len() - 1),
                                    None,
                                    "{name}: shorter"
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}
