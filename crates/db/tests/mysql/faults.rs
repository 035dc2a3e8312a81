//! What goes wrong at the server, each caused for real, has its own name, and the next request is answered.

use std::time::{Duration, Instant};

use nextlink_db::error::Error;
use nextlink_odata::json::{PageEnd, PageLimits, PageOutput, PageWriter};
use nextlink_odata::rows::Flow;

use crate::ask::{Ask, Asked, Failure};
use crate::world::{Holder, World, connections, database, login, running, server};
use nextlink_testkit::wait::until;

const TABLE: &str = "CREATE TABLE T (Id INT PRIMARY KEY, V INT, S VARCHAR(20));
    INSERT INTO T VALUES (1, 1, 'a');";

const ROW: &str = r#"{"Id":1,"V":1,"S":"a"}"#;

/// A table whose cube takes for ever.
const CUBE: &str = "CREATE TABLE G (Id INT PRIMARY KEY);
    CREATE TABLE N (Id INT PRIMARY KEY, GId INT NOT NULL, FOREIGN KEY (GId) REFERENCES G (Id));
    INSERT INTO G VALUES (1);
    INSERT INTO N SELECT seq, 1 FROM seq_1_to_3000;";

const LONG: &str = "N?$filter=G/N/any(a:a/G/N/any(b:b/Id add a/Id add Id lt 0))&$top=1";

/// The same as a flat statement, a statement that counts first, a count, and the first of several levels.
fn long() -> [String; 4] {
    [
        LONG.to_owned(),
        LONG.replace("N?", "N?$count=true&"),
        LONG.replace("N?", "N/$count?"),
        LONG.replace("N?$filter=", "G?$expand=N&$filter=N/any(n:n/").replace("&$top=1", ")"),
    ]
}

#[test]
fn a_changed_database() {
    for change in ["ALTER TABLE T DROP COLUMN S", "DROP TABLE T", "RENAME TABLE T TO U"] {
        let world = World::new(TABLE);
        let urls = ["T", "T(1)", "T?$filter=S eq 'a'", "T?$count=true"];
        for url in urls {
            assert_eq!(world.ask(url), ROW, "{url}");
        }
        world.database.run(change);
        for url in urls {
            let error = world.error(url, &Ask::default());
            assert!(matches!(error, Error::Changed(_)), "{url} after {change}: {error:?}");
        }
    }
    let world = World::new(TABLE);
    assert_eq!(world.ask("T"), ROW);
    world.database.run("ALTER TABLE T ADD COLUMN New INT FIRST; INSERT INTO T VALUES (3, 2, 2, 'b')");
    assert_eq!(world.ask("T"), [ROW, r#","#, r#"{"Id":2,"V":2,"S":"b"}"#].concat());
}

#[test]
fn values_that_do_not_fit() {
    let world = World::new(
        "SET sql_mode = '';
         CREATE TABLE D (Id INT PRIMARY KEY, Day DATE NOT NULL, V TINYINT, E ENUM('a') NOT NULL);
         INSERT INTO D VALUES (1, '2024-01-01', 1, ''), (2, '2024-02-29', 2, 'a');",
    );
    // It was looked for when the source was opened.
    world.database.run("SET sql_mode = ''; UPDATE D SET Day = '0000-00-00' WHERE Id = 1");
    let found = |url: &str| match world.error(url, &Ask::default()) {
        Error::Value { column, found, .. } => (column, found),
        other => panic!("{url}: {other:?}"),
    };
    for url in ["D?$select=Day", "D(1)/Day", "D?$select=Day&$count=true"] {
        assert_eq!(found(url), (0, "the date 0000-00-00".to_owned()), "{url}");
    }
    assert_eq!(found("D?$select=E"), (0, "the text ''".to_owned()));
    world.database.run("ALTER TABLE D MODIFY V VARCHAR(20); UPDATE D SET V = 'text'");
    assert_eq!(found("D?$select=V"), (0, "the text 'text'".to_owned()));
    world.database.run("UPDATE D SET V = '300'; ALTER TABLE D MODIFY V INT");
    assert_eq!(found("D?$select=V"), (0, "the number 300".to_owned()));
    // Its other values are there all the same.
    assert_eq!(world.ask("D?$select=Id"), r#"{"Id":1},{"Id":2}"#);
    assert_eq!(world.ask("D(2)?$select=Day"), r#"{"Day":"2024-02-29"}"#);
}

#[test]
fn expressions_that_cannot_be_computed() {
    let world = World::new(
        "CREATE TABLE E (Id INT PRIMARY KEY, I BIGINT, Z INT, T VARCHAR(10), D DATETIME);
         INSERT INTO E VALUES (1, 9223372036854775807, 0, 'x', '9999-12-31');",
    );
    for (filter, expected) in [
        ("I add 1 gt 0", "a number is out of range, or was divided by zero"),
        ("I mul 2 gt 0", "a number is out of range, or was divided by zero"),
        ("I div Z eq 1", "a number is out of range, or was divided by zero"),
        ("I mod Z eq 1", "a number is out of range, or was divided by zero"),
        ("matchesPattern(T,concat('(',''))", "the pattern is not valid: "),
    ] {
        match world.error(&format!("E?$filter={filter}"), &Ask::default()) {
            Error::Expression(message) | Error::Number(message) => {
                assert!(message.starts_with(expected), "{filter}: {message}")
            }
            other => panic!("{filter}: {other:?}"),
        }
        assert!(world.ask("E(1)").starts_with('{'), "the connection is good after {filter}");
    }
}

#[test]
fn a_long_statement_ends_in_time_at_the_server_too() {
    let world = World::new(CUBE);
    for url in long() {
        let mut ask = Ask::default();
        ask.run.timeout = Duration::from_millis(700);
        let since = Instant::now();
        let error = world.error(&url, &ask);
        assert!(matches!(error, Error::TimedOut { seconds: 0 }), "{url}: {error:?}");
        assert!(since.elapsed() < Duration::from_secs(20), "{url}: {:?}", since.elapsed());
        until("the statement has ended", || running(&world.database) == 0);
        assert_eq!(world.ask("N/$count"), "3000", "the next request is answered");
    }
}

#[test]
fn a_client_that_leaves_ends_its_statement_at_the_server() {
    let world = World::new(CUBE);
    for url in long() {
        let ask = Ask::default();
        let asked = std::thread::scope(|scope| {
            let asked = scope.spawn(|| world.ask_with(&url, &ask));
            until("the statement runs", || running(&world.database) == 1);
            ask.run.cancel.cancel();
            asked.join().expect("no panic")
        });
        assert!(matches!(asked, Err(Failure::Run(Error::Cancelled))), "{url}: {asked:?}");
        until("the statement has ended", || running(&world.database) == 0);
        assert_eq!(world.ask("N/$count"), "3000", "the next request is answered");
    }
}

/// An entity by its key waits for a lock, and whoever asked for it is gone: nothing is left at the server.
#[test]
fn a_point_read_that_is_dropped_ends_at_the_server() {
    let world = World::new(TABLE);
    assert_eq!(world.ask("T(1)"), ROW);
    let mut holder = Holder::new(&world.database);
    holder.run("LOCK TABLES T WRITE");
    let asked = Asked { source: &world.source, mapping: &world.mapping };
    let mut ask = Ask::default();
    ask.run.lock_wait = Duration::from_secs(50);
    let (_, program, shape) = asked.prepare("T(1)", ask.format).expect("a program");
    assert!(program.point);
    let mut sink = PageWriter::new(shape.into(), ask.limits, Nowhere);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let point = world.source.run_point(&program, None, || ask.run.clone(), &mut sink);
    let late = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(1), point).await });
    assert!(late.is_err(), "{late:?}");
    until("the statement has ended", || running(&world.database) == 0);
    holder.run("UNLOCK TABLES");
    assert_eq!(world.ask("T(1)"), ROW);
}

struct Nowhere;

impl PageOutput for Nowhere {
    fn count(&mut self, _: u64) {}

    fn bytes(&mut self, chunk: &mut Vec<u8>) -> Flow {
        chunk.clear();
        Flow::Continue
    }

    fn page(&mut self, _: PageEnd) -> Flow {
        Flow::Continue
    }
}

/// Who wants no more of a long result leaves the connection ready for the next one.
#[test]
fn a_result_that_is_not_read_to_its_end() {
    let world = World::new(
        "CREATE TABLE B (Id INT PRIMARY KEY, T VARCHAR(200));
         INSERT INTO B SELECT seq, REPEAT('x', 200) FROM seq_1_to_200000;",
    );
    let limits = PageLimits { rows: 10, bytes: 1 << 20, batch_bytes: 1 << 20, total: u64::MAX };
    let ask = Ask { limits, stop_after: 1, ..Ask::default() };
    world.ask("B(1)");
    let before = connections(&world.database);
    for _ in 0..3 {
        let answer = world.ask_with("B", &ask).expect("an answer");
        assert!(!answer.outcome.complete);
        assert_eq!(answer.pages.len(), 1);
        until("the statement has ended", || running(&world.database) == 0);
    }
    assert_eq!(connections(&world.database), before, "the connection was kept");
    assert_eq!(world.ask("B/$count"), "200000");
}

#[test]
fn all_connections_are_in_use() {
    let world = World::of(database(CUBE), |server| {
        server.connections = 2;
        server.pool_wait = Duration::from_millis(300);
    });
    let asks = [Ask::default(), Ask::default()];
    std::thread::scope(|scope| {
        for ask in &asks {
            scope.spawn(|| world.ask_with(LONG, ask));
        }
        until("the statement runs", || running(&world.database) == 2);
        let error = world.error("G", &Ask::default());
        assert!(matches!(error, Error::PoolFull { connections: 2 }), "{error:?}");
        asks.iter().for_each(|ask| ask.run.cancel.cancel());
    });
    assert_eq!(world.ask("G"), r#"{"Id":1}"#);
}

/// The server itself takes no more connections of a user.
#[test]
fn the_server_has_no_connection_left() {
    let database = database(TABLE);
    let user = format!("few_{}", &database.name()[9..]);
    database.run(&format!(
        "CREATE USER {user} IDENTIFIED BY 'pw' WITH MAX_USER_CONNECTIONS 1; GRANT SELECT ON {}.* TO {user}",
        database.name()
    ));
    let world = World::of(database, |server| server.login = Some(login(&user, "pw")));
    let other = World::served(&world.database, |server| server.login = Some(login(&user, "pw")));
    assert!(matches!(other, Err(Error::PoolFull { .. })), "{other:?}");
    world.database.run(&format!("DROP USER {user}"));
}

#[test]
fn statements_and_connections_that_somebody_ends() {
    let world = World::new(CUBE);
    for kill in ["KILL QUERY", "KILL"] {
        let ask = Ask::default();
        let asked = std::thread::scope(|scope| {
            let asked = scope.spawn(|| world.ask_with(LONG, &ask));
            until("the statement runs", || running(&world.database) == 1);
            // Longer than a connection takes that was dead before.
            std::thread::sleep(Duration::from_millis(1500));
            for id in connections(&world.database) {
                world.database.run(&format!("{kill} {id}"));
            }
            asked.join().expect("no panic")
        });
        match asked {
            Err(Failure::Run(Error::Ended(_) | Error::Unreachable(_))) => {}
            other => panic!("{kill}: {other:?}"),
        }
        assert_eq!(world.ask("N/$count"), "3000", "the next request is answered");
    }
    // A connection that died while nobody used it is not noticed by who asks next.
    for url in ["G", "G(1)", "G?$count=true", "G?$expand=N($top=0)&$select=Id", "G/$count"] {
        for id in connections(&world.database) {
            world.database.run(&format!("KILL {id}"));
        }
        let found = world.ask(url);
        assert!(found == "1" || found.starts_with(r#"{"Id":1"#), "{url}: {found}");
    }
}

#[test]
fn a_permission_that_is_taken_away() {
    let database =
        database(&[TABLE, "CREATE TABLE U (Id INT PRIMARY KEY); INSERT INTO U VALUES (7);"].concat());
    let name = database.name().to_owned();
    let user = format!("some_{}", &name[9..]);
    database.run(&format!(
        "CREATE USER {user} IDENTIFIED BY 'pw';
         GRANT SELECT ON {name}.T TO {user}; GRANT SELECT ON {name}.U TO {user}"
    ));
    let world = World::of(database, |server| server.login = Some(login(&user, "pw")));
    assert_eq!(world.ask("T"), ROW);
    world.database.run(&format!("REVOKE SELECT ON {name}.T FROM {user}"));
    for url in ["T", "T(1)", "T/$count", "T?$count=true"] {
        let error = world.error(url, &Ask::default());
        assert!(matches!(error, Error::Denied(_)), "{url}: {error:?}");
    }
    assert_eq!(world.ask("U"), r#"{"Id":7}"#, "the rest is served");
    world.database.run(&format!("GRANT SELECT (Id, V) ON {name}.T TO {user}"));
    assert_eq!(world.ask("T?$select=Id,V"), r#"{"Id":1,"V":1}"#);
    let error = world.error("T?$select=S", &Ask::default());
    assert!(matches!(error, Error::Denied(_)), "{error:?}");
    world.database.run(&format!("DROP USER {user}"));
}

#[test]
fn a_lock_that_lasts() {
    let world = World::new(TABLE);
    let mut holder = Holder::new(&world.database);
    holder.run("LOCK TABLES T WRITE");
    for (wait, least) in [(0, 0), (1000, 900)] {
        for url in ["T", "T(1)", "T?$count=true", "T/$count"] {
            let mut ask = Ask::default();
            ask.run.lock_wait = Duration::from_millis(wait);
            let since = Instant::now();
            let error = world.error(url, &ask);
            assert!(matches!(error, Error::Locked), "{url}: {error:?}");
            assert!(since.elapsed() >= Duration::from_millis(least), "{url}: {:?}", since.elapsed());
        }
    }
    holder.run("UNLOCK TABLES");
    assert_eq!(world.ask("T"), ROW);
}

#[test]
fn databases_and_logins_that_are_not_there() {
    let database = database(TABLE);
    let fails = |change: &dyn Fn(&mut nextlink_db::location::Server)| {
        World::served(&database, |server| change(server)).map(|_| ()).expect_err("it cannot be opened")
    };
    let error = fails(&|server| server.database += "_not");
    assert!(matches!(error, Error::Changed(_) | Error::LoginRefused { .. }), "{error:?}");
    let error = fails(&|server| server.login = Some(login("tester", "not-Hers-7")));
    assert!(matches!(error, Error::LoginRefused { .. }), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("Hers-7"), "{error:?}");
    let error = fails(&|server| server.login = Some(login("nobody at all", "")));
    assert!(matches!(error, Error::LoginRefused { .. }), "{error:?}");
    let error = fails(&|server| server.port = 1);
    assert!(matches!(error, Error::Unreachable(_)), "{error:?}");
    let secret = server(&database).login.expect("a login").password.0;
    let shown = format!("{:?}", World::served(&database, |_| ()).expect("it opens").source);
    assert!(!shown.contains(&secret), "{shown}");
}

/// Takes its first page only once the server has been seen to wait for that, for a while.
struct Slow<'a> {
    world: &'a World,
    pages: usize,
}

impl PageOutput for Slow<'_> {
    fn count(&mut self, _: u64) {}

    fn bytes(&mut self, chunk: &mut Vec<u8>) -> Flow {
        chunk.clear();
        Flow::Continue
    }

    fn page(&mut self, _: PageEnd) -> Flow {
        self.pages += 1;
        if self.pages == 1 {
            for _ in 0..10 {
                std::thread::sleep(Duration::from_millis(100));
                assert_eq!(running(&self.world.database), 1, "all rows are read at once and pile up here");
            }
        }
        Flow::Continue
    }
}

/// Much more than sockets hold.
#[test]
fn a_slow_client_slows_the_server() {
    let world = World::new(
        "CREATE TABLE Wide (Id INT PRIMARY KEY, Pad VARCHAR(1000));
         INSERT INTO Wide SELECT seq, REPEAT('x', 1000) FROM seq_1_to_60000;",
    );
    let asked = Asked { source: &world.source, mapping: &world.mapping };
    let ask = Ask::default();
    let (_, program, shape) = asked.prepare("Wide", ask.format).expect("a program");
    let limits = PageLimits { rows: 100, ..ask.limits };
    let mut sink = PageWriter::new(shape.into(), limits, Slow { world: &world, pages: 0 });
    let ran = world.source.run(&program, &ask.run, &mut sink).expect("rows");
    assert_eq!((ran.rows, ran.complete, sink.finish().pages), (60_000, true, 600));
}
