//! Constants between two values that a column can hold: the database counts seconds less finely than OData, or keeps fewer digits.

use nextlink_odata::query::{Comparison, Expr, ExprKind};

use super::Planner;

/// What a comparison with such a constant comes to.
pub(super) enum Fine {
    /// It is always so.
    Known(bool),
    /// The comparison with the last value before it.
    Before(Comparison, Expr),
}

impl Planner<'_> {
    /// What a comparison of something with a constant comes to, where no column can hold the constant.
    pub(super) fn fine(&self, op: Comparison, other: &Expr, constant: &Expr) -> Option<Fine> {
        let (ExprKind::Value(value), false) = (&constant.kind, matches!(other.kind, ExprKind::Value(_)))
        else {
            return None;
        };
        let before = Expr { kind: ExprKind::Value(self.dialect.before(value)?), ..constant.clone() };
        Some(match op {
            Comparison::Eq => Fine::Known(false),
            Comparison::Ne => Fine::Known(true),
            Comparison::Gt | Comparison::Ge => Fine::Before(Comparison::Gt, before),
            Comparison::Lt | Comparison::Le => Fine::Before(Comparison::Le, before),
        })
    }
}

/// The comparison that holds with the sides changed.
pub(super) fn mirrored(op: Comparison) -> Comparison {
    match op {
        Comparison::Gt => Comparison::Lt,
        Comparison::Ge => Comparison::Le,
        Comparison::Lt => Comparison::Gt,
        Comparison::Le => Comparison::Ge,
        Comparison::Eq | Comparison::Ne => op,
    }
}
