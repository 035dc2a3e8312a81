//! A value that lies in JSON and is what the path leads to.

use super::{Cell, Item, Layout, Node};
use crate::model::Model;
use crate::query::{JsonStep, Parts, Query};

impl<'q> Layout<'q> {
    /// All of a property is read, and written what steps lead to inside of it.
    pub(super) fn json(
        &mut self,
        model: &Model,
        query: &'q Query,
        property: usize,
        (steps, parts): (Vec<JsonStep>, Option<&'q Parts>),
    ) {
        let (set, chosen) = (query.selection.set, query.chosen.as_deref());
        if let Some(parts) = parts.filter(|parts| parts.is_read_apart()) {
            let (cells, items) = (Vec::new(), Vec::new());
            self.nodes.push(Node { selection: &query.selection, link: None, cells, items });
            self.open_json(model, 0, parts, (&[], set, query.inside.clone()), steps);
            self.etag(model, 0, set, &[]);
            return;
        }
        let cell = match chosen {
            Some(chosen) => {
                Cell::Chosen { path: Vec::new(), set, property, inside: query.inside.clone(), chosen }
            }
            None => Cell::Property { path: Vec::new(), set, property, inside: Vec::new() },
        };
        let (cells, items) = (vec![cell], vec![Item::Json { property, steps, parts, chosen }]);
        self.nodes.push(Node { selection: &query.selection, link: None, cells, items });
        self.etag(model, 0, set, &[]);
    }
}
