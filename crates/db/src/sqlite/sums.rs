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
