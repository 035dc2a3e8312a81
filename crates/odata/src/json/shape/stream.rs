//! What is told of the streams of an entity: where their bytes are, and what they are (JSON Format section 4.6.13).

use super::{Compiler, Entity};
use crate::json::key::write_plain_key;
use crate::json::text::write_string;
use crate::model::{MediaType, Stream};
use crate::version::MetadataLevel;

impl Compiler<'_> {
    /// Links to the streams of an entity, each as prefix and what follows the identifier.
    pub(super) fn stream_links(&self, entity: Entity<'_>) -> Vec<Vec<u8>> {
        let mut links = Vec::new();
        for stream in self.streams_of(entity) {
            let mut path = vec![b'/'];
            if stream.name.is_empty() {
                path.extend_from_slice(b"$value");
            } else {
                write_plain_key(&mut path, &stream.name);
            }
            links.push(self.stream_prefix(stream));
            links.push(path);
        }
        links
    }

    /// `,"Photo@odata.mediaEtag":"\"`, with metadata=full of each stream: it is another one when the entity is.
    pub(super) fn stream_etags(&self, entity: Entity<'_>) -> Vec<Vec<u8>> {
        let streams = self.streams_of(entity).filter(|_| self.format.metadata == MetadataLevel::Full);
        streams
            .map(|stream| [self.annotation(&stream.name, "mediaEtag").as_slice(), b"\"\\\""].concat())
            .collect()
    }

    /// The streams of an entity of which something is told.
    fn streams_of<'e>(&'e self, entity: Entity<'e>) -> impl Iterator<Item = &'e Stream> {
        let ty = self.type_of(entity.set);
        ty.media.iter().chain(entity.streams.iter().map(|index| &ty.streams[*index]))
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
