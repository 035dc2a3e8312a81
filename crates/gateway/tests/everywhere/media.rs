//! Media entities and stream properties: their bytes, and parts of them, from columns of each database.

use nextlink_testkit::http::{Answer, send};
use serde_json::json;

use crate::common::encoded;
use crate::models::{round_trip, validate};
use crate::world::{SOURCES, World};

/// `BYTES` is the type of bytes, `X'…'` are bytes, `LONG` is a long value.
const SCRIPT: &str = "
CREATE TABLE products (id int PRIMARY KEY, name varchar(40), mime varchar(60), photo BYTES, manual BYTES, page BYTES NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, product_id int, FOREIGN KEY (product_id) REFERENCES products (id));
CREATE VIEW goods AS SELECT id, manual FROM products;
INSERT INTO products VALUES (1, 'Lamp', 'image/png', X'89504E470D0A', LONG, X'3C68746D6C3E'), (2, 'Nut', 'text/html\r\nX: y', X'', X'61', X'00FF'),
    (3, 'Gone', NULL, NULL, NULL, X'7B7D');
INSERT INTO orders VALUES (10, 1), (11, NULL), (12, 3);
CREATE TABLE papers (id int PRIMARY KEY, kind varchar(5), pages int, body BYTES, scan BYTES);
INSERT INTO papers VALUES (1, 'L', 2, X'6869', X'6A'), (2, NULL, NULL, X'6B', X'6C'), (3, 'L', 1, NULL, NULL);
";

const MODEL: &str = "
namespace: Shop
entities:
  Products:
    table: products
    type: Product
    media: {column: photo, type: {column: mime}}
    properties:
      Id: id
      Name: name
      Manual: {column: manual, type: Edm.Stream, contentType: text/plain, description: How it is used}
      Page: {column: page, type: Edm.Stream, contentType: application/json}
    hide: [mime]
    navigation: {Orders: {target: Orders, on: {Id: product_id}}}
  Orders:
    table: orders
    type: Order
    properties: {Id: id}
    hide: [product_id]
    navigation: {Product: {target: Products, on: {product_id: Id}, partner: Orders}}
  Goods:
    table: goods
    type: Good
    key: [Id]
    properties: {Id: id, Manual: {column: manual, type: Edm.Stream}}
  Papers:
    table: papers
    type: Paper
    media: {column: body, type: text/plain}
    properties: {Id: id, Scan: {column: scan, type: Edm.Stream, contentType: image/png}}
    hide: [kind]
    derived:
      Letter: {when: {kind: L}, properties: {Pages: pages}}
";

/// Digits in the long value: more than are read at one time.
const LONG: usize = 3_000_000;

fn world() -> World {
    let of = |bytes: &str, hex: &str, long: &str| {
        SCRIPT.replace("BYTES", bytes).replace("X'", hex).replace("LONG", long)
    };
    let scripts = [
        of("blob", "X'", "CAST(replace(hex(zeroblob(300000)), '00', '0123456789') AS BLOB)"),
        of("bytea", "'\\x", "convert_to(repeat('0123456789', 300000), 'UTF8')"),
        of("longblob", "X'", "repeat('0123456789', 300000)"),
    ];
    World::written([&scripts[0], &scripts[1], &scripts[2]], MODEL)
}

fn get(world: &World, source: &str, url: &str, headers: &[(&str, &str)]) -> Answer {
    world.node.get(&["/api/odata4/", source, "/", &encoded(url)].concat(), headers)
}

/// A URL, a range of it, what is answered, and headers of the answer.
type Row = (&'static str, &'static str, u16, &'static [u8], &'static [(&'static str, &'static str)]);

const ROWS: &[Row] = &[
    (
        "Products(1)/$value",
        "",
        200,
        b"\x89PNG\r\n",
        &[
            ("content-type", "image/png"),
            ("content-length", "6"),
            ("accept-ranges", "bytes"),
            ("content-disposition", "inline"),
            ("content-security-policy", "default-src 'none'; sandbox"),
            ("x-content-type-options", "nosniff"),
        ],
    ),
    // What is no media type is not told, whoever has put it there.
    (
        "Products(2)/$value",
        "",
        200,
        b"",
        &[("content-type", "application/octet-stream"), ("content-length", "0")],
    ),
    ("Products(3)/$value", "", 204, b"", &[]),
    ("Products(4)/$value", "", 404, b"NotFound", &[]),
    ("Products(2)/Manual", "", 200, b"a", &[("content-type", "text/plain")]),
    ("Products(2)/Manual/$value", "", 200, b"a", &[("content-type", "text/plain")]),
    ("Products(3)/Manual", "", 204, b"", &[]),
    (
        "Products(1)/Page",
        "",
        200,
        b"<html>",
        &[("content-type", "application/json"), ("content-disposition", "attachment")],
    ),
    ("Products(2)/Page", "", 200, b"\0\xff", &[("content-length", "2")]),
    ("Orders(10)/Product/$value", "", 200, b"\x89PNG\r\n", &[("content-type", "image/png")]),
    ("Orders(10)/Product/Page", "", 200, b"<html>", &[]),
    ("Orders(11)/Product/$value", "", 404, b"NotFound", &[]),
    ("Orders(12)/Product/$value", "", 204, b"", &[]),
    ("Orders(99)/Product/$value", "", 404, b"NotFound", &[]),
    (
        "Products(1)/$value",
        "bytes=1-3",
        206,
        b"PNG",
        &[("content-range", "bytes 1-3/6"), ("content-length", "3")],
    ),
    ("Products(1)/$value", "bytes=-2", 206, b"\r\n", &[("content-range", "bytes 4-5/6")]),
    ("Products(1)/$value", "bytes=6-", 416, b"RangeNotSatisfiable", &[("content-range", "bytes */6")]),
    ("Products(1)/$value", "bytes=0-0,2-2", 200, b"\x89PNG\r\n", &[("content-length", "6")]),
    ("Products(2)/$value", "bytes=0-", 416, b"RangeNotSatisfiable", &[("content-range", "bytes */0")]),
    ("Products(3)/$value", "bytes=0-", 204, b"", &[]),
    (
        "Products(1)/Manual",
        "bytes=524287-524289",
        206,
        b"789",
        &[("content-range", "bytes 524287-524289/3000000")],
    ),
    ("Products(1)/Manual", "bytes=-3", 206, b"789", &[("content-range", "bytes 2999997-2999999/3000000")]),
    (
        "Goods(1)/Manual",
        "bytes=1048575-1048577",
        206,
        b"567",
        &[("content-type", "application/octet-stream")],
    ),
    ("Goods(3)/Manual", "", 204, b"", &[]),
    // Those of a type are those of all types below it.
    ("Papers(1)/$value", "", 200, b"hi", &[("content-type", "text/plain")]),
    ("Papers(1)/Shop.Letter/$value", "", 200, b"hi", &[("content-type", "text/plain")]),
    ("Papers(1)/Shop.Letter/Scan", "", 200, b"j", &[("content-type", "image/png")]),
    ("Papers/Shop.Letter(1)/Scan", "", 200, b"j", &[]),
    ("Papers(2)/Scan", "", 200, b"l", &[]),
    ("Papers(2)/Shop.Letter/Scan", "", 404, b"NotFound", &[]),
    ("Papers(2)/Shop.Letter/$value", "", 404, b"NotFound", &[]),
    ("Papers(3)/Shop.Letter/Scan", "", 204, b"", &[]),
    ("Papers?$filter=Shop.Letter/Scan ne null", "", 501, b"NotImplemented", &[]),
    ("Products/$value", "", 404, b"NotFound", &[]),
    ("Orders(10)/$value", "", 404, b"NotFound", &[]),
    ("Products(1)/Manual/Name", "", 404, b"NotFound", &[]),
    ("Products(1)/Manual?$select=Id", "", 400, b"BadRequest", &[]),
    ("Products?$filter=Manual ne null", "", 501, b"NotImplemented", &[]),
    ("Products?$orderby=Manual", "", 501, b"NotImplemented", &[]),
    ("Products?$expand=Manual", "", 501, b"NotImplemented", &[]),
    ("Products?$select=Manual/x", "", 501, b"NotImplemented", &[]),
];

#[test]
fn bytes_and_parts_of_them() {
    let world = world();
    validate(MODEL);
    let mut wrong = Vec::new();
    for source in SOURCES {
        for (url, range, status, body, headers) in ROWS {
            let sent: &[(&str, &str)] = if range.is_empty() { &[] } else { &[("range", range)] };
            let answer = get(&world, source, url, sent);
            let told = if answer.status >= 400 && !answer.body.is_empty() {
                answer.json()["error"]["code"].as_str().unwrap_or_default().as_bytes().to_vec()
            } else {
                answer.body.clone()
            };
            let missing: Vec<_> =
                headers.iter().filter(|(name, value)| answer.header(name) != Some(value)).collect();
            if answer.status != *status || told != *body || !missing.is_empty() {
                wrong.push(format!(
                    "{source}: {url} {range}: {} {told:?}, without {missing:?}",
                    answer.status
                ));
            }
        }
        for url in ["Products(1)/Manual", "Goods(1)/Manual"] {
            let whole = get(&world, source, url, &[]);
            assert_eq!(whole.header("content-length"), Some("3000000"), "{source}: {url}");
            assert_eq!(whole.body.len(), LONG, "{source}: {url}");
            let digits = whole.body.iter().enumerate().all(|(at, byte)| usize::from(byte - b'0') == at % 10);
            assert!(digits, "{source}: {url}");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    round_trip(&world);
}

#[test]
fn what_is_told_of_streams() {
    let world = world();
    for source in SOURCES {
        let json = |url: &str, headers: &[(&str, &str)]| get(&world, source, url, headers).json();
        let minimal = json("Products(2)", &[]);
        let context = minimal["@odata.context"].clone();
        assert_eq!(minimal, json!({"@odata.context": context, "Id": 2, "Name": "Nut"}), "{source}");
        let full = json("Products(2)?$select=Name,Manual&$format=application/json;odata.metadata=full", &[]);
        let told = [
            ("@odata.mediaReadLink", "Products(2)/$value"),
            ("Manual@odata.mediaReadLink", "Products(2)/Manual"),
            ("Manual@odata.mediaContentType", "text/plain"),
        ];
        for (name, value) in told {
            assert_eq!(full[name], value, "{source}: {name} in {full}");
        }
        assert!(
            full["@odata.context"].as_str().is_some_and(|c| c.ends_with("#Products(Name,Manual)/$entity"))
        );
        assert_eq!(full.get("Page@odata.mediaReadLink"), None, "{source}");
        let newer =
            json("Products(2)?$format=application/json;metadata=full", &[("odata-maxversion", "4.01")]);
        for (name, value) in told {
            assert_eq!(newer[name.replace("odata.", "")], value, "{source}: {name} in {newer}");
        }
        let expanded = json(
            "Orders(10)?$expand=Product($select=Page)&$format=application/json;odata.metadata=full",
            &[],
        );
        assert_eq!(
            expanded["Product"]["Page@odata.mediaReadLink"], "Products(1)/Page",
            "{source}: {expanded}"
        );
        let papers =
            json("Papers?$select=Scan,Shop.Letter/Pages&$format=application/json;odata.metadata=full", &[]);
        let told = [("@odata.mediaReadLink", "$value"), ("Scan@odata.mediaReadLink", "Scan")];
        for (number, kind) in [(0, "#Shop.Letter"), (1, "#Shop.Paper")] {
            let paper = &papers["value"][number];
            assert_eq!(paper["@odata.type"], kind, "{source}: {papers}");
            assert_eq!(paper.get("Pages").is_some(), kind == "#Shop.Letter", "{source}: {papers}");
            for (name, path) in told {
                let link = paper[name].as_str().unwrap_or_default();
                assert_eq!(link, format!("Papers({})/{path}", number + 1), "{source}: {papers}");
            }
        }
        let xml = get(&world, source, "$metadata", &[]).text();
        for part in [
            "<EntityType Name=\"Product\" HasStream=\"true\">",
            "<Property Name=\"Manual\" Type=\"Edm.Stream\">",
            "<EntityType Name=\"Letter\" BaseType=\"Shop.Paper\">\n        <Property Name=\"Pages\" Type=\"Edm.Int32\"/>\n      </EntityType>",
            "<Property Name=\"Page\" Type=\"Edm.Stream\" Nullable=\"false\">",
            "<Annotation Term=\"Org.OData.Core.V1.MediaType\" String=\"text/plain\"/>",
        ] {
            assert!(xml.contains(part), "{source}: {part} in {xml}");
        }
        let csdl = json("$metadata?$format=json", &[]);
        let product = &csdl["Shop"]["Product"];
        assert_eq!(product["$HasStream"], true);
        assert_eq!(
            (&product["Manual"]["$Type"], &product["Manual"]["$Nullable"]),
            (&json!("Edm.Stream"), &json!(true))
        );
        assert_eq!(product.get("mime"), None);
        let head =
            send("HEAD", &world.node.url(&format!("/api/odata4/{source}/Products(1)/Manual")), &[], None);
        let head = head.expect("it answers");
        assert_eq!((head.status, head.header("content-length")), (200, Some("3000000")), "{source}");
    }
}

#[test]
fn streams_in_batches_are_no_json_of_the_batch() {
    let world = world();
    let one = |id: &str, url: &str| json!({"id": id, "method": "get", "url": url});
    let body = json!({"requests": [one("1", "Products(1)/Page"), one("2", "Products(2)/Page"), one("3", "Products(1)/$value")]});
    for source in SOURCES {
        let url = world.node.url(&format!("/api/odata4/{source}/$batch"));
        let headers = [("content-type", "application/json")];
        let answer = send("POST", &url, &headers, Some(body.to_string().as_bytes()));
        let answers = answer.expect("it answers").json();
        let bodies: Vec<_> = (0..3).map(|n| answers["responses"][n]["body"].clone()).collect();
        assert_eq!(bodies, [json!("PGh0bWw-"), json!("AP8"), json!("iVBORw0K")], "{source}: {answers}");
    }
}
