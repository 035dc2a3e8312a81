//! A small database with values of all types, and one question to it.

use std::path::{Path, PathBuf};

use nextlink_db::location::Location;
use nextlink_db::source::Source;
use nextlink_db::sqlite::IntrospectLimits;
use nextlink_odata::json::{Format, Shape};
use nextlink_odata::query::Query;
use nextlink_sql::catalog::Catalog;
use nextlink_sql::mapping::{Mapping, ModelOptions, build};
use nextlink_sql::statement::Program;
use rusqlite::Connection;

use crate::ask::Asked;
pub use crate::ask::{Answer, Ask, Failure};

/// A database that is served.
pub struct World {
    /// The folder of a file.
    dir: Option<tempfile::TempDir>,
    pub source: Source,
    pub mapping: Mapping,
}

impl World {
    /// A database made by a script.
    pub fn new(script: &str) -> World {
        World::with(script, &ModelOptions::default(), |_| ())
    }

    /// A database made by a script, with a model of its own.
    pub fn with(script: &str, options: &ModelOptions, change: impl FnOnce(&mut Catalog)) -> World {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("world.db");
        let connection = Connection::open(&path).expect("a database");
        connection.pragma_update(None, "foreign_keys", false).expect("a setting");
        connection.pragma_update(None, "synchronous", false).expect("a setting");
        let script = ["BEGIN;", script, ";COMMIT;"].concat();
        connection.execute_batch(&script).expect("the script is right");
        drop(connection);
        let world = World::serve(&Location::Sqlite(path), options, change);
        World { dir: Some(dir), ..world }
    }

    /// A database that is there, with a model of its own.
    pub fn serve(location: &Location, options: &ModelOptions, change: impl FnOnce(&mut Catalog)) -> World {
        let source = Source::open(location).expect("the database opens");
        let (mut catalog, _) = source.introspect(&IntrospectLimits::default()).expect("a catalogue");
        change(&mut catalog);
        let (mapping, _) = build(&catalog, options);
        World { dir: None, source, mapping }
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.dir.as_ref().expect("a file").path().join("world.db")
    }

    /// Changes the database while it is served.
    pub fn change(&self, script: &str) {
        let connection = Connection::open(Path::new(&self.path())).expect("a database");
        connection.execute_batch(script).expect("the script is right");
    }

    fn asked(&self) -> Asked<'_> {
        Asked { source: &self.source, mapping: &self.mapping }
    }

    /// Puts another file in the place of the one that is served, as tools do that write a new file first.
    pub fn replace(&self, script: &str) {
        let other = self.path().with_file_name("other.db");
        Connection::open(&other).expect("a file").execute_batch(script).expect("the script is right");
        std::fs::rename(other, self.path()).expect("a file can be renamed");
    }

    /// Everything up to the program.
    pub fn prepare(&self, text: &str, format: Format) -> Result<(Box<Query>, Program, Shape), Failure> {
        self.asked().prepare(text, format)
    }

    /// Asks and answers.
    pub fn ask_with(&self, text: &str, ask: &Ask) -> Result<Answer, Failure> {
        self.asked().ask_with(text, ask)
    }

    /// The rows of an answer, or what went wrong as one line.
    pub fn ask(&self, text: &str) -> String {
        self.asked().ask(text)
    }
}
