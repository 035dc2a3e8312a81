//! `$all`: every entity of every set, each with its type.

use std::collections::BTreeMap;

use nextlink_testkit::http::get;
use nextlink_testkit::ledger::read_all;
use serde_json::Value;

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
