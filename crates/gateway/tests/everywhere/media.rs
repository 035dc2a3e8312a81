//! Media entities and stream properties: their bytes, and parts of them, from columns of each database.

use nextlink_testkit::http::{Answer, send};
use serde_json::{Value, json};

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
CREATE TABLE works (id int PRIMARY KEY, kind varchar(5), format varchar(40), body BYTES, cover BYTES, version int);
INSERT INTO works VALUES (1, 'P', 'image/png', X'6831', NULL, 7), (2, 'F', 'image/gif', X'6832', X'6332', 8), (3, 'T', NULL, NULL, X'6333', 9),
    (4, NULL, 'image/png', X'6834', X'6334', 10);
CREATE TABLE things (id int PRIMARY KEY, name varchar(20));
CREATE TABLE gadgets (id int PRIMARY KEY, manual BYTES, mime varchar(40), plan BYTES, FOREIGN KEY (id) REFERENCES things (id));
INSERT INTO things VALUES (1, 'Pen'), (2, 'Radio');
INSERT INTO gadgets VALUES (2, X'6D', 'text/plain', X'70');
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
  Works:
    table: works
    type: Work
    etag: version
    others: false
    properties: {Id: id}
    derived:
      Picture: {when: {kind: P}, media: {column: body, type: {column: format}}}
      Photo:
        base: Picture
        when: {kind: F}
        properties: {Cover: {column: cover, type: Edm.Stream, contentType: {column: format}, description: In front}}
      Text: {when: {kind: T}, media: {column: cover, type: text/plain, nullable: false}}
  Things:
    table: things
    type: Thing
    properties: {Id: id, Name: name}
    hide: [mime]
    derived:
      Gadget:
        table: gadgets
        media: {column: manual, type: {column: mime}}
        properties: {Plan: {column: plan, type: Edm.Stream}}
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
    // Those of types below that of the set.
    ("Works(1)/Shop.Picture/$value", "", 200, b"h1", &[("content-type", "image/png"), ("etag", "\"7\"")]),
    ("Works(2)/Shop.Picture/$value", "", 200, b"h2", &[("content-type", "image/gif")]),
    ("Works(2)/Shop.Photo/$value", "bytes=1-1", 206, b"2", &[("content-type", "image/gif")]),
    ("Works/Shop.Photo(2)/$value", "", 200, b"h2", &[]),
    ("Works(2)/Shop.Photo/Cover", "", 200, b"c2", &[("content-type", "image/gif")]),
    ("Works(3)/Shop.Text/$value", "", 200, b"c3", &[("content-type", "text/plain")]),
    ("Works(1)/Shop.Photo/Cover", "", 404, b"NotFound", &[]),
    ("Works(3)/Shop.Picture/$value", "", 404, b"NotFound", &[]),
    ("Works(1)/Shop.Picture/Cover", "", 404, b"NotFound", &[]),
    ("Works(4)/Shop.Picture/$value", "", 404, b"NotFound", &[]),
    ("Works(1)/$value", "", 404, b"NotFound", &[]),
    ("Works(2)/Cover", "", 404, b"NotFound", &[]),
    ("Works?$select=Cover", "", 400, b"BadRequest", &[]),
    ("Works?$filter=Shop.Photo/Cover ne null", "", 501, b"NotImplemented", &[]),
    ("Things(2)/Shop.Gadget/$value", "", 200, b"m", &[("content-type", "text/plain")]),
    ("Things(2)/Shop.Gadget/Plan", "", 200, b"p", &[("content-type", "application/octet-stream")]),
    ("Things(1)/Shop.Gadget/Plan", "", 404, b"NotFound", &[]),
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
        // What is no media type is told as what the bytes are sent as.
        let all = json("Products?$select=Id&$orderby=Id&$format=application/json;odata.metadata=full", &[]);
        for (number, media_type) in
            ["image/png", "application/octet-stream", "application/octet-stream"].iter().enumerate()
        {
            let told = &all["value"][number]["@odata.mediaContentType"];
            assert_eq!(told, media_type, "{source}: {all}");
        }
        assert_eq!(expanded["Product"]["@odata.mediaContentType"], "image/png", "{source}: {expanded}");
        let none = json("Orders(11)?$expand=Product&$format=application/json;odata.metadata=full", &[]);
        assert_eq!(none["Product"], Value::Null, "{source}: {none}");
        let nested = json(
            "Orders?$expand=Product($expand=Orders($expand=Product($select=Id)))&$format=application/json;metadata=full",
            &[("odata-maxversion", "4.01")],
        );
        let inner = &nested["value"][0]["Product"]["Orders"][0]["Product"];
        assert_eq!(inner["@mediaContentType"], "image/png", "{source}: {nested}");
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
fn what_is_told_of_streams_of_derived_types() {
    let world = world();
    let told = |entity: &Value| {
        let members = entity.as_object().expect("an entity").iter();
        let of_streams = members.filter(|(name, _)| name.contains("media"));
        of_streams
            .map(|(name, value)| format!("{name}: {}", value.as_str().unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let etag = |number: &str| format!("\"{number}\"");
    let picture = |number: &str, media_type: &str, version: &str| {
        vec![
            format!("@mediaContentType: {media_type}"),
            format!("@mediaEtag: {}", etag(version)),
            format!("@mediaReadLink: Works({number})/Shop.Picture/$value"),
        ]
    };
    let cover = vec![
        "Cover@mediaContentType: image/gif".to_owned(),
        format!("Cover@mediaEtag: {}", etag("8")),
        "Cover@mediaReadLink: Works(2)/Shop.Photo/Cover".to_owned(),
    ];
    let text = vec![
        "@mediaContentType: text/plain".to_owned(),
        format!("@mediaEtag: {}", etag("9")),
        "@mediaReadLink: Works(3)/Shop.Text/$value".to_owned(),
    ];
    let photo = [picture("2", "image/gif", "8"), cover].concat();
    for source in SOURCES {
        let json = |url: &str| {
            get(
                &world,
                source,
                &format!("{url}$format=application/json;metadata=full"),
                &[("odata-maxversion", "4.01")],
            )
            .json()
        };
        let all = json("Works?$orderby=Id&");
        let mut found: Vec<_> = (0..4).map(|number| told(&all["value"][number])).collect();
        found.iter_mut().for_each(|told| told.sort());
        let expected = [picture("1", "image/png", "7"), photo.clone(), text.clone(), Vec::new()];
        assert_eq!(found, expected, "{source}: {all}");
        let photos = json("Works/Shop.Photo?");
        let mut found = told(&photos["value"][0]);
        found.sort();
        assert_eq!(found, photo, "{source}: {photos}");
        let chosen = json("Works?$select=Shop.Photo/Cover&");
        assert!(
            chosen["@context"].as_str().is_some_and(|c| c.ends_with("#Works(Shop.Photo/Cover)")),
            "{source}: {chosen}"
        );
        let other = json("Works(2)?$select=Id&");
        assert_eq!(told(&other).len(), 3, "{source}: {other}");
        let things = json("Things?$orderby=Id&");
        assert_eq!(told(&things["value"][0]), Vec::<String>::new(), "{source}: {things}");
        let gadget = &things["value"][1];
        for (name, value) in [
            ("@mediaContentType", "text/plain"),
            ("@mediaReadLink", "Things(2)/Shop.Gadget/$value"),
            ("Plan@mediaContentType", "application/octet-stream"),
            ("Plan@mediaReadLink", "Things(2)/Shop.Gadget/Plan"),
        ] {
            assert_eq!(gadget[name], value, "{source}: {things}");
        }
        let minimal = get(&world, source, "Works?$orderby=Id&$format=json", &[]).json();
        assert!(
            minimal["value"].as_array().expect("rows").iter().all(|row| told(row).is_empty()),
            "{minimal}"
        );
        let xml = get(&world, source, "$metadata", &[]).text();
        for part in [
            "<EntityType Name=\"Work\">",
            "<EntityType Name=\"Picture\" BaseType=\"Shop.Work\" HasStream=\"true\">",
            "<EntityType Name=\"Photo\" BaseType=\"Shop.Picture\">\n        <Property Name=\"Cover\" Type=\"Edm.Stream\">",
            "<EntityType Name=\"Gadget\" BaseType=\"Shop.Thing\" HasStream=\"true\">\n        <Property Name=\"Plan\" Type=\"Edm.Stream\">",
        ] {
            assert!(xml.contains(part), "{source}: {part} in {xml}");
        }
        let csdl = get(&world, source, "$metadata?$format=json", &[]).json();
        assert_eq!(csdl["Shop"]["Text"]["$HasStream"], true, "{source}");
        assert_eq!(csdl["Shop"]["Photo"]["Cover"]["$Type"], "Edm.Stream", "{source}");
        let openapi = get(&world, source, "$openapi", &[]).json();
        for path in ["/Works({Id})/Shop.Picture/$value", "/Works({Id})/Shop.Photo/Cover"] {
            assert!(openapi["paths"].get(path).is_some(), "{source}: {path}");
        }
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
