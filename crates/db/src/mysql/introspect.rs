//! What a database says about itself: tables, views, columns and keys that the login may read.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use nextlink_odata::model::{Computed, OnDelete, PrimitiveType};
use nextlink_sql::catalog::{
    Catalog, CatalogEnum, Column, ColumnType, ForeignKey, NativeType, Storage, Table, TableKind,
};
use nextlink_sql::mapping::is_enumeration;
use nextlink_sql::notice::Notice;

use super::dates;
use super::defaults;
use super::errors::Done;
use super::flags;
use super::routines::routines;
use super::schema::{self, ForeignColumn, IndexColumn, Place, RawColumn, Relation};
use super::session::Session;
use super::types::{Served, is_binary, labels, served, zone};
use crate::defaults::Default as DefaultValue;
use crate::error::Error;
use crate::sqlite::IntrospectLimits;

/// Reads the catalogue: the database of the connection and, under their names, other ones.
pub(super) async fn introspect(
    session: &mut Session,
    database: &str,
    others: &[String],
    limits: &IntrospectLimits,
) -> Done<(Catalog, Vec<Notice>)> {
    let mut schemas = vec![database.to_owned()];
    schemas.extend(others.iter().filter(|other| *other != database).cloned());
    let schemas = schema::named(session, schemas).await?;
    let database = &schemas[0];
    let mut relations = schema::relations(session, &schemas).await?;
    // The server compares without regard to case even where names differ by case.
    relations.retain(|relation| schemas.contains(&relation.place.schema));
    if relations.len() > limits.tables {
        return Err(Error::TooManyTables { found: relations.len(), limit: limits.tables }.into());
    }
    let mut columns = by_table(schema::columns(session, &schemas).await?);
    let mut unique = by_table(schema::unique(session, &schemas).await?);
    let mut indexed = by_table(schema::indexed(session, &schemas).await?);
    let mut foreign = by_table(schema::foreign(session, &schemas).await?);
    let rules = schema::delete_rules(session, &schemas).await?;
    let rules: HashMap<(Place, String), String> = rules.into_iter().map(|(p, n, r)| ((p, n), r)).collect();
    let mut reader = Reader { maria: session.facts.maria, database, enums: Vec::new(), notices: Vec::new() };
    let mut tables: Vec<(Place, Table)> = Vec::new();
    let until = Instant::now() + dates::TIME;
    for relation in relations {
        let raw = columns.remove(&relation.place).unwrap_or_default();
        if raw.len() > limits.columns {
            let (table, found, limit) = (relation.place.table, raw.len(), limits.columns);
            return Err(Error::TooManyColumns { table, found, limit }.into());
        }
        let indexes = unique.remove(&relation.place).unwrap_or_default();
        if let Some(mut table) = reader.table(&relation, &raw, indexes) {
            let indexed = indexed.remove(&relation.place).unwrap_or_default();
            dates::mark(session, &relation.place, &mut table, &indexed, until, &mut reader.notices).await?;
            tables.push((relation.place, table));
        }
    }
    let keys: Vec<Vec<ForeignKey>> = tables
        .iter()
        .map(|(place, table)| {
            let declared = foreign.remove(place).unwrap_or_default();
            reader.foreign_keys(&tables, place, table, declared, &rules)
        })
        .collect();
    let tables = tables.into_iter().zip(keys);
    let mut tables: Vec<Table> =
        tables.map(|((_, table), foreign_keys)| Table { foreign_keys, ..table }).collect();
    flags::as_numbers(&mut tables);
    let Reader { enums, mut notices, .. } = reader;
    let routines = routines(session, &schemas, limits.tables, &mut notices).await?;
    let own_schema = Some(database.clone());
    Ok((Catalog { tables, own_schema, enums, routines, ..Catalog::default() }, notices))
}

fn by_table<T>(rows: Vec<(Place, T)>) -> BTreeMap<Place, Vec<T>> {
    let mut tables: BTreeMap<Place, Vec<T>> = BTreeMap::new();
    for (place, row) in rows {
        tables.entry(place).or_default().push(row);
    }
    tables
}

struct Reader<'a> {
    maria: bool,
    database: &'a str,
    enums: Vec<CatalogEnum>,
    notices: Vec<Notice>,
}

impl Reader<'_> {
    /// A table with what the login may read of it; none where that is nothing.
    fn table(&mut self, relation: &Relation, raw: &[RawColumn], indexes: Vec<IndexColumn>) -> Option<Table> {
        let name = &relation.place.table;
        if raw.is_empty() && relation.is_view {
            // The server lists no columns of a view whose tables are gone, or that its definer may not read.
            self.notices.push(Notice::table(name, "Not served: the server cannot read this view."));
        }
        let mut columns = Vec::with_capacity(raw.len());
        for raw in raw.iter().filter(|raw| raw.readable) {
            match served(raw) {
                Some(served) => columns.push(self.column(&relation.place, raw, served)),
                None => {
                    let text = ["Not served: there is no type for ", &raw.declared, "."].concat();
                    self.notices.push(Notice::column(name, &raw.name, text));
                }
            }
        }
        if columns.is_empty() {
            return None;
        }
        let (primary_key, unique) = keys(&columns, indexes);
        let schema = Some(&relation.place.schema).filter(|schema| *schema != self.database).cloned();
        Some(Table {
            schema,
            name: name.clone(),
            kind: if relation.is_view { TableKind::View } else { TableKind::Table },
            select: None,
            columns,
            system: Vec::new(),
            primary_key,
            unique,
            foreign_keys: Vec::new(),
            comment: some(&relation.comment),
        })
    }

    fn column(&mut self, place: &Place, raw: &RawColumn, served: Served) -> Column {
        let generated = ["virtual generated", "stored generated", "persistent"];
        let default = defaults::read(raw, self.maria, served.primitive, served.max_length);
        let computed = match default {
            _ if generated.iter().any(|word| raw.extra.contains(word)) => Computed::Always,
            DefaultValue::Computed => Computed::Default,
            _ if raw.extra.contains("auto_increment") || raw.extra.contains("on update") => Computed::Default,
            DefaultValue::Constant(_) | DefaultValue::Nothing => Computed::No,
        };
        // Where there is no date, the server has zeros, which are served as null.
        let dates = matches!(served.primitive, PrimitiveType::Date | PrimitiveType::DateTimeOffset);
        let zero =
            dates && raw.default.as_ref().is_some_and(|d| d.trim_matches('\'').starts_with("0000-00-00"));
        let (ty, storage) = self.ty(place, raw, &served);
        let native = match (&ty, served.native.clone()) {
            (ColumnType::Enum(_), NativeType::Text { charset, collation, .. }) => {
                NativeType::Labels { charset, collation }
            }
            (_, native) => native,
        };
        Column {
            name: raw.name.clone(),
            declared: raw.declared.clone(),
            ty,
            storage,
            nullable: raw.nullable || zero,
            max_length: served.max_length,
            precision: served.precision,
            scale: served.scale,
            default_value: match default {
                DefaultValue::Constant(value) => Some(value),
                DefaultValue::Nothing | DefaultValue::Computed => None,
            },
            computed,
            binary_collation: is_binary(&served),
            zone: zone(&raw.kind),
            native,
            comment: some(&raw.comment),
        }
    }

    /// What a column is served as. One of labels that OData cannot have is read as text: the server sends labels
    /// otherwise than text.
    fn ty(&mut self, place: &Place, raw: &RawColumn, served: &Served) -> (ColumnType, Storage) {
        let flags = raw.kind == "set";
        if !flags && raw.kind != "enum" {
            return (ColumnType::Primitive(served.primitive), served.storage);
        }
        let schema = Some(&place.schema).filter(|schema| *schema != self.database).cloned();
        let name = [&place.table, "_", &raw.name].concat();
        let found = CatalogEnum { schema, name, labels: labels(&raw.declared), flags, comment: None };
        let storage = if is_enumeration(&found) { Storage::Native } else { Storage::Text };
        self.enums.push(found);
        (ColumnType::Enum(self.enums.len() - 1), storage)
    }

    fn foreign_keys(
        &mut self,
        tables: &[(Place, Table)],
        place: &Place,
        table: &Table,
        declared: Vec<ForeignColumn>,
        rules: &HashMap<(Place, String), String>,
    ) -> Vec<ForeignKey> {
        let mut keys: Vec<ForeignKey> = Vec::new();
        for columns in declared.chunk_by(|a, b| a.name == b.name) {
            let name = &columns[0].name;
            let rule = rules.get(&(place.clone(), name.clone())).map(String::as_str);
            match foreign_key(tables, table, columns) {
                Ok(key) => keys.push(ForeignKey { on_delete: rule.and_then(on_delete), ..key }),
                Err(why) => {
                    let text = ["The foreign key `", name, "` was dropped: ", &why, "."].concat();
                    self.notices.push(Notice::table(&place.table, text));
                }
            }
        }
        keys
    }
}

/// The primary key and the unique indexes whose columns are all there.
fn keys(columns: &[Column], indexes: Vec<IndexColumn>) -> (Vec<usize>, Vec<Vec<usize>>) {
    let (mut primary_key, mut unique) = (Vec::new(), Vec::new());
    for index in indexes.chunk_by(|a, b| a.index == b.index) {
        let place = |column: &IndexColumn| find(columns, column.column.as_deref()?);
        let Some(places) = index.iter().map(place).collect::<Option<Vec<usize>>>() else {
            continue;
        };
        if index[0].index == "PRIMARY" {
            primary_key = places;
        } else if !index.iter().any(|column| column.is_prefix) {
            unique.push(places);
        }
    }
    unique.retain(|columns| *columns != primary_key);
    (primary_key, unique)
}

fn foreign_key(
    tables: &[(Place, Table)],
    table: &Table,
    columns: &[ForeignColumn],
) -> Result<ForeignKey, String> {
    let ForeignColumn { name, target, .. } = &columns[0];
    let exact = tables.iter().position(|(place, _)| place == target);
    // Some servers keep names as they were written, and compare them without regard to case.
    let folded = || tables.iter().position(|(place, _)| same(place, target));
    let Some(index) = exact.or_else(folded) else {
        return Err(["`", &target.schema, "`.`", &target.table, "` is not served"].concat());
    };
    let missing = |table: &str, column: &str| ["`", table, "` has no column `", column, "` to read"].concat();
    let mut here = Vec::with_capacity(columns.len());
    let mut there = Vec::with_capacity(columns.len());
    for column in columns {
        let found = find(&table.columns, &column.column);
        here.push(found.ok_or_else(|| missing(&table.name, &column.column))?);
        let found = find(&tables[index].1.columns, &column.target_column);
        there.push(found.ok_or_else(|| missing(&target.table, &column.target_column))?);
    }
    Ok(ForeignKey {
        name: Some(name.clone()),
        columns: here,
        target: index,
        target_columns: there,
        on_delete: None,
        vouched: true,
    })
}

fn same(a: &Place, b: &Place) -> bool {
    a.schema.to_lowercase() == b.schema.to_lowercase() && a.table.to_lowercase() == b.table.to_lowercase()
}

/// A column by its name, which has no case of its own.
fn find(columns: &[Column], name: &str) -> Option<usize> {
    let exact = columns.iter().position(|column| column.name == name);
    exact.or_else(|| columns.iter().position(|column| column.name.to_lowercase() == name.to_lowercase()))
}

fn on_delete(rule: &str) -> Option<OnDelete> {
    match rule {
        "CASCADE" => Some(OnDelete::Cascade),
        "SET NULL" => Some(OnDelete::SetNull),
        "SET DEFAULT" => Some(OnDelete::SetDefault),
        "RESTRICT" => Some(OnDelete::None),
        _ => None,
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
