//! Selects that refer to themselves: trees are walked through by them.

use super::Writer;
use crate::tree::{Param, Select};

/// Selects that are named beside the parent rows, in front of all else: what is written of them, and their parameters.
pub(super) struct NamedFirst {
    /// Where they are put.
    at: usize,
    text: String,
    params: Vec<Param>,
    /// How many there are, those included that are being written.
    named: usize,
    /// The numbers of those that are being written, the innermost last.
    open: Vec<usize>,
}

impl Writer<'_> {
    /// Lets recursive selects stand beside the table of parent rows, where the database does not see that in deeper ones.
    pub(super) fn begin_named(&mut self, select: &Select) {
        if select.keys.is_some() && self.dialect.names_recursion_first() {
            // Before the blank that ends the table of parent rows.
            let at = self.out.len() - 1;
            self.first =
                Some(NamedFirst { at, text: String::new(), params: Vec::new(), named: 0, open: Vec::new() });
        }
    }

    /// Puts them there; their parameters come first, as those of a statement have no numbers there.
    pub(super) fn put_named(&mut self) {
        let Some(NamedFirst { at, text, mut params, .. }) = self.first.take() else { return };
        if text.is_empty() {
            return;
        }
        self.out.insert_str(at, &text);
        self.out.insert_str("WITH".len(), " RECURSIVE");
        params.append(&mut self.params);
        self.params = params;
    }

    /// A recursive select in the place of a table.
    pub(super) fn recursive(&mut self, base: &Select, step: &Select) {
        self.recursive = true;
        let Some(first) = &mut self.first else {
            self.text("(WITH RECURSIVE h");
            self.steps(base, step);
            self.text(" SELECT * FROM h)");
            return;
        };
        let number = first.named;
        first.named += 1;
        first.open.push(number);
        let (out, params) = (std::mem::take(&mut self.out), std::mem::take(&mut self.params));
        self.text(", h");
        self.number(number as u64);
        self.steps(base, step);
        let (text, own) =
            (std::mem::replace(&mut self.out, out), std::mem::replace(&mut self.params, params));
        if let Some(first) = &mut self.first {
            first.open.pop();
            first.text.push_str(&text);
            first.params.extend(own);
        }
        self.text("h");
        self.number(number as u64);
    }

    /// `(c0, c1) AS (` first and next rows `)`
    fn steps(&mut self, base: &Select, step: &Select) {
        for column in 0..base.columns.len() {
            self.text(if column == 0 { "(c" } else { ", c" });
            self.number(column as u64);
        }
        self.text(") AS (");
        self.select(base, false);
        self.text(" UNION ");
        self.select(step, false);
        self.text(")");
    }

    /// The rows that a recursive select has given so far.
    pub(super) fn so_far(&mut self) {
        self.text("h");
        if let Some(number) = self.first.as_ref().and_then(|first| first.open.last().copied()) {
            self.number(number as u64);
        }
    }
}
