//! What a model file keeps from clients, where it is not known what that is: it could be served to everybody.

use std::collections::HashMap;

use super::find::{about, find_table};
use super::groups::Group;
use super::reshape::TableShape;
use super::streams::Streams;
use super::{Link, Mapping, TableMap};
use crate::catalog::Catalog;
use crate::notice::Notice;
use crate::shape::{EntityShape, Named, PropertyShape, Shape};

/// The entity sets of which something is kept from clients, and would not be.
pub(super) fn entities(catalog: &Catalog, shape: &Shape, mapping: &Mapping) -> Vec<Notice> {
    let lost = |(name, entity): (&Named, &EntityShape)| {
        let what = match kept(entity)? {
            Kept::Rows => ", so its condition on rows (`rows`) would not hold, and nothing is served",
            Kept::Readers => ", so everybody would see what has `readers`, and nothing is served",
        };
        let text = [problem(catalog, mapping, (name, entity))?, what].concat();
        let named = entity.table.as_ref().unwrap_or(name);
        Some(about(named, &named.text, &text))
    };
    shape.tables().filter_map(lost).collect()
}

enum Kept {
    Rows,
    Readers,
}

/// What of an entity set is kept from clients, if anything is.
fn kept(entity: &EntityShape) -> Option<Kept> {
    if entity.rows.is_some() {
        return Some(Kept::Rows);
    }
    let read = entity.readers.are_told() || with_readers(entity).next().is_some();
    read.then_some(Kept::Readers)
}

/// Why it is not known of which rows an entity set is.
fn problem(
    catalog: &Catalog,
    mapping: &Mapping,
    (name, entity): (&Named, &EntityShape),
) -> Option<&'static str> {
    let parts = entity.derived.iter().any(|(_, derived)| derived.table.is_some());
    match mapping.tables.iter().find(|table| table.told.as_ref() == Some(name)) {
        Some(table) if parts && table.joined.is_none() => {
            return Some("the tables of the derived types are not found as they are told");
        }
        Some(_) => return None,
        // Without its SELECT there are no rows.
        None if entity.sql.is_some() => return None,
        None => {}
    }
    let named = entity.table.as_ref().unwrap_or(name);
    let Some(table) = find_table(catalog, &named.text).map(|index| &catalog.tables[index]) else {
        return Some("no table or view has this name");
    };
    let is_read = |map: &TableMap| match &map.joined {
        Some(joined) => {
            joined.tables.iter().any(|part| (&part.schema, &part.name) == (&table.schema, &table.name))
        }
        None => map.select.is_none() && (&map.schema, &map.table) == (&table.schema, &table.name),
    };
    let is_between = |link: &Link| match link {
        Link::Through(through) => (&through.schema, &through.table) == (&table.schema, &table.name),
        Link::Direct(_) => false,
    };
    if mapping.tables.iter().flat_map(|map| &map.links).any(is_between) {
        return Some("it is no entity set, but navigation leads through its table");
    }
    mapping.tables.iter().any(is_read).then_some("another entity set has the rows of this table")
}

/// Properties of an entity set and of the types below it that have readers.
fn with_readers(entity: &EntityShape) -> impl Iterator<Item = &(Named, PropertyShape)> {
    entity.all_properties().filter(|(_, told)| told.readers.are_told())
}

/// Where the columns of a table are seen.
pub(super) struct Places<'p, 's> {
    /// Properties by their columns.
    pub(super) singles: &'p HashMap<usize, (&'s Named, &'s PropertyShape)>,
    /// Complex values.
    pub(super) groups: &'p [Group<'s>],
    /// Streams.
    pub(super) streams: &'p Streams<'s>,
    /// The column with dynamic properties.
    pub(super) open: Option<usize>,
    /// The columns of the key.
    pub(super) key: &'p [usize],
}

impl<'s> Places<'_, 's> {
    /// The properties that have readers and are not found as they are told, or are seen elsewhere, too: everybody would see them.
    pub(super) fn lost(&self, entity: &'s EntityShape) -> Vec<(&'s Named, &'static str)> {
        let lost = |(name, _): &'s (Named, PropertyShape)| Some((name, self.problem(entity, name)?));
        with_readers(entity).filter_map(lost).collect()
    }

    fn problem(&self, entity: &EntityShape, name: &Named) -> Option<&'static str> {
        let columns = self.columns(name);
        if columns.iter().any(|column| self.key.contains(column)) {
            return Some("it is part of the key, so whoever sees the entity sees it: it has no `readers`");
        }
        if columns.iter().any(|column| self.is_elsewhere(*column, name)) {
            return Some(
                "its column is served in another way, too, so everybody would see what has `readers`",
            );
        }
        let lost = columns.is_empty() && entity.others.unwrap_or(true);
        lost.then_some("it is not found as it is told, so everybody might see what has `readers`")
    }

    /// The columns of a property.
    fn columns(&self, name: &Named) -> Vec<usize> {
        let single = self.singles.iter().filter(|(_, (known, _))| *known == name).map(|(column, _)| *column);
        let group =
            self.groups.iter().filter(|group| group.name == name).flat_map(|group| group.columns.clone());
        let stream =
            self.streams.contents().filter(|(known, _)| *known == Some(name)).map(|(_, column)| column);
        single.chain(group).chain(stream).collect()
    }

    /// Whether a column is something else than this property, too.
    fn is_elsewhere(&self, column: usize, name: &Named) -> bool {
        let single = self.singles.get(&column).is_some_and(|(known, _)| *known != name);
        let group = self.groups.iter().any(|group| group.name != name && group.columns.contains(&column));
        let stream = self.streams.contents().any(|(known, own)| own == column && known != Some(name));
        single || group || stream || self.open == Some(column)
    }
}

/// The same as notices, of the tables that are served.
pub(super) fn told<'t>(shapes: impl Iterator<Item = (&'t str, &'t TableShape<'t>)>) -> Vec<Notice> {
    let all = shapes.flat_map(|(table, shape)| shape.lost.iter().map(move |lost| (table, lost)));
    let notice = |(table, (name, why)): (&str, &(&Named, &str))| {
        about(name, table, &[why, ", and nothing is served"].concat())
    };
    all.map(notice).collect()
}
