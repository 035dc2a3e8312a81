//! A cluster: several nodes as processes, with one system database, one file of keys and the same sources.

use crate::http::{self, Answer, HttpError};
use crate::ledger::{Expected, Ledger, read_with};
use crate::node::{Launch, Node};
use crate::wait::until;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// The host that requests name, so that links, and with them the bytes of pages, are the same on all nodes.
pub const HOST: &str = "data.example";

fn read_lines(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.lines().map(str::to_owned).collect()
}

/// All lines but the first one, which says what the file is.
fn read_keys(file: &Path) -> Vec<String> {
    read_lines(file).split_off(1)
}

/// What the nodes of a cluster have in common.
#[derive(Clone, Debug)]
pub struct Plan {
    program: PathBuf,
    dir: Arc<TempDir>,
    system: String,
    settings: String,
    cluster: String,
}

impl Plan {
    /// Nodes of this program; their system database is a SQLite file.
    ///
    /// # Panics
    /// When the keys cannot be made.
    #[track_caller]
    pub fn new(program: impl AsRef<Path>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let system = format!("sqlite:{}", dir.path().join("system.db").display());
        let plan = Self {
            program: program.as_ref().to_owned(),
            dir: Arc::new(dir),
            system,
            settings: String::new(),
            cluster: String::new(),
        };
        plan.make_keys(&plan.key_file());
        plan
    }

    #[track_caller]
    fn make_keys(&self, file: &Path) {
        let made = Command::new(&self.program).arg("new-keys").arg(file).stdin(Stdio::null()).output();
        let made = made.unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    /// The keys of the cluster, the one that seals first.
    ///
    /// # Panics
    /// When the file is not there.
    #[track_caller]
    pub fn keys(&self) -> Vec<String> {
        read_keys(&self.key_file())
    }

    /// A key that no node has.
    ///
    /// # Panics
    /// When it cannot be made.
    #[track_caller]
    pub fn new_key(&self) -> String {
        let file = self.dir().join("new.keys");
        self.make_keys(&file);
        let mut keys = read_keys(&file);
        std::fs::remove_file(&file).expect("the file can be removed");
        keys.pop().expect("a file of keys has one")
    }

    /// Gives the cluster these keys, for nodes that start from now on.
    ///
    /// # Panics
    /// When the file cannot be written.
    #[track_caller]
    pub fn set_keys(&self, keys: &[String]) {
        let file = self.key_file();
        let head = read_lines(&file).swap_remove(0);
        // It takes the place of the old one at once, as a node may start meanwhile.
        let new = self.dir().join("next.keys");
        std::fs::write(&new, [std::slice::from_ref(&head), keys].concat().join("\n") + "\n")
            .expect("the file can be written");
        let owner = std::fs::metadata(&file).expect("the file is there").permissions();
        std::fs::set_permissions(&new, owner).expect("others may not read it");
        std::fs::rename(&new, &file).expect("the file can be replaced");
    }

    /// With these lines in the configuration of all nodes: tables of settings and sources.
    pub fn settings(mut self, lines: &str) -> Self {
        self.settings.push_str(lines);
        self.settings.push('\n');
        self
    }

    /// With the system database at this URL.
    pub fn system(mut self, url: &str) -> Self {
        self.system = url.to_owned();
        self
    }

    /// With more lines in the table `[cluster]`.
    pub fn cluster(mut self, lines: &str) -> Self {
        self.cluster.push_str(lines);
        self.cluster.push('\n');
        self
    }

    /// The directory of everything that the nodes write to.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The file with the keys of the cluster.
    pub fn key_file(&self) -> PathBuf {
        self.dir().join("cluster.keys")
    }

    /// The URL of the system database.
    pub fn system_url(&self) -> &str {
        &self.system
    }

    /// The data directory of a node, counted from 0.
    pub fn data_dir(&self, number: usize) -> PathBuf {
        self.dir().join(format!("data{number}"))
    }

    /// The configuration file of a node.
    pub fn config_file(&self, number: usize) -> PathBuf {
        self.dir().join(format!("node{number}.toml"))
    }

    /// How a node is started, on free ports; with more lines for it alone in the table `[cluster]`.
    ///
    /// # Panics
    /// When its configuration cannot be written.
    #[track_caller]
    pub fn launch(&self, number: usize, lines: &str) -> Launch {
        self.launch_on("127.0.0.1", number, lines)
    }

    /// How a node is started that has an address of its own.
    ///
    /// # Panics
    /// When its configuration cannot be written.
    #[track_caller]
    pub fn launch_on(&self, host: &str, number: usize, lines: &str) -> Launch {
        let (system, keys) = (&self.system, self.key_file());
        let text = format!(
            "{}\n[cluster]\nsystem = \"{system}\"\nkey_file = \"{}\"\n{}\n{lines}\n",
            self.settings,
            keys.display(),
            self.cluster
        );
        let file = self.config_file(number);
        std::fs::write(&file, text).expect("the configuration can be written");
        let (file, data) = (file.display().to_string(), self.data_dir(number).display().to_string());
        let free = format!("{host}:0");
        Launch::new(&self.program, &["serve", "--config", &file, "--data-dir", &data]).args(&[
            "--listen",
            &free,
            "--admin-listen",
            &free,
            "--cluster-listen",
            &free,
        ])
    }

    /// Starts so many nodes.
    #[track_caller]
    pub fn start(&self, nodes: usize) -> Cluster {
        let nodes = (0..nodes).map(|number| self.launch(number, "").start()).collect();
        let cluster = Cluster { plan: self.clone(), nodes };
        cluster.acquainted();
        cluster
    }
}

/// Running nodes.
#[derive(Debug)]
pub struct Cluster {
    /// What they have in common.
    pub plan: Plan,
    /// The nodes.
    pub nodes: Vec<Node>,
}

impl Cluster {
    /// Waits until each node knows that the others are alive.
    ///
    /// # Panics
    /// When that does not come true.
    #[track_caller]
    pub fn acquainted(&self) {
        let wanted = format!("nextlink_cluster_other_nodes {}", self.nodes.len() - 1);
        for node in &self.nodes {
            let metrics = || http::get(&node.admin_url("/metrics"), &[]).text();
            let what = format!("{} knows the other nodes", node.name());
            until(&what, || metrics().lines().any(|line| line == wanted));
        }
    }

    /// A URL as all nodes write it; `path` begins with `/`.
    pub fn url(path: &str) -> String {
        format!("http://{HOST}{path}")
    }

    /// Asks one node for a URL that any of them has written.
    ///
    /// # Errors
    /// There is no answer.
    pub fn ask(&self, node: usize, url: &str, headers: &[(&str, &str)]) -> Result<Answer, HttpError> {
        ask(self.nodes[node].base(), url, headers)
    }

    /// Checks a reading that has to be whole: its rows are the expected ones in their order, and a sample of the links
    /// gives the same bytes on every node.
    ///
    /// # Panics
    /// Naming every fault.
    #[track_caller]
    pub fn check(&self, ledger: &Ledger, expected: &Expected, headers: &[(&str, &str)]) {
        let mut faults = ledger.faults(expected);
        for number in 0..self.nodes.len() {
            let again = ledger.reread(|url| self.ask(number, url, headers));
            faults.extend(again.into_iter().map(|fault| format!("node {number}: {fault}")));
        }
        assert!(faults.is_empty(), "{} pages were read:\n- {}", ledger.entries.len(), faults.join("\n- "));
    }

    /// Reads to the end as a client does that echoes no cookie, behind a load balancer that gives each request to the
    /// next node.
    pub fn read_all(&self, path: &str, headers: &[(&str, &str)]) -> Ledger {
        let mut turn = 0;
        read_with(&Self::url(path), |url| {
            turn += 1;
            self.ask((turn - 1) % self.nodes.len(), url, headers)
        })
    }
}

/// Asks the node at `base` for a URL of the cluster.
///
/// # Errors
/// There is no answer.
pub fn ask(base: &str, url: &str, headers: &[(&str, &str)]) -> Result<Answer, HttpError> {
    let rest = url.strip_prefix("http://").and_then(|rest| rest.strip_prefix(HOST));
    let rest = rest.ok_or_else(|| HttpError::Url(url.to_owned()))?;
    let mut all = vec![("Host", HOST)];
    all.extend_from_slice(headers);
    http::send("GET", &[base, rest].concat(), &all, None)
}
