//! Properties and what is inside of them. Of the values in a collection of complex ones, which are read as a whole, what nobody has
//! asked for is not written.

use super::{Compiler, MemberShape, Op, ValueShape, close};
use crate::layout::Item;
use crate::model::{EntitySetId, Property, Type};
use crate::query::{Leaf, Parts};

impl Compiler<'_> {
    /// What to do for an item that reads a value of an entity of a set, or begins or ends a complex one. `bare` is the value that alone
    /// makes a row.
    pub(super) fn values(
        &mut self,
        item: &Item<'_>,
        set: EntitySetId,
        bare: Option<&Leaf>,
        (ops, opened): (&mut Vec<Op>, &mut Vec<usize>),
    ) {
        let op = match item {
            Item::Property(index) => self.property(&self.type_of(set).properties[*index], bare),
            Item::OpenValue(index) => {
                opened.push(ops.len());
                self.open_value(&self.type_of(set).properties[*index], bare.is_some())
            }
            Item::OpenMember(id, member) => {
                opened.push(ops.len());
                self.open_value(&self.model.complex_type(*id).properties[*member], false)
            }
            Item::Member(id, member) => {
                self.property(&self.model.complex_type(*id).properties[*member], None)
            }
            Item::Partly(parts) => {
                self.partly(&self.type_of(set).properties[parts.property], parts, bare.is_some())
            }
            Item::Json { property, .. } => self.typed(&self.type_of(set).properties[*property], item, bare),
            Item::JsonMember { ty, member, .. } => {
                self.typed(&self.model.complex_type(*ty).properties[*member], item, None)
            }
            Item::Counted(index) => self.counted(&self.type_of(set).properties[*index]),
            Item::MemberCounted(id, member) => {
                self.counted(&self.model.complex_type(*id).properties[*member])
            }
            Item::MemberPartly(id, parts) => {
                self.partly(&self.model.complex_type(*id).properties[parts.property], parts, false)
            }
            _ => {
                ops.push(Op::Close { links: Vec::new() });
                close(ops, opened);
                return;
            }
        };
        ops.push(op);
    }

    /// Reads how many values of a collection fit.
    fn counted(&self, property: &Property) -> Op {
        let prefix = self.annotation(&property.name, "count");
        // 64-bit integers are strings for clients that know only doubles.
        Op::Cell { prefix, quoted: self.format.ieee754_compatible, special: None }
    }

    /// Reads a collection, or the one that alone makes a row.
    fn partly(&mut self, property: &Property, parts: &Parts, bare: bool) -> Op {
        let prefix = if bare { Vec::new() } else { self.prefix_of(property) };
        let shape = self.parts_shape(parts);
        Op::Value { prefix, value: self.add(shape) }
    }

    /// How a value is written of which only parts are wanted.
    fn parts_shape(&mut self, parts: &Parts) -> ValueShape {
        let mut shape = self.value(Type::Complex(parts.ty), false);
        if let ValueShape::Complex { members, .. } = &mut shape {
            for (number, member) in members.iter_mut().enumerate() {
                self.choose(parts, number, member);
            }
        }
        if parts.collection { ValueShape::Collection { item: self.add(shape) } } else { shape }
    }

    fn choose(&mut self, parts: &Parts, number: usize, member: &mut MemberShape) {
        member.told = parts.members.contains(&number);
        if let Some(inner) = parts.parts.iter().find(|inner| inner.property == number) {
            let shape = self.parts_shape(inner);
            member.value = self.add(shape);
        }
    }
}
