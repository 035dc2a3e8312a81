//! What is told of the streams of an entity: where their bytes are, and what they are (JSON Format section 4.6.13).

use super::{Compiler, Entity, Op, ValueShape};
use crate::json::key::write_plain_key;
use crate::json::text::write_string;
use crate::layout::Bytes;
use crate::model::{EntitySetId, MediaType, Stream};
use crate::version::MetadataLevel;

impl Compiler<'_> {
    /// Links to the streams that an entity has as one of a type, each as prefix and what follows the identifier.
    pub(super) fn stream_links(&self, entity: Entity<'_>, owner: Option<usize>) -> Vec<Vec<u8>> {
        let mut links = Vec::new();
        if self.format.metadata != MetadataLevel::Full || entity.references {
            return links;
        }
        for stream in self.streams_of(entity, owner) {
            let mut path = self.cast(entity.set, owner);
            path.push(b'/');
            if stream.name.is_empty() {
                path.extend_from_slice(b"$value");
            } else {
                write_plain_key(&mut path, &stream.name);
            }
            path.push(b'"');
            links.push(self.stream_prefix(stream));
            links.push(path);
        }
        links
    }

    /// `,"Photo@odata.mediaEtag":"\"`, with metadata=full of each stream that it has as one of a type: it is another one when the
    /// entity is.
    pub(super) fn stream_etags(&self, entity: Entity<'_>, owner: Option<usize>) -> Vec<Vec<u8>> {
        let full = self.format.metadata == MetadataLevel::Full;
        let streams = self.streams_of(entity, owner).filter(|_| full);
        streams
            .map(|stream| [self.annotation(&stream.name, "mediaEtag").as_slice(), b"\"\\\""].concat())
            .collect()
    }

    /// Reads what the bytes of a stream are, and tells of it.
    pub(super) fn media_type(&mut self, set: EntitySetId, stream: Bytes) -> Op {
        let name = match stream {
            Bytes::Media(_) => "",
            Bytes::Property(index) => &self.type_of(set).streams[index].name,
        };
        let prefix = self.annotation(name, "mediaContentType");
        Op::Json { value: self.add(ValueShape::MediaType { prefix }) }
    }

    /// The streams of which something is told, and that a type has itself.
    fn streams_of<'e>(
        &'e self,
        entity: Entity<'e>,
        owner: Option<usize>,
    ) -> impl Iterator<Item = &'e Stream> {
        let ty = self.type_of(entity.set);
        let own = entity.streams().iter().filter(move |index| ty.owner_of_stream(**index) == owner);
        ty.own_media(owner).into_iter().chain(own.map(|index| &ty.streams[*index]))
    }

    /// `,"Photo@odata.mediaContentType":"image/png","Photo@odata.mediaReadLink":`
    fn stream_prefix(&self, stream: &Stream) -> Vec<u8> {
        let mut out = Vec::new();
        if let MediaType::Fixed(media_type) = &stream.media_type {
            out = self.annotation(&stream.name, "mediaContentType");
            write_string(&mut out, media_type);
        }
        out.extend(self.annotation(&stream.name, "mediaReadLink"));
        out
    }
}
