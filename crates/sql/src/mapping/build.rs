//! From what a database says about itself to the model that clients see.

use nextlink_odata::model::{
    EntitySet, EntitySetId, EntityType, EntityTypeId, Model, PrimitiveType, Property,
};

use super::keys::{self, Key};
use super::links::Parts;
use super::names::{Scope, namespace, set_text, type_text};
use super::options::{ModelOptions, matches_any, matches_table};
use super::{ColumnMap, Mapping, TableMap};
use crate::catalog::{Catalog, Column, Table};
use crate::notice::Notice;

/// Makes the model of a catalogue: an entity type and set for each table with a key, navigation properties
/// in both directions. Tables without a key and foreign keys that lead nowhere are left out; the notices
/// say so.
///
/// The same catalogue and options give the same model.
pub fn build(catalog: &Catalog, options: &ModelOptions) -> (Mapping, Vec<Notice>) {
    let mut notices = unmatched(catalog, options);
    let mut tables = Vec::new();
    let mut keys = Vec::new();
    for (index, table) in catalog.tables.iter().enumerate() {
        if is_chosen(table, options)
            && let Some(key) = keys::find(table, options, &mut notices)
        {
            tables.push(index);
            keys.push(key);
        }
    }
    let chosen = || tables.iter().map(|&t| &catalog.tables[t]);
    let type_texts: Vec<String> = chosen().map(|t| type_text(&t.name, options)).collect();
    let set_texts: Vec<String> = chosen().map(|t| set_text(&t.name, options)).collect();
    // Types and the container are children of the schema and share its names (CSDL 4.01 section 5).
    let mut schema = Scope::default();
    let type_names =
        schema.give_all(&type_texts.iter().map(String::as_str).collect::<Vec<_>>(), options.case);
    let container = schema.give(&options.container, super::Case::AsIs);
    let set_texts: Vec<&str> = set_texts.iter().map(String::as_str).collect();
    let set_names = Scope::default().give_all(&set_texts, options.case);

    let mut scopes = Vec::with_capacity(tables.len());
    let mut types = Vec::with_capacity(tables.len());
    for ((table, key), name) in chosen().zip(&keys).zip(type_names) {
        let mut scope = Scope::default();
        types.push(entity_type(table, key, name, &mut scope, options));
        scopes.push(scope);
    }
    let links = vec![Vec::new(); tables.len()];
    let mut parts = Parts { catalog, options, tables, types, scopes, links };
    parts.add_navigation(&mut notices);
    (mapping(parts, &keys, set_names, container), notices)
}

fn mapping(parts: Parts<'_>, keys: &[Key], set_names: Vec<String>, container: String) -> Mapping {
    let sets = set_names.into_iter().enumerate();
    let sets = sets.map(|(i, name)| EntitySet { name, entity_type: EntityTypeId(i), description: None });
    let maps = parts.tables.iter().zip(parts.links).zip(keys).map(|((&t, links), key)| {
        let table = &parts.catalog.tables[t];
        TableMap {
            schema: table.schema.clone(),
            table: table.name.clone(),
            null_key: key.may_be_null,
            indexed_key: key.indexed,
            columns: table.columns.iter().map(column_map).collect(),
            links,
        }
    });
    Mapping {
        model: Model::new(namespace(parts.options), container, parts.types, sets.collect()),
        tables: maps.collect(),
    }
}

fn is_chosen(table: &Table, options: &ModelOptions) -> bool {
    let schema = table.schema.as_deref();
    let included = options.include.is_empty() || matches_any(&options.include, schema, &table.name);
    included && !matches_any(&options.exclude, schema, &table.name)
}

/// Notices for names and patterns in the options that match no table.
fn unmatched(catalog: &Catalog, options: &ModelOptions) -> Vec<Notice> {
    let patterns = options.include.iter().chain(&options.exclude).chain(options.keys.keys());
    let found = |p: &str| catalog.tables.iter().any(|t| matches_table(p, t.schema.as_deref(), &t.name));
    let missing = patterns.filter(|p| !found(p));
    missing.map(|p| Notice::table(p, "The options name it, but no table or view matches.")).collect()
}

/// The entity type of a table, without its navigation. Property `i` is column `i`. A property may have the
/// name of its type: CSDL 4 asks only for names that are unique among the type's properties (CSDL 4.01
/// section 7.1).
fn entity_type(
    table: &Table,
    key: &Key,
    name: String,
    scope: &mut Scope,
    options: &ModelOptions,
) -> EntityType {
    let texts: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    let names = scope.give_all(&texts, options.case);
    let columns = table.columns.iter().zip(names).enumerate();
    let properties = columns.map(|(i, (column, name))| property(column, name, key.columns.contains(&i)));
    EntityType {
        name,
        key: key.columns.clone(),
        properties: properties.collect(),
        navigation: Vec::new(),
        description: table.comment.clone(),
    }
}

fn property(column: &Column, name: String, is_key: bool) -> Property {
    use PrimitiveType::*;
    let sized = matches!(column.primitive, String | Binary);
    let precise = matches!(column.primitive, Decimal | DateTimeOffset | Duration | TimeOfDay);
    let scaled = column.primitive == Decimal;
    let precision = column.precision.filter(|&p| precise && (!scaled || p > 0));
    // Scale may not be greater than precision (CSDL 4.01 section 7.2.4).
    let scale = column.scale.filter(|&s| scaled && precision.is_none_or(|p| s <= p));
    Property {
        name,
        primitive: column.primitive,
        // A key has no null (CSDL 4.01 section 6.5); `TableMap::null_key` keeps rows with null out.
        nullable: column.nullable && !is_key,
        max_length: column.max_length.filter(|&n| sized && n > 0),
        precision,
        scale,
        default_value: column.default_value.clone(),
        computed: column.computed,
        searchable: column.primitive == String,
        description: column.comment.clone(),
    }
}

fn column_map(column: &Column) -> ColumnMap {
    ColumnMap {
        column: column.name.clone(),
        storage: column.storage,
        native: column.native.clone(),
        binary_collation: column.binary_collation,
    }
}

impl Mapping {
    /// The entity set of a table or view, by its name in the database.
    pub fn find_table(&self, schema: Option<&str>, table: &str) -> Option<EntitySetId> {
        let found = self
            .tables
            .iter()
            .position(|t| t.table == table && (schema.is_none() || t.schema.as_deref() == schema));
        found.map(EntitySetId)
    }
}
