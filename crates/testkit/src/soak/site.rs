//! The cluster of a soak: nodes that reach one another, and the system database, through proxies.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::Options;
use super::source::Source;
use super::tally::Tally;
use crate::cluster::Plan;
use crate::http;
use crate::node::Node;
use crate::postgres;
use crate::proxy::Proxy;
use crate::server::{Database, PrivateServer};

/// How long the nodes may take to know one another.
const STUCK: Duration = Duration::from_secs(30);
/// Leases that are over soon; results that nobody reads are gone after a minute.
const CLUSTER: &str =
    "heartbeat_ms = 300\nlease_ms = 2000\nanswer_ms = 1000\ndrain_grace_ms = 200\ndrain_seconds = 20";
const SETTINGS: &str =
    "[results]\nidle_minutes = 1\nsweep_seconds = 1\nmin_free_mib = 0\n[log]\nlevel = \"info\"";
/// Room of a node whose disk can be full.
const DISK: &str = "size=192m";

/// What nodes hold of results.
const HELD: [&str; 5] = [
    "nextlink_results",
    "nextlink_result_copies",
    "nextlink_results_writing",
    "nextlink_results_bytes",
    "nextlink_results_open_files",
];

/// How long a lease lasts.
pub(super) const LEASE: Duration = Duration::from_secs(2);

/// Everything that a soak is about.
pub(super) struct Site {
    pub(super) plan: Plan,
    pub(super) source: Source,
    pub(super) nodes: Vec<Mutex<Node>>,
    /// Where clients reach the nodes.
    pub(super) bases: Vec<String>,
    /// Through which the others reach a node.
    pub(super) peers: Vec<Proxy>,
    /// Through which a node reaches the system database.
    pub(super) lines: Vec<Proxy>,
    pub(super) disks: Vec<Disk>,
    /// The system database.
    system: Database,
    /// Its server; held for reading by whoever needs it to be there.
    pub(super) server: RwLock<PrivateServer>,
    /// Held by whoever changes the keys of the cluster.
    pub(super) keys: Mutex<()>,
    pub(super) tally: Tally,
    /// What the nodes have written, by where they are.
    logs: Mutex<BTreeMap<String, String>>,
    /// Faults and readings are to end.
    pub(super) stop: AtomicBool,
    /// The source needs to change no more.
    pub(super) still: AtomicBool,
}

impl Site {
    /// Starts the nodes.
    pub(super) fn start(options: &Options) -> Self {
        let server = postgres::private();
        let system = server.database("system");
        let plan = Plan::new(&options.program);
        let source = Source::make(&plan);
        let cluster =
            format!("{CLUSTER}\nreplicas = {}\nsystem_ca = \"{}\"", options.replicas, server.ca().display());
        let plan = plan.settings(SETTINGS).settings(&source.settings()).cluster(&cluster);
        let disks = (0..if options.disks { options.nodes } else { 0 })
            .map_while(|number| Disk::mount(plan.data_dir(number)))
            .collect();
        let (mut nodes, mut peers, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..options.nodes {
            let (peer, line) = (Proxy::start(), Proxy::start());
            line.lead_to(&format!("127.0.0.1:{}", server.port()));
            let behind = format!(":{}/", server.port());
            let url = system.url().replace(&behind, &format!(":{}/", line.address().port()));
            let address = format!("address = \"{}\"", peer.address());
            let node = plan.clone().system(&url).launch(number, &address).start();
            peer.lead_to(node.cluster_base());
            nodes.push(node);
            peers.push(peer);
            lines.push(line);
        }
        let bases = nodes.iter().map(|node| node.base().to_owned()).collect();
        let site = Self {
            plan,
            source,
            nodes: nodes.into_iter().map(Mutex::new).collect(),
            bases,
            peers,
            lines,
            disks,
            system,
            server: RwLock::new(server),
            keys: Mutex::default(),
            tally: Tally::default(),
            logs: Mutex::default(),
            stop: AtomicBool::new(false),
            still: AtomicBool::new(false),
        };
        site.acquainted();
        site
    }

    pub(super) fn node(&self, number: usize) -> MutexGuard<'_, Node> {
        self.nodes[number].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until all nodes know that the others are alive.
    #[track_caller]
    pub(super) fn acquainted(&self) {
        let wanted = (self.nodes.len() - 1) as f64;
        let deadline = Instant::now() + STUCK;
        for number in 0..self.nodes.len() {
            while self.metric(number, "nextlink_cluster_other_nodes") != Some(wanted) {
                assert!(Instant::now() < deadline, "node {number} does not know the others");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// A metric without labels, if the node answers.
    pub(super) fn metric(&self, number: usize, name: &str) -> Option<f64> {
        let url = self.node(number).admin_url("/metrics");
        let text = http::send("GET", &url, &[], None).ok()?.text();
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }

    /// What is left of results: rows, files, open files, copies, reserved bytes.
    pub(super) fn left(&self) -> Vec<String> {
        let mut left = Vec::new();
        let rows = self.system.query("SELECT id, generation FROM results").len();
        if rows > 0 {
            left.push(format!("{rows} rows in the system database"));
        }
        for number in 0..self.nodes.len() {
            for name in HELD {
                match self.metric(number, name) {
                    Some(0.0) => {}
                    value => left.push(format!("node {number}: {name} is {value:?}")),
                }
            }
            let pid = self.node(number).pid();
            let (dir, open) = (self.plan.data_dir(number).join("results"), format!("/proc/{pid}/fd"));
            let paths =
                |dir: PathBuf| std::fs::read_dir(dir).into_iter().flatten().flatten().map(|file| file.path());
            let ours = |path: &Path| path.extension().is_some_and(|end| end == "pages" || end == "index");
            let files = paths(dir).filter(|path| ours(path)).count();
            let links = paths(open.into()).filter_map(|path| std::fs::read_link(path).ok());
            // What is removed and still open has other words behind its name.
            let handles =
                links.filter(|path| path.to_string_lossy().contains(".pages") || ours(path)).count();
            if files + handles > 0 {
                left.push(format!("node {number}: {files} files, {handles} of them or of removed ones open"));
            }
        }
        left
    }

    /// Keeps what a node has written that is to be replaced, and looks for panics in it.
    pub(super) fn heard(&self, node: &Node) {
        let log = node.log();
        let panics = log.lines().filter(|line| line.contains("panicked at"));
        panics.for_each(|line| self.tally.wrong(format!("{} panicked: {line}", node.name())));
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.entry(node.base().to_owned()).or_default().push_str(&log);
    }

    /// Writes down what happened, and what each node wrote.
    pub(super) fn write(&self, dir: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(dir)?;
        std::fs::write(dir.join("diary"), self.tally.diary())?;
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        for (number, base) in self.bases.iter().enumerate() {
            std::fs::write(dir.join(format!("node{number}")), logs.get(base).map_or("", String::as_str))?;
        }
        Ok(())
    }
}

/// A disk of a node's own, which can be full.
#[derive(Debug)]
pub(super) struct Disk {
    path: PathBuf,
}

impl Disk {
    /// Mounts it; `None` for a user who may not.
    fn mount(path: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&path).ok()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", DISK, "nextlink-soak"]).arg(&path);
        let mounted = mount.stdin(Stdio::null()).stderr(Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then_some(Self { path })
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }

    /// Takes all the room that is left.
    pub(super) fn fill(&self) {
        use std::io::Write as _;
        let piece = vec![1; 256 * 1024];
        let mut file = std::fs::File::create(self.ballast()).expect("a file can be made");
        while file.write_all(&piece).is_ok() {}
    }

    /// Gives the room back.
    pub(super) fn empty(&self) {
        let _ = std::fs::remove_file(self.ballast());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).stdin(Stdio::null()).status();
    }
}
