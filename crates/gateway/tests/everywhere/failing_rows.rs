//! Conditions on rows that cannot be computed: that is no mistake of the client, and nothing tells of the rows.

use nextlink_testkit::http;

use crate::world::{SOURCES, World};

const SCRIPT: &str = "
CREATE TABLE things (id int PRIMARY KEY, parts int, total int NOT NULL);
CREATE TABLE others (id int PRIMARY KEY, thing_id int, FOREIGN KEY (thing_id) REFERENCES things (id));
INSERT INTO things VALUES (1, 2, 8), (2, 0, 77777), (3, 1, 9);
INSERT INTO others VALUES (1, 1), (2, 2)";

const MODEL: &str = "
entities:
  Things:
    table: things
    properties: {Id: id}
    hide: [parts, total]
    rows: total div parts gt 0
    navigation: {Others: {target: Others, on: {Id: Thing}, partner: Of}}
  Others:
    table: others
    properties: {Id: id, Thing: thing_id}
    navigation: {Of: {target: Things, on: {Thing: Id}, partner: Others}}
";

#[test]
fn conditions_that_fail_are_the_fault_of_the_service() {
    let world = World::modelled(SCRIPT, MODEL);
    let rows = [
        ("Things", 500, "RowsFailed at Things"),
        ("Things/$count", 500, "RowsFailed at Things"),
        ("Things(2)", 500, "RowsFailed at Things"),
        ("Things?$filter=Id add 1 gt 0", 500, "RowsFailed at Things"),
        ("Others?$expand=Of", 500, "RowsFailed at Things"),
        ("Others?$filter=1 div (Id sub 1) gt 0", 400, "ExpressionFailed at expression"),
        ("Others/$count", 200, "2"),
        ("Things(1)?$select=Id", 200, "\"Id\":1}"),
        ("Others(2)/Thing/$value", 200, "2"),
    ];
    for source in SOURCES {
        // By key the same is asked for in two ways.
        for (url, status, expected) in rows.iter().chain(&rows) {
            let told = world.ask(source, url, &[]);
            let same = told.status == *status && told.body.ends_with(expected);
            assert!(same, "{source}: {url}: {} {}", told.status, told.body);
        }
        later_fails(&world, source, "Things", "RowsFailed");
        let text = http::get(&[&world.node.service(source), "Things"].concat(), &[]).text();
        assert!(text.contains("Which entities of `Things` there are cannot be computed."), "{text}");
        assert!(!text.contains("77777") && !text.contains("zero"), "{source}: {text}");
    }
    let log = world.node.log();
    for source in SOURCES {
        let words = "the condition on rows of Things (the model file, line 7, column 11) fails: ";
        let lines = log.lines().filter(|line| line.contains(&format!("source=\"{source}\"")));
        assert!(lines.filter(|line| line.contains(words)).count() > 5, "{source}: {log}");
    }
    // Where nothing else is wrong, `check` says so beforehand.
    world.says(&world.config(), &[("Things: The condition on its rows fails (", 3)]);
}

#[test]
fn views_that_fail_are_the_fault_of_the_database() {
    let with =
        |view: &str| [SCRIPT, ";\nCREATE VIEW sums AS SELECT id, ", view, " AS q FROM things"].concat();
    let world =
        World::scripts(&with("total / parts"), &with("9223372036854775000 + total"), "sums = [\"id\"]");
    let rows = [
        ("sums", 500, "DefinitionFailed at -"),
        ("sums(2)", 500, "DefinitionFailed at -"),
        ("sums?$filter=q gt 1 and id in (1,2,3)&$orderby=q desc", 500, "DefinitionFailed at -"),
        ("sums(1)?$select=id", 200, "\"id\":1}"),
        ("sums/$count", 200, "3"),
        // It may be the request.
        ("sums?$compute=q mul 2 as x", 400, "ExpressionFailed at expression"),
        ("sums?$apply=aggregate(q with sum as s)", 400, "ExpressionFailed at expression"),
    ];
    for source in &SOURCES[1..] {
        // By key the same is asked for in two ways.
        for (url, status, expected) in rows.iter().chain(&rows) {
            let told = world.ask(source, url, &[]);
            let same = told.status == *status && told.body.ends_with(expected);
            assert!(same, "{source}: {url}: {} {}", told.status, told.body);
        }
        later_fails(&world, source, "sums", "DefinitionFailed");
    }
}

/// An answer that is asked for later tells the same code.
#[track_caller]
fn later_fails(world: &World, source: &str, url: &str, code: &str) {
    let answer = world.later(source, url, &[("OData-MaxVersion", "4.01")]);
    let text = answer.text();
    assert_eq!(answer.header("asyncresult"), Some("500"), "{source}: {url}: {text}");
    assert!(text.contains(&format!("\"code\":\"{code}\"")), "{source}: {url}: {text}");
}
