//! MariaDB, from Debian's packages.

use crate::server::{
    Account, CA, CERTIFICATE, Common, KEY, PrivateServer, Product, Row, Server, USER, run, talk,
    write_private,
};
use crate::zones;
use quick_xml::events::Event;
use quick_xml::{Reader, escape::resolve_predefined_entity};
use std::io::Read;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where Debian puts the programs.
const PLACES: &[&str] = &["/usr/sbin", "/usr/bin"];
/// Everything that makes a server fast whose data nobody will miss, and then some.
const SETTINGS: &[&str] = &[
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=64M",
    "--innodb-temp-data-file-path=ibtmp1:1M:autoextend",
    "--innodb-flush-method=nosync",
    // What `fsync=off` is to PostgreSQL.
    "--debug-no-sync",
    "--table-open-cache=400",
    "--max-connections=1000",
    "--max-allowed-packet=64M",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_general_ci",
    "--default-time-zone=+00:00",
    "--skip-networking=0",
    "--skip-name-resolve",
    "--bind-address=127.0.0.1,127.0.0.2",
    "--local-infile=1",
];
/// The only user; a statement a line, run at every start. The password is put in between.
const USERS: (&str, &str) = (
    "CREATE OR REPLACE USER tester IDENTIFIED BY '",
    "';\nGRANT ALL ON *.* TO tester WITH GRANT OPTION;\nDELETE FROM mysql.global_priv WHERE User IN ('', 'root', 'mysql');\n\
     FLUSH PRIVILEGES;\n",
);

/// The server that all tests share.
///
/// # Panics
/// When MariaDB is not installed or does not start.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Common> = OnceLock::new();
    SERVER.get_or_init(|| Common::start(&WITH_TLS)).server()
}

/// A server of one's own, to be stopped, killed and paused.
///
/// # Panics
/// When MariaDB is not installed or does not start.
pub fn private() -> PrivateServer {
    PrivateServer::launch(&WITH_TLS)
}

/// The same, without TLS.
///
/// # Panics
/// When MariaDB is not installed or does not start.
pub fn private_without_tls() -> PrivateServer {
    PrivateServer::launch(&WITHOUT_TLS)
}

/// The same, where names of databases and tables have no capital letters.
///
/// # Panics
/// When MariaDB is not installed or does not start.
pub fn private_of_small_names() -> PrivateServer {
    PrivateServer::launch(&SMALL_NAMES)
}

/// The product, by what tells it from others.
pub(crate) struct MariaDb {
    tls: bool,
    more: &'static [&'static str],
}

pub(crate) static WITH_TLS: MariaDb = MariaDb { tls: true, more: &[] };
static WITHOUT_TLS: MariaDb = MariaDb { tls: false, more: &[] };
static SMALL_NAMES: MariaDb = MariaDb { tls: true, more: &["--lower-case-table-names=1"] };

impl Product for MariaDb {
    fn name(&self) -> &'static str {
        "mariadb"
    }

    fn scheme(&self) -> &'static str {
        "mysql"
    }

    fn first_database(&self) -> &'static str {
        "mysql"
    }

    fn settings(&self) -> String {
        format!("{} {SETTINGS:?} {:?} {USERS:?} {}", program("mariadbd").display(), self.more, zones::NAME)
    }

    fn prepare(&self, server: &Server) {
        let (account, dir) = (Account::for_servers(), server.socket_dir());
        let mut init = account.command(&program("mariadb-install-db"), dir);
        init.args(["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"]);
        init.args(SETTINGS).args(self.more).arg(format!("--datadir={}", server.data().display()));
        init.arg(tmpdir(dir));
        run(&mut init);
        let users = [USERS.0, server.password(), USERS.1, &zones::script()].concat();
        write_private(&dir.join("users.sql"), &users, account);
    }

    fn serve(&self, server: &Server) -> Command {
        let dir = server.socket_dir();
        let mut serve = Account::for_servers().command(&program("mariadbd"), dir);
        // What was committed has to be there after a kill; only a shared server may be faster still.
        serve.arg("--no-defaults").args(SETTINGS).args(if server.is_private() {
            ["--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=1"]
        } else {
            ["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0"]
        });
        serve.args(self.more).arg(format!("--port={}", server.port())).arg(tmpdir(dir));
        let files =
            [("datadir", "data"), ("socket", "socket"), ("pid-file", "data/pid"), ("init-file", "users.sql")];
        let tls = [("ssl-ca", CA), ("ssl-cert", CERTIFICATE), ("ssl-key", KEY)];
        for (setting, file) in files.into_iter().chain(tls.into_iter().filter(|_| self.tls)) {
            serve.arg(format!("--{setting}={}", dir.join(file).display()));
        }
        serve
    }

    /// Sends its greeting first; an error, such as that there are too many connections, begins otherwise.
    fn answers(&self, mut connection: TcpStream) -> std::io::Result<bool> {
        let mut packet = [0; 5];
        connection.read_exact(&mut packet)?;
        // Length (3 bytes), number, version of the protocol.
        Ok(packet[4] == 10)
    }

    fn stop(&self) -> &'static str {
        "TERM"
    }

    fn end(&self) -> &'static str {
        "KILL"
    }

    fn client(&self, server: &Server, database: &str) -> Command {
        let mut client = Account::ours().command(&program("mariadb"), Path::new("/"));
        client.arg("--no-defaults").env("MYSQL_PWD", server.password());
        client.args(["--host=127.0.0.1", "--protocol=TCP", "--user", USER, "--skip-ssl"]);
        client.args(["--port", &server.port().to_string(), "--connect-timeout=20"]);
        // Line ends in values stay as they are.
        client.args(["--default-character-set=utf8mb4", "--max-allowed-packet=64M", "--binary-mode"]);
        client.args(["--local-infile=1", "--batch", "--database", database]);
        client
    }

    fn query(&self, server: &Server, database: &str, sql: &str) -> Result<Vec<Row>, String> {
        let mut client = self.client(server, database);
        // Other forms do not tell null from text.
        let xml = talk(client.arg("--xml"), |to| to.write_all(sql.as_bytes()))?;
        rows(&xml).map_err(|error| format!("{error}: {xml}"))
    }

    fn create(&self, database: &str) -> String {
        format!("CREATE DATABASE `{database}`")
    }

    /// What another connection has open would make it wait for a day.
    fn drop(&self, database: &str) -> String {
        format!(
            "DELIMITER //
            BEGIN NOT ATOMIC
                FOR c IN (SELECT id FROM information_schema.processlist WHERE db = '{database}') DO
                    BEGIN
                        DECLARE CONTINUE HANDLER FOR 1094 BEGIN END;
                        KILL c.id;
                    END;
                END FOR;
            END//
            DELIMITER ;
            SET lock_wait_timeout = 20;
            DROP DATABASE IF EXISTS `{database}`;"
        )
    }
}

/// Reads `<resultset><row><field name="…">text</field><field … xsi:nil="true"/></row>…</resultset>…`.
fn rows(xml: &str) -> Result<Vec<Row>, quick_xml::Error> {
    let mut rows: Vec<Row> = Vec::new();
    // The text of the field that is being read: line feeds and tabs between fields are none.
    let mut text: Option<String> = None;
    let mut reader = Reader::from_str(xml);
    loop {
        let event = reader.read_event()?;
        match (event, &mut text) {
            (Event::Start(tag), _) if tag.name().as_ref() == "row" => rows.push(Row::new()),
            (Event::Start(tag), _) if tag.name().as_ref() == "field" => text = Some(String::new()),
            (Event::Text(part), Some(text)) => text.push_str(&part),
            (Event::GeneralRef(entity), Some(text)) => {
                let name: &str = &entity;
                text.push_str(resolve_predefined_entity(name).unwrap_or_else(|| panic!("&{name};")));
            }
            (Event::Empty(_), _) => rows.last_mut().into_iter().for_each(|row| row.push(None)),
            (Event::End(_), Some(_)) => rows.last_mut().into_iter().for_each(|row| row.push(text.take())),
            (Event::Eof, _) => return Ok(rows),
            _ => {}
        }
    }
}

/// A server that starts removes what it finds in the folder of temporary tables, whosever that is.
fn tmpdir(dir: &Path) -> String {
    format!("--tmpdir={}", dir.display())
}

fn program(name: &str) -> PathBuf {
    let mut paths = PLACES.iter().map(|place| Path::new(place).join(name));
    paths
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("MariaDB is not installed (no {name}): run `cargo xtask setup`"))
}
