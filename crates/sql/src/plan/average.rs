//! Averages over collections: each value counts once, whatever collection it is in.

use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::query::{Aggregation, Expr, ExprKind, Related};

use super::Planner;
use super::frames::Frames;
use crate::dialect::{Operand, Unsupported};
use crate::tree::{Operator, Sql};

impl Planner<'_> {
    /// The average of a value of all entities in the collections of all rows, of which the sums and numbers are given.
    pub(super) fn average_of_all(
        &self,
        frames: &mut Frames,
        sum: &Expr,
        count: &Expr,
    ) -> Result<Operand, Unsupported> {
        let exact = sum.primitive.unwrap_or(P::Decimal);
        let sum = self.operand(frames, sum)?;
        let sum = self.dialect.sum(sum, exact);
        let sum = if exact == P::Double { sum } else { self.dialect.cast(sum, P::Double)? };
        let count = self.operand(frames, count)?;
        let count = Sql::call("NULLIF", [Sql::call("SUM", [count.sql]), Sql::Integer(0)]);
        let count = self.dialect.cast(Operand::computed(count, P::Int64), P::Double)?;
        Ok(Operand::computed(Sql::binary(Operator::Div, sum.sql, count.sql), P::Double))
    }
}

/// The sum and the number of the values of which an expression is the average in some collections.
pub(super) fn totals(of: &Expr) -> Option<(Expr, Expr)> {
    let ExprKind::Gather(Aggregation::Average, Some(value), related) = &of.kind else {
        return None;
    };
    let sum = |value: Expr, primitive| made(of, (Aggregation::Sum, value), related, primitive);
    Some(match totals(value) {
        Some((below, count)) => {
            let primitive = below.primitive.unwrap_or(P::Decimal);
            (sum(below, primitive), sum(count, P::Int64))
        }
        None => {
            let double = matches!(value.primitive, Some(P::Double | P::Single));
            let count = (Aggregation::Count, (**value).clone());
            let exact = if double { P::Double } else { P::Decimal };
            (sum((**value).clone(), exact), made(of, count, related, P::Int64))
        }
    })
}

fn made(of: &Expr, (method, value): (Aggregation, Expr), related: &Related, primitive: P) -> Expr {
    let kind = ExprKind::Gather(method, Some(Box::new(value)), Box::new(related.clone()));
    Expr { kind, primitive: Some(primitive), nullable: true, ..of.clone() }
}
