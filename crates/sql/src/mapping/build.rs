//! From what a database says about itself to the model that clients see.

use nextlink_odata::model::{EntitySet, EntitySetId, EntityType, EntityTypeId, Model};

use super::keys::{self, Key};
use super::links::Parts;
use super::names::{Scope, namespace, set_text, type_text};
use super::options::{ModelOptions, matches_any, matches_table};
use super::types::Types;
use super::{Mapping, TableMap};
use crate::catalog::{Catalog, Table};
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

    let all: Vec<&Table> = chosen().collect();
    let used = Types::of(catalog, &all, &mut schema, options);
    used.notices(&all, &mut notices);

    let mut scopes = Vec::with_capacity(tables.len());
    let mut types = Vec::with_capacity(tables.len());
    for ((table, key), name) in all.iter().zip(&keys).zip(type_names) {
        let mut scope = Scope::default();
        types.push(entity_type(table, key, name, &mut scope, &used, options));
        scopes.push(scope);
    }
    let links = vec![Vec::new(); tables.len()];
    let mut parts = Parts { catalog, options, tables, types, scopes, links };
    parts.add_navigation(&mut notices);
    (mapping(parts, used, &keys, set_names, container), notices)
}

fn mapping(
    parts: Parts<'_>,
    used: Types<'_>,
    keys: &[Key],
    set_names: Vec<String>,
    container: String,
) -> Mapping {
    let sets = set_names.into_iter().enumerate();
    let sets = sets.map(|(i, name)| EntitySet { name, entity_type: EntityTypeId(i), description: None });
    let maps = parts.tables.iter().zip(parts.links).zip(keys).map(|((&t, links), key)| {
        let table = &parts.catalog.tables[t];
        TableMap {
            schema: table.schema.clone(),
            table: table.name.clone(),
            null_key: key.may_be_null,
            indexed_key: key.indexed,
            columns: used.column_maps(&table.columns),
            links,
        }
    });
    Mapping {
        tables: maps.collect(),
        enums: used.enum_maps(),
        complex: used.complex_maps(),
        model: Model::new(
            namespace(parts.options),
            container,
            used.enum_types,
            used.complex_types,
            parts.types,
            sets.collect(),
        ),
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
    types: &Types<'_>,
    options: &ModelOptions,
) -> EntityType {
    EntityType {
        name,
        key: key.columns.clone(),
        properties: types.properties(&table.columns, &key.columns, scope, options.case),
        navigation: Vec::new(),
        description: table.comment.clone(),
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
