//! Part 2: URLs as real clients send them, and URLs as nobody should send them.

mod common;

use common::{SHOP, ask, encoded, odata_error, raw, shop};
use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::node::Node;
use std::io::{BufReader, Write};
use std::net::TcpStream;

/// The keys of the rows of an answer.
fn ids(answer: &Answer) -> Vec<i64> {
    let body = answer.json();
    let rows = body["value"].as_array().map_or_else(Vec::new, Clone::clone);
    rows.iter().filter_map(|row| row["ID"].as_i64()).collect()
}

/// Ways to write a request that mean the same: the path and query, and the keys of the rows.
#[test]
fn urls_of_real_clients() {
    let node = shop();
    let rows: &[(&str, &[i64])] = &[
        ("Products/?$top=1", &[1]),
        ("Products()?$top=1", &[1]),
        ("/Products?$top=1", &[1]),
        ("Products?%24top=1", &[1]),
        ("Products?%24top=1&%24skip=1", &[2]),
        ("Products?top=1&skip=1&orderby=ID desc", &[4999]),
        ("Products?$TOP=1", &[1]),
        ("Products?$Top=1&$OrderBy=ID DESC", &[5000]),
        ("Products?$top=1&", &[1]),
        ("Products?&$top=1", &[1]),
        ("Products?$top=1&&$skip=1", &[2]),
        ("Products?$top=1&custom=a&other", &[1]),
        ("Products?$top=1&@p=5", &[1]),
        ("Products?$top=1&sap-client=100", &[1]),
        ("Products?$filter=ID eq 1", &[1]),
        ("Products?$filter=ID+eq+1", &[1]),
        ("Products?$filter=ID%20eq%201", &[1]),
        ("Products?$filter=ID%09eq%091", &[1]),
        ("Products?%24filter=ID%20eq%201", &[1]),
        ("Products?filter=ID EQ 1", &[1]),
        ("Products?$filter=ID EQ 1 OR ID Eq 2", &[1, 2]),
        ("Products?$filter=NOT (ID GT 2)", &[1, 2]),
        ("Products?$filter=(ID) lt (2)", &[1]),
        ("Products?$filter=ID in (1,3)", &[1, 3]),
        ("Products?$filter=ID in (1, 3)", &[1, 3]),
        ("Products?$filter=ID eq @x&@x=3", &[3]),
        ("Products?$filter=Name eq 'Sencha'", &[1]),
        ("Products?$filter=Name%20eq%20%27Sencha%27", &[1]),
        ("Products?$filter=Name eq 'Crème %26 \"Sugar\"'", &[2]),
        ("Products?$filter=Name eq '日本茶'", &[3]),
        ("Products?$filter=Name eq '%E6%97%A5%E6%9C%AC%E8%8C%B6'", &[3]),
        ("Products?$filter=startswith(Name,'Sen')", &[1]),
        ("Products?$filter=StartsWith(Name, 'Sen')", &[1]),
        ("Products?$filter=contains(Name,'%2B')", &[]),
        ("Products?$filter=Price eq 12.50 and ID lt 9", &[1]),
        ("Products?$filter=Price eq null", &[2]),
        ("Products?$filter=Price eq null and ID ne 1", &[2]),
        ("Products?$filter=Made lt 2000-01-01", &[3]),
        ("Products?$filter=Changed eq 2024-02-29T12:30:00.125Z", &[1]),
        ("Products?$filter=Changed eq 2024-02-29T13:30:00.125%2B01:00", &[1]),
        ("Products?$filter=Category/Name eq 'Tea' and ID lt 5", &[3, 4]),
        ("Products?$filter=CategoryID eq null", &[2]),
        ("Products?$filter=Category eq null", &[2]),
        ("Products?$orderby=ID desc&$top=2", &[5000, 4999]),
        ("Products?$orderby=Name  desc , ID&$top=1", &[3]),
        ("Products?$search=Sencha", &[1]),
        ("Products?$search=\"Sencha\"", &[1]),
        ("Products?$skip=4999", &[5000]),
        ("Products?$skip=350&$top=2", &[351, 352]),
        ("Categories(2)/Products?$top=1", &[1]),
        ("Categories(ID=2)/Products?$top=1", &[1]),
        ("Categories%282%29/Products?$top=1", &[1]),
        ("Products(1)/Category/Products?$top=1", &[1]),
    ];
    for (url, expected) in rows {
        let answer = ask(&node, url, &[]);
        assert_eq!(answer.status, 200, "{url}: {}", answer.text());
        assert_eq!(ids(&answer), *expected, "{url}");
    }
    for url in ["Products?$count=true&$top=0", "Products?$count=TRUE&$top=0", "Products?count=true&$top=0"] {
        assert_eq!(ask(&node, url, &[]).json()["@odata.count"], 5000, "{url}");
    }
    for (path, name) in [
        ("/api/odata4/shop/Products(1)/Name", "Sencha"),
        ("/api/odata4/SHOP/Products(1)/Name", "Sencha"),
        ("/api/odata4/Shop/Products%281%29/Name", "Sencha"),
        ("/api/odata4/%73hop/Products(1)/Name", "Sencha"),
        ("/api/odata4/shop//Products(1)/Name", "Sencha"),
        ("/api/odata4/shop/Products(1)/Name/", "Sencha"),
    ] {
        let answer = node.get(path, &[]);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let body = answer.json();
        assert_eq!(body["value"], name, "{path}");
        let root = node.url(SHOP);
        assert_eq!(body["@odata.context"], format!("{root}$metadata#Products(1)/Name"), "{path}");
    }
    for path in
        ["/api/odata4/shop", "/api/odata4/shop/", "/api/odata4/shop?$format=json", "/api/odata4/shop//"]
    {
        let body = node.get(path, &[]).json();
        assert_eq!(body["value"].as_array().map(Vec::len), Some(5), "{path}");
    }
}

#[test]
fn keys_with_every_character() {
    let node = shop();
    for (key, meaning) in [
        ("it''s", Some("quote")),
        ("it%27%27s", Some("quote")),
        ("a%2Fb", Some("slash")),
        ("a%2fb", Some("slash")),
        ("50%25", Some("percent")),
        ("%252F", Some("percent code")),
        ("a+b", Some("plus")),
        ("a%2Bb", Some("plus")),
        ("a%20b", Some("space")),
        ("größe", Some("latin")),
        ("gr%C3%B6%C3%9Fe", Some("latin")),
        ("日本", Some("kanji")),
        ("", Some("empty")),
        ("%23%3F%26%3D", Some("marks")),
        ("😀", Some("emoji")),
        ("%F0%9F%98%80", Some("emoji")),
        ("none", None),
    ] {
        for url in [
            format!("Words('{key}')"),
            format!("Words(Word='{key}')"),
            format!("Words%28%27{key}%27%29"),
            format!("Words(%20'{key}'%20)"),
        ] {
            let answer = ask(&node, &url, &[]);
            assert_eq!(answer.status, 200, "{url}: {}", answer.text());
            assert_eq!(answer.json()["Meaning"].as_str(), meaning, "{url}");
        }
        let filter = key.replace('&', "%26").replace("a+b", "a%2Bb");
        let answer = ask(&node, &format!("Words?$filter=Word eq '{filter}'"), &[]);
        assert_eq!(answer.json()["value"][0]["Meaning"].as_str(), meaning, "filter {key}: {}", answer.text());
        let value = ask(&node, &format!("Words('{key}')/Word/$value"), &[]);
        let back = ask(
            &node,
            &format!(
                "Words('{}')",
                value
                    .text()
                    .replace('\'', "''")
                    .replace('%', "%25")
                    .replace('/', "%2F")
                    .replace('?', "%3F")
                    .replace('#', "%23")
            ),
            &[],
        );
        assert_eq!(back.json()["Meaning"].as_str(), meaning, "{key} and back");
    }
    // The identifiers in answers can be asked for as they are.
    let all = ask(&node, "Words", &[("Accept", "application/json;odata.metadata=full")]).json();
    let rows = all["value"].as_array().expect("rows");
    assert_eq!(rows.len(), 12);
    for row in rows {
        let id = row["@odata.id"].as_str().expect("an id");
        let answer = node.get(&[SHOP, id].concat(), &[]);
        assert_eq!(answer.json()["Word"], row["Word"], "{id}");
    }
}

#[test]
fn composite_keys() {
    let node = shop();
    for (url, status) in [
        ("Pairs(A=1,B='x')", 200),
        ("Pairs(B='x',A=1)", 200),
        ("Pairs(A=@a,B=@b)?@a=1&@b='x'", 200),
        ("Pairs(A=1)", 400),
        ("Pairs(1)", 400),
        ("Pairs(1,'x')", 400),
        ("Pairs(A=1,A=1)", 400),
        ("Pairs(A=1,B='x',C=1)", 400),
        ("Pairs(A='1',B='x')", 400),
        ("Pairs(A=1,B='z')", 404),
    ] {
        let answer = ask(&node, url, &[]);
        assert_eq!(answer.status, status, "{url}: {}", answer.text());
        if status == 200 {
            assert_eq!(answer.json()["Note"], "one", "{url}");
        } else {
            odata_error(url, &answer);
        }
    }
}

/// Key values that paths of their own could not carry everywhere (Part 1 section 13.2.1, 9f).
#[test]
fn aliases_as_keys() {
    let node = shop();
    for (url, meaning) in [
        ("Words(@w)?@w='a/b'", Some("slash")),
        ("Words(@w)?@w='a%2Fb'", Some("slash")),
        ("Words(Word=@w)?@w='%2523?%26='", None),
        ("Words(Word=@w)?@w='%23?%26='", Some("marks")),
        ("Words(@w)/Meaning/$value?@w='it''s'", Some("quote")),
        ("Words(@w)?@w='%00'", None),
        ("Words(@w)?@w='a%5Cb'", None),
    ] {
        let answer = ask(&node, url, &[]);
        assert_eq!(answer.status, if meaning.is_some() { 200 } else { 404 }, "{url}: {}", answer.text());
        match meaning {
            Some(meaning) => assert!(answer.text().contains(meaning), "{url}: {}", answer.text()),
            None => assert_eq!(odata_error(url, &answer).code, "NotFound", "{url}"),
        }
    }
}

/// Keys as segments, where the text is that of the key, quotes and all (Part 2 section 4.3.6).
#[test]
fn keys_as_segments() {
    let node = shop();
    for (url, expected) in [
        ("Products/1/Name", Some("Sencha")),
        ("Products/1/Category/Products/1/Name", Some("Sencha")),
        ("Categories/2/Products/1/Name", Some("Sencha")),
        ("Words/it's/Meaning", Some("quote")),
        ("Words/it%27s/Meaning", Some("quote")),
        ("Words/a%2Fb/Meaning", Some("slash")),
        ("Words/50%25/Meaning", Some("percent")),
        ("Words/größe/Meaning", Some("latin")),
        ("Words/%F0%9F%98%80/Meaning", Some("emoji")),
        ("Pairs/1/x/Note", Some("one")),
        ("Pairs/2/x/Note", Some("three")),
        ("Pairs(A=1,B='x')/Note", Some("one")),
        // A name of the type is a key there.
        ("Words/Meaning", None),
        ("Words/''", None),
        ("Pairs/1", None),
        ("Pairs/x/1", None),
        ("Pairs/1/z/Note", None),
        ("Pairs/1/$count", None),
        ("Products/x", None),
        ("Products/Name", None),
        ("Products/99999/Name", None),
    ] {
        let answer = ask(&node, url, &[]);
        assert_eq!(answer.status, if expected.is_some() { 200 } else { 404 }, "{url}: {}", answer.text());
        match expected {
            Some(text) => assert_eq!(answer.json()["value"], text, "{url}"),
            None => assert_eq!(odata_error(url, &answer).code, "NotFound", "{url}"),
        }
    }
}

/// Requests byte by byte: what HTTP allows works, what it does not is refused, and no connection is just cut.
#[test]
fn requests_byte_by_byte() {
    let node = shop();
    let target = |rest: &str| format!("{SHOP}{rest}");
    let name = target("Products(1)/Name");
    let close = "HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let get = |target: &str| format!("GET {target} {close}").into_bytes();
    // A request line for the name of a product, and what follows the `Host`.
    let with = |method: &str, rest: &str| {
        format!("{method} {name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{rest}").into_bytes()
    };
    let many_headers: String = (0..2000).map(|i| format!("x-{i}: y\r\n")).collect();
    let rows: Vec<(&str, Vec<u8>, &[u16])> = vec![
        ("as usual", get(&name), &[200]),
        ("whole address", format!("GET http://b.example{name} {close}").into(), &[200]),
        ("no space after the colon", with("GET", "Accept:*/*\r\nX:y\r\n\r\n"), &[200]),
        ("spaces around a value", with("GET", "Accept:  \t */* \t\r\n\r\n"), &[200]),
        ("HTTP/1.0", format!("GET {name} HTTP/1.0\r\n\r\n").into(), &[200]),
        ("empty lines first", format!("\r\n\r\nGET {name} {close}").into(), &[200]),
        ("raw UTF-8", get(&target("Words('größe')")), &[200]),
        ("raw quotes", get(&target("Words('\"')")), &[400, 404]),
        ("raw braces", get(&target("Words?x={}|^")), &[200]),
        ("a fragment", get(&format!("{name}#x")), &[200, 400]),
        ("a body on GET", with("GET", "Content-Length: 2\r\n\r\n{}"), &[200]),
        ("continue", with("POST", "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"), &[405]),
        ("chunked body", with("POST", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), &[405]),
        ("raw space", get(&target("Products(1)/Na me")), &[400]),
        ("raw tab", get(&target("Products\t")), &[400]),
        ("raw NUL", get(&format!("{name}\0")), &[400]),
        ("raw angle bracket", get(&target("Words('<')")), &[400]),
        (
            "no UTF-8",
            [b"GET ", target("Words('").as_bytes(), b"\xff')", b" ", close.as_bytes()].concat(),
            &[400],
        ),
        ("encoded NUL", get(&target("Products?$filter=Name%20eq%20'%00'")), &[200]),
        ("NUL in an option", get(&target("Products?x=%00&$top=1")), &[200]),
        ("NUL in a name", get(&target("Prod%00ucts")), &[400, 404]),
        ("bad code", get(&target("Products(%zz)")), &[400]),
        ("cut code", get(&target("Products?$filter=Name%20eq%20'%2")), &[400]),
        ("no UTF-8, encoded", get(&target("Words('%ff')")), &[400]),
        ("long encoding of slash", get(&target("Words('%c0%af')")), &[400]),
        ("half a surrogate", get(&target("Words('%ed%a0%80')")), &[400]),
        ("no HTTP", b"garbage\r\n\r\n".to_vec(), &[400]),
        ("no version", format!("GET {name}\r\n\r\n").into(), &[400]),
        ("HTTP/9", format!("GET {name} HTTP/9.9\r\nHost: a\r\n\r\n").into(), &[400]),
        ("header without colon", with("GET", "nonsense\r\n\r\n"), &[400]),
        ("space in a header name", with("GET", "x y: z\r\n\r\n"), &[400]),
        ("NUL in a header", with("GET", "x: \0\r\n\r\n"), &[400]),
        ("two lengths", with("POST", "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), &[400]),
        ("long URL", get(&target(&"a".repeat(17_000))), &[414]),
        ("longer URL", get(&target(&"a".repeat(66_000))), &[414]),
        ("long query", get(&format!("{name}?x={}", "a".repeat(17_000))), &[414]),
        ("long header", with("GET", &format!("x: {}\r\n\r\n", "y".repeat(66_000))), &[431]),
        ("many headers", with("GET", &format!("{many_headers}\r\n")), &[431]),
        ("asterisk", format!("OPTIONS * {close}").into(), &[404]),
        ("connect", format!("CONNECT a.example:443 {close}").into(), &[404]),
        ("double slash in front", format!("GET /{name} {close}").into(), &[404]),
        ("dots", format!("GET /api/odata4/shop/../shop/Products {close}").into(), &[400, 404]),
    ];
    for (what, request, statuses) in &rows {
        let answer = raw(&node, request);
        assert!(statuses.contains(&answer.status), "{what}: {} {}", answer.status, answer.text());
    }
    assert_eq!(ask(&node, "Products(1)", &[]).status, 200, "the node still answers");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let node = shop();
    let host = node.base().trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).expect("a connection");
    let rows = [
        ("Products(1)", 200),
        ("Nothing", 404),
        ("Products?$top=3", 200),
        ("Products(2)/Price", 204),
        ("Products", 200),
        ("Products(3)", 200),
    ];
    let requests: String = rows
        .iter()
        .map(|(url, _)| format!("GET {SHOP}{url} HTTP/1.1\r\nHost: a\r\nTrace-ID: {url}\r\n\r\n"))
        .collect();
    stream.write_all(requests.as_bytes()).expect("the requests are sent");
    let mut reader = BufReader::new(stream);
    for (url, status) in rows {
        let answer = http::read_answer(&mut reader, false).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!((answer.status, answer.header("trace-id")), (status, Some(url)));
    }
}

const GOOD: &[&str] = &[
    "Products?$filter=ID eq 1 and (Price gt 1.5 or not contains(Name,'a''b')) and Made lt 2024-01-01",
    "Products?$filter=Category/Products/any(p:p/ID gt 5 and p/Name ne null)",
    "Products?$filter=Changed ge 2024-01-01T00:00:00Z and Weight mul 2 lt -1.5e3 and year(Made) in (1999,2024)",
    "Products(1)?$select=ID,Name&$expand=Category($select=Name;$expand=Products($top=2;$orderby=ID desc;$filter=ID gt 3))",
    "Products?$orderby=Category/Name desc,length(Name) asc&$top=5&$skip=10&$count=true",
    "Products?$search=tea AND (NOT green OR \"black tea\")&$format=application/json;odata.metadata=none",
    "Products?$filter=Name eq @n and ID gt @i&@n='x'&@i=5",
    "Categories(1)/Products(3)/Category/Name/$value",
    "Pairs(A=1,B='x')/Note",
    "Words('a%2Fb')/Meaning",
    "Categories(1)?$expand=CategoriesByParent($levels=3),Products/$count,Products($count=true)",
    "Categories/$count?$filter=Products/$count gt 2&$search=tea",
];

/// Every cut of a good URL, and at every place of it one character taken out, doubled, or put in.
fn nasty() -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for good in GOOD {
        let chars: Vec<char> = good.chars().collect();
        let strange = [
            '\'', '(', ')', ',', ';', '/', '?', '&', '=', '$', '@', '%', '\0', ' ', '-', '9', '\u{fffd}',
            '😀', '"', '.', ':',
        ];
        for at in 0..chars.len() {
            let (before, behind): (String, String) =
                (chars[..at].iter().collect(), chars[at + 1..].iter().collect());
            all.push(before.clone());
            all.push(format!("{before}{behind}"));
            let c = strange[(at * 7 + good.len()) % strange.len()];
            all.push(format!("{before}{c}{behind}"));
            all.push(format!("{before}{}{c}{behind}", chars[at]));
        }
    }
    all.extend(
        [
            "$",
            "$$",
            "$$metadata",
            "$metadata/x",
            "$metadata#Products",
            "(",
            ")",
            "()",
            "'",
            "%",
            "%2",
            "?",
            "??",
            "?$",
            "?$=",
            "?=",
            "?&",
            "?$filter",
            "Products(",
            "Products)",
            "Products(1",
            "Products(1))",
            "Products((1))",
            "Products(1)(2)",
            "Products('1')",
            "Products(1.5)",
            "Products(-1)",
            "Products(99999999999999999999)",
            "Products(null)",
            "Products(true)",
            "Products(NaN)",
            "Products(1)/",
            "Products(1)/$value/$value",
            "Products/Name",
            "Products/$count/$count",
            "Products(1)/Name/$count",
            "Products(1)/Name/Name",
            "Products/$value",
            "Products/$ref/$ref",
            "Products?$top=",
            "Products?$top=1.5",
            "Products?$top=1e3",
            "Products?$top=0x10",
            "Products?$top=-0",
            "Products?$skip=-1",
            "Products?$count=1",
            "Products?$count=yes",
            "Products?$orderby=",
            "Products?$orderby=,",
            "Products?$orderby=ID asc desc",
            "Products?$orderby=Category",
            "Products?$orderby=Category/Products",
            "Products?$select=",
            "Products?$select=,",
            "Products?$select=**",
            "Products?$select=Category/Name/x",
            "Products?$expand=",
            "Products?$expand=Name",
            "Products?$expand=*($levels=99)",
            "Products?$expand=Category($top=1)",
            "Products?$expand=Category(",
            "Products?$expand=Category()",
            "Products?$expand=Category,Category",
            "Products?$expand=Category($expand=Category)",
            "Products?$filter=1",
            "Products?$filter=ID",
            "Products?$filter=Name",
            "Products?$filter='x'",
            "Products?$filter=null",
            "Products?$filter=true eq",
            "Products?$filter=eq eq eq",
            "Products?$filter=ID eq",
            "Products?$filter=ID div 0 eq 1",
            "Products?$filter=ID mod 0 eq 1",
            "Products?$filter=ID divby 0 eq 1",
            "Products?$filter=ID add 9223372036854775807 gt 0",
            "Products?$filter=ID eq 9223372036854775808",
            "Products?$filter=-9223372036854775808 eq ID",
            "Products?$filter=Price eq 1e400",
            "Products?$filter=Weight eq 1e400",
            "Products?$filter=Weight eq INF or Weight eq NaN",
            "Products?$filter=substring(Name,99999999999) eq ''",
            "Products?$filter=substring(Name,-5,-5) eq ''",
            "Products?$filter=matchesPattern(Name,'(')",
            "Products?$filter=cast(Name,Edm.Int64) eq 1",
            "Products?$filter=cast(Name,'Edm.Nothing') eq 1",
            "Products?$filter=Made eq 2024-13-01",
            "Products?$filter=Made eq 2023-02-29",
            "Products?$filter=Changed eq 0000-00-00T00:00:00Z",
            "Products?$filter=round(1e308 mul 10) eq 1",
            "Products?$filter=ID in ()",
            "Products?$filter=ID in (1,'2')",
            "Products?$filter=contains(Name,null)",
            "Products?$filter=contains(null,null)",
            "Products?$filter=length(5) eq 1",
            "Products?$filter=concat(Name) eq ''",
            "Products?$filter=unknown(ID)",
            "Products?$filter=$it/ID eq 1",
            "Products?$filter=$root/Products(1)/ID eq 1",
            "Products?$filter=Category/any(c:true)",
            "Categories?$filter=Products/any(",
            "Categories?$filter=Products/any()",
            "Categories?$filter=Products/all()",
            "Categories?$filter=Products/any(p:q/ID eq 1)",
            "Categories?$filter=Products/any(p:p)",
            "Products?$search=",
            "Products?$search=\"",
            "Products?$search=AND",
            "Products?$search=NOT",
            "Products?$search=((a)",
            "Products?$format=",
            "Products?$format=x/y;z",
            "Products?$skiptoken=%00",
            "Products?$skiptoken=🙂",
            "Products?$apply=",
            "Products?$apply=x",
            "Products?$compute=",
            "Products?$levels=1",
            "Products?$filter=ID eq @x",
            "Products?$filter=ID eq @x&@x=@x",
            "Products?$filter=ID eq @x&@x='a'",
            "Products?$id=x",
            "$entity",
            "$entity?$id=",
            "$all",
            "$batch",
            "$crossjoin()",
            "$crossjoin(Products)",
            "shop.Products",
            "Products/shop.Products",
            "Products(1)/shop.Nothing",
            "Products/Default.F()",
            "F(x=1)",
            "Products?$deltatoken=1",
        ]
        .map(str::to_owned),
    );
    all
}

/// A client's mistake is never a failure of the server: below 500 or 501, with an OData error that tells the place.
#[test]
fn hundreds_of_nasty_urls() {
    let node = shop();
    let mut refused = 0;
    let urls = nasty();
    assert!(urls.len() > 3000, "{}", urls.len());
    let next = std::sync::atomic::AtomicUsize::new(0);
    let found = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(url) = urls.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    if let Some(result) = judge(&node, url).transpose() {
                        found.lock().expect("no thread panics").push(result);
                    }
                }
            });
        }
    });
    let mut faults = Vec::new();
    for result in found.into_inner().expect("no thread panics") {
        match result {
            Ok(()) => refused += 1,
            Err(fault) => faults.push(fault),
        }
    }
    faults.sort();
    assert!(
        faults.is_empty(),
        "{} of {} URLs:\n{}",
        faults.len(),
        urls.len(),
        faults[..faults.len().min(40)].join("\n")
    );
    assert!(refused > 1000, "only {refused} of {} were refused", urls.len());
    assert_eq!(ask(&node, "Products(1)", &[]).status, 200, "the node still answers");
}

/// Nothing for a good answer, what is wrong with a bad one.
fn judge(node: &Node, url: &str) -> Result<Option<()>, String> {
    // A percent sign stays as it is, so that there are broken codes too.
    let sent = encoded(url);
    let answer = http::send("GET", &node.url(&[SHOP, &sent].concat()), &[], None)
        .map_err(|e| format!("{url}: {e}"))?;
    let fault = |what: &str| {
        Err(format!(
            "{what}: {} {url}: {}",
            answer.status,
            answer.text().chars().take(300).collect::<String>()
        ))
    };
    if answer.status < 300 {
        return Ok(None);
    }
    if answer.status >= 500 && answer.status != 501 {
        return fault("failed");
    }
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(&answer.body) else {
        return fault("not JSON");
    };
    let error = &body["error"];
    for name in ["code", "message", "target"] {
        if error[name].as_str().is_none_or(str::is_empty) {
            return fault(name);
        }
    }
    match error["innererror"]["offset"].as_u64() {
        Some(offset) if offset as usize > sent.len() => fault("offset behind the end"),
        None if error["code"] == "BadUrl" || error["code"] == "BadEncoding" => fault("no offset"),
        _ => Ok(Some(())),
    }
}
