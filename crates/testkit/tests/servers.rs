//! Private database servers: what they hold, how they are reached, and how they fail and end.

use nextlink_testkit::server::{PrivateServer, Server};
use nextlink_testkit::{mariadb, postgres};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn servers() -> [&'static Server; 2] {
    [postgres::server(), mariadb::server()]
}

fn text(cell: &str) -> Option<String> {
    Some(cell.to_owned())
}

#[test]
fn a_database_is_ones_own_and_goes_with_its_value() {
    for server in servers() {
        let (first, second) = (server.database("same"), server.database("same"));
        first.run("create table t (a integer); insert into t values (1)");
        let error = second.try_query("select * from t").unwrap_err();
        assert!(error.contains("exist"), "{server:?}: {error}");
        let name = first.name().to_owned();
        assert!(name.starts_with("same_"), "{name}");
        let there = match server.scheme() {
            "postgres" => format!("select 1 from pg_database where datname = '{name}'"),
            _ => format!("select 1 from information_schema.schemata where schema_name = '{name}'"),
        };
        assert_eq!(second.query(&there), [[text("1")]], "{server:?}");
        let mut busy = Busy::new(server, first.name());
        drop(first);
        assert_eq!(second.query(&there), [[None; 0]; 0], "{server:?}: a connection does not keep it");
        busy.ends();
    }
}

/// A client that has read from table `t` in a transaction, and waits.
struct Busy(std::process::Child);

impl Busy {
    fn new(server: &Server, database: &str) -> Self {
        let (port, password) = (server.port().to_string(), server.password());
        let mut client = match server.scheme() {
            "postgres" => Command::new("psql"),
            _ => Command::new("mariadb"),
        };
        client.env("PGPASSWORD", password).env("MYSQL_PWD", password);
        match server.scheme() {
            "postgres" => {
                client.args(["-X", "-h", "127.0.0.1", "-p", &port, "-U", server.user(), "-At", database])
            }
            _ => client.args([
                "--no-defaults",
                "-h",
                "127.0.0.1",
                "-P",
                &port,
                "-u",
                server.user(),
                "-nN",
                database,
            ]),
        };
        let mut child =
            client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdin = child.stdin.as_mut().unwrap();
        stdin.write_all(b"begin; select 'read', a from t;\n").unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().starts_with("read")), "{server:?}: nothing was read");
        Self(child)
    }

    fn ends(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

#[test]
fn rows_are_read_as_they_are() {
    for server in servers() {
        let database = server.database("rows");
        database
            .run("create table t (a integer primary key, b varchar(100)); insert into t values (2, null)");
        let rows: &[(&str, &[&[Option<&str>]])] = &[
            ("select * from t where a = 0", &[]),
            ("insert into t values (3, 'x')", &[]),
            ("select * from t order by a", &[&[Some("2"), None], &[Some("3"), Some("x")]]),
            ("select ''", &[&[Some("")]]),
            ("select null", &[&[None]]),
            ("select 'NULL', '\n', 'a\tb\r\nc\n'", &[&[Some("NULL"), Some("\n"), Some("a\tb\r\nc\n")]]),
            ("select '<a b=\"c\">&amp;</a>', ' '", &[&[Some("<a b=\"c\">&amp;</a>"), Some(" ")]]),
            ("select 'çσ東🎂'; select 1 where 1 = 0; select 2", &[&[Some("çσ東🎂")], &[Some("2")]]),
        ];
        for (sql, expected) in rows {
            let found = database.query(sql);
            let found: Vec<Vec<_>> =
                found.iter().map(|row| row.iter().map(Option::as_deref).collect()).collect();
            assert_eq!(found, *expected, "{server:?}: {sql}");
        }
    }
}

#[test]
fn scripts_come_as_text_as_files_and_as_streams_and_end_at_the_first_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.sql");
    std::fs::write(&path, "create table t (a integer);\ninsert into t values (1);\n-- end").unwrap();
    for server in servers() {
        let database = server.database("scripts");
        database.run_file(&path);
        database.load(|to| (2..=500).try_for_each(|n| writeln!(to, "insert into t values ({n});")));
        let error = database.try_run("insert into t values (0); insert into u values (1); delete from t;");
        let error = error.unwrap_err();
        assert!(error.contains('u') && error.contains("exist"), "{server:?}: {error}");
        assert_eq!(
            database.query("select count(*), min(a) from t"),
            [[text("501"), text("0")]],
            "{server:?}"
        );
        let failed = std::panic::catch_unwind(|| database.run_file(&path));
        let message = *failed.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("x.sql") && message.contains("already exists"), "{server:?}: {message}");
    }
}

#[test]
fn servers_are_set_up_for_every_script_and_for_utc() {
    let rows: &[(&Server, &str, &str)] = &[
        (postgres::server(), "show server_encoding", "UTF8"),
        (postgres::server(), "show lc_collate", "C.UTF-8"),
        (postgres::server(), "show timezone", "UTC"),
        (postgres::server(), "select 'ä' < 'z' collate \"und-x-icu\"", "t"),
        (
            postgres::server(),
            "select setting::int >= 150000 from pg_settings where name = 'server_version_num'",
            "t",
        ),
        (mariadb::server(), "select @@character_set_database", "utf8mb4"),
        (mariadb::server(), "select timestampdiff(second, utc_timestamp(), now())", "0"),
        (mariadb::server(), "select @@version like '%MariaDB%'", "1"),
    ];
    for (server, sql, expected) in rows {
        assert_eq!(server.database("set_up").query(sql), [[text(expected)]], "{server:?}: {sql}");
    }
}

/// By the clients of the products, which know nothing of how these servers were made.
#[test]
fn tls_is_there_for_those_who_want_it() {
    let server = postgres::server();
    let database = server.database("tls");
    let (ca, other) = (server.ca(), server.other_ca());
    let (ca, other) = (ca.to_str().unwrap(), other.to_str().unwrap());
    let elsewhere = database.url().replace("@127.0.0.1", "@127.0.0.2");
    let ask = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    let rows = [
        (format!("{}?sslmode=disable", database.url()), Ok("f\n")),
        (format!("{}?sslmode=verify-full&sslrootcert={ca}", database.url()), Ok("t\n")),
        (
            format!("{}?sslmode=verify-full&sslrootcert={other}", database.url()),
            Err("certificate verify failed"),
        ),
        (format!("{elsewhere}?sslmode=verify-ca&sslrootcert={ca}"), Ok("t\n")),
        (format!("{elsewhere}?sslmode=verify-full&sslrootcert={ca}"), Err("does not match host name")),
    ];
    for (url, expected) in rows {
        said(Command::new("psql").args(["-XAt", &url, "-c", ask]), expected);
    }
    let server = mariadb::server();
    let (ca, other) = (server.ca(), server.other_ca());
    let (ca, other) = (format!("--ssl-ca={}", ca.display()), format!("--ssl-ca={}", other.display()));
    let rows: [(&[&str], _); 5] = [
        (&["--host=127.0.0.1", "--skip-ssl"], Ok("Ssl_version\t\n")),
        (&["--host=127.0.0.1", "--ssl-verify-server-cert", &ca], Ok("Ssl_version\tTLSv1.3\n")),
        (&["--host=127.0.0.1", "--ssl-verify-server-cert", &other], Err("certificate")),
        (&["--host=127.0.0.2", &ca], Ok("Ssl_version\tTLSv1.3\n")),
        (
            &["--host=127.0.0.2", "--ssl-verify-server-cert", &ca],
            Err("Validation of SSL server certificate failed"),
        ),
    ];
    for (args, expected) in rows {
        let mut client = Command::new("mariadb");
        client.arg("--no-defaults").args(args).args([
            "--user",
            server.user(),
            "--port",
            &server.port().to_string(),
        ]);
        client.env("MYSQL_PWD", server.password()).args(["-BNe", "show status like 'ssl_version'"]);
        said(&mut client, expected);
    }
}

#[track_caller]
fn said(command: &mut Command, expected: Result<&str, &str>) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    match expected {
        Ok(text) => assert_eq!(out, text, "{command:?}: {err}"),
        Err(words) => assert!(!output.status.success() && err.contains(words), "{command:?}: {out}{err}"),
    }
}

type Down = fn(&mut PrivateServer);

#[test]
fn a_private_server_can_be_stopped_killed_and_paused() {
    for mut server in [postgres::private(), mariadb::private()] {
        let database = server.database("faults");
        let port = server.port();
        database.run("create table t (a integer); insert into t values (1)");
        let downs: [(&str, Down); 2] = [("stop", PrivateServer::stop), ("kill", PrivateServer::kill)];
        for (how, down) in downs {
            down(&mut server);
            let error = database.try_query("select 1").unwrap_err();
            assert!(error.contains("onnect"), "{how} of {server:?}: {error}");
            server.start();
            assert_eq!(server.port(), port);
            database.run("insert into t select max(a) + 1 from t");
        }
        server.restart();
        assert_eq!(database.query("select count(*) from t"), [[text("3")]], "{server:?}: all was kept");
        server.pause();
        std::thread::scope(|scope| {
            let query = scope.spawn(|| database.query("select a from t where a = 3"));
            std::thread::sleep(Duration::from_millis(700));
            let open = TcpStream::connect(("127.0.0.1", port)).is_ok();
            let waits = !query.is_finished();
            server.resume();
            assert!(open && waits, "{server:?}: takes connections, and does not answer");
            assert_eq!(query.join().unwrap(), [[text("3")]], "{server:?}: goes on");
        });
    }
}

/// However its owner ends, and in whatever state it is.
#[test]
fn a_private_server_ends_with_its_owner() {
    for name in ["postgres", "mariadb"] {
        let mut owner = Command::new(env!("CARGO_BIN_EXE_scratch"));
        let mut owner = owner.arg(name).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(owner.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let address = url.trim().rsplit_once('/').unwrap().0.rsplit_once('@').unwrap().1;
        assert!(TcpStream::connect(address).is_ok(), "{url}");
        owner.kill().unwrap();
        owner.wait().unwrap();
        ends(address);
    }
    for mut server in [postgres::private(), mariadb::private()] {
        let (address, folder) = (format!("127.0.0.1:{}", server.port()), server.socket_dir().to_owned());
        server.pause();
        drop(server);
        ends(&address);
        let since = Instant::now();
        while folder.exists() {
            assert!(since.elapsed() < Duration::from_secs(60), "{} stays", folder.display());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[track_caller]
fn ends(address: &str) {
    let since = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(since.elapsed() < Duration::from_secs(60), "{address} stays");
        std::thread::sleep(Duration::from_millis(100));
    }
}
