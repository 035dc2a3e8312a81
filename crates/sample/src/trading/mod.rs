//! A trading company: some thousand rows of customers, orders, products and staff in many scripts.

mod goods;
mod picture;
mod places;

mod partners;
mod sales;
mod staff;
mod stock;

use std::io::Write;
use std::path::Path;

use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::random::Random;
use crate::rows::Sink;
use crate::script::{self, Schemas, Target};
use crate::{Error, Summary, file};

const SQLITE: &str = include_str!("sqlite.sql");
const SCHEMAS: Schemas =
    Schemas { postgres: include_str!("postgres.sql"), mariadb: include_str!("mariadb.sql") };
const SEED: u64 = 0x6e65_7874_6c69_6e6b;

/// The day on which the company's books end; nothing in the data depends on the clock.
const TODAY: Date = date(2026, 6, 30);
/// How far back orders go.
const TRADING_DAYS: i64 = 3 * 365;

/// Writes the trading company to a new file of SQLite; every call writes the same rows.
///
/// # Errors
/// [`Error::Exists`] where `path` is there already, else what disk or SQLite report. No half-made file
/// is left at `path`.
pub fn create(path: &Path) -> Result<Summary, Error> {
    file::create(path, SQLITE, fill)
}

/// Writes the trading company as a script that makes the same tables, with native types, and the same rows in
/// an empty database.
///
/// # Errors
/// [`Error::Script`] when `to` takes no more.
pub fn script(target: Target, to: &mut dyn Write) -> Result<Summary, Error> {
    script::write(target, &SCHEMAS, to, fill)
}

fn fill(rows: &mut dyn Sink) -> Result<(), Error> {
    let random = &mut Random::new(SEED);
    let staff = staff::write(rows, random)?;
    let suppliers = partners::write_suppliers(rows, random)?;
    let customers = partners::write_customers(rows, random, &staff)?;
    let products = stock::write(rows, random, &suppliers)?;
    sales::write(rows, random, &sales::Actors { staff, customers, products })
}

/// A day some days before [`TODAY`].
fn days_ago(days: i64) -> Date {
    TODAY.saturating_sub(days.days())
}

/// A price as shops write it: it ends in 0, 5 or 9 cents.
fn shop_price(cents: i64) -> i64 {
    match cents % 10 {
        0..=2 => cents - cents % 10,
        3..=6 => cents - cents % 10 + 5,
        _ => cents - cents % 10 + 9,
    }
}
