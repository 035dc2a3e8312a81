//! The benchmark database: one table of mixed types in two sizes, and orders with items.

use std::fmt::Write as _;
use std::path::Path;

use jiff::ToSpan;
use jiff::civil::{DateTime, datetime};
use rusqlite::{Transaction, params};

use crate::{Error, Summary, file, random::Random};

/// Rows of `Rows` in the usual benchmark.
pub const ROWS: u64 = 1_000_000;
/// Rows of `Small`: one more than a page of the default size.
pub const SMALL_ROWS: u64 = 2_001;
/// Rows of `Rows` for each row of `Orders`.
pub const ROWS_AN_ORDER: u64 = 10;
const MAX_ITEMS: i64 = 9;

const SEED: u64 = 0x0062_656e_6368_6d6b;
const FIRST_MOMENT: DateTime = datetime(2019, 1, 1, 0, 0, 0, 0);

const ROW_COLUMNS: &str = "(
    Id INTEGER NOT NULL PRIMARY KEY,
    Code VARCHAR(12) NOT NULL,
    Name TEXT NOT NULL,
    Amount DECIMAL(12, 2) NOT NULL,
    Quantity INT NOT NULL,
    Rate DOUBLE NOT NULL,
    Active BOOLEAN NOT NULL,
    Created DATETIME NOT NULL,
    Day DATE NOT NULL,
    Note TEXT
);";

const ORDER_TABLES: &str = "
CREATE TABLE Orders (
    Id INTEGER NOT NULL PRIMARY KEY,
    Customer TEXT NOT NULL,
    Placed DATETIME NOT NULL,
    Freight DECIMAL(8, 2) NOT NULL
);
CREATE TABLE Items (
    Id INTEGER NOT NULL PRIMARY KEY,
    OrderId INTEGER NOT NULL REFERENCES Orders (Id) ON DELETE CASCADE,
    Product TEXT NOT NULL,
    Quantity INT NOT NULL,
    Price DECIMAL(10, 2) NOT NULL
);";

/// Made after the rows are in, which is faster.
const ITEM_INDEX: &str = "CREATE INDEX ItemsByOrder ON Items (OrderId)";

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
    file::create(path, |transaction| {
        write_rows(transaction, "Rows", rows)?;
        write_rows(transaction, "Small", SMALL_ROWS)?;
        write_orders(transaction, rows / ROWS_AN_ORDER)
    })
}

fn write_rows(transaction: &Transaction<'_>, table: &str, rows: u64) -> Result<(), Error> {
    transaction.execute_batch(&format!("CREATE TABLE {table} {ROW_COLUMNS}"))?;
    let mut insert =
        transaction.prepare(&format!("INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"))?;
    let random = &mut Random::new(SEED);
    let mut texts = Texts::default();
    let mut moment = FIRST_MOMENT;
    for id in 1..=rows as i64 {
        moment = moment.saturating_add(random.between(1, 300_000).milliseconds());
        texts.fill(id, moment, random);
        insert.execute(params![
            id,
            texts.code,
            texts.name,
            random.between(1, 99_999_999) as f64 / 100.0,
            random.between(0, 5_000),
            random.between(1, 9_999_999) as f64 / 1_000_000.0,
            random.chance(70),
            texts.created,
            texts.day,
            random.chance(90).then_some(&texts.note),
        ])?;
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

fn write_orders(transaction: &Transaction<'_>, orders: u64) -> Result<(), Error> {
    transaction.execute_batch(ORDER_TABLES)?;
    let mut order = transaction.prepare("INSERT INTO Orders VALUES (?, ?, ?, ?)")?;
    let mut item = transaction.prepare("INSERT INTO Items VALUES (?, ?, ?, ?, ?)")?;
    let random = &mut Random::new(SEED + 1);
    let mut moment = FIRST_MOMENT;
    let mut items = 0;
    for id in 1..=orders as i64 {
        moment = moment.saturating_add(random.between(1, 3_000).seconds());
        let customer = format!("{} {} Ltd", random.pick(ADJECTIVES), random.pick(NOUNS));
        let placed = format!("{} {:.0}", moment.date(), moment.time());
        order.execute(params![id, customer, placed, random.between(0, 5_000) as f64 / 100.0])?;
        for _ in 0..random.between(1, MAX_ITEMS) {
            items += 1;
            let product = format!("{} {}", random.pick(ADJECTIVES), random.pick(NOUNS));
            let price = random.between(1, 99_999) as f64 / 100.0;
            item.execute(params![items, id, product, random.between(1, 50), price])?;
        }
    }
    transaction.execute_batch(ITEM_INDEX)?;
    Ok(())
}
