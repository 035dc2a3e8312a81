//! Names with anything in them: what the server takes as a name is served, found, filtered and linked.

use proptest::prelude::*;

use crate::ask::Asked;
use crate::world::{World, database};

/// Characters that end, begin or mean something somewhere.
const ODD: &[char] = &[
    '`', '\'', '"', '.', '[', ']', '{', '}', '(', ')', '\n', '\t', '\r', '\\', '/', '?', ':', ';', '-', '#',
    '%', '_', '$', '&', '=', '@', '*', ',', '<', '>', '!', '~', '^', '|', '+', 'a', 'B', '0', 'é', 'ß', 'Ω',
    '中', '\u{1}', '\u{7f}', '\u{a0}', '\u{feff}', '\u{ffff}', ' ',
];

/// A name of so many characters: nothing outside the first plane, and no blank at its end.
fn name(most: usize) -> impl Strategy<Value = String> {
    let chars = proptest::collection::vec(proptest::sample::select(ODD), 1..=most);
    chars.prop_map(|chars| {
        let text: String = chars.into_iter().collect();
        let text = text.trim_end_matches([' ', '\n', '\r', '\t', '\u{a0}']).to_owned();
        if text.is_empty() { "x".to_owned() } else { text }
    })
}

fn quoted(name: &str) -> String {
    ["`", &name.replace('`', "``"), "`"].concat()
}

/// A table and its columns: names that differ in more than case and accents.
fn names() -> impl Strategy<Value = (String, Vec<String>)> {
    // A file name of the server holds about 40 characters that it has to escape.
    let table = name(40);
    let columns = proptest::collection::vec(name(62), 3);
    (table, columns).prop_map(|(table, columns)| {
        let columns = columns.into_iter().enumerate();
        (table, columns.map(|(i, column)| format!("{i}{column}")).collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_names((table, columns) in names(), value in ".{0,20}") {
        let value: String = value.chars().filter(|c| *c != '\0').collect();
        let (table, columns): (String, Vec<String>) =
            (quoted(&table), columns.iter().map(|column| quoted(column)).collect());
        let (id, text, link) = (&columns[0], &columns[1], &columns[2]);
        let literal = value.replace('\\', "\\\\").replace('\'', "''");
        let world = World::of(
            database(&format!(
                "SET NAMES utf8mb4;
                 CREATE TABLE {table} ({id} INT PRIMARY KEY, {text} VARCHAR(99), {link} INT,
                    FOREIGN KEY ({link}) REFERENCES {table} ({id}));
                 INSERT INTO {table} VALUES (1, '{literal}', NULL), (2, 'other', 1);"
            )),
            |_| (),
        );
        let asked = Asked { source: &world.source, mapping: &world.mapping };
        let set = &world.mapping.model.entity_sets[0].name;
        let ty = &world.mapping.model.entity_types[0];
        let [id, text, _] = &ty.properties[..] else { panic!("three properties: {ty:?}") };
        let many = ty.navigation.iter().find(|n| n.collection).expect("a collection");
        let (id, text, many) = (&id.name, &text.name, &many.name);
        prop_assert_eq!(asked.ask(&format!("{set}/$count")), "2");
        let shown = serde_json::to_string(&value).expect("JSON");
        let row = asked.ask(&format!("{set}(1)?$select={text}"));
        let row: serde_json::Value = serde_json::from_str(&row).unwrap_or_else(|_| panic!("{row}"));
        prop_assert_eq!(row[text].to_string(), shown);
        let found = asked.ask(&format!("{set}?$select={id}&$filter={text} eq 'other'&$orderby={text},{id} desc"));
        prop_assert_eq!(found, format!("{{\"{id}\":2}}"));
        let found = asked.ask(&format!("{set}?$select={id}&$filter={id} eq 1&$expand={many}($select={id})"));
        prop_assert_eq!(found, format!("{{\"{id}\":1,\"{many}\":[{{\"{id}\":2}}]}}"));
    }
}

/// Where the server makes all names of databases and tables small, they are found in whatever way they are written.
#[test]
fn names_without_capitals() {
    let server = nextlink_testkit::mariadb::private_of_small_names();
    let database = server.database("nextlink");
    database.run(
        "CREATE TABLE Big_Parent (Id INT PRIMARY KEY, `Name` VARCHAR(9));
         CREATE TABLE CHILD (Id INT PRIMARY KEY, ParentId INT, FOREIGN KEY (ParentId) REFERENCES big_parent (Id));
         CREATE VIEW Joined AS SELECT c.Id, p.Name FROM Child c JOIN BIG_PARENT p ON p.Id = c.ParentId;
         INSERT INTO big_PARENT VALUES (1, 'a'); INSERT INTO Child VALUES (7, 1);",
    );
    let name = database.name().to_uppercase();
    let world = World::of(database, |server| server.database = name.clone());
    let tables: Vec<(Option<&str>, &str)> =
        world.catalog.tables.iter().map(|t| (t.schema.as_deref(), t.name.as_str())).collect();
    assert_eq!(tables, [(None, "big_parent"), (None, "child"), (None, "joined")]);
    for (url, expected) in [
        ("big_parent?$expand=child", r#"{"Id":1,"Name":"a","child":[{"Id":7,"ParentId":1}]}"#),
        ("child(7)/Parent/Name", r#""a""#),
    ] {
        assert_eq!(world.ask(url), expected, "{url}");
    }
}

/// Where case makes a difference, another database is another one.
#[test]
fn names_that_differ_by_case() {
    let world = |name: &str| {
        let small =
            database("CREATE TABLE t (id INT PRIMARY KEY); CREATE TABLE T (id INT PRIMARY KEY, x INT);");
        let large = small.name().to_uppercase();
        small.run(&format!("CREATE DATABASE `{large}`; CREATE TABLE `{large}`.other (id INT PRIMARY KEY);"));
        let name = if name == "large" { large.clone() } else { small.name().to_owned() };
        (World::of(small, |server| server.database = name), large)
    };
    for (name, expected) in [("small", vec!["T", "t"]), ("large", vec!["other"])] {
        let (world, large) = world(name);
        let tables: Vec<(Option<&str>, &str)> =
            world.catalog.tables.iter().map(|t| (t.schema.as_deref(), t.name.as_str())).collect();
        let expected: Vec<(Option<&str>, &str)> = expected.into_iter().map(|table| (None, table)).collect();
        let database = world.database;
        drop(world.source);
        database.run(&format!("DROP DATABASE `{large}`"));
        assert_eq!(tables, expected, "{name}");
    }
}

/// The longest names that the server takes: 64 characters.
#[test]
fn the_longest_names() {
    let (table, column) = ("t".repeat(64), ["名", &"c".repeat(63)].concat());
    let world = World::new(&format!(
        "SET NAMES utf8mb4; CREATE TABLE {table} (id INT PRIMARY KEY, `{column}` INT, CONSTRAINT {}
            FOREIGN KEY (`{column}`) REFERENCES {table} (id)); INSERT INTO {table} VALUES (1, NULL), (2, 1);",
        "f".repeat(64)
    ));
    assert_eq!(world.catalog.tables[0].name, table);
    let ty = &world.mapping.model.entity_types[0];
    let many = &ty.navigation.iter().find(|n| n.collection).expect("a collection").name;
    for (url, expected) in [
        (format!("{table}?$filter={column} eq 1&$select=id"), r#"{"id":2}"#.to_owned()),
        (
            format!("{table}(1)?$select=id&$expand={many}"),
            format!("{{\"id\":1,\"{many}\":[{{\"id\":2,\"{column}\":1}}]}}"),
        ),
    ] {
        assert_eq!(world.ask(&url), expected, "{url}");
    }
}
