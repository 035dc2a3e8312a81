//! Points in time that say no time zone, as MySQL and MariaDB convert them.

use super::operand::later;
use crate::tree::{Operator, Sql};
use crate::zone::Zone;

/// What lies before the first of these days or behind the last one stays as it is: it may have no place in UTC, and the last day
/// mostly stands for the end of time.
const ALL: [&str; 2] = ["0001-01-02", "9999-12-31"];
/// Within these days the server knows when clocks change.
const KNOWN: [&str; 2] = ["1970-01-02", "2038-01-18"];
/// The years of those.
const YEARS: [i16; 2] = [1970, 2037];

/// A point in time in UTC.
pub(super) fn in_utc(column: Sql, zone: Zone) -> Sql {
    let ahead = |minutes: i64| later("MINUTE", -minutes, column.clone());
    let outside = || later("DAY", 0, column.clone());
    let name = match zone {
        Zone::Offset(minutes) => {
            return Sql::when(within(&column, ALL), ahead(minutes.into()), outside());
        }
        Zone::Named(name) => name,
    };
    let known = Sql::call("CONVERT_TZ", [column.clone(), Sql::Word(name), Sql::Word("+00:00")]);
    // Elsewhere it would leave them as they are: they are taken in winter time.
    let rules = zone.rules();
    let [before, behind] = YEARS.map(|year| rules.standard(year));
    let [first, _] = KNOWN;
    let [begin, end] = ALL;
    let mut cases = vec![(within(&column, KNOWN), known)];
    if before == behind {
        cases.push((within(&column, ALL), ahead(before)));
    } else {
        cases.push((within(&column, [begin, first]), ahead(before)));
        cases.push((within(&column, [first, end]), ahead(behind)));
    }
    cases.push((Sql::binary(Operator::Eq, Sql::Integer(1), Sql::Integer(1)), outside()));
    Sql::Case(cases)
}

/// From a day on, and before another one.
fn within(column: &Sql, [first, end]: [&'static str; 2]) -> Sql {
    let day = |day| Sql::Word(day).cast("DATETIME");
    let from = Sql::binary(Operator::Ge, column.clone(), day(first));
    Sql::binary(Operator::And, from, Sql::binary(Operator::Lt, column.clone(), day(end)))
}
