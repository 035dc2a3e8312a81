//! Columns whose bytes are streams, as a model file wants it.

use nextlink_odata::model::{BYTES, MediaType, PrimitiveType, Stream};

use super::StreamMap;
use super::find::{about, find_column};
use super::joined::Joined;
use crate::catalog::{Column, ColumnType, Table};
use crate::notice::Notice;
use crate::shape::{EntityShape, Entries, MediaShape, MediaTypeShape, Named, PropertyShape};

/// The streams of a table.
#[derive(Debug, Clone, Default)]
pub(super) struct Streams<'s> {
    /// Those of its entities themselves, by the types that have them.
    media: Vec<One<'s>>,
    /// Those of properties.
    properties: Vec<One<'s>>,
}

#[derive(Debug, Clone)]
struct One<'s> {
    /// The derived type that has it; none where all have it.
    owner: Option<usize>,
    /// The property, where it is one.
    name: Option<&'s Named>,
    told: Option<&'s PropertyShape>,
    media_type: Option<&'s MediaTypeShape>,
    map: StreamMap,
    nullable: bool,
}

impl<'s> Streams<'s> {
    /// Finds those that the model file names; derived types count where there are any, with the tables that they have.
    pub(super) fn find(
        table: &Table,
        (entity, derived): (&'s EntityShape, Option<Option<&Joined>>),
        key: &[usize],
        notices: &mut Vec<Notice>,
    ) -> Streams<'s> {
        let mut finder = Finder { table, entity, joined: derived.flatten(), part: None, key, notices };
        let mut streams = Streams::default();
        streams.properties.extend(finder.properties(&entity.properties));
        streams.media.extend(entity.media.as_ref().and_then(|media| finder.media(media)));
        let below = entity.derived.iter().enumerate().filter(|_| derived.is_some());
        for (number, (_, told)) in below {
            finder.part = Some(number);
            streams.properties.extend(finder.properties(&told.properties));
            streams.media.extend(told.media.as_ref().and_then(|media| finder.media(media)));
        }
        streams
    }

    /// Whether a column is no property, since its bytes are a stream.
    pub(super) fn takes(&self, column: usize) -> bool {
        self.all().any(|one| one.map.content == column)
    }

    fn all(&self) -> impl Iterator<Item = &One<'s>> {
        self.media.iter().chain(&self.properties)
    }

    /// Whether a column has the bytes of a property that is not seen.
    pub(super) fn withholds(&self, column: usize) -> bool {
        self.properties.iter().any(|one| one.map.content == column && one.is_withheld())
    }

    /// Those that the one sees for whom the model is made.
    pub(super) fn seen(mut self) -> Streams<'s> {
        self.properties.retain(|one| !one.is_withheld());
        self
    }

    /// Columns have gone to other places.
    pub(super) fn moved(mut self, place: &[usize]) -> Streams<'s> {
        for one in self.media.iter_mut().chain(&mut self.properties) {
            one.map.content = place[one.map.content];
            one.map.media_type = one.map.media_type.map(|column| place[column]);
        }
        self
    }

    /// The columns with bytes, by the names of the properties that they are, where they are of some.
    pub(super) fn contents(&self) -> impl Iterator<Item = (Option<&'s Named>, usize)> {
        self.all().map(|one| (one.name, one.map.content))
    }

    /// The names of stream properties.
    pub(super) fn names(&self) -> impl Iterator<Item = &'s str> {
        self.properties.iter().filter_map(|one| one.name).map(|name| name.text.as_str())
    }

    /// The derived types that have stream properties.
    pub(super) fn owners(&self) -> impl Iterator<Item = Option<usize>> {
        self.properties.iter().map(|one| one.owner)
    }

    /// What clients see of properties.
    pub(super) fn model(&self, columns: &[Column]) -> Vec<Stream> {
        self.properties.iter().map(|one| one.model(columns)).collect()
    }

    /// Where those lie.
    pub(super) fn maps(&self) -> Vec<StreamMap> {
        self.properties.iter().map(|one| one.map).collect()
    }

    /// What clients see of the entities themselves, as a type has it.
    pub(super) fn media(&self, owner: Option<usize>, columns: &[Column]) -> Option<Stream> {
        self.media.iter().find(|one| one.owner == owner).map(|one| one.model(columns))
    }

    /// Where that lies.
    pub(super) fn media_map(&self, owner: Option<usize>) -> Option<StreamMap> {
        self.media.iter().find(|one| one.owner == owner).map(|one| one.map)
    }
}

impl One<'_> {
    fn is_withheld(&self) -> bool {
        self.told.is_some_and(|told| told.readers.are_others())
    }

    fn model(&self, columns: &[Column]) -> Stream {
        let comment = || columns[self.map.content].comment.clone();
        Stream {
            name: self.name.map(|name| name.text.clone()).unwrap_or_default(),
            media_type: match (self.map.media_type, self.media_type) {
                (Some(_), _) => MediaType::Told,
                (None, Some(MediaTypeShape::Fixed(name))) => MediaType::Fixed(name.text.clone()),
                (None, _) => MediaType::Fixed(BYTES.to_owned()),
            },
            nullable: self.nullable,
            description: self.told.and_then(|told| told.description.clone().or_else(comment)),
        }
    }
}

struct Finder<'s, 'f> {
    table: &'f Table,
    entity: &'s EntityShape,
    /// The tables of derived types, where they have some.
    joined: Option<&'f Joined>,
    /// The derived type whose streams are looked for.
    part: Option<usize>,
    key: &'f [usize],
    notices: &'f mut Vec<Notice>,
}

impl<'s> Finder<'s, '_> {
    /// Those that are properties of a type.
    fn properties(&mut self, told: &'s Entries<PropertyShape>) -> Vec<One<'s>> {
        let streams = told.iter().filter(|(_, told)| told.is_stream());
        let found = streams.filter_map(|(name, told)| {
            let column = told.column.as_ref().unwrap_or(name);
            let media_type = told.content_type.as_ref();
            let (map, nullable) = self.map(column, media_type)?;
            let (owner, nullable) = (self.part, told.nullable.unwrap_or(nullable));
            Some(One { owner, name: Some(name), told: Some(told), media_type, map, nullable })
        });
        found.collect()
    }

    /// What the entities of a type are.
    fn media(&mut self, told: &'s MediaShape) -> Option<One<'s>> {
        let media_type = told.media_type.as_ref();
        let (map, nullable) = self.map(&told.column, media_type)?;
        let (owner, nullable) = (self.part, told.nullable.unwrap_or(nullable));
        Some(One { owner, name: None, told: None, media_type, map, nullable })
    }

    /// The columns of a stream, and whether there may be none. Without bytes there is no stream.
    fn map(&mut self, content: &Named, media_type: Option<&'s MediaTypeShape>) -> Option<(StreamMap, bool)> {
        let bytes = |ty: &ColumnType| *ty == ColumnType::Primitive(PrimitiveType::Binary);
        let column = self.column(content, bytes, "only the bytes of a column can be a stream")?;
        if self.key.contains(&column) {
            self.notices.push(about(content, &self.table.name, "a part of the key cannot be a stream"));
            return None;
        }
        let text = |ty: &ColumnType| *ty == ColumnType::Primitive(PrimitiveType::String);
        let media_type = match media_type {
            Some(MediaTypeShape::Column(name)) => {
                self.column(self.of_property(name), text, "a media type is told by a text")
            }
            _ => None,
        };
        let nullable = self.table.columns[column].nullable;
        Some((StreamMap { content: column, media_type }, nullable))
    }

    /// The column of a property.
    fn of_property(&self, name: &'s Named) -> &'s Named {
        let derived = self.entity.derived.iter().filter_map(|(_, told)| told.properties.get(&name.text));
        let property = self.entity.properties.get(&name.text).or_else(|| derived.clone().next());
        property.and_then(|property| property.column.as_ref()).unwrap_or(name)
    }

    fn column(&mut self, name: &Named, fits: impl Fn(&ColumnType) -> bool, wrong: &str) -> Option<usize> {
        let own = self.part.and_then(|part| self.joined?.column(part, &name.text));
        let found = own.or_else(|| find_column(self.table, &name.text));
        let problem = match found {
            None => "it has no such column",
            Some(column) if !fits(&self.table.columns[column].ty) => wrong,
            Some(column) => return Some(column),
        };
        self.notices.push(about(name, &self.table.name, problem));
        None
    }
}
