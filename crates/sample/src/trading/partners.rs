//! Firms the company trades with: suppliers and customers.

use std::collections::HashSet;

use super::places::{COUNTRIES, Country};
use super::staff::Staff;
use super::{TRADING_DAYS, days_ago};
use crate::Error;
use crate::random::Random;
use crate::rows::{Money, Sink, row};

const SUPPLIERS: i64 = 38;
const CUSTOMERS: i64 = 260;

/// A supplier and the country it is in.
#[derive(Debug)]
pub(super) struct Supplier {
    pub(super) id: i64,
    pub(super) country: &'static str,
}

/// A customer and what is needed to write orders for it.
pub(super) struct Customer {
    pub(super) id: String,
    pub(super) country: &'static Country,
    pub(super) account_manager: Option<i64>,
}

/// What suppliers and customers have in common.
struct Firm {
    company: String,
    contact: Option<String>,
    phone: Option<String>,
    street: String,
    city: &'static str,
    postal_code: Option<String>,
}

impl Firm {
    fn new(country: &Country, random: &mut Random) -> Self {
        let city = random.pick(country.cities);
        let name = fill(random.pick(country.firms), &[("{f}", random.pick(country.family)), ("{c}", city)]);
        let contact = fill(
            country.full_name,
            &[("{g}", random.pick(country.given)), ("{f}", random.pick(country.family))],
        );
        let number = random.between(1, 180).to_string();
        let street = fill(country.address, &[("{s}", random.pick(country.streets)), ("{n}", &number)]);
        let phone = random.digits(" 555 ####-###");
        Self {
            company: name,
            contact: random.chance(90).then_some(contact),
            phone: random.chance(85).then(|| format!("{}{phone}", country.dialling_code)),
            street,
            city,
            postal_code: country.postal_code.map(|pattern| random.digits(pattern)),
        }
    }

    /// A firm whose name is not in `taken`; when the words run out, a number tells it apart.
    fn distinct(country: &Country, random: &mut Random, taken: &mut HashSet<String>) -> Self {
        for _ in 0..12 {
            let firm = Self::new(country, random);
            if taken.insert(firm.company.clone()) {
                return firm;
            }
        }
        let mut firm = Self::new(country, random);
        let mut number = 2;
        let name = firm.company.clone();
        while !taken.insert(firm.company.clone()) {
            firm.company = format!("{name} {number}");
            number += 1;
        }
        firm
    }
}

fn fill(pattern: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(pattern.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// Writes the suppliers; every country has at least one.
pub(super) fn write_suppliers(rows: &mut dyn Sink, random: &mut Random) -> Result<Vec<Supplier>, Error> {
    let mut taken = HashSet::new();
    let mut suppliers = Vec::new();
    for id in 1..=SUPPLIERS {
        let country = &COUNTRIES[id as usize % COUNTRIES.len()];
        let firm = Firm::distinct(country, random, &mut taken);
        let cells = row![
            id,
            firm.company,
            firm.contact,
            firm.phone,
            firm.street,
            firm.city,
            firm.postal_code,
            country.code,
            random.chance(80).then(|| random.between(20, 50) as f64 / 10.0),
            random.chance(25),
        ];
        rows.add("Suppliers", cells)?;
        suppliers.push(Supplier { id, country: country.code });
    }
    Ok(suppliers)
}

/// Writes the customers; the key is the country code and a number, such as `GR-0017`.
pub(super) fn write_customers(
    rows: &mut dyn Sink,
    random: &mut Random,
    staff: &Staff,
) -> Result<Vec<Customer>, Error> {
    let mut taken = HashSet::new();
    let mut customers = Vec::new();
    for number in 1..=CUSTOMERS {
        let country = &COUNTRIES[random.below(COUNTRIES.len() as u64) as usize];
        let firm = Firm::distinct(country, random, &mut taken);
        let id = format!("{}-{number:04}", country.code);
        let email = format!("Orders.{number}@{}.example", country.name.to_lowercase().replace(' ', "-"));
        let account_manager = random.chance(92).then(|| random.pick(&staff.sellers));
        let cells = row![
            id.as_str(),
            firm.company,
            firm.contact,
            random.chance(88).then_some(email.replace('ü', "u")),
            firm.phone,
            firm.street,
            firm.city,
            firm.postal_code,
            country.code,
            days_ago(TRADING_DAYS + random.between(0, 5_000)).to_string(),
            random.chance(70).then(|| Money(random.between(2, 400) * 25_000)),
            random.chance(94),
            account_manager,
        ];
        rows.add("Customers", cells)?;
        customers.push(Customer { id, country, account_manager });
    }
    Ok(customers)
}
