//! A node that was alone moves into a cluster, with what it had.

use std::path::{Path, PathBuf};

use nextlink_testkit::cluster::{Cluster, HOST, ask};
use nextlink_testkit::node::{Launch, Node};
use nextlink_testkit::postgres;
use nextlink_testkit::sqlite::sqlite;

use crate::group::PROGRAM;
use crate::site::{files_in, prefer, refusal, table, until};

/// A node with a data directory that others use later.
struct Site {
    launch: Launch,
}

impl Site {
    fn new() -> Site {
        let launch = Launch::new(PROGRAM, &[]);
        sqlite(&launch.data_dir().join("s.db"), &table(900));
        Site { launch }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.launch.data_dir().join(name)
    }

    /// Writes the configuration of a node; with `cluster` it is one of several.
    fn config(&self, name: &str, cluster: &str, sources: bool) -> String {
        let file = self.path(&[name, ".toml"].concat());
        let mut text = format!("[results]\nmin_free_mib = 0\n[log]\nlevel = \"debug\"\n{cluster}\n");
        if sources {
            text += &format!("[sources.s]\nurl = \"sqlite:{}\"\n", self.path("s.db").display());
        }
        std::fs::write(&file, text).expect("the configuration can be written");
        file.display().to_string()
    }

    fn start(&self, config: &str, data: &str) -> Node {
        let data = self.path(data).display().to_string();
        let args = ["serve", "--config", config, "--data-dir", &data];
        let free =
            ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--cluster-listen", "127.0.0.1:0"];
        Launch::new(PROGRAM, &args).args(&free).start()
    }

    fn import(&self, config: &str) -> (bool, String) {
        let data = self.path("data").display().to_string();
        let mut command = std::process::Command::new(PROGRAM);
        let run = command.args(["system", "import", "--config", config, "--data-dir", &data]).output();
        let run = run.expect("the program runs");
        let said = [run.stdout, run.stderr].concat();
        (run.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    fn new_keys(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        let made = std::process::Command::new(PROGRAM).arg("new-keys").arg(&path).output();
        assert!(made.is_ok_and(|made| made.status.success()));
        path
    }
}

fn cluster(system: &str, keys: &Path) -> String {
    let ca = postgres::server().ca();
    format!(
        "[cluster]\nsystem = \"{system}\"\nsystem_ca = \"{}\"\nkey_file = \"{}\"\nheartbeat_ms = 300\nlease_ms = 3000\n\
         drain_grace_ms = 0",
        ca.display(),
        keys.display()
    )
}

/// Links and pages of two results: one that is complete, and one that is read by a client that goes on.
fn begin(node: &Node) -> Vec<(String, Vec<u8>)> {
    let mut pages = Vec::new();
    for path in ["T?$orderby=G", "T?$filter=Id%20gt%205&$count=true"] {
        let mut url = Cluster::url(&["/api/odata4/s/", path].concat());
        for _ in 0..4 {
            let page = ask(node.base(), &url, &[("Prefer", &prefer(50))]).expect("an answer");
            assert_eq!(page.status, 200, "{}", page.text());
            url = page.json()["@odata.nextLink"].as_str().expect("a link").to_owned();
            pages.push((url.clone(), Vec::new()));
        }
    }
    for (url, bytes) in &mut pages {
        *bytes = ask(node.base(), url, &[]).expect("an answer").body;
    }
    crate::site::settled(node);
    pages
}

/// Reads on from a link to the end; gives the number of rows.
fn rest(node: &Node, link: &str) -> usize {
    let (mut url, mut rows) = (Some(link.to_owned()), 0);
    while let Some(next) = url {
        let page = ask(node.base(), &next, &[]).expect("an answer").json();
        rows += page["value"].as_array().map(Vec::len).unwrap_or_default();
        url = page["@odata.nextLink"].as_str().map(str::to_owned);
    }
    rows
}

/// The token of a link, without the route that nodes of a cluster write before it.
fn unrouted(text: &[u8]) -> String {
    String::from_utf8_lossy(text)
        .replace("skiptoken=n1--", "skiptoken=")
        .replace("skiptoken=n2--", "skiptoken=")
}

#[test]
fn a_node_moves_with_its_sources_and_results() {
    let site = Site::new();
    let database = postgres::server().database("moved");
    let alone = site.config("alone", "", true);
    let mut node = site.start(&alone, "data");
    let pages = begin(&node);
    let member = cluster(&database.url(), &site.path("data/keys"));
    let config = site.config("member", &member, true);
    let (good, said) = site.import(&config);
    assert!(!good && said.contains("another process"), "while it runs: {said}");
    assert!(node.terminate().success());
    let kept = files_in(&site.path("data/results"));
    assert_eq!(kept.len(), 4);

    let (good, said) = site.import(&config);
    assert!(good, "{said}");
    assert_eq!(said, "s: added\nstored results: 2 added, 0 known already, 0 not readable\n");
    let (good, said) = site.import(&config);
    assert!(good, "once more: {said}");
    assert_eq!(said, "s: as it was\nstored results: 0 added, 2 known already, 0 not readable\n");

    // Neither the node nor the other one needs the source in its file any more.
    let first = site.start(&site.config("first", &member, false), "data");
    let mut second = site.start(&site.config("second", &member, false), "data2");
    assert_eq!((first.name(), second.name()), ("n1", "n2"));
    assert_eq!(files_in(&site.path("data/results")), kept, "all of them were taken over");
    for (url, bytes) in &pages {
        for node in [&first, &second] {
            let page = ask(node.base(), url, &[]).expect("an answer");
            assert_eq!(page.status, 200, "{url}: {}", page.text());
            assert_eq!(unrouted(&page.body), unrouted(bytes), "{url}");
        }
    }
    assert_eq!(rest(&second, &pages[3].0), 900 - 200);
    assert_eq!(rest(&first, &pages[7].0), 895 - 200);
    first.says("stored result taken over");
    // It is a cluster: new results of it are read everywhere, and once more is harmless while it runs.
    let (good, said) = site.import(&config);
    assert!(!good && said.contains("another process"), "{said}");
    let link = begin(&first).pop().expect("a page").0;
    assert_eq!(rest(&second, &link), 895 - 200);
    // What it brought is handed over like everything else.
    let mut first = first;
    assert!(first.terminate().success());
    for (url, bytes) in &pages {
        let page = ask(second.base(), url, &[]).expect("an answer");
        assert_eq!((page.status, unrouted(&page.body)), (200, unrouted(bytes)), "{url}");
    }
    let (good, said) = site.import(&config);
    assert!(good && said.contains(" 0 added"), "what it does not hold any more does not come back: {said}");
    assert!(second.terminate().success());
}

/// With another key the links end, nothing is left over, and how to keep them is said before.
#[test]
fn another_key_ends_the_links_and_says_so() {
    let site = Site::new();
    let database = postgres::server().database("moved");
    let mut node = site.start(&site.config("alone", "", true), "data");
    let pages = begin(&node);
    assert!(node.terminate().success());
    let keys = site.new_keys("cluster.keys");
    let config = site.config("member", &cluster(&database.url(), &keys), true);
    let (good, said) = site.import(&config);
    assert!(good && said.contains("0 added, 0 known already, 2 not readable"), "{said}");
    assert!(said.contains("410") && said.contains("cluster.key_file"), "{said}");

    // With both keys, as it says, they stay.
    let both = site.new_keys("both.keys");
    let read = |path: &Path| std::fs::read_to_string(path).expect("keys");
    let own = read(&site.path("data/keys"));
    let text = [read(&both).as_str(), own.lines().last().unwrap_or_default(), "\n"].concat();
    std::fs::write(&both, text).expect("keys");
    let other = postgres::server().database("moved_both");
    let with_both = site.config("both", &cluster(&other.url(), &both), true);
    let (good, said) = site.import(&with_both);
    assert!(good && said.contains("2 added") && !said.contains("410"), "{said}");
    let copied =
        std::process::Command::new("cp").arg("-r").arg(site.path("data")).arg(site.path("copy")).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let mut both = site.start(&with_both, "copy");
    for (url, bytes) in &pages {
        let page = ask(both.base(), url, &[]).expect("an answer");
        assert_eq!(page.status, 200, "{url}: {}", page.text());
        // The last page before the end has a link under the new key.
        let rows =
            |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).expect("JSON")["value"].clone();
        assert_eq!(rows(&page.body), rows(bytes), "{url}");
    }
    assert!(both.terminate().success());

    let member = site.start(&config, "data");
    for (url, _) in &pages {
        let page = ask(member.base(), url, &[]).expect("an answer");
        assert_eq!(refusal(&page), (410, "ResultGone".to_owned()), "{url}");
    }
    until("nothing is left", || files_in(&site.path("data/results")).is_empty());
    assert_eq!(
        ask(member.base(), &format!("http://{HOST}/api/odata4/s/T(1)"), &[]).expect("an answer").status,
        200
    );
}

/// What is wrong is said, and nothing is changed.
#[test]
fn what_cannot_be_moved_is_said() {
    let site = Site::new();
    let database = postgres::server().database("moved");
    let keys = site.new_keys("cluster.keys");
    let member = cluster(&database.url(), &keys);
    for (what, config, words) in [
        ("alone", site.config("alone", "", true), "there is no data directory"),
        ("no data", site.config("member", &member, true), "there is no data directory"),
    ] {
        let (good, said) = site.import(&config);
        assert!(!good && said.contains(words), "{what}: {said}");
    }
    std::fs::create_dir(site.path("data")).expect("a directory");
    let (good, said) = site.import(&site.config("alone", "", true));
    assert!(!good && said.contains("no cluster.system"), "{said}");
    let (good, said) = site.import(&site.config("member", &member, true));
    assert!(good && said.starts_with("s: added\nstored results: none"), "{said}");
    // The cluster has the source with other settings by now: they stay, and that is said.
    let text = std::fs::read_to_string(site.path("member.toml")).expect("a file");
    std::fs::write(site.path("member.toml"), [&text, "page_rows = 3\n"].concat()).expect("a file");
    let (good, said) = site.import(&site.path("member.toml").display().to_string());
    assert!(good && said.contains("s: kept: the cluster has it with other settings"), "{said}");
}
