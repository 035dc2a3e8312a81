//! Memory of a node, by the greatest resident size: with a very long result, and with many clients that read slowly.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use nextlink_testkit::node::Node;

use super::setting::{Setting, links, metric, until};
use super::{Figure, Goal};

/// Bytes that a slow client reads at once, how often, and for how long.
const SIP: usize = 4 * 1024;
const PAUSE: Duration = Duration::from_millis(100);
const SLOWLY: Duration = Duration::from_secs(10);

pub(super) fn measure(setting: &Setting, rows: u64, slow: usize) -> anyhow::Result<Vec<Figure>> {
    let folder = folder(setting)?;
    let file = folder.join("long.db");
    let made = long(&file, rows);
    let figures = made.and_then(|()| {
        let long = long_result(setting, &file)?;
        Ok(vec![long, slow_clients(setting, slow)?])
    });
    let _ = fs::remove_dir_all(&folder);
    figures
}

/// A folder beside the benchmark database, as temporary ones may lie in memory.
fn folder(setting: &Setting) -> anyhow::Result<std::path::PathBuf> {
    let beside = setting.file.parent().context("the database lies in no folder")?;
    let folder = beside.join(format!("memory-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A database with a table of many short rows.
fn long(file: &Path, rows: u64) -> anyhow::Result<()> {
    eprintln!("making {} with {rows} rows", file.display());
    let connection = rusqlite::Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; CREATE TABLE Long (Id INTEGER PRIMARY KEY, Name TEXT NOT NULL)",
    )?;
    connection.execute(
        "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
         INSERT INTO Long SELECT i, 'a row with the number ' || i FROM n",
        [i64::try_from(rows)?],
    )?;
    Ok(())
}

/// Reads a result of many rows to its end, as fast as it is stored.
fn long_result(setting: &Setting, file: &Path) -> anyhow::Result<Figure> {
    let node = setting.alone(file);
    let path = "/api/odata4/bench/Long";
    setting.client(&["follow", &node.url("/api/odata4/bench/Long?$top=1000"), "--pages", "1"])?;
    let before = peak_mb(&node)?;
    setting.client(&["follow", &node.url(path), "--prefer", "maxpagesize=10000"])?;
    until("the result is stored", || metric(&node, "nextlink_results_writing") == 0.0)?;
    let after = peak_mb(&node)?;
    Ok(Figure {
        name: "memory after storing and reading 10,000,000 rows, MB",
        baseline: ("after 1,000 rows", before),
        value: after,
        outcome: after - before,
        goal: Goal::AtMost(64.0, " MB more"),
    })
}

/// Many clients that ask for stored pages of the usual size, each for another one, and read a little of it now and then.
fn slow_clients(setting: &Setting, clients: usize) -> anyhow::Result<Figure> {
    let node = setting.alone(&setting.file);
    let links = links(&node, "/api/odata4/bench/Rows", "", clients)?;
    until("the result is stored", || metric(&node, "nextlink_results_writing") == 0.0)?;
    let before = peak_mb(&node)?;
    let authority = node.base().trim_start_matches("http://").to_owned();
    let mut streams = Vec::new();
    for link in links.iter().cycle().take(clients) {
        let mut stream = TcpStream::connect(&authority)?;
        stream.write_all(format!("GET {link} HTTP/1.1\r\nHost: {authority}\r\n\r\n").as_bytes())?;
        stream.set_read_timeout(Some(Duration::from_millis(1)))?;
        streams.push(stream);
    }
    let start = Instant::now();
    let mut sip = vec![0; SIP];
    let mut read = 0_u64;
    while start.elapsed() < SLOWLY {
        for stream in &mut streams {
            // Nothing may have come yet.
            read += stream.read(&mut sip).unwrap_or(0) as u64;
        }
        sleep(PAUSE);
    }
    ensure!(read > 0, "nothing was answered");
    let after = peak_mb(&node)?;
    drop(streams);
    Ok(Figure {
        name: "memory with 200 clients that read stored pages of 2,000 rows slowly, MB",
        baseline: ("with one client", before),
        value: after,
        outcome: after - before,
        goal: Goal::AtMost(200.0, " MB more"),
    })
}

/// The greatest resident memory so far, in megabytes.
fn peak_mb(node: &Node) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", node.pid()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().context("VmHWM")?;
    Ok(kilobytes * 1_024.0 / 1e6)
}
