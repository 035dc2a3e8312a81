//! The databases that are compared: made for it, or there already.

use std::io;
use std::path::Path;
use std::str::FromStr;

use anyhow::Context;
use nextlink_sample::{Target, big};
use nextlink_testkit::server::PrivateServer;
use nextlink_testkit::{mariadb, postgres};

use crate::made;
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
    _server: Option<PrivateServer>,
}

impl Database {
    /// Makes the database where it is not there. Servers are started for it, on free ports, and end with it.
    pub(super) fn open(choice: &Choice, folder: &Path, rows: u64) -> anyhow::Result<Self> {
        Ok(match choice {
            Choice::There(source) => Self { source: source.clone(), _server: None },
            Choice::All | Choice::Sqlite => {
                Self { source: Source::Sqlite(made::file(folder, rows)?), _server: None }
            }
            Choice::Postgres => Self::fill(postgres::private(), Target::Postgres, Source::Postgres, rows),
            Choice::MariaDb => Self::fill(mariadb::private(), Target::MariaDb, Source::MariaDb, rows),
        })
    }

    fn fill(server: PrivateServer, target: Target, source: impl FnOnce(String) -> Source, rows: u64) -> Self {
        let database = server.database("bench");
        eprintln!("filling {:?}", *server);
        database.load(|to| big::script(target, rows, to).map(drop).map_err(io::Error::other));
        // It is not dropped before its server.
        Self { source: source(database.url()), _server: Some(server) }
    }
}
