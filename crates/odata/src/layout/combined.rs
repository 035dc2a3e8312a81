//! Rows that are combinations of entities.

use super::{Cell, Item, Layout, Needs};
use crate::model::Model;
use crate::query::{Named, Selection};

impl<'q> Layout<'q> {
    /// Combinations of entities: the first step of each path is the number of the set.
    pub(super) fn combined(&mut self, model: &Model, node: usize, selection: &'q Selection, needs: Needs) {
        let named: Vec<&Named> = selection.named.iter().collect();
        self.named(node, &named, 0);
        let told = |expanded: bool| {
            let all = selection.combined.iter().enumerate();
            all.filter(move |(_, one)| one.told && one.expand.is_some() == expanded)
        };
        // Links first: what is written behind collections could not know whether it needs a comma.
        for (number, one) in told(false).chain(told(true)) {
            let ty = model.entity_type(model.entity_set(one.set).entity_type);
            let cell = |property: usize| {
                let (path, inside) = (vec![number], Vec::new());
                Cell::Property { path, set: one.set, property, inside }
            };
            let at = &mut self.nodes[node];
            match &one.expand {
                Some(expanded) => {
                    at.cells.push(cell(ty.key[0]));
                    at.items.push(Item::OpenCombined(one.set));
                    self.entity(model, node, expanded, &[number], Needs { keys: true, ..needs });
                    self.nodes[node].items.push(Item::Close);
                }
                None => {
                    at.items.push(Item::Link(one.set));
                    for (i, key) in ty.key.iter().enumerate() {
                        at.cells.push(cell(*key));
                        at.items.push(Item::Key(*key, i + 1 == ty.key.len()));
                    }
                    at.items.push(Item::CloseLink);
                }
            }
        }
    }
}
