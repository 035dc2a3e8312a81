//! Part 1 sections 6 to 9: versions, media types, preferences and the headers that every answer has.

mod common;

use common::{SHOP, ask, encoded, odata_error, raw, shop, shop_with};
use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::node::Node;
use std::io::Write;
use std::process::{Command, Stdio};

const POWER_QUERY: &str = "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,\
    application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7";
const UI5: &str = "application/json;odata.metadata=minimal;IEEE754Compatible=true";
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

/// Names and values.
type Headers<'a> = &'a [(&'a str, &'a str)];

#[track_caller]
fn send(node: &Node, method: &str, url: &str, headers: &[(&str, &str)]) -> Answer {
    let url = node.url(&[SHOP, &encoded(url)].concat());
    http::send(method, &url, headers, None).unwrap_or_else(|error| panic!("{method} {url}: {error}"))
}

#[test]
fn exactly_one_version_on_every_answer() {
    let node = shop();
    let etag = ask(&node, "$metadata", &[]).header("etag").expect("metadata has an ETag").to_owned();
    let unchanged = [("If-None-Match", etag.as_str())];
    let rows: &[(&str, &str, Headers<'_>, u16)] = &[
        ("GET", "", &[], 200),
        ("GET", "$metadata", &[], 200),
        ("GET", "$metadata", &unchanged, 304),
        ("GET", "Products?$top=1", &[], 200),
        ("GET", "Products", &[], 200),
        ("GET", "Products(1)", &[], 200),
        ("GET", "Products(1)/Name", &[], 200),
        ("GET", "Products(1)/Name/$value", &[], 200),
        ("GET", "Products(1)/Picture/$value", &[], 200),
        ("GET", "Products/$count", &[], 200),
        ("GET", "Products(2)/Price", &[], 204),
        ("GET", "Products(2)/Price/$value", &[], 204),
        ("GET", "Products(2)/Category", &[], 204),
        ("HEAD", "", &[], 200),
        ("HEAD", "$metadata", &[], 200),
        ("HEAD", "$metadata", &unchanged, 304),
        ("HEAD", "Products", &[], 200),
        ("HEAD", "Products(1)", &[], 200),
        ("HEAD", "Products(1)/Name/$value", &[], 200),
        ("HEAD", "Products/$count", &[], 200),
        ("HEAD", "Products(2)/Price", &[], 204),
        ("HEAD", "Products(99999)", &[], 404),
        ("GET", "Products(99999)", &[], 404),
        ("GET", "Nothing", &[], 404),
        ("GET", "../nothing/Products", &[], 404),
        ("GET", "Products?$filter=", &[], 400),
        ("GET", "Products(%zz)", &[], 400),
        ("GET", "Products?$skiptoken=x", &[], 400),
        ("GET", "Products", &[("Accept", "image/png")], 406),
        ("GET", "Products", &[("OData-MaxVersion", "3.0")], 400),
        ("GET", "Products", &[("Host", "a/b")], 400),
        ("GET", "$batch", &[], 405),
        ("GET", "Products/$query", &[], 405),
        ("POST", "Products", &[], 405),
        ("PUT", "Products(1)", &[], 405),
        ("PATCH", "Products(1)", &[], 405),
        ("DELETE", "Products(1)", &[], 405),
        ("OPTIONS", "Products(1)", &[], 405),
        ("PROPFIND", "", &[], 405),
    ];
    for (method, url, headers, status) in rows {
        for asked in [None, Some("4.0"), Some("4.01"), Some("9.9")] {
            let mut all = headers.to_vec();
            let fixed = headers.iter().any(|(name, _)| *name == "OData-MaxVersion");
            if !fixed {
                all.extend(asked.map(|version| ("OData-MaxVersion", version)));
            }
            // The document of 4.01 is another one.
            if *status == 304 && matches!(asked, Some("4.01" | "9.9")) {
                continue;
            }
            let what = format!("{method} {url} {all:?}");
            let answer = match url.strip_prefix("../") {
                Some(rest) => {
                    let url = node.url(&["/api/odata4/", rest].concat());
                    http::send(method, &url, &all, None).unwrap_or_else(|e| panic!("{what}: {e}"))
                }
                None => send(&node, method, url, &all),
            };
            assert_eq!(answer.status, *status, "{what}: {}", answer.text());
            let expected = if !fixed && matches!(asked, Some("4.01" | "9.9")) { "4.01" } else { "4.0" };
            let found: Vec<_> = answer.headers_named("odata-version").collect();
            assert_eq!(found, [expected], "{what}");
            for name in ["trace-id", "vary", "x-content-type-options", "cache-control", "date"] {
                assert_eq!(answer.headers_named(name).count(), 1, "{what}: {name}");
            }
            if answer.status >= 400 && *method != "HEAD" {
                let error = odata_error(&what, &answer);
                assert!(error.target.is_some(), "{what}: {error:?}");
            }
            if *method == "HEAD" || matches!(answer.status, 204 | 304) {
                assert_eq!(answer.body, b"", "{what}");
            }
            let allowed = if matches!(*url, "$batch" | "Products/$query") { "POST" } else { "GET, HEAD" };
            let allow = (answer.status == 405).then_some(allowed);
            assert_eq!(answer.header("allow"), allow, "{what}");
        }
    }
}

#[test]
fn max_version_is_honoured_or_refused() {
    let node = shop();
    for (value, expected) in [
        ("4.0", Some("4.0")),
        ("4", Some("4.0")),
        ("4.00", Some("4.0")),
        (" 4.0 ", Some("4.0")),
        ("4.01", Some("4.01")),
        ("4.02", Some("4.01")),
        ("5.0", Some("4.01")),
        ("99.99", Some("4.01")),
        ("3.0", None),
        ("2.0", None),
        ("0", None),
        ("-4.0", None),
        ("4.x", None),
        ("four", None),
        ("", None),
        ("4.0;x", None),
        ("99999999999999999999.0", None),
    ] {
        for url in ["", "$metadata", "Products(1)", "Products?$top=1"] {
            let answer = ask(&node, url, &[("OData-MaxVersion", value)]);
            let what = format!("{url} OData-MaxVersion '{value}'");
            if let Some(version) = expected {
                assert_eq!((answer.status, answer.header("odata-version")), (200, Some(version)), "{what}");
            } else {
                let error = odata_error(&what, &answer);
                let found = (answer.status, error.code.as_str(), error.target.as_deref());
                assert_eq!(found, (400, "VersionNotSupported", Some("OData-MaxVersion")), "{what}");
            }
        }
    }
}

/// Which media type an answer has for what a client accepts; none is 406.
#[test]
fn accept_is_honoured_or_refused() {
    let node = shop();
    let json = Some("application/json;odata.metadata=minimal");
    let rows: &[(&str, &str, Option<&str>, Option<&str>)] = &[
        ("Products(1)", "4.0", None, json),
        ("Products(1)", "4.0", Some(""), json),
        ("Products(1)", "4.0", Some("*/*"), json),
        ("Products(1)", "4.0", Some("application/*"), json),
        ("Products(1)", "4.0", Some("application/json"), json),
        ("Products(1)", "4.0", Some("APPLICATION/JSON"), json),
        ("Products(1)", "4.0", Some("application/json;charset=utf-8"), json),
        ("Products(1)", "4.0", Some("application/json, text/plain, */*"), json),
        ("Products(1)", "4.0", Some("application/json;odata.streaming=true"), json),
        ("Products(1)", "4.0", Some(POWER_QUERY), json),
        ("Products(1)", "4.0", Some(BROWSER), json),
        (
            "Products(1)",
            "4.0",
            Some(UI5),
            Some("application/json;odata.metadata=minimal;IEEE754Compatible=true"),
        ),
        ("Products(1)", "4.01", Some("application/json"), Some("application/json;metadata=minimal")),
        (
            "Products(1)",
            "4.0",
            Some("application/json;metadata=full"),
            Some("application/json;odata.metadata=full"),
        ),
        (
            "Products(1)",
            "4.0",
            Some("text/html;q=0.9, application/json;odata.metadata=none;q=0.1"),
            Some("application/json;odata.metadata=none"),
        ),
        ("Products(1)", "4.0", Some("image/png"), None),
        ("Products(1)", "4.0", Some("text/html"), None),
        ("Products(1)", "4.0", Some("application/xml"), None),
        ("Products(1)", "4.0", Some("application/atom+xml"), None),
        ("Products(1)", "4.0", Some("application/json;q=0"), None),
        ("Products(1)", "4.0", Some("application/json;odata.metadata=verbose"), None),
        ("Products(1)", "4.0", Some("application/json;charset=latin1"), None),
        ("Products(1)", "4.0", Some("application/json;unknown=1"), None),
        ("Products(1)", "4.0", Some("application/json;odata.unknown=1"), None),
        ("", "4.0", Some("image/png"), None),
        ("", "4.0", Some(POWER_QUERY), json),
        ("$metadata", "4.0", None, Some("application/xml")),
        ("$metadata", "4.01", None, Some("application/xml")),
        ("$metadata", "4.0", Some("*/*"), Some("application/xml")),
        ("$metadata", "4.0", Some("application/xml"), Some("application/xml")),
        ("$metadata", "4.0", Some("text/xml"), Some("application/xml")),
        ("$metadata", "4.0", Some(POWER_QUERY), Some("application/xml")),
        ("$metadata", "4.0", Some(BROWSER), Some("application/xml")),
        ("$metadata", "4.0", Some("application/json, */*;q=0.1"), Some("application/xml")),
        ("$metadata", "4.0", Some("application/json"), Some("application/json")),
        ("$metadata", "4.01", Some("application/json, application/xml;q=0.9"), Some("application/json")),
        ("$metadata", "4.01", Some("application/json;q=0.1, application/xml"), Some("application/xml")),
        ("$metadata", "4.0", Some("image/png"), None),
        ("$metadata?$format=json", "4.0", Some("application/xml"), Some("application/json")),
        ("$metadata?$format=xml", "4.01", Some("application/json"), Some("application/xml")),
        ("$metadata?$format=application/xml", "4.0", None, Some("application/xml")),
        ("$metadata?$format=atom", "4.0", None, None),
        ("$metadata?$schemaversion=*", "4.01", None, Some("application/xml")),
        ("?$schemaversion=*", "4.0", None, json),
        ("Products(1)?$format=json", "4.0", Some("image/png"), json),
        ("Products(1)?$format=JSON", "4.0", None, json),
        ("Products(1)?format=json", "4.0", Some("text/html"), json),
        ("Products(1)?%24format=json", "4.0", Some("text/html"), json),
        (
            "Products(1)?$format=application/json;odata.metadata=full",
            "4.0",
            None,
            Some("application/json;odata.metadata=full"),
        ),
        (
            "Products(1)?$format=application%2Fjson%3Bmetadata%3Dnone",
            "4.01",
            None,
            Some("application/json;metadata=none"),
        ),
        ("Products(1)?$format=atom", "4.0", None, None),
        ("Products(1)?$format=xml", "4.0", None, None),
        ("Products(1)?$format=image/png", "4.0", Some("application/json"), None),
        ("?$format=json", "4.0", Some("text/html"), json),
        ("Products/$count", "4.0", Some("application/json"), Some("text/plain")),
        ("Products/$count", "4.0", Some(POWER_QUERY), Some("text/plain")),
        ("Products(1)/Name/$value", "4.0", Some("text/plain"), Some("text/plain;charset=utf-8")),
    ];
    for (url, version, accept, expected) in rows {
        let mut headers = vec![("OData-MaxVersion", *version)];
        headers.extend(accept.map(|accept| ("Accept", accept)));
        let answer = ask(&node, url, &headers);
        let what = format!("{url} {version} Accept {accept:?}");
        if let Some(media) = expected {
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (200, Some(*media)),
                "{what}: {}",
                answer.text()
            );
            continue;
        }
        let error = odata_error(&what, &answer);
        let target = if url.contains("format") { "$format" } else { "Accept" };
        let found = (answer.status, error.code.as_str(), error.target.as_deref());
        assert_eq!(found, (406, "NotAcceptable", Some(target)), "{what}");
    }
}

/// What Power Query sends, in its order, from the root to the last page.
#[test]
fn power_query_reads_a_feed() {
    let node = shop();
    let headers = [
        ("Accept", POWER_QUERY),
        ("MaxDataServiceVersion", "3.0"),
        ("OData-MaxVersion", "4.0"),
        ("Accept-Encoding", "gzip, deflate"),
        ("User-Agent", "Microsoft.Data.Mashup (https://go.microsoft.com/fwlink/?LinkID=304225)"),
    ];
    let root = node.url(SHOP);
    let document = ask(&node, "", &headers).json();
    assert_eq!(document["@odata.context"], format!("{root}$metadata"));
    let metadata = ask(&node, "$metadata", &headers).text();
    for set in document["value"].as_array().expect("sets") {
        let (name, url) = (set["name"].as_str().expect("a name"), set["url"].as_str().expect("a URL"));
        assert!(metadata.contains(&format!("<EntitySet Name=\"{name}\"")), "{name}");
        for query in ["?$top=0", "?%24top=1000", ""] {
            let answer = ask(&node, &[url, query].concat(), &headers);
            assert_eq!(answer.json()["@odata.context"], format!("{root}$metadata#{name}"), "{url}{query}");
        }
        let counted: u64 = ask(&node, &[url, "/$count"].concat(), &headers).text().parse().expect("a number");
        let ledger = nextlink_testkit::ledger::read_all(&[&root, url].concat(), &headers);
        assert_eq!(ledger.rows().count() as u64, counted, "{url}");
    }
}

#[test]
fn metadata_is_cached_by_its_tag() {
    let node = shop();
    let mut documents = Vec::new();
    for (version, accept) in [
        ("4.0", "application/xml"),
        ("4.0", "application/json"),
        ("4.01", "application/xml"),
        ("4.01", "application/json"),
    ] {
        let form = [("OData-MaxVersion", version), ("Accept", accept)];
        let answer = ask(&node, "$metadata", &form);
        let tag = answer.header("etag").expect("an ETag").to_owned();
        assert!(tag.starts_with("W/\"") && tag.ends_with('"'), "{tag}");
        if accept.ends_with("json") {
            let body = answer.json();
            assert_eq!(body["$EntityContainer"], "shop.Container", "{body}");
        } else {
            let text = answer.text();
            assert!(text.contains(&format!("<edmx:Edmx Version=\"{version}\"")), "{text}");
            assert_eq!(open_elements(&text), Vec::<String>::new(), "{version}");
        }
        let strong = tag.trim_start_matches("W/").to_owned();
        for (given, status) in [
            (tag.clone(), 304),
            (strong.clone(), 304),
            ("*".to_owned(), 304),
            (format!("\"other\", {tag}"), 304),
            ("\"other\"".to_owned(), 200),
            (String::new(), 200),
        ] {
            let mut headers = form.to_vec();
            headers.push(("If-None-Match", given.as_str()));
            for method in ["GET", "HEAD"] {
                let answer = send(&node, method, "$metadata", &headers);
                let what = format!("{method} {version} {accept} If-None-Match: {given}");
                assert_eq!((answer.status, answer.header("etag")), (status, Some(tag.as_str())), "{what}");
            }
        }
        documents.push((tag, answer.text()));
    }
    for (one, text) in &documents {
        for (other, other_text) in &documents {
            assert_eq!(one == other, text == other_text, "a document has its own tag: {one} {other}");
        }
    }
}

/// A small check of well-formedness: the elements that are still open at the end, or closed without being open.
fn open_elements(xml: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    for tag in xml.split('<').skip(1) {
        let Some((tag, _)) = tag.split_once('>') else {
            return vec![tag.to_owned()];
        };
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default().to_owned();
        if tag.starts_with('?') || tag.ends_with('/') {
            continue;
        }
        if !tag.starts_with('/') {
            open.push(name);
        } else if open.pop() != Some(name.clone()) {
            return vec![name];
        }
    }
    open
}

#[test]
fn context_urls() {
    let node = shop();
    let root = node.url(SHOP);
    for (version, url, expected) in [
        ("4.0", "", ""),
        ("4.0", "Products?$top=0", "#Products"),
        ("4.0", "Products(1)", "#Products/$entity"),
        ("4.0", "Products(1)/Name", "#Products(1)/Name"),
        ("4.0", "Words('a%2Fb')/Meaning", "#Words('a%2Fb')/Meaning"),
        ("4.0", "Pairs(B='x',A=1)/Note", "#Pairs(A=1,B='x')/Note"),
        ("4.0", "Products?$top=0&$select=ID,Name", "#Products(ID,Name)"),
        ("4.0", "Products(1)?$select=Name", "#Products(Name)/$entity"),
        ("4.0", "Products?$top=0&$expand=Category", "#Products"),
        ("4.01", "Products?$top=0&$expand=Category", "#Products(Category())"),
        ("4.0", "Products?$top=0&$select=ID&$expand=Category($select=ID)", "#Products(ID,Category(ID))"),
        ("4.0", "Products?$top=0&$select=Category&$expand=Category", "#Products(Category)"),
        ("4.01", "Products?$top=0&$select=Category&$expand=Category", "#Products(Category,Category())"),
        ("4.0", "Products(1)/Category", "#Categories/$entity"),
        ("4.0", "Categories(2)/Products?$top=0", "#Products"),
        ("4.0", "Products(1)/Category/Name", "#Categories(2)/Name"),
        ("4.01", "Products(1)/Category/ParentCategory/Name", "#Categories(1)/Name"),
        ("4.0", "Categories(2)/Products(1)/Name", "#Products(1)/Name"),
        ("4.0", "Categories?$top=0&$expand=Products/$ref", "#Categories"),
        ("4.0", "Categories?$top=0&$expand=CategoriesByParent($levels=3)", "#Categories"),
        (
            "4.01",
            "Categories?$top=0&$expand=CategoriesByParent($levels=3)",
            "#Categories(CategoriesByParent+())",
        ),
        (
            "4.0",
            "Categories?$top=0&$select=ID&$expand=CategoriesByParent($levels=max;$select=Name)",
            "#Categories(ID,CategoriesByParent+(Name))",
        ),
        ("4.0", "Categories(2)/Products/$ref?$top=0", "#Collection($ref)"),
        ("4.0", "Products(1)/Category/$ref", "#$ref"),
    ] {
        let answer = ask(&node, url, &[("OData-MaxVersion", version)]);
        let name = if version == "4.0" { "@odata.context" } else { "@context" };
        assert_eq!(answer.json()[name], format!("{root}$metadata{expected}"), "{version} {url}");
    }
}

#[test]
fn preferences() {
    let node = shop();
    let rows: &[(&str, &[&str], Option<&str>, usize)] = &[
        ("4.0", &[], None, 2000),
        ("4.0", &["maxpagesize=7"], Some("odata.maxpagesize=7"), 7),
        ("4.0", &["odata.maxpagesize=7"], Some("odata.maxpagesize=7"), 7),
        ("4.01", &["odata.maxpagesize=7"], Some("maxpagesize=7"), 7),
        ("4.01", &["maxpagesize=\"7\""], Some("maxpagesize=7"), 7),
        ("4.0", &["ODATA.MaxPageSize = 7"], Some("odata.maxpagesize=7"), 7),
        ("4.0", &["odata.maxpagesize=0"], None, 2000),
        ("4.0", &["odata.maxpagesize=-1"], None, 2000),
        ("4.0", &["odata.maxpagesize=x"], None, 2000),
        ("4.0", &["odata.maxpagesize"], None, 2000),
        ("4.0", &["odata.maxpagesize=1.5"], None, 2000),
        ("4.0", &["odata.maxpagesize=99999999"], Some("odata.maxpagesize=2000"), 2000),
        ("4.0", &["odata.maxpagesize=99999999999999999999999"], None, 2000),
        ("4.0", &["odata.maxpagesize=7, odata.maxpagesize=9"], Some("odata.maxpagesize=7"), 7),
        ("4.0", &["odata.maxpagesize=7", "odata.maxpagesize=9"], Some("odata.maxpagesize=7"), 7),
        (
            "4.0",
            &["odata.track-changes, foo=bar; x=\"a,b\", odata.maxpagesize=3"],
            Some("odata.maxpagesize=3"),
            3,
        ),
        ("4.0", &[",,;;==\"", "odata.maxpagesize=3"], Some("odata.maxpagesize=3"), 3),
        ("4.0", &["omit-values=nulls"], Some("omit-values=nulls"), 2000),
        ("4.01", &["omit-values=nulls,maxpagesize=5"], Some("maxpagesize=5, omit-values=nulls"), 5),
        ("4.0", &["omit-values=defaults"], None, 2000),
        ("4.0", &["odata.include-annotations=\"*\""], Some("odata.include-annotations=\"*\""), 2000),
        (
            "4.0",
            &["odata.include-annotations=\"-*,Org.OData.Core.V1.*\""],
            Some("odata.include-annotations=\"-*,Org.OData.Core.V1.*\""),
            2000,
        ),
        ("4.0", &["return=minimal"], None, 2000),
    ];
    for (version, prefer, applied, rows) in rows {
        let mut headers = vec![("OData-MaxVersion", *version)];
        headers.extend(prefer.iter().map(|value| ("Prefer", *value)));
        let answer = ask(&node, "Products?$select=ID,Price", &headers);
        let what = format!("{version} {prefer:?}");
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        assert_eq!(answer.header("preference-applied"), *applied, "{what}");
        let body = answer.json();
        let values = body["value"].as_array().expect("rows");
        assert_eq!(values.len(), *rows, "{what}");
        let omitted = prefer.concat().contains("nulls");
        assert_eq!(values[1].get("Price").is_none(), omitted, "{what}: {}", values[1]);
    }
}

#[test]
fn trace_ids_and_timings() {
    let node = shop();
    let long = "x".repeat(65);
    let most = "y".repeat(64);
    for (given, echoed) in [
        ("abc-123", true),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
        (most.as_str(), true),
        (long.as_str(), false),
        ("", false),
        ("a b", false),
        ("a\tb", false),
        ("größe", false),
    ] {
        for url in ["Products(1)", "Nothing"] {
            let answer = ask(&node, url, &[("Trace-ID", given)]);
            let found: Vec<_> = answer.headers_named("trace-id").collect();
            assert_eq!(found.len(), 1, "{given}");
            assert_eq!(found[0] == given, echoed, "'{given}' became '{}'", found[0]);
            assert!(!found[0].is_empty() && found[0].len() <= 64, "{}", found[0]);
        }
    }
    let made: Vec<_> = (0..3).map(|_| ask(&node, "", &[]).header("trace-id").map(str::to_owned)).collect();
    assert!(made[0] != made[1] && made[1] != made[2], "{made:?}");
    let next = ask(&node, "Products", &[]).json()["@odata.nextLink"].as_str().expect("a link").to_owned();
    let next = next[next.find(SHOP).expect("the root") + SHOP.len()..].to_owned();
    for (url, stages) in [
        ("", &["url", "bind"][..]),
        ("$metadata", &["url", "bind"]),
        ("Products(ID=1)", &["url", "bind", "plan", "rows"]),
        // Asked before.
        ("Products(1)", &["rows"]),
        ("Products?$top=1", &["url", "bind", "plan", "rows"]),
        ("Products/$count", &["url", "bind", "plan", "rows"]),
        ("Products(1)/Name/$value", &["url", "bind", "plan", "rows"]),
        (&next, &["token", "page"]),
    ] {
        let answer = ask(&node, url, &[]);
        let timing = answer.header("server-timing").unwrap_or_default().to_owned();
        let mut names = Vec::new();
        for part in timing.split(", ") {
            let (name, time) = part.split_once(";dur=").unwrap_or_else(|| panic!("{url}: '{timing}'"));
            assert!(time.parse::<f64>().is_ok_and(|t| t >= 0.0), "{url}: '{timing}'");
            names.push(name);
        }
        assert_eq!(names, stages, "{url}");
    }
}

/// HEAD says what GET says, but for the body, its length, and what differs from one answer to the next.
#[test]
fn head_is_get_without_body() {
    let node = shop();
    for url in [
        "",
        "$metadata",
        "Products",
        "Products?$top=1",
        "Products(1)",
        "Products(1)/Name",
        "Products(1)/Name/$value",
        "Products(1)/Category",
        "Products(2)/Category",
        "Products(2)/Price",
        "Products/$count",
        "Products/$ref?$top=3",
        "Products(99999)",
        "Products(99999)/Category",
        "Categories(99)/Products",
        "Nothing",
        "Products?$filter=x",
        "Products?$format=atom",
        "$batch",
    ] {
        for headers in [&[][..], &[("Prefer", "odata.maxpagesize=5")], &[("OData-MaxVersion", "4.01")]] {
            let named = |answer: &Answer| {
                let differ = ["date", "trace-id", "server-timing", "content-length", "transfer-encoding"];
                let mut all: Vec<_> =
                    answer.headers.iter().filter(|(n, _)| !differ.contains(&n.as_str())).cloned().collect();
                all.sort();
                (answer.status, all)
            };
            let get = send(&node, "GET", url, headers);
            let head = send(&node, "HEAD", url, headers);
            assert_eq!(named(&head), named(&get), "{url} {headers:?}");
            if let Some(length) = head.header("content-length") {
                assert_eq!(Some(length), get.header("content-length"), "{url}");
            }
        }
    }
}

#[test]
fn links_start_where_the_client_is() {
    let trusting = common::shop_configured("[server]\ntrusted_proxies = [\"127.0.0.0/8\"]");
    let named = shop_with(&["--public-url", "https://data.example.com/sales/"]);
    let plain = shop();
    let listed = common::shop_configured("[server]\nallowed_hosts = [\"data.example\"]");
    let forwarded: &[(&str, &str)] = &[
        ("Host", "inside:9"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "data.example"),
        ("X-Forwarded-Port", "8443"),
        ("X-Forwarded-Prefix", "/odata"),
    ];
    let standard: &[(&str, &str)] = &[
        ("Host", "inside:9"),
        ("Forwarded", "for=10.0.0.1;host=evil, for=1;proto=https;host=\"data.example:443\""),
    ];
    let rows: &[(&str, &Node, Headers<'_>, Option<&str>)] = &[
        ("plain", &plain, &[("Host", "a.example:8080")], Some("http://a.example:8080")),
        ("plain", &plain, &[("Host", "a.example:80")], Some("http://a.example")),
        ("plain", &plain, &[("Host", "[::1]:8080")], Some("http://[::1]:8080")),
        ("plain", &plain, forwarded, Some("http://inside:9")),
        ("plain", &plain, standard, Some("http://inside:9")),
        ("plain", &plain, &[("Host", "a\"b")], None),
        ("plain", &plain, &[("Host", "user@a")], None),
        ("plain", &plain, &[("Host", "")], None),
        ("trusting", &trusting, forwarded, Some("https://data.example:8443/odata")),
        ("trusting", &trusting, standard, Some("https://data.example")),
        ("trusting", &trusting, &[("Host", "inside:9")], Some("http://inside:9")),
        ("trusting", &trusting, &[("Host", "a"), ("X-Forwarded-Host", "b\"/><script>")], None),
        ("trusting", &trusting, &[("Host", "a"), ("X-Forwarded-Prefix", "/a\"b")], Some("http://a")),
        ("trusting", &trusting, &[("Host", "a"), ("X-Forwarded-Proto", "javascript")], Some("http://a")),
        ("named", &named, &[("Host", "a.example")], Some("https://data.example.com/sales")),
        ("named", &named, forwarded, Some("https://data.example.com/sales")),
        ("listed", &listed, &[("Host", "data.example")], Some("http://data.example")),
        ("listed", &listed, &[("Host", "DATA.example:1234")], Some("http://DATA.example:1234")),
        ("listed", &listed, &[("Host", "evil.example")], None),
    ];
    for (name, node, headers, expected) in rows {
        let answer = ask(node, "Products", headers);
        let what = format!("{name} {headers:?}");
        let Some(base) = expected else {
            let error = odata_error(&what, &answer);
            assert_eq!(
                (answer.status, error.code.as_str(), error.target.as_deref()),
                (400, "BadHost", Some("Host")),
                "{what}"
            );
            continue;
        };
        let body = answer.json();
        assert_eq!(body["@odata.context"], format!("{base}{SHOP}$metadata#Products"), "{what}");
        let next = body["@odata.nextLink"].as_str().expect("a next link");
        assert!(next.starts_with(&format!("{base}{SHOP}Products?$skiptoken=")), "{what}: {next}");
    }
    for (request, expected) in [
        (
            format!(
                "GET http://whole.example:99{SHOP}Products?$top=0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            ),
            Some("http://whole.example:99"),
        ),
        (
            format!("GET {SHOP}Products?$top=0 HTTP/1.0\r\nHost: old.example\r\n\r\n"),
            Some("http://old.example"),
        ),
        (format!("GET {SHOP}Products?$top=0 HTTP/1.0\r\n\r\n"), Some("http://localhost")),
        (format!("GET {SHOP}Products?$top=0 HTTP/1.1\r\nConnection: close\r\n\r\n"), None),
        (
            format!("GET {SHOP}Products?$top=0 HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n"),
            None,
        ),
    ] {
        let answer = raw(&plain, request.as_bytes());
        match expected {
            Some(base) => assert_eq!(
                answer.json()["@odata.context"],
                format!("{base}{SHOP}$metadata#Products"),
                "{request}"
            ),
            None => assert_eq!(odata_error(&request, &answer).code, "BadHost", "{request}"),
        }
    }
}

/// Answers of every size: nothing, small, one piece, streamed, stored; each is one valid gzip file with the same text.
#[test]
fn gzip_is_the_same_text() {
    let node = shop();
    let huge = "Products?$expand=Category,Order_Details&$count=true";
    let next = |headers: &[(&str, &str)]| {
        let link =
            ask(&node, "Products", headers).json()["@odata.nextLink"].as_str().expect("a link").to_owned();
        link[link.find(SHOP).expect("the root") + SHOP.len()..].to_owned()
    };
    let (plain_page, gzip_page) = (next(&[]), next(&[("Accept-Encoding", "gzip")]));
    for (url, compressed) in [
        ("", false),
        ("$metadata", true),
        ("Words?$top=0", false),
        ("Products(1)", false),
        ("Products?$top=100", true),
        ("Products?$top=1999", true),
        ("Words", true),
        (huge, true),
        ("Nothing", false),
        ("Products/$count", false),
        (plain_page.as_str(), false),
        (gzip_page.as_str(), true),
    ] {
        for coding in ["gzip", "gzip, deflate", "x-gzip;q=0.1, *;q=0", "br, GZIP"] {
            let packed = ask(&node, url, &[("Accept-Encoding", coding)]);
            let plain = ask(&node, url, &[("Accept-Encoding", "identity")]);
            let what = format!("{url} {coding}");
            assert_eq!(packed.status, plain.status, "{what}");
            assert_eq!(plain.header("content-encoding"), None, "{what}");
            let coding = packed.header("content-encoding");
            if url != "Words" {
                assert_eq!(coding == Some("gzip"), compressed, "{what}");
            }
            let steady = |text: String| match text.find("skiptoken=").or(text.find("\"trace\"")) {
                Some(at) => text[..at].to_owned(),
                None => text,
            };
            assert_eq!(steady(packed.text()), steady(plain.text()), "{what}");
            if coding.is_some() {
                assert_eq!(gzip_says(&packed.body), (true, plain.body.len()), "{what}");
            }
        }
    }
}

/// Whether `gzip` takes it for one whole file, and the length of its text.
fn gzip_says(body: &[u8]) -> (bool, usize) {
    let mut gzip = Command::new("gzip");
    gzip.arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = gzip.spawn().expect("gzip is installed");
    let mut input = child.stdin.take().expect("a pipe");
    let body = body.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&body));
    let output = child.wait_with_output().expect("gzip ends");
    let written = writer.join().expect("the writer ends").is_ok();
    (written && output.status.success() && output.stderr.is_empty(), output.stdout.len())
}
