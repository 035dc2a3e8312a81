//! What the measures need and make where it is not there: the program, and the database of SQLite.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use nextlink_sample::big;

/// Where it is kept for the next time, beside the programs.
///
/// # Errors
/// Where it cannot be made.
pub fn folder() -> anyhow::Result<PathBuf> {
    let programs = env::current_exe()?;
    let folder = programs.parent().and_then(Path::parent).context("no target folder")?.join("bench");
    fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    Ok(folder)
}

/// The nextlink program that is given, or one that is built for release.
///
/// # Errors
/// Where it is not there or cannot be built.
pub fn nextlink(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    match given {
        Some(path) => path.canonicalize().with_context(|| format!("{}", path.display())),
        None => build(&env::current_exe()?),
    }
}

/// Builds nextlink for release, beside this program where that is a release build too.
fn build(programs: &Path) -> anyhow::Result<PathBuf> {
    let target = programs.parent().and_then(Path::parent).context("no target folder")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    eprintln!("building nextlink");
    let status = Command::new(cargo)
        .args(["build", "--release", "--package", "nextlink", "--bin", "nextlink", "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .context("cargo")?;
    ensure!(status.success(), "nextlink was not built: {status}");
    Ok(target.join("release").join("nextlink"))
}

/// The database with so many rows; the file stays for the next time.
///
/// # Errors
/// Where it cannot be made.
pub fn file(folder: &Path, rows: u64) -> anyhow::Result<PathBuf> {
    let path = folder.join(format!("{rows}.db"));
    if !path.try_exists()? {
        eprintln!("making {}", path.display());
        big::create(&path, rows)?;
    }
    Ok(path)
}
