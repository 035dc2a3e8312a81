//! Delta links out of tables that triggers fill, as the manual has them; rows of them that are taken away.

use nextlink_testkit::http;
use serde_json::{Value, json};

use crate::changes::{NEW, OLD, all, change, json_of};
use crate::models::{round_trip, validate};
use crate::world::{SOURCES, World};

/// The page on model files, with the triggers for each database.
const MANUAL: &str = include_str!("../../../../docs/model.md");

/// `WHEN` is the type of points in time.
const SCRIPT: &str = "
CREATE TABLE customers (id int PRIMARY KEY, name varchar(40), city varchar(40));
CREATE TABLE parts (a int NOT NULL, b varchar(9) NOT NULL, name varchar(40), PRIMARY KEY (a, b));
CREATE TABLE parts_log (a int, b varchar(9), told WHEN);
CREATE TABLE one (id int PRIMARY KEY, gone int);
CREATE TABLE one_log (one_id int, number bigint);
";

const MODEL: &str = "
namespace: Shop
exclude: ['*_log']
entities:
  Customers:
    table: customers
    type: Customer
    properties: {Id: id, Name: name, City: city}
    changes: {table: customers_log, key: {Id: customer_id}, at: number}
  Parts:
    table: parts
    type: Part
    properties: {A: a, B: b, Name: name}
    changes: {table: parts_log, at: told}
  Ones:
    table: one
    type: One
    properties: {Id: id}
    hide: [gone]
    changes: {table: one_log, key: {id: one_id}, at: number, deleted: {column: gone}}
";

/// The triggers that the manual has for a database.
fn triggers(database: &str) -> &'static str {
    let (_, behind) = MANUAL.split_once(&["\n-- ", database, "\n"].concat()).expect("an example");
    behind.split_once("```").expect("its end").0
}

fn world() -> World {
    let of = |when: &str, database: &str| [&SCRIPT.replace("WHEN", when), triggers(database)].concat();
    let scripts =
        [of("timestamp", "SQLite"), of("timestamptz", "PostgreSQL"), of("datetime(6)", "MySQL, MariaDB")];
    World::written([&scripts[0], &scripts[1], &scripts[2]], MODEL)
}

/// Begins to follow what a URL gives.
#[track_caller]
fn followed(world: &World, source: &str, url: &str) -> String {
    let (_, delta, _) =
        all(&[&world.node.service(source), url].concat(), &[OLD, ("prefer", "track-changes")]);
    delta
}

fn removed(set: &str, key: &str, reason: &str) -> Value {
    json!({"@odata.context": format!("#{set}/$deletedEntity"), "reason": reason, "id": format!("{set}({key})")})
}

#[test]
fn triggers_tell_what_has_changed() {
    validate(MODEL);
    let world = world();
    for source in SOURCES {
        change(
            &world,
            source,
            "INSERT INTO customers VALUES (1, 'Ann', 'Ulm'), (2, 'Bob', 'Ulm'), (3, 'Cy', 'Bonn')",
        );
        let delta =
            followed(&world, source, "Customers?$filter=City%20eq%20'Ulm'&$select=Id,Name&$orderby=Name");
        change(&world, source, "UPDATE customers SET name = 'Bea' WHERE id = 2");
        change(&world, source, "UPDATE customers SET name = 'Anna' WHERE id = 1");
        change(&world, source, "DELETE FROM customers WHERE id = 1");
        change(&world, source, "UPDATE customers SET city = 'Bonn', name = NULL WHERE id = 2");
        change(&world, source, "INSERT INTO customers VALUES (4, 'Di', 'Ulm'), (5, 'Ed', 'Ulm')");
        change(&world, source, "UPDATE customers SET id = 6 WHERE id = 5");
        let (di, ed) = (json!({"Id": 4, "Name": "Di"}), json!({"Id": 6, "Name": "Ed"}));
        // Each key once, in the order of its last change; what has the very mark is told again.
        let expected = vec![
            removed("Customers", "3", "changed"),
            removed("Customers", "1", "deleted"),
            removed("Customers", "2", "changed"),
            di.clone(),
            removed("Customers", "5", "deleted"),
            ed.clone(),
        ];
        let (rows, next, pages) = all(&delta, &[OLD]);
        assert_eq!((&rows, pages), (&expected, 1), "{source}");
        let (rows, _, pages) = all(&delta, &[OLD, ("prefer", "maxpagesize=2")]);
        assert_eq!((&rows, pages), (&expected, 3), "{source}");
        let (rows, ..) = all(&delta, &[NEW]);
        let newer = json!({"@removed": {"reason": "deleted"}, "@id": "Customers(1)"});
        assert_eq!((&rows[1], &rows[3], rows.len()), (&newer, &di, 6), "{source}");
        let counted = json_of(&http::get(&[&delta, "&$count=true"].concat(), &[OLD]));
        assert_eq!(counted["@odata.count"], 6, "{source}: {counted}");
        let number = http::get(&delta.replacen("Customers?", "Customers/$count?", 1), &[OLD]);
        assert_eq!((number.status, number.text().as_str()), (200, "6"), "{source}");
        let (rows, ..) = all(&next, &[OLD]);
        assert_eq!(rows, [ed], "{source}");
    }
    round_trip(&world);
}

#[test]
fn keys_are_told_apart_by_code_point() {
    let world = world();
    for source in SOURCES {
        change(
            &world,
            source,
            "INSERT INTO parts VALUES (1, 'x', 'one'), (1, 'y', NULL);
            INSERT INTO parts_log VALUES (1, 'x', '2024-01-01 00:00:00Z'), (1, 'y', '2024-01-01 00:00:00Z')",
        );
        let delta = followed(&world, source, "Parts?$select=Name");
        change(
            &world,
            source,
            "DELETE FROM parts WHERE b = 'x';
            INSERT INTO parts VALUES (1, 'X', 'big');
            INSERT INTO parts_log VALUES (1, 'x', '2024-01-02 00:00:00Z'), (1, 'X', '2024-01-02 00:00:00Z'),
                (NULL, 'y', '2024-01-03 00:00:00Z'), (1, 'y', NULL)",
        );
        let (rows, next, _) = all(&delta, &[OLD]);
        let there =
            |b: &str, name: Option<&str>| json!({"@odata.id": format!("Parts(A=1,B='{b}')"), "Name": name});
        let told = [there("y", None), there("X", Some("big")), removed("Parts", "A=1,B='x'", "deleted")];
        assert_eq!(rows, told, "{source}");
        // The mark is that of the newest row, whatever it is of.
        let (rows, ..) = all(&next, &[OLD]);
        assert!(rows.is_empty(), "{source}: {rows:?}");
    }
}

#[test]
fn what_was_taken_away_is_said() {
    let world = world();
    let get = |delta: &str| http::get(delta, &[OLD]);
    for source in SOURCES {
        let code = |delta: &str| {
            let answer = get(delta);
            (answer.status, answer.text().contains("DeltaLinkGone") && answer.text().contains("too old"))
        };
        change(&world, source, "INSERT INTO one VALUES (1, NULL), (2, NULL), (3, NULL)");
        // Nothing was told yet: numbers begin with 1, so it is known whether something is missing.
        let first = followed(&world, source, "Ones");
        assert_eq!(all(&first, &[OLD]).0, Vec::<Value>::new(), "{source}");
        change(
            &world,
            source,
            "INSERT INTO one_log VALUES (1, 1), (9, 2); UPDATE one SET gone = 1 WHERE id = 2;
            INSERT INTO one_log VALUES (2, 3)",
        );
        let told = [json!({"Id": 1}), removed("Ones", "9", "deleted"), removed("Ones", "2", "deleted")];
        let (rows, second, _) = all(&first, &[OLD]);
        assert_eq!(rows, told, "{source}");
        change(&world, source, "DELETE FROM one_log WHERE number < 3; INSERT INTO one_log VALUES (3, 4)");
        assert_eq!(code(&first), (410, true), "{source}");
        assert_eq!(code(&first.replacen("Ones?", "Ones/$count?", 1)), (410, true), "{source}");
        let (rows, third, _) = all(&second, &[OLD]);
        assert_eq!(rows, [removed("Ones", "2", "deleted"), json!({"Id": 3})], "{source}");
        change(&world, source, "DELETE FROM one_log WHERE number < 4");
        assert_eq!(code(&second), (410, true), "{source}");
        assert_eq!(all(&third, &[OLD]).0, [json!({"Id": 3})], "{source}");
        // Of times nobody knows whether one was before the oldest.
        let times = followed(&world, source, "Parts");
        assert_eq!(get(&times).status, 200, "{source}");
        change(&world, source, "INSERT INTO parts_log VALUES (1, 'z', '2024-01-01 00:00:00Z')");
        assert_eq!(code(&times), (410, true), "{source}");
    }
}

#[test]
fn what_is_wrong_with_a_table_is_told() {
    let world = world();
    let rows = [
        ("{table: nope, at: number}", "`nope`: no table or view has this name"),
        (
            "{table: one_log, key: {Id: one_id}, at: nope}",
            "`nope`: the table that tells of changes has no such column",
        ),
        ("{table: one_log, at: number}", "`one_log`: not all of the key is told there"),
        ("{table: one_log, key: {Name: one_id}, at: number}", "`Name`: it is no part of the key"),
        (
            "{table: parts_log, key: {Id: b}, at: told}",
            "`parts_log`: a part of the key has another type there",
        ),
        ("{table: parts_log, key: {Id: a}, at: b}", "`b`: only points in time and numbers tell"),
    ];
    for (number, (changes, problem)) in rows.iter().enumerate() {
        let model = MODEL.replace("{table: customers_log, key: {Id: customer_id}, at: number}", changes);
        let config = world.config_with(&format!("wrong{number}"), &model);
        world.says(&config, &[(problem, SOURCES.len())]);
    }
}
