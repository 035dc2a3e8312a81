//! Sums of decimals with all their digits, which SQLite itself adds up as doubles.

use rusqlite::functions::{Aggregate, Context, WindowAggregate};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error};
use rust_decimal::Decimal;

use super::numbers::{PURE, decimal, refuse};

/// Registers the function.
pub fn register(connection: &Connection) -> Result<(), Error> {
    connection.create_window_function("nl_sum", 1, PURE, Sum)
}

/// Units of the fast way: four digits behind the point.
const UNITS: f64 = 10_000.0;
/// Up to here a double has the digits of the decimal it stands for.
const EXACT: f64 = 1e15;

/// The function.
struct Sum;

/// A sum so far.
#[derive(Default)]
struct Total {
    /// What had at most four digits behind the point, in units of the last one.
    units: i128,
    /// Everything else.
    rest: Decimal,
    /// How many values there were.
    values: u64,
}

impl Aggregate<Total, Option<String>> for Sum {
    fn init(&self, _: &mut Context<'_>) -> Result<Total, Error> {
        Ok(Total::default())
    }

    fn step(&self, cx: &mut Context<'_>, total: &mut Total) -> Result<(), Error> {
        if let Some(units) = units(cx.get_raw(0)) {
            total.values += 1;
            total.units += i128::from(units);
        } else if let Some(value) = decimal(cx, 0)? {
            total.values += 1;
            total.rest = total.rest.checked_add(value).ok_or_else(too_large)?;
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, total: Option<Total>) -> Result<Option<String>, Error> {
        written(total.as_ref())
    }
}

impl WindowAggregate<Total, Option<String>> for Sum {
    fn value(&self, total: Option<&mut Total>) -> Result<Option<String>, Error> {
        written(total.as_deref())
    }

    fn inverse(&self, cx: &mut Context<'_>, total: &mut Total) -> Result<(), Error> {
        if let Some(units) = units(cx.get_raw(0)) {
            total.values -= 1;
            total.units -= i128::from(units);
        } else if let Some(value) = decimal(cx, 0)? {
            total.values -= 1;
            total.rest = total.rest.checked_sub(value).ok_or_else(too_large)?;
        }
        Ok(())
    }
}

/// The digits of a sum; null where there was no value.
fn written(total: Option<&Total>) -> Result<Option<String>, Error> {
    let Some(total) = total.filter(|total| total.values > 0) else {
        return Ok(None);
    };
    let units = Decimal::try_from_i128_with_scale(total.units, 4).map_err(|_| too_large())?;
    let sum = units.checked_add(total.rest).ok_or_else(too_large)?;
    Ok(Some(sum.normalize().to_string()))
}

fn too_large() -> Error {
    refuse("a sum is too large for Edm.Decimal")
}

/// A number in units, where it is a whole number of them.
fn units(value: ValueRef<'_>) -> Option<i64> {
    match value {
        ValueRef::Integer(whole) => whole.checked_mul(UNITS as i64),
        ValueRef::Real(real) => {
            let units = (real * UNITS).round();
            // The nearest double to a decimal of few digits is that of no other one.
            (units.abs() < EXACT && units / UNITS == real).then_some(units as i64)
        }
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a select over one column of values gives, or what it is refused with.
    fn ask(values: &str, select: &str) -> String {
        let connection = Connection::open_in_memory().expect("a database");
        register(&connection).expect("the function");
        let sql = format!("WITH t(n, v) AS (VALUES {values}) {select}");
        let rows = || -> Result<Vec<String>, Error> {
            let mut statement = connection.prepare(&sql)?;
            let text = |row: &rusqlite::Row<'_>| row.get::<_, Option<String>>(0);
            let rows = statement.query_map([], text)?;
            rows.map(|row| row.map(|text| text.unwrap_or_else(|| "null".to_owned()))).collect()
        };
        rows().map_or_else(|error| error.to_string(), |rows| rows.join(" "))
    }

    #[test]
    fn sums_have_all_their_digits() {
        for (values, expected) in [
            ("(1, 0.1), (2, 0.2)", "0.3"),
            ("(1, 1), (2, 2.5), (3, NULL)", "3.5"),
            ("(1, 0.00001), (2, 1e-5), (3, '0.000005')", "0.000025"),
            ("(1, '12345678901234567890.123'), (2, -0.123)", "12345678901234567890"),
            ("(1, 9007199254740993), (2, 9007199254740993)", "18014398509481986"),
            ("(1, 9223372036854775807), (2, 1)", "9223372036854775808"),
            ("(1, 123456789012.34), (2, 123456789012.34)", "246913578024.68"),
            ("(1, 5), (2, -5)", "0"),
            ("(1, NULL)", "null"),
            ("(1, 'no number')", "null"),
        ] {
            assert_eq!(ask(values, "SELECT nl_sum(v) FROM t"), expected, "{values}");
        }
        let refused = ask("(1, 1e40)", "SELECT nl_sum(v) FROM t");
        assert!(refused.contains("more digits"), "{refused}");
    }

    #[test]
    fn rows_leave_a_window_as_they_came() {
        let select = "SELECT nl_sum(v) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t";
        let values = "(1, 0.1), (2, 0.2), (3, NULL), (4, NULL), (5, '0.00001'), (6, 7)";
        assert_eq!(ask(values, select), "0.1 0.3 0.2 null 0.00001 7.00001");
    }
}
