//! Model files: the same one on each database gives the same service, and what `nextlink model` prints gives it again.

use boon::{Compiler, Schemas};
use serde_json::Value;

use crate::common;
use crate::world::{SOURCES, World};

const SCRIPT: &str = "
CREATE TABLE customers (id int PRIMARY KEY, name varchar(40) NOT NULL, secret varchar(20), ship_street varchar(60),
    ship_city varchar(40), bill_street varchar(60), bill_city varchar(40));
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL, buyer int, note varchar(50),
    FOREIGN KEY (customer_id) REFERENCES customers (id));
CREATE TABLE tags (id int PRIMARY KEY, label varchar(20));
CREATE TABLE order_tags (order_id int NOT NULL, tag_id int NOT NULL);
CREATE TABLE audit (id int PRIMARY KEY, line varchar(20));
CREATE VIEW totals AS SELECT customer_id, count(*) AS orders FROM orders GROUP BY customer_id;
INSERT INTO customers VALUES (1, 'Ann', 'x', 'Main 1', 'Ulm', NULL, NULL), (2, 'Bob', 'y', NULL, 'Bonn', 'Side 2', 'Köln'),
    (3, 'Cy', 'z', NULL, NULL, NULL, NULL);
INSERT INTO orders VALUES (10, 1, 2, 'first'), (11, 1, NULL, NULL), (12, 2, 2, 'last');
INSERT INTO tags VALUES (1, 'new'), (2, 'big');
INSERT INTO order_tags VALUES (10, 1), (10, 2), (12, 2), (10, 9);
";

const MODEL: &str = "
namespace: Shop
container: Everything
exclude: [audit]
settings: {pageRows: 5000, pageBytes: 1000000, onLoss: strict, refreshSeconds: 3600}
complexTypes:
  Address: {description: Where somebody is}
entities:
  Customers:
    table: customers
    type: Customer
    description: Who buys
    properties:
      Id: id
      Name: {column: name, description: The full name, searchable: false}
      ShippingAddress: {type: Address, columns: {Street: ship_street, City: ship_city}}
      BillingAddress: {type: Address, columns: {Street: bill_street, City: bill_city}}
    hide: [secret]
    navigation:
      Orders: {target: Orders, on: {Id: customer_id}}
      Bought: {target: Orders, on: {Id: buyer}, partner: Buyer}
  Orders:
    table: orders
    type: Order
    properties: {Id: id, Note: note}
    hide: [customer_id, buyer]
    navigation:
      Customer: {target: Customers, on: {customer_id: Id}}
      Buyer: {target: Customers, on: {buyer: Id}}
      Tags: {target: Tags, through: {table: order_tags, near: {Id: order_id}, far: {tag_id: Id}}, partner: Orders}
  Tags:
    table: tags
    type: Tag
    properties: {Id: id, Label: label}
    navigation:
      Orders: {target: Orders, through: {table: order_tags, near: {Id: tag_id}, far: {order_id: Id}}}
  Totals:
    table: totals
    type: Total
    key: [CustomerId]
    properties: {CustomerId: customer_id, Count: orders}
    navigation:
      Customer: {target: Customers, on: {CustomerId: Id}}
";

/// URLs, and what stands behind the context of the answer: status and the rest.
const ROWS: &[(&str, u16, &str)] = &[
    (
        "Customers(1)",
        200,
        r#""Id":1,"Name":"Ann","ShippingAddress":{"Street":"Main 1","City":"Ulm"},"BillingAddress":null}"#,
    ),
    (
        "Customers?$select=BillingAddress",
        200,
        r#""value":[{"@odata.id":"Customers(1)","BillingAddress":null},{"@odata.id":"Customers(2)","BillingAddress":{"Street":"Side 2","City":"Köln"}},{"@odata.id":"Customers(3)","BillingAddress":null}]}"#,
    ),
    ("Customers(2)/ShippingAddress", 200, r#""Street":null,"City":"Bonn"}"#),
    ("Customers(1)/BillingAddress", 204, ""),
    ("Customers(1)/ShippingAddress/City", 200, r#""value":"Ulm"}"#),
    ("Customers(1)/ShippingAddress/City/$value", 200, "Ulm"),
    ("Customers(1)/BillingAddress/City", 204, ""),
    (
        "Customers?$filter=ShippingAddress/City eq 'Bonn'&$select=Name",
        200,
        r#""value":[{"@odata.id":"Customers(2)","Name":"Bob"}]}"#,
    ),
    (
        "Customers?$filter=ShippingAddress eq null&$select=Name",
        200,
        r#""value":[{"@odata.id":"Customers(3)","Name":"Cy"}]}"#,
    ),
    (
        "Customers?$filter=ShippingAddress ne null&$select=Name",
        200,
        r#""value":[{"@odata.id":"Customers(1)","Name":"Ann"},{"@odata.id":"Customers(2)","Name":"Bob"}]}"#,
    ),
    (
        "Customers?$orderby=ShippingAddress/City desc&$select=ShippingAddress/City",
        200,
        r#""value":[{"@odata.id":"Customers(1)","ShippingAddress":{"City":"Ulm"}},{"@odata.id":"Customers(2)","ShippingAddress":{"City":"Bonn"}},{"@odata.id":"Customers(3)","ShippingAddress":null}]}"#,
    ),
    (
        "Customers?$apply=groupby((ShippingAddress/City))",
        200,
        r#""value":[{"ShippingAddress":{"City":null}},{"ShippingAddress":{"City":"Bonn"}},{"ShippingAddress":{"City":"Ulm"}}]}"#,
    ),
    (
        "Customers?$apply=concat(filter(Id ge 2),aggregate($count as N))&$select=Id,BillingAddress,N",
        200,
        r##""value":[{"Id":2,"BillingAddress":{"Street":"Side 2","City":"Köln"}},{"Id":3,"BillingAddress":null},{"N@odata.type":"#Decimal","N":3}]}"##,
    ),
    (
        "Customers?$apply=concat(filter(Id ge 2),identity)&$filter=BillingAddress/City eq 'Köln' and ShippingAddress ne null&$select=Id",
        200,
        r#""value":[{"Id":2},{"Id":2}]}"#,
    ),
    (
        "Customers?$apply=concat(identity,identity)&$filter=BillingAddress eq null&$select=Id",
        200,
        r#""value":[{"Id":1},{"Id":3},{"Id":1},{"Id":3}]}"#,
    ),
    (
        "Customers?$apply=join(Orders as O)/filter(ShippingAddress/City eq 'Ulm')&$select=Id,O/Note&$filter=ShippingAddress ne null",
        200,
        r#""value":[{"Id":1,"O":{"Note":"first"}},{"Id":1,"O":{"Note":null}}]}"#,
    ),
    (
        "Customers?$apply=outerjoin(Bought as B)&$select=Id,ShippingAddress,B/Id",
        200,
        r##""value":[{"Id":1,"ShippingAddress":{"Street":"Main 1","City":"Ulm"}},{"Id":2,"ShippingAddress":{"Street":null,"City":"Bonn"},"B":{"Id@odata.type":"#Int32","Id":10}},{"Id":2,"ShippingAddress":{"Street":null,"City":"Bonn"},"B":{"Id@odata.type":"#Int32","Id":12}},{"Id":3,"ShippingAddress":null}]}"##,
    ),
    // What is in the table between and leads nowhere is no row of its own.
    (
        "Orders?$apply=outerjoin(Tags as T)&$select=Id,T/Id",
        200,
        r##""value":[{"Id":10,"T":{"Id@odata.type":"#Int32","Id":1}},{"Id":10,"T":{"Id@odata.type":"#Int32","Id":2}},{"Id":11},{"Id":12,"T":{"Id@odata.type":"#Int32","Id":2}}]}"##,
    ),
    (
        "Tags?$apply=outerjoin(Orders as O)&$select=Id,O/Id",
        200,
        r##""value":[{"Id":1,"O":{"Id@odata.type":"#Int32","Id":10}},{"Id":2,"O":{"Id@odata.type":"#Int32","Id":10}},{"Id":2,"O":{"Id@odata.type":"#Int32","Id":12}}]}"##,
    ),
    (
        "$all?$top=4",
        200,
        r##""value":[{"@odata.context":"#Customers/$entity","@odata.type":"#Shop.Customer","Id":1,"Name":"Ann","ShippingAddress":{"Street":"Main 1","City":"Ulm"},"BillingAddress":null},{"@odata.context":"#Customers/$entity","@odata.type":"#Shop.Customer","Id":2,"Name":"Bob","ShippingAddress":{"Street":null,"City":"Bonn"},"BillingAddress":{"Street":"Side 2","City":"Köln"}},{"@odata.context":"#Customers/$entity","@odata.type":"#Shop.Customer","Id":3,"Name":"Cy","ShippingAddress":null,"BillingAddress":null},{"@odata.context":"#Orders/$entity","@odata.type":"#Shop.Order","Id":10,"Note":"first"}]}"##,
    ),
    ("Customers?$search=Ann", 501, "NotImplemented"),
    ("Orders?$search=FIRST&$select=Id", 200, r#""value":[{"Id":10}]}"#),
    ("Customers?$filter=secret eq 'x'", 400, "BadRequest"),
    ("Orders(10)", 200, r#""Id":10,"Note":"first"}"#),
    ("Orders?$filter=customer_id eq 1", 400, "BadRequest"),
    (
        "Orders(10)?$select=Id&$expand=Customer($select=Name),Buyer($select=Name,ShippingAddress),Tags($select=Label)",
        200,
        r#""Id":10,"Customer":{"@odata.id":"Customers(1)","Name":"Ann"},"Buyer":{"@odata.id":"Customers(2)","Name":"Bob","ShippingAddress":{"Street":null,"City":"Bonn"}},"Tags":[{"@odata.id":"Tags(1)","Label":"new"},{"@odata.id":"Tags(2)","Label":"big"}]}"#,
    ),
    ("Orders(11)?$select=Id&$expand=Buyer,Tags", 200, r#""Id":11,"Buyer":null,"Tags":[]}"#),
    ("Orders?$filter=Customer/Name eq 'Bob'&$select=Id", 200, r#""value":[{"Id":12}]}"#),
    (
        "Orders?$filter=Buyer/ShippingAddress/City eq 'Bonn'&$select=Id",
        200,
        r#""value":[{"Id":10},{"Id":12}]}"#,
    ),
    ("Orders?$filter=Tags/any(t:t/Label eq 'new')&$select=Id", 200, r#""value":[{"Id":10}]}"#),
    ("Customers(2)/Bought?$select=Id", 200, r#""value":[{"Id":10},{"Id":12}]}"#),
    (
        "Customers?$select=Name&$expand=Bought($select=Id),Orders($select=Id)",
        200,
        r#""value":[{"@odata.id":"Customers(1)","Name":"Ann","Bought":[],"Orders":[{"Id":10},{"Id":11}]},{"@odata.id":"Customers(2)","Name":"Bob","Bought":[{"Id":10},{"Id":12}],"Orders":[{"Id":12}]},{"@odata.id":"Customers(3)","Name":"Cy","Bought":[],"Orders":[]}]}"#,
    ),
    ("Tags(2)/Orders?$select=Id", 200, r#""value":[{"Id":10},{"Id":12}]}"#),
    ("Totals", 200, r#""value":[{"CustomerId":1,"Count":2},{"CustomerId":2,"Count":1}]}"#),
    ("Totals(1)/Customer/Name/$value", 200, "Ann"),
    ("audit", 404, "NotFound"),
    ("order_tags", 404, "NotFound"),
];

/// Conditions of which others than the expected entities of a set are found, on each database.
pub fn wrong_conditions(world: &World, set: &str, conditions: &[(&str, &[u8])]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in SOURCES {
        for (condition, expected) in conditions {
            let url = [set, "?$select=Id&$orderby=Id&$filter=", condition].concat();
            let ids: Vec<String> = expected.iter().map(|id| format!("{{\"Id\":{id}}}")).collect();
            let told = world.ask(source, &url, &[]);
            if !told.body.ends_with(&format!(",\"value\":[{}]}}", ids.join(","))) {
                wrong.push(format!("{source}: {condition}: {} {}", told.status, told.body));
            }
        }
    }
    wrong
}

/// URLs, with what is accepted, whose answers do not have a part, on each database.
pub fn wrong_parts(world: &World, told: &[(&str, &str, &str)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in SOURCES {
        for (url, accept, part) in told {
            let told = world.ask(source, url, &[("accept", accept)]);
            if told.status != 200 || !told.body.contains(part) {
                wrong.push(format!("{source}: {url}: {} {}, without {part}", told.status, told.body));
            }
        }
    }
    wrong
}

/// The same of documents, and of bodies that tell all metadata.
pub fn wrong_metadata(world: &World, told: &[(&str, &str)]) -> Vec<String> {
    let accept =
        |url: &str| if url.starts_with('$') { "*/*" } else { "application/json;odata.metadata=full" };
    let told: Vec<_> = told.iter().map(|(url, part)| (*url, accept(url), *part)).collect();
    wrong_parts(world, &told)
}

/// Asks all sources, and says what is not as it should be.
pub fn wrong(world: &World, rows: &[(&str, u16, &str)]) -> Vec<String> {
    wrong_at(world, &SOURCES, rows)
}

/// The same of these sources.
pub fn wrong_at(world: &World, sources: &[&str], rows: &[(&str, u16, &str)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources {
        for (url, status, expected) in rows {
            let told = world.ask(source, url, &[]);
            // Behind the context.
            let body = match told.body.strip_prefix("{\"@odata.context\":\"") {
                Some(rest) => rest.split_once("\",").map_or("", |(_, rest)| rest),
                None => told.body.split(" at ").next().unwrap_or_default(),
            };
            if (told.status, body) != (*status, expected) {
                wrong
                    .push(format!("{source}: {url}: {} {}, not {status} {expected}", told.status, told.body));
            }
        }
    }
    wrong
}

/// Whether a model file is valid by its published schema.
pub fn validate(text: &str) {
    let printed = common::run(&["model", "--schema"]);
    let schema: Value = serde_json::from_str(&printed.out).expect("the schema is JSON");
    let (mut all, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("model.json", schema).expect("the schema is a schema");
    let index = compiler.compile("model.json", &mut all).expect("the schema compiles");
    let value: Value = serde_saphyr::from_str(text).expect("the model is YAML");
    if let Err(error) = all.validate(&value, index) {
        panic!("it is not valid: {error:#}\n{text}");
    }
}

/// What is printed for each source is valid, and gives the same service.
pub fn round_trip(world: &World) {
    for source in SOURCES {
        let config = world.config();
        let printed = common::run(&["model", source, "--config", &config]);
        assert_eq!(printed.code, Some(0), "{source}: {}", printed.err);
        validate(&printed.out);
        let again = world.config_with(source, &printed.out);
        let second = common::run(&["model", source, "--config", &again]);
        let notices = |line: &&str| !line.starts_with('#');
        let lines = |text: &str| text.lines().filter(notices).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(lines(&second.out), lines(&printed.out), "{source}: {}", second.err);
        let node = world.node_with(&again);
        for format in ["json", "xml"] {
            let url = format!("/api/odata4/{source}/$metadata?$format={format}");
            assert_eq!(node.get(&url, &[]).text(), world.node.get(&url, &[]).text(), "{source} as {format}");
        }
    }
}

#[test]
fn a_model_file_says_what_is_served() {
    let world = World::modelled(SCRIPT, MODEL);
    validate(MODEL);
    let wrong = wrong(&world, ROWS);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let metadata = |source: &str| world.ask(source, "$metadata", &[]).body;
    for part in [
        "<EntityContainer Name=\"Everything\">",
        "<EntityType Name=\"Customer\">",
        "<ComplexType Name=\"Address\">",
        "<Property Name=\"ShippingAddress\" Type=\"Shop.Address\"",
        "<NavigationProperty Name=\"Bought\" Type=\"Collection(Shop.Order)\" Partner=\"Buyer\"",
        "<NavigationProperty Name=\"Tags\" Type=\"Collection(Shop.Tag)\" Partner=\"Orders\"",
        "String=\"Who buys\"",
        "String=\"The full name\"",
        "String=\"Where somebody is\"",
    ] {
        for source in SOURCES {
            assert!(metadata(source).contains(part), "{source}: {part} in {}", metadata(source));
        }
    }
    let full = [("accept", "application/json;odata.metadata=full")];
    for source in SOURCES {
        // The type of an object stands inside of it (JSON Format section 4.6.3).
        let told = world.ask(source, "Customers?$select=ShippingAddress", &full).body;
        let part = r##""ShippingAddress":{"@odata.type":"#Shop.Address","Street":"Main 1","City":"Ulm"}"##;
        assert!(told.contains(part), "{source}: {told}");
        for unwanted in ["secret", "customer_id", "audit"] {
            assert!(!metadata(source).contains(unwanted), "{source}: {unwanted} in {}", metadata(source));
        }
    }
    round_trip(&world);
}

const CODED: &str = "
CREATE TABLE things (id int PRIMARY KEY, state int, size varchar(10), rights smallint, kind varchar(10) NOT NULL, was int);
CREATE TABLE states (state int PRIMARY KEY, name varchar(10));
INSERT INTO things VALUES (1, 0, 's', 0, 'A', 5), (2, 5, 'l', 5, 'B', 5), (3, NULL, NULL, NULL, 'A', NULL), (4, 9, 'x', 8, 'B', 0);
INSERT INTO states VALUES (5, 'five'), (0, 'zero');
";

const CODES: &str = "
namespace: Shop
enumerations:
  State: {members: {Open: 0, Closed: 5}, description: How far it is}
  Size: {members: {Small: s, Large: l}}
  Rights: {flags: true, members: {Read: 1, Write: 2, Own: 4}}
  Kind: {members: {A: A, B: B}}
entities:
  Things:
    table: things
    type: Thing
    properties:
      Id: id
      State: {column: state, type: State}
      Size: {column: size, type: Size}
      Rights: {column: rights, type: Rights}
      Kind: {column: kind, type: Kind}
      Before: {type: Past, columns: {State: {column: was, type: State}}}
    navigation: {Details: {target: States, on: {State: State}}}
  States:
    table: states
    type: StateDetail
    properties: {State: {column: state, type: State}, Name: name}
    navigation: {Things: {target: Things, on: {State: State}, partner: Details}}
";

const CODED_ROWS: &[(&str, u16, &str)] = &[
    (
        "Things?$select=State,Size,Rights,Kind",
        200,
        r#""value":[{"@odata.id":"Things(1)","State":"Open","Size":"Small","Rights":"0","Kind":"A"},{"@odata.id":"Things(2)","State":"Closed","Size":"Large","Rights":"Read,Own","Kind":"B"},{"@odata.id":"Things(3)","State":null,"Size":null,"Rights":null,"Kind":"A"},{"@odata.id":"Things(4)","State":"9","Size":"x","Rights":"8","Kind":"B"}]}"#,
    ),
    (
        "Things(2)?$select=State,Before",
        200,
        r#""@odata.id":"Things(2)","State":"Closed","Before":{"State":"Closed"}}"#,
    ),
    ("Things?$filter=State eq 'Closed'&$select=Id", 200, r#""value":[{"Id":2}]}"#),
    ("Things?$filter=State eq Shop.State'Open'&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("Things?$filter=State gt 'Open'&$select=Id", 200, r#""value":[{"Id":2}]}"#),
    ("Things?$filter=State ne 'Open'&$select=Id", 200, r#""value":[{"Id":2},{"Id":3},{"Id":4}]}"#),
    ("Things?$filter=not (State eq 'Open')&$select=Id", 200, r#""value":[{"Id":2},{"Id":3},{"Id":4}]}"#),
    ("Things?$filter=State in ('Open','Closed')&$select=Id", 200, r#""value":[{"Id":1},{"Id":2}]}"#),
    ("Things?$filter=State in ('Open',null)&$select=Id", 200, r#""value":[{"Id":1},{"Id":3}]}"#),
    ("Things?$filter=State eq null&$select=Id", 200, r#""value":[{"Id":3}]}"#),
    ("Things?$filter=State eq Before/State&$select=Id", 200, r#""value":[{"Id":2},{"Id":3}]}"#),
    ("Things?$filter=Before/State eq 'Closed'&$select=Id", 200, r#""value":[{"Id":1},{"Id":2}]}"#),
    ("Things?$filter=State eq 'Shut'", 400, "BadRequest"),
    ("Things?$filter=Size eq 'Large'&$select=Id", 200, r#""value":[{"Id":2}]}"#),
    ("Things?$filter=Size lt 'Large'&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("Things?$filter=Rights has 'Own'&$select=Id", 200, r#""value":[{"Id":2}]}"#),
    ("Things?$filter=Rights has 'Read,Own'&$select=Id", 200, r#""value":[{"Id":2}]}"#),
    ("Things?$filter=not (Rights has 'Own')&$select=Id", 200, r#""value":[{"Id":1},{"Id":4}]}"#),
    ("Things?$filter=Rights eq 'Own,Read'&$select=Id", 200, r#""value":[{"Id":2}]}"#),
    ("Things?$filter=Kind eq 'B'&$select=Id", 200, r#""value":[{"Id":2},{"Id":4}]}"#),
    ("Things?$orderby=State desc&$select=Id", 200, r#""value":[{"Id":4},{"Id":2},{"Id":1},{"Id":3}]}"#),
    ("Things?$orderby=Size&$select=Id", 200, r#""value":[{"Id":3},{"Id":4},{"Id":1},{"Id":2}]}"#),
    (
        "Things?$apply=groupby((State),aggregate($count as N))",
        200,
        r##""value":[{"State":null,"N@odata.type":"#Decimal","N":1},{"State":"Open","N@odata.type":"#Decimal","N":1},{"State":"Closed","N@odata.type":"#Decimal","N":1},{"State":"9","N@odata.type":"#Decimal","N":1}]}"##,
    ),
    ("Things?$filter=cast(State,Edm.String) eq 'Open'&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    (
        "Things?$compute=State as S&$select=S&$top=2",
        200,
        r##""value":[{"@odata.id":"Things(1)","S@odata.type":"#Shop.State","S":"Open"},{"@odata.id":"Things(2)","S@odata.type":"#Shop.State","S":"Closed"}]}"##,
    ),
    ("Things(2)/State", 200, r#""value":"Closed"}"#),
    ("Things(2)/State/$value", 200, "Closed"),
    ("Things(1)/Rights/$value", 200, "0"),
    (
        "States?$select=Name",
        200,
        r#""value":[{"@odata.id":"States(Shop.State'Open')","Name":"zero"},{"@odata.id":"States(Shop.State'Closed')","Name":"five"}]}"#,
    ),
    ("States('Closed')", 200, r#""State":"Closed","Name":"five"}"#),
    ("States('Open')", 200, r#""State":"Open","Name":"zero"}"#),
    ("States('Shut')", 400, "BadRequest"),
    ("States(Shop.State'Open')/Name/$value", 200, "zero"),
    ("States('Closed')/Things?$select=Id", 200, r#""value":[{"Id":2}]}"#),
    (
        "States?$select=Name&$expand=Things($select=State)",
        200,
        r#""value":[{"@odata.id":"States(Shop.State'Open')","Name":"zero","Things":[{"@odata.id":"Things(1)","State":"Open"}]},{"@odata.id":"States(Shop.State'Closed')","Name":"five","Things":[{"@odata.id":"Things(2)","State":"Closed"}]}]}"#,
    ),
    ("Things(2)?$select=Id&$expand=Details", 200, r#""Id":2,"Details":{"State":"Closed","Name":"five"}}"#),
];

#[test]
fn numbers_and_texts_stand_for_members() {
    let world = World::modelled(CODED, CODES);
    validate(CODES);
    let wrong = wrong(&world, CODED_ROWS);
    assert!(wrong.is_empty(), "{wrong:#?}");
    for source in SOURCES {
        let metadata = world.ask(source, "$metadata", &[]).body;
        for part in [
            "<Member Name=\"Closed\" Value=\"5\"",
            "<EnumType Name=\"Rights\" IsFlags=\"true\"",
            "<Member Name=\"Large\" Value=\"1\"",
        ] {
            assert!(metadata.contains(part), "{source}: {part} in {metadata}");
        }
    }
    round_trip(&world);
}

#[test]
fn whole_numbers_of_all_types_lead_to_one_another() {
    let view =
        "CREATE VIEW sums AS SELECT CAST(customer_id AS decimal(10,0)) AS who, count(*) AS n FROM orders
        GROUP BY customer_id;";
    let model = "
entities:
  customers: {table: customers, navigation: {Sums: {target: sums, on: {id: who}}}}
  sums: {table: sums, key: [who], navigation: {Customer: {target: customers, on: {who: id}}}}
";
    let world = World::modelled(&[SCRIPT, view].concat(), model);
    let rows = [
        ("sums(1)/Customer/name/$value", 200, "Ann"),
        (
            "sums?$expand=Customer($select=id)&$filter=Customer/name eq 'Bob'",
            200,
            r#""value":[{"who":2,"n":1,"Customer":{"id":2}}]}"#,
        ),
        ("customers(1)?$select=id&$expand=Sums", 200, r#""id":1,"Sums":{"who":1,"n":2}}"#),
        ("customers/$count?$filter=Sums/n gt 1", 200, "1"),
    ];
    let wrong = wrong(&world, &rows);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn navigation_properties_keep_their_names() {
    let model = "entities: {customers: {table: customers}, orders: {table: orders, navigation: {buyer: {target: customers, on: {buyer: id}}}}}";
    let world = World::modelled(SCRIPT, model);
    let url = "orders(10)?$select=buyer2&$expand=buyer($select=id)";
    let wrong = wrong(&world, &[(url, 200, r#""@odata.id":"orders(10)","buyer2":2,"buyer":{"id":2}}"#)]);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let taken = "`buyer`: the column `buyer` is the property `buyer2`, as its name is taken";
    world.says(&world.config(), &[(taken, SOURCES.len())]);
    round_trip(&world);
}

#[test]
fn models_of_samples_come_back() {
    round_trip(&World::trading());
}

#[test]
fn a_schema_map_of_hybrid_data_pipeline_serves() {
    let map = r#"{"odata_mapping_v3": {"schemas": [{"name": null, "tables": {
        "customers": {"ODataAlias": "Customer", "ODataPluralAlias": "Customers", "columns": {
            "id": {"primaryKeyComponent": 1, "alias": "Id"}, "name": {"searchable": true, "alias": "Name"}},
            "excludedColumns": ["secret"]},
        "totals": {"ODataAlias": "Total", "ODataPluralAlias": "Totals", "columns": {"customer_id": {"primaryKeyComponent": 1}}}
    }}]}}"#;
    let world = World::modelled(SCRIPT, map);
    let wrong = wrong(
        &world,
        &[
            ("Customers(1)?$select=Id,Name", 200, r#""Id":1,"Name":"Ann"}"#),
            ("Customers?$search=ann&$select=Id", 200, r#""value":[{"Id":1}]}"#),
            ("Customers?$search=Ulm&$select=Id", 200, r#""value":[]}"#),
            ("Customers?$filter=secret eq 'x'", 400, "BadRequest"),
            ("Totals(1)/orders/$value", 200, "2"),
            ("orders", 404, "NotFound"),
        ],
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    round_trip(&world);
}

#[test]
fn what_cannot_be_done_is_said() {
    let model = "
entities:
  Customers:
    table: customers
    properties: {Nope: none, Name: {column: name, type: Edm.Int32}}
    hide: [id, nothing]
    navigation: {A: {target: B, on: {id: id}}, C: {target: tags, on: {name: id}}, D: {target: tags, through: audit}}
  Gone: {}
  Again: {table: customers}
exclude: [zz*]
singletons:
  Lost: {of: Nowhere, row: {id: 1}}
  Odd: {of: Customers, row: {nope: 1}}
  Wrong: {of: Customers, row: {id: x}}
";
    let world = World::modelled(SCRIPT, model);
    let rows = [
        "line 5, column 24: `none`: it has no such column",
        "line 5, column 57: it cannot be served as Edm.Int32",
        "customers.id: Served although the model file hides it",
        "line 6, column 16: `nothing`: there is no such column or navigation property to hide",
        "line 7, column 30: `B`: there is no such entity set",
        "`name`: what is to be equal has different types",
        "`audit`: it has no foreign key to this table; say `near` and `far`",
        "line 8, column 3: `Gone`: no table or view has this name",
        "line 9, column 18: `customers`: another entity set is of this table already",
        "line 10, column 11: `zz*`: no table or view matches",
        "line 12, column 14: `Nowhere`: there is no such entity set",
        "line 13, column 30: `nope`: there is no such property",
        "line 14, column 32: `id`: ",
    ];
    world.says(&world.config(), &rows.map(|words| (words, SOURCES.len())));
}
