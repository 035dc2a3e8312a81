//! What is told of entities that are not in a result any more (JSON Format section 16, in 4.0 section 14).

use super::entity::Entity;
use super::{Compiler, IdentityShape, Op};
use crate::json::text::write_string;
use crate::layout::{Item, Node};
use crate::model::EntitySetId;
use crate::version::Version;

/// Why entities are not there any more, by their numbers from 1.
const REASONS: [&str; 2] = ["deleted", "changed"];

/// Lets what is skipped last end with the last operation.
fn skip_to_end(ops: &mut [Op]) {
    let end = ops.len();
    let open = |op: &&mut Op| matches!(op, Op::Present { skip_to: 0 });
    if let Some(Op::Present { skip_to }) = ops.iter_mut().rev().find(open) {
        *skip_to = end;
    }
}

impl Compiler<'_> {
    /// What tells what became of an entity, which keeps the number of its type in a place.
    pub(super) fn change(
        &self,
        item: &Item<'_>,
        (entity, place): (Entity<'_>, usize),
        number: &mut usize,
        ops: &mut Vec<Op>,
    ) {
        match item {
            Item::Reason => ops.push(self.reason(entity.set, place)),
            Item::Removed(property, last) => {
                ops.push(self.removed_key(entity, *property, *number, *last));
                *number = if *last { 0 } else { *number + 1 };
            }
            Item::Gone => {
                self.all_links(entity, ops);
                skip_to_end(ops);
                ops.push(Op::Present { skip_to: 0 });
            }
            _ => ops.push(Op::Present { skip_to: 0 }),
        }
    }

    /// What stands behind all items of a row.
    pub(super) fn end(&self, node: &Node<'_>, own: Entity<'_>, bare: bool, ops: &mut Vec<Op>) {
        if matches!(node.items.first(), Some(Item::There)) {
            skip_to_end(ops);
        } else if !node.selection.rows && node.selection.combined.is_empty() && !bare {
            self.all_links(own, ops);
        }
    }

    /// `,"@removed":{"reason":"deleted"}`, in 4.0 `,"@odata.context":"#Customers/$deletedEntity","reason":"deleted"`.
    fn reason(&self, set: EntitySetId, place: usize) -> Op {
        let told = REASONS.map(|reason| {
            let mut told = Vec::new();
            if self.format.version == Version::V40 {
                told.extend(self.annotation("", "context"));
                let name = &self.model.entity_set(set).name;
                write_string(&mut told, &["#", name, "/$deletedEntity"].concat());
                told.extend(self.member("reason"));
                write_string(&mut told, reason);
            } else {
                told.extend(self.annotation("", "removed"));
                told.push(b'{');
                told.extend(&self.member("reason")[1..]);
                write_string(&mut told, reason);
                told.push(b'}');
            }
            told
        });
        Op::Kind { place, told: std::iter::once(Vec::new()).chain(told).collect() }
    }

    /// A key value of an entity that is not there any more.
    fn removed_key(&self, entity: Entity<'_>, property: usize, number: usize, last: bool) -> Op {
        let mut op = self.key(entity.linked(true), property, number, last);
        if let Op::Key { last: Some(identity), .. } = &mut op {
            let id = if self.format.version == Version::V40 {
                self.member("id")
            } else {
                self.annotation("", "id")
            };
            let member = [id.as_slice(), b"\""].concat();
            **identity = IdentityShape { before: Vec::new(), members: vec![member] };
        }
        op
    }
}
