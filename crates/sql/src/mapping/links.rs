//! Navigation properties in both directions, and the joins behind them, out of foreign keys and link
//! tables.

use std::collections::HashMap;

use nextlink_odata::model::{EntitySetId, EntityType, EntityTypeId, NavigationProperty};

use super::joined::{Ends, Joins};
use super::names::{Scope, set_text, type_text};
use super::options::ModelOptions;
use super::wanted::{Wanted, is_same};
use super::{Link, LinkTable};
use crate::catalog::{Catalog, ForeignKey, Table};
use crate::english::{capitalized, singular};
use crate::notice::Notice;

/// The parts of a model under construction that links are made for. All lists go by entity index.
pub(super) struct Parts<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) options: &'a ModelOptions,
    pub(super) joins: &'a Joins,
    /// Index of the table in the catalogue.
    pub(super) tables: Vec<usize>,
    /// Property `i` is column `i`.
    pub(super) types: Vec<EntityType>,
    /// Names of properties already given.
    pub(super) scopes: Vec<Scope>,
    pub(super) links: Vec<Vec<Link>>,
    /// By navigation property: the derived type that has it, where a table of its own tells so.
    pub(super) owners: Vec<Vec<Option<usize>>>,
    /// Navigation properties that the model file names.
    pub(super) wanted: Vec<Vec<Wanted<'a>>>,
}

/// A foreign key between two entity types.
struct Relation<'a> {
    dependent: usize,
    principal: usize,
    fk: &'a ForeignKey,
    ends: Ends,
    /// Index of the dependent's navigation property.
    navigation: usize,
}

impl<'a> Parts<'a> {
    /// Adds all navigation properties: first those named by columns, then the way back, then through link
    /// tables. The order decides who gets a name that two would like.
    pub(super) fn add_navigation(&mut self, notices: &mut Vec<Notice>) {
        let mut relations = self.relations(notices);
        for i in 0..relations.len() {
            relations[i].navigation = self.add_dependent_side(&relations, i);
        }
        for i in 0..relations.len() {
            self.add_principal_side(&relations, i);
        }
        let links = self.link_tables(&relations);
        for (entity, [first, second]) in &links {
            let same = |pair: &[&Relation<'a>; 2]| {
                let ends = [pair[0].principal, pair[1].principal];
                ends == [first.principal, second.principal] || ends == [second.principal, first.principal]
            };
            let several = links.iter().filter(|(_, pair)| same(pair)).count() > 1;
            self.add_through(*entity, first, second, several);
        }
        self.add_wanted();
        self.add_partners(notices);
    }

    /// Entity types of link tables, with their two foreign keys.
    fn link_tables<'r>(&self, relations: &'r [Relation<'a>]) -> Vec<(usize, [&'r Relation<'a>; 2])> {
        let mut links = Vec::new();
        for entity in 0..self.tables.len() {
            let mut own = relations.iter().filter(|r| r.dependent == entity);
            if let (Some(first), Some(second), None) = (own.next(), own.next(), own.next())
                && is_link_table(self.table(entity), first.fk, second.fk)
            {
                links.push((entity, [first, second]));
            }
        }
        links
    }

    /// The foreign keys that can be navigated, in the order of tables and columns.
    fn relations(&self, notices: &mut Vec<Notice>) -> Vec<Relation<'a>> {
        let entities: HashMap<usize, usize> = self.tables.iter().enumerate().map(|(e, &t)| (t, e)).collect();
        let mut relations: Vec<Relation<'a>> = Vec::new();
        for (dependent, &t) in self.tables.iter().enumerate() {
            let table = &self.catalog.tables[t];
            let mut keys: Vec<(usize, &ForeignKey)> = table.foreign_keys.iter().enumerate().collect();
            // Databases know them in an order of their own.
            keys.sort_by_key(|(_, key)| key.columns.iter().min());
            for (number, fk) in keys {
                // A table that is not served has a notice of its own, or the owner's wish.
                let Some(&principal) = entities.get(&fk.target) else {
                    continue;
                };
                let target = &self.catalog.tables[fk.target];
                if !is_well_formed(table, target, fk) || !identifies(target, &fk.target_columns) {
                    let text = [
                        "A foreign key to `",
                        &target.name,
                        "` was dropped: the columns it points to are not \
                                 the primary key and not unique.",
                    ];
                    notices.push(Notice::table(&table.name, text.concat()));
                    continue;
                }
                let same = |r: &Relation<'_>| {
                    r.dependent == dependent && r.fk.target == fk.target && r.fk.columns == fk.columns
                };
                if relations.iter().any(same) {
                    let text =
                        ["A second foreign key to `", &target.name, "` over the same columns was dropped."];
                    notices.push(Notice::table(&table.name, text.concat()));
                    continue;
                }
                let ends = self.joins.ends(t, number);
                relations.push(Relation { dependent, principal, fk, ends, navigation: 0 });
            }
        }
        relations
    }

    pub(super) fn table(&self, entity: usize) -> &'a Table {
        &self.catalog.tables[self.tables[entity]]
    }

    /// From the row with the foreign key to the row it points to.
    fn add_dependent_side(&mut self, relations: &[Relation<'a>], index: usize) -> usize {
        let Relation { dependent, principal, fk, ends, .. } = relations[index];
        let (table, target) = (self.table(dependent), self.table(principal));
        let column = joined_columns(table, &fk.columns);
        let one = singular(&target.name);
        let mut wanted = Vec::new();
        if let [c] = fk.columns[..] {
            wanted.extend(relation_name(&table.columns[c].name, &one, &target.name));
        }
        let alone =
            relations.iter().filter(|r| r.dependent == dependent && r.principal == principal).count() == 1;
        if alone && dependent != principal {
            wanted.push(one.clone());
            wanted.push(target.name.clone());
        }
        let last = if column.eq_ignore_ascii_case(&one) { "navigation" } else { &one };
        wanted.push(joined(&column, "", last));
        let nullable = fk.columns.iter().any(|&c| table.columns[c].nullable);
        let pairs: Vec<(usize, usize)> =
            fk.columns.iter().copied().zip(fk.target_columns.iter().copied()).collect();
        let navigation = NavigationProperty {
            name: String::new(),
            target: EntityTypeId(principal),
            target_set: EntitySetId(principal),
            collection: false,
            nullable,
            vouched: fk.vouched,
            partner: None,
            constraints: self.constraints(dependent, principal, &pairs, nullable),
            on_delete: None,
        };
        self.push(dependent, ends.of, &wanted, navigation, Link::Direct(pairs))
    }

    /// The pairs as referential constraints, or none where the standard's conditions on types and
    /// nullability are not met (CSDL 4.01 section 8.5). The navigation works without.
    fn constraints(
        &self,
        dependent: usize,
        principal: usize,
        pairs: &[(usize, usize)],
        nullable: bool,
    ) -> Vec<(usize, usize)> {
        let legal = pairs.iter().all(|&(here, there)| {
            // What is no property can be joined by, but not told.
            let here = self.types[dependent].properties.get(here);
            let pair = here.zip(self.types[principal].properties.get(there));
            pair.is_some_and(|(here, there)| {
                here.ty == there.ty && here.nullable == (nullable || there.nullable)
            })
        });
        if legal { pairs.to_vec() } else { Vec::new() }
    }

    /// From the row that a foreign key points to back to the rows that have it.
    fn add_principal_side(&mut self, relations: &[Relation<'a>], index: usize) {
        let Relation { dependent, principal, fk, ends, navigation } = relations[index];
        let table = self.table(dependent);
        // Nulls point nowhere, so a unique index over nullable columns will do.
        let single = identifies(table, &fk.columns);
        let base = if single { singular(&table.name) } else { set_text(&table.name, self.options) };
        let several =
            relations.iter().filter(|r| r.dependent == dependent && r.principal == principal).count() > 1;
        let by = match fk.columns[..] {
            [c] => {
                let column = &table.columns[c].name;
                let target = &self.table(principal).name;
                relation_name(column, &singular(target), target).unwrap_or_else(|| column.clone())
            }
            _ => joined_columns(table, &fk.columns),
        };
        let mut wanted = Vec::new();
        if !several && dependent != principal {
            wanted.push(base.clone());
        }
        wanted.push(joined(&base, "by", &by));
        let back: Vec<(usize, usize)> =
            fk.target_columns.iter().copied().zip(fk.columns.iter().copied()).collect();
        let property = NavigationProperty {
            name: String::new(),
            target: EntityTypeId(dependent),
            target_set: EntitySetId(dependent),
            collection: !single,
            nullable: true,
            vouched: false,
            partner: Some(navigation),
            constraints: Vec::new(),
            on_delete: fk.on_delete,
        };
        let own = self.push(principal, ends.to, &wanted, property, Link::Direct(back));
        self.types[dependent].navigation[navigation].partner = Some(own);
    }

    /// Many-to-many in both directions through a link table.
    fn add_through(&mut self, link: usize, first: &Relation<'a>, second: &Relation<'a>, several: bool) {
        // The indexes that the two new properties will get, so that each can name the other.
        let start = self.types[first.principal].navigation.len();
        let other =
            self.types[second.principal].navigation.len() + usize::from(first.principal == second.principal);
        self.push_through(link, [first, second], several, other);
        self.push_through(link, [second, first], several, start);
    }

    fn push_through(&mut self, link: usize, [near, far]: [&Relation<'a>; 2], several: bool, partner: usize) {
        let (table, target) = (self.table(link), self.table(far.principal));
        let mut text = set_text(&target.name, self.options);
        if near.principal == far.principal {
            let column = joined_columns(table, &far.fk.columns);
            let by = relation_name(&column, &singular(&target.name), &target.name).unwrap_or(column);
            text = joined(&text, "by", &by);
        }
        let via = joined(&text, "via", &type_text(&table.name, self.options));
        let wanted = if several { vec![via] } else { vec![text, via] };
        let name = |&c: &usize| table.columns[c].name.clone();
        let pairs: Vec<_> =
            far.fk.columns.iter().copied().zip(far.fk.target_columns.iter().copied()).collect();
        let link = LinkTable {
            vouched: table.always_leads(far.fk.target, &pairs),
            set: None,
            schema: table.schema.clone(),
            table: table.name.clone(),
            near: near.fk.target_columns.iter().copied().zip(near.fk.columns.iter().map(name)).collect(),
            far: far.fk.columns.iter().map(name).zip(far.fk.target_columns.iter().copied()).collect(),
        };
        let property = NavigationProperty {
            name: String::new(),
            target: EntityTypeId(far.principal),
            target_set: EntitySetId(far.principal),
            collection: true,
            nullable: false,
            vouched: false,
            partner: Some(partner),
            constraints: Vec::new(),
            on_delete: None,
        };
        self.push(near.principal, near.ends.to, &wanted, property, Link::Through(link));
    }

    /// Names the property and appends it with its link; returns its index.
    pub(super) fn push(
        &mut self,
        entity: usize,
        owner: Option<usize>,
        wanted: &[String],
        property: NavigationProperty,
        link: Link,
    ) -> usize {
        let target = property.target.0;
        let next = self.types[entity].navigation.len();
        let same = |wanted: &&mut Wanted<'_>| {
            wanted.index.is_none() && wanted.target == target && is_same(&wanted.link, &link)
        };
        let name = match self.wanted[entity].iter_mut().find(same) {
            Some(wanted) => {
                wanted.index = Some(next);
                wanted.name.text.clone()
            }
            None => self.scopes[entity].give_first(wanted, self.options.case),
        };
        let properties = &mut self.types[entity].navigation;
        properties.push(NavigationProperty { name, ..property });
        self.links[entity].push(link);
        self.owners[entity].push(owner);
        self.types[entity].navigation.len() - 1
    }
}

/// Two foreign keys that share no column, and nothing but their columns, all of them the primary key.
fn is_link_table(table: &Table, first: &ForeignKey, second: &ForeignKey) -> bool {
    let count = first.columns.len() + second.columns.len();
    let all = |c: usize| first.columns.contains(&c) || second.columns.contains(&c);
    count == table.columns.len()
        && (0..count).all(all)
        && table.foreign_keys.len() == 2
        && table.primary_key.len() == count
}

/// Whether the indexes and counts are right; a driver is not trusted with that.
fn is_well_formed(table: &Table, target: &Table, fk: &ForeignKey) -> bool {
    !fk.columns.is_empty()
        && fk.columns.len() == fk.target_columns.len()
        && fk.columns.iter().all(|&c| c < table.columns.len())
        && fk.target_columns.iter().all(|&c| c < target.columns.len())
}

/// Whether at most one row has given values in these columns.
pub(super) fn identifies(table: &Table, columns: &[usize]) -> bool {
    let covers = |unique: &Vec<usize>| !unique.is_empty() && unique.iter().all(|c| columns.contains(c));
    covers(&table.primary_key) || table.unique.iter().any(covers)
}

fn joined_columns(table: &Table, columns: &[usize]) -> String {
    let names: Vec<&str> = columns.iter().map(|&c| table.columns[c].name.as_str()).collect();
    names.join("_")
}

/// Puts names together in their own style: `orders_by_customer`, `OrdersByCustomer`.
fn joined(left: &str, middle: &str, right: &str) -> String {
    let snake = |s: &str| s.contains(['_', ' ']) || s.starts_with(char::is_lowercase);
    if snake(left) || snake(right) {
        let parts = [left, middle, right];
        let parts: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
        parts.join("_")
    } else {
        [left, &capitalized(middle), &capitalized(right)].concat()
    }
}

/// What a foreign key column says about the relation when its mark of a key is taken off: `customer_id` and
/// `fk_customer` say `customer`. Where nothing marks where the name ends (`customerid`) the rest must be
/// the name of the target.
fn relation_name(column: &str, one: &str, target: &str) -> Option<String> {
    const SUFFIXES: [&str; 6] = ["_id", "_fk", "_uuid", "_guid", "_key", " id"];
    const PREFIXES: [&str; 3] = ["id_", "fk_", "id "];
    let named = |text: &str| text.chars().any(char::is_alphabetic).then(|| text.to_owned());
    let split = |at: usize| Some((column.get(..at)?, column.get(at..)?));
    for suffix in SUFFIXES {
        if let Some((head, tail)) = column.len().checked_sub(suffix.len()).and_then(split)
            && tail.eq_ignore_ascii_case(suffix)
        {
            return named(head);
        }
    }
    for prefix in PREFIXES {
        if let Some((head, tail)) = split(prefix.len())
            && head.eq_ignore_ascii_case(prefix)
        {
            return named(tail);
        }
    }
    let (head, tail) = column.len().checked_sub(2).and_then(split)?;
    let ends = matches!(tail, "Id" | "ID" | "Fk" | "FK")
        && head.ends_with(|c: char| c.is_lowercase() || c.is_numeric());
    let is_target = |s: &str| s.to_lowercase() == head.to_lowercase();
    let plain = tail.eq_ignore_ascii_case("id") && (is_target(one) || is_target(target));
    if ends || plain {
        return named(head);
    }
    let (head, tail) = split(2)?;
    let starts = matches!(head, "Id" | "Fk") && tail.starts_with(char::is_uppercase);
    if starts { named(tail) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_relations() {
        for (column, target, expected) in [
            ("customer_id", "customers", Some("customer")),
            ("CUSTOMER_ID", "CUSTOMERS", Some("CUSTOMER")),
            ("CustomerID", "Customers", Some("Customer")),
            ("CustomerId", "Customers", Some("Customer")),
            ("customerId", "Customers", Some("customer")),
            ("customerid", "Customers", Some("customer")),
            ("CUSTOMERID", "Customers", Some("CUSTOMER")),
            ("paid", "Customers", None),
            ("Customer Id", "Customers", Some("Customer")),
            ("fk_customer", "Customers", Some("customer")),
            ("idCustomer", "Customers", None),
            ("IdCustomer", "Customers", Some("Customer")),
            ("owner_uuid", "people", Some("owner")),
            ("ReportsTo", "Employees", None),
            ("id", "Employees", None),
            ("_id", "Employees", None),
            ("ÄId", "Employees", None),
            ("", "Employees", None),
            ("größe_id", "größen", Some("größe")),
        ] {
            let found = relation_name(column, &singular(target), target);
            assert_eq!(found.as_deref(), expected, "{column} to {target}");
        }
    }
}
