//! A select over groups that only orders them is written as one with them: the database then sees that rows come out of
//! the groups in the order that is asked for, and neither stores nor sorts them again.

use std::borrow::Cow;

use crate::tree::{OrderTerm, Select, Source, Sql};

/// The select, or one that says the same without a select in the place of its table.
pub(super) fn merged(select: &Select) -> Cow<'_, Select> {
    match over_groups(select) {
        Some(one) => Cow::Owned(one),
        None => Cow::Borrowed(select),
    }
}

fn over_groups(select: &Select) -> Option<Select> {
    let [join] = &select.from[..] else { return None };
    let Source::Selects(selects) = &join.table.source else { return None };
    let [groups] = &selects[..] else { return None };
    let plain = |select: &Select| {
        select.keys.is_none() && select.window.is_none() && !select.count_by_parent && select.chunk.is_none()
    };
    let all = |select: &Select| select.limit.is_none() && select.offset == 0 && select.order.is_empty();
    let as_they_come = select.group == 0 && select.filter.is_empty() && join.on.is_empty();
    if !(plain(select) && plain(groups) && all(groups) && as_they_come && groups.group > 0) {
        return None;
    }
    let mut columns = Vec::with_capacity(select.columns.len());
    for (place, column) in select.columns.iter().enumerate() {
        let number = number_of(column, join.table.alias)?;
        // Groups are made by the first columns, each once.
        let in_place = number == place || (place >= groups.group && number >= groups.group);
        columns.push(in_place.then(|| in_the_place(column, groups.columns.get(number)))??);
    }
    if columns.len() < groups.group {
        return None;
    }
    let mut order = Vec::with_capacity(select.order.len());
    for term in &select.order {
        // By number: a parameter would be another one here.
        let place = select.columns.iter().position(|column| *column == term.expr)?;
        order.push(OrderTerm { expr: Sql::Integer(place as i64 + 1), ..term.clone() });
    }
    Some(Select { columns, order, limit: select.limit, offset: select.offset, ..groups.clone() })
}

/// Which column of the selects it is, perhaps with a collation.
fn number_of(column: &Sql, alias: usize) -> Option<usize> {
    match column {
        Sql::Column(table, name) if *table == alias => name.strip_prefix('c')?.parse().ok(),
        Sql::Collate(inner, _) => number_of(inner, alias),
        _ => None,
    }
}

/// What it is there.
fn in_the_place(column: &Sql, there: Option<&Sql>) -> Option<Sql> {
    match column {
        Sql::Collate(inner, collation) => {
            let inner = in_the_place(inner, there)?;
            let already = matches!(&inner, Sql::Collate(_, own) if own == collation);
            Some(if already { inner } else { Sql::Collate(Box::new(inner), collation) })
        }
        _ => there.cloned(),
    }
}
