//! Values at the edges of their types, null where it is seldom, and trees that are deep or large: the same on all databases.

use std::fmt::Write as _;

use crate::common::encoded;
use crate::world::{SOURCES, World};

const SCRIPT: &str = "
CREATE TABLE things (id int PRIMARY KEY, big bigint, place int, name varchar(20), flag boolean, size DOUBLE, weight SINGLE);
INSERT INTO things VALUES (1, 9223372036854775807, NULL, 'one', true, 1e300, 32.38), (2, 9223372036854775807, 1, 'two', false, -2.5, 1e-30),
    (3, NULL, 2, NULL, NULL, 0.49999999999999994, NULL);
CREATE TABLE nodes (id int PRIMARY KEY, above int, FOREIGN KEY (above) REFERENCES nodes (id));
CREATE TABLE rates (day date, rate decimal(5, 2), good boolean, PRIMARY KEY (day, rate, good));
INSERT INTO rates VALUES ('2024-01-01', 1.5, true);
CREATE TABLE links (id int PRIMARY KEY, above int, FOREIGN KEY (above) REFERENCES links (id));
";

const MODEL: &str = "
namespace: Edges
entities:
  Things: {table: things, properties: {Id: id, Big: big, Place: place, Name: name, Flag: flag, Size: size, Weight: weight}}
  Rates: {table: rates}
  Nodes:
    table: nodes
    properties: {Id: id, AboveId: above}
    navigation: {Above: {target: Nodes, on: {above: id}}}
  Links:
    table: links
    properties: {Id: id, AboveId: above}
    navigation: {Above: {target: Links, on: {above: id}}}
";

/// Nodes of a tree in which two are below each; so many that no server keeps all of their paths in memory.
const NODES: u32 = 20_000;
/// Nodes in a row.
const LINKS: u32 = 1_500;

/// URLs and what stands in the body.
const ROWS: &[(&str, &str)] = &[
    (
        "Things?$apply=aggregate(Big with sum as Sum)",
        r##""value":[{"Sum@odata.type":"#Decimal","Sum":18446744073709551614}]"##,
    ),
    ("Things?$apply=aggregate(Big with average as Mean)", r#""value":[{"Mean":9.223372036854776e+18}]"#),
    ("Things?$filter=Flag gt false&$select=Id", r#""value":[{"Id":1}]"#),
    ("Things?$filter=Flag le false&$select=Id", r#""value":[{"Id":2}]"#),
    ("Things?$filter=substring(Name,Place) eq null&$select=Id", r#""value":[{"Id":1},{"Id":3}]"#),
    ("Things?$filter=substring(Name,0,Place) eq null&$select=Id", r#""value":[{"Id":1},{"Id":3}]"#),
    ("Things?$filter=substring(Name,1,Place) eq 'w'&$select=Id", r#""value":[{"Id":2}]"#),
    ("Things?$filter=round(Size) gt 1e299&$select=Id", r#""value":[{"Id":1}]"#),
    ("Things?$filter=round(Size) eq -3&$select=Id", r#""value":[{"Id":2}]"#),
    ("Things?$filter=round(Size) eq 0&$select=Id", r#""value":[{"Id":3}]"#),
    ("Rates/2024-01-01/1.5/true", r#""rate":1.5"#),
    ("Rates/2024-01-01/1.50/true/rate/$value", "1.5"),
    ("Things(1)/Weight/$value", "32.38"),
    ("Things(1)/Weight", r#""value":32.38}"#),
    ("Things(2)/Weight/$value", "1e-30"),
    ("Things?$orderby=round(1) desc,Id&$select=Id&$top=1", r#""value":[{"Id":1}]"#),
    ("Things?$orderby=floor(5),Id desc&$select=Id&$top=1", r#""value":[{"Id":3}]"#),
    (
        "Things?$apply=compute(cast(null,Edm.Int32) as Nothing)/aggregate(Nothing with max as Most)",
        r##""value":[{"Most@odata.type":"#Int32","Most":null}]"##,
    ),
    ("Things?$filter=case(Flag:Place sub null,true:null sub Id) eq 1&$select=Id", r#""value":[]"#),
    ("Things?$filter=case(Flag:case(Flag:null,true:null),true:Id) eq 3&$select=Id", r#""value":[{"Id":3}]"#),
    (
        "Nodes?$apply=traverse($root/Nodes,AboveHierarchy,Id,preorder)&$select=Id&$count=true&$skip=19999",
        r#""@odata.count":20000,"value":[{"Id":16383}]"#,
    ),
    (
        "Links?$apply=descendants($root/Links,AboveHierarchy,Id,filter(Id eq 1))/aggregate($count as N)",
        r##""value":[{"N@odata.type":"#Decimal","N":1499}]"##,
    ),
];

#[test]
fn edges() {
    let mut script = SCRIPT.to_owned();
    for (table, rows, pairs) in [("nodes", NODES, true), ("links", LINKS, false)] {
        write!(script, "INSERT INTO {table} VALUES (1, NULL)").expect("a text grows");
        for id in 2..=rows {
            let above = if pairs { id / 2 } else { id - 1 };
            write!(script, ", ({id}, {above})").expect("a text grows");
        }
        script.push_str(";\n");
    }
    let of = |double: &str, single: &str| script.replace("DOUBLE", double).replace("SINGLE", single);
    let scripts = [of("double", "double"), of("double precision", "real"), of("double", "float")];
    let world = World::written([&scripts[0], &scripts[1], &scripts[2]], MODEL);
    let mut wrong = Vec::new();
    for source in SOURCES {
        for (url, expected) in ROWS {
            let answer = world.node.get(&["/api/odata4/", source, "/", &encoded(url)].concat(), &[]);
            let text = answer.text();
            if answer.status != 200 || !text.contains(expected) {
                wrong.push(format!("{source}: {url}: {}: {text:.400}", answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
