//! A trading company in SQLite: some thousand rows of customers, orders, products and staff in many scripts.

mod goods;
mod picture;
mod places;

mod partners;
mod sales;
mod staff;
mod stock;

use std::path::Path;

use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::{Error, Summary, file, random::Random};

const SCHEMA: &str = include_str!("schema.sql");
const SEED: u64 = 0x6e65_7874_6c69_6e6b;

/// The day on which the company's books end; nothing in the data depends on the clock.
const TODAY: Date = date(2026, 6, 30);
/// How far back orders go.
const TRADING_DAYS: i64 = 3 * 365;

/// Columns that identify the rows of each view; a view has no key of its own.
pub const VIEW_KEYS: [(&str, &[&str]); 3] = [
    ("MonthlySales", &["Month", "CountryCode"]),
    ("OrderTotals", &["OrderId"]),
    ("ProductsToReorder", &["ProductId"]),
];

/// Writes the trading company to a new file; every call writes the same rows.
///
/// # Errors
/// [`Error::Exists`] where `path` is there already, else what disk or SQLite report. No half-made file
/// is left at `path`.
pub fn create(path: &Path) -> Result<Summary, Error> {
    file::create(path, |transaction| {
        transaction.execute_batch(SCHEMA)?;
        let random = &mut Random::new(SEED);
        let staff = staff::write(transaction, random)?;
        let suppliers = partners::write_suppliers(transaction, random)?;
        let customers = partners::write_customers(transaction, random, &staff)?;
        let products = stock::write(transaction, random, &suppliers)?;
        sales::write(transaction, random, &sales::Actors { staff, customers, products })
    })
}

/// A day some days before [`TODAY`].
fn days_ago(days: i64) -> Date {
    TODAY.saturating_sub(days.days())
}

/// An amount of money as SQLite keeps a DECIMAL: the double next to it.
fn money(cents: i64) -> f64 {
    cents as f64 / 100.0
}

/// A price as shops write it: it ends in 0, 5 or 9 cents.
fn shop_price(cents: i64) -> i64 {
    match cents % 10 {
        0..=2 => cents - cents % 10,
        3..=6 => cents - cents % 10 + 5,
        _ => cents - cents % 10 + 9,
    }
}
