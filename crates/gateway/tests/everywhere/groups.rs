//! Collections of groups: each group has its own instances, however many groups there are, and whatever they are grouped by.

use std::collections::BTreeMap;

use nextlink_testkit::http::get;
use nextlink_testkit::ledger::read_all;
use serde_json::Value;

use crate::common::encoded;
use crate::world::{SOURCES, World};

/// Pages of so few groups that there are several batches and pages.
const PAGES: &[(&str, &str)] =
    &[("Prefer", "maxpagesize=40"), ("Accept", "application/json;odata.metadata=none")];

/// All rows of a URL.
fn rows(world: &World, source: &str, url: &str) -> Vec<Value> {
    let url = [world.node.service(source), encoded(url)].concat();
    read_all(&url, PAGES).rows().cloned().collect()
}

#[test]
fn each_group_has_its_own() {
    let world = World::trading();
    for (set, key, by) in [
        ("Customers", "CustomerId", "City"),
        ("Customers", "CustomerId", "CompanyName,Active"),
        ("Customers", "CustomerId", "CreditLimit"),
        ("Products", "ProductId", "Price"),
        ("Products", "ProductId", "WeightKg,Organic"),
        ("Products", "ProductId", "AddedOn"),
        ("Products", "ProductId", "CatalogueId"),
        ("Products", "ProductId", "Category/Name,Supplier"),
        ("Orders", "OrderId", "OrderedAt"),
        ("Orders", "OrderId", "Status,Employee"),
        ("Employees", "EmployeeId", "ShiftStarts,BirthDate"),
    ] {
        for source in SOURCES {
            let counted =
                rows(&world, source, &format!("{set}?$apply=groupby(({by}),aggregate($count as N))"));
            let nested = format!("{set}?$apply=groupby(({by}),nest(groupby(({key})) as All))");
            let nested = rows(&world, source, &nested);
            assert_eq!(counted.len(), nested.len(), "{source}: {set} by {by}");
            let (mut all, mut known) = (0, BTreeMap::new());
            for (mut count, mut own) in counted.into_iter().zip(nested) {
                let items = own["All"].take();
                let items = items.as_array().unwrap_or_else(|| panic!("{source}: {set} by {by}: {own}"));
                assert_eq!(
                    count["N"].take().as_u64(),
                    Some(items.len() as u64),
                    "{source}: {set} by {by}: {own}"
                );
                all += items.len();
                known.extend(items.iter().map(|item| (item[key].to_string(), ())));
                for (name, value) in
                    own.as_object().expect("a group").iter().filter(|(name, _)| *name != "All")
                {
                    assert_eq!(count[name], *value, "{source}: {set} by {by}");
                }
            }
            assert!(all > 10 && known.len() == all, "{source}: {set} by {by}: {} of {all}", known.len());
        }
    }
}

#[test]
fn groups_have_what_entities_have_below_them() {
    let world = World::trading();
    let inner = [
        "topcount(2,Freight)/groupby((OrderId))",
        "filter(GiftWrap)/groupby((Status),aggregate($count as N,OrderId with max as M))",
        "orderby(OrderedAt desc,OrderId)/skip(1)/top(2)/aggregate(OrderId with sum as S)",
        "toppercent(40,OrderId)/groupby((OrderId))",
        "concat(aggregate($count as N),groupby((GiftWrap)))",
    ];
    for source in SOURCES {
        for inner in inner {
            let below = format!(
                "Customers?$apply=addnested(Orders,{inner} as A)&$select=CustomerId,A&$filter=Orders/$count gt 0"
            );
            let groups = format!("Orders?$apply=groupby((CustomerId),nest({inner} as A))");
            let (below, groups) = (rows(&world, source, &below), rows(&world, source, &groups));
            assert!(groups.len() > 100, "{source}: {inner}: {} groups", groups.len());
            assert_eq!(groups, below, "{source}: {inner}");
        }
    }
}

#[test]
fn collections_of_groups_are_whole() {
    let world = World::trading();
    let url = encoded("Orders?$apply=groupby((GiftWrap),nest(identity as All))&$select=All");
    for source in SOURCES {
        let page =
            get(&[world.node.service(source), url.clone()].concat(), &[("Prefer", "maxpagesize=5")]).json();
        let all: usize = (0..2).map(|group| page["value"][group]["All"].as_array().map_or(0, Vec::len)).sum();
        assert!(all > 1_000, "{source}: {all}");
        assert!(page["value"][0].get("All@odata.nextLink").is_none(), "{source}");
    }
}
