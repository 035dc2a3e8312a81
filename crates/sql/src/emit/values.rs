//! Values that an expression names several times.

use super::Writer;
use crate::tree::{Select, Source, Sql};

impl Writer<'_> {
    /// The body over one row of the values. Where the database would write them into each place where they are named, those
    /// are kept from it in which others are named; the others are quicker so.
    pub(super) fn with_values(&mut self, values: &[Sql], body: &Sql) {
        self.wrapped("(SELECT ", body, " FROM ");
        let before = self.derivations;
        self.derivations += 1;
        self.text("(SELECT ");
        for (i, value) in values.iter().enumerate() {
            self.wrapped(if i == 0 { "" } else { ", " }, value, " AS v");
            self.number(i as u64);
        }
        if self.derivations > before + 1 {
            let fence = self.dialect.fence();
            self.text(fence);
        }
        self.text(") AS v)");
    }

    /// The same over one whole number.
    pub(super) fn with_number(&mut self, number: &Sql, body: &Sql) {
        let Some((before, behind)) = self.dialect.number_table() else {
            return self.with_values(std::slice::from_ref(number), body);
        };
        self.wrapped("(SELECT ", body, " FROM ");
        self.derivations += 1;
        self.wrapped(before, number, behind);
        self.text(" AS v)");
    }

    /// Takes note of a select that begins, and of those that it reads in the place of tables.
    pub(super) fn derives(&mut self, select: &Select) {
        self.derivations += 1;
        let selects = select.from.iter().filter(|join| {
            matches!(join.table.source, Source::Told(_) | Source::Selects(_) | Source::Recursive { .. })
        });
        self.derived.extend(selects.map(|join| join.table.alias));
    }
}
