//! What of a table somebody does not see whom the model is made for.

use std::collections::{HashMap, HashSet};

use nextlink_odata::model::{EntitySetId, EntityTypeId};

use super::find::about;
use super::full_text::FullTextMap;
use super::groups::Group;
use super::keys::Key;
use super::links::Parts;
use super::reshape::TableShape;
use super::streams::Streams;
use super::{Link, LogMap};
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

/// What goes by entity type beside the parts: names of sets, keys, and tables that tell of changes.
type Beside<'k> = (Vec<String>, Vec<&'k Key>, Vec<Option<Box<LogMap>>>);

impl Parts<'_> {
    /// Takes away the entity types that are not seen, and what leads to them or through their tables. Until then they had a part in
    /// how all is called.
    pub(super) fn withhold<'k>(&mut self, shapes: &[TableShape<'_>], beside: Beside<'k>) -> Beside<'k> {
        let seen: Vec<bool> = self.tables.iter().map(|&table| shapes[table].is_seen()).collect();
        if seen.iter().all(|seen| *seen) {
            return beside;
        }
        let name = |&table: &usize| (&self.catalog.tables[table].schema, &self.catalog.tables[table].name);
        let unseen: HashSet<_> =
            self.tables.iter().zip(&seen).filter(|(_, seen)| !**seen).map(|(table, _)| name(table)).collect();
        let stays = |entity: usize, index: usize| {
            let through = match &self.links[entity][index] {
                Link::Through(through) => unseen.contains(&(&through.schema, &through.table)),
                Link::Direct(_) => false,
            };
            seen[self.types[entity].navigation[index].target.0] && !through
        };
        let all = self.types.iter().enumerate();
        let kept = all.map(|(entity, ty)| (0..ty.navigation.len()).filter(|i| stays(entity, *i)).collect());
        let kept: Vec<Vec<usize>> = kept.collect();
        self.keep_navigation(&kept);
        let place = |entity: usize| seen[..entity].iter().filter(|seen| **seen).count();
        for navigation in self.types.iter_mut().flat_map(|ty| &mut ty.navigation) {
            let number = place(navigation.target.0);
            (navigation.target, navigation.target_set) = (EntityTypeId(number), EntitySetId(number));
        }
        retain(&mut self.tables, &seen);
        retain(&mut self.types, &seen);
        retain(&mut self.scopes, &seen);
        retain(&mut self.links, &seen);
        retain(&mut self.owners, &seen);
        retain(&mut self.wanted, &seen);
        let (mut sets, mut keys, mut logs) = beside;
        retain(&mut sets, &seen);
        retain(&mut keys, &seen);
        retain(&mut logs, &seen);
        (sets, keys, logs)
    }
}

fn retain<T>(all: &mut Vec<T>, seen: &[bool]) {
    let mut seen = seen.iter();
    all.retain(|_| seen.next().copied().unwrap_or_default());
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
