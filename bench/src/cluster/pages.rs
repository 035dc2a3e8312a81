//! Stored pages: from their owner, through another node, by the kernel alone, and all of a result behind a load balancer.

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Context;
use nextlink_testkit::http;
use nextlink_testkit::node::Node;

use super::setting::{Setting, haproxy, links, metric, number, until};
use super::{Figure, Goal};

const ROWS: &str = "/api/odata4/bench/Rows";
/// Rows of a page of about 64 KiB.
const SMALL_PAGE: &str = "maxpagesize=235";
/// Pages that are asked for at random.
const PAGES: usize = 1_000;
/// Loads without concurrency tell the time of one request.
const ONE: &str = "1";
const MANY: &str = "64";
/// Time in which the server tells how many transactions it has seen.
const SETTLING: Duration = Duration::from_secs(2);

pub(super) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let mut figures = single_pages(setting)?;
    figures.push(export(setting)?);
    Ok(figures)
}

/// Pages of one result, from each of two nodes.
fn single_pages(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    // Without copies and without reading ahead, so that each page is fetched when it is asked for.
    let cluster = setting.cluster(2, "replicas = 0\nread_ahead = 0");
    let (owner, other) = (&cluster.nodes[0], &cluster.nodes[1]);
    let links = links(owner, ROWS, SMALL_PAGE, PAGES)?;
    until("the result is stored", || metric(owner, "nextlink_results_writing") == 0.0)?;
    let bytes = http::get(&owner.url(&links[0]), &[]).body.len();
    let paths = cluster.plan.dir().join("paths");
    fs::write(&paths, links.join("\n"))?;
    let (paths, seconds) = (paths.display().to_string(), setting.seconds.to_string());
    let load = |base: &str, connections: &str, figure: &str| {
        let url = [base, "/"].concat();
        let line = setting.client(&[
            "load",
            &url,
            "--paths",
            &paths,
            "--connections",
            connections,
            "--seconds",
            &seconds,
        ])?;
        number(&line, figure)
    };
    let own_ms = load(owner.base(), ONE, "p50_ms")?;
    let peer_ms = load(other.base(), ONE, "p50_ms")?;
    let kernel = {
        let server = Kernel::start(setting, bytes)?;
        load(&server.base, MANY, "requests_per_second")?
    };
    let own = load(owner.base(), MANY, "requests_per_second")?;
    let peer = load(other.base(), MANY, "requests_per_second")?;
    let statements = statements_a_page(setting, other, &paths)?;
    Ok(vec![
        Figure {
            name: "a stored page of 64 KiB through another node, ms",
            baseline: ("the same page from its owner", own_ms),
            value: peer_ms,
            outcome: (peer_ms - own_ms) * 1e3,
            goal: Goal::AtMost(150.0, " µs more"),
        },
        Figure {
            name: "stored pages of 64 KiB from their owner, 64 connections, a second",
            baseline: ("the same bytes by sendfile", kernel),
            value: own,
            outcome: own / kernel,
            goal: Goal::AtLeast(0.5, ""),
        },
        Figure {
            name: "the same through another node, a second",
            baseline: ("the same bytes by sendfile", kernel),
            value: peer,
            outcome: peer / kernel,
            goal: Goal::AtLeast(0.3, ""),
        },
        Figure {
            name: "statements to the system database, for each 1,000 pages through another node",
            baseline: ("", f64::NAN),
            value: statements,
            outcome: statements,
            goal: Goal::AtMost(1.0, ""),
        },
    ])
}

/// What reading pages adds to the statements that the nodes send anyway.
fn statements_a_page(setting: &Setting, node: &Node, paths: &str) -> anyhow::Result<f64> {
    let seconds = setting.seconds.to_string();
    let seen = || -> anyhow::Result<f64> {
        // The server tells of what is done, and a little later.
        sleep(SETTLING);
        let sql =
            "SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database WHERE datname LIKE '%system%'";
        let rows = setting.system.query(sql);
        let sum = rows.first().and_then(|row| row.first()?.as_deref()).context("no transactions are told")?;
        Ok(sum.parse()?)
    };
    let first = seen()?;
    sleep(Duration::from_secs_f64(setting.seconds));
    let second = seen()?;
    let start = Instant::now();
    let url = [node.base(), "/"].concat();
    let line = setting.client(&["load", &url, "--paths", paths, "--warm-up", "0", "--seconds", &seconds])?;
    let took = start.elapsed().as_secs_f64();
    let third = seen()?;
    let idle = (second - first) / (setting.seconds + SETTLING.as_secs_f64());
    let more = (third - second) - idle * (took + SETTLING.as_secs_f64());
    Ok((more * 1e3 / number(&line, "requests")?).max(0.0))
}

/// All rows by links, behind HAProxy over three nodes and from a node that is alone.
fn export(setting: &Setting) -> anyhow::Result<Figure> {
    let follow = |url: &str| {
        let line = setting.client(&["follow", url, "--prefer", "maxpagesize=1000"])?;
        number(&line, "seconds")
    };
    let alone = {
        let node = setting.alone(&setting.file);
        follow(&node.url(ROWS))?
    };
    let cluster = setting.cluster(3, "");
    let balancer = haproxy(&cluster);
    let behind = follow(&[balancer.base(), ROWS].concat())?;
    Ok(Figure {
        name: "1,000,000 rows by links through HAProxy over three nodes, no cookies, s",
        baseline: ("a node alone, asked directly", alone),
        value: behind,
        outcome: behind / alone,
        goal: Goal::AtMost(1.5, ""),
    })
}

/// The kernel's own server.
struct Kernel {
    child: std::process::Child,
    base: String,
}

impl Kernel {
    fn start(setting: &Setting, bytes: usize) -> anyhow::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(&setting.programs);
        command.arg("sendfile").arg(&setting.file).arg(address.to_string());
        let child = command.arg("--bytes").arg(bytes.to_string()).spawn()?;
        let server = Self { child, base: format!("http://{address}") };
        until("the server listens", || std::net::TcpStream::connect(address).is_ok())?;
        Ok(server)
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
