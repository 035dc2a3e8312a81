//! A database of a MariaDB server, made by a script, that is served.

use mysql_async::prelude::Queryable;
use nextlink_db::error::Error;
use nextlink_db::location::{Location, Login, Secret, Server};
use nextlink_db::source::Source;
use nextlink_db::sqlite::IntrospectLimits;
use nextlink_sql::catalog::Catalog;
use nextlink_sql::mapping::{Mapping, ModelOptions, build};
use nextlink_testkit::mariadb;
use nextlink_testkit::server::Database;

use crate::ask::{Answer, Ask, Asked, Failure};
use crate::place::location;

/// A database that is served.
pub struct World {
    pub source: Source,
    pub catalog: Catalog,
    pub mapping: Mapping,
    pub notices: Vec<String>,
    pub database: Database,
}

/// What is served of a database.
#[derive(Debug)]
pub struct Served {
    pub source: Source,
    pub catalog: Catalog,
    pub mapping: Mapping,
    pub notices: Vec<String>,
}

impl World {
    /// A database of the shared server.
    pub fn new(script: &str) -> World {
        World::of(database(script), |_| ())
    }

    /// A database that is served in some other way than usual.
    pub fn of(database: Database, change: impl FnOnce(&mut Server)) -> World {
        let Served { source, catalog, mapping, notices } =
            World::served(&database, change).expect("the server answers");
        World { source, catalog, mapping, notices, database }
    }

    /// Opens a database.
    pub fn served(database: &Database, change: impl FnOnce(&mut Server)) -> Result<Served, Error> {
        let mut server = server(database);
        change(&mut server);
        let source = Source::open(&Location::MySql(server))?;
        let (catalog, notices) = source.introspect(&IntrospectLimits::default())?;
        let (mapping, more) = build(&catalog, &ModelOptions::default());
        let notices = notices.iter().chain(&more).map(ToString::to_string).collect();
        Ok(Served { source, catalog, mapping, notices })
    }

    /// Asks and answers.
    pub fn ask_with(&self, text: &str, ask: &Ask) -> Result<Answer, Failure> {
        Asked { source: &self.source, mapping: &self.mapping }.ask_with(text, ask)
    }

    /// The rows of an answer, or what went wrong as one line.
    pub fn ask(&self, text: &str) -> String {
        Asked { source: &self.source, mapping: &self.mapping }.ask(text)
    }

    /// What goes wrong in the database.
    #[track_caller]
    pub fn error(&self, text: &str, ask: &Ask) -> Error {
        match self.ask_with(text, ask) {
            Err(Failure::Run(error)) => error,
            other => panic!("{text}: {other:?}"),
        }
    }
}

/// A database of the shared server, with what a script makes.
pub fn database(script: &str) -> Database {
    let database = mariadb::server().database("nextlink");
    database.run(script);
    database
}

/// Where a database is.
pub fn server(database: &Database) -> Server {
    match location(database) {
        Location::MySql(server) => server,
        other => panic!("{other:?}"),
    }
}

pub fn login(user: &str, password: &str) -> Login {
    Login { user: user.to_owned(), password: Secret(password.to_owned()) }
}

/// A connection that stays, to hold locks.
pub struct Holder {
    runtime: tokio::runtime::Runtime,
    conn: Option<mysql_async::Conn>,
}

impl Holder {
    pub fn new(database: &Database) -> Holder {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let opts = mysql_async::Opts::from_url(&database.url()).expect("an address");
        let conn = runtime.block_on(mysql_async::Conn::new(opts)).expect("the server answers");
        Holder { runtime, conn: Some(conn) }
    }

    pub fn run(&mut self, sql: &str) {
        let conn = self.conn.as_mut().expect("a connection");
        self.runtime.block_on(conn.query_drop(sql)).expect("the statement is right");
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            let _ = self.runtime.block_on(conn.disconnect());
        }
    }
}

/// Statements that run in a database, other than the one that asks.
pub fn running(database: &Database) -> usize {
    let select = format!(
        "SELECT ID FROM information_schema.PROCESSLIST \
         WHERE DB = '{}' AND COMMAND <> 'Sleep' AND ID <> CONNECTION_ID()",
        database.name()
    );
    database.query(&select).len()
}

/// Connections to a database, other than the one that asks.
pub fn connections(database: &Database) -> Vec<String> {
    let select = format!(
        "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '{}' AND ID <> CONNECTION_ID()",
        database.name()
    );
    database.query(&select).into_iter().filter_map(|row| row.into_iter().next().flatten()).collect()
}
