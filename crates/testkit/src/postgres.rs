//! PostgreSQL, 15 or newer, from Debian's packages.

use crate::server::{
    Account, CERTIFICATE, Common, KEY, PrivateServer, Product, Row, Server, USER, random, run, talk,
    write_private,
};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where Debian keeps a folder for each version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The oldest version that is served.
const OLDEST: u32 = 15;
/// Everything that makes a server fast whose data nobody will miss, and then some.
const SETTINGS: &[&str] = &[
    "fsync=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_connections=1000",
    "shared_buffers=32MB",
    // Files in the data directory, which go with it, in place of segments that would stay.
    "dynamic_shared_memory_type=mmap",
    "listen_addresses=127.0.0.1,127.0.0.2",
    "ssl=on",
    "timezone=UTC",
    "log_timezone=UTC",
];
/// Every address of the loopback network may connect with a password, with TLS or without.
const ACCESS: &str = "local all all scram-sha-256\nhost all all 127.0.0.0/8 scram-sha-256\n";

/// The server that all tests share.
///
/// # Panics
/// When PostgreSQL is not installed or does not start.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Common> = OnceLock::new();
    SERVER.get_or_init(|| Common::start(&Postgres)).server()
}

/// A server of one's own, to be stopped, killed and paused.
///
/// # Panics
/// When PostgreSQL is not installed or does not start.
pub fn private() -> PrivateServer {
    PrivateServer::launch(&Postgres)
}

/// The product, by what tells it from others.
pub(crate) struct Postgres;

impl Product for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn scheme(&self) -> &'static str {
        "postgres"
    }

    fn first_database(&self) -> &'static str {
        "postgres"
    }

    fn settings(&self) -> String {
        format!("{} {SETTINGS:?} {ACCESS}", program("postgres").display())
    }

    fn prepare(&self, server: &Server) {
        let (account, dir) = (Account::for_servers(), server.socket_dir());
        let password = dir.join("password");
        write_private(&password, server.password(), account);
        let mut init = account.command(&program("initdb"), dir);
        init.arg("--pgdata").arg(server.data()).arg("--pwfile").arg(&password);
        run(init.args([
            "--username",
            USER,
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--auth=scram-sha-256",
            "--no-sync",
        ]));
        write_private(&server.data().join("pg_hba.conf"), ACCESS, account);
    }

    fn serve(&self, server: &Server) -> Command {
        let dir = server.socket_dir();
        let mut serve = Account::for_servers().command(&program("postgres"), dir);
        serve.arg("-D").arg(server.data()).args(["-p", &server.port().to_string()]);
        // What was committed has to be there after a kill; only a shared server may be faster still.
        let commits = if server.is_private() { "synchronous_commit=on" } else { "synchronous_commit=off" };
        for setting in SETTINGS.iter().chain([&commits]) {
            serve.args(["-c", setting]);
        }
        let files = [("unix_socket_directories", ""), ("ssl_cert_file", CERTIFICATE), ("ssl_key_file", KEY)];
        for (setting, file) in files {
            serve.args(["-c", &format!("{setting}={}", dir.join(file).display())]);
        }
        serve
    }

    /// A server that still starts, or recovers, answers the start of a session with an error.
    fn answers(&self, mut connection: TcpStream) -> std::io::Result<bool> {
        // Protocol 3.0; names and values each end with a zero, and one more ends them all.
        let body = [&[0, 3, 0, 0], format!("user\0{USER}\0database\0postgres\0\0").as_bytes()].concat();
        connection.write_all(&(body.len() as u32 + 4).to_be_bytes())?;
        connection.write_all(&body)?;
        let mut kind = [0];
        connection.read_exact(&mut kind)?;
        Ok(kind == *b"R")
    }

    /// Closes all connections, writes everything, ends.
    fn stop(&self) -> &'static str {
        "INT"
    }

    fn end(&self) -> &'static str {
        "QUIT"
    }

    fn client(&self, server: &Server, database: &str) -> Command {
        let mut client = Account::ours().command(&program("psql"), Path::new("/"));
        client.env("PGPASSWORD", server.password()).env("PGCONNECT_TIMEOUT", "20");
        client.env("PGOPTIONS", "--client-min-messages=warning").env("PGSSLMODE", "disable");
        client.args(["-h", "127.0.0.1", "-p", &server.port().to_string(), "-U", USER, "-d", database]);
        client.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]);
        client
    }

    fn query(&self, server: &Server, database: &str, sql: &str) -> Result<Vec<Row>, String> {
        // No text in the database holds these.
        let [field, record, null, result] = [random(), random(), random(), random()];
        let mut client = self.client(server, database);
        client.args(["--no-align", "--field-separator", &field, "--record-separator", &record]);
        client.args(
            ["null", "title", "footer"]
                .iter()
                .zip([&null, &result, "off"])
                .map(|(name, value)| format!("--pset={name}={value}")),
        );
        let output = talk(&mut client, |to| to.write_all(sql.as_bytes()))?;
        let cell = |text: &str| (text != null).then(|| text.to_owned());
        let row = |text: &str| text.split(&field).map(cell).collect();
        // A result is its title, the names of its columns and its rows; a line feed ends it.
        let results = output.split(&result).skip(1).map(|text| text.strip_suffix('\n').unwrap_or(text));
        Ok(results.flat_map(|text| text.split(&record).skip(2)).map(row).collect())
    }

    fn create(&self, database: &str) -> String {
        format!("CREATE DATABASE \"{database}\" TEMPLATE template0")
    }

    fn drop(&self, database: &str) -> String {
        format!("DROP DATABASE IF EXISTS \"{database}\" WITH (FORCE)")
    }
}

/// A program of the newest version that is installed.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let versions = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let there = versions.filter(|version| *version >= OLDEST);
    let programs = there.map(|version| (version, Path::new(VERSIONS).join(format!("{version}/bin/{name}"))));
    let newest = programs.filter(|(_, path)| path.exists()).max();
    newest.unwrap_or_else(|| panic!("PostgreSQL {OLDEST} is not installed: run `cargo xtask setup`")).1
}
