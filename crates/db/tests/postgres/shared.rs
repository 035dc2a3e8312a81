//! Reads by key that share connections: many at one time, and what becomes of them when a connection is stuck, lost or
//! out of date.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nextlink_db::error::Error;
use nextlink_db::run::RunOptions;
use nextlink_odata::json::{PageEnd, PageLimits, PageOutput, PageWriter, Shape};
use nextlink_odata::rows::Flow;
use nextlink_odata::value::Value;
use nextlink_sql::statement::Program;
use tokio::runtime::Runtime;

use crate::ask::{Ask, Asked};
use crate::setting::Setting;

const SCRIPT: &str = "
CREATE TABLE t (id int PRIMARY KEY, x int NOT NULL, name text);
INSERT INTO t SELECT n, n * 7, 'row ' || n FROM generate_series(1, 1000) n;
CREATE TABLE u (id int PRIMARY KEY, x int NOT NULL);
INSERT INTO u SELECT n, n FROM generate_series(1, 1000) n;
";
/// Reads at one time.
const READERS: i64 = 32;
/// Connections that the source has for itself, and those that are shared.
const OWN: usize = 8;
const SHARED: i64 = 4;
const NAME: &str = "nextlink shared";
/// One row, whatever it takes.
const LIMITS: PageLimits =
    PageLimits { rows: 1, bytes: usize::MAX, batch_bytes: usize::MAX, total: u64::MAX };

/// Takes the row.
#[derive(Default)]
struct Row(Vec<u8>);

impl PageOutput for Row {
    fn count(&mut self, _: u64) {}
    fn bytes(&mut self, chunk: &mut Vec<u8>) -> Flow {
        self.0.append(chunk);
        Flow::Continue
    }
    fn page(&mut self, _: PageEnd) -> Flow {
        Flow::Continue
    }
}

/// A source and the runtime it is opened on.
struct Shop {
    setting: Arc<Setting>,
    runtime: Runtime,
}

/// A read by key that is ready to run.
#[derive(Clone)]
struct Read {
    program: Arc<Program>,
    shape: Arc<Shape>,
}

impl Shop {
    fn open(connections: usize) -> Shop {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime");
        let setting = {
            let _context = runtime.enter();
            Setting::with(SCRIPT, |place| place.connections = connections)
        };
        Shop { setting: Arc::new(setting), runtime }
    }

    fn read(&self, url: &str) -> Read {
        let asked = Asked { source: &self.setting.served.source, mapping: &self.setting.served.mapping };
        let (_, program, shape) = asked.prepare(url, Ask::default().format).expect("a program");
        assert!(program.point, "{url}");
        Read { program: Arc::new(program), shape: Arc::new(shape) }
    }

    /// Reads rows at one time, each with its key, and gives what came of them in that order.
    fn rows(&self, read: &Read, keys: impl Iterator<Item = i64>) -> Vec<Result<String, Error>> {
        let reads: Vec<_> = keys
            .map(|key| {
                let (setting, read) = (Arc::clone(&self.setting), read.clone());
                self.runtime.spawn(async move {
                    let mut writer = PageWriter::new(read.shape, LIMITS, Row::default());
                    let key = Value::Integer(key);
                    let options = || RunOptions { lock_wait: Duration::from_secs(60), ..Ask::default().run };
                    let source = &setting.served.source;
                    let ran = source.run_point(&read.program, Some(&key), options, &mut writer).await;
                    let outcome = ran.expect("it can be awaited")?;
                    assert!(outcome.rows <= 1);
                    Ok(String::from_utf8(writer.finish().0).expect("text"))
                })
            })
            .collect();
        self.runtime.block_on(async {
            let mut rows = Vec::new();
            for read in reads {
                rows.push(read.await.expect("no panic"));
            }
            rows
        })
    }

    /// Reads many rows of `t`, and looks whether each is its own.
    #[track_caller]
    fn check(&self, read: &Read) {
        let keys = || (1..=READERS).map(|n| n * 37 % 1_100);
        for (key, row) in keys().zip(self.rows(read, keys())) {
            let expected = match key {
                1..=1000 => format!(r#"{{"id":{key},"x":{},"name":"row {key}"}}"#, key * 7),
                _ => String::new(),
            };
            assert_eq!(row.expect("an answer"), expected);
        }
    }

    /// Connections of a name that the server knows.
    fn connections(&self, name: &str) -> i64 {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
             AND application_name = '{name}'"
        );
        self.setting.database.query(&sql)[0][0].as_ref().and_then(|n| n.parse().ok()).expect("a number")
    }

    /// Reads until there are connections that are shared.
    #[track_caller]
    fn until_shared(&self, read: &Read) {
        let since = Instant::now();
        while self.connections(NAME) < SHARED {
            assert!(since.elapsed() < Duration::from_secs(30), "{} connections", self.connections(NAME));
            self.check(read);
        }
    }
}

#[test]
fn many_reads_share_a_few_connections() {
    let shop = Shop::open(OWN);
    let read = shop.read("t(1)");
    shop.until_shared(&read);
    for _ in 0..20 {
        shop.check(&read);
    }
    assert_eq!(shop.connections(NAME), SHARED);
    assert!(shop.connections("nextlink") <= OWN as i64, "{}", shop.connections("nextlink"));
    // Nobody has more connections than it was told.
    let few = Shop::open(2);
    for _ in 0..20 {
        few.check(&few.read("t(1)"));
    }
    assert!((1..=2).contains(&few.connections("nextlink")), "{}", few.connections("nextlink"));
    assert_eq!(few.connections(NAME), 0);
}

#[test]
fn a_lock_holds_up_nobody_else() {
    let shop = Shop::open(OWN);
    let (free, locked) = (shop.read("t(1)"), shop.read("u(1)"));
    shop.until_shared(&free);
    let lock = shop.setting.database.lock("u");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| shop.rows(&locked, 1..=4));
        let since = Instant::now();
        while shop.setting.database.waiting() == 0 {
            assert!(since.elapsed() < Duration::from_secs(30), "nobody waits for the lock");
            shop.check(&free);
        }
        for _ in 0..10 {
            shop.check(&free);
        }
        assert!(!waiting.is_finished(), "it is locked");
        drop(lock);
        for (key, row) in (1..=4).zip(waiting.join().expect("no panic")) {
            assert_eq!(row.expect("an answer after the lock"), format!(r#"{{"id":{key},"x":{key}}}"#));
        }
    });
}

#[test]
fn lost_connections_are_noticed_by_nobody() {
    let shop = Shop::open(OWN);
    let read = shop.read("t(1)");
    shop.until_shared(&read);
    for _ in 0..3 {
        shop.setting.database.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
             AND application_name LIKE 'nextlink%'",
        );
        for _ in 0..5 {
            shop.check(&read);
        }
    }
}

#[test]
fn tables_that_change_are_read_as_they_are() {
    let shop = Shop::open(OWN);
    let read = shop.read("t(1)");
    shop.until_shared(&read);
    shop.setting.database.run("ALTER TABLE t ALTER x TYPE bigint");
    shop.check(&read);
    shop.setting.database.run("ALTER TABLE t DROP COLUMN x");
    for row in shop.rows(&read, 1..=READERS) {
        assert!(matches!(row, Err(Error::Changed(_))), "{row:?}");
    }
}
