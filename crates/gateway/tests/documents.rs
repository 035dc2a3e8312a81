//! Documents about a service: `$openapi`, and vocabularies that the node serves itself.

mod common;

use common::{PROGRAM, SHOP, ask, run, shop, shop_configured};
use nextlink_testkit::http;
use nextlink_testkit::node::Launch;
use nextlink_testkit::shared::shared;
use serde_json::Value;
use std::path::Path;

#[test]
fn openapi_is_a_document_like_the_others() {
    let node = shop();
    let found = ask(&node, "$openapi", &[]);
    assert_eq!(
        (found.status, found.header("content-type")),
        (200, Some("application/json")),
        "{}",
        found.text()
    );
    let document = found.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], node.service("shop").trim_end_matches('/'));
    let etag = found.header("etag").expect("an ETag").to_owned();
    let rows: &[(&str, &str, (&str, &str), u16)] = &[
        ("GET", "$openapi", ("If-None-Match", &etag), 304),
        ("GET", "$openapi", ("If-None-Match", "\"x\""), 200),
        // Other addresses stand in it.
        ("GET", "$openapi", ("Host", "other.example"), 200),
        ("HEAD", "$openapi", ("Accept", "*/*"), 200),
        ("GET", "%24openapi", ("Accept", "application/vnd.oai.openapi+json;version=3.1"), 200),
        ("GET", "$openapi?$format=json", ("Accept", "text/html"), 200),
        ("GET", "$openapi", ("Accept", "application/xml"), 406),
        ("GET", "$openapi?$format=xml", ("Accept", "*/*"), 406),
        ("GET", "$openapi?$top=1", ("Accept", "*/*"), 400),
        ("GET", "$openapi/Products", ("Accept", "*/*"), 400),
        ("GET", "Products/$openapi", ("Accept", "*/*"), 400),
        ("POST", "$openapi", ("Accept", "*/*"), 405),
    ];
    for (method, url, header, status) in rows {
        let answer =
            http::send(method, &node.url(&[SHOP, url].concat()), &[*header], None).expect("an answer");
        assert_eq!(answer.status, *status, "{method} {url} {header:?}: {}", answer.text());
        assert_eq!(answer.header("odata-version"), Some("4.0"), "{method} {url} {header:?}");
    }
    let other = ask(&node, "$openapi", &[("Host", "other.example")]);
    assert_eq!(other.json()["servers"][0]["url"], "http://other.example/api/odata4/shop");
    assert_ne!(other.header("etag"), Some(etag.as_str()));
    let packed = ask(&node, "$openapi", &[("Accept-Encoding", "gzip")]);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.plain_body(), found.body);
}

/// A client that may have to log in is told the headers of the login.
#[test]
fn openapi_names_the_login() {
    let launch = Launch::new(PROGRAM, &[]);
    let file = launch.data_dir().join("shop.db");
    nextlink_testkit::sqlite::sqlite(&file, include_str!("common/shop.sql"));
    let source = format!("shop=sqlite:{}", file.display());
    let printed = run(&["openapi", &source]);
    assert_eq!((printed.code, printed.err.as_str()), (Some(0), ""));
    let document: Value = serde_json::from_str(&printed.out).expect("JSON");
    assert_eq!(document["servers"][0]["url"], "/api/odata4/shop");
    assert_eq!(document.get("security"), None);
    assert_eq!(printed.out, run(&["openapi", &source]).out, "it is the same each time");
    let config = launch.data_dir().join("n.toml");
    let settings = format!(
        "[server]\npublic_url = \"https://data.example/odata\"\n[sources.shop]\nurl = \"postgres://u@127.0.0.1:1/d\"\n\
         [sources.file]\nurl = \"sqlite:{}\"\n",
        file.display()
    );
    std::fs::write(&config, settings).expect("a file can be written");
    let config = config.display().to_string();
    let printed = run(&["openapi", "file", "--config", &config]);
    let document: Value = serde_json::from_str(&printed.out).expect("JSON");
    assert_eq!(document["servers"][0]["url"], "https://data.example/odata/api/odata4/file");
    assert_eq!(run(&["openapi", "shop", "--config", &config]).code, Some(1), "it cannot be reached");
    assert_eq!(run(&["openapi", "nothing", "--config", &config]).code, Some(1));
}

/// The addresses that a metadata document in XML references.
fn referenced(text: &str) -> Vec<&str> {
    text.split("<edmx:Reference Uri=\"").skip(1).filter_map(|part| part.split('"').next()).collect()
}

/// A folder with vocabularies that can be told from those of the standard.
fn folder(dir: &Path, names: &[&str]) {
    for name in names {
        std::fs::write(dir.join(name), format!("<!-- {name} -->")).expect("a file can be written");
    }
}

const CORE: &str = "Org.OData.Core.V1";
const CAPABILITIES: &str = "Org.OData.Capabilities.V1";
/// What a model with hierarchies references, too.
const AGGREGATION: &str = "Org.OData.Aggregation.V1";

#[test]
fn references_lead_to_the_node() {
    let dir = tempfile::tempdir().expect("a folder");
    let xml = [CORE, CAPABILITIES, AGGREGATION].map(|name| format!("{name}.xml"));
    folder(dir.path(), &[&xml[0], &xml[1], &xml[2], "Org.OData.Core.V1.json", "secret.txt"]);
    let node = shop_configured(&format!("[server]\nvocabulary_folder = \"{}\"", dir.path().display()));
    for version in ["4.0", "4.01"] {
        let headers = [("OData-MaxVersion", version)];
        let answer = ask(&node, "$metadata", &headers);
        let text = answer.text();
        let links = referenced(&text);
        assert_eq!(links.len(), 3, "{text}");
        for (link, name) in links.iter().zip(&xml) {
            assert_eq!(*link, node.url(&format!("/api/vocabularies/{name}")));
            let found = http::get(link, &[]);
            assert_eq!((found.status, found.text()), (200, format!("<!-- {name} -->")));
            assert_eq!(found.header("content-type"), Some("application/xml"));
        }
        let etag = answer.header("etag").expect("an ETag").to_owned();
        let again = ask(&node, "$metadata", &[("OData-MaxVersion", version), ("If-None-Match", &etag)]);
        assert_eq!(again.status, 304);
        let elsewhere = ask(&node, "$metadata", &[("OData-MaxVersion", version), ("Host", "other.example")]);
        assert_ne!(elsewhere.header("etag"), Some(etag.as_str()), "another document");
        assert_eq!(
            referenced(&elsewhere.text())[0],
            format!("http://other.example/api/vocabularies/{CORE}.xml")
        );
    }
    let json = ask(&node, "$metadata?$format=json", &[]).json();
    let keys: Vec<&String> = json["$Reference"].as_object().expect("references").keys().collect();
    assert_eq!(*keys[0], node.url("/api/vocabularies/Org.OData.Core.V1.json"));
    let rows = [
        ("GET", "Org.OData.Core.V1.json", 200),
        ("HEAD", "Org.OData.Core.V1.xml", 200),
        ("POST", "Org.OData.Core.V1.xml", 405),
        ("GET", "secret.txt", 404),
        ("GET", "../../etc/passwd", 404),
        ("GET", "%2e%2e/n.toml", 404),
        ("GET", "", 404),
    ];
    for (method, name, status) in rows {
        let url = node.url(&["/api/vocabularies/", name].concat());
        let answer = http::send(method, &url, &[], None).expect("an answer");
        assert_eq!(answer.status, status, "{method} {name}");
    }
}

#[test]
fn without_a_folder_references_are_public() {
    let node = shop();
    let text = ask(&node, "$metadata", &[]).text();
    let public = "https://oasis-tcs.github.io/odata-vocabularies/vocabularies/";
    assert_eq!(
        referenced(&text),
        [CORE, CAPABILITIES, AGGREGATION].map(|name| format!("{public}{name}.xml"))
    );
    assert_eq!(node.get("/api/vocabularies/Org.OData.Core.V1.xml", &[]).status, 404);
}

/// A folder that lacks what is referenced would make a service that cannot be read.
#[test]
fn a_folder_has_to_have_what_is_referenced() {
    let launch = Launch::new(PROGRAM, &[]);
    let dir = launch.data_dir().to_owned();
    nextlink_testkit::sqlite::sqlite(&dir.join("shop.db"), include_str!("common/shop.sql"));
    folder(&dir, &["Org.OData.Core.V1.xml"]);
    for (place, words) in
        [(dir.clone(), "lacks Org.OData.Capabilities.V1.xml"), (dir.join("no"), "cannot read")]
    {
        let settings = format!(
            "data_dir = \"{0}/data\"\n[server]\nvocabulary_folder = \"{1}\"\n[sources.shop]\nurl = \"sqlite:{0}/shop.db\"\n",
            dir.display(),
            place.display()
        );
        let config = dir.join("n.toml");
        std::fs::write(&config, settings).expect("a file can be written");
        let ended = run(&["serve", "--config", &config.display().to_string()]);
        assert_eq!(ended.code, Some(1), "{}", ended.out);
        assert!(ended.err.contains(words), "{}", ended.err);
    }
}

/// The vocabularies of the standard, where they lie beside the project: every term that is used is defined there.
#[test]
fn terms_that_are_used_are_in_the_vocabularies() {
    let Some(dir) = shared("conformance/vocabularies") else { return };
    let node = shop_configured(&format!("[server]\nvocabulary_folder = \"{}\"", dir.display()));
    let text = ask(&node, "$metadata", &[]).text();
    let mut used: Vec<&str> =
        text.split("Term=\"").skip(1).filter_map(|part| part.split('"').next()).collect();
    used.sort_unstable();
    used.dedup();
    assert!(used.len() > 8, "{used:?}");
    for term in used {
        let (namespace, name) = term.rsplit_once('.').expect("a namespace");
        let found = node.get(&format!("/api/vocabularies/{namespace}.xml"), &[]).text();
        assert!(found.contains(&format!("<Term Name=\"{name}\"")), "{term} is in no vocabulary");
    }
}
