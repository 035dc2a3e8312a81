//! What comes in otherwise than by a plain GET: reading by POST, what real clients send around it, and pages of other origins.

mod common;

use common::{SHOP, ask, encoded, odata_error, raw, shop, shop_configured};
use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::node::Node;

#[track_caller]
fn post(node: &Node, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let url = node.url(&[SHOP, &encoded(url)].concat());
    http::send("POST", &url, headers, Some(body)).unwrap_or_else(|error| panic!("POST {url}: {error}"))
}

/// An answer without what is another one each time.
fn told(answer: &Answer) -> (u16, Option<String>, String) {
    let body = answer.text();
    let token = body.find("$skiptoken=").unwrap_or(body.len());
    (answer.status, answer.header("content-type").map(str::to_owned), body[..token].to_owned())
}

/// Options in the body are options in the URL, whoever encodes them.
#[test]
fn query_options_in_the_body() {
    let node = shop();
    let text = &[("Content-Type", "text/plain")][..];
    let json = &[("Content-Type", "application/json")][..];
    let long =
        format!("$filter=ID in ({})", (1..=900).map(|id| id.to_string()).collect::<Vec<_>>().join(","));
    for (posted, headers, body, plain) in [
        ("Products/$query", text, "$top=2&$skip=1", "Products?$top=2&$skip=1"),
        ("Products/%24query", text, "%24top=2", "Products?$top=2"),
        ("Products/$query/", text, "$top=2\r\n", "Products?$top=2"),
        ("Products/$query?$top=2", text, "$skip=1&custom=x", "Products?$top=2&$skip=1"),
        (
            "Products/$query",
            text,
            "$filter=ID%20eq%203&$select=Name",
            "Products?$filter=ID eq 3&$select=Name",
        ),
        ("Products/$query", text, "$filter=Name eq '日本茶'", "Products?$filter=Name eq '日本茶'"),
        ("Products/$query", text, "$filter=ID+eq+@p&@p=3", "Products?$filter=ID eq 3"),
        ("Products/$query", text, "", "Products"),
        ("Products/$query", &[], "$top=1", "Products?$top=1"),
        ("Products/$query", text, &long, &long.replace("$filter", "Products?$filter")),
        ("Products(1)/Category/$query", text, "$select=Name", "Products(1)/Category?$select=Name"),
        ("Products/$count/$query", text, "$filter=ID lt 9", "Products/$count?$filter=ID lt 9"),
        ("Products/$query", text, "$top=1&$format=json", "Products?$top=1&$format=json"),
        (
            "Products/$query",
            text,
            "$top=1&$format=application/json;odata.metadata=full",
            "Products?$top=1&$format=application/json;odata.metadata=full",
        ),
        (
            "Products/$query",
            json,
            r#"{"$top": 1, "$filter": "Name eq 'a&b' or ID eq 2"}"#,
            "Products?$top=1&$filter=ID eq 2",
        ),
        ("Products/$query", json, r#"{"$filter": "ID in @p", "@p": [1, 2]}"#, "Products?$filter=ID in (1,2)"),
        ("Products/$query", text, "$nothing=1", "Products?$nothing=1"),
        ("Nothing/$query", text, "$top=1", "Nothing?$top=1"),
        (
            "Products/$query",
            &[("Content-Type", "text/plain"), ("X-HTTP-Method", "GET")],
            "",
            "Products/$query",
        ),
    ] {
        let (found, expected) = (post(&node, posted, headers, body.as_bytes()), ask(&node, plain, &[]));
        if expected.status >= 400 {
            let error = |answer: &Answer| (answer.status, odata_error(posted, answer).code);
            assert_eq!(error(&found), error(&expected), "{posted} {body}");
        } else {
            assert_eq!(told(&found), told(&expected), "{posted} {body}");
        }
    }
    for (headers, body, status, code) in [
        (&[("Content-Type", "text/xml")][..], &b"$top=1"[..], 415, "UnsupportedMediaType"),
        (&[("Content-Type", "text/plain"), ("Content-Encoding", "gzip")], b"x", 415, "UnsupportedMediaType"),
        (json, b"[]", 400, "BadBody"),
        (json, b"{\"$top\":1", 400, "BadBody"),
        (text, b"$filter=Name eq '\xff'", 400, "BadEncoding"),
        (text, b"$filter=%zz", 400, "BadEncoding"),
    ] {
        let answer = post(&node, "Products/$query", headers, body);
        let what = String::from_utf8_lossy(body);
        assert_eq!((answer.status, odata_error(&what, &answer).code.as_str()), (status, code), "{what}");
    }
}

/// The pages of what was asked in a body are read by plain links.
#[test]
fn results_of_a_body_have_pages() {
    let node = shop();
    let headers = [("Prefer", "odata.maxpagesize=1000"), ("Content-Type", "text/plain")];
    let first =
        post(&node, "Products/$query", &headers, b"$orderby=ID desc&$count=true&$filter=ID gt 10").json();
    assert_eq!(first["@odata.count"], 4990);
    let mut ids: Vec<i64> = Vec::new();
    let mut page = first;
    loop {
        let rows = page["value"].as_array().expect("rows");
        ids.extend(rows.iter().map(|row| row["ID"].as_i64().expect("a key")));
        let Some(next) = page["@odata.nextLink"].as_str() else { break };
        assert!(next.starts_with(&node.url(&[SHOP, "Products?"].concat())), "{next}");
        page = http::get(next, &[]).json();
    }
    assert_eq!(ids, (11..=5000).rev().collect::<Vec<_>>());
}

/// Bodies of every framing, and as long or slow as they may be.
#[test]
fn bodies_are_bounded() {
    let node = shop_configured("[limits]\nbody_bytes = 2000\nbodies_mib = 1\nbody_seconds = 1");
    let head = format!(
        "POST {SHOP}Products/$query HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type:text/plain\r\n"
    );
    let filled = |length: usize| format!("$top=1&x={}", "y".repeat(length - "$top=1&x=".len()));
    let chunked =
        |body: &str| format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let whole = |body: &str| format!("Content-Length: {}\r\n\r\n{body}", body.len());
    for (rest, expected) in [
        (whole(&filled(2000)), Ok(())),
        (whole(&filled(2001)), Err((413, "body_bytes"))),
        (chunked(&filled(2000)), Ok(())),
        (chunked(&filled(2001)), Err((413, "body_bytes"))),
        ("Transfer-Encoding: chunked\r\n\r\n4\r\n$top\r\n2\r\n=1\r\n0\r\n\r\n".to_owned(), Ok(())),
        ("Content-Length:6\r\nExpect:100-continue\r\n\r\n$top=1".to_owned(), Ok(())),
        ("Content-Length: 100\r\n\r\n$top=1".to_owned(), Err((408, "body_seconds"))),
        ("\r\n".to_owned(), Ok(())),
    ] {
        let answer = raw(&node, [head.as_str(), &rest].concat().as_bytes());
        let what = rest.chars().take(60).collect::<String>();
        match expected {
            Ok(()) => assert_eq!(answer.status, 200, "{what}: {}", answer.text()),
            Err((status, limit)) => {
                let error = odata_error(&what, &answer);
                let found = (answer.status, error.code.as_str(), error.target.as_deref());
                assert_eq!(found, (status, "LimitExceeded", Some(limit)), "{what}");
                assert!(error.message.contains(limit), "{error:?}");
            }
        }
    }
    // What was read is given back.
    for _ in 0..1_000 {
        assert_eq!(post(&node, "Products/$query", &[], filled(2000).as_bytes()).status, 200);
    }
}

/// A client that waits to be told to go on is told so, once the body is wanted.
#[test]
fn clients_are_told_to_continue() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let node = shop();
    let host = node.base().trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(host).expect("a connection");
    let head = format!(
        "POST {SHOP}Products/$query HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("the head is written");
    let mut reader = BufReader::new(stream.try_clone().expect("the same connection"));
    let mut line = String::new();
    reader.read_line(&mut line).expect("a line");
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");
    reader.read_line(&mut line).expect("a line");
    stream.write_all(b"$top=1").expect("the body is written");
    let answer = http::read_answer(&mut reader, false).expect("an answer");
    assert_eq!(answer.json()["value"].as_array().map(Vec::len), Some(1));
}

/// Methods behind a POST: reading goes, and nothing else does.
#[test]
fn methods_in_headers() {
    let node = shop();
    for name in ["X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override"] {
        for (method, status) in [
            ("GET", 200),
            ("get", 200),
            ("HEAD", 200),
            ("PATCH", 405),
            ("MERGE", 405),
            ("DELETE", 405),
            ("POST", 405),
        ] {
            let answer = post(&node, "Products(1)", &[(name, method)], b"");
            assert_eq!(answer.status, status, "{name}: {method}");
            match method {
                "GET" | "get" => assert_eq!(told(&answer), told(&ask(&node, "Products(1)", &[]))),
                "HEAD" => assert_eq!(answer.body, b""),
                _ => assert_eq!(answer.header("allow"), Some("GET, HEAD")),
            }
        }
        let answer = ask(&node, "Products(1)", &[(name, "DELETE")]);
        assert_eq!(answer.status, 200, "{name} of a GET is not looked at");
    }
}

/// Requests byte by byte as clients send them, which need no more than what HTTP asks for.
#[test]
fn heads_of_real_clients() {
    let node = shop();
    for (line, headers, status) in [
        ("GET", "Accept:application/json\r\nOData-MaxVersion:4.0\r\n", 200),
        ("GET", "Accept:   application/json  \r\n", 200),
        ("GET", "Expect: 100-continue\r\n", 200),
        ("HEAD", "X-CSRF-Token:Fetch\r\n", 200),
        ("GET", "Content-Length: 0\r\n", 200),
        ("GET", "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 200),
        ("GET", "DataServiceVersion: 3.0\r\nMaxDataServiceVersion: 3.0\r\n", 200),
        ("GET", "Sap-Cancel-On-Close: true\r\nSap-ContextId-Accept: header\r\n", 200),
        ("GET", "Accept-Language: \r\nCookie: a=b; c\r\nReferer: x\r\n", 200),
    ] {
        for url in ["", "Products?$top=1", "Products(1)"] {
            let request =
                format!("{line} {SHOP}{url} HTTP/1.1\r\nHost:a\r\nConnection:close\r\n{headers}\r\n");
            let answer = raw(&node, request.as_bytes());
            assert_eq!(answer.status, status, "{request}: {}", answer.text());
            assert_eq!(answer.headers_named("odata-version").collect::<Vec<_>>(), ["4.0"], "{request}");
        }
    }
}

/// What SAP's clients begin with.
#[test]
fn csrf_tokens_are_there_to_fetch() {
    let node = shop();
    for (method, url, token, given) in [
        ("HEAD", "", "Fetch", true),
        ("HEAD", "", "fetch", true),
        ("GET", "", "Fetch", true),
        ("GET", "$metadata", "Fetch", true),
        ("GET", "Products(1)", "Fetch", true),
        ("GET", "Products(1)", "Fetch", true),
        ("GET", "Nothing", "Fetch", true),
        ("GET", "Products(1)", "none-needed", false),
        ("GET", "Products(1)", "", false),
    ] {
        let url = node.url(&[SHOP, url].concat());
        let answer = http::send(method, &url, &[("X-CSRF-Token", token)], None).expect("an answer");
        assert_eq!(answer.header("x-csrf-token").is_some(), given, "{method} {url} {token}");
    }
}

/// The headers of an answer that tell browsers what a page may do.
fn cors(answer: &Answer) -> Vec<(String, String)> {
    let named = |name: &str| name.starts_with("access-control-") || name == "vary";
    let mut all: Vec<_> = answer.headers.iter().filter(|(name, _)| named(name)).cloned().collect();
    all.sort();
    all
}

const VARY: &str = "Accept, Accept-Encoding, OData-MaxVersion, Prefer";
const APP: &str = "https://app.example:8443";
/// What UI5 asks to be allowed to send.
const UI5: &str = "x-csrf-token,x-sap-security-session,mime-version,odata-version,odata-maxversion,sap-cancel-on-close,content-type";

#[test]
fn pages_of_other_origins() {
    let listed = format!("[server.cors]\norigins = [\"{APP}\", \"http://localhost:3000\"]");
    // Settings, what asks, whom the answer names, whether cookies may come along.
    type Row<'a> = (&'a str, &'a str, Option<&'a str>, Option<&'a str>, bool);
    let rows: &[Row<'_>] = &[
        ("none", "", Some(APP), None, false),
        ("none", "", None, None, false),
        ("listed", &listed, Some(APP), Some(APP), false),
        ("listed", &listed, Some("https://APP.example:8443"), Some("https://APP.example:8443"), false),
        ("listed", &listed, Some("http://localhost:3000"), Some("http://localhost:3000"), false),
        ("listed", &listed, Some("http://localhost:3001"), None, false),
        ("listed", &listed, Some("https://app.example"), None, false),
        ("listed", &listed, Some("https://app.example:8443.evil.example"), None, false),
        ("listed", &listed, Some("null"), None, false),
        ("listed", &listed, Some(""), None, false),
        ("listed", &listed, None, None, false),
        ("with cookies", &format!("{listed}\ncredentials = true"), Some(APP), Some(APP), true),
        ("with cookies", &format!("{listed}\ncredentials = true"), Some("https://evil.example"), None, false),
        ("all", "[server.cors]\norigins = [\"*\"]", Some("https://evil.example"), Some("*"), false),
        ("all", "[server.cors]\norigins = [\"*\"]", Some("null"), Some("*"), false),
        ("all", "[server.cors]\norigins = [\"*\"]", None, Some("*"), false),
    ];
    let mut running: Option<(&str, Node)> = None;
    for (name, settings, origin, named, credentials) in rows {
        if running.as_ref().is_none_or(|(settings_of, _)| settings_of != settings) {
            running = Some((settings, shop_configured(settings)));
        }
        let node = &running.as_ref().expect("a node").1;
        let origin_header: Vec<(&str, &str)> = origin.map(|origin| ("Origin", origin)).into_iter().collect();
        let varies = *name != "none" && *name != "all";
        let vary = if varies { format!("{VARY}, Origin") } else { VARY.to_owned() };
        // The key twice, since the second time it is answered in a shorter way.
        for url in ["", "Products(1)", "Products(1)", "Products?$top=1", "Nothing", "$metadata"] {
            let answer = ask(node, url, &origin_header);
            let what = format!("{name}: {origin:?} {url}");
            assert_eq!(answer.header("access-control-allow-origin"), *named, "{what}");
            let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
            for header in [
                "Accept-Ranges",
                "Content-Disposition",
                "Content-Range",
                "ETag",
                "OData-Version",
                "Retry-After",
                "Preference-Applied",
                "X-CSRF-Token",
            ] {
                assert_eq!(exposed.contains(header), named.is_some(), "{what}: {header}");
            }
            let cookies = credentials.then_some("true");
            assert_eq!(answer.header("access-control-allow-credentials"), cookies, "{what}");
            assert_eq!(answer.headers_named("vary").collect::<Vec<_>>(), [vary.as_str()], "{what}");
        }
        let asked = [
            &origin_header[..],
            &[("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", UI5)],
        ]
        .concat();
        let url = node.url(&[SHOP, "$batch"].concat());
        let answer = http::send("OPTIONS", &url, &asked, None).expect("an answer");
        if named.is_none() || origin.is_none() {
            assert_eq!(answer.status, 405, "{name}: {origin:?}");
            assert_eq!(answer.header("access-control-allow-methods"), None, "{name}: {origin:?}");
            continue;
        }
        assert_eq!((answer.status, answer.body.as_slice()), (204, &b""[..]), "{name}: {origin:?}");
        let mut expected = vec![
            ("access-control-allow-headers", UI5),
            ("access-control-allow-methods", "GET, HEAD, POST, DELETE"),
            ("access-control-allow-origin", named.unwrap_or_default()),
            ("access-control-max-age", "600"),
            ("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
        ];
        if *credentials {
            expected.insert(0, ("access-control-allow-credentials", "true"));
        }
        expected.sort_unstable();
        let expected: Vec<_> = expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        assert_eq!(cors(&answer), expected, "{name}: {origin:?}");
    }
}
