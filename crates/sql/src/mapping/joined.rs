//! Types with tables of their own: one table is made of those that share a key.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use nextlink_odata::model::{Computed, PrimitiveType};

use super::find::{about, find_table};
use crate::catalog::{Catalog, Column, ColumnType, ForeignKey, JoinedTable, JoinedTables, Table};
use crate::notice::Notice;
use crate::shape::{EntityShape, Named, Shape};

/// What was made of several tables.
#[derive(Debug, Default)]
pub(super) struct Joins {
    /// By table: what it is made of.
    tables: HashMap<usize, Joined>,
    /// By table and foreign key of it: the derived types that are at its ends.
    keys: HashMap<(usize, usize), Ends>,
    /// Tables that are parts of others.
    pub(super) taken: HashSet<usize>,
}

/// The derived types that have a foreign key, and that it leads to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ends {
    pub(super) of: Option<usize>,
    pub(super) to: Option<usize>,
}

/// What a table is made of.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) tables: Arc<JoinedTables>,
    /// By column: the derived type that has it.
    pub(super) owners: Vec<Option<usize>>,
}

impl Joined {
    /// A column of the table of a derived type, by its name there.
    pub(super) fn column(&self, derived: usize, name: &str) -> Option<usize> {
        let own =
            |(_, table, _): &&(String, usize, String)| self.tables.tables[*table].derived == Some(derived);
        let columns = self.tables.columns.iter().enumerate();
        let find = |same: &dyn Fn(&str) -> bool| {
            columns.clone().find(|(_, column)| own(column) && same(&column.2)).map(|(number, _)| number)
        };
        let lower = name.to_lowercase();
        find(&|known| known == name).or_else(|| find(&|known| known.to_lowercase() == lower))
    }
}

impl Joins {
    /// What a table is made of, if it is made of several.
    pub(super) fn of(&self, table: usize) -> Option<&Joined> {
        self.tables.get(&table)
    }

    /// The derived types at the ends of a foreign key.
    pub(super) fn ends(&self, table: usize, key: usize) -> Ends {
        self.keys.get(&(table, key)).copied().unwrap_or_default()
    }
}

/// The table of a derived type.
struct Part {
    derived: usize,
    table: usize,
    /// The foreign key to the table above.
    foreign: usize,
    /// The columns of its key, with those of the first table.
    key: Vec<(usize, usize)>,
}

/// A catalogue in which the tables of derived types are parts of those of their sets.
pub(super) fn merge<'c>(
    catalog: &'c Catalog,
    shape: &Shape,
    notices: &mut Vec<Notice>,
) -> (Cow<'c, Catalog>, Joins) {
    let mut joins = Joins::default();
    let mut merged = Cow::Borrowed(catalog);
    for (name, entity) in shape.tables() {
        if entity.derived.iter().all(|(_, derived)| derived.table.is_none()) {
            continue;
        }
        let named = entity.table.as_ref().unwrap_or(name);
        // Where there is no such table, or another set has it, somebody else says so.
        let Some(base) = find_table(catalog, &named.text).filter(|base| joins.of(*base).is_none()) else {
            continue;
        };
        match parts(catalog, &joins, base, entity) {
            Ok(parts) => join(merged.to_mut(), &mut joins, base, (entity, &parts)),
            Err((at, text)) => notices.push(about(at, &catalog.tables[base].name, text)),
        }
    }
    (merged, joins)
}

/// The tables of the types below that of a set.
fn parts<'s>(
    catalog: &Catalog,
    joins: &Joins,
    base: usize,
    entity: &'s EntityShape,
) -> Result<Vec<Part>, (&'s Named, &'static str)> {
    let mut parts: Vec<Part> = Vec::new();
    for (derived, (_, told)) in entity.derived.iter().enumerate() {
        let Some(named) = &told.table else { continue };
        let found = find_table(catalog, &named.text);
        let table = found.ok_or((named, "no table or view has this name"))?;
        if table == base || joins.taken.contains(&table) || parts.iter().any(|part| part.table == table) {
            return Err((named, "another type is of this table already"));
        }
        let shared = shared_key(catalog, base, &parts, table);
        let (foreign, key) = shared.ok_or((
            named,
            "its primary key is no foreign key to that of the type above, so the derived types are left out",
        ))?;
        parts.push(Part { derived, table, foreign, key });
    }
    Ok(parts)
}

/// The foreign key over the primary key of a table that leads to that of the first one, perhaps by way of another part.
fn shared_key(
    catalog: &Catalog,
    base: usize,
    parts: &[Part],
    table: usize,
) -> Option<(usize, Vec<(usize, usize)>)> {
    let (own, root) = (&catalog.tables[table], &catalog.tables[base].primary_key);
    let leads = |key: &ForeignKey| {
        let first = |there: usize| match parts.iter().find(|part| part.table == key.target) {
            Some(part) => part.key.iter().find(|(own, _)| *own == there).map(|(_, first)| *first),
            None => (key.target == base).then_some(there),
        };
        let pairs = key.columns.iter().zip(&key.target_columns);
        let pairs: Vec<_> = pairs.map(|(own, there)| Some((*own, first(*there)?))).collect::<Option<_>>()?;
        let whole = own.primary_key.iter().all(|column| pairs.iter().any(|(own, _)| own == column));
        let all = root.iter().all(|column| pairs.iter().any(|(_, first)| first == column));
        let exactly = pairs.len() == root.len() && pairs.len() == own.primary_key.len();
        (whole && all && exactly && !root.is_empty()).then_some(pairs)
    };
    own.foreign_keys.iter().enumerate().find_map(|(number, key)| Some((number, leads(key)?)))
}

/// Makes one table of a base and its parts, and lets foreign keys to the parts lead to it.
fn join(catalog: &mut Catalog, joins: &mut Joins, base: usize, (entity, parts): (&EntityShape, &[Part])) {
    let mut table = catalog.tables[base].clone();
    // What the database tells of a row is not that of all its parts.
    table.system.clear();
    let named = |table: &Table, derived, key| JoinedTable {
        schema: table.schema.clone(),
        name: table.name.clone(),
        derived,
        key,
    };
    let mut tables = vec![named(&table, None, Vec::new())];
    let mut columns: Vec<(String, usize, String)> =
        table.columns.iter().map(|column| (column.name.clone(), 0, column.name.clone())).collect();
    let mut owners = vec![None; columns.len()];
    let mut places: Vec<(usize, usize, Vec<usize>)> = Vec::new();
    for part in parts {
        let own = &catalog.tables[part.table];
        let mut place = Vec::with_capacity(own.columns.len());
        for (number, column) in own.columns.iter().enumerate() {
            if let Some((_, first)) = part.key.iter().find(|(own, _)| *own == number) {
                place.push(*first);
                continue;
            }
            let name = free_name(&table, &own.name, &column.name);
            place.push(table.columns.len());
            columns.push((name.clone(), tables.len(), column.name.clone()));
            owners.push(Some(part.derived));
            table.columns.push(Column { name, ..column.clone() });
        }
        let moved = |columns: &[usize]| columns.iter().map(|column| place[*column]).collect::<Vec<_>>();
        table.unique.extend(own.unique.iter().map(|unique| moved(unique)));
        for (number, key) in own.foreign_keys.iter().enumerate() {
            if number != part.foreign {
                let ends = Ends { of: Some(part.derived), to: None };
                joins.keys.insert((base, table.foreign_keys.len()), ends);
                table.foreign_keys.push(ForeignKey { columns: moved(&key.columns), ..key.clone() });
            }
        }
        let key = part.key.iter();
        let key =
            key.map(|(here, first)| (own.columns[*here].name.clone(), table.columns[*first].name.clone()));
        tables.push(named(own, Some(part.derived), key.collect()));
        places.push((part.table, part.derived, place));
        joins.taken.insert(part.table);
    }
    let kind = free_name(&table, &table.name, "row type");
    table.columns.push(kind_column(&kind));
    // What is further below is asked for first.
    let kinds =
        parts.iter().enumerate().rev().filter(|(_, part)| !entity.derived.0[part.derived].1.is_abstract);
    let kinds = kinds.map(|(number, part)| (part.derived as i64 + 1, number + 1)).collect();
    catalog.tables[base] = table;
    lead_here(catalog, joins, base, &places);
    let tables = Arc::new(JoinedTables { tables, columns, kind, kinds });
    joins.tables.insert(base, Joined { tables, owners });
}

/// Lets foreign keys to the parts of a table lead to it.
fn lead_here(catalog: &mut Catalog, joins: &mut Joins, base: usize, places: &[(usize, usize, Vec<usize>)]) {
    for (number, table) in catalog.tables.iter_mut().enumerate() {
        for (index, key) in table.foreign_keys.iter_mut().enumerate() {
            let Some((_, derived, place)) = places.iter().find(|(part, ..)| *part == key.target) else {
                continue;
            };
            key.target = base;
            key.target_columns.iter_mut().for_each(|column| *column = place[*column]);
            joins.keys.entry((number, index)).or_default().to = Some(*derived);
        }
    }
}

/// A name that no column has yet.
fn free_name(table: &Table, of: &str, name: &str) -> String {
    let taken = |name: &str| table.columns.iter().any(|c| c.name.to_lowercase() == name.to_lowercase());
    let mut free = if taken(name) { [of, "_", name].concat() } else { name.to_owned() };
    while taken(&free) {
        free.push('_');
    }
    free
}

/// The column with the number of the derived type, from 1; null for that of the set.
fn kind_column(name: &str) -> Column {
    let ty = ColumnType::Primitive(PrimitiveType::Int64);
    Column { computed: Computed::Always, ..Column::plain(name.to_owned(), ty) }
}
