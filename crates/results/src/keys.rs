//! Master keys: loaded from or made in a key file, and what is derived from them.

use std::fmt;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use aws_lc_rs::hkdf::{self, HKDF_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::Error;
use crate::id::random;
use crate::wire::hex;

/// The name of the key file in the data directory.
pub const KEY_FILE: &str = "keys";

/// How many earlier keys are kept for reading.
const MAX_PREVIOUS_KEYS: usize = 3;

const FIRST_LINE: &str = "nextlink keys 1";

/// The short name of a master key, derived from the key. It is written in clear into tokens and
/// headers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct KeyId(pub(crate) [u8; 4]);

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// What a derived key is for. Each purpose gives an independent key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    KeyName,
    TokenSeal,
    TokenNonce,
    CallerName,
    WrapResultKey,
    PrivateHeader,
    PeerCall,
    NodeRow,
    Vault,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::KeyName => b"nextlink key name 1",
            Self::TokenSeal => b"nextlink token seal 1",
            Self::TokenNonce => b"nextlink token nonce 1",
            Self::CallerName => b"nextlink caller name 1",
            Self::WrapResultKey => b"nextlink result key 1",
            Self::PrivateHeader => b"nextlink result header 1",
            Self::PeerCall => b"nextlink peer call 1",
            Self::NodeRow => b"nextlink node row 1",
            Self::Vault => b"nextlink vault 1",
        }
    }
}

struct KeyLen;

impl hkdf::KeyType for KeyLen {
    fn len(&self) -> usize {
        32
    }
}

/// One master key of 256 bits; its memory is cleared when it is dropped.
#[derive(Clone)]
pub struct MasterKey {
    id: KeyId,
    secret: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({:?})", self.id)
    }
}

impl MasterKey {
    /// A key from its 32 bytes.
    ///
    /// # Errors
    /// [`Error::Crypto`] when the library refuses.
    pub fn from_bytes(secret: [u8; 32]) -> Result<Self, Error> {
        let mut key = Self { id: KeyId([0; 4]), secret: Zeroizing::new(secret) };
        let name = key.derive(Purpose::KeyName)?;
        key.id = KeyId([name[0], name[1], name[2], name[3]]);
        Ok(key)
    }

    /// A new random key.
    ///
    /// # Errors
    /// [`Error::Crypto`] when the system gives no random bytes.
    pub fn generate() -> Result<Self, Error> {
        Self::from_bytes(random().map_err(|_| Error::Crypto)?)
    }

    /// The key's short name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// HKDF-SHA-256 (RFC 5869) with the purpose as its context.
    pub(crate) fn derive(&self, purpose: Purpose) -> Result<Zeroizing<[u8; 32]>, Error> {
        let mut out = Zeroizing::new([0; 32]);
        hkdf::Salt::new(HKDF_SHA256, b"nextlink")
            .extract(self.secret.as_slice())
            .expand(&[purpose.label()], KeyLen)
            .and_then(|okm| okm.fill(out.as_mut_slice()))
            .map_err(|_| Error::Crypto)?;
        Ok(out)
    }
}

/// The key that seals now and the earlier ones that still open.
#[derive(Clone, Debug)]
pub struct MasterKeys {
    /// Seals and opens.
    pub current: MasterKey,
    /// Open only; the latest first, at most `MAX_PREVIOUS_KEYS`.
    pub previous: Vec<MasterKey>,
}

impl MasterKeys {
    /// Keys given by the caller, for instance from configuration.
    ///
    /// # Errors
    /// [`Error::KeyFile`] for too many earlier keys or for two keys of one name.
    pub fn new(current: MasterKey, previous: Vec<MasterKey>) -> Result<Self, Error> {
        let keys = Self { current, previous };
        if keys.previous.len() > MAX_PREVIOUS_KEYS {
            return Err(Error::KeyFile("too many earlier keys"));
        }
        let ids: Vec<KeyId> = keys.all().map(MasterKey::id).collect();
        if ids.iter().enumerate().any(|(at, id)| ids[..at].contains(id)) {
            return Err(Error::KeyFile("the same key twice"));
        }
        Ok(keys)
    }

    /// Reads the key file [`KEY_FILE`] in `dir`, or makes it with one new key (mode 0600).
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::KeyFileAt`] for a file that is not a key file, [`Error::KeysExposed`]
    /// when others than the owner may read the file.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(KEY_FILE);
        match Self::read(&path) {
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Self::make(&path)
            }
            read => read,
        }
    }

    /// Makes a key file with one new key (mode 0600), in a directory that is there.
    ///
    /// # Errors
    /// As [`MasterKeys::open`]; a file that is there already is [`Error::Io`].
    pub fn make(path: &Path) -> Result<Self, Error> {
        if path.exists() {
            let exists = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            return Err(Error::io("make the key file", path, exists));
        }
        let keys = Self::new(MasterKey::generate()?, Vec::new())?;
        keys.save(path)?;
        Ok(keys)
    }

    /// Reads a key file, wherever it lies: nodes of one cluster have the same.
    ///
    /// # Errors
    /// As [`MasterKeys::open`]; a file that is not there is [`Error::Io`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let fail = |error| Error::io("read the key file", path, error);
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(fail)?);
        let found = std::fs::metadata(path).map_err(fail)?;
        if found.permissions().mode() & 0o077 != 0 {
            return Err(Error::KeysExposed { path: path.to_owned() });
        }
        Self::parse(&text).map_err(|error| match error {
            Error::KeyFile(why) => Error::KeyFileAt { path: path.to_owned(), why },
            other => other,
        })
    }

    /// The key of that name, current or earlier.
    pub(crate) fn find(&self, id: KeyId) -> Option<&MasterKey> {
        self.all().find(|key| key.id == id)
    }

    /// All keys, the current one first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    fn parse(text: &str) -> Result<Self, Error> {
        let mut lines = text.lines();
        if lines.next() != Some(FIRST_LINE) {
            return Err(Error::KeyFile("the first line is not that of a key file"));
        }
        let mut keys = Vec::new();
        for line in lines.filter(|line| !line.trim().is_empty()) {
            let bytes = STANDARD.decode(line.trim()).map(Zeroizing::new);
            let bytes = bytes.map_err(|_| Error::KeyFile("a key is not valid base64"))?;
            let mut secret = <[u8; 32]>::try_from(bytes.as_slice())
                .map_err(|_| Error::KeyFile("a key is not 32 bytes long"))?;
            keys.push(MasterKey::from_bytes(secret)?);
            secret.zeroize();
        }
        let mut keys = keys.into_iter();
        let current = keys.next().ok_or(Error::KeyFile("the file holds no key"))?;
        Self::new(current, keys.collect())
    }

    fn save(&self, path: &Path) -> Result<(), Error> {
        let fail = |error| Error::io("write the key file", path, error);
        let mut text = Zeroizing::new(format!("{FIRST_LINE}\n"));
        for key in self.all() {
            let line = Zeroizing::new(STANDARD.encode(key.secret.as_slice()));
            text.push_str(&line);
            text.push('\n');
        }
        let draft = path.with_file_name(".keys.new");
        let _ = std::fs::remove_file(&draft);
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .map_err(fail)?;
        file.write_all(text.as_bytes()).map_err(fail)?;
        file.sync_all().map_err(fail)?;
        std::fs::rename(&draft, path).map_err(fail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let made = MasterKeys::open(dir.path()).unwrap();
        let read = MasterKeys::open(dir.path()).unwrap();
        assert_eq!(made.current.id(), read.current.id());
        let mode = std::fs::metadata(dir.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_bad_or_exposed_key_file_is_refused() {
        let key = STANDARD.encode([7u8; 32]);
        let rows = [
            ("empty", String::new()),
            ("no key", format!("{FIRST_LINE}\n")),
            ("other first line", format!("keys\n{key}\n")),
            ("short key", format!("{FIRST_LINE}\n{}\n", STANDARD.encode([7u8; 31]))),
            ("not base64", format!("{FIRST_LINE}\n???\n")),
            ("twice", format!("{FIRST_LINE}\n{key}\n{key}\n")),
        ];
        for (name, text) in rows {
            assert!(matches!(MasterKeys::parse(&text), Err(Error::KeyFile(_))), "{name}");
        }
        let dir = tempfile::tempdir().unwrap();
        MasterKeys::open(dir.path()).unwrap();
        let path = dir.path().join(KEY_FILE);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(MasterKeys::open(dir.path()), Err(Error::KeysExposed { .. })));
    }
}
