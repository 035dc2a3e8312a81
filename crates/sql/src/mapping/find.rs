//! Tables and columns by the names that a model file has for them, and what is said of such a name.

use super::options::matches_table;
use crate::catalog::{Catalog, Table};
use crate::notice::Notice;
use crate::shape::Named;

/// A table by its name, with or without its schema.
pub(super) fn find_table(catalog: &Catalog, name: &str) -> Option<usize> {
    let exact = |table: &Table| {
        let schema = catalog.schema(&table.schema).unwrap_or_default();
        table.name == name || [schema, ".", &table.name].concat() == name
    };
    let like = |table: &Table| {
        !name.contains(['*', '?']) && matches_table(name, catalog.schema(&table.schema), &table.name)
    };
    let find = |fits: &dyn Fn(&Table) -> bool| {
        catalog.tables.iter().position(|table| table.select.is_none() && fits(table))
    };
    find(&exact).or_else(|| find(&like))
}

/// A column by its name.
pub(super) fn find_column(table: &Table, name: &str) -> Option<usize> {
    let exact = table.columns.iter().position(|column| column.name == name);
    let lower = || {
        let name = name.to_lowercase();
        table.columns.iter().position(|column| column.name.to_lowercase() == name)
    };
    exact.or_else(lower)
}

/// A notice about what a model file says.
pub(super) fn about(named: &Named, table: &str, text: &str) -> Notice {
    Notice::table(
        table,
        ["The model file, ", &named.spot.to_string(), ": `", &named.text, "`: ", text, "."].concat(),
    )
}
