//! Rows that are of several entities: those that are combined, and those of all sets, below which something stands.

use super::entity::Entity;
use super::{Compiler, Op, begin, end_only, opening};
use crate::layout::Item;
use crate::model::EntitySetId;
use crate::query::Selection;
use crate::version::MetadataLevel;

/// What is being written: the operations so far, and what among them has not ended yet.
pub(super) struct Written<'w, 'q> {
    pub(super) ops: &'w mut Vec<Op>,
    pub(super) opened: &'w mut Vec<usize>,
    pub(super) only: &'w mut Vec<usize>,
    pub(super) entities: &'w mut Vec<Entity<'q>>,
}

impl Compiler<'_> {
    /// Begins or ends one of the entities; `place` is where the number of its type is kept.
    pub(super) fn of_several<'q>(
        &self,
        item: &Item,
        selection: &'q Selection,
        place: usize,
        written: Written<'_, 'q>,
    ) {
        let Written { ops, opened, only, entities } = written;
        match item {
            Item::OpenCombined(set) => {
                entities.push(Entity::combined(selection, *set, place));
                begin(ops, opened, opening(self.member(&self.model.entity_set(*set).name), b"{"));
            }
            Item::Link(set) => {
                entities.push(Entity::combined(selection, *set, place).linked(true));
                ops.push(Op::Identify);
            }
            Item::Beside(set) => {
                begin(ops, only, Op::Present { skip_to: 0 });
                ops.push(Op::Identify);
                entities.push(Entity::beside(selection, *set));
            }
            Item::CloseLink => {
                let link = entities.pop().and_then(|entity| self.combined_link(entity.set));
                ops.push(Op::Identified { link });
            }
            _ => {
                ops.push(Op::Identified { link: None });
                entities.pop();
                end_only(ops, only);
            }
        }
    }

    /// `,"Products@odata.navigationLink":`, where it is told at all.
    fn combined_link(&self, set: EntitySetId) -> Option<Vec<u8>> {
        let told = self.format.metadata != MetadataLevel::None;
        told.then(|| self.annotation(&self.model.entity_set(set).name, "navigationLink"))
    }
}
