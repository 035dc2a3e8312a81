//! `topcount` and the five like it: the greatest or the least rows (section 3.3).

use super::super::error::{BindResult, invalid, not_supported};
use super::super::expr::{bind, meet, typed};
use super::super::scope::Context;
use super::aggregate::result;
use super::nested::nothing_below;
use super::state::{State, column, row_column};
use crate::model::PrimitiveType as P;
use crate::query::{
    Aggregation, Arithmetic, Comparison, Expr, ExprKind, Input, Order, Rows, RowsKind, Transform,
};
use crate::url::apply::RankMethod as M;
use crate::url::ast;
use crate::value::Value;

/// Binds a transformation that keeps the greatest or the least rows, of each group by some values where there are such.
pub fn rank(
    cx: &Context,
    state: &mut State,
    (method, amount, by): (M, &ast::Expr, &ast::Expr),
    groups: Vec<Expr>,
) -> BindResult<()> {
    let (name, descending) = match method {
        M::BottomCount => ("bottomcount", false),
        M::BottomPercent => ("bottompercent", false),
        M::BottomSum => ("bottomsum", false),
        M::TopCount => ("topcount", true),
        M::TopPercent => ("toppercent", true),
        M::TopSum => ("topsum", true),
    };
    let scope = state.settled().clone();
    let amount = bind(cx, &scope, amount)?;
    let ExprKind::Value(value) = &amount.kind else {
        return Err(not_supported(amount.at, name, format!("{name} takes a constant here.")));
    };
    let by = bind(cx, &scope, by)?;
    if matches!(method, M::BottomCount | M::TopCount) {
        let Value::Integer(rows @ 0..) = value else {
            return Err(invalid(amount.at, name, format!("{name} takes a whole number from 0.")));
        };
        let orderby = vec![Order { expr: by, descending }];
        if !groups.is_empty() {
            return first(cx, state, orderby, rows.unsigned_abs(), groups);
        }
        state.orderby = orderby;
        state.top = Some(rows.unsigned_abs());
        state.settle();
        state.orderby.clear();
        return Ok(());
    }
    let percent = matches!(method, M::BottomPercent | M::TopPercent);
    let orderby = vec![Order { expr: by.clone(), descending }];
    keep_until(cx, state, (by, orderby, groups), amount, percent)
}

/// Keeps so many rows of each group, in an order.
pub fn first(
    cx: &Context,
    state: &mut State,
    orderby: Vec<Order>,
    rows: u64,
    groups: Vec<Expr>,
) -> BindResult<()> {
    let number = |rows: u64| {
        let rows = Value::Integer(i64::try_from(rows).unwrap_or(i64::MAX));
        typed(0, P::Int32, false, ExprKind::Value(rows))
    };
    keep_until(cx, state, (number(1), orderby, groups), number(rows), false)
}

/// Keeps the first rows of each group whose values together just reach an amount: of each of them those before it do not.
fn keep_until(
    cx: &Context,
    state: &mut State,
    (by, mut orderby, groups): (Expr, Vec<Order>, Vec<Expr>),
    amount: Expr,
    percent: bool,
) -> BindResult<()> {
    let at = by.at;
    let (primitive, _) = result(cx, Aggregation::Sum, &by, at)?;
    if !amount.primitive.is_some_and(P::is_numeric) {
        return Err(invalid(amount.at, "amount", "A number is needed here."));
    }
    orderby.extend(state.identity.iter().map(|expr| Order { expr: expr.clone(), descending: false }));
    let sum = |orderby| {
        typed(at, primitive, true, ExprKind::Running(Box::new(by.clone()), orderby, groups.clone()))
    };
    let mut added = vec![sum(orderby)];
    if percent {
        added.push(sum(Vec::new()));
    }
    if state.scope.implicit.is_none() {
        nothing_below(state, at)?;
        let rows = state.take_rows(&added.iter().collect::<Vec<_>>());
        let condition = reached(&rows, added.len(), &amount)?;
        *state = State::of_rows(rows, state.set);
        state.add_filter(condition);
        return Ok(());
    }
    let keys = state.identity.len();
    let values: Vec<Expr> = state.identity.iter().cloned().chain(added.iter().cloned()).collect();
    let columns = values.iter().map(|value| row_column(Vec::new(), value)).collect();
    let select = Transform { keys: values.len(), ..state.select(values, None) };
    let identity: Vec<usize> = (0..keys).collect();
    let ranked = Rows { columns, identity: identity.clone(), kind: RowsKind::Select(Box::new(select)) };
    let condition = reached(&ranked, added.len(), &amount)?;
    let columns = ranked.columns[..keys].to_vec();
    let values = (0..keys).map(|number| column(&columns[number], number)).collect();
    let all = Transform::of_all(Input::Rows(Box::new(ranked)), values, keys);
    let kept = Transform { filter: Some(condition), ..all };
    state.input = Input::Keys(Box::new(Rows { columns, identity, kind: RowsKind::Select(Box::new(kept)) }));
    Ok(())
}

/// That the rows before this one have not reached the amount: with the sum of all as the last column, that part of it.
fn reached(rows: &Rows, added: usize, amount: &Expr) -> BindResult<Expr> {
    let at = amount.at;
    let first = rows.columns.len() - added;
    let before = column(&rows.columns[first], first);
    let double = before.primitive == Some(P::Double);
    let exact = if double { P::Double } else { P::Decimal };
    let amount = meet(amount.clone(), Some(exact), at)?;
    let positive = matches!(&amount.kind, ExprKind::Value(value) if is_positive(value));
    if !positive {
        // Nothing is needed to reach it.
        return Ok(typed(at, P::Boolean, false, ExprKind::Value(Value::Boolean(false))));
    }
    let limit = if added > 1 {
        let whole = column(&rows.columns[first + 1], first + 1);
        let times =
            |op, a: Expr, b: Expr| typed(at, exact, true, ExprKind::Arithmetic(op, Box::new(a), Box::new(b)));
        let hundred = if double { Value::Double(100.0) } else { Value::Decimal("100".to_owned()) };
        let hundred = typed(at, exact, false, ExprKind::Value(hundred));
        times(Arithmetic::DivBy, times(Arithmetic::Mul, whole, amount), hundred)
    } else {
        amount
    };
    let null =
        Expr { primitive: None, nullable: true, ..typed(at, exact, true, ExprKind::Value(Value::Null)) };
    let compare = |comparison, a: Expr, b: Expr| {
        typed(at, P::Boolean, false, ExprKind::Compare(comparison, Box::new(a), Box::new(b)))
    };
    let first_row = compare(Comparison::Eq, before.clone(), null);
    let not_yet = compare(Comparison::Lt, before, limit);
    Ok(typed(at, P::Boolean, false, ExprKind::Or(Box::new(first_row), Box::new(not_yet))))
}

/// Whether a number is greater than zero.
pub fn is_positive(number: &Value) -> bool {
    match number {
        Value::Integer(number) => *number > 0,
        Value::Double(number) => *number > 0.0,
        Value::Decimal(digits) => {
            !digits.starts_with('-') && digits.bytes().any(|b| matches!(b, b'1'..=b'9'))
        }
        _ => false,
    }
}
