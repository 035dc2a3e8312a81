//! The properties of an entity, and its key.

use super::{Cell, Item, Layout};
use crate::model::{EntitySetId, Model};
use crate::query::{Query, Selection};

impl<'q> Layout<'q> {
    /// Behind a value, the key of its entity, where the path does not name it.
    pub(super) fn with_entity(mut self, model: &Model, query: &Query, keys: bool) -> Layout<'q> {
        if keys && query.leads_to_value() {
            self.identifier(model, 0, query.selection.set, &[]);
        }
        self
    }

    /// The key of an entity.
    pub(super) fn identifier(&mut self, model: &Model, node: usize, set: EntitySetId, path: &[usize]) {
        let key = &model.entity_type(model.entity_set(set).entity_type).key;
        if model.is_single(set) {
            self.nodes[node].items.push(Item::Single);
            return;
        }
        for (i, property) in key.iter().enumerate() {
            let (path, property) = (path.to_vec(), *property);
            self.nodes[node].cells.push(Cell::Property { path, set, property, inside: Vec::new() });
            self.nodes[node].items.push(Item::Key(property, i + 1 == key.len()));
        }
    }

    /// Properties of an entity.
    pub(super) fn properties(
        &mut self,
        model: &Model,
        node: usize,
        selection: &'q Selection,
        path: &[usize],
    ) {
        let set = selection.set;
        let ty = model.entity_type(model.entity_set(set).entity_type);
        let cell =
            |property: usize| Cell::Property { path: path.to_vec(), set, property, inside: Vec::new() };
        for property in &selection.properties {
            let at = &mut self.nodes[node];
            let only = selection.only_of_property(ty, *property);
            let narrowed = !only.is_empty();
            at.items.extend(narrowed.then_some(Item::Only(only)));
            let some = selection.some.iter().find(|some| some.property == *property);
            if let Some(number) = some.and_then(|some| some.count.as_ref()) {
                at.cells.push(Cell::Value(number));
                at.items.push(Item::Counted(*property));
            }
            let chosen = some.map(|some| &some.chosen);
            let cell = |property: usize| match chosen {
                Some(chosen) => {
                    Cell::Chosen { path: path.to_vec(), set, property, inside: Vec::new(), chosen }
                }
                None => cell(property),
            };
            let parts = selection.parts.iter().find(|parts| parts.property == *property);
            match parts {
                Some(parts) if ty.properties[*property].json.is_some() && parts.is_read_apart() => {
                    self.open_json(model, node, parts, (path, set, Vec::new()), Vec::new());
                }
                // One cell has all of it, whatever is told.
                _ if ty.properties[*property].json.is_some() => {
                    at.cells.push(cell(*property));
                    let steps = Vec::new();
                    at.items.push(Item::Json { property: *property, steps, parts, chosen });
                }
                Some(parts) if parts.collection => {
                    at.cells.push(cell(*property));
                    at.items.push(Item::Partly(parts));
                }
                Some(parts) => self.open_parts(node, parts, (set, &[]), path),
                None => {
                    at.cells.push(cell(*property));
                    at.items.push(Item::Property(*property));
                }
            }
            self.nodes[node].items.extend(narrowed.then_some(Item::EndOnly));
        }
    }
}
