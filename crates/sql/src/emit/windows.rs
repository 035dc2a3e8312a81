//! The rows of each parent that stand in a window.

use super::Writer;
use crate::tree::Select;

impl Writer<'_> {
    /// Numbers the rows of each parent and keeps those inside the window.
    pub(super) fn windowed(&mut self, select: &Select) {
        self.derives(select);
        let (after, at_most) = select.window.unwrap_or_default();
        self.text("SELECT o");
        for column in 1..select.columns.len() {
            self.text(", c");
            self.number(column as u64);
        }
        self.text(" FROM (SELECT ");
        for (i, column) in select.columns.iter().enumerate() {
            self.expr(column);
            self.text(if i == 0 { " AS o, " } else { " AS c" });
            if i > 0 {
                self.number(i as u64);
                self.text(", ");
            }
        }
        self.text("ROW_NUMBER() OVER (PARTITION BY k.o");
        self.ordered(true, &select.order);
        self.text(") AS n");
        self.body(select);
        self.text(") AS w WHERE n > ");
        self.number(after);
        if let Some(at_most) = at_most {
            self.text(" AND n <= ");
            self.number(after.saturating_add(at_most));
        }
        self.text(" ORDER BY o, n");
    }
}
