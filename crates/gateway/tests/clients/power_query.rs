//! What Power BI and Excel send when they load a table, in their order and with their headers.

use nextlink_testkit::http::{self, Answer};
use serde_json::Value;

const HEADERS: &[(&str, &str)] = &[
    (
        "Accept",
        "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,\
         application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7",
    ),
    ("MaxDataServiceVersion", "3.0"),
    ("OData-MaxVersion", "4.0"),
    ("Accept-Encoding", "gzip, deflate"),
];

/// An answer with exactly one version, in a media type that is taken.
#[track_caller]
fn ask(url: &str) -> Answer {
    let answer = http::get(url, HEADERS);
    assert_eq!(answer.status, 200, "{url}: {}", answer.text());
    assert_eq!(answer.headers_named("odata-version").collect::<Vec<_>>(), ["4.0"], "{url}");
    answer
}

/// JSON, whose context is the metadata document of the service.
#[track_caller]
fn page(root: &str, url: &str) -> Value {
    let answer = ask(url);
    let media = answer.header("content-type").unwrap_or_default();
    assert!(media.starts_with("application/json;odata.metadata=minimal"), "{url}: {media}");
    let page: Value = serde_json::from_slice(&answer.plain_body()).expect("JSON");
    let context = page["@odata.context"].as_str().unwrap_or_default().to_owned();
    assert!(context.starts_with(&format!("{root}$metadata")), "{url}: {context}");
    page
}

/// Follows next links, as they come, from a first page; gives all rows.
#[track_caller]
fn all(root: &str, url: &str) -> Vec<Value> {
    let (mut rows, mut pages, mut link) = (Vec::new(), 0, Some(url.to_owned()));
    while let Some(url) = link {
        let page = page(root, &url);
        rows.extend(page["value"].as_array().expect("rows").iter().cloned());
        link = page["@odata.nextLink"].as_str().map(str::to_owned);
        pages += 1;
        assert!(pages < 1_000, "{url}: no end");
    }
    rows
}

/// Loads orders as Power Query does.
#[track_caller]
pub fn read(root: &str) {
    // The check of the login asks for the bare path.
    assert_eq!(http::get(root.trim_end_matches('/'), HEADERS).status, 200, "{root}");
    let sets = page(root, root);
    assert!(sets["value"].as_array().is_some_and(|sets| sets.iter().any(|set| set["name"] == "Orders")));
    let metadata = ask(&format!("{root}$metadata"));
    assert_eq!(metadata.header("content-type"), Some("application/xml"), "{root}");
    assert!(String::from_utf8_lossy(&metadata.plain_body()).contains("<edmx:Edmx"), "{root}");
    assert_eq!(page(root, &format!("{root}Orders?$top=0"))["value"], serde_json::json!([]));
    // The preview, with an encoded dollar.
    let preview = all(root, &format!("{root}Orders?%24top=1000"));
    assert_eq!(preview.len(), 1_000, "{root}");
    let count = ask(&format!("{root}Orders/$count")).plain_body();
    let count: usize = String::from_utf8_lossy(&count).parse().expect("a number");
    let orders = all(root, &format!("{root}Orders"));
    assert_eq!(orders.len(), count, "{root}");
    assert_eq!(orders[..1_000], preview[..], "{root}");
    // Steps of the query that are folded into the address.
    let folded = "$filter=Freight%20gt%205%20and%20Status%20eq%20'Delivered'&$select=OrderId%2CFreight&$orderby=Freight%20desc%2COrderId";
    let found = all(root, &format!("{root}Orders?{folded}&$skip=10&$top=400"));
    let wanted = |order: &&Value| {
        order["Freight"].as_f64().is_some_and(|freight| freight > 5.0) && order["Status"] == "Delivered"
    };
    let mut expected: Vec<&Value> = orders.iter().filter(wanted).collect();
    let key = |order: &Value| (order["Freight"].as_f64().unwrap_or_default(), order["OrderId"].as_i64());
    expected.sort_by(|a, b| key(b).0.total_cmp(&key(a).0).then(key(a).1.cmp(&key(b).1)));
    let expected: Vec<_> = expected.into_iter().skip(10).take(400).map(key).collect();
    assert_eq!(expected.len(), 400, "{root}");
    assert_eq!(found.iter().map(key).collect::<Vec<_>>(), expected, "{root}");
    let filtered = format!("{root}Orders/$count?$filter=Freight%20gt%205%20and%20Status%20eq%20'Delivered'");
    let counted = ask(&filtered).plain_body();
    assert_eq!(String::from_utf8_lossy(&counted), orders.iter().filter(wanted).count().to_string(), "{root}");
}
