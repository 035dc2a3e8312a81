//! The ends of time: what PostgreSQL has as infinity is served as the first and the last point in time.

use crate::tree::{Operator, Sql};

/// The first and the last point in time and day that are served.
const FIRST: &str = "0001-01-01T00:00:00Z";
const LAST: &str = "9999-12-31T23:59:59.999999Z";
const FIRST_DAY: &str = "0001-01-01";
const LAST_DAY: &str = "9999-12-31";

/// A point in time, in the place of infinity that which it is served as.
pub(super) fn finite_moment(x: Sql) -> Sql {
    between(x.cast("timestamptz"), [FIRST, LAST].map(|end| Sql::Word(end).cast("timestamptz")))
}

/// The same of a day.
pub(super) fn finite_day(x: Sql) -> Sql {
    between(x.cast("date"), [FIRST_DAY, LAST_DAY].map(|end| Sql::Word(end).cast("date")))
}

/// A value in these bounds, the nearer one of any other.
fn between(x: Sql, [least, greatest]: [Sql; 2]) -> Sql {
    let within = |x: Sql| {
        let below = Sql::binary(Operator::Lt, x.clone(), least.clone());
        let above = Sql::binary(Operator::Gt, x.clone(), greatest.clone());
        let known = Sql::IsNotNull(Box::new(x.clone()));
        Sql::Case(vec![(below, least.clone()), (above, greatest.clone()), (known, x)])
    };
    match &x {
        // It is read at once, which a select would not be.
        Sql::Cast(column, _) if matches!(**column, Sql::Column(..)) => within(x),
        _ => Sql::Let(vec![x], Box::new(within(Sql::Bound(0)))),
    }
}
