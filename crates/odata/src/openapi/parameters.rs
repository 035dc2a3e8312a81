//! Parameters: query options, keys in the path, and headers.

use serde_json::{Value, json};

use super::Object;
use super::names::{component, parameter, type_name};
use super::schemas;
use crate::model::{EntitySetId, EntityType, EntityTypeId, Model, PrimitiveType, Property, Type};

/// Query options that mean the same everywhere: name, schema, description.
fn common() -> [(&'static str, Value, &'static str); 8] {
    let number = || json!({ "type": "integer", "minimum": 0 });
    let text = |example: &str| json!({ "type": "string", "examples": [example] });
    [
        ("top", number(), "At most so many."),
        ("skip", number(), "Not the first so many."),
        ("count", json!({ "type": "boolean" }), "Whether to say how many there are in all."),
        ("filter", text("Name eq 'x'"), "A condition, in the expressions of OData."),
        ("orderby", text("$this desc"), "In this order, in the expressions of OData."),
        (
            "search",
            text("word"),
            "Words that have to be in text properties, with AND, OR, NOT and phrases in double quotes.",
        ),
        ("compute", text("Price mul 2 as Twice"), "Values to be computed, and their names."),
        ("apply", text("aggregate($count as Number)"), "Transformations: aggregation and grouping."),
    ]
}

/// The parameters that operations refer to.
pub(super) fn components(model: &Model) -> Object {
    let mut found = Object::new();
    for (name, schema, description) in common() {
        found.insert(name.to_owned(), query(&["$", name].concat(), schema, description));
    }
    let prefer = json!({
        "name": "Prefer",
        "in": "header",
        "description": "odata.maxpagesize=N: at most N rows in a page; omit-values=nulls: without properties that are null.",
        "schema": { "type": "string", "examples": ["odata.maxpagesize=100"] },
    });
    found.insert("prefer".to_owned(), prefer);
    for (number, entity_type) in model.entity_types.iter().enumerate() {
        let below = (0..entity_type.types_below().len()).map(Some);
        for of in std::iter::once(None).chain(below) {
            lists(model, EntityTypeId(number), of, &mut found);
        }
    }
    found
}

/// The options that list properties of a type.
fn lists(model: &Model, id: EntityTypeId, of: Option<usize>, found: &mut Object) {
    let described = [
        (Listed::Select, "Only these properties."),
        (Listed::Expand, "With these related entities."),
        (Listed::OrderBy, "In this order; behind it, by key."),
    ];
    for (option, description) in described {
        let values = option.values(model.entity_type(id), of);
        if !values.is_empty() {
            let items = json!({ "type": "string", "enum": values });
            let schema = json!({ "type": "array", "items": items });
            let mut listed = query(option.name(), schema, description);
            // One option with commas in it.
            listed["explode"] = false.into();
            found.insert(option_of(model, id, of, option), listed);
        }
    }
}

/// A query option.
pub(super) fn query(name: &str, schema: Value, description: &str) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}

/// An option that lists properties of a type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listed {
    Select,
    Expand,
    OrderBy,
}

impl Listed {
    fn name(self) -> &'static str {
        match self {
            Listed::Select => "$select",
            Listed::Expand => "$expand",
            Listed::OrderBy => "$orderby",
        }
    }

    fn values(self, entity_type: &EntityType, of: Option<usize>) -> Vec<String> {
        // Those of types below this one are named with a cast, which is told by $metadata.
        let properties = entity_type.properties.iter().enumerate();
        let properties = properties.filter(|(index, _)| entity_type.has_property(of, *index)).map(|(_, p)| p);
        let navigation = entity_type.navigation.iter().enumerate();
        let navigation = navigation.filter(|(index, _)| entity_type.has_navigation(of, *index));
        match self {
            Listed::Select => properties.map(|p| p.name.clone()).collect(),
            Listed::Expand => navigation.map(|(_, n)| n.name.clone()).collect(),
            Listed::OrderBy => {
                let plain = properties.filter(|p| !p.is_structured());
                plain.flat_map(|p| [p.name.clone(), [&p.name, " desc"].concat()]).collect()
            }
        }
    }
}

/// The name of an option that is described once for each type.
fn option_of(model: &Model, id: EntityTypeId, of: Option<usize>, option: Listed) -> String {
    [&component(&type_name(model, id, of)), "-", option.name().trim_start_matches('$')].concat()
}

fn listed(model: &Model, id: EntityTypeId, of: Option<usize>, options: &[Listed], found: &mut Vec<Value>) {
    let there = options.iter().filter(|option| !option.values(model.entity_type(id), of).is_empty());
    found.extend(there.map(|option| parameter(&option_of(model, id, of, *option))));
}

/// Whether `$search` looks at something in entities of a type.
fn is_searchable(model: &Model, id: EntityTypeId) -> bool {
    model.entity_type(id).is_searchable()
}

/// What applies to a collection of entities of a set, which are of its type or all of one below it.
pub(super) fn of_collection(model: &Model, set: EntitySetId, of: Option<usize>) -> Vec<Value> {
    let id = model.entity_set(set).entity_type;
    let mut found = of_count(model, set);
    found.extend(["top", "skip", "count"].map(parameter));
    listed(model, id, of, &[Listed::OrderBy, Listed::Select, Listed::Expand], &mut found);
    found.extend(["compute", "apply", "prefer"].map(parameter));
    found
}

/// What applies to the number of entities of a set.
pub(super) fn of_count(model: &Model, set: EntitySetId) -> Vec<Value> {
    let search = is_searchable(model, model.entity_set(set).entity_type).then_some("search");
    std::iter::once("filter").chain(search).map(parameter).collect()
}

/// What applies to a collection of values.
pub(super) fn of_values() -> Vec<Value> {
    ["filter", "orderby", "top", "skip", "count", "prefer"].map(parameter).into()
}

/// What applies to one entity.
pub(super) fn of_entity(model: &Model, id: EntityTypeId, of: Option<usize>) -> Vec<Value> {
    let mut found = Vec::new();
    listed(model, id, of, &[Listed::Select, Listed::Expand], &mut found);
    found.extend(["compute", "prefer"].map(parameter));
    found
}

/// The key of a type as it stands in a path, `({ID})` or `(Order={Order},Code='{Code}')`, with its parameters.
pub(super) fn key(model: &Model, entity_type: &EntityType) -> (String, Vec<Value>) {
    let properties = entity_type.key.iter().map(|&index| &entity_type.properties[index]);
    let named = entity_type.key.len() > 1;
    let mut path = String::from("(");
    let mut parameters = Vec::new();
    for (position, property) in properties.enumerate() {
        if position > 0 {
            path.push(',');
        }
        if named {
            path.push_str(&super::paths::segment(&property.name));
            path.push('=');
        }
        let (before, after) = literal(model, property);
        path.extend([&before, "{", &property.name, "}", after]);
        parameters.push(json!({
            "name": property.name,
            "in": "path",
            "required": true,
            "schema": schemas::value(model, property),
        }));
    }
    path.push(')');
    (path, parameters)
}

/// What stands before and behind the value of a key in a URL (Part 2 section 4.3.1).
pub(super) fn literal(model: &Model, property: &Property) -> (String, &'static str) {
    match quoted(model, property) {
        Some(prefix) => ([&super::paths::segment(&prefix), "'"].concat(), "'"),
        None => (String::new(), ""),
    }
}

/// What stands before the quotes around a value in a URL; none where there are no quotes.
pub(super) fn quoted(model: &Model, property: &Property) -> Option<String> {
    match property.ty {
        Type::Primitive(PrimitiveType::String) => Some(String::new()),
        Type::Primitive(PrimitiveType::Binary) => Some("binary".to_owned()),
        Type::Primitive(PrimitiveType::Duration) => Some("duration".to_owned()),
        Type::Enum(_) => Some(model.type_name(property.ty)),
        Type::Primitive(_) | Type::Complex(_) => None,
    }
}
