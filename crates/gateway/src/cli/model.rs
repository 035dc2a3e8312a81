//! `model`: what is served for a source, as YAML to read.

use nextlink_odata::model::{Computed, EntityType, Model, Property};
use nextlink_sql::mapping::Link;

use super::ModelArgs;
use crate::served::Served;

/// Prints the model of a source.
pub fn model(args: &ModelArgs) -> anyhow::Result<()> {
    let (name, served, _) = super::one_source(&args.source, args.config.as_ref())?;
    let mut out = format!("# The model of source '{name}', as it is served.\n");
    for notice in &served.notices {
        out.push_str(&format!("# {}\n", notice.to_string().replace('\n', " ")));
    }
    let model = &served.mapping.model;
    out.push_str(&format!("namespace: {}\n", text(&model.namespace)));
    types(&served, &mut out);
    out.push_str("entities:\n");
    for (set, table) in model.entity_sets.iter().zip(&served.mapping.tables) {
        let ty = model.entity_type(set.entity_type);
        out.push_str(&format!("  {}:\n    table: {}\n", text(&set.name), text(&table.table)));
        if ty.name != set.name {
            out.push_str(&format!("    type: {}\n", text(&ty.name)));
        }
        let key: Vec<String> = ty.key.iter().map(|k| text(&ty.properties[*k].name)).collect();
        out.push_str(&format!("    key: [{}]\n    properties:\n", key.join(", ")));
        for (property, column) in ty.properties.iter().zip(&table.columns) {
            out.push_str(&property_line(model, property, &column.column, "      "));
        }
        navigation(&served, ty, &table.links, &mut out);
    }
    print!("{out}");
    Ok(())
}

/// A YAML scalar in double quotes, which JSON's form always is.
fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Enumerations and complex types, with the types of the database behind them.
fn types(served: &Served, out: &mut String) {
    let model = &served.mapping.model;
    if !model.enum_types.is_empty() {
        out.push_str("enumerations:\n");
    }
    for (ty, found) in model.enum_types.iter().zip(&served.mapping.enums) {
        let of = text(&found.name);
        let members: Vec<String> =
            ty.members.iter().map(|member| format!("{}: {}", text(&member.name), member.value)).collect();
        let flags = if ty.flags { "    flags: true\n" } else { "" };
        out.push_str(&format!("  {}:\n    of: {of}\n{flags}", text(&ty.name)));
        out.push_str(&format!("    members: {{{}}}\n", members.join(", ")));
    }
    if !model.complex_types.is_empty() {
        out.push_str("complexTypes:\n");
    }
    for (ty, columns) in model.complex_types.iter().zip(&served.mapping.complex) {
        out.push_str(&format!("  {}:\n", text(&ty.name)));
        for (property, column) in ty.properties.iter().zip(columns) {
            out.push_str(&property_line(model, property, &column.column, "    "));
        }
    }
}

fn property_line(model: &Model, property: &Property, column: &str, indent: &str) -> String {
    let mut facts = vec![format!("type: {}", model.type_name(property.ty))];
    if property.collection {
        facts.push("collection: true".to_owned());
    }
    if property.name != column {
        facts.push(format!("column: {}", text(column)));
    }
    if !property.nullable {
        facts.push("nullable: false".to_owned());
    }
    if let Some(length) = property.max_length {
        facts.push(format!("maxLength: {length}"));
    }
    if let Some(precision) = property.precision {
        facts.push(format!("precision: {precision}"));
    }
    if let Some(scale) = property.scale {
        facts.push(format!("scale: {scale}"));
    }
    if let Some(default) = &property.default_value {
        facts.push(format!("default: {}", text(default)));
    }
    match property.computed {
        Computed::No => {}
        Computed::Always => facts.push("computed: always".to_owned()),
        Computed::Default => facts.push("computed: default".to_owned()),
    }
    format!("{indent}{}: {{{}}}\n", text(&property.name), facts.join(", "))
}

fn navigation(served: &Served, ty: &EntityType, links: &[Link], out: &mut String) {
    if ty.navigation.is_empty() {
        return;
    }
    out.push_str("    navigation:\n");
    let model = &served.mapping.model;
    for (navigation, link) in ty.navigation.iter().zip(links) {
        let target = model.entity_set(navigation.target_set);
        let target_type = model.entity_type(navigation.target);
        let mut facts = vec![format!("target: {}", text(&target.name))];
        if navigation.collection {
            facts.push("collection: true".to_owned());
        }
        match link {
            Link::Direct(pairs) => {
                let pairs: Vec<String> = pairs
                    .iter()
                    .map(|(here, there)| {
                        let here = text(&ty.properties[*here].name);
                        format!("{here}: {}", text(&target_type.properties[*there].name))
                    })
                    .collect();
                facts.push(format!("on: {{{}}}", pairs.join(", ")));
            }
            Link::Through(through) => facts.push(format!("through: {}", text(&through.table))),
        }
        out.push_str(&format!("      {}: {{{}}}\n", text(&navigation.name), facts.join(", ")));
    }
}
