//! Complex values of which parts are read one by one.

use super::{Cell, Item, Layout};
use crate::model::{EntitySetId, Model};
use crate::query::{Inside, JsonStep, Parts};

/// Where a complex value is: the navigation to its entity, the set of that, and the steps into the property.
type Where<'p> = (&'p [usize], EntitySetId, Vec<Inside>);

impl<'q> Layout<'q> {
    /// Parts of a complex value, which steps lead to inside of a property.
    pub(super) fn open_parts(
        &mut self,
        node: usize,
        parts: &'q Parts,
        (set, inside): (EntitySetId, &[Inside]),
        path: &[usize],
    ) {
        let at = &mut self.nodes[node];
        at.cells.push(Cell::Value(&parts.present));
        at.items.push(Item::OpenValue(parts.property));
        self.parts(node, parts, (path, set, inside.to_vec()), parts.property);
    }

    /// Members of a complex value that is open, in a property of an entity.
    fn parts(&mut self, node: usize, parts: &'q Parts, (path, set, inside): Where<'_>, property: usize) {
        for member in &parts.members {
            let mut inside = inside.clone();
            inside.push(Inside::Member(*member));
            let here = path.to_vec();
            let at = &mut self.nodes[node];
            let some = parts.some.iter().find(|some| some.property == *member);
            if let Some(count) = some.and_then(|some| some.count.as_ref()) {
                at.cells.push(Cell::Value(count));
                at.items.push(Item::MemberCounted(parts.ty, *member));
            }
            let whole = |inside| match some {
                Some(some) => Cell::Chosen { path: here, set, property, inside, chosen: &some.chosen },
                None => Cell::Property { path: here, set, property, inside },
            };
            match parts.parts.iter().find(|inner| inner.property == *member) {
                Some(inner) if inner.collection => {
                    at.cells.push(whole(inside));
                    at.items.push(Item::MemberPartly(parts.ty, inner));
                }
                Some(inner) => {
                    at.cells.push(Cell::Value(&inner.present));
                    at.items.push(Item::OpenMember(parts.ty, *member));
                    self.parts(node, inner, (path, set, inside), property);
                }
                None => {
                    at.cells.push(whole(inside));
                    at.items.push(Item::Member(parts.ty, *member));
                }
            }
        }
        self.close_parts(node, parts);
    }

    /// What is computed of a complex value, and its end.
    fn close_parts(&mut self, node: usize, parts: &'q Parts) {
        let at = &mut self.nodes[node];
        for named in &parts.named {
            at.cells.push(Cell::Value(&named.expr));
            at.items.push(Item::MemberNamed(named));
        }
        at.items.push(Item::CloseValue);
    }

    /// Parts of a complex value in JSON, to which steps lead; each of them is read with all of the JSON.
    pub(super) fn open_json(
        &mut self,
        model: &Model,
        node: usize,
        parts: &'q Parts,
        place: Where<'_>,
        steps: Vec<JsonStep>,
    ) {
        let at = &mut self.nodes[node];
        at.cells.push(Cell::Value(&parts.present));
        at.items.push(Item::OpenValue(parts.property));
        self.json_parts(model, node, parts, (place, parts.property), &steps);
    }

    /// Members of a complex value in JSON that is open.
    fn json_parts(
        &mut self,
        model: &Model,
        node: usize,
        parts: &'q Parts,
        ((path, set, inside), property): (Where<'_>, usize),
        before: &[JsonStep],
    ) {
        for member in &parts.members {
            let member = *member;
            let name = model.complex_type(parts.ty).properties[member].json.clone().unwrap_or_default();
            let steps: Vec<JsonStep> = before.iter().cloned().chain([JsonStep::Member(name)]).collect();
            let mut inside = inside.clone();
            inside.push(Inside::Member(member));
            let inner = parts.parts.iter().find(|inner| inner.property == member);
            let at = &mut self.nodes[node];
            if let Some(inner) = inner.filter(|inner| inner.is_read_apart()) {
                at.cells.push(Cell::Value(&inner.present));
                at.items.push(Item::OpenMember(parts.ty, member));
                self.json_parts(model, node, inner, ((path, set, inside), property), &steps);
                continue;
            }
            let some = parts.some.iter().find(|some| some.property == member);
            if let Some(count) = some.and_then(|some| some.count.as_ref()) {
                at.cells.push(Cell::Value(count));
                at.items.push(Item::MemberCounted(parts.ty, member));
            }
            let (path, chosen) = (path.to_vec(), some.map(|some| &some.chosen));
            at.cells.push(match chosen {
                Some(chosen) => Cell::Chosen { path, set, property, inside, chosen },
                None => Cell::Property { path, set, property, inside: Vec::new() },
            });
            at.items.push(Item::JsonMember { ty: parts.ty, member, steps, parts: inner, chosen });
        }
        self.close_parts(node, parts);
    }
}
