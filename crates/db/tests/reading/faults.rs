//! What goes wrong in the database, or is asked of it beyond its means, has its own name.

use std::time::{Duration, Instant};

use futures_executor::block_on;
use nextlink_db::error::Error;
use nextlink_db::location::Location;
use nextlink_db::source::Source;
use nextlink_odata::json::PageWriter;
use rusqlite::Connection;

use crate::data::{PEOPLE, VALUES};
use crate::world::{Ask, Failure, World};

const TABLE: &str =
    "CREATE TABLE T (Id INTEGER PRIMARY KEY, V INT, S TEXT); INSERT INTO T VALUES (1, 1, 'a');";

fn error(world: &World, url: &str) -> Error {
    match world.ask_with(url, &Ask::default()) {
        Err(Failure::Run(error)) => error,
        other => panic!("{url}: {other:?}"),
    }
}

#[test]
fn a_changed_database() {
    for change in ["ALTER TABLE T DROP COLUMN S", "DROP TABLE T", "ALTER TABLE T RENAME TO U"] {
        for url in ["T", "T(1)", "T?$filter=S eq 'a'", "T?$count=true"] {
            let world = World::new(TABLE);
            assert!(world.ask("T").starts_with('{'));
            world.change(change);
            let error = error(&world, url);
            assert!(matches!(error, Error::Changed(_)), "{url} after {change}: {error:?}");
        }
    }
    // What is still there is served.
    let world = World::new(TABLE);
    world.change("ALTER TABLE T ADD COLUMN New INT; INSERT INTO T VALUES (2, 2, 'b', 3)");
    assert_eq!(world.ask("T?$filter=Id eq 2"), r#"{"Id":2,"V":2,"S":"b"}"#);
}

#[test]
fn a_file_in_the_place_of_the_one_that_is_served_is_read_soon() {
    let (old, new) = (r#"{"Id":1,"V":1,"S":"a"}"#, r#"{"Id":1,"V":2,"S":"b"}"#);
    let world = World::new(TABLE);
    assert_eq!(world.ask("T"), old);
    std::fs::rename(world.path(), world.path().with_extension("gone")).expect("a file can be renamed");
    std::thread::sleep(Duration::from_millis(1_200));
    assert_eq!(world.ask("T"), old, "while there is no file in its place");
    world.replace(&TABLE.replace("1, 'a'", "2, 'b'"));
    let deadline = Instant::now() + Duration::from_secs(60);
    while world.ask("T") == old {
        assert!(Instant::now() < deadline, "the old file is still read");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(world.ask("T(1)"), new);
    world.replace("CREATE TABLE Other (Id INTEGER PRIMARY KEY)");
    std::thread::sleep(Duration::from_millis(1_200));
    assert!(matches!(error(&world, "T"), Error::Changed(_)));
}

#[test]
fn a_value_that_does_not_fit() {
    for (value, column, found) in [
        ("'text'", "V", "the text 'text'"),
        ("x'00'", "V", "1 bytes"),
        ("1.5", "V", "the number 1.5"),
        ("99999999999", "V", "the number 99999999999"),
        ("x'ff'", "S", "1 bytes"),
        ("CAST(x'61ff' AS TEXT)", "S", "text that is not UTF-8"),
    ] {
        let world = World::new(TABLE);
        world.change(&format!("UPDATE T SET {column} = {value}"));
        for url in [
            format!("T?$select={column}"),
            format!("T(1)/{column}"),
            format!("T?$select={column}&$count=true"),
        ] {
            match error(&world, &url) {
                Error::Value { column: 0, found: shown, .. } => assert_eq!(shown, found, "{url}"),
                other => panic!("{url} {value}: {other:?}"),
            }
        }
        // The row is there all the same, and so are its other values.
        assert_eq!(world.ask("T?$select=Id"), r#"{"Id":1}"#, "{value}");
    }
}

#[test]
fn odd_values_in_conditions_are_no_fault_of_the_server() {
    let world = World::new(TABLE);
    for value in ["'text'", "x'00'", "1.5", "99999999999"] {
        world.change(&format!("UPDATE T SET V = {value}"));
        for condition in [
            "V add 1 eq 2",
            "V mul 2 lt 5",
            "-V eq 1",
            "V div 2 eq 1",
            "V mod 2 eq 0",
            "V add 1.5 eq 2",
            "V divby 2 eq 1",
            "cast(V,Edm.String) eq 'x'",
            "V in (1,2)",
            "round(V) eq 1",
            "case(true:V) eq 1",
        ] {
            let found = world.ask(&format!("T?$select=Id&$filter={condition}"));
            assert!(!found.contains("Sqlite("), "{condition} with {value}: {found}");
        }
    }
    world.change("UPDATE T SET S = CAST(x'61ff' AS TEXT), V = 1");
    for condition in [
        "S eq 'a'",
        "contains(S,'a')",
        "length(S) eq 2",
        "tolower(S) eq 'a'",
        "S gt 'a'",
        "concat(S,'b') eq 'b'",
        "substring(S,1) eq 'b'",
        "indexof(S,'a') eq 0",
        "matchesPattern(S,'a')",
        "S in ('a','b')",
        "cast(S,Edm.Int32) eq 1",
        "trim(S) eq ''",
    ] {
        let found = world.ask(&format!("T?$select=Id&$filter={condition}"));
        assert!(!found.contains("run:"), "{condition}: {found}");
    }
}

#[test]
fn a_locked_database() {
    let world = World::new(TABLE);
    let other = Connection::open(world.path()).expect("a second connection");
    other.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    for url in ["T", "T(1)", "T?$count=true", "T/$count"] {
        assert!(matches!(error(&world, url), Error::Locked), "{url}");
    }
    let (_, program, shape) = world.prepare("T(1)", Ask::default().format).expect("a program");
    let mut sink = PageWriter::new(shape.into(), Ask::default().limits, Nowhere);
    let ran = block_on(world.source.run_point(&program, None, || Ask::default().run, &mut sink));
    assert!(ran.is_none(), "a point read does not wait");
    other.execute_batch("COMMIT").expect("an unlock");
    assert!(world.ask("T").starts_with('{'));
}

#[derive(Default)]
struct Nowhere;

impl nextlink_odata::json::PageOutput for Nowhere {
    fn count(&mut self, _: u64) {}

    fn bytes(&mut self, chunk: &mut Vec<u8>) -> nextlink_odata::rows::Flow {
        chunk.clear();
        nextlink_odata::rows::Flow::Continue
    }

    fn page(&mut self, _: nextlink_odata::json::PageEnd) -> nextlink_odata::rows::Flow {
        nextlink_odata::rows::Flow::Continue
    }
}

/// A table whose square takes long.
fn long() -> World {
    World::new(
        "CREATE TABLE G (Id INTEGER PRIMARY KEY);
         CREATE TABLE N (Id INTEGER PRIMARY KEY, GId INT NOT NULL REFERENCES G);
         INSERT INTO G VALUES (1);
         WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 3000)
         INSERT INTO N SELECT i, 1 FROM c;",
    )
}

const LONG: &str = "N?$filter=G/N/any(a:a/G/N/any(b:b/Id add a/Id add Id lt 0))&$top=1";

#[test]
fn a_long_statement_ends_in_time() {
    let world = long();
    for url in [LONG.to_owned(), LONG.replace("N?", "N?$count=true&"), LONG.replace("N?", "N/$count?")] {
        let mut ask = Ask::default();
        ask.run.timeout = Duration::from_millis(100);
        match world.ask_with(&url, &ask) {
            Err(Failure::Run(Error::TimedOut { .. })) => {}
            other => panic!("{url}: {other:?}"),
        }
        assert_eq!(world.ask("N/$count"), "3000", "the connection is good for the next request");
    }
}

#[test]
fn a_long_statement_can_be_cancelled() {
    let world = long();
    let ask = Ask::default();
    let cancel = ask.run.cancel.clone();
    let asked = std::thread::scope(|scope| {
        let asked = scope.spawn(|| world.ask_with(LONG, &ask));
        cancel.cancel();
        asked.join().expect("no panic")
    });
    match asked {
        Err(Failure::Run(Error::Cancelled)) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_damaged_file() {
    let world = World::new(TABLE);
    let path = world.path();
    world.change("WITH RECURSIVE c(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM c WHERE i < 5000) INSERT INTO T SELECT i, i, 'some text' FROM c;");
    let mut bytes = std::fs::read(&path).expect("a file");
    let page = 4096;
    for start in (2 * page..bytes.len()).step_by(page) {
        bytes[start..start + 100].fill(0xa5);
    }
    std::fs::write(&path, &bytes).expect("written");
    let world_again = Source::open(&Location::Sqlite(path.clone())).expect("its header is good");
    let (_, program, shape) = world.prepare("T", Ask::default().format).expect("a program");
    let mut sink = PageWriter::new(shape.into(), Ask::default().limits, Nowhere);
    let error = world_again.run(&program, &Ask::default().run, &mut sink).expect_err("damaged");
    assert!(matches!(error, Error::Damaged(_)), "{error:?}");
    // No database at all, and nothing at all.
    std::fs::write(&path, vec![b'x'; 10_000]).expect("written");
    assert!(matches!(Source::open(&Location::Sqlite(path.clone())), Err(Error::Damaged(_))));
    std::fs::remove_file(&path).expect("removed");
    assert!(Source::open(&Location::Sqlite(path)).is_err());
}

#[test]
fn large_urls_are_no_fault_of_the_server() {
    let world = World::new(VALUES);
    let people = World::new(PEOPLE);
    let many = |item: &str, joint: &str, count: usize| vec![item; count].join(joint);
    let nested = |open: &str, middle: &str, close: &str, count: usize| {
        [&open.repeat(count), middle, &close.repeat(count)].concat()
    };
    let urls = [
        format!("One?$filter={}", many("I eq 1", " or ", 5000)),
        format!("One?$filter={}", many("I ne 1", " and ", 4000)),
        format!("One?$filter={}", many("T eq N", " or ", 4000)),
        format!("One?$filter={}", many("(I eq 1 and S eq 2)", " or ", 2000)),
        format!("One?$filter={}", many("contains(T,'a')", " and ", 3000)),
        format!("One?$filter=I in ({})", many("1", ",", 1000)),
        format!("One?$filter={}", many("I in (1,2,3,4,5,6,7,8,9)", " or ", 2000)),
        format!("One?$filter={} eq 1", many("S", " add ", 60)),
        format!("One?$filter={}", nested("not (", "F", ")", 50)),
        format!("One?$filter={}", nested("(", "F", ")", 60)),
        format!("One?$filter={} eq 'a'", nested("concat(", "T", ",'b')", 50)),
        format!("One?$filter={} eq 'a'", nested("tolower(", "T", ")", 60)),
        format!("One?$filter={}", nested("(F eq ", "F", ")", 60)),
        format!("One?$search={}", many("a", " ", 3000)),
        format!("One?$search={}", many("a", " OR ", 3000)),
        format!("One?$orderby={}", many("I add 1", ",", 3000)),
        format!("One?$orderby={}", many("I", ",", 3000)),
        format!("One?$select={}", many("I", ",", 3000)),
        format!("One?$filter=case({}) eq 1", many("F:1", ",", 3000)),
        format!("Person?$filter={}", many("Skill/any(s:s/Id eq 1)", " or ", 100)),
        format!("Person?$filter={}", many("Skill/any(s:s/Id eq 1)", " and ", 100)),
        format!("Person?$filter={}", nested("Skill/any(s:s/Person/any(p:p/", "Id eq 1", "))", 1)),
        format!("Person?$filter={}Id eq 1", "Boss/".repeat(100)),
        format!("Person?$filter={}Id eq 1", "Boss/".repeat(62)),
        format!("Person?$filter={}Id eq 1", "Boss/".repeat(65)),
        format!("Person(1)/{}Name", "Boss/".repeat(100)),
        format!("Person?$expand={}", nested("Boss($expand=", "Boss", ")", 7)),
        format!("Person?$expand={}", nested("PersonByBoss($expand=", "PersonByBoss", ")", 7)),
        "Person?$expand=*($expand=*($expand=*))".to_owned(),
        format!("Person?$filter={}", nested("not (", "true", ")", 500)),
        format!("One?$filter={}", nested("(", "F", " in (true,null))", 45)),
        // An alias of an alias of an alias …
        format!(
            "One?$filter=@a&@a={}&@b={}&@c={}&@d={}&@e=F",
            many("@b", " or ", 900),
            many("@c", " or ", 900),
            many("@d", " or ", 900),
            many("@e", " or ", 900)
        ),
        "One?$filter=@a&@a=@b or @b&@b=@a or @a".to_owned(),
        format!(
            "One?$filter=@a eq 1&{}",
            (0..3000).map(|i| format!("@a{i}=1")).collect::<Vec<_>>().join("&")
        ),
    ];
    for url in urls {
        let world = if url.starts_with("One") { &world } else { &people };
        let found = world.ask(&url);
        assert!(!found.contains("run:"), "{url}: {found}");
    }
}
