//! Every operator and function has one meaning: random questions to every database, against an evaluator of the
//! standard that knows nothing of SQL.

mod values;
mod times;
mod expression;
mod data;
mod generate;
#[path = "../common/ask.rs"]
mod ask;
#[path = "../common/place.rs"]
mod place;
mod positions;
mod groups;
mod through;
mod casts;

use std::cmp::Ordering;

use ask::{Ask, Asked, Failure};
use data::{MARIADB, POSTGRES, SQLITE, Thing, script, things};
use expression::{Expr, Scope, evaluate, text, truth};
use generate::{Dice, TYPES};
use nextlink_db::location::Location;
use nextlink_db::source::Source;
use nextlink_db::sqlite::IntrospectLimits;
use nextlink_sql::mapping::{ModelOptions, build};
use nextlink_testkit::{mariadb, postgres};
use place::location;
use values::{Cell, compare};

/// Questions to each database; `NEXTLINK_AGREEMENT_TIMES=n` asks n times as many.
const QUESTIONS: u32 = 3_000;

/// A setting of the environment.
fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}: {text}")))
}

/// So many questions, or as many times as many as are asked for.
fn many(questions: u32) -> u32 {
    questions * setting("NEXTLINK_AGREEMENT_TIMES", 1) as u32
}

/// Numbers from a seed, or from another one with `NEXTLINK_AGREEMENT_SEED=n`.
fn dice(seed: u64, clock: bool) -> Dice {
    let mut dice = Dice::new(seed + setting("NEXTLINK_AGREEMENT_SEED", 0));
    dice.clock = clock;
    dice
}

fn scope<'a>(things: &'a [Thing], thing: &'a Thing) -> Scope<'a> {
    Scope { things, thing, part: None }
}

fn rows<'a>(found: impl IntoIterator<Item = &'a Thing>) -> String {
    found.into_iter().map(|t| format!("{{\"Id\":{}}}", t.id)).collect::<Vec<_>>().join(",")
}

/// Null comes first, and last when descending (Part 1 section 11.2.6.2).
fn order(a: &Cell, b: &Cell) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// Asks many questions; gives how many the database refuses to answer.
fn agree(location: &Location, things: &[Thing], clock: bool) -> usize {
    let source = Source::open(location).expect("the database opens");
    let (catalog, _) = source.introspect(&IntrospectLimits::default()).expect("a catalogue");
    let (mapping, _) = build(&catalog, &ModelOptions::default());
    let world = Asked { source: &source, mapping: &mapping };
    casts::cast(world);
    let mut dice = dice(2024, clock);
    let condition_or_order = |question: u32| {
        if question % 4 == 3 {
            let ty = TYPES[dice.roll(TYPES.len() as u64) as usize];
            let key = dice.value(ty, 1 + question % 3, false);
            ordered(&key, things, dice.roll(2) == 0)
        } else {
            let condition = dice.condition(question % 4 + question % 2, false);
            let found = things.iter().filter(|t| truth(&condition, scope(things, t)) == Some(true));
            (format!("Thing?$select=Id&$orderby=Id&$filter={}", text(&condition)), rows(found))
        }
    };
    positions::go_on(world)
        + groups::group(world, things, clock)
        + through::through(world, things, clock)
        + ask_all(world, many(QUESTIONS), condition_or_order)
}

/// Asks so many questions, each a URL with the rows that are expected; gives how many the database refuses to answer.
fn ask_all(world: Asked<'_>, questions: u32, mut ask: impl FnMut(u32) -> (String, String)) -> usize {
    let (mut refused, mut wrong) = (0, Vec::new());
    for question in 0..questions {
        let (url, expected) = ask(question);
        let found = match world.ask_with(&url, &Ask::default()) {
            Ok(answer) => answer.rows(),
            Err(Failure::Unsupported(_)) => {
                refused += 1;
                continue;
            }
            Err(failure) => failure.to_string(),
        };
        if found != expected {
            let start = |rows: &str| rows.chars().take(400).collect::<String>();
            wrong.push(format!("{url}\n  found    {}\n  expected {}", start(&found), start(&expected)));
        }
    }
    let shown = wrong.iter().take(10).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {questions} are wrong:\n{shown}", wrong.len());
    refused
}

fn ordered(key: &Expr, things: &[Thing], descending: bool) -> (String, String) {
    let mut found: Vec<(&Thing, Cell)> =
        things.iter().map(|t| (t, evaluate(key, scope(things, t)))).collect();
    found.sort_by(|(_, a), (_, b)| if descending { order(b, a) } else { order(a, b) });
    let word = if descending { "desc" } else { "asc" };
    let url = format!("Thing?$select=Id&$orderby={} {word},Id", text(key));
    (url, rows(found.into_iter().map(|(t, _)| t)))
}

#[test]
fn sqlite_agrees() {
    let things = things();
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("things.db");
    let connection = rusqlite::Connection::open(&path).expect("a database");
    connection.execute_batch(&["BEGIN;", &script(&things, &SQLITE), "COMMIT;"].concat()).expect("the script");
    drop(connection);
    assert_eq!(agree(&Location::Sqlite(path), &things, true), 0, "SQLite refuses nothing");
}

#[test]
fn postgres_agrees() {
    let things = things();
    let database = postgres::server().database("things");
    database.run(&script(&things, &POSTGRES));
    assert_eq!(agree(&location(&database), &things, true), 0, "PostgreSQL refuses nothing");
}

#[test]
fn mariadb_agrees() {
    let things = things();
    let database = mariadb::server().database("things");
    database.run(&script(&things, &MARIADB));
    // A time of day is a duration there.
    assert_eq!(agree(&location(&database), &things, false), 0, "MariaDB refuses nothing");
}
