//! The identity of a node: made once, kept in the data directory, held by one process at a time.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::error::Error;
use crate::id::NodeId;

/// The name of the identity file in the data directory.
const FILE: &str = "node";

/// The stable name of this node. While it is alive no other process can have the same one.
#[derive(Debug)]
pub struct NodeIdentity {
    /// The node's name.
    id: NodeId,
    /// Keeps the lock.
    _file: File,
}

impl NodeIdentity {
    /// Reads or makes the identity in `dir`, and makes the directory when it is not there.
    ///
    /// # Errors
    /// [`Error::Locked`] when another process holds it, [`Error::Identity`] for a file that is not
    /// an identity, [`Error::Io`], [`Error::Crypto`].
    pub fn open(dir: &Path) -> Result<Self, Error> {
        make_private_dir(dir)?;
        let path = dir.join(FILE);
        let fail = |error| Error::io("open the identity file", &path, error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(fail)?;
        lock(&file, &path)?;
        let mut text = String::new();
        (&file).take(1024).read_to_string(&mut text).map_err(fail)?;
        if text.is_empty() {
            let id = NodeId::generate().map_err(|_| Error::Crypto)?;
            file.rewind().map_err(fail)?;
            file.write_all(format!("{id}\n").as_bytes()).map_err(fail)?;
            file.sync_all().map_err(fail)?;
            return Ok(Self { id, _file: file });
        }
        let id = NodeId::parse(text.trim_end()).ok_or(Error::Identity { path })?;
        Ok(Self { id, _file: file })
    }

    /// Reads the identity in `dir`, if there is one yet, whoever holds it.
    ///
    /// # Errors
    /// As [`NodeIdentity::open`], but [`Error::Locked`].
    pub fn look(dir: &Path) -> Result<Option<NodeId>, Error> {
        let path = dir.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) if text.is_empty() => return Ok(None),
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read the identity file", &path, error)),
        };
        NodeId::parse(text.trim_end()).map(Some).ok_or(Error::Identity { path })
    }

    /// The node's name.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }
}

/// Makes a directory that only its owner may enter. One that is there already keeps its mode: it may
/// serve others too.
pub(crate) fn make_private_dir(dir: &Path) -> Result<(), Error> {
    if dir.is_dir() {
        return Ok(());
    }
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| Error::io("make the directory", dir, error))
}

/// Takes the lock of a file for this process, without waiting.
pub(crate) fn lock(file: &File, path: &Path) -> Result<(), Error> {
    file.try_lock().map_err(|error| match error {
        std::fs::TryLockError::WouldBlock => Error::Locked { path: path.to_owned() },
        std::fs::TryLockError::Error(error) => Error::io("lock", path, error),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_identity_is_made_once_and_held_by_one() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        assert_eq!(NodeIdentity::look(&data).unwrap(), None);
        let first = NodeIdentity::open(&data).unwrap();
        assert_eq!(NodeIdentity::look(&data).unwrap(), Some(first.id()));
        assert!(matches!(NodeIdentity::open(&data), Err(Error::Locked { .. })));
        let id = first.id();
        drop(first);
        assert_eq!(NodeIdentity::open(&data).unwrap().id(), id);
        assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::write(data.join(FILE), "something else").unwrap();
        assert!(matches!(NodeIdentity::open(&data), Err(Error::Identity { .. })));
        assert!(matches!(NodeIdentity::look(&data), Err(Error::Identity { .. })));
    }
}
