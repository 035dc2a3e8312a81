//! Entity sets whose entities are of SELECTs that stand in the model file.

use crate::common;
use crate::models::{round_trip, validate, wrong};
use crate::world::{SOURCES, World};

const SCRIPT: &str = "
CREATE TABLE customers (id int PRIMARY KEY, name varchar(40) NOT NULL, city varchar(40), since date, credit decimal(8,2));
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL, total decimal(8,2) NOT NULL, placed date NOT NULL,
    FOREIGN KEY (customer_id) REFERENCES customers (id));
INSERT INTO customers VALUES (1, 'Ann', 'Ulm', '2020-01-02', 10.5), (2, 'bob', NULL, NULL, NULL), (3, 'Cy', 'Köln', '2021-03-04', 0);
INSERT INTO orders VALUES (10, 1, 5.5, '1996-05-01'), (11, 1, 7, '1997-02-03'), (12, 2, 1, '1997-08-09'), (13, 3, 9, '1998-01-01');
";

const MODEL: &str = "
namespace: Shop
entities:
  Customers:
    table: customers
    type: Customer
    properties: {Id: id, Name: name}
    navigation: {Figures: {target: BestCustomers, on: {Id: customer_id}, partner: Details}}
  Orders: {table: orders, type: Order, properties: {Id: id}}
  BestCustomers:
    type: BestCustomer
    description: With what they bought
    sql: |
      -- Those who have bought anything; by id
      SELECT o.customer_id, c.name, c.city, c.since, count(*) AS orders -- a comment; (
      FROM orders o JOIN customers c ON c.id = o.customer_id
      GROUP BY o.customer_id, c.name, c.city, c.since;
    key: [Customer]
    properties: {Customer: customer_id, Orders: {column: orders, nullable: false}}
    navigation: {Details: {target: Customers, on: {customer_id: Id}}, Bought: {target: Orders, on: {customer_id: customer_id}}}
  Recent:
    sql: WITH r AS (SELECT * FROM orders WHERE placed > '1997-01-01') SELECT id, customer_id, placed FROM r
    key: [id]
    hide: [customer_id]
";

const ROWS: &[(&str, u16, &str)] = &[
    (
        "BestCustomers",
        200,
        r#""value":[{"Customer":1,"name":"Ann","city":"Ulm","since":"2020-01-02","Orders":2},{"Customer":2,"name":"bob","city":null,"since":null,"Orders":1},{"Customer":3,"name":"Cy","city":"Köln","since":"2021-03-04","Orders":1}]}"#,
    ),
    ("BestCustomers(2)?$select=name", 200, r#""name":"bob"}"#),
    ("BestCustomers(9)", 404, "NotFound"),
    ("BestCustomers(2)/name/$value", 200, "bob"),
    ("BestCustomers/$count", 200, "3"),
    ("BestCustomers/$count?$filter=Orders gt 1", 200, "1"),
    ("BestCustomers?$filter=name eq 'Ann'&$select=Customer", 200, r#""value":[{"Customer":1}]}"#),
    ("BestCustomers?$filter=startswith(name,'b')&$select=Customer", 200, r#""value":[{"Customer":2}]}"#),
    (
        "BestCustomers?$orderby=name desc&$select=Customer",
        200,
        r#""value":[{"Customer":2},{"Customer":3},{"Customer":1}]}"#,
    ),
    ("BestCustomers?$filter=since ge 2021-01-01&$select=Customer", 200, r#""value":[{"Customer":3}]}"#),
    ("BestCustomers?$search=ulm&$select=Customer", 200, r#""value":[{"Customer":1}]}"#),
    (
        "BestCustomers?$top=1&$skip=1&$count=true&$select=Customer",
        200,
        r#""@odata.count":3,"value":[{"Customer":2}]}"#,
    ),
    (
        "BestCustomers?$expand=Details($select=Name),Bought($select=Id)&$select=Customer",
        200,
        r#""value":[{"Customer":1,"Details":{"Name":"Ann"},"Bought":[{"Id":10},{"Id":11}]},{"Customer":2,"Details":{"Name":"bob"},"Bought":[{"Id":12}]},{"Customer":3,"Details":{"Name":"Cy"},"Bought":[{"Id":13}]}]}"#,
    ),
    ("BestCustomers(1)/Bought?$select=Id", 200, r#""value":[{"Id":10},{"Id":11}]}"#),
    ("Customers?$filter=Figures/Orders eq 1&$select=Id", 200, r#""value":[{"Id":2},{"Id":3}]}"#),
    ("Customers(1)/Figures/Orders/$value", 200, "2"),
    (
        "Customers?$expand=Figures($select=Orders)&$select=Id&$top=1",
        200,
        r#""value":[{"Id":1,"Figures":{"Orders":2}}]}"#,
    ),
    (
        "BestCustomers?$filter=Bought/any(b:b/total gt 8)&$select=Customer",
        200,
        r#""value":[{"Customer":3}]}"#,
    ),
    (
        "BestCustomers?$apply=groupby((Orders),aggregate($count as N))",
        200,
        r#""value":[{"Orders":1,"N":2},{"Orders":2,"N":1}]}"#,
    ),
    ("Recent?$select=id", 200, r#""value":[{"id":11},{"id":12},{"id":13}]}"#),
    ("Recent(13)/placed", 200, r#""value":"1998-01-01"}"#),
    ("Recent?$filter=customer_id eq 1", 400, "BadRequest"),
];

#[test]
fn selects_are_served_as_views_are() {
    let world = World::modelled(SCRIPT, MODEL);
    validate(MODEL);
    let wrong = wrong(&world, ROWS);
    assert!(wrong.is_empty(), "{wrong:#?}");
    for source in SOURCES {
        let metadata = world.ask(source, "$metadata", &[]).body;
        for part in [
            "<EntityType Name=\"BestCustomer\">",
            "<Property Name=\"Customer\" Type=\"Edm.Int32\" Nullable=\"false\"",
            "<Property Name=\"Orders\" Type=\"Edm.Int64\" Nullable=\"false\"",
            "<Property Name=\"since\" Type=\"Edm.Date\"",
            "String=\"With what they bought\"",
        ] {
            assert!(metadata.contains(part), "{source}: {part} in {metadata}");
        }
        assert!(world.ask(source, "", &[]).body.contains("\"BestCustomers\""), "{source}");
    }
    round_trip(&world);
}

#[test]
fn what_the_database_refuses_is_left_out_and_said() {
    let model = "
entities:
  Orders: {table: orders}
  A: {sql: SELECT nothing FROM orders, key: [id]}
  B: {sql: SELECT id FROM nowhere, key: [id]}
  C: {sql: 'SELECT id, id FROM orders', key: [id]}
  D: {sql: SELECT id FROM orders, key: [none]}
  E: {sql: SELECT id FROM orders WHERE, key: [id]}
  F: {sql: SELECT id FROM orders, key: [id], properties: {X: none}}
";
    let world = World::modelled(SCRIPT, model);
    let checked = common::run(&["check", "--config", &world.config()]);
    assert_eq!(checked.code, Some(0), "{}", checked.out);
    for (words, times) in [
        ("A: The model file, line 4, column 12: the database refuses this SELECT (", 3),
        ("B: The model file, line 5, column 12: the database refuses this SELECT (", 3),
        ("E: The model file, line 8, column 12: the database refuses this SELECT (", 3),
        ("D: The key given for it names `none`, which it has not", 3),
        ("`none`: it has no such column", 3),
    ] {
        assert_eq!(checked.out.matches(words).count(), times, "{words} in {}", checked.out);
    }
    for source in SOURCES {
        for (set, status) in [("A", 404), ("B", 404), ("D", 404), ("E", 404), ("F", 200), ("Orders", 200)] {
            assert_eq!(world.ask(source, set, &[]).status, status, "{source}: {set}: {}", checked.out);
        }
    }
}
