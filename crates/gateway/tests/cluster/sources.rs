//! Sources of a cluster: set once, served by all nodes, and gone from all.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use nextlink_testkit::cluster::{Cluster, Plan};
use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::node::{Launch, Node};
use nextlink_testkit::postgres;
use nextlink_testkit::sqlite::sqlite;
use serde_json::{Value, json};

use crate::copies::{copied, files};
use crate::group::{PROGRAM, QUICK, each_with, plan};
use crate::site::{prefer, refusal, table, until};

const LIST: &str = "/api/admin/system/sources";

/// Runs a command with the configuration of a node: whether it went well, and what it said.
pub fn run(plan: &Plan, node: usize, args: &[&str]) -> (bool, String) {
    let config = plan.config_file(node).display().to_string();
    let mut command = Command::new(PROGRAM);
    let run = command.args(args).args(["--config", &config]).stdin(Stdio::null()).output();
    let run = run.expect("the program runs");
    let said = [run.stdout, run.stderr].concat();
    (run.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Runs a command that is to go well.
#[track_caller]
pub fn good(plan: &Plan, args: &[&str]) -> String {
    let (good, said) = run(plan, 0, args);
    assert!(good, "{args:?}: {said}");
    said
}

/// Asks the administration listener for a source.
#[track_caller]
fn admin(node: &Node, method: &str, name: &str, body: Option<&Value>) -> Answer {
    let body = body.map(Value::to_string);
    let url = node.admin_url(&[LIST, "/", name].concat());
    http::send(method, &url, &[], body.as_deref().map(str::as_bytes)).expect("an answer")
}

/// The sources as a node lists them.
#[track_caller]
fn listed(node: &Node) -> Value {
    let answer = http::get(&node.admin_url(LIST), &[]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// What the nodes make of a source.
fn states(node: &Node, name: &str) -> Vec<String> {
    let list = listed(node);
    let source = list["sources"].as_array().into_iter().flatten().find(|source| source["name"] == name);
    let states = source.map(|source| source["nodes"].clone()).unwrap_or_default();
    let state = |node: &Value| node["state"].as_str().unwrap_or_default().to_owned();
    states.as_array().into_iter().flatten().map(state).collect()
}

fn get(node: &Node, path: &str) -> Answer {
    node.get(&["/api/odata4/", path].concat(), &[])
}

fn all(cluster: &Cluster, what: &str, condition: impl Fn(&Node) -> bool) {
    until(what, || cluster.nodes.iter().all(&condition));
}

/// A database with a table `T` of so many rows.
fn database(plan: &Plan, name: &str, rows: u64) -> (PathBuf, String) {
    let path = plan.dir().join([name, ".db"].concat());
    sqlite(&path, &table(rows));
    let url = format!("sqlite:{}", path.display());
    (path, url)
}

fn count(log: &str, words: &[&str]) -> usize {
    log.lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
}

#[test]
fn a_model_file_goes_to_all_nodes() {
    each_with(&table(20), QUICK, |name, cluster| {
        let plan = &cluster.plan;
        let (_, url) = database(plan, "shaped", 5);
        let file = plan.dir().join("shaped.yaml");
        std::fs::write(&file, "entities: {Things: {table: T}}").expect("the model file can be written");
        let setting = format!("model={}", file.display());
        assert_eq!(good(plan, &["sources", "set", "shaped", &url, &setting]), "shaped: added\n", "{name}");
        // Nobody needs the file any more.
        std::fs::remove_file(&file).expect("the model file can be removed");
        all(&cluster, "all serve it", |node| get(node, "shaped/Things(5)").status == 200);
        let node = &cluster.nodes[1];
        let text = "entities: {Others: {table: T}}";
        let put = |settings: Value| admin(node, "PUT", "shaped", Some(&settings));
        let set = put(json!({ "url": url, "model_text": text }));
        assert_eq!((set.status, &set.json()["settings"]["model_text"]), (200, &text.into()), "{name}");
        all(&cluster, "all have the new one", |node| get(node, "shaped/Others(5)").status == 200);
        assert_eq!(get(node, "shaped/Things(5)").status, 404, "{name}");
        for (settings, words) in [
            (json!({ "url": url, "model": "m.yaml" }), "model_text"),
            (json!({ "url": url, "model_text": "a: 1" }), "line 1, column 1"),
        ] {
            let refused = put(settings);
            assert_eq!(refused.status, 400, "{name}: {words}");
            assert!(refused.text().contains(words), "{name}: {words} in {}", refused.text());
        }
        let (failed, said) = run(plan, 0, &["sources", "set", "shaped", &url, &setting]);
        assert!(!failed && said.contains("shaped.yaml"), "{name}: {said}");
    });
}

#[test]
fn changes_reach_all_nodes() {
    each_with(&table(500), QUICK, |name, cluster| {
        let nodes = &cluster.nodes;
        let plan = &cluster.plan;
        let (_, url) = database(plan, "more", 40);
        all(&cluster, "all say that they serve it", |node| states(node, "s") == ["served"; 3]);
        assert_eq!(
            listed(&nodes[2])["revision"],
            1,
            "{name}: the first node had it, the others had the same"
        );
        let link = crate::group::first_page(&cluster, 0, "T", 50).1;
        let page = crate::group::follow(&cluster, 1, &link);

        let made = admin(&nodes[1], "PUT", "more", Some(&json!({ "url": url })));
        assert_eq!(made.status, 201, "{name}: {}", made.text());
        assert_eq!(made.json()["settings"], json!({ "url": url }), "{name}");
        assert_eq!(made.json()["revision"], 2, "{name}");
        all(&cluster, "all serve it", |node| get(node, "More/T(40)").status == 200);
        all(&cluster, "all say so", |node| states(node, "more") == ["served"; 3]);

        let rows = |node: &Node| get(node, "more/T").json()["value"].as_array().map(Vec::len);
        let set = json!({ "url": url, "page_rows": 7 });
        for status in [200, 200] {
            let changed = admin(&nodes[2], "PUT", "more", Some(&set));
            assert_eq!((changed.status, &changed.json()["revision"]), (status, &3.into()), "{name}");
        }
        all(&cluster, "all have the other settings", |node| rows(node) == Some(7));

        let said = good(plan, &["sources", "set", "more", &url, "page_rows=9", "include=[\"T\"]"]);
        assert_eq!(said, "more: changed\n", "{name}");
        all(&cluster, "all have them again", |node| rows(node) == Some(9));
        let said = good(plan, &["sources", "set", "Third", &url]);
        assert_eq!(said, "Third: added\n", "{name}");
        all(&cluster, "all serve it", |node| get(node, "third/T(40)").status == 200);
        all(&cluster, "all say so", |node| states(node, "Third") == ["served"; 3]);
        let text = good(plan, &["sources"]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{name}: {text}");
        assert!(lines[0].starts_with("NAME") && lines[1].starts_with("more "), "{name}: {text}");
        assert!(lines[3].ends_with("n1 served, n2 served, n3 served"), "{name}: {text}");
        let list: Value = serde_json::from_str(&good(plan, &["sources", "--json"])).expect("JSON");
        assert_eq!(list, listed(&nodes[0]), "{name}");
        assert_eq!(list["sources"][0]["settings"]["page_rows"], 9, "{name}");

        let one = admin(&nodes[0], "GET", "MORE", None);
        assert_eq!(one.json(), list["sources"][0], "{name}");
        assert_eq!(admin(&nodes[0], "DELETE", "MORE", None).status, 204, "{name}");
        assert_eq!(good(plan, &["sources", "remove", "third"]), "third: removed\n", "{name}");
        for source in ["more", "third"] {
            all(&cluster, "it is gone", |node| get(node, &[source, "/T"].concat()).status == 404);
        }
        for status in [admin(&nodes[0], "DELETE", "more", None), admin(&nodes[0], "GET", "more", None)] {
            assert_eq!(status.status, 404, "{name}");
        }
        let (failed, said) = run(plan, 1, &["sources", "remove", "more"]);
        assert!(!failed && said.contains("there is no source 'more'"), "{name}: {said}");
        for node in nodes {
            let metrics = http::get(&node.admin_url("/metrics"), &[]).text();
            let up = |name: &str| metrics.contains(&format!("nextlink_source_up{{source=\"{name}\"}}"));
            assert_eq!([up("s"), up("more"), up("Third")], [true, false, false], "{name}: {metrics}");
        }
        // What was not changed was not touched.
        for (number, node) in nodes.iter().enumerate() {
            assert!(crate::group::follow(&cluster, number, &link).body == page.body, "{name}");
            assert_eq!(count(&node.log(), &["source opened", "\"s\""]), 1, "{name}: {}", node.log());
            assert_eq!(count(&node.log(), &["source read again"]), 0, "{name}: {}", node.log());
        }
    });
}

/// A file is applied in one step; what it does not name stays, or goes.
#[test]
fn files_are_applied() {
    let plan = plan(&table(20)).cluster(QUICK);
    let cluster = plan.start(2);
    let (_, url) = database(&plan, "more", 30);
    let file = plan.dir().join("more.toml");
    std::fs::write(
        &file,
        format!("[sources.a]\nurl = \"{url}\"\n[sources.b]\nurl = \"{url}\"\npage_rows = 5\n"),
    )
    .expect("a file");
    let file = file.display().to_string();
    assert_eq!(good(&plan, &["sources", "apply", &file]), "a: added\nb: added\n");
    assert_eq!(listed(&cluster.nodes[0])["revision"], 2);
    assert_eq!(good(&plan, &["sources", "apply", &file]), "a: as it was\nb: as it was\n");
    assert_eq!(listed(&cluster.nodes[0])["revision"], 2, "nothing has changed");
    all(&cluster, "all are served", |node| {
        ["a/T", "b/T", "s/T"].map(|path| get(node, path).status) == [200; 3]
    });
    let said = good(&plan, &["sources", "apply", &file, "--only"]);
    assert_eq!(said, "a: as it was\nb: as it was\ns: removed\n");
    all(&cluster, "one is gone", |node| {
        ["a/T", "b/T", "s/T"].map(|path| get(node, path).status) == [200, 200, 404]
    });
    let bad = plan.dir().join("bad.toml");
    for (text, words) in [
        ("", "names no source"),
        ("[sources.a]\nurl = \"oracle:x\"", "line 2"),
        ("[sources.a]\nurl = \"sqlite:x\"\npage_rows = 0", "line 3"),
        ("[sources.a]\nurl = 5", "line 2"),
    ] {
        std::fs::write(&bad, text).expect("a file");
        let (good, said) = run(&plan, 0, &["sources", "apply", &bad.display().to_string()]);
        assert!(!good && said.contains(words), "{text}: {said}");
    }
    for (args, words) in [
        (&["sources", "set", "a b", "sqlite:x"][..], "a source name has letters"),
        (&["sources", "set", "a", "oracle:x"], "sources.a.url"),
        (&["sources", "set", "a", "sqlite:x", "page_rows=0"], "sources.a.page_rows"),
        (&["sources", "set", "a", "sqlite:x", "page_rows=many"], "invalid type"),
        (&["sources", "set", "a", "sqlite:x", "colour=red"], "colour"),
        (&["sources", "set", "a", "sqlite:x", "red"], "write KEY=VALUE"),
        (&["sources", "set", "a", "sqlite:x", "url=sqlite:y"], "given twice"),
        (&["sources", "set", "a", "postgres://u@h/d", "password=S3CRET"], "password_file"),
    ] {
        let (good, said) = run(&plan, 0, args);
        assert!(!good && said.contains(words) && !said.contains("S3CRET"), "{args:?}: {said}");
    }
    assert_eq!(listed(&cluster.nodes[0])["revision"], 3, "none of that has changed anything");
}

/// Nobody is given pages of a source that was removed: not under its name, and not under another source that gets the name,
/// whichever node was away meanwhile.
#[test]
fn the_results_of_a_removed_source_go_with_it() {
    each_with(&table(10), QUICK, |name, mut cluster| {
        let (_, url) = database(&cluster.plan, "more", 900);
        let source = json!({ "url": url });
        let put = |cluster: &Cluster, node: usize| {
            assert!(admin(&cluster.nodes[node], "PUT", "more", Some(&source)).status < 300, "{name}");
            until("it is served", || get(&cluster.nodes[node], "more/T(1)").status == 200);
        };
        put(&cluster, 0);
        all(&cluster, "all serve it", |node| get(node, "more/T(1)").status == 200);
        let begin = |cluster: &Cluster, node: usize| -> String {
            let url = Cluster::url("/api/odata4/more/T?$orderby=G");
            let page = cluster.ask(node, &url, &[("Prefer", &prefer(50))]).expect("an answer");
            page.json()["@odata.nextLink"].as_str().expect("a link").to_owned()
        };
        let links = [begin(&cluster, 0), begin(&cluster, 1)];
        copied(&cluster, 1);
        let ask = |cluster: &Cluster, node: usize| {
            links.each_ref().map(|link| refusal(&crate::group::follow(cluster, node, link)))
        };
        // One of them is away.
        cluster.nodes[1].kill();
        assert_eq!(admin(&cluster.nodes[2], "DELETE", "more", None).status, 204, "{name}");
        for node in [0, 2] {
            until("it is gone", || get(&cluster.nodes[node], "more/T").status == 404);
            assert_eq!(ask(&cluster, node), [(404, "NotFound".to_owned()), (404, "NotFound".to_owned())]);
            until("no file is left", || files(&cluster, node).is_empty());
        }
        put(&cluster, 0);
        until("all serve it", || get(&cluster.nodes[2], "more/T(1)").status == 200);
        let again = cluster.nodes[1].start_again();
        cluster.nodes[1] = again;
        for node in 0..3 {
            until("all serve it", || get(&cluster.nodes[node], "more/T(1)").status == 200);
            let gone = (410, "ResultGone".to_owned());
            assert_eq!(ask(&cluster, node), [gone.clone(), gone], "{name}: node {node}");
        }
        // A node serves before it has removed them.
        until("no file is left", || files(&cluster, 1).is_empty());
    });
}

/// What cannot be served is said by every node, and keeps none from serving the rest.
#[test]
fn a_source_that_cannot_be_served_is_said_to_be_so() {
    let plan = plan(&table(20)).cluster(QUICK);
    let cluster = plan.start(2);
    let nodes = &cluster.nodes;
    let (path, url) = database(&plan, "more", 30);
    let missing = format!("sqlite:{}", plan.dir().join("later.db").display());
    let made = admin(&nodes[0], "PUT", "later", Some(&json!({ "url": missing })));
    assert_eq!(made.status, 201, "it may be there later: {}", made.text());
    let down = |node: &Node, name: &str| {
        let answer = get(node, &[name, "/T"].concat());
        answer.status == 503 && refusal(&answer).1 == "SourceUnavailable"
    };
    all(&cluster, "all say so", |node| down(node, "later") && states(node, "later") == ["down"; 2]);
    let list = listed(&nodes[1]);
    assert!(
        list["sources"][0]["nodes"][0]["cause"]
            .as_str()
            .is_some_and(|cause| cause.contains("unable to open"))
    );
    all(&cluster, "the other is served", |node| get(node, "s/T(1)").status == 200);
    // Settings that cannot be opened take the place of those that could: all nodes serve the same.
    admin(&nodes[0], "PUT", "later", Some(&json!({ "url": url })));
    all(&cluster, "it is served", |node| get(node, "later/T(30)").status == 200);
    admin(&nodes[0], "PUT", "later", Some(&json!({ "url": missing })));
    all(&cluster, "it is not", |node| down(node, "later"));
    std::fs::rename(path, plan.dir().join("later.db")).expect("the file can be moved");
    all(&cluster, "it comes", |node| get(node, "later/T(30)").status == 200);
    all(&cluster, "all say so", |node| states(node, "later") == ["served"; 2]);

    // A row that nobody with the key has made; and one that was made for another source.
    let system = rusqlite::Connection::open(plan.dir().join("system.db")).expect("the system database");
    let change = "UPDATE revisions SET revision = revision + 1";
    let rows = [
        ("forged", "UPDATE sources SET sealed = x'0102', revision = 100 WHERE key = 'later'"),
        (
            "moved",
            "UPDATE sources SET sealed = (SELECT sealed FROM sources WHERE key = 's'), revision = 101 WHERE key = 'later'",
        ),
    ];
    for (number, (what, statement)) in rows.into_iter().enumerate() {
        system.execute_batch(&[statement, ";", change].concat()).expect(what);
        all(&cluster, what, |node| {
            down(node, "later") && states(node, "later").iter().all(|state| state != "served")
        });
        all(&cluster, "all have said why", |node| {
            count(&node.log(), &["cannot be served yet", "not made with the key"]) == number + 1
        });
        let one = admin(&nodes[0], "GET", "later", None).json();
        assert_eq!(one["problem"], "its row was not made with the key of the cluster", "{what}: {one}");
        assert_eq!(one["settings"], json!({}), "{what}: {one}");
    }
    assert!(good(&plan, &["sources"]).contains("later: its row was not made with the key"));
    all(&cluster, "the other is served", |node| get(node, "s/T(1)").status == 200);
    assert_eq!(admin(&nodes[0], "PUT", "later", Some(&json!({ "url": missing }))).status, 200);
    all(&cluster, "it is served again", |node| get(node, "later/T(30)").status == 200);
}

/// Method, path, headers and body; the status, and words of the answer.
type Refused<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, u16, &'a str);

#[test]
fn what_cannot_be_set_is_refused() {
    let plan = plan(&table(20)).cluster(QUICK);
    let cluster = plan.start(1);
    let node = &cluster.nodes[0];
    let url = |path: &str| node.admin_url(&[LIST, path].concat());
    let sqlite = "{\"url\": \"sqlite:x\"}";
    let rows: &[Refused] = &[
        ("PUT", "/x", &[], "", 400, "EOF"),
        ("PUT", "/x", &[], "[1]", 400, "invalid"),
        ("PUT", "/x", &[], "{}", 400, "sources.x.url"),
        ("PUT", "/x", &[], "{\"url\": \"postgres://u:S3CRET@h\"}", 400, "sources.x.url"),
        ("PUT", "/x", &[], "{\"url\": \"oracle://u:S3CRET@h/d\"}", 400, "sources.x.url"),
        ("PUT", "/x", &[], "{\"url\": \"sqlite:x\", \"page_rows\": 0}", 400, "sources.x.page_rows"),
        ("PUT", "/x", &[], "{\"url\": \"sqlite:x\", \"colour\": 1}", 400, "colour"),
        ("PUT", "/x", &[], "{\"url\": \"postgres://u@h/d\", \"password\": \"***\"}", 400, "hidden"),
        ("PUT", "/a%20b", &[], sqlite, 404, "no such source"),
        ("PUT", "/x", &[("Origin", "https://elsewhere.example")], sqlite, 403, "browsers"),
        ("DELETE", "/s", &[("Origin", "null")], "", 403, "browsers"),
        ("PUT", "/x", &[("Host", "elsewhere.example")], sqlite, 421, "server.admin_hosts"),
        ("POST", "/x", &[], sqlite, 405, "GET, HEAD, PUT or DELETE"),
        ("POST", "", &[], sqlite, 405, "GET or HEAD"),
        ("DELETE", "/x", &[], "", 404, "no such source"),
        ("GET", "/x", &[], "", 404, "no such source"),
    ];
    for (method, path, headers, body, status, words) in rows {
        let answer = http::send(method, &url(path), headers, Some(body.as_bytes())).expect("an answer");
        assert_eq!(answer.status, *status, "{method} {path} {body}: {}", answer.text());
        let text = answer.text();
        assert!(text.contains(words) && !text.contains("S3CRET"), "{method} {path} {body}: {text}");
    }
    let long = format!("{{\"url\": \"sqlite:{}\"}}", "x".repeat(70_000));
    let answer = http::send("PUT", &url("/x"), &[], Some(long.as_bytes())).expect("an answer");
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(listed(node)["revision"], 1);

    // Where others could reach the listener, it has to be said that they may.
    let closed = crate::group::plan(&table(20)).settings("[server]\nadmin_sources = false").start(1);
    for (method, body) in [("PUT", Some(json!({ "url": "sqlite:x" }))), ("DELETE", None)] {
        let answer = admin(&closed.nodes[0], method, "s", body.as_ref());
        assert_eq!((answer.status, answer.text().contains("server.admin_sources")), (403, true), "{method}");
    }
    assert_eq!(admin(&closed.nodes[0], "GET", "s", None).status, 200);
}

#[test]
fn a_node_that_is_alone_has_its_own() {
    let launch = Launch::new(PROGRAM, &[]);
    let file = launch.data_dir().join("s.db");
    sqlite(&file, &table(5));
    let node = Launch::serve(PROGRAM, &[("s", &file)]).start();
    let list = listed(&node);
    let states = json!([{ "node": "n1", "state": "served" }]);
    assert_eq!(
        list,
        json!({ "sources": [{ "name": "s", "settings": { "url": format!("sqlite:{}", file.display()) }, "nodes": states }] })
    );
    for (method, body) in [("PUT", Some(json!({ "url": "sqlite:x" }))), ("DELETE", None)] {
        let answer = admin(&node, method, "s", body.as_ref());
        assert_eq!((answer.status, answer.text().contains("alone")), (409, true), "{}", answer.text());
    }
    assert_eq!(admin(&node, "GET", "s", None).json(), list["sources"][0]);
    let run = Command::new(PROGRAM).arg("sources").output().expect("the program runs");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(!run.status.success() && said.contains("no cluster.system"), "{said}");
}

/// Passwords lie sealed in the system database, are shown nowhere, and work on every node.
#[test]
fn passwords_are_sealed() {
    let server = postgres::server();
    let database = server.database("source");
    database.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (7)");
    let secret = server.password();
    let with_url = json!({ "url": database.url(), "tls_ca": server.ca() });
    let bare = database.url().replace(&format!(":{secret}@"), "@");
    assert!(!bare.contains(secret));
    let with_password = json!({ "url": bare, "password": secret, "tls_ca": server.ca() });
    let password_file = std::path::Path::new("password");
    each_with(&table(5), QUICK, |name, cluster| {
        let file = cluster.plan.dir().join(password_file);
        std::fs::write(&file, format!("{secret}\n")).expect("a file");
        let with_file = json!({ "url": bare, "password_file": file, "tls_ca": server.ca() });
        let mut shown = String::new();
        for (source, settings) in [("a", &with_url), ("b", &with_password), ("c", &with_file)] {
            let made = admin(&cluster.nodes[0], "PUT", source, Some(settings));
            assert_eq!(made.status, 201, "{name}: {}", made.text());
            shown.push_str(&made.text());
        }
        for source in ["a", "b", "c"] {
            all(&cluster, "all serve it", |node| get(node, &[source, "/t(7)"].concat()).status == 200);
        }
        shown.push_str(&listed(&cluster.nodes[1]).to_string());
        shown.push_str(&good(&cluster.plan, &["sources"]));
        shown.push_str(&good(&cluster.plan, &["sources", "--json"]));
        cluster.nodes.iter().for_each(|node| shown.push_str(&node.log()));
        let b = &listed(&cluster.nodes[1])["sources"][1]["settings"];
        assert_eq!(b["password"], "***", "{name}");
        assert!(!shown.contains(secret), "{name}: {shown}");
        if name == "SQLite" {
            for file in ["system.db", "system.db-wal"] {
                let bytes = std::fs::read(cluster.plan.dir().join(file)).unwrap_or_default();
                let found = |words: &str| bytes.windows(words.len()).any(|part| part == words.as_bytes());
                assert!(!found(secret) && !found("password"), "{file}");
            }
        }
    });
}

/// Nodes of one cluster serve the same whatever stands in their files, and say what they do not serve.
#[test]
fn files_that_differ_make_no_difference() {
    let first = plan(&table(20)).cluster(QUICK);
    let (_, more) = database(&first, "more", 40);
    let begun = first.launch(0, "").start();
    begun.says("those of the cluster from now on");
    // Another one has the source with other settings, and one that the cluster has not.
    let lines = format!("page_rows = 3\n[sources.more]\nurl = \"{more}\"");
    let other = first.clone().settings(&lines).launch(1, "").start();
    let text = std::fs::read_to_string(first.config_file(0)).expect("a file");
    let (start, cluster) = text.split_at(text.find("[cluster]").expect("a table"));
    let nothing = start.split("[sources.s]").next().unwrap_or_default();
    let _ = first.launch(2, "");
    std::fs::write(first.config_file(2), [nothing, cluster].concat()).expect("a file");
    let config = first.config_file(2).display().to_string();
    let data = first.data_dir(2).display().to_string();
    let bare = Launch::new(PROGRAM, &["serve", "--config", &config, "--data-dir", &data])
        .args(&[
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
            "--cluster-listen",
            "127.0.0.1:0",
        ])
        .start();
    for node in [&begun, &other, &bare] {
        assert_eq!(get(node, "s/T").json()["value"].as_array().map(Vec::len), Some(20));
        assert_eq!(get(node, "more/T").status, 404);
        assert_eq!(listed(node)["revision"], 1);
    }
    other.says("those of the cluster count");
    let warned = |node: &Node| count(&node.log(), &["WARN", "those of the cluster count"]);
    assert_eq!([&begun, &other, &bare].map(warned), [0, 1, 0], "{}", other.log());
    assert!(
        count(&other.log(), &["those of the cluster count", "\"more\"", "\"s\""]) == 1,
        "{}",
        other.log()
    );
    let said = good(&first, &["sources", "apply", &first.config_file(1).display().to_string()]);
    assert_eq!(said, "more: added\ns: changed\n");
    for node in [&begun, &other, &bare] {
        until("it is served", || get(node, "more/T(40)").status == 200);
        until("it has changed", || get(node, "s/T").json()["value"].as_array().map(Vec::len) == Some(3));
    }
}

/// Many change sources at one time, by commands and by administration of several nodes: all of it is there.
#[test]
fn changes_at_one_time_are_all_made() {
    each_with(&table(20), QUICK, |name, cluster| {
        let (_, url) = database(&cluster.plan, "more", 4);
        std::thread::scope(|scope| {
            for number in 0..6 {
                let (cluster, url) = (&cluster, &url);
                scope.spawn(move || {
                    let source = format!("x{number}");
                    if number < 2 {
                        good(&cluster.plan, &["sources", "set", &source, url]);
                    } else {
                        let made =
                            admin(&cluster.nodes[number % 3], "PUT", &source, Some(&json!({ "url": url })));
                        assert_eq!(made.status, 201, "{}", made.text());
                    }
                });
            }
        });
        assert_eq!(listed(&cluster.nodes[0])["revision"], 7, "{name}");
        for number in 0..6 {
            all(&cluster, "all serve it", |node| get(node, &format!("x{number}/T(4)")).status == 200);
        }
    });
}
