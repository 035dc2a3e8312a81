//! A database of the tests' server that is served.

use std::time::Duration;

use nextlink_db::error::Error;
use nextlink_db::location::{Location, Login, Secret, Server, Tls};
use nextlink_db::source::Source;
use nextlink_db::sqlite::IntrospectLimits;
use nextlink_sql::catalog::Catalog;
use nextlink_sql::mapping::{Mapping, ModelOptions, build};
use nextlink_sql::notice::Notice;
use nextlink_testkit::{postgres, server};

use crate::ask::{Ask, Asked, Failure};

/// A database and how it is served.
pub struct Setting {
    pub database: server::Database,
    pub served: Served,
}

/// A database as it is served.
pub struct Served {
    pub source: Source,
    pub mapping: Mapping,
}

impl Setting {
    /// A database made by a script.
    pub fn new(script: &str) -> Setting {
        Setting::with(script, |_| ())
    }

    /// A database made by a script, reached in a way of its own.
    pub fn with(script: &str, change: impl FnOnce(&mut Server)) -> Setting {
        let database = database(script);
        let mut location = location(database.server(), database.name());
        change(&mut location);
        Setting { served: Served::open(&location), database }
    }

    /// Each URL gives these rows.
    #[track_caller]
    pub fn check(&self, rows: &[(&str, &str)]) {
        self.served.check(rows);
    }
}

impl Served {
    /// Serves a database. Views named `slow` and foreign tables named `far` have the key `id`.
    pub fn open(location: &Server) -> Served {
        let source = open(location);
        let (catalog, _) = catalogue(&source);
        let keys = ["slow", "far"].map(|name| (name.to_owned(), vec!["id".to_owned()])).into();
        let (mapping, _) = build(&catalog, &ModelOptions { keys, ..ModelOptions::default() });
        Served { source, mapping }
    }

    /// The rows of an answer, or what went wrong as one line.
    pub fn ask(&self, url: &str) -> String {
        Asked { source: &self.source, mapping: &self.mapping }.ask(url)
    }

    /// The rows of an answer, or why there are none.
    pub fn ask_with(&self, url: &str, ask: &Ask) -> Result<String, Error> {
        match (Asked { source: &self.source, mapping: &self.mapping }).ask_with(url, ask) {
            Ok(answer) => Ok(answer.rows()),
            Err(Failure::Run(error)) => Err(error),
            Err(other) => panic!("{url}: {other}"),
        }
    }

    /// Each URL gives these rows.
    #[track_caller]
    pub fn check(&self, rows: &[(&str, &str)]) {
        let mut wrong = String::new();
        for (url, expected) in rows {
            let found = self.ask(url);
            if found != *expected {
                wrong += &format!("{url}\n    is  {found}\n    not {expected}\n");
            }
        }
        assert!(wrong.is_empty(), "\n{wrong}");
    }
}

/// A database of the server that all tests share, made by a script.
pub fn database(script: &str) -> server::Database {
    let database = postgres::server().database("db");
    database.run(script);
    database
}

/// Opens a database.
pub fn open(location: &Server) -> Source {
    Source::open(&Location::Postgres(location.clone())).expect("the database opens")
}

/// Its catalogue, and what was said of it.
pub fn catalogue(source: &Source) -> (Catalog, Vec<String>) {
    let (catalog, notices) = source.introspect(&IntrospectLimits::default()).expect("a catalogue");
    (catalog, notices.iter().map(Notice::to_string).collect())
}

/// Where a database is.
pub fn location(server: &server::Server, database: &str) -> Server {
    Server {
        host: "127.0.0.1".to_owned(),
        port: server.port(),
        database: database.to_owned(),
        login: Some(login(server.user(), server.password())),
        tls: Tls::default(),
        schemas: Vec::new(),
        connect_timeout: Duration::from_secs(10),
        connections: 4,
        pool_wait: Duration::from_secs(2),
        client_age: Server::CLIENT_AGE,
    }
}

/// A user and a password.
pub fn login(user: &str, password: &str) -> Login {
    Login { user: user.to_owned(), password: Secret(password.to_owned()) }
}
