//! Columns that a model file hides.

use std::collections::HashSet;

use super::reshape::Shaper;
use crate::notice::Notice;

impl Shaper<'_, '_> {
    /// What identifies entities is served whatever is said of it.
    pub(super) fn tell_hidden_keys(&mut self, index: usize, key: &[usize], hidden: &HashSet<usize>) {
        let table = &self.catalog.tables[index];
        for column in key.iter().filter(|column| hidden.contains(column)) {
            let why = "Served although the model file hides it: it is part of the key.";
            self.notices.push(Notice::column(&table.name, &table.columns[*column].name, why));
        }
    }
}
