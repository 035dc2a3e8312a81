//! `$batch` in both forms (Part 1 section 11.7, JSON Format section 19): each request in it is answered as if it had come alone.

mod common;

#[path = "batch/parts.rs"]
mod parts;
#[path = "batch/values.rs"]
mod values;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};

use common::{SHOP, ask, odata_error, raw, shop, shop_configured};
use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::node::Node;
use parts::{Part, json_parts, multipart, multipart_parts};
use serde_json::{Value, json};

const MULTIPART: (&str, &str) = ("Content-Type", "multipart/mixed;boundary=b");
const JSON: (&str, &str) = ("Content-Type", "application/json");

#[track_caller]
fn post(node: &Node, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let url = node.url(&[SHOP, "$batch"].concat());
    http::send("POST", &url, headers, Some(body)).unwrap_or_else(|error| panic!("{error}"))
}

/// A request: method, URL, headers.
type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// Sends requests in both forms; the answers to them must be the same.
#[track_caller]
fn both(node: &Node, requests: &[Row<'_>], more: &[(&str, &str)]) -> Vec<Part> {
    let (one, other) = (in_multipart(node, requests, more), in_json(node, requests, more));
    for (one, other) in one.iter().zip(&other) {
        assert_eq!(one.told(), other.told());
    }
    assert_eq!(one.len(), other.len());
    one
}

fn in_multipart(node: &Node, requests: &[Row<'_>], more: &[(&str, &str)]) -> Vec<Part> {
    let text = requests.iter().enumerate().map(|(number, (method, url, headers))| {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}:{value}\r\n")).collect();
        (Some(number.to_string()), format!("{method} {url} HTTP/1.1\r\n{headers}\r\n"))
    });
    let answer = post(node, &[&[MULTIPART], more].concat(), multipart("b", text).as_bytes());
    multipart_parts(&answer)
}

fn in_json(node: &Node, requests: &[Row<'_>], more: &[(&str, &str)]) -> Vec<Part> {
    let requests: Vec<Value> = requests
        .iter()
        .enumerate()
        .map(|(number, (method, url, headers))| {
            let headers: serde_json::Map<_, _> =
                headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
            json!({ "id": number.to_string(), "method": method, "url": url, "headers": headers })
        })
        .collect();
    let body = json!({ "requests": requests }).to_string();
    let answer = post(node, &[&[JSON], more].concat(), body.as_bytes());
    json_parts(&answer)
}

/// Whatever is asked alone is answered the same in a batch.
#[test]
fn requests_are_answered_as_if_alone() {
    let node = shop();
    let tag = ask(&node, "$metadata", &[]).header("etag").expect("a tag").to_owned();
    let long = format!(
        "Products?$filter=ID%20in%20({})",
        (1..=900).map(|i| i.to_string()).collect::<Vec<_>>().join(",")
    );
    let rows: &[Row<'_>] = &[
        ("GET", "", &[]),
        ("GET", "$metadata", &[]),
        ("GET", "$metadata", &[("Accept", "application/json")]),
        ("GET", "$metadata", &[("If-None-Match", &tag)]),
        ("GET", "Products(1)", &[]),
        ("GET", "Products(1)", &[("Accept", "application/json;odata.metadata=full")]),
        ("GET", "Products(2)", &[("Prefer", "omit-values=nulls"), ("OData-MaxVersion", "4.01")]),
        ("GET", "Products?$top=3&$count=true", &[]),
        ("GET", "Products?$count=true", &[("Prefer", "odata.maxpagesize=5")]),
        ("GET", "Products?$expand=Category,Order_Details&$top=1000", &[]),
        ("GET", &long, &[]),
        ("GET", "Products(1)/Name", &[]),
        ("GET", "Products(1)/Name/$value", &[]),
        ("GET", "Products(1)/Picture/$value", &[]),
        ("GET", "Products(3)/Picture/$value", &[]),
        ("GET", "Products(2)/Price", &[]),
        ("GET", "Products/$count", &[]),
        ("GET", "Words('%F0%9F%98%80')", &[]),
        ("GET", "Products(99999)", &[]),
        ("GET", "Nothing", &[]),
        ("GET", "Products?$filter=x", &[]),
        ("GET", "Products", &[("Accept", "image/png")]),
        ("GET", "Products", &[("OData-MaxVersion", "3.0")]),
        ("GET", "$all", &[]),
        ("POST", "Products", &[]),
        ("DELETE", "Products(1)", &[]),
        ("PATCH", "Products(1)", &[]),
    ];
    for more in [&[][..], &[("OData-MaxVersion", "4.01")], &[("Accept-Encoding", "gzip")]] {
        let more = [&[("Prefer", "odata.continue-on-error")], more].concat();
        let parts = both(&node, rows, &more);
        assert_eq!(parts.len(), rows.len());
        for ((method, url, headers), part) in rows.iter().zip(&parts) {
            let mut headers = headers.to_vec();
            let own = headers.iter().any(|(name, _)| *name == "OData-MaxVersion");
            headers.extend(more.iter().filter(|(name, _)| *name == "OData-MaxVersion" && !own));
            let url = node.url(&[SHOP, url].concat());
            let alone = http::send(method, &url, &headers, None).expect("an answer");
            let what = format!("{method} {url} {headers:?}");
            assert_eq!(part.status, alone.status, "{what}: {}", part.text());
            for name in
                ["content-type", "odata-version", "preference-applied", "etag", "allow", "content-language"]
            {
                let found: Vec<_> = part.headers_named(name).collect();
                assert_eq!(found, alone.headers_named(name).collect::<Vec<_>>(), "{what}: {name}");
            }
            assert_eq!(part.header("set-cookie"), None, "{what}");
            assert_eq!(steady(&part.text()), steady(&alone.text()), "{what}");
        }
    }
}

/// A body without what is another one each time.
fn steady(text: &str) -> String {
    let end = text.find("$skiptoken=").or_else(|| text.find("\"innererror\"")).unwrap_or(text.len());
    text[..end].to_owned()
}

/// What stands around the answers, for each way to ask.
#[test]
fn the_whole_has_the_form_that_is_asked_for() {
    let node = shop();
    let text = multipart("b", [(None, "GET Products(1) HTTP/1.1\r\n\r\n".to_owned())]);
    let object = json!({ "requests": [{ "id": "a", "method": "get", "url": "Products(1)" }] }).to_string();
    for (body, kind, headers, json, version) in [
        (&text, MULTIPART, &[][..], false, "4.0"),
        (
            &text,
            MULTIPART,
            &[("Accept", "multipart/mixed"), ("OData-Version", "4.0"), ("OData-MaxVersion", "4.0")],
            false,
            "4.0",
        ),
        (&text, MULTIPART, &[("Accept", "application/json")], false, "4.0"),
        (&text, MULTIPART, &[("Accept", "application/json"), ("OData-MaxVersion", "4.01")], true, "4.01"),
        (&text, MULTIPART, &[("OData-MaxVersion", "4.01")], false, "4.01"),
        (&text, ("Content-Type", "Multipart/Mixed; boundary=\"b\""), &[], false, "4.0"),
        (&object, JSON, &[], true, "4.0"),
        (
            &object,
            ("Content-Type", "application/json;odata.metadata=minimal"),
            &[("OData-MaxVersion", "4.01")],
            true,
            "4.01",
        ),
        (&object, JSON, &[("Accept", "multipart/mixed")], false, "4.0"),
        (&object, JSON, &[("X-HTTP-Method", "POST")], true, "4.0"),
    ] {
        let answer = post(&node, &[&[kind], headers].concat(), body.as_bytes());
        let what = format!("{kind:?} {headers:?}: {}", answer.text());
        assert_eq!(answer.status, 200, "{what}");
        assert_eq!(answer.headers_named("odata-version").collect::<Vec<_>>(), [version], "{what}");
        let parts = if json { json_parts(&answer) } else { multipart_parts(&answer) };
        assert_eq!(parts.len(), 1, "{what}");
        assert_eq!(parts[0].headers_named("odata-version").collect::<Vec<_>>(), [version], "{what}");
        assert_eq!(parts[0].status, 200, "{what}");
        for name in ["trace-id", "vary", "x-content-type-options", "cache-control"] {
            assert_eq!(answer.headers_named(name).count(), 1, "{what}: {name}");
        }
    }
    for (kind, body, status, code, target) in [
        ("text/plain", text.as_str(), 415, "UnsupportedMediaType", "Content-Type"),
        ("", &text, 415, "UnsupportedMediaType", "Content-Type"),
        ("multipart/mixed", &text, 400, "BadBatch", "Content-Type"),
        ("multipart/mixed;boundary=c", &text, 400, "BadBatch", "body"),
        ("multipart/mixed;boundary=b", &text[..text.len() - 4], 400, "BadBatch", "body"),
        ("application/json", &text, 400, "BadBatch", "body"),
        ("application/json", "{\"requests\":[{}]}", 400, "BadBatch", "body"),
        ("application/json#text/html", &object, 406, "NotAcceptable", "Accept"),
        ("multipart/mixed;boundary=b#text/html, application/xml", &text, 406, "NotAcceptable", "Accept"),
    ] {
        let (media, accept) = kind.split_once('#').unwrap_or((kind, "*/*"));
        let answer = post(&node, &[("Content-Type", media), ("Accept", accept)], body.as_bytes());
        let error = odata_error(kind, &answer);
        let found = (answer.status, error.code.as_str(), error.target.as_deref());
        assert_eq!(found, (status, code, Some(target)), "{kind} {body}");
    }
}

/// What a batch stops at, and what it goes on behind.
#[test]
fn errors_end_a_batch_unless_it_is_to_go_on() {
    let node = shop();
    let rows: &[Row<'_>] = &[
        ("GET", "Products(1)", &[]),
        ("GET", "$metadata", &[("If-None-Match", "*")]),
        ("GET", "Products(2)/Price", &[]),
        ("GET", "Nothing", &[]),
        ("GET", "Products(1)", &[]),
        ("POST", "Products", &[]),
        ("GET", "Products(2)", &[]),
    ];
    let all: &[u16] = &[200, 304, 204, 404, 200, 405, 200];
    // Of requests in JSON only those are left out that depend on what failed, unless the client says so.
    for (prefer, expected, in_json_too, applied) in [
        (None, &all[..4], false, None),
        (Some("odata.continue-on-error=false"), &all[..4], true, None),
        (Some("return=minimal"), &all[..4], false, None),
        (Some("odata.continue-on-error"), all, true, Some("odata.continue-on-error=true")),
        (
            Some("continue-on-error=true, odata.maxpagesize=3"),
            all,
            true,
            Some("odata.continue-on-error=true"),
        ),
    ] {
        let more: Vec<_> = prefer.map(|prefer| ("Prefer", prefer)).into_iter().collect();
        let statuses = |parts: Vec<Part>| parts.iter().map(|part| part.status).collect::<Vec<u16>>();
        assert_eq!(statuses(in_multipart(&node, rows, &more)), expected, "{prefer:?}");
        let expected = if in_json_too { expected } else { all };
        assert_eq!(statuses(in_json(&node, rows, &more)), expected, "{prefer:?}");
        let answer = post(&node, &[&[MULTIPART], more.as_slice()].concat(), b"--b--");
        assert_eq!(answer.header("preference-applied"), applied, "{prefer:?}");
    }
}

/// Requests one behind the other are not of one point in time, and whoever asks for that is told so.
#[test]
fn a_batch_is_no_snapshot() {
    let node = shop();
    for (headers, status) in [
        (&[("Isolation", "snapshot")][..], 412),
        (&[("OData-Isolation", " SNAPSHOT")], 412),
        (&[("Isolation", "other")], 200),
        (&[], 200),
    ] {
        let answer = post(&node, &[&[MULTIPART], headers].concat(), b"--b--");
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.text());
        if status == 412 {
            let error = odata_error("isolation", &answer);
            assert_eq!(
                (error.code.as_str(), error.target.as_deref()),
                ("PreconditionFailed", Some("Isolation"))
            );
        }
    }
    let alone = ask(&node, "Products?$top=1", &[("Isolation", "snapshot")]);
    assert_eq!(alone.status, 200);
}

/// Where a request leads, however its URL is written, and whatever it says of where it comes from.
#[test]
fn urls_of_parts() {
    let node = shop();
    let host = node.base().trim_start_matches("http://").to_owned();
    let absolute = format!("http://{host}{SHOP}Products(1)/Name");
    let rows: Vec<Row<'_>> = [
        "Products(1)/Name",
        "/Products(1)/Name",
        "./Products(1)/Name",
        "/api/odata4/shop/Products(1)/Name",
        "/api/odata4/SHOP/Products(1)/Name",
        &absolute,
        "https://data.example/api/odata4/shop/Products(1)/Name",
        "https://data.example/below/api/odata4/shop/Products(1)/Name",
        "Products%281%29/Name",
        "Products(1)/Name?%24format=json",
    ]
    .into_iter()
    .map(|url| {
        (
            "GET",
            url,
            &[
                ("Host", "evil.example"),
                ("X-Forwarded-Host", "evil.example"),
                ("Forwarded", "host=evil.example"),
                ("ddcloud-datasource-user", "evil"),
            ][..],
        )
    })
    .collect();
    let parts = both(&node, &rows, &[]);
    assert_eq!(parts.len(), rows.len());
    for ((_, url, _), part) in rows.iter().zip(parts) {
        let body = part.json();
        assert_eq!(body["value"], "Sencha", "{url}: {body}");
        assert_eq!(
            body["@odata.context"],
            format!("{}{SHOP}$metadata#Products(1)/Name", node.base()),
            "{url}"
        );
    }
    let refused: Vec<Row<'_>> = vec![
        ("GET", "/api/odata4/other/Products", &[]),
        ("GET", "http://data.example/Products(1)", &[]),
        ("GET", "$x/Name", &[]),
        ("GET", "$batch", &[]),
        ("POST", "$batch", &[]),
        ("POST", "/api/odata4/shop/%24batch", &[]),
    ];
    let parts = both(&node, &refused, &[("Prefer", "odata.continue-on-error")]);
    let statuses: Vec<u16> = parts.iter().map(|part| part.status).collect();
    assert_eq!(statuses, [404, 404, 400, 400, 400, 400]);
}

/// References to what was read before.
#[test]
fn requests_refer_to_others() {
    let node = shop();
    let request =
        |id: &str, url: &str, on: &[&str]| json!({ "id": id, "method": "GET", "url": url, "dependsOn": on });
    let requests = json!({ "requests": [
        request("1", "Products(1)?$select=ID", &[]),
        request("2", "$1/Category?$select=Name", &["1"]),
        request("3", "/$2/Products(1)", &["2"]),
        request("4", "/api/odata4/shop/$3/Name/$value", &["3"]),
        request("5", "Products(99999)", &[]),
        request("6", "$5/Category", &["5"]),
        request("7", "Products(1)", &["5"]),
        request("8", "Products(1)", &["6", "1"]),
        request("9", "Products(1)", &["1", "2"]),
    ]});
    let answer = post(&node, &[JSON, ("Prefer", "continue-on-error")], requests.to_string().as_bytes());
    let parts = json_parts(&answer);
    let statuses: Vec<u16> = parts.iter().map(|part| part.status).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 404, 424, 424, 424, 200], "{}", answer.text());
    assert_eq!(parts[1].json()["Name"], "Green tea");
    assert_eq!(parts[2].json()["ID"], 1);
    assert_eq!(parts[3].text(), "Sencha");
    assert_eq!(parts[5].json()["error"]["code"], "FailedDependency");

    let text = multipart(
        "b",
        [
            (Some("a".to_owned()), "GET Products(1) HTTP/1.1\r\n\r\n".to_owned()),
            (Some("b".to_owned()), "GET /$a/Category HTTP/1.1\r\n\r\n".to_owned()),
            (None, "GET $b/Name HTTP/1.1\r\n\r\n".to_owned()),
        ],
    );
    let parts = multipart_parts(&post(&node, &[MULTIPART], text.as_bytes()));
    assert_eq!(parts.len(), 3);
    assert_eq!(parts.iter().map(|part| part.id.as_deref()).collect::<Vec<_>>(), [Some("a"), Some("b"), None]);
    assert_eq!(parts[2].json()["value"], "Green tea");
}

/// A batch takes no options but those of its form.
#[test]
fn options_of_a_batch() {
    let node = shop();
    for (query, status) in [
        ("?$format=json", 200),
        ("?$schemaversion=*", 200),
        ("?mine=1", 200),
        ("?$schemaversion=7", 404),
        ("?$filter=1", 400),
        ("?$top=1", 400),
    ] {
        let url = node.url(&[SHOP, "$batch", query].concat());
        let answer = http::send("POST", &url, &[JSON], Some(b"{\"requests\":[]}")).expect("an answer");
        assert_eq!(answer.status, status, "{query}: {}", answer.text());
    }
}

/// Groups and change sets: reading needs no more than the order, and writing is refused, each in its place.
#[test]
fn nothing_is_written() {
    let node = shop();
    let change_set = "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\n\
        POST Products HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{\"ID\":7000}\r\n--c--\r\n";
    let get = "--b\r\nContent-Type: application/http\r\n\r\nGET Products(1)/Name HTTP/1.1\r\n\r\n\r\n";
    let text = [get, change_set, get, "--b--"].concat();
    let answer = post(&node, &[MULTIPART, ("Prefer", "odata.continue-on-error")], text.as_bytes());
    let parts = multipart_parts(&answer);
    let found: Vec<_> = parts.iter().map(|part| (part.status, part.header("allow"))).collect();
    assert_eq!(found, [(200, None), (405, Some("GET, HEAD")), (200, None)]);
    let requests = json!({ "requests": [
        { "id": "1", "method": "get", "url": "Products(1)", "atomicityGroup": "g" },
        { "id": "2", "method": "post", "url": "Products", "atomicityGroup": "g", "body": { "ID": 7000 } },
        { "id": "3", "method": "get", "url": "Products(1)", "dependsOn": ["g"] },
        { "id": "4", "method": "get", "url": "Products(7000)", "atomicityGroup": "h" },
        { "id": "5", "method": "get", "url": "Products(1)", "if": "length('a') eq 1" },
    ]});
    let answer = post(&node, &[JSON, ("Prefer", "odata.continue-on-error")], requests.to_string().as_bytes());
    let parts = json_parts(&answer);
    let statuses: Vec<u16> = parts.iter().map(|part| part.status).collect();
    assert_eq!(statuses, [200, 405, 424, 404, 501]);
    let groups: Vec<_> = parts.iter().map(|part| part.group.as_deref()).collect();
    assert_eq!(groups, [Some("g"), Some("g"), None, Some("h"), None]);
    assert_eq!(ask(&node, "Products/$count", &[]).text(), "5000");
}

/// Query options in the body of a part.
#[test]
fn bodies_of_parts() {
    let node = shop();
    let text = multipart(
        "b",
        [(None, "POST Products/$query HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 27\r\n\r\n$filter=ID%20eq%203&$top=5\r\n".to_owned())],
    );
    let parts = multipart_parts(&post(&node, &[MULTIPART], text.as_bytes()));
    assert_eq!(parts[0].json()["value"][0]["Name"], "日本茶");
    let headers = json!({ "content-type": "text/plain" });
    let requests = json!({ "requests": [
        { "id": "1", "method": "post", "url": "Products/$query", "headers": headers, "body": "$filter=ID eq 3" },
        { "id": "2", "method": "post", "url": "/Products/$query", "headers": { "content-type": "application/json" }, "body": { "$filter": "ID eq 3" } },
    ]});
    for part in json_parts(&post(&node, &[JSON], requests.to_string().as_bytes())) {
        assert_eq!(part.json()["value"][0]["Name"], "日本茶");
    }
}

/// What UI5 sends, byte by byte: no blank behind colons, relative URLs, an epilogue.
#[test]
fn ui5_reads_a_table() {
    let node = shop();
    let part = "--batch_id-1\r\nContent-Type:application/http\r\nContent-Transfer-Encoding:binary\r\n\r\n\
        GET Products?$count=true&$select=ID,Name&$skip=0&$top=100 HTTP/1.1\r\nAccept:application/json;odata.metadata=minimal;IEEE754Compatible=true\r\n\
        Accept-Language:en-US\r\nX-CSRF-Token:none-needed\r\nContent-Type:application/json;charset=UTF-8;IEEE754Compatible=true\r\n\r\n\r\n";
    let body = [part, part, "--batch_id-1--\r\nGroup ID: $auto"].concat();
    let head = format!(
        "POST {SHOP}$batch HTTP/1.1\r\nHost:a\r\nAccept:multipart/mixed\r\nContent-Type:multipart/mixed; boundary=batch_id-1\r\n\
         MIME-Version:1.0\r\nOData-MaxVersion:4.0\r\nOData-Version:4.0\r\nX-CSRF-Token:none-needed\r\nsap-cancel-on-close:true\r\nConnection:close\r\n"
    );
    let chunks = body
        .as_bytes()
        .chunks(77)
        .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)));
    let chunked = format!("Transfer-Encoding:chunked\r\n\r\n{}0\r\n\r\n", chunks.collect::<String>());
    let whole = format!("Content-Length:{}\r\n\r\n{body}", body.len());
    let bare = body.replace("\r\n", "\n");
    let bare = format!("Content-Length:{}\r\n\r\n{bare}", bare.len());
    for rest in [whole, chunked, bare] {
        let answer = raw(&node, [head.as_str(), &rest].concat().as_bytes());
        assert_eq!(answer.headers_named("odata-version").collect::<Vec<_>>(), ["4.0"]);
        let parts = multipart_parts(&answer);
        assert_eq!(parts.len(), 2, "{}", answer.text());
        for part in parts {
            assert_eq!(part.headers_named("odata-version").collect::<Vec<_>>(), ["4.0"]);
            let page = part.json();
            assert_eq!(page["@odata.count"], "5000");
            assert_eq!(page["value"].as_array().map(Vec::len), Some(100));
        }
    }
}

#[test]
fn batches_are_bounded() {
    let node = shop_configured(
        "[limits]\nbatch_requests = 20\nbody_bytes = 20000\nbatch_seconds = 1\nstatement_seconds = 1",
    );
    let get = |url: &str| (None, format!("GET {url} HTTP/1.1\r\n\r\n"));
    for (count, pad, limit) in
        [(20, 0, None), (21, 0, Some("batch_requests")), (1, 20_000, Some("body_bytes"))]
    {
        let body = multipart("b", (0..count).map(|_| get(&["Products(1)?x=", &"x".repeat(pad)].concat())));
        let answer = post(&node, &[MULTIPART], body.as_bytes());
        match limit {
            None => assert_eq!(multipart_parts(&answer).len(), count),
            Some(limit) => {
                let error = odata_error(limit, &answer);
                assert_eq!((answer.status, error.target.as_deref()), (413, Some(limit)));
                assert!(error.message.contains(limit), "{error:?}");
            }
        }
    }
    // One that takes as long as it may; what comes behind it is not begun.
    let slow = "Products?$filter=Category/Products/any(p:p/Category/Products/any(q:\
        q/Category/Products/any(r:r/Weight%20gt%201e301)))";
    let body = multipart("b", [get("Products(1)"), get(slow), get("Products(1)"), get("Products(2)")]);
    let answer = post(&node, &[MULTIPART, ("Prefer", "continue-on-error")], body.as_bytes());
    let parts = multipart_parts(&answer);
    assert_eq!((parts.len(), parts[0].status), (4, 200));
    for (part, limit) in parts[1..].iter().zip(["statement_seconds", "batch_seconds", "batch_seconds"]) {
        let error = part.json();
        assert_eq!((part.status, error["error"]["target"].as_str()), (504, Some(limit)), "{error}");
    }
}

/// What is counted, once it stands still.
fn standing(count: impl Fn() -> usize) -> usize {
    let (mut last, mut times) = (count(), 0);
    while times < 4 {
        std::thread::sleep(std::time::Duration::from_millis(500));
        let now = count();
        times = if now == last { times + 1 } else { 0 };
        last = now;
    }
    last
}

/// Answers go out as they are made and are not held: who does not read is waited for, and who is gone is not worked for.
#[test]
fn answers_come_as_they_are_made() {
    const ALL: usize = 60;
    let node = shop();
    let reads = || {
        let text = http::get(&node.admin_url("/metrics"), &[]).text();
        let series = "nextlink_requests_total{kind=\"read\",status=\"2xx\"} ";
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.parse::<usize>().ok());
        line.unwrap_or_else(|| panic!("{text}"))
    };
    let page = "GET Products?$expand=Category HTTP/1.1\r\nPrefer:odata.maxpagesize=2000\r\n\r\n";
    let body = multipart("b", (0..ALL).map(|_| (None, page.to_owned())));
    let length = body.len();
    let head = format!(
        "POST {SHOP}$batch HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: multipart/mixed;boundary=b\r\nContent-Length: {length}\r\n\r\n"
    );
    for goes in [true, false] {
        let before = reads();
        let mut stream =
            std::net::TcpStream::connect(node.base().trim_start_matches("http://")).expect("a connection");
        stream.write_all(head.as_bytes()).expect("the head is written");
        stream.write_all(body.as_bytes()).expect("the body is written");
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        assert_eq!(line, "HTTP/1.1 200 OK\r\n");
        // What fits into the buffers of the connection is made, and no more.
        let made = standing(reads) - before;
        assert!((1..ALL - 10).contains(&made), "{made} answers were made for a client that reads none");
        if goes {
            drop(reader);
            let made = standing(reads) - before;
            assert!(made < ALL - 10, "{made} answers were made for a client that is gone");
            continue;
        }
        let mut rest = line.into_bytes();
        reader.read_to_end(&mut rest).expect("the rest");
        let answer = http::read_answer(&mut rest.as_slice(), false).expect("an answer");
        let parts = multipart_parts(&answer);
        assert_eq!(parts.len(), ALL);
        for part in parts {
            assert_eq!(part.json()["value"].as_array().map(Vec::len), Some(2000));
        }
    }
}
