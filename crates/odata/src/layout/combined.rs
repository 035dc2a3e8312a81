//! Rows that are combinations of entities.

use super::{Cell, Item, Layout, Needs};
use crate::model::{EntitySetId, Model};
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
            let cell = |property: usize| cell_of(number, one.set, property);
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

    /// What stands below entities of all sets, whose values are those of the rows: the first step of each path is the number of the set.
    pub(super) fn beside(&mut self, model: &Model, node: usize, selection: &'q Selection, needs: Needs) {
        for (number, one) in selection.combined.iter().enumerate() {
            let Some(expanded) = &one.expand else { continue };
            let ty = model.entity_type(model.entity_set(one.set).entity_type);
            self.nodes[node].cells.push(cell_of(number, one.set, ty.key[0]));
            self.nodes[node].items.push(Item::Beside(one.set));
            self.identifier(model, node, one.set, &[number]);
            self.expanded(model, node, expanded, &[number], needs);
            self.nodes[node].items.push(Item::EndBeside);
        }
    }
}

/// A property of one of the entities of a row.
fn cell_of<'q>(number: usize, set: EntitySetId, property: usize) -> Cell<'q> {
    Cell::Property { path: vec![number], set, property, inside: Vec::new() }
}
