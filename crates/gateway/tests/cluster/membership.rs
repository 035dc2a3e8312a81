//! Nodes come, go, are lost, and are never two.

use nextlink_testkit::cluster::Plan;
use nextlink_testkit::node::Node;
use nextlink_testkit::postgres;

use crate::group::{PROGRAM, QUICK, each, each_with, first_page, follow, listed, plan};
use crate::site::{metric, table, until};

/// Name and state of each node, as one of them lists them.
fn states(node: &Node) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    listed(node).iter().map(|node| (text(&node["name"]), text(&node["state"]))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, state)| ((*name).to_owned(), (*state).to_owned())).collect()
}

#[test]
fn nodes_are_listed_with_what_they_hold() {
    each(&table(500), |name, cluster| {
        first_page(&cluster, 1, "T", 50);
        first_page(&cluster, 1, "T?$orderby=G", 50);
        for (number, node) in cluster.nodes.iter().enumerate() {
            until("the results are known", || listed(node)[1]["results"] == 2);
            until("all are up", || states(node) == pairs(&[("n1", "up"), ("n2", "up"), ("n3", "up")]));
            let nodes = listed(node);
            for (other, listed) in nodes.iter().enumerate() {
                assert_eq!(listed["isSelf"], other == number, "{name}: {listed}");
                assert_eq!(listed["boot"], 1, "{name}: {listed}");
                let address = cluster.nodes[other].cluster_address();
                assert_eq!(listed["address"], address, "{name}: {listed}");
                let left = listed["leaseSeconds"].as_f64().expect("a lease");
                assert!(left > 0.0 && left <= 10.0, "{name}: {listed}");
            }
            assert_eq!((&nodes[0]["results"], &nodes[0]["bytes"]), (&0.into(), &0.into()), "{name}");
        }
        let config = cluster.plan.config_file(0).display().to_string();
        let run = |args: &[&str]| {
            let run = std::process::Command::new(PROGRAM).args(args).output().expect("the program runs");
            assert!(run.status.success(), "{name}: {}", String::from_utf8_lossy(&run.stderr));
            String::from_utf8(run.stdout).expect("text")
        };
        let text = run(&["nodes", "--config", &config]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{name}: {text}");
        assert!(lines[0].starts_with("NAME") && lines[2].starts_with("n2    up"), "{name}: {text}");
        let json: serde_json::Value =
            serde_json::from_str(&run(&["nodes", "--config", &config, "--json"])).expect("JSON");
        assert_eq!(json["nodes"][1]["results"], 2, "{name}");
    });
}

#[test]
fn nodes_that_go_are_down_and_those_that_are_killed_are_lost() {
    each_with("CREATE TABLE T (Id INTEGER NOT NULL PRIMARY KEY)", QUICK, |name, mut cluster| {
        assert!(cluster.nodes[0].terminate().success(), "{name}");
        assert_eq!(
            states(&cluster.nodes[2])[0],
            ("n1".into(), "down".into()),
            "{name}: its lease ended with it"
        );
        cluster.nodes[1].kill();
        until("its lease is over", || states(&cluster.nodes[2])[1].1 == "lost");
        // Both come back under their names, at once.
        for number in 0..2 {
            let again = cluster.nodes[number].start_again();
            cluster.nodes[number] = again;
            assert_eq!(listed(&cluster.nodes[2])[number]["boot"], 2, "{name}");
        }
        until("all are up", || {
            states(&cluster.nodes[0]) == pairs(&[("n1", "up"), ("n2", "up"), ("n3", "up")])
        });
    });
}

#[test]
fn nodes_that_do_not_come_back_are_forgotten() {
    let soon = [QUICK, "\nforget_hours = 0.0015"].concat();
    each_with("CREATE TABLE T (Id INTEGER NOT NULL PRIMARY KEY)", &soon, |name, mut cluster| {
        cluster.nodes[1].kill();
        until("it is known no more", || states(&cluster.nodes[0]) == pairs(&[("n1", "up"), ("n3", "up")]));
        // Should it come back after all, it is a new one.
        let again = cluster.nodes[1].start_again();
        cluster.nodes[1] = again;
        until("all are up", || {
            states(&cluster.nodes[2]) == pairs(&[("n1", "up"), ("n2", "up"), ("n3", "up")])
        });
        assert_eq!(listed(&cluster.nodes[2])[1]["boot"], 1, "{name}");
    });
}

/// Runs a node that is to end by itself: whether it did so in good order, and what it said.
pub fn run(plan: &Plan, number: usize, lines: &str) -> (bool, String) {
    // Writes its configuration.
    let _ = plan.launch(number, lines);
    let output = std::process::Command::new(PROGRAM)
        .args(["serve", "--config", &plan.config_file(number).display().to_string()])
        .args(["--data-dir", &plan.data_dir(number).display().to_string()])
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--cluster-listen", "127.0.0.1:0"])
        .output()
        .expect("the program runs");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A data directory that was copied is refused while the node lives, and the other way round afterwards.
#[test]
fn a_copied_data_directory_is_not_a_second_node() {
    let plan = plan(&table(300)).cluster(QUICK);
    let mut cluster = plan.start(2);
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 50);
    let page = follow(&cluster, 1, &link);
    let (from, to) = (plan.data_dir(0), plan.data_dir(7));
    let copied = std::process::Command::new("cp").arg("-r").arg(&from).arg(&to).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let (good, said) = run(&plan, 7, "");
    assert!(!good && said.contains("registered at"), "{said}");
    assert!(follow(&cluster, 1, &link).body == page.body, "nothing happened to the node");
    assert_eq!(metric(&cluster.nodes[0], "nextlink_results"), 1.0);
    // Stopped for longer than its lease, it is taken over by the copy, and knows that when it goes on.
    cluster.nodes[0].signal("STOP");
    let copy = plan.launch(7, "").start();
    assert_eq!(copy.name(), "n1");
    cluster.nodes[0].signal("CONT");
    until("the old process knows", || cluster.nodes[0].log().contains("another process has registered"));
    let ready = nextlink_testkit::http::get(&cluster.nodes[0].admin_url("/readyz"), &[]);
    assert_eq!((ready.status, ready.text().as_str()), (503, "{\"status\":\"fenced\"}"));
    // It stores nothing new: the link is one by row number, and says that the rows behind it are of another moment.
    let page_of_old = cluster.ask(
        0,
        &nextlink_testkit::cluster::Cluster::url("/api/odata4/s/T?$orderby=G"),
        &[("Prefer", "odata.maxpagesize=50")],
    );
    let page_of_old = page_of_old.expect("an answer").json();
    assert_eq!(page_of_old["@Nextlink.Snapshot"], false, "{page_of_old}");
    assert!(page_of_old["@odata.nextLink"].as_str().is_some_and(|link| link.contains("$skip=50")));
    // Both still have the page, and any node gives it.
    assert!(follow(&cluster, 0, &link).body == page.body);
    assert!(follow(&cluster, 1, &link).body == page.body);
    cluster.nodes.push(copy);
    assert!(follow(&cluster, 2, &link).body == page.body);
    // The end of the old process removes nothing of the new one's.
    assert!(cluster.nodes[0].terminate().success());
    assert!(follow(&cluster, 1, &link).body == page.body);
    until("both are up", || states(&cluster.nodes[1]) == pairs(&[("n1", "up"), ("n2", "up")]));
}

#[test]
fn nodes_come_back_at_another_address() {
    let plan = plan(&table(300)).cluster(QUICK);
    let mut cluster = plan.start(2);
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 50);
    let page = follow(&cluster, 1, &link);
    let before = cluster.nodes[0].cluster_base().to_owned();
    cluster.nodes[0].kill();
    // Its lease is not over, and its address is another one: it waits.
    cluster.nodes[0] = plan.launch(0, "").start();
    assert_ne!(cluster.nodes[0].cluster_base(), before);
    cluster.nodes[0].says("waiting for the lease");
    until("the other node finds it", || follow(&cluster, 1, &link).status == 200);
    assert!(follow(&cluster, 1, &link).body == page.body);
}

#[test]
fn nodes_have_the_names_they_are_given() {
    let plan = plan(&table(10)).cluster(QUICK);
    let left = plan.launch(0, "name = \"left\"").start();
    let other = plan.launch(1, "").start();
    assert_eq!((left.name(), other.name()), ("left", "n1"));
    let (good, said) = run(&plan, 2, "name = \"left\"");
    assert!(!good && said.contains("the name 'left' is that of the node"), "{said}");
}

/// A node without a key of the cluster could serve nothing: it does not start, and `check` says so before.
#[test]
fn a_node_with_another_key_does_not_start() {
    let plan = plan(&table(10)).cluster(QUICK);
    let mut cluster = plan.start(2);
    let (old, new) = (plan.keys(), plan.new_key());
    let config = plan.config_file(0).display().to_string();
    let refused = |number: usize, what: &str, expected: &str| {
        let (good, said) = run(&plan, number, "");
        assert!(!good && said.contains(expected), "{what}: {said}");
        let check = std::process::Command::new(PROGRAM).args(["check", "--config", &config]).output();
        let check = check.expect("the program runs");
        let said = String::from_utf8_lossy(&check.stdout).into_owned();
        assert!(!check.status.success() && said.contains(expected), "{what}: {said}");
    };
    plan.set_keys(std::slice::from_ref(&new));
    refused(2, "a new node", "the other nodes of the cluster have another key");
    assert!(cluster.nodes[0].terminate().success());
    refused(0, "one that comes back", "the other nodes of the cluster have another key");
    assert!(cluster.nodes[1].terminate().success());
    refused(0, "the first of all", "the sources of the cluster were sealed with another key");
    // Any of the keys will do.
    plan.set_keys(&[&[new.clone()][..], &old].concat());
    cluster.nodes[0] = plan.launch(0, "").start();
    // Where the key is lost, the sources are set anew.
    assert!(cluster.nodes[0].terminate().success());
    let other = plan.new_key();
    plan.set_keys(std::slice::from_ref(&other));
    refused(0, "a lost key", "nextlink sources apply");
    let apply = ["sources", "apply", &config, "--only"];
    let applied = std::process::Command::new(PROGRAM).args(apply).output().expect("the program runs");
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    cluster.nodes[0] = plan.launch(0, "").start();
    assert_eq!(cluster.nodes[0].get("/api/odata4/s/T(1)", &[]).status, 200);
}

/// What is wrong with the setting is said, and never with a password.
#[test]
fn a_cluster_that_cannot_be_joined_is_said_to_be() {
    let server = postgres::server();
    let database = server.database("refused");
    let secret = [&database.url().replace(server.password(), "marker"), "?sslmode=disable"].concat();
    for (what, plan, expected) in [
        (
            "no server",
            plan(&table(1)).system("postgres://u:marker@127.0.0.1:1/x"),
            "cannot open the system database",
        ),
        ("another password", plan(&table(1)).system(&secret), "password authentication failed"),
        ("no certificate", plan(&table(1)).system(&database.url()), "certificate"),
        ("no directory", plan(&table(1)).system("sqlite:no/such/directory/x.db"), "cannot open"),
        ("keys", plan(&table(1)).cluster("name = \"a_b\""), "cluster.name"),
    ] {
        let (good, said) = run(&plan, 0, "");
        assert!(!good && said.contains(expected), "{what}: {said}");
        assert!(!said.contains("marker") && !said.contains(server.password()), "{what}: {said}");
    }
    let exposed = plan(&table(1));
    std::fs::set_permissions(exposed.key_file(), std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .expect("the mode can be changed");
    let (_, said) = run(&exposed, 0, "");
    assert!(said.contains("its mode must be 0600"), "{said}");
}
