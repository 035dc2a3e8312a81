//! The benchmark tables: one table of mixed types in two sizes, and orders with items.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use jiff::ToSpan;
use jiff::civil::{DateTime, datetime};

use crate::random::Random;
use crate::rows::{Money, Sink, row};
use crate::script::{self, Schemas, Target};
use crate::{Error, Summary, file};

/// Rows of `Rows` in the usual benchmark.
pub const ROWS: u64 = 1_000_000;
/// Rows of `Small`: one more than a page of the default size.
pub const SMALL_ROWS: u64 = 2_001;
/// Rows of `Rows` for each row of `Orders`.
pub const ROWS_AN_ORDER: u64 = 10;
const MAX_ITEMS: i64 = 9;

const SEED: u64 = 0x0062_656e_6368_6d6b;
const FIRST_MOMENT: DateTime = datetime(2019, 1, 1, 0, 0, 0, 0);

const SQLITE: &str = include_str!("big/sqlite.sql");
const SCHEMAS: Schemas =
    Schemas { postgres: include_str!("big/postgres.sql"), mariadb: include_str!("big/mariadb.sql") };

const ADJECTIVES: &[&str] = &[
    "Amber", "Blå", "Crème", "Dusky", "Éclair", "Frosted", "Grüne", "Heavy", "Ivory", "Jade", "Königs",
    "Łagodny",
];
const NOUNS: &[&str] = &[
    "anchor",
    "basket",
    "cañón",
    "drum",
    "étagère",
    "flask",
    "Glühwein",
    "hinge",
    "いす",
    "jug",
    "茶碗",
    "lantern",
];
const WORDS: &[&str] = &[
    "after",
    "packed",
    "by",
    "hand",
    "in",
    "the",
    "north",
    "hall",
    "before",
    "shipping",
    "weight",
    "checked",
    "twice",
    "and",
    "labelled",
    "for",
    "export",
    "keep",
    "dry",
    "return",
    "crate",
    "when",
    "empty",
    "see",
    "order",
    "sheet",
    "größer",
    "déjà",
    "señal",
    "πλοίο",
    "груз",
    "東京",
];
/// What JSON has to escape; in about one note of forty.
const AWKWARD: &[&str] = &[" \"fragile\"", " C:\\hall\\3", "\nsecond line", "\ttab", " 3 < 4 & 5 > 2"];

/// Writes `Rows` with `rows` rows, a tenth as many `Orders` with one to nine `Items` each, and `Small`.
///
/// Every call writes the same rows; the first rows do not depend on how many there are.
/// A million rows take a few seconds and about 300 MB.
///
/// # Errors
/// [`Error::Exists`] where `path` is there already, else what disk or SQLite report. No half-made file
/// is left at `path`.
pub fn create(path: &Path, rows: u64) -> Result<Summary, Error> {
    file::create(path, SQLITE, |sink| fill(sink, rows))
}

/// Writes the same tables, with native types, and the same rows as a script for an empty database.
///
/// # Errors
/// [`Error::Script`] when `to` takes no more.
pub fn script(target: Target, rows: u64, to: &mut dyn io::Write) -> Result<Summary, Error> {
    script::write(target, &SCHEMAS, to, |sink| fill(sink, rows))
}

fn fill(sink: &mut dyn Sink, rows: u64) -> Result<(), Error> {
    write_rows(sink, "Rows", rows)?;
    write_rows(sink, "Small", SMALL_ROWS)?;
    write_orders(sink, rows / ROWS_AN_ORDER)
}

fn write_rows(sink: &mut dyn Sink, table: &'static str, rows: u64) -> Result<(), Error> {
    let random = &mut Random::new(SEED);
    let mut texts = Texts::default();
    let mut moment = FIRST_MOMENT;
    for id in 1..=rows as i64 {
        moment = moment.saturating_add(random.between(1, 300_000).milliseconds());
        texts.fill(id, moment, random);
        let cells = row![
            id,
            texts.code.as_str(),
            texts.name.as_str(),
            Money(random.between(1, 99_999_999)),
            random.between(0, 5_000),
            random.between(1, 9_999_999) as f64 / 1_000_000.0,
            random.chance(70),
            texts.created.as_str(),
            texts.day.as_str(),
            random.chance(90).then_some(texts.note.as_str()),
        ];
        sink.add(table, cells)?;
    }
    Ok(())
}

/// The texts of a row, in buffers that are used again.
#[derive(Default)]
struct Texts {
    code: String,
    name: String,
    created: String,
    day: String,
    note: String,
}

impl Texts {
    fn fill(&mut self, id: i64, moment: DateTime, random: &mut Random) {
        for text in [&mut self.code, &mut self.name, &mut self.created, &mut self.day, &mut self.note] {
            text.clear();
        }
        let letter = char::from(b'A' + random.below(26) as u8);
        // Writing to a String cannot fail.
        let _ = write!(self.code, "{letter}{id:07}-{:02}", random.below(100));
        let _ =
            write!(self.name, "{} {} {}", random.pick(ADJECTIVES), random.pick(NOUNS), random.below(1_000));
        let _ = write!(self.created, "{} {:.3}", moment.date(), moment.time());
        let _ = write!(self.day, "{}", moment.date().saturating_add(random.between(1, 60).days()));
        for _ in 0..random.between(10, 21) {
            self.note.push_str(random.pick(WORDS));
            self.note.push(' ');
        }
        self.note.pop();
        if random.below(40) == 0 {
            self.note.push_str(random.pick(AWKWARD));
        }
    }
}

fn write_orders(sink: &mut dyn Sink, orders: u64) -> Result<(), Error> {
    let random = &mut Random::new(SEED + 1);
    let mut moment = FIRST_MOMENT;
    let mut items = 0;
    for id in 1..=orders as i64 {
        moment = moment.saturating_add(random.between(1, 3_000).seconds());
        let customer = format!("{} {} Ltd", random.pick(ADJECTIVES), random.pick(NOUNS));
        let placed = format!("{} {:.0}", moment.date(), moment.time());
        sink.add("Orders", row![id, customer, placed, Money(random.between(0, 5_000))])?;
        for _ in 0..random.between(1, MAX_ITEMS) {
            items += 1;
            let product = format!("{} {}", random.pick(ADJECTIVES), random.pick(NOUNS));
            let price = Money(random.between(1, 99_999));
            sink.add("Items", row![items, id, product, random.between(1, 50), price])?;
        }
    }
    Ok(())
}
