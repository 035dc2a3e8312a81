//! A node that serves the same data from each database.

use nextlink_sample::{Target, trading};
use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::node::{Launch, Node};
use nextlink_testkit::samples::Sample;
use nextlink_testkit::server::{Database, Server};
use nextlink_testkit::sqlite::sqlite;
use nextlink_testkit::wait::until;
use nextlink_testkit::{mariadb, postgres};
use std::path::{Path, PathBuf};

use crate::common::{PROGRAM, encoded, run};

/// Names of the sources.
pub const SOURCES: [&str; 3] = ["sqlite", "postgres", "mariadb"];

/// A node that serves a source of each database.
pub struct World {
    pub node: Node,
    /// Of PostgreSQL and of MariaDB.
    pub databases: Vec<Database>,
    config: PathBuf,
}

/// An answer without what differs from one source to another by its name alone, and from one request to the next.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    pub status: u16,
    pub content_type: String,
    pub body: String,
}

/// The servers that all tests share.
pub fn servers() -> [(Target, &'static Server); 2] {
    [(Target::Postgres, postgres::server()), (Target::MariaDb, mariadb::server())]
}

impl World {
    /// The trading company, everywhere.
    pub fn trading() -> World {
        let launch = Launch::new(PROGRAM, &["serve"]);
        let path = launch.data_dir().join("trading.db");
        trading::create(&path).expect("the sample is written");
        let databases = servers().map(|(target, server)| {
            let database = server.database("trading");
            database.load(|to| trading::script(target, to).map(drop).map_err(std::io::Error::other));
            database
        });
        let keys: Vec<String> =
            trading::VIEW_KEYS.iter().map(|(view, columns)| format!("{view} = {columns:?}")).collect();
        World::serve(launch, Some(&path), databases.into(), &keys.join("\n"))
    }

    /// A sample that people know; none where its files are not here.
    pub fn sample(sample: Sample) -> Option<World> {
        let launch = Launch::new(PROGRAM, &["serve"]);
        let path = launch.data_dir().join("sample.db");
        if !sample.sqlite(&path) {
            return None;
        }
        let databases = servers().map(|(_, server)| server.database("sample"));
        databases
            .iter()
            .all(|database| sample.fill(database))
            .then(|| World::serve(launch, Some(&path), databases.into(), ""))
    }

    /// What scripts make: on PostgreSQL and on MariaDB, with keys of views.
    pub fn scripts(postgres: &str, mariadb: &str, keys: &str) -> World {
        let databases = servers().map(|(_, server)| server.database("types"));
        databases[0].run(postgres);
        databases[1].run(mariadb);
        World::serve(Launch::new(PROGRAM, &["serve"]), None, databases.into(), keys)
    }

    /// What one script makes on all databases, with a model file.
    pub fn modelled(script: &str, model: &str) -> World {
        World::written([script; 3], model)
    }

    /// The same of a script for each of [`SOURCES`].
    pub fn written(scripts: [&str; 3], model: &str) -> World {
        let launch = Launch::new(PROGRAM, &["serve"]);
        let path = launch.data_dir().join("modelled.db");
        sqlite(&path, scripts[0]);
        let databases = servers().map(|(_, server)| server.database("modelled"));
        databases.iter().zip(&scripts[1..]).for_each(|(database, script)| database.run(script));
        let file = launch.data_dir().join("model.yaml");
        std::fs::write(&file, model).expect("the model file can be written");
        World::serve_with(
            launch,
            Some(&path),
            databases.into(),
            &format!("model = {:?}", file.display().to_string()),
        )
    }

    fn serve(launch: Launch, sqlite: Option<&Path>, databases: Vec<Database>, keys: &str) -> World {
        World::serve_with(
            launch,
            sqlite,
            databases,
            &format!("namespace = \"here\"\nkeys = {{{}}}", keys.replace('\n', ", ")),
        )
    }

    fn serve_with(launch: Launch, sqlite: Option<&Path>, databases: Vec<Database>, settings: &str) -> World {
        let file = sqlite.map(|path| ["sqlite:", &path.display().to_string()].concat());
        let urls = file.into_iter().chain(databases.iter().map(Database::url));
        let names = &SOURCES[usize::from(sqlite.is_none())..];
        let sources = names
            .iter()
            .zip(urls)
            .map(|(name, url)| format!("[sources.{name}]\nurl = \"{url}\"\n{settings}\n"));
        let dir = launch.data_dir().to_owned();
        let config = dir.join("nextlink.toml");
        std::fs::write(&config, sources.collect::<String>()).expect("the configuration can be written");
        let data = dir.join("data").display().to_string();
        let launch = launch.args(&["--config", &config.display().to_string(), "--data-dir", &data]);
        let node = launch.args(&["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]).start();
        World { node, databases, config }
    }

    /// Another node, with another configuration.
    pub fn node_with(&self, config: &str) -> Node {
        let launch = Launch::new(PROGRAM, &["serve", "--config", config]);
        let data = launch.data_dir().join("data").display().to_string();
        launch
            .args(&["--data-dir", &data, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .start()
    }

    /// The configuration of the node.
    pub fn config(&self) -> String {
        self.config.display().to_string()
    }

    /// The same configuration with another model file; both get this name.
    pub fn config_with(&self, name: &str, model: &str) -> String {
        let settings = std::fs::read_to_string(&self.config).expect("the configuration is there");
        let (file, config) = (self.beside(name, "yaml"), self.beside(name, "toml"));
        std::fs::write(&file, model).expect("the model can be written");
        let replaced = settings.lines().map(|line| match line.split_once(" = ") {
            Some(("model" | "keys", _)) => format!("model = {file:?}\n"),
            _ => format!("{line}\n"),
        });
        std::fs::write(&config, replaced.collect::<String>()).expect("the configuration can be written");
        config
    }

    fn beside(&self, name: &str, extension: &str) -> String {
        self.config.with_file_name(name).with_extension(extension).display().to_string()
    }

    /// Of a configuration of these sources is said so much, each so often.
    #[track_caller]
    pub fn says(&self, config: &str, rows: &[(&str, usize)]) {
        let checked = run(&["check", "--config", config]);
        assert_eq!(checked.code, Some(0), "{}", checked.out);
        for (words, times) in rows {
            assert_eq!(checked.out.matches(words).count(), *times, "{words} in {}", checked.out);
        }
    }

    /// Asks a source for an answer later, and its monitor until there is one.
    #[track_caller]
    pub fn later(&self, source: &str, url: &str, headers: &[(&str, &str)]) -> Answer {
        let path = ["/api/odata4/", source, "/", &encoded(url)].concat();
        let begun = self.node.get(&path, &[headers, &[("Prefer", "respond-async")]].concat());
        assert_eq!(begun.status, 202, "{source}: {url}: {}", begun.text());
        let location = begun.header("location").expect("a location").to_owned();
        let mut answer = begun;
        until("an answer", || {
            answer = http::get(&location, headers);
            answer.status != 202
        });
        answer
    }

    /// Asks a source.
    #[track_caller]
    pub fn ask(&self, source: &str, url: &str, headers: &[(&str, &str)]) -> Told {
        let path = ["/api/odata4/", source, "/", &encoded(url)].concat();
        let answer = self.node.get(&path, headers);
        let mut body = match serde_json::from_slice::<serde_json::Value>(&answer.body) {
            Ok(json) if answer.status >= 400 => {
                // The message may be in the words of the database.
                let error = &json["error"];
                let text = |name: &str| error[name].as_str().unwrap_or("-").to_owned();
                [text("code"), " at ".to_owned(), text("target")].concat()
            }
            _ => answer.text(),
        };
        body = body.replace(&self.node.service(source), "/");
        body = body.replace(&["/api/odata4/", source, "/"].concat(), "/");
        Told {
            status: answer.status,
            content_type: answer.header("content-type").unwrap_or_default().to_owned(),
            body,
        }
    }
}
