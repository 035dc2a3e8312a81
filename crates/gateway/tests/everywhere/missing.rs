//! Entities that a foreign key leads to although they are not there: their rows were deleted softly, or nobody made sure of the key.

use crate::models::wrong_at;
use crate::world::{SOURCES, World};

const TABLES: &str = "
CREATE TABLE people (id INTEGER PRIMARY KEY, name varchar(20), gone timestamp NULL);
CREATE TABLE items (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL);
CREATE TABLE parts (id INTEGER PRIMARY KEY, maker INTEGER NOT NULL);
CREATE TABLE makers (id INTEGER PRIMARY KEY, name varchar(20));
INSERT INTO people VALUES (1, 'Ada', NULL), (2, 'Bob', NULL), (3, 'Cy', '2024-01-01 00:00:00');
INSERT INTO makers VALUES (1, 'Ada'), (2, 'Bob');
INSERT INTO items VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO parts VALUES (1, 1), (2, 2), (3, 77);
";

const MODEL: &str = "
entities:
  People: {table: people, properties: {Id: id, Name: name}, hide: [gone], changes: {deleted: {column: gone}}}
  Items: {table: items, properties: {Id: id}, others: false, navigation: {Owner: {target: People, on: {owner: Id}}}}
  Makers: {table: makers, properties: {Id: id, Name: name}}
  Parts: {table: parts, properties: {Id: id}, others: false, navigation: {Owner: {target: Makers, on: {maker: Id}}}}
";

/// What is asked of items and of parts alike.
const ROWS: &[(&str, u16, &str)] = &[
    ("SET?$select=Id&$filter=Owner/Name ne 'Ada'", 200, r#""value":[{"Id":2},{"Id":3}]}"#),
    ("SET?$select=Id&$filter=not (Owner/Name eq 'Ada')", 200, r#""value":[{"Id":2},{"Id":3}]}"#),
    ("SET?$select=Id&$filter=Owner/Id ne Id", 200, r#""value":[{"Id":3}]}"#),
    ("SET?$select=Id&$filter=not (length(Owner/Name) gt 2)", 200, r#""value":[{"Id":3}]}"#),
    ("SET?$select=Id&$filter=Owner/Id in (1,2)", 200, r#""value":[{"Id":1},{"Id":2}]}"#),
    ("SET?$select=Id&$filter=Owner eq null", 200, r#""value":[{"Id":3}]}"#),
    ("SET?$select=Id&$filter=Owner/Id eq null", 200, r#""value":[{"Id":3}]}"#),
    ("SET?$select=Id&$orderby=Owner/Name desc", 200, r#""value":[{"Id":2},{"Id":1},{"Id":3}]}"#),
    ("SET?$select=Id&$orderby=Owner/Id", 200, r#""value":[{"Id":3},{"Id":1},{"Id":2}]}"#),
    ("SET?$apply=topcount(1,Owner/Id)&$select=Id", 200, r#""value":[{"Id":2}]}"#),
    (
        "SET?$select=Id&$expand=Owner($select=Id)",
        200,
        r#""value":[{"Id":1,"Owner":{"Id":1}},{"Id":2,"Owner":{"Id":2}},{"Id":3,"Owner":null}]}"#,
    ),
];

#[test]
fn what_a_key_leads_to_may_not_be_there() {
    let keys = "
        ALTER TABLE items ADD FOREIGN KEY (owner) REFERENCES people (id);
        ALTER TABLE parts ADD FOREIGN KEY (maker) REFERENCES makers (id)";
    // SQLite has keys from the start, and asks nobody whether they hold.
    let declared = TABLES
        .replace("owner INTEGER NOT NULL", "owner INTEGER NOT NULL REFERENCES people (id)")
        .replace("maker INTEGER NOT NULL", "maker INTEGER NOT NULL REFERENCES makers (id)");
    let written = ["PRAGMA foreign_keys = OFF;", &declared].concat();
    let unchecked = [TABLES, keys, " NOT VALID;"].concat();
    // MariaDB is trusted to keep its keys.
    let kept = [&TABLES.replace("(3, 77)", "(3, 2)"), keys, ";"].concat();
    let world = World::written([&written, &unchecked, &kept], MODEL);
    for (set, sources) in [("Items", &SOURCES[..]), ("Parts", &["sqlite", "postgres"])] {
        let rows: Vec<String> = ROWS.iter().map(|(url, ..)| url.replace("SET", set)).collect();
        let rows: Vec<(&str, u16, &str)> =
            rows.iter().zip(ROWS).map(|(url, (_, status, part))| (url.as_str(), *status, *part)).collect();
        let wrong = wrong_at(&world, sources, &rows);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
