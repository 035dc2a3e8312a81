//! The schema map of Hybrid Data Pipeline (`odata_mapping_v3`), read as a model file.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::named::{Entries, Named};
use super::parts::{EntityShape, PropertyShape, Shape};
use crate::english::{plural, singular};
use crate::identifier::{is_continue, is_start};

/// A schema map. What says how other drivers see types is passed over: types are those of the database here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct SchemaMap {
    schemas: Vec<Schema>,
    #[serde(rename = "timeAsString")]
    _time_as_string: IgnoredAny,
    #[serde(rename = "guidAsString")]
    _guid_as_string: IgnoredAny,
    #[serde(rename = "unboundNumberAsDouble")]
    _unbound_number_as_double: IgnoredAny,
    #[serde(rename = "unboundNumberPrecision")]
    _unbound_number_precision: IgnoredAny,
    #[serde(rename = "unboundNumberScale")]
    _unbound_number_scale: IgnoredAny,
    entity_name_mode: Option<Named>,
    singular_suffix: Option<Named>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Schema {
    name: Option<String>,
    tables: Entries<Table>,
    excluded_tables: Vec<Named>,
    #[serde(rename = "functions")]
    _functions: IgnoredAny,
    #[serde(rename = "excludedFunctions")]
    _excluded_functions: IgnoredAny,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Table {
    #[serde(rename = "ODataAlias")]
    alias: Option<Named>,
    #[serde(rename = "ODataPluralAlias")]
    plural_alias: Option<Named>,
    columns: Entries<Column>,
    excluded_columns: Vec<Named>,
    #[serde(rename = "searchMode")]
    _search_mode: IgnoredAny,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Column {
    primary_key_component: Option<u32>,
    searchable: bool,
    alias: Option<Named>,
    #[serde(rename = "indexType")]
    _index_type: IgnoredAny,
    #[serde(rename = "typeInfo")]
    _type_info: IgnoredAny,
}

impl SchemaMap {
    /// The model file that says the same.
    pub(super) fn shape(self) -> Shape {
        let mut shape = Shape::default();
        let mode = self.entity_name_mode.as_ref().map_or("", |mode| &mode.text).to_ascii_lowercase();
        let plural_sets = ["pluralize", "guess"].contains(&mode.as_str());
        let known = plural_sets || ["", "default"].contains(&mode.as_str());
        shape.passed_over.extend(self.entity_name_mode.filter(|_| !known));
        shape.passed_over.extend(self.singular_suffix.filter(|suffix| !suffix.text.is_empty()));
        shape.plural_sets = plural_sets.then_some(true);
        // Where a schema names tables, only those are served of it.
        let all_of_some = self.schemas.iter().any(|schema| schema.tables.is_empty());
        shape.others = Some(all_of_some);
        let whole = self.schemas.len() == 1 && all_of_some;
        for schema in self.schemas {
            let within = |table: &Named| Named {
                text: qualified(schema.name.as_deref(), &table.text),
                ..table.clone()
            };
            shape.exclude.extend(schema.excluded_tables.iter().map(within));
            if schema.tables.is_empty() && (!whole || schema.name.is_some()) {
                shape
                    .include
                    .push(Named { text: qualified(schema.name.as_deref(), "*"), ..Named::default() });
            }
            for (name, table) in schema.tables.0 {
                let table_name = within(&name);
                shape.entities.0.push(table.entity(&name, table_name, plural_sets));
            }
        }
        shape
    }
}

impl Table {
    fn entity(self, name: &Named, table: Named, plural_sets: bool) -> (Named, EntityShape) {
        let numbered = |name: &Named, number: fn(&str) -> String| match plural_sets {
            true => Named { text: number(&name.text), spot: name.spot },
            false => name.clone(),
        };
        let alias = self.alias.unwrap_or_else(|| numbered(&legal(name), singular));
        let set = self.plural_alias.unwrap_or_else(|| numbered(&alias, plural));
        let mut key: Vec<(u32, Named)> = Vec::new();
        let searches_marked = self.columns.0.iter().any(|(_, told)| told.searchable);
        let mut properties = Entries::default();
        for (column, told) in self.columns.0 {
            if let Some(place) = told.primary_key_component {
                key.push((place, column.clone()));
            }
            let name = told.alias.unwrap_or_else(|| legal(&column));
            let searchable = Some(told.searchable);
            properties
                .0
                .push((name, PropertyShape { column: Some(column), searchable, ..PropertyShape::default() }));
        }
        key.sort_by_key(|(place, _)| *place);
        let entity = EntityShape {
            table: Some(table),
            type_name: Some(alias),
            key: key.into_iter().map(|(_, column)| column).collect(),
            properties,
            hide: self.excluded_columns,
            searches_marked,
            ..EntityShape::default()
        };
        (set, entity)
    }
}

fn qualified(schema: Option<&str>, table: &str) -> String {
    schema.map_or_else(|| table.to_owned(), |schema| [schema, ".", table].concat())
}

/// A name that no alias stands for, made legal.
fn legal(name: &Named) -> Named {
    let text: String = name.text.chars().map(|c| if is_continue(c) { c } else { '_' }).collect();
    let first = text.chars().next().is_some_and(is_start);
    Named { text: if first { text } else { ["_", &text].concat() }, spot: name.spot }
}

#[cfg(test)]
mod tests {
    use super::super::Shape;

    const MAP: &str = r#"{"odata_mapping_v3": {"timeAsString": false, "entityNameMode": "pluralize", "singularSuffix": "_one", "schemas": [
        {"name": "sales", "tables": {
            "orders": {"ODataAlias": "Order", "ODataPluralAlias": "Orders", "searchMode": "substring", "columns": {
                "line no": {"primaryKeyComponent": 2, "typeInfo": {"dataType": "INTEGER"}},
                "id": {"primaryKeyComponent": 1, "alias": "Id"},
                "note": {"searchable": true}
            }, "excludedColumns": ["secret"]},
            "order lines": {},
            "notes": {"ODataAlias": "Note"},
            "person": {}
        }},
        {"name": null, "excludedTables": ["audit"]}
    ]}}"#;

    #[test]
    fn a_schema_map_is_a_model_file() {
        let shape = Shape::parse(MAP).expect("it can be read");
        let texts = |names: &[super::Named]| names.iter().map(|name| name.text.clone()).collect::<Vec<_>>();
        assert_eq!(shape.others, Some(true));
        assert_eq!(
            (texts(&shape.include), texts(&shape.exclude)),
            (vec!["*".to_owned()], vec!["audit".to_owned()])
        );
        let sets: Vec<&str> = shape.entities.iter().map(|(name, _)| name.text.as_str()).collect();
        assert_eq!(sets, ["Orders", "order_lines", "Notes", "people"]);
        assert_eq!((shape.plural_sets, texts(&shape.passed_over)), (Some(true), vec!["_one".to_owned()]));
        let types: Vec<_> = shape.entities.iter().filter_map(|(_, told)| told.type_name.as_ref()).collect();
        assert_eq!(
            types.iter().map(|ty| ty.text.as_str()).collect::<Vec<_>>(),
            ["Order", "order_line", "Note", "person"]
        );
        let orders = shape.entities.get("Orders").expect("orders");
        assert_eq!(orders.table.as_ref().map(|table| table.text.as_str()), Some("sales.orders"));
        assert_eq!(orders.type_name.as_ref().map(|ty| ty.text.as_str()), Some("Order"));
        assert_eq!(texts(&orders.key), ["id", "line no"]);
        assert_eq!(texts(&orders.hide), ["secret"]);
        let properties: Vec<_> =
            orders.properties.iter().map(|(name, told)| (name.text.as_str(), told.searchable)).collect();
        assert_eq!(properties, [("line_no", Some(false)), ("Id", Some(false)), ("note", Some(true))]);
    }

    #[test]
    fn bad_schema_maps_are_refused() {
        for (text, expected) in [
            (r#"{"odata_mapping_v3": {"schema": []}}"#, "line 1, column 23: `schema` is no key here"),
            (
                r#"{"odata_mapping_v3": {"schemas": []}, "namespace": "A"}"#,
                "line 1, column 39: `namespace` is no key here",
            ),
            (
                r#"{"odata_mapping_v3": {"schemas": [{"tables": {"a": {"ODataAlias": "a b"}}}]}}"#,
                "line 1, column 67: `a b` cannot be a name",
            ),
        ] {
            let error = Shape::parse(text).expect_err(text).to_string();
            assert!(error.starts_with(expected), "{text}\n{error}");
        }
    }
}
