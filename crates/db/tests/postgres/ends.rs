//! Servers of one's own: one that restarts, goes, or stands still while it is served, and one that writes down what it does.

use std::time::{Duration, Instant};

use nextlink_db::error::Error;
use nextlink_db::location::Location;
use nextlink_db::source::Source;
use nextlink_testkit::postgres;
use nextlink_testkit::wait::until;

use crate::ask::Ask;
use crate::setting::{Served, location};

const URLS: [&str; 3] = ["t(1)/x", "t?$count=true&$filter=id eq 1&$select=x", "t/$count"];

#[test]
fn a_server_that_restarts_goes_and_stands_still() {
    let mut server = postgres::private();
    let database = server.database("db");
    database.run("CREATE TABLE t (id int PRIMARY KEY, x int); INSERT INTO t VALUES (1, 2);");
    let mut place = location(&server, database.name());
    place.connect_timeout = Duration::from_secs(3);
    let served = Served::open(&place);
    let good = |when: &str| {
        for (url, expected) in URLS.iter().zip(["2", r#"{"x":2}"#, "1"]) {
            assert_eq!(served.ask(url), expected, "{when}: {url}");
        }
    };
    good("at first");
    server.restart();
    good("after a restart");
    server.kill();
    server.start();
    good("after a crash");

    server.stop();
    for url in URLS {
        let error = served.ask_with(url, &Ask::default()).expect_err("no server");
        assert!(matches!(error, Error::Unreachable(_)), "{url}: {error:?}");
    }
    let error = Source::open(&Location::Postgres(place.clone())).expect_err("no server");
    assert!(matches!(error, Error::Unreachable(_)), "{error:?}");
    server.start();
    good("after it was down");

    server.pause();
    let mut ask = Ask::default();
    ask.run.timeout = Duration::from_secs(1);
    for url in URLS {
        let since = Instant::now();
        let error = served.ask_with(url, &ask).expect_err("no answer");
        assert!(matches!(error, Error::TimedOut { seconds: 1 }), "{url}: {error:?}");
        assert!(since.elapsed() < Duration::from_secs(20));
    }
    let error = Source::open(&Location::Postgres(place)).expect_err("no answer");
    assert!(matches!(error, Error::Unreachable(_)), "{error:?}");
    server.resume();
    until("it recovers", || URLS.iter().all(|url| served.ask_with(url, &Ask::default()).is_ok()));
    good("after it stood still");
}

/// The server's log has a line for each statement that it parses, and for each that it executes.
#[test]
fn statements_are_prepared_once() {
    let server = postgres::private();
    let database = server.database("db");
    database.run("CREATE TABLE t (id int PRIMARY KEY, x int); INSERT INTO t VALUES (1, 2), (2, 3);");
    let mut place = location(&server, database.name());
    place.connections = 1;
    let served = Served::open(&place);
    let ask = |i: usize| {
        for url in [
            format!("t({i})"),
            format!("t?$filter=id lt {i} and x gt {i}"),
            format!("t?$count=true&$top={}&$orderby=x", 3),
            format!("t/$count?$filter=id gt {i}"),
        ] {
            served.ask_with(&url, &Ask::default()).expect("rows");
        }
    };
    ask(1);
    database.run("ALTER SYSTEM SET log_min_duration_statement = 0; SELECT pg_reload_conf();");
    let counted = || {
        let log = server.log();
        (log.matches("ms  parse ").count(), log.matches("ms  execute ").count())
    };
    // The setting is taken over between two statements.
    let since = Instant::now();
    while counted().1 == 0 {
        assert!(since.elapsed() < Duration::from_secs(30), "{}", server.log());
        ask(2);
        std::thread::sleep(Duration::from_millis(20));
    }
    let (parsed, executed) = counted();
    (2..=20).for_each(ask);
    let since = Instant::now();
    while counted().1 < executed + 5 * 19 {
        assert!(since.elapsed() < Duration::from_secs(30), "{}", server.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(counted().0, parsed, "statements are prepared again: {}", server.log());
}
