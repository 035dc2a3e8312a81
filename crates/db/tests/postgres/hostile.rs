//! Names and texts with anything in them: from the server into the model, and back in statements and values.

use std::collections::BTreeMap;

use nextlink_odata::model::EntitySetId;
use nextlink_sql::mapping::{ModelOptions, build};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::ask::Asked;
use crate::setting::{catalogue, database, location, open};

/// Bytes of the longest name.
const LONGEST: usize = 63;

/// A name: what is hard on those who write SQL, and what is hard on those who cut it.
fn name() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("\"".to_owned()),
        Just("'".to_owned()),
        Just(".".to_owned()),
        Just("[x]".to_owned()),
        Just("\n".to_owned()),
        Just("\\".to_owned()),
        Just("--".to_owned()),
        Just("/*".to_owned()),
        Just("$1".to_owned()),
        Just("$a$".to_owned()),
        Just("%".to_owned()),
        Just(";".to_owned()),
        Just(" ".to_owned()),
        Just("é東😀".to_owned()),
        Just("id".to_owned()),
        "[a-zA-Z0-9_]{1,20}",
        "\\PC{1,12}",
    ];
    prop::collection::vec(part, 1..12).prop_map(|parts| cut(&parts.concat()))
}

/// The start that the server keeps of a name.
fn cut(name: &str) -> String {
    let end = (0..=LONGEST).rev().find(|&end| name.is_char_boundary(end)).unwrap_or_default();
    name[..end.min(name.len())].to_owned()
}

fn quoted(name: &str) -> String {
    ["\"", &name.replace('"', "\"\""), "\""].concat()
}

#[test]
fn names_and_texts_round_trip() {
    let database = database("");
    let place = location(database.server(), database.name());
    let names = (name(), name(), prop::collection::btree_set(name(), 3), "[^\\x00]{0,80}");
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let result = runner.run(&names, |(schema, table, columns, text)| {
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let [key, value, parent] = columns[..] else { unreachable!("three columns") };
        // A schema may not be named like those of the server.
        let schema = cut(&["s", &schema].concat());
        let (place_of, key_q, value_q, parent_q) = (
            [quoted(&schema), ".".to_owned(), quoted(&table)].concat(),
            quoted(key),
            quoted(value),
            quoted(parent),
        );
        let literal = ["'", &text.replace('\'', "''"), "'"].concat();
        database.run(&format!(
            "CREATE SCHEMA {schema_q};
             CREATE TABLE {place_of} ({key_q} text PRIMARY KEY, {value_q} text, {parent_q} text REFERENCES {place_of});
             INSERT INTO {place_of} VALUES ({literal}, {literal}, NULL), ('child', 'c', {literal});",
            schema_q = quoted(&schema),
        ));
        let source = open(&place);
        let (catalog, _) = catalogue(&source);
        let found = catalog.tables.iter().find(|t| t.schema.as_deref() == Some(&schema) && t.name == table);
        let found = found.unwrap_or_else(|| panic!("{schema:?}.{table:?} is not in the catalogue"));
        let names: BTreeMap<&str, usize> = found.columns.iter().enumerate().map(|(i, c)| (c.name.as_str(), i)).collect();
        let (mapping, _) = build(&catalog, &ModelOptions::default());
        let set = mapping.find_table(Some(&schema), &table).expect("an entity set");
        let asked = Asked { source: &source, mapping: &mapping };
        let model = &mapping.model;
        let ty = model.entity_type(model.entity_set(set).entity_type);
        let property = |column: &str| ty.properties[names[column]].name.as_str();
        let expected = serde_json::json!([{ property(key): text, property(value): text }]).to_string();
        let expected = &expected[1..expected.len() - 1];
        let sent = percent(&text.replace('\'', "''"));
        let set = &model.entity_set(EntitySetId(set.0)).name;
        let select = format!("$select={},{}", property(key), property(value));
        let same = |found: String| {
            let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
            prop_assert!(read(&found).is_some() && read(&found) == read(expected), "{found} is not {expected}");
            Ok(())
        };
        same(asked.ask(&format!("{set}('{sent}')?{select}")))?;
        same(asked.ask(&format!("{set}?$filter={} eq '{sent}'&{select}", property(value))))?;
        let many = ty.navigation.iter().find(|n| n.collection).expect("a collection");
        let expanded = asked.ask(&format!(
            "{set}?$filter={} eq '{sent}'&$select={}&$expand={}($select={})",
            property(value), property(value), many.name, property(key)
        ));
        prop_assert!(expanded.ends_with("\":\"child\"}]}"), "{expanded}");
        drop(source);
        database.run(&format!("DROP SCHEMA {} CASCADE;", quoted(&schema)));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
