//! One door to all databases.

use std::path::PathBuf;

use nextlink_odata::rows::RowSink;
use nextlink_sql::catalog::Catalog;
use nextlink_sql::dialect::{Dialect, Sqlite};
use nextlink_sql::notice::Notice;
use nextlink_sql::statement::Program;

use crate::error::Error;
use crate::run::{Outcome, RunOptions};
use crate::sqlite::{IntrospectLimits, SqliteSource};

/// A database that is served.
#[derive(Debug)]
pub enum Source {
    /// A SQLite file.
    Sqlite(SqliteSource),
}

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file.
    Sqlite(PathBuf),
}

/// A location that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no location of a database; use sqlite:/path/to/file.db")]
pub struct BadLocation(String);

impl std::str::FromStr for Location {
    type Err = BadLocation;

    fn from_str(text: &str) -> Result<Location, BadLocation> {
        let path = text.strip_prefix("sqlite:").ok_or_else(|| BadLocation(text.to_owned()))?;
        // sqlite:///abs/path, sqlite:/abs/path and sqlite:relative/path
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err(BadLocation(text.to_owned()));
        }
        Ok(Location::Sqlite(PathBuf::from(path)))
    }
}

impl Source {
    /// Opens a database. Blocks.
    ///
    /// # Errors
    /// It is not there, cannot be read, or is no database.
    pub fn open(location: &Location) -> Result<Source, Error> {
        match location {
            Location::Sqlite(path) => Ok(Source::Sqlite(SqliteSource::open(path)?)),
        }
    }

    /// The facts of this database.
    pub fn dialect(&self) -> &'static dyn Dialect {
        match self {
            Source::Sqlite(_) => &Sqlite,
        }
    }

    /// Reads the catalogue. Blocks.
    ///
    /// # Errors
    /// The database cannot be read, or a limit was passed.
    pub fn introspect(&self, limits: &IntrospectLimits) -> Result<(Catalog, Vec<Notice>), Error> {
        match self {
            Source::Sqlite(source) => source.introspect(limits),
        }
    }

    /// Runs a program and pushes its rows into the sink. Blocks; all statements see one snapshot.
    ///
    /// # Errors
    /// See [`Error`]; what the sink has got by then is a true part of the result.
    pub fn run<S: RowSink>(
        &self,
        program: &Program,
        options: &RunOptions,
        sink: &mut S,
    ) -> Result<Outcome, Error> {
        match self {
            Source::Sqlite(source) => source.run(program, options, sink),
        }
    }

    /// Runs a program that is found by its key, where that can be done at once without waiting for anything; `None`
    /// where it cannot.
    ///
    /// # Errors
    /// As [`Source::run`].
    pub fn run_now<S: RowSink>(&self, program: &Program, sink: &mut S) -> Option<Result<Outcome, Error>> {
        match self {
            Source::Sqlite(source) => source.run_now(program, sink),
        }
    }

    /// Runs the first statement of a program and gives the number in its first column. Blocks.
    ///
    /// # Errors
    /// As [`Source::run`].
    pub fn count(&self, program: &Program, options: &RunOptions) -> Result<(u64, Option<bool>), Error> {
        match self {
            Source::Sqlite(source) => source.count(program, options),
        }
    }
}
