//! The tree of categories, the products in it, and what they cost from when to when.

use jiff::ToSpan;
use jiff::civil::Date;

use super::goods::{CATEGORIES, Category, PHRASES, Product};
use super::partners::Supplier;
use super::{TRADING_DAYS, days_ago, picture, shop_price};
use crate::Error;
use crate::random::Random;
use crate::rows::{Money, Sink, row};

/// A product with its prices, oldest first.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: i64,
    pub(super) grams: i64,
    prices: Vec<(Date, i64)>,
}

impl Item {
    /// The price in cents on a day; before the first price the first one counts.
    pub(super) fn price_on(&self, day: Date) -> i64 {
        let known = self.prices.partition_point(|(from, _)| *from <= day);
        self.prices.get(known.saturating_sub(1)).map_or(0, |(_, cents)| *cents)
    }
}

struct Writer<'a> {
    rows: &'a mut dyn Sink,
    random: &'a mut Random,
    suppliers: &'a [Supplier],
    categories: i64,
    items: Vec<Item>,
}

/// Writes categories, products and their prices.
pub(super) fn write(
    rows: &mut dyn Sink,
    random: &mut Random,
    suppliers: &[Supplier],
) -> Result<Vec<Item>, Error> {
    let mut writer = Writer { rows, random, suppliers, categories: 0, items: Vec::new() };
    for category in CATEGORIES {
        writer.write_category(category, None)?;
    }
    Ok(writer.items)
}

impl Writer<'_> {
    fn write_category(&mut self, category: &Category, parent: Option<i64>) -> Result<(), Error> {
        self.categories += 1;
        let id = self.categories;
        self.rows.add("Categories", row![id, parent, category.name, category.description])?;
        for product in category.products {
            let mut cents = self.random.between(category.price.0, category.price.1);
            let (_, smallest) = category.sizes[0];
            for (size, grams) in category.sizes {
                self.write_product(id, product, size, *grams, shop_price(cents * grams / smallest))?;
                // A larger size is cheaper by weight.
                cents = cents * 9 / 10;
            }
        }
        for child in category.children {
            self.write_category(child, Some(id))?;
        }
        Ok(())
    }

    fn write_product(
        &mut self,
        category: i64,
        product: &Product,
        size: &str,
        grams: i64,
        cents: i64,
    ) -> Result<(), Error> {
        let Product(name, native, country) = product;
        let id = self.items.len() as i64 + 1;
        let random = &mut *self.random;
        let makers: Vec<_> = self.suppliers.iter().filter(|supplier| supplier.country == *country).collect();
        let supplier = random.chance(95).then(|| random.pick(&makers).id);
        let added = days_ago(random.between(TRADING_DAYS, TRADING_DAYS + 3_000));
        let discontinued = random.chance(6);
        let description = random.chance(80).then(|| {
            let first = random.below(PHRASES.len() as u64) as usize;
            let second = (first + random.between(1, PHRASES.len() as i64 - 1) as usize) % PHRASES.len();
            format!("{} {}", PHRASES[first], PHRASES[second])
        });
        let prices = prices(random, added, cents);
        let cells = row![
            id,
            random.uuid(),
            gtin(id),
            format!("{name}, {size}"),
            *native,
            description,
            size,
            category,
            supplier,
            Money(prices[prices.len() - 1].1),
            if random.chance(8) { 0 } else { random.between(1, 900) },
            random.between(1, 12) * 5,
            random.chance(96).then(|| grams as f64 / 1_000.0),
            random.chance(40),
            discontinued,
            random.chance(70).then(|| picture::png(random)),
            added.to_string(),
        ];
        self.rows.add("Products", cells)?;
        for (index, (from, cents)) in prices.iter().enumerate() {
            let until = prices.get(index + 1).map(|(next, _)| next.saturating_sub(1.day()).to_string());
            self.rows.add("ProductPrices", row![id, from.to_string(), until, Money(*cents)])?;
        }
        self.items.push(Item { id, grams, prices });
        Ok(())
    }
}

/// One to four prices, the last of which holds today.
fn prices(random: &mut Random, added: Date, cents: i64) -> Vec<(Date, i64)> {
    let mut prices = vec![(added, cents)];
    let mut cents = cents;
    for year in (0..random.between(0, 3)).rev() {
        let from = days_ago(year * 365 + random.between(20, 340));
        cents = shop_price(cents * random.between(97, 112) / 100);
        prices.push((from, cents));
    }
    prices
}

/// A 13-digit article number with its check digit, from the range kept for use inside a firm.
fn gtin(id: i64) -> String {
    let body = format!("20{:010}", 4_711_000 + id * 13);
    let sum: u32 =
        body.bytes().zip([1, 3].into_iter().cycle()).map(|(byte, by)| u32::from(byte - b'0') * by).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}
