//! Collections of groups: each group has its own instances, however many groups there are, and whatever they are grouped by.

use std::collections::BTreeMap;

use nextlink_testkit::http::get;
use nextlink_testkit::ledger::{End, read_all};
use serde_json::{Value, json};

use crate::common::encoded;
use crate::world::{SOURCES, World};

/// Pages of so few groups that there are several batches and pages.
const PAGES: &[(&str, &str)] =
    &[("Prefer", "maxpagesize=40"), ("Accept", "application/json;odata.metadata=none")];

/// All rows of a URL.
fn rows(world: &World, source: &str, url: &str) -> Vec<Value> {
    let url = [world.node.service(source), encoded(url)].concat();
    let ledger = read_all(&url, PAGES);
    assert_eq!(ledger.end, End::LastPage, "{source}: {url}");
    ledger.rows().cloned().collect()
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
        // Nothing is computed of no instances.
        for none in [
            "filter(OrderId lt 0)/nest(aggregate($count as N) as All)",
            "groupby((GiftWrap),nest(filter(OrderId lt 0)/aggregate($count as N) as All))",
        ] {
            let found = rows(&world, source, &["Orders?$apply=", none].concat());
            assert!(
                !found.is_empty() && found.iter().all(|row| row["All"] == json!([])),
                "{source}: {found:?}"
            );
        }
    }
}

/// Ways through the tree of categories, of rows that have its nodes.
const WALKS: &[&str] = &[
    "descendants($root/Categories,ParentHierarchy,CategoryId,topcount(1,CategoryId),keep start)",
    "descendants($root/Categories,ParentHierarchy,CategoryId,filter(contains(Name,'a')))",
    "descendants($root/Categories,ParentHierarchy,CategoryId,filter(contains(Name,'e')),1,keep start)",
    "ancestors($root/Categories,ParentHierarchy,CategoryId,filter(contains(Name,'e')))",
    "ancestors($root/Categories,ParentHierarchy,CategoryId,skip(1)/top(2),1)",
    "filter(CategoryId gt 2)/ancestors($root/Categories,ParentHierarchy,CategoryId,descendants($root/Categories,ParentHierarchy,CategoryId,top(3)),keep start)/top(3)",
    "traverse($root/Categories,ParentHierarchy,CategoryId,preorder,Name desc)",
    "traverse($root/Categories,ParentHierarchy,CategoryId,postorder,descendants($root/Categories,ParentHierarchy,CategoryId,filter(Name eq 'Drinks'),keep start))",
    "groupby((rolluprecursive($root/Categories,ParentHierarchy,CategoryId)),aggregate($count as N))",
    "descendants($root/Categories,ParentHierarchy,CategoryId,filter(contains(Name,'o')),keep start)/aggregate($count as N)",
];

#[test]
fn hierarchies_below_entities_and_in_groups() {
    let world = World::trading();
    for source in SOURCES {
        for constants in [
            "groupby((ROLLED),aggregate(1 with countdistinct as N,'a' with countdistinct as W))",
            "compute(1 as C,'a' as D)/groupby((ROLLED),aggregate(C with countdistinct as N,D with countdistinct as W))",
        ] {
            let rolled = "rolluprecursive($root/Categories,ParentHierarchy,CategoryId)";
            let found =
                rows(&world, source, &format!("Products?$apply={}", constants.replace("ROLLED", rolled)));
            let once = found.iter().all(|row| row["N"] == 1 && row["W"] == 1);
            assert!(once && found.len() > 3, "{source}: {found:?}");
        }
        let mut all_of_suppliers = 0;
        for walk in WALKS {
            let parents = format!("Suppliers?$select=SupplierId&$expand=Products($apply={walk})");
            for parent in rows(&world, source, &parents) {
                let own = format!("Suppliers({})/Products?$apply={walk}", parent["SupplierId"]);
                let own = rows(&world, source, &own);
                all_of_suppliers += own.len();
                // Of none nothing is summed up.
                let found = parent["Products"].as_array().expect("rows").clone();
                let none = found.is_empty() && own.len() == 1 && own[0]["N"] == 0;
                assert!(none || found == own, "{source}: {parent}, not {own:?}: {walk}");
            }
            let parity = "compute(CategoryId mod 2 as Odd)";
            let groups = format!("Categories?$apply={parity}/groupby((Odd),nest({walk} as All))");
            let mut all = 0;
            for group in rows(&world, source, &groups) {
                let own = format!("Categories?$apply={parity}/filter(Odd eq {})/{walk}", group["Odd"]);
                let own = rows(&world, source, &own);
                all += own.len();
                assert_eq!(group["All"].as_array(), Some(&own), "{source}: {walk}");
            }
            let every = rows(&world, source, &format!("Categories?$apply=nest({walk} as All)"));
            let own = rows(&world, source, &format!("Categories?$apply={walk}"));
            assert_eq!(every.len(), 1, "{source}: {walk}");
            assert_eq!(every[0]["All"].as_array(), Some(&own), "{source}: {walk}");
            assert!(own.len() + all > 0, "{source}: {walk}");
        }
        assert!(all_of_suppliers > 500, "{source}: {all_of_suppliers}");
    }
}

/// What is done in a group is what is done with its instances alone.
#[test]
fn transformations_in_groups() {
    let world = World::trading();
    let inner = [
        ("topcount(2,Freight)", "OrderId"),
        ("filter(GiftWrap)/bottomcount(3,OrderId)", "OrderId"),
        ("orderby(OrderedAt desc,OrderId)/top(2)", "OrderId"),
        ("topsum(500,OrderId)", "OrderId"),
        ("toppercent(40,OrderId)/filter(GiftWrap)", "OrderId"),
        ("filter(GiftWrap)/aggregate($count as N,OrderId with max as M,Freight with sum as S)", "N,M,S"),
        ("filter(Freight gt 1e9)/aggregate($count as N,OrderId with sum as S)", "N,S"),
        ("filter(GiftWrap)/aggregate(OrderItems/Quantity with sum as Q,OrderItems/$count as N)", "Q,N"),
        ("topcount(3,OrderId)/aggregate(OrderId with min as M)", "M"),
        ("topcount(3,OrderId)/filter(GiftWrap)/aggregate($count as N)", "N"),
    ];
    for source in SOURCES {
        for (inner, names) in inner {
            let names: Vec<&str> = names.split(',').collect();
            let told = |row: &Value| names.iter().map(|name| row[*name].to_string()).collect::<Vec<_>>();
            let grouped = format!("Orders?$apply=groupby((Status),{inner})");
            let mut grouped: Vec<_> = rows(&world, source, &grouped).iter().map(told).collect();
            let mut alone = Vec::new();
            for group in rows(&world, source, "Orders?$apply=groupby((Status))") {
                let own = format!(
                    "Orders?$apply=filter(Status eq '{}')/{inner}",
                    group["Status"].as_str().expect("text")
                );
                alone.extend(rows(&world, source, &own).iter().map(told));
            }
            grouped.sort();
            alone.sort();
            assert!(!alone.is_empty(), "{source}: {inner}");
            assert_eq!(grouped, alone, "{source}: {inner}");
        }
    }
}
