//! Orders, their items and shipments over three years.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};

use super::partners::Customer;
use super::places::COMMON_NOTES;
use super::staff::Staff;
use super::stock::Item;
use super::{TODAY, TRADING_DAYS, days_ago};
use crate::Error;
use crate::random::Random;
use crate::rows::{Money, Sink, row};

const ORDERS: i64 = 3_400;
const FIRST_ORDER: i64 = 10_001;
/// Orders younger than this many days are still in the house.
const DAYS_IN_HOUSE: i64 = 6;
const CARRIERS: &[(&str, Option<&str>)] = &[
    ("Blue Heron Freight", Some("+44 555 0142-001")),
    ("Eilbote Spedition", Some("+49 555 0117-300")),
    ("やまびこ運輸", Some("+81 555 0190-777")),
    ("Transportes Andorinha", None),
];

/// Who buys, who sells, and what.
pub(super) struct Actors {
    pub(super) staff: Staff,
    pub(super) customers: Vec<Customer>,
    pub(super) products: Vec<Item>,
}

struct Writer<'a> {
    rows: &'a mut dyn Sink,
    random: &'a mut Random,
    actors: &'a Actors,
}

/// Writes carriers, orders, items and shipments.
pub(super) fn write(rows: &mut dyn Sink, random: &mut Random, actors: &Actors) -> Result<(), Error> {
    for ((name, phone), id) in CARRIERS.iter().zip(1_i64..) {
        rows.add("Carriers", row![id, *name, *phone])?;
    }
    let mut writer = Writer { rows, random, actors };
    for index in 0..ORDERS {
        let age = (ORDERS - 1 - index) * TRADING_DAYS / ORDERS;
        writer.write_order(FIRST_ORDER + index, age)?;
    }
    Ok(())
}

impl Writer<'_> {
    fn write_order(&mut self, id: i64, age: i64) -> Result<(), Error> {
        let actors = self.actors;
        let random = &mut *self.random;
        let customer = &actors.customers[random.skewed(actors.customers.len())];
        let day = days_ago(age);
        let at = moment(random, day, 7, 21);
        // Orders from the web shop have no employee.
        let employee = match customer.account_manager {
            Some(manager) if random.chance(60) => Some(manager),
            _ => random.chance(40).then(|| random.pick(&actors.staff.sellers)),
        };
        let shipped = age >= DAYS_IN_HOUSE;
        let delivery = days_ago(age - random.between(2, 12));
        let status = match random.below(100) {
            0..3 => "Cancelled",
            _ if shipped && delivery <= TODAY => "Delivered",
            _ if shipped => "Shipped",
            3..50 => "New",
            _ => "Packed",
        };
        let note = if random.chance(12) {
            Some(random.pick(COMMON_NOTES))
        } else {
            random.chance(22).then(|| random.pick(customer.country.notes))
        };
        let cells = row![
            id,
            customer.id.as_str(),
            employee,
            format!("{:.3}", at).replace('T', " "),
            random.chance(60).then(|| day.saturating_add(random.between(3, 30).days()).to_string()),
            random.chance(30).then(|| format!(
                "{:02}:{:02}:00",
                random.between(7, 17),
                random.between(0, 3) * 15
            )),
            status,
            Money(random.between(0, 60) * 45),
            random.chance(9),
            note,
        ];
        self.rows.add("Orders", cells)?;
        let grams = self.write_items(id, day)?;
        if shipped && status != "Cancelled" {
            self.write_shipments(id, day, (status == "Delivered").then_some(delivery), grams)?;
        }
        Ok(())
    }

    /// Writes one to six items; returns their weight in grams.
    fn write_items(&mut self, order: i64, day: Date) -> Result<i64, Error> {
        let random = &mut *self.random;
        let mut grams = 0;
        let first = random.skewed(self.actors.products.len());
        for line in 1..=random.between(1, 6) {
            // A prime stride, so that no product comes twice in an order.
            let product = &self.actors.products[(first + line as usize * 37) % self.actors.products.len()];
            let quantity = random.between(1, 6) * random.between(1, 8);
            let discount = if quantity >= 20 { random.between(1, 5) * 5 } else { 0 };
            let price = Money(product.price_on(day));
            self.rows.add("OrderItems", row![order, line, product.id, quantity, price, Money(discount)])?;
            grams += product.grams * quantity;
        }
        Ok(grams)
    }

    /// Writes one shipment, or two for a heavy order.
    fn write_shipments(
        &mut self,
        order: i64,
        day: Date,
        delivered: Option<Date>,
        grams: i64,
    ) -> Result<(), Error> {
        let random = &mut *self.random;
        let parts = if grams > 80_000 { 2 } else { 1 };
        for _ in 0..parts {
            let shipped = moment(random, day.saturating_add(1.day()), 6, 22);
            let weight = grams / parts;
            let cells = row![
                random.uuid(),
                order,
                random.between(1, CARRIERS.len() as i64),
                random.chance(93).then(|| random.digits("NL########EX")),
                seconds(shipped),
                delivered.map(|day| seconds(moment(random, day, 8, 19))),
                weight / 20_000 + 1,
                weight as f64 / 1_000.0,
            ];
            self.rows.add("Shipments", cells)?;
        }
        Ok(())
    }
}

/// A moment of a day, in thousandths of a second, within the hours given.
fn moment(random: &mut Random, day: Date, from_hour: i64, to_hour: i64) -> DateTime {
    let milliseconds = random.between(from_hour * 3_600_000, to_hour * 3_600_000 - 1);
    day.to_datetime(jiff::civil::Time::midnight()).saturating_add(milliseconds.milliseconds())
}

/// The form of SQLite's `datetime()`, without fractions.
fn seconds(moment: DateTime) -> String {
    format!("{moment:.0}").replace('T', " ")
}
