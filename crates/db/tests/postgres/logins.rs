//! Who reads, over what: logins of the source and of clients, permissions, TLS.

use std::path::PathBuf;

use nextlink_db::error::Error;
use nextlink_db::location::{Location, Server, Tls, TlsMode};
use nextlink_db::run::RunOptions;
use nextlink_db::source::Source;
use nextlink_db::sqlite::IntrospectLimits;
use nextlink_testkit::postgres;

use crate::ask::Ask;
use crate::setting::{Served, Setting, database, location, login, open};

const SCRIPT: &str = "
CREATE TABLE t (id int PRIMARY KEY, x int);
INSERT INTO t VALUES (1, 2);
CREATE VIEW slow AS SELECT id, current_user::text AS who, pg_backend_pid() AS pid FROM t;
";

/// Roles of one test, which go with it.
struct Roles<'a> {
    setting: &'a Setting,
    names: Vec<String>,
}

impl Roles<'_> {
    fn new<'a>(setting: &'a Setting, count: usize) -> Roles<'a> {
        let names: Vec<String> = (0..count).map(|i| format!("u{i}_{}", setting.database.name())).collect();
        let make = |name: &String| {
            format!("CREATE ROLE {name} LOGIN PASSWORD 'pw-{name}'; GRANT SELECT ON t, slow TO {name};")
        };
        setting.database.run(&names.iter().map(make).collect::<String>());
        Roles { setting, names }
    }
}

impl Drop for Roles<'_> {
    fn drop(&mut self) {
        let drop = |name: &String| format!("DROP OWNED BY {name}; DROP ROLE {name};");
        self.setting.database.run(&self.names.iter().map(drop).collect::<String>());
    }
}

fn as_user(name: &str, password: &str) -> Ask {
    let ask = Ask::default();
    Ask { run: RunOptions { login: Some(login(name, password)), ..ask.run.clone() }, ..ask }
}

fn connections(setting: &Setting) -> usize {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'nextlink'";
    setting.database.query(sql)[0][0].as_ref().and_then(|n| n.parse().ok()).expect("a number")
}

#[test]
fn clients_read_as_themselves() {
    let setting = Setting::new(SCRIPT);
    let roles = Roles::new(&setting, 3);
    let served = &setting.served;
    for name in &roles.names {
        let ask = as_user(name, &format!("pw-{name}"));
        let found = served.ask_with("slow(1)?$select=who", &ask).expect("a row");
        assert_eq!(found, format!("{{\"who\":\"{name}\"}}"));
        // One connection serves a login again and again.
        let pid = |_| served.ask_with("slow(1)?$select=pid", &ask).expect("a row");
        let pids: std::collections::BTreeSet<String> = (0..3).map(pid).collect();
        assert_eq!(pids.len(), 1);
    }
    let name = &roles.names[0];
    for (user, password) in [(name.as_str(), "not-Hers-7"), ("nobody at all", "x"), (name, "")] {
        let error = served.ask_with("t(1)", &as_user(user, password)).expect_err("no login");
        assert!(matches!(error, Error::LoginRefused { .. }), "{user}: {error:?}");
        let shown = format!("{error:?} {error}");
        assert!(!shown.contains("Hers-7") && !shown.contains("pw-"), "{shown}");
    }
    // The source's own login is as good from a client, and uses the same connections.
    let own = as_user(setting.database.server().user(), setting.database.server().password());
    let before = connections(&setting);
    assert_eq!(served.ask_with("t(1)/x", &own).expect("a row"), "2");
    assert_eq!(connections(&setting), before);
}

#[test]
fn a_source_without_a_login_asks_for_one() {
    let setting = Setting::new(SCRIPT);
    let mut place = location(setting.database.server(), setting.database.name());
    place.login = None;
    let source = open(&place);
    let error = source.introspect(&IntrospectLimits::default()).expect_err("no login");
    assert!(matches!(error, Error::LoginNeeded), "{error:?}");
    let Setting { served, database } = setting;
    let served = Served { source, mapping: served.mapping };
    let error = served.ask_with("t(1)", &Ask::default()).expect_err("no login");
    assert!(matches!(error, Error::LoginNeeded), "{error:?}");
    let ask = as_user(database.server().user(), database.server().password());
    assert_eq!(served.ask_with("t(1)/x", &ask).expect("a row"), "2");
}

#[test]
fn connections_of_many_logins_are_bounded() {
    let setting = Setting::new(SCRIPT);
    let roles = Roles::new(&setting, 70);
    for name in &roles.names {
        let ask = as_user(name, &format!("pw-{name}"));
        assert_eq!(setting.served.ask_with("t(1)/x", &ask).expect("a row"), "2", "{name}");
    }
    // Those not used for longest are closed; it takes the server a moment.
    let since = std::time::Instant::now();
    while connections(&setting) > 65 {
        assert!(since.elapsed().as_secs() < 20, "{} connections are open", connections(&setting));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let first = &roles.names[0];
    let found = setting.served.ask_with("t(1)/x", &as_user(first, &format!("pw-{first}")));
    assert_eq!(found.expect("a row"), "2");
}

#[test]
fn a_permission_taken_away() {
    let setting = Setting::new(SCRIPT);
    let roles = Roles::new(&setting, 1);
    let name = &roles.names[0];
    let ask = as_user(name, &format!("pw-{name}"));
    assert_eq!(setting.served.ask_with("t(1)/x", &ask).expect("a row"), "2");
    setting.database.run(&format!("REVOKE SELECT ON t FROM {name};"));
    for url in ["t(1)/x", "t/$count", "t?$count=true"] {
        let error = setting.served.ask_with(url, &ask).expect_err("no permission");
        assert!(matches!(error, Error::Denied(_)), "{url}: {error:?}");
    }
    setting.database.run(&format!("GRANT SELECT ON t TO {name};"));
    assert_eq!(setting.served.ask_with("t(1)/x", &ask).expect("a row"), "2");
}

#[test]
fn nothing_can_be_written() {
    let setting = Setting::new(
        "CREATE TABLE t (id int PRIMARY KEY, x int); INSERT INTO t VALUES (1, 2);
         CREATE FUNCTION touch() RETURNS int LANGUAGE sql AS 'UPDATE t SET x = x + 1 RETURNING x';
         CREATE VIEW slow AS SELECT 1 AS id, touch() AS x;",
    );
    let error = setting.served.ask_with("slow(1)", &Ask::default()).expect_err("read only");
    assert!(matches!(&error, Error::Expression(message) if message.contains("tries to write")), "{error:?}");
    setting.check(&[("t(1)/x", "2")]);
}

#[test]
fn a_socket_in_a_directory() {
    let database = database(SCRIPT);
    let mut place = location(database.server(), database.name());
    place.host = database.server().socket_dir().display().to_string();
    place.tls = Tls { mode: TlsMode::VerifyFull, ca: Some(database.server().ca()) };
    Served::open(&place).check(&[("t(1)/x", "2")]);
}

/// A way to a server: its address, what is asked of TLS, and what comes of it: whether it is used, or part of the error.
type Way = (&'static str, TlsMode, Option<PathBuf>, Result<bool, &'static str>);

#[test]
fn tls_is_as_strict_as_asked_for() {
    let server = postgres::server();
    let database =
        database("CREATE VIEW slow AS SELECT 1 AS id, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid();");
    let (ca, other) = (Some(server.ca()), Some(server.other_ca()));
    let missing = Some(server.ca().with_file_name("no such file"));
    let not_pem = Some(server.socket_dir().join("pid"));
    let ways: Vec<Way> = vec![
        ("127.0.0.1", TlsMode::Disable, None, Ok(false)),
        ("127.0.0.1", TlsMode::Prefer, None, Ok(true)),
        ("127.0.0.1", TlsMode::Require, None, Ok(true)),
        ("127.0.0.2", TlsMode::Require, other.clone(), Ok(true)),
        ("127.0.0.2", TlsMode::VerifyCa, ca.clone(), Ok(true)),
        ("127.0.0.1", TlsMode::VerifyFull, ca.clone(), Ok(true)),
        ("localhost", TlsMode::VerifyFull, ca.clone(), Ok(true)),
        ("127.0.0.2", TlsMode::VerifyFull, ca, Err("not valid for")),
        ("127.0.0.1", TlsMode::VerifyCa, other.clone(), Err("UnknownIssuer")),
        ("127.0.0.1", TlsMode::VerifyFull, other, Err("UnknownIssuer")),
        ("127.0.0.1", TlsMode::VerifyFull, missing, Err("no such file")),
        ("127.0.0.1", TlsMode::VerifyFull, not_pem, Err("there are none")),
    ];
    for (host, mode, ca, expected) in ways {
        let tls = Tls { mode, ca: ca.clone() };
        let place = Server { host: host.to_owned(), tls, ..location(server, database.name()) };
        let told = format!("{host} {mode:?} {ca:?}");
        match (Source::open(&Location::Postgres(place.clone())), expected) {
            (Ok(_), Ok(used)) => {
                Served::open(&place).check(&[("slow(1)/ssl", if used { "true" } else { "false" })]);
            }
            (Err(error), Err(part)) => {
                assert!(error.to_string().contains(part), "{told}: {error}");
                assert!(matches!(error, Error::Unreachable(_) | Error::Server { .. }), "{told}: {error:?}");
            }
            (opened, expected) => panic!("{told}: {:?}, not {expected:?}", opened.err()),
        }
    }
}
