//! The source of a soak: rows that never change, rows that do, and one value that changes in all of them at once.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::cluster::Plan;
use crate::ledger::{Expected, Ledger};
use crate::sqlite::sqlite;

/// Rows up to this number are there all the time; of them every fiftieth changes.
const STABLE: u64 = 5_000;
/// Rows at the start.
const ROWS: u64 = 7_000;
/// Time between two changes.
const PAUSE: Duration = Duration::from_millis(40);
/// What is put in, changed and taken out; `V` is the same in all rows of one moment.
const CHANGE: &str = "BEGIN IMMEDIATE;
    INSERT INTO T SELECT max(Id) + 1, 0, 'new', max(V) FROM T;
    DELETE FROM T WHERE Id = (SELECT Id FROM T WHERE Id > 5000 ORDER BY random() LIMIT 1);
    UPDATE T SET G = G + 1 WHERE Id % 50 = 7;
    UPDATE T SET V = V + 1;
    COMMIT;";

/// The database that all nodes serve as `s`.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
}

/// A collection to be read, and its rows.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) path: String,
    pub(super) expected: Expected,
}

fn group(id: u64) -> u64 {
    id * 7_919 % 1_009
}

fn row(id: u64) -> Value {
    json!({ "Id": id, "G": group(id), "Name": format!("n {id} \"é {}", "x".repeat(100)) })
}

impl Source {
    pub(super) fn make(plan: &Plan) -> Self {
        let path = plan.dir().join("s.db");
        let sql = format!(
            "PRAGMA journal_mode = WAL;
            CREATE TABLE T (Id INTEGER NOT NULL PRIMARY KEY, G INT NOT NULL, Name TEXT NOT NULL, V INT NOT NULL);
            WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {ROWS})
            INSERT INTO T SELECT i, i * 7919 % 1009, 'n ' || i || ' \"é ' || replace(hex(zeroblob(50)), '0', 'x'), 0 FROM c;"
        );
        sqlite(&path, &sql);
        Self { path }
    }

    /// What nodes are told of it.
    pub(super) fn settings(&self) -> String {
        format!("[sources.s]\nurl = \"sqlite:{}\"", self.path.display())
    }

    /// Changes it until it is to stop; gives the number of changes.
    pub(super) fn change(&self, stop: &AtomicBool) -> u64 {
        let connection = Connection::open(&self.path).expect("the source can be opened");
        connection.busy_timeout(Duration::from_secs(30)).expect("a setting");
        let mut changes = 0;
        while !stop.load(Ordering::Relaxed) {
            connection.execute_batch(CHANGE).expect("the source can be changed");
            changes += 1;
            std::thread::sleep(PAUSE);
        }
        changes
    }

    /// Something to be read, of rows that stay as they are.
    pub(super) fn pick(&self, random: &mut fastrand::Rng) -> Query {
        let most = random.u64(200..=STABLE);
        let mut ids: Vec<u64> = (1..=most).filter(|id| id % 50 != 7).collect();
        let order = ["Id", "Id%20desc", "G", "G%20desc"][random.usize(0..4)];
        match order {
            "Id" => {}
            "Id%20desc" => ids.reverse(),
            "G" => ids.sort_by_key(|id| (group(*id), *id)),
            _ => ids.sort_by_key(|id| (u64::MAX - group(*id), *id)),
        }
        let mut path = format!(
            "/api/odata4/s/T?$filter=Id%20le%20{most}%20and%20Id%20mod%2050%20ne%207&$orderby={order}"
        );
        if random.u8(0..4) == 0 {
            let top = random.usize(1..=ids.len());
            ids.truncate(top);
            path.push_str(&format!("&$top={top}"));
        }
        Query { path, expected: Expected::rows(&["Id"], ids.into_iter().map(row)) }
    }
}

/// That all rows of one execution are of one moment, and that another execution is announced.
pub(super) fn mixed(ledger: &Ledger) -> Vec<String> {
    let mut faults = Vec::new();
    let mut before: Option<(Value, Option<&str>, bool)> = None;
    for (number, entry) in ledger.entries.iter().enumerate() {
        let said = entry.answer.json()["@Nextlink.Snapshot"] == false;
        let Some(moment) = entry.rows.first().map(|row| row["V"].clone()) else {
            // A page that only says where the rest is.
            before =
                before.map(|(moment, generation, said_before)| (moment, generation, said_before || said));
            continue;
        };
        if entry.rows.iter().any(|row| row["V"] != moment) {
            faults.push(format!("page {} has rows of several moments: {}", number + 1, entry.url));
        }
        let generation = entry.answer.header("nextlink-generation");
        if let Some((moment_before, generation_before, said_before)) = &before {
            let other = *moment_before != moment || *generation_before != generation;
            if other && !said && !said_before {
                faults.push(format!(
                    "page {} is of another execution, and nothing says so ({generation_before:?}, {generation:?}): {}",
                    number + 1,
                    entry.url
                ));
            }
        }
        before = Some((moment, generation, said));
    }
    faults
}
