//! CSDL in JSON (CSDL JSON 4.01).

use serde_json::{Map, Value as Json, json as value};

use super::BINDING;
use super::CsdlOptions;
use super::annotations::{self, Annotation, Value};
use super::applied;
use super::xml::on_delete;
use crate::model::{
    ComplexType, DerivedType, EntitySet, EntityType, EnumType, Function, Model, NavigationProperty,
    PrimitiveType, Property, Returns, Singleton, Stream, Type, TypeDefinition,
};

type Object = Map<String, Json>;

/// The metadata document in JSON.
pub fn json(model: &Model, options: &CsdlOptions) -> String {
    let mut references = Object::new();
    for namespace in annotations::referenced(model) {
        // The JSON form of a vocabulary lies beside its XML form.
        let uri = [&options.vocabulary_base, namespace, ".json"].concat();
        references.insert(uri, value!({ "$Include": [{ "$Namespace": namespace }] }));
    }
    for (uri, namespace) in applied::references(model, options, ".json") {
        references.insert(uri, value!({ "$Include": [{ "$Namespace": namespace }] }));
    }
    let mut schema = Object::new();
    for enum_type in &model.enum_types {
        schema.insert(enum_type.name.clone(), Json::Object(enum_type_object(enum_type)));
    }
    for definition in &model.type_definitions {
        schema.insert(definition.name.clone(), Json::Object(type_definition_object(definition)));
    }
    for complex_type in &model.complex_types {
        schema.insert(complex_type.name.clone(), Json::Object(complex_type_object(model, complex_type)));
    }
    for entity_type in &model.entity_types {
        schema.insert(entity_type.name.clone(), Json::Object(entity_type_object(model, entity_type)));
        for (number, derived) in entity_type.family.iter().flat_map(|family| &family.derived).enumerate() {
            schema.insert(
                derived.name.clone(),
                Json::Object(derived_object(model, entity_type, number, derived)),
            );
        }
    }
    for function in &model.functions {
        let overloads = schema.entry(function.name.clone()).or_insert_with(|| value!([]));
        if let Json::Array(overloads) = overloads {
            overloads.push(function_object(model, function).into());
        }
    }
    schema.insert(model.container.clone(), Json::Object(container(model)));
    if !model.annotations.is_empty() {
        schema.insert("$Annotations".to_owned(), Json::Object(applied::object(model, options)));
    }
    let mut document = Object::new();
    document.insert("$Version".to_owned(), options.version.as_str().into());
    document.insert("$EntityContainer".to_owned(), [&model.namespace, ".", &model.container].concat().into());
    document.insert("$Reference".to_owned(), Json::Object(references));
    document.insert(model.namespace.clone(), Json::Object(schema));
    Json::Object(document).to_string()
}

fn enum_type_object(enum_type: &EnumType) -> Object {
    let mut object = Object::new();
    object.insert("$Kind".to_owned(), "EnumType".into());
    let underlying = enum_type.underlying();
    if underlying != PrimitiveType::Int32 {
        object.insert("$UnderlyingType".to_owned(), underlying.name().into());
    }
    if enum_type.flags {
        object.insert("$IsFlags".to_owned(), true.into());
    }
    for member in &enum_type.members {
        object.insert(member.name.clone(), member.value.into());
    }
    annotate(&mut object, &annotations::description(enum_type.description.as_deref()));
    object
}

fn type_definition_object(definition: &TypeDefinition) -> Object {
    let mut object = Object::new();
    object.insert("$Kind".to_owned(), "TypeDefinition".into());
    object.insert("$UnderlyingType".to_owned(), definition.underlying.name().into());
    insert_facets(&mut object, [definition.max_length, definition.precision, definition.scale]);
    annotate(&mut object, &annotations::description(definition.description.as_deref()));
    object
}

fn insert_facets(object: &mut Object, facets: [Option<u32>; 3]) {
    for (name, facet) in ["$MaxLength", "$Precision", "$Scale"].into_iter().zip(facets) {
        if let Some(facet) = facet {
            object.insert(name.to_owned(), facet.into());
        }
    }
}

fn complex_type_object(model: &Model, complex_type: &ComplexType) -> Object {
    let mut object = Object::new();
    object.insert("$Kind".to_owned(), "ComplexType".into());
    for property in &complex_type.properties {
        object.insert(property.name.clone(), Json::Object(property_object(model, property)));
    }
    annotate(&mut object, &annotations::description(complex_type.description.as_deref()));
    object
}

fn entity_type_object(model: &Model, entity_type: &EntityType) -> Object {
    let key = entity_type.key.iter().map(|&k| Json::from(entity_type.properties[k].name.as_str()));
    let mut object = Object::new();
    object.insert("$Kind".to_owned(), "EntityType".into());
    object.insert("$Key".to_owned(), key.collect());
    if entity_type.family.as_ref().is_some_and(|family| family.is_abstract) {
        object.insert("$Abstract".to_owned(), true.into());
    }
    if entity_type.open {
        object.insert("$OpenType".to_owned(), true.into());
    }
    if entity_type.media.is_some() {
        object.insert("$HasStream".to_owned(), true.into());
    }
    properties_of(model, entity_type, None, &mut object);
    annotate(&mut object, &annotations::entity_type(model, entity_type));
    object
}

/// CSDL 4.01 section 6.2.
fn derived_object(model: &Model, root: &EntityType, number: usize, derived: &DerivedType) -> Object {
    let mut object = Object::new();
    object.insert("$Kind".to_owned(), "EntityType".into());
    let base = [&model.namespace, ".", root.name_of(derived.base)].concat();
    object.insert("$BaseType".to_owned(), base.into());
    if derived.is_abstract {
        object.insert("$Abstract".to_owned(), true.into());
    }
    if derived.media.is_some() {
        object.insert("$HasStream".to_owned(), true.into());
    }
    properties_of(model, root, Some(number), &mut object);
    annotate(&mut object, &annotations::description(derived.description.as_deref()));
    object
}

/// The properties that one type of a family has itself.
fn properties_of(model: &Model, root: &EntityType, owner: Option<usize>, object: &mut Object) {
    let own = |index: &usize| root.owner_of_property(*index) == owner;
    for property in (0..root.properties.len()).filter(own).map(|index| &root.properties[index]) {
        object.insert(property.name.clone(), Json::Object(property_object(model, property)));
    }
    let own = |index: &usize| root.owner_of_stream(*index) == owner;
    for stream in (0..root.streams.len()).filter(own).map(|index| &root.streams[index]) {
        object.insert(stream.name.clone(), Json::Object(stream_object(stream)));
    }
    let own = |index: &usize| root.owner_of_navigation(*index) == owner;
    for navigation in (0..root.navigation.len()).filter(own).map(|index| &root.navigation[index]) {
        object.insert(navigation.name.clone(), Json::Object(navigation_object(model, root, navigation)));
    }
}

/// Members are left out where their value is the default: `Edm.String`, not nullable, variable scale.
fn property_object(model: &Model, property: &Property) -> Object {
    let mut object = Object::new();
    if property.collection {
        object.insert("$Collection".to_owned(), true.into());
    }
    if property.ty != Type::Primitive(PrimitiveType::String) || property.definition.is_some() {
        object.insert("$Type".to_owned(), model.declared_type(property).into());
    }
    if property.nullable {
        object.insert("$Nullable".to_owned(), true.into());
    }
    insert_facets(&mut object, property.own_facets(model.definition_of(property)));
    if matches!(property.ty, Type::Primitive(PrimitiveType::Shape(..))) {
        object.insert("$SRID".to_owned(), "variable".into());
    }
    if let Some(text) = &property.default_value {
        object.insert("$DefaultValue".to_owned(), default_value(property.ty, text));
    }
    annotate(&mut object, &annotations::property(property));
    object
}

fn stream_object(stream: &Stream) -> Object {
    let mut object = Object::new();
    object.insert("$Type".to_owned(), "Edm.Stream".into());
    if stream.nullable {
        object.insert("$Nullable".to_owned(), true.into());
    }
    annotate(&mut object, &annotations::stream(stream));
    object
}

/// The XML form of a value as JSON. A number that JSON can't carry exactly stays text, which clients must
/// take too.
fn default_value(ty: Type, text: &str) -> Json {
    let Type::Primitive(primitive) = ty else {
        return text.into();
    };
    let number = match primitive {
        PrimitiveType::Boolean => return Json::Bool(text == "true"),
        p if p.is_integer() => text.parse::<i64>().ok().map(Json::from),
        PrimitiveType::Decimal | PrimitiveType::Double | PrimitiveType::Single => exact_number(text),
        _ => None,
    };
    number.unwrap_or_else(|| text.into())
}

fn exact_number(text: &str) -> Option<Json> {
    let whole = text.parse::<i64>().ok().filter(|n| n.to_string() == text);
    let real = || text.parse::<f64>().ok().filter(|n| n.is_finite() && n.to_string() == text);
    whole.map(Json::from).or_else(|| real().map(Json::from))
}

fn navigation_object(model: &Model, owner: &EntityType, navigation: &NavigationProperty) -> Object {
    let target = model.entity_type(navigation.target);
    let mut object = Object::new();
    object.insert("$Kind".to_owned(), "NavigationProperty".into());
    object.insert("$Type".to_owned(), model.qualified_name(navigation.target).into());
    if navigation.collection {
        object.insert("$Collection".to_owned(), true.into());
    } else if navigation.nullable {
        object.insert("$Nullable".to_owned(), true.into());
    }
    if let Some(partner) = navigation.partner.filter(|p| *p < target.navigation.len()) {
        let path = annotations::navigation_path(model, target, partner);
        object.insert("$Partner".to_owned(), path.into());
    }
    let constraints = navigation.told_constraints(owner);
    if !constraints.is_empty() {
        let name = |properties: &[Property], i: usize| properties[i].name.clone();
        let pairs = constraints.iter();
        let pairs = pairs.map(|&(here, there)| {
            (name(&owner.properties, here), Json::from(name(&target.properties, there)))
        });
        object.insert("$ReferentialConstraint".to_owned(), Json::Object(pairs.collect()));
    }
    if let Some(action) = navigation.on_delete {
        object.insert("$OnDelete".to_owned(), on_delete(action).into());
    }
    object
}

fn container(model: &Model) -> Object {
    let mut object = Object::new();
    object.insert("$Kind".to_owned(), "EntityContainer".into());
    for (_, set) in model.served_sets() {
        object.insert(set.name.clone(), Json::Object(entity_set(model, set)));
    }
    for single in &model.singletons {
        object.insert(single.name.clone(), Json::Object(singleton(model, single)));
    }
    for function in model.function_imports() {
        object.insert(function.name.clone(), Json::Object(function_import(model, function)));
    }
    annotate(&mut object, &annotations::container());
    object
}

fn entity_set(model: &Model, set: &EntitySet) -> Object {
    let entity_type = model.entity_type(set.entity_type);
    let mut object = Object::new();
    object.insert("$Collection".to_owned(), true.into());
    object.insert("$Type".to_owned(), model.qualified_name(set.entity_type).into());
    bindings(model, entity_type, &mut object);
    annotate(&mut object, &annotations::entity_set(model, entity_type, set));
    object
}

fn function_object(model: &Model, function: &Function) -> Object {
    let mut object = Object::new();
    object.insert("$Kind".to_owned(), "Function".into());
    object.insert("$IsComposable".to_owned(), true.into());
    let parameter = |number: usize, parameter: &Property| {
        let mut found = Object::new();
        found.insert("$Name".to_owned(), parameter.name.as_str().into());
        if parameter.ty != Type::Primitive(PrimitiveType::String) {
            found.insert("$Type".to_owned(), model.type_name(parameter.ty).into());
        }
        if parameter.nullable {
            found.insert("$Nullable".to_owned(), true.into());
        }
        annotate(&mut found, annotations::optional(function, number).as_slice());
        Json::Object(found)
    };
    let mut parameters = Vec::new();
    if let Some(bound) = &function.bound {
        object.insert("$IsBound".to_owned(), true.into());
        let entity_type = model.qualified_name(model.entity_set(bound.set).entity_type);
        let mut binding = value!({ "$Name": BINDING, "$Type": entity_type });
        if bound.collection {
            binding["$Collection"] = true.into();
        }
        parameters.push(binding);
    }
    parameters.extend(function.own_parameters().map(|(number, own)| parameter(number, own)));
    if !parameters.is_empty() {
        object.insert("$Parameter".to_owned(), parameters.into());
    }
    let (type_name, nullable) = match &function.returns {
        Returns::Entities(set) => {
            (model.qualified_name(model.entity_set(*set).entity_type), !function.collection)
        }
        Returns::Values(value) => (model.declared_type(value), value.nullable),
    };
    let mut returned = Object::new();
    if function.collection {
        returned.insert("$Collection".to_owned(), true.into());
    }
    returned.insert("$Type".to_owned(), type_name.into());
    if nullable {
        returned.insert("$Nullable".to_owned(), true.into());
    }
    object.insert("$ReturnType".to_owned(), returned.into());
    annotate(&mut object, &annotations::description(function.description.as_deref()));
    object
}

fn function_import(model: &Model, function: &Function) -> Object {
    let mut object = Object::new();
    object.insert("$Function".to_owned(), model.function_name(function).into());
    if let Some(set) = function.set() {
        object.insert("$EntitySet".to_owned(), model.entity_set(set).name.as_str().into());
    }
    if model.is_called_bare(function) {
        object.insert("$IncludeInServiceDocument".to_owned(), true.into());
    }
    object
}

fn singleton(model: &Model, single: &Singleton) -> Object {
    let id = model.entity_set(single.set).entity_type;
    let entity_type = model.entity_type(id);
    let mut object = Object::new();
    object.insert("$Type".to_owned(), model.qualified_name(id).into());
    bindings(model, entity_type, &mut object);
    annotate(&mut object, &annotations::singleton(entity_type, single.description.as_deref()));
    object
}

fn bindings(model: &Model, entity_type: &EntityType, object: &mut Object) {
    let bound = annotations::bindings(model, entity_type);
    let bound: Object = bound.map(|(path, target)| (path, Json::from(target))).collect();
    if !bound.is_empty() {
        object.insert("$NavigationPropertyBinding".to_owned(), Json::Object(bound));
    }
}

fn annotate(object: &mut Object, annotations: &[Annotation<'_>]) {
    for Annotation { term, qualifier, value } in annotations {
        let json = match value {
            Value::Hierarchy(node, above) => {
                value!({ "NodeProperty": node, "ParentNavigationProperty": above })
            }
            Value::Bool(value) => Json::Bool(*value),
            Value::Text(text) => Json::from(*text),
            Value::Paths(names) => value!(names),
            Value::Optional(default) => match default {
                Some(text) => value!({ "DefaultValue": text }),
                None => value!({}),
            },
            Value::Record(property, value, listed) => {
                let mut record = value!({ *property: value });
                if let Some(listed) = listed {
                    record[listed.property] = value!(listed.names);
                }
                record
            }
        };
        let name = match qualifier {
            Some(qualifier) => ["@", term, "#", qualifier].concat(),
            None => ["@", term].concat(),
        };
        object.insert(name, json);
    }
}
