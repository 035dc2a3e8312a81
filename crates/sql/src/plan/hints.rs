//! Conditions beside others that say no more than those, but as an index serves them: of columns as they lie in the table.

use nextlink_odata::query::{Comparison, Expr, ExprKind};
use nextlink_odata::value::Value;

use super::Planner;
use super::fine::mirrored;
use super::frames::Frames;
use crate::tree::{Operator, Param, ParamForm, Sql};

impl Planner<'_> {
    /// For a text column that does not compare by code point, and a constant: the comparison by the column's own
    /// collation. It holds wherever the values are equal. For points in time of a time zone see [`Planner::zone_hint`].
    pub(super) fn equality_hint(&self, frames: &mut Frames, left: &Expr, right: &Expr) -> Option<Sql> {
        let (column, constant) = match (&left.kind, &right.kind) {
            (ExprKind::Property(..), ExprKind::Value(_) | ExprKind::User) => (left, right),
            (ExprKind::Value(_) | ExprKind::User, ExprKind::Property(..)) => (right, left),
            _ => return None,
        };
        if !matches!(constant.kind, ExprKind::Value(Value::String(_)) | ExprKind::User) {
            return self.zone_hint(frames, Comparison::Eq, column, constant);
        }
        let column = self.own_collation(frames, column)?;
        Some(Sql::binary(Operator::Eq, column, self.constant(constant)?))
    }

    /// The same for a list of constants.
    pub(super) fn member_hint(&self, frames: &mut Frames, sought: &Expr, items: &[Expr]) -> Option<Sql> {
        let texts = items.iter().all(|item| matches!(item.kind, ExprKind::Value(Value::String(_))));
        if items.is_empty() || !texts {
            return None;
        }
        let column = self.own_collation(frames, sought)?;
        Some(Sql::In(Box::new(column), items.iter().filter_map(|item| self.constant(item)).collect()))
    }

    /// For a column of dates or points in time, and a constant: the comparison of the column as it is.
    pub(super) fn order_hint(
        &self,
        frames: &mut Frames,
        op: Comparison,
        left: &Expr,
        right: &Expr,
    ) -> Option<Sql> {
        let (column, constant, op) = match (&left.kind, &right.kind) {
            (ExprKind::Property(..), ExprKind::Value(_)) => (left, right, op),
            (ExprKind::Value(_), ExprKind::Property(..)) => (right, left, mirrored(op)),
            _ => return None,
        };
        let time = matches!(constant.kind, ExprKind::Value(Value::Date(_) | Value::DateTimeOffset(_)));
        let ExprKind::Property(place, property) = &column.kind else {
            return None;
        };
        let map = self.property(place.target(), *property).1;
        if map.zone().is_some() {
            return self.zone_hint(frames, op, column, constant);
        }
        if !time || !self.dialect.order_needs_hint() {
            return None;
        }
        let alias = frames.resolve(self.mapping, place);
        let column = Sql::column(alias, &map.column);
        Some(Sql::binary(in_order(op), column, self.constant(constant)?))
    }

    fn constant(&self, expr: &Expr) -> Option<Sql> {
        match &expr.kind {
            ExprKind::Value(value) => {
                Some(Sql::Param(Param { value: value.clone(), form: ParamForm::Native }))
            }
            ExprKind::User => Some(self.user()),
            _ => None,
        }
    }

    /// The name of the login that the request reads with. Where there is none, a condition that names it holds for no row.
    pub(super) fn user(&self) -> Sql {
        let value = Value::String(self.query.user.clone().unwrap_or_default());
        Sql::Param(Param { value, form: ParamForm::Native })
    }

    /// A text column that does not compare by code point, where only its own collation is served by an index.
    fn own_collation(&self, frames: &mut Frames, expr: &Expr) -> Option<Sql> {
        let ExprKind::Property(place, property) = &expr.kind else {
            return None;
        };
        let (served, column) = self.property(place.target(), *property);
        // Labels of an enumeration are compared as they are anyway.
        if served.primitive().is_none() || column.binary_collation || !self.dialect.equality_needs_hint() {
            return None;
        }
        let alias = frames.resolve(self.mapping, place);
        Some(Sql::column(alias, &column.column))
    }
}

/// The operator of a comparison that asks which value comes first.
pub(super) fn in_order(op: Comparison) -> Operator {
    match op {
        Comparison::Gt => Operator::Gt,
        Comparison::Ge => Operator::Ge,
        Comparison::Lt => Operator::Lt,
        _ => Operator::Le,
    }
}
