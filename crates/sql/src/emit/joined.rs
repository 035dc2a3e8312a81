//! Tables that share a key, in the place of one.

use super::Writer;
use crate::catalog::JoinedTables;

impl Writer<'_> {
    /// A select over the first of them with what the others have, and with the number that tells which of them have a row.
    pub(super) fn joined(&mut self, joined: &JoinedTables) {
        self.text("(SELECT ");
        for (name, table, column) in &joined.columns {
            self.of_joined(*table, column);
            self.text(" AS ");
            self.dialect.identifier(name, &mut self.out);
            self.text(", ");
        }
        self.text("CASE");
        for (number, table) in &joined.kinds {
            self.text(" WHEN ");
            let own = joined.tables[*table].key.first();
            self.of_joined(*table, own.map_or("", |(own, _)| own));
            self.text(" IS NOT NULL THEN ");
            self.out.push_str(&number.to_string());
        }
        self.text(" END AS ");
        self.dialect.identifier(&joined.kind, &mut self.out);
        for (number, table) in joined.tables.iter().enumerate() {
            self.text(if number == 0 { " FROM " } else { " LEFT JOIN " });
            if let Some(schema) = &table.schema {
                self.dialect.identifier(schema, &mut self.out);
                self.text(".");
            }
            self.dialect.identifier(&table.name, &mut self.out);
            self.text(" AS j");
            self.number(number as u64);
            for (place, (own, first)) in table.key.iter().enumerate() {
                self.text(if place == 0 { " ON " } else { " AND " });
                self.of_joined(number, own);
                self.text(" = ");
                self.of_joined(0, first);
            }
        }
        self.text(")");
    }

    fn of_joined(&mut self, table: usize, column: &str) {
        self.text("j");
        self.number(table as u64);
        self.text(".");
        self.dialect.identifier(column, &mut self.out);
    }
}
