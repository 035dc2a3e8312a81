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
