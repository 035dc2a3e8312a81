//! One model that has enumerations, open types, derived types and navigation at once: what transformations make of all these.

use crate::world::{SOURCES, World};

const SCRIPT: &str = "
CREATE TABLE groups_of (id int PRIMARY KEY, name varchar(20) NOT NULL);
CREATE TABLE products (id int PRIMARY KEY, name varchar(20) NOT NULL, grp int NOT NULL, state int, rights int, attrs json,
    FOREIGN KEY (grp) REFERENCES groups_of (id));
CREATE TABLE people (id int PRIMARY KEY, name varchar(20) NOT NULL, kind varchar(5), salary int);
CREATE TABLE orders (id int PRIMARY KEY, seller int, product int NOT NULL, total int NOT NULL,
    FOREIGN KEY (seller) REFERENCES people (id), FOREIGN KEY (product) REFERENCES products (id));
INSERT INTO groups_of VALUES (1, 'Tools'), (2, 'Toys');
INSERT INTO products VALUES (1, 'hammer', 1, 0, 3, '{\"Color\": \"red\"}'), (2, 'saw', 1, 5, 2, '{\"Color\": \"blue\"}'), (3, 'ball', 2, 2, 9, NULL),
    (4, 'doll', 2, NULL, NULL, NULL), (5, 'kite', 2, -7, 0, NULL), (6, 'drum', 2, -3, 4, NULL);
INSERT INTO people VALUES (1, 'Ann', 'E', 30), (2, 'Bob', 'E', 10), (3, 'Cy', 'C', NULL);
INSERT INTO orders VALUES (1, 1, 1, 5), (2, 1, 2, 7), (3, 2, 1, 9), (4, 3, 3, 100);
";

const MODEL: &str = "
namespace: Z
enumerations:
  State: {members: {Open: 0, Closed: 5, Lost: 2, Below: -7}}
  Rights: {flags: true, members: {Read: 1, Write: 2, Own: 4}}
entities:
  Groups: {table: groups_of, type: Group, properties: {Id: id, Name: name}}
  Products:
    table: products
    type: Product
    open: attrs
    properties: {Id: id, Name: name, State: {column: state, type: State}, Rights: {column: rights, type: Rights}}
    hide: [grp]
    navigation:
      Group: {target: Groups, on: {grp: Id}}
      Orders: {target: Orders, on: {Id: product}}
  People:
    table: people
    type: Person
    properties: {Id: id, Name: name}
    hide: [kind]
    derived:
      Employee:
        when: {kind: E}
        properties: {Salary: salary}
        navigation: {Sales: {target: Orders, on: {Id: seller}}}
  Orders:
    table: orders
    type: Order
    properties: {Id: id, Total: total}
    hide: [seller, product]
    navigation:
      Seller: {target: People, on: {seller: Id}}
      Product: {target: Products, on: {product: Id}}
singletons:
  First: {of: People, row: {Id: 1}}
";

/// URLs, each with the status and a part of the answer.
const ROWS: &[(&str, u16, &str)] = &[
    // The order of members is that of their numbers.
    ("Products?$apply=filter(State ne null)/aggregate(State with max as M)", 200, r##""M":"Closed"}"##),
    ("Products?$apply=filter(Id in (1,2,3))/aggregate(State with min as M)", 200, r##""M":"Open"}"##),
    ("Products?$apply=aggregate(State with min as M)", 200, r##""M":"Below"}"##),
    ("Products?$apply=filter(Id in (1,6))/aggregate(State with min as M)", 200, r##""M":"-3"}"##),
    ("Products?$apply=filter(Id in (4))/aggregate(State with max as M)", 200, r##""M":null}"##),
    (
        "Products?$apply=concat(identity,filter(Id eq 99))&$orderby=State desc&$top=1&$select=State",
        200,
        r##""State":"Closed"}"##,
    ),
    (
        "Products?$apply=groupby((State))&$orderby=State desc&$top=2",
        200,
        r##""State":"Closed"},{"State":"Lost"}"##,
    ),
    (
        "Products?$apply=groupby((State))/filter(State ne null)&$orderby=State&$top=2",
        200,
        r##""State":"Below"},{"State":"-3"}"##,
    ),
    // Flags behind transformations.
    (
        "Products?$apply=groupby((Rights))/filter(Rights has Z.Rights'Read')/aggregate($count as N)",
        200,
        r##""N":2}"##,
    ),
    (
        "Products?$apply=groupby((Rights))/filter(Rights has Z.Rights'Read,Write')",
        200,
        r##""value":[{"Rights":"Read,Write"}]"##,
    ),
    (
        "Products?$apply=concat(identity,filter(Id eq 1))/filter(Rights has Z.Rights'Write')&$select=Id&$orderby=Id",
        200,
        r##""value":[{"Id":1},{"Id":1},{"Id":2}]"##,
    ),
    (
        "Products?$apply=groupby((Id,Rights))/filter(not (Rights has Z.Rights'Read'))&$select=Id",
        200,
        r##""value":[{"Id":2},{"Id":5},{"Id":6}]"##,
    ),
    // `$it` is of the type of the path.
    (
        "People/Z.Employee?$select=Id&$expand=Sales($select=Id;$filter=$it/Salary gt 20)&$orderby=Id",
        200,
        r##""Id":1,"Sales":[{"Id":1},{"Id":2}]},{"Id":2,"Sales":[]}]"##,
    ),
    // Dynamic properties are never left out without a word.
    (
        "Products?$apply=concat(identity,filter(Id eq 1))",
        200,
        r##""State":"Open","Rights":"Read,Write","Color":"red"}]"##,
    ),
    (
        "Products?$apply=concat(identity,filter(Id eq 1))&$select=*",
        200,
        r##""State":"Closed","Rights":"Write","Color":"blue"}"##,
    ),
    ("Products?$apply=join(Orders as J)", 200, r##""Color":"red","J":{"Id"##),
    ("Orders?$apply=groupby((Product))", 200, r##""Rights":"Read,Write","Color":"red"}}"##),
    ("Orders?$apply=groupby((Product))&$select=Product", 200, r##""Rights":"Read,Write","Color":"red"}}"##),
    (
        "Orders?$apply=groupby((Product),aggregate($count as N))&$select=Product/Id,N",
        200,
        r##""Product":{"Id":3}"##,
    ),
    ("Orders?$apply=groupby((Product))/aggregate(Product/Id with sum as S)", 200, r##""S":6}"##),
    ("Products/$count?$apply=concat(identity,filter(Id eq 1))", 200, "7"),
    (
        "Products?$apply=concat(filter(Id eq 2),filter(Id eq 1))/groupby((Name))",
        200,
        r##""value":[{"Name":"hammer"},{"Name":"saw"}]"##,
    ),
    // From an entity that rows are grouped by paths lead on.
    (
        "Orders?$apply=groupby((Product,Product/Group/Name),aggregate($count as N))",
        501,
        "NotImplemented at Product",
    ),
    (
        "Orders?$apply=groupby((Product,Product/Color),aggregate($count as N))",
        501,
        "NotImplemented at Product",
    ),
    (
        "Orders?$apply=groupby((Product,Product/Name))&$select=Product/Name",
        200,
        r##""Product":{"Name":"ball"}"##,
    ),
    (
        "Orders?$apply=groupby((Product))/groupby((Product/Group/Name))",
        200,
        r##""value":[{"Product":{"Group":{"Name":"Tools"}}},{"Product":{"Group":{"Name":"Toys"}}}]"##,
    ),
    (
        "Orders?$apply=groupby((Product))/filter(Product/Color eq 'red')",
        200,
        r##""value":[{"Product":{"Id":1,"Name":"hammer","State":"Open","Rights":"Read,Write","Color":"red"}}]"##,
    ),
    ("Orders?$apply=groupby((Total))/filter(Total/Color eq 'red')", 400, "BadRequest at Color"),
    // Casts before collections and in names of rows.
    ("People?$apply=aggregate(Z.Employee/Sales/Total with sum as A)", 200, r##""A":21}"##),
    ("People?$apply=aggregate(Z.Employee/Sales/$count as A)", 200, r##""A":3}"##),
    (
        "People?$apply=groupby((Id),aggregate(Z.Employee/Sales/Total with max as A))/filter(A gt 8)",
        200,
        r##""value":[{"Id":2,"A@odata.type":"#Int32","A":9}]"##,
    ),
    ("People?$apply=groupby((Z.Employee/Salary))/filter(Z.Employee/Salary gt 20)", 200, r##""Salary":30}]"##),
    (
        "People?$apply=groupby((Z.Employee/Salary))/filter(Z.Nobody/Salary gt 20)",
        400,
        "BadRequest at Z.Nobody",
    ),
    ("Products?$apply=aggregate(Orders/$count with sum as A)", 200, r##""A":4}"##),
    (
        "Products?$apply=aggregate(Orders/$count with max as A,Orders/Total with sum as B)",
        200,
        r##""A":2,"B@odata.type":"#Decimal","B":121}"##,
    ),
    ("Products?$apply=aggregate($count with sum as A)", 400, "BadUrl"),
    // Behind a join.
    (
        "Products?$apply=join(Orders as J)/orderby(J/Seller/Name desc,J/Id)/top(1)&$select=Id,J/Id",
        200,
        r##""value":[{"Id":3,"J":{"Id@odata.type":"#Int32","Id":4}}]"##,
    ),
    (
        "Products?$apply=join(Orders as J)/orderby(Group/Name desc,J/Id)&$select=Id,J/Id&$top=2",
        200,
        r##""value":[{"Id":3,"J":{"Id@odata.type":"#Int32","Id":4}},{"Id":1,"J":{"Id@odata.type":"#Int32","Id":1}}]"##,
    ),
    (
        "Products?$apply=groupby((State))&$top=3",
        200,
        r##""value":[{"State":null},{"State":"Below"},{"State":"-3"}]"##,
    ),
    ("$crossjoin(Groups,First)", 404, "NotFound at First"),
];

#[test]
fn what_is_made_of_all_these() {
    let world = World::modelled(SCRIPT, MODEL);
    let mut wrong = Vec::new();
    for source in SOURCES {
        for (url, status, part) in ROWS {
            let told = world.ask(source, url, &[]);
            if told.status != *status || !told.body.contains(part) {
                wrong
                    .push(format!("{source}: {url}: {} {}, without {status} {part}", told.status, told.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// MariaDB cannot run some statements again that it has prepared.
#[test]
fn the_same_is_answered_again() {
    let world = World::modelled(SCRIPT, MODEL);
    for source in SOURCES {
        for url in [
            "Products?$apply=groupby((Id,Name))/filter($root/Orders/any(i:i/Id eq Id and contains(Name,'a')))",
            "Groups?$apply=concat(top(20),skip(3))/filter($root/Products/any(i:i/Id eq Id and contains(Name,'a')))",
            "Groups?$apply=groupby((Id,Name))/filter($root/Products/any(i:i/Id eq Id and matchesPattern(Name,'o')))",
        ] {
            let first = world.ask(source, url, &[]);
            assert!(first.status == 200 && first.body.contains("Id"), "{source}: {url}: {first:?}");
            for _ in 0..4 {
                assert_eq!(world.ask(source, url, &[]), first, "{source}: {url}");
            }
        }
    }
}

/// The rest of a nested collection has `$it` as the type that the path has led to.
#[test]
fn the_rest_of_a_collection_knows_the_cast() {
    let world = World::modelled(SCRIPT, MODEL);
    for source in SOURCES {
        let url =
            "People/Z.Employee?$select=Id&$expand=Sales($select=Id;$filter=$it/Salary gt 20)&$orderby=Id";
        let told = world.ask(source, url, &[("Prefer", "maxpagesize=1")]);
        let page: serde_json::Value = serde_json::from_str(&told.body).expect("a page");
        let link = page["value"][0]["Sales@odata.nextLink"].as_str().expect("a link");
        let rest = world.ask(source, link.trim_start_matches('/'), &[]);
        assert!(rest.body.contains(r#""value":[{"Id":2}]"#), "{source}: {link}: {rest:?}");
    }
}
