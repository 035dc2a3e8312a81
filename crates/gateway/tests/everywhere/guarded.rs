//! Conditions that fail for some rows: what stands beside them by `and` and `or` keeps these from them, on each database.

use crate::world::{SOURCES, World};

const SCRIPT: &str = "
CREATE TABLE customers (id int PRIMARY KEY, name varchar(40) NOT NULL, lim int NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL, parts int NOT NULL, total int NOT NULL,
    FOREIGN KEY (customer_id) REFERENCES customers (id));
INSERT INTO customers VALUES (1, 'Ann', 0), (2, 'Bob', 2), (3, 'Cy', 0);
INSERT INTO orders VALUES (1, 1, 2, 10), (2, 1, 1, 20), (3, 2, 0, 30), (4, 2, 5, 40), (5, 3, 0, 50)";

/// The members of an enumeration are written into it.
const MODEL: &str = "
enumerations:
  State: {members: {MEMBERS}}
entities:
  customers:
    table: customers
    properties: {id: id, name: name, lim: lim}
    navigation: {orders: {target: orders, on: {id: buyer}, partner: customer}}
  orders:
    table: orders
    properties: {id: id, buyer: customer_id, parts: parts, state: {column: total, type: State}}
    navigation: {customer: {target: customers, on: {buyer: id}, partner: orders}}
";

/// What is asked for, and the keys of what is found.
const ROWS: &[(&str, &str)] = &[
    ("orders?$filter=parts ne 0 and 10 div parts gt 3", "1 2"),
    ("orders?$filter=10 div parts gt 3 and parts ne 0", "1 2"),
    ("orders?$filter=(parts mul 2) mod 4 eq 0 and parts ne 0 and 10 mod parts eq 0", "1"),
    ("orders?$filter=parts eq 0 or 10 div parts gt 3", "1 2 3 5"),
    ("orders?$filter=10 div parts gt 3 or parts eq 0", "1 2 3 5"),
    ("orders?$filter=not (10 div parts gt 3 or parts eq 0)", "4"),
    ("orders?$filter=not (10 div parts gt 3 and parts ne 0)", "3 4 5"),
    ("orders?$compute=10 div parts gt 3 or parts eq 0 as X&$filter=X", "1 2 3 5"),
    ("orders?$compute=(10 div parts gt 3 and parts ne 0) as X&$filter=X eq false", "3 4 5"),
    ("orders?$filter=parts ne 0 and (customer/name eq 'Bob' or 10 div parts gt 5)", "2 4"),
    ("orders?$filter=buyer gt 0 and (parts eq 0 or 10 div parts gt 5)", "2 3 5"),
    // What is known of another entity.
    ("orders?$filter=customer/name eq 'Ann' and 10 div parts gt 0", "1 2"),
    ("orders?$filter=10 div parts gt 0 and customer/id eq 1", "1 2"),
    ("orders?$filter=customer/lim eq 0 and customer/name ne 'Cy' and 10 div parts gt 0", "1 2"),
    ("orders?$filter=contains(customer/name,'nn') and 10 div parts gt 0", "1 2"),
    ("orders?$filter=10 div customer/lim gt 1 and customer/lim gt 0", "3 4"),
    ("customers?$filter=orders/any(o:10 div o/parts gt 5 and o/parts gt 0)", "1"),
    ("customers?$filter=orders/all(o:10 div o/parts gt 1 or o/parts eq 0)", "1 2 3"),
    // One condition behind the other.
    ("orders/$filter(parts gt 0)?$filter=10 div parts gt 2", "1 2"),
    ("orders?$apply=filter(parts gt 0)/filter(10 div parts gt 2)", "1 2"),
    // Only what belongs to an entity is computed.
    ("customers(1)/orders?$filter=10 div parts gt 0", "1 2"),
    ("customers(3)/orders?$filter=10 div (parts sub 5) lt 0", "5"),
    ("orders?$filter=parts gt 0&$compute=10 div parts as X&$orderby=X", "4 1 2"),
];

#[test]
fn conditions_that_fail_are_computed_last() {
    let members = (0..80).map(|number| format!("M{number}: {number}")).collect::<Vec<_>>().join(", ");
    let world = World::modelled(SCRIPT, &MODEL.replace("MEMBERS", &members));
    for source in SOURCES {
        for (url, keys) in ROWS {
            let told = world.ask(source, url, &[]);
            let json: serde_json::Value = serde_json::from_str(&told.body).unwrap_or_default();
            let found = json["value"].as_array().into_iter().flatten().map(|row| row["id"].to_string());
            assert_eq!(found.collect::<Vec<_>>().join(" "), *keys, "{source}: {url}: {}", told.body);
        }
        let groups = "orders?$apply=groupby((buyer),aggregate(parts with sum as S))/filter(S gt 0)/filter(10 div S gt 2)";
        let told = world.ask(source, groups, &[]);
        let expected = r##""value":[{"buyer":1,"S@odata.type":"#Int64","S":3}]}"##;
        assert!(told.body.ends_with(expected), "{source}: {}", told.body);
        // Nothing keeps the rows without parts from this.
        let told = world.ask(source, "orders?$filter=10 div parts gt 3 and customer/lim ge 0", &[]);
        assert_eq!((told.status, told.body.as_str()), (400, "ExpressionFailed at expression"), "{source}");
        let told = world.ask(source, &extremes("orders", "state", 100), &[]);
        assert!(told.status == 200 && told.body.contains("\"A99\":\"M50\""), "{source}: {}", told.body);
    }
    let told = world.ask("sqlite", &extremes("orders", "state", 400), &[]);
    assert_eq!((told.status, told.body.as_str()), (400, "LimitExceeded at parameters"));
}

/// The greatest member, so often: each of its members is a parameter, where the database has them twice.
fn extremes(set: &str, property: &str, times: usize) -> String {
    let values: Vec<String> = (0..times).map(|number| format!("{property} with max as A{number}")).collect();
    format!("{set}?$apply=aggregate({})", values.join(","))
}

#[test]
fn statements_have_as_many_parameters_as_databases_take() {
    let labels = (0..200).map(|number| format!("'m{number:03}'")).collect::<Vec<_>>().join(", ");
    let rows = "INSERT INTO things VALUES (1, 'm000'), (2, 'm150')";
    let world = World::scripts(
        &format!(
            "CREATE TYPE label AS ENUM ({labels}); CREATE TABLE things (id int PRIMARY KEY, c label); {rows}"
        ),
        &format!("CREATE TABLE things (id int PRIMARY KEY, c ENUM({labels})); {rows}"),
        "",
    );
    for source in &SOURCES[1..] {
        let told = world.ask(source, &extremes("things", "c", 60), &[]);
        assert!(told.status == 200 && told.body.contains("\"A59\":\"m150\""), "{source}: {}", told.body);
        let told = world.ask(source, &extremes("things", "c", 170), &[]);
        assert_eq!((told.status, told.body.as_str()), (400, "LimitExceeded at parameters"), "{source}");
    }
}
