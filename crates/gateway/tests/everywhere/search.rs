//! `$search` by indexes over words: what is found, what is not an operator, and that the index is used.

use std::path::Path;

use nextlink_testkit::sqlite::rows;

use crate::common;
use crate::models::{round_trip, validate, wrong};
use crate::world::{SOURCES, World};

const TABLES: &str = "
CREATE TABLE authors (id INTEGER PRIMARY KEY, name varchar(20));
CREATE TABLE articles (id INTEGER PRIMARY KEY, title varchar(200), body text, author_id int, FOREIGN KEY (author_id) REFERENCES authors (id));
INSERT INTO authors VALUES (1, 'Ann'), (2, 'Bob');
INSERT INTO articles VALUES
    (1, 'Fresh coffee', 'roasted in the north', 1),
    (2, 'Green tea', 'picked in the north by hand', 1),
    (3, 'Coffee and tea', 'both of them, roasted or picked', 2),
    (4, 'Cups', NULL, NULL),
    (5, 'C++ in ab', 'coffeehouse', 2),
    (6, NULL, NULL, 2);
";

const MODEL: &str = "
entities:
  Articles:
    table: articles
    search: {columns: [Title, body]}
    properties: {Id: id, Title: title, Body: body}
    hide: [author_id]
    navigation: {Author: {target: Authors, on: {author_id: Id}, partner: Articles}}
  Authors: {table: authors, properties: {Id: id, Name: name}, navigation: {Articles: {target: Articles, on: {Id: author_id}}}}
  Notes: {table: notes, search: words, properties: {Id: id, Text: {column: text, searchable: false}}, hide: [words]}
";

fn world() -> World {
    let scripts = [
        "CREATE VIRTUAL TABLE found USING fts5(title, body, content='articles', content_rowid='id');
         INSERT INTO found(found) VALUES ('rebuild');
         CREATE TABLE notes (id INTEGER PRIMARY KEY, text varchar(99));
         CREATE VIRTUAL TABLE words USING fts5(text, content=notes);",
        "CREATE INDEX found ON articles USING gin (to_tsvector('simple', coalesce(title, '') || ' ' || coalesce(body, '')));
         CREATE TABLE notes (id int PRIMARY KEY, text varchar(99),
            words tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce(text, ''))) STORED);
         CREATE INDEX words ON notes USING gin (words);",
        "CREATE FULLTEXT INDEX found ON articles (body, title);
         CREATE TABLE notes (id int PRIMARY KEY, text varchar(99), words varchar(99) AS (text) STORED, FULLTEXT (words));",
    ];
    let notes = "INSERT INTO notes (id, text) VALUES (1, 'red apples'), (2, 'green apples'), (3, NULL);\n";
    let scripts = scripts.map(|own| [TABLES, own, notes].concat());
    let filled = [&scripts[0], "INSERT INTO words(words) VALUES ('rebuild');"].concat();
    World::written([&filled, &scripts[1], &scripts[2]], MODEL)
}

/// What is searched, and the articles that are found.
const FOUND: &[(&str, &[u8])] = &[
    ("coffee", &[1, 3]),
    ("COFFEE", &[1, 3]),
    ("coffee tea", &[3]),
    ("coffee AND tea", &[3]),
    ("coffee OR tea", &[1, 2, 3]),
    ("coffee NOT tea", &[1]),
    ("coffee AND NOT tea", &[1]),
    ("coffee AND NOT (tea OR cups)", &[1]),
    ("coffee AND NOT (tea AND roasted)", &[1]),
    ("NOT coffee", &[2, 4, 5, 6]),
    ("NOT coffee AND NOT tea", &[4, 5, 6]),
    ("coffee OR NOT roasted", &[1, 2, 3, 4, 5, 6]),
    ("cups OR NOT north", &[3, 4, 5, 6]),
    ("NOT (coffee OR tea)", &[4, 5, 6]),
    ("NOT NOT coffee", &[1, 3]),
    ("(coffee OR green) AND (roasted OR hand)", &[1, 2, 3]),
    ("(coffee AND fresh) OR (green AND tea)", &[1, 2]),
    ("(coffee AND NOT tea) OR cups", &[1, 4]),
    ("(coffee OR tea) AND NOT (fresh OR green)", &[3]),
    ("\"green tea\" OR \"fresh coffee\"", &[1, 2]),
    ("(\"green tea\" AND north) OR cups", &[2, 4]),
    ("\"fresh coffee\"", &[1]),
    ("\"coffee fresh\"", &[]),
    ("north NOT \"fresh coffee\"", &[2]),
    ("nothing", &[]),
    // What the index does not take is looked for as text.
    ("ab", &[5]),
    ("ab coffeehouse", &[5]),
    ("ab OR cups", &[4, 5]),
    ("\"%2B%2B\"", &[5]),
    ("\"picked in the north\"", &[2]),
    // Nothing in a word is an operator.
    ("coff*", &[]),
    ("title:coffee", &[]),
    ("coffee|tea", &[]),
    ("'coffee\" OR \"tea'", &[]),
    ("'coffee\"'", &[1, 3]),
    ("NEAR", &[]),
    ("-coffee", &[1, 3]),
    ("!coffee", &[1, 3]),
    ("coffee)", &[]),
];

/// Ways of searching, all of which go by the index.
const WAYS: &[(&str, u16, &str)] = &[
    ("Articles/$count?$search=coffee", 200, "2"),
    (
        "Articles?$search=coffee&$select=Id&$count=true",
        200,
        r#""@odata.count":2,"value":[{"Id":1},{"Id":3}]}"#,
    ),
    ("Articles?$search=coffee&$filter=Id gt 1&$select=Id", 200, r#""value":[{"Id":3}]}"#),
    ("Articles?$search=coffee&$orderby=Id desc&$select=Id", 200, r#""value":[{"Id":3},{"Id":1}]}"#),
    (
        "Articles?$apply=search(coffee)/aggregate($count as N)",
        200,
        r##""value":[{"N@odata.type":"#Decimal","N":2}]}"##,
    ),
    (
        "Articles?$apply=search(coffee)/groupby((Author/Name),aggregate($count as N))",
        200,
        r##""value":[{"Author":{"Name":"Ann"},"N@odata.type":"#Decimal","N":1},{"Author":{"Name":"Bob"},"N@odata.type":"#Decimal","N":1}]}"##,
    ),
    (
        "Authors?$select=Name&$expand=Articles($search=tea;$select=Id)",
        200,
        r#""value":[{"@odata.id":"Authors(1)","Name":"Ann","Articles":[{"Id":2}]},{"@odata.id":"Authors(2)","Name":"Bob","Articles":[{"Id":3}]}]}"#,
    ),
    ("Authors(1)/Articles?$search=coffee&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    (
        "Authors?$filter=Articles/$count($search=coffee NOT fresh) eq 1&$select=Id",
        200,
        r#""value":[{"Id":2}]}"#,
    ),
    (
        "$crossjoin(Articles,Authors)?$search=bob AND tea&$filter=Articles/Id eq 3&$count=true&$top=0",
        200,
        r#""@odata.count":1,"value":[]}"#,
    ),
    ("Notes?$search=apples NOT red", 200, r#""value":[{"Id":2,"Text":"green apples"}]}"#),
    ("Notes?$search=NOT red&$select=Id", 200, r#""value":[{"Id":2},{"Id":3}]}"#),
    ("Notes?$search=\"green apples\"&$select=Id", 200, r#""value":[{"Id":2}]}"#),
    ("Notes?$search=zz&$select=Id", 200, r#""value":[]}"#),
];

#[test]
fn words_are_found_by_their_index() {
    let world = world();
    validate(MODEL);
    let mut wrong = wrong(&world, WAYS);
    for source in SOURCES {
        for (search, expected) in FOUND {
            let url = ["Articles?$select=Id&$orderby=Id&$search=", search].concat();
            let told = world.ask(source, &url, &[]);
            let ids: Vec<String> = expected.iter().map(|id| format!("{{\"Id\":{id}}}")).collect();
            if *search == "coffee)" {
                assert_eq!(told.status, 400, "{source}: {search}");
            } else if !told.body.ends_with(&format!(",\"value\":[{}]}}", ids.join(","))) {
                wrong.push(format!("{source}: {search}: {} {}", told.status, told.body));
            }
        }
        let metadata = world.ask(source, "$metadata", &[]).body;
        let notes = metadata.split("<EntitySet Name=\"Notes\"").nth(1).unwrap_or_default();
        let searchable = "<PropertyValue Property=\"Searchable\" Bool=\"true\"";
        assert!(notes.contains(searchable), "{source}: {notes}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    round_trip(&world);
    let checked = common::run(&["check", "--config", &world.config()]);
    assert!(!checked.out.contains("search"), "{}", checked.out);
}

/// The statement of a URL, with the values in place of its parameters.
fn statement(world: &World, source: &str, url: &str) -> String {
    let told = common::run(&["explain", source, url, "--config", &world.config()]);
    assert_eq!(told.code, Some(0), "{source}: {}", told.err);
    let (_, rest) = told.out.split_once("-- level 0, rows\n").expect("a statement");
    let mut lines = rest.lines();
    let mut sql = lines.next().expect("its text").to_owned();
    for (number, line) in lines.map_while(|line| line.strip_prefix("--   parameter ")).enumerate() {
        let (_, value) = line.split_once(": String(").expect("a text");
        let value: String = serde_json::from_str(value.trim_end_matches(')')).expect("a text in quotes");
        let value = ["'", &value.replace('\'', "''"), "'"].concat();
        let place = [format!("?{}", number + 1), format!("${}", number + 1), "?".to_owned()];
        let place = place.iter().find(|place| sql.contains(*place)).expect("a place for it");
        sql = sql.replacen(place, &value, 1);
    }
    sql
}

#[test]
fn the_index_is_used() {
    let world = world();
    for (entities, searches) in [
        (
            "Articles",
            &[
                "coffee",
                "coffee NOT tea",
                "coffee OR \"green tea\"",
                "(coffee OR tea) AND NOT (fresh OR cups)",
            ][..],
        ),
        ("Notes", &["apples", "apples NOT red"][..]),
    ] {
        for search in searches {
            for source in SOURCES {
                let url = [entities, "?$search=", search].concat();
                let sql = statement(&world, source, &common::encoded(&url));
                let (plan, words): (Vec<Vec<String>>, &str) = match source {
                    "sqlite" => {
                        let file = world.config();
                        let path = Path::new(&file).with_file_name("modelled.db");
                        (rows(&path, &["EXPLAIN QUERY PLAN ", &sql].concat()), "VIRTUAL TABLE INDEX")
                    }
                    "postgres" => {
                        let sql =
                            ["SET enable_seqscan = off; SET enable_indexscan = off; EXPLAIN ", &sql].concat();
                        (texts(world.databases[0].query(&sql)), "Bitmap Index Scan on ")
                    }
                    _ => (texts(world.databases[1].query(&["EXPLAIN ", &sql].concat())), "fulltext"),
                };
                let plan = format!("{plan:?}");
                assert!(plan.contains(words), "{source}: {sql}\n{plan}");
                assert!(source != "sqlite" || !plan.contains("SCAN t0"), "{sql}\n{plan}");
            }
        }
    }
}

fn texts(rows: Vec<nextlink_testkit::server::Row>) -> Vec<Vec<String>> {
    rows.into_iter().map(|row| row.into_iter().map(|cell| format!("{cell:?}")).collect()).collect()
}

#[test]
fn an_index_that_is_not_there_is_said() {
    let model = "
entities:
  Articles:
    table: articles
    search: {columns: [title, nope]}
    properties: {Id: id}
  Authors: {table: authors, search: name}
";
    let world = World::modelled(TABLES, model);
    let rows = [
        ("Articles?$search=offee&$select=Id", 200, r#""value":[{"Id":1},{"Id":3},{"Id":5}]}"#),
        ("Authors?$search=ann&$select=id", 200, r#""value":[{"id":1}]}"#),
    ];
    let wrong = wrong(&world, &rows);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let checked = common::run(&["check", "--config", &world.config()]);
    for (words, times) in [
        ("line 5, column 31: `nope`: it has no such column, so $search looks at the text of each row", 3),
        ("`name`: there is no such table of FTS5, so $search looks at the text of each row", 1),
        ("`name`: no index is over to_tsvector('simple', \"name\"), so $search reads each row", 1),
        ("`name`: there is no FULLTEXT index over just these columns, so $search looks", 1),
    ] {
        assert_eq!(checked.out.matches(words).count(), times, "{words} in {}", checked.out);
    }
}
