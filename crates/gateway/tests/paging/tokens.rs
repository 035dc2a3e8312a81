//! Links that were altered, moved or asked for in another form: refused with one answer, never half right.

use nextlink_testkit::http;
use nextlink_testkit::node::{Launch, Node};

use crate::site::{first_page, launch, refusal, start, table, url};

const PATH: &str = "T?$filter=G%20gt%20100&$orderby=G&$select=Id,Name";

/// A node, and a link to the second page of [`PATH`] before and from `$skiptoken=` on.
fn paged() -> (Node, String, String) {
    let node = start(&table(50), "", "");
    let (_, link) = first_page(&node, PATH, 5);
    let (before, token) = link.split_once("$skiptoken=").expect("a token");
    let (before, token) = (before.to_owned(), token.to_owned());
    (node, before, token)
}

#[track_caller]
fn rows(link: &str) -> serde_json::Value {
    let page = http::get(link, &[]);
    assert_eq!(page.status, 200, "{link}: {}", page.text());
    page.json()["value"].clone()
}

#[track_caller]
fn refused(link: &str, what: &str) {
    let answer = http::get(link, &[]);
    assert!(answer.status >= 400, "{what}: {link}: {}", answer.text());
    assert_eq!(refusal(&answer), (400, "BadSkipToken".to_owned()), "{what}: {link}");
}

#[test]
fn every_altered_character_is_refused() {
    let (_node, before, token) = paged();
    rows(&format!("{before}$skiptoken={token}"));
    for at in 0..token.len() {
        for new in ["A", "B", "_"].into_iter().filter(|new| *new != &token[at..=at]).take(2) {
            let altered = [&token[..at], new, &token[at + 1..]].concat();
            let answer = http::get(&format!("{before}$skiptoken={altered}"), &[]);
            let (status, code) = refusal(&answer);
            // Behind the version stands the name of the key: altered, it is one that is not kept.
            let expected = if (1..8).contains(&at) && status == 410 {
                (410, "ResultGone")
            } else {
                (400, "BadSkipToken")
            };
            assert_eq!((status, code.as_str()), expected, "character {at} as {new}");
        }
        refused(&format!("{before}$skiptoken={}", &token[..at]), &format!("cut at {at}"));
    }
}

#[test]
fn garbage_is_refused() {
    let (_node, before, token) = paged();
    let (longest, longer) = ("A".repeat(2_048), "A".repeat(9_000));
    for other in [
        "",
        "A",
        "=",
        "%00",
        "%FF%FE",
        "%F0%9F%98%80",
        "null",
        "0",
        "-1",
        "'",
        "1'%20or%201=1",
        "AbZs%20vGx",
        "a.b.c",
        "../../etc",
        "%24skiptoken",
        longest.as_str(),
        longer.as_str(),
    ] {
        let answer = http::get(&format!("{before}$skiptoken={other}"), &[]);
        let (status, code) = refusal(&answer);
        assert_eq!(
            (status, code.as_str()),
            (400, "BadSkipToken"),
            "{}",
            other.chars().take(20).collect::<String>()
        );
    }
    for (what, link) in [
        ("extended", format!("{before}$skiptoken={token}A")),
        ("padded", format!("{before}$skiptoken={token}=")),
        ("doubled", format!("{before}$skiptoken={token}{token}")),
        ("given twice", format!("{before}$skiptoken={token}&$skiptoken={token}")),
        ("given twice, in two ways", format!("{before}$skiptoken={token}&%24SkipToken={token}")),
        ("an empty one before it", format!("{before}$skiptoken=&$skiptoken={token}")),
    ] {
        refused(&link, what);
    }
}

#[test]
fn a_token_is_bound_to_path_and_options() {
    let (node, before, token) = paged();
    for (what, path) in [
        ("no options", "T?".to_owned()),
        ("another filter", "T?$filter=G%20gt%20101&$orderby=G&$select=Id,Name&".to_owned()),
        ("another order", "T?$filter=G%20gt%20100&$orderby=Id&$select=Id,Name&".to_owned()),
        ("fewer columns", "T?$filter=G%20gt%20100&$orderby=G&$select=Id&".to_owned()),
        ("an option less", "T?$filter=G%20gt%20100&$orderby=G&".to_owned()),
        ("an option more", format!("{PATH}&$top=3&")),
        ("an option twice", format!("{PATH}&$orderby=G&")),
        ("a single row", PATH.replace("T?", "T(1)?") + "&"),
        ("a count", PATH.replace("T?", "T/$count?") + "&"),
        ("another set", PATH.replace("T?", "Other?") + "&"),
        ("the service document", PATH.replace("T?", "?") + "&"),
        ("the metadata", PATH.replace("T?", "$metadata?") + "&"),
        ("another case", PATH.replace("T?", "t?") + "&"),
    ] {
        refused(&url(&node, &format!("{path}$skiptoken={token}")), what);
    }
    // What means the same is the same.
    let expected = rows(&format!("{before}$skiptoken={token}"));
    for (what, path) in [
        (
            "another order of options",
            format!("T?$skiptoken={token}&$select=Id,Name&$orderby=G&$filter=G%20gt%20100"),
        ),
        ("plus signs", format!("T?$filter=G+gt+100&$orderby=G&$select=Id,Name&$skiptoken={token}")),
        (
            "encoded dollars",
            format!("T?%24filter=G%20gt%20100&%24orderby=G&%24select=Id%2CName&%24skiptoken={token}"),
        ),
        (
            "an encoded path",
            format!("%54?$filter=G%20gt%20100&$orderby=G&$select=Id,Name&$skiptoken={token}"),
        ),
        (
            "empty options",
            format!("T?&&$filter=G%20gt%20100&$orderby=G&&$select=Id,Name&$skiptoken={token}&"),
        ),
        ("a custom option more", format!("{PATH}&debug=1&$skiptoken={token}&_=17")),
        ("the same one twice", format!("{PATH}&$skiptoken={token}&_=17&_=18")),
        (
            "an encoded token",
            format!("{PATH}&$skiptoken={}", token.bytes().map(|b| format!("%{b:02x}")).collect::<String>()),
        ),
    ] {
        assert_eq!(rows(&url(&node, &path)), expected, "{what}");
    }
    let upper = node.service("S") + &format!("{PATH}&$skiptoken={token}");
    assert_eq!(rows(&upper), expected, "the source's name in another case");
}

/// The same file as two sources, and as two nodes.
#[test]
fn a_token_is_bound_to_its_source_and_its_node() {
    let one: Launch = launch(&table(50), "", "");
    let file = one.data_dir().join("s.db");
    let node = one.arg(&format!("twin=sqlite:{}", file.display())).start();
    let (_, link) = first_page(&node, "T", 5);
    rows(&link);
    refused(&link.replace("/s/", "/twin/"), "another source");
    let stranger = start(&table(50), "", "");
    let moved = link.replace(node.base(), stranger.base());
    // A node of its own has keys of its own: it cannot know more than that this one is not kept.
    assert_eq!(refusal(&http::get(&moved, &[])), (410, "ResultGone".to_owned()));
}

#[test]
fn pages_have_the_form_of_the_first_one() {
    let node = start(&table(50), "", "");
    let json = "application/json";
    let (none, full) = ("application/json;odata.metadata=none", "application/json;odata.metadata=full");
    let strings = "application/json;IEEE754Compatible=true";
    let forms = [
        [("Accept", "*/*"), ("OData-MaxVersion", "4.0")],
        [("Accept", none), ("OData-MaxVersion", "4.0")],
        [("Accept", full), ("OData-MaxVersion", "4.0")],
        [("Accept", strings), ("OData-MaxVersion", "4.0")],
        [("Accept", json), ("OData-MaxVersion", "4.01")],
    ];
    for (number, first) in forms.iter().enumerate() {
        let mut headers = first.to_vec();
        headers.push(("Prefer", "maxpagesize=5"));
        let page = http::get(&url(&node, "T"), &headers).json();
        let link =
            page.get("@odata.nextLink").or(page.get("@nextLink")).and_then(|l| l.as_str()).expect("a link");
        for (other, form) in forms.iter().enumerate() {
            let answer = http::get(link, form);
            // What names no form takes any of its version.
            if other == number || (other == 0 && first[1] == form[1]) {
                assert_eq!(answer.status, 200, "{first:?}: {}", answer.text());
            } else {
                assert_eq!(refusal(&answer), (406, "NotAcceptable".to_owned()), "{first:?} then {form:?}");
            }
        }
        let plain = http::get(link, &[]);
        let version = Some(first[1].1);
        assert_eq!((plain.status, plain.header("odata-version")), (200, version), "{first:?} then nothing");
        let unversioned = http::get(link, &first[..1]);
        assert_eq!(unversioned.status, 200, "{first:?} without a version: {}", unversioned.text());
        let open = http::get(link, &[first[1], ("Accept", "text/html;q=0.9, application/json")]);
        assert_eq!(open.status, 200, "{first:?} then any JSON: {}", open.text());
        let xml = http::get(link, &[("Accept", "application/xml")]);
        assert_eq!(refusal(&xml), (406, "NotAcceptable".to_owned()), "{first:?} then XML");
        let many =
            http::get(link, &[first[1], ("Accept", &format!("text/html, {};q=0.9, */*;q=0.1", first[0].1))]);
        assert_eq!(many.status, 200, "{first:?} among others: {}", many.text());
    }
}

#[test]
fn head_and_other_methods() {
    let (_node, before, token) = paged();
    let link = format!("{before}$skiptoken={token}");
    let head = http::send("HEAD", &link, &[], None).expect("an answer");
    assert_eq!((head.status, head.body.len()), (200, 0));
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let answer = http::send(method, &link, &[], Some(b"")).expect("an answer");
        assert_eq!(refusal(&answer), (405, "MethodNotAllowed".to_owned()), "{method}");
    }
}
