//! Singletons of model files: tables of one row, and rows of entity sets.

use serde_json::Value;

use crate::models::{round_trip, validate, wrong, wrong_metadata};
use crate::world::{SOURCES, World};

const SCRIPT: &str = "
CREATE TABLE people (id int PRIMARY KEY, name varchar(40) NOT NULL, mail varchar(40));
CREATE TABLE company (id int PRIMARY KEY, name varchar(40) NOT NULL, motto varchar(40), boss int,
    FOREIGN KEY (boss) REFERENCES people (id));
CREATE TABLE orders (id int PRIMARY KEY, company int NOT NULL, total int NOT NULL,
    FOREIGN KEY (company) REFERENCES company (id));
CREATE TABLE empty_one (id int PRIMARY KEY, name varchar(40));
INSERT INTO people VALUES (1, 'Ann', 'a@x'), (2, 'Bob', NULL);
INSERT INTO company VALUES (7, 'Acme', NULL, 2);
INSERT INTO orders VALUES (10, 7, 5), (11, 7, 50), (12, 7, 500);
";

const MODEL: &str = "
namespace: Shop
case: pascal
singletons:
  Company:
    table: company
    type: Firm
    description: Who we are
    hide: [boss]
    navigation:
      Head: {target: People, on: {boss: Id}}
      Sales: {target: Orders, on: {Id: company}, partner: Seller}
  First: {of: People, row: {Id: 1}, description: Who came first}
  Named: {of: People, row: {Name: Bob}}
  Gone: {of: People, row: {Id: 9}}
  Nothing: {table: empty_one}
entities:
  Orders:
    table: orders
    type: Order
    hide: [company]
    navigation: {Seller: {target: Company, on: {company: Id}}}
";

const ROWS: &[(&str, u16, &str)] = &[
    ("Company", 200, r#""Id":7,"Name":"Acme","Motto":null}"#),
    ("Company/Name", 200, r#""value":"Acme"}"#),
    ("Company/Name/$value", 200, "Acme"),
    ("Company/Motto", 204, ""),
    ("Company/Head", 200, r#""Id":2,"Name":"Bob","Mail":null}"#),
    ("Company/Head/Name/$value", 200, "Bob"),
    ("Company/Sales?$filter=Total gt 5&$select=Id", 200, r#""value":[{"Id":11},{"Id":12}]}"#),
    ("Company/Sales(11)/Total/$value", 200, "50"),
    ("Company/Sales/$count", 200, "3"),
    (
        "Company?$select=Name&$expand=Head($select=Name),Sales($select=Id;$top=1)",
        200,
        r#""@odata.id":"Company","Name":"Acme","Head":{"@odata.id":"People(2)","Name":"Bob"},"Sales":[{"Id":10}]}"#,
    ),
    ("Company(7)", 400, "BadRequest"),
    ("Company/$count", 404, "NotFound"),
    ("Company?$filter=Id eq 7", 400, "BadRequest"),
    ("Company/Nope", 404, "NotFound"),
    ("Orders(10)/Seller?$select=Motto", 200, r#""@odata.id":"Company","Motto":null}"#),
    ("Orders?$filter=Seller/Name eq 'Acme' and Total lt 10&$select=Id", 200, r#""value":[{"Id":10}]}"#),
    ("Orders?$filter=Total gt $root/Company/Id&$select=Id", 200, r#""value":[{"Id":11},{"Id":12}]}"#),
    ("People?$filter=Name eq $root/Company/Head/Name&$select=Id", 200, r#""value":[{"Id":2}]}"#),
    ("People?$filter=Id eq $root/Named/Id&$select=Id", 200, r#""value":[{"Id":2}]}"#),
    ("People?$filter=Id eq $root/Nothing/Id&$select=Id", 200, r#""value":[]}"#),
    ("People?$filter=Id eq $root/First(1)/Id", 400, "BadRequest"),
    ("First", 200, r#""Id":1,"Name":"Ann","Mail":"a@x"}"#),
    ("First?$select=Name", 200, r#""@odata.id":"People(1)","Name":"Ann"}"#),
    ("First/Mail/$value", 200, "a@x"),
    ("Named", 200, r#""Id":2,"Name":"Bob","Mail":null}"#),
    ("People(2)", 200, r#""Id":2,"Name":"Bob","Mail":null}"#),
    ("$entity?$id=Company", 200, r#""Id":7,"Name":"Acme","Motto":null}"#),
    ("Gone", 404, "NotFound"),
    ("Gone/Name", 404, "NotFound"),
    ("Nothing", 404, "NotFound"),
    ("$crossjoin(Company,People)", 404, "NotFound"),
    ("$all/Shop.Firm", 404, "NotFound"),
];

/// URLs, and parts of the answers with all metadata.
const TOLD: &[(&str, &str)] = &[
    (
        "Company",
        r##""@odata.context":"/$metadata#Company","@odata.type":"#Shop.Firm","@odata.id":"Company","@odata.readLink":"Company""##,
    ),
    ("Company", r#""Sales@odata.navigationLink":"Company/Sales""#),
    ("Company?$select=Name", r##""@odata.context":"/$metadata#Company(Name)""##),
    ("Company/Name", r##""@odata.context":"/$metadata#Company/Name""##),
    ("Company/Head", r##""@odata.context":"/$metadata#People/$entity""##),
    ("Company/Head/Name", r##""@odata.context":"/$metadata#People(2)/Name""##),
    ("Orders(10)/Seller", r##""@odata.context":"/$metadata#Company","##),
    ("Orders(10)?$expand=Seller", r##""Seller":{"@odata.type":"#Shop.Firm","@odata.id":"Company""##),
    ("Company/$ref", r#""@odata.id":"Company"}"#),
    (
        "First",
        r##""@odata.context":"/$metadata#First","@odata.type":"#Shop.People","@odata.id":"People(1)""##,
    ),
    ("Named/Name", r##""@odata.context":"/$metadata#Named/Name""##),
    ("", r#"{"name":"Company","kind":"Singleton","url":"Company"}"#),
    ("", r#"{"name":"People","kind":"EntitySet","url":"People"}"#),
    ("$metadata?$format=xml", "<Singleton Name=\"Company\" Type=\"Shop.Firm\">"),
    ("$metadata?$format=xml", "<NavigationPropertyBinding Path=\"Seller\" Target=\"Company\"/>"),
    ("$metadata?$format=xml", "<Singleton Name=\"First\" Type=\"Shop.People\">"),
    ("$metadata?$format=xml", "String=\"Who came first\""),
    (
        "$metadata?$format=json",
        r#""Company":{"$Type":"Shop.Firm","$NavigationPropertyBinding":{"Head":"People","Sales":"Orders"}"#,
    ),
    ("$openapi", r#""/Company/Sales""#),
];

#[test]
fn singletons_are_one_row() {
    let world = World::modelled(SCRIPT, MODEL);
    validate(MODEL);
    let mut wrong = wrong(&world, ROWS);
    wrong.extend(wrong_metadata(&world, TOLD));
    for source in SOURCES {
        let metadata = world.ask(source, "$metadata", &[]).body;
        assert!(!metadata.contains("EntitySet Name=\"Company\""), "{source}: {metadata}");
        let service: Value = serde_json::from_str(&world.ask(source, "", &[]).body).expect("it is JSON");
        let kinds = |kind: &str| {
            service["value"].as_array().expect("a list").iter().filter(|one| one["kind"] == kind).count()
        };
        assert_eq!((kinds("EntitySet"), kinds("Singleton")), (2, 5), "{source}: {service}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    round_trip(&world);
}
