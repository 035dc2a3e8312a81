//! One door to all databases.

use std::sync::Arc;

use nextlink_odata::rows::{PieceSink, RowSink};
use nextlink_odata::value::Value;
use nextlink_sql::catalog::Catalog;
use nextlink_sql::dialect::{Dialect, Postgres, Sqlite};
use nextlink_sql::full_text::FullTexts;
use nextlink_sql::notice::Notice;
use nextlink_sql::plan::told;
use nextlink_sql::shape::ToldSelect;
use nextlink_sql::statement::{Program, Stream};

use crate::error::Error;
use crate::location::{Location, Login};
use crate::mysql::MySqlSource;
use crate::postgres::PostgresSource;
use crate::run::{Outcome, RunOptions};
use crate::sqlite::{IntrospectLimits, SqliteSource};

/// A database that is served.
#[derive(Debug)]
pub enum Source {
    /// A SQLite file.
    Sqlite(SqliteSource),
    /// A database of a PostgreSQL server.
    Postgres(PostgresSource),
    /// A database of a MySQL or MariaDB server.
    MySql(MySqlSource),
}

impl Source {
    /// Opens a database. Blocks.
    ///
    /// # Errors
    /// It is not there, cannot be read, or is no database.
    pub fn open(location: &Location) -> Result<Source, Error> {
        match location {
            Location::Sqlite(path) => Ok(Source::Sqlite(SqliteSource::open(path)?)),
            Location::Postgres(server) => Ok(Source::Postgres(PostgresSource::open(server)?)),
            Location::MySql(server) => Ok(Source::MySql(MySqlSource::open(server)?)),
        }
    }

    /// The facts of this database.
    pub fn dialect(&self) -> &'static dyn Dialect {
        match self {
            Source::Sqlite(_) => &Sqlite,
            Source::Postgres(_) => &Postgres,
            Source::MySql(source) => source.dialect(),
        }
    }

    /// Reads the catalogue. Blocks.
    ///
    /// # Errors
    /// The database cannot be read, or a limit was passed.
    pub fn introspect(&self, limits: &IntrospectLimits) -> Result<(Catalog, Vec<Notice>), Error> {
        match self {
            Source::Sqlite(source) => source.introspect(limits),
            Source::Postgres(source) => source.introspect(limits),
            Source::MySql(source) => source.introspect(limits),
        }
    }

    /// Reads the catalogue, with SELECTs as views of their names. One that the database refuses is left out. Blocks.
    ///
    /// # Errors
    /// As [`Source::introspect`].
    pub fn introspect_with(
        &self,
        limits: &IntrospectLimits,
        selects: &[ToldSelect],
    ) -> Result<(Catalog, Vec<Notice>), Error> {
        let (mut catalog, mut notices) = self.introspect(limits)?;
        for select in selects {
            let (text, places) = told(self.dialect(), select);
            let described = match &select.parameters {
                None => self.describe(&select.name.text, &text.into(), limits)?,
                Some(_) => self.columns(&text, places)?.map(|columns| {
                    let functions = vec![(select.name.text.clone(), select.number, columns)];
                    (Catalog { functions, ..Catalog::default() }, Vec::new())
                }),
            };
            match described {
                Ok((found, more)) => {
                    catalog.add(found);
                    notices.extend(more);
                }
                Err(why) => {
                    let at = select.spot.to_string();
                    let text = ["The model file, ", &at, ": the database refuses this SELECT (", &why, ")."];
                    notices.push(Notice::table(&select.name.text, text.concat()));
                }
            }
        }
        Ok((catalog, notices))
    }

    /// The indexes over words. Blocks.
    ///
    /// # Errors
    /// As [`Source::introspect`].
    pub fn full_texts(&self) -> Result<FullTexts, Error> {
        match self {
            Source::Sqlite(source) => source.full_texts(),
            Source::Postgres(source) => source.full_texts(),
            Source::MySql(source) => source.full_texts(),
        }
    }

    /// Describes a SELECT as a view of this name would be; why not, where the database refuses it. Blocks.
    ///
    /// # Errors
    /// As [`Source::introspect`].
    pub fn describe(
        &self,
        name: &str,
        select: &Arc<str>,
        limits: &IntrospectLimits,
    ) -> Result<Result<(Catalog, Vec<Notice>), String>, Error> {
        match self {
            Source::Sqlite(source) => source.describe(name, select, limits),
            Source::Postgres(source) => source.describe(name, select, limits),
            Source::MySql(source) => source.describe(name, select, limits),
        }
    }

    /// The columns of a SELECT with so many places for values; why there are none, where the database refuses it.
    fn columns(&self, select: &str, places: usize) -> Result<Result<Vec<String>, String>, Error> {
        match self {
            Source::Sqlite(source) => source.columns(select, places),
            Source::Postgres(source) => source.columns(select, places),
            Source::MySql(source) => source.columns(select, places),
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
            Source::Postgres(source) => source.run(program, options, sink),
            Source::MySql(source) => source.run(program, options, sink),
        }
    }

    /// Connections at most, for each login; none for a file.
    pub fn connections(&self) -> Option<usize> {
        match self {
            Source::Sqlite(_) => None,
            Source::Postgres(source) => Some(source.connections()),
            Source::MySql(source) => Some(source.connections()),
        }
    }

    /// Whether somebody waits for a connection of this login, or of the source's own.
    pub fn is_awaited(&self, login: Option<&Login>) -> bool {
        match self {
            Source::Sqlite(_) => false,
            Source::Postgres(source) => source.is_awaited(login),
            Source::MySql(source) => source.is_awaited(login),
        }
    }

    /// Whether it is a file, which is read at once rather than awaited.
    pub fn reads_at_once(&self) -> bool {
        matches!(self, Source::Sqlite(_))
    }

    /// Runs a program for one row that is found by its key at once, as it can be in a file, with `key` in place of the value
    /// that it was made with. `None` where that cannot be done, and nothing was given to the sink.
    ///
    /// # Errors
    /// As [`Source::run`].
    pub fn run_now<S: RowSink>(
        &self,
        program: &Program,
        key: &Value,
        sink: &mut S,
    ) -> Option<Result<Outcome, Error>> {
        match self {
            Source::Sqlite(source) => source.run_now(program, Some(key), sink),
            Source::Postgres(_) | Source::MySql(_) => None,
        }
    }

    /// Runs a program for one row that is found by its key, without a thread that may block: a file is read at once, a
    /// server is awaited. With `key`, for that value of a key of one property in place of the one that the program was made
    /// with. `None` where that cannot be done, and nothing was given to the sink.
    ///
    /// # Errors
    /// As [`Source::run`].
    pub async fn run_point<S: RowSink>(
        &self,
        program: &Program,
        key: Option<&Value>,
        options: impl FnOnce() -> RunOptions,
        sink: &mut S,
    ) -> Option<Result<Outcome, Error>> {
        if let Source::Sqlite(source) = self {
            return source.run_now(program, key, sink);
        }
        // Boxed, so that what waits for a server is not moved about where there is none.
        Box::pin(self.run_point_of_server(program, key, &options(), sink)).await
    }

    async fn run_point_of_server<S: RowSink>(
        &self,
        program: &Program,
        key: Option<&Value>,
        options: &RunOptions,
        sink: &mut S,
    ) -> Option<Result<Outcome, Error>> {
        let keyed = key.map(|value| program.with_key([value]));
        let program = keyed.as_ref().unwrap_or(program);
        match self {
            Source::Sqlite(source) => source.run_now(program, None, sink),
            Source::Postgres(source) => source.run_point(program, options, sink).await,
            Source::MySql(source) => Some(source.run_point(program, options, sink).await),
        }
    }

    /// Has the server say whether it takes the login of a run, unless it did lately. A file takes all.
    ///
    /// # Errors
    /// It does not, or cannot be asked.
    pub async fn admits(&self, options: &RunOptions) -> Result<(), Error> {
        match self {
            Source::Sqlite(_) => Ok(()),
            Source::Postgres(source) => source.admits(options).await,
            Source::MySql(source) => source.admits(options).await,
        }
    }

    /// Reads the bytes of one value: what they are, and those that the sink then wants, in pieces. Blocks; all of it is of one
    /// snapshot. The outcome is that of the first row; it is complete where all that was wanted was handed over.
    ///
    /// # Errors
    /// As [`Source::run`].
    pub fn stream<S: PieceSink>(
        &self,
        stream: &Stream,
        options: &RunOptions,
        sink: &mut S,
    ) -> Result<Outcome, Error> {
        match self {
            Source::Sqlite(source) => source.stream(stream, options, sink),
            Source::Postgres(source) => source.stream(stream, options, sink),
            Source::MySql(source) => source.stream(stream, options, sink),
        }
    }

    /// Runs the first statement of a program and gives the number in its first column. Blocks.
    ///
    /// # Errors
    /// As [`Source::run`].
    pub fn count(&self, program: &Program, options: &RunOptions) -> Result<(u64, Option<bool>), Error> {
        match self {
            Source::Sqlite(source) => source.count(program, options),
            Source::Postgres(source) => source.count(program, options),
            Source::MySql(source) => source.count(program, options),
        }
    }
}
