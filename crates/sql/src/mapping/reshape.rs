//! The catalogue as a model file wants it: columns that are no properties go to the end, groups of columns become one.

use std::collections::{HashMap, HashSet};

use super::ChangesMap;
use super::changes;
use super::find::{about, find_column, find_table};
use super::full_text::{self, FullTextMap};
use super::groups::Group;
use super::joined::Joins;
use super::keys::Key;
use super::lost::Places;
use super::open;
use super::options::ModelOptions;
use super::streams::Streams;
use super::withheld::Withheld;
use super::zones;
use crate::catalog::{Catalog, Column, Table};
use crate::notice::Notice;
use crate::shape::{EntityShape, Named, NavigationShape, PropertyShape, Shape};

/// A table as the model file wants it.
#[derive(Debug, Clone, Default)]
pub(super) struct TableShape<'s> {
    /// Name of its entity set, and what else is said of it.
    pub(super) told: Option<(&'s Named, &'s EntityShape)>,
    /// So many columns at the start are properties.
    pub(super) visible: usize,
    /// By column that is a property: its name and what else is said of it.
    pub(super) properties: Vec<Option<(&'s Named, &'s PropertyShape)>>,
    /// By column that stands for a group: the columns of the group.
    pub(super) groups: HashMap<usize, Vec<usize>>,
    /// The column with the dynamic properties.
    pub(super) open: Option<usize>,
    /// Bytes that are read by themselves.
    pub(super) streams: Streams<'s>,
    /// Columns of which ETags are made.
    pub(super) etag: Vec<usize>,
    /// By what changes are followed.
    pub(super) changes: ChangesMap,
    /// The index over words.
    pub(super) full_text: Option<FullTextMap>,
    /// By column that is a property: the derived type that has it. Those that all have come first.
    pub(super) owners: Vec<Option<usize>>,
    /// The column that tells derived types from each other.
    pub(super) kind: Option<usize>,
    /// Properties with readers that are not found, and why.
    pub(super) lost: Vec<(&'s Named, &'static str)>,
    /// Names of properties that others see, but not the one that the model is made for.
    pub(super) withheld: Vec<&'s str>,
}

impl<'s> TableShape<'s> {
    /// Whether the one sees its entities for whom the model is made.
    pub(super) fn is_seen(&self) -> bool {
        self.told.is_none_or(|(_, told)| !told.readers.are_others())
    }

    /// Navigation properties that the model file names, those of derived types behind the others.
    pub(super) fn navigation(&self) -> impl Iterator<Item = &'s (Named, NavigationShape)> + use<'s> {
        let told = self.told.map(|(_, told)| told);
        let derived = told.filter(|_| self.kind.is_some()).into_iter().flat_map(|told| told.derived.iter());
        let own = told.into_iter().flat_map(|told| told.navigation.iter());
        own.chain(derived.flat_map(|(_, derived)| derived.navigation.iter()))
    }
}

/// A catalogue as the model file wants it.
pub(super) struct Reshaped<'s> {
    pub(super) catalog: Catalog,
    /// By table.
    pub(super) tables: Vec<TableShape<'s>>,
    /// What functions give whose types are among those of the model file.
    pub(super) given: Vec<Column>,
    pub(super) made: Made,
}

/// What was made besides what the database has. Its names stay as they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made {
    /// Enumerations from this one on are of numbers or texts.
    pub(super) enums: usize,
    /// Composite types from this one on are groups of columns.
    pub(super) composites: usize,
}

/// A column of a table in its new order.
enum Slot<'s> {
    Column(usize),
    Group(Group<'s>),
}

/// The columns that are properties, with groups at the place of their first one, and those that are none.
fn slots<'s>(
    count: usize,
    groups: &[Group<'s>],
    kept: impl Fn(usize) -> bool,
) -> (Vec<Slot<'s>>, Vec<usize>) {
    let (mut front, mut back) = (Vec::new(), Vec::new());
    for column in 0..count {
        match groups.iter().find(|group| group.columns.contains(&column)) {
            Some(group) => {
                back.push(column);
                let seen = !group.told.readers.are_others();
                if seen && group.columns.iter().min() == Some(&column) {
                    front.push(Slot::Group(group.clone()));
                }
            }
            None if kept(column) => front.push(Slot::Column(column)),
            None => back.push(column),
        }
    }
    (front, back)
}

/// The tables that the entities of a model file are about.
pub(super) fn told<'s>(
    catalog: &Catalog,
    shape: &'s Shape,
    notices: &mut Vec<Notice>,
) -> Vec<Option<(&'s Named, &'s EntityShape)>> {
    let mut found = vec![None; catalog.tables.len()];
    for (name, entity) in shape.tables() {
        let table = entity.table.as_ref().unwrap_or(name);
        if entity.sql.is_some() {
            // Where there is no such table, the database has refused the SELECT, and a notice says why.
            let of_select = |table: &Table| table.select.is_some() && table.name == name.text;
            if let Some(index) = catalog.tables.iter().position(of_select) {
                found[index] = Some((name, entity));
            }
            continue;
        }
        let Some(index) = find_table(catalog, &table.text) else {
            notices.push(about(table, &table.text, "no table or view has this name"));
            continue;
        };
        if found[index].is_some() {
            notices.push(about(table, &table.text, "another entity set is of this table already"));
            continue;
        }
        found[index] = Some((name, entity));
    }
    found
}

/// Makes it so. The keys of tables follow.
pub(super) fn reshape<'s>(
    catalog: &Catalog,
    options: &'s ModelOptions,
    joins: &Joins,
    told: Vec<Option<(&'s Named, &'s EntityShape)>>,
    keys: &mut HashMap<usize, Key>,
    notices: &mut Vec<Notice>,
) -> Reshaped<'s> {
    let made = Made { enums: catalog.enums.len(), composites: catalog.composites.len() };
    let (shape, groups) = (&options.shape, HashMap::new());
    let catalog = zones::assumed(catalog, options.time_zone);
    let mut shaper = Shaper { shape, made, catalog, joins, part: None, groups, notices };
    let mut tables = Vec::with_capacity(told.len());
    let mut places = Vec::with_capacity(told.len());
    for (index, told) in told.into_iter().enumerate() {
        let key = keys.get(&index).map(|key| key.columns.as_slice()).unwrap_or_default();
        let (table, place) = shaper.table(index, told, key);
        tables.push(table);
        places.push(place);
    }
    let given = shaper.given();
    let mut catalog = shaper.catalog;
    for (table, place) in catalog.tables.iter_mut().zip(&places) {
        let moved =
            |columns: &mut Vec<usize>| columns.iter_mut().for_each(|c| *c = *place.get(*c).unwrap_or(c));
        moved(&mut table.primary_key);
        table.unique.iter_mut().for_each(moved);
        for key in &mut table.foreign_keys {
            moved(&mut key.columns);
            if let Some(place) = places.get(key.target) {
                key.target_columns.iter_mut().for_each(|c| *c = *place.get(*c).unwrap_or(c));
            }
        }
    }
    for (index, key) in keys {
        key.columns.iter_mut().for_each(|c| *c = places[*index][*c]);
    }
    Reshaped { catalog, tables, given, made }
}

pub(super) struct Shaper<'s, 'n> {
    pub(super) shape: &'s Shape,
    pub(super) made: Made,
    pub(super) catalog: Catalog,
    pub(super) joins: &'n Joins,
    /// The derived type among whose columns names are looked for first.
    pub(super) part: Option<usize>,
    /// Complex types made of groups, by their names: the composite type.
    pub(super) groups: HashMap<&'s str, usize>,
    pub(super) notices: &'n mut Vec<Notice>,
}

impl<'s> Shaper<'s, '_> {
    /// Reorders the columns of a table; tells where each of them went.
    fn table(
        &mut self,
        index: usize,
        told: Option<(&'s Named, &'s EntityShape)>,
        key: &[usize],
    ) -> (TableShape<'s>, Vec<usize>) {
        let joined = self.joins.of(index);
        let count = self.catalog.tables[index].columns.len();
        // The last one only tells of types.
        let declared = count - usize::from(joined.is_some());
        let Some((_, entity)) = told else {
            let properties = vec![None; declared];
            let shape = TableShape { told, visible: declared, properties, ..TableShape::default() };
            return (shape, (0..count).collect());
        };
        self.show_system_columns(index, entity);
        let count = self.catalog.tables[index].columns.len();
        let mut singles: HashMap<usize, (&'s Named, &'s PropertyShape)> = HashMap::new();
        let mut groups: Vec<Group<'s>> = Vec::new();
        for (name, property) in entity.properties.iter().filter(|(_, property)| !property.is_stream()) {
            if property.columns.is_empty() {
                if let Some(column) = self.column(index, property.column.as_ref().unwrap_or(name)) {
                    self.apply(index, column, property, key.contains(&column));
                    singles.insert(column, (name, property));
                }
            } else if let Some(columns) = self.group(index, &property.columns, key) {
                groups.push(Group { name, told: property, columns, owner: None });
            }
        }
        let kind = if joined.is_some() { Some(declared) } else { self.kind(index, entity) };
        let mut owners = HashMap::new();
        if kind.is_some() {
            owners = self.derived(index, entity, key, (&mut singles, &mut groups));
        }
        let (table, derived) = (&self.catalog.tables[index], kind.map(|_| self.joins.of(index)));
        let streams = Streams::find(table, (entity, derived), key, self.notices);
        let etag = self.etag((index, declared), entity, &streams);
        let table = &self.catalog.tables[index];
        let open = entity.open.as_ref().and_then(|name| open::find(table, name, key, self.notices));
        let changes = changes::find(table, entity, self.notices);
        let full_text = full_text::find(&self.catalog.full_text, table, entity, self.notices);
        let vector = full_text.as_ref().and_then(|map| map.vector(table));
        let mut hidden: HashSet<usize> =
            entity.hide.iter().filter_map(|name| find_column(table, &name.text)).collect();
        self.tell_hidden_keys(index, key, &hidden);
        let table = &self.catalog.tables[index];
        let places = Places { singles: &singles, groups: &groups, streams: &streams, open, key };
        let lost = places.lost(entity);
        let withheld: Withheld<'s> = Withheld::of(entity, &singles, &groups);
        let full_text = full_text.filter(|map| withheld.is_none_of(map, table));
        hidden.extend(&withheld.columns);
        let etag = withheld.without(etag, &streams);
        let others = entity.others.unwrap_or(true);
        let kept = |column: usize| {
            let taken = streams.takes(column) || [open, vector].contains(&Some(column));
            let named = singles.contains_key(&column) || (others && !taken && column < declared);
            key.contains(&column) || (named && !hidden.contains(&column))
        };
        let (mut front, back) = slots(count, &groups, kept);
        let owner = |slot: &Slot<'_>| match slot {
            Slot::Column(column) => owners.get(column).copied(),
            Slot::Group(group) => group.owner,
        };
        front.sort_by_key(owner);
        let owners: Vec<Option<usize>> = front.iter().map(owner).collect();
        let (shape, place) = self.arranged(index, told, front, back, &singles);
        let [kind, open] = [kind, open].map(|column| column.map(|column| place[column]));
        let etag = etag.into_iter().map(|column| place[column]).collect();
        let (streams, changes) = (streams.seen().moved(&place), changes.moved(&place));
        let withheld = withheld.names;
        (TableShape { lost, streams, changes, full_text, etag, owners, kind, open, withheld, ..shape }, place)
    }

    fn arranged(
        &mut self,
        index: usize,
        told: Option<(&'s Named, &'s EntityShape)>,
        front: Vec<Slot<'s>>,
        back: Vec<usize>,
        singles: &HashMap<usize, (&'s Named, &'s PropertyShape)>,
    ) -> (TableShape<'s>, Vec<usize>) {
        let before = std::mem::take(&mut self.catalog.tables[index].columns);
        let mut place = vec![0; before.len()];
        let mut columns = Vec::with_capacity(before.len() + 1);
        let mut shape = TableShape { told, ..TableShape::default() };
        let mut waiting = Vec::new();
        for slot in front {
            match slot {
                Slot::Column(column) => {
                    place[column] = columns.len();
                    columns.push(before[column].clone());
                    shape.properties.push(singles.get(&column).copied());
                }
                Slot::Group(Group { name, told: property, columns: members, .. }) => {
                    let parts: Vec<Column> = members.iter().map(|&c| before[c].clone()).collect();
                    let table = self.catalog.tables[index].name.clone();
                    if let Some(column) = self.made(&table, name, property, &parts) {
                        waiting.push((columns.len(), members));
                        columns.push(column);
                        shape.properties.push(Some((name, property)));
                    }
                }
            }
        }
        shape.visible = columns.len();
        for column in back {
            place[column] = columns.len();
            columns.push(before[column].clone());
        }
        let moved = |members: Vec<usize>| members.into_iter().map(|c| place[c]).collect();
        shape.groups = waiting.into_iter().map(|(column, members)| (column, moved(members))).collect();
        self.catalog.tables[index].columns = columns;
        (shape, place)
    }
}
