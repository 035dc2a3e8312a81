//! What a start takes besides sources and listeners: opened for `serve`, and looked at for `check`.

use std::path::Path;

use anyhow::Context as _;
use nextlink_results::keys::{KEY_FILE, MasterKeys};
use nextlink_results::{Disk as _, LocalDisk, NodeIdentity};
use rustix::fs::{Access, access};

use crate::cluster::{self, Tls};
use crate::config::Config;
use crate::vocabularies::Vocabularies;

/// Bytes that the first start of a node writes: its name, its keys, and a system database.
const FIRST_START: u64 = 128 * 1024;

/// Reads the standard vocabularies, where the node is to serve them.
///
/// # Errors
/// As [`Vocabularies::read`].
pub fn vocabularies(config: &Config) -> anyhow::Result<Vocabularies> {
    config.server.vocabulary_folder.as_deref().map_or_else(|| Ok(Vocabularies::default()), Vocabularies::read)
}

/// Reads the certificates of the node, where it has any.
///
/// # Errors
/// As [`Tls::open`].
pub fn tls(config: &Config) -> anyhow::Result<Option<Tls>> {
    let tls = config.cluster.tls.as_ref().filter(|_| config.cluster.system.is_some());
    tls.map(Tls::open).transpose()
}

/// All that would keep a node of this configuration from starting, sources and listeners left aside. Changes nothing. Blocks.
pub fn obstacles(config: &Config) -> Vec<anyhow::Error> {
    let dir = &config.data_dir;
    let own = NodeIdentity::look(dir);
    let id = own.as_ref().ok().copied().flatten();
    let new = matches!(own, Ok(None));
    let data = usable(dir, new).with_context(|| format!("{} (data_dir)", dir.display()));
    let data = data.and_then(|()| own.map(drop).map_err(Into::into)).and_then(|()| own_keys(config));
    let outside = [vocabularies(config).map(drop), tls(config).map(drop), data];
    outside.into_iter().filter_map(Result::err).chain(cluster::look(config, id)).collect()
}

/// The keys of a node that is alone, if it has any yet.
fn own_keys(config: &Config) -> anyhow::Result<()> {
    let path = config.data_dir.join(KEY_FILE);
    if config.cluster.system.is_none() && path.try_exists().unwrap_or(true) {
        MasterKeys::read(&path)?;
    }
    Ok(())
}

/// Whether a directory can be written to, or made; there is room for what the first start of a new node writes.
fn usable(dir: &Path, new: bool) -> anyhow::Result<()> {
    // The first one that is there; a relative path ends in the current directory.
    let there =
        dir.ancestors().find(|dir| dir.symlink_metadata().is_ok()).filter(|dir| *dir != Path::new(""));
    let there = there.unwrap_or(Path::new("."));
    anyhow::ensure!(there.is_dir(), "{} is no directory", there.display());
    access(there, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK)
        .with_context(|| format!("{} cannot be written to", there.display()))?;
    let room = !new || LocalDisk.free_bytes(there)? >= FIRST_START;
    anyhow::ensure!(room, "there is no room left on the disk of {}", there.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_directories_are_there_or_can_be_made() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("file"), "").expect("a file");
        for (path, good) in
            [("", true), ("new", true), ("new/below", true), ("file", false), ("file/below", false)]
        {
            assert_eq!(usable(&dir.path().join(path), true).is_ok(), good, "{path}");
            assert!(!dir.path().join("new").exists(), "nothing is made");
        }
        for path in ["", "no-such-directory"] {
            assert!(usable(Path::new(path), false).is_ok(), "{path}: a relative one");
        }
    }
}
