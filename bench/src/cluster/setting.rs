//! What is measured with: the programs, the data, a system database, and clusters that are started for a measure.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use nextlink_sample::big;
use nextlink_testkit::balancer::{Balancer, Program};
use nextlink_testkit::cluster::{Cluster, Plan};
use nextlink_testkit::http;
use nextlink_testkit::node::Node;
use nextlink_testkit::postgres;
use nextlink_testkit::server::{Database, PrivateServer};
use serde_json::Value;

use super::Args;
use crate::http::Url;
use crate::made;
use crate::page::Page;

/// How long a result may take to be stored and copied.
const PATIENCE: Duration = Duration::from_secs(120);
/// The load balancer's configuration that is shipped.
const HAPROXY: &str = include_str!("../../../deploy/haproxy/haproxy.cfg");

/// What all measures share.
pub(super) struct Setting {
    /// This program, which holds the clients.
    pub(super) programs: PathBuf,
    nextlink: PathBuf,
    /// The benchmark database.
    pub(super) file: PathBuf,
    /// Seconds of each load.
    pub(super) seconds: f64,
    /// The system database of clusters.
    pub(super) system: Database,
    _server: PrivateServer,
}

impl Setting {
    pub(super) fn new(args: &Args) -> anyhow::Result<Self> {
        let nextlink = made::nextlink(args.nextlink.as_deref())?;
        let file = made::file(&made::folder()?, big::ROWS)?;
        let server = postgres::private();
        Ok(Self {
            programs: env::current_exe()?,
            nextlink,
            file,
            seconds: args.seconds,
            system: server.database("system"),
            _server: server,
        })
    }

    /// Starts nodes that serve the benchmark database as `bench`, with settings for `[cluster]`.
    pub(super) fn cluster(&self, nodes: usize, settings: &str) -> Cluster {
        let sources = format!(
            "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n\
             [results]\nnode_mib = 65536\nsource_mib = 65536\nuser_mib = 65536\nresult_mib = 65536\n\
             [sources.bench]\nurl = \"sqlite:{}\"\n",
            self.file.display()
        );
        // Each its own, so that nothing of an earlier one is in the way.
        let database = self.system.server().database("system");
        let plan = Plan::new(&self.nextlink)
            .settings(&sources)
            .system(&format!("{}?sslmode=disable", database.url()))
            .cluster(settings);
        plan.start(nodes)
    }

    /// A node that is alone.
    pub(super) fn alone(&self, file: &Path) -> Node {
        let settings = "[server]\n[results]\nnode_mib = 65536\nsource_mib = 65536\nuser_mib = 65536\nresult_mib = 65536\n";
        let launch = nextlink_testkit::node::Launch::serve(&self.nextlink, &[("bench", file)]);
        let config = launch.data_dir().join("bench.toml");
        // invariant: the directory was made by the line before
        fs::write(&config, settings).expect("the settings can be written");
        launch.args(&["--config", &config.display().to_string()]).start()
    }

    /// Runs a client, and gives its line of JSON.
    pub(super) fn client(&self, args: &[&str]) -> anyhow::Result<Value> {
        let output = Command::new(&self.programs).args(args).output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{args:?}: {}: {told}", output.status);
        serde_json::from_slice(&output.stdout).with_context(|| format!("{args:?}"))
    }
}

/// A figure of a client.
pub(super) fn number(line: &Value, name: &str) -> anyhow::Result<f64> {
    line[name].as_f64().with_context(|| format!("no figure {name} in {line}"))
}

/// Starts HAProxy as it is shipped, in front of the nodes.
pub(super) fn haproxy(cluster: &Cluster) -> Balancer {
    Balancer::start(Program::Haproxy, |ports| {
        let mut text = HAPROXY.replace("bind :8080", &format!("bind 127.0.0.1:{}", ports.http));
        for (number, node) in cluster.nodes.iter().enumerate() {
            let admin = node.admin_url("");
            let port = admin.rsplit(':').next().unwrap_or_default();
            let shipped = format!("172.30.8.1{}:8080 check port 8189", number + 1);
            let host = node.base().trim_start_matches("http://");
            text = text.replace(&shipped, &format!("{host} check port {port}"));
        }
        // What it logs of each request is not what is measured.
        text.replace("option httplog", "option dontlog-normal")
    })
}

/// A number that a node tells of itself; 0 where it tells none.
pub(super) fn metric(node: &Node, name: &str) -> f64 {
    let text = http::get(&node.admin_url("/metrics"), &[]).text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).unwrap_or(0.0)
}

/// Waits until something is true of the nodes.
pub(super) fn until(what: &str, mut is: impl FnMut() -> bool) -> anyhow::Result<()> {
    let start = Instant::now();
    while !is() {
        if start.elapsed() > PATIENCE {
            bail!("waited in vain: {what}");
        }
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Paths and queries of the pages of a result that was read at a node, from the second page on.
pub(super) fn links(node: &Node, path: &str, prefer: &str, most: usize) -> anyhow::Result<Vec<String>> {
    let mut links = Vec::new();
    let mut next = Some(node.url(path));
    while let Some(url) = next.take().filter(|_| links.len() < most) {
        let answer = http::get(&url, &[("Prefer", prefer)]);
        ensure!(answer.status == 200, "{url}: {}", answer.status);
        if let Some(link) = Page::find(&answer.body)?.next {
            links.push(Url::parse(&link)?.target);
            next = Some(link);
        }
    }
    Ok(links)
}
