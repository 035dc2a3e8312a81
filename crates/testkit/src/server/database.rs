//! A database of one test: made with a name of its own, and dropped at the end of the test.

use super::{Row, Server, random, talk};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

/// A database that nobody else uses.
#[derive(Debug)]
pub struct Database {
    server: Server,
    name: String,
}

impl Database {
    /// Makes it; the name gets a random end, since tests of the same name may run at the same time.
    #[track_caller]
    pub(super) fn create(server: &Server, name: &str) -> Self {
        let plain =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b"_0123456789".contains(&b));
        assert!(plain && name.len() <= 30, "{name:?}: up to 30 of a to z, 0 to 9 and _ are good for a name");
        let name = format!("{name}_{}", &random()[..12]);
        let made = script(server, server.product.first_database(), &server.product.create(&name));
        made.unwrap_or_else(|error| panic!("{server:?}: cannot make a database: {error}"));
        Self { server: server.clone(), name }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `scheme://user:password@127.0.0.1:port/database`, as a user who may do everything.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// The server it is in.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Runs any number of statements, in a connection of their own, by `psql` or `mariadb`.
    ///
    /// # Panics
    /// At the first error, with the words of the server.
    #[track_caller]
    pub fn run(&self, sql: &str) {
        self.try_run(sql).unwrap_or_else(|error| panic!("{:?}: {error}{sql}", self.server));
    }

    /// Runs any number of statements, up to the first error; returns the words of the server then.
    ///
    /// # Errors
    /// What the client wrote: errors of the server, or that there is none.
    pub fn try_run(&self, sql: &str) -> Result<(), String> {
        script(&self.server, &self.name, sql)
    }

    /// Runs a file of statements.
    ///
    /// # Panics
    /// When it cannot be read, or at the first error.
    #[track_caller]
    pub fn run_file(&self, path: &Path) {
        let loaded = self.try_load(|to| io::copy(&mut File::open(path)?, to).map(drop));
        loaded.unwrap_or_else(|error| panic!("{:?}: {}: {error}", self.server, path.display()));
    }

    /// Runs a script that is made while it runs.
    ///
    /// # Panics
    /// When it cannot be made, or at the first error.
    #[track_caller]
    pub fn load(&self, script: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        self.try_load(script).unwrap_or_else(|error| panic!("{:?}: {error}", self.server));
    }

    /// Runs statements, and returns the rows of all of them as text.
    ///
    /// # Panics
    /// At the first error, with the words of the server.
    #[track_caller]
    pub fn query(&self, sql: &str) -> Vec<Row> {
        self.try_query(sql).unwrap_or_else(|error| panic!("{:?}: {error}{sql}", self.server))
    }

    /// Runs statements, and returns the rows of all of them, or the words of the server.
    ///
    /// # Errors
    /// What the client wrote: errors of the server, or that there is none.
    pub fn try_query(&self, sql: &str) -> Result<Vec<Row>, String> {
        self.server.product.query(&self.server, &self.name, sql)
    }

    /// The client of the server, on this database.
    pub(super) fn client(&self) -> Command {
        self.server.product.client(&self.server, &self.name)
    }

    /// Whether it is one of PostgreSQL.
    pub(super) fn is_postgres(&self) -> bool {
        self.server.scheme() == "postgres"
    }

    fn try_load(&self, script: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), String> {
        talk(&mut self.client(), script).map(drop)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A private server ends with the test, and may be down or paused by now.
        if !self.server.private {
            let product = self.server.product;
            let dropped = script(&self.server, product.first_database(), &product.drop(&self.name));
            if let Err(error) = dropped {
                eprintln!("{:?}: cannot drop {}: {error}", self.server, self.name);
            }
        }
    }
}

fn script(server: &Server, database: &str, sql: &str) -> Result<(), String> {
    talk(&mut server.product.client(server, database), |to| to.write_all(sql.as_bytes())).map(drop)
}
