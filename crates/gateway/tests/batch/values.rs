//! What requests of a batch say about the answers to others (Part 1 section 11.7.6, JSON Format section 19.1).

use serde_json::{Value, json};

use crate::common::shop;
use crate::parts::{Part, json_parts, multipart, multipart_parts};
use crate::{JSON, MULTIPART, post};

/// Values of answers in later requests, written as their types want it, and conditions.
#[test]
fn requests_use_values_of_others() {
    let node = shop();
    let get = |id: &str, url: &str| json!({ "id": id, "method": "GET", "url": url });
    let on = |id: &str, url: &str, condition: &str| json!({ "id": id, "method": "GET", "url": url, "dependsOn": ["no"], "if": condition });
    let query = json!({ "id": "q", "method": "post", "url": "Products/$query", "headers": { "content-type": "text/plain" },
        "body": "$filter=ID eq $1/ID&$select=ID" });
    let requests = json!({ "requests": [
        get("1", "Products(1)?$expand=Category"),
        get("2", "Products?$filter=CategoryID eq $1/CategoryID and ID le 3&$select=ID"),
        get("3", "Categories?$filter=Name eq $1/Category/Name&$select=Name"),
        get("4", "Products?$filter=Name eq %241%2FName or Name eq '$1/Name'&$select=ID&$top=1"),
        get("n", "Products(1)/Name"),
        get("5", "Products/$count?$filter=Name eq $n"),
        get("c", "Products/$count"),
        get("6", "Products?$filter=ID eq $c&$select=ID"),
        get("7", "Products?$filter=ID eq $1/Nothing"),
        get("8", "Products?$filter=ID eq $1"),
        get("9", "Products?$filter=ID eq $x/ID"),
        get("l", "Products?$top=3&$select=ID"),
        get("10", "Products?$filter=ID eq $l/value"),
        query,
        get("no", "Products(99999)"),
        get("11", "Products?$filter=ID eq $no/ID"),
        on("12", "Products(2)?$select=ID", "not $no/$succeeded"),
        on("13", "Products(2)?$select=ID", "$no/$succeeded or $1/Name eq 'x'"),
        on("14", "Products(2)?$select=ID", "$1/ID eq 1 and $1/Category/Name in ('x','Green tea') and $no/ID eq null"),
        on("15", "Products(2)?$select=ID", "$1/ID"),
        on("16", "Products(2)?$select=ID", "$7/$succeeded eq false"),
    ]});
    let answer = post(&node, &[JSON], requests.to_string().as_bytes());
    let parts = json_parts(&answer);
    let ids = |part: &Part| {
        let body = part.json();
        let rows = body["value"].as_array().map(|rows| rows.iter().map(|row| row["ID"].clone()).collect());
        rows.unwrap_or_else(|| vec![body["ID"].clone()])
    };
    for (id, status, expected) in [
        ("1", 200, json!([1])),
        ("2", 200, json!([1])),
        ("3", 200, Value::Null),
        ("4", 200, json!([1])),
        ("5", 200, Value::Null),
        ("6", 200, json!([5000])),
        ("7", 400, Value::Null),
        ("8", 400, Value::Null),
        ("9", 400, Value::Null),
        ("10", 400, Value::Null),
        ("q", 200, json!([1])),
        ("no", 404, Value::Null),
        ("11", 424, Value::Null),
        ("12", 200, json!([2])),
        ("13", 424, Value::Null),
        ("14", 200, json!([2])),
        ("15", 400, Value::Null),
        ("16", 200, json!([2])),
    ] {
        let part = parts.iter().find(|part| part.id.as_deref() == Some(id)).expect(id);
        assert_eq!(part.status, status, "{id}: {}", part.text());
        if !expected.is_null() {
            assert_eq!(json!(ids(part)), expected, "{id}: {}", part.text());
        }
    }
    let named = parts.iter().find(|part| part.id.as_deref() == Some("3")).expect("an answer");
    assert_eq!(named.json()["value"], json!([{ "@odata.id": "Categories(2)", "Name": "Green tea" }]));

    let text = multipart(
        "b",
        [
            (Some("1".to_owned()), "GET Products(1) HTTP/1.1\r\n\r\n".to_owned()),
            (None, "GET Products?$filter=ID eq $1/ID HTTP/1.1\r\n\r\n".to_owned()),
        ],
    );
    let parts = multipart_parts(&post(&node, &[MULTIPART], text.as_bytes()));
    assert_eq!((parts.len(), ids(&parts[1])), (2, vec![json!(1)]));
}
