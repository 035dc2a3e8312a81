//! Columns whose bytes are streams, as a model file wants it.

use nextlink_odata::model::{BYTES, MediaType, PrimitiveType, Stream};

use super::StreamMap;
use super::reshape::{about, find_column};
use crate::catalog::{Column, ColumnType, Table};
use crate::notice::Notice;
use crate::shape::{EntityShape, MediaTypeShape, Named, PropertyShape};

/// The streams of a table.
#[derive(Debug, Clone, Default)]
pub(super) struct Streams<'s> {
    /// That of its entities themselves.
    media: Option<One<'s>>,
    /// Those of properties.
    properties: Vec<One<'s>>,
}

#[derive(Debug, Clone)]
struct One<'s> {
    /// The property, where it is one.
    name: Option<&'s Named>,
    told: Option<&'s PropertyShape>,
    media_type: Option<&'s MediaTypeShape>,
    map: StreamMap,
    nullable: bool,
}

impl<'s> Streams<'s> {
    /// Finds those that the model file names.
    pub(super) fn find(
        table: &Table,
        entity: &'s EntityShape,
        key: &[usize],
        notices: &mut Vec<Notice>,
    ) -> Streams<'s> {
        let mut finder = Finder { table, entity, key, notices };
        let told = entity.properties.iter().filter(|(_, told)| told.is_stream());
        let properties = told.filter_map(|(name, told)| {
            let column = told.column.as_ref().unwrap_or(name);
            let (map, nullable) = finder.map(column, told.content_type.as_ref())?;
            let nullable = told.nullable.unwrap_or(nullable);
            let media_type = told.content_type.as_ref();
            Some(One { name: Some(name), told: Some(told), media_type, map, nullable })
        });
        let properties = properties.collect();
        let media = entity.media.as_ref().and_then(|media| {
            let media_type = media.media_type.as_ref();
            let (map, nullable) = finder.map(&media.column, media_type)?;
            let nullable = media.nullable.unwrap_or(nullable);
            Some(One { name: None, told: None, media_type, map, nullable })
        });
        Streams { media, properties }
    }

    /// Whether a column is no property, since its bytes are a stream.
    pub(super) fn takes(&self, column: usize) -> bool {
        self.all().any(|one| one.map.content == column)
    }

    fn all(&self) -> impl Iterator<Item = &One<'s>> {
        self.media.iter().chain(&self.properties)
    }

    /// Columns have gone to other places.
    pub(super) fn moved(mut self, place: &[usize]) -> Streams<'s> {
        for one in self.media.iter_mut().chain(&mut self.properties) {
            one.map.content = place[one.map.content];
            one.map.media_type = one.map.media_type.map(|column| place[column]);
        }
        self
    }

    /// The names of stream properties.
    pub(super) fn names(&self) -> impl Iterator<Item = &'s str> {
        self.properties.iter().filter_map(|one| one.name).map(|name| name.text.as_str())
    }

    /// What clients see of the entities themselves, and of properties.
    pub(super) fn model(&self, columns: &[Column]) -> (Option<Stream>, Vec<Stream>) {
        let media = self.media.as_ref().map(|one| one.model(columns));
        (media, self.properties.iter().map(|one| one.model(columns)).collect())
    }

    /// Where they lie.
    pub(super) fn maps(&self) -> (Option<StreamMap>, Vec<StreamMap>) {
        (self.media.as_ref().map(|one| one.map), self.properties.iter().map(|one| one.map).collect())
    }
}

impl One<'_> {
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
    key: &'f [usize],
    notices: &'f mut Vec<Notice>,
}

impl<'s> Finder<'s, '_> {
    /// The columns of a stream, and whether there may be none. Without bytes there is no stream.
    fn map(&mut self, content: &Named, media_type: Option<&'s MediaTypeShape>) -> Option<(StreamMap, bool)> {
        let bytes = |ty: &ColumnType| *ty == ColumnType::Primitive(PrimitiveType::Binary);
        let column = self.column(content, bytes, "only the bytes of a column can be a stream")?;
        if self.key.contains(&column) {
            self.notices.push(about(content, &self.table.name, "a part of the key can't be a stream"));
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
        let property = self.entity.properties.get(&name.text);
        property.and_then(|property| property.column.as_ref()).unwrap_or(name)
    }

    fn column(&mut self, name: &Named, fits: impl Fn(&ColumnType) -> bool, wrong: &str) -> Option<usize> {
        let found = find_column(self.table, &name.text);
        let problem = match found {
            None => "it has no such column",
            Some(column) if !fits(&self.table.columns[column].ty) => wrong,
            Some(column) => return Some(column),
        };
        self.notices.push(about(name, &self.table.name, problem));
        None
    }
}
