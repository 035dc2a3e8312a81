//! The administration listener: metrics, health and readiness; and that each listener keeps to its own.

mod common;

use common::{SHOP, ask, shop};
use nextlink_testkit::http;
use nextlink_testkit::node::Node;
use std::collections::BTreeMap;

/// Samples of the metrics, checked line by line against the text format of Prometheus.
fn metrics(node: &Node) -> BTreeMap<String, f64> {
    let answer = http::get(&node.admin_url("/metrics"), &[]);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let mut samples = BTreeMap::new();
    let (mut types, mut told) = (BTreeMap::new(), String::new());
    for line in answer.text().lines().filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a name and a type");
            assert!(["counter", "gauge", "histogram", "summary"].contains(&kind), "{line}");
            assert_eq!(types.insert(name.to_owned(), kind.to_owned()), None, "{line} is there once");
            assert_eq!(told, name, "{line}: what it tells stands before it");
            continue;
        }
        if let Some((name, text)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            assert!(text.ends_with('.'), "{line}");
            told = name.to_owned();
        }
        if line.starts_with('#') {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect("a series and a value");
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
        let name = series.split('{').next().unwrap_or_default();
        assert!(name.starts_with("nextlink_"), "{line}");
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{line}");
        let base =
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        assert!(types.contains_key(name) || types.contains_key(base), "{line} has a type before it");
        if let Some(labels) = series.split_once('{') {
            assert!(labels.1.ends_with("\"}"), "{line}");
        }
        assert_eq!(samples.insert(series.to_owned(), value), None, "{line} is there once");
    }
    samples
}

/// What the manual tells operators to look at is there from the start.
#[test]
fn the_manual_names_metrics_that_exist() {
    let node = shop();
    let there = metrics(&node);
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut found = 0;
    for page in ["operation.md", "cluster.md", "databases.md", "stored-results.md"] {
        let text = std::fs::read_to_string(docs.join(page)).expect("a page of the manual");
        for (_, rest) in text.match_indices("`nextlink_").map(|(at, _)| text.split_at(at + 1)) {
            let name = rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().unwrap_or_default();
            assert!(there.keys().any(|series| series.split('{').next() == Some(name)), "{page}: {name}");
            found += 1;
        }
    }
    assert!(found > 8, "{found} names");
}

#[test]
fn counters_move() {
    let node = shop();
    ask(&node, "Products(1)", &[]);
    let steps: &[(&str, &str, f64)] = &[
        ("Products(1)", "nextlink_requests_total{kind=\"read\",status=\"2xx\"}", 1.0),
        ("Nothing", "nextlink_requests_total{kind=\"read\",status=\"4xx\"}", 1.0),
        (
            "Products?$filter=@Core.Description eq 'x'",
            "nextlink_requests_total{kind=\"read\",status=\"5xx\"}",
            1.0,
        ),
        ("$metadata", "nextlink_requests_total{kind=\"metadata\",status=\"2xx\"}", 1.0),
        ("Products?$skiptoken=x", "nextlink_requests_total{kind=\"page\",status=\"4xx\"}", 1.0),
        ("Products(1)", "nextlink_request_seconds_count{kind=\"read\"}", 1.0),
        ("Products", "nextlink_results", 1.0),
    ];
    for (url, series, step) in steps {
        let before = metrics(&node);
        ask(&node, url, &[]);
        let after = metrics(&node);
        let of = |all: &BTreeMap<String, f64>| all.get(*series).copied().unwrap_or(0.0);
        assert_eq!(of(&after) - of(&before), *step, "{url}: {series}");
    }
    let link = ask(&node, "Products", &[]).json()["@odata.nextLink"].as_str().expect("a link").to_owned();
    let before = metrics(&node);
    assert_eq!(http::get(&link, &[]).status, 200);
    let after = metrics(&node);
    for series in
        ["nextlink_result_pages_read_total", "nextlink_requests_total{kind=\"page\",status=\"2xx\"}"]
    {
        assert_eq!(after[series] - before[series], 1.0, "{series}");
    }
    assert!(after["nextlink_result_bytes_read_total"] > before["nextlink_result_bytes_read_total"]);
}

#[test]
fn each_listener_keeps_to_its_own() {
    let node = shop();
    let active = "{\"status\":\"active\"}";
    let products = [SHOP, "Products(1)"].concat();
    let rows: &[(&str, bool, &str, u16, Option<&str>)] = &[
        ("GET", false, "/api/healthcheck", 200, Some(active)),
        ("HEAD", false, "/api/healthcheck", 200, Some("")),
        ("POST", false, "/api/healthcheck", 405, None),
        ("GET", false, "/api/healthcheck?x=1", 200, Some(active)),
        ("GET", false, "/", 200, None),
        ("HEAD", false, "/", 200, Some("")),
        ("POST", false, "/", 405, None),
        ("GET", false, "/metrics", 404, None),
        ("GET", false, "/healthz", 404, None),
        ("GET", false, "/readyz", 404, None),
        ("GET", false, "/internal/v1/ping", 404, None),
        ("GET", false, "/api", 404, None),
        ("GET", false, "/api/odata4x/shop/", 404, None),
        ("GET", false, "/nothing", 404, None),
        ("GET", true, "/healthz", 200, Some(active)),
        ("HEAD", true, "/healthz", 200, Some("")),
        ("POST", true, "/healthz", 405, None),
        ("GET", true, "/readyz", 200, Some("{\"status\":\"ready\"}")),
        ("HEAD", true, "/readyz", 200, Some("")),
        ("DELETE", true, "/readyz", 405, None),
        ("GET", true, "/metrics", 200, None),
        ("HEAD", true, "/metrics", 200, Some("")),
        ("POST", true, "/metrics", 405, None),
        ("GET", true, "/", 404, None),
        ("GET", true, "/api/healthcheck", 404, None),
        ("GET", true, SHOP, 404, None),
        ("GET", true, &products, 404, None),
    ];
    for (method, admin, path, status, text) in rows {
        let url = if *admin { node.admin_url(path) } else { node.url(path) };
        let answer =
            http::send(method, &url, &[], None).unwrap_or_else(|error| panic!("{method} {url}: {error}"));
        let what = format!("{method} {path} on {}", if *admin { "admin" } else { "public" });
        assert_eq!(answer.status, *status, "{what}: {}", answer.text());
        if let Some(text) = text {
            assert_eq!(answer.text(), *text, "{what}");
        }
        let allow = (answer.status == 405).then_some("GET, HEAD");
        assert_eq!(answer.header("allow"), allow, "{what}");
        if answer.status == 200 && text.is_some() && *path != "/" && *path != "/metrics" {
            assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
        }
    }
    let page = node.get("/", &[]);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    // Every link of the page for people leads somewhere.
    let text = page.text();
    let links: Vec<_> = text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(links.len(), 8, "{text}");
    for link in links {
        assert_eq!(node.get(link, &[]).status, 200, "{link}");
    }
}

/// A page of any site can have a browser send such requests to this machine.
#[test]
fn browsers_change_nothing() {
    let node = shop();
    let result = format!("/api/admin/system/results/{}", "0".repeat(32));
    for (method, path, without) in
        [("POST", "/api/admin/system/drain", 409), ("DELETE", result.as_str(), 404)]
    {
        let url = node.admin_url(path);
        for (headers, expected) in [
            (&[][..], without),
            (&[("Origin", "https://elsewhere.example")], 403),
            (&[("Origin", "null")], 403),
        ] {
            let answer = http::send(method, &url, headers, None).expect("an answer");
            assert_eq!(answer.status, expected, "{method} {path} {headers:?}: {}", answer.text());
        }
    }
    let read = http::get(&node.admin_url("/readyz"), &[("Origin", "https://elsewhere.example")]);
    assert_eq!(read.status, 200);
}

/// A name that was made to mean this machine lets pages of that name ask it, and browsers do not say that they do.
#[test]
fn only_names_that_are_its_own_are_asked() {
    let plain = shop();
    let named = common::shop_configured("[server]\nadmin_hosts = [\"admin.internal\"]");
    for (host, by_all, by_named) in [
        ("127.0.0.1", 200, 200),
        ("10.0.0.1:8189", 200, 200),
        ("[::1]:8189", 200, 200),
        ("localhost:8189", 200, 200),
        ("admin.internal", 421, 200),
        ("elsewhere.example", 421, 421),
        ("localhost.elsewhere.example:8189", 421, 421),
        ("a, b", 421, 421),
    ] {
        for (node, expected) in [(&plain, by_all), (&named, by_named)] {
            for path in ["/metrics", "/readyz", "/api/admin/system/nodes", "/api/admin/system/results"] {
                let answer = http::get(&node.admin_url(path), &[("Host", host)]);
                assert_eq!(answer.status, expected, "{host} {path}: {}", answer.text());
            }
        }
    }
    // Checks of load balancers that speak HTTP/1.0 name none.
    let host = plain.admin_url("");
    let answer =
        http::raw(host.trim_start_matches("http://"), b"GET /readyz HTTP/1.0\r\n\r\n").expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text());
}
