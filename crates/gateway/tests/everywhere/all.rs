//! `$all`: every entity of every set, each with its type.

use std::collections::BTreeMap;

use nextlink_testkit::http::get;
use nextlink_testkit::ledger::read_all;
use serde_json::Value;

use crate::models::{wrong, wrong_parts};
use crate::tables;
use crate::world::{SOURCES, World};

const PAGE: (&str, &str) = ("Prefer", "maxpagesize=1500");
const NONE: (&str, &str) = ("Accept", "application/json;odata.metadata=none");

/// Rows by their values.
fn sorted(rows: &[Value]) -> Vec<BTreeMap<String, String>> {
    let values = |row: &Value| {
        let members = row.as_object().into_iter().flatten();
        members.map(|(name, value)| (name.clone(), value.to_string())).collect::<BTreeMap<_, _>>()
    };
    let mut rows: Vec<_> = rows.iter().map(values).collect();
    rows.sort();
    rows
}

#[test]
fn all_entities_to_the_last_one() {
    let world = World::trading();
    for source in SOURCES {
        let root = world.node.service(source);
        let all = read_all(&format!("{root}$all?$count=true"), &[PAGE]);
        let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for row in all.rows() {
            let mut row = row.as_object().expect("an object").clone();
            let told = row.remove("@odata.type").unwrap_or_else(|| panic!("{source}: {row:?}"));
            let told = told.as_str().expect("a name").to_owned();
            let context = row.remove("@odata.context").unwrap_or_else(|| panic!("{source}: {row:?}"));
            let set = told.trim_start_matches("#here.");
            assert_eq!(context, format!("#{set}/$entity"), "{source}: {row:?}");
            found.entry(told).or_default().push(Value::Object(row));
        }
        let document = get(&root, &[]).json();
        let mut total = 0;
        for set in document["value"].as_array().expect("sets") {
            let set = set["url"].as_str().expect("a set");
            let own = read_all(&format!("{root}{set}"), &[PAGE, NONE]);
            let expected: Vec<Value> = own.rows().cloned().collect();
            total += expected.len();
            let told = found.remove(&format!("#here.{set}")).unwrap_or_default();
            assert_eq!(told.len(), expected.len(), "{source}: {set}");
            // A union orders keys by their text, where a database has another order for their type.
            let (told, expected) = (sorted(&told), sorted(&expected));
            assert!(
                told == expected,
                "{source}: {set}: {:?}",
                told.iter().zip(&expected).find(|(a, b)| a != b)
            );
        }
        assert!(found.is_empty(), "{source}: {:?}", found.keys());
        assert_eq!(all.stated_count(), Some(total as u64), "{source}");
        assert_eq!(get(&format!("{root}$all/$count"), &[]).text(), total.to_string(), "{source}");
        let some = get(&format!("{root}$all?$top=2&$skip=1"), &[]).json();
        assert_eq!(some["value"].as_array().map(Vec::len), Some(2), "{source}: {some}");
        let context = some["@odata.context"].as_str().unwrap_or_default();
        assert!(context.ends_with("$metadata#Collection(Edm.EntityType)"), "{source}: {context}");
    }
}

#[test]
fn what_stands_below_is_that_of_each_set() {
    let world = World::trading();
    for source in SOURCES {
        let root = world.node.service(source);
        let document = get(&root, &[]).json();
        for set in document["value"].as_array().expect("sets") {
            let set = set["url"].as_str().expect("a set");
            if set == "Shipments" {
                // A union orders its keys by their text, so the first ones are others.
                continue;
            }
            let own = get(&format!("{root}{set}?$expand=*&$top=20"), &[NONE]).json();
            let all =
                get(&format!("{root}$all?$expand=here.{set}/*&$filter=isof(here.{set})&$top=20"), &[NONE])
                    .json();
            let (own, all) = (own["value"].as_array(), all["value"].as_array());
            let (own, all) =
                (sorted(own.expect("rows")), sorted(all.unwrap_or_else(|| panic!("{source}: {set}"))));
            assert!(own == all, "{source}: {set}: {own:?} {all:?}");
        }
    }
}

/// Options of all entities of the teams of [`tables`].
const OPTIONS: &[(&str, u16, &str)] = &[
    (
        "$all?$filter=Firm.Person/Name eq 'Ann'",
        200,
        r##""value":[{"@odata.context":"#People/$entity","@odata.type":"#Firm.Manager","Id":1,"Name":"Ann","Title":"chief","Salary":90,"Bonus":7}]}"##,
    ),
    (
        "$all?$filter=Firm.Employee/Salary gt 80 or Firm.Team/Name eq 'red'",
        200,
        r##""value":[{"@odata.context":"#People/$entity","@odata.type":"#Firm.Manager","Id":1,"Name":"Ann","Title":"chief","Salary":90,"Bonus":7},{"@odata.context":"#Teams/$entity","@odata.type":"#Firm.Team","Id":1,"Name":"red"}]}"##,
    ),
    ("$all/$count?$filter=Firm.Employee/Salary gt 45 or Firm.Team/Name eq 'red'", 200, "3"),
    ("$all/$count?$filter=not (Firm.Employee/Salary gt 45)", 200, "12"),
    ("$all/$count?$filter=Firm.Person/Name eq null", 200, "9"),
    ("$all/$count?$filter=isof(Firm.Skill) or isof(Firm.Manager)", 200, "3"),
    ("$all/$count?$filter=Firm.Report/Author/Name eq 'Bob'", 200, "1"),
    ("$all/$count?$filter=Firm.Report/Author ne null", 200, "2"),
    ("$all/$count?$filter=Firm.Team/Members/any(m:m/Id eq 1)", 200, "1"),
    ("$all/$count?$filter=Firm.Team/Members/any(m:m/Name eq $it/Firm.Person/Name) eq false", 200, "14"),
    ("$all/$count?$filter=Firm.Team/Members/all(m:m/Id lt 3)", 200, "13"),
    ("$all/$count?$filter=Firm.Team/Members/$count eq 2", 200, "2"),
    ("$all/$count?$filter=length(Firm.Team/Name) eq 3 and $it/Firm.Team/Id lt 5", 200, "1"),
    ("$all/$count?$filter=Firm.Person/Name in ('Ann','tea') or Firm.Skill/Name in ('Ann','tea')", 200, "2"),
    ("$all?$filter=false", 200, r#""value":[]}"#),
    ("$all/$count?$filter=false", 200, "0"),
    (
        "$all?$search=tea&$count=true",
        200,
        r##""@odata.count":1,"value":[{"@odata.context":"#Skills/$entity","@odata.type":"#Firm.Skill","Id":2,"Name":"tea"}]}"##,
    ),
    ("$all/$count?$search=NOT tea", 200, "13"),
    ("$all/$count?$search=tea OR first", 200, "2"),
    ("$all/$count?$search=o&$filter=Firm.Person/Name ne 'Bob'", 200, "2"),
    (
        "$all?$orderby=Firm.Person/Name desc,Firm.Skill/Name&$top=8&$skip=4&$select=Firm.Person/Name,Firm.Skill/Name,Firm.Report/Id",
        200,
        r##""value":[{"@odata.context":"#People/Firm.Manager(Name)/$entity","@odata.type":"#Firm.Manager","Name":"Ann"},{"@odata.context":"#known()/$entity","@odata.type":"#Firm.known"},{"@odata.context":"#known()/$entity","@odata.type":"#Firm.known"},{"@odata.context":"#known()/$entity","@odata.type":"#Firm.known"},{"@odata.context":"#Reports(Id)/$entity","@odata.type":"#Firm.Report","Id":10},{"@odata.context":"#Reports(Id)/$entity","@odata.type":"#Firm.Report","Id":11},{"@odata.context":"#Teams()/$entity","@odata.type":"#Firm.Team"},{"@odata.context":"#Teams()/$entity","@odata.type":"#Firm.Team"}]}"##,
    ),
    (
        "$all?$orderby=Firm.Employee/Salary add 1 desc&$top=2&$skip=1&$select=Firm.Person/Name",
        200,
        r##""value":[{"@odata.context":"#People/Firm.Employee(Name)/$entity","@odata.type":"#Firm.Employee","Name":"Bob"},{"@odata.context":"#People/Firm.Employee(Name)/$entity","@odata.type":"#Firm.Employee","Name":"Eve"}]}"##,
    ),
    (
        "$all?$select=*&$filter=Firm.Team/Id eq 1",
        200,
        r##""value":[{"@odata.context":"#Teams(*)/$entity","@odata.type":"#Firm.Team","Id":1,"Name":"red"}]}"##,
    ),
    (
        "$all?$select=Firm.Employee/Salary,Firm.Guest/Firm,Firm.Employee/Name&$filter=Firm.Person/Id in (1,3,4)",
        200,
        r##""value":[{"@odata.context":"#People/Firm.Manager(Salary,Name)/$entity","@odata.type":"#Firm.Manager","Name":"Ann","Salary":90},{"@odata.context":"#People/Firm.Guest(Firm)/$entity","@odata.type":"#Firm.Guest","Firm":"Acme"},{"@odata.context":"#People()/$entity","@odata.type":"#Firm.Person"}]}"##,
    ),
    ("$all?$select=Firm.Team/*", 400, "BadUrl"),
    ("$all?$filter=Name eq 'Ann'", 400, "BadRequest"),
    ("$all?$filter=Firm.Nobody/Name eq 'Ann'", 400, "BadRequest"),
    ("$all?$filter=Firm.Team/Salary gt 1", 400, "BadRequest"),
    ("$all?$filter=Firm.Team/Id gt 'a'", 400, "BadRequest"),
    ("$all?$filter=Firm.Team/Id", 400, "BadRequest"),
    ("$all?$orderby=Name", 400, "BadRequest"),
    ("$all?$select=Name", 400, "BadRequest"),
    ("$all?$select=Firm.Team", 400, "BadRequest"),
    ("$all?$select=Firm.Team/Salary", 400, "BadRequest"),
    ("$all?$select=Firm.Team/Members", 501, "NotImplemented"),
    ("$all?$select=Firm.Team/Name/First", 400, "BadRequest"),
    ("$all/$count?$orderby=Firm.Team/Name", 400, "BadRequest"),
    ("$all?$apply=aggregate($count as N)", 501, "NotImplemented"),
];

/// `$compute` and `$expand` of them.
const MADE: &[(&str, u16, &str)] = &[
    (
        "$all?$compute=Firm.Employee/Salary mul 2 as Twice&$filter=Twice gt 90&$orderby=Twice&$select=Firm.Person/Id,Twice",
        200,
        r##""value":[{"@odata.context":"#People/Firm.Employee(Id,Twice)/$entity","@odata.type":"#Firm.Employee","Id":2,"Twice@odata.type":"#Int64","Twice":100},{"@odata.context":"#People/Firm.Manager(Id,Twice)/$entity","@odata.type":"#Firm.Manager","Id":1,"Twice@odata.type":"#Int64","Twice":180}]}"##,
    ),
    (
        "$all?$compute=Firm.Employee/Salary mul 2 as Twice,Twice add 1 as More&$filter=Firm.Person/Id eq 2 or Firm.Team/Id eq 1",
        200,
        r##""value":[{"@odata.context":"#People/Firm.Employee(*,Twice,More)/$entity","@odata.type":"#Firm.Employee","Id":2,"Name":"Bob","Title":null,"Salary":50,"Twice@odata.type":"#Int64","Twice":100,"More@odata.type":"#Int64","More":101},{"@odata.context":"#Teams(*,Twice,More)/$entity","@odata.type":"#Firm.Team","Id":1,"Name":"red","Twice@odata.type":"#Int64","Twice":null,"More@odata.type":"#Int64","More":null}]}"##,
    ),
    (
        "$all?$compute=length(Firm.Team/Name) as L,length(Firm.Team/Name) as M&$filter=Firm.Team/Id eq 1&$select=*",
        200,
        r##""value":[{"@odata.context":"#Teams(*,L,M)/$entity","@odata.type":"#Firm.Team","Id":1,"Name":"red","L@odata.type":"#Int32","L":3,"M@odata.type":"#Int32","M":3}]}"##,
    ),
    (
        "$all?$compute=length(Firm.Team/Name) as L&$filter=Firm.Team/Id eq 1&$select=Firm.Team/Id",
        200,
        r##""value":[{"@odata.context":"#Teams(Id)/$entity","@odata.type":"#Firm.Team","Id":1}]}"##,
    ),
    ("$all/$count?$compute=length(Firm.Team/Name) as L&$filter=L eq 3", 200, "1"),
    ("$all?$compute=1 add 1 as Name", 400, "BadRequest"),
    ("$all?$compute=Salary add 1 as S", 400, "BadRequest"),
    (
        "$all?$expand=Firm.Team/Members($select=Name;$orderby=Name desc;$top=1)&$filter=Firm.Team/Id le 2&$select=Firm.Team/Name",
        200,
        r##""value":[{"@odata.context":"#Teams(Name,Members(Name))/$entity","@odata.type":"#Firm.Team","Name":"red","Members":[{"@odata.type":"#Firm.Employee","@odata.id":"People(2)","Name":"Bob"}]},{"@odata.context":"#Teams(Name,Members(Name))/$entity","@odata.type":"#Firm.Team","Name":"blue","Members":[{"@odata.type":"#Firm.Employee","@odata.id":"People(5)","Name":"Eve"}]}]}"##,
    ),
    (
        "$all?$expand=Firm.Report/Author($select=Name;$expand=Firm.Employee/Boss($select=Name))&$filter=Firm.Report/Id gt 0",
        200,
        r##""value":[{"@odata.context":"#Reports(Author(Name,Firm.Employee/Boss(Name)))/$entity","@odata.type":"#Firm.Report","Id":10,"Title":"first","Author":{"@odata.type":"#Firm.Employee","@odata.id":"People(2)","Name":"Bob","Boss":{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann"}}},{"@odata.context":"#Reports(Author(Name,Firm.Employee/Boss(Name)))/$entity","@odata.type":"#Firm.Report","Id":11,"Title":"second","Author":{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann","Boss":null}}]}"##,
    ),
    (
        "$all?$expand=Firm.Employee/Boss($select=Name),Firm.Employee/reports($select=Id;$count=true),Firm.Team/Members/$count,Firm.Skill/people/$ref&$filter=Firm.Person/Id in (1,2,3) or Firm.Team/Id eq 1 or Firm.Skill/Id eq 2&$select=Firm.Person/Id&$compute=Firm.Person/Id add 1 as Next",
        200,
        r##""value":[{"@odata.context":"#People/Firm.Manager(Id,Boss(Name),reports(Id))/$entity","@odata.type":"#Firm.Manager","Id":1,"Boss":null,"reports@odata.count":1,"reports":[{"Id":11}]},{"@odata.context":"#People/Firm.Employee(Id,Boss(Name),reports(Id))/$entity","@odata.type":"#Firm.Employee","Id":2,"Boss":{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann"},"reports@odata.count":1,"reports":[{"Id":10}]},{"@odata.context":"#People/Firm.Guest(Id)/$entity","@odata.type":"#Firm.Guest","Id":3},{"@odata.context":"#Skills()/$entity","@odata.type":"#Firm.Skill","people":[{"@odata.id":"People(2)"},{"@odata.id":"People(5)"}]},{"@odata.context":"#Teams()/$entity","@odata.type":"#Firm.Team","Members@odata.count":2}]}"##,
    ),
    (
        "$all?$expand=*&$filter=Firm.Report/Id eq 10 or Firm.Team/Id eq 2&$select=Firm.Team/Id",
        200,
        r##""value":[{"@odata.context":"#Reports()/$entity","@odata.type":"#Firm.Report","Author":{"@odata.type":"#Firm.Employee","Id":2,"Name":"Bob","Title":null,"Salary":50}},{"@odata.context":"#Teams(Id)/$entity","@odata.type":"#Firm.Team","Id":2,"Members":[{"Id":4,"Name":"Di"},{"@odata.type":"#Firm.Employee","Id":5,"Name":"Eve","Title":"cook","Salary":40}],"people_by_host":[{"@odata.type":"#Firm.Guest","Id":3,"Name":"Cy","Firm":"Acme","host":2}]}]}"##,
    ),
    (
        "$all?$expand=Firm.Guest/*&$filter=Firm.Person/Id in (2,3)&$select=Firm.Person/Id",
        200,
        r##""value":[{"@odata.context":"#People/Firm.Employee(Id)/$entity","@odata.type":"#Firm.Employee","Id":2},{"@odata.context":"#People/Firm.Guest(Id)/$entity","@odata.type":"#Firm.Guest","Id":3,"Team":null,"host_team":{"Id":2,"Name":"blue"}}]}"##,
    ),
    ("$all?$expand=Members", 400, "BadRequest"),
    ("$all?$expand=Firm.Nobody/Members", 400, "BadRequest"),
    ("$all?$expand=Firm.Team/Name", 400, "BadRequest"),
    ("$all?$expand=Firm.Team", 400, "BadRequest"),
    ("$all?$expand=Firm.Team/Members,Firm.Team/Members", 400, "BadRequest"),
    ("$all/$count?$expand=Firm.Team/Members", 400, "BadRequest"),
];

#[test]
fn values_and_entities_below_all_begin_with_a_type() {
    let world = World::modelled(tables::SCRIPT, tables::MODEL);
    let wrong = wrong(&world, MADE);
    assert!(wrong.is_empty(), "{wrong:#?}");
    for source in SOURCES {
        let url = "$all?$expand=Firm.Team/Members($select=Id)&$filter=Firm.Team/Id eq 1";
        let page = world.ask(source, url, &[("Prefer", "maxpagesize=1")]).body;
        let next = page.split_once(r#""Members@odata.nextLink":""#).map_or("", |(_, link)| link);
        let next = next.split('"').next().unwrap_or_default();
        assert!(next.starts_with("Teams(1)/Members?"), "{source}: {page}");
        let rest = get(&[&world.node.service(source), next].concat(), &[]).json();
        assert_eq!(
            (&rest["value"][0]["Id"], &rest["value"][1]),
            (&2.into(), &Value::Null),
            "{source}: {next}"
        );
    }
}

#[test]
fn options_begin_with_a_type() {
    let world = World::modelled(tables::SCRIPT, tables::MODEL);
    let wrong = wrong(&world, OPTIONS);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let select = "$all?$select=Firm.Employee/Salary,Firm.Guest/Firm,Firm.Team/Name&$top=0";
    let context = "#Collection(Edm.EntityType)(Firm.Employee/Salary,Firm.Guest/Firm,Firm.Team/Name)\"";
    let wrong = wrong_parts(&world, &[(select, "*/*", context)]);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Sets with keys of different types.
const KEYS: &str = "
CREATE TABLE items (id int PRIMARY KEY, label varchar(20), price numeric(9, 2));
CREATE TABLE clubs (region varchar(20), year int, title varchar(20), PRIMARY KEY (region, year));
INSERT INTO items VALUES (1, 'pen', 2.5), (2, 'cup', 4);
INSERT INTO clubs VALUES ('north', 1, 'Rowing'), ('south', 2, 'Chess');
";

#[test]
fn keys_that_are_not_told_have_types_of_their_own() {
    let world = World::modelled(KEYS, "namespace: Lab");
    let rows = &[
        (
            "$all?$select=Lab.items/price&$filter=isof(Lab.items)&$top=3",
            200,
            r##""value":[{"@odata.context":"#items(price)/$entity","@odata.type":"#Lab.items","price":2.5},{"@odata.context":"#items(price)/$entity","@odata.type":"#Lab.items","price":4}]}"##,
        ),
        (
            "$all?$select=Lab.items/label,Lab.clubs/title&$orderby=Lab.items/price desc",
            200,
            r##""value":[{"@odata.context":"#items(label)/$entity","@odata.type":"#Lab.items","label":"cup"},{"@odata.context":"#items(label)/$entity","@odata.type":"#Lab.items","label":"pen"},{"@odata.context":"#clubs(title)/$entity","@odata.type":"#Lab.clubs","title":"Rowing"},{"@odata.context":"#clubs(title)/$entity","@odata.type":"#Lab.clubs","title":"Chess"}]}"##,
        ),
        (
            "$all?$select=Lab.clubs/year&$top=1",
            200,
            r##""value":[{"@odata.context":"#clubs(year)/$entity","@odata.type":"#Lab.clubs","year":1}]}"##,
        ),
    ];
    let wrong = wrong(&world, rows);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
