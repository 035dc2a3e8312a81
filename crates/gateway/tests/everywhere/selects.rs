//! Entity sets whose entities are of SELECTs that stand in the model file.

use crate::models::{round_trip, validate, wrong, wrong_parts};
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
    ("BestCustomers(2)?$select=name", 200, r#""@odata.id":"BestCustomers(2)","name":"bob"}"#),
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
        r#""value":[{"Customer":1,"Details":{"@odata.id":"Customers(1)","Name":"Ann"},"Bought":[{"Id":10},{"Id":11}]},{"Customer":2,"Details":{"@odata.id":"Customers(2)","Name":"bob"},"Bought":[{"Id":12}]},{"Customer":3,"Details":{"@odata.id":"Customers(3)","Name":"Cy"},"Bought":[{"Id":13}]}]}"#,
    ),
    ("BestCustomers(1)/Bought?$select=Id", 200, r#""value":[{"Id":10},{"Id":11}]}"#),
    ("Customers?$filter=Figures/Orders eq 1&$select=Id", 200, r#""value":[{"Id":2},{"Id":3}]}"#),
    ("Customers(1)/Figures/Orders/$value", 200, "2"),
    (
        "Customers?$expand=Figures($select=Orders)&$select=Id&$top=1",
        200,
        r#""value":[{"Id":1,"Figures":{"@odata.id":"BestCustomers(1)","Orders":2}}]}"#,
    ),
    (
        "BestCustomers?$filter=Bought/any(b:b/total gt 8)&$select=Customer",
        200,
        r#""value":[{"Customer":3}]}"#,
    ),
    (
        "BestCustomers?$apply=groupby((Orders),aggregate($count as N))",
        200,
        r##""value":[{"Orders":1,"N@odata.type":"#Decimal","N":2},{"Orders":2,"N@odata.type":"#Decimal","N":1}]}"##,
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

const FUNCTIONS: &str = "
namespace: Shop
entities:
  Customers: {table: customers, type: Customer, properties: {Id: id, Name: name}}
  Orders:
    table: orders
    type: Order
    properties: {Id: id}
    navigation: {Lines: {target: Lines, on: {Id: Order}, partner: Of}}
  Lines:
    table: parts
    type: Line
    properties: {Order: order_id, Number: number}
    navigation: {Of: {target: Orders, on: {Order: Id}}}
singletons:
  Me: {of: Customers, row: {Id: 2}}
functions:
  Spenders:
    description: Who spent as much in a year
    sql: |
      SELECT customer_id AS id FROM orders
      WHERE placed >= :since AND placed < :till AND total >= :least
      GROUP BY customer_id ORDER BY sum(total) DESC
    parameters: {since: Edm.Date, till: Edm.Date, least: Edm.Decimal}
    returns: Customers
  Named: {sql: 'SELECT id FROM customers WHERE name = :name OR city = :name', parameters: {name: Edm.String}, returns: Customers}
  Latest: {sql: SELECT id FROM orders ORDER BY placed DESC LIMIT 2, returns: Orders}
  Big: {sql: 'SELECT order_id, number FROM parts WHERE qty > :qty', parameters: {qty: Edm.Int32}, returns: Lines}
  Above:
    sql: SELECT id FROM orders WHERE total > :least OR (:least IS NULL AND total < 2)
    parameters: {least: {type: Edm.Decimal, nullable: true}}
    returns: Orders
  Top:
    sql: SELECT id FROM orders WHERE total = (SELECT max(total) FROM orders WHERE placed < :till)
    parameters: {till: Edm.Date}
    returns: Orders
    collection: false
  Since:
    bound: Customers
    sql: SELECT id FROM orders WHERE customer_id = :Id AND placed >= :day
    parameters: {Id: Edm.Int32, day: Edm.Date}
    returns: Orders
  Last:
    bound: Customers
    sql: SELECT id FROM orders WHERE customer_id = :Id AND placed = (SELECT max(placed) FROM orders WHERE customer_id = :Id)
    parameters: {Id: Edm.Int32}
    returns: Orders
    collection: false
  All: {bound: Customers, sql: 'SELECT id FROM orders WHERE :Id = :Id', parameters: {Id: Edm.Int32}, returns: Orders}
  Any: {sql: SELECT id FROM orders, returns: Orders, collection: false}
";

const CALLS: &[(&str, u16, &str)] = &[
    (
        "Spenders(since=1997-01-01,till=1998-12-31,least=2.5)?$select=Id",
        200,
        r#""value":[{"Id":1},{"Id":3}]}"#,
    ),
    ("Spenders(till=1998-12-31,since=1997-01-01,least=2)/$count", 200, "2"),
    (
        "Spenders(since=@a,till=@b,least=@c)?@a=1996-01-01&@b=1997-01-01&@c=1&$select=Id",
        200,
        r#""value":[{"Id":1}]}"#,
    ),
    ("Spenders?since=1996-01-01&till=1999-01-01&least=0&$select=Id&$top=1", 200, r#""value":[{"Id":1}]}"#),
    ("Spenders(since=1996-01-01)?@till=1999-01-01&least=@x&@x=7.5&$select=Id", 200, r#""value":[{"Id":3}]}"#),
    (
        "Spenders(since=1996-01-01,till=1999-01-01,least=0)?$filter=Id gt 1&$orderby=Name desc&$select=Name",
        200,
        r#""value":[{"@odata.id":"Customers(2)","Name":"bob"},{"@odata.id":"Customers(3)","Name":"Cy"}]}"#,
    ),
    (
        "Spenders(since=1996-01-01,till=1999-01-01,least=0)?$count=true&$top=1&$skip=1&$select=Id",
        200,
        r#""@odata.count":3,"value":[{"Id":2}]}"#,
    ),
    (
        "Spenders(since=1996-01-01,till=1999-01-01,least=0)?$expand=orders($select=Id)&$select=Id&$top=1",
        200,
        r#""value":[{"Id":1,"orders":[{"Id":10},{"Id":11}]}]}"#,
    ),
    (
        "Spenders(since=1996-01-01,till=1999-01-01,least=0)?$apply=aggregate($count as N)",
        200,
        r##""value":[{"N@odata.type":"#Decimal","N":3}]}"##,
    ),
    ("Named(name='Ann')(1)/Name/$value", 200, "Ann"),
    ("Named(name='Ann')(2)", 404, "NotFound"),
    ("Named(name='Ulm')/$filter(Id gt 0)?$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("Named(name='Ann')(1)/orders?$select=Id", 200, r#""value":[{"Id":10},{"Id":11}]}"#),
    ("Named(name=' OR 1=1 --')?$select=Id", 200, r#""value":[]}"#),
    ("Named(name='''; DROP TABLE orders')?$select=Id", 200, r#""value":[]}"#),
    ("Latest?$select=Id", 200, r#""value":[{"Id":12},{"Id":13}]}"#),
    ("Latest()?$select=Id&$orderby=Id desc", 200, r#""value":[{"Id":13},{"Id":12}]}"#),
    ("Latest(13)", 400, "BadRequest"),
    ("Latest()(13)/total", 200, r#""value":9}"#),
    ("Latest()(10)", 404, "NotFound"),
    ("Big(qty=2)?$select=Order,Number", 200, r#""value":[{"Order":10,"Number":2},{"Order":11,"Number":1}]}"#),
    ("Big(qty=-5)/$count", 200, "3"),
    ("Big(qty='x')", 400, "BadRequest"),
    ("Big(qty=99999999999)", 400, "BadRequest"),
    ("Big(qty=1.5)", 400, "BadRequest"),
    ("Big(qty=null)", 400, "BadRequest"),
    ("Big(qty=1,qty=2)", 400, "BadRequest"),
    ("Big(size=1)", 400, "BadRequest"),
    ("Big(1)", 400, "BadRequest"),
    ("Big", 400, "BadRequest"),
    ("Big(qty=@q)", 400, "BadRequest"),
    ("Big?qty=1 add 1", 400, "BadRequest"),
    ("Big?qty=", 400, "BadRequest"),
    ("Spenders(since=1996-01-01)", 400, "BadRequest"),
    ("Customers(1)/Named(name='x')", 404, "NotFound"),
    ("Above(least=6)?$select=Id", 200, r#""value":[{"Id":11},{"Id":13}]}"#),
    ("Above(least=null)?$select=Id", 200, r#""value":[{"Id":12}]}"#),
    ("Above(least=@l)?@l=null&$select=Id", 200, r#""value":[{"Id":12}]}"#),
    ("Above", 400, "BadRequest"),
    ("Top(till=1998-12-31)?$select=Id", 200, r#""Id":13}"#),
    ("Top(till=1997-12-31)/total", 200, r#""value":7}"#),
    ("Top(till=1997-12-31)/total/$value", 200, "7"),
    ("Top(till=1990-01-01)", 204, ""),
    ("Top(till=1990-01-01)/total", 404, "NotFound"),
    ("Top(till=1998-12-31)(13)", 400, "BadRequest"),
    ("Top(till=1998-12-31)/$count", 404, "NotFound"),
    ("Customers(1)/Shop.Since(day=1997-01-01)?$select=Id", 200, r#""value":[{"Id":11}]}"#),
    (
        "Customers(1)/Shop.Since(day=@d)?@d=1990-01-01&$orderby=total desc&$select=Id&$count=true",
        200,
        r#""@odata.count":2,"value":[{"Id":11},{"Id":10}]}"#,
    ),
    ("Customers(1)/Shop.Since(day=1990-01-01)/$count", 200, "2"),
    ("Customers(1)/Shop.Since(day=1990-01-01)(10)/total", 200, r#""value":5.5}"#),
    ("Customers(1)/Shop.Since(day=1990-01-01)(12)/total", 404, "NotFound"),
    ("Named(name='Ann')(1)/Shop.Since(day=1997-01-01)?$select=Id", 200, r#""value":[{"Id":11}]}"#),
    ("Customers(9)/Shop.Since(day=1990-01-01)", 404, "NotFound"),
    ("Customers(9)/Shop.Since(day=1990-01-01)/$count", 404, "NotFound"),
    ("Customers(1)/Shop.Since(Id=2,day=1990-01-01)", 400, "BadRequest"),
    ("Customers(1)/Shop.Since()", 400, "BadRequest"),
    ("Customers(1)/Shop.Last()?$select=Id", 200, r#""Id":11}"#),
    ("Customers(2)/Shop.Last?$select=Id", 200, r#""Id":12}"#),
    ("Customers(9)/Shop.Last()", 404, "NotFound"),
    ("Customers/Shop.Last()", 404, "NotFound"),
    ("Customers(1)/Shop.Nope()", 404, "NotFound"),
    ("Orders(10)/Shop.Last()", 404, "NotFound"),
    ("Last()", 404, "NotFound"),
    ("Customers(9)/Shop.All()", 404, "NotFound"),
    ("Customers(9)/Shop.All()/$count", 404, "NotFound"),
    ("Customers(9)/Shop.All()?$apply=aggregate($count as N)", 404, "NotFound"),
    ("Customers(3)/Shop.All()/$count", 200, "4"),
    ("Orders(12)/customer/Shop.Since(day=1990-01-01)?$select=Id", 200, r#""value":[{"Id":12}]}"#),
    ("Orders(99)/customer/Shop.Since(day=1990-01-01)?$select=Id", 404, "NotFound"),
    ("Top(till=1997-12-31)/customer/Shop.Last()?$select=Id", 200, r#""Id":11}"#),
    ("Top(till=1990-01-01)/customer/Shop.Last()?$select=Id", 404, "NotFound"),
    ("Any()/customer/Name", 200, r#""value":"Ann"}"#),
    ("Any()/customer?$select=Name", 200, r#""@odata.id":"Customers(1)","Name":"Ann"}"#),
    (
        "Any()/Lines?$select=Number",
        200,
        r#""value":[{"@odata.id":"Lines(Order=10,Number=1)","Number":1},{"@odata.id":"Lines(Order=10,Number=2)","Number":2}]}"#,
    ),
    ("Any()/Lines(Order=10,Number=1)?$select=qty", 200, r#""@odata.id":"Lines(Order=10,Number=1)","qty":2}"#),
    ("Any()/Lines/$count", 200, "2"),
    ("Customers(1)/Shop.Since(day=1990-01-01)(10)/Lines(2)/qty", 200, r#""value":5}"#),
    (
        "Customers(1)/Shop.Last()/Lines?$select=qty",
        200,
        r#""value":[{"@odata.id":"Lines(Order=11,Number=1)","qty":3}]}"#,
    ),
    ("Me/Shop.Last()?$select=Id", 200, r#""Id":12}"#),
    ("Customers(1)?$select=Id,Shop.*", 200, r#""Id":1}"#),
    ("Customers(1)?$select=Shop.*", 200, r#""@odata.id":"Customers(1)"}"#),
    ("Customers(1)?$select=Id,Shop.Since", 200, r#""Id":1}"#),
    ("Customers(1)?$select=Id,Shop.Since(day)", 200, r#""Id":1}"#),
    ("Customers(1)?$select=Id,Shop.Since(night)", 400, "BadRequest"),
    ("Customers(1)?$select=Id,Shop.Top", 400, "BadRequest"),
];

/// Contexts name the functions that are selected, all of one name once (Part 1 section 10.7).
const CONTEXTS: &[(&str, &str, &str)] = &[
    ("Customers?$select=Shop.*", "*/*", "#Customers(Shop.Since,Shop.Last,Shop.All)\""),
    ("Customers(1)?$select=Shop.Since(day),Id", "*/*", "#Customers(Id,Shop.Since)/$entity\""),
    ("Orders?$select=Shop.*&$top=0", "*/*", "#Orders()\""),
    (
        "Orders?$expand=customer($select=Shop.Last)&$select=Id&$top=0",
        "*/*",
        "#Orders(Id,customer(Shop.Last))\"",
    ),
];

#[test]
fn functions_are_selects_with_values() {
    let script = [
        SCRIPT,
        "CREATE TABLE parts (order_id int NOT NULL, number int NOT NULL, qty int NOT NULL, PRIMARY KEY (order_id, number),
             FOREIGN KEY (order_id) REFERENCES orders (id));
         INSERT INTO parts VALUES (10, 1, 2), (10, 2, 5), (11, 1, 3);",
    ];
    let world = World::modelled(&script.concat(), FUNCTIONS);
    validate(FUNCTIONS);
    let wrong = wrong(&world, CALLS);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let wrong = wrong_parts(&world, CONTEXTS);
    assert!(wrong.is_empty(), "{wrong:#?}");
    for source in SOURCES {
        let metadata = world.ask(source, "$metadata", &[]).body;
        for part in [
            "<Function Name=\"Spenders\" IsComposable=\"true\">",
            "<Parameter Name=\"since\" Type=\"Edm.Date\" Nullable=\"false\"/>",
            "<ReturnType Type=\"Collection(Shop.Customer)\" Nullable=\"false\"/>",
            "<FunctionImport Name=\"Spenders\" Function=\"Shop.Spenders\" EntitySet=\"Customers\"/>",
            "String=\"Who spent as much in a year\"",
            "<Parameter Name=\"least\" Type=\"Edm.Decimal\" Scale=\"variable\"/>",
            "<ReturnType Type=\"Shop.Order\"/>",
            "<Function Name=\"Since\" IsBound=\"true\" IsComposable=\"true\">",
            "<Parameter Name=\"it\" Type=\"Shop.Customer\" Nullable=\"false\"/>",
        ] {
            assert!(metadata.contains(part), "{source}: {part} in {metadata}");
        }
        let paged = world.ask(source, "Big?qty=0&$select=Order,Number", &[("prefer", "odata.maxpagesize=2")]);
        let page: serde_json::Value = serde_json::from_str(&paged.body).expect("a page");
        let link = page["@odata.nextLink"].as_str().expect("a link").trim_start_matches('/').to_owned();
        let last = world.ask(source, &link, &[]);
        assert!(
            last.body.ends_with("\"value\":[{\"Order\":11,\"Number\":1}]}"),
            "{source}: {link}: {}",
            last.body
        );
        let service = world.ask(source, "", &[]).body;
        let latest = "{\"name\":\"Latest\",\"kind\":\"FunctionImport\",\"url\":\"Latest\"}";
        assert!(service.contains(latest) && !service.contains("Spenders"), "{source}: {service}");
        assert!(!metadata.contains("<FunctionImport Name=\"Since\""), "{source}: {metadata}");
        let csdl: serde_json::Value =
            serde_json::from_str(&world.ask(source, "$metadata?$format=json", &[]).body).expect("JSON");
        let last = serde_json::json!([{"$Kind": "Function", "$IsBound": true, "$IsComposable": true,
            "$Parameter": [{"$Name": "it", "$Type": "Shop.Customer"}],
            "$ReturnType": {"$Type": "Shop.Order", "$Nullable": true}}]);
        assert_eq!(csdl["Shop"]["Last"], last, "{source}");
        let total = world.ask(source, "Top(till=1997-12-31)/total", &[]).body;
        assert!(total.contains("$metadata#Edm.Decimal\""), "{source}: {total}");
        let total = world.ask(source, "Customers(1)/Shop.Since(day=1990-01-01)(10)/total", &[]).body;
        assert!(total.contains("$metadata#Orders(10)/total\""), "{source}: {total}");
        let told = |url: &str| -> serde_json::Value {
            let full = [("accept", "application/json;odata.metadata=full")];
            serde_json::from_str(&world.ask(source, url, &full).body).expect("JSON")
        };
        let since = serde_json::json!({"title": "Since", "target": "Customers(1)/Shop.Since(day=@day)"});
        let whole = told("Customers(1)");
        assert_eq!(whole["#Shop.Since"], since, "{source}: {whole}");
        assert_eq!(whole["#Shop.Last"]["target"], "Customers(1)/Shop.Last()", "{source}: {whole}");
        assert_eq!(told("Customers?$select=Name,Shop.Since")["value"][0]["#Shop.Since"], since, "{source}");
        let chosen = told("Customers(1)?$select=Name,Shop.Since");
        assert!(chosen.get("#Shop.Last").is_none() && chosen["#Shop.Since"] == since, "{source}: {chosen}");
        assert_eq!(told("Orders(10)?$expand=customer")["customer"]["#Shop.Since"], since, "{source}");
        let last = world.ask(source, "Me/Shop.Last()?$select=Id", &[]).body;
        assert!(last.contains("$metadata#Orders(Id)/$entity\""), "{source}: {last}");
        let open_api = world.ask(source, "$openapi", &[]).body;
        assert!(open_api.contains("\"/Customers({Id})/Shop.Since(day={day})\""), "{source}: {open_api}");
        assert!(open_api.contains("\"/Named(name='{name}')\""), "{source}: {open_api}");
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
functions:
  G: {sql: SELECT nothing FROM orders, returns: Orders}
  H: {sql: SELECT id FROM orders, returns: Nowhere}
  I: {sql: SELECT total FROM orders, returns: Orders}
  J: {bound: Elsewhere, sql: SELECT id FROM orders, returns: Orders}
  K: {bound: Orders, sql: SELECT id FROM orders, returns: Orders}
  L: {bound: Orders, sql: 'SELECT id FROM orders WHERE id > :id', parameters: {id: Edm.Int64}, returns: Orders}
";
    let world = World::modelled(SCRIPT, model);
    let rows = [
        ("A: The model file, line 4, column 12: the database refuses this SELECT (", 3),
        ("B: The model file, line 5, column 12: the database refuses this SELECT (", 3),
        ("E: The model file, line 8, column 12: the database refuses this SELECT (", 3),
        ("D: The model file, line 7, column 41: `none`: it has no such column", 3),
        ("F: The model file, line 9, column 62: `none`: it has no such column", 3),
        ("G: The model file, line 11, column 12: the database refuses this SELECT (", 3),
        ("`Nowhere`: there is no such entity set", 3),
        ("`Orders`: its SELECT has no column `id`", 3),
        ("`Elsewhere`: there is no such entity set", 3),
        ("`Orders`: each property of its key has to be a parameter, under its name", 3),
        ("`Orders`: parameters that are its key have the types of the key", 3),
    ];
    world.says(&world.config(), &rows);
    for source in SOURCES {
        for (set, status) in [
            ("A", 404),
            ("B", 404),
            ("D", 404),
            ("E", 404),
            ("F", 200),
            ("Orders", 200),
            ("G", 404),
            ("H", 404),
            ("I", 404),
        ] {
            assert_eq!(world.ask(source, set, &[]).status, status, "{source}: {set}");
        }
    }
}
