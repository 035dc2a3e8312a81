//! Columns that are declared like a boolean and are numbers: keys, and what refers to them.

use nextlink_odata::model::PrimitiveType;
use nextlink_sql::catalog::{ColumnType, Table};

/// What BOOLEAN is to the server.
pub(super) const BOOLEAN: &str = "tinyint(1)";

/// A key of one such column tells its rows apart by any number, so the column is one; so are those that refer to it.
pub(super) fn as_numbers(tables: &mut [Table]) {
    for table in &mut *tables {
        let alone = match (table.primary_key.as_slice(), table.unique.as_slice()) {
            ([column], _) => Some(*column),
            ([], [unique, ..]) if unique.len() == 1 => Some(unique[0]),
            _ => None,
        };
        if let Some(column) = alone {
            as_number(table, column);
        }
    }
    loop {
        let found = tables.iter().enumerate().find_map(|(number, table)| {
            table.foreign_keys.iter().find_map(|key| match (&*key.columns, &*key.target_columns) {
                ([own], [other]) => {
                    let known = tables[key.target].columns.get(*other)?.ty == number_type();
                    (known && is_flag(table, *own)).then_some((number, *own))
                }
                _ => None,
            })
        });
        match found {
            Some((table, column)) => as_number(&mut tables[table], column),
            None => return,
        }
    }
}

fn number_type() -> ColumnType {
    ColumnType::Primitive(PrimitiveType::SByte)
}

fn is_flag(table: &Table, column: usize) -> bool {
    table.columns[column].declared == BOOLEAN
        && table.columns[column].ty == ColumnType::Primitive(PrimitiveType::Boolean)
}

fn as_number(table: &mut Table, column: usize) {
    if is_flag(table, column) {
        let column = &mut table.columns[column];
        (column.ty, column.default_value) = (number_type(), None);
    }
}
