//! A server that is restarted, killed and paused, and TLS to it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use nextlink_db::error::Error;
use nextlink_db::location::{Tls, TlsMode};
use nextlink_testkit::mariadb;
use nextlink_testkit::wait::until;

use crate::ask::{Ask, Failure};
use crate::world::{World, database, login, running};

const TABLE: &str = "CREATE TABLE T (Id INT PRIMARY KEY);
    CREATE TABLE N (Id INT PRIMARY KEY, TId INT NOT NULL, FOREIGN KEY (TId) REFERENCES T (Id));
    INSERT INTO T VALUES (1);
    INSERT INTO N SELECT seq, 1 FROM seq_1_to_3000;";

const LONG: &str = "N?$filter=T/N/any(a:a/T/N/any(b:b/Id add a/Id add Id lt 0))&$top=1";

#[test]
fn a_server_that_goes_and_comes_back() {
    let mut server = mariadb::private();
    let database = server.database("nextlink");
    database.run(TABLE);
    let world = World::of(database, |server| server.connect_timeout = Duration::from_secs(3));
    let urls = ["T", "T(1)", "T?$count=true", "T?$select=Id&$expand=N($top=0)", "T/$count"];
    let all_answered = |when: &str| {
        for url in urls {
            let found = world.ask(url);
            assert!(found == "1" || found.starts_with(r#"{"Id":1"#), "{url} {when}: {found}");
        }
    };
    all_answered("at first");
    // Connections that were kept are dead, which nobody notices.
    server.restart();
    all_answered("after a restart");

    // Killed in the middle of a statement.
    let asked = std::thread::scope(|scope| {
        let asked = scope.spawn(|| world.ask_with(LONG, &Ask::default()));
        until("the statement runs", || running(&world.database) == 1);
        server.kill();
        asked.join().expect("no panic")
    });
    assert!(matches!(asked, Err(Failure::Run(Error::Unreachable(_)))), "{asked:?}");
    for url in urls {
        let error = world.error(url, &Ask::default());
        assert!(matches!(error, Error::Unreachable(_)), "{url}: {error:?}");
    }
    server.start();
    all_answered("after a kill");

    // A server that does not answer: the time of the request ends, not the patience of the client.
    server.pause();
    for url in urls {
        let mut ask = Ask::default();
        ask.run.timeout = Duration::from_millis(500);
        let since = Instant::now();
        let error = world.error(url, &ask);
        assert!(matches!(error, Error::TimedOut { .. }), "{url}: {error:?}");
        assert!(since.elapsed() < Duration::from_secs(20), "{url}: {:?}", since.elapsed());
    }
    server.resume();
    all_answered("after a pause");
}

#[test]
fn tls() {
    let database = database("CREATE TABLE T (Id INT PRIMARY KEY); INSERT INTO T VALUES (1);");
    let user = format!("tls_{}", &database.name()[9..]);
    database.run(&format!(
        "CREATE USER {user} IDENTIFIED BY 'pw' REQUIRE SSL; GRANT SELECT ON {}.* TO {user}",
        database.name()
    ));
    let (ca, other) = (database.server().ca(), database.server().other_ca());
    let open = |mode: TlsMode, ca: Option<PathBuf>, host: &str| {
        let served = World::served(&database, |server| {
            server.host = host.to_owned();
            server.login = Some(login(&user, "pw"));
            server.tls = Tls { mode, ca };
        });
        match served {
            Ok(_) => "ok",
            Err(Error::LoginRefused { .. }) => "refused",
            Err(Error::Unreachable(_)) => "unreachable",
            Err(_) => "another error",
        }
    };
    let (good, bad) = (Some(ca), Some(other));
    // The certificate is for 127.0.0.1 and not for 127.0.0.2, where the same server is.
    for (mode, ca, host, expected) in [
        (TlsMode::Disable, &None, "127.0.0.1", "refused"),
        (TlsMode::Prefer, &None, "127.0.0.1", "ok"),
        (TlsMode::Require, &None, "127.0.0.2", "ok"),
        (TlsMode::Require, &bad, "127.0.0.1", "ok"),
        (TlsMode::VerifyCa, &good, "127.0.0.1", "ok"),
        (TlsMode::VerifyCa, &good, "127.0.0.2", "ok"),
        (TlsMode::VerifyCa, &bad, "127.0.0.1", "unreachable"),
        (TlsMode::VerifyCa, &None, "127.0.0.1", "unreachable"),
        (TlsMode::VerifyFull, &good, "127.0.0.1", "ok"),
        (TlsMode::VerifyFull, &good, "localhost", "ok"),
        (TlsMode::VerifyFull, &good, "127.0.0.2", "unreachable"),
        (TlsMode::VerifyFull, &bad, "127.0.0.1", "unreachable"),
        (TlsMode::VerifyFull, &Some(PathBuf::from("/no/such/file")), "127.0.0.1", "unreachable"),
    ] {
        assert_eq!(open(mode, ca.clone(), host), expected, "{mode:?} {ca:?} {host}");
    }
    database.run(&format!("DROP USER {user}"));
}

/// Whoever only prefers TLS is served without it, whoever asks for it is not.
#[test]
fn a_server_without_tls() {
    let server = mariadb::private_without_tls();
    let database = server.database("nextlink");
    database.run("CREATE TABLE T (Id INT PRIMARY KEY); INSERT INTO T VALUES (1);");
    let ca = server.ca();
    let open = |mode: TlsMode| {
        World::served(&database, |server| server.tls = Tls { mode, ca: Some(ca.clone()) }).map(|_| ())
    };
    for mode in [TlsMode::Disable, TlsMode::Prefer] {
        assert!(open(mode).is_ok(), "{mode:?}");
    }
    for mode in [TlsMode::Require, TlsMode::VerifyCa, TlsMode::VerifyFull] {
        let opened = open(mode);
        assert!(matches!(opened, Err(Error::Unreachable(_))), "{mode:?}: {opened:?}");
    }
}

#[test]
fn a_socket_instead_of_a_port() {
    let server = mariadb::server();
    let database = database("CREATE TABLE T (Id INT PRIMARY KEY); INSERT INTO T VALUES (1);");
    let socket = server.socket_dir().join("socket").display().to_string();
    let world = World::of(database, |server| server.host = socket);
    assert_eq!(world.ask("T"), r#"{"Id":1}"#);
}
