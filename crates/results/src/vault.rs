//! Small documents that are kept where others can read: sealed, so that only nodes with the cluster's key can open or
//! make one.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::id::random;
use crate::keys::{KeyId, MasterKeys, Purpose};

const VERSION: u8 = 1;
/// Version and key name, in clear.
const CLEAR: usize = 1 + 4;
const NONCE: usize = 12;

/// Seals and opens documents; derived once from the master keys.
pub struct Vault {
    /// The current one first. It seals; all of them open.
    keys: Vec<(KeyId, LessSafeKey)>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(id, _)| id)).finish()
    }
}

impl Vault {
    /// Derives the keys.
    ///
    /// # Errors
    /// [`Error::Crypto`] when the library refuses.
    pub fn new(keys: &MasterKeys) -> Result<Self, Error> {
        let keys = keys.all().map(|master| {
            let key = master.derive(Purpose::Vault)?;
            let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| Error::Crypto)?;
            Ok((master.id(), LessSafeKey::new(key)))
        });
        Ok(Self { keys: keys.collect::<Result<_, Error>>()? })
    }

    /// Seals a document; it opens only as what it is `bound` to, such as the name it has there.
    ///
    /// # Errors
    /// [`Error::Crypto`] when the library refuses.
    pub fn seal(&self, bound: &[u8], document: &[u8]) -> Result<Vec<u8>, Error> {
        let (id, key) = self.keys.first().ok_or(Error::Crypto)?;
        let nonce: [u8; NONCE] = random().map_err(|_| Error::Crypto)?;
        let mut out = [&[VERSION], id.0.as_slice()].concat();
        let covered = [out.as_slice(), bound].concat();
        let mut text = Zeroizing::new(document.to_vec());
        let tag = key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(&covered),
                text.as_mut_slice(),
            )
            .map_err(|_| Error::Crypto)?;
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&text);
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    /// Whether a document was sealed with the current key: one that was not cannot be opened any more when its key is
    /// forgotten.
    #[must_use]
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        let current = self.keys.first().map(|(id, _)| [&[VERSION], id.0.as_slice()].concat());
        current.is_some_and(|clear| sealed.starts_with(&clear))
    }

    /// Opens a document. `None` when it was altered, is bound to something else, or its key is not ours.
    #[must_use]
    pub fn open(&self, bound: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (clear, rest) = sealed.split_at_checked(CLEAR)?;
        let (nonce, text) = rest.split_at_checked(NONCE)?;
        let id = clear.strip_prefix(&[VERSION])?;
        let (_, key) = self.keys.iter().find(|(known, _)| known.0 == id)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(text.to_vec());
        let covered = [clear, bound].concat();
        let len = key.open_in_place(nonce, Aad::from(&covered), &mut text).ok()?.len();
        text.truncate(len);
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MasterKey;

    fn vault(current: u8, previous: &[u8]) -> Vault {
        let key = |byte: u8| MasterKey::from_bytes([byte; 32]).unwrap();
        let previous = previous.iter().map(|byte| key(*byte)).collect();
        Vault::new(&MasterKeys::new(key(current), previous).unwrap()).unwrap()
    }

    #[test]
    fn documents_open_with_the_key_and_as_what_they_are() {
        let text = b"url = postgres://u:secret@h/d";
        let sealed = vault(1, &[]).seal(b"shop", text).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"), "it cannot be read");
        assert_ne!(vault(1, &[]).seal(b"shop", text).unwrap(), sealed, "nor compared");
        for (what, vault, bound, opens) in [
            ("its key", vault(1, &[]), "shop", true),
            ("its key, an earlier one", vault(2, &[3, 1]), "shop", true),
            ("another key", vault(2, &[3]), "shop", false),
            ("another name", vault(1, &[]), "shops", false),
        ] {
            let opened = vault.open(bound.as_bytes(), &sealed);
            assert_eq!(opened.as_deref().map(Vec::as_slice), opens.then_some(&text[..]), "{what}");
            assert_eq!(vault.is_current(&sealed), what == "its key" || what == "another name", "{what}");
        }
        let vault = vault(1, &[]);
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(vault.open(b"shop", &altered).is_none(), "byte {at}");
            assert!(vault.open(b"shop", &sealed[..at]).is_none(), "cut at {at}");
        }
    }
}
