//! The header of a result's file: who made it, under which key it can be read, and what it answers.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use zeroize::Zeroizing;

use crate::codec::Codec;
use crate::id::{NodeId, ResultId, random};
use crate::keys::{KeyId, MasterKey, MasterKeys, Purpose};
use crate::registry::ResultRow;
use crate::segment::{Cipher, TAG};
use crate::wire::{Cursor, put_prefixed};

const MAGIC: &[u8; 8] = b"\x89NXRES\r\n";
const VERSION: u16 = 1;
/// AES-256-GCM; the only cipher there is.
const CIPHER: u8 = 1;
/// Magic to key name: everything before the wrapped key.
const FIXED: usize = 8 + 2 + 1 + 1 + 16 + 4 + 16 + 8 + 8 + 4 + 4;
const NONCE: usize = 12;
const WRAPPED: usize = NONCE + 32 + TAG;
/// The longest header that is looked at.
pub(crate) const MAX_HEADER: usize = 128 * 1024;

/// What a file's header says in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) codec: Codec,
    pub(crate) id: ResultId,
    pub(crate) generation: u32,
    pub(crate) owner: NodeId,
    /// Milliseconds since 1970.
    pub(crate) created_ms: u64,
    /// The number of the first stored row in the whole result.
    pub(crate) first_row: u64,
    pub(crate) key: KeyId,
    /// Of the encrypted part, with its nonce and tag.
    pub(crate) private_len: u32,
}

/// What a file's header keeps encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Private {
    pub(crate) source: String,
    pub(crate) user: String,
    pub(crate) meta: Bytes,
}

impl Header {
    /// The length of the whole header on disk.
    pub(crate) fn len(&self) -> usize {
        FIXED + WRAPPED + self.private_len as usize + 4
    }

    /// Whether the registry says the same of the result.
    pub(crate) fn agrees(&self, private: &Private, row: &ResultRow) -> bool {
        (self.id, self.generation, self.created_ms) == (row.id, row.generation, row.created_ms)
            && private.source == row.source
            && private.user == row.user
    }

    fn fixed(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len());
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.push(self.codec.number());
        out.push(CIPHER);
        out.extend_from_slice(self.id.as_bytes());
        out.extend_from_slice(&self.generation.to_le_bytes());
        out.extend_from_slice(self.owner.as_bytes());
        out.extend_from_slice(&self.created_ms.to_le_bytes());
        out.extend_from_slice(&self.first_row.to_le_bytes());
        out.extend_from_slice(&self.key.0);
        out.extend_from_slice(&self.private_len.to_le_bytes());
        out
    }

    /// Reads the clear part. `None` when the bytes do not begin with one.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut from = Cursor::new(bytes);
        if from.array()? != *MAGIC || from.u16()? != VERSION {
            return None;
        }
        let codec = Codec::from_number(from.u8()?)?;
        if from.u8()? != CIPHER {
            return None;
        }
        let header = Self {
            codec,
            id: ResultId::from_bytes(from.array()?),
            generation: from.u32()?,
            owner: NodeId::from_bytes(from.array()?),
            created_ms: from.u64()?,
            first_row: from.u64()?,
            key: KeyId(from.array()?),
            private_len: from.u32()?,
        };
        (header.len() <= MAX_HEADER).then_some(header)
    }

    /// Makes the bytes of a new header with a new data key. `None` when the library refuses.
    pub(crate) fn seal(mut self, private: &Private, master: &MasterKey) -> Option<(Self, Vec<u8>, Cipher)> {
        let mut plain =
            Vec::with_capacity(64 + private.source.len() + private.user.len() + private.meta.len() + TAG);
        put_prefixed(&mut plain, private.source.as_bytes());
        put_prefixed(&mut plain, private.user.as_bytes());
        put_prefixed(&mut plain, &private.meta);
        self.key = master.id();
        self.private_len = u32::try_from(NONCE + plain.len() + TAG).ok()?;

        let data_key: Zeroizing<[u8; 32]> = Zeroizing::new(random().ok()?);
        let mut out = self.fixed();
        let wrapped = data_key.to_vec();
        seal_part(&wrapping_key(master)?, &mut out, wrapped)?;
        seal_part(&private_key(&data_key)?, &mut out, plain)?;
        out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
        let cipher = Cipher::new(&data_key, hash(&out)?)?;
        Some((self, out, cipher))
    }

    /// Opens a whole header. `None` when it was altered, or its key is not known.
    pub(crate) fn open(bytes: &[u8], keys: &MasterKeys) -> Option<(Self, Private, Cipher)> {
        let header = Self::parse(bytes)?;
        let bytes = bytes.get(..header.len())?;
        let (covered, crc) = bytes.split_at_checked(bytes.len() - 4)?;
        if crc != crc32fast::hash(covered).to_le_bytes() {
            return None;
        }
        let (clear, rest) = covered.split_at_checked(FIXED)?;
        let (wrapped, private) = rest.split_at_checked(WRAPPED)?;
        let data_key = open_part(&wrapping_key(keys.find(header.key)?)?, clear, wrapped)?;
        let data_key: Zeroizing<[u8; 32]> = Zeroizing::new(data_key.as_slice().try_into().ok()?);
        let aad = covered.get(..FIXED + WRAPPED)?;
        let plain = open_part(&private_key(&data_key)?, aad, private)?;
        let mut from = Cursor::new(&plain);
        let private = Private {
            source: String::from_utf8(from.prefixed()?.to_vec()).ok()?,
            user: String::from_utf8(from.prefixed()?.to_vec()).ok()?,
            meta: Bytes::copy_from_slice(from.prefixed()?),
        };
        let cipher = Cipher::new(&data_key, hash(bytes)?)?;
        Some((header, private, cipher))
    }
}

fn hash(bytes: &[u8]) -> Option<[u8; 32]> {
    digest(&SHA256, bytes).as_ref().try_into().ok()
}

fn wrapping_key(master: &MasterKey) -> Option<LessSafeKey> {
    let key = master.derive(Purpose::WrapResultKey).ok()?;
    UnboundKey::new(&AES_256_GCM, key.as_slice()).ok().map(LessSafeKey::new)
}

/// The private part has a key of its own, so that its random nonce can never meet that of a
/// segment.
fn private_key(data_key: &[u8; 32]) -> Option<LessSafeKey> {
    let key = MasterKey::from_bytes(*data_key).ok()?.derive(Purpose::PrivateHeader).ok()?;
    UnboundKey::new(&AES_256_GCM, key.as_slice()).ok().map(LessSafeKey::new)
}

/// Appends nonce, cipher text and tag; everything already in `out` is authenticated with it.
fn seal_part(key: &LessSafeKey, out: &mut Vec<u8>, plain: Vec<u8>) -> Option<()> {
    let nonce: [u8; NONCE] = random().ok()?;
    let mut text = Zeroizing::new(plain);
    let tag = key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(&*out),
            text.as_mut_slice(),
        )
        .ok()?;
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&text);
    out.extend_from_slice(tag.as_ref());
    Some(())
}

fn open_part(key: &LessSafeKey, aad: &[u8], part: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, text) = part.split_at_checked(NONCE)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = Zeroizing::new(text.to_vec());
    let len = key.open_in_place(nonce, Aad::from(aad), &mut text).ok()?.len();
    text.truncate(len);
    Some(text)
}
