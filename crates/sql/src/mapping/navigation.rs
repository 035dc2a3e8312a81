//! Navigation properties as a model file wants them: others than the database knows of, partners, fewer.

use nextlink_odata::model::{EntitySetId, EntityType, EntityTypeId, NavigationProperty};

use super::Link;
use super::find::{about, find_column};
use super::links::{Parts, identifies};
use super::names::identifier;
use super::options::Case;
use super::reshape::TableShape;
use crate::catalog::Table;
use crate::notice::Notice;

/// Says which columns have a number behind their name, as the model file has given it to a navigation property.
pub(super) fn names_taken<'a>(
    ty: &'a EntityType,
    table: &'a Table,
    shape: &'a TableShape<'_>,
    case: Case,
) -> impl Iterator<Item = Notice> + use<'a> {
    let columns = ty.properties.iter().zip(&table.columns).zip(&shape.properties);
    let derived = columns.filter_map(|(column, told)| told.is_none().then_some(column));
    derived.filter_map(move |(property, column)| {
        let like = identifier(&column.name, case);
        let (name, _) = shape.navigation().find(|(name, _)| name.text == like)?;
        let text =
            ["the column `", &column.name, "` is the property `", &property.name, "`, as its name is taken"];
        Some(about(name, &table.name, &text.concat()))
    })
}

impl Parts<'_> {
    /// Adds those of the model file that no foreign key is behind.
    pub(super) fn add_wanted(&mut self) {
        for entity in 0..self.tables.len() {
            for number in 0..self.wanted[entity].len() {
                let wanted = &self.wanted[entity][number];
                if wanted.index.is_some() {
                    continue;
                }
                let (target, link) = (wanted.target, wanted.link.clone());
                let many = match &link {
                    Link::Through(_) => true,
                    Link::Direct(pairs) => {
                        let there: Vec<usize> = pairs.iter().map(|(_, there)| *there).collect();
                        let key = self.types[target].key.iter().all(|column| there.contains(column));
                        !key && !identifies(self.table(target), &there)
                    }
                };
                let property = NavigationProperty {
                    name: String::new(),
                    target: EntityTypeId(target),
                    target_set: EntitySetId(target),
                    collection: wanted.told.collection.unwrap_or(many),
                    // Nothing in the database says that there is a row.
                    nullable: true,
                    vouched: false,
                    partner: None,
                    constraints: Vec::new(),
                    on_delete: None,
                };
                // It finds itself among those that are wanted.
                self.push(entity, None, &[], property, link);
            }
        }
    }

    /// Makes partners of those that the model file calls so.
    pub(super) fn add_partners(&mut self, notices: &mut Vec<Notice>) {
        for entity in 0..self.tables.len() {
            for wanted in &self.wanted[entity] {
                let (Some(partner), Some(own)) = (&wanted.told.partner, wanted.index) else {
                    continue;
                };
                let there = &self.types[wanted.target].navigation;
                let found = there.iter().position(|n| n.name == partner.text && n.target.0 == entity);
                let known = self.types[entity].navigation[own].partner;
                match found {
                    Some(found) if known.is_none_or(|known| known == found) => {
                        self.types[entity].navigation[own].partner = Some(found);
                        let back = &mut self.types[wanted.target].navigation[found];
                        back.partner = back.partner.or(Some(own));
                    }
                    _ => {
                        let known = there.iter().any(|n| n.name == partner.text);
                        let text = match known {
                            true => "it cannot be the partner: it does not lead back, or another one does",
                            false => "it cannot be the partner: the target has no such navigation property",
                        };
                        notices.push(about(partner, &self.table(entity).name, text));
                    }
                }
            }
        }
    }

    /// Takes out what the model file hides and does not name, and puts first what it names.
    pub(super) fn choose_navigation(&mut self, shapes: &[TableShape<'_>], notices: &mut Vec<Notice>) {
        let mut kept: Vec<Vec<usize>> = Vec::with_capacity(self.tables.len());
        for (entity, &table) in self.tables.iter().enumerate() {
            let all = &self.types[entity].navigation;
            let Some((_, told)) = shapes[table].told else {
                kept.push((0..all.len()).collect());
                continue;
            };
            let place = |index: &usize| {
                shapes[table].navigation().position(|(name, _)| name.text == all[*index].name)
            };
            // Those of derived types come last.
            let common = told.navigation.0.len();
            let below = |index: &usize| {
                let has =
                    |name: &str| told.derived.iter().position(|(_, one)| one.navigation.get(name).is_some());
                let named = place(index).filter(|found| *found >= common);
                self.owners[entity][*index].or_else(|| named.and_then(|_| has(&all[*index].name)))
            };
            let rank = |index: &usize| match (below(index), place(index)) {
                (Some(owner), found) => (2, owner, found.unwrap_or(usize::MAX)),
                (None, Some(found)) => (0, 0, found),
                (None, None) => (1, 0, 0),
            };
            let hidden = |name: &str| told.hide.iter().any(|hidden| hidden.text == name);
            let mut chosen: Vec<usize> = (0..all.len())
                .filter(|index| {
                    place(index).is_some() || (told.others.unwrap_or(true) && !hidden(&all[*index].name))
                })
                .collect();
            chosen.sort_by_key(rank);
            for name in &told.hide {
                let found = all.iter().any(|navigation| navigation.name == name.text);
                if !found && find_column(&self.catalog.tables[table], &name.text).is_none() {
                    let text = "there is no such column or navigation property to hide";
                    notices.push(about(name, &self.catalog.tables[table].name, text));
                }
            }
            kept.push(chosen);
        }
        self.keep_navigation(&kept);
    }

    /// Keeps only these, by entity type.
    pub(super) fn keep_navigation(&mut self, kept: &[Vec<usize>]) {
        for (entity, chosen) in kept.iter().enumerate() {
            let navigation = &self.types[entity].navigation;
            let moved = chosen.iter().map(|&index| {
                let mut property = navigation[index].clone();
                let there = &kept[property.target.0];
                property.partner =
                    property.partner.and_then(|partner| there.iter().position(|&i| i == partner));
                property
            });
            let moved: Vec<_> = moved.collect();
            self.links[entity] = chosen.iter().map(|&index| self.links[entity][index].clone()).collect();
            self.owners[entity] = chosen.iter().map(|&index| self.owners[entity][index]).collect();
            self.types[entity].navigation = moved;
        }
    }
}
