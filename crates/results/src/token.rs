//! Sealed tokens: which page of which result, unreadable and unforgeable, bound to what the caller
//! says.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::Error;
use crate::id::{NodeId, ResultId};
use crate::keys::{KeyId, MasterKeys, Purpose};
use crate::wire::{Cursor, hex, put_prefixed, put_varint};

/// The longest token that is looked at, in characters.
pub const MAX_TOKEN_CHARS: usize = 2048;

/// The largest [`Token::extra`], in bytes; with it a token stays under [`MAX_TOKEN_CHARS`].
pub const MAX_EXTRA_BYTES: usize = 1400;

const VERSION: u8 = 1;
const CLEAR_LEN: usize = 1 + 4;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;
/// Bytes of the keyed hash that names a caller.
const CALLER_LEN: usize = 16;

/// Where the next page lies, and what is needed to make it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The stored result.
    pub result: ResultId,
    /// The node that holds it.
    pub owner: NodeId,
    /// The execution it comes from.
    pub generation: u32,
    /// The page, from 0.
    pub page: u32,
    /// The number of the page's first row in the whole result, from 0.
    pub first_row: u64,
    /// How many rows the client may still have of its `$top`.
    pub rows_left: Option<u64>,
    /// What the caller needs for recovery; at most [`MAX_EXTRA_BYTES`].
    pub extra: Vec<u8>,
}

/// Why a token was not sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Altered, cut, forged, of another version, or bound to something else: there is one answer
    /// for all.
    #[error("the token is not valid")]
    Invalid,
    /// Sealed under a key that is no longer kept.
    #[error("the token was sealed under a key that is no longer known")]
    UnknownKey,
    /// [`Token::extra`] is too long to be sealed.
    #[error("the token would be too long")]
    TooLong,
}

struct Pair {
    id: KeyId,
    seal: LessSafeKey,
    nonce: hmac::Key,
    caller: hmac::Key,
}

/// The keys that seal and open tokens; derived once from the master keys.
pub struct TokenKeys {
    /// The current one first.
    pairs: Vec<Pair>,
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.pairs.iter().map(|pair| pair.id)).finish()
    }
}

impl TokenKeys {
    /// Derives the token keys.
    ///
    /// # Errors
    /// [`Error::Crypto`] when the library refuses.
    pub fn new(keys: &MasterKeys) -> Result<Self, Error> {
        let pairs = keys.all().map(|key| {
            let seal = key.derive(Purpose::TokenSeal)?;
            let nonce = key.derive(Purpose::TokenNonce)?;
            let seal = UnboundKey::new(&AES_256_GCM, seal.as_slice()).map_err(|_| Error::Crypto)?;
            let nonce = hmac::Key::new(hmac::HMAC_SHA256, nonce.as_slice());
            let caller = key.derive(Purpose::CallerName)?;
            let caller = hmac::Key::new(hmac::HMAC_SHA256, caller.as_slice());
            Ok(Pair { id: key.id(), seal: LessSafeKey::new(seal), nonce, caller })
        });
        Ok(Self { pairs: pairs.collect::<Result<_, Error>>()? })
    }

    /// A name for somebody who is known by secrets: a keyed hash of them, the same as long as the current key is, from
    /// which nothing can be told of the secrets without the key. `None` when there is no key.
    pub fn caller(&self, secrets: &[&[u8]]) -> Option<String> {
        let mut hash = hmac::Context::with_key(&self.pairs.first()?.caller);
        for secret in secrets {
            hash.update(&(secret.len() as u64).to_le_bytes());
            hash.update(secret);
        }
        Some(hex(&hash.sign().as_ref()[..CALLER_LEN]))
    }

    /// Seals a token. `aad` is what it is bound to (user, source, path, options): it opens only
    /// with the same bytes. The same token and `aad` always give the same text (base64url without
    /// padding).
    ///
    /// # Errors
    /// [`TokenError::TooLong`] when [`Token::extra`] exceeds [`MAX_EXTRA_BYTES`].
    pub fn seal(&self, token: &Token, aad: &[u8]) -> Result<String, TokenError> {
        let pair = self.pairs.first().ok_or(TokenError::UnknownKey)?;
        if token.extra.len() > MAX_EXTRA_BYTES {
            return Err(TokenError::TooLong);
        }
        let mut sealed = Vec::with_capacity(CLEAR_LEN + NONCE_LEN + 80 + token.extra.len() + TAG_LEN);
        sealed.push(VERSION);
        sealed.extend_from_slice(&pair.id.0);
        let bound = bind(&sealed, aad);
        let mut body = Vec::with_capacity(80 + token.extra.len() + TAG_LEN);
        put_token(&mut body, token);

        // The nonce is a keyed hash of everything that is sealed, so it repeats only for the very
        // same token.
        let mut hash = hmac::Context::with_key(&pair.nonce);
        hash.update(&(bound.len() as u64).to_le_bytes());
        hash.update(&bound);
        hash.update(&body);
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&hash.sign().as_ref()[..NONCE_LEN]);

        pair.seal
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&bound), &mut body)
            .map_err(|_| TokenError::TooLong)?;
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens a token with the same `aad` it was sealed with.
    ///
    /// # Errors
    /// [`TokenError::Invalid`], or [`TokenError::UnknownKey`] when the key it names is not among
    /// ours.
    pub fn open(&self, text: &str, aad: &[u8]) -> Result<Token, TokenError> {
        if text.len() > MAX_TOKEN_CHARS {
            return Err(TokenError::Invalid);
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Invalid)?;
        if sealed.len() < CLEAR_LEN + NONCE_LEN + TAG_LEN || sealed[0] != VERSION {
            return Err(TokenError::Invalid);
        }
        let (clear, rest) = sealed.split_at(CLEAR_LEN);
        let (nonce, body) = rest.split_at(NONCE_LEN);
        let id = &clear[1..];
        let pair = self.pairs.iter().find(|pair| pair.id.0 == id).ok_or(TokenError::UnknownKey)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| TokenError::Invalid)?;
        let mut body = body.to_vec();
        let plain = pair
            .seal
            .open_in_place(nonce, Aad::from(bind(clear, aad)), &mut body)
            .map_err(|_| TokenError::Invalid)?;
        get_token(plain).ok_or(TokenError::Invalid)
    }
}

fn bind(clear: &[u8], aad: &[u8]) -> Vec<u8> {
    [clear, aad].concat()
}

fn put_token(out: &mut Vec<u8>, token: &Token) {
    out.extend_from_slice(token.result.as_bytes());
    out.extend_from_slice(token.owner.as_bytes());
    put_varint(out, u64::from(token.generation));
    put_varint(out, u64::from(token.page));
    put_varint(out, token.first_row);
    out.push(u8::from(token.rows_left.is_some()));
    if let Some(rows) = token.rows_left {
        put_varint(out, rows);
    }
    put_prefixed(out, &token.extra);
}

fn get_token(bytes: &[u8]) -> Option<Token> {
    let mut from = Cursor::new(bytes);
    let token = Token {
        result: ResultId::from_bytes(from.array()?),
        owner: NodeId::from_bytes(from.array()?),
        generation: from.varint_u32()?,
        page: from.varint_u32()?,
        first_row: from.varint()?,
        rows_left: match from.u8()? {
            0 => None,
            1 => Some(from.varint()?),
            _ => return None,
        },
        extra: from.prefixed()?.to_vec(),
    };
    from.is_empty().then_some(token)
}
