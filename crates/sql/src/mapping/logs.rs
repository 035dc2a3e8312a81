//! Tables that tell which rows of others have changed, as a model file wants it.

use super::LogMap;
use super::changes::can_order;
use super::find::{about, find_column, find_table};
use super::keys::Key;
use super::types::Types;
use super::wanted::{Known, comparable};
use crate::notice::Notice;
use crate::shape::{Entries, Named};

/// The tables that the model file names, by entity type.
pub(super) fn find(
    known: &Known<'_, '_>,
    types: &Types<'_>,
    keys: &[&Key],
    notices: &mut Vec<Notice>,
) -> Vec<Option<Box<LogMap>>> {
    let mut all = Vec::with_capacity(known.tables.len());
    for (entity, &table) in known.tables.iter().enumerate() {
        let shape = &known.shapes[table];
        let told = shape.told.and_then(|(_, told)| told.changes.as_ref());
        let found = told.and_then(|told| match (&told.table, &told.at) {
            // What is deleted could not be told.
            (Some(_), _) if told.deleted.is_some() && shape.changes.deleted.is_none() => None,
            (Some(named), Some(at)) => Some(log(known, entity, (named, at, &told.key), types, keys[entity])),
            _ => None,
        });
        all.push(match found.transpose() {
            Ok(log) => log.map(Box::new),
            Err((at, text)) => {
                notices.push(about(at, &known.catalog.tables[table].name, text));
                None
            }
        });
    }
    all
}

fn log<'s>(
    known: &Known<'_, 's>,
    entity: usize,
    (named, at, told): (&'s Named, &'s Named, &'s Entries<Named>),
    types: &Types<'_>,
    key: &Key,
) -> Result<LogMap, (&'s Named, &'static str)> {
    let own = &known.catalog.tables[known.tables[entity]];
    let found = find_table(known.catalog, &named.text);
    let log = &known.catalog.tables
        [found.ok_or((named, "no table or view has this name, so changes are not followed"))?];
    let column = |named: &'s Named| {
        let found = find_column(log, &named.text);
        found.ok_or((named, "the table that tells of changes has no such column, so they are not followed"))
    };
    let at_column = column(at)?;
    if !can_order(&log.columns[at_column]) {
        return Err((at, "only points in time and numbers tell when a row has changed"));
    }
    let mut pairs = Vec::with_capacity(key.columns.len());
    for (here, there) in told.iter() {
        let here_column = known.column(entity, here).filter(|column| key.columns.contains(column));
        let here_column =
            here_column.ok_or((here, "it is no part of the key, so changes are not followed"))?;
        pairs.push((here_column, column(there)?));
    }
    let mut columns = Vec::with_capacity(key.columns.len());
    for part in &key.columns {
        let told = pairs.iter().find(|(here, _)| here == part).map(|(_, there)| *there);
        let same = || find_column(log, &own.columns[*part].name).filter(|_| pairs.is_empty());
        let there = told.or_else(same);
        let there = there.ok_or((named, "not all of the key is told there, so changes are not followed"))?;
        if !comparable(&own.columns[*part].ty, &log.columns[there].ty) {
            return Err((named, "a part of the key has another type there, so changes are not followed"));
        }
        columns.push(types.column_map(&log.columns[there]));
    }
    let (schema, table) = (log.schema.clone(), log.name.clone());
    Ok(LogMap { schema, table, key: columns, at: types.column_map(&log.columns[at_column]) })
}
