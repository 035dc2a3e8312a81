//! Readers of parts of the model: what `check`, `model`, `explain` and `openapi` say of them, and what there is where nobody can be one.

use serde_json::Value;

use crate::common::run;
use crate::models::{round_trip, validate};
use crate::world::{SOURCES, World};

const SCRIPT: &str = "
CREATE TABLE people (id int PRIMARY KEY, name varchar(20), pay int, street varchar(20), photo BYTES, kind varchar(9), team int);
CREATE TABLE notes (id int PRIMARY KEY, person int NOT NULL, words varchar(20), FOREIGN KEY (person) REFERENCES people (id));
CREATE TABLE company (id int PRIMARY KEY, turnover int);
INSERT INTO people VALUES (1, 'Ann', 10, 'Elm', NULL, 'b', 7), (2, 'Bo', 5, 'Oak', NULL, 'e', NULL);
INSERT INTO notes VALUES (1, 1, 'zebra');
INSERT INTO company VALUES (1, 1000);
";

const MODEL: &str = "
namespace: Firm
groups: {talk: [ann, 'o''hara'], none: [zed]}
entities:
  People:
    table: people
    type: Person
    properties:
      Id: id
      Name: name
      Pay: {column: pay, readers: [ann]}
      Home: {type: Address, columns: {Street: street}, readers: [talk]}
      Photo: {column: photo, type: Edm.Stream, readers: [talk]}
    derived: {Boss: {when: {kind: b}, properties: {Team: {column: team, readers: [ann]}}}}
    etag: [pay]
    navigation: {Notes: {target: Notes, on: {Id: Person}, partner: Of}}
  Notes:
    table: notes
    type: Note
    readers: [talk, dan]
    properties: {Id: id, Person: person, Words: words}
    navigation: {Of: {target: People, on: {Person: Id}, partner: Notes}}
singletons:
  Company: {table: company, type: Company, readers: [dan]}
  First: {of: People, row: {Id: 1}, readers: [ann]}
functions:
  Paid: {sql: SELECT id FROM people WHERE pay > 6, returns: People, readers: [ann]}
  Count:
    - {sql: SELECT count(*) AS n FROM people, type: Edm.Int64, readers: [ann]}
    - {sql: 'SELECT count(*) AS n FROM people WHERE id > :above', parameters: {above: Edm.Int32}, type: Edm.Int64}
";

#[test]
fn where_no_client_has_a_login_nobody_sees_what_has_readers() {
    let bytes = |name: &str| SCRIPT.replace("BYTES", name);
    let world = World::written([&bytes("blob"), &bytes("bytea"), &bytes("longblob")], MODEL);
    validate(MODEL);
    round_trip(&world);
    let login = [("ddcloud-datasource-user", "ann"), ("ddcloud-datasource-password", "p")];
    for source in SOURCES {
        for headers in [&login[..], &[]] {
            for (url, status) in [
                ("People(1)", 200),
                ("Count(above=1)", 200),
                ("Count()", 400),
                ("People(1)/Pay", 404),
                ("People(1)/Home", 404),
                ("People(1)/Photo", 404),
                ("People(1)/Firm.Boss/Team", 404),
                ("People?$filter=Pay gt 1", 400),
                ("People?$expand=Notes", 400),
                ("Notes", 404),
                ("Company", 404),
                ("First", 404),
                ("Paid()", 404),
            ] {
                assert_eq!(world.ask(source, url, headers).status, status, "{source}: {url}");
            }
            let person = world.ask(source, "People(1)", headers).body;
            let known = ["@odata.context", "@odata.type", "Id", "Name", "kind"];
            let person: Value = serde_json::from_str(&person).expect("an entity");
            let names: Vec<&String> = person.as_object().expect("an entity").keys().collect();
            assert_eq!(names, known, "{source}: an ETag of what is not seen is none");
        }
    }
}

#[test]
fn commands_say_who_sees_what() {
    let bytes = |name: &str| SCRIPT.replace("BYTES", name);
    let world = World::written([&bytes("blob"), &bytes("bytea"), &bytes("longblob")], MODEL);
    world.says(
        &world.config(),
        &[
            ("nobody sees it, since the source takes no logins of clients (`client_login`)", 27),
            ("`none`: no `readers` name this group.", 3),
            ("People.Pay: It is there only for ann\n", 3),
            ("People.Home: It is there only for ann, o'hara\n", 3),
            ("Notes: It is there only for ann, dan, o'hara\n", 3),
            ("Company: It is there only for dan\n", 3),
            ("First: It is there only for ann\n", 3),
            ("Count: It is there only for ann\n", 3),
        ],
    );
    for (user, seen) in [
        (None, [false, false, false]),
        (Some("ann"), [true, true, false]),
        (Some("o'hara"), [false, true, false]),
        (Some("dan"), [false, true, true]),
        (Some("talk"), [false, false, false]),
    ] {
        let args: Vec<&str> = user.map_or(Vec::new(), |user| vec!["--user", user]);
        let config = world.config();
        let told = |args: &[&str]| run(&[args, &["--config", &config]].concat());
        let document = told(&[&["openapi", "postgres"], &args[..]].concat()).out;
        let parts = ["\"Pay\"", "\"Words\"", "\"turnover\""].map(|part| document.contains(part));
        assert_eq!(parts, seen, "{user:?}: {document}");
        for (url, seen) in
            [("People?$filter=Pay%20gt%201", seen[0]), ("Notes", seen[1]), ("Company", seen[2])]
        {
            let told = told(&[&["explain", "postgres", url], &args[..]].concat());
            assert_eq!(told.code, Some(i32::from(!seen)), "{user:?}: {url}: {}{}", told.out, told.err);
        }
    }
    for (name, model, words) in [
        (
            "lost",
            MODEL.replace("column: pay,", "column: payy,"),
            "it is not found as it is told, so everybody might see",
        ),
        (
            "key",
            MODEL.replace("      Id: id\n      Name", "      Id: {column: id, readers: [ann]}\n      Name"),
            "it is part of the key",
        ),
    ] {
        let config = world.config_with(name, &model);
        let checked = run(&["check", "--config", &config]);
        assert_eq!((checked.code, checked.out.matches(words).count()), (Some(1), 3), "{}", checked.out);
    }
}
