//! What of a table somebody does not see whom the model is made for.

use std::collections::HashMap;

use super::full_text::FullTextMap;
use super::groups::Group;
use super::streams::Streams;
use crate::catalog::Table;
use crate::shape::{EntityShape, Named, PropertyShape};

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
        let derived = entity.derived.iter().flat_map(|(_, told)| told.properties.iter());
        let all = entity.properties.iter().chain(derived).filter(|(_, told)| others(told));
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
