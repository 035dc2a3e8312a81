//! Navigation properties that a model file names, resolved against the catalogue.

use nextlink_odata::model::PrimitiveType;

use super::find::{about, find_column, find_table};
use super::reshape::TableShape;
use super::{Link, LinkTable, zones};
use crate::catalog::{Catalog, Column, ColumnType, Table};
use crate::notice::Notice;
use crate::shape::{Entries, Named, NavigationShape, ThroughShape};

/// A navigation property that the model file names.
pub(super) struct Wanted<'s> {
    pub(super) name: &'s Named,
    pub(super) told: &'s NavigationShape,
    /// The entity type that it leads to.
    pub(super) target: usize,
    pub(super) link: Link,
    /// Its index, once it is there.
    pub(super) index: Option<usize>,
}

/// What is resolved against.
pub(super) struct Known<'k, 's> {
    pub(super) catalog: &'k Catalog,
    /// By entity type: the table.
    pub(super) tables: &'k [usize],
    /// By table.
    pub(super) shapes: &'k [TableShape<'s>],
    /// By entity type: the name of the set.
    pub(super) sets: &'k [String],
}

/// Columns that are equal.
type Pairs = Vec<(usize, usize)>;

impl<'s> Known<'_, 's> {
    /// All that the model file names, by entity type.
    pub(super) fn wanted(&self, notices: &mut Vec<Notice>) -> Vec<Vec<Wanted<'s>>> {
        let mut all = Vec::with_capacity(self.tables.len());
        for (entity, &table) in self.tables.iter().enumerate() {
            let mut wanted = Vec::new();
            for (name, told) in self.shapes[table].navigation() {
                match self.resolve(entity, told) {
                    Ok((target, link)) => wanted.push(Wanted { name, told, target, link, index: None }),
                    Err((at, text)) => notices.push(about(at, &self.catalog.tables[table].name, text)),
                }
            }
            all.push(wanted);
        }
        all
    }

    fn resolve(
        &self,
        entity: usize,
        told: &'s NavigationShape,
    ) -> Result<(usize, Link), (&'s Named, &'static str)> {
        let target = self.sets.iter().position(|set| *set == told.target.text);
        let target = target.ok_or((&told.target, "there is no such entity set"))?;
        let Some(through) = &told.through else {
            let pairs =
                self.pairs(&told.on, |name| self.column(entity, name), |name| self.column(target, name))?;
            let types = |&(here, there): &(usize, usize)| {
                alike(&self.table(entity).columns[here], &self.table(target).columns[there])
            };
            if !pairs.iter().all(types) {
                return Err((&told.on.0[0].0, "what is to be equal has different types or time zones"));
            }
            return Ok((target, Link::Direct(pairs)));
        };
        self.through(entity, target, through).map(|link| (target, Link::Through(link)))
    }

    fn through(
        &self,
        entity: usize,
        target: usize,
        told: &'s ThroughShape,
    ) -> Result<LinkTable, (&'s Named, &'static str)> {
        let found = find_table(self.catalog, &told.table.text);
        let between = &self.catalog.tables[found.ok_or((&told.table, "no table or view has this name"))?];
        let name = |c: usize| between.columns[c].name.clone();
        let (near, far): (Pairs, Pairs) = if told.near.is_empty() {
            let mut keys: Vec<_> = between.foreign_keys.iter().collect();
            keys.sort_by_key(|key| key.columns.iter().min());
            let near = keys.iter().position(|key| key.target == self.tables[entity]);
            let near =
                near.ok_or((&told.table, "it has no foreign key to this table; say `near` and `far`"))?;
            let near = keys.remove(near);
            let far = keys.iter().find(|key| key.target == self.tables[target]);
            let far =
                far.ok_or((&told.table, "it has no foreign key to the target; say `near` and `far`"))?;
            let near = near.target_columns.iter().copied().zip(near.columns.iter().copied()).collect();
            (near, far.columns.iter().copied().zip(far.target_columns.iter().copied()).collect())
        } else {
            let middle = |name: &Named| find_column(between, &name.text);
            let near = self.pairs(&told.near, |name| self.column(entity, name), middle)?;
            (near, self.pairs(&told.far, middle, |name| self.column(target, name))?)
        };
        let same = |table: &Table, (a, b): (usize, usize), turned: bool| {
            let (own, middle) = if turned { (b, a) } else { (a, b) };
            alike(&table.columns[own], &between.columns[middle])
        };
        let fit = near.iter().all(|&pair| same(self.table(entity), pair, false))
            && far.iter().all(|&pair| same(self.table(target), pair, true));
        if !fit {
            return Err((&told.table, "what is to be equal has different types or time zones"));
        }
        Ok(LinkTable {
            vouched: between.always_leads(self.tables[target], &far),
            set: None,
            schema: between.schema.clone(),
            table: between.name.clone(),
            near: near.into_iter().map(|(here, middle)| (here, name(middle))).collect(),
            far: far.into_iter().map(|(middle, there)| (name(middle), there)).collect(),
        })
    }

    fn pairs(
        &self,
        told: &'s Entries<Named>,
        here: impl Fn(&Named) -> Option<usize>,
        there: impl Fn(&Named) -> Option<usize>,
    ) -> Result<Vec<(usize, usize)>, (&'s Named, &'static str)> {
        let one = |(left, right): &'s (Named, Named)| {
            let left = here(left).ok_or((left, "there is no such property or column"))?;
            Ok((left, there(right).ok_or((right, "there is no such property or column"))?))
        };
        told.iter().map(one).collect()
    }

    fn table(&self, entity: usize) -> &Table {
        &self.catalog.tables[self.tables[entity]]
    }

    /// A column of an entity type, by the name of its property or by its own.
    pub(super) fn column(&self, entity: usize, named: &Named) -> Option<usize> {
        let table = self.tables[entity];
        let told =
            |name: &Option<(&Named, _)>| name.as_ref().is_some_and(|(name, _)| name.text == named.text);
        let shape = &self.shapes[table];
        let property = shape.properties.iter().position(told).filter(|c| !shape.groups.contains_key(c));
        property.or_else(|| find_column(&self.catalog.tables[table], &named.text))
    }
}

/// Whether values of two columns can be compared by any database.
pub(super) fn comparable(left: &ColumnType, right: &ColumnType) -> bool {
    let exact = |ty: &ColumnType| {
        ty.primitive().is_some_and(|primitive| primitive.is_integer() || primitive == PrimitiveType::Decimal)
    };
    left == right || (exact(left) && exact(right))
}

/// Whether what lies in two columns can be compared as it is.
fn alike(left: &Column, right: &Column) -> bool {
    comparable(&left.ty, &right.ty) && zones::are_alike(left, right)
}

/// Whether two links join the same rows.
pub(super) fn is_same(left: &Link, right: &Link) -> bool {
    fn alike<T: PartialEq>(left: &[T], right: &[T]) -> bool {
        left.len() == right.len() && left.iter().all(|pair| right.contains(pair))
    }
    match (left, right) {
        (Link::Direct(left), Link::Direct(right)) => alike(left, right),
        (Link::Through(left), Link::Through(right)) => {
            let table = left.schema == right.schema && left.table == right.table;
            table && alike(&left.near, &right.near) && alike(&left.far, &right.far)
        }
        (Link::Direct(_), Link::Through(_)) | (Link::Through(_), Link::Direct(_)) => false,
    }
}
