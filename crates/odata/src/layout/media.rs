//! What entities say of the bytes of their streams.

use super::{Cell, Item, Layout};
use crate::model::{EntityType, MediaType};
use crate::query::Selection;

/// A stream of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bytes {
    /// The entity itself, as its type, or the one below that of its set, has it.
    Media(Option<usize>),
    /// That of a stream property.
    Property(usize),
}

impl<'q> Layout<'q> {
    /// What the bytes of the streams of an entity are, where it says it.
    pub(super) fn media_types(
        &mut self,
        ty: &EntityType,
        node: usize,
        selection: &'q Selection,
        path: &[usize],
    ) {
        let at = &mut self.nodes[node];
        for (stream, owner) in told_streams(ty, selection) {
            at.items.extend(owner.map(|owner| Item::Only(vec![owner])));
            at.cells.push(Cell::MediaType { path: path.to_vec(), set: selection.set, stream });
            at.items.push(Item::MediaType(stream));
            at.items.extend(owner.map(|_| Item::EndOnly));
        }
    }
}

/// The streams whose media types entities tell, each with the type that has it, where that is not known.
fn told_streams<'m>(
    ty: &'m EntityType,
    selection: &'m Selection,
) -> impl Iterator<Item = (Bytes, Option<usize>)> + use<'m> {
    let of = selection.of;
    let can = move |owner: &Option<usize>| ty.family.as_ref().is_none_or(|family| family.can_be(of, *owner));
    let has = move |owner: Option<usize>| ty.family.as_ref().is_none_or(|family| family.is_a(of, owner));
    let owners = std::iter::once(None).chain((0..ty.types_below().len()).map(Some)).filter(can);
    let media = owners.filter_map(|owner| Some((Bytes::Media(owner), owner, ty.own_media(owner)?)));
    let properties = selection.streams.iter();
    let properties =
        properties.map(|index| (Bytes::Property(*index), ty.owner_of_stream(*index), &ty.streams[*index]));
    let told = media.chain(properties).filter(|(.., stream)| stream.media_type == MediaType::Told);
    told.map(move |(stream, owner, _)| (stream, owner.filter(|_| !has(owner))))
}
