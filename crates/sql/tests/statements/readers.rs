//! Readers: what is in the model of each, and which model files would let everybody see what has some.

use std::sync::Arc;

use nextlink_odata::csdl::{self, CsdlOptions};
use nextlink_odata::model::PrimitiveType;
use nextlink_sql::catalog::{Call, Catalog, Column, ColumnType, Gives, Routine};
use nextlink_sql::full_text::{ColumnIndex, FullTexts};
use nextlink_sql::mapping::{Mapping, ModelOptions, build, build_for, unread};
use nextlink_sql::shape::Shape;

use super::shop::table;

/// People with notes; pairs of people and tags; a table that nothing is said of, and a function.
fn catalog() -> Catalog {
    let people = ["id Int32", "name String", "pay Int32?", "grade String", "street String?", "photo Binary?"];
    let more = ["kind String?", "boss Int32?", "about String"];
    let people: Vec<&str> = people.into_iter().chain(more).collect();
    let routine = Routine {
        schema: None,
        name: "secret_sum".to_owned(),
        arguments: Vec::new(),
        gives: Gives::Values(Box::new(Column::plain(
            "v".to_owned(),
            ColumnType::Primitive(PrimitiveType::Int32),
        ))),
        collection: false,
        call: Call { before: Arc::from("SELECT secret_sum("), arguments: Vec::new(), after: Arc::from(")") },
        comment: None,
    };
    let index = |columns: &[&str]| ColumnIndex {
        schema: String::new(),
        table: "people".to_owned(),
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        least: 1,
    };
    Catalog {
        tables: vec![
            table("people", &people, &[0], &[(&[7], 0)]),
            table("notes", &["id Int32", "person Int32", "text String"], &[0], &[(&[1], 0)]),
            table("tags", &["id Int32", "label String"], &[0], &[]),
            table("pairs", &["person Int32", "tag Int32"], &[0, 1], &[(&[0], 0), (&[1], 2)]),
            table("other", &["id Int32"], &[0], &[]),
        ],
        routines: vec![routine],
        functions: [("Rich", "id"), ("Noted", "id")]
            .map(|(name, column)| (name.to_owned(), 0, vec![column.to_owned()]))
            .into(),
        full_text: FullTexts::Columns(vec![index(&["name", "about"]), index(&["about"])]),
        ..Catalog::default()
    }
}

fn options(model: &str) -> ModelOptions {
    ModelOptions { shape: Shape::parse(model).expect("a model file"), ..ModelOptions::default() }
}

/// What a login sees.
fn seen(model: &str, login: Option<&str>) -> Mapping {
    let (all, _) = build(&catalog(), &options(model));
    assert!(all.lost.is_empty(), "{:?}", all.lost);
    let shape = options(model).shape.seen_by(login);
    build_for(&catalog(), &ModelOptions { shape, ..options(model) }, &all)
}

fn document(mapping: &Mapping) -> String {
    csdl::json(&mapping.model, &CsdlOptions::default())
}

/// `PROPERTY`, `PEOPLE`, `NOTES`, `PAIRS` and `FUNCTION` stand where there can be readers.
const MODEL: &str = "
groups: {some: [ann]}
entities:
  People:
    table: people
    type: Person
    PEOPLE
    hide: [about]
    etag: [name, pay]
    search: [about]
    properties:
      Pay: {column: pay, PROPERTY}
      Grade: {column: grade, type: Rank, PROPERTY}
      Home: {type: Address, columns: {Street: street}, PROPERTY}
      Photo: {column: photo, type: Edm.Stream, PROPERTY}
    derived: {Boss: {when: {kind: b}, properties: {Team: {column: boss, PROPERTY}}}}
    rows: Pay gt 1 and Notes/any()
    navigation: {Notes: {target: Notes, on: {id: person}, partner: Person}}
    annotations: {'@Core.LongDescription': Not the Pay, '@Core.LongDescription#b': Nor the Notes}
  Notes:
    table: notes
    type: Note
    NOTES
    properties: {Id: id, Text: text}
    navigation: {Person: {target: People, on: {person: id}, partner: Notes}}
    annotations: {'@Core.LongDescription': Said}
  Pairs: {table: pairs, PAIRS}
singletons:
  First: {of: People, row: {id: 1}}
  Poor: {of: People, row: {Pay: 1}}
functions:
  Rich: {sql: SELECT id FROM people, returns: People, FUNCTION}
  Noted: {sql: 'SELECT id FROM notes', returns: Notes}
enumerations: {Rank: {members: {High: h, Low: l}}}
";

fn model(place: &str) -> String {
    let mut text = MODEL.to_owned();
    for known in ["PROPERTY", "PEOPLE", "NOTES", "PAIRS", "FUNCTION"] {
        let readers = if known == place { "readers: [some, bob]" } else { "" };
        // A table with nothing in the place of its last key is one all the same.
        text = text.replace(
            &[", ", known].concat(),
            &if readers.is_empty() { String::new() } else { format!(", {readers}") },
        );
        text = text.replace(known, readers);
    }
    text
}

#[test]
fn whoever_is_no_reader_sees_nothing_of_it() {
    let rows: &[(&str, &[&str])] = &[
        (
            "PROPERTY",
            &[
                "\"Pay\"", "the Pay", "Grade", "Rank", "High", "Home", "Address", "Street", "Photo", "Team",
                "Poor",
            ],
        ),
        ("NOTES", &["\"Notes\"", "\"Note\"", "Text", "\"Noted\"", "the Notes", "Said"]),
        (
            "PEOPLE",
            &["People", "\"Person\"", "Boss", "Rich", "First", "\"Pay\"", "\"Photo\"", "Rank", "Address"],
        ),
        ("PAIRS", &["Pairs", "\"pairs\"", "\"$Partner\":\"people\""]),
        ("FUNCTION", &["Rich"]),
    ];
    for (place, names) in rows {
        let model = model(place);
        let text = |login| document(&seen(&model, login));
        for login in [Some("ann"), Some("bob")] {
            let missing: Vec<_> = names.iter().filter(|name| !text(login).contains(**name)).collect();
            assert!(missing.is_empty(), "{place}, {login:?}: {missing:?} in {}", text(login));
        }
        for login in [None, Some("Ann"), Some("some"), Some("")] {
            let found: Vec<_> = names.iter().filter(|name| text(login).contains(**name)).collect();
            assert!(found.is_empty(), "{place}, {login:?}: {found:?} in {}", text(login));
            assert!(text(login).contains("\"other\""), "{place}: what has no readers is there");
        }
        assert!(!text(None).contains("secret_sum"), "{place}");
    }
}

#[test]
fn annotations_that_name_it_are_not_told() {
    for (set, value, told) in [
        ("people", "{$Path: pay}", false),
        ("people", "{$Path: name}", true),
        ("people", "[{$PropertyPath: name}, {$PropertyPath: pay}]", false),
        ("notes", "{$Path: person/pay}", false),
        ("notes", "{$Path: person/name}", true),
        // There is another one of this name, which is seen.
        ("people", "{$Path: id}", true),
        ("people", "{$Path: label}", false),
        ("tags", "{$Path: label}", true),
        ("notes", "{$Path: person/label}", false),
        ("tags", "'what people are payed'", true),
        ("tags", "'the pay, if any'", false),
    ] {
        let annotated = |name: &str| {
            let told = format!("annotations: {{'@Core.LongDescription': {value}}}");
            if name == set { told } else { "others: true".to_owned() }
        };
        let model = format!(
            "entities:\n  people: {{properties: {{pay: {{readers: [a]}}, label: {{column: about, readers: [a]}}}}, {}}}\n  \
             notes: {{{}}}\n  tags: {{{}}}",
            annotated("people"),
            annotated("notes"),
            annotated("tags")
        );
        assert_eq!(document(&seen(&model, None)).contains("LongDescription"), told, "{set}: {value}");
        assert!(document(&seen(&model, Some("a"))).contains("LongDescription"), "{set}: {value}");
    }
}

#[test]
fn what_is_seen_is_called_the_same_by_all() {
    let link = |name: &str| table(name, &["a Int32", "b Int32"], &[0, 1], &[(&[0], 0), (&[1], 1)]);
    let tables = vec![
        table("a", &["id Int32", "b_id Int32?"], &[0], &[(&[1], 1)]),
        table("b", &["id Int32"], &[0], &[]),
        link("one"),
        link("two"),
        table("c", &["id Int32", "a Int32", "a2 Int32"], &[0], &[(&[1], 0), (&[2], 0)]),
    ];
    let catalog = Catalog { tables, ..Catalog::default() };
    for (hidden, links) in [("one", 5), ("two", 5), ("c", 5), ("b", 4), ("a", 0)] {
        let options = options(&format!("entities: {{{hidden}: {{readers: [x]}}}}"));
        let (all, _) = build(&catalog, &options);
        let shape = options.shape.seen_by(None);
        let seen = build_for(&catalog, &ModelOptions { shape, ..options }, &all);
        let links_of = |mapping: &Mapping, name: &str| {
            let found = mapping.model.entity_types.iter().find(|ty| ty.name == name);
            let navigation = found.into_iter().flat_map(|ty| &ty.navigation);
            navigation
                .map(|link| (link.name.clone(), mapping.model.entity_type(link.target).name.clone()))
                .collect()
        };
        let (before, after): (Vec<_>, Vec<_>) = (links_of(&all, "a"), links_of(&seen, "a"));
        assert!(after.iter().all(|link| before.contains(link)), "{hidden}: {after:?} of {before:?}");
        assert_eq!(after.len(), links, "{hidden}: {after:?} of {before:?}");
        for (ty, table) in seen.model.entity_types.iter().zip(&seen.tables) {
            assert_eq!(ty.navigation.len(), table.links.len(), "{hidden}");
            for link in &ty.navigation {
                let there = &seen.model.entity_type(link.target).navigation;
                let back =
                    link.partner.map(|partner| seen.model.entity_type(there[partner].target).name.as_str());
                assert!(back.is_none_or(|back| back == ty.name), "{hidden}: {}/{}", ty.name, link.name);
            }
        }
    }
}

#[test]
fn what_is_not_seen_goes_on_working() {
    let mapping = seen(&model("PROPERTY"), None);
    let set = mapping.model.find_set("People").expect("people");
    let (ty, table) =
        (mapping.model.entity_type(mapping.model.entity_set(set).entity_type), mapping.table(set));
    let names: Vec<&str> = ty.properties.iter().map(|property| property.name.as_str()).collect();
    assert_eq!(
        names,
        ["id", "name", "kind"],
        "types are told apart by their column, and what is no property has no name"
    );
    let rule = table.rows.as_ref().and_then(|rows| rows.rule.as_ref());
    assert!(rule.is_some() && mapping.whole.is_some(), "conditions hold of what is not seen");
    let etag: Vec<&str> = table.etag.iter().map(|column| table.columns[*column].column.as_str()).collect();
    assert_eq!(etag, ["name"], "an ETag tells the values that it is made of");
    for (model, login, found) in [
        ("{about: {readers: [ann]}}, search: [name, about]", None, false),
        ("{about: {readers: [ann]}}, search: [about]", None, false),
        ("{about: {readers: [ann]}}, search: [about]", Some("ann"), true),
        ("{pay: {readers: [ann]}}, search: [about]", None, true),
        ("{A: {type: T, columns: {about: about}, readers: [ann]}}, search: [about]", None, false),
    ] {
        let text = format!("entities: {{people: {{properties: {model}}}}}");
        let mapping = seen(&text, login);
        let set = mapping.model.find_set("people").expect("people");
        assert_eq!(mapping.table(set).full_text.is_some(), found, "{model}, {login:?}");
    }
}

#[test]
fn what_everybody_would_see_is_lost() {
    for (model, words) in [
        (
            "entities: {A: {table: peopel, readers: [a]}}",
            "no table or view has this name, so everybody would see",
        ),
        ("entities: {A: {table: peopel, properties: {x: {readers: [a]}}}}", "no table or view has this name"),
        ("entities: {people: {properties: {payy: {readers: [a]}}}}", "it is not found as it is told"),
        (
            "entities: {people: {properties: {pay: {column: payy, readers: [a]}}}}",
            "it is not found as it is told",
        ),
        ("entities: {people: {properties: {id: {readers: [a]}}}}", "it is part of the key"),
        ("entities: {people: {properties: {Nr: {column: id, readers: [a]}}}}", "it is part of the key"),
        (
            "entities: {people: {properties: {pay: {type: Edm.Stream, readers: [a]}}}}",
            "it is not found as it is told",
        ),
        (
            "entities: {people: {derived: {B: {when: {kindd: b}, properties: {pay: {readers: [a]}}}}}}",
            "it is not found as it is told",
        ),
        (
            "entities: {people: {properties: {P: {column: photo, type: Edm.Stream, readers: [a]}}, media: {column: photo}}}",
            "its column is served in another way, too",
        ),
        (
            "entities: {people: {properties: {P: {column: pay, readers: [a]}, Q: PAY}}}",
            "it is not found as it is told",
        ),
        (
            "entities: {people: {properties: {P: {column: pay, readers: [a]}, Q: {type: T, columns: {x: PAY}}}}}",
            "its column is served in another way, too",
        ),
        (
            "entities: {people: {properties: {a: {column: about, readers: [a]}}, open: about}}",
            "in another way, too",
        ),
        (
            "functions: {F: {routine: sum_secret, readers: [a]}}",
            "the database has no such function, so everybody",
        ),
        // What is not served at all is seen by nobody.
        ("entities: {people: {others: false, properties: {payy: {readers: [a]}}}}", ""),
        ("others: false\nfunctions: {F: {routine: sum_secret, readers: [a]}}", ""),
        ("entities: {people: {properties: {pay: {readers: [a]}}}}", ""),
        ("functions: {F: {routine: secret_sum, readers: [a]}}", ""),
    ] {
        let (mapping, _) = build(&catalog(), &options(model));
        let lost: Vec<String> = mapping.lost.iter().map(ToString::to_string).collect();
        assert_eq!(lost.len(), usize::from(!words.is_empty()), "{model}: {lost:?}");
        assert!(
            lost.iter().all(|lost| lost.contains(words) && lost.contains("nothing is served")),
            "{lost:?}"
        );
    }
}

#[test]
fn functions_of_the_database_are_not_served_beside_readers_unless_they_are_named() {
    for (model, login, served) in [
        ("", None, true),
        ("entities: {people: {properties: {pay: {readers: [a]}}}}", Some("a"), false),
        ("entities: {people: {readers: [a]}}\nfunctions: {F: {routine: secret_sum}}", None, true),
        ("functions: {F: {routine: secret_sum, readers: [a]}}", Some("a"), true),
        ("functions: {F: {routine: secret_sum, readers: [a]}}", None, false),
    ] {
        assert_eq!(seen(model, login).model.functions.len(), usize::from(served), "{model}, {login:?}");
    }
}

#[test]
fn readers_that_nobody_is_are_told() {
    for (model, by_login, words) in [
        (
            "groups: {g: [a]}\nentities: {people: {readers: [b]}}",
            true,
            vec!["`g`: no `readers` name this group"],
        ),
        (
            "groups: {g: [a]}\nentities: {people: {readers: [G, g]}}",
            true,
            vec!["`G`: it is a login, as the group is"],
        ),
        ("entities: {people: {readers: [a]}}", true, vec![]),
        (
            "entities: {people: {readers: [a]}}",
            false,
            vec!["nobody sees it, since the source takes no logins"],
        ),
        ("entities: {people: {properties: {pay: {readers: [a]}}}}", false, vec!["`pay`: nobody sees it"]),
    ] {
        let told: Vec<String> =
            unread(&options(model).shape, by_login).iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), words.len(), "{model}: {told:?}");
        assert!(told.iter().zip(&words).all(|(told, words)| told.contains(words)), "{model}: {told:?}");
    }
}
