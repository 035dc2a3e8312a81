//! `model`: the model file that reproduces what is served for a source, as a start for editing.

mod properties;
mod streams;
mod types;
mod navigation;
mod functions;

use nextlink_odata::model::{Applied, EntitySetId, EntityType};
use nextlink_odata::value::Value;
use nextlink_sql::mapping::{FullTextMap, TableMap};
use nextlink_sql::shape::{LossShape, Named, Readers, SettingsShape};

use super::{ModelArgs, out};
use crate::served::Served;
use functions::functions;
use navigation::navigation;
use properties::properties;
use streams::{media, stream_properties};
use types::types;

/// The JSON schema of model files.
const SCHEMA: &str = include_str!("../../../../docs/model.schema.json");

/// Prints the model of a source, or the schema of model files.
pub fn model(args: &ModelArgs) -> anyhow::Result<()> {
    let Some(source) = args.source.as_ref().filter(|_| !args.schema) else {
        out::print(format_args!("{SCHEMA}"));
        return Ok(());
    };
    let (name, served, _) = super::one_source(source, args.config.as_ref())?;
    out::print(format_args!("{}", text_of(&name, &served)));
    Ok(())
}

/// The model file of what is served.
fn text_of(name: &str, served: &Served) -> String {
    let mut out = format!("# The model of source '{name}', as it is served.\n");
    for notice in &served.notices {
        out.push_str(&format!("# {}\n", notice.to_string().replace('\n', " ")));
    }
    let model = &served.mapping.model;
    out.push_str(&format!("namespace: {}\n", text(&model.namespace)));
    out.push_str(&format!("container: {}\n", text(&model.container)));
    // Only what stands here is served, and as it stands here.
    out.push_str("others: false\n");
    settings(&served.settings, &mut out);
    groups(served, &mut out);
    types(served, &mut out);
    out.push_str(if model.served_sets().next().is_none() { "entities: {}\n" } else { "entities:\n" });
    for (id, _) in model.served_sets() {
        entity(served, id, &mut out);
    }
    singletons(served, &mut out);
    functions(served, &mut out);
    annotations(served, &mut out);
    out
}

/// How the source is served, where the model file says it.
fn settings(told: &SettingsShape, out: &mut String) {
    let loss = told.on_loss.map(|loss| match loss {
        LossShape::Continue => "continue".to_owned(),
        LossShape::Strict => "strict".to_owned(),
    });
    let limits = told.limits.told().map(|(limit, value)| format!("{}: {value}", limit.keys().1));
    let limits: Vec<String> = limits.collect();
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    let all = [
        ("pageRows", number(told.page_rows)),
        ("pageBytes", number(told.page_bytes)),
        ("onLoss", loss),
        ("refreshSeconds", number(told.refresh_seconds)),
        ("replicas", number(told.replicas)),
        ("readOnly", told.read_only.map(|truth| truth.to_string())),
        ("limits", (!limits.is_empty()).then(|| format!("{{{}}}", limits.join(", ")))),
        ("timeZone", told.time_zone.map(|zone| text(&zone.to_string()))),
    ];
    let all: Vec<String> =
        all.into_iter().filter_map(|(key, value)| Some(format!("{key}: {}", value?))).collect();
    if !all.is_empty() {
        out.push_str(&format!("settings: {{{}}}\n", all.join(", ")));
    }
}

/// Groups of logins.
fn groups(served: &Served, out: &mut String) {
    let Some(shape) = served.with_readers().filter(|shape| !shape.groups.is_empty()) else { return };
    out.push_str("groups:\n");
    for (name, members) in shape.groups.iter() {
        out.push_str(&format!("  {}: {}\n", text(&name.text), names(members)));
    }
}

/// A list of logins.
fn names(names: &[Named]) -> String {
    let names: Vec<String> = names.iter().map(|name| text(&name.text)).collect();
    ["[", &names.join(", "), "]"].concat()
}

/// Who sees something, where not everybody does.
fn readers_of(readers: &Readers) -> Option<String> {
    readers.are_told().then(|| ["readers: ", &names(readers.names())].concat())
}

/// The same of an entity set, or of a property of it.
fn readers(served: &Served, name: &str, property: Option<&str>) -> Option<String> {
    readers_of(served.with_readers()?.readers_of(name, property))
}

/// Annotations with their vocabularies.
fn annotations(served: &Served, out: &mut String) {
    let model = &served.mapping.model;
    // Those of the standard are known.
    let own = model.vocabularies.iter().filter_map(|own| Some((&own.namespace, own.url.as_ref()?)));
    for (number, (namespace, url)) in own.enumerate() {
        out.push_str(if number == 0 { "vocabularies:\n" } else { "" });
        let (alias, namespace, url) = (format!("V{}", number + 1), text(namespace), text(url));
        out.push_str(&format!("  {alias}: {{namespace: {namespace}, url: {url}}}\n"));
    }
    if !model.annotations.is_empty() {
        out.push_str("annotations:\n");
    }
    for annotated in &model.annotations {
        out.push_str(&format!("  {}:\n", text(&annotated.target)));
        for Applied { term, qualifier, value } in &annotated.annotations {
            let qualifier = qualifier.as_ref().map(|qualifier| format!("#{qualifier}")).unwrap_or_default();
            // JSON is YAML, too.
            out.push_str(&format!("    {}: {value}\n", text(&format!("@{term}{qualifier}"))));
        }
    }
}

/// Singletons: those with tables of their own, and rows of entity sets.
fn singletons(served: &Served, out: &mut String) {
    let model = &served.mapping.model;
    if !model.singletons.is_empty() {
        out.push_str("singletons:\n");
    }
    for single in &model.singletons {
        if single.own {
            entity(served, single.set, out);
            continue;
        }
        let set = model.entity_set(single.set);
        let ty = model.entity_type(set.entity_type);
        let row = single.row.iter().map(|(property, value)| {
            format!("{}: {}", text(&ty.properties[*property].name), constant(value))
        });
        let row: Vec<String> = row.collect();
        out.push_str(&format!("  {}:\n    of: {}\n", text(&single.name), text(&set.name)));
        out.push_str(&format!("    row: {{{}}}\n", row.join(", ")));
        description("    ", single.description.as_deref(), out);
        line("    ", readers(served, &single.name, None), out);
    }
}

/// A value by which a row is found.
fn constant(value: &Value) -> String {
    match value {
        Value::Integer(number) => number.to_string(),
        Value::String(found) | Value::Date(found) | Value::TimeOfDay(found) | Value::Guid(found) => {
            text(found)
        }
        Value::DateTimeOffset(found) => text(&[found, "Z"].concat()),
        Value::Decimal(number) => number.clone(),
        Value::Double(number) => number.to_string(),
        Value::Null | Value::Boolean(_) | Value::Duration(_) | Value::Binary(_) | Value::Shape { .. } => {
            "null".to_owned()
        }
    }
}

/// What is served of a table.
fn entity(served: &Served, id: EntitySetId, out: &mut String) {
    let model = &served.mapping.model;
    let (set, table) = (model.entity_set(id), served.mapping.table(id));
    let ty = model.entity_type(set.entity_type);
    let place = match (&table.select, &table.schema) {
        (Some(select), _) => format!("sql: {}", text(select)),
        (None, schema) => format!("table: {}", text(&qualified(schema.as_ref(), &table.table))),
    };
    out.push_str(&format!("  {}:\n    {place}\n", text(&set.name)));
    out.push_str(&format!("    type: {}\n", text(&ty.name)));
    description("    ", ty.description.as_deref(), out);
    let key: Vec<String> = ty.key.iter().map(|k| text(&ty.properties[*k].name)).collect();
    out.push_str(&format!("    others: false\n    key: [{}]\n    properties:\n", key.join(", ")));
    properties(served, ty, table, None, out);
    stream_properties(served, ty, table, None, out);
    media(ty, table, None, out);
    if let Some(column) = table.open {
        out.push_str(&format!("    open: {}\n", text(&table.columns[column].column)));
    }
    if !table.etag.is_empty() {
        let columns: Vec<String> =
            table.etag.iter().map(|column| text(&table.columns[*column].column)).collect();
        out.push_str(&format!("    etag: [{}]\n", columns.join(", ")));
    }
    changes(ty, table, out);
    if let Some(rows) = &table.rows {
        out.push_str(&format!("    rows: {}\n", text(&rows.told.text)));
    }
    line("    ", readers(served, &set.name, None), out);
    search(table, out);
    navigation(served, ty, table, None, out);
    derived(served, ty, table, out);
}

/// What is said of something, on a line of its own.
fn description(indent: &str, said: Option<&str>, out: &mut String) {
    if let Some(said) = said {
        out.push_str(&format!("{indent}description: {}\n", text(said)));
    }
}

/// A fact on a line of its own.
fn line(indent: &str, fact: Option<String>, out: &mut String) {
    if let Some(fact) = fact {
        out.push_str(&format!("{indent}{fact}\n"));
    }
}

/// The name of a table, behind that of its schema.
fn qualified(schema: Option<&String>, name: &str) -> String {
    schema.map_or_else(|| name.to_owned(), |schema| [schema, ".", name].concat())
}

/// A YAML scalar in double quotes, which JSON's form always is.
fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// By what changes are followed.
fn changes(ty: &EntityType, table: &TableMap, out: &mut String) {
    let column = |index: usize| text(&table.columns[index].column);
    let mut facts: Vec<String> = Vec::new();
    facts.extend(table.changes.at.map(|at| format!("column: {}", column(at))));
    if let Some(log) = &table.changes.log {
        let schema = log.schema.as_ref().map(|schema| [schema, "."].concat()).unwrap_or_default();
        let key = ty.key.iter().zip(&log.key);
        let key = key.map(|(k, there)| format!("{}: {}", text(&ty.properties[*k].name), text(&there.column)));
        facts.push(format!("table: {}", text(&[&schema, &*log.table].concat())));
        facts.push(format!("key: {{{}}}", key.collect::<Vec<_>>().join(", ")));
        facts.push(format!("at: {}", text(&log.at.column)));
    }
    facts.extend(table.changes.deleted.map(|deleted| format!("deleted: {{column: {}}}", column(deleted))));
    if !facts.is_empty() {
        out.push_str(&format!("    changes: {{{}}}\n", facts.join(", ")));
    }
}

/// The index over words.
fn search(table: &TableMap, out: &mut String) {
    let names = |names: &[String]| names.iter().map(|name| text(name)).collect::<Vec<_>>().join(", ");
    let told = match &table.full_text {
        None => return,
        Some(FullTextMap::Table { name, .. }) => format!("table: {}", text(name)),
        Some(FullTextMap::Columns { columns, .. }) => format!("columns: [{}]", names(columns)),
        Some(FullTextMap::Vector { column, configuration }) => {
            format!("column: {}, configuration: {}", text(column), text(configuration))
        }
        Some(FullTextMap::Expression { columns, configuration }) => {
            format!("columns: [{}], configuration: {}", names(columns), text(configuration))
        }
    };
    out.push_str(&format!("    search: {{{told}}}\n"));
}

/// Types below that of an entity set.
fn derived(served: &Served, ty: &EntityType, table: &TableMap, out: &mut String) {
    let (Some(family), Some(map)) = (&ty.family, &table.family) else {
        return;
    };
    if family.is_abstract {
        out.push_str("    abstract: true\n");
    }
    out.push_str("    derived:\n");
    let column = &table.columns[map.column].column;
    for (number, one) in family.derived.iter().enumerate() {
        out.push_str(&format!("      {}:\n        abstract: {}\n", text(&one.name), one.is_abstract));
        if let Some(base) = one.base {
            out.push_str(&format!("        base: {}\n", text(&family.derived[base].name)));
        }
        let mut joined = table.joined.iter().flat_map(|joined| &joined.tables);
        if let Some(own) = joined.find(|table| table.derived == Some(number)) {
            out.push_str(&format!("        table: {}\n", text(&qualified(own.schema.as_ref(), &own.name))));
        } else if !map.own[number].is_empty() {
            let codes: Vec<String> = map.own[number].iter().map(constant).collect();
            out.push_str(&format!("        when: {{{}: [{}]}}\n", text(column), codes.join(", ")));
        }
        description("        ", one.description.as_deref(), out);
        let mut lines = String::new();
        properties(served, ty, table, Some(number), &mut lines);
        stream_properties(served, ty, table, Some(number), &mut lines);
        if !lines.is_empty() {
            out.push_str(&["        properties:\n", &lines].concat());
        }
        media(ty, table, Some(number), out);
        navigation(served, ty, table, Some(number), out);
    }
}
