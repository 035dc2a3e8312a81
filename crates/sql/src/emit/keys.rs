//! The table of parent rows that a statement of a lower level begins with.

use super::Writer;
use crate::dialect::ParentRows;
use crate::tree::{KeyColumn, Select};

impl Writer<'_> {
    /// The table `k` of parent rows: their positions `o`, from 0, and link values `k0`, `k1`, …
    pub(super) fn keys(&mut self, select: &Select, parent_rows: usize) {
        let Some(columns) = &select.keys else {
            return;
        };
        self.text("WITH k(o");
        for column in 0..columns.len() {
            self.text(", k");
            self.number(column as u64);
        }
        match self.dialect.parent_rows() {
            ParentRows::Arrays => self.key_arrays(columns),
            ParentRows::Values => {
                self.text(") AS (VALUES ");
                self.key_rows(columns, parent_rows, "(", ", (", ")");
            }
            ParentRows::Selects => {
                self.text(") AS (");
                self.key_rows(columns, parent_rows, "SELECT ", " UNION ALL SELECT ", "");
            }
        }
        self.text(") ");
    }

    fn key_rows(&mut self, columns: &[KeyColumn], rows: usize, first: &str, next: &str, end: &str) {
        for row in 0..rows {
            self.text(if row == 0 { first } else { next });
            self.number(row as u64);
            for (i, column) in columns.iter().enumerate() {
                self.text(", ");
                self.dialect.key_param(row * columns.len() + i + 1, column, &mut self.out);
            }
            self.text(end);
        }
    }

    /// Arrays side by side, numbered.
    fn key_arrays(&mut self, columns: &[KeyColumn]) {
        let names = |writer: &mut Self| {
            for i in 0..columns.len() {
                writer.text(", k");
                writer.number(i as u64);
            }
        };
        self.text(") AS (SELECT n - 1");
        names(self);
        self.text(" FROM unnest(");
        for (i, column) in columns.iter().enumerate() {
            if i > 0 {
                self.text(", ");
            }
            self.dialect.key_param(i + 1, column, &mut self.out);
        }
        self.text(") WITH ORDINALITY AS a(");
        for i in 0..columns.len() {
            self.text("k");
            self.number(i as u64);
            self.text(", ");
        }
        self.text("n)");
    }
}
