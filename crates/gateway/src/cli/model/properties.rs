//! Properties in the model file that is printed: their columns, and what is said of them.

use nextlink_odata::model::{Computed, EntityType, Model, PrimitiveType, Property, Type};
use nextlink_sql::mapping::{ColumnMap, TableMap};
use nextlink_sql::zone::Zone;

use super::text;
use crate::served::Served;

/// Properties of a type, or of one below it.
pub(super) fn properties(
    served: &Served,
    ty: &EntityType,
    table: &TableMap,
    owner: Option<usize>,
    out: &mut String,
) {
    let (model, source) = (&served.mapping.model, served.settings.time_zone.unwrap_or(Zone::UTC));
    // The time zone stands where it is not that of the source.
    let place =
        |column: &'_ ColumnMap| (column.column.clone(), column.meant_in.filter(|zone| *zone != source));
    let indent = if owner.is_some() { "          " } else { "      " };
    for (index, (property, column)) in ty.properties.iter().zip(&table.columns).enumerate() {
        if ty.owner_of_property(index) != owner {
            continue;
        }
        match (&column.group, property.ty) {
            (Some(group), Type::Complex(id)) => {
                let parts = model.complex_type(id).properties.iter().zip(group);
                let parts = parts.map(|(part, column)| (part, place(&table.columns[*column])));
                let readers = readers(served, table, &property.name);
                out.push_str(&group_of(model, property, (parts.collect(), readers), indent));
            }
            _ => {
                let readers = readers(served, table, &property.name);
                out.push_str(&property_line(model, property, (&place(column), readers), indent));
            }
        }
    }
}

/// Who sees a property, where not everybody does.
pub(super) fn readers(served: &Served, table: &TableMap, property: &str) -> Option<String> {
    super::readers(served, &table.told.as_ref()?.text, Some(property))
}

/// What is said of a property, beside its column.
fn facts(model: &Model, property: &Property) -> Vec<String> {
    let mut facts = vec![format!("type: {}", model.type_name(property.ty))];
    if let Type::Enum(_) | Type::Complex(_) = property.ty {
        facts[0] = format!("type: {}", text(simple_name(model, property.ty)));
    }
    if let Some(definition) = model.definition_of(property) {
        facts[0] = format!("type: {}", text(&definition.name));
    }
    if property.collection && property.json.is_some() {
        let item = facts[0].trim_start_matches("type: ").trim_matches('"');
        facts[0] = format!("type: {}", text(&format!("Collection({item})")));
    } else if property.collection {
        facts.push("collection: true".to_owned());
    }
    facts.push(format!("nullable: {}", property.nullable));
    facts.extend(facets([property.max_length, property.precision, property.scale]));
    if let Some(default) = &property.default_value {
        facts.push(format!("default: {}", text(default)));
    }
    match property.computed {
        Computed::No => {}
        Computed::Always => facts.push("computed: always".to_owned()),
        Computed::Default => facts.push("computed: default".to_owned()),
    }
    if property.primitive() == Some(PrimitiveType::String) && !property.searchable {
        facts.push("searchable: false".to_owned());
    }
    if let Some(description) = &property.description {
        facts.push(format!("description: {}", text(description)));
    }
    facts
}

/// Length, precision and scale.
pub(super) fn facets(facets: [Option<u32>; 3]) -> impl Iterator<Item = String> {
    let named = ["maxLength", "precision", "scale"].into_iter().zip(facets);
    named.filter_map(|(name, facet)| Some(format!("{name}: {}", facet?)))
}

fn simple_name(model: &Model, ty: Type) -> &str {
    match ty {
        Type::Primitive(primitive) => primitive.name(),
        Type::Enum(id) => &model.enum_type(id).name,
        Type::Complex(id) => &model.complex_type(id).name,
    }
}

/// Where the values of a property lie: the column, and the time zone that is told of it.
type Lies = (String, Option<Zone>);

pub(super) fn property_line(
    model: &Model,
    property: &Property,
    ((column, zone), readers): (&Lies, Option<String>),
    indent: &str,
) -> String {
    let mut facts = facts(model, property);
    if property.name != *column {
        facts.push(format!("column: {}", text(column)));
    }
    facts.extend(zone.map(|zone| format!("timeZone: {}", text(&zone.to_string()))));
    facts.extend(readers);
    format!("{indent}{}: {{{}}}\n", text(&property.name), facts.join(", "))
}

/// A complex value that lies in a group of columns.
fn group_of(
    model: &Model,
    property: &Property,
    (parts, readers): (Vec<(&Property, Lies)>, Option<String>),
    indent: &str,
) -> String {
    let mut out = format!("{indent}{}:\n", text(&property.name));
    for fact in facts(model, property).into_iter().chain(readers) {
        out.push_str(&format!("{indent}  {fact}\n"));
    }
    out.push_str(&format!("{indent}  columns:\n"));
    let inner = [indent, "    "].concat();
    for (part, column) in parts {
        out.push_str(&property_line(model, part, (&column, None), &inner));
    }
    out
}
