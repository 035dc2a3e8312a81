//! Countries, territories, and the employees who look after them.

use std::collections::HashSet;

use super::days_ago;
use super::picture;
use super::places::COUNTRIES;
use crate::Error;
use crate::random::Random;
use crate::rows::{Money, Sink, row};

/// Title, index of the manager in this list, salary in cents, start and end of the shift.
type Post = (&'static str, Option<usize>, i64, &'static str, &'static str);

/// Managers come before those who report to them.
const POSTS: &[Post] = &[
    ("Managing Director", None, 982_500, "09:00:00", "17:30:00"),
    ("Head of Sales", Some(0), 715_000, "08:30:00", "17:00:00"),
    ("Head of Purchasing", Some(0), 708_050, "08:30:00", "17:00:00"),
    ("Head of Warehouse", Some(0), 640_000, "06:00:00", "14:30:00"),
    ("Sales Manager, Europe", Some(1), 548_000, "08:30:00", "17:00:00"),
    ("Sales Manager, Asia", Some(1), 551_275, "05:30:00", "14:00:00"),
    ("Sales Manager, Mediterranean", Some(1), 529_900, "08:00:00", "16:30:00"),
    ("Account Manager", Some(4), 402_000, "08:30:00", "17:00:00"),
    ("Account Manager", Some(4), 398_750, "08:30:00", "17:00:00"),
    ("Account Manager", Some(4), 417_300, "09:15:00", "17:45:00"),
    ("Account Manager", Some(5), 405_000, "05:30:00", "14:00:00"),
    ("Account Manager", Some(5), 411_825, "05:30:00", "14:00:00"),
    ("Account Manager", Some(6), 389_000, "08:00:00", "16:30:00"),
    ("Account Manager", Some(6), 395_550, "08:00:00", "16:30:00"),
    ("Junior Account Manager", Some(9), 312_000, "09:00:00", "17:30:00"),
    ("Buyer, Drinks", Some(2), 420_000, "08:30:00", "17:00:00"),
    ("Buyer, Pantry", Some(2), 425_600, "08:30:00", "17:00:00"),
    ("Buyer, Home", Some(2), 418_000, "10:00:00", "18:30:00"),
    ("Shift Leader", Some(3), 335_000, "06:00:00", "14:30:00"),
    ("Shift Leader", Some(3), 338_400, "14:00:00", "22:30:00"),
    ("Packer", Some(18), 268_000, "06:00:00", "14:30:00"),
    ("Packer", Some(18), 271_500, "06:00:00", "14:30:00"),
    ("Packer", Some(19), 268_000, "14:00:00", "22:30:00"),
    ("Night Guard", Some(19), 259_999, "22:30:00", "06:00:00"),
];

/// Ids of the employees who look after customers.
#[derive(Debug)]
pub(super) struct Staff {
    pub(super) sellers: Vec<i64>,
}

/// Writes the countries, their territories and the employees.
pub(super) fn write(rows: &mut dyn Sink, random: &mut Random) -> Result<Staff, Error> {
    write_countries(rows)?;
    let sellers = write_employees(rows, random)?;
    write_territories(rows, random, &sellers)?;
    Ok(Staff { sellers })
}

fn write_countries(rows: &mut dyn Sink) -> Result<(), Error> {
    for country in COUNTRIES {
        rows.add("Countries", row![country.code, country.name, country.native])?;
    }
    Ok(())
}

fn write_employees(rows: &mut dyn Sink, random: &mut Random) -> Result<Vec<i64>, Error> {
    let mut sellers = Vec::new();
    for (index, (title, manager, salary, starts, ends)) in POSTS.iter().enumerate() {
        let id = index as i64 + 1;
        let country = &COUNTRIES[(index * 7 + 3) % COUNTRIES.len()];
        let seniority = if manager.is_some() { 4_200 } else { 9_000 };
        let hired = random.between(30, seniority);
        let cells = row![
            id,
            random.pick(country.given),
            random.pick(country.family),
            *title,
            format!("Staff{id:02}@nextlink-trading.example"),
            random.chance(85).then(|| days_ago(hired + random.between(7_000, 14_000)).to_string()),
            days_ago(hired).to_string(),
            *starts,
            *ends,
            Money(*salary),
            manager.map(|manager| manager as i64 + 1),
            random.chance(75).then(|| picture::png(random)),
        ];
        rows.add("Employees", cells)?;
        if title.contains("Account Manager") || title.starts_with("Sales Manager") {
            sellers.push(id);
        }
    }
    Ok(sellers)
}

/// Each city of a country is a territory; each has one to three sellers.
fn write_territories(rows: &mut dyn Sink, random: &mut Random, sellers: &[i64]) -> Result<(), Error> {
    let mut assigned = HashSet::new();
    let cities = COUNTRIES.iter().flat_map(|country| country.cities.iter().map(move |city| (country, city)));
    for ((country, city), id) in cities.zip(1_i64..) {
        rows.add("Territories", row![id, *city, country.code])?;
        for _ in 0..random.between(1, 3) {
            let seller = random.pick(sellers);
            if assigned.insert((seller, id)) {
                rows.add("EmployeeTerritories", row![seller, id])?;
            }
        }
    }
    Ok(())
}
