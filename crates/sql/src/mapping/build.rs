//! From what a database says about itself to the model that clients see.

use std::collections::HashMap;
use std::sync::Arc;

use nextlink_odata::model::{EntitySet, EntitySetId, EntityType, EntityTypeId, Model};

use super::annotations;
use super::etags;
use super::families;
use super::find::about;
use super::functions;
use super::given;
use super::joined;
use super::keys::{self, Key};
use super::links::Parts;
use super::logs;
use super::lost;
use super::mentions;
use super::names::{Scope, Wish, namespace, set_text, type_text};
use super::navigation;
use super::options::{EXCLUDED, ModelOptions, matches_table};
use super::reshape::{self, Reshaped, TableShape};
use super::routines::{self, Chosen};
use super::rules;
use super::singletons;
use super::types::Types;
use super::wanted::Known;
use super::{ChangesMap, LogMap, Mapping, TableMap};
use crate::catalog::{Catalog, Column, Table};
use crate::notice::Notice;
use crate::shape::EntityShape;

/// Makes the model of a catalogue: an entity type and set for each table with a key, navigation properties
/// in both directions. Tables without a key and foreign keys that lead nowhere are left out; the notices
/// say so.
///
/// The same catalogue and options give the same model.
pub fn build(catalog: &Catalog, options: &ModelOptions) -> (Mapping, Vec<Notice>) {
    let (mut mapping, mut notices) = shaped(catalog, options);
    mapping.lost.extend(lost::entities(catalog, &options.shape, &mapping));
    mapping.lost.extend(routines::lost(catalog, &options.shape));
    if mapping.tables.iter().any(|table| table.rows.is_some()) {
        let options = ModelOptions { shape: options.shape.unhidden(), ..options.clone() };
        let (whole, _) = shaped(catalog, &options);
        rules::add(&mut mapping, whole, &mut notices);
    }
    (mapping, notices)
}

/// Makes the model as somebody sees it, as whom the options' model file is marked ([`crate::shape::Shape::seen_by`]): what has other
/// readers is not there. `all` is what [`build`] has made of the same catalogue and options.
pub fn build_for(catalog: &Catalog, options: &ModelOptions, all: &Mapping) -> Mapping {
    let (mut mapping, _) = shaped(catalog, options);
    rules::share(&mut mapping, all);
    mentions::withhold(&mut mapping.model, &all.model);
    mapping
}

/// The model without conditions on rows.
fn shaped(catalog: &Catalog, options: &ModelOptions) -> (Mapping, Vec<Notice>) {
    let options = &options.with_shape();
    let all_functions = &catalog.functions;
    let mut notices = unmatched(catalog, options);
    let routines = routines::choose(catalog, options, &mut notices);
    let (catalog, joins) = joined::merge(catalog, &options.shape, &mut notices);
    let catalog = &*catalog;
    let told = reshape::told(catalog, &options.shape, &mut notices);
    let mut tables = Vec::new();
    let mut found = HashMap::new();
    for (index, (table, told)) in catalog.tables.iter().zip(&told).enumerate() {
        let part = joins.taken.contains(&index);
        if part || !is_chosen(catalog, table, told.is_some(), options) {
            let why = if part { "the table is that of a derived type" } else { EXCLUDED };
            notices.extend(told.map(|(name, _)| about(name, &table.name, why)));
            continue;
        }
        let said = told.map(|(_, told)| told);
        if let Some(key) = keys::find(catalog, table, said, options, &mut notices) {
            tables.push(index);
            found.insert(index, key);
        }
    }
    let Reshaped { catalog, tables: shapes, given, made } =
        reshape::reshape(catalog, options, &joins, told, &mut found, &mut notices);
    let keys: Vec<&Key> = tables.iter().filter_map(|index| found.get(index)).collect();
    let chosen = || tables.iter().map(|&t| (&catalog.tables[t], &shapes[t]));
    let type_wishes = chosen().map(|(table, shape)| type_wish(table, shape, options)).collect();
    let set_wishes = chosen().map(|(table, shape)| set_wish(table, shape, options)).collect();
    let Named { types: type_names, sets: set_names, container, mut schema, inside } =
        Named::of(type_wishes, set_wishes, options);
    let seen = chosen().filter(|(_, shape)| shape.is_seen());
    let columns = seen.map(|(table, shape)| (table.name.as_str(), &table.columns[..shape.visible]));
    let all: Vec<(&str, &[Column])> =
        columns.chain(routines.iter().filter_map(Chosen::column)).chain([("", &*given)]).collect();
    let used = Types::of((&catalog, &made), &all, &mut schema, options);
    used.notices(&all, &mut notices);

    let routines: Vec<Chosen<'_>> = routines.into_iter().map(|one| one.typed(&used)).collect();

    let known = Known { catalog: &catalog, tables: &tables, shapes: &shapes, sets: &set_names };
    let wanted = known.wanted(&mut notices);
    let logs = logs::find(&known, &used, &keys, &mut notices);
    let mut scopes = Vec::with_capacity(tables.len());
    let mut types = Vec::with_capacity(tables.len());
    for (((table, shape), key), name) in chosen().zip(&keys).zip(type_names) {
        let mut scope = Scope::default();
        let ty = entity_type(table, shape, key, name, &mut scope, &used, options);
        notices.extend(navigation::names_taken(&ty, table, shape, options.case));
        types.push(ty);
        scopes.push(scope);
    }
    let links = vec![Vec::new(); tables.len()];
    let owners = vec![Vec::new(); tables.len()];
    let tables = tables.clone();
    let mut parts =
        Parts { catalog: &catalog, options, joins: &joins, tables, types, scopes, links, owners, wanted };
    parts.add_navigation(&mut notices);
    parts.choose_navigation(&shapes, &mut notices);
    let (set_names, keys, logs) = parts.withhold(&shapes, (set_names, keys, logs));
    for ((ty, &table), owners) in parts.types.iter_mut().zip(&parts.tables).zip(&parts.owners) {
        families::own_navigation(ty, &shapes[table], owners);
    }
    let mut mapping = mapping(parts, used, &shapes, (&keys, logs), set_names, container);
    mapping.lost = lost::told(chosen().map(|(table, shape)| (table.name.as_str(), shape)));
    mapping.know_between();
    let singletons = singletons::of(&mapping, &options.shape, &mut notices);
    mapping.model = mapping.model.with_singletons(singletons);
    given::unused((&catalog, &made), &options.shape, &mapping.model, &mut notices);
    functions::add(&mut mapping, all_functions, &options.shape, &mut notices);
    schema.add(inside);
    routines::add(&mut mapping, routines, &mut schema, options, &mut notices);
    annotations::add(&mut mapping, &options.shape, &mut notices);
    (mapping, notices)
}

/// The names of types and sets, and which names are taken then.
struct Named {
    types: Vec<String>,
    sets: Vec<String>,
    container: String,
    /// In the schema.
    schema: Scope,
    /// In the container.
    inside: Scope,
}

impl Named {
    fn of(types: Vec<Wish<'_>>, sets: Vec<Wish<'_>>, options: &ModelOptions) -> Named {
        // Types and the container are children of the schema and share its names (CSDL 4.01 section 5).
        let mut schema = Scope::default();
        let reserved: Vec<&str> = options.shape.type_names().collect();
        reserved.iter().for_each(|name| schema.reserve(name));
        let type_names = schema.name_all(&types, options.case);
        let container = schema.give(&options.container, super::Case::AsIs);
        reserved.iter().for_each(|name| schema.release(name));
        let named = options.shape.functions.iter().map(|(name, _)| name.text.as_str());
        named.clone().for_each(|name| schema.reserve(name));
        let mut inside = Scope::default();
        for (name, _) in options.shape.singletons.iter().filter(|(_, single)| single.of.is_some()) {
            inside.reserve(&name.text);
        }
        options.shape.derived().for_each(|(name, _)| schema.reserve(&name.text));
        named.for_each(|name| inside.reserve(name));
        let set_names = inside.name_all(&sets, options.case);
        Named { types: type_names, sets: set_names, container, schema, inside }
    }
}

/// How the entity type of a table is to be named.
fn type_wish<'t>(table: &'t Table, shape: &TableShape<'t>, options: &ModelOptions) -> Wish<'t> {
    match shape.told {
        Some((_, EntityShape { type_name: Some(name), .. })) => Wish::Exactly((&name.text).into()),
        Some((set, _)) => Wish::Exactly(type_text(&set.text, options).into()),
        None => Wish::Like(type_text(&table.name, options).into()),
    }
}

/// How the entity set of a table is to be named.
fn set_wish<'t>(table: &'t Table, shape: &TableShape<'t>, options: &ModelOptions) -> Wish<'t> {
    match shape.told {
        Some((set, _)) => Wish::Exactly((&set.text).into()),
        None => Wish::Like(set_text(&table.name, options).into()),
    }
}

fn mapping(
    parts: Parts<'_>,
    used: Types<'_>,
    shapes: &[TableShape<'_>],
    (keys, logs): (&[&Key], Vec<Option<Box<LogMap>>>),
    set_names: Vec<String>,
    container: String,
) -> Mapping {
    let changes = parts.tables.iter().zip(logs);
    let changes = changes.map(|(&t, log)| ChangesMap { log, ..shapes[t].changes.clone() });
    let changes: Vec<ChangesMap> = changes.collect();
    let deleted = |(number, changes): (usize, &ChangesMap)| changes.deleted.map(|_| EntitySetId(number));
    let deleted: Vec<EntitySetId> = changes.iter().enumerate().filter_map(deleted).collect();
    let tracked: Vec<bool> = changes.iter().map(ChangesMap::are_told).collect();
    let sets = set_names.into_iter().zip(tracked).enumerate().map(|(i, (name, tracked))| EntitySet {
        name,
        entity_type: EntityTypeId(i),
        description: None,
        tracked,
    });
    let owned = parts.tables.iter().zip(&parts.types);
    let families: Vec<_> =
        owned.map(|(&t, ty)| families::family_map(ty, &shapes[t], parts.joins.of(t))).collect();
    let links = parts.links.into_iter().zip(families).zip(changes);
    let maps = parts.tables.iter().zip(links).zip(keys).map(|((&t, ((links, family), changes)), key)| {
        let table = &parts.catalog.tables[t];
        let (media, streams) = (shapes[t].streams.media_map(None), shapes[t].streams.maps());
        TableMap {
            schema: table.schema.clone(),
            table: table.name.clone(),
            select: table.select.clone(),
            joined: parts.joins.of(t).map(|joined| Arc::clone(&joined.tables)),
            null_key: key.may_be_null,
            indexed_key: key.indexed,
            columns: used.column_maps(&table.columns, &shapes[t].groups),
            links,
            streams,
            media,
            open: shapes[t].open,
            etag: shapes[t].etag.clone(),
            changes,
            told: shapes[t].told.map(|(name, _)| name.clone()),
            rows: rules::told(&shapes[t]),
            full_text: shapes[t].full_text.clone(),
            family,
        }
    });
    let definitions = used.definitions();
    let (tables, enums, complex) = (maps.collect(), used.enum_maps(), used.complex_maps());
    let mut model = Model::new(
        namespace(parts.options),
        container,
        used.enum_types,
        used.complex_types,
        parts.types,
        sets.collect(),
    )
    .with_type_definitions(definitions);
    model.set_unseen(&deleted);
    Mapping { tables, enums, complex, functions: Vec::new(), whole: None, lost: Vec::new(), model }
}

fn is_chosen(catalog: &Catalog, table: &Table, told: bool, options: &ModelOptions) -> bool {
    if table.select.is_some() {
        return told;
    }
    options.serves(catalog.schema(&table.schema), &table.name, told)
}

/// Notices for names and patterns in the options that match no table.
fn unmatched(catalog: &Catalog, options: &ModelOptions) -> Vec<Notice> {
    let patterns = options.include.iter().chain(&options.exclude).chain(options.keys.keys());
    let tables = catalog.tables.iter().filter(|table| table.select.is_none());
    let routines = catalog.routines.iter().map(|routine| (catalog.schema(&routine.schema), &routine.name));
    let known: Vec<_> = tables.map(|t| (catalog.schema(&t.schema), &t.name)).chain(routines).collect();
    let found = |p: &str| known.iter().any(|(schema, name)| matches_table(p, *schema, name));
    let missing = patterns.filter(|p| !found(p));
    let missing = missing
        .map(|p| Notice::table(p, "The configuration names it, but no table, view or function matches."));
    let told = options.shape.include.iter().chain(&options.shape.exclude).filter(|p| !found(&p.text));
    let passed = options.shape.passed_over.iter().map(|p| about(p, "*", "this is passed over"));
    missing.chain(told.map(|p| about(p, &p.text, "no table or view matches"))).chain(passed).collect()
}

/// The entity type of a table, without its navigation. Property `i` is column `i`. A property may have the
/// name of its type: CSDL 4 asks only for names that are unique among the type's properties (CSDL 4.01
/// section 7.1).
fn entity_type<'a>(
    table: &'a Table,
    shape: &TableShape<'a>,
    key: &Key,
    name: String,
    scope: &mut Scope,
    types: &Types<'a>,
    options: &ModelOptions,
) -> EntityType {
    if !shape.is_seen() {
        // It only has names, so that what others see is called as it is for those who see this, too.
        return EntityType { name, ..EntityType::default() };
    }
    let told = shape.told.and_then(|(_, told)| told.description.clone());
    let media = shape.streams.media(None, &table.columns);
    let streams = shape.streams.model(&table.columns);
    let navigation = shape.navigation().map(|(name, _)| name.text.as_str());
    let named = shape.streams.names().chain(shape.withheld.iter().copied()).chain(navigation);
    named.for_each(|name| scope.reserve(name));
    EntityType {
        name,
        key: key.columns.clone(),
        properties: types.properties(&table.columns, shape, &key.columns, scope, options.case),
        streams,
        media,
        open: shape.open.is_some(),
        full_text: shape.full_text.is_some(),
        etag: etags::model(&shape.etag, shape.visible),
        navigation: Vec::new(),
        family: families::family(shape, &table.columns),
        description: told.or(table.comment.clone()),
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
