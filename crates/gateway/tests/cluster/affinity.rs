//! Hints for load balancers: the route in links and the cookie. Both lead to the owner, and no answer depends on them.

use nextlink_testkit::cluster::Cluster;
use nextlink_testkit::http::Answer;
use nextlink_testkit::node::Node;

use crate::group::{PROGRAM, ROOT, first_page, follow, plan};
use crate::site::{big_table, metric, prefer, refusal, settled, table};

/// The cookies that an answer sets.
fn cookies(answer: &Answer) -> Vec<&str> {
    answer.headers_named("set-cookie").collect()
}

/// The route of a link, and its token.
#[track_caller]
fn token(link: &str) -> (&str, &str) {
    let (_, token) = link.split_once("$skiptoken=").unwrap_or_else(|| panic!("no token in {link}"));
    token.split_once("--").unwrap_or_else(|| panic!("no route in {link}"))
}

fn name(node: &Node) -> &str {
    node.name()
}

#[test]
fn links_begin_with_the_route_to_the_owner() {
    let cluster = plan(&table(300)).start(3);
    for owner in 0..3 {
        let (_, link) = first_page(&cluster, owner, "T?$orderby=Id", 50);
        let (route, sealed) = token(&link);
        assert_eq!(route, name(&cluster.nodes[owner]));
        assert!(link.len() < 300, "{link}");
        let page = follow(&cluster, owner, &link);
        let next = page.json()["@odata.nextLink"].as_str().expect("a link").to_owned();
        assert_eq!(token(&next).0, name(&cluster.nodes[owner]), "{next}");
        // A route is believed by nobody: any other, or none, gives the same bytes on every node.
        let before = link.split_once("$skiptoken=").expect("a token").0;
        let forged = [
            "",
            "n1--",
            "n2--",
            "n3--",
            "n9--",
            "--",
            "n-1--",
            "a--b--",
            "../../x--",
            "%00--",
            "%2e%2e--",
            "n1%0d%0aX:y--",
            // As earlier versions wrote it.
            "n1.",
            "n9.",
        ];
        for route in forged {
            for node in 0..3 {
                let answer = follow(&cluster, node, &format!("{before}$skiptoken={route}{sealed}"));
                assert!(answer.body == page.body, "'{route}' on node {node}: {}", answer.text());
                assert!(cookies(&answer).iter().all(|cookie| cookie.starts_with("C2S-SESSION=n")));
            }
        }
        for (what, bad) in [
            ("only a route", "n1--".to_owned()),
            ("only a name", "n1".to_owned()),
            ("the other way round", format!("{sealed}--n1")),
        ] {
            let answer = follow(&cluster, owner, &format!("{before}$skiptoken={bad}"));
            assert_eq!(refusal(&answer), (400, "BadSkipToken".to_owned()), "{what}");
        }
    }
}

/// The first page says where the others lie; those say it only to who goes elsewhere.
#[test]
fn cookies_are_set_where_they_help() {
    let cluster = plan(&table(300)).start(2);
    let url = Cluster::url(&[ROOT, "T?$orderby=Id"].concat());
    let maximum = prefer(50);
    let ask = |node: usize, url: &str, cookie: Option<&str>| {
        let mut headers = vec![("Prefer", maximum.as_str())];
        headers.extend(cookie.map(|cookie| ("Cookie", cookie)));
        cluster.ask(node, url, &headers).expect("an answer")
    };
    let set = |owner: usize| format!("C2S-SESSION=n{}; Path=/; HttpOnly; SameSite=Lax", owner + 1);
    assert_eq!(cluster.nodes.iter().map(name).collect::<Vec<_>>(), ["n1", "n2"]);
    let first = ask(0, &url, None);
    assert_eq!(cookies(&first), [set(0)]);
    let link = first.json()["@odata.nextLink"].as_str().expect("a link").to_owned();
    for (what, node, cookie, expected) in [
        ("the owner, no cookie", 0, None, None),
        ("the owner, its cookie", 0, Some("C2S-SESSION=n1"), None),
        ("the owner, its cookie among others", 0, Some("a=b; C2S-SESSION=n1; c=d"), None),
        ("the owner, a cookie that leads elsewhere", 0, Some("C2S-SESSION=n2"), Some(set(0))),
        ("another node, no cookie", 1, None, Some(set(0))),
        ("another node, its own cookie", 1, Some("C2S-SESSION=n2"), Some(set(0))),
        ("another node, the cookie of the owner", 1, Some("C2S-SESSION=n1"), None),
        ("another node, nonsense", 1, Some("C2S-SESSION=\"x\"; ;=;"), Some(set(0))),
    ] {
        let answer = ask(node, &link, cookie);
        assert_eq!(answer.status, 200, "{what}");
        assert_eq!(cookies(&answer), expected.as_slice(), "{what}");
    }
    // Nothing is stored for a single page, an entity, a count or an error.
    for path in ["T?$top=50", "T(1)", "T/$count", "", "$metadata", "T?$orderby=Nothing", "T?$skiptoken=n1.x"]
    {
        let answer = ask(0, &Cluster::url(&[ROOT, path].concat()), None);
        assert!(cookies(&answer).is_empty(), "{path}: {:?}", cookies(&answer));
    }
}

/// A first page that is sent as it is made has the cookie too.
#[test]
fn large_first_pages_set_the_cookie() {
    let cluster = plan(&big_table(4_000, 1_000)).start(1);
    let url = Cluster::url(&[ROOT, "Big?$orderby=Id"].concat());
    let answer = cluster.ask(0, &url, &[]).expect("an answer");
    assert_eq!(answer.header("content-length"), None, "it was streamed");
    assert_eq!(cookies(&answer), ["C2S-SESSION=n1; Path=/; HttpOnly; SameSite=Lax"]);
    settled(&cluster.nodes[0]);
}

#[test]
fn hints_are_settings() {
    let first = |cluster: &Cluster, headers: &[(&str, &str)]| {
        let maximum = prefer(50);
        let headers = [headers, &[("Prefer", maximum.as_str())]].concat();
        let answer = cluster.ask(0, &Cluster::url(&[ROOT, "T"].concat()), &headers).expect("an answer");
        let link = answer.json()["@odata.nextLink"].as_str().expect("a link").to_owned();
        (cookies(&answer).join("|"), link)
    };
    let trusting = "[server]\ntrusted_proxies = [\"127.0.0.1\"]";
    let https = [("X-Forwarded-Proto", "https")];
    for (lines, headers, cookie, routed) in [
        ("route = false\ncookie.set = false", &[][..], "", false),
        ("name = \"web-a\"", &[], "C2S-SESSION=web-a; Path=/; HttpOnly; SameSite=Lax", true),
        ("", &https, "C2S-SESSION=n1; Path=/; HttpOnly; Secure; SameSite=Lax", true),
        (
            "cookie = { name = \"route\", same_site = \"none\", path = \"/odata\", max_age_seconds = 60 }",
            &[],
            "route=n1; Path=/odata; Max-Age=60; HttpOnly; Secure; SameSite=None",
            true,
        ),
    ] {
        let cluster = plan(&table(100)).settings(trusting).cluster(lines).start(1);
        let (set, link) = first(&cluster, headers);
        assert_eq!(set, cookie, "{lines}");
        let (_, token) = link.split_once("$skiptoken=").expect("a token");
        // The version of tokens comes first.
        assert_eq!(!token.starts_with('A'), routed, "{lines}: {token}");
    }
}

/// Each page is counted where it was answered from.
#[test]
fn pages_are_counted_by_where_they_lay() {
    let cluster = plan(&table(300)).cluster("replicas = 0").start(2);
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 50);
    for node in [0, 0, 1] {
        assert_eq!(follow(&cluster, node, &link).status, 200);
    }
    let counted = |name| cluster.nodes.iter().map(|node| metric(node, name)).collect::<Vec<_>>();
    assert_eq!(counted("nextlink_own_pages_total"), [2.0, 0.0]);
    assert_eq!(counted("nextlink_peer_pages_total"), [0.0, 1.0]);
}

/// A node that is alone writes links as before.
#[test]
fn a_node_alone_gives_no_hints() {
    let plan = plan(&table(100));
    let node = nextlink_testkit::node::Launch::serve(PROGRAM, &[("s", &plan.dir().join("s.db"))]).start();
    let first = node.get(&[ROOT, "T"].concat(), &[("Prefer", &prefer(50))]);
    assert!(cookies(&first).is_empty());
    let link = first.json()["@odata.nextLink"].as_str().expect("a link").to_owned();
    let (_, token) = link.split_once("$skiptoken=").expect("a token");
    assert!(!token.contains('.'), "{token}");
}
