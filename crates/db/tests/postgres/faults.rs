//! What goes wrong while a database is served, each fault caused for real, on the server that all tests share.

use std::time::{Duration, Instant};

use nextlink_db::error::Error;
use nextlink_db::run::{Cancel, RunOptions};
use nextlink_odata::rows::{Flow, RowSink};

use crate::ask::{Ask, Asked};
use crate::setting::Setting;

/// Rows that take a while each, and some that are there at once.
const SCRIPT: &str = "
CREATE TABLE span (id int PRIMARY KEY, d interval);
INSERT INTO span VALUES (1, '170000000 years');
CREATE TABLE t (id int PRIMARY KEY, x int, up int REFERENCES t);
INSERT INTO t VALUES (1, 2, NULL), (2, 3, 1), (3, 4, 1);
CREATE FUNCTION wait(s float) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT pg_sleep(s)::text';
CREATE VIEW slow AS SELECT n AS id, wait(CASE n WHEN 1 THEN 0 ELSE 60 END) AS x, repeat('x', 10000) AS pad
    FROM generate_series(1, 100) n;
";

fn run(change: impl FnOnce(&mut RunOptions)) -> Ask {
    let mut ask = Ask::default();
    change(&mut ask.run);
    ask
}

/// Statements of the source that run now.
fn running(setting: &Setting) -> usize {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' \
               AND application_name = 'nextlink'";
    setting.database.query(sql)[0][0].as_ref().and_then(|n| n.parse().ok()).expect("a number")
}

/// Waits until so many statements run.
#[track_caller]
fn until_running(setting: &Setting, wanted: usize) {
    let since = Instant::now();
    while running(setting) != wanted {
        assert!(since.elapsed() < Duration::from_secs(30), "{} statements run", running(setting));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// URLs of each way to run: one level, several, a count.
const WAYS: [&str; 4] = ["slow?$filter=id gt 1", "slow", "slow?$count=true", "slow/$count?$filter=x eq 'y'"];

#[test]
fn a_client_that_leaves_stops_its_statement() {
    let setting = Setting::with(SCRIPT, |place| place.connections = 1);
    for url in WAYS {
        let cancel = Cancel::default();
        let ask = run(|run| run.cancel = cancel.clone());
        let since = Instant::now();
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| setting.served.ask_with(url, &ask));
            until_running(&setting, 1);
            cancel.cancel();
            let error = asked.join().expect("an answer").expect_err("cancelled");
            assert!(matches!(error, Error::Cancelled), "{url}: {error:?}");
        });
        until_running(&setting, 0);
        assert!(since.elapsed() < Duration::from_secs(30), "{url}");
        // The only connection is free again, and in order.
        setting.check(&[("t(1)/x", "2")]);
    }
}

/// Before the statement is sent, while it is prepared, when it has just begun: whenever a client leaves, nothing is left.
#[test]
fn clients_that_leave_at_any_moment() {
    let setting = Setting::with(SCRIPT, |place| place.connections = 4);
    for url in WAYS {
        for step in 0..25 {
            let cancel = Cancel::default();
            let ask = run(|run| run.cancel = cancel.clone());
            std::thread::scope(|scope| {
                let asked = scope.spawn(|| setting.served.ask_with(url, &ask));
                std::thread::sleep(Duration::from_micros(200 * step));
                cancel.cancel();
                let error = asked.join().expect("an answer").expect_err("cancelled");
                assert!(matches!(error, Error::Cancelled), "{url}: {error:?}");
            });
        }
        until_running(&setting, 0);
    }
    setting.check(&[("t(1)/x", "2")]);
}

/// A sink that looks at the end of rows only.
macro_rules! sink_of_rows {
    ($sink:ty, $end_row:expr) => {
        impl RowSink for $sink {
            fn begin_row(&mut self, _: usize, _: u32) -> bool {
                true
            }
            fn null(&mut self) {}
            fn boolean(&mut self, _: bool) {}
            fn integer(&mut self, _: i64) {}
            fn double(&mut self, _: f64) {}
            fn single(&mut self, _: f32) {}
            fn decimal(&mut self, _: &str) {}
            fn string(&mut self, _: &str) {}
            fn plain(&mut self, _: &[u8]) {}
            fn shape(&mut self, _: &str) {}
            fn binary(&mut self, _: &[u8]) {}
            fn open(&mut self) {}
            fn close(&mut self) {}
            fn end_row(&mut self) -> Flow {
                $end_row(self);
                Flow::Continue
            }
            fn count(&mut self, _: usize, _: u32, _: u64) {}
            fn end_batch(&mut self, _: usize) -> Flow {
                Flow::Continue
            }
            fn retry_batch(&mut self) -> bool {
                false
            }
        }
    };
}

/// Counts rows.
#[derive(Default)]
struct Count(u64);

sink_of_rows!(Count, |sink: &mut Count| sink.0 += 1);

#[test]
fn an_awaited_read_that_is_dropped_stops_its_statement() {
    let setting = Setting::with(SCRIPT, |place| place.connections = 1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let asked = Asked { source: &setting.served.source, mapping: &setting.served.mapping };
    let (_, point, _) = asked.prepare("t(1)", Ask::default().format).expect("a program");
    assert!(point.point);
    let (_, long, _) = asked.prepare("slow(2)", Ask::default().format).expect("a program");
    let options = || Ask::default().run;
    for _ in 0..3 {
        let mut sink = Count::default();
        let ran = runtime.block_on(setting.served.source.run_point(&point, None, options, &mut sink));
        assert_eq!(ran.expect("it can be awaited").expect("a row").rows, 1);
        assert_eq!(sink.0, 1);
        let mut sink = Count::default();
        runtime.block_on(async {
            let read = setting.served.source.run_point(&long, None, options, &mut sink);
            let left = tokio::time::timeout(Duration::from_millis(500), read).await;
            assert!(left.is_err(), "it takes long");
        });
        until_running(&setting, 0);
    }
}

/// Takes rows only once the server has been seen to wait for that.
struct Slow<'a> {
    setting: &'a Setting,
    rows: u64,
}

impl Slow<'_> {
    fn wait(&self) {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND wait_event = 'ClientWrite' AND application_name = 'nextlink'";
        let since = Instant::now();
        while self.setting.database.query(sql)[0][0].as_deref() != Some("1") {
            assert!(since.elapsed() < Duration::from_secs(30), "the server does not wait: rows pile up here");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

sink_of_rows!(Slow<'_>, |sink: &mut Slow<'_>| {
    sink.rows += 1;
    if sink.rows == 1 {
        sink.wait();
    }
});

#[test]
fn a_slow_client_slows_the_server() {
    // Much more than sockets hold.
    let setting = Setting::new(
        "CREATE TABLE wide (id int PRIMARY KEY, pad text);
         INSERT INTO wide SELECT n, repeat('x', 1000) FROM generate_series(1, 60000) n;",
    );
    let asked = Asked { source: &setting.served.source, mapping: &setting.served.mapping };
    let (_, program, _) = asked.prepare("wide", Ask::default().format).expect("a program");
    let mut sink = Slow { setting: &setting, rows: 0 };
    let ran = setting.served.source.run(&program, &Ask::default().run, &mut sink).expect("rows");
    assert_eq!((ran.rows, ran.complete, sink.rows), (60_000, true, 60_000));
}

#[test]
fn statements_that_take_too_long() {
    let setting = Setting::new(SCRIPT);
    for url in WAYS {
        let since = Instant::now();
        let ask = run(|run| run.timeout = Duration::from_secs(1));
        let error = setting.served.ask_with(url, &ask).expect_err("too long");
        assert!(matches!(error, Error::TimedOut { seconds: 1 }), "{url}: {error:?}");
        assert!(since.elapsed() < Duration::from_secs(20), "{url}");
        until_running(&setting, 0);
    }
    setting.check(&[("t(1)/x", "2")]);
}

#[test]
fn a_full_pool() {
    let setting = Setting::with(SCRIPT, |place| {
        place.connections = 2;
        place.pool_wait = Duration::from_millis(300);
    });
    let cancel = Cancel::default();
    let ask = run(|run| run.cancel = cancel.clone());
    std::thread::scope(|scope| {
        let busy = [(); 2].map(|()| scope.spawn(|| setting.served.ask_with("slow", &ask)));
        until_running(&setting, 2);
        for url in ["t(1)", "t/$count", "t"] {
            let error = setting.served.ask_with(url, &Ask::default()).expect_err("no connection");
            assert!(matches!(error, Error::PoolFull { connections: 2 }), "{url}: {error:?}");
        }
        cancel.cancel();
        for one in busy {
            one.join().expect("an answer").expect_err("cancelled");
        }
    });
    setting.check(&[("t(1)/x", "2")]);
}

#[test]
fn a_statement_killed_at_the_server() {
    let setting = Setting::new(SCRIPT);
    for (kill, url) in [
        ("pg_cancel_backend", "slow?$filter=id gt 1"),
        ("pg_terminate_backend", "slow"),
        ("pg_terminate_backend", "slow?$filter=id gt 1"),
        ("pg_cancel_backend", "slow/$count?$filter=x eq 'y'"),
    ] {
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| setting.served.ask_with(url, &Ask::default()));
            until_running(&setting, 1);
            // Where nothing was handed over, it is tried once more.
            while !asked.is_finished() {
                setting.database.run(&format!(
                    "SELECT {kill}(pid) FROM pg_stat_activity WHERE datname = current_database()
                     AND state <> 'idle' AND application_name = 'nextlink'"
                ));
            }
            let error = asked.join().expect("an answer").expect_err("killed");
            assert!(matches!(error, Error::Ended(_) | Error::Unreachable(_)), "{kill}: {error:?}");
        });
        setting.check(&[("t(1)/x", "2")]);
    }
}

#[test]
fn connections_killed_while_idle() {
    let setting = Setting::new(SCRIPT);
    for url in ["t(1)?$select=x", "t?$filter=id eq 1&$count=true&$select=x"] {
        setting.check(&[(url, r#"{"x":2}"#)]);
        setting.database.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
             AND application_name = 'nextlink'",
        );
        setting.check(&[(url, r#"{"x":2}"#)]);
    }
}

#[test]
fn tables_that_change_while_they_are_served() {
    let setting = Setting::new(SCRIPT);
    let served = &setting.served;
    let urls = ["t(1)?$select=x", "t?$filter=id eq 1&$count=true&$select=x", "t?$filter=id eq 1&$select=x"];
    let all = |expected: &str| urls.iter().for_each(|url| setting.check(&[(url, expected)]));
    all(r#"{"x":2}"#);
    // Another type of the same kind is read by a statement that is prepared anew.
    setting.database.run("DROP VIEW slow; ALTER TABLE t ALTER x TYPE bigint;");
    all(r#"{"x":2}"#);
    let changes = [
        ("ALTER TABLE t ALTER x TYPE text", "ALTER TABLE t ALTER x TYPE int USING x::int"),
        ("ALTER TABLE t RENAME x TO y", "ALTER TABLE t RENAME y TO x"),
        ("ALTER TABLE t RENAME TO u", "ALTER TABLE u RENAME TO t"),
        ("ALTER TABLE t DROP x", "ALTER TABLE t ADD x int DEFAULT 2"),
    ];
    for (change, back) in changes {
        setting.database.run(change);
        for url in urls {
            let error = served.ask_with(url, &Ask::default()).expect_err("changed");
            assert!(matches!(error, Error::Changed(_)), "{change}: {url}: {error:?}");
        }
        setting.database.run(back);
        all(r#"{"x":2}"#);
    }
}

#[test]
fn a_slow_lock() {
    let setting = Setting::new(SCRIPT);
    setting.check(&[("t(1)/x", "2")]);
    let lock = setting.database.lock("t");
    for (url, wait) in [("t(1)", 0), ("t/$count", 200), ("t?$count=true", 100)] {
        let ask = run(|run| run.lock_wait = Duration::from_millis(wait));
        let error = setting.served.ask_with(url, &ask).expect_err("locked");
        assert!(matches!(error, Error::Locked), "{url}: {error:?}");
    }
    let ask = run(|run| run.lock_wait = Duration::from_secs(60));
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| setting.served.ask_with("t(1)/x", &ask));
        let since = Instant::now();
        while setting.database.waiting() == 0 {
            assert!(since.elapsed() < Duration::from_secs(30), "nobody waits for the lock");
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(lock);
        assert_eq!(asked.join().expect("an answer").expect("a row"), "2");
    });
}

#[test]
fn expressions_that_cannot_be_computed() {
    let setting = Setting::new(SCRIPT);
    for (url, message) in [
        ("t?$filter=x div 0 eq 1", "division by zero"),
        ("t?$filter=x mul 9223372036854775807 gt 1", "a number is out of range"),
        ("span?$filter=d gt duration'P999999999999D'", "a value of the request is no interval of PostgreSQL"),
        (
            "span?$filter=d add duration'P99999999D' gt d add d",
            "a date, a point in time or a duration is out of range",
        ),
        ("slow?$filter=pad eq 'a%00b'", "PostgreSQL has no text with the character U+0000"),
        ("slow?$filter=id eq 1 and matchesPattern(pad,concat('(',pad))", "a bad regular expression: "),
    ] {
        let error = setting.served.ask_with(url, &Ask::default()).expect_err("no value");
        assert!(
            matches!(&error, Error::Expression(text) | Error::Number(text) if text.starts_with(message)),
            "{url}: {error:?}"
        );
    }
    setting.check(&[("t(1)/x", "2")]);
}
