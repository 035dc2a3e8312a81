//! The databases that are compared: made for it, or there already.


use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Context;
use nextlink_sample::big;

use crate::source::Source;

/// What to compare on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Each product, one after the other.
    All,
    /// A SQLite file.
    Sqlite,
    /// A private PostgreSQL server.
    Postgres,
    /// A private MariaDB server.
    MariaDb,
    /// A database that is there already.
    There(Source),
}

impl FromStr for Choice {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        Ok(match text {
            "all" => Self::All,
            "sqlite" => Self::Sqlite,
            "postgres" => Self::Postgres,
            "mariadb" => Self::MariaDb,
            location => {
                Self::There(location.parse().context("use sqlite, postgres, mariadb, all or a location")?)
            }
        })
    }
}

impl Choice {
    /// What it stands for, one product each.
    pub(super) fn each(&self) -> Vec<Self> {
        match self {
            Self::All => vec![Self::Sqlite, Self::Postgres, Self::MariaDb],
            one => vec![one.clone()],
        }
    }
}

/// A database with the tables, until it is dropped.
pub(super) struct Database {
    pub(super) source: Source,
}

impl Database {
    /// Makes the database where it is not there.
    pub(super) fn open(choice: &Choice, folder: &Path, rows: u64) -> anyhow::Result<Self> {
        let source = match choice {
            Choice::There(source) => source.clone(),
            _ => Source::Sqlite(sqlite(folder, rows)?),
        };
        Ok(Self { source })
    }
}

/// The file stays for the next time.
fn sqlite(folder: &Path, rows: u64) -> anyhow::Result<PathBuf> {
    let path = folder.join(format!("{rows}.db"));
    if !path.try_exists()? {
        eprintln!("making {}", path.display());
        big::create(&path, rows)?;
    }
    Ok(path)
}
