//! Part 1 section 9: what is refused, how, and by which name; every limit of the configuration at its edge.

mod common;

use common::{SHOP, ask, encoded, odata_error, shop, shop_configured, shop_launch};
use nextlink_testkit::http;
use nextlink_testkit::node::Node;
use nextlink_testkit::sqlite::sqlite;
use nextlink_testkit::wait::until;
use std::io::{Read, Write};
use std::net::TcpStream;

#[test]
fn unknown_names_say_what_is_near() {
    let node = shop();
    for (url, status, target, near) in [
        ("Product", 404, "Product", "'Products'"),
        ("products", 404, "products", "'Products'"),
        ("Order_Detail", 404, "Order_Detail", "'Order_Details'"),
        ("Categorys", 404, "Categorys", "'Categories'"),
        ("Products(1)/Nam", 404, "Nam", "'Name'"),
        ("Products(1)/Categry/Name", 404, "Categry", "'Category'"),
        ("Products?$select=Nmae", 400, "Nmae", "'Name'"),
        ("Products?$select=ID,name", 400, "name", "'Name'"),
        ("Products?$expand=Categori", 400, "Categori", "'Category'"),
        ("Products?$expand=Category($select=Nme)", 400, "Nme", "'Name'"),
        ("Products?$filter=Prize gt 5", 400, "Prize", "'Price'"),
        ("Products?$filter=Category/Nome eq 'x'", 400, "Nome", "'Name'"),
        ("Products?$orderby=Weigth", 400, "Weigth", "'Weight'"),
        ("Products(Id=1)", 400, "Id", "ID"),
    ] {
        let answer = ask(&node, url, &[]);
        let error = odata_error(url, &answer);
        assert_eq!((answer.status, error.target.as_deref()), (status, Some(target)), "{url}: {error:?}");
        assert!(error.message.contains(near), "{url}: {error:?}");
        // The offset is that of the name in the URL as it was sent.
        let sent = encoded(url);
        let at = error.offset.unwrap_or_else(|| panic!("{url}: no offset")) as usize;
        assert!(sent[at..].starts_with(&encoded(target)), "{url}: offset {at}");
    }
}

#[test]
fn missing_and_null() {
    let node = shop();
    for (url, status) in [
        ("Products(99999)", 404),
        ("Products(99999)/Name", 404),
        ("Products(99999)/Name/$value", 404),
        ("Products(99999)/Category", 404),
        ("Products(99999)/Category/Name", 404),
        ("Products(99999)/Order_Details", 404),
        ("Products(99999)/Order_Details/$count", 404),
        ("Products(99999)/Category/$ref", 404),
        ("Categories(99)/Products(1)", 404),
        ("Categories(2)/Products(3)", 404),
        ("Categories(2)/Products(99999)", 404),
        ("Words('nothing')", 404),
        ("Products(2)/Category", 204),
        ("Products(2)/Price", 204),
        ("Products(2)/Price/$value", 204),
        ("Products(2)/Category/Name", 404),
        ("Products(2)/Category/Products", 404),
        ("Products(2)/Category/$ref", 204),
        ("Products(1)/Order_Details", 200),
        ("Products(2)/Order_Details", 200),
        ("Products(2)/Order_Details/$count", 200),
        ("Categories(3)/Products", 200),
        ("Categories(3)/Products/$ref", 200),
        ("Categories(3)/Products?$expand=Category", 200),
        ("Products?$filter=ID lt 0", 200),
    ] {
        for url in [url.to_owned(), [url, if url.contains('?') { "&" } else { "?" }, "x=1"].concat()] {
            let answer = ask(&node, &url, &[]);
            assert_eq!(answer.status, status, "{url}: {}", answer.text());
            assert_eq!(answer.body.is_empty(), status == 204, "{url}");
            if status == 404 {
                assert_eq!(odata_error(&url, &answer).code, "NotFound", "{url}");
            }
        }
    }
    let answer = node.get("/api/odata4/nothing/Products", &[]);
    let error = odata_error("unknown source", &answer);
    assert_eq!((answer.status, error.target.as_deref()), (404, Some("source")));
    for path in ["/api/odata4", "/api/odata4/", "/api/odata4?x"] {
        let error = odata_error(path, &node.get(path, &[]));
        assert!(error.message.contains("/api/odata4/{source}/"), "{path}: {error:?}");
    }
}

#[test]
fn not_supported_says_what() {
    let node = shop();
    for (url, what) in [
        ("$all?$apply=aggregate($count as N)", "$all"),
        ("$crossjoin(Products,Words)?$apply=topcount(1,Products/ID)", "$crossjoin"),
        ("Categories?$expand=Products($apply=nest(identity as A))", "nest"),
        ("Products?$apply=groupby((CategoryID),nest(identity as A))&$filter=A/$count gt 1", "'A'"),
        ("Products?$apply=concat(nest(identity as A),identity)", "'A'"),
        (
            "Products?$apply=aggregate(Price with sum from Discontinued with max as P,$count as N)",
            "one value",
        ),
        ("Products?$apply=groupby((CategoryID))/search(a)", "$search"),
        ("Products/$each/Name", "$each"),
        ("Categories?$filter=Products ne Products", "Comparing"),
        ("Products?$filter=concat([1],[2]) eq null", "list"),
        ("Products?$expand=$value", "$value in $expand"),
        ("Categories?$apply=addnested(Products/Category,filter(ID eq 1) as A)", "addnested"),
        ("Products?$filter={\"ID\":1} eq {\"ID\":1}", "Objects"),
        ("Products?$filter=@Core.Description eq 'x'", "Annotations"),
        ("Products?$filter=Name/@Core.Description eq 'x'", "Annotations"),
    ] {
        let answer = ask(&node, url, &[]);
        let error = odata_error(url, &answer);
        assert_eq!((answer.status, error.code.as_str()), (501, "NotImplemented"), "{url}: {error:?}");
        assert!(error.message.contains(what), "{url}: {error:?}");
        assert!(error.target.is_some() && error.offset.is_some(), "{url}: {error:?}");
    }
}

#[test]
fn expressions_that_cannot_be_computed() {
    let node = shop();
    for (url, code, target) in [
        ("Products?$filter=ID div 0 eq 1", "ExpressionFailed", None),
        ("Products?$filter=ID mod 0 eq 1", "ExpressionFailed", None),
        ("Products?$filter=ID add 9223372036854775807 gt 0", "ExpressionFailed", None),
        ("Products?$filter=matchesPattern(Name,'(')", "BadRequest", Some("matchespattern")),
        ("Products?$filter=Name eq 1", "BadRequest", None),
        ("Products?$filter=ID", "BadRequest", None),
        ("Products?$filter=ID eq", "BadUrl", Some("$filter")),
        ("Products?$top=-1", "BadUrl", Some("$top")),
        ("Products?$top=1&top=2", "BadUrl", Some("$top")),
        ("Products?$unknown=1", "BadUrl", Some("$unknown")),
        ("?$top=1", "BadUrl", Some("$top")),
        ("$metadata?$select=ID", "BadUrl", Some("$select")),
        ("Products?$filter=nosuch(ID) eq 1", "BadUrl", Some("$filter")),
        ("Products?$select=Category($top=1)", "BadRequest", None),
        ("Categories?$filter=Products gt Products", "BadRequest", None),
        ("Products?$expand=Category($select=ID;$expand=Products($filter=ID eq))", "BadUrl", Some("$filter")),
        ("Products?$filter=ID eq @p&@p=1 eq", "BadUrl", Some("@p")),
        ("Products?%24orderby=(ID", "BadUrl", Some("$orderby")),
        ("Products?search=(", "BadUrl", Some("$search")),
        ("Products(1", "BadUrl", Some("url")),
        ("Products(%zz)", "BadEncoding", Some("url")),
        ("Products('1')", "BadRequest", None),
    ] {
        let answer = ask(&node, url, &[]);
        let error = odata_error(url, &answer);
        assert_eq!((answer.status, error.code.as_str()), (400, code), "{url}: {error:?}");
        assert!(target.is_none() || error.target.as_deref() == target, "{url}: {error:?}");
    }
}

/// The first pages are there already.
#[test]
fn expressions_that_cannot_be_computed_on_a_later_page() {
    let node = shop();
    let first =
        ask(&node, "Products?$compute=1 div (ID sub 3) as X&$select=ID,X", &[("Prefer", "maxpagesize=1")]);
    let mut link = first.json()["@odata.nextLink"].as_str().expect("a link").to_owned();
    let failed = loop {
        let page = node.get(link.strip_prefix(node.base()).expect("a link of the node"), &[]);
        match page.json()["@odata.nextLink"].as_str() {
            Some(next) if page.status == 200 => link = next.to_owned(),
            _ => break page,
        }
    };
    let error = odata_error(&link, &failed);
    assert_eq!((failed.status, error.code.as_str()), (400, "ExpressionFailed"), "{error:?}");
    assert!(error.message.contains("divides by zero"), "{error:?}");
}

/// A limit, values of it, what makes a URL of a size, and the status of a refusal.
type Edge<'a> = (&'static str, &'static [usize], &'a dyn Fn(usize) -> String, u16);

/// A limit, and a URL of a size: the limit passes, one more is refused by the limit's name.
#[test]
fn limits_at_their_edges() {
    let parentheses =
        |n: usize| format!("Products?$top=1&$filter={}ID eq 1{}", "(".repeat(n - 1), ")".repeat(n - 1));
    let nested = |n: usize| {
        let names = ["Category", "Products"];
        (1..n).rev().fold(names[(n - 1) % 2].to_owned(), |inner, i| {
            format!("{}($top=1;$expand={inner})", names[(i - 1) % 2]).replace("Category($top=1;", "Category(")
        })
    };
    let deep = |n: usize| {
        format!(
            "Products?$top=1&$expand={}",
            nested(n).replace("Products($expand", "Products($top=1;$expand")
        )
    };
    let levels = |n: usize| format!("Categories?$expand=CategoriesByParent($levels={n})");
    let items = |n: usize| {
        let names =
            ["ParentCategory", "CategoriesByParent", "Products($top=1)", "Products($top=1;$expand=Category)"];
        assert!((1..=3).contains(&n));
        format!("Categories?$expand={}", names[..n].join(","))
    };
    let list = |n: usize| format!("Products?$top=1&$filter=ID in ({})", vec!["1"; n].join(","));
    let paths = |n: usize| {
        let all: Vec<_> = (0..n).map(|i| format!("Category/Name ne '{i}'")).collect();
        format!("Products?$top=1&$filter={}", all.join(" and "))
    };
    let url = |n: usize| {
        let start = "Products?$top=1&x=";
        format!("{start}{}", "a".repeat(n - start.len()))
    };
    let rows: &[Edge<'_>] = &[
        ("url_bytes", &[256, 1000, 20_000, 65_000], &url, 414),
        ("expression_depth", &[3, 10, 64], &parentheses, 400),
        ("expand_depth", &[1, 2, 5], &deep, 400),
        ("expand_depth", &[1, 2, 5], &levels, 400),
        ("expand_items", &[1, 2], &items, 400),
        ("list_values", &[1, 5, 1500], &list, 400),
        ("navigations", &[1, 3, 20], &paths, 400),
    ];
    for (name, limits, make, status) in rows {
        for limit in *limits {
            let node = shop_configured(&format!("[limits]\n{name} = {limit}"));
            let good = make(*limit);
            let answer = ask(&node, &good, &[]);
            assert_eq!(answer.status, 200, "{name} {limit}: {good:.200}: {}", answer.text());
            // Longer ones are beyond what any server takes.
            if *limit == 65_000 {
                continue;
            }
            let bad = make(limit + 1);
            let answer = ask(&node, &bad, &[]);
            let error = odata_error(name, &answer);
            let found = (answer.status, error.code.as_str());
            assert_eq!(found, (*status, "LimitExceeded"), "{name} {limit}: {bad:.200}: {error:?}");
            assert!(
                error.message.contains(name) || error.target.as_deref() == Some(name),
                "{name}: {error:?}"
            );
        }
    }
}

#[test]
fn limit_of_the_header() {
    let node = shop_configured("[limits]\nheader_bytes = 8192");
    let sent = |bytes: usize| ask(&node, "Products(1)", &[("x-long", &"a".repeat(bytes))]);
    assert_eq!(sent(8_000).status, 200);
    for bytes in [8_192, 20_000, 60_000] {
        let answer = sent(bytes);
        let error = odata_error("header", &answer);
        assert_eq!(
            (answer.status, error.target.as_deref()),
            (431, Some("header_bytes")),
            "{bytes}: {error:?}"
        );
    }
}

/// A request that would take for ever.
const ENDLESS: &str = "Products/$count?$filter=Category/Products/any(p:p/Category/Products/any(q:q/Category/Products/any(\
    r:contains(concat(p/Name,concat(q/Name,r/Name)),'none'))))";

#[test]
fn limit_of_time() {
    for settings in ["[limits]\nstatement_seconds = 1", "[sources.shop.limits]\nstatement_seconds = 1"] {
        let node = shop_configured(settings);
        for url in [ENDLESS.to_owned(), ENDLESS.replace("/$count", "")] {
            let answer = ask(&node, &url, &[]);
            let error = odata_error(&url, &answer);
            let found = (answer.status, error.code.as_str(), error.target.as_deref());
            assert_eq!(found, (504, "StatementTimeout", Some("statement_seconds")), "{settings}: {url}");
        }
        assert_eq!(ask(&node, "Products?$top=1", &[]).status, 200, "it goes on");
    }
}

#[test]
fn limit_of_statements_at_one_time() {
    for settings in [
        "[limits]\nqueries = 1\nqueue_seconds = 0\nstatement_seconds = 4",
        "[limits]\nqueue_seconds = 0\n[sources.shop.limits]\nqueries = 1\nstatement_seconds = 4",
    ] {
        let node = shop_configured(settings);
        std::thread::scope(|scope| {
            // It may itself come while another one runs.
            let slow = scope.spawn(|| {
                loop {
                    match ask(&node, ENDLESS, &[]).status {
                        503 => {}
                        status => break status,
                    }
                }
            });
            let busy = loop {
                let answer = ask(&node, "Products?$top=1", &[]);
                if answer.status != 200 {
                    break answer;
                }
                assert!(!slow.is_finished(), "the slow statement ended, and nothing was refused");
            };
            let error = odata_error("busy", &busy);
            let found =
                (busy.status, error.code.as_str(), error.target.as_deref(), busy.header("retry-after"));
            assert_eq!(found, (503, "Busy", Some("queries"), Some("1")), "{settings}");
            assert_eq!(slow.join().ok(), Some(504), "{settings}");
        });
        assert_eq!(ask(&node, "Products?$top=1", &[]).status, 200, "it goes on");
    }
}

#[test]
fn limit_of_memory_for_expanded_rows() {
    let url = "Categories?$expand=Products";
    for (settings, status) in [
        ("[limits]\nbatch_bytes = 10000", 400),
        ("[sources.shop.limits]\nbatch_bytes = 10000", 400),
        ("[limits]\nbatch_bytes = 10000\n[sources.shop.limits]\nbatch_bytes = 33554432", 200),
    ] {
        let node = shop_configured(settings);
        let answer = ask(&node, url, &[]);
        assert_eq!(answer.status, status, "{settings}: {:.300}", answer.text());
        if status == 400 {
            let error = odata_error(url, &answer);
            assert_eq!(
                (error.code.as_str(), error.target.as_deref()),
                ("LimitExceeded", Some("batch_bytes"))
            );
        }
    }
}

#[test]
fn values_that_do_not_fit_name_their_property() {
    let node = shop();
    sqlite(&node.data_dir().join("shop.db"), "UPDATE Products SET Stock = 'none' WHERE ID IN (2, 3);");
    for url in [
        "Products(2)",
        "Products",
        "Products?$select=Stock,ID",
        "Products(2)/Stock",
        "Products(2)/Stock/$value",
        "Categories?$expand=Products",
    ] {
        let answer = ask(&node, url, &[]);
        let error = odata_error(url, &answer);
        let found = (answer.status, error.code.as_str(), error.target.as_deref());
        assert_eq!(found, (500, "ValueMismatch", Some("Stock")), "{url}");
    }
    assert_eq!(ask(&node, "Products?$select=ID,Name", &[]).status, 200);
}

fn keep_alive(node: &Node) -> TcpStream {
    let mut stream = TcpStream::connect(node.base().trim_start_matches("http://")).expect("a connection");
    let request = format!("GET {SHOP}Products/$count HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the request is sent");
    let answer = http::read_answer(&mut std::io::BufReader::new(&mut stream), false).expect("an answer");
    assert_eq!(answer.status, 200);
    stream
}

#[test]
fn limit_of_connections() {
    let node = shop_configured("[limits]\nconnections = 2");
    let first = keep_alive(&node);
    let second = keep_alive(&node);
    let third = http::send("GET", &node.url("/api/healthcheck"), &[], None);
    assert!(third.is_err(), "a third connection is closed: {third:?}");
    drop(first);
    // The end of a connection is noticed a moment after it.
    let since = std::time::Instant::now();
    while http::send("GET", &node.url("/api/healthcheck"), &[], None).is_err() {
        assert!(since.elapsed().as_secs() < 60, "the place is not free again");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    drop(second);
}

/// Whatever clients hold open, there are handles for administration and files.
#[test]
fn limit_of_open_files() {
    let few = ["sh", "-c", "ulimit -n 200 && exec \"$0\" \"$@\""];
    let node = shop_launch("").through(&few).start();
    node.says(
        "limits.connections is more than the limit of open files leaves room for limit=200 connections=100",
    );
    let address = node.base().trim_start_matches("http://").to_owned();
    let held: Vec<TcpStream> =
        (0..300).map(|_| TcpStream::connect(&address).expect("a connection")).collect();
    assert_eq!(http::get(&node.admin_url("/metrics"), &[]).status, 200);
    drop(held);
    until("a place is free again", || http::send("GET", &node.url("/api/healthcheck"), &[], None).is_ok());
    assert_eq!(ask(&node, "Products(1)", &[]).status, 200);
}

#[test]
fn limit_of_time_for_a_header() {
    let node = shop_configured("[limits]\nheader_seconds = 1");
    let mut stream = TcpStream::connect(node.base().trim_start_matches("http://")).expect("a connection");
    stream
        .write_all(format!("GET {SHOP} HTTP/1.1\r\nHost: a\r\n").as_bytes())
        .expect("half a request is sent");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).expect("the server ends the connection");
    let rest = String::from_utf8_lossy(&rest).into_owned();
    assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 408"), "{rest}");
    assert_eq!(ask(&node, "Products(1)", &[]).status, 200, "it goes on");
}

#[test]
fn locked_by_another_process() {
    let node = shop_configured("[limits]\nlock_wait_seconds = 0");
    let path = node.data_dir().join("shop.db");
    let other = rusqlite::Connection::open(path).expect("the file can be opened");
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").expect("a lock");
    for url in ["Products?$top=1", "Products(1)", "Products/$count", "Products(1)/Name/$value"] {
        let answer = ask(&node, url, &[]);
        let error = odata_error(url, &answer);
        let found = (answer.status, error.code.as_str(), answer.header("retry-after"));
        assert_eq!(found, (503, "SourceLocked", Some("2")), "{url}: {error:?}");
    }
    assert_eq!(ask(&node, "$metadata", &[]).status, 200);
    drop(other);
    assert_eq!(ask(&node, "Products(1)", &[]).status, 200, "it goes on");
}
