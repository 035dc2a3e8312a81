//! Reads by key: a request that is like an earlier one but for its key is answered like any other, and many at one time
//! get their own rows.

use nextlink_testkit::http::Answer;

use crate::common::encoded;
use crate::world::{SOURCES, World};

/// Entity sets, each with keys written in the plainest way, and the same ones so that they have to be parsed.
const KEYS: &[(&str, &[(&str, &str)])] = &[
    (
        "Orders",
        &[
            ("Orders(1)", "Orders(OrderId=1)"),
            ("Orders(17)", "Orders( 17 )"),
            ("Orders(0099)", "Orders(OrderId=99)"),
        ],
    ),
    (
        "missing",
        &[
            ("Orders(99999999)", "Orders(OrderId=99999999)"),
            ("Orders(99999999999)", "Orders(OrderId=99999999999)"),
        ],
    ),
    ("wrong types", &[("Orders('1')", "Orders(OrderId='1')"), ("Customers(1)", "Customers(CustomerId=1)")]),
    (
        "Customers",
        &[
            ("Customers('BR-0021')", "Customers(CustomerId='BR-0021')"),
            ("Customers('br-0021')", "Customers(CustomerId='br-0021')"),
            ("Customers('')", "Customers(CustomerId='')"),
        ],
    ),
    (
        "Countries",
        &[
            ("Countries('DE')", "Countries(CountryCode='DE')"),
            ("Countries('FR')", "Countries(CountryCode='FR')"),
        ],
    ),
];

/// All that an answer can depend on.
const WAYS: &[&[(&str, &str)]] = &[
    &[],
    &[("Accept", "application/json;odata.metadata=none")],
    &[("Accept", "application/json;odata.metadata=full")],
    &[("Accept", "application/json;IEEE754Compatible=true"), ("OData-MaxVersion", "4.01")],
    &[("OData-MaxVersion", "4.01")],
    &[("OData-MaxVersion", "3.0")],
    &[("Accept", "image/png")],
    &[("Accept-Encoding", "gzip")],
    &[("Prefer", "omit-values=nulls")],
    &[("Prefer", "odata.maxpagesize=5")],
    &[("Host", "data.example:8080")],
    &[("X-Forwarded-Host", "other.example"), ("X-Forwarded-Proto", "https")],
    &[("ddcloud-datasource-user", "nobody"), ("ddcloud-datasource-password", "x")],
];

/// What of an answer is the same for each request: all but its number and its times.
fn told(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let once = ["trace-id", "server-timing", "date"];
    let mut headers: Vec<(String, String)> = answer.headers.clone();
    headers.retain(|(name, _)| !once.contains(&name.to_ascii_lowercase().as_str()));
    headers.sort();
    let mut body = answer.text();
    if let Ok(mut error) = serde_json::from_str::<serde_json::Value>(&body)
        && answer.status >= 400
    {
        // The place in the URL, and the number of the request.
        let message = error["error"]["message"].as_str().unwrap_or_default();
        error["error"]["message"] = message.split(" (at offset").next().into();
        error["error"]["target"].take();
        error["error"]["innererror"].take();
        error["error"]["details"].take();
        body = error.to_string();
    }
    (answer.status, headers, body)
}

#[test]
fn a_key_changes_nothing_but_the_row() {
    let world = World::trading();
    for source in SOURCES {
        for headers in WAYS {
            // Twice, so that the second time there was each of them before.
            for (set, keys) in KEYS.iter().chain(KEYS) {
                for (plain, parsed) in *keys {
                    let get = |url: &str| {
                        let path = ["/api/odata4/", source, "/", &encoded(url)].concat();
                        told(&world.node.get(&path, headers))
                    };
                    let (mut found, mut expected) = (get(plain), get(parsed));
                    for (_, _, body) in [&mut found, &mut expected] {
                        // The length of the path is told where it is not found.
                        *body = body.replace(parsed, plain);
                    }
                    let without_length = |mut told: (u16, Vec<(String, String)>, String)| {
                        if told.0 >= 400 {
                            told.1.retain(|(name, _)| name != "content-length");
                        }
                        told
                    };
                    let (found, expected) = (without_length(found), without_length(expected));
                    assert_eq!(found, expected, "{source} {set}: {plain} {headers:?}");
                }
            }
        }
    }
}

#[test]
fn many_at_one_time() {
    let world = World::trading();
    for source in SOURCES {
        let all = world.ask(source, "Orders?$select=OrderId&$top=400", &[("Prefer", "maxpagesize=400")]);
        let all: serde_json::Value = serde_json::from_str(&all.body).expect("JSON");
        let orders: Vec<i64> =
            all["value"].as_array().expect("rows").iter().filter_map(|row| row["OrderId"].as_i64()).collect();
        assert_eq!(orders.len(), 400);
        std::thread::scope(|scope| {
            for first in 0..16 {
                let (world, orders) = (&world, &orders);
                scope.spawn(move || {
                    for order in orders.iter().skip(first).step_by(7) {
                        let told = world.ask(source, &format!("Orders({order})"), &[]);
                        let row: serde_json::Value = serde_json::from_str(&told.body).expect("JSON");
                        assert_eq!(
                            (told.status, &row["OrderId"]),
                            (200, &(*order).into()),
                            "{source}: {told:?}"
                        );
                    }
                });
            }
        });
    }
}
