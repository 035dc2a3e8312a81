//! Administration's view of stored results: all of them from every node, and an end to any of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::node::Node;
use serde_json::Value;

use crate::copies::copied;
use crate::group::{PROGRAM, QUICK, each, first_page, follow, plan};
use crate::site::{files_in, refusal, settled, table, until};

const RESULTS: &str = "/api/admin/system/results";

fn ask(node: &Node, method: &str, path: &str) -> Answer {
    let url = node.admin_url(path);
    http::send(method, &url, &[], None).unwrap_or_else(|error| panic!("{method} {url}: {error}"))
}

/// The list as a node gives it.
#[track_caller]
fn listed(node: &Node, query: &str) -> Value {
    let answer = ask(node, "GET", &[RESULTS, query].concat());
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Texts of a property of all results.
fn all(list: &Value, name: &str) -> Vec<String> {
    let results = list["results"].as_array().expect("a list");
    results.iter().map(|result| result[name].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_node_lists_the_results_of_all() {
    each(&table(300), |name, cluster| {
        let mut links = Vec::new();
        for node in 0..3 {
            let (_, link) = first_page(&cluster, node, "T?$orderby=G&$filter=Id%20gt%20100", 50);
            links.push(link);
        }
        copied(&cluster, 1);
        let lists: Vec<Value> = cluster.nodes.iter().map(|node| listed(node, "")).collect();
        assert!(lists.iter().all(|list| *list == lists[0]), "{name}: {lists:#?}");
        // Oldest first by the clocks of their nodes, which agree to some milliseconds.
        let made = all(&lists[0], "createdAt");
        assert!(made.is_sorted(), "{name}: {made:?}");
        let owners = all(&lists[0], "owner");
        let links = HashMap::from([("n1", &links[0]), ("n2", &links[1]), ("n3", &links[2])]);
        let nodes: BTreeSet<&str> = owners.iter().map(|owner| &**owner).collect();
        assert_eq!((nodes, owners.len()), (BTreeSet::from(["n1", "n2", "n3"]), 3), "{name}");
        for result in lists[0]["results"].as_array().expect("a list") {
            let bytes = result["bytes"].as_u64().expect("bytes");
            assert!(bytes > 1_000, "{name}: {result}");
            for (key, value) in [("source", "s"), ("user", "anonymous"), ("state", "complete")] {
                assert_eq!(result[key], value, "{name}: {result}");
            }
            assert_eq!(result["query"], "T?$orderby=G&$filter=Id%20gt%20100", "{name}");
            assert_eq!((&result["pages"], &result["rows"]), (&3.into(), &150.into()), "{name}");
            assert_eq!(result["copies"].as_array().map(Vec::len), Some(1), "{name}: {result}");
            assert_ne!(result["copies"][0], result["owner"], "{name}");
            let times =
                ["createdAt", "idleExpiresAt", "absoluteExpiresAt"].map(|key| result[key].to_string());
            assert!(times[0] < times[1] && times[1] < times[2], "{name}: {times:?}");
        }
        assert_eq!(lists[0].get("next"), None, "{name}");
        assert_eq!(lists[0].get("unreachable"), None, "{name}");

        // Any node ends any result, everywhere.
        let ids = all(&lists[0], "id");
        for (id, owner) in ids.iter().zip(&owners) {
            let path = format!("{RESULTS}/{id}");
            assert_eq!(ask(&cluster.nodes[0], "DELETE", &path).status, 204, "{name}: of {owner}");
            assert_eq!(ask(&cluster.nodes[1], "DELETE", &path).status, 404, "{name}: of {owner}, again");
            for node in 0..3 {
                let gone = refusal(&follow(&cluster, node, links[&**owner]));
                assert_eq!(gone, (410, "ResultGone".to_owned()), "{name}: of {owner} on {node}");
            }
        }
        for node in &cluster.nodes {
            assert_eq!(all(&listed(node, ""), "id"), [""; 0], "{name}");
        }
        // A copy whose end did not arrive at once is told of it again.
        let left = |node| files_in(&cluster.plan.data_dir(node).join("results")).len();
        until("no file is left", || (0..3).all(|node| left(node) == 0));
    });
}

#[test]
fn lists_come_in_parts() {
    let cluster = plan(&table(100)).start(2);
    for turn in 0..7 {
        first_page(&cluster, turn % 2, "T", 50);
    }
    let whole = all(&listed(&cluster.nodes[0], ""), "id");
    assert_eq!(whole.len(), 7);
    for limit in [1, 2, 3, 7, 8] {
        let mut parts = Vec::new();
        let mut path = format!("{RESULTS}?limit={limit}");
        loop {
            let part = ask(&cluster.nodes[parts.len() % 2], "GET", &path).json();
            let ids = all(&part, "id");
            assert!(!ids.is_empty() && ids.len() <= limit, "{limit}: {part}");
            parts.extend(ids);
            match part["next"].as_str() {
                Some(next) => next.clone_into(&mut path),
                None => break,
            }
        }
        assert_eq!(parts, whole, "{limit}");
    }
    let one = listed(&cluster.nodes[1], &format!("?id={}", whole[3]));
    assert_eq!(all(&one, "id"), [&*whole[3]]);
}

/// What does not answer is said, and what is known of it is listed.
#[test]
fn results_of_lost_nodes_are_listed() {
    let mut cluster = plan(&table(300)).cluster(QUICK).start(2);
    first_page(&cluster, 0, "T", 50);
    first_page(&cluster, 1, "T", 50);
    settled(&cluster.nodes[0]);
    settled(&cluster.nodes[1]);
    cluster.nodes[1].kill();
    let list = listed(&cluster.nodes[0], "");
    let (owners, queries) = (all(&list, "owner"), all(&list, "query"));
    let of: BTreeMap<_, _> =
        owners.iter().map(String::as_str).zip(queries.iter().map(String::as_str)).collect();
    assert_eq!(of, BTreeMap::from([("n1", "T"), ("n2", "")]), "only its owner can read it: {list}");
    assert_eq!(list["unreachable"], serde_json::json!(["n2"]));
    let lost = owners.iter().position(|owner| owner == "n2").expect("it is listed");
    let id = &all(&list, "id")[lost];
    assert_eq!(ask(&cluster.nodes[0], "DELETE", &format!("{RESULTS}/{id}")).status, 503);
    let again = cluster.nodes[1].start_again();
    cluster.nodes[1] = again;
    until("the node answers again", || {
        ask(&cluster.nodes[0], "DELETE", &format!("{RESULTS}/{id}")).status == 204
    });
    assert_eq!(all(&listed(&cluster.nodes[0], ""), "owner"), ["n1"]);
}

#[test]
fn a_node_alone_lists_its_own() {
    let node = crate::site::start(&table(100), "", "");
    let (_, link) = crate::site::first_page(&node, "T?$top=90", 50);
    let list = listed(&node, "");
    assert_eq!((all(&list, "owner"), all(&list, "query")), (vec!["n1".into()], vec!["T?$top=90".into()]));
    let id = &all(&list, "id")[0];
    for (method, path, status) in [
        ("POST", RESULTS.to_owned(), 405),
        ("DELETE", RESULTS.to_owned(), 405),
        ("GET", format!("{RESULTS}/{id}"), 405),
        ("GET", format!("{RESULTS}?limit=0"), 400),
        ("GET", format!("{RESULTS}?after=x"), 400),
        ("GET", format!("{RESULTS}?nothing"), 400),
        ("DELETE", format!("{RESULTS}/x"), 404),
        ("DELETE", format!("{RESULTS}/0123456789abcdef0123456789abcdef"), 404),
        ("DELETE", format!("{RESULTS}/{id}"), 204),
        ("DELETE", format!("{RESULTS}/{id}"), 404),
    ] {
        assert_eq!(ask(&node, method, &path).status, status, "{method} {path}");
        // Clients have none of it.
        let public = http::send(method, &node.url(&path), &[], None).expect("an answer");
        assert_eq!(public.status, 404, "{method} {path}, public");
    }
    assert_eq!(refusal(&http::get(&link, &[])), (410, "ResultGone".to_owned()));
}

/// The command reads the system database, so that no node need run.
#[test]
fn the_command_lists_what_is_registered() {
    let mut cluster = plan(&table(300)).start(2);
    first_page(&cluster, 0, "T?$filter=G%20ge%200", 50);
    first_page(&cluster, 1, "T?$filter=G%20ge%200", 50);
    settled(&cluster.nodes[0]);
    settled(&cluster.nodes[1]);
    let list = listed(&cluster.nodes[0], "");
    let (listed, owners) = (all(&list, "id"), all(&list, "owner"));
    assert_eq!(owners.iter().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(["n1", "n2"]));
    let file = cluster.plan.config_file(0).display().to_string();
    for node in &mut cluster.nodes {
        node.kill();
    }
    let run = |args: &[&str]| {
        let output = std::process::Command::new(PROGRAM).args(args).output().expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let text = run(&["results", "--config", &file]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("ID ") && lines.len() == 3, "{text}");
    for (line, (id, owner)) in lines[1..].iter().zip(listed.iter().zip(&owners)) {
        let cells: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(cells[..7], [id, "complete", owner, "s", "anonymous", "5", "250"], "{line}");
    }
    let json: Vec<Value> =
        serde_json::from_str(&run(&["results", "--config", &file, "--json"])).expect("JSON");
    assert_eq!(json.iter().filter_map(|result| result["id"].as_str()).collect::<Vec<_>>(), listed);
}
