//! Types below those of entity sets that have tables of their own.

use crate::common;
use crate::models::{round_trip, validate, wrong};
use crate::world::{SOURCES, World};

pub const SCRIPT: &str = "
CREATE TABLE teams (id int PRIMARY KEY, name varchar(20) NOT NULL);
CREATE TABLE skills (id int PRIMARY KEY, name varchar(20) NOT NULL);
CREATE TABLE people (id int PRIMARY KEY, name varchar(20) NOT NULL, team int, FOREIGN KEY (team) REFERENCES teams (id));
CREATE TABLE employees (id int PRIMARY KEY, name varchar(20), salary int NOT NULL, boss int,
    FOREIGN KEY (id) REFERENCES people (id), FOREIGN KEY (boss) REFERENCES employees (id));
CREATE TABLE managers (id int PRIMARY KEY, bonus int, FOREIGN KEY (id) REFERENCES employees (id));
CREATE TABLE guests (id int PRIMARY KEY, firm varchar(20), host int NOT NULL,
    FOREIGN KEY (id) REFERENCES people (id), FOREIGN KEY (host) REFERENCES teams (id));
CREATE TABLE reports (id int PRIMARY KEY, author int NOT NULL, title varchar(20), FOREIGN KEY (author) REFERENCES employees (id));
CREATE TABLE known (employee int, skill int, PRIMARY KEY (employee, skill),
    FOREIGN KEY (employee) REFERENCES employees (id), FOREIGN KEY (skill) REFERENCES skills (id));
INSERT INTO teams VALUES (1, 'red'), (2, 'blue');
INSERT INTO skills VALUES (1, 'SQL'), (2, 'tea');
INSERT INTO people VALUES (1, 'Ann', 1), (2, 'Bob', 1), (3, 'Cy', NULL), (4, 'Di', 2), (5, 'Eve', 2);
INSERT INTO employees VALUES (1, 'chief', 90, NULL), (2, NULL, 50, 1), (5, 'cook', 40, 1);
INSERT INTO managers VALUES (1, 7);
INSERT INTO guests VALUES (3, 'Acme', 2);
INSERT INTO reports VALUES (10, 2, 'first'), (11, 1, 'second');
INSERT INTO known VALUES (2, 1), (2, 2), (5, 2);
";

pub const MODEL: &str = "
namespace: Firm
entities:
  People:
    table: people
    type: Person
    properties: {Id: id, Name: name}
    hide: [team, boss]
    navigation: {Team: {target: Teams, on: {team: Id}}}
    derived:
      Employee:
        table: employees
        description: Who is paid
        properties: {Salary: salary, Title: name}
        navigation: {Boss: {target: People, on: {boss: Id}}}
      Manager: {base: Employee, table: managers, properties: {Bonus: bonus}}
      Guest: {table: guests, properties: {Firm: firm}}
  Teams: {table: teams, type: Team, properties: {Id: id, Name: name}, navigation: {Members: {target: People, on: {Id: team}}}}
  Reports: {table: reports, type: Report, properties: {Id: id, Title: title}, hide: [author], navigation: {Author: {target: People, on: {author: Id}}}}
  Skills: {table: skills, type: Skill, properties: {Id: id, Name: name}}
";

const ROWS: &[(&str, u16, &str)] = &[
    (
        "People",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","Id":1,"Name":"Ann","Title":"chief","Salary":90,"Bonus":7},{"@odata.type":"#Firm.Employee","Id":2,"Name":"Bob","Title":null,"Salary":50},{"@odata.type":"#Firm.Guest","Id":3,"Name":"Cy","Firm":"Acme","host":2},{"Id":4,"Name":"Di"},{"@odata.type":"#Firm.Employee","Id":5,"Name":"Eve","Title":"cook","Salary":40}]}"##,
    ),
    ("People(2)", 200, r##""@odata.type":"#Firm.Employee","Id":2,"Name":"Bob","Title":null,"Salary":50}"##),
    ("People(4)", 200, r#""Id":4,"Name":"Di"}"#),
    ("People(9)", 404, "NotFound"),
    ("People/Firm.Employee/$count", 200, "3"),
    ("People/Firm.Guest/$count", 200, "1"),
    ("People(1)/Firm.Employee/Salary/$value", 200, "90"),
    ("People(3)/Firm.Employee", 404, "NotFound"),
    ("People(2)/Firm.Employee/Boss/Name/$value", 200, "Ann"),
    (
        "People(2)/Firm.Employee/reports?$select=Title",
        200,
        r#""value":[{"@odata.id":"Reports(10)","Title":"first"}]}"#,
    ),
    ("People(3)/Firm.Guest/host_team/Name/$value", 200, "blue"),
    ("People(3)/Team", 204, ""),
    (
        "People/Firm.Employee?$filter=Salary gt 40 and Title ne 'chief'&$select=Id,Title",
        200,
        r#""value":[{"Id":2,"Title":null}]}"#,
    ),
    (
        "People?$filter=not (Firm.Employee/Salary gt 45)&$select=Id",
        200,
        r##""value":[{"@odata.type":"#Firm.Guest","Id":3},{"Id":4},{"@odata.type":"#Firm.Employee","Id":5}]}"##,
    ),
    ("People?$filter=not contains(Firm.Guest/Firm,'c')&$select=Id", 200, r#""value":[]}"#),
    (
        "People?$filter=isof(Firm.Manager) or Firm.Guest/Firm eq 'Acme'&$select=Id",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","Id":1},{"@odata.type":"#Firm.Guest","Id":3}]}"##,
    ),
    (
        "People?$orderby=Firm.Employee/Salary desc,Id&$select=Id&$top=3",
        200,
        r##""value":[{"@odata.type":"#Firm.Manager","Id":1},{"@odata.type":"#Firm.Employee","Id":2},{"@odata.type":"#Firm.Employee","Id":5}]}"##,
    ),
    ("People?$search=acme&$select=Id", 200, r##""value":[{"@odata.type":"#Firm.Guest","Id":3}]}"##),
    ("People?$search=NOT acme&$select=Id&$count=true&$top=0", 200, r#""@odata.count":4,"value":[]}"#),
    (
        "Teams(1)?$select=Id&$expand=Members($expand=Firm.Employee/Boss($select=Name);$select=Name)",
        200,
        r##""Id":1,"Members":[{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann","Boss":null},{"@odata.type":"#Firm.Employee","@odata.id":"People(2)","Name":"Bob","Boss":{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann"}}]}"##,
    ),
    (
        "Skills?$expand=people($select=Name)&$select=Name",
        200,
        r##""value":[{"@odata.id":"Skills(1)","Name":"SQL","people":[{"@odata.type":"#Firm.Employee","@odata.id":"People(2)","Name":"Bob"}]},{"@odata.id":"Skills(2)","Name":"tea","people":[{"@odata.type":"#Firm.Employee","@odata.id":"People(2)","Name":"Bob"},{"@odata.type":"#Firm.Employee","@odata.id":"People(5)","Name":"Eve"}]}]}"##,
    ),
    (
        "People?$filter=Firm.Employee/skills/any(s:s/Name eq 'tea')&$select=Name",
        200,
        r##""value":[{"@odata.type":"#Firm.Employee","@odata.id":"People(2)","Name":"Bob"},{"@odata.type":"#Firm.Employee","@odata.id":"People(5)","Name":"Eve"}]}"##,
    ),
    (
        "Reports?$select=Id&$filter=Author/Firm.Manager/Bonus gt 5&$expand=Author($select=Name)",
        200,
        r##""value":[{"Id":11,"Author":{"@odata.type":"#Firm.Manager","@odata.id":"People(1)","Name":"Ann"}}]}"##,
    ),
    (
        "People/Firm.Employee?$apply=groupby((Boss/Name),aggregate(Salary with sum as S))",
        200,
        r##""value":[{"Boss":{"Name":null},"S@odata.type":"#Int64","S":90},{"Boss":{"Name":"Ann"},"S@odata.type":"#Int64","S":90}]}"##,
    ),
    ("People?$apply=aggregate($count as N)", 200, r##""value":[{"N@odata.type":"#Decimal","N":5}]}"##),
    ("employees", 404, "NotFound"),
    ("managers", 404, "NotFound"),
];

#[test]
fn types_have_tables_of_their_own() {
    let world = World::modelled(SCRIPT, MODEL);
    validate(MODEL);
    let wrong = wrong(&world, ROWS);
    assert!(wrong.is_empty(), "{wrong:#?}");
    for source in SOURCES {
        let metadata = world.ask(source, "$metadata?$format=xml", &[("accept", "*/*")]).body;
        for part in [
            "<EntityType Name=\"Manager\" BaseType=\"Firm.Employee\">",
            "<Property Name=\"Salary\" Type=\"Edm.Int32\" Nullable=\"false\"/>",
            "<NavigationPropertyBinding Path=\"Firm.Employee/Boss\" Target=\"People\"/>",
            "<NavigationPropertyBinding Path=\"Firm.Employee/reports\" Target=\"Reports\"/>",
        ] {
            assert!(metadata.contains(part), "{source}: {part} in {metadata}");
        }
        assert!(!metadata.contains("EntitySet Name=\"employees\""), "{source}: {metadata}");
    }
    round_trip(&world);
}

#[test]
fn tables_that_share_no_key_are_left_out() {
    let model = "
namespace: Firm
entities:
  People:
    table: people
    derived:
      Report: {table: reports}
";
    let world = World::modelled(SCRIPT, model);
    let checked = common::run(&["check", "--config", &world.config()]);
    let words = "line 7, column 23: `reports`: its primary key is no foreign key to that of the type above";
    assert_eq!(checked.out.matches(words).count(), SOURCES.len(), "{}", checked.out);
    for source in SOURCES {
        assert_eq!(world.ask(source, "People(1)?$select=id,name", &[]).status, 200, "{source}");
        assert_eq!(world.ask(source, "reports(10)", &[]).status, 200, "{source}");
    }
}
