//! A select that is read in pieces: each goes on after the last row of the one before.

use std::sync::Arc;

use nextlink_odata::value::Value;

use crate::dialect::Dialect;
use crate::emit::emit;
use crate::statement::{Seek, Statement};
use crate::tree::{Operator, OrderTerm, Param, Select, Sql};

/// What is needed to read a select in pieces. None where its rows have no order.
pub fn seek(select: &Select) -> Option<Seek> {
    if select.order.is_empty() {
        return None;
    }
    let mut select = select.clone();
    let values = with_order(&mut select);
    let limit = select.limit.take();
    Some(Seek { select: Arc::new(select), values: values.into(), limit })
}

/// Has a select give the values that it is ordered by, too; the numbers of their columns.
pub fn with_order(select: &mut Select) -> Vec<usize> {
    let mut values = Vec::with_capacity(select.order.len());
    for term in &select.order {
        let value = value_of(term);
        // Columns of the key are mostly there already.
        let found = select.columns.iter().position(|column| column == value);
        values.push(found.unwrap_or(select.columns.len()));
        if found.is_none() {
            select.columns.push(value.clone());
        }
    }
    values
}

/// The statement for at most so many rows: the first ones, or those after a row with the given values in the order.
pub fn piece(dialect: &dyn Dialect, seek: &Seek, last: Option<&[Param]>, rows: u64) -> Statement {
    let mut select = Select::clone(&seek.select);
    select.chunk = Some(rows);
    if let Some(last) = last {
        select.offset = 0;
        let after = after(&select.order, last);
        let range = if select.order.len() > 1 { range(&select.order[0], &last[0]) } else { None };
        select.filter.extend(range);
        select.filter.push(after);
    }
    emit(dialect, &select, 0)
}

/// What a term of the order compares by.
fn value_of(term: &OrderTerm) -> &Sql {
    term.value.as_ref().unwrap_or(&term.expr)
}

/// The rows of a select behind the one with the given values in the order, of which so many were before. None where the
/// values are not those of its order.
pub fn rest(select: &Select, last: &[Param], rows: u64) -> Option<Select> {
    if select.order.is_empty() || select.order.len() != last.len() {
        return None;
    }
    let mut select = select.clone();
    let after = after(&select.order, last);
    let range = if select.order.len() > 1 { range(&select.order[0], &last[0]) } else { None };
    select.filter.extend(range);
    select.filter.push(after);
    select.offset = 0;
    select.limit = select.limit.map(|limit| limit.saturating_sub(rows));
    Some(select)
}

/// That a row comes after the one with these values.
fn after(order: &[OrderTerm], last: &[Param]) -> Sql {
    let (Some(term), Some(value)) = (order.first(), last.first()) else {
        return never();
    };
    let further = further(term, value);
    if order.len() == 1 {
        return further.unwrap_or_else(never);
    }
    let equal = if is_null(value) {
        Sql::IsNull(Box::new(value_of(term).clone()))
    } else {
        compare(term, Operator::Eq, value)
    };
    let rest = Sql::binary(Operator::And, equal, after(&order[1..], &last[1..]));
    match further {
        Some(further) => Sql::binary(Operator::Or, further, rest),
        None => rest,
    }
}

/// That the first term alone puts a row after the one with this value. None where nothing is after it.
fn further(term: &OrderTerm, value: &Param) -> Option<Sql> {
    let operand = || Box::new(value_of(term).clone());
    Some(match (term.descending, is_null(value)) {
        // Null comes first when ascending, and last when descending.
        (false, true) => Sql::IsNotNull(operand()),
        (true, true) => return None,
        (false, false) => compare(term, Operator::Gt, value),
        (true, false) => or_null(term, compare(term, Operator::Lt, value)),
    })
}

/// That the first term does not put a row before the one with this value: the part that an index can begin at.
pub(crate) fn range(term: &OrderTerm, value: &Param) -> Option<Sql> {
    Some(match (term.descending, is_null(value)) {
        (false, true) => return None,
        (true, true) => Sql::IsNull(Box::new(value_of(term).clone())),
        (false, false) => compare(term, Operator::Ge, value),
        (true, false) => or_null(term, compare(term, Operator::Le, value)),
    })
}

/// That the first term does not put a row behind the one with this value.
pub(crate) fn up_to(term: &OrderTerm, value: &Param) -> Sql {
    compare(term, Operator::Le, value)
}

fn or_null(term: &OrderTerm, condition: Sql) -> Sql {
    if !term.nullable {
        return condition;
    }
    Sql::binary(Operator::Or, condition, Sql::IsNull(Box::new(value_of(term).clone())))
}

fn compare(term: &OrderTerm, operator: Operator, value: &Param) -> Sql {
    Sql::binary(operator, value_of(term).clone(), Sql::Param(value.clone()))
}

fn is_null(value: &Param) -> bool {
    value.value == Value::Null
}

fn never() -> Sql {
    Sql::binary(Operator::Eq, Sql::Integer(1), Sql::Integer(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::MARIADB;
    use crate::tree::{Join, JoinKind, ParamForm, Source, TableRef};

    /// A table `T`, ordered by terms such as `a`, `a?` for one that can be null, `a-` for descending.
    fn ordered(terms: &[&str]) -> Select {
        let source = Source::Table { schema: None, name: "T".to_owned() };
        let table = TableRef { source, alias: 0 };
        let from = vec![Join { kind: JoinKind::Inner, table, on: Vec::new() }];
        let order = terms.iter().map(|term| OrderTerm {
            expr: Sql::column(0, term.trim_end_matches(['?', '-'])),
            value: None,
            descending: term.contains('-'),
            nullable: term.contains('?'),
        });
        let (columns, limit) = (vec![Sql::column(0, "c"), Sql::column(0, "a")], Some(9));
        Select { from, columns, limit, offset: 3, order: order.collect(), ..Select::default() }
    }

    #[test]
    fn the_first_piece_has_the_values_of_the_order_and_the_rows_that_are_passed_over() {
        let seek = seek(&ordered(&["a", "b?-"])).expect("an order");
        assert_eq!((&*seek.values, seek.limit), (&[1, 2][..], Some(9)));
        let first = piece(&MARIADB, &seek, None, 7);
        let sql =
            "SELECT t0.`c`, t0.`a`, t0.`b` FROM `T` AS t0 ORDER BY t0.`a`, t0.`b` DESC LIMIT ? OFFSET 3";
        assert_eq!(&*first.sql, sql);
        assert_eq!(first.params, [Param { value: Value::Integer(7), form: ParamForm::Native }]);
        assert!(super::seek(&ordered(&[])).is_none(), "rows without an order cannot be gone on with");
    }

    #[test]
    fn further_pieces_go_on_after_a_row() {
        /// Terms, the values of the last row, and the condition.
        type Row = (&'static [&'static str], &'static [Option<i64>], &'static str);
        let rows: &[Row] = &[
            (&["a"], &[Some(1)], "(t0.`a` > ?)"),
            (&["a-"], &[Some(1)], "(t0.`a` < ?)"),
            (&["a?"], &[None], "(t0.`a` IS NOT NULL)"),
            (&["a?"], &[Some(1)], "(t0.`a` > ?)"),
            (&["a?-"], &[Some(1)], "((t0.`a` < ?) OR (t0.`a` IS NULL))"),
            (&["a?-"], &[None], "(1 = 0)"),
            (
                &["a", "b"],
                &[Some(1), Some(2)],
                "(t0.`a` >= ?) AND ((t0.`a` > ?) OR ((t0.`a` = ?) AND (t0.`b` > ?)))",
            ),
            (&["a?", "b"], &[None, Some(2)], "((t0.`a` IS NOT NULL) OR ((t0.`a` IS NULL) AND (t0.`b` > ?)))"),
            (
                &["a?-", "b"],
                &[Some(1), Some(2)],
                "((t0.`a` <= ?) OR (t0.`a` IS NULL)) AND \
                 (((t0.`a` < ?) OR (t0.`a` IS NULL)) OR ((t0.`a` = ?) AND (t0.`b` > ?)))",
            ),
            (&["a?-", "b"], &[None, Some(2)], "(t0.`a` IS NULL) AND ((t0.`a` IS NULL) AND (t0.`b` > ?))"),
            (
                &["a", "b?", "c"],
                &[Some(1), None, Some(3)],
                "(t0.`a` >= ?) AND ((t0.`a` > ?) OR ((t0.`a` = ?) AND \
                 ((t0.`b` IS NOT NULL) OR ((t0.`b` IS NULL) AND (t0.`c` > ?)))))",
            ),
        ];
        for (terms, last, expected) in rows {
            let seek = seek(&ordered(terms)).expect("an order");
            let param = |value: &Option<i64>| Param {
                value: value.map_or(Value::Null, Value::Integer),
                form: ParamForm::Native,
            };
            let last: Vec<Param> = last.iter().map(param).collect();
            let next = piece(&MARIADB, &seek, Some(&last), 5);
            let condition = next.sql.split(" WHERE ").nth(1).and_then(|rest| rest.split(" ORDER BY ").next());
            assert_eq!(condition, Some(*expected), "{terms:?} after {last:?}");
            assert!(
                next.sql.ends_with(" LIMIT ?"),
                "what is passed over was passed over before: {}",
                next.sql
            );
            let numbers = next.params.iter().filter(|p| p.value != Value::Integer(5)).count();
            assert_eq!(numbers, expected.matches('?').count(), "{terms:?} after {last:?}");
        }
    }
}
