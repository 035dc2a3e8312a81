//! Every row of every set, to the last one, in every database.

use nextlink_testkit::http::get;
use nextlink_testkit::ledger::read_all;
use nextlink_testkit::samples::Sample;
use serde_json::Value;

use crate::common::encoded;
use crate::world::{SOURCES, World};

/// Rows of a page, so that links are followed.
const PAGE: &[(&str, &str)] =
    &[("Prefer", "maxpagesize=500"), ("Accept", "application/json;odata.metadata=none")];

/// Sets of a source, and the properties of their keys.
fn sets(world: &World, source: &str) -> Vec<(String, Vec<String>)> {
    let root = world.node.service(source);
    let document = get(&root, &[]).json();
    let metadata = get(&format!("{root}$metadata?$format=json"), &[]).json();
    let schema = &metadata["here"];
    let sets = document["value"].as_array().expect("sets").iter();
    let sets = sets.filter_map(|set| set["url"].as_str()).map(|set| {
        let ty = schema["Container"][set]["$Type"].as_str().expect("a type");
        let key = schema[ty.rsplit('.').next().unwrap_or_default()]["$Key"].as_array().expect("a key").iter();
        (set.to_owned(), key.filter_map(|name| Some(name.as_str()?.to_owned())).collect())
    });
    sets.collect()
}

/// A name as all scripts would write it.
fn plain(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// All rows of a set in the order of its key.
fn rows(world: &World, source: &str, set: &str, key: &[String]) -> Vec<Value> {
    let url = format!("{}{set}?$count=true&$orderby={}", world.node.service(source), key.join(","));
    let ledger = read_all(&url, PAGE);
    let rows: Vec<Value> = ledger.rows().cloned().collect();
    assert_eq!(ledger.stated_count(), Some(rows.len() as u64), "{source}: {set}");
    let counted = get(&format!("{}{set}/$count", world.node.service(source)), &[]).text();
    assert_eq!(counted, rows.len().to_string(), "{source}: {set}");
    rows
}

/// Whether values are the same, but for what scripts write otherwise for other databases: numbers for truth, and for
/// text; numbers of 32 bits for those of 64; points in time for days; no blanks at the
/// end, as `N'…'` has none in PostgreSQL, and no backslashes, which escape in MariaDB.
fn same(a: &Value, b: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Bool(truth) => Some(f64::from(*truth)),
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    };
    let day = |value: &Value| {
        let text = value.as_str()?.trim_end_matches("T00:00:00Z").trim_end();
        Some(text.replace('\\', ""))
    };
    let equal = |a: f64, b: f64| a == b || a as f32 == b as f32;
    a == b
        || number(a).zip(number(b)).is_some_and(|(a, b)| equal(a, b))
        || day(a).is_some_and(|d| day(b) == Some(d))
}

/// Compares the sets of all sources by names and keys, and their rows by the values of all properties that `skip` does not
/// name. Returns how many rows there are.
fn compare(world: &World, skip: &[&str]) -> usize {
    let [first, others @ ..] = SOURCES.map(|source| (source, sets(world, source)));
    let mut total = 0;
    for (set, key) in &first.1 {
        let expected = rows(world, first.0, set, key);
        total += expected.len();
        for (source, sets) in &others {
            let found = sets.iter().find(|(other, _)| plain(other) == plain(set));
            let (other, other_key) = found.unwrap_or_else(|| panic!("{source} has {set}: {sets:?}"));
            let found = rows(world, source, other, other_key);
            assert_eq!(found.len(), expected.len(), "{source}: {other}");
            for (found, expected) in found.iter().zip(&expected) {
                for (name, value) in expected.as_object().expect("an object") {
                    if skip.contains(&name.as_str()) {
                        continue;
                    }
                    let own =
                        found.as_object().into_iter().flatten().find(|(own, _)| plain(own) == plain(name));
                    let own = own.unwrap_or_else(|| panic!("{source}: {other} has no {name}: {found}")).1;
                    assert!(same(own, value), "{source}: {other}.{name}: {own}, not {value}, of {expected}");
                }
            }
        }
        assert!(others.iter().all(|(_, sets)| sets.len() == first.1.len()), "{others:?}");
    }
    total
}

#[test]
fn trading_to_the_last_row() {
    // Times of MariaDB are durations; of these, one test of types asks.
    let times = ["ShiftStarts", "ShiftEnds", "DeliverAfter"];
    let total = compare(&World::trading(), &times);
    assert!(total > 15_000, "{total} rows");
}

#[test]
fn northwind_to_the_last_row() {
    if let Some(world) = World::sample(Sample::Northwind) {
        assert_eq!(compare(&world, &[]), 3_362);
    }
}

#[test]
fn chinook_to_the_last_row() {
    if let Some(world) = World::sample(Sample::Chinook) {
        assert_eq!(compare(&world, &[]), 15_607);
    }
}

#[test]
fn rows_of_groups_to_the_last_one() {
    let world = World::trading();
    let pages: &[(&str, &str)] =
        &[("Prefer", "maxpagesize=70"), ("Accept", "application/json;odata.metadata=none")];
    for query in [
        "OrderItems?$apply=groupby((ProductId,Quantity),aggregate($count as N,LineTotal with sum as Total))",
        "OrderItems?$apply=groupby((Product/Name,Quantity),aggregate($count as N))&$orderby=N desc",
        "Customers?$apply=groupby((rollup(CountryCode,City)),aggregate(CreditLimit with average as A))&$orderby=A",
        "Customers?$apply=topcount(150,CreditLimit)&$compute=CreditLimit mul 2 as Twice&$select=CustomerId,Twice",
    ] {
        let read = |source: &str| {
            let url = [world.node.service(source), encoded(query), "&$count=true".to_owned()].concat();
            let ledger = read_all(&url, pages);
            let rows: Vec<Value> = ledger.rows().cloned().collect();
            assert_eq!(ledger.stated_count(), Some(rows.len() as u64), "{source}: {query}");
            rows
        };
        let [first, others @ ..] = SOURCES.map(read);
        assert!(first.len() > 70, "{} rows: {query}", first.len());
        for (source, other) in SOURCES[1..].iter().zip(&others) {
            assert_eq!(other, &first, "{source}: {query}");
        }
    }
}

/// The values of a property in a nested collection: those of the page, then those behind each next link of it.
fn nested(world: &World, source: &str, parent: &Value, collection: &str, property: &str) -> Vec<Value> {
    let headers: &[(&str, &str)] = &[("Prefer", "maxpagesize=3")];
    let value = |row: &Value| row[property].clone();
    let rows = parent[collection].as_array().expect("a collection");
    assert!(rows.len() <= 3, "{source}: {rows:?}");
    let mut values: Vec<Value> = rows.iter().map(value).collect();
    let mut link = parent[format!("{collection}@odata.nextLink")].as_str().map(str::to_owned);
    while let Some(next) = link {
        let page = get(&[world.node.service(source), next].concat(), headers).json();
        let rows = page["value"].as_array().unwrap_or_else(|| panic!("{source}: {page}"));
        values.extend(rows.iter().map(value));
        // A page of it is a result of its own, whose links are absolute.
        let root = world.node.service(source);
        link = page["@odata.nextLink"].as_str().map(|link| link.trim_start_matches(&root).to_owned());
    }
    values
}

#[test]
fn nested_collections_to_the_last_row() {
    let world = World::trading();
    for (set, collection, property, options) in [
        ("Customers?$top=7", "Orders", "OrderId", "$select=OrderId"),
        ("Customers?$skip=30&$top=1", "Orders", "OrderId", "$select=OrderId;$filter=OrderId ge 1"),
        ("Customers?$top=6", "Orders", "OrderId", "$select=OrderId;$skip=1;$orderby=OrderedAt desc"),
        ("Customers?$top=6", "Orders", "OrderId", "$select=OrderId;$top=4"),
        (
            "Customers?$top=6",
            "Orders",
            "OrderId",
            "$select=OrderId;$filter=contains($it/CompanyName,'e') or OrderId gt 9",
        ),
        ("Customers?$top=6", "Orders", "Status", "$apply=groupby((Status),aggregate($count as N))"),
        ("Customers?$top=6", "Orders", "OrderId", "$apply=topcount(8,Freight)/skip(1);$select=OrderId"),
        (
            "Categories?$top=4",
            "Products",
            "Name",
            "$select=Name;$orderby=length($it/Name) mul ProductId desc",
        ),
    ] {
        let url = encoded(&format!("{set}&$expand={collection}({options})"));
        let mut answers = SOURCES.map(|source| {
            let ask = |headers: &[(&str, &str)]| {
                get(&[world.node.service(source), url.clone()].concat(), headers).json()
            };
            let whole = ask(&[("Prefer", "maxpagesize=2000")]);
            let parents =
                whole["value"].as_array().unwrap_or_else(|| panic!("{source}: {url}: {whole}")).clone();
            // Pages of three parents, and of a nested collection three rows each.
            let pages =
                read_all(&[world.node.service(source), url.clone()].concat(), &[("Prefer", "maxpagesize=3")]);
            let mut all = Vec::new();
            for (parent, page) in parents.iter().zip(pages.rows()) {
                let expected: Vec<Value> = parent[collection]
                    .as_array()
                    .expect("rows")
                    .iter()
                    .map(|row| row[property].clone())
                    .collect();
                let found = nested(&world, source, page, collection, property);
                assert_eq!(found, expected, "{source}: {url}");
                all.extend(found);
            }
            assert_eq!(pages.rows().count(), parents.len(), "{source}: {url}");
            all
        });
        assert!(answers[0].len() > 3, "{url}: {:?}", answers[0]);
        let first = std::mem::take(&mut answers[0]);
        assert!(answers[1..].iter().all(|other| *other == first), "{url}");
    }
}

/// Links of collections that stand deep, or under another name than their own: where they are, and how many rows they have.
#[test]
fn links_of_nested_collections_lead_to_what_is_missing() {
    let world = World::trading();
    for (url, parent, collection, property) in [
        (
            "Customers?$top=1&$expand=Orders($top=1;$expand=OrderItems($select=Line;$compute=$it/City as C))",
            "/value/0/Orders/0",
            "OrderItems",
            "C",
        ),
        (
            "Categories?$filter=Parent eq null&$expand=CategoriesByParent($expand=Products($select=ProductId;$filter=CategoryId ne $it/CategoryId))",
            "/value/0/CategoriesByParent/0",
            "Products",
            "ProductId",
        ),
        ("Customers?$top=1&$apply=addnested(Orders,skip(1)/top(5) as Some)", "/value/0", "Some", "OrderId"),
        ("Customers?$top=1&$apply=expand(Orders,filter(OrderId gt 1))", "/value/0", "Orders", "OrderId"),
        (
            "Customers?$top=1&$apply=addnested(Orders,groupby((Status),aggregate($count as N)) as Each)",
            "/value/0",
            "Each",
            "Status",
        ),
    ] {
        for source in SOURCES {
            let url = [world.node.service(source), encoded(url)].concat();
            let values = |headers: &[(&str, &str)]| {
                let answer = get(&url, headers).json();
                answer.pointer(parent).unwrap_or_else(|| panic!("{source}: {url}: {answer}")).clone()
            };
            let whole = values(&[("Prefer", "maxpagesize=2000")]);
            let rows = whole[collection].as_array().expect("rows");
            let expected: Vec<Value> = rows.iter().map(|row| row[property].clone()).collect();
            let page = values(&[("Prefer", "maxpagesize=1")]);
            assert!(page[format!("{collection}@odata.nextLink")].is_string(), "{source}: {url}: {page}");
            assert_eq!(nested(&world, source, &page, collection, property), expected, "{source}: {url}");
        }
    }
}
