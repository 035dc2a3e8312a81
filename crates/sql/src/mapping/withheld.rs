//! What of a table somebody does not see whom the model is made for.

use std::collections::HashMap;

use super::find::about;
use super::full_text::FullTextMap;
use super::groups::Group;
use super::streams::Streams;
use crate::catalog::Table;
use crate::notice::Notice;
use crate::shape::{EntityShape, Named, PropertyShape, Shape};

/// What a model file says of readers by which somebody who should would see nothing, or which is of no use. `by_login` is whether requests
/// can have logins.
pub fn unread(shape: &Shape, by_login: bool) -> Vec<Notice> {
    let things = shape.read_things();
    let named =
        |name: &str| things.iter().any(|thing| thing.readers.names().iter().any(|own| own.text == name));
    let vain = shape.groups.iter().filter(|(group, _)| !named(&group.text));
    let mut notices: Vec<Notice> =
        vain.map(|(group, _)| about(group, &group.text, "no `readers` name this group")).collect();
    for thing in &things {
        for login in thing.readers.names() {
            let lower = login.text.to_lowercase();
            let like = |group: &str| group != login.text && group.to_lowercase() == lower;
            if shape.groups.get(&login.text).is_none()
                && shape.groups.iter().any(|(group, _)| like(&group.text))
            {
                notices.push(about(
                    login,
                    &thing.name.text,
                    "it is a login, as the group is written another way",
                ));
            }
        }
        if !by_login {
            let why = "nobody sees it, since the source takes no logins of clients (`client_login`)";
            notices.push(about(thing.property.unwrap_or(thing.name), &thing.name.text, why));
        }
    }
    notices
}

/// Properties that have other readers.
pub(super) struct Withheld<'s> {
    /// Their names.
    pub(super) names: Vec<&'s str>,
    /// The columns of those that are a column.
    pub(super) columns: Vec<usize>,
    /// The columns of those that are made of several.
    parts: Vec<usize>,
}

impl<'s> Withheld<'s> {
    /// Those of an entity set, of whose properties these have columns.
    pub(super) fn of(
        entity: &'s EntityShape,
        singles: &HashMap<usize, (&'s Named, &'s PropertyShape)>,
        groups: &[Group<'s>],
    ) -> Withheld<'s> {
        let others = |told: &PropertyShape| told.readers.are_others();
        let all = entity.all_properties().filter(|(_, told)| others(told));
        let columns = singles.iter().filter(|(_, (_, told))| others(told)).map(|(column, _)| *column);
        let parts = groups.iter().filter(|group| others(group.told)).flat_map(|group| &group.columns);
        Withheld {
            names: all.map(|(name, _)| name.text.as_str()).collect(),
            columns: columns.collect(),
            parts: parts.copied().collect(),
        }
    }

    /// The columns of ETags, which tell their values, without those that are withheld. What is seen is the same then, whatever they hold.
    pub(super) fn without(&self, etag: Vec<usize>, streams: &Streams<'_>) -> Vec<usize> {
        let known = |column: &usize| {
            !self.columns.contains(column) && !self.parts.contains(column) && !streams.withholds(*column)
        };
        etag.into_iter().filter(known).collect()
    }

    /// Whether an index over words surely has none of them. What has words of all columns finds rows by what is not seen.
    pub(super) fn is_none_of(&self, map: &FullTextMap, table: &Table) -> bool {
        let named = |column: &usize| table.columns[*column].name.as_str();
        match map {
            FullTextMap::Table { .. } | FullTextMap::Vector { .. } => self.names.is_empty(),
            FullTextMap::Expression { columns, .. } | FullTextMap::Columns { columns, .. } => {
                let mut hidden = self.columns.iter().chain(&self.parts).map(named);
                !hidden.any(|hidden| columns.iter().any(|column| column == hidden))
            }
        }
    }
}
